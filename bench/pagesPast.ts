/**
 * Years of business for the bench of the pages, written in bulk: how it came about is not what is measured.
 */
import { readFileSync } from 'node:fs'
import { instant, type World } from '../src/base/world.ts'
import { sql, type Db } from '../src/db/db.ts'
import { trialAccount } from '../test/testbed/trial.ts'
import { trial } from './installation.ts'
import { addAccount, addSchedule, approveAccount } from '../test/testbed/acts.ts'

export const schedules = 20
export const accounts = 4
export const perSlot = 10
/** Of a hundred invoices so many stand so, in this order; the rest is credited. */
const states = [
  ...['issued', 'issued', 'issued', 'overdue', 'expired', 'expired', 'canceled', 'reversed', 'refused'],
] as const

/** Half a minute apart, until an hour ago. */
export const addedAt = (count: number, number: number, now: number): string =>
  instant(now - 3_600_000 - (count - number) * 30_000)
export const idOf = (kind: string, number: number): string => `${kind}_${String(number).padStart(26, '0')}`

export interface PastOptions {
  /** `some`: enough for pages; `whole`: every posting there would be, so that the books add up. */
  books: 'some' | 'whole'
}

/**
 * The same rows on both databases: invoices in every state, their slots, events, histories, payouts and
 * postings.
 */
export async function writePast(
  db: Db,
  world: World,
  count: number,
  { books }: PastOptions = { books: 'some' },
): Promise<void> {
  for (let number = 0; number < accounts; number++) {
    await addAccount(db, world, `conta-${number}`, trialAccount, 'maker')
    await approveAccount(db, `conta-${number}`, 'checker')
  }
  for (let number = 0; number < schedules; number++)
    await addSchedule(
      db,
      world,
      { ...trial, name: `agenda-${number}`, payTo: `conta-${number % accounts}` },
      'maker',
    )
  const now = world.clock.now()
  const words = await wordsOf(db, count, now)
  const untallied = await withoutTallies(db)
  for (const text of scripts(words, books)) await db.script(text)
  await untallied.tally()
  await db.script(db.engine === 'sqlite' ? 'analyze' : 'vacuum analyze').catch(() => db.script('analyze'))
}

/** Millions of rows are not noted one by one: sums are made at the end, as the migration makes them. */
async function withoutTallies(db: Db): Promise<{ tally(): Promise<void> }> {
  const tables = ['ledger_entries', 'invoices', 'payouts', 'inbox']
  const migration = readFileSync(new URL('../migrations/0016-checks.sql', import.meta.url), 'utf8')
  const sums = [...migration.matchAll(/^insert into tallies [^;]+;/gm)].map(([text]) => text).join('\n')
  const fresh = `delete from tally_changes; delete from tallies; ${sums}`
  if (db.engine === 'postgres') {
    for (const table of tables) await db.script(`alter table ${table} disable trigger user`)
    const enable = tables.map(table => `alter table ${table} enable trigger user`).join('; ')
    return { tally: () => db.script(`${fresh} ${enable}`) }
  }
  const triggers = await db.all<{ name: string; sql: string }>(sql`
    select name, sql from sqlite_master where type = 'trigger' and sql like '%tally_changes%'`)
  await db.script(triggers.map(({ name }) => `drop trigger ${name};`).join('\n'))
  return { tally: () => db.script(`${fresh} ${triggers.map(trigger => `${trigger.sql};`).join('\n')}`) }
}

interface Words {
  /** `n` from 1 to so many, as a table. */
  numbers: (upTo: number) => string
  /** The time of invoice `n`, some seconds later. */
  at: (later: number) => string
  id: (kind: string, number: string) => string
  bytes: (text: string) => string
  schedule: string
  account: string
  state: string
  count: number
}

