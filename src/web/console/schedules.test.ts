/** The form of a schedule read and filled in again, and what is said of clock changes. */
import { describe, expect, test } from 'vitest'
import { parseCron } from '../../base/cron.ts'
import { clockChanges } from '../../base/describeClock.ts'
import { plainTerms } from '../../base/payTerms.ts'
import type { ScheduleRow } from '../../schedule/schedule.ts'
import type { AccountRow } from '../../payout/payout.ts'
import { noteOf } from './schedules/preview.tsx'
import { readSchedule, valuesOf, type FormContext } from './schedules/readForm.ts'
import { readWhen, valuesOfWhen } from './schedules/when.ts'

const zone = 'America/Sao_Paulo'
const bank = { id: 'acc_bank', kind: 'bank', name: 'main', state: 'approved' } as AccountRow
const coins = { id: 'acc_coins', kind: 'bitcoin', name: 'coins', state: 'awaiting' } as AccountRow
const closed = { id: 'acc_closed', kind: 'bank', name: 'old', state: 'closed' } as AccountRow
const context: FormContext = {
  lang: 'pt-BR',
  accounts: [bank, coins, closed],
  mayMakeUp: () => true,
  price: undefined,
}

const filled = {
  ...{
    name: 'trial',
    preset: 'cron',
    cron: '0 */3 * * *',
    zone,
    rail: 'starkbank',
    currency: 'BRL',
    payers: 'random',
  },
  ...{
    countLow: '8',
    countHigh: '12',
    low: '20',
    high: '1.000,00',
    due: '2',
    dueUnit: 'days',
    account: 'acc_bank',
    catchUp: 'latest',
  },
}
const read = (more: Record<string, string> = {}, over: Partial<FormContext> = {}) =>
  readSchedule({ ...filled, ...more }, { ...context, ...over })

describe('each preset is a rule', () => {
  test.each([
    [{ preset: 'daily', at: '9:05' }, '5 9 * * *'],
    [{ preset: 'daily', at: '9' }, '0 9 * * *'],
    [{ preset: 'weekdays', at: '17h30' }, '30 17 * * 1-5'],
    [{ preset: 'monthly', at: '00:00', day: '31' }, '0 0 31 * *'],
    [{ preset: 'lastDay', at: '9' }, '0 9 L * *'],
    [{ preset: 'lastBusinessDay', at: '08:30' }, '30 8 LW * *'],
    [{ preset: 'cron', cron: '0 9 15W * *' }, '0 9 15W * *'],
    [{ preset: 'hours', every: '1' }, '0 * * * *'],
    [{ preset: 'hours', every: '6' }, '0 */6 * * *'],
    [{ preset: 'cron', cron: '  0  9 1,15 * mon ' }, '0 9 1,15 * mon'],
    [{ preset: 'cron', cron: '@Daily' }, '@daily'],
  ])('%j is %s', (values, cron) => {
    expect(readWhen({ zone, ...values }, 'en')).toEqual({
      when: { cron, timeZone: zone, startsAt: undefined, endsAt: undefined },
      faults: {},
    })
  })

  test('once for a day ends 24 hours after it starts, across a change of the clock too', () => {
    const { when } = readWhen({ preset: 'once', zone: 'America/New_York', starts: '2026-03-07T12:00' }, 'en')
    expect(when).toMatchObject({ startsAt: '2026-03-07T17:00:00.000Z', endsAt: '2026-03-08T17:00:00.000Z' })
  })

  test.each([
    '0 9 * * *',
    '30 17 * * 1-5',
    '0 9 31 * *',
    '0 9 L * *',
    '30 8 LW * *',
    '0 9 15W * *',
    '0 * * * *',
    '0 */8 * * *',
    '0 */5 * * *',
    '0 9 1,15 * 5',
    '@daily',
  ])('%s filled into the form is read as itself', cron => {
    const values = valuesOfWhen(cron, zone, '2026-11-21T15:30:00.000Z', null)
    expect(values).toMatchObject({ starts: '2026-11-21T12:30', ends: '' })
    expect(readWhen(values, 'pt-BR').when).toEqual({
      ...{ cron, timeZone: zone, startsAt: '2026-11-21T15:30:00.000Z', endsAt: undefined },
    })
  })
})

