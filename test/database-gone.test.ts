/**
 * PostgreSQL goes away in the middle of a transaction: that one fails, saying so, and the process lives on.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { seededRandom, systemClock } from '../src/base/clock.ts'
import { openDb, sql, DbUnavailable, type Db } from '../src/db/db.ts'
import { postgresAvailable, startPostgres, type Postgres } from './testbed/postgres.ts'
import { until } from './testbed/until.ts'

const here = postgresAvailable()
describe.skipIf(!here)(
  here ? 'a connection that is cut' : 'a connection that is cut (skipped: no PostgreSQL here)',
  () => {
    let postgres: Postgres
    let db: Db
    let other: Client
    beforeAll(async () => {
      postgres = await startPostgres({ durable: false, own: true })
      db = await openDb(await postgres.freshDatabase(), { clock: systemClock, random: seededRandom(1) })
      other = new Client({ connectionString: postgres.url })
      await other.connect()
    })
    afterAll(async () => {
      await db?.close()
      await other?.end()
      await postgres?.stop()
    })
    /** As the server does to each connection when it is stopped or killed. */
    const cut = async () => {
      const others = 'from pg_stat_activity where pid <> pg_backend_pid() and datname <> current_database()'
      await other.query(`select pg_terminate_backend(pid) ${others}`)
      await until(
        async () => (await other.query(`select 1 ${others}`)).rows.length === 0,
        'the connections being gone',
      )
      // The ends of the lines came before this answer; what reads them has had its turn after this one.
      await nextTurn()
    }

    test.each(['serializable', 'locks'] as const)(
      'between two queries of a transaction (%s): it is told as unavailable, once',
      async how => {
        let turns = 0
        const work = db.tx(async tx => {
          turns++
          await tx.all(sql`select 1 as one`)
          await cut()
          return tx.all(sql`select 2 as two`)
        }, how)
        await expect(work).rejects.toBeInstanceOf(DbUnavailable)
        expect(turns).toBe(1)
        expect(await db.all(sql`select 3 as three`)).toEqual([{ three: 3 }])
      },
    )

    test('before the commit: what was written is not there', async () => {
      await db.script('create table marks (mark text not null)')
      const work = db.tx(async tx => {
        await tx.run(sql`insert into marks (mark) values ('lost')`)
        await cut()
      })
      await expect(work).rejects.toBeInstanceOf(DbUnavailable)
      expect(await db.all(sql`select mark from marks`)).toEqual([])
    })

    test('while nobody uses it: the next one gets another', async () => {
      await db.all(sql`select 1 as one`)
      await cut()
      expect(await db.all(sql`select 2 as two`)).toEqual([{ two: 2 }])
    })
  },
)
