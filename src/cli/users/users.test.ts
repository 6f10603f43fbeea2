/** People at the command line: invited, listed, changed and sent away, and what is refused. */
import { describe, expect, test } from 'vitest'
import { openTerminal } from '../../../test/testbed/terminal.ts'
import { systemClock, systemRandom } from '../../base/clock.ts'
import { audit, auditChain } from '../../ledger/ledger.ts'
import { silentLog } from '../../base/log.ts'
import type { World } from '../../base/world.ts'
import { acceptInvitation, newToken, openInvitation } from '../../people/people.ts'
import { codeAt, stepAt } from '../../people/totp.ts'
import { asStored, openDb, sql, type Db } from '../../db/db.ts'

const { env, repasse } = openTerminal()
const url = { PUBLIC_URL: 'https://pay.example.com' }

test('a person is invited by a link that is told once, and is in the list', async () => {
  const added = await repasse(['user', 'add', 'ana', '--role', 'maker', '--by', 'boss'], url)
  expect(added.code).toBe(0)
  expect(added.out).toMatch(/^https:\/\/pay\.example\.com\/console\/welcome\/[A-Za-z0-9_-]{43}\n$/)
  expect(added.err).toContain('ana is invited as maker')
  const list = await repasse(['user', 'list'])
  expect(list.out).toMatch(
    /^NAME +ROLE +STATE +LANGUAGE +LAST SEEN +ADDED +BY\nana +maker +invited +pt-BR +- +\S+ +boss\n$/,
  )
  expect(list.out).not.toContain(added.out.trim().split('/').at(-1)!)
  expect((await repasse(['user', 'list', '--json'])).out).not.toMatch(/password|secret|totp/i)
})

test('without PUBLIC_URL the link begins where the installation listens, and that is said', async () => {
  const added = await repasse(['user', 'add', 'local', '--role', 'viewer', '--lang', 'en', '--json'])
  expect(JSON.parse(added.out)).toMatchObject({
    name: 'local',
    role: 'viewer',
    language: 'en',
    state: 'invited',
  })
  expect((JSON.parse(added.out) as { link: string }).link).toMatch(
    /^http:\/\/127\.0\.0\.1:8080\/console\/welcome\//,
  )
  const reset = await repasse(['user', 'reset', 'local'])
  expect([reset.code, reset.err]).toEqual([0, expect.stringContaining('PUBLIC_URL is not set')])
})

test('a person gets another role, and their history tells', async () => {
  expect(await repasse(['user', 'role', 'ana', 'checker', '--by', 'boss'])).toMatchObject({
    code: 0,
    out: 'ana is checker now\n',
  })
  expect((await repasse(['user', 'role', 'ana', 'checker'])).err).toContain('ana is checker already')
  expect((await repasse(['user', 'show', 'ana'])).out).toMatch(/role +checker[^]*added by boss/)
  expect(JSON.parse((await repasse(['user', 'show', 'ANA', '--json'])).out)).toMatchObject({
    role: 'checker',
    history: [{ to: 'invited' }],
  })
})

test('a person without sessions has none, and signing them out says so', async () => {
  expect((await repasse(['user', 'sessions', 'ana', '--json'])).out).toBe('[]\n')
  expect((await repasse(['user', 'sign-out', 'ana'])).out).toBe('0 sessions of ana ended\n')
  expect((await repasse(['user', 'sign-out', 'ana', 'ses_nothing'])).err).toContain(
    'there is no session "ses_nothing" of this person',
  )
})

test('a person is removed once, and their name stays theirs', async () => {
  expect(await repasse(['user', 'remove', 'ana', '--by', 'boss'])).toMatchObject({
    code: 0,
    out: 'ana is removed\n',
  })
  expect((await repasse(['user', 'remove', 'ana'])).err).toContain('ana was removed')
  expect((await repasse(['user', 'add', 'Ana', '--role', 'maker'])).err).toContain(
    '"Ana" was the name of somebody who was removed',
  )
})

test.each([
  [['add'], /missing required argument 'name'/],
  [['add', 'bob'], /--role/],
  [['add', 'bob', '--role', 'god'], /--role "god" is not one of viewer, maker, checker, admin/],
  [['add', 'bob', '--role', 'maker', '--lang', 'fr'], /--lang "fr" is not one of pt-BR, en/],
  [['add', 'bob smith', '--role', 'maker'], /"bob smith" is not a name/],
  [['add', 'LOCAL', '--role', 'maker'], /"LOCAL" is taken/],
  [['add', 'IocaI', '--role', 'maker'], /"IocaI" reads like "local"/],
  [
    ['add', 'bob', '--role', 'maker', '--by', 'l0ca1'],
    /--by l0ca1 reads like local, a person of the console/,
  ],
  [
    ['add', 'other', '--role', 'maker', '--by', 'lócal'],
    /--by lócal reads like local, a person of the console/,
  ],
  [['role', 'local', 'owner'], /"owner" is not one of/],
  [['role', 'nobody', 'maker'], /there is no user "nobody": "repasse user list" shows them/],
  [['show', 'nobody'], /there is no user "nobody"/],
  [['reset', 'nobody'], /there is no user "nobody"/],
  [['sessions', 'nobody'], /there is no user "nobody"/],
  [['lock', 'local'], /has not signed in yet/],
  [['unlock', 'local'], /is not locked, but invited/],
])('user %j is refused with what would be right', async (words, why) => {
  const said = await repasse(['user', ...words], url)
  expect([said.code, said.out]).toEqual([2, ''])
  expect(said.err).toMatch(why)
})

