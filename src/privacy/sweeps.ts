/**
 * What is dropped by age, kind by kind: which rows come next, and what becomes of one. The walk over them is
 * in retain.ts.
 */
import { because, sentence } from '../base/reasons.ts'
import type { Retention } from '../base/retentionSettings.ts'
import { later, type Instant } from '../base/world.ts'
import { giveUpMs } from '../mail/mail.ts'
import { join, sql, type Reader, type Sql, type Tx } from '../db/db.ts'
import { dropBody, othersEvents } from '../webhooks/webhooks.ts'
import { blankInvoice } from './blank.ts'
import { forgetBuyer, heldForOrder } from './forgetOrder.ts'
import { factsOf, heldFor, type Held } from './held.ts'
import { mails } from '../mail/outbox.ts'

/** Where a walk is: rows come by time and id. */
export interface Place {
  at: Instant
  id: string
}

/** `stays`: it is too old, and something needs it still: looked at again the next night. */
export type Fate = 'dropped' | 'passed' | 'stays'

export interface Sweep {
  /** As the run's log and the walk's cursor name it. */
  name: string
  keptMs: number | undefined
  atOnce: number
  /** The next rows after `place` that are older than `before`. */
  next(reader: Reader, place: Place, before: Instant, limit: number): Promise<Place[]>
  /** What becomes of each, in an open transaction. */
  drop(tx: Tx, rows: readonly Place[], before: Instant): Promise<Fate[]>
}

const first = (all: readonly { at: string; id: unknown }[]): Place[] =>
  all.map(({ at, id }) => ({ at, id: String(id) }))
const number = ({ id }: Place): bigint => BigInt(id === '' ? 0 : id)

/** One after the other: each asks the database. */
const eachOf = async (rows: readonly Place[], fate: (row: Place) => Promise<Fate>): Promise<Fate[]> => {
  const fates: Fate[] = []
  for (const row of rows) fates.push(await fate(row))
  return fates
}

