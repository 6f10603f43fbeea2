/**
 * Who acts at the command line: names of people of the console are theirs alone, a code works once, and each
 * record says by which way its act came.
 */
import { generateKeyPairSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { hostname, userInfo } from 'node:os'
import { expect, test } from 'vitest'
import { accountAdd, openTerminal } from '../../test/testbed/terminal.ts'
import { systemClock, systemRandom } from '../base/clock.ts'
import { audit } from '../ledger/ledger.ts'
import { codeAt, stepAt } from '../people/totp.ts'
import { openDb, sql, type Db } from '../db/db.ts'

const { at, env, repasse } = openTerminal()
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
writeFileSync(at('bank.pem'), privateKey.export({ type: 'sec1', format: 'pem' }), { mode: 0o400 })
const secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'
const said = async (...words: string[]) => {
  const { code, out, err } = await repasse(words)
  return [code, out + err] as const
}
async function inBase<T>(work: (db: Db) => Promise<T>): Promise<T> {
  const db = await openDb(env.DATABASE_URL, { clock: systemClock, random: systemRandom })
  try {
    return await work(db)
  } finally {
    await db.close()
  }
}
const lastAct = () =>
  inBase(async db => {
    const row = (await db.one<{ actor: string; act: string; detail: string }>(
      sql`select * from audit order by seq desc limit 1`,
    ))!
    return { actor: row.actor, act: row.act, ...(JSON.parse(row.detail) as object) }
  })
const code = () => codeAt(secret, stepAt(systemClock.now()))

test('what a command does is recorded with the user of the system and the host [security A9]', async () => {
  await repasse(['user', 'add', 'ana', '--role', 'checker', '--by', 'whoever'])
  const at = { channel: 'cli', osUser: userInfo().username, host: hostname() }
  expect(await lastAct()).toEqual({
    actor: 'whoever',
    act: 'user added',
    name: 'ana',
    role: 'checker',
    approvesFrom: expect.any(String),
    ...at,
  })
})

test('the name of somebody of the console is refused at any command, in whatever letters [security A9]', async () => {
  for (const by of ['ana', 'ANA'])
    for (const words of [
      ['payout', 'stop', '--why', 'x'],
      ['payout', 'go', '--why', 'x'],
      ['user', 'add', 'bia', '--role', 'maker'],
      ['account', 'close', 'main', '--why', 'x'],
    ])
      expect(await said(...words, '--by', by)).toEqual([
        2,
        expect.stringContaining('ana is a person of the console: show that it is them'),
      ])
  expect(await lastAct()).toMatchObject({ act: 'user added' })
})

test('a code of their authenticator shows that it is them, once [security A9]', async () => {
  await inBase(db =>
    db.tx(async tx => {
      const [{ id }] = (await tx.all<{ id: string }>(sql`select id from users where name = 'ana'`)) as [
        { id: string },
      ]
      await tx.run(
        sql`update users set state = 'active', password = 'x', totp_secret = ${secret} where id = ${id}`,
      )
      await audit(tx, { actor: 'ana', act: 'invitation accepted', subject: id, detail: {} })
    }),
  )
  expect(await said('payout', 'stop', '--why', 'x', '--by', 'Ana', '--code', '000000')).toEqual([
    2,
    expect.stringContaining('not the present code'),
  ])
  const shown = code()
  expect((await said('payout', 'stop', '--why', 'x', '--by', 'ana', '--code', shown))[0]).toBe(0)
  expect(await lastAct()).toMatchObject({ actor: 'ana', act: 'payouts stopped', channel: 'cli' })
  expect(await said('payout', 'go', '--why', 'x', '--by', 'ana', '--code', shown)).toEqual([
    2,
    expect.stringContaining('was used already'),
  ])
})

test.each([
  ['a code without a name', ['--code', '123456'], 'say --by too'],
  ['a code of nobody', ['--code', '123456', '--by', 'nobody'], 'is nobody of the console'],
  ['a code and a key', ['--code', '123456', '--key', 'x.pem', '--by', 'ana'], 'one of them is enough'],
])('%s is refused', async (_, flags, why) => {
  expect(await said('payout', 'stop', '--why', 'x', ...flags)).toEqual([2, expect.stringContaining(why)])
})

test('whoever guesses codes has to wait', async () => {
  for (let count = 0; count < 6; count++)
    await said('payout', 'stop', '--why', 'x', '--by', 'ana', '--code', '000000')
  expect(await said('payout', 'stop', '--why', 'x', '--by', 'ana', '--code', code())).toEqual([
    2,
    expect.stringContaining('too many wrong codes'),
  ])
})

test('the system’s user is asked as well where a person is called so, and looking asks nobody', async () => {
  const { username } = userInfo()
  await repasse(['user', 'add', username, '--role', 'admin', '--by', 'whoever'])
  const refused = [2, expect.stringContaining(`${username} is a person of the console: show that it is them`)]
  expect(await said('payout', 'stop', '--why', 'x')).toEqual(refused)
  expect(await said('user', 'add', 'bia', '--role', 'maker')).toEqual(refused)
  expect((await said('payout', 'stop', '--why', 'x'))[1]).toContain('say --by NAME for somebody else')
  expect((await said('user', 'list'))[0]).toBe(0)
  expect((await said('user', 'add', 'bia', '--role', 'maker', '--by', 'somebody'))[0]).toBe(0)
})

test.each([
  ['payout', 'go', '--why', 'x'],
  ['payout', 'release', 'pay_1', '--why', 'x'],
  ['payout', 'retry', 'pay_1', '--why', 'x'],
  ['proposal', 'approve', 'pro_1'],
  ['invoice', 'accept', 'inv_1', '--why', 'x'],
  ['invoice', 'refund', 'inv_1', '--twin', '1'],
  ['invoice', 'refund', 'inv_1', '--why', 'x'],
  ['invoice', 'reversal', 'inv_1', '--returned', '1.00', '--why', 'x'],
  ['account', 'terms', 'main', '--recover', 'never', '--why', 'x'],
  ['account', 'debt', 'main', '--amount', '1.00', '--as', 'paid', '--why', 'x'],
  ['account', 'clear', 'main', '--why', 'x'],
  ['limits', 'set', '--asset', 'BRL', '--per-day', 'none', '--why', 'x'],
  ['payout', 'approve', 'pay_1', '--why', 'x'],
  ['payout', 'adjudicate', 'pay_1', '--transfer', '1', '--as', 'ours', '--why', 'x'],
  ['payout', 'redirect', 'pay_1', '--to', 'main', '--why', 'x'],
  ['reconcile', 'accept', '1', '--why', 'x'],
  ['reconcile', 'rule', 'add', 'fees', '--out', '--description', 'x', '--most', '1.00', '--why', 'x'],
  ['suspense', 'close', '1', '--why', 'x'],
  accountAdd({ by: 'somebody' }),
])(
  'where approvals have to be proven a name alone prepares nothing and lets nothing go: %s %s',
  async (...words) => {
    const bank = {
      STARKBANK_PROJECT_ID: '1',
      STARKBANK_WORKSPACE_ID: '1',
      STARKBANK_PRIVATE_KEY_FILE: at('bank.pem'),
    }
    const { code: ended, err } = await repasse([...words, '--by', 'whoever'], {
      ...bank,
      SIGNED_APPROVALS: 'required',
    })
    expect([ended, err]).toEqual([2, expect.stringContaining('whoever is only a name')])
  },
)

test('a command asks for the role that the console asks for [security A9]', async () => {
  await repasse(['user', 'add', 'mara', '--role', 'maker', '--by', 'somebody'])
  await repasse(['user', 'key', 'mara', '--out', at('mara.pem'), '--by', 'somebody'])
  const refund = ['invoice', 'refund', 'inv_1', '--by', 'mara', '--key', at('mara.pem'), '--why', 'x']
  expect(
    await said('invoice', 'accept', 'inv_1', '--by', 'mara', '--key', at('mara.pem'), '--why', 'x'),
  ).toEqual([2, expect.stringContaining('mara is maker: this takes checker')])
  expect((await said(...refund))[1]).not.toContain('this takes')
})
