/**
 * An installation of the bench: a database in a folder of its own, the real rail over a fake bank, and a
 * clock that can be set.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock, systemRandom } from '../src/base/clock.ts'
import { silentLog } from '../src/base/log.ts'
import type { World } from '../src/base/world.ts'
import { type NewSchedule } from '../src/schedule/schedule.ts'
import type { Rail } from '../src/rails/rail.ts'
import { starkbankRail } from '../src/rails/starkbank/starkbank.ts'
import { migrate } from '../src/db/migrate.ts'
import { openDb, type Db } from '../src/db/db.ts'
import { workspaceId } from './events.ts'
import type { FakeBank } from './fakeBank.ts'
import { openTrialAccount } from '../test/testbed/trial.ts'
import { addSchedule } from '../test/testbed/acts.ts'

export interface App {
  db: Db
  rail: Rail
  world: World
  /** How far the installation’s clock is ahead of the machine's. */
  ahead: { ms: number }
  close(): Promise<void>
}

export const trial: NewSchedule = {
  name: 'trial',
  rail: 'starkbank',
  cron: '0 */3 * * *',
  timeZone: 'America/Sao_Paulo',
  startsAt: undefined,
  endsAt: undefined,
  countLow: 8,
  countHigh: 12,
  unitsLow: 2_000n,
  unitsHigh: 100_000n,
  roster: undefined,
  dueInMs: 172_800_000,
  payTo: 'main',
  commissionBp: 150n,
  minPayoutUnits: 100n,
  catchUp: 'all',
}

/** With account "main", approved, and one schedule of `rule`. */
export async function openApp(bank: FakeBank, rule: NewSchedule = trial): Promise<App> {
  const folder = mkdtempSync(join(tmpdir(), 'repasse-bench-'))
  const ahead = { ms: 0 }
  const world: World = {
    clock: { ...systemClock, now: () => systemClock.now() + ahead.ms },
    random: systemRandom,
    log: silentLog,
    at: () => undefined,
  }
  const db = await openDb(`sqlite:${join(folder, 'repasse.db')}`, world)
  await migrate(db, world.clock)
  await openTrialAccount(db, world)
  await addSchedule(db, world, rule, 'maker')
  const rail = starkbankRail({ bank, workspaceId, ...world })
  return {
    db,
    rail,
    world,
    ahead,
    async close() {
      await db.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Seconds that `work` took, and its answer. */
export async function timed<T>(work: () => Promise<T>): Promise<[seconds: number, answer: T]> {
  const startedAt = performance.now()
  const answer = await work()
  return [(performance.now() - startedAt) / 1_000, answer]
}
