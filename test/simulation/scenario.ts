/**
 * What one seed stands for: how many invoices, how bad the weather, what the bank charges. Drawn before
 * anything happens.
 */
import type { Faults, Settings } from '../../sim/bank.ts'
import { defaultSettings } from '../../sim/settings.ts'
import type { Millis, Random } from '../../src/base/world.ts'
import type { Terms } from '../../src/payout/payout.ts'
import type { Weather } from './process.ts'

export interface Scenario {
  workers: number
  startsAt: Millis
  cron: string
  timeZone: string
  /** How long slots fall due, and how long the storm lasts. */
  windowMs: Millis
  /** The longest the storm lets pass before it does something more; now and then four times as much. */
  strideMs: Millis
  count: [low: number, high: number]
  commissionBp: bigint
  minPayoutUnits: bigint
  dueInMs: Millis
  terms: Terms
  settings: Partial<Settings>
  faults: Partial<Faults>
  weather: Omit<Weather, 'stall'>
}

const minute = 60_000

/**
 * A quarter of the seeds have calm weather in one respect or another, so that each fault is also met alone.
 */
export function drawScenario(random: Random): Scenario {
  const share = (most: number) => (random.next() < 0.3 ? 0 : random.next() * most)
  const one = <T>(list: readonly T[]): T => list[random.between(0, list.length - 1)]!
  const pushes = one([0, 0.1, 0.3])
  const calls = one([0, 0.03, 0.12])
  const low = random.between(1, 3)
  const fee = one([0, 0, 50])
  const transferFee = one([0, 0, 100])
  return {
    workers: one([1, 1, 2]),
    startsAt: Date.UTC(2026, 10, 21, 3) - random.between(1, 5 * minute),
    cron: one(['*/10 * * * *', '0 * * * *', '*/7 * * * *']),
    timeZone: 'America/Sao_Paulo',
    windowMs: random.between(7, 15) * minute,
    strideMs: 15_000,
    count: [low, low + random.between(0, 3)],
    commissionBp: one([0n, 150n, 999n]),
    minPayoutUnits: 0n,
    dueInMs: one([2 * 86_400_000, 40 * minute]),
    terms: { transferFeeBy: one(['receiver', 'house']), transferFeeUnits: BigInt(transferFee) },
    settings: {
      ...defaultSettings,
      skipAuth: true,
      payRate: 0.85,
      payDelayMs: one([
        [2_000, 10_000],
        [0, 50],
        [1_000, 10 * minute],
      ] as [number, number][]),
      fee,
      transferFee,
      transferFailRate: share(0.2),
      refundRate: share(0.06),
      reversalRate: share(0.1),
      reversalDelayMs: one([
        [500, 3_000],
        [5_000, 20_000],
        [minute, 20 * minute],
      ] as [number, number][]),
      // The installation’s own share and money that waits leave the account thin where the bank has charged
      // for transfers.
      startingBalance: one([0, 5_000]),
    },
    faults: {
      duplicate: share(pushes),
      delay: share(pushes),
      reorder: share(pushes),
      drop: share(pushes),
      wrongSignature: share(pushes),
      foreignWorkspace: share(pushes),
      tampered: share(pushes),
      status429: share(calls),
      status500: share(calls),
      status502Html: share(calls),
      html200: share(calls),
      hang: share(calls / 2),
      hangAfterCommit: share(calls),
      resetBefore: share(calls),
      resetAfterCommit: share(calls),
      error400WithoutErrors: share(calls / 4),
      redirect: share(calls / 8),
    },
    weather: { crash: one([0, 0.003, 0.01, 0.03]), busy: share(0.01), slow: share(0.2) },
  }
}
