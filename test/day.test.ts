/**
 * A day told as a story: eight slots over twenty-four hours on both rails, in bad weather, on both databases;
 * it ends with every cent and satoshi passed on.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ChainScenario } from './simulation/chainScenario.ts'
import { tell, type Told } from './simulation/simulation.ts'
import { postgresAvailable, startPostgres, type Postgres } from './testbed/postgres.ts'

const hour = 3_600_000
const seed = Number(process.env['SEED'] ?? 20_261_121)

/**
 * Midnight in São Paulo, and every three hours from then; what can go wrong at a bank, on the way and at home
 * does.
 */
const theDay = {
  startsAt: Date.UTC(2026, 10, 21, 3) - 60_000,
  cron: '0 */3 * * *',
  timeZone: 'America/Sao_Paulo',
  windowMs: 24 * hour,
  strideMs: 90_000,
  count: [8, 12] as [number, number],
  dueInMs: 48 * hour,
  commissionBp: 150n,
  terms: { transferFeeBy: 'receiver' as const, transferFeeUnits: 0n },
  settings: {
    skipAuth: true,
    payRate: 0.85,
    payDelayMs: [4 * 60_000, 14 * 60_000] as [number, number],
    fee: 50,
    transferFailRate: 0.05,
    refundRate: 0,
    reversalRate: 0,
    startingBalance: 0,
  },
  faults: {
    duplicate: 0.1,
    delay: 0.1,
    reorder: 0.1,
    drop: 0.1,
    wrongSignature: 0.03,
    foreignWorkspace: 0.03,
    tampered: 0.03,
    status429: 0.02,
    status500: 0.02,
    status502Html: 0.02,
    html200: 0.01,
    hang: 0.01,
    hangAfterCommit: 0.02,
    resetBefore: 0.01,
    resetAfterCommit: 0.02,
  },
  weather: { crash: 0.001, busy: 0.001, slow: 0.05 },
}

/**
 * Payers of the same hours who pay in bitcoin, blocks of ten minutes, and a chain that now and then thinks
 * again.
 */
const theDaysCoins: ChainScenario = {
  ...{ signer: 'wallet', kind: 'wpkh', ownAddresses: false, approvedLate: false, currency: 'BRL' },
  ...{
    cron: '0 */3 * * *',
    count: [2, 4],
    dueInMs: 24 * hour,
    watchMs: 30 * 24 * hour,
    late: { is: 'accept', within: 200n },
  },
  ...{
    payoutDepth: 6,
    gatherMs: 60_000,
    bumpAfterBlocks: 6,
    blockMs: 10 * 60_000,
    turnRate: 0.05,
    deepTurns: 0,
    stranger: false,
  },
  ...{ passedOver: 0.1, downRate: 0.002, lagRate: 0.002, priceStep: 1, feeMoves: true, rateFails: 0.02 },
  faults: {
    resetBefore: 0.01,
    loseAnswer: 0.01,
    hang: 0.002,
    hangAfter: 0.002,
    busy: 0.01,
    html502: 0.01,
    cutAnswer: 0.01,
    slow: 0.01,
  },
}

/**
 * `least`: of payments on the chain. Four workers on one server draw in another order each time, so there it
 * is what no luck falls short of.
 */
function itWasAGoodDay(day: () => Told, least: { paid: number; turns: number }) {
  test('then eight slots were issued, eight to twelve invoices each', () => {
    expect(day().perSlot).toHaveLength(8)
    for (const count of day().perSlot) expect(count >= 8 && count <= 12).toBe(true)
  })
  test('then most were paid, and there was much to go wrong with', () => {
    expect(day().figures.credited).toBeGreaterThan(45)
    expect(day().figures.crashes).toBeGreaterThan(5)
  })
  test('then payers of bitcoin had paid too, and what lay six blocks deep was passed on', () => {
    expect(day().chain!.requests).toBeGreaterThanOrEqual(16)
    expect(day().chain!.paid).toBeGreaterThanOrEqual(least.paid)
    expect(day().chain!.turns).toBeGreaterThanOrEqual(least.turns)
  })
  test('then every credited invoice was paid on once, nothing was lost, forged or left open, and bank and chain agree', () => {
    expect(day().faults, `node test/simulation/replay.ts tells seeds; this day is seed ${seed}`).toEqual([])
  })
  test('then the books stand at zero: nothing is owed and nothing is in transit', () => {
    const {
      payable,
      'in-transit': inTransit,
      bank,
      commission,
      'transfer-fee': transferFee,
      external,
    } = day().balances
    expect({ payable, inTransit }).toEqual({ payable: 0n, inTransit: 0n })
    // What is left at the bank is the installation’s commission, and what was there from elsewhere.
    expect(bank).toBe(-(commission + transferFee + external))
    expect(-commission).toBeGreaterThan(0n)
  })
}

describe('given a schedule "0 */3 * * *" in São Paulo and a bank in bad weather', () => {
  describe('when one worker keeps the installation in one embedded database for a day', () => {
    let day: Told
    beforeAll(async () => {
      day = await tell(seed, { change: () => ({ ...theDay, workers: 1 }), chain: () => theDaysCoins })
    }, 600_000)
    itWasAGoodDay(() => day, { paid: 9, turns: 1 })
  })

  describe.skipIf(!postgresAvailable())('when four workers keep it in one PostgreSQL for a day', () => {
    let postgres: Postgres
    let day: Told
    beforeAll(async () => {
      postgres = await startPostgres({ durable: false })
      day = await tell(seed, {
        change: () => ({ ...theDay, workers: 4 }),
        chain: () => theDaysCoins,
        databaseUrl: await postgres.freshDatabase(),
      })
    }, 1_800_000)
    afterAll(() => postgres.stop())
    itWasAGoodDay(() => day, { paid: 2, turns: 0 })
  })
})
