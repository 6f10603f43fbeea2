/**
 * What a rail does in the day's jobs, in the shop and for schedules: one value per rail, which `rails.ts`
 * lists by name.
 */
import type { World } from '../base/world.ts'
import type { Db, Reader, Sql, Tx } from '../db/db.ts'
import type { Canceling, ChainTermsOf, Pricing } from '../invoice/invoice.ts'
import type { ScheduleRow } from '../schedule/schedule.ts'
import type { DaySettings, Job, OnRails } from './app.ts'
import type { JobResult } from './runner.ts'

/** A `App` is one, and so is who serves the shop. */
export interface FlowParts extends OnRails {
  db: Db
  world: World
}

/** Why nothing can be paid on a rail at the moment, where it is offered. */
export type NotNow = 'no rate' | 'not followed'

/** Which of a rail's schedules can be issued now, as a condition on their table, and what they ask for. */
export interface Claiming {
  which: Sql
  price: (schedule: ScheduleRow) => Pricing | undefined
}

export interface RailFlow {
  /** Whether this process runs on it. */
  isHere(parts: OnRails): boolean
  /** Its part of the day. */
  jobs(day: DaySettings): Job[]
  /**
   * Whether slots may be issued on it now: asked of its provider and the database, outside any transaction.
   */
  mayIssue(parts: FlowParts): Promise<boolean>
  /**
   * The same within the claim of a slot, with everything that is drafted in that transaction. Undefined where
   * nothing can be claimed.
   */
  claiming(tx: Tx, parts: FlowParts): Promise<Claiming | undefined>
  /** Asks for the drafts of a slot or an order, by its id. */
  issue(parts: FlowParts, batchTag: string): Promise<JobResult>
  /** Why the shop cannot be paid on it at the moment. */
  notNow(reader: Reader, parts: FlowParts): Promise<NotNow | undefined>
  /** What an amount comes to on it now; undefined where that cannot be said. */
  price(tx: Tx, parts: FlowParts, terms: ChainTermsOf): Promise<Pricing | undefined>
  /**
   * Whether its provider shows an invoice as paid that the books do not know of yet. Not there where payments
   * are watched by us.
   */
  isPaidThere?(parts: FlowParts, providerId: string): Promise<boolean>
  /** Takes back an invoice that nobody paid. Not there where what was asked for cannot be taken back. */
  cancel?(parts: FlowParts, id: string, act: { by: string; why: string }): Promise<Canceling>
  /** In the transaction that sets aside what a restored database does not know. */
  afterRestore?(tx: Tx): Promise<unknown>
}
