/**
 * What is sent to a form: too much, of another kind, without an end, under names that are none, twice, or
 * with a price of one's own.
 */
import { connect } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { gzipSync } from 'node:zlib'
import { sql } from '../src/db/db.ts'
import {
  boundary,
  csrfOf,
  fromOurs,
  multipart,
  openAsker,
  type Answered,
  type Asker,
  type Part,
} from './testbed/asker.ts'
import { addTestPerson, codeOf, tokenOf, type TestPerson } from './testbed/testPerson.ts'
import { openPageInstallation, type PageInstallation } from './testbed/pageInstallation.ts'
import { chunk, png } from './testbed/photos.ts'
import { trialAccountFlags } from './testbed/trial.ts'

let installation: PageInstallation
let maker: TestPerson
let admin: TestPerson
let as: Asker
let csrf: string

beforeAll(async () => {
  installation = await openPageInstallation()
  maker = await addTestPerson(installation, 'ana', 'maker', 'en')
  admin = await addTestPerson(installation, 'carla', 'admin', 'en')
  await installation.repasse('account', 'add', ...trialAccountFlags, '--by', 'ana')
  await installation.repasse('account', 'approve', 'main', '--by', 'bruno')
})
afterAll(() => installation?.close())
beforeEach(async () => {
  as = openAsker(installation.origin)
  as.cookies.set('console', await tokenOf(installation, maker))
  csrf = csrfOf((await as.get('/console/me')).body)
})

const path = '/console/schedules/new'
const count = async (table: string) =>
  Number(
    (await installation.running.app.db.one<{ n: bigint }>({
      texts: [`select count(*) as n from ${table}`],
      values: [],
    }))!.n,
  )
const type = { ...fromOurs, 'content-type': `multipart/form-data; boundary=${boundary}` }
const csv = (rows: number) =>
  `name,tax_id,amount,description\n${'Beatriz Nogueira,318.274.950-14,480.00,Mensalidade\n'.repeat(rows)}`
const roster = (value: string | Buffer, file = 'payers.csv'): Part => ({
  name: 'rosterFile',
  value,
  file,
  type: 'text/csv',
})
const fields = (): Part[] => [{ name: 'csrf', value: csrf }]

/** Afterwards the server is as well as before, and no schedule was made. */
async function stillWell(answer: Answered | undefined, statuses: readonly number[]): Promise<void> {
  if (answer) {
    expect(statuses).toContain(answer.status)
    expect(answer.body).not.toMatch(/ at .*\.ts|node_modules|Error:/)
  }
  expect((await as.get('/health')).status).toBe(200)
  expect(await count('schedules')).toBe(0)
}

