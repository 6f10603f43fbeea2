/** Amounts and times as people read and type them. */
import { describe, expect, test } from 'vitest'
import { amount, day, moment, relative } from './tell.ts'

/** The blanks that do not break are blanks. */
const plain = (text: string) => text.replaceAll(/[\u00a0\u202f]/g, ' ')

test.each([
  ['pt-BR', 123_456n, 'BRL', 'R$ 1.234,56'],
  ['en', 123_456n, 'BRL', 'R$1,234.56'],
  ['pt-BR', 0n, 'BRL', 'R$ 0,00'],
  ['pt-BR', -6_803n, 'BRL', '-R$ 68,03'],
  // Beyond what a float holds, to the last digit.
  ['pt-BR', 9_007_199_254_740_993_01n, 'BRL', 'R$ 9.007.199.254.740.993,01'],
  ['pt-BR', 1n, 'BTC', '0,00000001 BTC'],
  ['en', 2_100_000_000_000_001n, 'BTC', '21,000,000.00000001 BTC'],
] as const)('in %s %d of %s reads %s', (lang, units, asset, told) => {
  expect(plain(amount(lang, units, asset))).toBe(told)
})

describe('a time', () => {
  const at = '2026-11-22T02:07:12.345Z'
  test('is told in the zone of the installation, or in another', () => {
    expect(moment('pt-BR', at)).toMatch(/^21\/11\/2026, 23:07:12 (BRT|GMT-3)$/)
    expect(moment('en', at, 'UTC')).toBe('11/22/2026, 02:07:12 UTC')
    expect(day('pt-BR', at)).toBe('21/11/2026')
    expect(day('pt-BR', at, 'UTC')).toBe('22/11/2026')
  })

  test('at midnight is 00, not 24', () => {
    expect(moment('en', '2026-11-22T03:00:00.000Z')).toContain(' 00:00:00')
  })

  test.each([
    [0, 'agora'],
    [5 * 60_000 + 59_000, 'há 5 minutos'],
    [-7_199_000, 'em 1 hora'],
    [86_400_000, 'ontem'],
    [3 * 86_400_000, 'há 3 dias'],
  ])('%d ms ago is %s', (ms, told) => {
    expect(relative('pt-BR', at, Date.parse(at) + ms)).toBe(told)
  })
})
