/**
 * Somebody edits the database file past the program: one value of one row, of each table that moves money, a
 * hundred times. Each edit is noticed by the check, or whatever is ordered and asked for at the bank
 * afterwards is what would have been without it.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { done, refused } from '../src/base/answer.ts'
import { seededRandom } from '../src/base/clock.ts'
import { silentLog } from '../src/base/log.ts'
import { approveRefund, resolveRefunds, resolveTwins } from '../src/invoice/invoice.ts'
import { checkLedger, refuse } from '../src/ledger/ledger.ts'
import { checkWhole } from '../src/reconcile/bank.ts'
import { runDueSlots } from '../src/jobs/jobs.ts'
import { changeSchedule, needSchedule, type NewSchedule } from '../src/schedule/schedule.ts'
import {
  changeLimits,
  closeAccount,
  payoutsStopped,
  resolvePayouts,
  sendPayouts,
} from '../src/payout/payout.ts'
import type { PayoutOrder, Rail } from '../src/rails/rail.ts'
import { openSqlite } from '../src/db/sqlite.ts'
import { sql, type Db, type Sql } from '../src/db/db.ts'
import { proposeRefund } from '../src/webhooks/webhooks.ts'
import { collect } from './testbed/collecting.ts'
import { doubleAtBank } from './testbed/duplicate.ts'
import { openTestInstallation, type TestInstallation } from './testbed/testInstallation.ts'
import { trialAccount } from './testbed/trial.ts'
import {
  addAccount,
  addUser,
  approveAccount,
  approveAndDo,
  changeRole,
  holdPayout,
  letGo,
  proposeRedirect,
  stopAll,
} from './testbed/acts.ts'

let installation: TestInstallation
let image: Buffer
let rows: Record<string, Record<string, unknown>[]>
let usual: string[]

/**
 * Every state in which money is about to move: owed, above a limit, under way, paid, and on its way back to a
 * payer.
 */
beforeAll(async () => {
  installation = await openTestInstallation()
  const { db, app } = installation
  for (const [name, role] of [
    ['carla', 'checker'],
    ['vera', 'viewer'],
    ['dora', 'admin'],
  ] as const)
    await addUser(db, app.world, { name, role, language: 'en' }, 'root')
  await seeRows(db)
  await addAccount(db, app.world, 'other', { ...trialAccount, number: '5555555555555555' }, 'maker')
  await approveAccount(db, 'other', 'checker')
  await addAccount(db, app.world, 'unapproved', { ...trialAccount, number: '6666666666666666' }, 'maker')
  await seeRows(db)
  const limited = await db.tx(tx =>
    changeLimits(tx, app.world, { asset: 'BRL', wanted: { payout: 15_000n }, by: 'ana', why: 'a test' }),
  )
  expect(limited).not.toHaveProperty('code')
  installation.bank.pay(installation.atBank.id)
  installation.pass(60_000)
  await installation.hear(installation.event('invoice.credited'))
  await seeRows(db)
  const twin = doubleAtBank(installation.bank, installation.atBank)
  installation.bank.pay(twin.id)
  installation.pass(60_000)
  await installation.hear(installation.event('invoice.credited'))
  await collect(installation, [4_000n, 5_000n])
  await installation.send()
  installation.pass(60_000)
  await installation.hear(
    ...installation.bank.eventsCreated().filter(({ subscription }) => subscription === 'transfer'),
  )
  await seeRows(db)
  // Under way, and not heard of.
  await collect(installation, [6_000n])
  await installation.send()
  const [refundable] = await collect(installation, [7_000n, 8_000n, 9_000n, 20_000n])
  await seeRows(db)
  await changeMinds(installation)
  await stopAll(db, 'a story', 'ana')
  const asked = await approveRefund(db, 'starkbank', {
    invoiceId: installation.id,
    providerId: twin.id,
    by: 'chico',
    why: 'paid twice',
  })
  expect(asked.is).toBe('done')
  const proposed = await proposeRefund(db, app.world, refundable!.invoice_id, {
    units: 1_000n,
    by: 'ana',
    why: 'part of it',
  })
  expect(proposed.is).toBe('proposed')
  if (proposed.is === 'proposed') await approveAndDo(app, proposed.proposal.id, { by: 'bruno' })
  await seeRows(db)
  await letGo(db, 'it is written', 'ana')
  await changeTerms(installation)
  // So that a slot has fallen due by the schedule's second version.
  installation.pass(24 * 3_600_000)
  image = await withoutTriggers(await imageOf(db))
  await seeRows(db)
  rows = Object.fromEntries(
    await Promise.all(tables.map(async table => [table, await db.all(sql`select * from ${named(table)}`)])),
  )
  usual = (await outcomeOf(() => Promise.resolve())).ordered
  expect(usual.length).toBeGreaterThanOrEqual(5)
})
afterAll(async () => {
  await untouched?.close()
  await installation?.close()
})

