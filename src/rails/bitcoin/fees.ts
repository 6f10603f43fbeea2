/** What a transaction weighs once it is signed, and what that costs at a rate. */

/** The two single-key scripts an account can have: BIP 84's and BIP 86's. */
export type AccountKind = 'wpkh' | 'tr'

/**
 * Satoshis for `size` virtual bytes at `rate` satoshis for a thousand of them, rounded up as Bitcoin Core
 * does (`CFeeRate::GetFee`).
 */
export const feeOf = (rate: bigint, size: number): bigint => (rate * BigInt(size) + 999n) / 1_000n

/**
 * Virtual bytes of a signed transaction with that many inputs of one kind (BIP 141). Exact for `tr`, whose
 * signature is 64 bytes; for `wpkh` an ECDSA signature is taken at its longest, 72 bytes, which is a quarter
 * of a virtual byte over what most signers make of it.
 */
export function sizeOf(kind: AccountKind, inputs: number, scripts: readonly Uint8Array[]): number {
  const outputBytes = scripts.reduce(
    (total, script) => total + 8 + countBytes(script.length) + script.length,
    0,
  )
  // Version and lock time; outpoint, empty script and sequence of each input; the witness alone weighs a
  // quarter.
  const bytes = 8 + countBytes(inputs) + 41 * inputs + countBytes(scripts.length) + outputBytes
  return Math.ceil((4 * bytes + 2 + witnessBytes[kind] * inputs) / 4)
}

/**
 * How many virtual bytes a signed transaction may be below `sizeOf`: two bytes an input, for one is the rule
 * with signers that grind for a low r, and a second byte is missing once in 128 signatures.
 */
export const slackOf = (kind: AccountKind, inputs: number): number =>
  kind === 'wpkh' ? Math.ceil(inputs / 2) : 0

/** What a replacement replaces: its fee, its size at the largest, and how many inputs it has. */
export interface Replaced {
  feeUnits: bigint
  size: number
  inputs: number
}

/**
 * At the rate asked for; a replacement besides pays what it replaces and the relaying of itself, at Bitcoin
 * Core's usual one satoshi a virtual byte (BIP 125, rules 3 and 4), and a higher rate than the old one could
 * have had at its smallest.
 */
export function minFee(
  { feeRate, replaces }: { feeRate: bigint; replaces?: Replaced | undefined },
  size: number,
  kind: AccountKind,
): bigint {
  const asked = feeOf(feeRate, size)
  if (!replaces) return asked
  const relayed = replaces.feeUnits + BigInt(size)
  const dearer =
    (replaces.feeUnits * BigInt(size)) / BigInt(replaces.size - slackOf(kind, replaces.inputs)) + 1n
  return [asked, relayed, dearer].reduce((most, units) => (units > most ? units : most))
}

/** Thousandths of a satoshi a virtual byte, said in the unit people know: `12.5 sat/vB`. */
export const rateText = (units: bigint): string => {
  const rest = (units % 1_000n)
    .toString()
    .padStart(3, '0')
    .replace(/(?<!0)0+$/, '')
  return `${units / 1_000n}${rest && `.${rest}`} sat/vB`
}

/** Number of items, then each with its length: signature and key, or the signature alone. */
const witnessBytes = { wpkh: 1 + 1 + 72 + 1 + 33, tr: 1 + 1 + 64 } as const satisfies Record<
  AccountKind,
  number
>

/** How long a compact size is that says `count`. */
const countBytes = (count: number): number => (count < 0xfd ? 1 : count <= 0xffff ? 3 : 5)
