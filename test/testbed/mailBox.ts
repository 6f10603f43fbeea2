/** A mail server that keeps what it is given: where the letters of an installation arrive. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { SMTPServer } from 'smtp-server'

export interface ReceivedMail {
  to: string[]
  subject: string
  /** Every part of it, readable. */
  text: string
}

export interface MailBox {
  /** `smtp://127.0.0.1:PORT`. */
  url: string
  letters: readonly ReceivedMail[]
  close(): Promise<void>
}

export async function openMailBox(): Promise<MailBox> {
  const letters: ReceivedMail[] = []
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, session, done) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        const raw = Buffer.concat(chunks).toString('latin1')
        letters.push({
          to: session.envelope.rcptTo.map(({ address }) => address),
          subject: headerOf(raw, 'subject'),
          text: raw
            .split(/\r\n(?=content-type: text\/)/i)
            .slice(1)
            .map(readPart)
            .join('\n'),
        })
        done()
      })
    },
  })
  server.listen(0, '127.0.0.1')
  await once(server.server, 'listening')
  const { port } = server.server.address() as AddressInfo
  return {
    url: `smtp://127.0.0.1:${port}`,
    letters,
    close: () => new Promise(resolve => server.close(() => resolve())),
  }
}

/** Unfolded, and its encoded words read (RFC 2047). */
function headerOf(raw: string, name: string): string {
  const [, value = ''] = new RegExp(`^${name}: ((?:.*\\r\\n[ \\t])*.*)\\r\\n`, 'im').exec(raw) ?? []
  return value
    .replace(/\r\n[ \t]/g, '')
    .replace(/\?=\s*=\?/g, '?==?')
    .replace(/=\?utf-8\?([bq])\?([^?]*)\?=/gi, (_, kind: string, text: string) =>
      kind.toLowerCase() === 'b' ? Buffer.from(text, 'base64').toString() : quoted(text.replaceAll('_', ' ')),
    )
}

function readPart(part: string): string {
  const [head = '', ...body] = part.split('\r\n\r\n')
  const text = body.join('\r\n\r\n').split(/\r\n--/)[0]!
  if (/content-transfer-encoding: base64/i.test(head)) return Buffer.from(text, 'base64').toString()
  return /content-transfer-encoding: quoted-printable/i.test(head) ? quoted(text) : text
}

/** Quoted-printable (RFC 2045, 6.7). */
const quoted = (text: string): string =>
  Buffer.from(
    text
      .replace(/=\r\n/g, '')
      .replace(/=([0-9a-f]{2})/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16))),
    'latin1',
  ).toString()
