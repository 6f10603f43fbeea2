/**
 * Rows edited past the program: somebody writes SQL into the books in a storm, and a person puts it right by
 * the same SQL; whether anything was paid or given back by what was written.
 */
import type { Bank } from '../../sim/bank.ts'
import { BadInput } from '../../src/base/answer.ts'
import { isSamePlace } from '../../src/base/brazil.ts'
import { planText, readPlan } from '../../src/payout/bundle/bundle.ts'
import type { ChainRail } from '../../src/rails/chain.ts'
import { sql, DbUnavailable, type Sql, type Value } from '../../src/db/db.ts'
import { findEvent, proposeRefund, replayEvent } from '../../src/webhooks/webhooks.ts'
import { trialAccount } from '../testbed/trial.ts'
import { wallet } from '../testbed/wallet.ts'
import { hasReturns } from './returns.ts'
import type { Scenario } from './scenario.ts'
import type { RoomParts } from './room.ts'
import type { Visit } from './shoppers.ts'
import { addAccount, approveAccount, approveAndDo, letGo, releasePayout } from '../testbed/acts.ts'

/**
 * In one seed of twenty-three, and one of seven with a chain; where money goes back anyway it could not be
 * told whose word it went back on.
 */
export const hasEdits = (seed: number): boolean => (seed % 23 === 16 || seed % 70 === 10) && !hasReturns(seed)

/** The bank reverses nothing by itself, so that whatever goes back was asked for. */
export const editsChange = (scenario: Scenario): Scenario => ({
  ...scenario,
  settings: { ...scenario.settings, reversalRate: 0 },
})

export interface Edits {
  /**
   * Somebody edits a row, a person puts one right, or lets go what is held for it; two people want an invoice
   * refunded.
   */
  step(): Promise<Visit[]>
  /** Once the storm is over, all is put right, and what was held for it is let go. */
  attend(): Promise<void>
  judge(bank: Bank): Promise<string[]>
  figures: { edits: number; refunds: number; held: number }
}

interface Parts extends Omit<RoomParts, 'clock' | 'bank'> {
  /** To plan with, where there is a chain. */
  rail: ChainRail | undefined
}

/** One field of one row, and what it was. */
interface Edit {
  table: string
  id: string
  field: string
  before: Value
  after: Value
}

/** A chain's storm has so many steps that nothing would be left as it was. */
const most = 12
const pastProgram = sql`(p.why like '%past this program%' or p.why like '%not what the books owe%')`
const inWords = (words: string): Sql => ({ texts: [words], values: [] })

