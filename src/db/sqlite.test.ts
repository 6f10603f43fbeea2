/**
 * Limits are written into the text of a statement; every other value stays bound, in its own place, and is
 * compared as what it is.
 */
import { expect, test } from 'vitest'
import { openKept, openMigrated } from '../../test/testbed/migrated.ts'
import { seededRandom, systemClock } from '../base/clock.ts'
import { openSqlite } from './sqlite.ts'
import { sql } from './db.ts'

const insert = sql`insert into cursors (name, value) values ('a', '1'), ('b', '1'), ('c', '1'), ('d', '2')`

test.each([
  { limit: 2, names: ['a', 'b'] },
  { limit: 0n, names: [] },
  { limit: 5_000n, names: ['a', 'b', 'c'] },
  { limit: -1, names: ['a', 'b', 'c'] },
])('a limit of $limit between two other values', async ({ limit, names }) => {
  const db = await openMigrated('sqlite::memory:', { clock: systemClock, random: seededRandom(1) })
  await db.tx(tx => tx.run(insert))
  const rows = await db.all<{ name: string; said: string }>(sql`
    select name, ${'x'} as said from cursors
    where name in (select name from cursors where value = ${'1'} order by name limit ${limit})
      and name < ${'d'} order by name`)
  expect(rows).toEqual(names.map(name => ({ name, said: 'x' })))
  await db.close()
})

test.each([
  ['a text', 'starkbank'],
  ['a text that looks like a number', '007'],
  ['a text with an exponent', '1e3'],
  ['an empty text', ''],
  ['a whole number', -5n],
  ['the largest one', 2n ** 63n - 1n],
  ['bytes', new Uint8Array([0, 255, 7])],
])('%s is the same after it was compared, written and read', async (_name, value) => {
  const db = openSqlite(':memory:', { clock: systemClock, random: seededRandom(1) })
  await db.tx(tx => tx.run(sql`create table kept (value any) strict`))
  await db.tx(tx => tx.run(sql`insert into kept (value) values (null)`))
  await db.tx(tx => tx.run(sql`update kept set value = ${value}`))
  const rows = await db.all<{ value: unknown; kind: string }>(
    sql`select value, typeof(value) as kind from kept where value = ${value}`,
  )
  const [{ kind }] = (await db.all<{ kind: string }>(sql`select typeof(${value}) as kind`)) as [
    { kind: string },
  ]
  expect(
    rows.map(row => ({
      ...row,
      value: row.value instanceof Uint8Array ? new Uint8Array(row.value) : row.value,
    })),
  ).toEqual([{ value, kind }])
  await db.close()
})

test('a kept database begins each story as it began the first', async () => {
  const world = { clock: systemClock, random: seededRandom(1) }
  const counted = sql`select (select count(*) from cursors) + (select count(*) from audit) as count`
  const first = await openKept(world)
  await first.tx(tx => tx.run(insert))
  // Nothing of it can be deleted.
  await first.tx(tx =>
    tx.run(sql`
      insert into audit (seq, at, actor, act, subject, detail, previous, hash)
      values (1, '', 'a', 'b', 'c', '{}', '', 'd')`),
  )
  const undone = first.tx(async tx => {
    await tx.run(sql`delete from cursors`)
    throw new Error('no')
  })
  await expect(undone).rejects.toThrow('no')
  expect(await first.one(counted)).toEqual({ count: 5n })
  await first.close()
  const second = await openKept(world)
  expect(await second.one(counted)).toEqual({ count: 0n })
  expect(() => first.one(counted)).toThrow('the story of this database is over')
  await second.close()
})
