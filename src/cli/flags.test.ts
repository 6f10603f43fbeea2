/** What stands behind a flag is read exactly, and a fault names flag, value and what would be right. */
import { describe, expect, test } from 'vitest'
import { BadInput } from '../base/answer.ts'
import {
  amountFlag,
  amountRangeFlag,
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
  amount: amountRangeFlag,
  count: countRangeFlag,
  limit: countFlag(1000),
  due: dueInFlag,
  timeout: durationFlag,
  least: amountFlag,
  name: nameFlag,
  percent: percentFlag,
  roles: rolesFlag,
  text: textFlag,
}

describe('flags', () => {
  test.each([
    ['amount', '20.00..1000.00', { low: 2000n, high: 100_000n }],
    ['amount', '7.5', { low: 750n, high: 750n }],
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
    ['amount', '20,00'],
    ['amount', '1.001'],
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

  test('a fault found further in gets the flag’s name in front, and a surprise stays a surprise', () => {
    const bad = () => {
      throw new BadInput('hour "25" is not 0 to 23')
    }
    const surprise = () => {
      throw new TypeError('boom')
    }
    expect(() => under('--cron', bad)).toThrow('--cron: hour "25" is not 0 to 23')
    expect(() => under('--cron', surprise)).toThrow(TypeError)
  })
})
