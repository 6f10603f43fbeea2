/**
 * Limits during a storm: set, lowered and raised at any moment, with two people who let some payouts go
 * beyond them; and whether ever more left.
 */
import type { Bank } from '../../sim/bank.ts'
import type { Asset } from '../../src/base/money.ts'
import { instant, millis, type Millis } from '../../src/base/world.ts'
import {
  changeLimits,
  proposeBeyond,
  waitingForLimits,
  type LimitPer,
  type WantedLimits,
} from '../../src/payout/payout.ts'
import type { RoomParts } from './room.ts'
import { sql } from '../../src/db/db.ts'
import { approveAndDo } from '../testbed/acts.ts'

/** In one seed of seventeen payouts are limited. */
export const hasLimits = (seed: number): boolean => seed % 17 === 7

export interface Limiting {
  /** Now and then a person changes the limits, or two let a payout go. */
  step(): Promise<void>
  /**
   * Once the storm is over, two people let go what waits for them, and the limits are as they were at their
   * widest.
   */
  attend(): Promise<void>
  /** What left beyond the limits though nobody let it. */
  judge(bank: Bank): Promise<string[]>
  figures: { changes: number; approvals: number }
}

interface Parts extends Omit<RoomParts, 'bank'> {
  assets: readonly Asset[]
}

/**
 * What may be set, in the order in which they widen; payouts of a storm are of up to R$ 1000, or of some
 * hundred thousand satoshis.
 */
const choices: Record<Asset, Record<'payout' | 'hour', readonly bigint[]>> = {
  BRL: { payout: [40_000n, 70_000n, 90_000n], hour: [60_000n, 120_000n, 250_000n] },
  BTC: { payout: [20_000n, 60_000n, 200_000n], hour: [60_000n, 200_000n, 600_000n] },
}
const hourMs = 3_600_000

type Cap = { at: Millis; per: LimitPer; asset: Asset; units: bigint | null }

export function openLimits({ db, world: shared, clock, random, assets, trace }: Parts): Limiting {
  const world = { ...shared, random }
  const app = { db, world, rails: {} }
  const figures = { changes: 0, approvals: 0 }
  /** Every limit that was in force, the latest last. */
  const caps: Cap[] = []
  const one = <T>(list: readonly T[]): T => list[random.between(0, list.length - 1)]!

  async function change(asset: Asset, wanted: WantedLimits): Promise<void> {
    const changed = await db.tx(tx => changeLimits(tx, world, { asset, wanted, by: 'maker', why: 'a storm' }))
    if (changed.is === 'same') return
    if ('proposal' in changed) await approveAndDo(app, changed.proposal.id, { by: 'checker' })
    figures.changes += 1
    for (const [per, units] of Object.entries(wanted) as [LimitPer, bigint | null][])
      caps.push({ at: clock.now(), per, asset, units })
    trace(
      `limits of ${asset} ${Object.entries(wanted)
        .map(([per, units]) => `${per} ${units ?? 'none'}`)
        .join(', ')}`,
    )
  }

  async function letGo(most: number): Promise<void> {
    const waiting = await waitingForLimits(db, { limit: most })
    for (const { payout_id: id, needs } of waiting) {
      if (needs === 'room' && random.next() < 0.5) continue
      const beyond = await db.tx(tx => proposeBeyond(tx, world, id, { by: 'maker', why: 'a storm' }))
      if (!('proposal' in beyond)) continue
      await approveAndDo(app, beyond.proposal.id, { by: 'checker' })
      figures.approvals += 1
      trace(`${id} may go beyond the limits`)
    }
  }

  /** The limit that was in force then; the wider one where it changed at that very moment. */
  function capAt(at: Millis, asset: Asset, per: LimitPer): bigint | null {
    const of = caps.filter(cap => cap.asset === asset && cap.per === per && cap.at <= at)
    const last = of.at(-1)
    if (!last) return null
    const before = last.at === at ? (of.filter(cap => cap.at < at).at(-1)?.units ?? null) : last.units
    return last.units === null || before === null ? null : last.units > before ? last.units : before
  }

  interface Left {
    name: string
    asset: Asset
    units: bigint
    /** When it was claimed, and when it left. */
    claimedAt: Millis
    leftAt: Millis
  }

  function exceeding(left: readonly Left[]): string[] {
    return left.flatMap(({ name, asset, units, claimedAt }) => {
      const [most, mostAnHour] = [capAt(claimedAt, asset, 'payout'), capAt(claimedAt, asset, 'hour')]
      const others = left.filter(
        other =>
          other.name !== name &&
          other.asset === asset &&
          other.leftAt > claimedAt - hourMs &&
          other.leftAt <= claimedAt,
      )
      const together = others.reduce((sum, other) => sum + other.units, units)
      const faults: string[] = []
      if (most !== null && units > most)
        faults.push(`${name} of ${units} left above the limit of ${most} ${asset}`)
      if (mostAnHour !== null && together > mostAnHour)
        faults.push(
          `${together} left within the hour before ${instant(claimedAt)} with ${name}, above the limit of ${mostAnHour} ${asset}`,
        )
      return faults
    })
  }

  return {
    figures,
    async step() {
      const [asset, per] = [one(assets), one(['payout', 'hour'] as const)]
      if (caps.length === 0 || random.next() < 0.06)
        await change(asset, { [per]: random.next() < 0.1 ? null : one(choices[asset][per]) })
      if (random.next() < 0.02) await letGo(1)
    },
    async attend() {
      for (const asset of assets)
        await change(asset, { payout: choices[asset].payout.at(-1)!, hour: choices[asset].hour.at(-1)! })
      await letGo(100)
    },
    async judge(bank) {
      const rows = await db.all<{
        key: string
        asset: Asset
        units: bigint
        state: string
        claimed_at: string
        left_at: string | null
      }>(sql`
        select a.external_id as key, p.asset, a.units, a.state, (select min(at) from transitions
          where subject = a.id) as claimed_at,
          (select min(at) from transitions where subject = a.id
            and to_state in ('sent', 'success')) as left_at
        from attempts a join payouts p on p.id = a.payout_id
        where not exists (select 1 from limit_approvals l where l.payout_id = a.payout_id
          and l.number = a.number)`)
      const claims = new Map(rows.map(row => [row.key, row]))
      // What left by the bank is what the bank has; by the chain, what our history says was sent.
      const byBank = bank.transfers().flatMap(({ externalId, status, amount, created }): Left[] => {
        const claim = claims.get(externalId ?? '')
        if (!claim || status === 'failed' || status === 'canceled') return []
        return [
          {
            name: claim.key,
            asset: 'BRL',
            units: BigInt(amount),
            claimedAt: millis(claim.claimed_at),
            leftAt: Date.parse(created),
          },
        ]
      })
      // What was sent and then canceled has failed: it left by the order after it, which bears the approval.
      const byChain = rows.flatMap(({ key, asset, units, state, claimed_at: at, left_at: leftAt }): Left[] =>
        asset === 'BTC' && leftAt !== null && state !== 'failed'
          ? [{ name: key, asset, units, claimedAt: millis(at), leftAt: millis(leftAt) }]
          : [],
      )
      return [...exceeding(byBank), ...exceeding(byChain)]
    },
  }
}
