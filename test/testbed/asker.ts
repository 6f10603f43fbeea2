/**
 * Asks a server as a browser would, or as none would: every header as told, cookies kept, redirects only
 * looked at.
 */
import { request, type IncomingHttpHeaders } from 'node:http'

export interface Answered {
  status: number
  headers: IncomingHttpHeaders
  body: string
  /** Where a redirect leads. */
  to: string | undefined
}

export interface Ask {
  method?: string
  headers?: Record<string, string>
  body?: string | Buffer
}

export interface Asker {
  /** Name to value, as a browser holds them; paths and flags are for the tests to look at in `set-cookie`. */
  cookies: Map<string, string>
  ask(path: string, how?: Ask): Promise<Answered>
  get(path: string, headers?: Record<string, string>): Promise<Answered>
  /** A form of our own page, sent by a browser. */
  post(
    path: string,
    fields: Readonly<Record<string, string>> | readonly (readonly [string, string])[],
    headers?: Record<string, string>,
  ): Promise<Answered>
  /** A form with files. */
  upload(path: string, parts: readonly Part[], headers?: Record<string, string>): Promise<Answered>
}

export interface Part {
  name: string
  value: string | Buffer
  file?: string
  type?: string
}

/** What a browser says of a form that one of our own pages sent. */
export const fromOurs = {
  'sec-fetch-site': 'same-origin',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
} as const

export function openAsker(origin: string): Asker {
  const cookies = new Map<string, string>()
  const ask = (path: string, { method = 'GET', headers = {}, body }: Ask = {}): Promise<Answered> =>
    new Promise((resolve, reject) => {
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
      const sent = request(
        new URL(origin),
        { method, path, headers: { ...(cookie !== '' && { cookie }), ...headers }, timeout: 60_000 },
        answer => {
          // A stream has no end to wait for.
          const isStream = answer.headers['content-type']?.startsWith('text/event-stream')
          const parts: Buffer[] = []
          answer.on('data', (part: Buffer) => parts.push(part))
          answer.on('error', reject)
          if (isStream) {
            resolve({ status: answer.statusCode!, headers: answer.headers, body: '', to: undefined })
            return void sent.destroy()
          }
          answer.on('end', () => {
            for (const line of answer.headers['set-cookie'] ?? []) {
              const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!
              if (value === '' || /expires=Thu, 01 Jan 1970/i.test(line)) cookies.delete(name!)
              else cookies.set(name!, value!)
            }
            resolve({
              status: answer.statusCode!,
              headers: answer.headers,
              body: Buffer.concat(parts).toString(),
              to: answer.headers.location,
            })
          })
        },
      )
      sent.on('timeout', () => sent.destroy(new Error(`no answer to ${method} ${path} within 20 s`)))
      sent.on('error', reject)
      sent.end(body)
    })
  return {
    cookies,
    ask,
    get: (path, headers = {}) => ask(path, { headers }),
    post: (path, fields, headers = fromOurs) => {
      const pairs = Array.isArray(fields)
        ? (fields as readonly (readonly [string, string])[])
        : Object.entries(fields as Record<string, string>)
      const body = new URLSearchParams(pairs.map(([name, value]) => [name, value])).toString()
      const type = {
        'content-type': 'application/x-www-form-urlencoded',
        'content-length': String(Buffer.byteLength(body)),
      }
      return ask(path, { method: 'POST', headers: { ...type, ...headers }, body })
    },
    upload: (path, parts, headers = fromOurs) => {
      const body = multipart(parts)
      const type = {
        'content-type': `multipart/form-data; boundary=${boundary}`,
        'content-length': String(body.length),
      }
      return ask(path, { method: 'POST', headers: { ...type, ...headers }, body })
    },
  }
}

export const boundary = 'a-line-between-parts'

/** The bytes of a form with files, as RFC 7578 says; names stand as they are given, quotes and all. */
export function multipart(parts: readonly Part[], { ends = true } = {}): Buffer {
  const pieces = parts.flatMap(({ name, value, file, type }) => [
    Buffer.from(
      `--${boundary}\r\ncontent-disposition: form-data; name="${name}"${file === undefined ? '' : `; filename="${file}"`}\r\n` +
        `${type === undefined ? '' : `content-type: ${type}\r\n`}\r\n`,
    ),
    Buffer.from(value),
    Buffer.from('\r\n'),
  ])
  return Buffer.concat(ends ? [...pieces, Buffer.from(`--${boundary}--\r\n`)] : pieces)
}

/** The session's token in a page's forms. */
export const csrfOf = (body: string): string => /name="csrf" value="([^"]+)"/.exec(body)?.[1] ?? ''
