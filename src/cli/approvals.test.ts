/**
 * Approvals at the command line: key files, who may sign, signing all that was only said, and what doctor
 * says of it.
 */
import { copyFileSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { accountAdd, openTerminal } from '../../test/testbed/terminal.ts'
import { systemClock, systemRandom } from '../base/clock.ts'
import { openDb, sql } from '../db/db.ts'
import { approvalCheck, signersCheck } from './doctor/approvals.ts'

const { at, env, repasse } = openTerminal()
const said = async (...words: string[]) => {
  const { code, out, err } = await repasse(words)
  return [code, out + err] as const
}

test('a key file is made for its owner alone, and its public part is registered', async () => {
  await repasse(['user', 'add', 'carla', '--role', 'checker', '--by', 'root'])
  const made = await repasse([
    'user',
    'key',
    'carla',
    '--out',
    at('carla.pem'),
    '--label',
    'laptop',
    '--json',
  ])
  const { key } = JSON.parse(made.out) as { key: string }
  expect(statSync(at('carla.pem')).mode & 0o777).toBe(0o600)
  expect(made.out).not.toContain(readFileSync(at('carla.pem'), 'utf8').split('\n')[1])
  expect(JSON.parse((await repasse(['user', 'keys', 'carla', '--json'])).out)).toMatchObject([
    { key, kind: 'key', label: 'laptop', retiredAt: null },
  ])
})

test.each([
  [
    'a file that is there',
    ['user', 'key', 'carla', '--out', at('carla.pem'), '--key', at('carla.pem')],
    'is there already',
  ],
  [
    'another key of a person who has one, without it',
    ['user', 'key', 'carla', '--out', at('second.pem')],
    'show that it is them',
  ],
  ['a key of nobody', ['user', 'key', 'nobody', '--out', at('second.pem')], 'there is no user'],
])('%s is refused', async (_, words, why) => {
  expect(await said(...words)).toEqual([2, expect.stringContaining(why)])
})

test('whoever has one key registers another with it', async () => {
  expect((await said('user', 'key', 'carla', '--out', at('second.pem'), '--key', at('carla.pem')))[0]).toBe(0)
})

test('an account is approved by a key file; a name alone is not enough for a person, and no role does what it may not', async () => {
  await repasse(accountAdd())
  await repasse(['user', 'add', 'bia', '--role', 'maker', '--by', 'root'])
  await repasse(['user', 'key', 'bia', '--out', at('bia.pem')])
  const approve = (...words: string[]) => said('account', 'approve', 'main', ...words)
  expect(await approve('--by', 'Carla')).toEqual([
    2,
    expect.stringContaining('carla is a person of the console'),
  ])
  expect(await approve('--key', at('bia.pem'))).toEqual([
    2,
    expect.stringContaining('bia is maker: this takes checker'),
  ])
  expect(await approve('--key', at('carla.pem'), '--by', 'bruno')).toEqual([
    2,
    expect.stringContaining('is carla’s, and --by says bruno'),
  ])
  writeFileSync(at('open.pem'), readFileSync(at('carla.pem')), { mode: 0o644 })
  expect(await approve('--key', at('open.pem'))).toEqual([
    2,
    expect.stringContaining('can be read by others: chmod 600'),
  ])
  writeFileSync(at('none.pem'), 'nothing', { mode: 0o600 })
  expect(await approve('--key', at('none.pem'))).toEqual([
    2,
    expect.stringContaining('holds no Ed25519 private key'),
  ])
  expect(await approve('--key', at('gone.pem'))).toEqual([
    2,
    expect.stringContaining('cannot be read (ENOENT)'),
  ])
  expect(await approve('--key', at('carla.pem'))).toEqual([0, 'account main is approved by carla\n'])
  expect((await said('account', 'show', 'main'))[1]).toMatch(/approved by +carla, signed with a key file/)
})

test('accounts whose approval was only said are signed in one act', async () => {
  for (const number of ['1', '2']) {
    await repasse(accountAdd({ name: `said${number}`, number }))
    await repasse(['account', 'approve', `said${number}`, '--by', 'checker'])
  }
  expect((await said('account', 'show', 'said1'))[1]).toMatch(/approved by +checker, said and not proven/)
  expect(await said('account', 'sign', '--all', '--by', 'chico')).toEqual([
    2,
    expect.stringContaining('chico is only a name'),
  ])
  expect(await said('account', 'sign', '--all', '--key', at('carla.pem'))).toEqual([
    0,
    'account said1 is signed by carla\naccount said2 is signed by carla\n',
  ])
  expect(await said('account', 'sign', '--all', '--key', at('carla.pem'))).toEqual([
    0,
    'nothing was signed\n',
  ])
  expect(await said('account', 'sign', 'said1', '--all')).toEqual([
    2,
    expect.stringContaining('name one account, or say --all'),
  ])
})

test('a restore and the acceptance of a break are by whoever shows that it is them', async () => {
  expect((await said('backup', at('copy.db')))[0]).toBe(0)
  const restore = ['restore', at('copy.db'), '--force', '--by', 'carla']
  expect(await said(...restore)).toEqual([2, expect.stringContaining('carla is a person of the console')])
  expect(await said('restore', at('copy.db'), '--by', 'carla')).toEqual([
    2,
    expect.stringContaining('carla is a person of the console'),
  ])
  expect(await said(...restore, '--code', '000000')).toEqual([2, expect.stringContaining('--code is not')])
  expect(existsSync(at('repasse.db.before-restore'))).toBe(false)
  // Where nothing is replaced, the people are those of the backup.
  const elsewhere = (
    await repasse(['restore', at('copy.db'), '--by', 'Carla'], {
      DATABASE_URL: `sqlite:${at('elsewhere.db')}`,
    })
  ).err
  expect([elsewhere, existsSync(at('elsewhere.db'))]).toEqual([
    expect.stringContaining('carla is a person of the console'),
    false,
  ])
  // Put in its place by the database's own programs it is there already, so it is on hold whoever did it.
  copyFileSync(at('copy.db'), at('placed.db'))
  const placed = { DATABASE_URL: `sqlite:${at('placed.db')}` }
  expect(await repasse(['restore', '--in-place', '--by', 'carla'], placed)).toMatchObject({
    code: 2,
    err: expect.stringContaining('on hold all the same'),
  })
  expect(JSON.parse((await repasse(['status', '--json'], placed)).out)).toMatchObject({
    stopped: expect.stringContaining('restored in its place'),
  })

  expect((await said(...restore, '--key', at('carla.pem')))[0]).toBe(0)
  expect((await said('audit', 'export'))[1]).toMatch(/"actor":"carla","act":"restored"/)
  const anchors = { AUDIT_ANCHOR_FILE: at('anchors') }
  const accepted = await repasse(['audit', 'accept', '--why', 'x', '--by', 'carla'], anchors)
  expect([accepted.code, accepted.err]).toEqual([
    2,
    expect.stringContaining('carla is a person of the console'),
  ])
})

test('a row that was edited is not signed, and is named by ledger check', async () => {
  const db = await openDb(env.DATABASE_URL, { clock: systemClock, random: systemRandom })
  await db.tx(tx => tx.run(sql`update accounts set number = '3' where name = 'said1'`))
  await db.close()
  expect(await said('account', 'sign', 'said1', '--key', at('carla.pem'))).toEqual([
    2,
    expect.stringContaining('is not as it was approved'),
  ])
  expect(await said('ledger', 'check')).toEqual([
    1,
    expect.stringContaining('account said1 is not as it was approved'),
  ])
})

test('a retired key signs nothing more', async () => {
  const needed = { SIGNED_APPROVALS: 'required' }
  const status = async () =>
    (JSON.parse((await repasse(['status', '--json'], needed)).out) as { needsPerson: string[] }).needsPerson
  const nobody = expect.stringContaining('no checker has an authenticator, a passkey or a key file')
  expect(await status()).not.toContainEqual(nobody)
  const [{ key }, other] = JSON.parse((await repasse(['user', 'keys', 'carla', '--json'])).out) as [
    { key: string },
    { key: string },
  ]
  expect((await said('user', 'key-retire', key, '--why', 'the laptop is gone'))[0]).toBe(0)
  expect(await said('user', 'key-retire', key, '--why', 'twice')).toEqual([
    2,
    expect.stringContaining('was retired already'),
  ])
  expect(await said('account', 'sign', 'main', '--key', at('carla.pem'))).toEqual([
    2,
    expect.stringContaining('was retired'),
  ])
  // Said before the first payout waits for it.
  expect(await status()).not.toContainEqual(nobody)
  expect((await said('user', 'key-retire', other.key, '--why', 'the laptop is gone'))[0]).toBe(0)
  expect(await status()).toContainEqual(nobody)
  expect((await repasse(['doctor'], needed)).out).toMatch(
    /error signers +approvals have to be proven, and no checker/,
  )
})

test.each([
  [{ maker: 1, checker: 2 }, 'ok'],
  [{ maker: 0, checker: 1 }, 'warn'],
  [{ maker: 1, checker: 0 }, 'error'],
] as const)('doctor says of %o who can prove what it means', (count, is) => {
  expect(signersCheck(count)).toMatchObject({ check: 'signers', is })
})

test.each([
  ['signed', [], { proven: true, live: true }, 'ok'],
  ['only said, where proof is needed', ['main'], { proven: true, live: true }, 'error'],
  ['only said, with SIGNED_APPROVALS=optional', ['main'], { proven: false, live: true }, 'warn'],
  ['only said, with test money', ['main'], { proven: false, live: false }, 'info'],
] as const)('doctor says of approvals that were %s what it means', (_, onlySaid, mode, is) => {
  expect(approvalCheck(onlySaid, mode)).toMatchObject({ check: 'approvals', is })
})
