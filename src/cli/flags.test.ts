/** What stands behind a flag is read exactly, and a fault names flag, value and what would be right. */
import { describe, expect, test } from 'vitest'
import { BadInput } from '../base/answer.ts'
import {
  amountIn,
  amountRangeIn,
  countFlag,
  countRangeFlag,
  dueInFlag,
  durationFlag,
  nameFlag,
  percentFlag,
  rolesFlag,
  textFlag,
  under,
} from './flags.ts'

const readers = {
  amount: amountRangeIn('BRL'),
  bitcoin: amountRangeIn('BTC'),
  sats: amountRangeIn('sats'),
  count: countRangeFlag,
  limit: countFlag(1000),
  due: dueInFlag,
  timeout: durationFlag,
  least: amountIn('BRL'),
  leastBitcoin: amountIn('BTC'),
  name: nameFlag,
  percent: percentFlag,
  roles: rolesFlag,
  text: textFlag,
}

describe('flags', () => {
  test.each([
    ['amount', '20.00..1000.00', { low: 2000n, high: 100_000n }],
    ['amount', '7.5', { low: 750n, high: 750n }],
    ['amount', '20,00..1.000,00', { low: 2000n, high: 100_000n }],
    ['amount', 'R$ 20,00', { low: 2000n, high: 2000n }],
    ['sats', '20.000..30.000sats', { low: 20_000n, high: 30_000n }],
    ['least', '10.000.000,00', 1_000_000_000n],
    ['percent', '1,5%', 150n],
    ['bitcoin', '0.0002..0.01', { low: 20_000n, high: 1_000_000n }],
    ['bitcoin', '20000..30000sats', { low: 20_000n, high: 30_000n }],
    ['bitcoin', '20000sats..0.001', { low: 20_000n, high: 100_000n }],
    ['bitcoin', '0.00000001', { low: 1n, high: 1n }],
    ['sats', '20000..30000', { low: 20_000n, high: 30_000n }],
    ['sats', '20000sats', { low: 20_000n, high: 20_000n }],
    ['leastBitcoin', '0', 0n],
    ['leastBitcoin', '1000sats', 1_000n],
    ['leastBitcoin', '100', 10_000_000_000n],
    ['count', '8..12', { low: 8, high: 12 }],
    ['limit', '1000', 1000],
    ['due', '1d12h', 129_600_000],
    ['due', '365d', 31_536_000_000],
    ['timeout', '400d', 34_560_000_000],
    ['least', '10000000.00', 1_000_000_000n],
    ['name', 'main.2_b-c', 'main.2_b-c'],
    ['percent', '1.5%', 150n],
    ['percent', '100', 10_000n],
    ['roles', 'web, worker', ['web', 'worker']],
    ['text', ' a few words ', 'a few words'],
  ] as const)('--%s reads "%s"', (flag, text, value) => {
    expect(readers[flag](`--${flag}`)(text)).toEqual(value)
  })

  test.each([
    ['amount', '0..5.00'],
    ['amount', '1000..20'],
    ['amount', '20,000'],
    ['amount', '1.000..2.000'],
    ['amount', '20000sats'],
    ['sats', '20000,50'],
    ['bitcoin', 'R$ 20'],
    ['amount', '1.001'],
    ['bitcoin', '0.000000001'],
    ['bitcoin', '20000'],
    ['bitcoin', '0..1'],
    ['bitcoin', '1.5sats'],
    ['sats', '0.0002'],
    ['sats', '10000000001'],
    ['sats', 'sats'],
    ['leastBitcoin', '100.00000001'],
    ['count', '0'],
    ['count', '12..8'],
    ['count', '10001'],
    ['limit', '0'],
    ['limit', '1001'],
    ['due', '0s'],
    ['due', '2 days'],
    ['due', '365d1ms'],
    ['timeout', '0s'],
    ['least', '10000000.01'],
    ['amount', '1..10000000.01'],
    ['name', '-x'],
    ['name', 'two words'],
    ['name', 'acc_01k9zq3f5c8wxy2m7n4p6r8s0t'],
    ['percent', '100.01'],
    ['percent', '-1'],
    ['percent', '1.555'],
    ['roles', 'web,boss'],
    ['text', '  '],
    ['text', 'red\u001b[31m'],
  ] as const)('--%s refuses "%s" and repeats it', (flag, text) => {
    expect(() => readers[flag](`--${flag}`)(text)).toThrow(BadInput)
    expect(() => readers[flag](`--${flag}`)(text)).toThrow(`--${flag} "${text}"`)
  })

  test('a private key behind the wrong flag is refused and not repeated', () => {
    const key = 'L1aW4aubDFB7yfras2S1mN3bqg9nwySY8nkoLmJebSLD5BWv3ENZ'
    for (const text of [`${key} ${key}`, `xprv${key}${key}`]) {
      const said = attemptMessage(() => nameFlag('--name')(text))
      expect(said).toContain('--name holds a private key')
      expect(said).not.toContain(key)
    }
  })

  test('a fault found further in gets the flag’s name in front, and a surprise stays a surprise', () => {
    const bad = () => {
      throw new BadInput('hour "25" is not 0 to 23')
    }
    const surprise = () => {
      throw new TypeError('boom')
    }
    expect(() => under('--cron', bad)).toThrow('--cron: hour "25" is not 0 to 23')
    expect(() => under('--cron', surprise)).toThrow(TypeError)
    const named = (flag: string) => () => {
      throw new BadInput(`${flag} is wrong`, { flag })
    }
    expect(() => under('--cron', named('--cron'))).toThrow(/^--cron is wrong$/)
    expect(() => under('--cron', named('--cron-like'))).toThrow('--cron: --cron-like is wrong')
  })
})

function attemptMessage(work: () => unknown): string {
  try {
    work()
    return 'nothing was refused'
  } catch (error) {
    return (error as Error).message
  }
}
