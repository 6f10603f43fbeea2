/**
 * The one function that writes state columns: a move names where it comes from, and answers false if someone
 * moved first.
 */
import { mayMove, type Machine, type StateOf } from '../base/machine.ts'
import { Reason, type KeptReason } from '../base/reasons.ts'
import type { Instant } from '../base/world.ts'
import { empty, join, sql, type Sql } from './sql.ts'
import type { Reader, Tx } from './contract.ts'

/** A reason, or words that are none of ours. */
export type Why = Reason

/** Why something moved, and the event, run or call behind it. */
export interface Cause {
  why: Why
  ref?: string
  /**
   * A step of a retry, which may come as often as the clock ticks: since the last step that was none, each is
   * written once, with how often it came and why the last time.
   */
  again?: true
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
  | 'person_mails'
  | 'anchor_mails'
  | 'users'
  | 'proposals'
  | 'strangers'
  | 'external_rules'

/** A row as a move needs it: it moves only where it is still in that state. */
export interface Movable<State extends string> {
  readonly id: string | bigint
  readonly state: State
}

/** Where a row in one of these states may go. */
type Next<M extends Machine, From extends string> = M[Extract<From, StateOf<M>>][number]

/** A table and the machine of its `state` column. */
export interface StateTable<M extends Machine> {
  readonly name: Table
  /**
   * Moves a row along an arrow, with `set` in the same statement, and keeps the transition. Answers false,
   * and does nothing, where someone moved it first.
   */
  move<From extends string>(
    tx: Tx,
    row: Movable<From>,
    to: Next<M, From>,
    cause: Cause,
    set?: readonly Sql[],
  ): Promise<boolean>
}

/** Binds a table to its machine. A room names its tables beside its states. */
export const stateTable = <M extends Machine>(name: Table, machine: M): StateTable<M> => ({
  name,
  async move(tx, { id, state: from }, to, cause, set = []) {
    if (!mayMove(machine, from, to)) throw new Error(`${name}: there is no arrow from ${from} to ${to}`)
    const table: Sql = { texts: [name], values: [] }
    const now = await tx.now()
    const also = set.length === 0 ? empty : sql`, ${join([...set])}`
    const moved = await tx.run(
      sql`update ${table} set state = ${to}, changed_at = ${now}${also} where id = ${id} and state = ${from}`,
    )
    if (moved === 0) return false
    await remember(tx, name, String(id), from, to, cause, now)
    return true
  },
})

/** A `why` and the columns `reason` and `detail` beside it, in this order. */
export const valuesOf = (why: Why | null): Sql =>
  why instanceof Reason
    ? sql`${why.toString()}, ${why.code}, ${why.detail === undefined ? null : JSON.stringify(why.detail)}`
    : sql`${why}, ${null}, ${null}`

/** Whether a row says just this. */
export const says = (row: KeptReason | undefined, why: Reason): boolean =>
  row?.reason === why.code && row.detail === (why.detail === undefined ? null : JSON.stringify(why.detail))

/** Sets them together, so that a row never says one thing and means another. */
export const setWhy = (why: Why | null): Sql =>
  why instanceof Reason
    ? sql`why = ${why.toString()}, reason = ${why.code},
      detail = ${why.detail === undefined ? null : JSON.stringify(why.detail)}`
    : sql`why = ${why}, reason = null, detail = null`

/**
 * Keeps one line of a history; a row that is made has its first. A retry that is there already is counted.
 */
export async function remember(
  tx: Tx,
  table: Table,
  id: string,
  from: string,
  to: string,
  cause: Cause,
  now: Instant,
): Promise<void> {
  if (cause.again && (await count(tx, table, id, from, to, cause, now))) return
  await tx.run(sql`
    insert into transitions (subject, about, from_state, to_state, at, why, reason, detail, ref, again)
    values (${id}, ${table}, ${from}, ${to}, ${now}, ${valuesOf(cause.why)}, ${cause.ref ?? null},
      ${cause.again ? 1 : 0})`)
}

/**
 * History is append-only, so what comes again is counted beside the line it repeats. False where there is
 * none.
 */
async function count(
  tx: Tx,
  table: Table,
  id: string,
  from: string,
  to: string,
  { why, ref }: Cause,
  now: Instant,
): Promise<boolean> {
  const first = await tx.one<{ seq: bigint }>(sql`
    select max(seq) as seq from transitions
    where subject = ${id} and about = ${table} and again = 1 and from_state = ${from} and to_state = ${to}
      and seq > coalesce((select max(seq) from transitions where subject = ${id} and about = ${table}
        and again = 0), 0)
    having max(seq) is not null`)
  if (!first) return false
  await tx.run(sql`
    insert into transition_repeats (seq, times, last_at, last_why, last_reason, last_detail, last_ref)
      values (${first.seq}, 2, ${now}, ${valuesOf(why)}, ${ref ?? null})
    on conflict (seq) do update
      set times = transition_repeats.times + 1, last_at = excluded.last_at, last_why = excluded.last_why,
      last_reason = excluded.last_reason, last_detail = excluded.last_detail, last_ref = excluded.last_ref`)
  return true
}

export type Transition = KeptReason & {
  from_state: string
  to_state: string
  at: Instant
  why: string
  ref: string | null
  /** Of a step that came more than once: how often, when the last time, and why then. */
  times?: bigint | null
  last_at?: Instant | null
  last_why?: string | null
  last_reason?: string | null
  last_detail?: string | null
}

/**
 * Every transition of one invoice, payout, attempt, slot, account, schedule or inbox row, oldest first. Ids
 * of the others are prefixed, so a row's number is its own.
 */
export const history = (reader: Reader, id: string): Promise<Transition[]> =>
  reader.all<Transition>(sql`
    select t.from_state, t.to_state, t.at, t.why, t.reason, t.detail, t.ref, r.times, r.last_at, r.last_why,
      r.last_reason, r.last_detail
    from transitions t left join transition_repeats r on r.seq = t.seq where t.subject = ${id}
      order by t.seq`)
