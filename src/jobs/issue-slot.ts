/** One slot: claims it, writes its drafts in the same transaction, and issues them. */
import { clockTrouble, type World } from '../base/world.ts'
import { tipOf } from '../chain/chain.ts'
import { draftBatch, inReaisAsSaid, issueDrafts, planBatch, pricingAt, rateNow, type Pricing } from '../invoice/invoice.ts'
import type { Rails } from '../rails/rail.ts'
import { slotFaults, termsRef } from '../payout/payout.ts'
import { remember, sql, type Sql, type Tx } from '../db/db.ts'
import { bankMayBeAsked } from '../ledger/ledger.ts'
import type { NoRate, Rate } from '../rates/rates.ts'
import { issueRequests, type BitcoinDesk } from './bitcoin.ts'
import { believesTime } from './clock.ts'
import { runSlot, type JobResult, type Runner } from './runner.ts'
import { batchRule, batchTerms, needSchedule, type ScheduleRow } from '../schedule/schedule.ts'
import { areInvoicesUnread } from '../webhooks/webhooks.ts'
import { endHolds, holdSchedule, judgeSchedule } from '../schedule/terms.ts'
import { claimSlot, endSlot, extendLease, holdSlot, materialise, type SlotRow } from '../schedule/slots.ts'

const limitMs = 10 * 60_000
const heartbeatMs = 15_000

/** Who issues: the rails there are, and what the Bitcoin rail needs beside itself. */
export type Issuer = Runner & { rails: Rails; bitcoin?: BitcoinDesk }

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
  rail: ScheduleRow['rail']
}

/** The claim and the drafts are one transaction: a slot that is running has its invoices, with our ids. */
async function claim(issuer: Issuer): Promise<Claimed | undefined> {
  for (;;)
    try {
      return await claimNext(issuer)
    } catch (error) {
      if (error instanceof SlotMoved) {
        await holdSlot(issuer.db, error.slot, error.message)
        issuer.world.log.error({ slot: error.slot.id, why: error.message }, 'a slot is held: it is not of the terms it fell due by')
        continue
      }
      if (!(error instanceof NotAsStated)) throw error
      const { schedule, message: why } = error
      await issuer.db.tx(tx => holdSchedule(tx, schedule, why))
      issuer.world.log.error({ schedule: schedule.name, why }, 'a schedule is on hold: its row is not what was stated')
    }
}

async function claimNext({ db, world, rails, bitcoin }: Issuer): Promise<Claimed | undefined> {
  const bankIsThere = rails.starkbank !== undefined && (await bankMayBeAsked(db, rails.starkbank, world)) && !(await areInvoicesUnread(db))
  return db.tx(async tx => {
    // Asked once: a rate that ages out between two looks must not leave a slot claimed and without a price.
    const rate = rails.bitcoin && bitcoin ? await rateNow(tx, bitcoin, world) : undefined
    const slot = await claimSlot(tx, sql`${await ready(tx, bankIsThere, rate)} and id not in (select schedule_id from schedule_holds)`)
    if (!slot) return undefined
    const schedule = await needSchedule(tx, slot.schedule_id)
    const judged = await judgeSchedule(tx, schedule)
    // Its claim is undone, so that nothing of the slot is used up.
    if (judged.is === 'changed') throw new NotAsStated(schedule, judged.why)
    const moved = (await slotFaults(tx, [slot])).get(slot.id)
    if (moved !== undefined) throw new SlotMoved(slot, moved)
    // What waited for the version that put its row right is of that version.
    const isOfLater = await tx.run(sql`
      update slots set schedule_version = ${schedule.version} where id = ${slot.id} and schedule_version <> ${schedule.version}
        and not exists (select 1 from invoices where slot_id = slots.id)`)
    const cause = { why: `it is run by version ${schedule.version}`, ref: termsRef(schedule) }
    if (isOfLater > 0) await remember(tx, 'slots', slot.id, 'running', 'running', cause, await tx.now())
    const price = priceOf(schedule, bitcoin, rate)
    // Nothing is kept of a transaction that throws: the slot stays due.
    if (!price) throw new Error(`slot ${slot.id} of ${schedule.name} has no price`)
    await draftBatch(tx, world, batchTerms(schedule, slot.id), () => planBatch(batchRule(schedule), world.random), price)
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

const priceOf = (schedule: ScheduleRow, bitcoin: BitcoinDesk | undefined, rate: Rate | NoRate | undefined): Pricing | undefined =>
  schedule.rail === 'starkbank' ? inReaisAsSaid : bitcoin && rate && pricingAt(rate, bitcoin, schedule)

/** Which schedules can be issued now: the bank's while it knows us; without a rail of the chain there is no rate. Without a good rate what is priced in reais waits on the Bitcoin rail, and the others do not. */
async function ready(tx: Tx, bankIsThere: boolean, rate: Rate | NoRate | undefined): Promise<Sql> {
  const bank = bankIsThere ? sql`rail = 'starkbank'` : sql`1 = 0`
  // Before the chain was first looked at, what is paid to an address of ours could be in a block that is never read.
  if (!rate || !(await tipOf(tx))) return bank
  return rate.is === 'rate' ? sql`(${bank} or rail = 'bitcoin')` : sql`(${bank} or (rail = 'bitcoin' and currency = 'BTC'))`
}

async function issue(issuer: Issuer, { slot, rail }: Claimed): Promise<void> {
  const over = new AbortController()
  const beating = heartbeat(issuer, slot, over.signal)
  try {
    await runSlot(
      issuer,
      slot.id,
      limitMs,
      world => (rail === 'bitcoin' ? issueOnChain(issuer, world, slot) : issueAtBank(issuer, world, slot)),
      (tx, outcome, summary) => endSlot(tx, slot, outcome, summary),
    )
  } finally {
    over.abort()
    await beating
  }
}

async function issueAtBank({ db, rails }: Issuer, world: World, slot: SlotRow): Promise<JobResult> {
  const { issued, unsure, refused, later } = await issueDrafts(db, rails.starkbank!, world, slot.id)
  const said = [`${issued} issued`, unsure && `${unsure} unsure`, refused && `${refused} refused`, later && `${later} later`]
    .filter(Boolean)
    .join(', ')
  return unsure + refused + later > 0 ? { less: said } : said
}

async function issueOnChain({ db, rails, bitcoin }: Issuer, world: World, slot: SlotRow): Promise<string> {
  return `${await issueRequests({ db, rail: rails.bitcoin!, bitcoin: bitcoin!, world }, slot.id)} issued`
}

async function heartbeat({ db, world }: Runner, slot: SlotRow, signal: AbortSignal): Promise<void> {
  for (;;) {
    await world.clock.sleep(heartbeatMs, signal)
    if (signal.aborted) return
    try {
      if (!(await extendLease(db, slot))) return
    } catch (error) {
      // The lease outlasts three missed beats, and nobody waits for this promise until the work is over: thrown, it would end the process.
      world.log.warn({ slot: slot.id, why: error instanceof Error ? error.message : 'unknown' }, 'a lease could not be extended')
    }
  }
}
