/**
 * The scheduler: node-cron wakes each job of the timetable; a job still at work is not woken twice, and
 * one-process jobs hold a lease.
 */
import cron from 'node-cron'
import type { Log } from '../base/log.ts'
import { later } from '../base/world.ts'
import { sql, type Db } from '../db/db.ts'
import { believesTime } from './clock.ts'
import { noReason, run, type RunOutcome } from './runner.ts'
import type { App, Job } from './app.ts'
import { timetable } from './timetable.ts'

export interface Scheduler {
  /** Wakes nothing more and waits for what is at work. */
  stop(): Promise<void>
}

/** Who dies is followed within this; who lives says so this often. */
const leaseMs = 60_000
const beatMs = 15_000
const everySecond = '* * * * * *'

/** Runs one job now, if it is this process's turn, and its time is to be believed where that matters. */
export async function wake(app: App, job: Job): Promise<RunOutcome | 'idle' | 'not mine'> {
  if (job.byTime && !(await believesTime(app))) return 'idle'
  if (job.among === 'any') return run(app, job.name, job.limitMs, world => job.work(app, world))
  const fence = await takeLease(app.db, app.worker, job.name, leaseMs)
  if (fence === undefined) return 'not mine'
  const over = new AbortController()
  const beating = keepLease(app, job.name, fence, over.signal)
  try {
    return await run(app, job.name, job.limitMs, world => job.work(app, world))
  } finally {
    over.abort(noReason)
    await beating
    await app.db.tx(tx =>
      tx.run(sql`update leases set lease_until = '' where name = ${job.name} and fence = ${fence}`),
    )
  }
}

/**
 * The fence of a lease on `name`, or undefined while someone else holds it. One that ends later than any can
 * was made under another clock.
 */
async function takeLease(db: Db, holder: string, name: string, ms: number): Promise<bigint | undefined> {
  return db.tx(async tx => {
    const now = await tx.now()
    const row = await tx.one<{ fence: bigint }>(sql`
      insert into leases (name, holder, lease_until, fence) values (${name}, ${holder}, ${later(now, ms)}, 1)
      on conflict (name) do update
        set holder = excluded.holder, lease_until = excluded.lease_until, fence = leases.fence + 1
      where leases.lease_until <= ${now} or leases.lease_until > ${later(now, 2 * ms)} returning fence`)
    return row?.fence
  })
}

/** Holds on to a lease until `signal` aborts, or another has it. */
async function keepLease(
  { db, world }: App,
  name: string,
  fence: bigint,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    await world.clock.sleep(beatMs, signal)
    if (signal.aborted) return
    const held = await db
      .tx(async tx =>
        tx.run(
          sql`update leases set lease_until = ${later(await tx.now(), leaseMs)} where name = ${name}
            and fence = ${fence}`,
        ),
      )
      // A database that is gone for a moment is asked again at the next beat.
      .catch(() => 1)
    if (held === 0) return
  }
}

/** node-cron writes lines of its own to the console: into our log instead, where every line is JSON. */
export const cronLog = (log: Log) => ({
  info: (message: string) => log.info({ from: 'node-cron' }, message),
  warn: (message: string) => log.warn({ from: 'node-cron' }, message),
  error: (message: string | Error, error?: Error) =>
    log.error({ from: 'node-cron', why: error?.message }, textOf(message)),
  debug: (message: string | Error, error?: Error) =>
    log.debug({ from: 'node-cron', why: error?.message }, textOf(message)),
})

const textOf = (message: string | Error) => (typeof message === 'string' ? message : message.message)

/** Starts waking the timetable. Ends by `stop` alone. */
export function startScheduler(app: App): Scheduler {
  const options = { timezone: 'Etc/UTC', logger: cronLog(app.world.log) }
  // That a second was missed is no news: the next one does the same.
  const often = { ...options, suppressMissedWarning: true }
  const atWork = new Map<string, Promise<unknown>>()
  const start = (job: Job) => {
    if (atWork.has(job.name)) return
    const working = wake(app, job)
      .catch((error: unknown) =>
        app.world.log.error(
          { job: job.name, why: error instanceof Error ? error.message : 'unknown' },
          'a job could not run',
        ),
      )
      .finally(() => atWork.delete(job.name))
    atWork.set(job.name, working)
  }

  const jobs = timetable(app)
  // In one second of a hasty clock's machine its every job falls due.
  const hasty = app.world.clock.speed !== undefined
  const tasks = jobs.map(job => {
    if (typeof job.wakes === 'string') {
      const wakes = hasty ? everySecond : job.wakes
      return cron.schedule(wakes, () => start(job), wakes === everySecond ? often : options)
    }
    const everySeconds = hasty ? 1 : job.wakes.everySeconds
    let seconds = 0
    return cron.schedule(everySecond, () => void (++seconds % everySeconds === 0 && start(job)), often)
  })
  for (const job of jobs) if (job.atStart) start(job)
  // A node's word that something came saves the wait for the next look, and nothing else depends on it.
  const following = jobs.find(({ name }) => name === 'follow-chain')
  const deaf = following ? app.rails.bitcoin?.onHint(() => start(following)) : undefined

  return {
    async stop() {
      deaf?.()
      for (const task of tasks) await task.stop()
      await Promise.allSettled(atWork.values())
      for (const task of tasks) await task.destroy()
    },
  }
}
