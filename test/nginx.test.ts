/**
 * The edge: real nginx over TLS before the real receiver. What is malformed stops there, what is genuine
 * arrives byte for byte, and nothing hides behind it.
 */
import { Agent, request as requestHttps } from 'node:https'
import { request as requestHttp } from 'node:http'
import { connect as connectH2 } from 'node:http2'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Context } from 'koa'
import { openReceiver, type Receiver, type SignedEvent } from './testbed/receiver.ts'
import { eventually } from './testbed/eventually.ts'
import { bringNginx, judgeConfiguration, nginxes, startNginx, type Nginx } from './testbed/nginx.ts'
import { open, speak, speakH2, type Heard } from './testbed/rawHttp.ts'
import { pause, until } from './testbed/until.ts'

const crlf = '\r\n'
const path = '/webhooks/starkbank'

/** A request by hand: each line as given, the event's signature where it says so. */
const head = (...lines: string[]) => lines.join(crlf) + crlf + crlf
const lengthOf = ({ body }: SignedEvent) => `Content-Length: ${body.length}`
const signatureOf = ({ signature }: SignedEvent) => `Digital-Signature: ${signature}`
const post = (event: SignedEvent, target = path) =>
  head(`POST ${target} HTTP/1.1`, 'Host: localhost', signatureOf(event), lengthOf(event))
const whole = (event: SignedEvent, target?: string) =>
  Buffer.concat([Buffer.from(post(event, target)), event.body])
/** One chunk and the last. */
const chunked = ({ body }: SignedEvent) =>
  Buffer.concat([
    Buffer.from(`${body.length.toString(16)}${crlf}`),
    body,
    Buffer.from(`${crlf}0${crlf}${crlf}`),
  ])

interface Case {
  /** What is said; `hidden` is a second genuine event, which nobody may find in it. */
  says: (event: SignedEvent, hidden: SignedEvent) => (string | Buffer)[]
  /** The statuses that come back, in order. */
  answers: number[]
  /** Whether the event is kept then. */
  arrives: boolean
}
/** Length says the whole, chunks say that half of it is the next request. */
const smuggled = (hidden: SignedEvent) => `0${crlf}${crlf}${whole(hidden).toString('latin1')}`
const withLines =
  (...lines: string[]): Case['says'] =>
  (event, hidden) => [
    head(
      `POST ${path} HTTP/1.1`,
      'Host: localhost',
      signatureOf(event),
      ...lines.map(line => line.replace('LENGTH', String(event.body.length))),
    ),
    smuggled(hidden),
  ]
const refused = (answers: number[], says: Case['says']): Case => ({ says, answers, arrives: false })
const taken = (says: Case['says'], answers = [200]): Case => ({ says, answers, arrives: true })

