/**
 * Who may approve, asked in the rooms themselves on both databases: what the console's guard catches first, a
 * command or another caller meets here.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { systemRandom } from '../src/base/clock.ts'
import { silentLog } from '../src/base/log.ts'
import type { World } from '../src/base/world.ts'
import { approve, audit, refuse } from '../src/ledger/ledger.ts'
import { accountObjections, findAccount } from '../src/payout/payout.ts'
import { sql, type Db } from '../src/db/db.ts'
import { virtualClock, type VirtualClock } from './simulation/clock.ts'
import { openMigrated } from './testbed/migrated.ts'
import { postgresAvailable, startPostgres, type Postgres } from './testbed/postgres.ts'
import { trialAccount } from './testbed/trial.ts'
import {
  addAccount,
  approveAccount,
  approveAndDo,
  letGo,
  objectToAccount,
  proposeAccountClear,
  stopAll,
  propose,
} from './testbed/acts.ts'

const hour = 3_600_000

describe.each(['SQLite', 'PostgreSQL'])('on %s', engine => {
  describe.skipIf(engine === 'PostgreSQL' && !postgresAvailable())(
    'with a server where one is needed',
    () => {
      let server: Postgres | undefined
      let db: Db
      let clock: VirtualClock
      let world: World
      beforeAll(async () => {
        if (engine === 'PostgreSQL') server = await startPostgres({ durable: false })
      })
      afterAll(async () => {
        await db?.close()
        await server?.stop()
      })
      beforeEach(async () => {
        await db?.close()
        clock = virtualClock(Date.UTC(2026, 10, 21, 12))
        world = { clock, random: systemRandom, log: silentLog, at: () => undefined }
        db = await openMigrated(server ? await server.migratedDatabase() : 'sqlite::memory:', {
          ...world,
          virtual: true,
        })
        const at = '2026-11-21T12:00:00.000Z'
        for (const [name, from, givenBy] of [
          ['maria', null, 'carla'],
          ['chico', null, 'dora'],
          ['novo', '2026-11-21T13:00:00.000Z', 'dora'],
          ['front', null, 'carla'],
          ['carla', null, 'root'],
        ] as const)
          await db.tx(async tx => {
            const subject = `usr_${name}`
            await tx.run(sql`
            insert into users (id, store_id, name, folded, role, language, state, password, totp_secret,
              given_by, approves_from, added_by, added_at, changed_at)
            values (${subject}, 'sto_default', ${name}, ${name}, 'checker', 'en', 'active', 'x', 'x',
              ${givenBy}, ${from}, 'root', ${at}, ${at})`)
            // As it is written down when they are invited and come in: a row that the log does not explain
            // may do nothing.
            await audit(tx, { actor: givenBy, act: 'user added', subject, detail: { name, role: 'checker' } })
            await audit(tx, {
              actor: name,
              act: 'invitation accepted',
              subject,
              detail: from === null ? {} : { approvesFrom: from },
            })
          })
      })

      test.each([
        ['who was let in by whoever let in who added it', 'front', 'chico'],
        ['who added it', 'maria', 'chico'],
        ['who let in whoever added it', 'carla', 'chico'],
      ])('an objection to an account is not ended by one %s', async (_, approver, proposer) => {
        await addAccount(db, world, 'main', trialAccount, 'maria')
        await objectToAccount(db, world, 'main', { by: 'novo', why: 'who is that' })
        const { proposal } = await proposeAccountClear(db, world, 'main', { by: proposer, why: 'a slip' })
        const app = { db, world, rails: {} }
        await expect(approveAndDo(app, proposal.id, { by: approver })).rejects.toThrow(
          /is behind both|maria added account/,
        )
        expect(await accountObjections(db, (await findAccount(db, 'main'))!.id)).toHaveLength(1)
        // Whoever proposed it may be a second of theirs, if the one who approves it is not.
        await withdraw(proposal.id)
        const again = await proposeAccountClear(db, world, 'main', { by: 'front', why: 'a slip' })
        expect((await approveAndDo(app, again.proposal.id, { by: 'chico' })).is).toBe('approved')
      })

      const withdraw = (id: string) => db.tx(tx => refuse(tx, id, { by: 'chico', why: 'again' }))
      const object = (name: string) =>
        db.tx(tx =>
          tx.run(sql`
          insert into objections (id, store_id, user_id, made_by, why, added_at)
          values (${`obj_${name}`}, 'sto_default', ${`usr_${name}`}, 'carla', 'a doubt',
            '2026-11-21T12:00:00.000Z')`),
        )
      const proposed = async (by: string, subject = 'thing') =>
        (await db.tx(tx => propose(tx, world, { act: 'x', subject, detail: {}, why: '', by }))).proposal.id
      const approvedBy = async (id: string, by: string) => (await db.tx(tx => approve(tx, id, { by }))).is

      test('an account, a proposal and the stop wait until whoever is new may approve', async () => {
        await addAccount(db, world, 'main', trialAccount, 'maria')
        await stopAll(db, 'a doubt', 'maria')
        const id = await proposed('maria')
        await expect(approveAccount(db, 'main', ' NOVO ')).rejects.toThrow('may not approve before')
        await expect(letGo(db, 'go', 'novo')).rejects.toThrow('may not approve before')
        expect(await approvedBy(id, 'novo')).toBe('barred')
        clock.moveTo(clock.now() + hour)
        expect(await approvedBy(id, 'novo')).toBe('approved')
        expect((await approveAccount(db, 'main', 'novo')).state).toBe('approved')
        expect(await letGo(db, 'go', 'novo')).toMatchObject({ why: 'maria: a doubt' })
      })

      test('whoever is objected to adds, proposes, approves and lets go nothing', async () => {
        const id = await proposed('maria')
        await addAccount(db, world, 'main', trialAccount, 'maria')
        await stopAll(db, 'a doubt', 'maria')
        await object('chico')
        const refusal = 'carla objects to chico'
        await expect(proposed('chico', 'another')).rejects.toThrow(refusal)
        await expect(addAccount(db, world, 'his', trialAccount, 'chico')).rejects.toThrow(refusal)
        await expect(approveAccount(db, 'main', 'chico')).rejects.toThrow(refusal)
        await expect(letGo(db, 'go', 'chico')).rejects.toThrow(refusal)
        expect(await approvedBy(id, 'chico')).toBe('barred')
        expect(await approvedBy(id, 'somebody of no console')).toBe('approved')
      })

      test('what one admin let in approves nothing of what they, or another whom they let in, made', async () => {
        for (const [maker, approver, is] of [
          ['maria', 'front', 'barred'],
          ['maria', 'carla', 'barred'],
          ['carla', 'maria', 'barred'],
          ['maria', 'chico', 'approved'],
          ['somebody of no console', 'front', 'approved'],
        ] as const)
          expect([
            maker,
            approver,
            await approvedBy(await proposed(maker, `of ${maker} for ${approver}`), approver),
          ]).toEqual([maker, approver, is])
      })
    },
  )
})
