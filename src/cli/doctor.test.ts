/** `repasse doctor` against a simulated bank: what it finds wrong, what it advises, and that looking changes nothing. */
import { generateKeyPairSync } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startBank, type BankServer } from '../../sim/server.ts'
import { systemClock, systemRandom } from '../base/clock.ts'
import { openStore, sql } from '../store/store.ts'
import { runCli } from './cli.ts'

const folder = mkdtempSync(join(tmpdir(), 'repasse-doctor-'))
const projectId = '5656565656565656'
let bank: BankServer
let env: Record<string, string>

beforeAll(async () => {
  bank = await startBank({ settings: { startingBalance: 50_000 } })
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
  bank.bank.addProject({ id: projectId, publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }) as string })
  writeFileSync(join(folder, 'key.pem'), privateKey.export({ type: 'sec1', format: 'pem' }), { mode: 0o400 })
  env = {
    DATABASE_URL: `sqlite:${join(folder, 'house.db')}`,
    STARKBANK_PROJECT_ID: projectId,
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

type Check = { check: string; is: string; says: string; run?: string }
async function repasse(words: string[], change: Record<string, string> = {}): Promise<{ code: number; out: string }> {
  let out = ''
  const outlet = { out: async (text: string) => void (out += text), err: () => undefined, colours: false }
  return { code: await runCli(['node', 'repasse', ...words], { ...env, ...change }, outlet), out }
}
async function doctor(change: Record<string, string> = {}): Promise<Record<string, Check>> {
  const checks = JSON.parse((await repasse(['doctor', '--json'], change)).out) as Check[]
  return Object.fromEntries(checks.map(check => [check.check, check]))
}

test('where there is no database yet, the rest is checked and none is made', async () => {
  const found = await doctor()
  expect(found['database']).toMatchObject({ is: 'info', run: 'repasse migrate' })
  expect(found['bank']).toMatchObject({ is: 'ok', says: 'it knows us; the account holds R$ 500.00' })
  expect(existsSync(join(folder, 'house.db'))).toBe(false)
})

test('another workspace’s id is told, with the one the bank names, and binds nothing', async () => {
  expect((await repasse(['migrate'])).code).toBe(0)
  expect((await doctor({ STARKBANK_WORKSPACE_ID: '42' }))['workspace']).toMatchObject({
    is: 'warn',
    run: expect.stringContaining(`STARKBANK_WORKSPACE_ID=${bank.bank.settings.workspaceId}`),
  })
  const well = await doctor()
  expect(well['workspace']).toBeUndefined()
  expect(well['bank']!.is).toBe('ok')
  const store = await openStore(env['DATABASE_URL']!, { clock: systemClock, random: systemRandom })
  expect(await store.all(sql`select value from settings where name = 'bank identity'`)).toEqual([])
  await store.close()
})

test('a clock the bank does not accept is called by its name', async () => {
  bank.bank.setSettings({ skewSeconds: -1 })
  expect((await doctor())['bank']).toMatchObject({ is: 'error', run: expect.stringContaining('timedatectl') })
  bank.bank.setSettings({ skewSeconds: 300 })
})

test('a database that cannot be had is told with its setting', async () => {
  expect((await doctor({ DATABASE_URL: `sqlite:${join(folder, 'key.pem')}` }))['database']).toMatchObject({
    is: 'error',
    says: expect.stringMatching(/^DATABASE_URL names .*key\.pem, which is not an SQLite database/),
  })
})
