/**
 * `repasse keys`: a key file, what is under which key, a new key, an old one that is needed no more, and
 * commands without the key.
 */
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { openTerminal } from '../../test/testbed/terminal.ts'
import { sayAllUnreadable } from './keys.ts'

const { at, repasse } = openTerminal()
const file = at('keys')
const env = { ENCRYPTION_KEY_FILE: file }
const idIn = (said: { out: string }) => /key ([0-9a-f]{8})\n$/.exec(said.out)![1]!
const status = async () =>
  JSON.parse((await repasse(['keys', 'status', '--json'], env)).out) as {
    keys: { id: string; values: number; state: string }[]
    plain: number
    unreadable: unknown[]
  }
const encryptionIn = async (more: Record<string, string> = {}) =>
  (
    JSON.parse((await repasse(['doctor', '--json'], more)).out) as {
      check: string
      is: string
      says: string
    }[]
  ).filter(({ check }) => ['encryption', 'database'].includes(check))

test('the life of a key, from the first to the second', async () => {
  await repasse(['user', 'add', 'ana', '--role', 'viewer', '--email', 'ana@example.com'])
  expect(await encryptionIn()).toContainEqual(expect.objectContaining({ check: 'encryption', is: 'info' }))

  const made = await repasse(['keys', 'new', file])
  const first = idIn(made)
  expect(made.err).toMatch(/Keep a copy where no backup of the database is/)
  expect(statSync(file).mode & 0o777).toBe(0o600)
  const before = readFileSync(file, 'utf8')
  expect(await repasse(['keys', 'new', file])).toMatchObject({
    code: 2,
    err: expect.stringContaining('exists already'),
  })
  expect(readFileSync(file, 'utf8')).toBe(before)

  expect(await status()).toMatchObject({ keys: [{ id: first, values: 0, state: 'newest' }], plain: 1 })
  expect(await repasse(['keys', 'rotate', '--compact'], env)).toMatchObject({
    code: 0,
    out: expect.stringContaining(`1 value was encrypted under key ${first}`),
  })
  expect(await encryptionIn(env)).toContainEqual(expect.objectContaining({ check: 'encryption', is: 'ok' }))
  expect(readFileSync(at('repasse.db'), 'latin1')).not.toContain('ana@example.com')

  const second = idIn(await repasse(['keys', 'new', file, '--add']))
  expect(readFileSync(file, 'utf8').startsWith(before)).toBe(true)
  expect(await repasse(['keys', 'retire', second], env)).toMatchObject({
    code: 2,
    err: expect.stringContaining('is the newest'),
  })
  expect(await repasse(['keys', 'retire', first], env)).toMatchObject({
    code: 2,
    err: expect.stringContaining('1 value is encrypted under'),
  })
  expect((await repasse(['keys', 'rotate'], env)).code).toBe(0)
  expect((await repasse(['keys', 'retire', first], env)).code).toBe(0)
  expect((await status()).keys).toEqual([
    { id: second, values: 1, state: 'newest' },
    { id: first, values: 0, state: 'retired' },
  ])

  // A line less, another key, or none: nothing starts, and what is wrong is said.
  const whole = readFileSync(file, 'utf8')
  expect(await repasse(['user', 'list'])).toMatchObject({
    code: 2,
    err: expect.stringContaining('set ENCRYPTION_KEY_FILE'),
  })
  expect(await encryptionIn()).toContainEqual(expect.objectContaining({ check: 'database', is: 'error' }))
  writeFileSync(file, before)
  expect(await repasse(['user', 'list'], env)).toMatchObject({
    code: 2,
    err: expect.stringContaining(`under key ${second}`),
  })
  expect((await status()).unreadable).toEqual([
    expect.objectContaining({ column: 'users.email', why: 'unknown key' }),
  ])
  writeFileSync(file, 'no key\n')
  expect(await repasse(['user', 'list'], env)).toMatchObject({
    code: 2,
    err: expect.stringContaining('line 1 is no key'),
  })
  writeFileSync(file, whole)
  expect((await repasse(['user', 'list'], env)).code).toBe(0)
})

test('of a whole database that cannot be read the first values are named, and how many more there are', () => {
  const all = Array.from(
    { length: 20_034 },
    (_, row) => ({ column: 'inbox.raw', row: `${row}`, why: 'unknown key' }) as const,
  )
  const lines = sayAllUnreadable(all).trimEnd().split('\n')
  expect([lines.length, lines[0], lines.at(-1)]).toEqual([
    21,
    'UNREADABLE: inbox.raw of 0 cannot be decrypted: its key is not in the key file',
    'and 20014 more: "repasse keys status --json" lists them',
  ])
  expect(sayAllUnreadable([])).toBe('')
})
