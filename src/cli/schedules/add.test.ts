/**
 * Schedules on the Bitcoin rail at the command line: currencies, dust, what is the bank's alone, and dry runs
 * at a rate.
 */
import { writeFileSync } from 'node:fs'
import { beforeAll, expect, test } from 'vitest'
import { accountAdd, openTerminal, scheduleAdd } from '../../../test/testbed/terminal.ts'
import { wallet } from '../../../test/testbed/wallet.ts'
import { systemClock, systemRandom } from '../../base/clock.ts'
import { silentLog } from '../../base/log.ts'
import { derive } from '../../rails/bitcoin/descriptor.ts'
import { fixedSource } from '../../rates/sources.ts'
import { refreshRates } from '../../rates/rates.ts'
import { openDb, sql } from '../../db/db.ts'

const { at, env, repasse: say } = openTerminal()
const settings = { BITCOIN_NETWORK: 'regtest', RATE_FIXED: 'BTC-BRL 600000.00' }
const repasse = (words: string[], more: Record<string, string> = {}) => say(words, { ...settings, ...more })
const address = derive(wallet('wpkh', 'regtest', 2).account, 'receive', 0).address
const add = (change: Record<string, string> = {}) =>
  scheduleAdd({ rail: 'bitcoin', 'pay-to': 'coins', ...change })
const shown = async (name: string) =>
  JSON.parse((await repasse(['schedule', 'show', name, '--json'])).out) as Record<string, unknown>

beforeAll(async () => {
  await repasse(accountAdd())
  expect(
    (
      await repasse([
        'account',
        'add',
        '--kind',
        'bitcoin',
        '--name',
        'coins',
        '--address',
        address,
        '--by',
        'maker',
      ])
    ).code,
  ).toBe(0)
})

async function price(centavos: bigint): Promise<void> {
  const db = await openDb(env.DATABASE_URL, { clock: systemClock, random: systemRandom })
  await refreshRates(db, [fixedSource(centavos, systemClock)], { log: silentLog })
  await db.close()
}

test('without a good rate a dry run says so and why, and what is asked for in satoshis needs none', async () => {
  expect((await repasse(add({ name: 'early' }))).code).toBe(0)
  const { code, out, err } = await repasse(['schedule', 'run', 'early', '--dry-run'])
  expect([code, out]).toEqual([1, ''])
  expect(err).toMatch(
    /there is no good rate, so schedule early would issue nothing now: .*nothing within 5m from fixed/,
  )

  await repasse(add({ name: 'whole', currency: 'sats', amount: '20000', count: '2', commission: '1%' }))
  const plain = await repasse(['schedule', 'run', 'whole', '--dry-run'])
  expect(plain.out).toMatch(/^PAYER .*ASKED +COMMISSION +PAID ON\n/)
  expect(plain.out).toMatch(/in all +0\.00040000 BTC +0\.00000400 BTC +0\.00039600 BTC\n$/)
  expect(plain.err).toContain('the network’s fee for the transaction comes off what is paid on')
})

test.each([
  [{ currency: 'BRL', amount: '20.00..1000.00' }, 'BRL', '2000', '100000'],
  [{ currency: 'BTC', amount: '0.0002..0.01' }, 'BTC', '20000', '1000000'],
  [{ currency: 'BTC', amount: '20000..30000sats' }, 'BTC', '20000', '30000'],
  [{ currency: 'sats', amount: '20000..30000' }, 'BTC', '20000', '30000'],
])('%j is kept as what it means', async (change, asset, low, high) => {
  const name = `kept-${asset}-${low}-${high}-${change.currency}-${change.amount.length}`
  const { code, err } = await repasse(add({ name, watch: '7d', 'min-payout': '1000sats', ...change }))
  expect([code, err]).toEqual([
    0,
    expect.stringContaining('BITCOIN_RPC_URL is not set, so nothing is issued'),
  ])
  expect(await shown(name)).toMatchObject({
    rail: 'bitcoin',
    currency: asset,
    amount: { low: { units: low, asset }, high: { units: high, asset } },
    minPayout: { units: '1000', asset: 'BTC' },
    watch: '7d',
  })
})

test('one is watched for 30 days unless said, and the list and the sheet tell its rail', async () => {
  await repasse(add({ name: 'usual' }))
  expect(await shown('usual')).toMatchObject({ watch: '30d', currency: 'BRL' })
  const { out } = await repasse(['schedule', 'show', 'usual'])
  expect(out).toMatch(/rail +bitcoin\n/)
  expect(out).toMatch(
    /asks for +8\.\.12 × R\$ 20\.00\.\.R\$ 1000\.00, due in 2d, priced in satoshis when it is asked for\n/,
  )
  expect(out).toMatch(/watched +for 30d after it was due\n/)
  expect(out).toMatch(/least payout +0\.00000000 BTC\n/)
  expect((await repasse(['schedule', 'list'])).out).toMatch(/usual +active +bitcoin/)
  expect((await repasse(['schedule', 'next', 'usual', '--count', '1'])).code).toBe(0)
})

