/**
 * Strangers during a storm: money that others send and receive with the same account, and a bank that is away
 * for long; whether anything was ordered while nobody had looked at what left.
 */
import { instant, millis, type Millis } from '../../src/base/world.ts'
import { listStrangers } from '../../src/reconcile/reconcile.ts'
import { payoutsStopped } from '../../src/payout/payout.ts'
import { sql, type Sql } from '../../src/db/db.ts'
import { orderByHand } from '../testbed/strangers.ts'
import type { RoomParts } from './room.ts'
import { hasJumps } from './jumps.ts'
import { approveAndDo, proposeAccept, proposeClose, proposeRule } from '../testbed/acts.ts'

/**
 * In one seed of nineteen the account is others' too, unless a clock jumps: by that one nothing may be made
 * at all.
 */
export const hasStrangers = (seed: number): boolean => seed % 19 === 12 && !hasJumps(seed)

export interface Strangers {
  /**
   * Somebody sends money, or receives some; the bank goes away, and comes back; two people look at what left.
   */
  step(): Promise<void>
  /** Whether the installation knows of all of it, and two people have looked. */
  isOver(): Promise<boolean>
  /** Once the storm is over, two people look at all of it. */
  attend(): Promise<void>
  judge(): Promise<string[]>
  figures: { sent: number; received: number; absences: number; accepted: number }
}

const minute = 60_000
/** Of each in one story: a storm with a chain has so many steps that there would be hundreds. */
const most = 12
const pretended = sql`invoice_tag like 'inv_000%'`
/** Of a transfer that failed all is back. */
const left = sql`and provider_id in (select provider_id from suspense_lines group by provider_id
  having sum(units) < 0)`
const madeUp = (count: number): string => `inv_${`${count}`.padStart(26, '0')}`

export function openStrangers({ db, world: shared, clock, bank, random, trace }: RoomParts): Strangers {
  const world = { ...shared, random }
  const app = { db, world, rails: {} }
  const figures = { sent: 0, received: 0, absences: 0, accepted: 0 }
  const faults: string[] = []
  const usual = { resetBefore: bank.faults.resetBefore }
  let backAt: Millis | undefined
  let ruled = false

  async function rule(): Promise<void> {
    ruled = true
    const fee = { direction: 'out', field: 'description', match: 'starts', text: 'Fee of transfer' } as const
    const { proposal } = await proposeRule(
      db,
      world,
      'fees',
      { ...fee, maxUnits: 1_000n, period: 'day', periodUnits: 100_000n },
      { by: 'maker', why: 'a storm' },
    )
    await approveAndDo(app, proposal.id, { by: 'checker' })
  }

  async function accept(most: number): Promise<void> {
    for (const { id } of await listStrangers(db, { state: 'open', limit: most })) {
      const { proposal } = await proposeAccept(db, world, id, { by: 'maker', why: 'a storm' })
      await approveAndDo(app, proposal.id, { by: 'checker' })
      figures.accepted += 1
      trace(`strangers: line ${id} was looked at`)
    }
    const waiting = (await suspended()).filter(row => row.cleared_at === null)
    for (const ref of [...new Set(waiting.map(row => row.provider_id))].slice(0, most)) {
      const { proposal } = await db.tx(tx => proposeClose(tx, world, ref, { by: 'maker', why: 'a storm' }))
      if ((await approveAndDo(app, proposal.id, { by: 'checker' })).is === 'approved') figures.accepted += 1
      trace(`strangers: ${ref} under a tag of ours was looked at`)
    }
  }

  /** What pretended to be ours. */
  const suspended = (which: Sql = sql``) =>
    db.all<{ id: string; provider_id: string; units: bigint; added_at: string; cleared_at: string | null }>(
      sql`select id, provider_id, units, added_at, cleared_at from suspense_lines where ${pretended} ${which}
        order by id`,
    )

  /** Lines of what others sent that the installation has not read in the statement yet. */
  async function unknown(): Promise<string[]> {
    const rows = await db.all<{ id: string }>(
      sql`select id from strangers union all select id from suspense_lines`,
    )
    const known = new Set(rows.map(({ id }) => id))
    const byHand = new Set(
      bank.transfers().flatMap(({ id, externalId }) => (externalId.startsWith('by-hand') ? [id] : [])),
    )
    return bank
      .transactions()
      .filter(
        ({ source, id, amount }) => byHand.has(source.split('/')[1] ?? '') && amount !== 0 && !known.has(id),
      )
      .map(({ id }) => id)
  }

  return {
    figures,
    isOver: async () =>
      (await unknown()).length === 0 &&
      (await listStrangers(db, { state: 'open', limit: 1 })).length === 0 &&
      (await suspended()).every(row => row.cleared_at !== null),
    async step() {
      if (!ruled && random.next() < 0.05) await rule()
      if (random.next() < 0.03 && figures.sent < most) {
        // Every other one pretends to be ours.
        const tags = figures.sent % 2 === 0 ? [madeUp(figures.sent)] : []
        orderByHand(bank, { units: random.between(100, 30_000), tags })
        figures.sent += 1
        trace('strangers: somebody sends money by hand')
      }
      if (random.next() < 0.03 && figures.received < most) {
        bank.deposit(random.between(1, 30_000))
        figures.received += 1
        trace('strangers: somebody pays in')
      }
      if (backAt === undefined && random.next() < 0.01 && figures.absences < 3) {
        backAt = clock.now() + random.between(2 * minute, 25 * minute)
        bank.setFaults({ resetBefore: 1 })
        figures.absences += 1
        trace(`strangers: the bank is away until ${instant(backAt)}`)
      }
      if (backAt !== undefined && clock.now() >= backAt) {
        backAt = undefined
        bank.setFaults(usual)
      }
      const out = [
        ...(await listStrangers(db, { state: 'open', limit: 1_000 })),
        ...(await suspended(left)).filter(row => row.cleared_at === null),
      ].filter(({ units }) => units < 0n)
      if (out.length > 0 && (await payoutsStopped(db)) === undefined)
        faults.push(`line ${out[0]!.id} left, and nothing is stopped`)
      if (random.next() < 0.04) await accept(3)
    },
    attend: () => accept(1_000),
    async judge() {
      const lines = await db.all<{
        id: string
        units: bigint
        added_at: string
        changed_at: string
        state: string
      }>(sql`
        select id, units, added_at, changed_at, state from strangers where units < 0
          and state in ('open', 'accepted')
        union all select id, units, added_at, coalesce(cleared_at, ''), case when cleared_at is null
          then 'open' else 'accepted' end
          from suspense_lines where units < 0 and ${pretended} ${left}`)
      const covered = await db.all<{ id: string; description: string }>(
        sql`select id, description from strangers where state = 'ruled'`,
      )
      const claims = await db.all<{ key: string; asked_at: string }>(
        sql`select external_id as key, asked_at from attempts where bundle_id is null`,
      )
      return [
        ...faults.slice(0, 1),
        ...covered
          .filter(({ description }) => !description.startsWith('Fee of transfer'))
          .map(({ id, description }) => `line ${id} (${description}) is covered by a rule for fees`),
        ...lines.filter(({ state }) => state === 'open').map(({ id }) => `line ${id} is still open`),
        ...(await unknown()).map(id => `line ${id} is a stranger’s, and nobody knows`),
        ...lines.flatMap(({ id, added_at: from, changed_at: to }) =>
          claims
            .filter(({ asked_at: at }) => millis(at) > millis(from) && millis(at) < millis(to))
            .map(({ key }) => `${key} was ordered while nobody had looked at line ${id}`),
        ),
      ]
    },
  }
}
