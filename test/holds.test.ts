/**
 * What stops every payout, on both databases: a row for each reason, and the one text that a process of the
 * release before reads and writes meanwhile. Neither pays while the other has stopped payouts.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { seededRandom, systemClock, systemRandom } from '../src/base/clock.ts'
import { because, type Reason } from '../src/base/reasons.ts'
import { forUpdate, sql, type Db } from '../src/db/db.ts'
import { dropStops, holdOf, holdsOf, payoutsStopped, stopPayouts } from '../src/payout/payout.ts'
import { letGo, stopAll } from './testbed/acts.ts'
import { openMigrated } from './testbed/migrated.ts'
import { postgresAvailable, startPostgres, type Postgres } from './testbed/postgres.ts'
import { until } from './testbed/until.ts'

const joint = ' · before that: '
const textOf = async (db: Db) =>
  (await db.one<{ value: string }>(sql`select value from settings where name = 'hold'`))?.value

/** What a process of the release before writes. */
const older = {
  stop: (db: Db, why: string) =>
    db.tx(async tx => {
      const row = await tx.one<{ value: string }>(
        sql`select value from settings where name = 'hold' ${forUpdate}`,
      )
      if (row?.value.split(joint).includes(why)) return
      const both = row === undefined ? why : `${why}${joint}${row.value}`
      await tx.run(sql`insert into settings (name, value) values ('hold', ${both})
        on conflict (name) do update set value = excluded.value`)
    }),
  go: (db: Db, isSeen: (reason: string) => boolean = () => true) =>
    db.tx(async tx => {
      const row = await tx.one<{ value: string }>(
        sql`select value from settings where name = 'hold' ${forUpdate}`,
      )
      const left = row?.value.split(joint).filter(reason => !isSeen(reason)) ?? []
      if (left.length === 0) await tx.run(sql`delete from settings where name = 'hold'`)
      else await tx.run(sql`update settings set value = ${left.join(joint)} where name = 'hold'`)
    }),
}

const txid = 'ab'.repeat(32)
const spent = because('coins-spent-by-unknown', { txid })
const refused = because('node-refuses-ours', { bundle: 'bun_1', txid, said: 'too "cheap"' })

