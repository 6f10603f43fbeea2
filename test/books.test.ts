/**
 * Books that somebody has falsified: payouts stop, intake goes on, everybody is told, and mended books let
 * payouts go again.
 */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { bodyOf } from '../sim/events.ts'
import type { Log } from '../src/base/log.ts'
import { checkBooks } from '../src/reconcile/reconcile.ts'
import { sql, type Db } from '../src/db/db.ts'
import { readiness, status } from '../src/queries/status.ts'
import { openTestInstallation, type TestInstallation } from './testbed/testInstallation.ts'

const second = 1_000
let installation: TestInstallation
let said: string[]

beforeEach(async () => {
  installation = await openTestInstallation()
  said = []
  installation.bank.pay(installation.atBank.id)
  installation.pass(5 * second)
})
afterEach(() => installation.close())

const check = () => {
  const log: Log = {
    debug() {},
    info() {},
    warn() {},
    error: (_, message) => void said.push(message),
    child: () => log,
  }
  return checkBooks(installation.db, { ...installation.app.world, log })
}
/** Past every trigger, as whoever has the file can. */
async function falsify(script: string): Promise<void> {
  await installation.db.script(
    `drop trigger if exists ledger_entries_kept; drop trigger if exists ledger_entries_stay; ${script}`,
  )
}

test.each([
  [
    'a cent more on one side',
    'update ledger_entries set units = units + 1 where line = 1 and transaction_id = (select min(transaction_id) from ledger_entries)',
    /^sums to zero/,
  ],
  [
    'a fee that was never charged',
    `update ledger_entries set units = units * 2 where transaction_id in (select id from ledger_transactions where movement = 'bank fee')`,
    /^conservation/,
  ],
])('%s stops payouts and nothing else', async (_, script, finding) => {
  await installation.hear(installation.event('invoice.credited'))
  expect(await check()).toEqual([])
  await falsify(script)

  expect(await check()).toEqual(expect.arrayContaining([expect.stringMatching(finding)]))
  expect(said).toContain('the books do not add up: payouts are stopped')
  expect((await status(installation.db)).stopped).toMatch(finding)
  expect(await readiness(installation.db)).toMatchObject({
    ready: true,
    checks: { payouts: 'stopped: see repasse status' },
  })

  await installation.send()
  expect(installation.transfers()).toHaveLength(0)
  const paid = installation.event('invoice.paid')
  expect(
    await installation.app.inbox.keep({
      rail: 'starkbank',
      eventId: paid.id,
      raw: bodyOf(paid),
      via: 'push',
    }),
  ).toBe('new')
})

test('books that are mended let payouts go again by themselves', async () => {
  await installation.hear(installation.event('invoice.credited'))
  await falsify(
    'update ledger_entries set units = units + 1 where line = 1 and transaction_id = (select min(transaction_id) from ledger_entries)',
  )
  await check()
  await installation.db.tx(tx =>
    tx.run(
      sql`update ledger_entries set units = units - 1 where line = 1
        and transaction_id = (select min(transaction_id) from ledger_entries)`,
    ),
  )
  expect(await check()).toEqual([])
  expect((await status(installation.db)).stopped).toBeUndefined()
  await installation.send()
  expect(installation.transfers()).toHaveLength(1)
})

test.each([
  [
    'a payout',
    'update payouts set units = units + 100',
    /^states and books: pay_.* is of R\$ [\d.]+, and its order/,
  ],
  [
    'its order',
    'update attempts set units = units + 100',
    /^states and books: order pay_.* is of R\$ [\d.]+, and the books ordered/,
  ],
])('%s that was paid is not shown as of another amount without a finding', async (_, script, finding) => {
  await installation.hear(installation.event('invoice.credited'))
  await installation.send()
  installation.pass(60 * second)
  await installation.hear(installation.event('transfer.success'))
  expect(await check()).toEqual([])
  await installation.db.script(script)
  expect(await check()).toEqual([expect.stringMatching(finding)])
})

const canceled = /^states and books: R\$ 98\.00 is owed for inv_.*, and its payout pay_.* is canceled$/

test.each([
  ['a payout that was called off', `update payouts set state = 'canceled'`, canceled],
  [
    'a payout that is gone',
    'delete from payouts',
    /^states and books: R\$ 98\.00 is owed for inv_.*, and no payout passes it on$/,
  ],
  [
    'a payout on another rail',
    `update payouts set rail = 'bitcoin'`,
    /^states and books: pay_.* is on the rail bitcoin, and its invoice inv_.* on starkbank$/,
  ],
  [
    'a payout in another currency',
    `update payouts set asset = 'BTC'`,
    /^states and books: pay_.* is in BTC, and its invoice inv_.* in BRL$/,
  ],
  [
    'a payout to another account',
    `insert into accounts select 'acc_other', store_id, 'other', kind, holder, tax_id, bank, branch, number,
      type, 'awaiting', added_by, added_at, changed_at, null, destination, next_index, recover, payable_from
      from accounts; update payouts set account_id = 'acc_other'`,
    /^states and books: pay_.* goes to account acc_other, and its invoice inv_.* is for another one$/,
  ],
  [
    'an invoice that is shown as expired',
    `update invoices set state = 'expired'`,
    /^states and books: inv_.* is expired, and R\$ 100\.00 was credited for it in the books$/,
  ],
])('%s is not all clear while money is owed', async (_, script, finding) => {
  await installation.hear(installation.event('invoice.credited'))
  expect(await check()).toEqual([])
  await installation.db.script(script)
  expect(await check()).toEqual(expect.arrayContaining([expect.stringMatching(finding)]))
})

test('an invoice that nobody paid is not shown as credited without a finding', async () => {
  await installation.db.script(`update invoices set state = 'credited'`)
  expect(await check()).toEqual([
    expect.stringMatching(/^states and books: inv_.* is credited, and R\$ 0\.00 was credited for it/),
  ])
})

test('a payout that was paid is not shown as called off without a finding', async () => {
  await installation.hear(installation.event('invoice.credited'))
  await installation.send()
  installation.pass(60 * second)
  await installation.hear(installation.event('transfer.success'))
  await installation.db.script(`update payouts set state = 'canceled'`)
  expect(await check()).toEqual([
    expect.stringMatching(/^states and books: pay_.* is canceled with 1 live order\(s\) and 1 settled/),
  ])
})

test('a write between two reads of the check is no finding', async () => {
  await installation.hear(installation.event('invoice.credited'))
  // The first reading sees the two lines of a movement at different moments.
  let halves = [{ id: 'txn_half', lines: 1n, units: 5n, asset: 'BRL' }]
  const busy = {
    ...installation.db,
    async all(statement: Parameters<Db['all']>[0]) {
      const rows = [...halves, ...(await installation.db.all(statement))]
      halves = []
      return rows
    },
  } as Db
  expect(await checkBooks(busy, installation.app.world)).toEqual([])
  expect(halves).toEqual([])
  expect((await status(installation.db)).stopped).toBeUndefined()
})
