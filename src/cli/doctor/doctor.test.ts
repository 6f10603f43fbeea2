/**
 * `repasse doctor` against a simulated bank: what it finds wrong, what it advises, and that looking changes
 * nothing.
 */
import { generateKeyPairSync } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { openBankTerminal } from '../../../test/testbed/terminal.ts'
import { systemClock, systemRandom } from '../../base/clock.ts'
import { limitCheck } from './limits.ts'
import { retentionCheck } from './privacy.ts'
import { readPublicKey } from '../../rails/starkbank/verify.ts'
import { openDb, sql } from '../../db/db.ts'
import { keepPublished } from '../../webhooks/webhooks.ts'

const { at, bank, env, repasse } = await openBankTerminal({ startingBalance: 50_000 })

type Check = { check: string; is: string; says: string; run?: string }
async function doctor(change: Record<string, string> = {}): Promise<Record<string, Check>> {
  const checks = JSON.parse((await repasse(['doctor', '--json'], change)).out) as Check[]
  return Object.fromEntries(checks.map(check => [check.check, check]))
}

test('where there is no database yet, the rest is checked and none is made', async () => {
  const found = await doctor()
  expect(found['database']).toMatchObject({ is: 'info', run: 'repasse migrate' })
  expect(found['bank']).toMatchObject({ is: 'ok', says: 'it knows us; the account holds R$ 500.00' })
  expect(existsSync(at('repasse.db'))).toBe(false)
})

test('another workspace’s id is told, with the one the bank names, and binds nothing', async () => {
  expect((await repasse(['migrate'])).code).toBe(0)
  expect((await doctor({ STARKBANK_WORKSPACE_ID: '42' }))['workspace']).toMatchObject({
    is: 'warn',
    run: expect.stringContaining(`STARKBANK_WORKSPACE_ID=${bank.settings.workspaceId}`),
  })
  const well = await doctor()
  expect(well['workspace']).toBeUndefined()
  expect(well['bank']!.is).toBe('ok')
  const db = await openDb(env.DATABASE_URL, { clock: systemClock, random: systemRandom })
  expect(await db.all(sql`select value from settings where name = 'bank identity'`)).toEqual([])
  await db.close()
})

test('a clock the bank does not accept is called by its name', async () => {
  bank.setSettings({ skewSeconds: -1 })
  expect((await doctor())['bank']).toMatchObject({ is: 'error', run: expect.stringContaining('timedatectl') })
  bank.setSettings({ skewSeconds: 300 })
})

test('a database that cannot be had is told with its setting', async () => {
  expect((await doctor({ DATABASE_URL: `sqlite:${at('key.pem')}` }))['database']).toMatchObject({
    is: 'error',
    says: expect.stringMatching(/^DATABASE_URL names .*key\.pem, which is not an SQLite database/),
  })
})

test.each([
  ['none', {}, 'warn'],
  ['one for each payout alone', { payout: 1n }, 'warn'],
  ['one an hour', { hour: 1n }, 'ok'],
  ['one a day', { day: 0n }, 'ok'],
])('of real money, with %s it says whether limits bound what leaves', (_, set, is) => {
  expect(limitCheck('BRL', set)).toMatchObject({ check: 'limits', is })
})

test('of test money nothing is said about limits', async () => {
  expect((await doctor())['limits']).toBeUndefined()
})

test('a key that the bank no longer publishes is named, and dropped by who says so [security A12]', async () => {
  expect((await repasse(['migrate'])).code).toBe(0)
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
  const { keyId } = readPublicKey(pem)
  const world = { clock: systemClock, random: systemRandom }
  const db = await openDb(env.DATABASE_URL, world)
  await keepPublished(db, env.STARKBANK_API_URL, [pem], world)
  await keepPublished(db, env.STARKBANK_API_URL, [bank.publicKeyPem], world)
  await db.close()

  const said = async (...words: string[]) =>
    (JSON.parse((await repasse(['doctor', '--json', ...words])).out) as Check[]).filter(
      ({ check }) => check === 'bank keys',
    )
  const published = readPublicKey(bank.publicKeyPem).keyId
  expect(await said()).toMatchObject([
    { is: 'ok', says: `the bank publishes ${published}` },
    {
      is: 'warn',
      says: expect.stringMatching(`^${keyId} is not published any more`),
      run: expect.stringContaining(`--drop-key ${keyId}`),
    },
  ])
  const still = await repasse(['doctor', '--drop-key', published, '--by', 'ana'])
  expect([still.code, still.err]).toEqual([2, expect.stringContaining('the bank still publishes')])
  await repasse(['user', 'add', 'carla', '--role', 'admin', '--by', 'ana'])
  const unproven = await repasse(['doctor', '--drop-key', keyId, '--by', 'carla'])
  expect([unproven.code, unproven.err]).toEqual([
    2,
    expect.stringContaining('carla is a person of the console'),
  ])
  expect(await said('--drop-key', keyId, '--by', 'ana')).toMatchObject([
    { is: 'ok', says: expect.stringContaining('is dropped') },
    { is: 'ok' },
  ])
  expect(await said()).toMatchObject([{ is: 'ok' }])
})

test('a socket that every user of the machine can reach is an error, and a port without nginx is said [security A10]', async () => {
  const folder = at('run')
  mkdirSync(folder, { mode: 0o750 })
  const asked = async (LISTEN: string, more = {}) => (await doctor({ LISTEN, ...more }))['listener']!
  expect(await asked(`unix:${folder}/web.sock`)).toMatchObject({ is: 'ok' })
  chmodSync(folder, 0o755)
  expect(await asked(`unix:${folder}/web.sock`)).toMatchObject({
    is: 'error',
    says: expect.stringContaining('every user'),
    run: expect.stringContaining('chmod 2750'),
  })
  expect(await asked(`unix:${at('none')}/web.sock`)).toMatchObject({ is: 'error' })
  expect(await asked('0.0.0.0:8080')).toMatchObject({ is: 'warn' })
  expect(await asked('127.0.0.1:8080', { TRUSTED_PROXIES: '127.0.0.1' })).toMatchObject({
    is: 'info',
    says: expect.stringContaining('from 127.0.0.1'),
  })
})

test('three nights in which nothing old was dropped are said', () => {
  const now = '2026-11-29T06:00:00.000Z'
  expect(retentionCheck(undefined, now, 'payers 2192d').is).toBe('info')
  expect(retentionCheck('2026-11-28T06:00:00.000Z', now, 'payers 2192d')).toMatchObject({
    is: 'ok',
    says: expect.stringContaining('payers 2192d'),
  })
  expect(retentionCheck('2026-11-20T06:00:00.000Z', now, 'payers 2192d')).toMatchObject({
    is: 'warn',
    run: expect.stringContaining('retention'),
  })
})
