/**
 * People at odd moments: they hold, release and retry payouts, stop all and let go, pay by hand at the bank
 * and say what such a transfer was; whether anything was ordered meanwhile.
 */
import type { Transfer } from '../../sim/bank.ts'
import { BadInput } from '../../src/base/answer.ts'
import { millis, type Millis } from '../../src/base/world.ts'
import { type App } from '../../src/jobs/jobs.ts'
import { listStrangers } from '../../src/reconcile/reconcile.ts'
import { refuse } from '../../src/ledger/ledger.ts'
import { type Verdict } from '../../src/payout/payout.ts'
import { sql, DbUnavailable, type Db } from '../../src/db/db.ts'
import { orderByHand } from '../testbed/strangers.ts'
import { hasJumps } from './jumps.ts'
import type { Visit } from './shoppers.ts'
import type { RoomParts } from './room.ts'
import { hasStrangers } from './strangers.ts'
import {
  approveAndDo,
  holdPayout,
  letGo,
  proposeVerdict,
  releasePayout,
  retryPayout,
  stopAll,
  proposeAccept,
  proposeClose,
} from '../testbed/acts.ts'

/**
 * In one seed of twenty-nine; not where strangers' transfers are looked at by others, nor where nothing may
 * be made for a while.
 */
export const hasVerdicts = (seed: number): boolean =>
  seed % 29 === 22 && !hasStrangers(seed) && !hasJumps(seed)

export interface Verdicts {
  step(): Promise<Visit[]>
  /** Once the storm is over: all is let go, and two people say of each transfer what it was. */
  attend(): Promise<Visit[]>
  /** By the transfer's id, the payout that two people said it had paid. */
  readonly settled: ReadonlyMap<string, string>
  judge(): Promise<string[]>
  figures: { holds: number; stops: number; byHand: number; ours: number; notOurs: number }
}

interface ByHand {
  transfer: Transfer
  payoutId: string
}

/**
 * What a person keeps back, and until when it was seen to be kept. `payoutId`: undefined where all were
 * stopped.
 */
interface Still {
  payoutId: string | undefined
  from: Millis
  until: Millis
  isOver: boolean
}

const maxByHand = 4
const act = { by: 'ana', why: 'a storm' }

