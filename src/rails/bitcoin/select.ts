/** Which coins a transaction spends. */
import type { Coin } from '../chain.ts'

/**
 * The fewest coins that cover `units`, with all of `must` among them, and of as few the small ones rather
 * than the large; undefined where all together do not cover it. The same coins in another order give the same
 * answer.
 *
 * @scure/btc-signer's `selectUTXO` was looked at and is not used: it looks for the outputs and the fee on top
 * of them at whole satoshis a byte, while here the fee comes out of the outputs and no coin is ever spent for
 * it. Asked at a rate of nothing it takes the largest coins first, and works out each coin's key to do so.
 * The payees bear what every input costs, so no coin is added that is not needed: small ones are used up
 * where they do as well as large ones, which also keeps the change small.
 */
export function select(
  coins: readonly Coin[],
  units: bigint,
  must: readonly Coin[] = [],
): Coin[] | undefined {
  const taken = new Set(must.map(coin => coin.outpoint))
  const ascending = coins.filter(coin => !taken.has(coin.outpoint)).sort(bySize)
  let over = must.reduce((total, coin) => total + coin.units, 0n) - units
  let first = ascending.length
  while (over < 0n && first > 0) over += ascending[--first]!.units
  if (over < 0n) return undefined

  const places = new Set<number>()
  for (let place = first; place < ascending.length; place++) places.add(place)
  // From the largest on, each coin gives way to the smallest that still covers all together.
  for (let place = ascending.length - 1; place >= first; place--) {
    const least = ascending[place]!.units - over
    let other = firstOfAtLeast(ascending, least)
    while (places.has(other)) other++
    if (other >= place) continue
    over -= ascending[place]!.units - ascending[other]!.units
    places.delete(place)
    places.add(other)
  }
  return [...must, ...[...places].map(place => ascending[place]!)]
}

/** Smallest first; coins of one size by their outpoint, so that the order they came in does not matter. */
const bySize = (a: Coin, b: Coin): number =>
  a.units < b.units
    ? -1
    : a.units > b.units
      ? 1
      : a.outpoint < b.outpoint
        ? -1
        : a.outpoint > b.outpoint
          ? 1
          : 0

/** Place of the first coin of `units` or more, by halving. */
function firstOfAtLeast(ascending: readonly Coin[], units: bigint): number {
  let [low, high] = [0, ascending.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (ascending[middle]!.units < units) low = middle + 1
    else high = middle
  }
  return low
}