describe('a form with a file', () => {
  test('is read when there is nothing wrong with it', async () => {
    const answer = await as.upload(path, [...fields(), { name: 'preview', value: '' }, roster(csv(1))])
    expect(answer.status).toBe(200)
    expect(answer.body).toContain('Beatriz Nogueira')
  })

  test.each<[string, () => Part[], number[]]>([
    ['of nine megabytes', () => [...fields(), roster(csv(180_000))], [413]],
    ['of megabytes of zeros', () => [...fields(), roster(Buffer.alloc(9_000_000))], [413]],
    [
      'with two thousand fields',
      () => [...fields(), ...Array.from({ length: 2_000 }, (_, at) => ({ name: `f${at}`, value: 'x' }))],
      [413],
    ],
    [
      'with two hundred files',
      () => [...fields(), ...Array.from({ length: 200 }, (_, at) => ({ ...roster('x'), name: `file${at}` }))],
      [413],
    ],
    [
      'with one field of megabytes',
      () => [...fields(), { name: 'name', value: 'x'.repeat(4_000_000) }],
      [413],
    ],
    [
      'with a name of a hundred kilobytes',
      () => [...fields(), { name: 'n'.repeat(100_000), value: 'x' }],
      [400, 413],
    ],
    [
      'that is a picture',
      () => [...fields(), roster(Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'), 'payers.png')],
      [400],
    ],
    ['that is a page', () => [...fields(), roster('<script>alert(1)</script>', 'payers.html')], [400]],
    [
      'that is packed',
      () => [...fields(), roster(gzipSync(Buffer.alloc(1_000_000)), 'payers.csv.gz')],
      [400],
    ],
    ['that is not text', () => [...fields(), roster(Buffer.from([0xff, 0xfe, 0x00, 0xc3, 0x28]))], [400]],
    ['under a path', () => [...fields(), roster('x', '../../../../etc/passwd')], [400]],
    ['under a name with line ends', () => [...fields(), roster('x', 'a\r\nset-cookie: a=b')], [400]],
    ['under a name with a zero in it', () => [...fields(), roster('x', 'payers.csv\0.html')], [400]],
    [
      'under names of every object',
      () => [
        ...fields(),
        ...['__proto__', 'constructor', 'toString', 'hasOwnProperty'].map(name => ({ name, value: 'x' })),
      ],
      [400],
    ],
  ])('%s is refused', async (_, parts, statuses) => {
    const answer = await as.upload(path, parts())
    await stillWell(answer, statuses)
    expect(answer.headers['set-cookie']).toBeUndefined()
    expect(({} as Record<string, unknown>)['x']).toBeUndefined()
  })

  test('without a token, or with it in the file alone, is refused', async () => {
    await stillWell(await as.upload(path, [roster(csv(1))]), [403])
    await stillWell(await as.upload(path, [{ name: 'csrf', value: csrf, file: 'csrf.txt' }]), [403])
  })

  test('whose file comes before its token is refused all the same when it is too large', async () => {
    await stillWell(await as.upload(path, [roster(csv(180_000)), ...fields()]), [413])
  })

  test('that never ends is given up, and takes nothing with it [security slow]', async () => {
    const body = multipart([...fields(), roster(csv(10))], { ends: false })
    await stillWell(
      await as.ask(path, {
        method: 'POST',
        headers: { ...type, 'content-length': String(body.length) },
        body,
      }),
      [400],
    )
    for (const headers of [
      { 'content-type': 'multipart/form-data' },
      { 'content-type': 'multipart/form-data; boundary=' },
      { 'content-type': `multipart/form-data; boundary=${'b'.repeat(9_000)}` },
    ])
      await stillWell(
        await as.ask(path, { method: 'POST', headers: { ...fromOurs, ...headers }, body }),
        [400, 415, 431],
      )
  })

  test('whose sender leaves in the middle is forgotten [security slow]', async () => {
    const { port, hostname } = new URL(installation.origin)
    await Promise.all(
      Array.from(
        { length: 20 },
        () =>
          new Promise<void>(resolve => {
            const socket = connect(Number(port), hostname, () => {
              const cookie = `console=${as.cookies.get('console')}`
              const head = `POST ${path} HTTP/1.1\r\nhost: ${hostname}\r\nsec-fetch-site: same-origin\r\ncookie: ${cookie}\r\ncontent-type: ${type['content-type']}\r\ncontent-length: 500000\r\n\r\n`
              socket.write(head)
              socket.write(multipart([...fields(), roster(csv(100))], { ends: false }), () => {
                socket.destroy()
                resolve()
              })
            })
            socket.on('error', () => resolve())
          }),
      ),
    )
    await stillWell(undefined, [])
  })

  test('that claims to be packed is not unpacked', async () => {
    const bomb = gzipSync(Buffer.alloc(20_000_000, 'a'))
    const headers = {
      ...fromOurs,
      'content-type': 'application/x-www-form-urlencoded',
      'content-encoding': 'gzip',
    }
    await stillWell(
      await as.ask('/console/me/language', { method: 'POST', headers, body: bomb }),
      [400, 403, 413, 415],
    )
  })
})

describe('a photo', () => {
  const script = '<script>alert(1)</script>'
  const ware = (photo: Buffer, file = 'mug.png', mediaType = 'image/png'): Part[] => [
    ...fields(),
    ...Object.entries({ name: 'Caneca', price: '10,00', stock: '3', description: 'x' }).map(
      ([name, value]) => ({ name, value }),
    ),
    { name: 'photo', value: photo, file, type: mediaType },
  ]
  const well = png(40, 40)
  const to = '/console/products/new'

  test.each<[string, () => Buffer, string, string]>([
    ['that is a page by its bytes', () => Buffer.from(`<!doctype html>${script}`), 'mug.png', 'image/png'],
    [
      'that is a drawing with a script',
      () => Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg">${script}</svg>`),
      'mug.svg',
      'image/svg+xml',
    ],
    [
      'that is a page behind a picture’s first bytes',
      () => Buffer.concat([well.subarray(0, 8), Buffer.from(script)]),
      'mug.png',
      'image/png',
    ],
    ['with a page behind its end', () => Buffer.concat([well, Buffer.from(script)]), 'mug.png', 'image/png'],
    ['that says it is a gigapixel', () => png(40, 40, [], [40_000, 40_000]), 'mug.png', 'image/png'],
    ['of a side that no screen has', () => png(9_000, 20), 'mug.png', 'image/png'],
    ['cut off', () => well.subarray(0, well.length - 20), 'mug.png', 'image/png'],
    ['of another kind', () => Buffer.from('GIF89a\x01\x00\x01\x00', 'latin1'), 'mug.gif', 'image/gif'],
    [
      'larger than a photo may be',
      () => Buffer.concat([well, Buffer.alloc(600 * 1024)]),
      'mug.png',
      'image/png',
    ],
    ['larger than a form may be', () => Buffer.alloc(2_000_000), 'mug.png', 'image/png'],
  ])('%s is refused, and no product is made', async (_, photo, file, mediaType) => {
    const answer = await as.upload(to, ware(photo(), file, mediaType))
    expect([400, 413]).toContain(answer.status)
    expect(await count('products')).toBe(0)
    await stillWell(undefined, [])
  })

  test('is served as what its bytes are, under a name of ours, without what was hidden in it [security xss traversal]', async () => {
    const hidden = png(40, 40, [chunk('tEXt', Buffer.from(`Comment\0${script}`))])
    // Sent twice at once it is one product.
    const answers = await Promise.all(
      [1, 2].map(() => as.upload(to, ware(hidden, '../../x.html', 'text/html'))),
    )
    expect(answers.some(({ status }) => status === 303)).toBe(true)
    for (const answer of answers) expect(answer.status).toBeLessThan(500)
    expect(await count('products')).toBe(1)
    const [photo] = /\/photos\/[^"]+/.exec((await as.get('/')).body)!
    const kept = await as.get(photo)
    expect([kept.status, kept.headers['content-type'], kept.headers['x-content-type-options']]).toEqual([
      200,
      'image/png',
      'nosniff',
    ])
    expect(kept.body).not.toContain('script')
    expect(photo).not.toMatch(/html|\.\./)
  })
})

describe('a plain form', () => {
  const plain = { ...fromOurs, 'content-type': 'application/x-www-form-urlencoded' }
  test.each<[string, string, number[]]>([
    ['of a megabyte', `language=en&x=${'x'.repeat(1_000_000)}`, [413]],
    ['of a thousand fields', Array.from({ length: 1_000 }, (_, at) => `f${at}=x`).join('&'), [413]],
    ['of ten thousand empty fields', '&'.repeat(10_000), [400, 403, 413]],
    ['that is no text', '%ff%fe=%c3%28&%', [400, 403]],
    ['with names of every object', '__proto__=x&constructor=x&language=en', [403]],
  ])('%s is refused', async (_, body, statuses) => {
    for (const to of ['/console/me/language', '/basket', '/checkout', '/console/sign-in']) {
      const answer = await as.ask(to, { method: 'POST', headers: plain, body })
      if (to.startsWith('/console/me')) expect(statuses).toContain(answer.status)
      expect([to, answer.status < 500]).toEqual([to, true])
    }
    await stillWell(undefined, [])
  })
})

describe('sent twice at the same moment', () => {
  test('an invitation is one person', async () => {
    const boss = openAsker(installation.origin)
    boss.cookies.set('console', await tokenOf(installation, admin))
    const token = csrfOf((await boss.get('/console/me')).body)
    const before = await count('users')
    const form = { csrf: token, name: 'twice', role: 'viewer', language: 'en' }
    const answers = await Promise.all([1, 2, 3].map(() => boss.post('/console/people', form)))
    expect(answers.map(({ status }) => status).sort((one, other) => one - other)).toEqual([200, 400, 400])
    expect(await count('users')).toBe(before + 1)
    const id = (await installation.running.app.db.one<{ id: string }>(
      sql`select id from users where name = 'twice'`,
    ))!.id
    const removed = await Promise.all(
      [1, 2].map(() => boss.post(`/console/people/${id}/remove`, { csrf: token })),
    )
    expect(removed.every(({ status }) => status === 303 || status === 400)).toBe(true)
    expect(
      await installation.running.app.db.all(
        sql`select act from audit where subject = ${id} and act = 'user removed'`,
      ),
    ).toHaveLength(1)
  })

  test('a code counts once', async () => {
    await installation.skip(30_000)
    const code = codeOf(installation, maker.secret)
    const answers = await Promise.all(
      [1, 2, 3].map(() => as.post('/console/step-up', { csrf, code, next: '/console/me' })),
    )
    expect(answers.map(({ status }) => status).sort((one, other) => one - other)).toEqual([303, 400, 400])
    await installation.running.app.db.tx(tx => tx.run(sql`delete from sign_in_failures`))
  })
})