/** Everybody was given their role a day before. */
const aDayLater = (db: Db): Promise<void> =>
  db.tx(async tx => {
    const approvesFrom = '2026-01-01T00:00:00.000Z'
    await tx.run(sql`update users set approves_from = ${approvesFrom}`)
    for (const { id, role } of await tx.all<{ id: string; role: string }>(sql`select id, role from users`))
      await audit(tx, { actor: 'boss', act: 'role changed', subject: id, detail: { to: role, approvesFrom } })
  })

describe('where real money moves', () => {
  const there = openTerminal()
  const production = { ...url, STARKBANK_ENVIRONMENT: 'production' }
  const run = (...words: string[]) => there.repasse(words, production)
  const inDatabase = async <T>(work: (db: Db, world: World) => Promise<T>): Promise<T> => {
    const world: World = {
      clock: systemClock,
      random: systemRandom,
      log: silentLog,
      at: () => undefined,
      coolingOffMs: 24 * 3_600_000,
    }
    const db = await openDb(there.env.DATABASE_URL, world)
    try {
      return await work(db, world)
    } finally {
      await db.close()
    }
  }
  const accept = (link: string) =>
    inDatabase(async (db, world) => {
      const [token, browser] = [link.trim().split('/').at(-1)!, newToken(world)]
      const opening = await openInvitation(db, world, token, browser)
      if (opening.is !== 'open') throw new Error(opening.is)
      const code = codeAt(opening.secret!, stepAt(systemClock.now()))
      expect(
        (await acceptInvitation(db, world, { token, browser, password: 'um pé de jabuticaba', code })).is,
      ).toBe('done')
    })
  /** As if a day had gone by. */
  const age = () => inDatabase(aDayLater)

  test('the first people come in at once, and whoever comes once one of them could approve it takes two', async () => {
    await accept((await run('user', 'add', 'carla', '--role', 'admin', '--by', 'boss')).out)
    // She is new herself, so nobody could approve the second one yet.
    const second = await run('user', 'add', 'bruno', '--role', 'checker', '--by', 'boss')
    expect(second.out).toContain('/console/welcome/')
    await accept(second.out)
    await age()
    const third = await run(
      'user',
      'add',
      'ana',
      '--role',
      'maker',
      '--by',
      'boss',
      '--why',
      'she begins on Monday',
    )
    expect([third.code, third.out]).toEqual([0, expect.stringMatching(/^pro_\w{26}\n$/)])
    expect((await run('user', 'show', 'ana')).err).toContain('there is no user "ana"')
    // A viewer moves nothing.
    expect((await run('user', 'add', 'vera', '--role', 'viewer', '--by', 'boss')).out).toContain(
      '/console/welcome/',
    )
    expect((await run('user', 'role', 'vera', 'maker', '--by', 'boss')).out).toMatch(/^pro_/)
    expect((await run('user', 'reset', 'bruno', '--by', 'boss')).out).toMatch(/^pro_/)
    expect(JSON.parse((await run('user', 'show', 'bruno', '--json')).out)).toMatchObject({ state: 'active' })
  })

  test('where nobody is left who could approve it, a reset is done at once', async () => {
    await run('user', 'lock', 'carla', '--by', 'boss')
    expect((await run('user', 'reset', 'bruno', '--by', 'boss')).out).toContain('/console/welcome/')
  })
})

describe('where real money moves and nobody uses the console', () => {
  const { at, env: own, repasse: ask } = openTerminal()
  const run = (...words: string[]) => ask(words, { ...url, STARKBANK_ENVIRONMENT: 'production' })

  test('whoever has a key file is asked, and written to, as whoever came in is', async () => {
    await run('user', 'add', 'carla', '--role', 'checker', '--email', 'carla@example.com', '--by', 'boss')
    // Without a key she could approve nothing.
    expect((await run('user', 'add', 'ana', '--role', 'maker', '--by', 'boss')).out).toContain(
      '/console/welcome/',
    )
    expect((await run('user', 'key', 'carla', '--out', at('carla.pem'), '--by', 'boss')).code).toBe(0)
    const db = await openDb(own.DATABASE_URL, { clock: systemClock, random: systemRandom })
    await aDayLater(db)
    expect((await run('user', 'add', 'bruno', '--role', 'checker', '--by', 'boss')).out).toMatch(/^pro_/)
    await run('user', 'remove', 'ana', '--by', 'boss')
    expect(
      await db.all(asStored(sql`select address, kind from person_mails where kind <> 'added' order by kind`)),
    ).toEqual(['key', 'removed'].map(kind => ({ address: 'carla@example.com', kind })))
    await db.close()
  })
})

test('the audit log has each act with who did it, and holds', async () => {
  const db = await openDb(env.DATABASE_URL, { clock: systemClock, random: systemRandom })
  const acts = await db.all<{ actor: string; act: string }>(
    sql`select actor, act from audit where actor = 'boss' order by seq`,
  )
  expect(acts.map(({ act }) => act)).toEqual(['user added', 'role changed', 'user removed'])
  expect(await auditChain(db)).toEqual([])
  await db.close()
})
