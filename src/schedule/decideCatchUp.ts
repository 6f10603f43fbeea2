/** What a person decides about a catch-up that is held. */
import { because } from '../base/reasons.ts'
import { audit } from '../ledger/ledger.ts'
import { remember, sql, type Db } from '../db/db.ts'
import { answering, type ScheduleRefusal } from './refusals.ts'
import { needSchedule } from './schedules.ts'
import { setHeld, slots } from './slots.ts'

/**
 * A person's word on the slots that are held: `go` lets them run, `skip` keeps them as missed. `count` is 0
 * where none is held.
 */
export const decideCatchUp = (
  db: Db,
  name: string,
  to: 'go' | 'skip',
  by: string,
  why: string,
): Promise<{ is: 'decided'; count: number } | ScheduleRefusal> =>
  answering(() =>
    db.tx(async tx => {
      const schedule = await needSchedule(tx, name)
      const held = await tx.all<{ id: string }>(
        sql`select id from slots where schedule_id = ${schedule.id} and state = 'due' and held is not null
          order by due_at, id`,
      )
      if (held.length === 0) return { is: 'decided', count: 0 } as const
      const now = await tx.now()
      const cause = { why: because('said-by', { by, said: why }) }
      for (const { id } of held)
        if (to === 'skip') await slots.move(tx, { id, state: 'due' }, 'missed', cause, [setHeld(null)])
        else {
          await tx.run(sql`update slots set ${setHeld(null)}, next_at = ${now} where id = ${id}`)
          await remember(tx, 'slots', id, 'due', 'due', cause, now)
        }
      const detail = { name: schedule.name, slots: `${held.length}`, why }
      await audit(tx, {
        actor: by,
        act: to === 'go' ? 'catch-up let go' : 'catch-up skipped',
        subject: schedule.id,
        detail,
      })
      return { is: 'decided', count: held.length } as const
    }),
  )
