/**
 * What people do about limits: lower one alone, raise one by two, and let one payout go beyond them by two.
 */
import { formatUnits, parseUnits, formatMoney, type Asset } from '../base/money.ts'
import { later, type Instant, type World } from '../base/world.ts'
import { audit, detailOf, objectionsOf, propose, type ProposalRow, type Proposed } from '../ledger/ledger.ts'
import { tellOfLimits } from '../people/people.ts'
import { setWhy, forUpdate, sql, type Reader, type Tx } from '../db/db.ts'
import { installationScope, limitsNow, waitingForLimits } from './limits.ts'
import { limitPers, type LimitPer, type LimitRow } from './limitRow.ts'
import { limitedBy } from './limitScope.ts'
import { limitsAct, limitWords, toLimits } from './limitsSaid.ts'
import { refuse } from './refusals.ts'
import { findPayout, type PayoutRow } from './row.ts'

/** By what is limited; null takes the limit away. */
export type WantedLimits = Partial<Record<LimitPer, bigint | null>>
type Limits = Partial<Record<LimitPer, bigint>>

export interface LimitChange {
  asset: Asset
  /** Of one account; of all payouts of the asset where it is left out. */
  accountId?: string | undefined
  wanted: WantedLimits
  by: string
  why: string
}

export type LimitsChanged =
  /** `lowered`: at once, for it lets nothing go that would not have gone. `same`: they are so already. */
  | { is: 'lowered' | 'same' }
  /** Somebody objects to these limits, and until two people have cleared that nobody raises them. */
  | { is: 'objected'; by: string; why: string }
  | Proposed

export const beyondAct = 'payout.approve'

/** A limit that is set where there was none lowers too: less may leave than before. */
const isLower = (now: bigint | undefined, wanted: bigint | null | undefined): boolean =>
  wanted !== null && wanted !== undefined && (now === undefined || wanted < now)

/**
 * Lowers limits at once; where any of them is raised or taken away, all of it is proposed to a second person.
 */
export async function changeLimits(
  tx: Tx,
  world: Pick<World, 'clock' | 'random'>,
  change: LimitChange,
): Promise<LimitsChanged> {
  const { asset, accountId, by, why } = change
  const scope = accountId ?? installationScope(asset)
  const now = await limitsIn(tx, scope, await tx.now())
  const changed = limitPers.filter(
    per => change.wanted[per] !== undefined && change.wanted[per] !== (now[per] ?? null),
  )
  if (changed.length === 0) return { is: 'same' }
  const wanted = Object.fromEntries(changed.map(per => [per, change.wanted[per]!])) as WantedLimits
  const detail = detailOfChange(asset, now, wanted)
  if (!changed.every(per => isLower(now[per], wanted[per]))) {
    const [objection] = await objectionsOf(tx, toLimits, scope)
    if (objection) return { is: 'objected', by: objection.made_by, why: objection.why }
    return propose(tx, world, { act: limitsAct, subject: scope, detail, why, by })
  }
  await setLimits(tx, scope, asset, wanted, { by, approvedBy: null, now })
  await audit(tx, { actor: by, act: 'limits lowered', subject: scope, detail: { ...detail, why } })
  await tellOfLimits(tx, {
    kind: 'limits lowered',
    scope: await limitedBy(tx, scope),
    by,
    why,
    change: detail,
  })
  return { is: 'lowered' }
}

const written = (units: bigint | null | undefined, asset: Asset) =>
  units === null || units === undefined ? 'none' : formatUnits(units, asset)

function detailOfChange(asset: Asset, now: Limits, wanted: WantedLimits): Record<string, string> {
  const entries = limitPers.flatMap((per): [string, string][] => {
    const [word, wordNow] = limitWords[per]
    return wanted[per] === undefined
      ? []
      : [
          [word, written(wanted[per], asset)],
          [wordNow, written(now[per], asset)],
        ]
  })
  return { asset, ...Object.fromEntries(entries) }
}

export async function limitsIn(reader: Reader, scope: string, now: Instant): Promise<Limits> {
  const rows = await reader.all<LimitRow>(
    sql`select * from limits where store_id = ${reader.store} and scope = ${scope}`,
  )
  return Object.fromEntries(limitsNow(rows, now).map(({ per, units }) => [per, units]))
}

/**
 * Sets what was proposed: what is lower at once, what is higher after the time in which somebody may object.
 * Refuses where a limit is no longer what it was proposed against.
 */
export async function carryOutLimits(
  tx: Tx,
  { coolingOffMs = 0 }: Pick<World, 'coolingOffMs'>,
  { subject: scope, detail: text, made_by: by, decided_by: approvedBy, why }: ProposalRow,
): Promise<void> {
  const detail = detailOf({ detail: text })
  const asset = detail['asset'] as Asset
  const [objection] = await objectionsOf(tx, toLimits, scope)
  if (objection) refuse({ is: 'limits-objected', by: objection.made_by, why: objection.why })
  const now = await limitsIn(tx, scope, await tx.now())
  const wanted: WantedLimits = {}
  for (const per of limitPers) {
    const [word, wordNow] = limitWords[per]
    if (detail[word] === undefined) continue
    const proposed = detail[wordNow] ?? ''
    if (proposed !== written(now[per], asset))
      refuse({ is: 'limit-changed', per, now: written(now[per], asset), proposed })
    wanted[per] = detail[word] === 'none' ? null : parseUnits(detail[word], asset)!
  }
  const from = coolingOffMs > 0 ? later(await tx.now(), coolingOffMs) : undefined
  await setLimits(tx, scope, asset, wanted, { by, approvedBy, now, ...(from !== undefined && { from }) })
  const counts = from === undefined ? {} : { higherFrom: from }
  await audit(tx, {
    actor: approvedBy!,
    act: 'limits set',
    subject: scope,
    detail: { ...detail, ...counts, proposedBy: by },
  })
  const change = { ...detail, ...counts }
  await tellOfLimits(tx, {
    kind: 'limits set',
    scope: await limitedBy(tx, scope),
    by,
    approvedBy: approvedBy!,
    why,
    change,
  })
}

