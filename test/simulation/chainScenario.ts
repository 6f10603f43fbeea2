/**
 * What one seed stands for on the chain: who pays how, how fast blocks come and how often they are left
 * behind. Drawn before anything happens.
 */
import type { ChainFaults } from '../../sim/chain/chain.ts'
import type { LatePolicy } from '../../src/base/bitcoinSettings.ts'
import type { Millis, Random } from '../../src/base/world.ts'

export interface ChainScenario {
  signer: 'wallet' | 'psbt'
  kind: 'wpkh' | 'tr'
  /** Whether the payee is named by a descriptor, which gives each payout an address of its own. */
  ownAddresses: boolean
  /** Whether the second person approves the account only when the storm is over. */
  approvedLate: boolean
  currency: 'BRL' | 'BTC'
  cron: string
  count: [low: number, high: number]
  dueInMs: Millis
  watchMs: Millis
  late: LatePolicy
  payoutDepth: number
  gatherMs: Millis
  bumpAfterBlocks: number
  /** Between two blocks, on average. */
  blockMs: Millis
  /** After a block, how likely it is that the chain is turned below the payout depth. */
  turnRate: number
  /**
   * How many times it is turned at the payout depth or deeper. Twice would undo what is held to be for ever:
   * that is a person's.
   */
  deepTurns: number
  /** Somebody else spends a coin of ours with our keys. */
  stranger: boolean
  /** How likely miners leave our own transactions out of a block. */
  passedOver: number
  /** For each step: the node goes down, or hears of blocks late. */
  downRate: number
  lagRate: number
  /** How far the price and the fee rate move at each step, at most, in hundredths. */
  priceStep: number
  feeMoves: boolean
  rateFails: number
  faults: Partial<ChainFaults>
}

const minute = 60_000

export function drawChain(random: Random): ChainScenario {
  const share = (most: number) => (random.next() < 0.4 ? 0 : random.next() * most)
  const one = <T>(list: readonly T[]): T => list[random.between(0, list.length - 1)]!
  const calls = one([0, 0.02, 0.08])
  const low = random.between(1, 2)
  return {
    signer: one(['wallet', 'wallet', 'wallet', 'psbt']),
    kind: one(['wpkh', 'wpkh', 'tr']),
    ownAddresses: random.next() < 0.3,
    approvedLate: random.next() < 0.1,
    currency: one(['BRL', 'BRL', 'BTC']),
    cron: one(['*/3 * * * *', '*/5 * * * *']),
    count: [low, low + random.between(0, 2)],
    dueInMs: one([2 * 60 * minute, 4 * minute]),
    watchMs: one([30 * 24 * 60 * minute, 5 * minute]),
    late: one<LatePolicy>([{ is: 'accept', within: 200n }, { is: 'reprice' }, { is: 'hold' }]),
    payoutDepth: one([6, 6, 3, 2]),
    gatherMs: one([0, 30_000, 5 * minute]),
    bumpAfterBlocks: one([1, 2, 6]),
    blockMs: one([12_000, 25_000, 60_000]),
    turnRate: share(0.25),
    deepTurns: random.next() < 0.15 ? 1 : 0,
    stranger: random.next() < 0.05,
    passedOver: one([0, 0, 0.5, 0.9]),
    downRate: share(0.02),
    lagRate: share(0.02),
    priceStep: one([0, 1, 3]),
    feeMoves: random.next() < 0.5,
    rateFails: share(0.3),
    faults: {
      resetBefore: share(calls),
      loseAnswer: share(calls),
      hangAfter: share(calls / 4),
      hang: share(calls / 4),
      busy: share(calls),
      html502: share(calls),
      cutAnswer: share(calls),
      slow: share(calls),
    },
  }
}
