/**
 * What a form may send: its fields and files are read as they are, and what is too much, cut off or no form
 * is refused with its status.
 */
import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../../../test/testbed/eventually.ts'
import { serveSmall, type SmallServer } from '../../../test/testbed/smallServer.ts'
import { until } from '../../../test/testbed/until.ts'
import { readForm, type Limits } from './form.ts'

let server: SmallServer
/** The connection each form came by, the newest last. */
const came: Socket[] = []
beforeAll(async () => {
  server = await serveSmall([
    async ctx => {
      came.push(ctx.req.socket)
      // The limits of the test stand in the path: /?fileBytes=100.
      const limits = Object.fromEntries(
        Object.entries(ctx.query).map(([name, value]) => [name, Number(value)]),
      ) as Partial<Limits>
      const form = await readForm(ctx, limits)
      const file = form.file('photo')
      ctx.body = {
        text: form.text('name'),
        all: form.all('name'),
        has: form.has('name'),
        values: form.values(),
        file: file && { name: file.name, bytes: file.bytes.toString('hex') },
      }
    },
  ])
})
afterAll(() => server.close())

const send = async (body: RequestInit['body'], query = '', headers: Record<string, string> = {}) => {
  const answer = await fetch(`${server.url}/${query}`, {
    method: 'POST',
    headers,
    ...(body != null && { body }),
  })
  const text = await answer.text()
  return {
    status: answer.status,
    told: (answer.ok ? JSON.parse(text) : text) as Record<string, unknown>,
    close: answer.headers.get('connection'),
  }
}
const urlencoded = { 'content-type': 'application/x-www-form-urlencoded' }

describe('a form of fields', () => {
  test('is read trimmed, with umlauts and line ends, and every value of a name', async () => {
    const { told } = await send('name=+Jo%C3%A3o+&name=second&note=one%0D%0Atwo', '', urlencoded)
    expect(told).toEqual({
      text: 'João',
      all: [' João ', 'second'],
      has: true,
      values: { name: 'second', note: 'one\ntwo' },
    })
  })

  test('drops control characters, which no field has', async () => {
    expect((await send('name=a%00b%1Bc%7Fd%09e', '', urlencoded)).told['text']).toBe('abcd\te')
  })

  test('of nothing has nothing', async () => {
    expect((await send('', '', urlencoded)).told).toEqual({ text: '', all: [], has: false, values: {} })
  })

  test('keeps what stands between two plus signs, percent signs that mean nothing, and bytes that are no text', async () => {
    const { status, told } = await send('name=a%2Bb%zz%ff', '', urlencoded)
    expect([status, told['text']]).toEqual([200, 'a+b%zz\ufffd'])
  })

  test('names nothing that an object has by itself', async () => {
    const { told } = await send('__proto__=x&constructor=y&name=z', '', urlencoded)
    expect(told['text']).toBe('z')
    expect(({} as Record<string, unknown>)['x']).toBeUndefined()
  })

  test.each([
    ['64 kB', `name=${'a'.repeat(65_536)}`, ''],
    ['the limit that was said', `name=${'a'.repeat(100)}`, '?textBytes=100'],
    ['200 fields', 'a&'.repeat(201), ''],
    ['as many fields as were said', 'a&b&c', '?fields=2'],
  ])('above %s is refused, and the connection closed', async (_, body, query) => {
    expect((await send(body, query, urlencoded)).status).toBe(413)
  })

  test('at the limit is taken', async () => {
    expect((await send(`name=${'a'.repeat(95)}`, '?textBytes=100', urlencoded)).status).toBe(200)
    expect((await send('a&b', '?fields=2', urlencoded)).status).toBe(200)
  })
})

test.each([
  ['JSON', 'application/json', '{"name":"x"}'],
  ['plain text, which another site may send', 'text/plain', 'name=x'],
  ['nothing said', '', 'name=x'],
  ['a file where none is asked for', 'multipart/form-data; boundary=x', '--x--\r\n'],
])('%s is no form', async (_, type, body) => {
  expect((await send(body, '', { 'content-type': type })).status).toBe(415)
})

describe('a form with a file', () => {
  const withFile = (bytes: Uint8Array<ArrayBuffer>, name = 'mug.png') => {
    const form = new FormData()
    form.set('name', ' Caneca ')
    form.set('photo', new Blob([bytes]), name)
    return form
  }

  test('is read whole, its bytes as they are', async () => {
    const { told } = await send(withFile(new Uint8Array([0, 1, 255, 13, 10])), '?fileBytes=100')
    expect(told).toMatchObject({ text: 'Caneca', file: { name: 'mug.png', bytes: '0001ff0d0a' } })
  })

  test('whose file is empty has none, as a browser sends it where nothing was chosen', async () => {
    expect((await send(withFile(new Uint8Array()), '?fileBytes=100')).told['file']).toBeUndefined()
  })

  test.each([
    ['a path', '../../etc/passwd'],
    ['a path of Windows', '..\\..\\boot.ini'],
    ['a name of 500 letters', `${'a'.repeat(500)}.png`],
  ])('may have %s for a name, which is kept short and used for nothing', async (_, name) => {
    const { status, told } = await send(withFile(new Uint8Array([1]), name), '?fileBytes=100')
    expect(status).toBe(200)
    expect((told['file'] as { name: string }).name.length).toBeLessThanOrEqual(100)
  })

  test('above its limit is refused, at the limit taken', async () => {
    expect((await send(withFile(new Uint8Array(101)), '?fileBytes=100')).status).toBe(413)
    expect((await send(withFile(new Uint8Array(99)), '?fileBytes=100')).status).toBe(200)
  })

  test('with too many files, too many fields or too much text is refused', async () => {
    const files = withFile(new Uint8Array([1]))
    for (let more = 0; more < 5; more++) files.append(`f${more}`, new Blob([new Uint8Array([1])]), 'f')
    expect((await send(files, '?fileBytes=100')).status).toBe(413)
    const fields = withFile(new Uint8Array([1]))
    for (let more = 0; more < 5; more++) fields.append(`f${more}`, 'x')
    expect((await send(fields, '?fileBytes=100&fields=3')).status).toBe(413)
    const long = withFile(new Uint8Array([1]))
    for (let more = 0; more < 3; more++) long.append(`f${more}`, 'x'.repeat(50))
    expect((await send(long, '?fileBytes=100&textBytes=120')).status).toBe(413)
  })

  test.each([
    ['has no boundary', 'multipart/form-data', 'x'],
    [
      'ends in the middle',
      'multipart/form-data; boundary=x',
      '--x\r\ncontent-disposition: form-data; name="name"\r\n\r\nhalf',
    ],
  ])('that %s is refused', async (_, type, body) => {
    expect((await send(body, '?fileBytes=100', { 'content-type': type })).status).toBe(400)
  })

  test('whose sender leaves in the middle holds nothing open', async () => {
    const before = server.errors.length
    const socket = connect(server.port, '127.0.0.1')
    const head =
      'POST /?fileBytes=100 HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: 5000\r\n\r\n'
    const said = `${head}--x\r\ncontent-disposition: form-data; name="name"\r\n\r\nhalf`
    socket.write(said)
    const isRead = ({ remotePort, bytesRead }: Socket) =>
      remotePort === socket.localPort && bytesRead === said.length
    await until(() => came.some(isRead), 'half a form being read')
    socket.destroy()
    await eventually(() => server.errors.slice(before)).toContain('the form was cut off')
  })
})
