/**
 * A desk on a real port of a simulated bank and a clock in a file: what a worker that is stopped, and the one
 * that works on, both have.
 */
import { seededRandom, sharedClock } from '../../src/base/clock.ts'
import { readClockFile } from '../../src/base/clockFile.ts'
import { silentLog } from '../../src/base/log.ts'
import type { Clock, World } from '../../src/base/world.ts'
import type { App } from '../../src/jobs/jobs.ts'
import { connectStarkbank } from '../../src/rails/starkbank/starkbank.ts'
import { openDb, type Db } from '../../src/db/db.ts'
import { makeInbox } from '../../src/webhooks/webhooks.ts'

export interface StallPlace {
  database: string
  bankUrl: string
  workspaceId: string
  projectId: string
  privateKeyPem: string
  clockFile: string
  seed: number
}

/**
 * What a worker is told to do, and where it stops itself: at a named point, or just before or after it looks
 * at its deadline for the nth time.
 */
export interface StallOrder {
  place: StallPlace
  act: Act
  stopAt: { point: string } | { look: number; when: 'before' | 'after' } | undefined
}
/** `pay again`: under the same key; `pay once more`: under the next one. */
export type Act = 'issue' | 'ask again' | 'pay' | 'pay again' | 'pay once more'

/**
 * `clock`: as this worker has it, which may stop it; `at` likewise. `db`: one that is open already, and stays
 * so.
 */
export async function openStallApp(
  place: StallPlace,
  over: { clock?: Clock; at?: World['at']; db?: Db } = {},
): Promise<App & { close(): Promise<void> }> {
  const clock = over.clock ?? stallClock(place.clockFile)
  const world: World = {
    clock,
    random: seededRandom(place.seed),
    log: silentLog,
    at: over.at ?? (() => undefined),
  }
  const db = over.db ?? (await openDb(place.database, { ...world, virtual: true }))
  const { projectId, workspaceId, privateKeyPem, bankUrl } = place
  const rail = connectStarkbank({
    environment: 'sandbox',
    projectId,
    workspaceId,
    privateKeyPem,
    apiUrl: bankUrl,
    ...world,
  })
  return {
    db,
    world,
    worker: `worker ${place.seed}`,
    rails: { starkbank: rail },
    inbox: makeInbox(db, world),
    terms: { transferFeeBy: 'receiver', transferFeeUnits: 0n },
    pollSeconds: 60,
    async close() {
      rail.close()
      if (!over.db) await db.close()
    },
  }
}

export const stallClock = (file: string): Clock => sharedClock(1_000, readClockFile(file))
