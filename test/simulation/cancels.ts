/**
 * People who cancel bundles at odd moments: while one is planned, signed, sent, offered again, or in a block
 * already.
 */
import { BadInput } from '../../src/base/answer.ts'
import { sql, DbUnavailable } from '../../src/db/db.ts'
import type { RoomParts } from './room.ts'
import { cancelBitcoinBundle } from '../testbed/acts.ts'
import type { Visit } from './shoppers.ts'

/** In one seed of seven, where there is a chain. */
export const hasCancels = (seed: number): boolean => seed % 7 === 6

export interface Cancels {
  /** In the storm, and in the calm as well, when most of what was paid lies deep enough to be passed on. */
  step(): Promise<Visit[]>
  /** What was canceled is canceled, or was in a block before. */
  judge(): Promise<string[]>
  /** `atOnce`: nobody could have signed it; `spent`: its coins had to be spent to ourselves first. */
  figures: { atOnce: number; spent: number; refused: number }
}

/** In one story, or nothing would ever be paid. */
const most = 6

export function openCancels({ db, random, trace }: Pick<RoomParts, 'db' | 'random' | 'trace'>): Cancels {
  const figures = { atOnce: 0, spent: 0, refused: 0 }
  const canceled = new Set<string>()

  const cancel =
    (id: string): Visit['does'] =>
    async ({ db: own, world, rails, bitcoin }) => {
      try {
        const act = { by: 'ana', why: 'it pays the wrong month' }
        const { is } = await cancelBitcoinBundle(
          { db: own, world, rail: rails.bitcoin!, bitcoin: bitcoin! },
          id,
          act,
        )
        canceled.add(id)
        figures[is === 'canceled' ? 'atOnce' : 'spent'] += 1
        trace(`cancels: ${id} is ${is}`)
      } catch (error) {
        if (!(error instanceof BadInput) && !(error instanceof DbUnavailable)) throw error
        figures.refused += 1
        trace(`cancels: ${id} is not canceled: ${error.message}`)
      }
    }

  return {
    figures,
    async step() {
      if (figures.atOnce + figures.spent >= most || random.next() > 0.4) return []
      const all = await db.all<{ id: string; state: string }>(sql`select id, state from bundles order by id`)
      const mayBe = all.filter(
        ({ id, state }) => ['planned', 'signed', 'sent'].includes(state) && !canceled.has(id),
      )
      // Now and then one that cannot be canceled any more.
      const rows = random.next() < 0.1 ? all : mayBe
      if (rows.length === 0) return []
      const { id, state } = rows[random.between(0, rows.length - 1)]!
      trace(`cancels: ${id}, which is ${state}, is to be canceled`)
      return [{ twice: random.next() < 0.2, does: cancel(id) }]
    },
    async judge() {
      const rows = await db.all<{ id: string; state: string; ends: bigint }>(sql`
        select id, state, (select count(*) from transitions where subject = bundles.id
          and to_state = 'void') as ends from bundles order by id`)
      return rows.flatMap(({ id, state, ends }) => [
        ...(canceled.has(id) && state !== 'void' && state !== 'paid'
          ? [`${id} was canceled, and is ${state}`]
          : []),
        ...(ends > 1n ? [`${id} ended ${ends} times`] : []),
      ])
    },
  }
}
