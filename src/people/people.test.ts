/** People on both databases: invited, signed in, slowed down, sent away; every step twice. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { postgresAvailable, startPostgres, type Postgres } from '../../test/testbed/postgres.ts'
import { virtualClock, type VirtualClock } from '../../test/simulation/clock.ts'
import { findKey, newKeyPair, registerKey } from '../approvals/approvals.ts'
import { systemRandom } from '../base/clock.ts'
import { silentLog } from '../base/log.ts'
import type { World } from '../base/world.ts'
import { auditChain, editedPeople } from '../ledger/ledger.ts'
import { migrate } from '../db/migrate.ts'
import { asStored, history, openDb, sql, type Db } from '../db/db.ts'
import {
  acceptInvitation,
  changeLanguage,
  changePassword,
  endSessionsOf,
  findUser,
  invitationOf,
  listSessions,
  listUsers,
  newToken,
  openInvitation,
  sessionOf,
  signIn,
  signOut,
  stepUp,
  type Person,
  type Role,
  changeEmail,
  namesAlike,
  sharedMailboxes,
} from './people.ts'
import { codeAt, stepAt } from './totp.ts'
import {
  addUser,
  changeRole,
  endSession,
  lockUser,
  removeUser,
  resetUser,
  unlockUser,
} from '../../test/testbed/acts.ts'

const minute = 60_000
const password = 'um pé de jabuticaba'

describe.each([
  { engine: 'sqlite', there: true },
  { engine: 'postgres', there: postgresAvailable() },
])('$engine', ({ engine, there }) => {
  describe.skipIf(!there)(there ? 'keeps its people' : 'is not to be had on this machine', () => {
    let server: Postgres | undefined
    let db: Db
    let clock: VirtualClock
    let world: World

    beforeAll(async () => {
      if (engine === 'postgres') server = await startPostgres({ durable: false })
    })
    afterAll(async () => {
      await db?.close()
      await server?.stop()
    })
    beforeEach(async () => {
      await db?.close()
      clock = virtualClock(Date.UTC(2026, 10, 21, 12))
      world = { clock, random: systemRandom, log: silentLog, at: () => undefined }
      db = await openDb(server ? await server.migratedDatabase() : 'sqlite::memory:', {
        clock,
        random: systemRandom,
        virtual: true,
      })
      await migrate(db, clock)
    })

    const pass = (ms: number) => clock.moveTo(clock.now() + ms)
    const secretOf = async (name: string) => (await findUser(db, name))!.totp_secret!
    const codeOf = async (name: string) => codeAt(await secretOf(name), stepAt(clock.now()))

    const browser = newToken({ random: systemRandom })
    /** Begins an invitation in the one browser of these tests. */
    async function secretBy(token: string): Promise<string> {
      const opening = await openInvitation(db, world, token, browser)
      if (opening.is !== 'open' || opening.secret === undefined)
        throw new Error(`the invitation is ${opening.is}`)
      return opening.secret
    }

    /** Somebody who has accepted; the next code is a new one. */
    async function member(name: string, role: Role = 'maker'): Promise<string> {
      const { token } = await addUser(db, world, { name, role, language: 'pt-BR' }, 'root')
      const secret = await secretBy(token)
      expect(
        (
          await acceptInvitation(db, world, {
            token,
            browser,
            password,
            code: codeAt(secret, stepAt(clock.now())),
          })
        ).is,
      ).toBe('done')
      pass(minute)
      return secret
    }
    const attempt = {
      password,
      address: '203.0.113.7',
      agent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
    }
    const enter = async (name: string, more: Partial<Parameters<typeof signIn>[2]> = {}) =>
      signIn(db, world, { name, code: await codeOf(name), ...attempt, ...more })
    async function inside(name: string, more = {}): Promise<{ token: string; person: Person }> {
      const answer = await enter(name, more)
      if (answer.is !== 'in') throw new Error(`${name} is ${answer.is}`)
      return answer
    }
    const guess = (name: string, more: Partial<Parameters<typeof signIn>[2]> = {}) =>
      signIn(db, world, { name, ...attempt, password: 'something else entirely', code: '000000', ...more })
    const actsOf = async () =>
      (await db.all<{ actor: string; act: string }>(sql`select actor, act from audit order by seq`)).map(
        ({ actor, act }) => `${actor}: ${act}`,
      )

    // Else whoever runs commands locks out both, brings in their own people by nobody's approval, and nobody
    // hears of it.
    test.each([
      ['locked', lockUser],
      ['removed', removeUser],
    ] as const)('that a checker was %s is written to them and to the others', async (kind, act) => {
      await member('carla@example.com', 'checker')
      await member('bruno@example.com', 'admin')
      await member('vera@example.com', 'viewer')
      await db.tx(tx => tx.run(sql`delete from person_mails`))
      await act(db, world, 'carla@example.com', 'mallory')
      const letters = await db.all(asStored(sql`select address, kind from person_mails order by address`))
      expect(letters).toEqual(['bruno@example.com', 'carla@example.com'].map(address => ({ address, kind })))
      await act(db, world, 'vera@example.com', 'mallory')
      expect(await db.all(sql`select 1 from person_mails`)).toHaveLength(2)
    })

    test('a key that somebody registered for a person before they came in signs nothing once they have', async () => {
      const { user, token } = await addUser(
        db,
        world,
        { name: 'ana', role: 'checker', language: 'en' },
        'root',
      )
      const { publicKey } = newKeyPair()
      const key = (await db.tx(tx =>
        registerKey(tx, { user, kind: 'key', publicKey, label: 'x', proof: 'said' }, 'mallory'),
      ))!
      const code = codeAt(await secretBy(token), stepAt(clock.now()))
      expect((await findKey(db, key))!.retired_at).toBeNull()
      expect((await acceptInvitation(db, world, { token, browser, password, code })).is).toBe('done')
      expect((await findKey(db, key))!.retired_at).not.toBeNull()
      expect(await actsOf()).toEqual([
        'root: user added',
        'mallory: key registered',
        'ana: key retired',
        'ana: invitation accepted',
      ])
    })

    test('somebody is invited, sets a password, shows a code, signs in and is known', async () => {
      const { user, token, endsAt } = await addUser(
        db,
        world,
        { name: 'Ana', role: 'checker', language: 'en' },
        'root',
      )
      expect([user.state, user.role, user.language, endsAt]).toEqual([
        'invited',
        'checker',
        'en',
        '2026-11-22T12:00:00.000Z',
      ])
      const secret = await secretBy(token)
      const code = codeAt(secret, stepAt(clock.now()))

      expect(await acceptInvitation(db, world, { token, browser, password: 'short', code })).toEqual({
        is: 'weak',
        why: 'short',
      })
      expect(await acceptInvitation(db, world, { token, browser, password, code: '000000' })).toEqual({
        is: 'code',
      })
      expect((await acceptInvitation(db, world, { token, browser, password, code })).is).toBe('done')
      expect(await acceptInvitation(db, world, { token, browser, password, code })).toEqual({ is: 'gone' })
      expect(await invitationOf(db, world, token)).toBeUndefined()

      // The code by which the invitation was accepted is used up.
      expect(await signIn(db, world, { name: 'ana', code, ...attempt })).toEqual({ is: 'refused' })
      pass(minute)
      const { token: session, person } = await inside(' ANA ')
      expect(person).toMatchObject({ name: 'Ana', role: 'checker', language: 'en', steppedUp: true })
      expect(await sessionOf(db, world, session)).toEqual(person)
      expect((await history(db, user.id)).map(step => step.to_state)).toEqual(['invited', 'active'])
      expect(await actsOf()).toEqual(['root: user added', 'Ana: invitation accepted', 'Ana: signed in'])
      expect(await auditChain(db)).toEqual([])
    })

    test('neither tokens nor passwords are in the database, and what was used up keeps no secret', async () => {
      const { token: invited } = await addUser(
        db,
        world,
        { name: 'ana', role: 'maker', language: 'en' },
        'root',
      )
      const secret = await secretBy(invited)
      await acceptInvitation(db, world, {
        token: invited,
        browser,
        password,
        code: codeAt(secret, stepAt(clock.now())),
      })
      pass(minute)
      const { token } = await inside('ana')
      const everything = JSON.stringify(
        [
          await db.all(sql`select * from users`),
          await db.all(sql`select * from invitations`),
          await db.all(sql`select * from sessions`),
        ],
        (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value),
      )
      for (const hidden of [invited, token, password]) expect(everything).not.toContain(hidden)
      expect(await db.all(asStored(sql`select totp_secret from invitations`))).toEqual([{ totp_secret: '' }])
    })

    test('somebody whose authenticator was replaced in the database does not come in by it, and is named', async () => {
      await member('ana', 'checker')
      const secret = await member('mallory', 'viewer')
      await db.tx(tx => tx.run(sql`update users set totp_secret = ${secret} where name = 'ana'`))
      const code = codeAt(secret, stepAt(clock.now()))
      expect(await signIn(db, world, { name: 'ana', code, ...attempt })).toMatchObject({
        is: 'edited',
        edited: { what: 'authenticator', name: 'ana' },
      })
      expect((await editedPeople(db)).map(({ name }) => name)).toEqual(['ana'])
      // A reset is another authenticator.
      const { token } = await resetUser(db, world, 'ana', 'root')
      const own = await secretBy(token)
      expect(
        (
          await acceptInvitation(db, world, {
            token,
            browser,
            password,
            code: codeAt(own, stepAt(clock.now())),
          })
        ).is,
      ).toBe('done')
      pass(minute)
      expect((await enter('ana')).is).toBe('in')
      expect(await editedPeople(db)).toEqual([])
    })

    test('an invitation ends after a day, and with the next one', async () => {
      const { token } = await addUser(db, world, { name: 'ana', role: 'maker', language: 'en' }, 'root')
      pass(24 * 60 * minute - 1)
      expect(await invitationOf(db, world, token)).toBeDefined()
      pass(1)
      expect(await invitationOf(db, world, token)).toBeUndefined()
      const { token: second } = await resetUser(db, world, 'ana', 'root')
      const { token: third } = await resetUser(db, world, 'ana', 'root')
      expect(await invitationOf(db, world, second)).toBeUndefined()
      expect(await invitationOf(db, world, third)).toBeDefined()
      for (const wrong of ['', 'x', third.slice(1), `${third}'`])
        expect(await invitationOf(db, world, wrong)).toBeUndefined()
    })

    test('an invitation is accepted in the browser that began it alone, and withdrawn by another [security A5]', async () => {
      const { token } = await addUser(db, world, { name: 'ana', role: 'maker', language: 'en' }, 'root')
      const code = codeAt(await secretBy(token), stepAt(clock.now()))
      const accept = (by: string) => acceptInvitation(db, world, { token, browser: by, password, code })
      expect((await accept(newToken({ random: systemRandom }))).is).toBe('withdrawn')
      expect((await accept(browser)).is).toBe('gone')
    })

    test('an invitation accepted twice at the same moment is accepted once', async () => {
      const { token } = await addUser(db, world, { name: 'ana', role: 'maker', language: 'en' }, 'root')
      const secret = await secretBy(token)
      const code = codeAt(secret, stepAt(clock.now()))
      const answers = await Promise.all(
        [1, 2, 3].map(() => acceptInvitation(db, world, { token, browser, password, code })),
      )
      expect(answers.map(({ is }) => is).sort()).toEqual(['done', 'gone', 'gone'])
    })

    test('a name is one person’s, in whatever letters, and stays so when they are gone', async () => {
      await member('ana')
      const add = (name: string) => addUser(db, world, { name, role: 'viewer', language: 'en' }, 'root')
      await expect(add('ANA')).rejects.toThrow('is taken')
      await removeUser(db, world, 'Ana', 'root')
      await expect(add('ana')).rejects.toThrow('was removed')
      for (const wrong of [
        '',
        ' ',
        'a b',
        '-a',
        'аna',
        'a'.repeat(64),
        '<b>',
        'usr_01jd0000000000000000000000',
      ])
        await expect(add(wrong)).rejects.toThrow('is not a name')
      await expect(removeUser(db, world, 'ana', 'root')).rejects.toThrow('was removed')
      await expect(changeRole(db, world, 'nobody', 'admin', 'root')).rejects.toThrow(
        'there is no user "nobody"',
      )
    })

    test('a mailbox is one person’s, however it is written, and those who shared one before are named [security A3]', async () => {
      const add = (name: string, email?: string) =>
        addUser(db, world, { name, role: 'viewer', language: 'en', email }, 'root')
      await add('ana', 'ana@example.com')
      await add('carla@example.com')
      for (const email of [
        'ana@example.com',
        'ANA@Example.com',
        'ana+checker@example.com',
        'carla@example.com',
      ])
        await expect(add('bruno', email)).rejects.toThrow(/is where (ana|carla@example.com) is written to/)
      await expect(add('Ana@example.com')).rejects.toThrow('is where ana is written to')
      await add('bruno', 'bruno@example.com')
      const move = (email: string) => changeEmail(db, 'bruno', email, 'bruno')
      expect(await move('ana+b@example.com')).toMatchObject({ is: 'user-email-taken', of: 'ana' })
      expect((await move('Bruno@example.com')).is).toBe('done')
      expect([await sharedMailboxes(db), await namesAlike(db)]).toEqual([[], []])
      await db.tx(tx =>
        tx.run(
          sql`update users set name = 'AnA', folded = 'ana ', email = 'ANA@example.com' where name = 'bruno'`,
        ),
      )
      expect([await sharedMailboxes(db), await namesAlike(db)]).toEqual([[['ana', 'AnA']], [['ana', 'AnA']]])
      await removeUser(db, world, 'ana', 'root')
      expect([await sharedMailboxes(db), await namesAlike(db)]).toEqual([[], []])
    })

    test('whatever is wrong, the answer is the same', async () => {
      await member('ana')
      await addUser(db, world, { name: 'invited', role: 'maker', language: 'en' }, 'root')
      await member('locked')
      await lockUser(db, world, 'locked', 'root')
      const code = await codeOf('ana')
      const tries: Parameters<typeof guess>[] = [
        ['ana', { code }],
        ['ana', { password }],
        ['ana', { password, code: codeAt(await secretOf('ana'), stepAt(clock.now()) - 5) }],
        ['nobody', { password, code }],
        ['', {}],
        ['invited', { password, code }],
        ['locked', { password, code: await codeOf('locked') }],
        [`' or 1=1 --`, { password: `' or 1=1 --` }],
      ]
      for (const [place, [name, more]] of tries.entries())
        expect([name, await guess(name, { ...more, address: `198.51.100.${place}` })]).toEqual([
          name,
          { is: 'refused' },
        ])
    })

    test('who does not exist is refused no faster than who does', async () => {
      await member('ana')
      // By the processor and not by the clock, which goes on while somebody else has it.
      const timeOf = async (name: string, address: string) => {
        const before = process.cpuUsage()
        await guess(name, { address })
        const { user, system } = process.cpuUsage(before)
        return user + system
      }
      const known: number[] = []
      const unknown: number[] = []
      for (let turn = 0; turn < 4; turn++) {
        known.push(await timeOf('ana', '198.51.100.1'))
        unknown.push(await timeOf('nobody', '198.51.100.2'))
      }
      expect(Math.min(...unknown)).toBeGreaterThan(Math.min(...known) / 3)
    })

    test('a code signs in once, also when it is shown twice at the same moment [security 9]', async () => {
      await member('ana')
      const answers = await Promise.all([1, 2, 3].map(() => enter('ana')))
      expect(answers.map(({ is }) => is).sort()).toEqual(['in', 'refused', 'refused'])
      expect(await enter('ana')).toEqual({ is: 'refused' })
      pass(minute)
      expect((await enter('ana')).is).toBe('in')
    })

    test('after five failures a name waits 1, 2, 4, 8, 15 minutes; the right answer meanwhile is not looked at', async () => {
      await member('ana')
      // From another address each time: it is the name that is slowed down.
      let place = 0
      const from = () => ({ address: `198.51.100.${++place}` })
      for (let turn = 0; turn < 5; turn++) expect((await guess('ana', from())).is).toBe('refused')
      for (const minutes of [1, 2, 4, 8, 15, 15]) {
        const untilMs = clock.now() + minutes * minute
        expect(await guess('ANA', from())).toEqual({ is: 'throttled', untilMs })
        expect(await enter('ana', from())).toEqual({ is: 'throttled', untilMs })
        pass(minutes * minute - 1)
        expect((await guess('ana', from())).is).toBe('throttled')
        pass(1)
        expect((await guess('ana', from())).is).toBe('refused')
      }
      pass(15 * minute)
      expect((await enter('ana', from())).is).toBe('in')
      // Who got in begins again.
      pass(minute)
      for (let turn = 0; turn < 5; turn++) expect((await guess('ana', from())).is).toBe('refused')
      expect((await actsOf()).filter(act => act.includes('slowed')).length).toBeGreaterThanOrEqual(7)
      expect(await auditChain(db)).toEqual([])
    })

    test('an address waits too, whoever it tries to be, and with it its IPv6 neighbours', async () => {
      await member('ana')
      const address = '2001:db8:1:2:aaaa::1'
      for (let turn = 0; turn < 5; turn++)
        expect((await guess(`nobody${turn}`, { address })).is).toBe('refused')
      expect((await enter('ana', { address: '2001:db8:1:2::2' })).is).toBe('throttled')
      expect((await enter('ana', { address: '2001:db8:1:3::2' })).is).toBe('in')
      // What was typed as a name is told nowhere: it may be a password.
      expect(JSON.stringify(await db.all(sql`select actor, detail, subject from audit`))).not.toContain(
        'nobody',
      )
      expect(JSON.stringify(await db.all(sql`select subject from sign_in_failures`))).not.toContain('nobody')
    })

    test('a hundred guesses at the same moment are a hundred guesses', async () => {
      await member('ana')
      const answers = await Promise.all(
        Array.from({ length: 100 }, (_, place) => guess('ana', { address: `198.51.100.${place}` })),
      )
      expect(answers.filter(({ is }) => is === 'refused')).toHaveLength(5)
      expect(answers.filter(({ is }) => is === 'throttled')).toHaveLength(95)
    })

    test('strangers who guess do not keep out who signed in from here before', async () => {
      await member('ana')
      await inside('ana')
      for (let turn = 0; turn < 6; turn++) await guess('ana', { address: `198.51.100.${turn}` })
      pass(30_000)
      expect((await enter('ana', { address: '192.0.2.1' })).is).toBe('throttled')
      expect((await enter('ana')).is).toBe('in')
    })

    // Each got through at fe329ae.
    test('a person is guessed at five times, by their name and by their id together [security A11]', async () => {
      await member('ana')
      const { id } = (await findUser(db, 'ana'))!
      let place = 0
      const from = () => ({ address: `198.51.100.${++place}` })
      for (const name of ['ana', id, 'ANA', id, ' ana '])
        expect((await guess(name, from())).is).toBe('refused')
      for (const name of ['ana', id]) expect((await guess(name, from())).is).toBe('throttled')
      expect(
        await db.all(sql`select subject from sign_in_failures where subject like 'name:%'`),
      ).toHaveLength(1)
    })

    test('who signed in from one address of a /64 is known at its others, and nowhere else [security A11]', async () => {
      await member('ana')
      await inside('ana', { address: '2001:db8:1:2:aaaa::1' })
      for (let turn = 0; turn < 6; turn++) await guess('ana', { address: `198.51.100.${turn}` })
      pass(30_000)
      expect((await enter('ana', { address: '2001:db8:1:3::1' })).is).toBe('throttled')
      expect((await enter('ana', { address: '2001:DB8:1:2:bbbb::7' })).is).toBe('in')
    })

    test('failures are forgotten after a day, and their rows go', async () => {
      await member('ana')
      for (let turn = 0; turn < 8; turn++) await guess('ana', { address: `198.51.100.${turn}` })
      pass(24 * 60 * minute + 1)
      for (let turn = 0; turn < 4; turn++)
        expect((await guess('ana', { address: '198.51.100.77' })).is).toBe('refused')
      const rows = await db.all<{ failures: bigint }>(sql`select failures from sign_in_failures`)
      expect(rows.map(({ failures }) => failures)).toEqual([4n, 4n])
    })

    test('a session ends a quarter of an hour after it was last used, and eight hours after it began', async () => {
      await member('ana')
      const { token } = await inside('ana')
      for (let turn = 0; turn < 34; turn++) {
        pass(14 * minute)
        expect(await sessionOf(db, world, token)).toBeDefined()
      }
      pass(4 * minute)
      expect(await sessionOf(db, world, token)).toBeUndefined()

      const { token: idle } = await inside('ana')
      pass(15 * minute)
      expect(await sessionOf(db, world, idle)).toBeUndefined()
      expect(
        (await listSessions(db, world, (await findUser(db, 'ana'))!.id)).map(({ open }) => open),
      ).toEqual([false, false])
    })

    test('that a session is used is written at most once a minute', async () => {
      await member('ana')
      const { token, person } = await inside('ana')
      const seen = async () =>
        (await db.one<{ seen_at: string }>(sql`select seen_at from sessions where id = ${person.sessionId}`))!
          .seen_at
      const first = await seen()
      pass(minute - 1)
      await sessionOf(db, world, token)
      expect(await seen()).toBe(first)
      pass(1)
      await sessionOf(db, world, token)
      expect(await seen()).not.toBe(first)
    })

    test('signing in makes a new token, and the one the browser came with is of no use any more', async () => {
      await member('ana')
      const { token: before } = await inside('ana')
      pass(minute)
      const { token: after } = await inside('ana', { previous: before })
      expect(after).not.toBe(before)
      expect(await sessionOf(db, world, before)).toBeUndefined()
      expect(await sessionOf(db, world, after)).toBeDefined()
      for (const wrong of [undefined, '', 'x', 'a'.repeat(43), `${after}x`, after.toUpperCase()])
        expect(await sessionOf(db, world, wrong)).toBeUndefined()
    })

    test('a fresh code counts for five minutes; wrong ones slow the session down', async () => {
      await member('ana', 'checker')
      const { token } = await inside('ana')
      pass(5 * minute)
      const person = (await sessionOf(db, world, token))!
      expect(person.steppedUp).toBe(false)
      expect((await stepUp(db, world, person, '000000')).is).toBe('refused')
      const code = await codeOf('ana')
      expect((await stepUp(db, world, person, code)).is).toBe('stepped up')
      expect((await sessionOf(db, world, token))!.steppedUp).toBe(true)
      expect((await stepUp(db, world, person, code)).is).toBe('refused')
      for (let turn = 0; turn < 4; turn++)
        expect((await stepUp(db, world, person, '000000')).is).toBe('refused')
      expect((await stepUp(db, world, person, await codeOf('ana'))).is).toBe('throttled')
      await signOut(db, world, token)
      pass(15 * minute)
      expect((await stepUp(db, world, person, await codeOf('ana'))).is).toBe('refused')
    })

    test('who signs out is out, once', async () => {
      await member('ana')
      const { token } = await inside('ana')
      await signOut(db, world, token)
      await signOut(db, world, token)
      expect(await sessionOf(db, world, token)).toBeUndefined()
      expect((await actsOf()).filter(act => act === 'ana: signed out')).toHaveLength(1)
    })

    test('a session is ended by its person or an admin, and never by naming somebody else’s', async () => {
      await member('ana')
      await member('bia')
      const ana = await inside('ana')
      const bia = await inside('bia', { address: '192.0.2.9' })
      await expect(endSession(db, ana.person.id, bia.person.sessionId, 'ana')).rejects.toThrow(
        'there is no session',
      )
      expect(await sessionOf(db, world, bia.token)).toBeDefined()
      await endSession(db, bia.person.id, bia.person.sessionId, 'root')
      await endSession(db, bia.person.id, bia.person.sessionId, 'root')
      expect(await sessionOf(db, world, bia.token)).toBeUndefined()
      expect((await actsOf()).filter(act => act === 'root: session ended')).toHaveLength(1)

      pass(minute)
      const second = await inside('ana')
      expect(await endSessionsOf(db, ana.person.id, 'ana', second.person.sessionId)).toBe(1)
      expect(await sessionOf(db, world, second.token)).toBeDefined()
      expect(await sessionOf(db, world, ana.token)).toBeUndefined()
      expect(await endSessionsOf(db, ana.person.id, 'ana')).toBe(1)
      expect(await endSessionsOf(db, ana.person.id, 'ana')).toBe(0)
    })

    test.each([
      ['removed', (name: string) => removeUser(db, world, name, 'root')],
      ['locked', (name: string) => lockUser(db, world, name, 'root')],
      ['reset', (name: string) => resetUser(db, world, name, 'root')],
    ])('whoever is %s is out at once and cannot come back by themselves', async (_, act) => {
      await member('ana')
      const { token } = await inside('ana')
      const code = codeAt(await secretOf('ana'), stepAt(clock.now()) + 1)
      await act('ana')
      expect(await sessionOf(db, world, token)).toBeUndefined()
      expect((await signIn(db, world, { name: 'ana', code, ...attempt })).is).toBe('refused')
    })

    test('whoever got another role past the program is not let in, and is told why', async () => {
      await member('ana')
      await db.tx(tx => tx.run(sql`update users set role = 'admin' where name = 'ana'`))
      expect(await enter('ana')).toEqual({
        is: 'edited',
        edited: { what: 'role', name: 'ana', row: 'admin' },
      })
      expect((await guess('ana')).is).toBe('refused')
    })

    test('who was locked comes back with everything they had, when they are unlocked', async () => {
      await member('ana')
      await lockUser(db, world, 'ana', 'root')
      await expect(lockUser(db, world, 'ana', 'root')).rejects.toThrow('locked already')
      await unlockUser(db, 'ana', 'root')
      await expect(unlockUser(db, 'ana', 'root')).rejects.toThrow('is not locked')
      expect((await enter('ana')).is).toBe('in')
      await addUser(db, world, { name: 'bia', role: 'maker', language: 'en' }, 'root')
      await expect(lockUser(db, world, 'bia', 'root')).rejects.toThrow('has not signed in yet')
    })

    test('after a reset a new device and a new password are set, and the old code is worth nothing', async () => {
      const old = await member('ana')
      const { token } = await resetUser(db, world, 'ana', 'root')
      const secret = await secretBy(token)
      expect(secret).not.toBe(old)
      const fresh = 'outra senha bem longa'
      expect(
        (
          await acceptInvitation(db, world, {
            token,
            browser,
            password: fresh,
            code: codeAt(old, stepAt(clock.now())),
          })
        ).is,
      ).toBe('code')
      expect(
        (
          await acceptInvitation(db, world, {
            token,
            browser,
            password: fresh,
            code: codeAt(secret, stepAt(clock.now())),
          })
        ).is,
      ).toBe('done')
      pass(minute)
      expect((await enter('ana')).is).toBe('refused')
      expect(
        (await enter('ana', { password: fresh, code: codeAt(secret, stepAt(clock.now()) + 1) })).is,
      ).toBe('in')
    })

    test('another role counts from the next request on', async () => {
      await member('ana', 'viewer')
      const { token } = await inside('ana')
      await changeRole(db, world, 'ana', 'maker', 'root')
      expect((await sessionOf(db, world, token))!.role).toBe('maker')
      await expect(changeRole(db, world, 'ana', 'maker', 'root')).rejects.toThrow('is maker already')
      await expect(changeRole(db, world, 'ana', 'god' as Role, 'root')).rejects.toThrow(
        'not one of viewer, maker, checker, admin',
      )
      await changeLanguage(db, 'ana', 'en')
      expect((await sessionOf(db, world, token))!.language).toBe('en')
    })

    test('a new password asks for the old one and a code, and ends the other sessions', async () => {
      await member('ana')
      const other = await inside('ana')
      pass(minute)
      const { token, person } = await inside('ana')
      const fresh = 'outra senha bem longa'
      pass(minute)
      const change = async (given: object) =>
        changePassword(db, world, person, { old: password, fresh, code: await codeOf('ana'), ...given })
      expect(await change({ fresh: 'curta' })).toEqual({ is: 'weak', why: 'short' })
      expect(await change({ code: '000000' })).toEqual({ is: 'refused' })
      expect(await change({ old: 'not the old one' })).toEqual({ is: 'refused' })
      pass(minute)
      expect(await change({})).toEqual({ is: 'done' })
      expect(await sessionOf(db, world, other.token)).toBeUndefined()
      expect(await sessionOf(db, world, token)).toBeDefined()
      pass(minute)
      expect((await enter('ana')).is).toBe('refused')
      expect((await enter('ana', { password: fresh })).is).toBe('in')
    })

    test('the list shows everyone, the removed last, with when they were seen', async () => {
      await member('zoe')
      await member('ana')
      await member('bia')
      await removeUser(db, world, 'ana', 'root')
      await inside('zoe')
      expect(
        (await listUsers(db)).map(({ name, state, seen_at }) => [name, state, seen_at !== null]),
      ).toEqual([
        ['bia', 'active', false],
        ['zoe', 'active', true],
        ['ana', 'removed', false],
      ])
    })

    test.each([
      [
        'Firefox',
        'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
        'Firefox 140 · Linux',
      ],
      [
        'Chrome',
        'Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36',
        'Chrome 141 · Windows',
      ],
      [
        'Edge',
        'Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0',
        'Edge 141 · Windows',
      ],
      ['25,000 letters of markup', '<script>alert(1)</script>'.repeat(1_000), ''],
      ['nothing', '', ''],
    ])('of a browser that says %s its name and system are kept, or nothing', async (_, agent, kept) => {
      await member('ana')
      const { person } = await inside('ana', { agent })
      expect((await listSessions(db, world, person.id)).map(row => row.agent)).toEqual([kept])
    })
  })
})