test.each([
  [
    { currency: 'sats', amount: '545' },
    '--amount "545" is below 546 satoshis (0.00000546 BTC), which no node passes on',
  ],
  [{ currency: 'BTC', amount: '500..60000sats' }, 'is below 546 satoshis'],
  [
    { currency: 'sats', amount: '0.5' },
    '--amount "0.5" is not a range of amounts above zero and up to 10000000000 satoshis',
  ],
  [{ currency: 'BTC', amount: '20000' }, 'up to 100 BTC'],
  [{ currency: 'EUR' }, '--currency "EUR" is not one of BRL, BTC, sats'],
  [{ watch: 'long' }, '--watch "long"'],
  [{ watch: '366d' }, 'up to 365d'],
  [{ 'min-payout': '20.123456789' }, '--min-payout "20.123456789" is not an amount up to 100 BTC'],
  [{ 'min-payout': '1000' }, '--min-payout "1000" is not an amount up to 100 BTC'],
  [{ rail: 'lightning' }, '--rail "lightning" is not one of starkbank, bitcoin'],
  [{ rail: 'starkbank', currency: 'sats', amount: '20000' }, '--currency sats is for --rail bitcoin'],
  [{ rail: 'starkbank', watch: '30d' }, '--watch is for --rail bitcoin'],
  [{ rail: 'starkbank', 'min-payout': '1000sats' }, 'write reais'],
  [{ 'pay-to': 'main' }, '--pay-to "main" is a bank account, and --rail bitcoin pays to a bitcoin account'],
  [
    { rail: 'starkbank' },
    '--pay-to "coins" is a bitcoin account, and --rail starkbank pays to a bank account',
  ],
] as [Record<string, string>, string][])('%j is refused, and nothing is added', async (change, right) => {
  const { code, out, err } = await repasse(add({ name: 'bad', ...change }))
  expect([code, out]).toEqual([2, ''])
  expect(err).toContain(right)
  expect((await repasse(['schedule', 'show', 'bad'])).code).toBe(2)
})

test('every fault of the Bitcoin flags is told at once', async () => {
  const { code, err } = await repasse(
    add({
      name: 'bad',
      amount: '1..2',
      currency: 'sats',
      watch: '0d',
      'min-payout': 'x',
      cron: '60 * * * *',
    }),
  )
  expect(code).toBe(2)
  expect(err).toMatch(/4 values cannot be/)
  for (const part of ['--watch "0d"', '--cron: cron "60', '--min-payout "x"', '--amount "1..2"'])
    expect(err).toContain(`  ${part}`)
})

test('a wrong amount is told beside the flags that are missing', async () => {
  const { code, err } = await repasse(add({ name: 'bad', payers: '', amount: 'much', currency: 'sats' }))
  expect([code, err]).toEqual([
    2,
    expect.stringMatching(/a flag is missing:\n {2}--payers[^]*a value cannot be:\n {2}--amount "much"/),
  ])
})

test('random payers are refused where money is real', async () => {
  const { code, err } = await repasse(add({ name: 'bad' }), { BITCOIN_NETWORK: 'mainnet', RATE_FIXED: '' })
  expect([code, err]).toEqual([
    2,
    expect.stringContaining('--payers "random" makes people up and is refused where money is real'),
  ])
})

test('reais that would be dust are refused before there is any rate, for then the sources are asked', async () => {
  const { code, err } = await repasse(add({ name: 'bad', amount: '0.10' }))
  expect([code, err]).toEqual([
    2,
    expect.stringContaining('--amount: R$ 0.10 is 17 satoshis at R$ 600000.00 a BTC'),
  ])
  expect((await repasse(['schedule', 'show', 'bad'])).code).toBe(2)
})

test('reais that would be dust are refused by the last good rate, and a dry run is priced at it', async () => {
  await price(60_000_000n)
  const { code, err } = await repasse(add({ name: 'bad', amount: '3.00..9.00' }))
  expect(code).toBe(2)
  expect(err).toContain(
    '--amount: R$ 3.00 is 500 satoshis at R$ 600000.00 a BTC, and no node passes on less than 546: ask for at least R$ 3.28',
  )
  expect((await repasse(['schedule', 'show', 'bad'])).code).toBe(2)
  expect((await repasse(add({ name: 'enough', amount: '3.28' }))).code).toBe(0)

  await repasse(add({ name: 'priced', amount: '100.00', count: '1', commission: '1.5%' }))
  const { out, err: said } = await repasse(['schedule', 'run', 'priced', '--dry-run'])
  expect(out).toMatch(/^PAYER +TAX ID +ASKED +IN REAIS +COMMISSION +PAID ON\n/)
  expect(out).toMatch(/in all +0\.00016667 BTC +R\$ 100\.00 +0\.00000250 BTC +0\.00016417 BTC\n$/)
  expect(said).toMatch(/^at R\$ 600000\.00 a BTC, said \S+ by fixed\n/)
  const told = JSON.parse(
    (await repasse(['schedule', 'run', 'priced', '--dry-run', '--json'])).out,
  ) as unknown
  expect(told).toMatchObject({
    lines: [
      { units: '16667', asset: 'BTC', quote: { amount: '100.00', asset: 'BRL' }, net: { units: '16417' } },
    ],
    rate: { amount: '600000.00', sources: ['fixed'] },
  })
})

