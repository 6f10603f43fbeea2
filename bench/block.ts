/**
 * How long the event loop stands still, at most, while the books of many invoices are checked, summed, shown
 * and held against the bank.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { done } from '../src/base/answer.ts'
import { systemClock, systemRandom } from '../src/base/clock.ts'
import { silentLog } from '../src/base/log.ts'
import { instant, type World } from '../src/base/world.ts'
import { checkBooks, checkBooksByAndBy, checkingBeside, reconcile } from '../src/reconcile/reconcile.ts'
import { addUpTallies, balances, keepMark } from '../src/ledger/ledger.ts'
import type { Rail, StatementLine } from '../src/rails/rail.ts'
import { migrate } from '../src/db/migrate.ts'
import { openDb, sql, type Db } from '../src/db/db.ts'
import { attentionOf } from '../src/queries/attention.ts'
import { status } from '../src/queries/status.ts'
import { makeInbox, pollEvents } from '../src/webhooks/webhooks.ts'
import type { BenchOptions, Figure } from './figure.ts'
import { addedAt, writePast } from './pagesPast.ts'

const world: World = { clock: systemClock, random: systemRandom, log: silentLog, at: () => undefined }
const bench = 'block'
const maxMs = 100
/**
 * So many invoices are new to a check, and so many are on the statement and in the log that are read again.
 */
const recent = 2_000

export async function block({ quick, tiny, say }: BenchOptions): Promise<Figure[]> {
  const count = tiny ? 3_000 : quick ? 50_000 : 1_000_000
  const folder = mkdtempSync(join(tmpdir(), 'repasse-block-'))
  const database = `sqlite:${join(folder, 'repasse.db')}`
  const db = await openDb(database, world)
  try {
    await migrate(db, world.clock)
    const startedMs = performance.now()
    const now = world.clock.now()
    await writePast(db, world, count, { books: 'whole' })
    say(`  ${shown(count)} invoices written in ${((performance.now() - startedMs) / 1_000).toFixed(0)} s`)
    return await measure(db, database, { count, now, say })
  } finally {
    await db.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

interface Past {
  count: number
  now: number
  say: BenchOptions['say']
}

async function measure(db: Db, database: string, { count, now, say }: Past): Promise<Figure[]> {
  const figures: Figure[] = []
  const name = (what: string) => `${shown(count)} invoices: ${what}`
  async function of<T>(what: string, work: () => Promise<T>): Promise<T> {
    const watched = watch()
    const answer = await work()
    const { blockedMs, tookMs } = await watched.end()
    say(
      `  ${what}: the loop stood still for ${blockedMs.toFixed(0)} ms at most, ${(tookMs / 1_000).toFixed(1)} s in all`,
    )
    figures.push({ bench, name: name(what), value: blockedMs, unit: 'ms', target: { most: maxMs } })
    return answer
  }
  const must = (holds: boolean, why: string) => {
    if (!holds) throw new Error(why)
  }

  const beside = checkingBeside({ databaseUrl: database })!
  const whole = await of('check-books at night, beside', () => checkBooks(db, world, beside.check))
  must(whole?.length === 0, `the books of the bench do not add up: ${whole?.slice(0, 3).join(' · ')}`)

  // As if nothing had been checked since the newest of them came.
  const { moved } = (await db.one<{ moved: bigint }>(sql`select max(seq) as moved from transitions`))!
  await db.tx(tx =>
    keepMark(tx, {
      ...{ posted: addedAt(count, count - recent, now), moved: moved - BigInt(recent), audited: 0n },
      wholeAt: instant(world.clock.now()),
    }),
  )
  must(
    (await of(`check-books, ${shown(recent)} of them new`, () => checkBooksByAndBy(db, world)))?.length === 0,
    'what is new does not add up',
  )
  must(
    (await of('status', () => status(db, { now: instant(world.clock.now()) }))).addsUp,
    'status does not add up',
  )
  const rail = await bankOf(db, count)
  await of('what needs a person, as the overview asks', () => attentionOf(db, instant(world.clock.now())))
  must(
    typeof (await of(`reconcile, ${shown(2 * recent)} lines`, () => reconcile(db, rail, world))) === 'object',
    'it was not reconciled',
  )
  await of(`poll, ${shown(recent)} logs known`, () => pollEvents(db, rail, makeInbox(db, world), world))
  await of('add-up', () => addUpTallies(db))
  return figures
}

/**
 * A bank that answers at once: its balance is the books', its statement and its log are of the newest
 * invoices.
 */
async function bankOf(db: Db, count: number): Promise<Rail> {
  const rows = await db.all<{ id: string; provider_id: string; units: bigint; added_at: string }>(sql`
    select id, provider_id, units, added_at from invoices where state = 'credited'
      order by added_at desc, id desc limit ${BigInt(recent)}`)
  const lines = rows.flatMap(
    ({ id, provider_id: providerId, units, added_at: createdAt }): StatementLine[] => [
      {
        id: `line-${id}`,
        units,
        feeUnits: 50n,
        about: { is: 'invoice', providerId },
        description: '',
        tags: [id],
        source: `invoice/${providerId}`,
        createdAt,
      },
      {
        id: `fee-${id}`,
        units: -50n,
        feeUnits: 0n,
        about: { is: 'invoice', providerId },
        description: '',
        tags: [id],
        source: `invoice/${providerId}/fee`,
        createdAt,
      },
    ],
  )
  const logs = rows.map((_, place) => ({
    eventId: `event-${count - place}`,
    raw: Buffer.from(`{"event":{"id":"event-${count - place}"}}`),
  }))
  const bank = {
    ...{ name: 'starkbank', asset: 'BRL', workspaceId: '1' },
    balance: async () => done((await balances(db)).bank),
    statement: async () => done({ items: lines, next: undefined }),
    undelivered: async () => done({ items: [], next: undefined }),
    missedLogs: async () => done({ items: logs, next: undefined }),
  }
  return bank as unknown as Rail
}

/** Asks for a turn of the event loop all the time, and keeps the longest it had to wait for one. */
function watch() {
  const startedMs = performance.now()
  let [lastMs, blockedMs, isOver] = [startedMs, 0, false]
  const { promise: ended, resolve } = Promise.withResolvers<void>()
  const look = () => {
    const nowMs = performance.now()
    blockedMs = Math.max(blockedMs, nowMs - lastMs)
    lastMs = nowMs
    if (isOver) resolve()
    else setImmediate(look)
  }
  setImmediate(look)
  return {
    async end() {
      isOver = true
      await ended
      return { blockedMs, tookMs: performance.now() - startedMs }
    },
  }
}

const shown = (count: number) => count.toLocaleString('en-US')
