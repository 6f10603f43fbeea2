/** Pricing: what is asked for on a chain is priced at a rate that holds, or not asked for at all. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { seededRandom } from '../base/clock.ts'
import { silentLog } from '../base/log.ts'
import { brl, btc } from '../base/money.ts'
import { instant, type Clock } from '../base/world.ts'
import { inReaisAsSaid, pricingAt } from '../invoice/invoice.ts'
import type { ChainRail } from '../rails/chain.ts'
import { pair, type Rate } from '../rates/rates.ts'
import { migrate } from '../db/migrate.ts'
import { openDb, sql, unreadableText, type Db } from '../db/db.ts'
import { runDueSlots, type BitcoinSetup } from './jobs.ts'
import { dryRun, needSchedule, runNow, type NewSchedule } from '../schedule/schedule.ts'
import { addAccount, addSchedule } from '../../test/testbed/acts.ts'

const noon = Date.parse('2026-11-21T15:00:00.000Z')
const maxAgeMs = 600_000
const price = 60_000_000n
let now: number
/** Set: how many looks at the clock are left before the rate is too old. */
let looksLeft: number | undefined
const clock: Clock = {
  now() {
    if (looksLeft !== undefined && looksLeft-- === 0) now = noon + maxAgeMs + 1
    return now
  },
  sleep: () => Promise.resolve(),
}
const world = { clock, random: seededRandom(3), log: silentLog, at: (where: string) => stopAt(where) }
const stopAt = (where: string) => {
  if (where === 'slot claimed') throw new Error('far enough')
}
const bitcoin = {
  agreement: { sources: ['one'], maxAgeMs, maxDeviation: 200n, least: 1 },
  confirmations: [{ belowUnits: undefined, confirmations: 3 }],
} as unknown as BitcoinSetup
let db: Db

beforeEach(async () => {
  ;[now, looksLeft] = [noon, undefined]
  db = await openDb('sqlite::memory:', world)
  await migrate(db, clock)
  await addAccount(db, world, 'coins', { kind: 'bitcoin', holder: 'Payee', destination: 'address' }, 'maker')
  const rule: NewSchedule = {
    ...{
      name: 'trial',
      rail: 'bitcoin',
      currency: 'BRL',
      cron: '0 0 1 1 *',
      timeZone: 'Etc/UTC',
      startsAt: undefined,
      endsAt: undefined,
    },
    ...{
      countLow: 1,
      countHigh: 1,
      unitsLow: 10_000n,
      unitsHigh: 10_000n,
      roster: undefined,
      dueInMs: 60_000,
      payTo: 'coins',
    },
    ...{ commissionBp: 0n, minPayoutUnits: 0n, catchUp: 'all' },
  }
  const schedule = await addSchedule(db, world, rule, 'maker')
  await db.tx(async tx => {
    await tx.run(
      sql`insert into rates (pair, source, price_units, at, fetched_at)
        values (${pair}, 'one', ${price}, ${instant(noon)}, ${instant(noon)})`,
    )
    await tx.run(
      sql`insert into chain_blocks (hash, height, previous, at, active)
        values ('a', 1, '', ${instant(noon)}, 1)`,
    )
    await runNow(tx, world, schedule, 'maker')
  })
})
afterEach(() => db.close())

test('a rate that ages out at any moment of the claim leaves the slot due, or was locked: reais are never asked for as satoshis', async () => {
  now = noon + maxAgeMs
  const asked = new Set<string>()
  for (let looks = 0; looks < 40; looks++) {
    looksLeft = looks
    now = noon + maxAgeMs
    await runDueSlots({ db, world, worker: 'w', rails: { bitcoin: {} as ChainRail }, bitcoin }).catch(
      () => undefined,
    )
    looksLeft = undefined
    const invoice = await db.one<{ asset: string; units: bigint; quote_units: bigint | null }>(
      sql`select asset, units, quote_units from invoices`,
    )
    const slot = (await db.one<{ state: string }>(sql`select state from slots`))!
    asked.add(
      invoice ? `${slot.state}: ${invoice.units} ${invoice.asset} for ${invoice.quote_units}` : slot.state,
    )
    if (invoice) break
  }
  expect([...asked]).toEqual(['due', 'running: 16667 BTC for 10000'])
})

test('no amount is read in the units of another asset', async () => {
  const rate: Rate = { is: 'rate', price, at: instant(noon), sources: ['one'] }
  const said = { currency: 'BRL', watch_ms: 1n } as const
  expect(pricingAt({ is: 'none', why: 'too old' }, bitcoin, said)).toBeUndefined()
  expect(pricingAt(rate, bitcoin, said)!(brl(10_000n)).amount).toEqual(btc(16_667n))
  expect(() => pricingAt(rate, bitcoin, said)!(btc(10_000n))).toThrow('not an amount in BRL')
  expect(() => pricingAt(rate, bitcoin, { ...said, currency: 'BTC' })!(brl(10_000n))).toThrow(
    'not an amount in BTC',
  )
  expect(() => inReaisAsSaid('starkbank')(btc(10_000n))).toThrow('not an amount in BRL')
  const schedule = await needSchedule(db, 'trial')
  const terms = { transferFeeBy: 'house', transferFeeUnits: 0n } as const
  await expect(dryRun(schedule, world, terms)).rejects.toThrow('not an amount in BTC')
})

test('a roster that cannot be decrypted is refused as a code, and nobody is made up in its place', async () => {
  const schedule = { ...(await needSchedule(db, 'trial')), roster: unreadableText }
  expect(await dryRun(schedule, world, { transferFeeBy: 'house', transferFeeUnits: 0n })).toEqual({
    ...{ is: 'roster-unreadable', name: 'trial' },
  })
})
