/**
 * A database that an older version has worked on is brought up: nothing of its invoices, books and payouts is
 * another, on both engines.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock, systemRandom } from '../src/base/clock.ts'
import { because, Reason, told } from '../src/base/reasons.ts'
import { migrate, migrations } from '../src/db/migrate.ts'
import { openDb, sql, type Row, type Db } from '../src/db/db.ts'
import { payoutsStopped } from '../src/payout/payout.ts'
import { postgresAvailable, startPostgres, type Postgres } from './testbed/postgres.ts'

const clock = systemClock
const before = migrations().filter(({ name }) => name < '0003')

/** One invoice of each rail with its slot, its postings, its payout, its address and its coin. */
const older = `
insert into accounts (id, store_id, name, kind, holder, tax_id, bank, branch, number, type, state, added_by, added_at, changed_at)
  values ('acc_1', 'sto_default', 'main', 'bank', 'h', 't', 'b', 'b', 'n', 'payment', 'awaiting', 'maker', '', '');
insert into schedules (id, store_id, name, version, rail, cron, time_zone, count_low, count_high, units_low, units_high, due_in_ms, account_id,
    commission_bp, min_payout_units, catch_up, state, materialised_until, added_by, added_at, changed_at)
  values ('sch_1', 'sto_default', 'one', 1, 'starkbank', '@daily', 'UTC', 2, 2, 1, 1, 1, 'acc_1', 0, 0, 'all', 'paused', '', 'maker', '', '');
insert into slots (id, schedule_id, schedule_version, due_at, cause, state, next_at, changed_at) values ('slo_1', 'sch_1', 1, '', 'manual', 'done', '', '');
insert into invoices (id, store_id, slot_id, ordinal, rail, asset, units, payer_name, payer_tax_id, description, due_at, account_id, commission_bp,
    min_payout_units, state, batch_tag, provider_id, paid_units, fee_units, brcode, link, added_at, changed_at)
  values ('inv_1', 'sto_default', 'slo_1', 0, 'starkbank', 'BRL', 10000, 'Ana', 't', 'd', '2026', 'acc_1', 150, 7, 'credited', 'slo_1', '5166', 10000, 50,
    '0002', 'https://bank', '2026-01', '2026-02');
insert into invoices (id, store_id, slot_id, ordinal, rail, asset, units, payer_name, payer_tax_id, description, due_at, account_id, commission_bp,
    min_payout_units, state, batch_tag, provider_id, added_at, changed_at, quote_units, rate_units, rate_at, rate_sources, address_index,
    confirmations, watch_until, late_by)
  values ('inv_2', 'sto_default', 'slo_1', 1, 'bitcoin', 'BTC', 6650, 'Bia', 't', 'd', '2026', 'acc_1', 0, 0, 'late', 'slo_1', 'bcrt1q', '2026-01',
    '2026-02', 3990, 60000000, '2026-01', 'one, two', 4, 3, '2026-03', 'maria');
insert into payouts (id, store_id, invoice_id, rule, account_id, asset, units, withheld_units, state, next_at, added_at, changed_at)
  values ('pay_1', 'sto_default', 'inv_1', 'all', 'acc_1', 'BRL', 9800, 0, 'owed', '', '', '');
insert into ledger_transactions (id, movement, source, at, memo) values ('txn_1', 'invoice credited', 'inv_1', '', '');
insert into ledger_entries (transaction_id, line, account, asset, units, invoice_id)
  values ('txn_1', 0, 'bank', 'BRL', 10000, 'inv_1'), ('txn_1', 1, 'payable', 'BRL', -10000, 'inv_1');
insert into coins (id, txid, units, branch, number, invoice_id, state, first_seen_at, changed_at)
  values ('aa:0', 'aa', 6650, 'receive', 4, 'inv_2', 'seen', '', '');`

