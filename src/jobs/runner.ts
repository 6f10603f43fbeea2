/**
 * The runner: every job runs through here, with a log that is kept with its run, a time limit, and the one
 * `catch` for surprises.
 */
import { newId, type Id } from '../base/id.ts'
import type { Fields, Log } from '../base/log.ts'
import { Crash, instant, later, type Millis, type World } from '../base/world.ts'
import { sql, type Db, type Tx } from '../db/db.ts'

export type RunOutcome = 'done' | 'failed' | 'lost'

export interface Runner {
  db: Db
  world: World
  /** This process, as runs name it. */
  worker: string
}

/**
 * What a job says when it is over: a sentence, or nothing when it found nothing to do, and then no run is
 * kept.
 */
export type JobResult = string | undefined | Less
/** It is over, and did less than it should: not all was asked for, or the provider could not be asked. */
export interface Less {
  less: string
}

type Line = { level: string; time: string; msg: string } & Fields

/** A log that writes where `log` writes and also hands each line on. */
function keepingLog(log: Log, world: Pick<World, 'clock'>, keep: (line: Line) => void, fields: Fields): Log {
  const at = (level: 'debug' | 'info' | 'warn' | 'error') => (more: Fields, message: string) => {
    log[level](more, message)
    if (level !== 'debug') keep({ level, time: instant(world.clock.now()), ...fields, ...more, msg: message })
  }
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: more => keepingLog(log.child(more), world, keep, { ...fields, ...more }),
  }
}
const maxLines = 10_000
/**
 * Nobody reads why a sleep ended; unsaid, Node makes an error with its stack for it, for each job of each
 * second.
 */
export const noReason = null
/** What was logged is seen by others within this, however long the run lasts. */
const flushMs = 1_000

/** The lines of one run: written now and then while it lasts, and the rest by whoever ends it. */
interface Kept {
  log: Log
  /** Whether something of it is written already. */
  begun(): boolean
  /** Writes no more by itself; resolves once nothing is under way. */
  end(): Promise<void>
  /** Writes what is not written yet, in the transaction that ends the run. */
  rest(tx: Tx): Promise<void>
}

/**
 * `begin` makes the run's row where it is not there yet. A run that logs nothing, or is over within a second,
 * writes nothing here.
 */
function keepLines(
  { db, world }: Runner,
  runId: string,
  log: Log,
  begin: (tx: Tx) => Promise<unknown>,
): Kept {
  const lines: Line[] = []
  const over = new AbortController()
  let written = 0
  let begun = false
  let writing: Promise<void> | undefined

  const write = async () => {
    while (!over.signal.aborted) {
      await world.clock.sleep(flushMs, over.signal)
      const until = lines.length
      if (over.signal.aborted || until === written) continue
      try {
        await db.tx(async tx => {
          await begin(tx)
          await writeLines(tx, runId, lines.slice(written, until), written)
        }, 'locks')
        begun = true
        written = until
      } catch (error) {
        if (isCrash(error)) return
        // A database that is gone for a moment is given the lines at the next turn, or at the end.
        world.log.warn({ run: runId }, 'the lines of a run could not be written yet')
      }
    }
  }
  const keep = (line: Line) => {
    if (lines.length === maxLines) return
    lines.push(line)
    writing ??= write()
  }
  return {
    log: keepingLog(log, world, keep, {}),
    begun: () => begun,
    async end() {
      over.abort(noReason)
      await writing
    },
    rest: tx => writeLines(tx, runId, lines.slice(written), written),
  }
}

async function writeLines(tx: Tx, runId: string, lines: readonly Line[], from: number): Promise<void> {
  for (const [place, line] of lines.entries())
    await tx.run(
      sql`insert into run_lines (run_id, seq, line) values (${runId}, ${from + place}, ${textOf(line)})`,
    )
}
const textOf = (line: Line) =>
  JSON.stringify(line, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value))

/**
 * Runs `job` once under `name`. A surprise is logged and kept as a failed run, and does not end the process.
 */
