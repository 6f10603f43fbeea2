/** One suite judges both databases: what the store promises holds on SQLite and on PostgreSQL alike. */
import { because } from '../src/base/reasons.ts'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { seededRandom, systemClock } from '../src/base/clock.ts'
import { silentLog } from '../src/base/log.ts'
import type { Machine } from '../src/base/machine.ts'
import { coinMachine } from '../src/chain/chain.ts'
import { invoiceMachine, refundMachine, requestMachine, twinMachine } from '../src/invoice/invoice.ts'
import { externalRuleMachine } from '../src/reconcile/reconcile.ts'
import { scheduleMachine, slotMachine } from '../src/schedule/schedule.ts'
import { audit, post, proposalMachine, strangerMachine } from '../src/ledger/ledger.ts'
import { brl } from '../src/base/money.ts'
import { mailMachine } from '../src/mail/mail.ts'
import {
  accountMachine,
  attemptMachine,
  bundleMachine,
  candidateMachine,
  payoutMachine,
} from '../src/payout/payout.ts'
import { orderMachine, productMachine } from '../src/shop/shop.ts'
import { userMachine } from '../src/people/people.ts'
import { migrate, migrations, pending } from '../src/db/migrate.ts'
import { forUpdate, history, openDb, skipLocked, sql, type Db } from '../src/db/db.ts'
import { inboxMachine } from '../src/webhooks/webhooks.ts'
import { postgresAvailable, startPostgres, type Postgres } from './testbed/postgres.ts'
import { accounts } from '../src/payout/tables.ts'
import { slots } from '../src/schedule/slots.ts'

const world = { clock: systemClock, random: seededRandom(1), log: silentLog, at: () => undefined }