const cases: Record<string, Case> = {
  // Two lengths for one body (RFC 9112, 6.1 and 6.3).
  'a length and chunks at once': refused(
    [400],
    withLines('Content-Length: LENGTH', 'Transfer-Encoding: chunked'),
  ),
  'chunks and a length at once': refused([400], withLines('Transfer-Encoding: chunked', 'Content-Length: 4')),
  'chunks twice': refused([400], withLines('Transfer-Encoding: chunked', 'Transfer-Encoding: chunked')),
  'chunks, then identity': refused(
    [400],
    withLines('Transfer-Encoding: chunked', 'Transfer-Encoding: identity'),
  ),
  'chunks in a list': refused([501], withLines('Transfer-Encoding: chunked, identity')),
  'chunks misspelled': refused([501], withLines('Transfer-Encoding: xchunked')),
  'chunks after a tab': refused([501], withLines('Transfer-Encoding:\tchunked')),
  'chunks after a form feed': refused([501], withLines('Transfer-Encoding: \x0bchunked')),
  'a space before the colon of chunks': refused(
    [400],
    withLines('Transfer-Encoding : chunked', 'Content-Length: 4'),
  ),
  'chunks on a folded line': refused([400], withLines('Transfer-Encoding:', ' chunked', 'Content-Length: 4')),
  'two lengths that differ': refused([400], withLines('Content-Length: LENGTH', 'Content-Length: 4')),
  'the same length twice': refused([400], withLines('Content-Length: LENGTH', 'Content-Length: LENGTH')),
  'two lengths in one line': refused([400], withLines('Content-Length: LENGTH, LENGTH')),
  'a length with a sign': refused([400], withLines('Content-Length: +LENGTH')),
  'a length below nothing': refused([400], withLines('Content-Length: -1')),
  'a length in hexadecimal': refused([400], withLines('Content-Length: 0x10')),
  'a length beyond counting': refused([400], withLines('Content-Length: 99999999999999999999')),
  'a length shorter than the body': refused([401, 400], event => [
    head(`POST ${path} HTTP/1.1`, 'Host: localhost', signatureOf(event), 'Content-Length: 10'),
    event.body,
  ]),
  'a chunk whose size has a prefix': refused([400], event => [
    head(`POST ${path} HTTP/1.1`, 'Host: localhost', signatureOf(event), 'Transfer-Encoding: chunked'),
    `0x${chunked(event).toString('latin1')}`,
  ]),
  'a chunk beyond counting': refused([400], event => [
    head(`POST ${path} HTTP/1.1`, 'Host: localhost', signatureOf(event), 'Transfer-Encoding: chunked'),
    `fffffffffffffffff${crlf}${event.body.toString('latin1')}`,
  ]),
  // How a chunk ends is not left to taste: what one reader skips another takes for the next request.
  'a chunk longer than it says': refused([400], (event, hidden) => [
    head(`POST ${path} HTTP/1.1`, 'Host: localhost', signatureOf(event), 'Transfer-Encoding: chunked'),
    `1${crlf}${event.body.toString('latin1')}${crlf}${smuggled(hidden)}`,
  ]),
  'a body in chunks': taken(event => [
    head(`POST ${path} HTTP/1.1`, 'Host: localhost', signatureOf(event), 'Transfer-Encoding: chunked'),
    chunked(event),
  ]),
  'chunks with extensions and a trailer that signs again': taken(event => [
    head(
      `POST ${path} HTTP/1.1`,
      'Host: localhost',
      signatureOf(event),
      'Transfer-Encoding: chunked',
      'Trailer: Digital-Signature',
    ),
    `${event.body.length.toString(16)};name="value"${crlf}${event.body.toString('latin1')}${crlf}0${crlf}Digital-Signature: junk${crlf}${crlf}`,
  ]),

  // Headers.
  'two signatures': refused([401], event => [
    head(`POST ${path} HTTP/1.1`, 'Host: localhost', signatureOf(event), signatureOf(event), lengthOf(event)),
    event.body,
  ]),
  'a signature with an underscore': refused([401], event => [
    head(
      `POST ${path} HTTP/1.1`,
      'Host: localhost',
      `Digital_Signature: ${event.signature}`,
      lengthOf(event),
    ),
    event.body,
  ]),
  'a signature on a folded line': refused([400], event => [
    head(
      `POST ${path} HTTP/1.1`,
      'Host: localhost',
      'Digital-Signature:',
      ` ${event.signature}`,
      lengthOf(event),
    ),
    event.body,
  ]),
  'a zero byte in a header': refused([400], event => [
    head(
      `POST ${path} HTTP/1.1`,
      'Host: localhost',
      `Digital-Signature: ${event.signature}\0`,
      lengthOf(event),
    ),
    event.body,
  ]),
  'a lone carriage return in a header': refused([400], (event, hidden) => [
    head(
      `POST ${path} HTTP/1.1`,
      'Host: localhost',
      `Digital-Signature: ${event.signature}\r${signatureOf(hidden)}`,
      lengthOf(event),
    ),
    event.body,
  ]),
  'a header of 8 kB': refused([400], event => [
    head(
      `POST ${path} HTTP/1.1`,
      'Host: localhost',
      signatureOf(event),
      lengthOf(event),
      `X: ${'x'.repeat(8_000)}`,
    ),
    event.body,
  ]),
  'headers of 30 kB': refused([400], event => [
    head(
      `POST ${path} HTTP/1.1`,
      ...['Host: localhost', signatureOf(event), lengthOf(event)],
      ...Array.from({ length: 30 }, (_, at) => `X-${at}: ${'x'.repeat(1_000)}`),
    ),
    event.body,
  ]),
  'a path of 8 kB': refused([414], event => [whole(event, `${path}?${'x'.repeat(8_000)}`)]),
  'lines that end in a bare line feed': taken(event => [post(event).replaceAll(crlf, '\n'), event.body]),
  'a sender that asks before it sends': taken(event => [
    head(
      `POST ${path} HTTP/1.1`,
      'Host: localhost',
      signatureOf(event),
      lengthOf(event),
      'Expect: 100-continue',
    ),
    event.body,
  ]),
  'a sender that would rather speak h2c': taken(event => [
    head(
      `POST ${path} HTTP/1.1`,
      ...[
        'Host: localhost',
        signatureOf(event),
        lengthOf(event),
        'Connection: Upgrade, HTTP2-Settings',
        'Upgrade: h2c',
        'HTTP2-Settings: AAMAAABk',
      ],
    ),
    event.body,
  ]),
  'a sender that calls the signature its connection’s own': taken(event => [
    head(
      `POST ${path} HTTP/1.1`,
      'Host: localhost',
      signatureOf(event),
      lengthOf(event),
      'Connection: close, Digital-Signature',
    ),
    event.body,
  ]),

  // The request line and the host.
  'an address instead of a path': taken(event => [whole(event, `https://localhost${path}`)]),
  'an address of another host': taken(event => [whole(event, `https://elsewhere.example${path}`)]),
  'HTTP/1.0 without a host': taken(event => [
    head(`POST ${path} HTTP/1.0`, signatureOf(event), lengthOf(event)),
    event.body,
  ]),
  'HTTP/1.0 with chunks': refused([400], (event, hidden) => [
    head(`POST ${path} HTTP/1.0`, signatureOf(event), 'Transfer-Encoding: chunked'),
    smuggled(hidden),
  ]),
  'HTTP/1.1 without a host': refused([400], event => [
    head(`POST ${path} HTTP/1.1`, signatureOf(event), lengthOf(event)),
    event.body,
  ]),
  'two hosts': refused([400], event => [
    head(
      `POST ${path} HTTP/1.1`,
      'Host: localhost',
      'Host: elsewhere.example',
      signatureOf(event),
      lengthOf(event),
    ),
    event.body,
  ]),
  'a host with a path in it': refused([400], event => [
    head(`POST ${path} HTTP/1.1`, 'Host: localhost/x', signatureOf(event), lengthOf(event)),
    event.body,
  ]),
  'HTTP/2 in words': refused([505], event => [
    head(`POST ${path} HTTP/2.0`, 'Host: localhost', signatureOf(event), lengthOf(event)),
    event.body,
  ]),
  'two spaces in the request line': refused([400], event => [
    head(`POST ${path} x HTTP/1.1`, 'Host: localhost', signatureOf(event), lengthOf(event)),
    event.body,
  ]),
  'a zero byte in the path': refused([400], event => [whole(event, `${path}\0`)]),
  'a zero byte in the path, spelled out': refused([400], event => [whole(event, `${path}%00`)]),

  // What is after a request is the next one, and is judged by itself.
  'two events in one breath': taken(
    (event, hidden) => [Buffer.concat([whole(hidden, '/elsewhere'), whole(event)])],
    [404, 200],
  ),
  'an event and rubbish': taken(event => [whole(event), `rubbish${crlf}${crlf}`], [200, 400]),
  'a body in two pieces': taken(event => [post(event), event.body.subarray(0, 20), event.body.subarray(20)]),

  // Sizes.
  'a length over 64 kB': refused([413], event => [
    head(`POST ${path} HTTP/1.1`, 'Host: localhost', signatureOf(event), `Content-Length: ${64 * 1024 + 1}`),
  ]),
  'chunks over 64 kB': refused([413], event => [
    head(`POST ${path} HTTP/1.1`, 'Host: localhost', signatureOf(event), 'Transfer-Encoding: chunked'),
    `${(70_000).toString(16)}${crlf}${' '.repeat(70_000)}${crlf}0${crlf}${crlf}`,
  ]),
}