describe('a whole form', () => {
  test('says a rule, with amounts as people type them', () => {
    expect(read({ commission: '1,5 %', least: 'R$ 10,00', high: 'R$ 1,000.00' })).toEqual({
      faults: {},
      rule: {
        ...{
          name: 'trial',
          rail: 'starkbank',
          currency: 'BRL',
          cron: '0 */3 * * *',
          timeZone: zone,
          startsAt: undefined,
          endsAt: undefined,
        },
        ...{
          roster: undefined,
          countLow: 8,
          countHigh: 12,
          unitsLow: 2_000n,
          unitsHigh: 100_000n,
          dueInMs: 172_800_000,
        },
        ...{
          payTo: 'acc_bank',
          commissionBp: 150n,
          minPayoutUnits: 1_000n,
          catchUp: 'latest',
          pay: plainTerms,
        },
      },
    })
  })

  test('an empty upper end is the lower one', () => {
    expect(read({ countHigh: '', high: '' }).rule).toMatchObject({
      countLow: 8,
      countHigh: 8,
      unitsLow: 2_000n,
      unitsHigh: 2_000n,
    })
  })

  test.each([
    ['sats', '20.000', '50 000 sats', 20_000n, 50_000n],
    ['BTC', '0,0002', '20000 sats', 20_000n, 20_000n],
  ])('amounts in %s', (currency, low, high, units, most) => {
    const { rule, faults } = read({
      rail: 'bitcoin',
      account: 'acc_coins',
      currency,
      low,
      high,
      least: '1000 sats',
      watch: '7',
    })
    expect(faults).toEqual({})
    expect(rule).toMatchObject({
      currency: 'BTC',
      unitsLow: units,
      unitsHigh: most,
      minPayoutUnits: 1_000n,
      watchMs: 7 * 86_400_000,
    })
  })

  test.each<[string, Record<string, string>, Partial<FormContext>, string]>([
    [
      'dust in satoshis',
      { rail: 'bitcoin', account: 'acc_coins', currency: 'sats', low: '545', high: '600' },
      {},
      'low',
    ],
    [
      'dust at the rate of now',
      { rail: 'bitcoin', account: 'acc_coins', low: '2', high: '3' },
      { price: 60_000_000n },
      'low',
    ],
    [
      'little that no rate can judge',
      { rail: 'bitcoin', account: 'acc_coins', low: '2', high: '3' },
      {},
      'low',
    ],
    [
      'dust in a roster',
      {
        rail: 'bitcoin',
        account: 'acc_coins',
        currency: 'BTC',
        payers: 'roster',
        roster: rosterOf('500sats'),
      },
      {},
      'roster',
    ],
    ['too much in a roster', { payers: 'roster', roster: rosterOf('10000000.01') }, {}, 'roster'],
    [
      'satoshis beside a roster',
      {
        rail: 'bitcoin',
        account: 'acc_coins',
        currency: 'sats',
        payers: 'roster',
        roster: rosterOf('0.001'),
      },
      {},
      'currency',
    ],
    ['an account of the other rail', { account: 'acc_coins' }, {}, 'account'],
    ['a closed account', { account: 'acc_closed' }, {}, 'account'],
    ['an account that is not there', { account: 'acc_none' }, {}, 'account'],
    ['payers made up where money is real', {}, { mayMakeUp: () => false }, 'payers'],
    ['a year and a day', { due: '366' }, {}, 'due'],
    ['a part of a day', { due: '1,5' }, {}, 'due'],
    ['a name like an id', { name: 'sch_0123456789abcdefghjkmnpqrs' }, {}, 'name'],
    ['a name with a slash', { name: '../x' }, {}, 'name'],
    ['no payers', { payers: '' }, {}, 'payers'],
    ['no rail', { rail: 'monero' }, {}, 'rail'],
    ['a negative least payout', { least: '-1' }, {}, 'least'],
  ])('%s is refused at its field', (_, more, over, field) => {
    const { rule, faults } = read(more, over)
    expect(rule).toBeUndefined()
    expect(Object.keys(faults)).toContain(field)
  })

  test('of a long list of faults the first twenty are told, and how many more', () => {
    const roster = `name,tax_id,amount,description\n${'Ana,123.456.789-09,x,\n'.repeat(25)}`
    const lines = read({ payers: 'roster', roster }).faults['roster']!.split('\n')
    expect(lines).toHaveLength(21)
    expect(lines[0]).toBe('Linha 2: o valor não serve: acima de zero, como 1234,56 ou 1.234,56 (x)')
    expect(lines.at(-1)).toBe('e mais 5')
  })

  test.each(['pt-BR', 'en'] as const)('a schedule filled into the form in %s is read as itself', lang => {
    const row = {
      ...{
        name: 'trial',
        rail: 'bitcoin',
        currency: 'BRL',
        cron: '5 9 * * *',
        time_zone: zone,
        starts_at: null,
        ends_at: '2030-01-01T00:00:15.000Z',
      },
      ...{
        count_low: 8n,
        count_high: 12n,
        units_low: 123_456n,
        units_high: 1_000_000n,
        roster: null,
        due_in_ms: 5_400_000n,
        watch_ms: 90_000n,
      },
      ...{ account_id: 'acc_coins', commission_bp: 175n, min_payout_units: 12_345n, catch_up: 'none' },
    } as ScheduleRow
    const { rule, faults } = readSchedule(valuesOf(row, lang), { ...context, lang, edited: row })
    expect(faults).toEqual({})
    expect(rule).toEqual({
      ...{
        name: 'trial',
        rail: 'bitcoin',
        currency: 'BRL',
        cron: '5 9 * * *',
        timeZone: zone,
        startsAt: undefined,
      },
      ...{
        endsAt: '2030-01-01T00:00:15.000Z',
        roster: undefined,
        countLow: 8,
        countHigh: 12,
        unitsLow: 123_456n,
        unitsHigh: 1_000_000n,
      },
      ...{
        dueInMs: 5_400_000,
        watchMs: 90_000,
        payTo: 'acc_coins',
        commissionBp: 175n,
        minPayoutUnits: 12_345n,
        catchUp: 'none',
      },
    })
  })
})