export async function run(
  runner: Runner,
  name: string,
  limitMs: Millis,
  job: (world: World) => Promise<JobResult>,
): Promise<RunOutcome | 'idle'> {
  const { db, world } = runner
  const id = newId('run', world)
  const startedAt = instant(world.clock.now())
  const kept = keepLines(runner, id, world.log.child({ job: name, run: id }), async tx => {
    await giveUpLost(tx, name, limitMs)
    await tx.run(sql`
      insert into runs (id, job, worker, started_at) values (${id}, ${name}, ${runner.worker}, ${startedAt})
        on conflict (id) do nothing`)
  })
  const { outcome, summary, lacks } = await limited({ ...world, log: kept.log }, limitMs, job).finally(
    kept.end,
  )
  if (outcome === 'done' && summary === undefined && !kept.begun()) return 'idle'
  await db.tx(async tx => {
    await tx.run(sql`
      insert into runs (id, job, worker, started_at, ended_at, outcome, summary, lacks)
      values (${id}, ${name}, ${runner.worker}, ${startedAt}, ${await tx.now()}, ${outcome},
        ${summary ?? null}, ${lacks})
      on conflict (id) do update
        set ended_at = excluded.ended_at, outcome = excluded.outcome, summary = excluded.summary,
          lacks = excluded.lacks`)
    await kept.rest(tx)
  }, 'locks')
  return outcome
}

/** Above its limit no run goes on, so one that still stands open then has lost its process. */
async function giveUpLost(tx: Tx, name: string, limitMs: Millis): Promise<void> {
  const now = await tx.now()
  await tx.run(sql`
    update runs set outcome = 'lost', ended_at = ${now}, summary = 'its process ended'
    where outcome is null and job = ${name} and slot_id is null
      and started_at < ${later(now, -limitMs - 60_000)}`)
}

/** The same for a slot: its run is there from the start, so that one whose process died is seen. */
export async function runSlot(
  runner: Runner,
  slotId: string,
  limitMs: Millis,
  job: (world: World, runId: Id<'run'>) => Promise<JobResult>,
  end: (tx: Tx, outcome: 'done' | 'failed', summary: string) => Promise<unknown>,
): Promise<RunOutcome> {
  const { db, world } = runner
  const id = newId('run', world)
  await db.tx(async tx => {
    const now = await tx.now()
    await tx.run(
      sql`update runs set outcome = 'lost', ended_at = ${now}, summary = 'its process ended'
        where slot_id = ${slotId} and ended_at is null`,
    )
    await tx.run(
      sql`insert into runs (id, job, slot_id, worker, started_at)
        values (${id}, 'issue', ${slotId}, ${runner.worker}, ${now})`,
    )
  })
  const kept = keepLines(
    runner,
    id,
    world.log.child({ job: 'issue', run: id, slot: slotId }),
    async () => undefined,
  )
  const { outcome, summary, lacks } = await limited({ ...world, log: kept.log }, limitMs, inner =>
    job(inner, id),
  ).finally(kept.end)
  await db.tx(async tx => {
    await tx.run(
      sql`update runs
        set ended_at = ${await tx.now()}, outcome = ${outcome}, summary = ${summary ?? ''}, lacks = ${lacks}
          where id = ${id} and ended_at is null`,
    )
    await kept.rest(tx)
    await end(tx, outcome, summary ?? 'nothing to do')
  })
  return outcome
}

/** The job's own end, its surprise, or its time limit, whichever comes first. */
async function limited(
  world: World,
  limitMs: Millis,
  job: (world: World) => Promise<JobResult>,
): Promise<{ outcome: 'done' | 'failed'; summary: string | undefined; lacks: string | null }> {
  const over = new AbortController()
  try {
    const late = world.clock.sleep(limitMs, over.signal).then(() => {
      if (!over.signal.aborted) throw new Error(`took longer than ${limitMs / 1000} s`)
      return undefined
    })
    const result = await Promise.race([job(world), late])
    const lacks = typeof result === 'object' ? result.less : null
    return { outcome: 'done', summary: typeof result === 'object' ? result.less : result, lacks }
  } catch (error) {
    if (isCrash(error)) throw error
    const summary = error instanceof Error ? `${error.name}: ${error.message}` : 'an unknown surprise'
    world.log.error(
      { why: summary, stack: error instanceof Error ? error.stack : undefined },
      'the job failed',
    )
    return { outcome: 'failed', summary, lacks: null }
  } finally {
    over.abort(noReason)
  }
}

const isCrash = (error: unknown) => error instanceof Crash
