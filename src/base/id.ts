/** Prefixed ULIDs, lower-case: made before a provider is called, and used as its key or tag. */
import type { Clock, Millis, Random } from './world.ts'

const kinds = {
  store: 'sto',
  account: 'acc',
  schedule: 'sch',
  slot: 'slo',
  run: 'run',
  invoice: 'inv',
  twin: 'twn',
  refund: 'ref',
  payout: 'pay',
  attempt: 'att',
  transaction: 'txn',
  bundle: 'bun',
  user: 'usr',
  session: 'ses',
  product: 'prd',
  order: 'ord',
  mail: 'mai',
  proposal: 'pro',
  objection: 'obj',
  rule: 'rul',
} as const
export type Kind = keyof typeof kinds
export type Id<K extends Kind = Kind> = `${(typeof kinds)[K]}_${string}`

// Crockford's base 32 without i, l, o, u (ULID specification), in lower case because the bank lower-cases
// tags.
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'

/** Where the time and the chance in an id come from. */
interface MadeBy {
  clock: Pick<Clock, 'now'>
  random: Pick<Random, 'bytes'>
}

/** A new id of `kind`: 48 bits of time, 80 bits of randomness, 26 characters after the prefix. */
export const newId = <K extends Kind>(kind: K, { clock, random }: MadeBy): Id<K> =>
  idOf(kind, clock.now(), random.bytes(10))

/** No id of `kind` that was made from that moment on is smaller. */
export const firstIdAt = <K extends Kind>(kind: K, at: Millis): Id<K> => idOf(kind, at, new Uint8Array(10))

function idOf<K extends Kind>(kind: K, at: Millis, chance: Iterable<number>): Id<K> {
  let value = BigInt(at)
  for (const byte of chance) value = (value << 8n) | BigInt(byte)
  let text = ''
  for (let place = 0; place < 26; place++, value >>= 5n) text = alphabet[Number(value & 31n)] + text
  return `${kinds[kind]}_${text}`
}

export const isId = <K extends Kind>(kind: K, text: string): text is Id<K> =>
  new RegExp(`^${kinds[kind]}_[${alphabet}]{26}$`).test(text)

/**
 * What people may call an account or a schedule: in commands and addresses of pages, and never mistaken for
 * an id.
 */
export const isName = (text: string): boolean =>
  /^[a-z0-9][a-z0-9._-]{0,62}$/i.test(text) && !/^[a-z]{3}_[0-9a-z]{26}$/.test(text)