/** What people set and then take back, so that of each row there is an older one that somebody approved. */
async function changeMinds(installation: TestInstallation): Promise<void> {
  const { db, app } = installation
  const { world } = app
  const to = { to: 'other', by: 'ana', why: 'a test' }
  const [held, redirected, kept] = await collect(installation, [11_000n, 12_000n, 13_000n])
  const redirect = await proposeRedirect(db, world, redirected!.id, to)
  const refusable = await proposeRedirect(db, world, kept!.id, to)
  await addAccount(db, world, 'closed', { ...trialAccount, number: '7777777777777777' }, 'maker')
  await approveAccount(db, 'closed', 'checker')
  await changeRole(db, world, 'vera', 'admin', 'root')
  await changeRole(db, world, 'carla', 'admin', 'root')
  await seeRows(db)
  await holdPayout(db, held!.id, { by: 'ana', why: 'not that one' })
  await approveAndDo(app, redirect.proposal.id, { by: 'bruno' })
  await closeAccount(db, 'closed', 'ana', 'a slip')
  await changeRole(db, world, 'vera', 'viewer', 'root')
  await changeRole(db, world, 'carla', 'checker', 'root')
  await db.tx(tx => refuse(tx, refusable.proposal.id, { by: 'bruno', why: 'no' }))
  await seeRows(db)
}

/** Each row of each table, whenever it was another one, by its table. */
const seen = new Map<string, Map<string, Record<string, unknown>>>()

async function seeRows(db: Db): Promise<void> {
  const names = await db.all<{ name: string }>(
    sql`select name from sqlite_master where type = 'table' and name not like 'sqlite_%'`,
  )
  for (const { name } of names) {
    const rows = await db.all(sql`select * from ${named(name)}`)
    const known = seen.get(name) ?? new Map<string, Record<string, unknown>>()
    for (const row of rows) known.set(textOf(row), row)
    seen.set(name, known)
  }
}

const textOf = (row: Record<string, unknown>) =>
  JSON.stringify(row, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value))

/** The schedule's second version pays to another approved account. */
async function changeTerms({ db, app }: TestInstallation): Promise<void> {
  const { id, version, ...row } = await needSchedule(db, 'trial')
  const rule: NewSchedule = {
    ...{
      name: row.name,
      rail: row.rail,
      cron: row.cron,
      timeZone: row.time_zone,
      startsAt: undefined,
      endsAt: undefined,
    },
    ...{
      countLow: 2,
      countHigh: 2,
      unitsLow: 3_000n,
      unitsHigh: 3_000n,
      roster: undefined,
      dueInMs: Number(row.due_in_ms),
    },
    ...{ payTo: 'other', commissionBp: 200n, minPayoutUnits: 0n, catchUp: 'all' },
  }
  expect((await changeSchedule(db, app.world, undefined, { id, version, rule, by: 'ana' })).is).toBe(
    'changed',
  )
}

