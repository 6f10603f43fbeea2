/** The runner: every job runs through here, with a log that is kept with its run, a time limit, and the one `catch` for surprises. */
import { newId, type Id } from '../base/id.ts'
import type { Fields, Log } from '../base/log.ts'
import { instant, type Millis, type World } from '../base/world.ts'
import { sql, type Store, type Tx } from '../store/store.ts'

export type RunOutcome = 'done' | 'failed' | 'lost'

export interface Runner {
  store: Store
  world: World
  /** This process, as runs name it. */
  worker: string
}

/** What a job says when it is over: a sentence, or nothing when it found nothing to do, and then no run is kept. */
export type JobResult = string | undefined

type Line = { level: string; time: string; msg: string } & Fields

/** A log that writes where `log` writes and also keeps its lines. */
function keepingLog(log: Log, world: Pick<World, 'clock'>, lines: Line[], fields: Fields): Log {
  const at = (level: 'debug' | 'info' | 'warn' | 'error') => (more: Fields, message: string) => {
    log[level](more, message)
    if (level !== 'debug' && lines.length < mostLines)
      lines.push({ level, time: instant(world.clock.now()), ...fields, ...more, msg: message })
  }
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: more => keepingLog(log.child(more), world, lines, { ...fields, ...more }),
  }
}
const mostLines = 10_000

/** Runs `job` once under `name`. A surprise is logged and kept as a failed run, and does not end the process. */
export async function run(
  runner: Runner,
  name: string,
  limitMs: Millis,
  job: (world: World) => Promise<JobResult>,
): Promise<RunOutcome | 'idle'> {
  const { store, world } = runner
  const id = newId('run', world)
  const startedAt = instant(world.clock.now())
  const lines: Line[] = []
  const log = keepingLog(world.log.child({ job: name, run: id }), world, lines, {})

  const { outcome, summary } = await limited({ ...world, log }, limitMs, job)
  if (outcome === 'done' && summary === undefined) return 'idle'
  await store.tx(async tx => {
    await tx.run(sql`
      insert into runs (id, job, worker, started_at, ended_at, outcome, summary)
      values (${id}, ${name}, ${runner.worker}, ${startedAt}, ${await tx.now()}, ${outcome}, ${summary ?? null})`)
    await keepLines(tx, id, lines)
  }, 'locks')
  return outcome
}

/** The same for a slot: its run is there from the start, so that one whose process died is seen. */
export async function runSlot(
  runner: Runner,
  slotId: string,
  limitMs: Millis,
  job: (world: World, runId: Id<'run'>) => Promise<JobResult>,
  end: (tx: Tx, outcome: 'done' | 'failed', summary: string) => Promise<unknown>,
): Promise<RunOutcome> {
  const { store, world } = runner
  const id = newId('run', world)
  const lines: Line[] = []
  const log = keepingLog(world.log.child({ job: 'issue', run: id, slot: slotId }), world, lines, {})
  await store.tx(async tx => {
    const now = await tx.now()
    await tx.run(
      sql`update runs set outcome = 'lost', ended_at = ${now}, summary = 'its process ended' where slot_id = ${slotId} and ended_at is null`,
    )
    await tx.run(sql`insert into runs (id, job, slot_id, worker, started_at) values (${id}, 'issue', ${slotId}, ${runner.worker}, ${now})`)
  })
  const { outcome, summary } = await limited({ ...world, log }, limitMs, inner => job(inner, id))
  await store.tx(async tx => {
    await tx.run(
      sql`update runs set ended_at = ${await tx.now()}, outcome = ${outcome}, summary = ${summary ?? ''} where id = ${id} and ended_at is null`,
    )
    await keepLines(tx, id, lines)
    await end(tx, outcome, summary ?? 'nothing to do')
  })
  return outcome
}

async function keepLines(tx: Tx, runId: string, lines: Line[]): Promise<void> {
  for (const [seq, line] of lines.entries())
    await tx.run(
      sql`insert into run_lines (run_id, seq, line) values (${runId}, ${seq}, ${JSON.stringify(line, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value))})`,
    )
}

/** The job's own end, its surprise, or its time limit, whichever comes first. */
async function limited(
  world: World,
  limitMs: Millis,
  job: (world: World) => Promise<JobResult>,
): Promise<{ outcome: 'done' | 'failed'; summary: JobResult }> {
  const over = new AbortController()
  try {
    const late = world.clock.sleep(limitMs, over.signal).then(() => {
      if (!over.signal.aborted) throw new Error(`took longer than ${limitMs / 1000} s`)
      return undefined
    })
    return { outcome: 'done', summary: await Promise.race([job(world), late]) }
  } catch (error) {
    if (isCrash(error)) throw error
    const summary = error instanceof Error ? `${error.name}: ${error.message}` : 'an unknown surprise'
    world.log.error({ why: summary, stack: error instanceof Error ? error.stack : undefined }, 'the job failed')
    return { outcome: 'failed', summary }
  } finally {
    over.abort()
  }
}

/** A crash of the simulation stands for the process's end, so nothing catches it. */
export class Crash extends Error {
  override name = 'Crash'
}
const isCrash = (error: unknown) => error instanceof Crash
