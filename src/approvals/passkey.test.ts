/**
 * What a passkey signs is of one statement, one site and one person who was there; anything else is refused.
 */
import { expect, test } from 'vitest'
import { device } from '../../test/testbed/passkey.ts'
import { assertionFault, counterOf, readAssertion } from './passkey.ts'
import { textOf } from './statement.ts'

const statement = {
  act: 'account.approve',
  subject: 'acc_1',
  digest: 'd',
  by: 'carla',
  at: '2026',
  installation: '0',
  store: 'sto_default',
}
const text = textOf(statement)
const site = { rp: 'pay.example.com', origin: 'https://pay.example.com' }
const laptop = device()

test('a good one signs the statement, and says how often its device has signed', () => {
  const assertion = laptop.sign(text, { counter: 7 })
  expect(assertionFault(laptop.publicKey, text, assertion, site)).toBeUndefined()
  expect(counterOf(assertion)).toBe(7n)
  expect(readAssertion(JSON.stringify(assertion))).toEqual(assertion)
})

test.each([
  ['another statement', laptop.sign(textOf({ ...statement, digest: 'e' })), 'of another statement'],
  ['another site', laptop.sign(text, { rp: 'evil.example.com' }), 'of another site'],
  ['a page of another site', laptop.sign(text, { origin: 'https://evil.example.com' }), 'of another site'],
  ['our page within another site’s', laptop.sign(text, { crossOrigin: true }), 'of another site'],
  [
    'another address of the site',
    laptop.sign(text, { origin: 'https://shop.pay.example.com' }),
    'people come to',
  ],
  ['a registration', laptop.sign(text, { type: 'webauthn.create' }), 'no assertion'],
  ['nobody there', laptop.sign(text, { flags: 4 }), 'did not verify its person'],
  ['somebody who was not verified', laptop.sign(text, { flags: 1 }), 'did not verify its person'],
  ['another device', device().sign(text), 'signature is not good'],
  ['bytes cut off', { ...laptop.sign(text), authenticatorData: 'AAAA' }, 'another site'],
  ['no JSON', { ...laptop.sign(text), clientDataJSON: 'AAAA' }, 'cannot be read'],
])('%s signs nothing', (_, assertion, why) => {
  expect(assertionFault(laptop.publicKey, text, assertion, site)).toContain(why)
})

test.each([
  ['nothing', ''],
  ['null', 'null'],
  [
    'parts that are no base64url',
    JSON.stringify({ authenticatorData: '<', clientDataJSON: 'a', signature: 'a' }),
  ],
  [
    'a part too long',
    JSON.stringify({ authenticatorData: 'a'.repeat(9_000), clientDataJSON: 'a', signature: 'a' }),
  ],
])('%s is no assertion', (_, answer) => {
  expect(readAssertion(answer)).toBeUndefined()
})
