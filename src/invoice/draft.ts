/**
 * Drafts: the invoices of one slot, or one of an order, written with our ids before anyone is asked for
 * anything.
 */
import { because } from '../base/reasons.ts'
import { newId } from '../base/id.ts'
import type { Asset, Money } from '../base/money.ts'
import { formatDiscounts, type PayTerms } from '../base/payTerms.ts'
import { instant, later, millis, type Instant, type World } from '../base/world.ts'
import { encrypted, remember, sql, type Tx } from '../db/db.ts'
import type { PricedInReais } from './priced.ts'
import type { PricedOnChain } from './chain/priced.ts'

/**
 * Who is asked for what, in what the schedule or the basket says: what its rail asks for, a `Pricing` makes
 * of it.
 */
export interface Draft {
  name: string
  taxId: string
  amount: Money
  description: string
  /** When it is due, where that is said of this one alone. */
  dueAt?: Instant
}

/**
 * What of a schedule decides a batch. `roster` given: one invoice each; else `count` many to whom `payer`
 * makes up.
 */
export interface BatchRule {
  countLow: number
  countHigh: number
  /** What `unitsLow` and `unitsHigh` are in. */
  currency: Asset
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
    amount: { asset: rule.currency, units: rule.unitsLow + BigInt(random.between(0, span)) },
    description: rule.description,
  }))
}

/** What a rail asks for: each in its own asset, so that no amount of one can be asked for on the other. */
export type Priced = PricedInReais | PricedOnChain

/**
 * Makes of what a schedule or a basket says what its rail asks for. The only way to a draft, so a price that
 * is lacking is no price of 1.
 */
export type Pricing<P extends Priced = Priced> = (amount: Money) => P

/** What is the same for every invoice of a slot or an order. */
export interface DraftTerms {
  storeId: string
  dueInMs: number
  accountId: string
  commissionBp: bigint
  minPayoutUnits: bigint
  /** At the bank: what paying late or early costs. Where there are none, nothing is added or taken off. */
  pay?: PayTerms
}

export interface BatchTerms extends DraftTerms {
  slotId: string
}

/**
 * Writes the drafts of one slot once: a slot that has its drafts keeps them. Answers how many the slot has.
 */
export async function draftBatch(
  tx: Tx,
  world: Pick<World, 'clock' | 'random'>,
  terms: BatchTerms,
  plan: () => Draft[],
  price: Pricing,
): Promise<number> {
  const there = await tx.one<{ count: bigint }>(
    sql`select count(*) as count from invoices where slot_id = ${terms.slotId}`,
  )
  if (there && there.count > 0n) return Number(there.count)

  const drafts = plan()
  for (const [ordinal, draft] of drafts.entries())
    await write(tx, world, { slot: terms.slotId }, ordinal, terms, draft, price(draft.amount))
  return drafts.length
}

/** Who is asked in an order, and for what by which name; its amount is priced already. */
export type Payer = Omit<Draft, 'amount'>

/** Writes one draft of an order: its next. Answers its id. */
export async function draftOfOrder(
  tx: Tx,
  world: Pick<World, 'clock' | 'random'>,
  orderId: string,
  terms: DraftTerms,
  payer: Payer,
  priced: Priced,
): Promise<string> {
  const last = await tx.one<{ ordinal: bigint | null }>(
    sql`select max(ordinal) as ordinal from invoices where order_id = ${orderId}`,
  )
  const ordinal = last?.ordinal === null || last === undefined ? 0 : Number(last.ordinal) + 1
  return write(tx, world, { order: orderId }, ordinal, terms, payer, priced)
}

/**
 * Writes one more draft of a slot, beside those it has. Answers its id, which is `id` where the bank has it
 * already.
 */
export async function draftOfSlot(
  tx: Tx,
  world: Pick<World, 'clock' | 'random'>,
  terms: BatchTerms,
  payer: Payer,
  priced: Priced,
  id?: string,
): Promise<string> {
  const last = await tx.one<{ ordinal: bigint }>(
    sql`select max(ordinal) as ordinal from invoices where slot_id = ${terms.slotId}`,
  )
  return write(tx, world, { slot: terms.slotId }, Number(last!.ordinal) + 1, terms, payer, priced, id)
}

/** The tag that all invoices of one slot or order share at the bank is its id. */
async function write(
  tx: Tx,
  world: Pick<World, 'clock' | 'random'>,
  of: { slot: string; order?: undefined } | { order: string; slot?: undefined },
  ordinal: number,
  terms: DraftTerms,
  payer: Payer,
  priced: Priced,
  id: string = newId('invoice', world),
): Promise<string> {
  const now = await tx.now()
  // A day that has passed, as in a roster that is asked again and again, says nothing any more.
  const due: Instant =
    payer.dueAt !== undefined && payer.dueAt > now ? payer.dueAt : instant(millis(now) + terms.dueInMs)
  const tag = of.slot ?? of.order
  const { asset, units } = priced.amount
  const onChain = 'quote' in priced ? priced : undefined
  const watchUntil = onChain ? later(due, onChain.watchMs) : null
  await tx.run(sql`
    insert into invoices (id, store_id, slot_id, order_id, ordinal, rail, asset, units, payer_name,
      payer_tax_id, description, due_at,
      account_id, commission_bp, min_payout_units, state, batch_tag, next_at, added_at, changed_at,
      quote_units, rate_units, rate_at, rate_sources, confirmations, watch_until, fine_bp, interest_bp,
        expires_in_ms, discounts)
    values (${id}, ${terms.storeId}, ${of.slot ?? null}, ${of.order ?? null}, ${ordinal}, ${priced.rail},
      ${asset}, ${units},
      ${encrypted('invoices.payer_name', id, payer.name)},
        ${encrypted('invoices.payer_tax_id', id, payer.taxId)},
      ${encrypted('invoices.description', id, payer.description)}, ${due}, ${terms.accountId},
        ${terms.commissionBp}, ${terms.minPayoutUnits}, 'draft', ${tag},
      ${now}, ${now}, ${now}, ${onChain?.quote?.units ?? null}, ${onChain?.quote?.rateUnits ?? null},
        ${onChain?.quote?.at ?? null},
      ${onChain?.quote?.sources ?? null}, ${onChain?.confirmations ?? null}, ${watchUntil},
      ${terms.pay?.fineBp ?? null}, ${terms.pay?.interestBp ?? null}, ${terms.pay?.expiresInMs ?? null},
        ${formatDiscounts(terms.pay?.discounts ?? [])})`)
  await remember(
    tx,
    'invoices',
    id,
    '',
    'draft',
    {
      why: because(of.slot ? 'drafted-of-slot' : 'drafted-of-order', { units: `${units}`, asset }),
      ref: tag,
    },
    now,
  )
  return id
}