describe('what paying late or early costs', () => {
  test('is read as it is typed, and filled in again as itself', () => {
    const { rule } = read({ fine: '2', interest: '1,5%', discount: '5%@1d12h 2,5%@12h', expires: '10' })
    const pay = {
      ...{ fineBp: 200n, interestBp: 150n, expiresInMs: 864_000_000 },
      discounts: [
        { basisPoints: 500n, beforeMs: 129_600_000 },
        { basisPoints: 250n, beforeMs: 43_200_000 },
      ],
    }
    expect(rule?.pay).toEqual(pay)
    const row = {
      ...{
        name: 'trial',
        rail: 'starkbank',
        currency: 'BRL',
        cron: '0 9 * * *',
        time_zone: zone,
        starts_at: null,
        ends_at: null,
        roster: null,
      },
      ...{
        count_low: 1n,
        count_high: 1n,
        units_low: 1n,
        units_high: 1n,
        due_in_ms: 172_800_000n,
        watch_ms: 1n,
        account_id: 'acc_bank',
      },
      ...{ commission_bp: 0n, min_payout_units: 0n, catch_up: 'all' },
      ...{
        fine_bp: 200n,
        interest_bp: 150n,
        expires_in_ms: 864_000_000n,
        discounts: '5.00%@1d12h 2.50%@12h',
      },
    } as ScheduleRow
    for (const lang of ['pt-BR', 'en'] as const)
      expect(readSchedule(valuesOf(row, lang), { ...context, lang, edited: row }).rule?.pay).toEqual(pay)
    // A page that was opened before there were such fields leaves them as they are.
    expect(read({}, { edited: row }).rule?.pay).toEqual(pay)
  })

  test.each([
    [{ fine: '101' }, 'fine'],
    [{ interest: 'x' }, 'interest'],
    [{ discount: '2%@1d 5%@12h' }, 'discount'],
    [{ discount: '5%@2d' }, 'discount'],
    [{ discount: '100%@1d' }, 'discount'],
    [{ expires: '366' }, 'expires'],
  ])('%j is a fault of its field', (more, field) => {
    expect(Object.keys(read(more).faults)).toEqual([field])
  })
})

test('a roster that was only shown is the one that is there, whatever line ends a form sends', () => {
  const roster = '\ufeffname,tax_id,amount,description\r\nAna,123.456.789-09,20.00,\r\n'
  const plain = { fine_bp: 0n, interest_bp: 0n, expires_in_ms: 0n, discounts: '' }
  const edited = { name: 'trial', rail: 'starkbank', account_id: 'acc_bank', roster, ...plain } as ScheduleRow
  const sent = (text: string) => read({ payers: 'roster', roster: text }, { edited }).rule?.roster
  expect(sent(roster.replaceAll('\r\n', '\n'))).toBe(roster)
  expect(sent(roster.replace('20.00', '30.00'))).toBe(roster.replace('20.00', '30.00'))
})

function rosterOf(amount: string): string {
  return `name,tax_id,amount,description\nAna,123.456.789-09,${amount},\n`
}

describe('clock changes are said in words', () => {
  const notes = (cron: string, of: string) =>
    clockChanges(parseCron(cron), of, Date.UTC(2026, 0), Date.UTC(2027, 0)).map(change =>
      noteOf(change, 'en'),
    )
  test.each([
    [
      '30 1,2 * * *',
      [
        'March 8, 2026: the clock skips from 02:00 to 03:00. The slot of 02:30 does not exist that day, and is at 03:00.',
        'November 1, 2026: the clock goes back from 02:00 to 01:00. The time 01:30 comes twice, and the slot the first time only.',
      ],
    ],
    [
      '*/30 * * * *',
      [
        'March 8, 2026: the clock skips from 02:00 to 03:00. The 2 slots between are one, at 03:00. It is the same as that of 03:00.',
        'November 1, 2026: the clock goes back from 02:00 to 01:00. The 2 slots between come the first time only. Then it rests for 1 h 30 min.',
      ],
    ],
    [
      '0 9 * * *',
      [
        'March 8, 2026: the clock changes, and no slot falls there.',
        'November 1, 2026: the clock changes, and no slot falls there.',
      ],
    ],
  ])('%s', (cron, expected) => expect(notes(cron, 'America/New_York')).toEqual(expected))
})
