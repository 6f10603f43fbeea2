/**
 * A worker that does one act for each line it is given, and stops itself as SIGSTOP does at the point it is
 * told.
 */
import { writeSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { seededRandom } from '../../src/base/clock.ts'
import type { Clock } from '../../src/base/world.ts'
import { openDb, type Db } from '../../src/db/db.ts'
import { issueDrafts, resolveUnsureInvoices } from '../../src/invoice/invoice.ts'
import { runDueSlots, type App } from '../../src/jobs/jobs.ts'
import { resolvePayouts, sendPayouts } from '../../src/payout/payout.ts'
import { openStallApp, stallClock, type Act, type StallOrder, type StallPlace } from './stalls.ts'

const acts: Record<Act, (app: App) => Promise<unknown>> = {
  issue: app => runDueSlots(app),
  async 'ask again'({ db, rails, world }) {
    await resolveUnsureInvoices(db, rails.starkbank!, world)
    return issueDrafts(db, rails.starkbank!, world)
  },
  pay: ({ db, rails, world }) => sendPayouts(db, rails.starkbank!, world),
  'pay once more': ({ db, rails, world }) => sendPayouts(db, rails.starkbank!, world),
  'pay again': ({ db, rails, world }) => resolvePayouts(db, rails.starkbank!, world),
}

const tell = (word: string) => void writeSync(1, `${word}\n`)

let kept: { database: string; db: Db } | undefined

/** For one order after another: on PostgreSQL to connect costs more than most acts. */
async function dbOf(place: StallPlace): Promise<Db> {
  if (kept?.database === place.database) return kept.db
  await kept?.db.close()
  const [clock, random] = [stallClock(place.clockFile), seededRandom(place.seed)]
  kept = { database: place.database, db: await openDb(place.database, { clock, random, virtual: true }) }
  return kept.db
}

async function obey({ place, act, stopAt }: StallOrder): Promise<void> {
  let stopped = false
  const stop = () => {
    if (stopped) return
    stopped = true
    tell('stopped')
    process.kill(process.pid, 'SIGSTOP')
  }
  const plain = stallClock(place.clockFile)
  let looks = 0
  const clock: Clock = {
    ...plain,
    uptimeMs() {
      // Others read the machine's uptime too: what is counted are the looks at a deadline.
      if (!/base\/deadline\.ts/.test(new Error().stack ?? '')) return plain.uptimeMs!()
      looks++
      const here = stopAt !== undefined && 'look' in stopAt && stopAt.look === looks ? stopAt.when : undefined
      if (here === 'before') stop()
      const shown = plain.uptimeMs!()
      if (here === 'after') stop()
      return shown
    },
  }
  const at = (name: string) => {
    if (stopAt !== undefined && 'point' in stopAt && stopAt.point === name) stop()
  }
  const app = await openStallApp(place, { clock, at, db: await dbOf(place) })
  try {
    await acts[act](app)
  } finally {
    await app.close()
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  try {
    await obey(JSON.parse(line) as StallOrder)
    tell('done')
  } catch (error) {
    tell(`failed: ${error instanceof Error ? error.stack : String(error)}`.replaceAll('\n', ' '))
  }
}
