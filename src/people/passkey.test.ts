/**
 * Whatever a form bears where a passkey's answer belongs: what is none proves nothing, and breaks nothing.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openMigrated } from '../../test/testbed/migrated.ts'
import { device } from '../../test/testbed/passkey.ts'
import { systemClock, systemRandom } from '../base/clock.ts'
import { silentLog } from '../base/log.ts'
import type { Db } from '../db/db.ts'
import { passkeysOf, proofByPasskey, registerPasskey, registrationChallenge } from './passkey.ts'
import type { Person } from './session.ts'
import { addUser } from '../../test/testbed/acts.ts'

let db: Db
beforeAll(
  async () => void (db = await openMigrated('sqlite::memory:', { clock: systemClock, random: systemRandom })),
)
afterAll(() => db.close())

const parts = { authenticatorData: 'AAAA', clientDataJSON: 'AAAA', signature: 'AAAA' }
test.each([
  ['no JSON', 'x'],
  ['null', 'null'],
  ['a number', '1'],
  ['parts without the credential’s id', JSON.stringify(parts)],
  ['an id that is no text', JSON.stringify({ ...parts, id: 1 })],
  ['a credential of nobody', JSON.stringify({ ...parts, id: 'AAAA' })],
])('%s proves nothing', async (_, response) => {
  const site = { rp: 'pay.example.com', origin: 'https://pay.example.com' }
  expect(await proofByPasskey(db, { id: 'usr_1' }, site, 'text', response)).toBeUndefined()
})

test('a passkey is registered to the session, site and address that asked for it, once, by a device that verified its person', async () => {
  const world = { clock: systemClock, random: systemRandom, log: silentLog, at: () => undefined }
  const { user } = await addUser(db, world, { name: 'carla', role: 'checker', language: 'en' }, 'boss')
  const person: Person = { ...user, sessionId: 'ses_1', csrf: 'hers', steppedUp: true }
  const site = { rp: 'pay.example.com', origin: 'https://pay.example.com' }
  const [phone, challenge] = [device(), registrationChallenge(person)]
  const registers = (response: string) =>
    registerPasskey(db, world, person, site, { response, label: 'phone' })
  for (const response of [
    phone.register(registrationChallenge({ csrf: 'another' })),
    phone.register(challenge, { rp: 'evil.example.com' }),
    phone.register(challenge, { origin: 'https://evil.example.com' }),
    phone.register(challenge, { origin: 'https://shop.pay.example.com' }),
    phone.register(challenge, { type: 'webauthn.get' }),
    phone.register(challenge, { flags: 64 + 1 }),
    phone.register(challenge, { flags: 64 + 4 }),
    'x',
  ])
    expect(await registers(response)).toBe(false)
  expect(await passkeysOf(db, user.id)).toEqual([])
  expect([await registers(phone.register(challenge)), await registers(phone.register(challenge))]).toEqual([
    true,
    false,
  ])
  expect(await passkeysOf(db, user.id)).toMatchObject([{ public_key: phone.publicKey, label: 'phone' }])
  for (const algorithm of ['RS256', 'EdDSA'] as const) {
    const other = device(algorithm)
    expect([
      await registers(other.register(challenge)),
      (await passkeysOf(db, user.id)).at(-1)?.public_key,
    ]).toEqual([true, other.publicKey])
  }
})
