/**
 * The bench's events are what the bank's are: genuine to Node's own verifier, as large, all distinct, half
 * with a high s.
 */
import { verify } from 'node:crypto'
import { expect, test } from 'vitest'
import { parseSignature } from '../src/rails/starkbank/verify.ts'
import { makeEvent, publicKeyPem, scatter } from './events.ts'

const halfOrder = '7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0'

test('every event verifies, and every second one has a high s', () => {
  const events = Array.from({ length: 40 }, (_, index) => makeEvent(index))
  for (const [index, { body, signature }] of events.entries()) {
    expect(verify('sha256', body, publicKeyPem, Buffer.from(signature, 'base64'))).toBe(true)
    const s = Buffer.from(parseSignature(signature)!.subarray(32)).toString('hex')
    expect(s > halfOrder).toBe(index % 2 === 1)
    expect(body.length).toBeGreaterThan(1_200)
  }
})

test('no two numbers share an id', () => {
  const ids = Array.from({ length: 20_000 }, (_, index) => scatter(index))
  expect(new Set(ids).size).toBe(ids.length)
  expect(ids.every(id => /^\d{16}$/.test(id))).toBe(true)
})
