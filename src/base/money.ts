/** Money knows its asset and is a bigint of the asset's smallest unit; `number` never holds money. */

export type Asset = 'BRL' | 'BTC'

/** `units`: centavos for BRL, satoshis for BTC. */
export type Money<A extends Asset = Asset> = { readonly asset: A; readonly units: bigint }

/** Decimals people write. */
export const decimalsOf = { BRL: 2, BTC: 8 } as const satisfies Record<Asset, number>

export const brl = (units: bigint): Money<'BRL'> => ({ asset: 'BRL', units })
export const btc = (units: bigint): Money<'BTC'> => ({ asset: 'BTC', units })

export const moneyOf = (units: bigint, asset: Asset = 'BRL'): Money => ({ units, asset })
export const maybeMoney = (units: bigint | null, asset: Asset = 'BRL'): Money | null =>
  units === null ? null : moneyOf(units, asset)

/** Adds two amounts of one asset; adding BRL to BTC does not compile. */
export const add = <A extends Asset>(a: Money<A>, b: Money<NoInfer<A>>): Money<A> => ({
  asset: a.asset,
  units: a.units + b.units,
})

/** The smallest of some amounts of one asset, and the largest. */
export const smallest = (...units: bigint[]): bigint => units.reduce((low, each) => (each < low ? each : low))
export const largest = (...units: bigint[]): bigint =>
  units.reduce((high, each) => (each > high ? each : high))

/**
 * The same amount, known to be of `asset`. Throws where it is of another: centavos are never read as
 * satoshis.
 */
export function moneyIn<A extends Asset>({ asset: is, units }: Money, asset: A): Money<A> {
  if (is !== asset) throw new Error(`${formatMoney(units, is)} is not an amount in ${asset}`)
  return { asset, units }
}

/** Hundredths of a percent: 150 is 1.5 %. */
export type BasisPoints = bigint

/**
 * Where money is rounded within its asset (from one asset to another, see `satsFor` and `centavosOf`):
 * `units` × `basisPoints` / 10 000, half a unit away from zero going up. `units` must not be negative.
 */
export function shareOf(units: bigint, basisPoints: BasisPoints): bigint {
  if (units < 0n || basisPoints < 0n)
    throw new RangeError(`a share is taken of what is not negative, got ${units} × ${basisPoints}`)
  return (units * basisPoints + 5_000n) / 10_000n
}

/** Satoshis in one bitcoin. */
const perCoin = 100_000_000n

/**
 * Takes the fee out of what is owed, in proportion to it and to the satoshi: whole parts first, then one
 * satoshi each to the largest remainders, ties in the order of their keys. Answers the shares in the payees'
 * order; they add up to `feeUnits`, whatever that order.
 */
export function shareFee(feeUnits: bigint, payees: readonly { key: string; units: bigint }[]): bigint[] {
  const owed = payees.reduce((total, { units }) => total + units, 0n)
  if (feeUnits < 0n || owed <= 0n || payees.some(({ units }) => units < 0n)) {
    throw new RangeError(`a fee is shared by what is owed, got ${feeUnits} among ${owed}`)
  }
  const shares = payees.map(({ units }) => (feeUnits * units) / owed)
  const left = feeUnits - shares.reduce((total, share) => total + share, 0n)
  const byRemainder = payees
    .map(({ key, units }, place) => ({ key, place, remainder: (feeUnits * units) % owed }))
    .sort((a, b) => compare(b.remainder, a.remainder) || compare(a.key, b.key))
  for (const { place } of byRemainder.slice(0, Number(left))) shares[place]! += 1n
  return shares
}

const compare = <T extends bigint | string>(a: T, b: T): number => (a < b ? -1 : a > b ? 1 : 0)

/**
 * Ten million reais, a hundred BTC: more in one invoice is rather a slip of the hand, and the bank has its
 * own limits below.
 */
export const mostUnits: Record<Asset, bigint> = { BRL: 1_000_000_000n, BTC: 10_000_000_000n }

/**
 * Satoshis below which nobody is asked: what Bitcoin Core calls dust for the largest of the usual outputs
 * (GetDustThreshold, P2PKH).
 */
export const minRequest = 546n

/**
 * What `centavos` cost in satoshis at `price` centavos per BTC, rounded UP to a satoshi, so that the
 * installation never gets less than it asked. Back in centavos it is never less than was asked, and a centavo
 * more where a satoshi is worth half a centavo or above (R$ 500 000 a BTC).
 */
export function satsFor(centavos: bigint, price: bigint): bigint {
  if (centavos < 0n || price <= 0n)
    throw new RangeError(`an amount is not negative and a price is above zero, got ${centavos} at ${price}`)
  return (centavos * perCoin + price - 1n) / price
}

/** What `sats` are worth in centavos at `price` centavos per BTC, half a centavo going up. */
export function centavosOf(sats: bigint, price: bigint): bigint {
  if (sats < 0n || price <= 0n)
    throw new RangeError(`an amount is not negative and a price is above zero, got ${sats} at ${price}`)
  return (sats * price + perCoin / 2n) / perCoin
}

/** `satsFor`, as money: what `amount` costs at `price` centavos per BTC. */
export const inBitcoin = (amount: Money<'BRL'>, price: bigint): Money<'BTC'> =>
  btc(satsFor(amount.units, price))

/** `centavosOf`, as money: what `amount` is worth at `price` centavos per BTC. */
export const inReais = (amount: Money<'BTC'>, price: bigint): Money<'BRL'> =>
  brl(centavosOf(amount.units, price))

/**
 * Reads what programs write: "20.00", "20", "0.5", at most the asset's decimals, no sign, no thousands.
 * Answers undefined for anything else. What a person types is read by `typedAmount`.
 */
export function parseUnits(text: string, asset: Asset): bigint | undefined {
  const match = /^(\d{1,13})(?:\.(\d+))?$/.exec(text.trim())
  if (!match) return undefined
  const fraction = match[2] ?? ''
  if (fraction.length > decimalsOf[asset]) return undefined
  return BigInt(match[1] + fraction.padEnd(decimalsOf[asset], '0'))
}

/** "1234.56" with a point and no grouping, exact: what the CLI, the API and CSV print. */
export function formatUnits(units: bigint, asset: Asset): string {
  const places = decimalsOf[asset]
  const digits = (units < 0n ? -units : units).toString().padStart(places + 1, '0')
  return `${units < 0n ? '-' : ''}${digits.slice(0, -places)}.${digits.slice(-places)}`
}

/** For people: `-R$ 68.03`. */
export const formatReais = (units: bigint): string =>
  `${units < 0n ? '-' : ''}R$ ${formatUnits(units < 0n ? -units : units, 'BRL')}`

/** For people, of either asset: `R$ 68.03`, `0.00012345 BTC`. */
export const formatMoney = (units: bigint, asset: Asset): string =>
  asset === 'BRL' ? formatReais(units) : `${formatUnits(units, 'BTC')} BTC`
