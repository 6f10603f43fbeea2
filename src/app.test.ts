/** A database belongs to one workspace of one environment: test money never meets real money. */
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { readConfig } from './base/config.ts'
import { silentLog } from './base/log.ts'
import { openBase, openRail } from './app.ts'

const folder = mkdtempSync(join(tmpdir(), 'repasse-belongs-'))
afterAll(() => rmSync(folder, { recursive: true }))
const key = join(folder, 'key.pem')
const pem = generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey.export({
  type: 'sec1',
  format: 'pem',
})
writeFileSync(key, pem, { mode: 0o400 })
const bank = { STARKBANK_PROJECT_ID: '1', STARKBANK_WORKSPACE_ID: '1', STARKBANK_PRIVATE_KEY_FILE: key }

async function open(name: string, env: Record<string, string>): Promise<void> {
  const base = await openBase(
    readConfig({ DATABASE_URL: `sqlite:${join(folder, name)}`, ...bank, ...env }),
    silentLog,
  )
  try {
    ;(await openRail(base)).close()
  } finally {
    await base.db.close()
  }
}

test('a database of the sandbox is none of production’s, nor of another workspace [security 20]', async () => {
  await open('bank.db', {})
  await open('bank.db', {})
  await expect(open('bank.db', { STARKBANK_ENVIRONMENT: 'production' })).rejects.toThrow(
    'belongs to sandbox/1',
  )
  await expect(open('bank.db', { STARKBANK_WORKSPACE_ID: '2' })).rejects.toThrow('belongs to sandbox/1')
})