describe.each([
  { engine: 'sqlite', there: true },
  { engine: 'postgres', there: postgresAvailable() },
])('$engine', ({ engine, there }) => {
  describe.skipIf(!there)(there ? 'keeps its promises' : 'is not to be had on this machine', () => {
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
      await db?.close()
      db = await openDb(server ? await server.freshDatabase() : 'sqlite::memory:', world)
      await migrate(db, systemClock)
    })

    const put = (name: string, value: string) =>
      db.tx(tx => tx.run(sql`insert into cursors (name, value) values (${name}, ${value})`))
    const account = (id: string) =>
      db.tx(tx =>
        tx.run(sql`insert into accounts (id, store_id, name, kind, holder, tax_id, bank, branch, number, type,
          state, added_by, added_at, changed_at)
          values (${id}, 'sto_default', ${id}, 'bank', 'h', 't', 'b', 'b', 'n', 'payment', 'awaiting',
            'maker', '', '')`),
      )

    test('migrates once, and refuses a database that a newer version made [security 18]', async () => {
      expect(await migrate(db, systemClock)).toEqual([])
      await db.tx(tx =>
        tx.run(sql`insert into migrations (name, digest, applied_at) values ('9999-future.sql', '', '')`),
      )
      await expect(pending(db)).rejects.toThrow(
        /9999-future.sql, which this version of repasse does not know/,
      )
      await expect(migrate(db, systemClock)).rejects.toThrow(/9999-future.sql/)
    })

    test('a migration that fails half-way leaves nothing of itself, and the database goes on', async () => {
      const script = (name: string, text: string) => ({ name, text, digest: name })
      const known = [
        ...migrations(),
        script('9001-good.sql', 'create table good (a text)'),
        script(
          '9002-bad.sql',
          `create table bad (a text); insert into good values ('half done'); insert into bad values (1, 2)`,
        ),
      ]
      await expect(migrate(db, systemClock, known)).rejects.toThrow()
      expect((await pending(db, known)).map(({ name }) => name)).toEqual(['9002-bad.sql'])
      expect(await db.all(sql`select * from good`)).toEqual([])
      await expect(db.all(sql`select * from bad`)).rejects.toThrow(/bad/)

      // More often than there are connections: none of them is left in the middle of a transaction.
      for (let times = 0; times < 12; times++) await expect(migrate(db, systemClock, known)).rejects.toThrow()
      await put('after', 'all')
      known.splice(-1, 1, script('9002-bad.sql', 'create table bad (a text)'))
      expect(await migrate(db, systemClock, known)).toEqual(['9002-bad.sql'])
    })

    test('four processes that bring up one empty database at once do it once', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'repasse-store-'))
      const url = server ? await server.freshDatabase() : `sqlite:${join(folder, 'new.db')}`
      const stores = await Promise.all([1, 2, 3, 4].map(() => openDb(url, world)))
      const applied = await Promise.all(stores.map(each => migrate(each, systemClock)))
      expect(applied.flat().sort()).toEqual(migrations().map(({ name }) => name))
      for (const each of stores) {
        expect(await pending(each)).toEqual([])
        await each.close()
      }
      rmSync(folder, { recursive: true })
    })

    test('a transaction that throws leaves nothing', async () => {
      await expect(
        db.tx(async tx => {
          await tx.run(sql`insert into cursors (name, value) values ('a', 'b')`)
          throw new Error('a surprise')
        }),
      ).rejects.toThrow('a surprise')
      expect(await db.all(sql`select * from cursors`)).toEqual([])
    })

    test('whole numbers come back as bigint and bytes as bytes, to the last digit', async () => {
      const units = 9_223_372_036_854_775_807n
      const raw = Uint8Array.from({ length: 256 }, (_, index) => index)
      const row = await db.tx(async tx => {
        await tx.run(
          sql`insert into leases (name, holder, lease_until, fence) values ('a', 'b', '', ${units})`,
        )
        await tx.run(
          sql`insert into inbox (rail, event_id, raw, via, received_at, state, next_at, changed_at)
            values ('r', 'e', ${raw}, 'push', '', 'new', '', '')`,
        )
        return tx.one<{ fence: bigint; raw: Uint8Array }>(
          sql`select fence, rail, event_id, raw from leases, inbox`,
        )
      })
      expect(row!.fence).toBe(units)
      expect(Buffer.from(row!.raw).equals(Buffer.from(raw))).toBe(true)
    })

    test('a unique key makes the second arrival an ordinary answer', async () => {
      const once = () =>
        db.tx(tx =>
          tx.run(sql`insert into cursors (name, value) values ('a', 'b') on conflict (name) do nothing`),
        )
      expect([await once(), await once()]).toEqual([1, 0])
    })

    test('a value never becomes text [security 12 injection]', async () => {
      const nasty = `'; drop table cursors; --`
      await put('nasty', nasty)
      expect(await db.one(sql`select value from cursors where value = ${nasty}`)).toEqual({ value: nasty })
    })

    test('amounts are whole numbers in every table [security 12]', async () => {
      const columns = await db.all<{ name: string; type: string }>(
        engine === 'sqlite'
          ? sql`select m.name || '.' || c.name as name, lower(c.type) as type
            from sqlite_schema m, pragma_table_info(m.name) c
              where m.type = 'table' and (c.name like '%units' or c.name like '%units_%'
                or c.name like '%_bp')`
          : sql`select table_name || '.' || column_name as name, data_type as type
            from information_schema.columns
              where table_schema = current_schema() and (column_name like '%units'
                or column_name like '%units\\_%' or column_name like '%\\_bp')`,
      )
      expect(columns.length).toBeGreaterThan(20)
      expect(columns.filter(({ type }) => type !== 'integer' && type !== 'bigint')).toEqual([])
      // What is not strict keeps a text where a number belongs.
      if (engine === 'sqlite')
        expect(
          await db.all(
            sql`select name from pragma_table_list where schema = 'main' and strict = 0
              and name not in ('migrations', 'sqlite_schema', 'sqlite_sequence')`,
          ),
        ).toEqual([])
    })

    test('of two moves from one state the second answers false, and one line of history is kept', async () => {
      await account('acc_1')
      const approve = (by: string) =>
        db.tx(tx =>
          accounts.move(
            tx,
            { id: 'acc_1', state: 'awaiting' },
            'approved',
            { why: because('said', { said: by }) },
            [sql`approved_by = ${by}`],
          ),
        )
      expect([await approve('checker'), await approve('another')]).toEqual([true, false])
      expect(
        (await history(db, 'acc_1')).map(({ from_state, to_state, why }) => [from_state, to_state, why]),
      ).toEqual([['awaiting', 'approved', 'checker']])
      await expect(
        db.tx(tx =>
          accounts.move(tx, { id: 'acc_1', state: 'approved' }, 'awaiting' as never, {
            why: because('said', { said: '' }),
          }),
        ),
      ).rejects.toThrow('no arrow')
    })

    test('a retry is one line of history with a count and the last reason, until something else happens', async () => {
      const step = (
        from: keyof typeof slotMachine,
        to: keyof typeof slotMachine,
        why: string,
        again: boolean,
      ) =>
        db.tx(tx =>
          slots.move(tx, { id: 'slo_1', state: from }, to, {
            why: because('said', { said: why }),
            ...(again && { again: true }),
          }),
        )
      await account('acc_1')
      await db.tx(async tx => {
        await tx.run(sql`
          insert into schedules (id, store_id, name, version, rail, cron, time_zone, count_low, count_high,
            units_low, units_high, due_in_ms, account_id,
            commission_bp, min_payout_units, catch_up, state, materialised_until, added_by, added_at,
              changed_at)
          values ('sch_1', 'sto_default', 's', 1, 'starkbank', '* * * * *', 'UTC', 1, 1, 1, 1, 1, 'acc_1', 0,
            0, 'all', 'active', '', 'm', '', '')`)
        await tx.run(sql`
          insert into slots (id, schedule_id, schedule_version, due_at, cause, state, next_at, changed_at)
          values ('slo_1', 'sch_1', 1, '', 'cron', 'due', '', '')`)
      })
      for (let time = 1; time <= 5; time++) {
        await step('due', 'running', 'claimed', true)
        await step('running', 'due', `failed for reason ${time}`, true)
      }
      const lines = async () =>
        (await history(db, 'slo_1')).map(({ from_state: from, to_state: to, why, times, last_why: last }) => [
          from,
          to,
          why,
          times,
          last,
        ])
      const retried = [
        ['due', 'running', 'claimed', 5n, 'claimed'],
        ['running', 'due', 'failed for reason 1', 5n, 'failed for reason 5'],
      ]
      expect(await lines()).toEqual(retried)

      // What a person did stands between: what comes after it is a story of its own.
      await step('due', 'missed', 'a person gave it up', false)
      await step('missed', 'due', 'and thought better of it', false)
      await step('due', 'running', 'claimed', true)
      expect(await lines()).toEqual([
        ...retried,
        ['due', 'missed', 'a person gave it up', null, null],
        ['missed', 'due', 'and thought better of it', null, null],
        ['due', 'running', 'claimed', null, null],
      ])
    })

    test('the database itself refuses an account approved by who added it [security 3]', async () => {
      await account('acc_1')
      await expect(
        db.tx(tx => tx.run(sql`update accounts set state = 'approved', approved_by = ' Maker'`)),
      ).rejects.toThrow(/check/i)
    })

    test('ledger, history and audit log can be neither changed nor deleted [security 12]', async () => {
      await account('acc_1')
      await db.tx(async tx => {
        await post(tx, world, { movement: 'commission', source: 'x', amount: brl(1n), memo: '' })
        await audit(tx, { actor: 'a', act: 'b', subject: 'c', detail: {} })
        await accounts.move(tx, { id: 'acc_1', state: 'awaiting' }, 'closed', {
          why: because('said', { said: '' }),
        })
      })
      const writes = [
        ...[
          sql`update ledger_transactions set memo = 'x'`,
          sql`delete from ledger_transactions`,
          sql`update ledger_entries set units = 2`,
        ],
        ...[
          sql`delete from ledger_entries`,
          sql`update transitions set why = 'x'`,
          sql`delete from transitions`,
        ],
        ...[sql`update audit set actor = 'x'`, sql`delete from audit`],
      ]
      for (const write of writes) await expect(db.tx(tx => tx.run(write))).rejects.toThrow(/append-only/)
    })

    test('twenty at once that read, add one and write lose none', async () => {
      await put('count', '0')
      const addOne = () =>
        db.tx(async tx => {
          const row = await tx.one<{ value: string }>(
            sql`select value from cursors where name = 'count' ${forUpdate}`,
          )
          await tx.run(
            sql`update cursors set value = ${(BigInt(row!.value) + 1n).toString()} where name = 'count'`,
          )
        })
      await Promise.all(Array.from({ length: 20 }, addOne))
      expect(await db.one(sql`select value from cursors`)).toEqual({ value: '20' })
    })

    test('two claims at once take different rows', async () => {
      for (const name of ['a', 'b']) await put(name, 'due')
      const claim = () =>
        db.tx(async tx => {
          const row = await tx.one<{ name: string }>(
            sql`select name from cursors where value = 'due' order by name limit 1 ${skipLocked}`,
          )
          if (row) await tx.run(sql`update cursors set value = 'taken' where name = ${row.name}`)
          return row?.name
        }, 'locks')
      const taken = await Promise.all([claim(), claim(), claim()])
      expect(taken.filter(name => name !== undefined).sort()).toEqual(['a', 'b'])
    })

    test('twenty acts at once make one unbroken audit chain', async () => {
      await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          db.tx(tx => audit(tx, { actor: 'a', act: 'b', subject: `${index}`, detail: {} })),
        ),
      )
      expect(await db.one(sql`select count(*) as count, max(seq) as last from audit`)).toEqual({
        count: 20n,
        last: 20n,
      })
    })
  })
})

