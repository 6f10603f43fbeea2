/**
 * People are forgotten at any moment, sooner than the rule would let them, and bodies of events are dropped
 * minutes after they were applied: no payout and no balance may depend on who somebody was.
 */
import { BadInput } from '../../src/base/answer.ts'
import type { Retention } from '../../src/base/retentionSettings.ts'
import { blankInvoice } from '../../src/privacy/blank.ts'
import { sql, DbUnavailable } from '../../src/db/db.ts'
import { hasReturns } from './returns.ts'
import type { RoomParts } from './room.ts'
import { forgetOrder } from '../testbed/acts.ts'

/**
 * In one seed of nineteen; not where what went back is judged by the bodies of the events that told of it.
 */
export const hasForgetting = (seed: number): boolean => seed % 19 === 9 && !hasReturns(seed)

const minute = 60_000

/** What no setting takes: it is by minutes, as the storms are. */
export const stormRetention: Retention = {
  ...{ othersMs: 0, eventsMs: 2 * minute, linesMs: minute, buyersMs: minute, payersMs: 5 * minute },
  ...{ mailMs: minute, sessionsMs: minute, runLogsMs: minute, everyMs: minute },
}

export interface Forgetting {
  step(): Promise<void>
  /** What is wrong once all is over. */
  judge(): Promise<string[]>
  figures: { forgottenPayers: number; forgottenBuyers: number }
}

export function openForgetting({
  db,
  world: common,
  random,
  trace,
}: Omit<RoomParts, 'bank' | 'clock'>): Forgetting {
  const world = { ...common, random }
  const figures = { forgottenPayers: 0, forgottenBuyers: 0 }

  async function trying(what: string, does: () => Promise<unknown>): Promise<boolean> {
    try {
      await does()
      trace(`forgetting: ${what}`)
      return true
    } catch (error) {
      if (!(error instanceof BadInput) && !(error instanceof DbUnavailable)) throw error
      trace(`forgetting: not ${what}: ${error.message.slice(0, 120)}`)
      return false
    }
  }
  const oneOf = async (where: ReturnType<typeof sql>): Promise<string | undefined> => {
    const rows = await db.all<{ id: string }>(where)
    return rows.length === 0 ? undefined : rows[random.between(0, rows.length - 1)]!.id
  }

  return {
    figures,
    async step() {
      if (random.next() < 0.1) {
        // Asked for and not paid yet, or paid and not passed on yet: the bank knows its payer, and nothing
        // here needs to.
        const id = await oneOf(sql`
          select id from invoices where forgotten_at is null and state not in ('draft', 'issuing', 'unsure')
            order by id`)
        if (id && (await trying(`the payer of ${id} is forgotten`, () => db.tx(tx => blankInvoice(tx, id)))))
          figures.forgottenPayers += 1
      }
      if (random.next() < 0.1) {
        const id = await oneOf(sql`select id from orders where email <> '' order by id`)
        const act = { by: 'ana', why: 'a storm', keptElsewhere: 'NF-e' }
        if (id)
          await trying(`the buyer of ${id} asks to be forgotten`, async () => {
            const { forgotten, again } = await forgetOrder(db, world, id, act)
            if (forgotten !== 'nothing' && !again) figures.forgottenBuyers += 1
          })
      }
    },
    async judge() {
      const named = await db.all<{ id: string }>(
        sql`select id from invoices where forgotten_at is not null and (payer_name <> ''
          or payer_tax_id <> '') order by id`,
      )
      const bodies = await db.all<{ event_id: string }>(sql`
        select e.event_id from inbox e join invoices i on i.id = e.about
        where i.forgotten_at is not null and e.dropped_digest is null and e.state in ('done', 'ignored')
          order by e.event_id`)
      return [
        ...named.map(({ id }) => `the payer of ${id} was forgotten, and is named again`),
        ...bodies.map(
          ({ event_id: id }) => `event ${id} is about somebody who was forgotten, and has its body`,
        ),
      ]
    },
  }
}
