/**
 * Lists of the bank's that no job can read at once, on both databases: read portion after portion, gone on
 * with where they were left, and nobody else's event is marked.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { done, refused, type Answer } from '../src/base/answer.ts'
import { later } from '../src/base/world.ts'
import { holdAgainstBank, reconcile } from '../src/reconcile/reconcile.ts'
import type { Portion, Rail, StatementLine } from '../src/rails/rail.ts'
import { sql } from '../src/db/db.ts'
import { pollEvents, walkOn } from '../src/webhooks/webhooks.ts'
import { postgresAvailable, startPostgres, type Postgres } from './testbed/postgres.ts'
import { openTestInstallation, type TestInstallation } from './testbed/testInstallation.ts'

const minute = 60_000

describe.each(['SQLite', 'PostgreSQL'])('on %s', engine => {
  describe.skipIf(engine === 'PostgreSQL' && !postgresAvailable())(
    'with a server where one is needed',
    () => {
      let postgres: Postgres | undefined
      let installation: TestInstallation
      beforeAll(async () => {
        if (engine === 'PostgreSQL') postgres = await startPostgres({ durable: false })
      })
      afterAll(() => postgres?.stop())
      beforeEach(async () => {
        installation = await openTestInstallation({
          databaseUrl: postgres ? await postgres.migratedDatabase() : 'sqlite::memory:',
          settings: { fee: 0 },
        })
      })
      afterEach(() => installation?.close())

      /** A list of so many numbers, a thousand a portion, the newest first; it breaks once at `breaksAt`. */
      function numbers(count: number, breaksAt?: number) {
        let broken = false
        const asked: (string | undefined)[] = []
        const read = async (_: string, place: string | undefined): Promise<Answer<Portion<number>>> => {
          asked.push(place)
          const from = Number(place ?? count)
          if (from === breaksAt && !broken) {
            broken = true
            return refused('the bank is away', true)
          }
          const items = Array.from({ length: Math.min(1_000, from) }, (_each, index) => from - index)
          return done({ items, next: from > 1_000 ? `${from - 1_000}` : undefined })
        }
        return { read, asked }
      }
      const walk = (list: ReturnType<typeof numbers>, seen: number[]) =>
        walkOn<number>(installation.db, installation.app.world, {
          name: 'numbers',
          from: 'ever',
          read: list.read,
          take: async items => void seen.push(...items),
        })
      const cursorOf = async () =>
        (await installation.db.one<{ value: string }>(sql`select value from cursors where name = 'numbers'`))
          ?.value

      test('a list of 20 001 rows is read to its end', async () => {
        const seen: number[] = []
        expect(await walk(numbers(20_001), seen)).toMatchObject({ is: 'done', rows: 20_001, resumed: false })
        expect(new Set(seen).size).toBe(20_001)
        expect(await cursorOf()).toBeDefined()
      })

      test('one that ends before all is read goes on where it was, and what is new meanwhile is the next walk’s', async () => {
        const [list, seen] = [numbers(70_000), [] as number[]]
        const began = await installation.db.tx(tx => tx.now())
        expect(await walk(list, seen)).toEqual({ is: 'left', rows: 50_000 })
        expect(await cursorOf()).toBeUndefined()
        installation.pass(5 * minute)
        expect(await walk(list, seen)).toMatchObject({
          is: 'done',
          rows: 70_000,
          resumed: true,
          startedAt: began,
        })
        expect([new Set(seen).size, seen.length]).toEqual([70_000, 70_000])
        expect(await cursorOf()).toBe(began)
      })

      test('a bank that is away in the middle loses nothing and starts nothing over', async () => {
        const [list, seen] = [numbers(5_000, 3_000), [] as number[]]
        expect(await walk(list, seen)).toEqual({ is: 'failed', why: 'the bank is away' })
        expect(await walk(list, seen)).toMatchObject({ is: 'done', rows: 5_000 })
        expect(list.asked).toEqual([undefined, '4000', '3000', '3000', '2000', '1000'])
      })

      test('a place that the bank does not know any more begins the list again', async () => {
        const seen: number[] = []
        await walk(numbers(5_000, 3_000), seen)
        const forgets = {
          read: async (): Promise<Answer<Portion<number>>> => refused('invalid cursor'),
          asked: [],
        }
        expect(await walk(forgets, seen)).toMatchObject({ is: 'failed' })
        const list = numbers(2_000)
        expect(await walk(list, seen)).toMatchObject({ is: 'done', resumed: false })
        expect(list.asked[0]).toBeUndefined()
      })

      // Each line is some statements of its own there, and three portions are as good as eleven.
      const lineCount = engine === 'PostgreSQL' ? 4_001 : 20_001
      test('a statement of many portions is imported and compared, and so is what the balance has grown by meanwhile', async () => {
        const at = later(await installation.db.tx(tx => tx.now()), 1_000)
        installation.pass(10 * minute)
        const lines = Array.from({ length: lineCount }, (_, index): StatementLine => {
          const id = `${index}`.padStart(8, '0')
          return {
            id,
            units: 1n,
            feeUnits: 0n,
            about: { is: 'other' },
            description: 'Pix',
            source: `deposit/${id}`,
            tags: [],
            createdAt: at,
          }
        })
        const rail: Rail = {
          ...installation.app.rails.starkbank!,
          balance: async () => done(BigInt(lineCount)),
          async statement(_, place) {
            const from = Number(place ?? 0)
            return done({
              items: lines.slice(from, from + 2_000),
              next: from + 2_000 < lines.length ? `${from + 2_000}` : undefined,
            })
          },
        }
        // The newest portion, which is asked for once more at the end, is one alone.
        const once: Rail = {
          ...rail,
          statement: async (after, place) =>
            after > at ? done({ items: [], next: undefined }) : rail.statement(after, place),
        }
        const found = await reconcile(installation.db, once, installation.app.world)
        expect(found).toMatchObject({
          agrees: true,
          bankUnits: BigInt(lineCount),
          bookUnits: BigInt(lineCount),
        })
        if (typeof found === 'string') throw new Error(found)
        expect(await holdAgainstBank(installation.db, found)).toBeUndefined()
      })

      test('an undelivered event of ours is marked once it is kept, and one that is another system’s stays undelivered', async () => {
        installation.bank.pay(installation.atBank.id)
        installation.pass(minute)
        const ours = installation.bank
          .eventsCreated()
          .filter(({ subscription }) => subscription === 'invoice')
        const [first] = ours
        const text = JSON.stringify({ event: first! })
          .replaceAll(installation.atBank.id, '5999999999999999')
          .replaceAll(installation.id, 'erp-77')
        const foreign = {
          eventId: '4000000000000001',
          raw: Buffer.from(text.replaceAll(first!.id, '4000000000000001')),
        }
        const bytes = (event: (typeof ours)[number]) => ({
          eventId: event.id,
          raw: Buffer.from(JSON.stringify({ event })),
        })
        const marked: string[] = []
        const rail: Rail = {
          ...installation.app.rails.starkbank!,
          undelivered: async () => done({ items: [foreign, ...ours.map(bytes)], next: undefined }),
          markDelivered: async id => (marked.push(id), done(undefined)),
        }
        expect(
          (await pollEvents(installation.db, rail, installation.app.inbox, installation.app.world)).fresh,
        ).toBeGreaterThan(ours.length)
        expect(marked).toEqual(ours.map(({ id }) => id))
        marked.length = 0
        await pollEvents(installation.db, rail, installation.app.inbox, installation.app.world)
        expect(marked).not.toContain(foreign.eventId)
      })

      test('a pile of another system’s events stands for ever before none of ours', async () => {
        const asked: (string | undefined)[] = []
        const rail: Rail = {
          ...installation.app.rails.starkbank!,
          async undelivered(place) {
            asked.push(place)
            const from = Number(place ?? 0)
            return done({ items: [], next: from < 3 ? `${from + 1}` : undefined })
          },
        }
        for (let time = 0; time < 4; time++)
          await pollEvents(installation.db, rail, installation.app.inbox, installation.app.world)
        expect(asked).toEqual([undefined, '1', undefined, '2', undefined, '3', undefined, '1'])
      })

      test('a bank that cannot be asked is said as less than it should have been', async () => {
        installation.bank.setFaults({ status429: 1, retryAfterSeconds: 60 })
        const polled = await pollEvents(
          installation.db,
          installation.app.rails.starkbank!,
          installation.app.inbox,
          installation.app.world,
        )
        installation.bank.setFaults({ status429: 0 })
        expect(polled).toMatchObject({ fresh: 0, lacks: expect.stringContaining('could not be asked') })
      })
    },
  )
})
