/** Codes, held against the vectors of RFC 4226, RFC 4648 and RFC 6238. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { systemRandom } from '../base/clock.ts'
import { codeAt, fromBase32, groups, matchingStep, newSecret, otpauthUri, stepAt, toBase32 } from './totp.ts'

const secret = toBase32(Buffer.from('12345678901234567890'))

test.each([
  [59, '94287082'],
  [1_111_111_109, '07081804'],
  [1_111_111_111, '14050471'],
  [1_234_567_890, '89005924'],
  [2_000_000_000, '69279037'],
  [20_000_000_000, '65353130'],
])('at %s seconds the code is %s, as RFC 6238 says', (seconds, code) => {
  expect(codeAt(secret, stepAt(seconds * 1_000), 8)).toBe(code)
})

test('the first ten codes are those of RFC 4226', () => {
  const codes = [
    '755224',
    '287082',
    '359152',
    '969429',
    '338314',
    '254676',
    '287922',
    '162583',
    '399871',
    '520489',
  ]
  expect(codes.map((_, step) => codeAt(secret, step))).toEqual(codes)
})

test.each([
  ['', ''],
  ['f', 'MY'],
  ['fo', 'MZXQ'],
  ['foo', 'MZXW6'],
  ['foob', 'MZXW6YQ'],
  ['fooba', 'MZXW6YTB'],
  ['foobar', 'MZXW6YTBOI'],
])('%j is %j in base 32, as RFC 4648 says, without padding', (text, encoded) => {
  expect(toBase32(Buffer.from(text))).toBe(encoded)
  expect(Buffer.from(fromBase32(encoded)).toString()).toBe(text)
})

test('any bytes come back from base 32, also in small letters, and other letters are refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), bytes => {
      expect([...fromBase32(toBase32(bytes).toLowerCase())]).toEqual([...bytes])
    }),
  )
  expect(() => fromBase32('MZXW1')).toThrow('not base 32')
})

const now = 1_111_111_111_000
const step = stepAt(now)

test('a code is taken in its step, one early and one late, and no further', () => {
  expect([-2, -1, 0, 1, 2].map(off => matchingStep(secret, codeAt(secret, step + off), now, 0))).toEqual([
    undefined,
    step - 1,
    step,
    step + 1,
    undefined,
  ])
})

test('a code is not taken twice, nor one older than the last that was taken', () => {
  expect(matchingStep(secret, codeAt(secret, step), now, step)).toBeUndefined()
  expect(matchingStep(secret, codeAt(secret, step - 1), now, step)).toBeUndefined()
  expect(matchingStep(secret, codeAt(secret, step + 1), now, step)).toBe(step + 1)
})

test.each(['', '0', '12345', '1234567', 'abcdef', '１２３４５６', `${codeAt(secret, step)}0`, ` `])(
  '%j is no code',
  code => {
    expect(matchingStep(secret, code, now, 0)).toBeUndefined()
  },
)

test('blanks in a code do not matter', () => {
  expect(matchingStep(secret, ` ${codeAt(secret, step).replace(/.../, '$& ')} `, now, 0)).toBe(step)
})

test('a secret has 160 bits, is told in groups of four, and no two are the same', () => {
  const made = newSecret({ random: systemRandom })
  expect(fromBase32(made)).toHaveLength(20)
  expect(groups(made)).toMatch(/^([A-Z2-7]{4} ){7}[A-Z2-7]{4}$/)
  expect(newSecret({ random: systemRandom })).not.toBe(made)
})

test('the address for the app says what it needs, whatever the names hold', () => {
  const uri = new URL(otpauthUri(secret, 'ana@example.com', 'Casa & Cia: 1'))
  expect(decodeURIComponent(uri.pathname)).toBe('/Casa & Cia: 1:ana@example.com')
  expect(Object.fromEntries(uri.searchParams)).toEqual({
    secret,
    issuer: 'Casa & Cia: 1',
    algorithm: 'SHA1',
    digits: '6',
    period: '30',
  })
})
