/**
 * Totals that are kept are those that adding everything up again gives, whenever and however often somebody
 * looks.
 */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { seededRandom, systemClock } from '../base/clock.ts'
import { brl, btc } from '../base/money.ts'
import { silentLog } from '../base/log.ts'
import { instant, type World } from '../base/world.ts'
import { balances, chart, post, totals, type MovementName } from '../ledger/ledger.ts'
import { migrate } from '../db/migrate.ts'
import { openDb, sql, type Db } from '../db/db.ts'
import { makeTotals, type Totals } from './totals.ts'

let db: Db
let now: number
let world: World
const over = new AbortController()

beforeEach(async () => {
  now = Date.UTC(2026, 10, 21, 12)
  const clock = { now: () => now, sleep: systemClock.sleep }
  world = { clock, random: seededRandom(5), log: silentLog, at: () => undefined }
  db = await openDb('sqlite::memory:', { ...world, virtual: true })
  await migrate(db, clock)
})
afterEach(() => db.close())

const movements = Object.keys(chart) as MovementName[]

/** So many postings of every kind and asset, some at one and the same moment. */
async function business(count: number): Promise<void> {
  await db.tx(async tx => {
    for (let number = 0; number < count; number++) {
      if (world.random.next() < 0.5) now += world.random.between(1, 1_000)
      const units = BigInt(world.random.between(1, 1_000_000))
      const movement = movements[world.random.between(0, movements.length - 1)]!
      const amount = world.random.next() < 0.8 ? brl(units) : btc(units)
      await post(tx, world, { movement, source: `${now}/${number}/${world.random.next()}`, amount, memo: '' })
    }
  })
}

/** Until it is counted: whoever is not patient enough is shown the totals of before, which a busy machine does. */
async function look(count: () => ReturnType<ReturnType<typeof makeTotals>>): Promise<Totals> {
  const oldest = instant(now - 2_000)
  for (;;) {
    const counted = await count()
    if (counted.is === 'totals' && counted.totals.at >= oldest) return counted.totals
  }
}

async function expectTrue({ assets }: Totals): Promise<void> {
  for (const asset of ['BRL', 'BTC'] as const) {
    expect(assets[asset]?.moved).toEqual(await totals(db, asset))
    expect(assets[asset]?.standing).toEqual(await balances(db, asset))
  }
}

test('with nothing there is nothing', async () => {
  expect((await look(makeTotals(db, world, over.signal))).assets).toEqual({ BRL: undefined, BTC: undefined })
})

test('what comes after a look is in the next, and what was kept is not read again', async () => {
  const count = makeTotals(db, world, over.signal)
  await business(300)
  await expectTrue(await look(count))
  await business(4_500)
  now += 300_000
  await expectTrue(await look(count))
  const kept = JSON.parse(
    (await db.one<{ value: string }>(sql`select value from cursors where name = 'overview sums'`))!.value,
  ) as {
    posted: { at: string }
  }
  expect(kept.posted.at > '2026-11-21T12:00').toBe(true)

  // Another process goes on from there, and finds the same.
  await business(2_500)
  now += 300_000
  await expectTrue(await look(makeTotals(db, world, over.signal)))
  await business(10)
  now += 3_000
  await expectTrue(await look(count))
})

test('what is younger than two minutes is added at each look and never kept, for an older line may still be written beside it', async () => {
  const count = makeTotals(db, world, over.signal)
  await business(4_100)
  now = Date.UTC(2026, 10, 21, 12, 0, 1)
  await expectTrue(await look(count))
  expect(await db.one(sql`select value from cursors where name = 'overview sums'`)).toBeUndefined()
})

test('who asks within two seconds is told what was found, and when that was', async () => {
  const count = makeTotals(db, world, over.signal)
  await business(5)
  const first = await look(count)
  await business(5)
  now = Date.parse(first.at) + 1_000
  expect(await look(count)).toBe(first)
  now += 2_000
  expect((await look(count)).at > first.at).toBe(true)
})