export async function openEdits({ db, world: common, random, rail, trace }: Parts): Promise<Edits> {
  const world = { ...common, random }
  const figures = { edits: 0, refunds: 0, held: 0 }
  const approved = new Map<string, bigint[]>()
  const faults: string[] = []
  let open: Edit[] = []
  const one = <T>(list: readonly T[]): T => list[random.between(0, list.length - 1)]!

  const evil = rail?.destination(wallet('wpkh', 'regtest', 3).account.text, 0)
  await addAccount(db, world, 'other', { ...trialAccount, number: '5555555555555555' }, 'maker')
  await approveAccount(db, 'other', 'checker')
  await addAccount(db, world, 'unapproved', { ...trialAccount, number: '6666666666666666' }, 'maker')
  // Somebody has prepared it, and no approval is in the audit log.
  await db.tx(tx => tx.run(sql`update accounts set approved_by = 'checker' where name = 'unapproved'`))
  if (evil) {
    await addAccount(
      db,
      world,
      'other coins',
      { kind: 'bitcoin', holder: 'Other', destination: evil.address },
      'maker',
    )
    await approveAccount(db, 'other coins', 'checker')
  }
  const accounts = new Map(
    (await db.all<{ id: string; name: string }>(sql`select id, name from accounts`)).map(row => [
      row.name,
      row.id,
    ]),
  )

  async function write({ table, id, field }: Edit, from: Value, to: Value): Promise<boolean> {
    const [row, column] = [inWords(table), inWords(field)]
    return (
      (await db.tx(tx =>
        tx.run(sql`update ${row} set ${column} = ${to} where id = ${id} and ${column} = ${from}`),
      )) === 1
    )
  }

  const other = (units: bigint): bigint =>
    random.next() < 0.6 ? units * 2n : units - BigInt(random.between(1, 50))

  /** What may be edited of a row that is in the books now. */
  const ways: Record<string, () => Promise<Edit[]>> = {
    async amount() {
      const rows = await db.all<{ id: string; units: bigint }>(
        sql`select id, units from payouts where units > 100
          and state in ('owed', 'waiting', 'held', 'returned') order by id`,
      )
      return rows.map(({ id, units }) => ({
        table: 'payouts',
        id,
        field: 'units',
        before: units,
        after: other(units),
      }))
    },
    async payee() {
      const rows = await db.all<{ id: string; asset: string; account_id: string }>(
        sql`select id, asset, account_id from payouts where state in ('owed', 'waiting', 'held', 'returned')
          and rule not like 'refund%' order by id`,
      )
      return rows.map(({ id, asset, account_id: before }) => {
        const name = asset === 'BTC' ? 'other coins' : one(['other', 'unapproved'])
        return { table: 'payouts', id, field: 'account_id', before, after: accounts.get(name)! }
      })
    },
    // What is edited before its approval is approved as it is shown, and would have to be approved again once
    // it is put right.
    async place() {
      const rows = await db.all<{ id: string; number: string }>(
        sql`select id, number from accounts where name = 'main' and state = 'approved'`,
      )
      return rows.map(({ id, number }) => ({
        table: 'accounts',
        id,
        field: 'number',
        before: number,
        after: '7777777777777777',
      }))
    },
    async address() {
      const rows = await db.all<{ id: string; destination: string }>(
        sql`select id, destination from accounts where name = 'coins' and state = 'approved'`,
      )
      return rows.map(({ id, destination }) => ({
        table: 'accounts',
        id,
        field: 'destination',
        before: destination,
        after: evil!.address,
      }))
    },
    approval: async () => [
      {
        table: 'accounts',
        id: accounts.get('unapproved')!,
        field: 'state',
        before: 'awaiting',
        after: 'approved',
      } satisfies Edit,
    ],
    async order() {
      const rows = await db.all<{ id: string; units: bigint }>(
        sql`select id, units from attempts where state in ('unsure', 'sending') and (bundle_id is not null
          or state = 'unsure') order by id`,
      )
      return rows.map(({ id, units }) => ({
        table: 'attempts',
        id,
        field: 'units',
        before: units,
        after: other(units),
      }))
    },
    async refund() {
      const rows = await db.all<{ id: string; units: bigint; left_units: bigint }>(
        sql`select id, units, left_units from invoice_refunds where state in ('approved', 'unsure')
          order by id`,
      )
      return rows.flatMap(({ id, units, left_units: left }): Edit[] => [
        { table: 'invoice_refunds', id, field: 'units', before: units, after: units + 1n },
        ...(left > 0n
          ? [{ table: 'invoice_refunds', id, field: 'left_units', before: left, after: left / 2n }]
          : []),
      ])
    },
    async plan() {
      const rows = await db.all<{ id: string; plan: string }>(
        sql`select id, plan from bundle_candidates where state in ('planned', 'signed', 'sent') order by id`,
      )
      return rows.flatMap(({ id, plan }): Edit[] => {
        const after = toAnother(plan)
        return after === undefined
          ? []
          : [{ table: 'bundle_candidates', id, field: 'plan', before: plan, after }]
      })
    },
  }

  /** The same plan with the payees' money going to another address, or one payee less. */
  function toAnother(text: string): string | undefined {
    const plan = readPlan(text)
    if (random.next() < 0.3) return planText({ ...plan, outputs: plan.outputs.slice(1) })
    const payees = plan.outputs.flatMap(({ key, units, feeShare }) =>
      key === undefined ? [] : [{ key, units: units + feeShare, script: evil!.script }],
    )
    // One that spends its coins to ourselves, because its bundle is canceled, has nobody to take from.
    if (payees.length === 0) return undefined
    const planned = rail!.plan({
      coins: plan.inputs,
      payees,
      ...{ feeRate: 1_000n, mostFeeRate: 100_000n, change: { index: 58 }, lockTime: 1 },
    })
    if (planned.is !== 'planned') return undefined
    return planText(random.next() < 0.5 ? planned.plan : { ...planned.plan, txid: plan.txid })
  }

  async function edit(): Promise<void> {
    // What is seldom there comes first, and an account is always there.
    const names = [
      ...(random.next() < 0.7 ? ['refund', 'order', 'plan'] : []),
      ...(random.next() < 0.5 ? ['amount', 'payee'] : ['payee', 'amount']),
      ...(random.next() < 0.15 ? [one(['place', 'address', 'approval'])] : []),
    ]
    for (const name of names) {
      const found = (await ways[name]!()).filter(
        made => !open.some(({ id, field }) => id === made.id && field === made.field),
      )
      if (found.length === 0) continue
      const made = one(found)
      if (!(await write(made, made.before, made.after))) return
      open.push(made)
      figures.edits += 1
      trace(`edits: ${made.table}.${made.field} of ${made.id} is edited`)
      return
    }
  }

  /** What the program has written meanwhile is right, and stays. */
  async function putRight(made: Edit): Promise<void> {
    open = open.filter(each => each !== made)
    const is = await write(made, made.after, made.before)
    trace(`edits: ${made.table}.${made.field} of ${made.id} is ${is ? 'put right' : 'right again'}`)
  }

  async function release(which: Sql = sql``): Promise<void> {
    const rows = await db.all<{ id: string }>(
      sql`select p.id from payouts p where p.state = 'held' and ${pastProgram} ${which} order by p.id`,
    )
    for (const { id } of rows)
      try {
        await releasePayout(db, id, { by: 'operator', why: 'it is right again' })
        figures.held += 1
        trace(`edits: ${id} is let go`)
      } catch (error) {
        if (!(error instanceof BadInput)) throw error
        trace(`edits: ${id} is not let go: ${error.message}`)
      }
  }

  /** What contradicted an edited order stopped payouts, and says the same again of one that is right. */
  async function goOn(): Promise<void> {
    const act = { by: 'operator', why: 'it is right again' }
    const hold = await letGo(db, act.why, act.by)
    if (hold) trace(`edits: payouts are let go: ${hold.why}`)
    for (const { id } of await db.all<{ id: string }>(
      sql`select event_id as id from inbox where state = 'quarantined' order by id`,
    ))
      await db.tx(async tx => replayEvent(tx, (await findEvent(tx, id))!, act))
  }

  /** Two people want part of an invoice refunded, or all of it. */
  async function refund(): Promise<Visit[]> {
    const rows = await db.all<{ id: string; paid: bigint }>(sql`
      select id, paid_units as paid from invoices where rail = 'starkbank' and state = 'credited'
        and id not in (select invoice_id from invoice_refunds) order by id`)
    if (rows.length === 0) return []
    const { id, paid } = one(rows)
    const units = random.next() < 0.3 ? paid : BigInt(random.between(1, Number(paid)))
    trace(`edits: a refund of ${units} of ${id}`)
    const does: Visit['does'] = async app => {
      try {
        const proposed = await proposeRefund(app.db, app.world, id, {
          units,
          by: 'ana',
          why: 'it was returned',
        })
        if (proposed.is !== 'proposed') return
        approved.set(id, [...(approved.get(id) ?? []), units])
        await approveAndDo(app, proposed.proposal.id, { by: 'bruno' })
        figures.refunds += 1
      } catch (error) {
        if (!(error instanceof BadInput) && !(error instanceof DbUnavailable)) throw error
        trace(`edits: the refund of ${id}: ${error.message}`)
      }
    }
    return [{ twice: false, does }]
  }

  return {
    figures,
    async step() {
      const chance = random.next()
      if (chance < 0.4 && figures.edits < most) await edit()
      else if (chance < 0.48 && open.length > 0) await putRight(one(open))
      else if (chance < 0.54) await release()
      else if (chance < 0.56) await goOn()
      else if (chance < 0.62 && figures.refunds < 3) return refund()
      return []
    },
    async attend() {
      for (const made of open) await putRight(made)
      await release(sql`and p.asset = 'BTC'`)
      await goOn()
    },
    async judge(bank) {
      const ordered = new Map(
        (
          await db.all<{ key: string; units: bigint }>(sql`
            select t.memo as key, -e.units as units from ledger_transactions t
              join ledger_entries e on e.transaction_id = t.id
            where t.movement = 'payout ordered' and e.account = 'in-transit'`)
        ).map(({ key, units }) => [key, units]),
      )
      for (const {
        externalId: key,
        bankCode,
        branchCode,
        accountNumber: number,
        amount,
      } of bank.transfers()) {
        if (key.startsWith('by-hand')) continue
        if (!isSamePlace({ bank: bankCode, branch: branchCode, number }, trialAccount))
          faults.push(`${key} went to account ${number}, which is not the one it was owed to`)
        if (ordered.get(key) !== BigInt(amount))
          faults.push(`${key} is of ${amount} at the bank, and the books ordered ${ordered.get(key)}`)
      }
      const invoices = await db.all<{ id: string; provider_id: string | null }>(
        sql`select id, provider_id from invoices order by id`,
      )
      const tagged = new Map(invoices.map(({ id, provider_id: there }) => [`invoice/${there}/reversal`, id]))
      for (const { source, amount } of bank.transactions()) {
        const id = tagged.get(source)
        if (id !== undefined && !approved.get(id)?.includes(BigInt(-amount)))
          faults.push(
            `${-amount} of ${id} went back, and two people said ${approved.get(id)?.join(' or ') ?? 'nothing'}`,
          )
      }
      return faults
    },
  }
}