describe('an SQLite file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'repasse-file-'))
  afterAll(() => rmSync(folder, { recursive: true }))

  test('is for its owner alone, and so is what SQLite puts beside it [security A6]', async () => {
    const file = join(folder, 'deep', 'down', 'repasse.db')
    const db = await openDb(`sqlite:${file}`, world)
    await migrate(db, systemClock)
    for (const path of [file, `${file}-wal`, `${file}-shm`])
      expect(statSync(path).mode & 0o777, path).toBe(0o600)
    expect(statSync(join(folder, 'deep')).mode & 0o777).toBe(0o700)
    await db.close()
  })

  test.each(['/proc/x/y.db', '/dev/null/repasse.db', folder])(
    'that cannot be made, like %s, is told with its setting',
    async path => {
      await expect(openDb(`sqlite:${path}`, world)).rejects.toThrow(
        /^DATABASE_URL names .*name a file in a folder/,
      )
    },
  )

  test('that is none is told so, and is left as it was', async () => {
    const file = join(folder, 'letter.txt')
    writeFileSync(file, 'Dear bank, '.repeat(200))
    await expect(openDb(`sqlite:${file}`, world)).rejects.toThrow(
      /letter\.txt, which is not an SQLite database$/,
    )
    expect(readFileSync(file, 'utf8')).toMatch(/^Dear bank/)
  })
})

