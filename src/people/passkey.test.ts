/** Whatever a form bears where a passkey's answer belongs: what is none proves nothing, and breaks nothing. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openMigrated } from '../../test/testbed/migrated.ts'
import { systemClock, systemRandom } from '../base/clock.ts'
import type { Store } from '../store/store.ts'
import { proofByPasskey } from './passkey.ts'

let store: Store
beforeAll(async () => void (store = await openMigrated('sqlite::memory:', { clock: systemClock, random: systemRandom })))
afterAll(() => store.close())

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
  expect(await proofByPasskey(store, { id: 'usr_1' }, site, 'text', response)).toBeUndefined()
})