async function wordsOf(db: Db, count: number, now: number): Promise<Words> {
  const from = Math.floor(now / 1000) - 3_600 - count * 30
  const pick = (rows: { id: string }[], by: string) =>
    `case ${by} ${rows.map(({ id }, place) => `when ${place} then '${id}'`).join(' ')} end`
  const state = `case n % 100 ${states.map((name, place) => `when ${place} then '${name}'`).join(' ')} else 'credited' end`
  const all = {
    schedule: pick(
      await db.all(sql`select id from schedules order by name`),
      `(n / ${perSlot}) % ${schedules}`,
    ),
    account: pick(await db.all(sql`select id from accounts order by name`), `(n / ${perSlot}) % ${accounts}`),
    ...{ state, count },
  }
  return db.engine === 'sqlite'
    ? {
        ...all,
        numbers: upTo =>
          `(with recursive r (n) as (select 1 union all select n + 1 from r where n < ${upTo}) select n from r) as r`,
        at: later => `strftime('%Y-%m-%dT%H:%M:%fZ', ${from} + n * 30 + ${later}, 'unixepoch')`,
        id: (kind, number) => `'${kind}_' || printf('%026d', ${number})`,
        bytes: text => `cast(${text} as blob)`,
      }
    : {
        ...all,
        numbers: upTo => `generate_series(1::bigint, ${upTo}) as r (n)`,
        at: later =>
          `to_char(to_timestamp(${from} + n * 30 + ${later}) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`,
        id: (kind, number) => `'${kind}_' || lpad((${number})::text, 26, '0')`,
        bytes: text => `convert_to(${text}, 'UTF8')`,
      }
}

