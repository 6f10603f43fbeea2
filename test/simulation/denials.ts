/** Credentials that stop working and work again: for a while the bank takes nobody's word for who asks. */
import type { Bank } from '../../sim/bank.ts'
import type { Random } from '../../src/base/world.ts'
import { hasStrangers } from './strangers.ts'
import { listAlarms } from '../../src/ledger/ledger.ts'
import { sql, type Db } from '../../src/db/db.ts'

/**
 * In one seed of twenty-nine; not where strangers order by the bank's own page, which here is the same address.
 */
export const hasDenials = (seed: number): boolean => seed % 29 === 3 && !hasStrangers(seed)

export interface Denials {
  /** How often they stopped. */
  readonly count: number
  step(): void
  /** They work for good. */
  settle(): void
  /** Whether the installation has noticed. */
  isOver(db: Db): Promise<boolean>
  /** What was used up meanwhile, and whether the alarm is over. */
  judge(db: Db): Promise<string[]>
}

const codes = ['invalidCredentials', 'invalidProject', 'invalidIp'] as const

/** Chance of its own, so that the other seeds' stories stay what they were. */
export function openDenials(bank: Bank, random: Random, trace: (line: string) => void): Denials {
  let denies = false
  let count = 0
  const set = (refuseAll: (typeof codes)[number] | undefined) => {
    denies = refuseAll !== undefined
    trace(denies ? `the bank answers ${refuseAll} to all` : 'the bank knows the installation again')
    bank.setSettings({ refuseAll })
  }
  return {
    get count() {
      return count
    },
    step() {
      if (random.next() >= (denies ? 0.06 : 0.04)) return
      if (!denies) count++
      set(denies ? undefined : codes[random.between(0, codes.length - 1)])
    },
    settle() {
      if (denies) set(undefined)
    },
    isOver: async db => (await listAlarms(db)).length === 0,
    async judge(db) {
      const usedUp = await db.all<{ subject: string; to_state: string; why: string }>(sql`
        select subject, to_state, why from transitions
        where to_state in ('refused', 'held') and about in ('invoices', 'payouts')
          and why like '%as the settings say%' order by seq`)
      const alarms = await listAlarms(db)
      return [
        ...usedUp.map(
          ({ subject, to_state: state, why }) =>
            `${subject} became ${state} because the bank did not know us: ${why}`,
        ),
        ...alarms.map(({ name, why }) => `alarm "${name}" stands when all is still: ${why}`),
      ]
    },
  }
}
