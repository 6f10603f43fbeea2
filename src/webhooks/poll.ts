/** Polling: what a push lost is asked for, and enters the same inbox. A missed push is found within one interval. */
import { BadInput } from '../base/answer.ts'
import { instant, millis, type Instant, type World } from '../base/world.ts'
import type { Rail } from '../rails/rail.ts'
import { sql, type Store } from '../store/store.ts'
import type { Inbox } from './inbox.ts'

/** How far back each poll looks again: the bank's lists may lag, and asking twice costs nothing. */
const overlapMs = 48 * 3_600_000

/**
 * Answers how many events were news. The bank's lists hold what was pushed too, and a log has another id than the event that told of it, so
 * what is new to the inbox may be a copy: it is kept all the same, and not counted. Undelivered events are marked delivered only after they
 * are committed.
 */
export async function pollEvents(store: Store, rail: Rail, inbox: Inbox, world: World): Promise<number> {
  const kept = [...(await takeUndelivered(rail, inbox, world)), ...(await takeMissedLogs(store, rail, inbox, world))]
  return kept.length === 0 ? 0 : newsAmong(store, rail, kept)
}

type Polled = { eventId: string; raw: Uint8Array }

async function takeUndelivered(rail: Rail, inbox: Inbox, world: World): Promise<Polled[]> {
  const answer = await rail.undelivered()
  if (answer.is !== 'done') return complain(world, answer.why)
  const fresh: Polled[] = []
  for (const { eventId, raw } of answer.value) {
    if ((await inbox.keep({ rail: rail.name, eventId, raw, via: 'poll' })) === 'new') fresh.push({ eventId, raw })
    await world.at('polled event kept')
    await rail.markDelivered(eventId)
  }
  return fresh
}

async function takeMissedLogs(store: Store, rail: Rail, inbox: Inbox, world: World): Promise<Polled[]> {
  const name = `${rail.name} logs`
  const startedAt = await store.tx(tx => tx.now())
  const cursor = await store.one<{ value: string }>(sql`select value from cursors where name = ${name}`)
  const after = instant(millis(cursor?.value ?? startedAt) - overlapMs)
  const answer = await rail.missedLogs(after)
  if (answer.is !== 'done') return complain(world, answer.why)
  const kept = await Promise.all(answer.value.map(({ eventId, raw }) => inbox.keep({ rail: rail.name, eventId, raw, via: 'poll' })))
  await store.tx(tx =>
    tx.run(sql`
    insert into cursors (name, value) values (${name}, ${startedAt}) on conflict (name) do update set value = excluded.value`),
  )
  return answer.value.filter((_, place) => kept[place] === 'new')
}

/** How far the bank's clock and ours may lie apart, when looking for a push of what was polled. */
const skewMs = 10 * 60_000
const pageSize = 500
const mostPages = 100

/** How many of these logs no other event in the inbox tells of. What has no log, or cannot be read, is news. */
async function newsAmong(store: Store, rail: Rail, fresh: Polled[]): Promise<number> {
  const own = new Set(fresh.map(({ eventId }) => eventId))
  const read = fresh.map(({ eventId, raw }) => ({ eventId, ...logOf(rail, raw) }))
  const logs = new Set(read.map(({ logId, eventId }) => logId ?? eventId))
  const since = instant(
    Math.min(...read.map(({ createdAt }) => (createdAt === undefined ? Infinity : millis(createdAt) - skewMs)), nowhere),
  )

  for (const { logId, eventId } of read) {
    const copy = `log-${logId}`
    if (logId === undefined || eventId === copy || own.has(copy)) continue
    if (await store.one(sql`select id from inbox where rail = ${rail.name} and event_id = ${copy}`)) logs.delete(logId)
  }
  // Without an index of logs the newest rows are read, back to when the oldest of these was made.
  let before: bigint | undefined
  for (let pages = 0; pages < mostPages && logs.size > 0; pages++) {
    const older = before === undefined ? sql`` : sql`and id < ${before}`
    const rows = await store.all<{ id: bigint; event_id: string; raw: Uint8Array; received_at: Instant }>(sql`
      select id, event_id, raw, received_at from inbox where rail = ${rail.name} ${older} order by id desc limit ${pageSize}`)
    for (const row of rows) {
      if (own.has(row.event_id) || row.event_id.startsWith('log-')) continue
      const { logId } = logOf(rail, row.raw)
      if (logId !== undefined) logs.delete(logId)
    }
    const last = rows.at(-1)
    if (rows.length < pageSize || !last || last.received_at < since) break
    before = last.id
  }
  return logs.size
}

const nowhere = Date.UTC(9999, 0)

function logOf(rail: Rail, raw: Uint8Array): { logId?: string; createdAt?: Instant } {
  try {
    const event = rail.read(raw)
    return event.about === 'other' ? {} : { logId: event.logId, createdAt: event.createdAt }
  } catch (error) {
    if (error instanceof BadInput) return {}
    throw error
  }
}

function complain(world: World, why: string): Polled[] {
  world.log.warn({ why }, 'the bank could not be asked for missed events')
  return []
}
