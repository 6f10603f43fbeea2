/** The one function that writes state columns: a move names where it comes from, and answers false if someone moved first. */
import { mayMove, type Machine, type StateOf } from '../base/machine.ts'
import type { Instant } from '../base/world.ts'
import { empty, join, sql, type Sql } from './sql.ts'
import type { Reader, Tx } from './contract.ts'

/** Why something moved: a short sentence, and the event, run or call behind it. */
export interface Cause {
  why: string
  ref?: string
}

type Table =
  | 'invoices'
  | 'invoice_twins'
  | 'invoice_refunds'
  | 'payouts'
  | 'attempts'
  | 'slots'
  | 'accounts'
  | 'schedules'
  | 'inbox'
  | 'coins'
  | 'bundles'
  | 'bundle_candidates'
  | 'products'
  | 'orders'
  | 'mails'
  | 'users'
  | 'proposals'

/** Moves one row of `table` along an arrow of `machine`, with `also` set in the same statement, and keeps the transition. */
export async function move<M extends Machine>(
  tx: Tx,
  table: Table,
  machine: M,
  id: string | bigint,
  from: StateOf<M>,
  to: StateOf<M>,
  cause: Cause,
  also: Sql[] = [],
): Promise<boolean> {
  if (!mayMove(machine, from, to)) throw new Error(`${table}: there is no arrow from ${from} to ${to}`)
  const name: Sql = { texts: [table], values: [] }
  const now = await tx.now()
  const set = also.length === 0 ? empty : sql`, ${join(also)}`
  const moved = await tx.run(sql`update ${name} set state = ${to}, changed_at = ${now}${set} where id = ${id} and state = ${from}`)
  if (moved === 0) return false
  await remember(tx, table, String(id), from, to, cause, now)
  return true
}

/** Keeps the first line of a history, written when a row is made. */
export async function remember(tx: Tx, table: Table, id: string, from: string, to: string, cause: Cause, now: Instant): Promise<void> {
  await tx.run(sql`
    insert into transitions (subject, about, from_state, to_state, at, why, ref)
    values (${id}, ${table}, ${from}, ${to}, ${now}, ${cause.why}, ${cause.ref ?? null})`)
}

export type Transition = { from_state: string; to_state: string; at: Instant; why: string; ref: string | null }

/** Every transition of one invoice, payout, attempt, slot, account, schedule or inbox row, oldest first. Ids of the others are prefixed, so a row's number is its own. */
export const history = (reader: Reader, id: string): Promise<Transition[]> =>
  reader.all<Transition>(sql`select from_state, to_state, at, why, ref from transitions where subject = ${id} order by seq`)
