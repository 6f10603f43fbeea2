/**
 * When each rail last answered: noted around its calls, the one place through which all of them go, and read
 * by whoever says how things stand.
 */
import type { Answer } from '../base/answer.ts'
import { instant, later, millis, type Instant, type Millis, type World } from '../base/world.ts'
import { sql, type Reader, type Db } from '../db/db.ts'

/** A rail that answers is written down this often; one that stops or begins to answer, at once. */
const noteEveryMs = 30_000

/** How long a rail may fail to answer before it is said, where nobody sets it (RAIL_SILENT_MINUTES). */
export const usualSilentMs: Millis = 5 * 60_000

export interface Silent {
  rail: string
  /** When it last answered; the first call without an answer where it never did. */
  since: Instant
  why: string
}

/**
 * The rail itself, with a note of whether each call was answered. A refusal that asking again cannot mend is
 * an answer; everything that may heal by itself is none.
 */
export function listening<R extends { name: string }>(
  rail: R,
  db: Db,
  world: Pick<World, 'clock' | 'log'>,
): R {
  let noted: { answers: boolean; at: Millis } | undefined
  const note = async (answer: Answer<unknown>) => {
    const answers = answer.is === 'done' || (answer.is === 'refused' && !answer.again)
    const now = world.clock.now()
    if (noted?.answers === answers && (!answers || now - noted.at < noteEveryMs) && now >= noted.at) return
    noted = { answers, at: now }
    const at = instant(now)
    const why = answer.is === 'done' ? null : answer.why
    try {
      await db.tx(
        tx =>
          answers
            ? tx.run(sql`
                insert into rails_heard (rail, answered_at) values (${rail.name}, ${at})
                on conflict (rail) do update
                  set answered_at = excluded.answered_at, failing_since = null, why = null`)
            : tx.run(sql`
                insert into rails_heard (rail, failing_since, why) values (${rail.name}, ${at}, ${why})
                on conflict (rail) do update
                  set failing_since = case when rails_heard.failing_since <= excluded.failing_since
                    then rails_heard.failing_since else excluded.failing_since end, why = excluded.why`),
        'locks',
      )
    } catch {
      // Whoever asked the rail has its answer; a database that is gone for a moment is told at the next call.
      noted = undefined
    }
  }
  return new Proxy(rail, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value !== 'function') return value
      return (...given: unknown[]) => {
        const result: unknown = (value as (...args: unknown[]) => unknown).apply(target, given)
        return result instanceof Promise
          ? result.then(async answer => (isAnswer(answer) && (await note(answer)), answer as unknown))
          : result
      }
    },
  })
}

/** A rail that is configured no more is not silent: nobody asks it. */
export async function forgetOthers(db: Db, names: readonly (string | undefined)[]): Promise<void> {
  const rows = await db.all<{ rail: string }>(sql`select rail from rails_heard`)
  for (const { rail } of rows)
    if (!names.includes(rail))
      await db.tx(tx => tx.run(sql`delete from rails_heard where rail = ${rail}`), 'locks')
}

const isAnswer = (value: unknown): value is Answer<unknown> =>
  typeof value === 'object' &&
  value !== null &&
  'is' in value &&
  ['done', 'refused', 'unsure'].includes(value.is as string)

/** Rails of which no call has been answered for `silentMs`, counted from the first that was not. */
export async function silentRails(
  reader: Reader,
  now: Instant,
  silentMs: Millis = usualSilentMs,
): Promise<Silent[]> {
  const rows = await reader.all<{
    rail: string
    answered_at: Instant | null
    failing_since: Instant
    why: string | null
  }>(sql`
    select * from rails_heard where failing_since is not null and failing_since <= ${later(now, -silentMs)}
      order by rail`)
  return rows.map(({ rail, answered_at: answered, failing_since: failing, why }) => ({
    rail,
    since: answered !== null && answered < failing ? answered : failing,
    why: why ?? '',
  }))
}

export const silentMinutes = ({ since }: Silent, now: Instant): number =>
  Math.floor((millis(now) - millis(since)) / 60_000)
