/** HTTP as nobody's library would send it: bytes over TLS, and HTTP/2 frames made by hand. */
import { connect as connectTls, type ConnectionOptions } from 'node:tls'
import { pause, until } from './until.ts'

export interface Heard {
  /** The status of every answer, in order. */
  statuses: number[]
  text: string
  /** How the server left it: it closed the connection, or was silent until patience ended. */
  ended: 'closed' | 'silent'
}

export interface Speaking {
  ca: string
  /** Between the pieces. */
  pauseMs?: number
  /** How long to wait for another byte. */
  patienceMs?: number
  /** Ends the wait as soon as so many answers have come. */
  answers?: number
}

/**
 * Says the pieces to a TLS server on 127.0.0.1 and listens until it closes, has answered `answers` times, or
 * is silent.
 */
export async function speak(port: number, pieces: (string | Buffer)[], how: Speaking): Promise<Heard> {
  const { ca, pauseMs = 0, patienceMs = 10_000, answers = Infinity } = how
  const { socket, over } = await open(port, { ca, ALPNProtocols: ['http/1.1'] })
  let text = ''
  let [heardAt, closed] = [performance.now(), false]
  socket.on('data', (chunk: Buffer) => ((text += chunk.toString('latin1')), (heardAt = performance.now())))
  void over.then(() => (closed = true))
  for (const piece of pieces) {
    if (closed) break
    socket.write(piece)
    if (pauseMs > 0) await pause(pauseMs, 'so that the pieces come apart')
    heardAt = performance.now()
  }
  const isOver = () =>
    closed || performance.now() - heardAt >= patienceMs || statusesOf(text).length >= answers
  await until(isOver, 'the server’s last word', { withinMs: Infinity, everyMs: 10 })
  const ended = closed ? 'closed' : 'silent'
  socket.destroy()
  return { statuses: statusesOf(text), text, ended }
}

// What asks to go on is no answer.
const statusesOf = (text: string) =>
  [...text.matchAll(/HTTP\/1\.[01] (\d{3}) /g)]
    .map(([, status]) => Number(status))
    .filter(status => status !== 100)

/** Opens a TLS connection; what goes wrong on it later only ends it. */
export function open(port: number, options: ConnectionOptions) {
  return new Promise<{ socket: ReturnType<typeof connectTls>; over: Promise<void> }>((resolve, reject) => {
    const socket = connectTls({ host: '127.0.0.1', port, servername: 'localhost', ...options })
    const over = new Promise<void>(gone => socket.once('close', () => gone()))
    socket.on('error', reject)
    socket.once('secureConnect', () => resolve({ socket, over }))
  })
}

/**
 * One request over HTTP/2 with header fields no client would send. Answers its status, `reset` (with the
 * stream), or `closed` (with the connection).
 */
export async function speakH2(
  port: number,
  ca: string,
  fields: [name: string, value: string][],
  body: Buffer,
): Promise<number | 'reset' | 'closed'> {
  const { socket, over } = await open(port, { ca, ALPNProtocols: ['h2'] })
  let bytes = Buffer.alloc(0)
  let answer: number | 'reset' | undefined
  socket.on('data', (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk])
    while (bytes.length >= 9 && bytes.length >= 9 + bytes.readUIntBE(0, 3)) {
      const payload = bytes.subarray(9, 9 + bytes.readUIntBE(0, 3))
      answer ??= read(bytes[3]!, bytes.readUInt32BE(5), payload)
      bytes = bytes.subarray(9 + payload.length)
    }
  })
  const head = Buffer.concat(fields.map(field => literal(...field)))
  socket.write(
    Buffer.concat([
      Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
      frame(4, 0, 0),
      frame(1, 4, 1, head),
      frame(0, 1, 1, body),
    ]),
  )
  let closed = false
  void over.then(() => (closed = true))
  try {
    await until(() => answer !== undefined || closed, 'an answer over HTTP/2', { everyMs: 10 })
  } finally {
    socket.destroy()
  }
  return answer ?? 'closed'
}

/** RFC 9113, 4.1: length, type, flags, stream. */
function frame(type: number, flags: number, stream: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head.writeUInt8(type, 3)
  head.writeUInt8(flags, 4)
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

/** RFC 7541, 6.2.2: a field neither indexed nor compressed. */
function literal(name: string, value: string): Buffer {
  const text = (of: string) =>
    Buffer.concat([integer(Buffer.byteLength(of, 'latin1')), Buffer.from(of, 'latin1')])
  return Buffer.concat([Buffer.from([0]), text(name), text(value)])
}

/** RFC 7541, 5.1, with a prefix of seven bits. */
function integer(value: number): Buffer {
  if (value < 127) return Buffer.from([value])
  const bytes = [127]
  for (let rest = value - 127; ; rest >>= 7) {
    if (rest < 128) return Buffer.from([...bytes, rest])
    bytes.push((rest & 127) | 128)
  }
}

/**
 * The first thing said of stream 1. nginx sends `:status` first, as an entry of the static table or as one
 * with a name of it.
 */
function read(type: number, stream: number, payload: Buffer): number | 'reset' | undefined {
  if (type === 3 && stream === 1) return 'reset'
  if (type !== 1 || stream !== 1) return undefined
  // A table's new size may go before it (RFC 7541, 6.3).
  const at = (payload[0]! & 0xe0) === 0x20 ? 1 : 0
  const first = payload[at]!
  if (first >= 0x88 && first <= 0x8e) return [200, 204, 206, 304, 400, 404, 500][first - 0x88]
  const [coded, size] = [(payload[at + 1]! & 0x80) !== 0, payload[at + 1]! & 0x7f]
  const value = payload.subarray(at + 2, at + 2 + size)
  return Number(coded ? digits(value) : value.toString('latin1'))
}

/** RFC 7541, Appendix B: `0`, `1`, `2` are five bits, the other digits six. */
function digits(bytes: Buffer): string {
  const bits = [...bytes].map(byte => byte.toString(2).padStart(8, '0')).join('')
  let text = ''
  for (let at = 0; text.length < 3;) {
    const five = Number.parseInt(bits.slice(at, at + 5), 2)
    if (five <= 2) {
      text += String(five)
      at += 5
    } else {
      text += String(Number.parseInt(bits.slice(at, at + 6), 2) - 0x19 + 3)
      at += 6
    }
  }
  return text
}
