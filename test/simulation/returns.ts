/**
 * Money that goes back, in one seed of eleven: reversals whole and in part at any moment, some that fail, and
 * people who refund, cancel and ask again.
 */
import { BadInput } from '../../src/base/answer.ts'
import type { Bank } from '../../sim/bank.ts'
import type { Millis, Random } from '../../src/base/world.ts'
import { cancelInvoice } from '../../src/invoice/invoice.ts'
import { proposeDebtEnd, proposeTerms, receivableOf } from '../../src/payout/payout.ts'
import { sql, DbUnavailable, type Sql, type Db } from '../../src/db/db.ts'
import { proposeRefund, reissueInvoice } from '../../src/webhooks/webhooks.ts'
import { balances } from '../../src/ledger/ledger.ts'
import type { Scenario } from './scenario.ts'
import type { RoomParts } from './room.ts'
import type { Visit } from './shoppers.ts'
import { approveAndDo } from '../testbed/acts.ts'

export const hasReturns = (seed: number): boolean => seed % 11 === 2

const minute = 60_000

/**
 * What the bank does then: drawn from a stream of its own, so that the other stories stay what they were. In
 * one of four its amounts fall late.
 */
export function returnsChange(seed: number, random: Random): Pick<Scenario, 'settings'>['settings'] {
  const delays: [Millis, Millis][] = [
    [0, 800],
    [500, 5_000],
    [5_000, minute],
    [minute, 15 * minute],
  ]
  return {
    reversalRate: 0.35,
    reversalPartRate: 0.5,
    reversalFailRate: random.next() < 0.5 ? 0.4 : 0,
    reversalDelayMs: delays[random.between(0, delays.length - 1)]!,
    reversalLateFallRate: seed % 44 === 24 ? 0.7 : 0,
  }
}

export interface Returns {
  /** Whoever does something now. */
  step(): Promise<Visit[]>
  /** Sums over the story: how often each act was done. */
  figures: { refunds: number; cancels: number; reissues: number; setOff: number; forgiven: number }
}

/**
 * In half of these stories what the payee owes is kept back from its next payouts; in the others it is
 * forgiven, and then its bank sends transfers back.
 */
