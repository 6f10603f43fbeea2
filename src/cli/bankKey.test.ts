/**
 * Our key at the bank is rotated over real HTTP with the untouched SDK: cut off anywhere, said twice, while
 * the bank is away and while processes run.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto'
import { copyFileSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { freePort } from '../../sim/port.ts'
import { eventually } from '../../test/testbed/eventually.ts'
import { openBankTerminal } from '../../test/testbed/terminal.ts'
import { readConfig } from '../base/config.ts'
import { silentLog } from '../base/log.ts'
import { openBase, openRail, serve } from '../app.ts'
import { watchOwnKey } from '../jobs/jobs.ts'
import { listAlarms } from '../ledger/ledger.ts'
import { sql } from '../db/db.ts'
import { readiness } from '../queries/status.ts'

const { at, bank, env, repasse } = await openBankTerminal()
const id = env.STARKBANK_PROJECT_ID
const publicOf = (file: string) =>
  createPublicKey(createPrivateKey(readFileSync(file))).export({ type: 'spki', format: 'pem' }) as string
const register = (file: string) => bank.addProject({ id, publicKeyPem: publicOf(file) })
const files = () =>
  readdirSync(at('.'))
    .filter(name => name.startsWith('key.pem'))
    .sort()

interface Key {
  key: string
  is: string
  file: string
  bank: string
}
const status = async () => JSON.parse((await repasse(['bank-key', 'status', '--json'])).out) as Key[]
const rotate = async (more: Record<string, string> = {}) => {
  const { code, out, err } = await repasse(['bank-key', 'rotate', '--json', '--by', 'ana'], more)
  return {
    code,
    err,
    ...(out === ''
      ? {}
      : (JSON.parse(out) as { is: string; key: string; publicKey: string; why?: string; retired?: string })),
  }
}
const acts = async () => {
  const { out } = await repasse(['audit', 'export'])
  const rows = out
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as { act: string; subject: string; actor: string })
  return rows
    .filter(({ act }) => act.startsWith('own key'))
    .map(({ act, subject, actor }) => `${actor}: ${act} ${subject}`)
}

afterEach(() => void vi.restoreAllMocks())

test('a new key waits beside the old one, which goes on signing, until the bank accepts it', async () => {
  const before = readFileSync(at('key.pem'), 'utf8')
  const first = await rotate()
  expect(first).toMatchObject({ code: 1, is: 'waits', publicKey: publicOf(at('key.pem.next')) })
  expect(first.why).toContain('invalidCredentials')
  expect(statSync(at('key.pem.next')).mode & 0o777).toBe(0o600)
  // The same key as often as it is said.
  expect(await rotate()).toEqual({ ...first, err: '' })
  const away = await rotate({ STARKBANK_API_URL: `http://127.0.0.1:${await freePort()}` })
  expect(away).toMatchObject({ code: 1, is: 'waits', key: first.key })
  expect(away.why).toContain('could not be reached')

  expect([files(), readFileSync(at('key.pem'), 'utf8')]).toEqual([['key.pem', 'key.pem.next'], before])
  expect((await status()).map(({ is, bank: says }) => [is, says])).toEqual([
    ['in use', 'accepted'],
    ['next', 'refused'],
  ])
  // What the bank says of a key that is only tried is not said of the one that signs.
  expect(JSON.parse((await repasse(['status', '--json'])).out)).toMatchObject({ needsPerson: [] })
  expect(await acts()).toEqual([`ana: own key made ${first.key}`])
})

test('running processes sign with it from the next request on, and one that was not reached is named', async () => {
  const [inUse] = await status()
  copyFileSync(at('key.pem'), at('elsewhere.pem'))
  const base = await openBase(readConfig(env), silentLog)
  const rail = await openRail(base)
  try {
    expect((await rail.balance()).is).toBe('done')
    register(at('key.pem.next'))
    const next = (await status()).find(({ is }) => is === 'next')!
    expect(next.bank).toBe('accepted')
    expect(await rotate()).toMatchObject({ code: 0, is: 'in use', key: next.key })
    const [now, retired] = await status()
    expect([now!.key, retired!.key, retired!.is]).toEqual([next.key, inUse!.key, 'retired'])
    expect(retired!.file).toMatch(/key\.pem\.retired-\d{4}-\d\d-\d\d$/)
    expect((await repasse(['bank-key', 'status'])).err).toContain(`still accepts ${inUse!.key}`)

    // A process without jobs says so too, of its machine.
    const elsewhere = {
      ...env,
      STARKBANK_PRIVATE_KEY_FILE: at('elsewhere.pem'),
      LISTEN: `unix:${at('web.sock')}`,
    }
    const other = await serve(await openBase(readConfig(elsewhere), silentLog), ['web'])
    await eventually(() => listAlarms(base.db)).toMatchObject([
      { name: `bank key of ${hostname()}`, why: inUse!.key },
    ])
    await other.stop()
    await watchOwnKey({ ...base, worker: `${hostname()}/1` }, next.key)

    bank.removeKey({ id, publicKeyPem: publicOf(retired!.file) })
    expect((await rail.balance()).is).toBe('done')
    expect((await status()).map(({ is, bank: says }) => [is, says])).toEqual([
      ['in use', 'accepted'],
      ['retired', 'refused'],
    ])

    const app = { ...base, worker: 'other/1' }
    await watchOwnKey(app, inUse!.key)
    const { needsPerson } = JSON.parse((await repasse(['status', '--json'])).out) as { needsPerson: string[] }
    expect(needsPerson).toEqual([
      expect.stringMatching(`^other signs its requests to the bank with key ${inUse!.key}`),
    ])
    expect((await readiness(base.db)).checks).toMatchObject({ 'bank-key': 'retired: see repasse status' })
    await watchOwnKey(app, next.key)
    expect(await base.db.all(sql`select * from alarms`)).toEqual([])
  } finally {
    rail.close()
    await base.db.close()
  }
  expect((await acts()).map(line => line.replace(/ \w+$/, ''))).toEqual([
    'ana: own key made',
    'ana: own key in use',
    'ana: own key retired',
  ])
})

test('a key file that becomes no key leaves the last good one signing, and one at another place is not touched', async () => {
  const base = await openBase(readConfig(env), silentLog)
  const rail = await openRail(base)
  try {
    renameSync(at('key.pem'), at('aside.pem'))
    expect((await rail.balance()).is).toBe('done')
    writeFileSync(at('key.pem'), 'half a k')
    expect((await rail.balance()).is).toBe('done')
    expect((await repasse(['bank-key', 'rotate'])).code).toBe(2)
  } finally {
    rmSync(at('key.pem'))
    renameSync(at('aside.pem'), at('key.pem'))
    rail.close()
    await base.db.close()
  }
})

test('the retired file is deleted by an act of its own, and no other key is', async () => {
  const [inUse, retired] = await status()
  const remove = (key: string, more = {}) =>
    repasse(['bank-key', 'delete', key, '--why', 'gone at the bank', '--by', 'ana'], more)
  expect((await remove(inUse!.key)).err).toContain('is not retired')
  expect((await remove('0123456789abcdef')).err).toContain('there is no key')
  expect(
    (await remove(retired!.key, { STARKBANK_API_URL: `http://127.0.0.1:${await freePort()}` })).err,
  ).toContain('stays')
  expect(files()).toHaveLength(2)
  expect((await remove(retired!.key)).code).toBe(0)
  expect(files()).toEqual(['key.pem'])
  expect((await remove(retired!.key)).code).toBe(2)
})

describe.each(['bank key made', 'bank key written down', 'bank key accepted', 'bank key exchanged'])(
  'killed at "%s"',
  point => {
    test.each([1, 2])('%i times, it ends as if it had not been', async times => {
      const before = publicOf(at('key.pem'))
      const keptBefore = files().filter(name => name.includes('retired')).length
      if (point !== 'bank key made') {
        expect((await rotate()).code).toBe(1)
        register(at('key.pem.next'))
      }
      for (let count = 0; count < times; count++) {
        // The process ends there; here the command does.
        vi.spyOn(process, 'kill').mockImplementation(() => {
          throw new Error('killed')
        })
        const { code } = await repasse(['bank-key', 'rotate', '--by', 'ana'], { CRASH_AT: `${point}:1` })
        vi.restoreAllMocks()
        // The files are exchanged once, and then nothing is left to be killed in.
        expect(code).toBe(point === 'bank key exchanged' && count === 1 ? 0 : 1)
      }
      // What a process that was killed while it wrote leaves behind.
      writeFileSync(at('key.pem.next.partial-1'), 'half a k')
      if (point === 'bank key made') {
        expect((await rotate()).code).toBe(1)
        register(at('key.pem.next'))
      }
      if (point !== 'bank key exchanged' || times === 1)
        expect(await rotate()).toMatchObject({ code: 0, is: 'in use' })
      expect(publicOf(at('key.pem'))).not.toBe(before)
      expect(files().filter(name => name.includes('retired'))).toHaveLength(keptBefore + 1)
      expect(files()).not.toContain('key.pem.next')
      const keys = await status()
      expect(keys[0]).toMatchObject({ is: 'in use', bank: 'accepted' })
      // Each step once, and of each key.
      const written = await acts()
      expect(new Set(written).size).toBe(written.length)
      for (const { key, is } of keys)
        expect(written.filter(line => line.endsWith(`own key ${is} ${key}`))).toHaveLength(1)
      rmSync(at('key.pem.next.partial-1'))
    })
  },
)

test('a key of another workspace, one open to others, and none at all are said and change nothing', async () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
  expect((await rotate()).code).toBe(1)
  register(at('key.pem.next'))
  const other = await rotate({ STARKBANK_WORKSPACE_ID: '1', DATABASE_URL: `sqlite:${at('other.db')}` })
  expect([other.code, other.err]).toEqual([2, expect.stringContaining('STARKBANK_WORKSPACE_ID is 1')])
  expect(files()).toContain('key.pem.next')
  expect((await repasse(['bank-key', 'status'], { STARKBANK_PRIVATE_KEY_FILE: at('none.pem') })).code).toBe(2)
  expect((await repasse(['bank-key', 'status'], { STARKBANK_PRIVATE_KEY_FILE: '' })).err).toContain(
    'is not set',
  )
  writeFileSync(at('loose.pem'), privateKey.export({ type: 'sec1', format: 'pem' }), { mode: 0o644 })
  const loose = {
    STARKBANK_PRIVATE_KEY_FILE: at('loose.pem'),
    STARKBANK_ENVIRONMENT: 'production',
    STARKBANK_API_URL: '',
  }
  expect((await repasse(['bank-key', 'rotate'], loose)).err).toContain('chmod 400')
})
