/** A receipt is read as it was written, and nothing else is one. */
import { expect, test } from 'vitest'
import { readReceipt, writeReceipt } from './receipt.ts'

const receipt = { invoice: 'inv_1', units: 12_345n, by: 'ana', note: 'nº 7', at: '2026-11-30T10:00:00.000Z' }

test('it is read as it was written', () => {
  expect(readReceipt(writeReceipt(receipt))).toEqual(receipt)
})

test.each([
  ['no JSON', 'nº 7'],
  ['another event', '{"event":{"id":"1"}}'],
  ['nothing received', writeReceipt({ ...receipt, units: 0n })],
  ['no amount', '{"invoice":"inv_1","amount":"many","by":"ana","note":"","at":""}'],
])('%s is no receipt', (_, bytes) => {
  expect(() => readReceipt(Buffer.from(bytes))).toThrow('no receipt')
})
