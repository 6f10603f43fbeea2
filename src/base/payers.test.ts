/** Made-up payers pass the checks that real ones must pass. */
import { expect, test } from 'vitest'
import { checkTaxId } from './brazil.ts'
import { seededRandom } from './clock.ts'
import { randomPayer } from './payers.ts'
import type { Random } from './world.ts'

const crowd = () => {
  const random = seededRandom(11)
  return Array.from({ length: 1_000 }, () => randomPayer(random))
}

test('every CPF is valid and formatted, every name has two or three words', () => {
  for (const { name, taxId } of crowd()) {
    expect(checkTaxId(taxId)).toEqual({ is: 'cpf', formatted: taxId })
    expect(name).toMatch(/^\p{Lu}\p{Ll}+( \p{Lu}\p{Ll}+){1,2}$/u)
  }
})

test('a thousand payers hardly repeat, and some need accents', () => {
  const payers = crowd()
  expect(new Set(payers.map(payer => payer.taxId)).size).toBe(1_000)
  expect(new Set(payers.map(payer => payer.name)).size).toBeGreaterThan(900)
  expect(payers.some(payer => /[ãçéíô]/.test(payer.name))).toBe(true)
})

test('the same seed makes the same payers', () => expect(crowd()).toEqual(crowd()))

test('a random source that always says the same does not make eleven equal digits', () => {
  for (let digit = 0; digit <= 9; digit++) {
    const stuck: Random = { ...seededRandom(0), between: (low, high) => Math.min(low + digit, high) }
    expect(checkTaxId(randomPayer(stuck).taxId).is).toBe('cpf')
  }
})
