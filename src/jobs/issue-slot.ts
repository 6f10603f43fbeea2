/** One slot: claims it, writes its drafts in the same transaction, and issues them. */
import { because } from '../base/reasons.ts'
import type { RailName } from '../base/rails.ts'
import { clockTrouble } from '../base/world.ts'
import { draftBatch, planBatch } from '../invoice/invoice.ts'
import { slotFaults, termsRef } from '../payout/payout.ts'
import { ofStore, remember, sql, type Sql } from '../db/db.ts'
import { believesTime } from './clock.ts'
import type { OnRails } from './app.ts'
import type { Claiming } from './railFlow.ts'
import { railFlows, railsHere } from './rails.ts'
import { runSlot, type Runner } from './runner.ts'
import {
  batchRule,
  batchTerms,
  needSchedule,
  storeOfSchedule,
  type ScheduleRow,
} from '../schedule/schedule.ts'
import { endHolds, holdSchedule, judgeSchedule } from '../schedule/terms.ts'
import { claimSlot, endSlot, extendLease, holdSlot, materialise, type SlotRow } from '../schedule/slots.ts'

const limitMs = 10 * 60_000
const heartbeatMs = 15_000

/** Who issues: the rails there are, and what the Bitcoin rail needs beside itself. */
export type Issuer = Runner & OnRails

/** Materialises what fell due and runs every slot that can be claimed. Answers how many were run. */
export async function runDueSlots(issuer: Issuer): Promise<number> {
  if (!(await believesTime(issuer))) return 0
  await endHolds(issuer.db)
  await materialise(issuer.db, issuer.world)
  for (let ran = 0; ; ran++) {
    // A clock may jump while slots are run.
    const claimed = clockTrouble(issuer.world) === undefined ? await claim(issuer) : undefined
    if (!claimed) return ran
    await issuer.world.at('slot claimed')
    await issue(issuer, claimed)
  }
}

interface Claimed {
  slot: SlotRow
  rail: RailName
}

/** The claim and the drafts are one transaction: a slot that is running has its invoices, with our ids. */
async function claim(issuer: Issuer): Promise<Claimed | undefined> {
  for (;;)
    try {
      return await claimNext(issuer)
    } catch (error) {
      if (error instanceof SlotMoved) {
        await holdSlot(issuer.db, error.slot, because('edited', { finding: error.message }))
        issuer.world.log.error(
          { slot: error.slot.id, why: error.message },
          'a slot is held: it is not of the terms it fell due by',
        )
        continue
      }
      if (!(error instanceof NotAsStated)) throw error
      const { schedule, message: why } = error
      await issuer.db.tx(tx => holdSchedule(tx, schedule, why))
      issuer.world.log.error(
        { schedule: schedule.name, why },
        'a schedule is on hold: its row is not what was stated',
      )
    }
}

async function claimNext(issuer: Issuer): Promise<Claimed | undefined> {
  const { db, world } = issuer
  const rails: RailName[] = []
  for (const name of railsHere(issuer)) if (await railFlows[name].mayIssue(issuer)) rails.push(name)
  return db.tx(async all => {
    const claiming = new Map<RailName, Claiming>()
    for (const name of rails) {
      const found = await railFlows[name].claiming(all, issuer)
      if (found) claiming.set(name, found)
    }
    const which = [...claiming.values()].map(each => each.which)
    if (which.length === 0) return undefined
    const slot = await claimSlot(
      all,
      sql`(${anyOf(which)}) and id not in (select schedule_id from schedule_holds)`,
    )
    if (!slot) return undefined
    const tx = ofStore(all, await storeOfSchedule(all, slot.schedule_id))
    const schedule = await needSchedule(tx, slot.schedule_id)
    const judged = await judgeSchedule(tx, schedule)
    // Its claim is undone, so that nothing of the slot is used up.
    if (judged.is === 'changed') throw new NotAsStated(schedule, judged.why)
    const moved = (await slotFaults(tx, [slot])).get(slot.id)
    if (moved !== undefined) throw new SlotMoved(slot, moved)
    // What waited for the version that put its row right is of that version.
    const isOfLater = await tx.run(sql`
      update slots set schedule_version = ${schedule.version} where id = ${slot.id}
        and schedule_version <> ${schedule.version}
        and not exists (select 1 from invoices where slot_id = slots.id)`)
    const cause = {
      why: because('run-by-version', { version: `${schedule.version}` }),
      ref: termsRef(schedule),
    }
    if (isOfLater > 0) await remember(tx, 'slots', slot.id, 'running', 'running', cause, await tx.now())
    const price = claiming.get(schedule.rail)?.price(schedule)
    // Nothing is kept of a transaction that throws: the slot stays due.
    if (!price) throw new Error(`slot ${slot.id} of ${schedule.name} has no price`)
    await draftBatch(
      tx,
      world,
      batchTerms(schedule, slot.id),
      () => planBatch(batchRule(schedule), world.random),
      price,
    )
    return { slot, rail: schedule.rail }
  })
}

/** A slot's schedule is not what was stated. */
class NotAsStated extends Error {
  readonly schedule: ScheduleRow
  constructor(schedule: ScheduleRow, why: string) {
    super(why)
    this.schedule = schedule
  }
}

/** A slot is not of the terms it fell due by. Its schedule's other slots go on. */
class SlotMoved extends Error {
  readonly slot: SlotRow
  constructor(slot: SlotRow, why: string) {
    super(why)
    this.slot = slot
  }
}

const anyOf = (conditions: Sql[]): Sql => conditions.reduce((one, other) => sql`${one} or ${other}`)

async function issue(issuer: Issuer, { slot, rail }: Claimed): Promise<void> {
  const over = new AbortController()
  const beating = heartbeat(issuer, slot, over.signal)
  try {
    await runSlot(
      issuer,
      slot.id,
      limitMs,
      world => railFlows[rail].issue({ ...issuer, world }, slot.id),
      (tx, outcome, summary) => endSlot(tx, slot, outcome, summary),
    )
  } finally {
    over.abort()
    await beating
  }
}

async function heartbeat({ db, world }: Runner, slot: SlotRow, signal: AbortSignal): Promise<void> {
  for (;;) {
    await world.clock.sleep(heartbeatMs, signal)
    if (signal.aborted) return
    try {
      if (!(await extendLease(db, slot))) return
    } catch (error) {
      // The lease outlasts three missed beats, and nobody waits for this promise until the work is over:
      // thrown, it would end the process.
      world.log.warn(
        { slot: slot.id, why: error instanceof Error ? error.message : 'unknown' },
        'a lease could not be extended',
      )
    }
  }
}