export async function openReturns({
  random,
  db,
  world,
  bank,
  trace,
}: Omit<RoomParts, 'clock'>): Promise<Returns> {
  const figures = { refunds: 0, cancels: 0, reissues: 0, setOff: 0, forgiven: 0 }
  if (random.next() < 0.5) {
    const proposed = await proposeTerms(db, world, 'main', 'next-payouts', { by: 'ana', why: 'agreed' })
    if (proposed.is !== 'proposed') throw new Error(`the terms are ${proposed.is}`)
    await approveAndDo({ db, rails: {}, world }, proposed.proposal.id, { by: 'bruno' })
    figures.setOff = 1
  }
  const one = <T>(list: readonly T[]): T | undefined =>
    list.length === 0 ? undefined : list[random.between(0, list.length - 1)]
  const among = (...states: string[]) =>
    db
      .all<{ id: string; paid_units: bigint | null; state: string }>(
        sql`select id, paid_units, state from invoices where rail = 'starkbank' order by id`,
      )
      .then(rows => one(rows.filter(({ state }) => states.includes(state))))

  /** A person is told no, or the program dies under them: either way they go home. */
  const trying = (what: string, count: keyof typeof figures, does: Visit['does']): Visit => ({
    twice: random.next() < 0.3,
    async does(app) {
      try {
        await does(app)
        figures[count]++
      } catch (error) {
        if (!(error instanceof BadInput) && !(error instanceof DbUnavailable)) throw error
        trace(`${what}: ${error.message}`)
      }
    },
  })

  return {
    figures,
    async step() {
      const chance = random.next()
      if (chance < 0.07) {
        const invoice = await among('credited', 'reversed', 'paid')
        if (!invoice) return []
        const whole = invoice.paid_units ?? 1n
        const units = random.next() < 0.4 ? undefined : BigInt(random.between(1, Number(whole)))
        trace(`a refund of ${units ?? 'all'} of ${invoice.id}`)
        return [
          trying(`the refund of ${invoice.id}`, 'refunds', async app => {
            const proposed = await proposeRefund(app.db, app.world, invoice.id, {
              units,
              by: 'ana',
              why: 'it was returned',
            })
            if (proposed.is !== 'proposed' && proposed.is !== 'there')
              throw new BadInput(`it is ${proposed.is}`)
            await approveAndDo(app, proposed.proposal.id, { by: 'bruno' })
          }),
        ]
      }
      if (chance < 0.1) {
        const invoice = await among('issued', 'overdue', 'draft', 'unsure', 'paid')
        if (!invoice) return []
        trace(`a cancelation of ${invoice.id}`)
        return [
          trying(`the cancelation of ${invoice.id}`, 'cancels', async app => {
            const { is } = await cancelInvoice({ ...app, rail: app.rails.starkbank! }, invoice.id, {
              by: 'ana',
              why: 'the wrong month',
            })
            trace(`${invoice.id} to be canceled: ${is}`)
          }),
        ]
      }
      if (chance < 0.16) {
        const invoice = await among('canceled', 'expired', 'refused', 'credited')
        if (!invoice) return []
        trace(`${invoice.id} asked for again`)
        return [
          trying(`asking again for ${invoice.id}`, 'reissues', async app => {
            const made = await reissueInvoice({ ...app, rail: app.rails.starkbank }, invoice.id, {
              by: 'ana',
              why: 'asked again',
            })
            if (made.is !== 'reissued') throw new BadInput(`it is ${made.is}`)
          }),
        ]
      }
      if (chance < 0.4 && figures.setOff === 0) {
        const main = await db.one<{ id: string }>(sql`select id from accounts where name = 'main'`)
        const units = await receivableOf(db, main!.id)
        if (units <= 0n) return []
        trace(`${units} forgiven`)
        const forgiving = trying('forgiving it', 'forgiven', async app => {
          const proposed = await proposeDebtEnd(app.db, app.world, 'main', {
            units,
            as: 'forgiven',
            by: 'ana',
            why: 'agreed',
          })
          if (proposed.is !== 'proposed' && proposed.is !== 'there')
            throw new BadInput(`it is ${proposed.is}`)
          await approveAndDo(app, proposed.proposal.id, { by: 'bruno' })
        })
        return [forgiving]
      }
      if (chance < 0.45 && figures.forgiven > 0) {
        const last = bank.transfers().findLast(({ id, status }) => status === 'success' && bank.sendBack(id))
        if (last) trace(`the payee’s bank sends ${last.externalId} back`)
      }
      return []
    },
  }
}

type Judged = {
  id: string
  provider_id: string | null
  account_id: string
  state: string
  paid: bigint
  fee: bigint
  bp: bigint
  withheld: bigint
  payout: string | null
  payout_state: string | null
  units: bigint | null
}

/**
 * From outside: what each payer left with us by the bank's own statement, what is owed of that by the rule,
 * and that what left to payees is that, and what they owe.
 */
