/**
 * Long absences: every worker is gone for hours, while slots fall due, payers pay and the bank tells of it in
 * vain.
 */
import type { Millis, Random } from '../../src/base/world.ts'
import { heldSlots, maxCaughtUp } from '../../src/schedule/schedule.ts'
import { sql, type Db } from '../../src/db/db.ts'
import { decideCatchUp } from '../testbed/acts.ts'

/** In one seed of twenty-three; without a chain or a shop, whose stories would be over meanwhile. */
export const hasAbsence = (seed: number): boolean => seed % 23 === 9 && seed % 5 !== 0

export interface Absence {
  /** From the beginning of the story, and for how long. */
  afterMs: Millis
  forMs: Millis
  /** A person lets go of what is held; answers how many slots were. */
  attend(): Promise<void>
  /** Slots that were run long after they fell due, and that nobody was asked about. */
  judge(): Promise<string[]>
}

const minute = 60_000
const longMs = 30 * minute

/** A person lets go of every catch-up that is held; answers how many slots there were. */
export async function letGoHeld(db: Db, trace: (line: string) => void): Promise<number> {
  let letGo = 0
  for (const { id, name } of await db.all<{ id: string; name: string }>(
    sql`select id, name from schedules order by id`,
  )) {
    const { count } = await heldSlots(db, id)
    if (count === 0) continue
    letGo += await decideCatchUp(db, id, 'go', 'operator', 'they are wanted')
    trace(`${count} late slots of ${name} are let go`)
  }
  return letGo
}

export function drawAbsence(random: Random): Pick<Absence, 'afterMs' | 'forMs'> {
  return { afterMs: random.between(3, 8) * minute, forMs: random.between(110, 170) * minute }
}

export function openAbsence(
  db: Db,
  drawn: Pick<Absence, 'afterMs' | 'forMs'>,
  trace: (line: string) => void,
): Absence {
  let letGo = 0
  return {
    ...drawn,
    async attend() {
      letGo += await letGoHeld(db, trace)
    },
    async judge() {
      const rows = await db.all<{ due_at: string; started_at: string }>(sql`
        select s.due_at, min(r.started_at) as started_at from slots s join runs r on r.slot_id = s.id
        where s.cause = 'cron' group by s.id, s.due_at`)
      const late = rows.filter(
        ({ due_at: due, started_at: started }) => Date.parse(started) - Date.parse(due) > longMs,
      ).length
      return late > maxCaughtUp && letGo === 0
        ? [`${late} slots were run long after they fell due, and nobody was asked`]
        : []
    },
  }
}
