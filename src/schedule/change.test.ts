/**
 * Editing a schedule, on both databases: what was made keeps its rule, what comes follows the new one, and
 * two editors do not overwrite each other.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { postgresAvailable, startPostgres, type Postgres } from '../../test/testbed/postgres.ts'
import { seededRandom } from '../base/clock.ts'
import { silentLog } from '../base/log.ts'
import { instant, type Clock } from '../base/world.ts'
import { migrate } from '../db/migrate.ts'
import { history, openDb, sql, type Db } from '../db/db.ts'
import {
  changeSchedule,
  findSchedule,
  lastSlotsOf,
  latestSlots,
  materialise,
  needSchedule,
  addSchedule as openSchedule,
  rosterOrigin,
  runNow,
  type NewSchedule,
} from './schedule.ts'
import { addAccount, addSchedule, setScheduleState } from '../../test/testbed/acts.ts'

const noon = Date.parse('2026-11-21T15:00:00.000Z')
const minute = 60_000
let now: number
const clock: Clock = { now: () => now, sleep: () => Promise.resolve() }
const world = { clock, random: seededRandom(3), log: silentLog, at: () => undefined }
let db: Db

const rule: NewSchedule = {
  ...{
    name: 'trial',
    rail: 'starkbank',
    cron: '*/10 * * * *',
    timeZone: 'America/Sao_Paulo',
    startsAt: undefined,
    endsAt: undefined,
  },
  ...{
    countLow: 1,
    countHigh: 1,
    unitsLow: 100n,
    unitsHigh: 100n,
    roster: undefined,
    dueInMs: minute,
    payTo: 'main',
  },
  ...{ commissionBp: 0n, minPayoutUnits: 0n, catchUp: 'all' },
}
describe.each([
  { engine: 'sqlite', there: true },
  { engine: 'postgres', there: postgresAvailable() },
])('$engine', ({ engine, there }) => {
  describe.skipIf(!there)(there ? 'a schedule is edited' : 'is not to be had on this machine', () => {
    let server: Postgres | undefined
    beforeAll(async () => {
      if (engine === 'postgres') server = await startPostgres({ durable: false })
    })
    afterAll(() => server?.stop())

    beforeEach(async () => {
      now = noon
      db = await openDb(server ? await server.migratedDatabase() : 'sqlite::memory:', {
        ...world,
        virtual: true,
      })
      await migrate(db, clock)
      const bank = {
        holder: 'A',
        taxId: '1',
        bank: '20018183',
        branch: '1',
        number: '1',
        type: 'payment',
      } as const
      await addAccount(db, world, 'main', bank, 'maker')
      await addAccount(db, world, 'second', { ...bank, number: '2' }, 'maker')
      await addAccount(db, world, 'coins', { kind: 'bitcoin', holder: '', destination: 'bcrt1q' }, 'maker')
      await addSchedule(db, world, rule, 'maker')
    })
    afterEach(() => db.close())

    const edit = async (changed: Partial<NewSchedule>, version = 1n, by = 'maria') =>
      changeSchedule(db, world, undefined, {
        id: (await needSchedule(db, 'trial')).id,
        version,
        rule: { ...rule, ...changed },
        by,
      })
    const invoices = () => db.all(sql`select units, account_id, commission_bp from invoices order by id`)
    const idOf = async (name: string) =>
      (await db.one<{ id: string }>(sql`select id from accounts where name = ${name}`))!.id

    test('slots that fell due before the edit are asked for as they were, even if nobody had looked yet', async () => {
      now += 15 * minute
      expect(
        await edit({
          unitsLow: 500n,
          unitsHigh: 500n,
          payTo: 'second',
          commissionBp: 200n,
          cron: '0 * * * *',
        }),
      ).toMatchObject({
        is: 'changed',
      })
      expect(await invoices()).toEqual([{ units: 100n, account_id: await idOf('main'), commission_bp: 0n }])
      const after = await needSchedule(db, 'trial')
      expect(after).toMatchObject({
        version: 2n,
        units_low: 500n,
        commission_bp: 200n,
        account_id: await idOf('second'),
      })
      expect(after.next_at).toBe('2026-11-21T16:00:00.000Z')
    })

    test('nothing is due twice or lost across an edit of the hours', async () => {
      now += 25 * minute
      await edit({ cron: '*/5 * * * *' })
      now += 5 * minute
      await materialise(db, world)
      const due = (await db.all<{ due_at: string }>(sql`select due_at from slots order by due_at`)).map(row =>
        row.due_at.slice(11, 16),
      )
      expect(due).toEqual(['15:10', '15:20', '15:30'])
    })

    test('the audit log and the history say what became another', async () => {
      await edit({ cron: '0 9 * * *', payTo: 'second' })
      const row = await db.one<{ actor: string; detail: string }>(
        sql`select actor, detail from audit where act = 'schedule changed'`,
      )
      expect(row!.actor).toBe('maria')
      expect(JSON.parse(row!.detail)).toEqual({
        ...{ statement: expect.stringMatching(/^[\w-]{43}$/), proof: 'said' },
        ...{ name: 'trial', version: '2', cron: '*/10 * * * * -> 0 9 * * *' },
        payTo: `${await idOf('main')} -> ${await idOf('second')}`,
      })
      const steps = await history(db, (await needSchedule(db, 'trial')).id)
      expect(steps.at(-1)!.why).toBe('version 2, with another cron, payTo, by maria')
    })

    test('where payers were taken in stays known through an edit of something else', async () => {
      const roster = 'name,tax_id,amount,description\nAna,123.456.789-09,20.00,\n'
      const listed = { roster, countLow: 1, countHigh: 1, unitsLow: 2_000n, unitsHigh: 2_000n }
      await edit({ ...listed, rosterFile: 'payers.csv' })
      await edit({ ...listed, cron: '0 9 * * *' }, 2n, 'bia')
      expect(await rosterOrigin(db, await needSchedule(db, 'trial'))).toMatchObject({
        by: 'maria',
        file: 'payers.csv',
      })
      await edit(
        { ...listed, roster: roster.replace('20.00', '30.00'), unitsLow: 3_000n, unitsHigh: 3_000n },
        3n,
        'bia',
      )
      expect(await rosterOrigin(db, await needSchedule(db, 'trial'))).toMatchObject({
        by: 'bia',
        file: undefined,
      })
    })

    test('sent twice, an edit is one version; over another’s edit, none', async () => {
      expect(await edit({ cron: '0 9 * * *' })).toMatchObject({ is: 'changed', schedule: { version: 2n } })
      expect(await edit({ cron: '0 9 * * *' })).toMatchObject({ is: 'same', schedule: { version: 2n } })
      expect(await edit({ cron: '0 10 * * *' })).toMatchObject({
        is: 'stale',
        schedule: { cron: '0 9 * * *' },
      })
      expect(await edit({ cron: '0 10 * * *' }, 2n)).toMatchObject({
        is: 'changed',
        schedule: { version: 3n },
      })
    })

    describe('an edit that does not fit changes nothing', () => {
      test.each([
        ['an account that is not there', { payTo: 'nowhere' }, 'no account'],
        ['an account of the other rail', { payTo: 'coins' }, 'other kind'],
        [
          'an end before its start',
          { startsAt: instant(noon + minute), endsAt: instant(noon) },
          'ends first',
        ],
      ])('%s', async (_, changed, why) => {
        expect(await edit(changed)).toEqual({ is: 'unfit', why })
        expect(await findSchedule(db, 'trial')).toMatchObject({ version: 1n, cron: rule.cron })
      })
    })

    test('an edit of a schedule that is not there says so', async () => {
      expect(
        await changeSchedule(db, world, undefined, { id: 'sch_x', version: 1n, rule, by: 'maria' }),
      ).toEqual({ is: 'gone' })
    })

    test('a paused schedule stays paused through an edit, and what fell due meanwhile is not made', async () => {
      await setScheduleState(db, 'trial', 'paused', 'maria', 'holidays')
      now += 25 * minute
      expect(await edit({ cron: '0 9 * * *' })).toMatchObject({
        is: 'changed',
        schedule: { state: 'paused' },
      })
      expect(await db.all(sql`select id from slots`)).toEqual([])
    })

    test('a start in the future is waited for, and may be moved to an earlier one', async () => {
      await edit({ startsAt: instant(noon + 120 * minute) })
      expect((await needSchedule(db, 'trial')).next_at).toBe('2026-11-21T17:00:00.000Z')
      await edit({ startsAt: instant(noon + 60 * minute) }, 2n)
      expect((await needSchedule(db, 'trial')).next_at).toBe('2026-11-21T16:00:00.000Z')
    })

    test('what waits for a rate is not asked for in another way: the edit waits too', async () => {
      const coins: NewSchedule = { ...rule, name: 'trial-coins', rail: 'bitcoin', payTo: 'coins' }
      const { id } = await addSchedule(db, world, coins, 'maker')
      now += 10 * minute
      const edited = await changeSchedule(db, world, undefined, {
        id,
        version: 1n,
        rule: { ...coins, cron: '0 9 * * *' },
        by: 'maria',
      })
      expect(edited).toEqual({ is: 'waiting' })
      expect(await findSchedule(db, id)).toMatchObject({ version: 1n })
    })

    test('the same rule sent twice by one person is one schedule; of another person, or another rule, the name is taken', async () => {
      const other = { ...rule, name: 'other' }
      expect((await openSchedule(db, world, other, 'ana')).is).toBe('added')
      expect((await openSchedule(db, world, other, 'ana')).is).toBe('there')
      expect(await openSchedule(db, world, other, 'bia')).toEqual({ is: 'unfit', why: 'name taken' })
      expect(await openSchedule(db, world, { ...other, cron: '0 1 * * *' }, 'ana')).toEqual({
        is: 'unfit',
        why: 'name taken',
      })
    })

    test('a run asked for twice with one page is one slot, with its reason; a later moment than now is now', async () => {
      const schedule = await needSchedule(db, 'trial')
      const at = instant(now)
      now += 3 * minute
      const ask = () => db.tx(tx => runNow(tx, world, schedule, 'maria', { at, why: 'a payer asked' }))
      const slot = await ask()
      expect(await ask()).toBe(slot)
      expect((await history(db, slot)).map(({ why }) => why)).toEqual([
        'maria asked for a run now: a payer asked',
      ])
      expect(await db.all(sql`select detail from audit where act = 'schedule run'`)).toHaveLength(1)
      const ahead = await db.tx(tx =>
        runNow(tx, world, schedule, 'maria', { at: instant(now + 60 * minute) }),
      )
      expect(await db.one(sql`select due_at from slots where id = ${ahead}`)).toEqual({
        due_at: instant(now),
      })
    })

    test('the last slots are told oldest first, each with its last run and what it asks for', async () => {
      const schedule = await needSchedule(db, 'trial')
      now += 25 * minute
      await materialise(db, world)
      const [first, second] = await db.all<{ id: string }>(sql`select id from slots order by due_at`)
      await db.tx(async tx => {
        for (const [id, outcome, at] of [
          ['run_1', 'failed', 1],
          ['run_2', 'done', 2],
        ] as const)
          await tx.run(sql`
        insert into runs (id, job, slot_id, worker, started_at, ended_at, outcome, summary)
        values (${id}, 'slots', ${first!.id}, 'w', ${instant(now + at)}, ${instant(now + at + 500)},
          ${outcome}, ${`it was ${outcome}`})`)
      })
      await edit({ cron: '0 9 * * *' })
      expect(await latestSlots(db, schedule.id, 30)).toEqual([
        {
          ...{
            id: first!.id,
            dueAt: instant(noon + 10 * minute),
            cause: 'cron',
            state: 'due',
            tries: 2,
            isShort: false,
            invoices: 1,
            units: 100n,
          },
          run: {
            id: 'run_2',
            startedAt: instant(now + 2),
            endedAt: instant(now + 502),
            outcome: 'done',
            summary: 'it was done',
          },
        },
        {
          id: second!.id,
          dueAt: instant(noon + 20 * minute),
          cause: 'cron',
          state: 'due',
          tries: 0,
          isShort: false,
          invoices: 1,
          units: 100n,
          run: undefined,
        },
      ])
      expect(await latestSlots(db, schedule.id, 1)).toHaveLength(1)
      // Looked at again, also once it is done, it says the same.
      await db.tx(tx => tx.run(sql`update slots set state = 'done' where id = ${first!.id}`))
      const looks = [await latestSlots(db, schedule.id, 30), await latestSlots(db, schedule.id, 30)]
      expect(looks[1]).toEqual(looks[0])
      expect(looks[1]![0]).toMatchObject({ state: 'done', invoices: 1, units: 100n })
      // Of several schedules at once, each has its own; without any there is nothing to ask.
      const several = await lastSlotsOf(db, ['sch_of_nobody', schedule.id], 30)
      expect([...several.keys()]).toEqual(['sch_of_nobody', schedule.id])
      expect(several.get('sch_of_nobody')).toEqual([])
      expect(several.get(schedule.id)!.map(({ id }) => id)).toEqual([first!.id, second!.id])
      expect(await lastSlotsOf(db, [], 30)).toEqual(new Map())
    })

    test('of two edits at one moment one is made, and the other is told of it', async () => {
      const both = await Promise.all([
        edit({ cron: '0 9 * * *' }, 1n, 'ana'),
        edit({ cron: '0 10 * * *' }, 1n, 'bia'),
      ])
      expect(both.map(({ is }) => is).toSorted()).toEqual(['changed', 'stale'])
      expect((await needSchedule(db, 'trial')).version).toBe(2n)
    })

    test('of two schedules of one name at one moment one is added', async () => {
      const other = { ...rule, name: 'other' }
      const both = await Promise.all([
        openSchedule(db, world, other, 'ana'),
        openSchedule(db, world, { ...other, cron: '0 1 * * *' }, 'bia'),
      ])
      expect(both.map(({ is }) => is).toSorted()).toEqual(['added', 'unfit'])
    })
  })
})
