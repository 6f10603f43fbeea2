/** Transactions that wait for each other share a commit, and are otherwise as alone as before. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { seededRandom, systemClock } from '../base/clock.ts'
import { openDb, sql, type Db } from './db.ts'

let folder: string
let file: string
let db: Db
let turns: number

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'repasse-shared-'))
  file = join(folder, 'shared.db')
  turns = 0
  const clock = { ...systemClock, turn: () => (turns++, systemClock.turn!()) }
  db = await openDb(`sqlite:${file}`, { clock, random: seededRandom(1) })
  await db.script('create table numbers (number integer primary key) strict')
})
afterEach(async () => {
  await db.close()
  rmSync(folder, { recursive: true, force: true })
})

const put = (number: number) =>
  db.tx(tx => tx.run(sql`insert into numbers (number) values (${BigInt(number)})`))
const numbers = async () =>
  (await db.all<{ number: bigint }>(sql`select number from numbers order by number`)).map(row =>
    Number(row.number),
  )

/**
 * How many commits the write-ahead log holds: SQLite's file format, "The Write-Ahead Log"; a frame that ends
 * one says how large the database is.
 */
function commits(): number {
  const log = readFileSync(`${file}-wal`)
  const frame = 24 + log.readUInt32BE(8)
  let count = 0
  for (let at = 32; at + frame <= log.length; at += frame) if (log.readUInt32BE(at + 4) !== 0) count++
  return count
}

test('what waits at the same time is committed together', async () => {
  const before = commits()
  await Promise.all([1, 2, 3, 4, 5].map(put))
  expect(await numbers()).toEqual([1, 2, 3, 4, 5])
  expect(commits() - before).toBeLessThan(5)
})

test('one that throws is undone by itself, and hears its own error', async () => {
  const failing = db.tx(async tx => {
    await tx.run(sql`insert into numbers (number) values (2)`)
    throw new Error('thought better of it')
  })
  const outcomes = await Promise.allSettled([failing, put(1), put(1), put(3)])
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'rejected', 'fulfilled'])
  expect(outcomes[0]).toMatchObject({ reason: { message: 'thought better of it' } })
  expect(await numbers()).toEqual([1, 3])
})

test('one sees what those before it wrote, and whoever reads after them sees it all', async () => {
  const seen: number[] = []
  const look = () =>
    db.tx(
      async tx =>
        void seen.push(
          Number((await tx.one<{ count: bigint }>(sql`select count(*) as count from numbers`))!.count),
        ),
    )
  const all = [put(1), look(), put(2), numbers(), look(), put(3), numbers()]
  const answers = await Promise.all(all)
  expect(seen).toEqual([1, 2])
  expect([answers[3], answers[6]]).toEqual([
    [1, 2],
    [1, 2, 3],
  ])
})

test('where the commit fails nobody is told that it happened', async () => {
  await db.script(
    'create table owners (number integer references numbers (number) deferrable initially deferred) strict',
  )
  const orphan = db.tx(tx => tx.run(sql`insert into owners (number) values (9)`))
  const outcomes = await Promise.allSettled([put(1), orphan])
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect(await numbers()).toEqual([])
  await put(2)
  expect(await numbers()).toEqual([2])
})

test('a long queue lets everything else have its turn between its commits', async () => {
  const slow = (number: number) =>
    db.tx(async tx => {
      const startedMs = performance.now()
      while (performance.now() - startedMs < 6) continue
      await tx.run(sql`insert into numbers (number) values (${BigInt(number)})`)
    })
  const before = turns
  await Promise.all([1, 2, 3, 4, 5, 6].map(slow))
  expect(turns - before).toBeGreaterThanOrEqual(5)
  expect(await numbers()).toHaveLength(6)
})

test('a transaction of many statements lets everything else have its turn, and nothing comes between its statements', async () => {
  const before = turns
  const counted: number[] = []
  const long = db.tx(async tx => {
    for (let number = 1; number <= 4; number++) {
      const startedMs = performance.now()
      while (performance.now() - startedMs < 30) continue
      await tx.run(sql`insert into numbers (number) values (${BigInt(number)})`)
    }
  })
  const beside = setInterval(() => void numbers().then(found => counted.push(found.length)), 1)
  await long
  clearInterval(beside)
  expect(turns - before).toBeGreaterThanOrEqual(4)
  await numbers()
  expect(new Set(counted)).toEqual(new Set([4]))
})
