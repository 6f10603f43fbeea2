/** Polling: what a push lost is asked for, and enters the same inbox. A missed push is found within one interval. */
import { clockTrouble, instant, millis, type World } from '../base/world.ts'
import type { Rail } from '../rails/rail.ts'
import { sql, type Store } from '../store/store.ts'
import type { Inbox } from './inbox.ts'

/** How far back each poll looks again: the bank's lists may lag, and asking twice costs nothing. */
const overlapMs = 48 * 3_600_000

/**
 * Answers how many were new to the inbox. The bank's logs tell of what was pushed too, under other ids: settling finds nothing new in those.
 * Undelivered events are marked delivered only after they are committed.
 */
export async function pollEvents(store: Store, rail: Rail, inbox: Inbox, world: World): Promise<number> {
  return (await takeUndelivered(rail, inbox, world)) + (await takeMissedLogs(store, rail, inbox, world))
}

async function takeUndelivered(rail: Rail, inbox: Inbox, world: World): Promise<number> {
  const answer = await rail.undelivered()
  if (answer.is !== 'done') return complain(world, answer.why)
  let fresh = 0
  for (const { eventId, raw } of answer.value) {
    if ((await inbox.keep({ rail: rail.name, eventId, raw, via: 'poll' })) === 'new') fresh += 1
    await world.at('polled event kept')
    await rail.markDelivered(eventId)
  }
  return fresh
}

async function takeMissedLogs(store: Store, rail: Rail, inbox: Inbox, world: World): Promise<number> {
  const name = `${rail.name} logs`
  const startedAt = await store.tx(tx => tx.now())
  const cursor = await store.one<{ value: string }>(sql`select value from cursors where name = ${name}`)
  // One that was written by a clock that was ahead would leave out what comes until that time.
  const since = cursor && cursor.value < startedAt ? cursor.value : startedAt
  const after = instant(millis(since) - overlapMs)
  const answer = await rail.missedLogs(after)
  if (answer.is !== 'done') return complain(world, answer.why)
  const kept = await Promise.all(answer.value.map(({ eventId, raw }) => inbox.keep({ rail: rail.name, eventId, raw, via: 'poll' })))
  // Under a clock that is off nothing is kept, so what was not seen is asked for again.
  if (clockTrouble(world) !== undefined) return kept.filter(verdict => verdict === 'new').length
  await store.tx(tx =>
    tx.run(sql`
    insert into cursors (name, value) values (${name}, ${startedAt}) on conflict (name) do update set value = excluded.value`),
  )
  return kept.filter(verdict => verdict === 'new').length
}

function complain(world: World, why: string): number {
  world.log.warn({ why }, 'the bank could not be asked for missed events')
  return 0
}
