/**
 * What is dropped by age, on both databases: what is old enough and needed by nothing, once, and nothing by a
 * clock that has jumped.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { bodyOf } from '../sim/events.ts'
import type { BankEvent } from '../sim/event.ts'
import type { Retention } from '../src/base/retentionSettings.ts'
import { Crash, instant, later, type World } from '../src/base/world.ts'
import { moveOrders, placeOrder, timetable, wake, type Job } from '../src/jobs/jobs.ts'
import { waitingMail } from '../src/cli/doctor/privacy.ts'
import type { Base } from '../src/app.ts'
import { queueMail } from '../src/mail/mail.ts'
import { lastRetention, retain, retentionFailing } from '../src/privacy/privacy.ts'
import { findOrder, type OrderRow } from '../src/shop/shop.ts'
import { sql } from '../src/db/db.ts'
import { findEvent } from '../src/webhooks/webhooks.ts'
import { status } from '../src/queries/status.ts'
import { postgresAvailable, startPostgres, type Postgres } from './testbed/postgres.ts'
import { furnishShop, type ShopFloor } from './testbed/shopFloor.ts'
import { openTestInstallation, type TestInstallation } from './testbed/testInstallation.ts'
import { addUser } from './testbed/acts.ts'

const [minute, day] = [60_000, 86_400_000]
const kept: Retention = {
  ...{ othersMs: 0, eventsMs: 100 * day, linesMs: 100 * day, buyersMs: 100 * day, payersMs: 2_192 * day },
  ...{ mailMs: 30 * day, sessionsMs: 90 * day, runLogsMs: 30 * day, everyMs: day },
}

describe.each(['sqlite', 'postgres'] as const)('on %s', engine => {
  const skipped = engine === 'postgres' && !postgresAvailable()
  describe.skipIf(skipped)('retention', () => {
    let postgres: Postgres | undefined
    let installation: TestInstallation
    let floor: ShopFloor
    let job: Job

    beforeAll(async () => {
      if (engine === 'postgres') postgres = await startPostgres({ durable: false })
    })
    afterAll(() => postgres?.stop())
    beforeEach(async () => {
      installation = await openTestInstallation({ databaseUrl: await postgres?.migratedDatabase() })
      installation.app.retention = kept
      job = timetable(installation.app).find(({ name }) => name === 'retention')!
      floor = await furnishShop(installation.db, installation.app.world, ['starkbank'])
    })
    afterEach(async () => {
      expect(await installation.audit()).toEqual([])
      await installation.close()
    })

    const place = async (): Promise<OrderRow> => {
      const placed = await placeOrder(installation.app, floor.placing())
      if (placed.is !== 'placed') throw new Error(placed.is)
      return placed.order
    }
    const hear = async () => {
      await installation.hear(...installation.bank.eventsCreated())
      await moveOrders(installation.app)
    }
    const summary = async () =>
      (await installation.db.one<{ summary: string; lacks: string | null }>(
        sql`select summary, lacks from runs where job = 'retention' order by started_at desc, id desc
          limit 1`,
      ))!
    /** The job on two nights, for on the first it only looks. */
    const nights = async () => {
      await wake(installation.app, job)
      installation.pass(day)
      await wake(installation.app, job)
      return (await summary()).summary
    }
    const count = async (table: string, where = sql`1 = 1`) =>
      Number(
        (await installation.db.one<{ n: bigint }>(
          sql`select count(*) as n from ${{ texts: [table], values: [] }} where ${where}`,
        ))!.n,
      )

    test('the body of another workspace’s event goes at once, and its id stays', async () => {
      installation.pass(minute)
      const event = installation.event('invoice.created')
      const others: BankEvent = { ...event, id: '999', workspaceId: '77' }
      await installation.hear(others)
      const row = (await findEvent(installation.db, '999'))!
      expect([row.state, row.about, row.raw.length]).toEqual(['ignored', 'others', 0])
      const arrival = { rail: 'starkbank', eventId: '999', via: 'push' as const }
      expect(await installation.app.inbox.keep({ ...arrival, raw: bodyOf(others) })).toBe('known')
      await installation.hear(event)
      expect((await findEvent(installation.db, event.id))!.raw.length).toBeGreaterThan(0)
    })

    test('what is old enough goes: sessions, logs of runs, bodies, who bought nothing; what was paid stays [security 15]', async () => {
      const { user } = await addUser(
        installation.db,
        installation.app.world,
        { name: 'ana', role: 'viewer', language: 'en' },
        'root',
      )
      const at = instant(installation.clock.now())
      await installation.db.tx(tx =>
        tx.run(sql`
          insert into sessions (id, user_id, token_hash, csrf, added_at, seen_at, stepped_up_at, address,
            agent)
          values ('ses_1', ${user.id}, 'h', 'c', ${at}, ${at}, ${at}, '192.0.2.1', '')`),
      )
      const [paid, unpaid] = [await place(), await place()]
      installation.bank.pay(installation.bank.invoices().find(({ tags }) => tags.includes(paid.id))!.id)
      installation.pass(20 * minute)
      await hear()
      await installation.send()
      installation.pass(minute)
      await hear()
      await installation.hear({ ...installation.event('invoice.created'), id: '999', workspaceId: '77' })
      installation.pass(101 * day)
      await hear()
      const young = await place()

      const said = await nights()
      expect(said).toMatch(/^sessions: 1, run logs: \d+, events: \d+, buyers: 1$/)
      const old = sql`run_id in (select id from runs
        where started_at < ${later(instant(installation.clock.now()), -31 * day)})`
      expect([await count('sessions'), await count('run_lines', old)]).toEqual([0, 0])
      expect([
        (await findOrder(installation.db, unpaid.id))!.name,
        (await findOrder(installation.db, paid.id))!.name,
      ]).toEqual(['', 'Ana Lima'])
      expect((await findOrder(installation.db, young.id))!.name).toBe('Ana Lima')
      expect(
        await count(
          'inbox',
          sql`dropped_digest is null
            and received_at < ${later(instant(installation.clock.now()), -101 * day)}`,
        ),
      ).toBe(0)
      const [line] = await installation.db.all<{ line: string }>(
        sql`select line from run_lines where line like '%what was old enough%'`,
      )
      expect(JSON.parse(line!.line)).toMatchObject({ dropped: { sessions: 1, buyers: 1 } })

      // Six years on, nobody asks for them any more.
      installation.pass(2_200 * day)
      await hear()
      expect(await nights()).toMatch(/buyers who paid: 1/)
      expect((await findOrder(installation.db, paid.id))!.name).toBe('')
    })

    test('a process that dies in the middle has done its part, and the next one does the rest, once', async () => {
      for (let each = 0; each < 3; each++) await place()
      installation.pass(20 * minute)
      await hear()
      installation.pass(101 * day)
      const dies: World = {
        ...installation.app.world,
        at: name => (name === 'old rows dropped' ? Promise.reject(new Crash('killed')) : undefined),
      }
      let deaths = 0
      const dropped: Record<string, number> = {}
      for (; deaths < 30; deaths++) {
        const over = await retain({
          db: installation.db,
          world: deaths < 8 ? dies : installation.app.world,
          retention: kept,
        }).catch((error: unknown) => {
          if (!(error instanceof Crash)) throw error
        })
        if (!over) continue
        Object.assign(dropped, over.dropped)
        break
      }
      expect(deaths).toBe(8)
      expect(await count('orders', sql`forgotten_at is not null`)).toBe(3)
      // Nothing is left, and nothing is done twice.
      expect(
        (await retain({ db: installation.db, world: installation.app.world, retention: kept })).dropped,
      ).toEqual({})
    })

    test('a clock that has jumped drops nothing: not by its first look, not while others disagree', async () => {
      await place()
      installation.pass(20 * minute)
      await hear()
      await wake(installation.app, job)
      installation.pass(3_650 * day)
      await wake(installation.app, job)
      expect((await summary()).lacks).toMatch(/should the clock be wrong/)
      installation.pass(day)
      const trouble = () => 'our clock is ten years ahead of the bank'
      const wrong = {
        ...installation.app,
        world: { ...installation.app.world, clock: { ...installation.app.world.clock, trouble } },
      }
      expect(await wake(wrong, job)).toBe('idle')
      expect(await retain({ ...wrong, retention: kept })).toMatchObject({ dropped: {}, stopped: trouble() })
      expect(await count('orders', sql`forgotten_at is not null`)).toBe(0)
      await wake(installation.app, job)
      expect(await count('orders', sql`forgotten_at is not null`)).toBe(1)
      expect(await lastRetention(installation.db)).toBe(instant(installation.clock.now()))
    })

    test('a kind that cannot be dropped keeps no other, and is said until a night goes well', async () => {
      await place()
      installation.pass(20 * minute)
      await hear()
      installation.pass(101 * day)
      await wake(installation.app, job)
      await installation.db.tx(tx =>
        tx.run(sql`insert into cursors (name, value) values ('retained sessions', 'no place')`),
      )
      installation.pass(day)
      expect(await wake(installation.app, job)).toBe('failed')
      const failedAt = instant(installation.clock.now())
      expect(await count('orders', sql`forgotten_at is not null`)).toBe(1)
      installation.pass(day)
      await wake(installation.app, job)
      expect(await retentionFailing(installation.db)).toMatchObject({
        since: failedAt,
        why: expect.stringContaining('sessions: ') as string,
      })
      const now = instant(installation.clock.now())
      expect((await status(installation.db, { now })).needsPerson).toContainEqual(
        expect.stringContaining(`old personal data is not all dropped since ${failedAt}`),
      )
      await installation.db.tx(tx => tx.run(sql`delete from cursors where name = 'retained sessions'`))
      installation.pass(day)
      await wake(installation.app, job)
      expect(await retentionFailing(installation.db)).toBeUndefined()
    })

    test('e-mails that no mail server was set for are dropped when e-mails are', async () => {
      const { db, world } = { ...installation, ...installation.app }
      const { id } = await place()
      const at = instant(installation.clock.now())
      await db.tx(async tx => {
        await queueMail(tx, world, id, 'placed')
        await tx.run(sql`
          insert into person_mails (id, store_id, address, language, kind, about, detail, state, next_at,
            added_at, changed_at)
          values ('pml_1', 'sto_default', 'ana@example.com', 'en', 'added', 'usr_1', '{}', 'queued', ${at},
            ${at}, ${at})`)
      })
      expect(await waitingMail({ config: { RETAIN_MAIL: 30 * day }, db } as Base)).toMatchObject({
        is: 'warn',
        says: expect.stringMatching(
          `^2 e-mails wait since ${at}, and SMTP_URL is not set.* 30d are dropped`,
        ) as string,
      })
      expect([await count('person_mails'), await count('mails')]).toEqual([1, 1])
      installation.pass(20 * day)
      await nights()
      expect(await count('person_mails', sql`state = 'queued'`)).toBe(1)
      installation.pass(20 * day)
      await nights()
      expect([
        await count('person_mails'),
        await count('mails', sql`state = 'failed' and why like '%RETAIN_MAIL%'`),
      ]).toEqual([0, 1])
    })

    test('what is kept for ever stays', async () => {
      await place()
      installation.pass(20 * minute)
      await hear()
      installation.pass(3_650 * day)
      const forever = { ...kept, buyersMs: undefined, payersMs: undefined, eventsMs: undefined }
      expect(
        (await retain({ db: installation.db, world: installation.app.world, retention: forever })).dropped,
      ).not.toHaveProperty('buyers')
      expect(await count('orders', sql`forgotten_at is not null`)).toBe(0)
    })
  })
})