describe.each(['SQLite', 'PostgreSQL'])('on %s', engine => {
  describe.skipIf(engine === 'PostgreSQL' && !postgresAvailable())(
    'with a server where one is needed',
    () => {
      let postgres: Postgres | undefined
      let db: Db
      beforeAll(async () => {
        if (engine === 'PostgreSQL') postgres = await startPostgres({ durable: false })
        const url = (await postgres?.migratedDatabase()) ?? 'sqlite::memory:'
        db = await openMigrated(url, { clock: systemClock, random: systemRandom })
      })
      afterEach(() => db.tx(tx => tx.run(sql`delete from holds`)))
      afterAll(async () => {
        await db.close()
        await postgres?.stop()
      })
      const stop = (why: Reason) => db.tx(tx => stopPayouts(tx, why), 'locks')
      const reasons = async () => (await holdsOf(db)).map(({ reason }) => reason)

      const isAnyBlocked = () =>
        db.one(sql`select 1 as yes from pg_stat_activity
          where datname = current_database() and wait_event_type = 'Lock'`)

      test('each reason is one row with its values, whose it is and since when', async () => {
        for (const why of [spent, refused, refused]) await stop(why)
        expect(await holdsOf(db)).toMatchObject([
          { reason: 'node-refuses-ours', detail: JSON.stringify(refused.detail), held_by: null },
          { reason: 'coins-spent-by-unknown', held_by: null, since: expect.stringMatching(/^20\d\d-/) },
        ])
        await db.tx(tx => dropStops(tx, 'coins-spent-by-unknown', detail => detail.txid === 'another'))
        await db.tx(tx => dropStops(tx, 'coins-spent-by-unknown', detail => detail.txid === txid))
        expect(await reasons()).toEqual(['node-refuses-ours'])
        await letGo(db, 'looked', 'carla')
        expect([await payoutsStopped(db), await textOf(db)]).toEqual([undefined, undefined])
        await stopAll(db, 'the bank looks wrong', 'ana')
        expect(await holdOf(db)).toMatchObject({
          ...{ why: 'ana: the bank looks wrong', by: 'ana' },
          reasons: [{ reason: 'stopped-by-person', held_by: 'ana' }],
        })
      })

      test('an older release’s stop is obeyed, and its go lifts this one’s', async () => {
        await older.stop(db, 'pay_1: it said so')
        expect(await payoutsStopped(db)).toBe('pay_1: it said so')
        await stop(spent)
        await older.stop(db, spent.toString())
        await older.stop(db, 'lunch')
        expect(await reasons()).toEqual(['said-before', 'coins-spent-by-unknown', 'said-before'])
        expect(await payoutsStopped(db)).toBe(await textOf(db))
        await older.go(db, reason => reason === 'lunch')
        expect(await reasons()).toEqual(['coins-spent-by-unknown', 'said-before'])
        await older.go(db)
        expect(await payoutsStopped(db)).toBeUndefined()
      })

      test('this release’s stop is read by an older one, and so is what is left of it', async () => {
        await stop(spent)
        expect(await textOf(db)).toBe(spent.toString())
        await older.stop(db, refused.toString())
        // What both releases find is one reason, in whatever order they find it.
        await stop(refused)
        expect(await reasons()).toEqual(['said-before', 'coins-spent-by-unknown'])
        await letGo(db, 'looked', 'carla', ({ reason }) => reason === 'coins-spent-by-unknown')
        expect(await textOf(db)).toBe(refused.toString())
      })

      test.each([
        ['nothing', ''],
        ['quotes', `a "quoted" \\ 'word' % _ \t ]}`],
        ['what no index holds', Array.from({ length: 4000 }, (_, place) => place).join(' ')],
      ])('an older release’s stop is obeyed where it says %s', async (_, words) => {
        await older.stop(db, words)
        expect([await payoutsStopped(db), await textOf(db)]).toEqual([words, words])
        await older.stop(db, 'another')
        expect((await payoutsStopped(db))?.startsWith(`another${joint}`)).toBe(true)
        await letGo(db, 'looked', 'carla')
        expect(await textOf(db)).toBeUndefined()
      })

      test('text and rows say the same whoever stops and lets go, in whatever order', async () => {
        const random = seededRandom(41)
        const words = ['lunch', 'pay_1: odd', spent.toString(), refused.toString()]
        const one = <T>(of: readonly T[]) => of[random.between(0, of.length - 1)]!
        for (let step = 0; step < 60; step++) {
          const picked = one(words)
          await one([
            () => older.stop(db, picked),
            () => older.go(db, reason => reason === picked),
            () => stop(one([spent, refused])),
            () => letGo(db, 'looked', 'carla', ({ why }) => why === picked),
            () => letGo(db, 'looked', 'carla', ({ why }) => why !== picked),
          ])()
          const rows = (await holdsOf(db)).map(({ why }) => why)
          expect(new Set(rows).size).toBe(rows.length)
          expect((await textOf(db))?.split(joint).toSorted() ?? []).toEqual(rows.toSorted())
        }
      })

      test('stops that come at once all stay', async () => {
        const said = (of: string) => because('said', { said: of })
        await Promise.all([
          ...['a', 'b', 'c', 'a'].map(of => stop(said(of))),
          ...['a', 'd'].map(of => db.tx(tx => stopPayouts(tx, said(of)))),
        ])
        expect((await payoutsStopped(db))!.split(joint).toSorted()).toEqual(['a', 'b', 'c', 'd'])
        expect(await textOf(db)).toBe(await payoutsStopped(db))
      })

      test.each([
        ['an older release', 'settings', 'others', refused],
        ['this one', 'holds', 'others', refused],
        ['an older release', 'settings', 'the same', spent],
        ['this one', 'holds', 'the same', spent],
      ])('a stop that comes while %s lets go (%s, of %s) stays', async (_, table, __, why) => {
        await stop(spent)
        const gone = sql`delete from ${{ texts: [table], values: [] }}`
        let coming: Promise<void> | undefined
        await db.tx(async tx => {
          await tx.one(sql`select value from settings where name = 'hold' ${forUpdate}`)
          coming = stop(why)
          if (postgres) await until(isAnyBlocked, 'the stop waits')
          await tx.run(table === 'holds' ? gone : sql`${gone} where name = 'hold'`)
        }, 'locks')
        await coming
        expect([await payoutsStopped(db), await textOf(db)]).toEqual([why.toString(), why.toString()])
      })

      test('a stop that an older release did not see stays beside its own', async () => {
        await stop(spent)
        // It found none to add to, and writes over one that came meanwhile.
        await db.tx(tx => tx.run(sql`update settings set value = 'lunch' where name = 'hold'`))
        expect(await reasons()).toEqual(['said-before', 'coins-spent-by-unknown'])
        expect(await textOf(db)).toBe(await payoutsStopped(db))
      })
    },
  )
})
