/** `repasse reconcile` against a simulated bank: a difference that lasts stops payouts, and agreement lets them go again. */
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startBank, type BankServer } from '../../sim/server.ts'
import { systemClock, systemRandom } from '../base/clock.ts'
import { brl } from '../base/money.ts'
import { post } from '../ledger/ledger.ts'
import { openStore } from '../store/store.ts'
import { runCli } from './cli.ts'

const folder = mkdtempSync(join(tmpdir(), 'repasse-reconcile-'))
let bank: BankServer
let env: Record<string, string>

beforeAll(async () => {
  bank = await startBank({ settings: { skipAuth: true, startingBalance: 50_000 } })
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
  writeFileSync(join(folder, 'key.pem'), privateKey.export({ type: 'sec1', format: 'pem' }), { mode: 0o400 })
  env = {
    DATABASE_URL: `sqlite:${join(folder, 'house.db')}`,
    STARKBANK_PROJECT_ID: '1',
    STARKBANK_WORKSPACE_ID: bank.bank.settings.workspaceId,
    STARKBANK_PRIVATE_KEY_FILE: join(folder, 'key.pem'),
    STARKBANK_API_URL: bank.url,
    LOG_LEVEL: 'silent',
  }
})
afterAll(async () => {
  await bank.close()
  rmSync(folder, { recursive: true, force: true })
})

async function repasse<T>(words: string[]): Promise<{ code: number; told: T }> {
  let out = ''
  const outlet = { out: async (text: string) => void (out += text), err: () => undefined, colours: false }
  const code = await runCli(['node', 'repasse', ...words, '--json'], env, outlet)
  return { code, told: JSON.parse(out) as T }
}
const stopped = async () => (await repasse<{ stopped: string | null }>(['status'])).told.stopped ?? null
const reconcile = () => repasse<{ agrees: boolean; stopped: string | null; difference: { amount: string } }>(['reconcile'])

/** A movement of the books that no statement of the bank knows. */
async function bookAlone(movement: 'external in' | 'external out', source: string) {
  const world = { clock: systemClock, random: systemRandom }
  const store = await openStore(env['DATABASE_URL']!, world)
  await store.tx(tx => post(tx, world as never, { movement, source, amount: brl(777n), memo: 'made up' }))
  await store.close()
}

test('the same difference twice stops payouts, as the job would have it, and agreement lets them go', async () => {
  expect(await reconcile()).toMatchObject({ code: 0, told: { agrees: true, stopped: null } })

  await bookAlone('external in', 'x1')
  expect(await reconcile()).toMatchObject({ code: 1, told: { agrees: false, stopped: null, difference: { amount: '-7.77' } } })
  expect(await stopped()).toBe(null)

  const again = await reconcile()
  expect(again).toMatchObject({ code: 1, told: { agrees: false } })
  expect(again.told.stopped).toContain('the books say')
  expect(await stopped()).toContain('the books say')

  await bookAlone('external out', 'x2')
  expect(await reconcile()).toMatchObject({ code: 0, told: { agrees: true, stopped: null } })
  expect(await stopped()).toBe(null)
})