const oddPaths = [
  '//webhooks/starkbank',
  '/webhooks//starkbank',
  '/webhooks/starkbank/',
  '/webhooks/./starkbank',
  '/webhooks/x/../starkbank',
  '/webhooks/starkbank/../../console',
  '/webhooks/starkbank/..',
  '/webhooks/%2e%2e/webhooks/starkbank',
  '/webhooks%2fstarkbank',
  '/webhooks/%73tarkbank',
  '/webhooks\\starkbank',
  '/webhooks/starkbank;x=y',
  '/webhooks/starkbank%00',
  '/WEBHOOKS/starkbank',
  '/webhooks/starkbank%20',
]

for (const kind of nginxes) {
  const program = bringNginx(kind)
  const name = program
    ? `nginx ${kind.version}`
    : `nginx ${kind.version} (not here, and not to be had: skipped)`
  describe.skipIf(!program)(name, () => {
    let receiver: Receiver
    let nginx: Nginx
    /** Genuine events that went in all the while, and what they were answered. */
    const meanwhile: { event: SignedEvent; status: Promise<number> }[] = []
    let last: Promise<void>
    let over = false
    let seen: Context['headers'] | undefined
    /** Lines of a stream that came out at the other end. */
    let heard = 0

    beforeAll(async () => {
      receiver = await openReceiver(signal => [
        async ctx => {
          if (ctx.path === '/echo' || ctx.path === '/console' || ctx.path === '/console/sign-in') {
            seen = ctx.headers
            // An answer before the whole form came would have nginx write into a socket that is closed.
            for await (const _ of ctx.req) continue
            ctx.body = `${'<p>page</p>'.repeat(300)}${ctx.url}`
            ctx.set('Content-Security-Policy', "default-src 'self'")
          }
          if (ctx.path === '/orders/secret-token/events') {
            ctx.type = 'text/event-stream'
            ctx.respond = false
            ctx.res.writeHead(200)
            for (let at = 0; at < 3 && !signal.aborted; at++) {
              ctx.res.write(`data: ${at}\n\n`)
              await until(() => heard > at, `line ${at} being heard before the next is said`)
            }
            ctx.res.end()
          }
        },
      ])
      nginx = await startNginx({
        program: program!,
        socket: receiver.socket,
        consoleNetworks: 'allow 127.0.0.1; deny all;\n',
        publicHost: 'pay.example.com',
      })
      last = (async () => {
        const agent = new Agent({ keepAlive: true, ca: nginx.certificate })
        while (!over) {
          const event = receiver.event()
          meanwhile.push({ event, status: sendGenuine(event, agent) })
          await pause(20, 'fifty events a second')
        }
        await Promise.all(meanwhile.map(({ status }) => status))
        agent.destroy()
      })()
    })
    afterAll(async () => {
      over = true
      await last
      await nginx.stop()
      await receiver.close()
    })

    const request = (method: string, target: string, more: object = {}, body = '') =>
      new Promise<{ status: number; headers: Record<string, unknown>; text: string }>((resolve, reject) => {
        const options = {
          host: '127.0.0.1',
          port: nginx.httpsPort,
          ca: nginx.certificate,
          method,
          path: target,
          agent: false,
          ...more,
        }
        const sent = requestHttps(options as never, response => {
          let text = ''
          response.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')))
          response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, text }))
        })
        sent.on('error', reject)
        sent.end(body)
      })
    const sendGenuine = ({ body, signature }: SignedEvent, agent: Agent) =>
      new Promise<number>(resolve => {
        const options = { host: '127.0.0.1', port: nginx.httpsPort, path, method: 'POST', agent }
        const sent = requestHttps(
          { ...options, headers: { 'Digital-Signature': signature, 'Content-Length': body.length } },
          response => {
            response.resume().on('end', () => resolve(response.statusCode!))
          },
        )
        sent.on('error', () => resolve(0))
        sent.end(body)
      })
    const say = (
      pieces: (string | Buffer)[],
      how: Partial<Parameters<typeof speak>[2]> = {},
    ): Promise<Heard> => speak(nginx.httpsPort, pieces, { ca: nginx.certificate, ...how })
    const arrived = async (event: SignedEvent) => (await receiver.kept(event.id))?.equals(event.body) ?? false

    test('the configuration passes its own judgement, which finds what is wrong', async () => {
      expect(await judgeConfiguration(program!)).toBeUndefined()
      expect(await judgeConfiguration(program!, 'allow everybody;')).toContain(
        'invalid parameter "everybody"',
      )
    })

    describe.concurrent('HTTP/1.1 by hand', () => {
      test('whoever takes 10 s over a header is told so, and holds nobody up [security 8 slow]', async ({
        expect: expecting,
      }) => {
        const heard = await say([`POST ${path} HTTP/1.1${crlf}Host: localhost${crlf}X`], {
          patienceMs: 15_000,
        })
        // nginx closes without a word, or says 408: no event was asked for yet.
        expecting(heard).toMatchObject({ ended: 'closed' })
        expecting(heard.statuses.filter(status => status !== 408)).toEqual([])
      }, 300_000)

      test('whoever stops in the middle of a body is told so after 10 s [security 8 slow]', async ({
        expect: expecting,
      }) => {
        const event = receiver.event()
        const heard = await say([post(event), event.body.subarray(0, 20)], { patienceMs: 15_000 })
        expecting(heard.ended).toBe('closed')
        expecting(heard.statuses.filter(status => status !== 408)).toEqual([])
        expecting(await receiver.kept(event.id)).toBeUndefined()
      }, 300_000)

      test.for(Object.entries(cases))(
        '%s [security smuggling]',
        async ([, { says, answers, arrives }], { expect: expecting }) => {
          const [event, hidden] = [receiver.event(), receiver.event()]
          const heard = await say(says(event, hidden), { pauseMs: 30, answers: answers.length })
          expecting(heard.statuses).toEqual(answers)
          // Whatever is hidden would be answered a moment later.
          await pause(150, 'that nothing more comes can only be waited for')
          expecting(await arrived(event)).toBe(arrives)
          expecting(await receiver.kept(hidden.id)).toBeUndefined()
        },
      )

      test.for(oddPaths)(
        'the path %s is none of ours [security smuggling]',
        async (odd, { expect: expecting }) => {
          const event = receiver.event()
          const { statuses } = await say([whole(event, odd)], { answers: 1 })
          expecting(statuses[0]).toBeGreaterThanOrEqual(400)
          expecting(statuses[0]).toBeLessThan(500)
          expecting(await receiver.kept(event.id)).toBeUndefined()
        },
      )

      test.for([
        ['GET', 405],
        ['PUT', 405],
        ['DELETE', 405],
        ['OPTIONS', 405],
        ['PATCH', 405],
        ['TRACE', 405],
        ['CONNECT', 405],
        ['post', 400],
        ['BREW', 400],
      ] as const)('the method %s is answered %i', async ([method, status], { expect: expecting }) => {
        const event = receiver.event()
        const { statuses } = await say([post(event).replace('POST', method), event.body], { answers: 1 })
        expecting(statuses).toEqual([status])
        expecting(await receiver.kept(event.id)).toBeUndefined()
      })
    })

    test.each([
      [
        'of every byte there is, in no order of UTF-8',
        Buffer.from(Array.from({ length: 1024 }, (_, at) => (at * 7) % 256)),
      ],
      ['of exactly 64 kB', Buffer.alloc(64 * 1024, '{"a": 1}\r\n\0\xff')],
      ['of one byte', Buffer.from('x')],
      [
        'that looks like the end of a request',
        Buffer.from(`0${crlf}${crlf}GET / HTTP/1.1${crlf}Host: x${crlf}${crlf}`),
      ],
      ['that is compressed', Buffer.from('1f8b0800000000000003ab56ca48cdc9c95728cf2fca4951aa0500', 'hex')],
    ])('a body %s is the same at the program', async (_, body) => {
      const event = receiver.sign(body)
      const headers = {
        'Digital-Signature': event.signature,
        'Content-Length': body.length,
        'Content-Encoding': 'gzip',
      }
      const answered = await request('POST', path, { headers }, body as never)
      expect(answered.status).toBe(200)
      expect(await arrived(event)).toBe(true)
    })

    describe('HTTP/2', () => {
      const fields = (event: SignedEvent): [string, string][] => [
        [':method', 'POST'],
        [':scheme', 'https'],
        [':authority', 'localhost'],
        [':path', path],
        ['digital-signature', event.signature],
      ]
      const sent = (event: SignedEvent, more: [string, string][], body = event.body) =>
        speakH2(nginx.httpsPort, nginx.certificate, [...fields(event), ...more], body)

      test('an event over HTTP/2 arrives byte for byte, with its length told or not', async () => {
        const [told, untold] = [receiver.event(), receiver.event()]
        expect(await sent(told, [['content-length', String(told.body.length)]])).toBe(200)
        expect(await sent(untold, [])).toBe(200)
        expect([await arrived(told), await arrived(untold)]).toEqual([true, true])
      })

      test.each<[string, (event: SignedEvent) => [string, string][], (number | 'reset' | 'closed')[]]>([
        ['a length below the body’s', () => [['content-length', '3']], [400, 'reset']],
        ['a length above the body’s', () => [['content-length', '4000']], [400, 'reset']],
        [
          'two lengths',
          ({ body }) => [
            ['content-length', String(body.length)],
            ['content-length', '3'],
          ],
          [400, 'reset'],
        ],
        ['a second path', () => [[':path', '/console']], [400, 'reset']],
        ['a second signature', ({ signature }) => [['digital-signature', signature]], [401]],
        ['a name in capitals', () => [['X-Upper', '1']], [400, 'reset']],
        [
          'a header in a header’s value',
          () => [['x-a', `1${crlf}Transfer-Encoding: chunked`]],
          [400, 'reset'],
        ],
        ['a header in a header’s name', () => [[`x-a: 1${crlf}x-b`, '1']], [400, 'reset']],
        ['a zero byte in a value', () => [['x-a', '1\0']], [400, 'reset']],
      ])('%s does not get in', async (_, more, allowed) => {
        const event = receiver.event()
        expect(allowed).toContain(await sent(event, more(event)))
        expect(await receiver.kept(event.id)).toBeUndefined()
      })

      test('chunks, which HTTP/2 has not, change nothing about where the body ends [security smuggling]', async () => {
        const [event, hidden] = [receiver.event(), receiver.event()]
        const body = Buffer.from(smuggled(hidden), 'latin1')
        await sent(event, [['transfer-encoding', 'chunked']], body)
        await pause(150, 'that nothing comes can only be waited for')
        expect([await receiver.kept(event.id), await receiver.kept(hidden.id)]).toEqual([
          undefined,
          undefined,
        ])
      })

      test('a browser’s HTTP/2 gets pages, and many at once', async () => {
        const session = connectH2(`https://localhost:${nginx.httpsPort}`, { ca: nginx.certificate })
        const statuses = await Promise.all(
          Array.from(
            { length: 50 },
            () =>
              new Promise<number>(resolve => {
                const stream = session.request({ ':path': '/echo' })
                stream.on('response', headers => resolve(headers[':status']!))
                stream.resume()
              }),
          ),
        )
        session.close()
        expect(new Set(statuses)).toEqual(new Set([200]))
        expect(seen).toMatchObject({ host: `localhost:${nginx.httpsPort}` })
      })
    })

    describe('TLS', () => {
      test.each([
        ['TLSv1.3', true],
        ['TLSv1.2', true],
        ['TLSv1.1', false],
        ['TLSv1', false],
      ] as const)('%s is spoken: %s [security 7]', async (version, spoken) => {
        const options = {
          ca: nginx.certificate,
          minVersion: version,
          maxVersion: version,
          ciphers: 'DEFAULT:@SECLEVEL=0',
        }
        const asked = open(nginx.httpsPort, options).then(
          ({ socket }) => (socket.destroy(), socket.getProtocol() ?? true),
        )
        if (spoken) await asked
        else await expect(asked).rejects.toThrow(/protocol version|alert|unsupported protocol/i)
      })
      test.each(['AES128-SHA', 'AES256-GCM-SHA384', 'ECDHE-ECDSA-AES128-SHA'])(
        'the cipher %s is not [security 7]',
        async cipher => {
          const options = {
            ca: nginx.certificate,
            maxVersion: 'TLSv1.2',
            ciphers: `${cipher}:@SECLEVEL=0`,
          } as const
          await expect(open(nginx.httpsPort, options)).rejects.toThrow(/handshake failure|alert/i)
        },
      )
      test('plain HTTP to the port of TLS gets nothing but 400', async () => {
        const answer = await fetch(`http://127.0.0.1:${nginx.httpsPort}/`)
        expect(answer.status).toBe(400)
      })
    })

    describe('port 80', () => {
      const plain = (method: string, target: string, host = 'pay.example.com') =>
        new Promise<{ status: number; location: string | undefined }>((resolve, reject) => {
          const options = { host: '127.0.0.1', port: nginx.httpPort, method, path: target, headers: { host } }
          const sent = requestHttp(options, response => {
            response.resume()
            resolve({ status: response.statusCode!, location: response.headers.location })
          })
          sent.on('error', reject)
          sent.end()
        })
      test.each(['/', '/orders/x?y=1', '/console'])(
        'the page %s is told to come back over TLS [security 7]',
        async target => {
          expect(await plain('GET', target)).toEqual({
            status: 301,
            location: `https://pay.example.com${target}`,
          })
          expect(await plain('HEAD', target)).toMatchObject({ status: 301 })
        },
      )
      test.each(['elsewhere.example', 'pay.example.com.elsewhere.example', '127.0.0.1', 'x"y'])(
        'who asks for the host %s is sent to ours [security redirects A13]',
        async host =>
          expect(await plain('GET', '/orders/x', host)).toEqual({
            status: 301,
            location: 'https://pay.example.com/orders/x',
          }),
      )
      test.each(['GET', 'POST'])(
        'the webhook is refused and never redirected: %s [security 7]',
        async method => {
          expect(await plain(method, path)).toEqual({ status: 403, location: undefined })
          expect(await plain(method, `/x/..${path}`)).toEqual({ status: 403, location: undefined })
        },
      )
      test('a genuine event over plain HTTP changes nothing', async () => {
        const event = receiver.event()
        const answer = await fetch(`http://127.0.0.1:${nginx.httpPort}${path}`, {
          method: 'POST',
          body: new Uint8Array(event.body),
          headers: { 'Digital-Signature': event.signature },
          redirect: 'manual',
        })
        expect([answer.status, await answer.text()]).toEqual([403, 'events come over https only\n'])
        expect(await receiver.kept(event.id)).toBeUndefined()
      })
      test('a form is not redirected either', async () =>
        expect(await plain('POST', '/checkout')).toEqual({ status: 403, location: undefined }))
      test('what renews certificates is answered here', async () =>
        expect(await plain('GET', '/.well-known/acme-challenge/none')).toMatchObject({ status: 404 }))
    })

    describe('what is passed on', () => {
      test('what a sender says of its address is replaced [security 8]', async () => {
        const headers = {
          'X-Forwarded-For': '10.9.9.9',
          'X-Forwarded-Proto': 'http',
          'X-Forwarded-Host': 'elsewhere.example',
          'X-Real-IP': '10.9.9.9',
          Forwarded: 'for=10.9.9.9',
          Proxy: 'http://elsewhere.example',
        }
        expect((await request('GET', '/echo', { headers })).status).toBe(200)
        const { 'x-forwarded-for': from, 'x-forwarded-proto': proto, 'x-forwarded-host': host } = seen!
        expect({ from, proto, host }).toEqual({
          from: '127.0.0.1',
          proto: 'https',
          host: `127.0.0.1:${nginx.httpsPort}`,
        })
        for (const name of ['x-real-ip', 'forwarded', 'proxy', 'x-forwarded-port'])
          expect(seen![name]).toBeUndefined()
      })

      test('each security header is there once: the program’s own, else nginx’s [security 7 11]', async () => {
        const ours = await request('GET', '/echo')
        expect(ours.headers).toMatchObject({
          'content-security-policy': "default-src 'self'",
          'strict-transport-security': 'max-age=63072000',
          'x-content-type-options': 'nosniff',
        })
        const theirs = await request('GET', '/x//y')
        expect(theirs).toMatchObject({
          status: 404,
          headers: { 'content-security-policy': "default-src 'none'; frame-ancestors 'none'" },
        })
        for (const { headers, text } of [ours, theirs]) {
          expect(headers['server']).toBe('nginx')
          expect(text).not.toMatch(/nginx\/\d/)
        }
      })

      test('a page is compressed where that tells nothing, and not in the console', async () => {
        const headers = { 'Accept-Encoding': 'gzip' }
        expect((await request('GET', '/echo', { headers })).headers['content-encoding']).toBe('gzip')
        const console = await request('GET', '/console', { headers })
        expect([console.status, console.headers['content-encoding']]).toEqual([200, undefined])
      })

      test('a stream of events comes line by line', async () => {
        heard = 0
        let text = ''
        await new Promise<void>((resolve, reject) => {
          const options = {
            host: '127.0.0.1',
            port: nginx.httpsPort,
            ca: nginx.certificate,
            path: '/orders/secret-token/events',
          }
          requestHttps({ ...options, headers: { 'Accept-Encoding': 'gzip' } }, response => {
            response.on(
              'data',
              (part: Buffer) => (heard = (text += part.toString()).split('data: ').length - 1),
            )
            response.on('end', resolve)
          })
            .on('error', reject)
            .end()
        })
        expect(text).toBe('data: 0\n\ndata: 1\n\ndata: 2\n\n')
      })

      test('the log keeps no order’s address, no invitation’s and no question [security 14]', async () => {
        await request('GET', '/orders/secret-token?tax_id=012')
        await request('GET', '/console/welcome/secret-token/more')
        await eventually(() => nginx.accessLog()).toContain('/orders/secr...')
        await eventually(() => nginx.accessLog()).toContain('/console/welcome/secr.../more ')
        expect(nginx.accessLog()).not.toContain('secret-token')
        expect(nginx.accessLog()).not.toContain('tax_id')
      })
    })

    describe('who may see what', () => {
      test.each([
        '/console',
        '/console/',
        '/CONSOLE',
        '/console/runs/1/tail',
        '/console/sign-in',
        '/%63onsole',
      ])('%s is for the networks that are named', async target => {
        expect((await request('GET', target, { localAddress: '127.0.0.2' })).status).toBe(403)
        expect((await request('GET', target)).status).not.toBe(403)
      })
      test('the ways around the console’s sign-in are none', async () => {
        for (const target of [
          '//console',
          '/x/../console',
          '/%2fconsole',
          '/console%2f..%2fconsole',
          '/./console',
          '/x/..;/console',
          '/console#',
        ]) {
          const raw = head(`GET ${target} HTTP/1.1`, 'Host: localhost', 'X-Forwarded-For: 127.0.0.1')
          const { statuses, text } = await say([raw], { answers: 1 })
          expect([target, statuses[0]]).toEqual([target, 404])
          expect(text).not.toContain('<p>page')
        }
      })
      test('health and readiness are for this machine, figures for nobody [security 19]', async () => {
        expect((await request('GET', '/ready')).status).toBe(200)
        for (const target of ['/health', '/ready', '/READY', '/metrics']) {
          const answer = await request('GET', target, { localAddress: '127.0.0.2' })
          expect([target, answer.status]).toEqual([target, 404])
        }
        expect((await request('GET', '/metrics')).status).toBe(404)
      })
      test('the shop and the bank come from anywhere', async () => {
        expect((await request('GET', '/echo', { localAddress: '127.0.0.2' })).status).toBe(200)
        const event = receiver.event()
        const headers = { 'Digital-Signature': event.signature, 'Content-Length': event.body.length }
        expect(
          (await request('POST', path, { headers, localAddress: '127.0.0.2' }, event.body.toString())).status,
        ).toBe(200)
      })
    })

    describe('limits', () => {
      test('the console’s largest form passes, no larger one, and none of that size elsewhere [security A13]', async () => {
        const sent = async (target: string, bytes: number) =>
          (await request('POST', target, {}, 'x'.repeat(bytes))).status
        const largest = 4 * 1024 * 1024 + 64 * 1024
        expect([await sent('/console', largest), await sent('/console', largest + 1)]).toEqual([200, 413])
        expect([await sent('/echo', 1024 * 1024), await sent('/echo', 1024 * 1024 + 1)]).toEqual([200, 413])
      })
      test('guessing passwords is slowed, each address by itself', async () => {
        const guess = (localAddress: string) =>
          request('POST', '/console/sign-in', { localAddress }).then(({ status }) => status)
        const statuses = []
        for (let tries = 0; tries < 15; tries++) statuses.push(await guess('127.0.0.1'))
        expect(statuses.slice(0, 9).every(status => status === 200)).toBe(true)
        expect(statuses.filter(status => status === 429).length).toBeGreaterThanOrEqual(5)
        expect((await request('GET', '/console/sign-in')).status).toBe(200)
      })
      test('a flood of forms is slowed', async () => {
        const all = await Promise.all(
          Array.from({ length: 80 }, () => request('POST', '/echo', { localAddress: '127.0.0.3' })),
        )
        expect(all.filter(({ status }) => status === 429).length).toBeGreaterThanOrEqual(15)
        expect(all.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(40)
      })
      test('the bank’s burst is not: 600 events by 64 connections [security 8]', async () => {
        const agent = new Agent({ keepAlive: true, maxSockets: 64, ca: nginx.certificate })
        const events = Array.from({ length: 600 }, () => receiver.event())
        const statuses = await Promise.all(events.map(event => sendGenuine(event, agent)))
        agent.destroy()
        expect(new Set(statuses)).toEqual(new Set([200]))
        for (const event of events) expect(await arrived(event)).toBe(true)
      })
    })

    test('a server takes the place of another again and again under load, and nothing is refused', async () => {
      const agent = new Agent({ keepAlive: true, maxSockets: 16, ca: nginx.certificate })
      const sent: { event: SignedEvent; status: Promise<number> }[] = []
      let busy = true
      let answered = 0
      const load = (async () => {
        while (busy) {
          const event = receiver.event()
          sent.push({ event, status: sendGenuine(event, agent).finally(() => answered++) })
          await pause(5, 'two hundred events a second')
        }
      })()
      let present = await receiver.serve()
      for (let turn = 0; turn < 5; turn++) {
        const before = answered
        await until(() => answered >= before + 25, 'a few events being answered')
        const next = await receiver.serve()
        await present.close()
        present = next
      }
      busy = false
      await load
      const statuses = await Promise.all(sent.map(({ status }) => status))
      agent.destroy()
      expect(statuses.length).toBeGreaterThan(100)
      expect(
        statuses.filter(status => status !== 200),
        nginx.errorLog().slice(-3_000),
      ).toEqual([])
      for (const { event } of sent) expect(await arrived(event)).toBe(true)
    })

    test('while no program answers, the bank is told to come again, and a person is told why', async () => {
      const alone = await startNginx({ program: program!, socket: '/nowhere/web.sock' })
      try {
        const options = { port: alone.httpsPort, ca: alone.certificate }
        expect((await request('POST', path, options, '{}')).status).toBe(502)
        const page = await request('GET', '/', options)
        expect([page.status, page.text]).toEqual([502, expect.stringContaining('Voltamos j')])
        await eventually(alone.accessLog).toContain('"GET / HTTP/1.1" 502')
      } finally {
        await alone.stop()
      }
    })

    test('all the genuine events that came meanwhile were taken, byte for byte', async () => {
      over = true
      await last
      const statuses = await Promise.all(meanwhile.map(({ status }) => status))
      expect(statuses.length).toBeGreaterThan(100)
      expect(
        statuses.filter(status => status !== 200),
        nginx.errorLog().slice(-3_000),
      ).toEqual([])
      for (const { event } of meanwhile) expect(await arrived(event)).toBe(true)
    })
  })
}
