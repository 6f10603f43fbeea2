/** Which lines of the bank about one transfer or invoice are accounted for by what the books have of it. */

/** What the books have of one transfer or invoice, signed as its lines are. */
export interface BookedParts {
  /** Each moved by a line of its own, or by one with its charge. */
  parts: readonly bigint[]
  /** What went back to a payer, and came again, however many lines that took. */
  returned: { out: bigint; in: bigint }
}

export const noneReturned: BookedParts['returned'] = { out: 0n, in: 0n }

/**
 * Pure: the lines, oldest first, that nothing booked accounts for. Some may be missing, so what is booked
 * need not have one.
 */
export const unaccounted = <L extends { units: bigint }>(lines: readonly L[], booked: BookedParts): L[] =>
  account(lines, booked).odd

/** Pure: the same, and what is booked of which no line is among them, signed. */
export function account<L extends { units: bigint }>(
  lines: readonly L[],
  { parts, returned }: BookedParts,
): { odd: L[]; rest: bigint[] } {
  const open = [...parts]
  const pool = { ...returned }
  const take = (...units: bigint[]): boolean => {
    const rest = [...open]
    for (const each of units) {
      const place = rest.indexOf(each)
      if (place < 0) return false
      rest.splice(place, 1)
    }
    return (open.splice(0, open.length, ...rest), true)
  }
  const takeBack = (units: bigint): boolean => {
    const [way, size] = units < 0n ? (['out', -units] as const) : (['in', units] as const)
    if (pool[way] < size) return false
    pool[way] -= size
    return true
  }
  const together = (units: bigint) =>
    open.some((one, at) => open.slice(at + 1).includes(units - one) && take(one, units - one))
  const odd = lines.filter(({ units }) => !take(units) && !together(units) && !takeBack(units))
  return { odd, rest: [...open, -pool.out, pool.in].filter(units => units !== 0n) }
}

/** Of so many lines about one invoice or transfer, and no more, every choice is tried. */
const maxTried = 12

/** Pure: the first of the lines that come to exactly `units`, none where no choice of them does. */
export function comingTo<L extends { units: bigint }>(lines: readonly L[], units: bigint): L[] {
  if (units === 0n) return []
  const single = lines.find(line => line.units === units)
  if (single) return [single]
  const tried = lines.slice(0, maxTried)
  for (let choice = 1; choice < 2 ** tried.length; choice++) {
    const chosen = tried.filter((_, place) => choice & (1 << place))
    if (chosen.reduce((sum, line) => sum + line.units, 0n) === units) return chosen
  }
  return []
}
