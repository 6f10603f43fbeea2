/**
 * Checks of large books on both databases: what is new is checked by itself, in slices; what was found stays
 * found; and everything is checked once a night, beside.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { silentLog } from '../src/base/log.ts'
import {
  checkBooks,
  checkBooksByAndBy,
  checkingBeside,
  reconcile,
  type CheckBeside,
} from '../src/reconcile/reconcile.ts'
import { audit, readMark } from '../src/ledger/ledger.ts'
import { payoutsStopped } from '../src/payout/payout.ts'
import { sql, type Reader, type Sql, type Db, type Tx } from '../src/db/db.ts'
import { postgresAvailable, startPostgres, type Postgres } from './testbed/postgres.ts'
import { openTestInstallation, type TestInstallation } from './testbed/testInstallation.ts'

const second = 1_000
const minute = 60 * second
const hour = 60 * minute

describe.each(['SQLite', 'PostgreSQL'])('on %s', engine => {
  describe.skipIf(engine === 'PostgreSQL' && !postgresAvailable())(
    'with a server where one is needed',
    () => {
      let postgres: Postgres | undefined
      let folder: string
      let url: string
      let installation: TestInstallation

      beforeAll(
        async () =>
          void (postgres = engine === 'PostgreSQL' ? await startPostgres({ durable: false }) : undefined),
      )
      afterAll(() => postgres?.stop())
      beforeEach(async () => {
        folder = mkdtempSync(join(tmpdir(), 'repasse-checks-'))
        url = postgres ? await postgres.migratedDatabase() : `sqlite:${join(folder, 'books.db')}`
        installation = await openTestInstallation({ databaseUrl: url })
        installation.bank.pay(installation.atBank.id)
        installation.pass(5 * second)
        await installation.hear(installation.event('invoice.credited'))
      })
      afterEach(async () => {
        await installation.close()
        rmSync(folder, { recursive: true, force: true })
      })

      const world = () => ({ ...installation.app.world, log: silentLog })
      /** What the job does; `asked` is told of each statement. */
      function check(asked: (text: string) => void = () => undefined, beside?: CheckBeside) {
        const noted = (reader: Reader): Reader => ({
          store: reader.store,
          all: statement => (asked(statement.texts.join('?')), reader.all(statement)),
          one: statement => (asked(statement.texts.join('?')), reader.one(statement)),
        })
        return checkBooksByAndBy({ ...installation.db, ...noted(installation.db) }, world(), beside)
      }
      /** Past every trigger, as whoever has the database can. */
      const falsify = (change: string) =>
        installation.db.script(
          engine === 'SQLite'
            ? `drop trigger if exists ledger_entries_kept; drop trigger if exists ledger_entries_stay; drop trigger if exists audit_kept; ${change}`
            : `alter table ledger_entries disable trigger user; alter table audit disable trigger user; ${change}`,
        )
      const cent = (by: string) =>
        `update ledger_entries set units = units ${by} where line = 1 and transaction_id = (select min(transaction_id) from ledger_entries)`
      const stopped = () => payoutsStopped(installation.db)
      /** So long that nothing of what was done is new any more. */
      async function grow(): Promise<void> {
        installation.pass(10 * minute)
        await check()
        installation.pass(10 * minute)
        await check()
      }

      test('the first check is of everything, and those after it read what is new alone [security 13]', async () => {
        const everything: string[] = []
        await check(text => everything.push(text))
        expect(
          everything
            .filter(text => text.includes('group by t.id having'))
            .every(text => !text.includes('in (?')),
        ).toBe(true)
        const mark = await readMark(installation.db)
        expect(mark).toMatchObject({ wholeAt: expect.any(String) })

        await grow()
        const asked: string[] = []
        expect(await check(text => asked.push(text))).toEqual([])
        // Nothing is new, so neither the ledger nor any invoice is read.
        expect(asked.filter(text => /having|from payouts p where/.test(text))).toEqual([])
      })

      test('a posting of today that somebody falsifies is found at the next check', async () => {
        await check()
        installation.pass(minute)
        await installation.send()
        await falsify(cent('+ 1'))
        installation.pass(minute)
        expect(await check()).toEqual(expect.arrayContaining([expect.stringMatching(/^sums to zero/)]))
        expect(await stopped()).toMatch(/sums to zero/)
      })

      test('an old row that somebody edits is found at night, stays found, and is let go of when it is mended', async () => {
        await check()
        await grow()
        await falsify(cent('+ 1'))
        expect(await check()).toEqual([])
        installation.pass(24 * hour)
        expect(await check()).toEqual(expect.arrayContaining([expect.stringMatching(/^sums to zero/)]))
        installation.pass(5 * minute)
        // It is not new, and nothing else is checked; but what was found is looked at again.
        expect(await check()).toEqual(expect.arrayContaining([expect.stringMatching(/^sums to zero/)]))
        expect(await stopped()).toMatch(/sums to zero/)
        await falsify(cent('- 1'))
        installation.pass(5 * minute)
        expect(await check()).toEqual([])
        expect(await stopped()).toBeUndefined()
      })

      test('`ledger check` is always of everything', async () => {
        await check()
        await grow()
        await falsify(cent('+ 1'))
        expect(await checkBooks(installation.db, world())).not.toEqual([])
      })

      test('an act that somebody rewrites is found: a new one at the next check, an old one at night [security 13]', async () => {
        const act = (subject: string) =>
          installation.db.tx(tx => audit(tx, { actor: 'ana', act: 'looked', subject, detail: {} }))
        await act('old')
        await check()
        await act('new')
        await falsify(`update audit set actor = 'somebody' where subject = 'new'`)
        installation.pass(5 * minute)
        expect(await check()).toEqual([expect.stringMatching(/^audit chain: .* was changed$/)])
        await falsify(`update audit set actor = 'ana' where subject = 'new'`)
        installation.pass(5 * minute)
        expect(await check()).toEqual([])
        await falsify(`update audit set actor = 'somebody' where subject = 'old'`)
        installation.pass(5 * minute)
        expect(await check()).toEqual([])
        installation.pass(24 * hour)
        expect(await check()).toEqual([expect.stringMatching(/^audit chain: .* was changed$/)])
      })

      test('a state that contradicts the books is found though nothing was posted with it', async () => {
        await check()
        await grow()
        await installation.db.tx(async tx => {
          await tx.run(sql`update payouts set state = 'paid'`)
          await tx.run(sql`
          insert into transitions (subject, about, from_state, to_state, at, why)
            select id, 'payouts', 'owed', 'paid', ${await tx.now()}, 'by hand' from payouts`)
        })
        expect(await check()).toEqual([
          expect.stringMatching(/^states and books: pay_\w+ is paid with 0 live/),
        ])
      })

      const misdirect = (to: string) =>
        installation.db.script(
          `drop trigger if exists attempts_destination_kept${engine === 'SQLite' ? '' : ' on attempts'}; update attempts set destination = ${to}`,
        )
      const wentElsewhere = [expect.stringMatching(/^approvals: order pay_\w+-1 was to go elsewhere/)]

      test('an order under way whose destination somebody edits is found at the next check; one that ended, at night, and stays found', async () => {
        await installation.send()
        await check()
        await grow()
        await misdirect("'x' || destination")
        expect(await check()).toEqual(wentElsewhere)
        await misdirect('substr(destination, 2)')
        installation.pass(5 * minute)
        expect(await check()).toEqual([])

        await installation.hear(installation.event('transfer.success'))
        await grow()
        await misdirect("'x' || destination")
        expect(await check()).toEqual([])
        installation.pass(24 * hour)
        expect(await check()).toEqual(wentElsewhere)
        installation.pass(5 * minute)
        expect(await check()).toEqual(wentElsewhere)
        await misdirect('substr(destination, 2)')
        installation.pass(5 * minute)
        expect([await check(), await stopped()]).toEqual([[], undefined])
      })

      test('an order that was made and ended since the last check is looked at by the next', async () => {
        await check()
        await installation.send()
        installation.pass(20 * second)
        await installation.hear(installation.event('transfer.success'))
        await misdirect("'x' || destination")
        installation.pass(5 * minute)
        expect(await check()).toEqual(wentElsewhere)
      })

      test.runIf(engine === 'SQLite')(
        'however many orders ended, none of them is read again every five minutes',
        async () => {
          await check()
          await installation.send()
          const asked: Sql[] = []
          await checkBooksByAndBy(
            { ...installation.db, all: statement => (asked.push(statement), installation.db.all(statement)) },
            world(),
          )
          const ofOrders = asked.filter(({ texts }) => texts.join('?').includes('a.destination is not null'))
          expect(ofOrders).toHaveLength(4)
          for (const { texts, values } of ofOrders) {
            const plan = await installation.db.all<{ detail: string }>({
              texts: [`explain query plan ${texts[0]}`, ...texts.slice(1)],
              values,
            })
            // An index that holds those under way alone, or the orders by their ids.
            const read = plan
              .map(({ detail }) => detail)
              .filter(detail => /^(SCAN|SEARCH) [apo]\b/.test(detail))
            expect(read[0]).toMatch(
              /^SEARCH a USING INDEX (attempts_under_way|sqlite_autoindex_attempts_1) \(/,
            )
            expect(read.slice(1)).toEqual([expect.stringMatching(/^SEARCH [po] USING INDEX/)])
          }
        },
      )

      test.runIf(engine === 'SQLite')(
        'nor when the bank is reconciled, though none of them has a bundle',
        async () => {
          const asked: Sql[] = []
          const tx: Db['tx'] = (work, how) =>
            installation.db.tx(inside => {
              const all: Tx['all'] = statement => (asked.push(statement), inside.all(statement))
              return work(Object.assign(Object.create(inside) as Tx, { all }))
            }, how)
          await reconcile({ ...installation.db, tx }, installation.app.rails.starkbank!, world())
          const [{ texts, values } = sql``] = asked.filter(each =>
            each.texts.join('?').includes('bundle_id is null and state in'),
          )
          const plan = await installation.db.all<{ detail: string }>({
            texts: [`explain query plan ${texts[0]}`, ...texts.slice(1)],
            values,
          })
          expect(plan.map(({ detail }) => detail)).toEqual([
            expect.stringMatching(/^SEARCH attempts USING INDEX attempts_under_way \(/),
          ])
        },
      )

      test('a clock that was set back leaves nothing unchecked', async () => {
        installation.pass(3 * hour)
        await check()
        // The mark of that check lies three hours ahead of the clock of the next.
        const earlier = { ...installation.app.world.clock, now: () => installation.clock.now() - 3 * hour }
        await falsify(`insert into ledger_transactions (id, movement, source, at, memo) values ('txn_bad', 'external in', 'x', '${new Date(earlier.now()).toISOString()}', '');
        insert into ledger_entries (transaction_id, line, account, asset, units) values ('txn_bad', 1, 'bank', 'BRL', 5)`)
        expect(await checkBooksByAndBy(installation.db, { ...world(), clock: earlier })).toEqual([
          expect.stringContaining('txn_bad'),
        ])
      })

      test('many changes are checked two hundred at a time, and others have their turn between them', async () => {
        await check()
        const many = 1_000
        const numbers =
          engine === 'SQLite'
            ? `(with recursive r (n) as (select 1 union all select n + 1 from r where n < ${many}) select n from r)`
            : `generate_series(1, ${many})`
        const at = new Date(installation.clock.now()).toISOString()
        await installation.db.script(
          `
        insert into ledger_transactions (id, movement, source, at, memo) select 'txn_' || n, 'external in', '' || n, '${at}', '' from ${numbers} as r (n);
        insert into ledger_entries (transaction_id, line, account, asset, units) select 'txn_' || n, 1, 'bank', 'BRL', 5 from ${numbers} as r (n);
        insert into ledger_entries (transaction_id, line, account, asset, units) select 'txn_' || n, 2, 'external', 'BRL', -5 from ${numbers} as r (n)`.replaceAll(
            'as r (n)',
            engine === 'SQLite' ? '' : 'as r (n)',
          ),
        )
        const slices: number[] = []
        const all: string[] = []
        expect(
          await check(text => {
            all.push(text)
            if (text.includes('group by t.id having')) slices.push(text.split('?').length - 1)
          }),
        ).toEqual([])
        expect(slices.length).toBeGreaterThanOrEqual(many / 200)
        // What is left over is asked for by a shorter list: few texts, each prepared once.
        expect(slices.filter(count => count === 200).length).toBeGreaterThanOrEqual(many / 200)
        expect(slices.filter(count => ![8, 40, 200].includes(count))).toEqual([])
      })

      test('at night it is done beside, with a connection that cannot write, and what is found there is proven here', async () => {
        await check()
        await falsify(cent('+ 1'))
        installation.pass(24 * hour)
        const beside = checkingBeside({ databaseUrl: url })!
        expect(await check(undefined, beside.check)).toEqual(
          expect.arrayContaining([expect.stringMatching(/^sums to zero/)]),
        )
        expect(await stopped()).toMatch(/sums to zero/)
        expect((await readMark(installation.db))!.wholeAt).toBe(
          new Date(installation.clock.now()).toISOString(),
        )
      })

      test('a check that is ended before it is done has checked nothing', async () => {
        await check()
        const before = await readMark(installation.db)
        installation.pass(24 * hour)
        const beside = checkingBeside({ databaseUrl: url })!
        const checking = check(undefined, beside.check)
        beside.close()
        const found = await checking
        if (found === undefined) expect(await readMark(installation.db)).toEqual(before)
        expect(await check()).toEqual([])
      })
    },
  )
})