const id = (prefix: string) => `${prefix}_${'01kav5j2zq7x8c9d0e1f2g3h4j'}`
const [txid, at] = ['ab'.repeat(32), '2026-11-03T10:00:00.000Z']
const wrong = (why: Reason) => because('payout-wrong', { payout: id('pay'), because: told(why) })
const order = `${id('pay')}-2`
/** Everything that an older release stopped payouts for, the newest first, and words that nobody knows. */
const stops: readonly (Reason | string)[] = [
  because('restored-from', { file: '/data/a at b "c".db', at }),
  'somebody else’s words: 10 % "off"\\n',
  because('restored-in-place', { at }),
  wrong(because('several-paid', { count: 2 })),
  wrong(because('transfer-differs', { transfer: '4966' })),
  wrong(because('given-up-as', { order, state: 'failed' })),
  wrong(because('paid-after-given-up', { order, state: 'refunded' })),
  because('settlement-mined-and-ordered', { payout: id('pay'), txid, state: 'unsure' }),
  because('passed-on-left-chain', {
    invoice: id('inv'),
    coin: `${txid}:12`,
    payout: id('pay'),
    state: 'ordered',
  }),
  because('given-up-but-mined', { bundle: id('bun'), txid }),
  because('node-refuses-ours', { bundle: id('bun'), txid, said: 'a "mandatory" \\ flag: \t no' }),
  because('coins-spent-by-unknown', { txid }),
  because('coins-spent-by-unknown', { txid, restoredAt: at }),
  because('stopped-by-person', { by: 'ana', said: 'ana: the bank looks “odd”' }),
]
const stopText = stops.join(' · before that: ')