function scripts(
  { numbers, at, id, bytes, schedule, account, state, count }: Words,
  books: PastOptions['books'],
): string[] {
  const all = numbers(count)
  const units = '2000 + (n * 7919) % 98000'
  const fee = '50'
  const net = `(${units}) - ${fee} - (${units}) / 66`
  const credited = 'n % 100 >= 9'
  const taxId = `'000.' || (100 + (n / 600) % 900) || '.' || (100 + n % 600) || '-00'`
  const slot = id('slo', `n / ${perSlot}`)
  const event = `'event-' || n`
  const json = `'{"event":{"id":"event-' || n || '","log":{"type":"credited","invoice":{"id":"' || n || '","tags":["e34471744202611210900' || n || '"]}},"workspaceId":"1","padding":"${'x'.repeat(300)}"}}'`
  const paid = `${credited} and n % 50021 <> 0`
  const posting = (
    kind: string,
    movement: string,
    source: string,
    later: number,
    to: string,
    from: string,
    sum: string,
    where = credited,
  ) => [
    `insert into ledger_transactions (id, movement, source, at, memo) select ${id(kind, 'n')}, '${movement}', ${source}, ${at(later)}, 'the bank said credited' from ${all} where ${where}`,
    `insert into ledger_entries (transaction_id, line, account, asset, units, invoice_id) select ${id(kind, 'n')}, 1, '${to}', 'BRL', ${sum}, ${id('inv', 'n')} from ${all} where ${where}`,
    `insert into ledger_entries (transaction_id, line, account, asset, units, invoice_id) select ${id(kind, 'n')}, 2, '${from}', 'BRL', -(${sum}), ${id('inv', 'n')} from ${all} where ${where}`,
  ]
  return [
    // n counts slots here, so their schedule is that of the invoices they have.
    `insert into slots (id, schedule_id, schedule_version, due_at, cause, state, next_at, changed_at)
      select ${id('slo', 'm.n')}, ${schedule.replaceAll(`n / ${perSlot}`, 'm.n')}, 1, d.due_at, 'cron', 'done', d.due_at, d.due_at
      from (select n from ${numbers(Math.floor(count / perSlot) + 1)} union all select 0) as m
      join (select k.n / ${perSlot} as slot, ${at(0).replaceAll(' n ', ' k.n ')} as due_at from ${all.replace(/ as r( \(n\))?$/, ' as k$1')} where k.n % ${perSlot} = 0 union all select 0, '2020-01-01T00:00:00.000Z') as d on d.slot = m.n`,
    `insert into invoices (id, store_id, slot_id, ordinal, rail, asset, units, payer_name, payer_tax_id, description, due_at, account_id, commission_bp,
      min_payout_units, state, batch_tag, provider_id, paid_units, fee_units, added_at, changed_at)
      select ${id('inv', 'n')}, 'sto_default', ${slot}, n % ${perSlot}, 'starkbank', 'BRL', ${units}, 'Pagador ' || n, ${taxId}, 'mensalidade', ${at(86_400)},
        ${account}, 150, 0, ${state}, ${slot}, 'bank-' || n, case when ${credited} then ${units} end, case when ${credited} then ${fee} end, ${at(1)}, ${at(9)} from ${all}`,
    `insert into inbox (rail, event_id, raw, signature, key_id, via, received_at, state, kind, why, tries, next_at, changed_at)
      select 'starkbank', ${event}, ${bytes(json)}, 'MEUCIQ==', 'bench', case when n % 50 = 0 then 'poll' else 'push' end, ${at(8)},
        case when n % 997 = 0 then 'ignored' when n % 99991 = 0 then 'quarantined' else 'done' end,
        case when n % 1009 = 0 then 'transfer.failed' else 'invoice.credited' end, 'credited', 1, ${at(8)}, ${at(9)} from ${all}`,
    `insert into transitions (subject, about, from_state, to_state, at, why, ref)
      select ${id('inv', 'n')}, 'invoices', '', 'draft', ${at(1)}, 'drafted for its slot', ${slot} from ${all}`,
    `insert into transitions (subject, about, from_state, to_state, at, why, ref)
      select ${id('inv', 'n')}, 'invoices', 'issued', ${state}, ${at(9)}, 'the bank said so', ${event} from ${all}`,
    `insert into payouts (id, store_id, invoice_id, rule, account_id, asset, units, withheld_units, state, why, next_at, added_at, changed_at)
      select ${id('pay', 'n')}, 'sto_default', ${id('inv', 'n')}, 'net', ${account}, 'BRL', ${net}, 0,
        case when n % 50021 = 0 then 'held' else 'paid' end, null, ${at(9)}, ${at(9)}, ${at(20)} from ${all} where ${credited}`,
    `insert into attempts (id, payout_id, number, external_id, units, fee_units, state, provider_id, asked_at, changed_at)
      select ${id('att', 'n')}, ${id('pay', 'n')}, 1, ${id('pay', 'n')} || '-1', ${net}, 0, 'success', 'transfer-' || n, ${at(10)}, ${at(20)}
      from ${all} where ${paid}`,
    ...posting('txn', 'invoice credited', id('inv', 'n'), 9, 'bank', 'payable', units),
    ...posting('txf', 'bank fee', id('inv', 'n'), 9, 'payable', 'bank', fee),
    ...posting(
      'txp',
      'payout settled',
      id('att', 'n'),
      20,
      'in-transit',
      'bank',
      net,
      books === 'whole' ? paid : credited,
    ),
    ...(books === 'whole'
      ? [
          ...posting('txc', 'commission', id('inv', 'n'), 9, 'payable', 'commission', `(${units}) / 66`),
          ...posting('txo', 'payout ordered', id('att', 'n'), 10, 'payable', 'in-transit', net, paid),
        ]
      : []),
    `insert into runs (id, job, worker, started_at, ended_at, outcome, summary)
      select ${id('run', 'n')}, case n % 3 when 0 then 'settle' when 1 then 'send-payouts' else 'poll' end, 'bench/1', ${at(9)}, ${at(10)},
        case when n % 9973 = 0 then 'failed' else 'done' end, 'one event settled' from ${numbers(Math.floor(count / 5))}`,
  ]
}
