/** One slot: claims it, writes its drafts in the same transaction, and issues them. */
import { draftBatch, issueDrafts, planBatch } from '../invoice/invoice.ts'
import type { Rail } from '../rails/rail.ts'
import { runSlot, type Runner } from './runner.ts'
import { batchRule, batchTerms, needSchedule } from './schedules.ts'
import { claimSlot, endSlot, extendLease, materialise, type SlotRow } from './slots.ts'

const limitMs = 10 * 60_000
const heartbeatMs = 15_000

/** Materialises what fell due and runs every slot that can be claimed. Answers how many were run. */
export async function runDueSlots(runner: Runner, rail: Rail): Promise<number> {
  await materialise(runner.store, runner.world)
  for (let ran = 0; ; ran++) {
    const slot = await claim(runner)
    if (!slot) return ran
    await runner.world.at('slot claimed')
    await issue(runner, rail, slot)
  }
}

/** The claim and the drafts are one transaction: a slot that is running has its invoices, with our ids. */
async function claim({ store, world }: Runner): Promise<SlotRow | undefined> {
  return store.tx(async tx => {
    const slot = await claimSlot(tx)
    if (!slot) return undefined
    const schedule = await needSchedule(tx, slot.schedule_id)
    await draftBatch(tx, world, batchTerms(schedule, slot.id), () => planBatch(batchRule(schedule), world.random))
    return slot
  })
}

async function issue(runner: Runner, rail: Rail, slot: SlotRow): Promise<void> {
  const over = new AbortController()
  const beating = heartbeat(runner, slot, over.signal)
  try {
    await runSlot(
      runner,
      slot.id,
      limitMs,
      async world => {
        const { issued, unsure, refused, later } = await issueDrafts(runner.store, rail, world, slot.id)
        return [`${issued} issued`, unsure && `${unsure} unsure`, refused && `${refused} refused`, later && `${later} later`]
          .filter(Boolean)
          .join(', ')
      },
      (tx, outcome, summary) => endSlot(tx, slot, outcome, summary),
    )
  } finally {
    over.abort()
    await beating
  }
}

async function heartbeat({ store, world }: Runner, slot: SlotRow, signal: AbortSignal): Promise<void> {
  for (;;) {
    await world.clock.sleep(heartbeatMs, signal)
    if (signal.aborted || !(await extendLease(store, slot))) return
  }
}