export async function judgeReturns(
  db: Db,
  bank: Bank,
  settled: ReadonlyMap<string, string> = new Map(),
): Promise<string[]> {
  const faults: string[] = []
  const back = new Map<string, bigint>()
  for (const { source, amount } of bank.transactions()) {
    const id = /^invoice\/(\d+)\/reversal$/.exec(source)?.[1]
    if (id !== undefined) back.set(id, (back.get(id) ?? 0n) - BigInt(amount))
  }
  const rows = await db.all<Judged>(sql`
    select i.id, i.provider_id, i.account_id, i.state, coalesce(i.paid_units, 0) as paid,
      coalesce(i.fee_units, 0) as fee, i.commission_bp as bp,
      coalesce(p.withheld_units, 0) as withheld, p.id as payout, p.state as payout_state, p.units
    from invoices i left join payouts p on p.invoice_id = i.id where i.rail = 'starkbank'
      and i.state in ('credited', 'reversed') order by i.id`)
  const arrived = new Map<string, bigint>()
  for (const { id, status, amount, externalId } of bank.transfers())
    if (status === 'success') arrived.set(settled.get(id) ?? externalId.split('-')[0]!, BigInt(amount))

  const due = new Map<string, bigint>()
  const got = new Map<string, bigint>()
  for (const row of rows) {
    const returned = back.get(row.provider_id ?? '') ?? 0n
    const booked = await db.one<{ units: bigint }>(sql`
      select coalesce((select returned_units from invoice_reversals
        where invoice_id = ${row.id}), 0) as units`)
    if (booked!.units !== returned)
      faults.push(`${row.id}: ${returned} went back at the bank, and ${booked!.units} here`)
    const left = row.paid - returned
    const commission = (left * row.bp * 2n + 10_000n) / 20_000n
    const received = arrived.get(row.payout ?? '') ?? 0n
    // Where too little is left for a payout, a person decides, and nothing is taken.
    const net = left - row.fee - commission - row.withheld
    const isLeftOver = row.payout_state === 'held' && row.units! <= 0n
    due.set(row.account_id, (due.get(row.account_id) ?? 0n) + (isLeftOver || net < 0n ? 0n : net))
    got.set(row.account_id, (got.get(row.account_id) ?? 0n) + received)
  }
  for (const [account, owed] of due) {
    const owing = await receivableOf(db, account)
    const forgiven = (await balances(db))['given-up']
    if (got.get(account)! !== owed + owing + forgiven)
      faults.push(
        `${account} got ${got.get(account)}, of which ${owed} is owed by the rule, it owes ${owing}, and ${forgiven} is forgiven`,
      )
    if (owing < 0n && forgiven > 0n)
      faults.push(`${account} is to get ${-owing}, though it was forgiven ${forgiven}`)
  }

  const unmade = await db.all<{ id: string; units: bigint }>(sql`
    select p.id, cast(sum(case when t.movement = 'transfer fee returned' then -e.units
      else e.units end) as bigint) as units
    from payouts p join ledger_entries e on e.invoice_id = p.invoice_id and e.line = 1
      join ledger_transactions t on t.id = e.transaction_id
    where p.state = 'canceled'
      and t.movement in ('transfer fee withheld', 'transfer fee withheld again', 'transfer fee returned')
    group by p.id having sum(case when t.movement = 'transfer fee returned' then -e.units
      else e.units end) <> 0`)
  for (const { id, units } of unmade)
    faults.push(`${units} is withheld for the transfer of ${id}, which is not made`)

  const open = await db.all<{ id: string; state: string }>(sql`
    select id, state from invoice_refunds where state in ('approved', 'refunding', 'unsure', 'sent')
    union all select invoice_id, 'to be canceled' from invoice_cancels where next_at is not null
    union all select invoice_id, 'going back' from invoice_reversals where under_way_since is not null`)
  for (const { id, state } of open) faults.push(`${id} is still ${state}`)
  const twice = await db.all<{ id: string; old: string }>(sql`
    select r.invoice_id as id, r.reissue_of as old from invoice_reissues r
      join invoices a on a.id = r.invoice_id join invoices b on b.id = r.reissue_of
    where a.paid_units > 0 and b.paid_units > 0`)
  for (const { id, old } of twice)
    faults.push(`${old} was paid, and so was ${id}, which was asked for in its place`)
  faults.push(...(await orderedWhileGoingBack(db, bank)), ...(await keptBackTooMuch(db)))
  return faults
}

/**
 * Nothing was ordered for an invoice between our hearing that its money goes back, and the bank's saying how
 * that ended.
 */
