/** The ledger: movements of the chart, once each, and checks that see what does not add up. */
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { seededRandom, systemClock } from '../base/clock.ts'
import { brl } from '../base/money.ts'
import { silentLog } from '../base/log.ts'
import type { Instant } from '../base/world.ts'
import { migrate } from '../db/migrate.ts'
import { openDb, sql, type Db } from '../db/db.ts'
import {
  accounts,
  audit,
  auditChain,
  balances,
  chart,
  checkChart,
  checkLedger,
  checkPart,
  post,
  postingsOf,
  totals,
  type MovementName,
} from './ledger.ts'

const world = { clock: systemClock, random: seededRandom(1), log: silentLog, at: () => undefined }
let db: Db

beforeEach(async () => {
  db = await openDb('sqlite::memory:', world)
  await migrate(db, systemClock)
})
afterEach(() => db.close())

// What payees owe is posted with a row that says whose account owes it, which no movement alone has.
const names = (Object.keys(chart) as MovementName[]).filter(
  name => ![chart[name].from, chart[name].to].includes('receivable'),
)

test('any movements in any order leave every account summing to zero', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({
          movement: fc.constantFrom(...names),
          source: fc.nat(20),
          cents: fc.bigInt(0n, 10n ** 12n),
        }),
      ),
      async list => {
        await db.tx(async tx => {
          for (const { movement, source, cents } of list)
            await post(tx, world, { movement, source: `s${source}`, amount: brl(cents), memo: 'a property' })
        })
        const standing = await balances(db)
        expect(accounts.reduce((sum, account) => sum + standing[account], 0n)).toBe(0n)
      },
    ),
    { numRuns: 50, seed: 7 },
  )
  expect(await checkLedger(db)).toEqual([])
})

test('a movement happens once per source, whatever the second amount', async () => {
  const once = (cents: bigint) =>
    db.tx(tx => post(tx, world, { movement: 'commission', source: 'inv_1', amount: brl(cents), memo: '' }))
  expect([await once(150n), await once(150n), await once(99n)]).toEqual([true, false, false])
  expect((await totals(db)).commission).toBe(150n)
})

test('postings of one instant are in the order of the chart, gross before fees', async () => {
  const still = { ...world, clock: { ...systemClock, now: () => 1_790_000_000_000 } }
  const names = ['commission', 'bank fee', 'payment credited', 'coin received', 'invoice credited'] as const
  await db.tx(async tx => {
    const held = { ...tx, now: async () => '2026-11-29T12:00:00.000Z' as Instant }
    for (const movement of names)
      await post(held, still, { movement, source: 'inv_1', amount: brl(100n), memo: '' })
  })
  expect((await postingsOf(db, sql`t.source = 'inv_1'`)).map(({ movement }) => movement)).toEqual(
    names.toReversed(),
  )
})

test('a movement has a direction, so a negative amount is refused [security 12]', async () => {
  await expect(
    db.tx(tx => post(tx, world, { movement: 'commission', source: 'x', amount: brl(-1n), memo: '' })),
  ).rejects.toThrow(RangeError)
})

test('what was posted can be neither changed nor deleted [security 12]', async () => {
  await db.tx(tx => post(tx, world, { movement: 'commission', source: 'x', amount: brl(1n), memo: '' }))
  for (const statement of [
    sql`update ledger_entries set units = 2`,
    sql`delete from ledger_entries`,
    sql`delete from ledger_transactions`,
  ])
    await expect(db.tx(tx => tx.run(statement))).rejects.toThrow(/append-only/)
})

test('the check sees a transaction that does not sum to zero', async () => {
  await db.tx(async tx => {
    await tx.run(
      sql`insert into ledger_transactions (id, movement, source, at, memo)
        values ('txn_bad', 'bank fee', 'x', '', '')`,
    )
    await tx.run(
      sql`insert into ledger_entries (transaction_id, line, account, asset, units)
        values ('txn_bad', 1, 'payable', 'BRL', 5), ('txn_bad', 2, 'bank', 'BRL', -4)`,
    )
  })
  expect(await checkLedger(db)).toMatchObject([{ invariant: 'sums to zero', subject: 'txn_bad' }])
})

test.each([
  ['another movement', 'commission', 'bank'],
  ['a movement that is none', 'by hand', 'bank'],
  ['the other account', 'bank fee', 'external'],
])('the check sees that %s does not fit its lines', async (_, movement, from) => {
  await db.tx(async tx => {
    await tx.run(
      sql`insert into ledger_transactions (id, movement, source, at, memo)
        values ('txn_bad', ${movement}, 'x', '', '')`,
    )
    await tx.run(
      sql`insert into ledger_entries (transaction_id, line, account, asset, units)
        values ('txn_bad', 1, 'payable', 'BRL', 5), ('txn_bad', 2, ${from}, 'BRL', -5)`,
    )
  })
  const found = [{ invariant: 'two lines', subject: 'txn_bad' }]
  expect(await checkPart(db, { invoices: [], transactions: ['txn_bad'] })).toMatchObject(found)
  expect(await checkChart(db, [])).toMatchObject(found)
})

test('the audit chain holds, and shows a row changed behind its back', async () => {
  for (const act of ['added', 'approved', 'paused'])
    await db.tx(tx => audit(tx, { actor: 'maker', act, subject: 'acc_1', detail: { name: 'main' } }))
  expect(await auditChain(db)).toEqual([])
  await db.script(`drop trigger audit_kept; update audit set actor = 'someone' where seq = 2`)
  expect(await auditChain(db)).toEqual(['row 2 of the audit log was changed'])
})