const named = (text: string) => ({ texts: [text], values: [] })

async function imageOf(db: Db): Promise<Buffer> {
  const folder = mkdtempSync(join(tmpdir(), 'repasse-edited-'))
  try {
    await db.backup(join(folder, 'image.db'), {})
    return readFileSync(join(folder, 'image.db'))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The installation's bank answers; what is ordered is only written down. */
function recording(ordered: string[]): Rail {
  const rail = installation.app.rails.starkbank!
  return {
    ...rail,
    balance: async () => done(10_000_000n),
    async pay(orders: PayoutOrder[]) {
      for (const { externalId, units, to } of orders)
        ordered.push(`${externalId}: ${units} to ${to.taxId} ${to.bank} ${to.branch} ${to.number}`)
      return refused('only written down', true)
    },
    async refundInvoice(providerId, leftUnits) {
      ordered.push(`refund of ${providerId} but ${leftUnits}`)
      return refused('only written down', true)
    },
    issue: async () => refused('only written down', true),
  }
}

/**
 * What slots that fell due ask for, and what becomes of it: two of the same are one, for how often is held by
 * other tests.
 */
async function asked(db: Db): Promise<string[]> {
  const rows = await db.all<{
    name: string
    count: bigint
    units: bigint
    account_id: string
    commission_bp: bigint
    fine_bp: bigint
  }>(sql`
    select c.name, count(*) as count, i.units, i.account_id, i.commission_bp, i.fine_bp from invoices i
      join slots s on s.id = i.slot_id
      join schedules c on c.id = s.schedule_id where i.id not in (select invoice_id from payouts)
        and i.state not in ('issued', 'overdue', 'paid', 'credited')
      group by s.id, c.name, i.units, i.account_id, i.commission_bp, i.fine_bp`)
  return rows.map(
    ({ name, count, units, account_id: to, ...row }) =>
      `${name} asks ${count} × ${units} for ${to}, ${row.commission_bp}, ${row.fine_bp}`,
  )
}

/** To open one costs more than all that is asked of it. */
let untouched: Db | undefined

function openEditable(contents = image): Db {
  const { clock, random } = installation.app.world
  return openSqlite(':memory:', { clock, random, contents })
}

/** Whoever edits the file can drop them too; a hundred of them are dropped once, not for each edit. */
async function withoutTriggers(contents: Buffer): Promise<Buffer> {
  const db = openEditable(contents)
  const triggers = await db.all<{ name: string }>(sql`select name from sqlite_master where type = 'trigger'`)
  expect(triggers.length).toBeGreaterThan(0)
  await db.script(triggers.map(({ name }) => `drop trigger ${name};`).join(''))
  return imageOf(db).finally(() => db.close())
}

/** What is ordered after an edit, and whether the check, which runs beside, had said so. */
async function outcomeOf(
  edit: (db: Db) => Promise<unknown>,
): Promise<{ is: 'impossible' | 'noticed' | 'silent'; ordered: string[] }> {
  const db = (untouched ??= openEditable())
  const isMade = await edit(db).then(
    () => true,
    () => false,
  )
  // What could not be done has left nothing behind.
  if (!isMade) return { is: 'impossible', ordered: [] }
  untouched = undefined
  try {
    const { suspected } = await checkWhole(db)
    const ordered: string[] = []
    const world = { ...installation.app.world, log: silentLog }
    const at = { db, rail: recording(ordered), world, stopped: payoutsStopped }
    await sendPayouts(db, at.rail, world)
    await resolvePayouts(db, at.rail, world).catch(() => undefined)
    await resolveTwins(at).catch(() => undefined)
    await resolveRefunds(at).catch(() => undefined)
    await runDueSlots({ ...installation.app, db, world, rails: { starkbank: at.rail } }).catch(
      () => undefined,
    )
    ordered.push(...(await asked(db)))
    return { is: suspected.length > 0 ? 'noticed' : 'silent', ordered: ordered.sort() }
  } finally {
    await db.close()
  }
}

const tables = [
  ...['accounts', 'invoices', 'payouts', 'attempts', 'ledger_transactions', 'ledger_entries'],
  ...['invoice_twins', 'invoice_refunds', 'proposals', 'audit', 'statements', 'limits', 'schedules', 'users'],
]

/**
 * What is noticed by itself, whatever of it is edited, or nearly; of the others it is seen when money is to
 * move by them.
 */
const always: Record<string, number> = {
  ledger_entries: 100,
  audit: 100,
  statements: 40,
  limits: 30,
  schedules: 60,
  users: 30,
}

let random = seededRandom(2026)
const one = <T>(list: readonly T[]): T => list[random.between(0, list.length - 1)]!

interface Edit {
  says: string
  make(db: Db): Promise<unknown>
}

/** One value of one row becomes another that could stand there, or the row goes. */
function drawn(table: string): Edit {
  const row = one(rows[table]!)
  const key = Object.entries(row).filter(([, value]) => value !== null)
  const where = key.map(([column, value]) => sql`${named(column)} = ${value as string}`)
  const isIt = where.slice(1).reduce((so, each) => sql`${so} and ${each}`, where[0]!)
  if (random.next() < 0.1)
    return {
      says: `${table}: a row is deleted`,
      make: db => db.tx(tx => tx.run(sql`delete from ${named(table)} where ${isIt}`)),
    }
  const column = one(Object.keys(row))
  const before = row[column]
  const others = rows[table]!.map(each => each[column]).filter(value => value !== before)
  const accounts = rows['accounts']!.map(({ id }) => id)
  const choices: unknown[] = [
    ...others,
    ...(typeof before === 'bigint' ? [before + 1n, before - 1n, before * 2n, before / 2n, 0n, -before] : []),
    ...(typeof before === 'string' && !/_id$|^id$/.test(column)
      ? [`${before}7`, before.replaceAll(/\d/g, '8')]
      : []),
    ...(column === 'account_id' ? accounts : []),
    ...(column === 'state'
      ? ['owed', 'held', 'paid', 'approved', 'success', 'credited', 'sent', 'unsure', 'closed', 'canceled']
      : []),
    null,
  ].filter(value => value !== before)
  const after = one(choices)
  return {
    says: `${table}.${column}: ${String(before)} → ${String(after)}`,
    make: db =>
      db.tx(async tx => {
        if (
          (await tx.run(
            sql`update ${named(table)} set ${named(column)} = ${after as string} where ${isIt}`,
          )) !== 1
        )
          throw new Error('not there')
      }),
  }
}

test.each(tables)(
  'of a hundred edits of %s none moves other money than what is owed [security A3]',
  async table => {
    random = seededRandom(2026)
    const figures = { noticed: 0, silent: 0, impossible: 0 }
    const wrong: string[] = []
    while (figures.noticed + figures.silent < 100) {
      const edit = drawn(table)
      const { is, ordered } = await outcomeOf(edit.make)
      figures[is] += 1
      const other = ordered.filter(each => !usual.includes(each))
      if (other.length > 0) wrong.push(`${edit.says}, ${is}: ${other.join('; ')}`)
      expect(figures.impossible).toBeLessThan(2_000)
    }
    expect(wrong).toEqual([])
    expect(figures.noticed).toBeGreaterThanOrEqual(always[table] ?? 0)
  },
)

test('an older row put back in its place moves no money that the newer one does not [security A3]', async () => {
  const edited: string[] = []
  const tried = new Set<string>()
  for (const [table, versions] of seen) {
    const now = new Set((await installation.db.all(sql`select * from ${named(table)}`)).map(textOf))
    const keys = await installation.db.all<{ name: string }>(
      sql`select name from pragma_table_info(${table}) where pk > 0`,
    )
    for (const [text, row] of versions) {
      if (now.has(text)) continue
      tried.add(table)
      const { is, ordered } = await outcomeOf(db =>
        putBack(
          db,
          table,
          keys.map(({ name }) => name),
          row,
        ),
      )
      const other = ordered.filter(each => !usual.includes(each))
      if (other.length > 0) edited.push(`${table} ${text}, ${is}: ${other.join('; ')}`)
    }
  }
  expect(edited).toEqual([])
  const decided = ['accounts', 'invoice_twins', 'payouts', 'proposals', 'schedules', 'settings', 'users']
  expect([...tried].sort()).toEqual(expect.arrayContaining(decided))
})

const putBack = (db: Db, table: string, keys: readonly string[], row: Record<string, unknown>) =>
  db.tx(async tx => {
    const is = (names: readonly string[], between: Sql) =>
      names
        .map(name => sql`${named(name)} = ${row[name] as string}`)
        .reduce((so, each) => sql`${so} ${between} ${each}`)
    const written = await tx.run(
      sql`update ${named(table)} set ${is(Object.keys(row), sql`,`)} where ${is(keys, sql`and`)}`,
    )
    if (written !== 1) throw new Error('not there')
  })

test('a payout goes out on its invoice’s rail or not at all [security A3]', async () => {
  const edited = await openTestInstallation()
  try {
    const [first, second] = await collect(edited, [4_000n, 5_000n])
    await edited.db.tx(tx =>
      tx.run(sql`update invoices set rail = 'bitcoin' where id = ${first!.invoice_id}`),
    )
    await edited.send()
    const states = await edited.db.all<{ id: string; state: string; why: string | null }>(
      sql`select id, state, why from payouts order by id`,
    )
    const of = (id: string) => states.find(each => each.id === id)
    expect(of(first!.id)).toMatchObject({ state: 'held', why: expect.stringContaining('rail starkbank') })
    expect(of(second!.id)?.state).toBe('sent')
  } finally {
    await edited.close()
  }
})

test('what is done and is edited to be otherwise is named by the check [security A3]', async () => {
  const edited = await openTestInstallation({
    terms: { transferFeeBy: 'receiver', transferFeeUnits: 50n },
    settings: { transferFee: 50 },
  })
  try {
    const [paid] = await collect(edited, [4_000n])
    await edited.send()
    edited.pass(60_000)
    await edited.hear(
      ...edited.bank.eventsCreated().filter(({ subscription }) => subscription === 'transfer'),
    )
    const { db, id: open } = edited
    const run = (text: Sql) => db.tx(tx => tx.run(text))
    const found = async () => (await checkLedger(db)).map(({ says }) => says).join('\n')
    expect(await found()).toBe('')
    const payout = sql`payouts set withheld_units`
    const order = sql`attempts set fee_units`
    const ofPaid = sql`where id = ${paid!.invoice_id}`
    const stories = [
      [sql`update ${payout} = 51`, 'is withheld for its transfer', sql`update ${payout} = 50`],
      [sql`update ${payout} = 0`, 'is withheld for its transfer', sql`update ${payout} = 50`],
      [sql`update ${order} = 1`, 'by its row, and R$ 0.50 in the books', sql`update ${order} = 50`],
      [
        sql`update invoices set state = 'reversed' ${ofPaid}`,
        'is reversed, and',
        sql`update invoices set state = 'credited' ${ofPaid}`,
      ],
      [
        sql`update invoices set state = 'reversed' where id = ${open}`,
        'is reversed, and R$ 0.00',
        sql`update invoices set state = 'issued' where id = ${open}`,
      ],
    ] as const
    for (const [edit, says, back] of stories) {
      await run(edit)
      expect(await found()).toContain(says)
      await run(back)
    }
    expect(await found()).toBe('')
  } finally {
    await edited.close()
  }
})
