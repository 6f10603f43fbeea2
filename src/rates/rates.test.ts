/** Quotes written down and read back as a rate, on both databases. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { postgresAvailable, startPostgres, type Postgres } from '../../test/testbed/postgres.ts'
import { done, refused } from '../base/answer.ts'
import { seededRandom } from '../base/clock.ts'
import { silentLog } from '../base/log.ts'
import { instant, type Clock, type Millis } from '../base/world.ts'
import { migrate } from '../db/migrate.ts'
import { openDb, sql, type Db } from '../db/db.ts'
import { goodRate, refreshRates, type RateSource } from './rates.ts'

const noon = Date.UTC(2026, 10, 21, 12)
let now: Millis = noon
const clock: Clock = { now: () => now, sleep: async () => undefined }
const limits = { maxAgeMs: 300_000, maxDeviation: 200n, least: 2, sources: ['a', 'b', 'c'] }

const source = (name: string, price: bigint, aheadMs = 0): RateSource => ({
  name,
  quote: async () => done({ source: name, price, at: instant(now + aheadMs) }),
})
const broken = (name: string): RateSource => ({
  name,
  quote: async () => refused('it answered with 503', true),
})

describe.each([
  { engine: 'sqlite', there: true },
  { engine: 'postgres', there: postgresAvailable() },
])('$engine', ({ engine, there }) => {
  describe.skipIf(!there)(there ? 'keeps what was quoted' : 'is not to be had on this machine', () => {
    let server: Postgres | undefined
    let db: Db

    beforeAll(async () => {
      if (engine === 'postgres') server = await startPostgres({ durable: false })
    })
    afterAll(async () => {
      await db?.close()
      await server?.stop()
    })
    beforeEach(async () => {
      now = noon
      await db?.close()
      // A clock of the test's own is not the database's, so ours is asked for the time.
      db = await openDb(server ? await server.migratedDatabase() : 'sqlite::memory:', {
        clock,
        random: seededRandom(1),
        virtual: true,
      })
      await migrate(db, clock)
    })

    const refresh = (...sources: RateSource[]) => refreshRates(db, sources, { log: silentLog })
    const quoted = () => db.all(sql`select source, price_units, at, fetched_at from rates order by id`)

    test('the last quote of each source makes the rate', async () => {
      await refresh(source('a', 50_000_000n), source('b', 50_000_000n))
      now += 60_000
      expect(await refresh(source('a', 60_000_000n), source('b', 60_200_000n))).toEqual({
        fresh: ['a', 'b'],
        failed: [],
      })
      expect(await goodRate(db, now, limits)).toEqual({
        is: 'rate',
        price: 60_100_000n,
        at: instant(now),
        sources: ['a', 'b'],
      })
    })

    test('a source that fails stops no other, and is logged with why', async () => {
      const warned: unknown[] = []
      const log = { ...silentLog, warn: (fields: object) => void warned.push(fields) }
      const refreshed = await refreshRates(
        db,
        [source('a', 60_000_000n), broken('b'), source('c', 60_000_000n)],
        { log },
      )
      expect(refreshed).toEqual({ fresh: ['a', 'c'], failed: [{ source: 'b', why: 'it answered with 503' }] })
      expect(warned).toEqual([{ source: 'b', why: 'it answered with 503' }])
      expect(await goodRate(db, now, limits)).toMatchObject({ is: 'rate', sources: ['a', 'c'] })
    })

    test('when all fail, the last rate holds until it is too old, and then there is none', async () => {
      await refresh(source('a', 60_000_000n), source('b', 60_000_000n))
      now += 300_000
      await refresh(broken('a'), broken('b'), broken('c'))
      expect(await goodRate(db, now, limits)).toMatchObject({ is: 'rate', at: instant(noon) })
      now += 1
      expect(await goodRate(db, now, limits)).toEqual({
        is: 'none',
        why: '0 of the 2 sources needed agree on a price of bitcoin; nothing within 5m from a, b, c',
      })
    })

    test('a source that is in use no more has no say', async () => {
      await refresh(source('fixed', 1n), source('a', 60_000_000n), source('b', 60_000_000n))
      expect(await goodRate(db, now, limits)).toMatchObject({ price: 60_000_000n, sources: ['a', 'b'] })
      expect(await goodRate(db, now, { ...limits, sources: ['fixed'], least: 1 })).toMatchObject({
        price: 1n,
        sources: ['fixed'],
      })
      expect(await goodRate(db, now, { ...limits, sources: ['a', 'fixed'] })).toMatchObject({ is: 'none' })
    })

    test('a source whose clock is ahead ages from when it was asked', async () => {
      await refresh(source('a', 60_000_000n, 3_600_000), source('b', 60_000_000n, -1_000))
      expect(await quoted()).toEqual([
        { source: 'a', price_units: 60_000_000n, at: instant(noon), fetched_at: instant(noon) },
        { source: 'b', price_units: 60_000_000n, at: instant(noon - 1_000), fetched_at: instant(noon) },
      ])
    })

    test('quotes are kept for thirty days and no longer', async () => {
      await refresh(source('a', 1n))
      now += 30 * 86_400_000
      await refresh(source('a', 2n))
      expect(await quoted()).toMatchObject([{ price_units: 1n }, { price_units: 2n }])
      now += 1
      await refresh(broken('a'))
      expect(await quoted()).toMatchObject([{ price_units: 2n }])
    })

    test('a rate can be read within the transaction that locks it', async () => {
      await refresh(source('a', 60_000_000n), source('b', 60_000_000n))
      expect(await db.tx(async tx => goodRate(tx, Date.parse(await tx.now()), limits))).toMatchObject({
        is: 'rate',
      })
    })
  })
})