export function openVerdicts({ db, world: common, clock, bank, random, trace }: RoomParts): Verdicts {
  const world = { ...common, random }
  const figures = { holds: 0, stops: 0, byHand: 0, ours: 0, notOurs: 0 }
  const settled = new Map<string, string>()
  const stills: Still[] = []
  let open: ByHand[] = []
  const one = <T>(list: readonly T[]): T => list[random.between(0, list.length - 1)]!

  /** A person is told no, or the program dies under them: either way they go home. */
  async function trying(what: string, does: () => Promise<unknown>): Promise<boolean> {
    try {
      await does()
      trace(`verdicts: ${what}`)
      return true
    } catch (error) {
      if (!(error instanceof BadInput) && !(error instanceof DbUnavailable) && !isSilent(error)) throw error
      trace(`verdicts: not ${what}: ${error.message.slice(0, 120)}`)
      return false
    }
  }

  const payouts = () =>
    db.all<{ id: string; asset: string; state: string }>(
      sql`select id, asset, state from payouts order by id`,
    )
  const heldNow = (payoutId: string | undefined) =>
    stills.find(each => each.payoutId === payoutId && !each.isOver)
  const end = (payoutId: string | undefined) => {
    const still = heldNow(payoutId)
    if (still) Object.assign(still, { until: clock.now(), isOver: true })
  }
  const begin = (payoutId: string | undefined) =>
    heldNow(payoutId) ?? stills.push({ payoutId, from: clock.now(), until: clock.now(), isOver: false })

  /** Others let go as well. */
  async function look(states: ReadonlyMap<string, string>): Promise<void> {
    const stopped = await db.one(sql`select 1 as yes from settings where name = 'hold'`)
    for (const still of stills) {
      still.isOver ||=
        still.payoutId === undefined ? stopped === undefined : states.get(still.payoutId) !== 'held'
      if (!still.isOver) still.until = clock.now()
    }
  }

  async function hold(id: string): Promise<void> {
    if (!(await trying(`${id} is held`, () => holdPayout(db, id, act)))) return
    figures.holds += 1
    begin(id)
  }

  async function release(id: string): Promise<void> {
    if (await trying(`${id} is released`, () => releasePayout(db, id, act))) end(id)
  }

  async function stop(): Promise<void> {
    if (!(await trying('all are stopped', () => stopAll(db, 'a storm', 'ana')))) return
    figures.stops += 1
    begin(undefined)
  }

  async function go(): Promise<void> {
    const hold = await letGo(db, 'the storm is over', 'ana')
    if (!hold) return
    end(undefined)
    trace(`verdicts: all are let go: ${hold.why}`)
  }

  /**
   * Somebody does not wait for the program, and pays at the bank: with the invoice's tag or without, and
   * seldom another amount.
   */
  async function payByHand(): Promise<void> {
    const rows = await db.all<{ id: string; invoice_id: string; units: bigint }>(sql`
      select id, invoice_id, units from payouts where asset = 'BRL' and units > 0
        and state in ('owed', 'waiting', 'held', 'returned', 'unsure', 'sending')
      order by id`)
    if (rows.length === 0) return
    const { id, invoice_id: invoice, units } = one(rows)
    const paid = random.next() < 0.15 ? Number(units) - 1 : Number(units)
    // The bank pays nobody from an empty account.
    bank.deposit(paid)
    const transfer = orderByHand(bank, {
      units: Math.max(paid, 1),
      tags: random.next() < 0.7 ? [invoice] : [],
    })
    figures.byHand += 1
    open.push({ transfer, payoutId: id })
    trace(`verdicts: ${id} is paid by hand with ${transfer.id}`)
  }

  /** Two people say what a transfer was; where it cannot have paid the payout, that it is not ours. */
  async function adjudicate(app: App, byHand: ByHand, as: Verdict): Promise<boolean> {
    const { transfer, payoutId } = byHand
    // Whoever was killed after the commit has said it all the same, and nobody says it again.
    const isSaid = await db.one(
      sql`select 1 as yes from attempts where payout_id = ${payoutId} and provider_id = ${transfer.id}
        and state = 'success'`,
    )
    if (isSaid) {
      settled.set(transfer.id, payoutId)
      if (open.includes(byHand)) figures.ours += 1
      open = open.filter(each => each !== byHand)
    }
    return trying(`${transfer.id} is said to be ${as} for ${payoutId}`, async () => {
      const { is, proposal } = await proposeVerdict(app, payoutId, { ...act, transfer: transfer.id, as })
      if (is === 'another') await refuseIt(app.db, proposal.id)
      if (is === 'another') throw new BadInput('another verdict was proposed')
      try {
        const decision = await approveAndDo(app, proposal.id, { by: 'bruno' })
        if (decision.is !== 'approved') throw new BadInput(`the proposal is ${decision.is}`)
      } catch (error) {
        if (error instanceof BadInput) await refuseIt(app.db, proposal.id)
        throw error
      }
      // Whoever says it last is believed, though somebody else had said something meanwhile.
      if (as === 'ours') settled.set(transfer.id, payoutId)
      else settled.delete(transfer.id)
      if (!open.includes(byHand)) return
      open = open.filter(each => each !== byHand)
      figures[as === 'ours' ? 'ours' : 'notOurs'] += 1
    })
  }

  const refuseIt = (own: Db, id: string) => own.tx(tx => refuse(tx, id, { by: 'bruno', why: 'it cannot be' }))

  /** What is a stranger's all the same is looked at as such. */
  async function lookAtStrangers(): Promise<void> {
    const app = { db, world, rails: {} }
    const ofOpen = new Set(open.map(({ transfer }) => transfer.id))
    for (const { id, source } of await listStrangers(db, { state: 'open', limit: 1_000 })) {
      if (ofOpen.has(source.split('/')[1]!)) continue
      const { proposal } = await proposeAccept(db, world, id, act)
      await approveAndDo(app, proposal.id, { by: 'bruno' })
      trace(`verdicts: line ${id} was looked at`)
    }
    const waiting = await db.all<{ id: string }>(
      sql`select distinct provider_id as id from suspense_lines where cleared_at is null order by 1`,
    )
    for (const { id } of waiting) {
      if (ofOpen.has(id)) continue
      await trying(`suspense of ${id} is closed`, async () => {
        const { proposal } = await db.tx(tx => proposeClose(tx, world, id, act))
        await approveAndDo(app, proposal.id, { by: 'bruno' })
      })
    }
  }

  const say = (byHand: ByHand): Visit => ({
    twice: false,
    async does(app) {
      if (!(await adjudicate(app, byHand, 'ours'))) await adjudicate(app, byHand, 'not-ours')
    },
  })

  return {
    figures,
    settled,
    async step() {
      const chance = random.next()
      const rows = await payouts()
      await look(new Map(rows.map(({ id, state }) => [id, state])))
      if (chance < 0.1 && rows.length > 0) await hold(one(rows).id)
      else if (chance < 0.2 && rows.length > 0) await release(one(rows).id)
      else if (chance < 0.25 && rows.length > 0) {
        const { id } = one(rows)
        if (await trying(`${id} is tried again`, () => retryPayout(db, id, act))) end(id)
      } else if (chance < 0.28) await stop()
      else if (chance < 0.36) await go()
      else if (chance < 0.42 && figures.byHand < maxByHand) await payByHand()
      else if (chance < 0.52 && open.length > 0) {
        const byHand = one(open)
        if (random.next() < 0.8) return [say(byHand)]
        return [
          {
            twice: random.next() < 0.5,
            does: async app => void (await adjudicate(app, byHand, one(['ours', 'not-ours']))),
          },
        ]
      }
      return []
    },
    async attend() {
      await go()
      for (const { payoutId } of stills)
        if (payoutId !== undefined && heldNow(payoutId)) await release(payoutId)
      await lookAtStrangers()
      return open.map(say)
    },
    async judge() {
      const orders = await db.all<{ key: string; payout_id: string; asked_at: string }>(sql`
        select external_id as key, payout_id, (select min(at) from transitions
          where subject = attempts.id) as asked_at from attempts
        where external_id not like 'by-hand%' and external_id not like 'transfer-%'`)
      const meanwhile = ({ payoutId, from, until }: Still) =>
        orders.filter(
          ({ payout_id: id, asked_at: at }) =>
            (payoutId === undefined || payoutId === id) && millis(at) > from && millis(at) < until,
        )
      return [
        ...open.map(({ transfer }) => `nobody could say what transfer ${transfer.id} was`),
        ...stills.flatMap(still =>
          meanwhile(still).map(
            ({ key }) => `${key} was ordered while ${still.payoutId ?? 'everything'} was held by a person`,
          ),
        ),
      ]
    },
  }
}

/** The bank did not say what it was asked: whoever asked asks later. */
const isSilent = (error: unknown): error is Error =>
  error instanceof Error && error.message.startsWith('the bank did not')
