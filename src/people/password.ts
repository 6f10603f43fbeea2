/** Passwords: argon2id, its parameters kept with the hash, and what is too weak to be one. */
import * as crypto from 'node:crypto'
import type { World } from '../base/world.ts'
import { commonPasswords } from './commonPasswords.ts'

interface Cost {
  /** Kibibytes. */
  memory: number
  passes: number
  parallelism: number
}

// OWASP, Password Storage Cheat Sheet: 19 MiB, two passes, one lane.
const cost: Cost = { memory: 19_456, passes: 2, parallelism: 1 }
const tagLength = 32

export const minPasswordLength = 12
const longestPassword = 200

export type PasswordFault = 'short' | 'long' | 'name' | 'worn'

/**
 * Why `password` will not do for the person of this name, or undefined. Length counts for more than kinds of
 * characters (NIST SP 800-63B).
 */
export function passwordFault(password: string, name: string): PasswordFault | undefined {
  const plain = password.normalize('NFKC')
  const length = [...plain].length
  if (length < minPasswordLength) return 'short'
  if (length > longestPassword) return 'long'
  const folded = plain.toLowerCase()
  // What is left when the name is taken out has to be a password by itself.
  if (name !== '' && [...folded.replaceAll(name.toLowerCase(), '')].length < minPasswordLength - 4)
    return 'name'
  if (
    new Set(folded).size < 5 ||
    isRun(folded) ||
    commonPasswords.has(folded) ||
    commonPasswords.has(folded.replace(/(?<![^a-z])[^a-z]+$/, ''))
  )
    return 'worn'
  return undefined
}

/** `abcdefghijkl`, `987654321098`: each character one further, or one back, than the last. */
function isRun(text: string): boolean {
  const codes = [...text].map(letter => letter.codePointAt(0)!)
  const steps = codes.slice(1).map((code, place) => code - codes[place]!)
  return [1, -1].some(
    way => steps.filter(step => step === way || step === way * -9).length >= steps.length - 1,
  )
}

/** A PHC string: `$argon2id$v=19$m=19456,t=2,p=1$salt$hash`. */
export async function hashPassword(password: string, { random }: Pick<World, 'random'>): Promise<string> {
  const salt = Buffer.from(random.bytes(16))
  const tag = await derive(password, salt, cost)
  return `$argon2id$v=19$m=${cost.memory},t=${cost.passes},p=${cost.parallelism}$${unpadded(salt)}$${unpadded(tag)}`
}

/**
 * Whether `password` is the one of `kept`. Without one the same work is done for nothing, so that time does
 * not tell who exists.
 */
export async function isPassword(password: string, kept: string | null | undefined): Promise<boolean> {
  const [, memory, passes, parallelism, salt, tag] = phc.exec(kept ?? dummy) ?? []
  if (tag === undefined) throw new Error('a password is kept in a form that cannot be read')
  const parameters = { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) }
  const found = await derive(password, Buffer.from(salt!, 'base64'), parameters)
  return crypto.timingSafeEqual(found, Buffer.from(tag, 'base64')) && typeof kept === 'string'
}

const phc = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]{43})$/
const unpadded = (bytes: Buffer) => bytes.toString('base64').replace(/(?<!=)=+$/, '')
const dummy = `$argon2id$v=19$m=${cost.memory},t=${cost.passes},p=${cost.parallelism}$${unpadded(Buffer.alloc(16))}$${unpadded(Buffer.alloc(tagLength))}`

/**
 * Runs beside the event loop, in the process's pool of threads. What is longer than a password may be is cut,
 * so that length costs nothing.
 */
const derive = (password: string, nonce: Buffer, { memory, passes, parallelism }: Cost): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const message = [...password.normalize('NFKC').slice(0, 4 * longestPassword)]
      .slice(0, longestPassword + 1)
      .join('')
    crypto.argon2('argon2id', { message, nonce, memory, passes, parallelism, tagLength }, (error, tag) =>
      error ? reject(error) : resolve(tag),
    )
  })