test.each<[string, Machine]>([
  ['accounts', accountMachine],
  ['schedules', scheduleMachine],
  ['slots', slotMachine],
  // A bank’s invoice and a request on a chain share a table.
  ['invoices', { ...invoiceMachine, ...requestMachine }],
  ['invoice_twins', twinMachine],
  ['invoice_refunds', refundMachine],
  ['payouts', payoutMachine],
  ['attempts', attemptMachine],
  ['inbox', inboxMachine],
  ['coins', coinMachine],
  ['bundles', bundleMachine],
  ['bundle_candidates', candidateMachine],
  ['products', productMachine],
  ['orders', orderMachine],
  ['mails', mailMachine],
  ['users', userMachine],
  ['proposals', proposalMachine],
  ['strangers', strangerMachine],
  ['external_rules', externalRuleMachine],
])('the states the schema allows for %s are its machine’s', (table, machine) => {
  const text = migrations()
    .map(({ text: script }) => script)
    .join('\n')
  // Of a table that was made again the last definition counts.
  const create = [...text.matchAll(new RegExp(`create table ${table}(?:_anew)? \\(([^]*?)\\n\\);`, 'g'))].at(
    -1,
  )![1]!
  const listed = /state text not null check \(state in\s*\(([^)]*)\)/.exec(create)![1]!
  expect(new Set([...listed.matchAll(/'(\w+)'/g)].map(match => match[1]))).toEqual(
    new Set(Object.keys(machine)),
  )
})
