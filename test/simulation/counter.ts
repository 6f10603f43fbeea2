/**
 * A counter in a storm: people record receipts, twice at once and of wrong amounts too, take them back, cancel,
 * hand payouts over, confirm them or say that nobody came; whether any of it counted twice, or by one person alone.
 */
import { BadInput } from '../../src/base/answer.ts'
import { instant, type Millis } from '../../src/base/world.ts'
import { approveAndDo, cancelAsked, type App } from '../../src/jobs/jobs.ts'
import { balances } from '../../src/ledger/ledger.ts'
import { confirmHandOver, handOver, takeBackHandOver } from '../../src/payout/payout.ts'
import { proposeTakeBack, receiveCash } from '../../src/webhooks/webhooks.ts'
import { sql, DbUnavailable } from '../../src/db/db.ts'
import { addAccount, addSchedule, approveAccount } from '../testbed/acts.ts'
import { hasAbsence } from './absences.ts'
import { hasEdits } from './edits.ts'
import { hasForgetting } from './forgetting.ts'
import { hasRestores } from './restores.ts'
import { hasReturns } from './returns.ts'
import type { RoomParts } from './room.ts'
import type { Visit } from './shoppers.ts'
import { hasVerdicts } from './verdicts.ts'

/** Where others edit, hold or take back whatever is there, it could not be told whose doing it was. */
const others = [hasAbsence, hasEdits, hasForgetting, hasRestores, hasReturns, hasVerdicts]

/** In one seed of thirteen. */
export const hasCounter = (seed: number): boolean => seed % 13 === 3 && !others.some(has => has(seed))

/** In every other one receipts are taken back, too. */
export const takesBack = (seed: number): boolean => hasCounter(seed) && seed % 2 === 0

export interface Counter {
  step(): Promise<Visit[]>
  /** Once the storm is over: what was edited is put right, and everything owed is handed over and confirmed. */
  attend(): Promise<Visit[]>
  judge(): Promise<string[]>
  figures: {
    received: number
    refused: number
    handed: number
    confirmed: number
    notHanded: number
    edited: number
    takenBack: number
    again: number
  }
}

interface Parts extends RoomParts {
  takesBack: boolean
  commissionBp: bigint
  endsAt: Millis
}

interface Edit {
  table: 'payouts' | 'attempts'
  id: string
  before: bigint
  after: bigint
}

type Payout = { id: string; state: string; units: bigint }
type Invoice = { id: string; state: string; units: bigint }

const minute = 60_000
const people = ['ana', 'bruno', 'carla']
const mostEdits = 3

