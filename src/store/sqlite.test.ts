/** Limits are written into the text of a statement; every other value stays bound, in its own place. */
import { expect, test } from 'vitest'
import { openMigrated } from '../../test/testbed/migrated.ts'
import { seededRandom, systemClock } from '../base/clock.ts'
import { sql } from './store.ts'

const insert = sql`insert into cursors (name, value) values ('a', '1'), ('b', '1'), ('c', '1'), ('d', '2')`

test.each([
  { limit: 2, names: ['a', 'b'] },
  { limit: 0n, names: [] },
  { limit: 5_000n, names: ['a', 'b', 'c'] },
  { limit: -1, names: ['a', 'b', 'c'] },
])('a limit of $limit between two other values', async ({ limit, names }) => {
  const store = await openMigrated('sqlite::memory:', { clock: systemClock, random: seededRandom(1) })
  await store.tx(tx => tx.run(insert))
  const rows = await store.all<{ name: string; said: string }>(sql`
    select name, ${'x'} as said from cursors
    where name in (select name from cursors where value = ${'1'} order by name limit ${limit}) and name < ${'d'} order by name`)
  expect(rows).toEqual(names.map(name => ({ name, said: 'x' })))
  await store.close()
})