async function orderedWhileGoingBack(db: Db, bank: Bank): Promise<string[]> {
  const heard = await db.all<{ raw: Uint8Array; at: string; seq: bigint }>(
    sql`
      select i.rail, i.event_id, i.raw, min(t.at) as at, min(t.seq) as seq from inbox i
        join transitions t on t.subject = cast(i.id as text) and t.about = 'inbox' and t.from_state = 'new'
      where i.kind = 'invoice.reversing' and i.state = 'done' group by i.id, i.rail, i.event_id, i.raw
        order by i.id`,
  )
  const ends = bank
    .eventsCreated()
    .filter(
      ({ subscription, log: { type } }) =>
        subscription === 'invoice' && ['reversed', 'failed', 'refunded'].includes(type),
    )
  const faults: string[] = []
  for (const { raw, at, seq } of heard) {
    const { log } = (
      JSON.parse(Buffer.from(raw).toString()) as {
        event: { log: { created: string; invoice: { id: string } } }
      }
    ).event
    const over = ends
      .filter(
        ({ log: end }) =>
          (end as { invoice?: { id: string } }).invoice?.id === log.invoice.id && end.created > log.created,
      )
      .map(({ log: end }) => new Date(end.created).toISOString())
      .sort()[0]
    const orders = await db.all<{ external_id: string; asked_at: string }>(sql`
      select t.external_id, t.asked_at from attempts t join payouts p on p.id = t.payout_id
        join invoices i on i.id = p.invoice_id
      where i.provider_id = ${log.invoice.id} and t.asked_at > ${at}
        and exists (select 1 from transitions where subject = t.id and to_state = 'sending'
          and seq > ${seq})`)
    for (const { external_id: key, asked_at: asked } of orders)
      if (over === undefined || asked < over)
        faults.push(`${key} was ordered at ${asked}, while money was going back from ${at} to ${over}`)
  }
  return faults
}

/**
 * By the order in which it was posted, where the database tells it: a wall clock may have been set meanwhile.
 */
const inOrder = ({ engine }: Db): Sql =>
  engine === 'sqlite'
    ? sql`t.rowid`
    : sql`t.at, case when t.movement = 'receivable set off' then 1 else 0 end, t.id`

/**
 * Whatever was kept back from a payout was owed at that moment, but for what was withheld for a transfer that
 * was not made then; and nothing went out with one of what had been forgiven.
 */
async function keptBackTooMuch(db: Db): Promise<string[]> {
  const moves = await db.all<{ account: string; movement: string; source: string; units: bigint }>(sql`
    select m.account_id as account, t.movement, t.source, e.units from receivable_moves m
      join ledger_transactions t on t.id = m.transaction_id
      join ledger_entries e on e.transaction_id = t.id and e.account = 'receivable'
    order by ${inOrder(db)}`)
  let forgiven = 0n
  const owing = new Map<string, bigint>()
  const faults: string[] = []
  for (const { account, movement, source, units } of moves) {
    const left = (owing.get(account) ?? 0n) + units
    owing.set(account, left)
    if (movement === 'receivable forgiven' || movement === 'forgiveness undone') forgiven -= units
    if (movement === 'set-off returned' && forgiven > 0n)
      faults.push(`${units} went out with ${source}, though ${forgiven} was forgiven`)
    const ofFee = await db.one<{ units: bigint }>(sql`
      select cast(coalesce(sum(e.units), 0) as bigint) as units from ledger_transactions t
        join ledger_entries e on e.transaction_id = t.id and e.line = 1
      where t.movement = 'transfer fee returned' and e.invoice_id in (select invoice_id from payouts
        where id = ${source.split('/')[0]!})`)
    if (movement === 'receivable set off' && left < -ofFee!.units)
      faults.push(`${-left} more was kept back from ${source} than ${account} owed`)
  }
  return faults
}