export async function openCounter(parts: Parts): Promise<Counter> {
  const { db, bank, random, commissionBp, trace } = parts
  const world = { ...parts.world, random }
  const figures = {
    ...{ received: 0, refused: 0, handed: 0, confirmed: 0, notHanded: 0, edited: 0 },
    ...{ takenBack: 0, again: 0 },
  }
  const faults: string[] = []
  const one = <T>(list: readonly T[]): T => list[random.between(0, list.length - 1)]!
  /** What people tried to record, and what was answered: the truth that the books are held against. */
  const tried = new Set<string>()
  const received = new Set<string>()
  const canceled = new Set<string>()
  /** Invoices whose receipt two people tried to take back, and those of which they were answered that it is. */
  const triedBack = new Set<string>()
  const takenBack = new Set<string>()
  /** Who was answered that a payout is handed over, until it was answered how that ended. */
  const handedBy = new Map<string, string>()
  /** Acts whose answer is not there (yet): of a process that died it never comes. */
  const unanswered = new Map<string, number>()
  let edits: Edit[] = []

  const rent = { kind: 'cash', holder: 'Ana Lima', destination: 'front desk' } as const
  await addAccount(db, world, 'rent', rent, 'maker')
  await approveAccount(db, 'rent', 'checker')
  await addSchedule(
    db,
    world,
    {
      ...{ name: 'counter', rail: 'cash', cron: '*/5 * * * *', timeZone: 'UTC', catchUp: 'all' },
      ...{ startsAt: undefined, endsAt: instant(parts.endsAt), countLow: 2, countHigh: 4, unitsLow: 2_000n },
      ...{ unitsHigh: 30_000n, roster: undefined, dueInMs: 6 * minute, payTo: 'rent', commissionBp },
      minPayoutUnits: 0n,
    },
    'maker',
  )

  const invoices = () =>
    db.all<Invoice>(sql`select id, state, units from invoices where rail = 'cash' order by id`)
  const payouts = () =>
    db.all<Payout>(sql`select id, state, units from payouts where rail = 'cash' order by id`)

  /** Whoever comes twice comes as two people, and the second may well be the first one again. */
  function visit(what: string, does: (app: App, by: string) => Promise<string>, twice = false): Visit {
    const come = Array.from({ length: 2 }, () => one(people))
    return {
      twice,
      async does(app) {
        const by = come.pop()!
        try {
          trace(`counter: ${by} ${what}: ${await does(app, by)}`)
        } catch (error) {
          if (!(error instanceof BadInput) && !(error instanceof DbUnavailable)) throw error
          trace(`counter: ${by} ${what}: ${error.message.slice(0, 120)}`)
        }
      },
    }
  }

  function receive({ id, state }: Invoice, units: bigint, twice: boolean): Visit {
    const does = async (app: App, by: string) => {
      if (!canceled.has(id) && state !== 'expired') tried.add(`${id} ${units}`)
      // Whether it comes before or after a taking back that nobody was answered yet is not known.
      const wasBack = takenBack.delete(id)
      const answer = await receiveCash(app, id, { units, by, note: 'nº 7' })
      if (answer.is !== 'received') figures.refused += 1
      if (answer.is !== 'received') return 'code' in answer ? answer.code : answer.is
      if (received.has(id) && !triedBack.has(id)) faults.push(`${id} was recorded as received a second time`)
      if (wasBack) figures.again += 1
      received.add(id)
      figures.received += 1
      return answer.is
    }
    return visit(`records ${units} of ${id}`, does, twice)
  }

  const cancel = ({ id }: Invoice) =>
    visit(`cancels ${id}`, async (app, by) => {
      const answer = await cancelAsked(app, id, { by, why: 'a storm' })
      if (answer.is === 'canceled') canceled.add(id)
      return answer.is
    })

  /** One proposes it, and another one approves it; or the same one, who may not. */
  const takeBack = ({ id }: Invoice) => {
    const [maker, checker] = [one(people), one(people)]
    return visit(`and ${maker} take the receipt of ${id} back, and ${checker} approves`, async app => {
      const proposed = await proposeTakeBack(app.db, app.world, id, { by: maker, why: 'a storm' })
      if (!('proposal' in proposed)) return 'code' in proposed ? proposed.code : proposed.is
      triedBack.add(id)
      const { is } = await approveAndDo(app, proposed.proposal.id, { by: checker })
      if (is !== 'approved') return is
      if (proposed.proposal.made_by === checker)
        faults.push(`${checker} took the receipt of ${id} back alone`)
      takenBack.add(id)
      figures.takenBack += 1
      return is
    })
  }

  /** Answers whether nothing else is under way with the payout of which no answer came. */
  async function asking<T>(id: string, ask: () => Promise<T>): Promise<{ answer: T; alone: boolean }> {
    unanswered.set(id, (unanswered.get(id) ?? 0) + 1)
    const answer = await ask().catch((error: unknown) => {
      // What was refused by a busy database did not happen.
      unanswered.set(id, unanswered.get(id)! - 1)
      throw error
    })
    unanswered.set(id, unanswered.get(id)! - 1)
    return { answer, alone: unanswered.get(id) === 0 }
  }

  const hand = ({ id }: Payout, twice = false) =>
    visit(
      `hands ${id} over`,
      async (app, by) => {
        const { answer, alone } = await asking(id, () =>
          handOver(app.db, app.world, id, { by, note: 'nº 3' }),
        )
        if (answer.is !== 'handed') return 'code' in answer ? answer.code : answer.is
        if (alone && handedBy.has(id)) faults.push(`${id} was handed over twice`)
        handedBy.set(id, by)
        figures.handed += 1
        return answer.is
      },
      twice,
    )

  const end = ({ id }: Payout, as: 'paid' | 'held', twice = false) =>
    visit(
      as === 'paid' ? `confirms ${id}` : `says that nobody came for ${id}`,
      async (app, by) => {
        const say = as === 'paid' ? confirmHandOver : takeBackHandOver
        const { answer, alone } = await asking(id, () => say(app.db, app.world, id, { by, why: 'a storm' }))
        if (answer.is !== as) return 'code' in answer ? answer.code : answer.is
        if (as === 'paid' && alone && handedBy.get(id) === by)
          faults.push(`${by} handed ${id} over and confirmed it`)
        // What was paid is never handed over again.
        if (as === 'held') handedBy.delete(id)
        figures[as === 'paid' ? 'confirmed' : 'notHanded'] += 1
        return answer.is
      },
      twice,
    )

  const write = ({ table, id }: Edit, from: bigint, to: bigint) =>
    db.tx(tx =>
      tx.run(
        table === 'payouts'
          ? sql`update payouts set units = ${to} where id = ${id} and units = ${from}`
          : sql`update attempts set units = ${to} where id = ${id} and units = ${from}`,
      ),
    )

  /** Somebody writes another amount than is owed, or than was ordered, into the database. */
  async function edit(): Promise<void> {
    const rows = await db.all<{ table_name: 'payouts' | 'attempts'; id: string; units: bigint }>(sql`
      select 'payouts' as table_name, id, units from payouts where rail = 'cash' and state in ('owed', 'waiting')
      union all select 'attempts', a.id, a.units from attempts a join payouts p on p.id = a.payout_id
        where p.rail = 'cash' and p.state = 'sent' and a.state = 'sent'
      order by 1, 2`)
    const free = rows.filter(({ id }) => !edits.some(made => made.id === id))
    if (free.length === 0 || figures.edited >= mostEdits) return
    const { table_name: table, id, units } = one(free)
    const made = { table, id, before: units, after: units * 2n }
    if ((await write(made, made.before, made.after)) === 0) return
    edits.push(made)
    figures.edited += 1
    trace(`counter: ${table} ${id} is edited`)
  }

  async function putRight(): Promise<void> {
    for (const made of edits) {
      await write(made, made.after, made.before)
      trace(`counter: ${made.table} ${made.id} is put right`)
    }
    edits = []
  }

  return {
    figures,
    async step() {
      if (parts.takesBack && random.next() < 0.2) {
        const among = (await invoices()).filter(({ state }) => state === 'credited' || state === 'reversed')
        if (among.length > 0) {
          const invoice = one(among)
          return [invoice.state === 'credited' ? takeBack(invoice) : receive(invoice, invoice.units, false)]
        }
      }
      const chance = random.next()
      if (chance < 0.4) {
        const all = await invoices()
        const open = all.filter(({ state }) => state === 'issued')
        const among = open.length > 0 && random.next() < 0.8 ? open : all
        if (among.length === 0) return []
        const invoice = one(among)
        if (random.next() < 0.1) return [cancel(invoice)]
        const units = random.next() < 0.15 ? invoice.units - 1n : invoice.units
        return [receive(invoice, units, random.next() < 0.4)]
      }
      if (chance < 0.8) {
        const among = await payouts()
        if (among.length === 0) return []
        const payout = one(among)
        if (payout.state === 'owed' || random.next() < 0.1) return [hand(payout, random.next() < 0.4)]
        return [end(payout, random.next() < 0.7 ? 'paid' : 'held', random.next() < 0.3)]
      }
      if (chance < 0.84) await edit()
      else if (chance < 0.87) await putRight()
      return []
    },
    async attend() {
      await putRight()
      const open = await payouts()
      return open.flatMap(payout =>
        payout.state === 'owed' || payout.state === 'waiting'
          ? [hand(payout)]
          : payout.state === 'sent'
            ? [end(payout, 'paid')]
            : [],
      )
    },
    async judge() {
      type Row = Invoice & {
        paid_units: bigint | null
        payout: string | null
        owed: bigint | null
        ended: string
      }
      const rows = await db.all<Row>(sql`
        select i.id, i.state, i.units, i.paid_units, p.id as payout, p.units as owed, p.state as ended
        from invoices i left join payouts p on p.invoice_id = i.id where i.rail = 'cash' order by i.id`)
      const made = Map.groupBy(
        await db.all<{ payout_id: string; units: bigint }>(sql`
          select a.payout_id, a.units from attempts a join payouts p on p.id = a.payout_id
          where p.rail = 'cash' and a.state = 'success'`),
        ({ payout_id: id }) => id,
      )
      let [inBox, debts] = [0n, 0n]
      for (const { id, state, units, paid_units: paid, payout, owed, ended } of rows) {
        const isCredited = state === 'credited'
        const isReversed = state === 'reversed'
        if (!['credited', 'reversed', 'issued', 'expired', 'canceled'].includes(state))
          faults.push(`${id} is still ${state}`)
        if (isCredited && canceled.has(id)) faults.push(`${id} was canceled and is credited`)
        if (isCredited && !tried.has(`${id} ${paid}`)) faults.push(`${id}: nobody paid ${paid}`)
        if (isCredited && paid !== units) faults.push(`${id} of ${units} is credited with ${paid}`)
        if (!isCredited && received.has(id) && !isReversed) faults.push(`${id} was received and is ${state}`)
        if (isReversed && !triedBack.has(id)) faults.push(`${id} is reversed, and nobody took it back`)
        if (isCredited && takenBack.has(id)) faults.push(`${id} was taken back and is credited`)
        if ((isCredited || isReversed) !== (payout !== null))
          faults.push(`${id} is ${state}, and its payout ${payout}`)
        if (payout === null) continue
        const net = units - (units * commissionBp * 2n + 10_000n) / 20_000n
        const handed = made.get(payout) ?? []
        if (isReversed) {
          if (ended !== 'canceled' && ended !== 'paid') faults.push(`${payout} is still ${ended}`)
          if (handed.length !== (ended === 'paid' ? 1 : 0))
            faults.push(`${payout} is ${ended} and was handed over ${handed.length} times`)
          if (ended === 'paid') debts += net
          if (ended === 'paid') inBox -= net
          continue
        }
        inBox += units - net
        if (owed !== net) faults.push(`${payout} is of ${owed}, and ${net} is owed`)
        if (ended !== 'paid') faults.push(`${payout} is still ${ended}`)
        if (handed.length !== 1 || handed[0]!.units !== net)
          faults.push(
            `${payout} of ${net} was handed over as ${handed.map(each => each.units).join(' and ')}`,
          )
        if (bank.transfers().some(({ externalId }) => externalId.startsWith(payout)))
          faults.push(`${payout} is to be handed over, and the bank was asked for it`)
      }
      const { 'cash-box': box } = await balances(db, 'BRL')
      const row = await db.one<{ units: bigint }>(sql`
        select cast(coalesce(sum(e.units), 0) as bigint) as units
        from receivable_moves m join accounts a on a.id = m.account_id and a.name = 'rent'
          join ledger_entries e on e.transaction_id = m.transaction_id and e.account = 'receivable'`)
      if (row!.units !== debts) faults.push(`${row!.units} is owed by the payee, and ${debts} should be`)
      if (box !== inBox) faults.push(`${box} is in the box by the books, and ${inBox} should be`)
      return faults
    },
  }
}
