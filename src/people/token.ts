/** Tokens that must not be guessed: 256 random bits, of which the database keeps a digest only. */
import { createHash } from 'node:crypto'
import type { World } from '../base/world.ts'

export const newToken = ({ random }: Pick<World, 'random'>): string =>
  Buffer.from(random.bytes(32)).toString('base64url')

/** SHA-256: enough where what is hashed cannot be tried out. */
export const digestOf = (token: string): string => createHash('sha256').update(token).digest('hex')

/** What a token looks like; anything else need not be looked up. */
export const isToken = (text: string): boolean => /^[A-Za-z0-9_-]{43}$/.test(text)
