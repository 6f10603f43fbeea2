/**
 * Secrets that are planted into an installation and recognised wherever they come out, as they are or as
 * programs write them.
 */
import { createPrivateKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Writable } from 'node:stream'
import { makeLog, type Log } from '../../src/base/log.ts'
import type { TestPerson } from './testPerson.ts'
import type { PageInstallation } from './pageInstallation.ts'

export interface Planted {
  /** Answers the secret. `how`: what else it would look like. */
  add(name: string, secret: string, how?: readonly string[]): string
  /** A key in PEM: its lines, and the number itself. */
  addPem(name: string, pem: string): string
  /** The names of those that are in `text`. */
  leaks(text: string | Uint8Array): string[]
  /** The same of many at once: `where: name`. */
  leaksOf(texts: Iterable<readonly [where: string, text: string | Uint8Array]>): string[]
  readonly names: readonly string[]
}

export function plant(): Planted {
  const forms = new Map<string, string[]>()
  const add = (name: string, secret: string, how: readonly string[] = []) => {
    if (secret.length < 8) throw new Error(`${name} is too short to be recognised`)
    forms.set(name, [...new Set([secret, ...how].flatMap(formsOf))])
    return secret
  }
  const leaks = (text: string | Uint8Array): string[] => {
    // Every byte is a character, and one of UTF-8 is looked for as the bytes it has.
    const bytes = (
      typeof text === 'string'
        ? Buffer.from(text)
        : Buffer.from(text.buffer, text.byteOffset, text.byteLength)
    ).toString('latin1')
    return [...forms]
      .filter(([, written]) => written.some(form => bytes.includes(form)))
      .map(([name]) => name)
  }
  return {
    add,
    addPem(name, pem) {
      const lines = pem.split('\n').filter(line => line.length >= 40 && !line.includes('-----'))
      const { d } = createPrivateKey(pem).export({ format: 'jwk' }) as { d: string }
      const bytes = Buffer.from(d, 'base64url')
      forms.set(name, [...lines, d, bytes.toString('hex'), bytes.toString('latin1')])
      return pem
    },
    leaks,
    leaksOf: texts => [...texts].flatMap(([where, text]) => leaks(text).map(name => `${where}: ${name}`)),
    get names() {
      return [...forms.keys()]
    },
  }
}

/**
 * What an installation has of its own: the key at the bank, the node's cookie, and of each person the
 * password, the authenticator and the session in `tokens`.
 */
export function plantSecrets(
  planted: Planted,
  { env }: PageInstallation,
  people: Readonly<Record<string, TestPerson>>,
  tokens: ReadonlyMap<string, string>,
): void {
  planted.addPem('private key at the bank', readFileSync(env['STARKBANK_PRIVATE_KEY_FILE']!, 'utf8'))
  planted.add('cookie of the node', readFileSync(env['BITCOIN_RPC_COOKIE_FILE']!, 'utf8').trim())
  for (const [name, { password, secret }] of Object.entries(people)) {
    planted.add(`password of ${name}`, password)
    planted.add(`authenticator of ${name}`, secret)
    const token = tokens.get(name)
    if (token !== undefined) planted.add(`session of ${name}`, token)
  }
}

/** As it is, in an address, in JSON, in hex, and in base64 wherever in a longer text it begins. */
function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret)
  const inBase64 = [0, 1, 2].map(shift => {
    const whole = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64')
    // Characters at both ends depend on what stands beside it.
    return whole.slice(shift === 0 ? 0 : 4, -4)
  })
  return [
    bytes.toString('latin1'),
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
    bytes.toString('hex'),
    ...inBase64,
  ]
}

/** The program's log as it is written, with everything it ever says. */
export function wholeLog(): { log: Log; text(): string } {
  const lines: string[] = []
  const to = new Writable({
    write(line: Buffer, _encoding, done) {
      lines.push(line.toString('utf8'))
      done()
    },
  })
  return { log: makeLog('debug', to), text: () => lines.join('') }
}
