/** Which of the names there are somebody meant who wrote another one. */

/** The name that the fewest letters lead to, if at most `reach` do. */
export function nearestOf(names: readonly string[], written: string, reach: number): string | undefined {
  const ranked = names.map(name => ({ name, far: edits(written.toLowerCase(), name.toLowerCase()) }))
  const [nearest] = ranked.toSorted((a, b) => a.far - b.far)
  return nearest && nearest.far <= reach ? nearest.name : undefined
}

/** How many letters must be put in, left out or changed to make one word of the other (Levenshtein). */
export function edits(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, place) => place)
  for (const [done, letter] of [...a].entries()) {
    const next = [done + 1]
    for (let place = 1; place <= b.length; place++)
      next.push(
        Math.min(next[place - 1]! + 1, row[place]! + 1, row[place - 1]! + (letter === b[place - 1] ? 0 : 1)),
      )
    row = next
  }
  return row[b.length]!
}
