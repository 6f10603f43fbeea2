/** Drafts: the invoices of one slot, written with our ids before anyone is asked for anything. */
import { newId } from '../base/id.ts'
import type { Asset } from '../base/money.ts'
import { instant, later, millis, type Instant, type World } from '../base/world.ts'
import { remember, sql, type Tx } from '../store/store.ts'

/** Who is asked for what. */
export interface Draft {
  name: string
  taxId: string
  units: bigint
  description: string
}

/** What of a schedule decides a batch. `roster` given: one invoice each; else `count` many to whom `payer` makes up. */
export interface BatchRule {
  countLow: number
  countHigh: number
  unitsLow: bigint
  unitsHigh: bigint
  roster: Draft[] | undefined
  payer: (random: World['random']) => { name: string; taxId: string }
  description: string
}

/** Decides who is asked for what in one slot. Same random, same batch. */
export function planBatch(rule: BatchRule, random: World['random']): Draft[] {
  if (rule.roster) return rule.roster
  const span = Number(rule.unitsHigh - rule.unitsLow)
  return Array.from({ length: random.between(rule.countLow, rule.countHigh) }, () => ({
    ...rule.payer(random),
    units: rule.unitsLow + BigInt(random.between(0, span)),
    description: rule.description,
  }))
}

/** What a draft on a chain is given besides: its price in satoshis at a locked rate, and how its payment will be judged. */
export interface Priced {
  units: bigint
  /** BRL cents and cents for one BTC; undefined where it was asked for in satoshis. */
  quote: { units: bigint; rateUnits: bigint; at: Instant; sources: string } | undefined
  confirmations: number
  watchMs: number
}

export interface BatchTerms {
  slotId: string
  storeId: string
  rail: string
  asset: Asset
  dueInMs: number
  accountId: string
  commissionBp: bigint
  minPayoutUnits: bigint
}

/** Writes the drafts of one slot once: a slot that has its drafts keeps them. Answers how many the slot has. */
export async function draftBatch(
  tx: Tx,
  world: Pick<World, 'clock' | 'random'>,
  terms: BatchTerms,
  plan: () => Draft[],
  price?: (units: bigint) => Priced,
): Promise<number> {
  const there = await tx.one<{ count: bigint }>(sql`select count(*) as count from invoices where slot_id = ${terms.slotId}`)
  if (there && there.count > 0n) return Number(there.count)

  const now = await tx.now()
  const due: Instant = instant(millis(now) + terms.dueInMs)
  const drafts = plan()
  for (const [ordinal, draft] of drafts.entries()) {
    const id = newId('invoice', world)
    const priced = price?.(draft.units)
    const watchUntil = priced ? later(due, priced.watchMs) : null
    await tx.run(sql`
      insert into invoices (id, store_id, slot_id, ordinal, rail, asset, units, payer_name, payer_tax_id, description, due_at,
        account_id, commission_bp, min_payout_units, state, batch_tag, next_at, added_at, changed_at,
        quote_units, rate_units, rate_at, rate_sources, confirmations, watch_until)
      values (${id}, ${terms.storeId}, ${terms.slotId}, ${ordinal}, ${terms.rail}, ${terms.asset}, ${priced?.units ?? draft.units}, ${draft.name}, ${draft.taxId},
        ${draft.description}, ${due}, ${terms.accountId}, ${terms.commissionBp}, ${terms.minPayoutUnits}, 'draft', ${terms.slotId}, ${now}, ${now}, ${now},
        ${priced?.quote?.units ?? null}, ${priced?.quote?.rateUnits ?? null}, ${priced?.quote?.at ?? null}, ${priced?.quote?.sources ?? null},
        ${priced?.confirmations ?? null}, ${watchUntil})`)
    await remember(tx, 'invoices', id, '', 'draft', { why: 'drafted for its slot', ref: terms.slotId }, now)
  }
  return drafts.length
}