async function setLimits(
  tx: Tx,
  scope: string,
  asset: Asset,
  wanted: WantedLimits,
  { by, approvedBy, now, from }: { by: string; approvedBy: string | null; now: Limits; from?: Instant },
): Promise<void> {
  const at = await tx.now()
  // Payouts before limits, as whoever claims locks them.
  await lookAgain(tx, asset)
  for (const per of limitPers) {
    const units = wanted[per]
    // There is one to be raised, or it would be set at once.
    if (from !== undefined && units !== undefined && !isLower(now[per], units)) {
      await tx.run(sql`
        update limits
          set units = ${now[per]!}, next_units = ${units}, next_from = ${from}, set_by = ${by},
            approved_by = ${approvedBy}, set_at = ${at}
        where store_id = ${tx.store} and scope = ${scope} and per = ${per}`)
      continue
    }
    if (units === null)
      await tx.run(sql`delete from limits where store_id = ${tx.store} and scope = ${scope} and per = ${per}`)
    if (units === null || units === undefined) continue
    await tx.run(sql`
      insert into limits (store_id, scope, asset, per, units, set_by, approved_by, set_at)
      values (${tx.store}, ${scope}, ${asset}, ${per}, ${units}, ${by}, ${approvedBy}, ${at})
      on conflict (store_id, scope, per) do update
        set units = excluded.units, next_units = null, next_from = null, set_by = excluded.set_by,
          approved_by = excluded.approved_by,
        set_at = excluded.set_at`)
  }
}

/** Whatever waits for a limit of the asset is looked at again: one limit of several may have kept it. */
export async function lookAgain(tx: Tx, asset: Asset): Promise<void> {
  await tx.run(sql`
    update payouts set next_at = ${await tx.now()}, ${setWhy(null)}
    where asset = ${asset} and state in ('owed', 'waiting') and id in (select payout_id from limit_waits)`)
  await tx.run(
    sql`delete from limit_waits where payout_id in (select id from payouts where asset = ${asset})`,
  )
}

export type BeyondRefusal = 'unknown' | 'waits for no limit'
export type Beyond = { is: BeyondRefusal } | Proposed

/** Proposes that one payout that waits for a limit goes beyond it, once. */
export async function proposeBeyond(
  tx: Tx,
  world: Pick<World, 'clock' | 'random'>,
  id: string,
  { by, why }: { by: string; why: string },
): Promise<Beyond> {
  const payout = await findPayout(tx, id)
  if (!payout) return { is: 'unknown' }
  const [wait] = await waitingForLimits(tx, { limit: 1, payoutId: id })
  if (!wait) return { is: 'waits for no limit' }
  return propose(tx, world, { act: beyondAct, subject: id, detail: amountOf(payout), why, by })
}

const amountOf = ({ asset, units }: Pick<PayoutRow, 'asset' | 'units'>) => ({
  asset,
  amount: formatUnits(units, asset),
})

/**
 * Lets a payout go beyond the limits, once. Refuses where it waits for none any more, or is of another amount
 * now.
 */
export async function carryOutBeyond(tx: Tx, proposal: ProposalRow): Promise<void> {
  const { id: proposalId, subject: id, made_by: proposedBy, decided_by: by } = proposal
  const payout = await tx.one<PayoutRow>(sql`select * from payouts where id = ${id} ${forUpdate}`)
  const [wait] = await waitingForLimits(tx, { limit: 1, payoutId: id })
  if (!payout || !wait) return refuse({ is: 'no-limit-waits', id, state: payout?.state })
  const { asset, amount } = amountOf(payout)
  const proposed = detailOf(proposal)['amount'] ?? ''
  if (proposed !== amount)
    refuse({ is: 'amount-changed', id, amount: formatMoney(payout.units, asset), proposed })
  const now = await tx.now()
  await tx.run(sql`
    insert into limit_approvals (payout_id, units, proposal_id, added_at)
      values (${id}, ${payout.units}, ${proposalId}, ${now})
    on conflict (payout_id) do update
      set units = excluded.units, number = null, proposal_id = excluded.proposal_id,
        added_at = excluded.added_at`)
  await tx.run(sql`delete from limit_waits where payout_id = ${id}`)
  await tx.run(sql`update payouts set next_at = ${now}, ${setWhy(null)} where id = ${id}`)
  await audit(tx, {
    actor: by!,
    act: 'payout let beyond limits',
    subject: id,
    detail: { amount: formatMoney(payout.units, asset), proposedBy },
  })
}
