/**
 * Polling: what a push lost is asked for, and enters the same inbox. A missed push is found within one
 * interval.
 */
import { BadInput } from '../../base/answer.ts'
import type { Millis, World } from '../../base/world.ts'
import { bankLogs, bankWasRead, noteAbsence, noteHeard, noteUnlisted } from '../../payout/payout.ts'
import type { ProviderEvent, Rail } from '../../rails/rail.ts'
import { sql, type Db } from '../../db/db.ts'
import type { Inbox } from '../inbox.ts'
import { walkOn } from './walk.ts'

/** STARKBANK_POLL_SECONDS, where nobody sets it. */
const usualMs: Millis = 300_000

export interface Polled {
  /**
   * How many were new to the inbox. The bank's logs tell of what was pushed too, under other ids: settling
   * finds nothing new in those.
   */
  fresh: number
  /** Why not all of it could be read now; what is left is read at the next poll. */
  lacks?: string
}

/**
 * Undelivered events are marked delivered only after they are committed, and only those that are ours.
 * `everyMs`: until the next poll; where nobody polls for several of these, orders wait for the first one.
 */
export async function pollEvents(
  db: Db,
  rail: Rail,
  inbox: Inbox,
  world: World,
  everyMs: Millis = usualMs,
): Promise<Polled> {
  await db.tx(tx => noteAbsence(tx, world))
  const undelivered = await takeUndelivered(db, rail, inbox, world)
  const missed = await takeMissedLogs(db, rail, inbox, world, everyMs)
  const lacks = [...new Set([undelivered.lacks, missed.lacks])].filter(why => why !== undefined).join('; ')
  return { fresh: undelivered.fresh + missed.fresh, ...(lacks !== '' && { lacks }) }
}

/**
 * The newest portion at each poll, and of what lies behind it one more: events that nobody marks, because
 * they are another system's, must not stand for ever before ours.
 */
async function takeUndelivered(db: Db, rail: Rail, inbox: Inbox, world: World): Promise<Polled> {
  const newest = await rail.undelivered()
  if (newest.is !== 'done') return complain(world, newest.why)
  const fresh = await takeEvents(db, rail, inbox, world, newest.value.items)
  if (newest.value.next === undefined) return { fresh }
  const name = `${rail.name} undelivered`
  const place =
    (await db.one<{ place: string }>(sql`select place from walks where name = ${name}`))?.place ??
    newest.value.next
  const behind = await rail.undelivered(place)
  const next = behind.is === 'done' ? behind.value.next : undefined
  const more = behind.is === 'done' ? await takeEvents(db, rail, inbox, world, behind.value.items) : 0
  // Where it cannot be gone on with, the next poll begins behind its newest portion again.
  await db.tx(async tx => {
    if (next === undefined) return tx.run(sql`delete from walks where name = ${name}`)
    const now = await tx.now()
    return tx.run(sql`
      insert into walks (name, since, started_at, place, rows) values (${name}, '', ${now}, ${next}, 0)
      on conflict (name) do update set place = excluded.place`)
  })
  return behind.is === 'done' ? { fresh: fresh + more } : { ...complain(world, behind.why), fresh }
}

async function takeEvents(
  db: Db,
  rail: Rail,
  inbox: Inbox,
  world: World,
  events: readonly Polling[],
): Promise<number> {
  let fresh = 0
  for (const { eventId, raw } of events) {
    const mark = await isOurs(db, read(rail, raw))
    // Another system's stay in the list for ever: kept once, they need not be written again.
    if (
      !mark &&
      (await db.one(sql`select 1 as yes from inbox where rail = ${rail.name} and event_id = ${eventId}`))
    )
      continue
    if ((await inbox.keep({ rail: rail.name, eventId, raw, via: 'poll' })) === 'new') fresh += 1
    await world.at('polled event kept')
    // One flag for everybody who listens on this workspace: what another system has not heard yet stays
    // undelivered for it.
    if (mark) await rail.markDelivered(eventId)
  }
  return fresh
}

type Polling = { eventId: string; raw: Uint8Array }

function read(rail: Rail, raw: Uint8Array): ProviderEvent | undefined {
  try {
    return rail.read(raw)
  } catch (error) {
    if (error instanceof BadInput) return undefined
    throw error
  }
}

/** About an invoice or an order that these books know. */
async function isOurs(db: Db, event: ProviderEvent | undefined): Promise<boolean> {
  if (event?.about === 'invoice') {
    const { providerId, tag } = event.invoice
    const row = await db.one(sql`
      select id from invoices where id = ${tag ?? ''} or (rail = 'starkbank' and provider_id = ${providerId})
      union all select id from invoice_twins where rail = 'starkbank' and provider_id = ${providerId}`)
    return row !== undefined
  }
  if (event?.about === 'payout') {
    const { providerId, externalId } = event.payout
    return (
      (await db.one(
        sql`select id from attempts where external_id = ${externalId ?? ''} or provider_id = ${providerId}`,
      )) !== undefined
    )
  }
  return false
}

async function takeMissedLogs(
  db: Db,
  rail: Rail,
  inbox: Inbox,
  world: World,
  everyMs: Millis,
): Promise<Polled> {
  let fresh = 0
  const walked = await walkOn<Polling>(db, world, {
    name: bankLogs,
    from: 'now',
    async read(since, place) {
      const answer = await rail.missedLogs(since, place)
      if (answer.is === 'done' && answer.value.lacksReversals) await db.tx(noteUnlisted)
      return answer
    },
    async take(items) {
      const kept = await Promise.all(
        items.map(({ eventId, raw }) => inbox.keep({ rail: rail.name, eventId, raw, via: 'poll' })),
      )
      fresh += kept.filter(verdict => verdict === 'new').length
    },
    last: (tx, { startedAt }) => bankWasRead(tx, startedAt),
  })
  if (walked.is !== 'failed') await db.tx(tx => noteHeard(tx, world, everyMs))
  if (walked.is === 'failed') return { ...complain(world, walked.why), fresh }
  return walked.is === 'left'
    ? { fresh, lacks: `${walked.rows} rows of the bank's logs were read, and there are more` }
    : { fresh }
}

function complain(world: World, why: string): Polled {
  world.log.warn({ why }, 'the bank could not be asked for missed events')
  return { fresh: 0, lacks: `the bank could not be asked for missed events: ${why}` }
}