describe.each([
  { engine: 'sqlite', there: true },
  { engine: 'postgres', there: postgresAvailable() },
])('$engine', ({ engine, there }) => {
  describe.skipIf(!there)(there ? 'brought up' : 'is not to be had on this machine', () => {
    let server: Postgres | undefined
    const stores: Db[] = []
    beforeAll(async () => {
      if (engine === 'postgres') server = await startPostgres({ durable: false })
    })
    afterAll(async () => {
      for (const db of stores) await db.close()
      await server?.stop()
    })
    const open = async () => {
      const db = await openDb(server ? await server.freshDatabase() : 'sqlite::memory:', {
        clock,
        random: systemRandom,
      })
      stores.push(db)
      return db
    }
    const tables = ['invoices', 'payouts', 'ledger_entries', 'coins', 'slots'] as const
    const all = async (db: Db): Promise<Row[][]> => {
      const rows: Row[][] = []
      for (const table of tables)
        rows.push(await db.all(sql`select * from ${{ texts: [table], values: [] }} order by 1, 2`))
      return rows
    }
    const indexes = (db: Db) =>
      db.all<{ name: string }>(
        engine === 'sqlite'
          ? sql`select name from sqlite_master where type = 'index' and tbl_name = 'invoices'
            and sql is not null order by name`
          : sql`select indexname as name from pg_indexes where tablename = 'invoices' order by indexname`,
      )

    test('sentences that always were the same have their codes, and history stays append-only', async () => {
      const db = await open()
      await migrate(
        db,
        clock,
        migrations().filter(({ name }) => name < '0040'),
      )
      await db.script(`${older}
        update payouts set why = 'the approval of account main was said and not proven: a checker signs it';
        insert into transitions (subject, about, from_state, to_state, at, why) values ('pay_1', 'payouts', '', 'owed', '', 'credited');
        insert into transitions (subject, about, from_state, to_state, at, why) values ('pay_1', 'payouts', 'owed', 'held', '', 'ana: a doubt');
        insert into inbox (rail, event_id, raw, via, received_at, state, why, next_at, changed_at)
          values ('starkbank', 'log-1', ${server ? "'\\x00'" : "x'00'"}, 'push', '', 'ignored', 'of another workspace (77)', '', '')`)
      const audited = (seq: number, act: string, actor: string, why: string) => sql`
        insert into audit (seq, at, actor, act, subject, detail, previous, hash)
          values (${seq}, ${`2026-11-0${seq}`}, ${actor}, ${act}, 'payouts', ${JSON.stringify({ why })}, '', ${act})`
      await db.tx(async tx => {
        await tx.run(sql`insert into settings (name, value) values ('hold', ${stopText})`)
        await tx.run(audited(1, 'payouts stopped', 'ana', String(stops.at(-1))))
        await tx.run(audited(2, 'restored', 'root', stopText))
      })
      await migrate(db, clock)
      expect(
        await db.all(sql`
          select why, reason, detail from transitions union all select why, reason, detail from payouts
          union all select why, reason, detail from inbox order by why`),
      ).toEqual([
        { why: 'ana: a doubt', reason: null, detail: null },
        { why: 'credited', reason: 'credited', detail: null },
        { why: 'of another workspace (77)', reason: 'of-other-workspace', detail: '{"workspace":"77"}' },
        {
          why: 'the approval of account main was said and not proven: a checker signs it',
          reason: 'account-only-said',
          detail: '{"account":"main"}',
        },
      ])
      await expect(db.tx(tx => tx.run(sql`update transitions set why = 'x'`))).rejects.toThrow('append-only')
      expect(
        await db.all(sql`select reason, detail, why, held_by, since from holds order by seq desc`),
      ).toEqual(
        stops.map(why => ({
          ...(why instanceof Reason
            ? { reason: why.code, detail: JSON.stringify(why.detail), why: why.toString() }
            : { reason: 'said-before', detail: JSON.stringify({ said: why }), why }),
          ...{ held_by: null, since: null },
          ...(why === stops[0] && { held_by: 'root', since: '2026-11-02' }),
          ...(why === stops.at(-1) && { held_by: 'ana', since: '2026-11-01' }),
        })),
      )
      expect(await payoutsStopped(db)).toBe(stopText)
    })

    test('whom a transaction of somebody else pays is as it was noted, by an older version too', async () => {
      const db = await open()
      await migrate(
        db,
        clock,
        migrations().filter(({ name }) => name < '0038'),
      )
      await db.script(`
        insert into cursors (name, value) values ('foreign aa', '{"at":"2026-11-01T10:00:00.000Z","scripts":["51","52","51"],"units":["546","7","9000000000"]}');
        insert into cursors (name, value) values ('foreign bb', '{"at":"2026-10-01T10:00:00.000Z","scripts":["53"]}');
        insert into cursors (name, value) values ('chain trouble', 'the node does not answer')`)
      await migrate(db, clock)
      expect(await db.all(sql`select txid, added_at from foreign_transactions order by txid`)).toEqual([
        { txid: 'aa', added_at: '2026-11-01T10:00:00.000Z' },
        { txid: 'bb', added_at: '2026-10-01T10:00:00.000Z' },
      ])
      expect(
        await db.all(sql`select txid, script, units from foreign_outputs order by txid, script`),
      ).toEqual([
        { txid: 'aa', script: '51', units: 9_000_000_546n },
        { txid: 'aa', script: '52', units: 7n },
        { txid: 'bb', script: '53', units: null },
      ])
      expect(await db.all(sql`select name from cursors`)).toEqual([{ name: 'chain trouble' }])
    })

    test('a payout is of its invoice’s rail, also one that a process of the version before owes', async () => {
      const db = await open()
      await migrate(db, clock, before)
      await db.script(older)
      const owed = (id: string, invoice: string) => `
        insert into payouts (id, store_id, invoice_id, rule, account_id, asset, units, withheld_units, state, next_at, added_at, changed_at)
          values ('${id}', 'sto_default', '${invoice}', '${id}', 'acc_1', 'BTC', 1, 0, 'held', '', '', '');`
      await db.script(owed('pay_2', 'inv_2'))
      await migrate(db, clock)
      await db.script(owed('pay_3', 'inv_1') + owed('pay_4', 'inv_2'))
      expect(await db.all(sql`select id, rail from payouts order by id`)).toEqual([
        { id: 'pay_1', rail: 'starkbank' },
        { id: 'pay_2', rail: 'bitcoin' },
        { id: 'pay_3', rail: 'starkbank' },
        { id: 'pay_4', rail: 'bitcoin' },
      ])
    })

    test('accounts and rules are as they were, of kinds and rails to come too, and each still has its shape', async () => {
      const db = await open()
      await migrate(db, clock, before)
      await db.script(older)
      await migrate(
        db,
        clock,
        migrations().filter(({ name }) => name < '0042'),
      )
      await db.script(`
        insert into accounts (id, store_id, name, kind, holder, state, added_by, added_at, changed_at, approved_by, destination, next_index,
            recover, payable_from)
          values ('acc_2', 'sto_default', 'coins', 'bitcoin', '', 'approved', 'ana', '1', '2', 'bia', 'bcrt1q', 7, 'next-payouts', '3');
        insert into store_rules (store_id, rail, account_id, commission_bp, min_payout_units, changed_by, changed_at)
          values ('sto_default', 'bitcoin', 'acc_2', 10, 20, 'ana', '1')`)
      const rows = async () => [
        await db.all(sql`select * from accounts order by id`),
        await db.all(sql`select * from store_rules`),
      ]
      const was = await rows()
      await migrate(db, clock)
      expect(await rows()).toEqual(was)
      const other = (id: string, kind: string, destination: string) => `
        insert into accounts (id, store_id, name, kind, holder, state, added_by, added_at, changed_at, destination)
          values ('${id}', 'sto_default', '${id}', '${kind}', '', 'awaiting', 'ana', '', '', ${destination});`
      await db.script(other('acc_3', 'drawer', `'the one on the left'`))
      for (const [kind, destination] of [
        ['bank', `'somewhere'`],
        ['drawer', 'null'],
        ['', `'somewhere'`],
      ] as const)
        await expect(db.script(other('acc_4', kind, destination))).rejects.toThrow(/check/i)
      await expect(db.script(`delete from accounts where id = 'acc_2'`)).rejects.toThrow(
        /foreign key|leaves rows/i,
      )
    })

    test('what two people said of a silent reversal stands, as the books have it', async () => {
      const db = await open()
      await migrate(db, clock, before)
      await db.script(older)
      await migrate(
        db,
        clock,
        migrations().filter(({ name }) => name < '0017'),
      )
      await db.script(`
        insert into invoice_reversals (invoice_id, returned_units, logs_seen) values ('inv_1', 6000, 6);
        insert into proposals (id, store_id, act, subject, detail, state, why, made_by, decided_by, added_at, changed_at)
          values ('pro_1', 'sto_default', 'invoice.reversal', 'inv_1', '', 'approved', '', 'ana', 'bruno', '', '')`)
      await migrate(db, clock)
      expect(await db.all(sql`select said_units, said_logs, logs_seen from invoice_reversals`)).toEqual([
        { said_units: 6_000n, said_logs: 5n, logs_seen: 5n },
      ])
    })

    test('every row is what it was, what points at it still does, and every index is there', async () => {
      const db = await open()
      await migrate(db, clock, before)
      await db.script(older)
      const [was, had] = [await all(db), await indexes(db)]
      expect(was.map(rows => rows.length)).toEqual([2, 1, 2, 1, 1])
      const applied = await migrate(db, clock)
      expect(applied[0]).toBe('0003-shop.sql')
      const is = await all(db)
      // Columns that came later have their own beginning.
      expect(is[0]).toMatchObject(
        was[0]!.map(row => ({ ...row, order_id: null, told_state: '', fine_bp: null, discounts: '' })),
      )
      expect(is.slice(1)).toMatchObject(was.slice(1))
      expect(is[1]).toMatchObject(was[1]!.map(row => ({ ...row, waits: 0n })))
      expect(is[3]).toMatchObject(was[3]!.map(row => ({ ...row, coinbase: 0n })))
      const names = (await indexes(db)).map(({ name }) => name)
      expect(names).toEqual(expect.arrayContaining(had.map(({ name }) => name)))
      expect(names).toContain('invoices_untold')
      for (const text of [
        sql`insert into invoices select * from invoices where id = 'inv_1'`,
        sql`delete from invoices where id = 'inv_1'`,
      ])
        await expect(db.tx(tx => tx.run(text))).rejects.toThrow(/unique|foreign key/i)
      expect(await migrate(db, clock)).toEqual([])
    })
  })
})
