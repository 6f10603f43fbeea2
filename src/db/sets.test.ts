/** Reading in sets: every value once, in statements of few sizes. */
import { expect, test } from 'vitest'
import { readInSets } from './db.ts'

async function asked(values: readonly string[]) {
  const sets: string[][] = []
  const found = await readInSets(values, async ({ values: set }) => {
    sets.push(set as string[])
    return [...new Set(set as string[])]
  })
  return { sets, found }
}
const numbered = (count: number) => Array.from({ length: count }, (_, at) => `id-${at}`)

test.each([
  [0, []],
  [1, [5]],
  [5, [5]],
  [6, [25]],
  [100, [100]],
  [207, [100, 100, 25]],
])('%i values are read in sets of %j, each value once', async (count, sizes) => {
  const { sets, found } = await asked(numbered(count))
  expect(sets.map(set => set.length)).toEqual(sizes)
  expect(found).toEqual(numbered(count))
})

test('what is named twice is read once', async () => {
  expect((await asked(['a', 'b', 'a'])).sets).toEqual([['a', 'b', 'a', 'a', 'a']])
})
