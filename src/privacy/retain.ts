/**
 * Dropping what is personal and old enough: kind by kind, a few rows to a transaction. A process that dies in
 * the middle leaves what it has done, and a cursor behind it; nothing is done twice, for what was dropped
 * says so itself.
 */
import type { Retention } from '../base/retentionSettings.ts'
import { clockTrouble, instant, type Instant, type World } from '../base/world.ts'
import { eachApart, sql, type Reader, type Db, type Tx } from '../db/db.ts'
import { decideNight } from './decideNight.ts'
import { cutOf, sweepsOf, type Fate, type Place, type Sweep } from './sweeps.ts'

/**
 * How many of each kind were dropped, and how many are old enough and needed still. `stopped`: why not all
 * was looked at.
 */
export interface Retained {
  dropped: Record<string, number>
  stays: Record<string, number>
  stopped?: string
}

interface Parts {
  db: Db
  world: World
  retention: Retention
}

const lastLook = 'retention'

/**
 * What the job does: once a night, and never in the first night that it sees, or the first after a gap.
 * Undefined where nothing is to be done now.
 */
export async function retainNightly(parts: Parts): Promise<Retained | 'first' | 'gap' | undefined> {
  const { db, world, retention } = parts
  const night = await db.tx(async tx => {
    const now = await believed(tx, world)
    const decided = decideNight(await lastRetention(tx), now, retention.everyMs)
    if (decided !== 'rest') await keep(tx, lastLook, now)
    return decided
  }, 'locks')
  if (night === 'rest') return undefined
  return night === 'go' ? retain(parts) : night
}

/** When the job looked last; undefined where it never did. */
export const lastRetention = (reader: Reader): Promise<Instant | undefined> => valueOf(reader, lastLook)

/** Of two clocks the one that is behind drops less. */
const believed = async (tx: Tx, { clock }: World): Promise<Instant> => {
  const [ours, theirs] = [instant(clock.now()), await tx.now()]
  return ours < theirs ? ours : theirs
}

/** Drops all that is old enough now. */
export async function retain({ db, world, retention }: Parts): Promise<Retained> {
  const found: Retained = { dropped: {}, stays: {} }
  const now = await db.tx(tx => believed(tx, world), 'locks')
  // A row that cannot be dropped must not keep all other kinds.
  const faults = await eachApart(sweepsOf(retention), async sweep => {
    if (sweep.keptMs === undefined || found.stopped !== undefined) return
    const before = cutOf(now, sweep.keptMs)
    const stopped = await walk({ db, world }, sweep, before, fate => {
      if (fate !== 'passed') found[fate][sweep.name] = (found[fate][sweep.name] ?? 0) + 1
    })
    if (stopped !== undefined) found.stopped = stopped
  })
  for (const { of, error, why } of faults) throw new Error(`${of.name}: ${why}`, { cause: error })
  return found
}

/** That the job fails: since which run, what the last one said, and its id. */
export interface Failing {
  since: Instant
  why: string
  run: string
}

/**
 * Undefined where the last run of the job that ended did so as it should. Nights without one are another
 * matter: see `lastRetention`.
 */
export async function retentionFailing(reader: Reader): Promise<Failing | undefined> {
  const last = await reader.one<{ id: string; outcome: string; summary: string | null }>(sql`
    select id, outcome, summary from runs where job = 'retention' and outcome is not null
      order by started_at desc, id desc limit 1`)
  if (!last || last.outcome === 'done') return undefined
  const first = await reader.one<{ since: Instant }>(sql`
    select min(started_at) as since from runs where job = 'retention' and outcome <> 'done'
      and started_at > coalesce((select max(started_at) from runs where job = 'retention'
        and outcome = 'done'), '')`)
  return { since: first!.since, why: last.summary ?? last.outcome, run: last.id }
}

/**
 * From where the last walk ended, or from the first row that it had to leave, to the cut. Answers why it
 * ended earlier.
 */
async function walk(
  { db, world }: Pick<Parts, 'db' | 'world'>,
  sweep: Sweep,
  before: Instant,
  count: (fate: Fate) => void,
): Promise<string | undefined> {
  const cursor = `retained ${sweep.name}`
  const begun = await valueOf(db, cursor)
  let place: Place = begun === undefined ? { at: '', id: '' } : (JSON.parse(begun) as Place)
  let leaves = false
  for (;;) {
    const trouble = clockTrouble(world)
    if (trouble !== undefined) return trouble
    const [from, hasLeft] = [place, leaves]
    const { rows, fates } = await db.tx(async tx => {
      const next = await sweep.next(tx, from, before, sweep.atOnce)
      const done = next.length === 0 ? [] : await sweep.drop(tx, next, before)
      const left = hasLeft ? 0 : done.indexOf('stays')
      const behind = hasLeft ? undefined : next.at((left === -1 ? next.length : left) - 1)
      if (behind && left !== 0) await keep(tx, cursor, JSON.stringify(behind))
      return { rows: next, fates: done }
    }, 'locks')
    await world.at('old rows dropped')
    for (const fate of fates) count(fate)
    leaves ||= fates.includes('stays')
    if (rows.length < sweep.atOnce) return undefined
    place = rows.at(-1)!
    // An embedded database answers at once, so others are let in between.
    await world.clock.turn?.()
  }
}

const valueOf = async (reader: Reader, name: string): Promise<string | undefined> =>
  (await reader.one<{ value: string }>(sql`select value from cursors where name = ${name}`))?.value

const keep = (tx: Tx, name: string, value: string): Promise<number> =>
  tx.run(
    sql`insert into cursors (name, value) values (${name}, ${value}) on conflict (name) do update
      set value = excluded.value`,
  )
