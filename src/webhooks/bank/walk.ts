/**
 * Walking a list of the provider's that may be longer than one job can read: portion after portion, the place
 * kept, and gone on with at the next turn.
 */
import type { Answer } from '../../base/answer.ts'
import { clockTrouble, instant, millis, type Instant, type World } from '../../base/world.ts'
import type { Portion } from '../../rails/rail.ts'
import { sql, type Db, type Tx } from '../../db/db.ts'

/**
 * How far back each walk begins behind the last one: the provider's lists may lag, and asking twice costs
 * nothing.
 */
const overlapMs = 48 * 3_600_000
/** In one turn: a hundred thousand rows of each list. What is left is read at the next. */
const maxPortions = 50

export interface Walk<T> {
  /** Of the list; where it is to go on stands under it. */
  name: string
  /** Where to begin when it was never walked to its end. */
  from: 'now' | 'ever'
  read(since: Instant, place: string | undefined): Promise<Answer<Portion<T>>>
  /** Takes one portion. `isWhole`: it is the only one, so nothing else of the list is to come. */
  take(items: T[], since: Instant, isWhole: boolean): Promise<void>
  /** In the transaction that keeps the place, with the portion that ended the list. */
  last?(tx: Tx, walk: { since: Instant; startedAt: Instant }): Promise<void>
}

/** `left`: the list goes on, and so does the walk at the next turn. */
export type Walked =
  | { is: 'done'; rows: number; since: Instant; startedAt: Instant; resumed: boolean }
  | { is: 'left'; rows: number }
  | { is: 'failed'; why: string }

/** Reads on. Once the list has been read to its end, the next walk begins `overlapMs` before this one did. */
export async function walkOn<T>(
  db: Db,
  world: World,
  { name, from, read, take, last }: Walk<T>,
): Promise<Walked> {
  const now = await db.tx(tx => tx.now())
  const open = await db.one<{ since: Instant; started_at: Instant; place: string; rows: bigint }>(
    sql`select since, started_at, place, rows from walks where name = ${name}`,
  )
  const cursor = await db.one<{ value: string }>(sql`select value from cursors where name = ${name}`)
  // One that was written by a clock that was ahead would leave out what comes until that time.
  const begun = cursor ? (cursor.value < now ? cursor.value : now) : from === 'now' ? now : undefined
  const since = open?.since ?? (begun === undefined ? instant(0) : instant(millis(begun) - overlapMs))
  const startedAt = open?.started_at ?? now
  let place = open?.place
  let rows = Number(open?.rows ?? 0n)
  for (let portions = 0; portions < maxPortions; portions++) {
    const answer = await read(since, place)
    if (answer.is !== 'done') {
      // A place that the provider does not know any more is none: the next turn begins the list again.
      if (place !== undefined && answer.is === 'refused' && !answer.again)
        await db.tx(tx => tx.run(sql`delete from walks where name = ${name}`))
      return { is: 'failed', why: answer.why }
    }
    const { items, next } = answer.value
    await take(items, since, place === undefined && next === undefined)
    rows += items.length
    const isLast = next === undefined
    // Under a clock that is off nothing is kept, so what was not seen is asked for again.
    const steady = clockTrouble(world) === undefined
    await db.tx(async tx => {
      if (isLast) await last?.(tx, { since, startedAt })
      if (isLast) await tx.run(sql`delete from walks where name = ${name}`)
      else if (steady)
        await tx.run(sql`
          insert into walks (name, since, started_at, place, rows)
            values (${name}, ${since}, ${startedAt}, ${next}, ${rows})
          on conflict (name) do update set place = excluded.place, rows = excluded.rows`)
      if (isLast && steady)
        await tx.run(sql`
          insert into cursors (name, value) values (${name}, ${startedAt}) on conflict (name) do update
            set value = excluded.value`)
    })
    if (isLast) return { is: 'done', rows, since, startedAt, resumed: open !== undefined }
    place = next
  }
  return { is: 'left', rows }
}