test('a roster’s amounts are in its schedule’s currency', async () => {
  const header = 'name,tax_id,amount,description\n'
  const named = { payers: at('coins.csv'), count: '', amount: '', currency: 'BTC' }
  writeFileSync(
    at('coins.csv'),
    `${header}Ana,012.345.678-90,0.0002,rent\nBia,012.345.678-90,30000sats,rent\n`,
  )
  expect((await repasse(add({ name: 'bad', ...named, currency: 'sats' }))).err).toContain(
    'with a roster write --currency BTC',
  )
  expect((await repasse(add({ name: 'bad', ...named, currency: 'BRL' }))).err).toMatch(
    /line 2: amount "0\.0002"[^]*line 3: amount "30000sats"/,
  )
  expect((await repasse(add({ name: 'roster', ...named }))).code).toBe(0)
  expect((await repasse(['schedule', 'run', 'roster', '--dry-run'])).out).toMatch(
    /Ana .*0\.00020000 BTC.*\nBia .*0\.00030000 BTC/,
  )

  writeFileSync(at('dust.csv'), `${header}Ana,012.345.678-90,500sats,rent\n`)
  const dust = await repasse(['schedule', 'payers', 'roster', at('dust.csv')])
  expect([dust.code, dust.err]).toEqual([2, expect.stringContaining('0.00000500 BTC is below 546 satoshis')])
  writeFileSync(at('coins.csv'), `${header}Ana,012.345.678-90,20000,rent\n`)
  expect((await repasse(['schedule', 'payers', 'roster', at('coins.csv')])).err).toContain(
    '20000.00000000 BTC of Ana is more than 100.00000000 BTC',
  )
  expect(await shown('roster')).toMatchObject({ version: 1 })
  expect(
    (
      await repasse([
        'schedule',
        'payers',
        'roster',
        'random',
        '--count',
        '2',
        '--amount',
        '20000..30000sats',
      ])
    ).out,
  ).toContain('2 payers made up')
  expect(await shown('roster')).toMatchObject({
    version: 2,
    amount: { low: { units: '20000' }, high: { units: '30000' } },
  })
})

test('other payers are checked against dust at the rate too', async () => {
  const { code, err } = await repasse([
    'schedule',
    'payers',
    'priced',
    'random',
    '--count',
    '1',
    '--amount',
    '1.00',
  ])
  expect([code, err]).toEqual([2, expect.stringContaining('--amount: R$ 1.00 is 167 satoshis')])
})

test('waiting for a run of a rail that is not configured is refused before a slot is added', async () => {
  const { code, err } = await repasse(['schedule', 'run', 'priced', '--wait'])
  expect(code).toBe(2)
  expect(err).toContain('must be set')
  const db = await openDb(env.DATABASE_URL, { clock: systemClock, random: systemRandom })
  const slots = await db.all(sql`select id from slots`)
  await db.close()
  expect(slots).toEqual([])
})

test('what paying late or early costs is taken, shown, and refused on the chain', async () => {
  const terms = { fine: '2%', interest: '1,33%', discount: '5%@1d 2.5%@12h', 'expires-in': '10d' }
  expect((await repasse(scheduleAdd({ name: 'late', ...terms }))).code).toBe(0)
  expect(await shown('late')).toMatchObject({
    ...{ fineBasisPoints: 200, interestBasisPoints: 133, discounts: '5.00%@1d 2.50%@12h', expiresIn: '10d' },
  })
  const { out } = await repasse(['schedule', 'show', 'late'])
  expect(out).toContain('fine 2.00 %, interest 1.33 % a month, for 10d after it was due')

  expect((await repasse(scheduleAdd({ name: 'plain' }))).code).toBe(0)
  expect(await shown('plain')).toMatchObject({
    fineBasisPoints: 0,
    interestBasisPoints: 0,
    discounts: '',
    expiresIn: '59d',
  })

  const { code, err } = await repasse(add({ name: 'no', ...terms }))
  expect(code).toBe(2)
  for (const flag of Object.keys(terms)) expect(err).toContain(`--${flag} is for --rail starkbank`)
  expect((await repasse(scheduleAdd({ name: 'no', discount: '5%@2d' }))).err).toContain(
    '--discount ends before it begins',
  )
  expect((await repasse(scheduleAdd({ name: 'no', discount: '2%@1d 5%@12h' }))).err).toContain(
    '--discount "2%@1d 5%@12h" is no discount',
  )
})