export const sweepsOf = (kept: Retention): Sweep[] => [
  {
    ...{ name: 'sessions', keptMs: kept.sessionsMs, atOnce: 500 },
    next: async (reader, { at, id }, before, limit) =>
      first(
        await reader.all(sql`
          select added_at as at, id from sessions where (added_at, id) > (${at}, ${id})
            and added_at < ${before} order by added_at, id limit ${limit}`),
      ),
    async drop(tx, rows) {
      await tx.run(sql`delete from sessions where id in (${join(rows.map(({ id }) => id))})`)
      return rows.map(() => 'dropped')
    },
  },
  {
    ...{ name: 'run logs', keptMs: kept.runLogsMs, atOnce: 50 },
    next: async (reader, { at, id }, before, limit) =>
      first(
        await reader.all(sql`
          select started_at as at, id from runs where (started_at, id) > (${at}, ${id})
            and started_at < ${before}
          order by started_at, id limit ${limit}`),
      ),
    drop: (tx, rows) =>
      eachOf(rows, async ({ id }) =>
        (await tx.run(sql`delete from run_lines where run_id = ${id}`)) > 0 ? 'dropped' : 'passed',
      ),
  },
  {
    ...{ name: 'events of others', keptMs: kept.othersMs, atOnce: 100 },
    next: async (reader, place, before, limit) =>
      first(
        await reader.all(sql`
          select received_at as at, id from inbox where id > ${number(place)} and about = ${othersEvents}
            and received_at < ${before}
          order by id limit ${limit}`),
      ),
    drop: (tx, rows) => eachOf(rows, row => dropEvent(tx, row)),
  },
  {
    ...{ name: 'events', keptMs: kept.eventsMs, atOnce: 100 },
    next: async (reader, { at, id }, before, limit) =>
      first(
        await reader.all(sql`
          select received_at as at, id from inbox where (received_at, id) > (${at}, ${number({ at, id })})
            and received_at < ${before}
          order by received_at, id limit ${limit}`),
      ),
    drop: (tx, rows) => eachOf(rows, row => dropEvent(tx, row)),
  },
  {
    ...{ name: 'statement lines', keptMs: kept.linesMs, atOnce: 500 },
    next: async (reader, { at, id }, before, limit) =>
      first(
        await reader.all(sql`
          select at, id from strangers where (at, id) > (${at}, ${id}) and at < ${before} order by at, id
            limit ${limit}`),
      ),
    drop: (tx, rows) =>
      eachOf(rows, async ({ id }) => {
        const there = await tx.one<{ state: string }>(sql`select state from strangers where id = ${id}`)
        if (there?.state !== 'ruled' && there?.state !== 'accepted') return 'stays'
        const blanked = await tx.run(sql`
          update strangers set description = '', source = '' where id = ${id} and (description <> ''
            or source <> '')`)
        return blanked > 0 ? 'dropped' : 'passed'
      }),
  },
  {
    // Who placed an order that nothing came for.
    ...{ name: 'buyers', keptMs: kept.buyersMs, atOnce: 50 },
    next: (reader, place, before, limit) => orders(reader, place, before, limit),
    drop: (tx, rows, before) =>
      eachOf(rows, async ({ id }) => {
        const order = (await tx.one<{
          state: string
          attention: string | null
          changed_at: Instant
          forgotten_at: Instant | null
        }>(sql`select state, attention, changed_at, forgotten_at from orders where id = ${id}`))!
        // What was paid is kept for longer, as payers are.
        if (order.state === 'paid' || order.forgotten_at !== null) return 'passed'
        if (order.changed_at >= before) return 'stays'
        const facts = await factsOf(tx, sql`i.order_id = ${id}`)
        if (facts.some(({ came }) => came === 1n)) return 'passed'
        if (heldForOrder({ ...order, state: order.state as 'expired' }, facts, await tx.now(), false).held)
          return 'stays'
        await forgetBuyer(tx, id, false)
        return 'dropped'
      }),
  },
  {
    ...{ name: 'buyers who paid', keptMs: kept.payersMs, atOnce: 50 },
    next: (reader, place, before, limit) => orders(reader, place, before, limit),
    drop: (tx, rows, before) =>
      eachOf(rows, async ({ id }) => {
        const order = (await tx.one<{ changed_at: Instant; forgotten_at: Instant | null }>(
          sql`select changed_at, forgotten_at from orders where id = ${id}`,
        ))!
        if (order.forgotten_at !== null) return 'passed'
        if (order.changed_at >= before) return 'stays'
        return (await forgetBuyer(tx, id, false)).forgotten === 'all' ? 'dropped' : 'stays'
      }),
  },
  {
    ...{ name: 'payers', keptMs: kept.payersMs, atOnce: 50 },
    next: async (reader, { at, id }, before, limit) =>
      first(
        await reader.all(sql`
          select added_at as at, id from invoices where (added_at, id) > (${at}, ${id})
            and added_at < ${before}
          order by added_at, id limit ${limit}`),
      ),
    drop: (tx, rows, before) =>
      eachOf(rows, async ({ id }) => {
        const [facts] = await factsOf(tx, sql`i.id = ${id}`)
        // Those of orders go with their buyer.
        if (facts!.order_id !== null || facts!.forgotten_at !== null) return 'passed'
        if (facts!.changed_at >= before) return 'stays'
        const held: Held | undefined = heldFor(facts!, await tx.now())
        if (held) return 'stays'
        await blankInvoice(tx, id)
        return 'dropped'
      }),
  },
  outbox('letters', sql`mails`, kept.mailMs, async (tx, id) => {
    const there = await tx.one<{ state: string; added_at: Instant }>(
      sql`select state, added_at from mails where id = ${id}`,
    )
    if (there?.state === 'queued' && !(await isGivenUp(tx, there.added_at))) return 'stays'
    if (there?.state === 'queued') {
      await mails.move(tx, { id, state: 'queued' }, 'failed', { why: neverSent }, [
        sql`why = ${sentence(neverSent)}`,
      ])
      return 'dropped'
    }
    return (await tx.run(sql`update mails set why = null where id = ${id} and why is not null`)) > 0
      ? 'dropped'
      : 'passed'
  }),
  outbox('letters to people of the console', sql`person_mails`, kept.mailMs, async (tx, id) => {
    const there = await tx.one<{ state: string; added_at: Instant }>(
      sql`select state, added_at from person_mails where id = ${id}`,
    )
    if (there?.state === 'queued' && !(await isGivenUp(tx, there.added_at))) return 'stays'
    return (await tx.run(sql`delete from person_mails where id = ${id}`)) > 0 ? 'dropped' : 'passed'
  }),
]

/**
 * A mail server that can be asked has been asked until then: what waits for longer waits for one that is not
 * set.
 */
const isGivenUp = async (tx: Tx, addedAt: Instant): Promise<boolean> =>
  later(addedAt, giveUpMs) < (await tx.now())
const neverSent = because('mail-never-sent')

const outbox = (
  name: string,
  table: Sql,
  keptMs: number | undefined,
  drop: (tx: Tx, id: string) => Promise<Fate>,
): Sweep => ({
  ...{ name, keptMs, atOnce: 500 },
  next: async (reader, { id }, before, limit) =>
    first(
      await reader.all(
        sql`select added_at as at, id from ${table} where id > ${id} and added_at < ${before} order by id
          limit ${limit}`,
      ),
    ),
  drop: (tx, rows) => eachOf(rows, row => drop(tx, row.id)),
})

const orders = async (reader: Reader, { at, id }: Place, before: Instant, limit: number): Promise<Place[]> =>
  first(
    await reader.all(sql`
      select added_at as at, id from orders where (added_at, id) > (${at}, ${id}) and added_at < ${before}
        order by added_at, id limit ${limit}`),
  )

async function dropEvent(tx: Tx, row: Place): Promise<Fate> {
  if (await dropBody(tx, number(row))) return 'dropped'
  const there = await tx.one<{ dropped_digest: string | null }>(
    sql`select dropped_digest from inbox where id = ${number(row)}`,
  )
  return there?.dropped_digest === null ? 'stays' : 'passed'
}

/** What is older than this goes. */
export const cutOf = (now: Instant, keptMs: number): Instant => later(now, -keptMs)
