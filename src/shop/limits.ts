/**
 * How much one buyer may ask for: codes by the hour and the day, items kept from others, letters to an
 * address that never paid. Counted in the database, so that it is one count for every process. Who asks is
 * kept as digests, and for two days.
 */
import { createHash } from 'node:crypto'
import { mailboxOf } from '../base/mailAddress.ts'
import { networkOf } from '../base/network.ts'
import type { Rate, ShopLimits } from '../base/shopSettings.ts'
import { later, type Instant } from '../base/world.ts'
import { forUpdate, join, sameAs, sql, type Db, type Tx } from '../db/db.ts'
import type { OrderRow } from './order.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs
/** Longer than any limit looks back. */
const memoryMs = 2 * dayMs

export type LimitedBy = 'email' | 'taxId' | 'address' | 'order'

export interface Asker {
  email: string
  taxId: string
  /** Where the request came from; undefined where nobody's request it is. */
  address?: string | undefined
  /** The order that is there already. */
  orderId?: string
}

export type LimitFault =
  /** So many codes were asked for already; from `at` on there may be one more. */
  | { is: 'too often'; by: LimitedBy; at: Instant }
  /** One order, or the unpaid orders of one buyer or from one address, may keep so many items from others. */
  | { is: 'holds too many'; of: 'order' | 'buyer' | 'address'; most: bigint }

/** Whose turn is held until the transaction ends; `subjects` by what limits them. */
export interface Turn {
  subjects: ReadonlyMap<LimitedBy, string>
  now: Instant
}

const subject = (kind: string, value: string) =>
  `${kind}:${createHash('sha256').update(`${kind}:${value}`).digest('base64url').slice(0, 32)}`

/**
 * Two who ask for the same wait for each other from here on, in whichever processes: always taken before
 * products are.
 */
export async function takeTurn(tx: Tx, { email, taxId, address, orderId }: Asker): Promise<Turn> {
  const subjects = new Map<LimitedBy, string>([
    ['email', subject('email', mailboxOf(email))],
    ['taxId', subject('taxId', taxId.replaceAll(/[^0-9A-Za-z]/g, '').toUpperCase())],
    ...(address === undefined ? [] : ([['address', subject('address', networkOf(address))]] as const)),
    ...(orderId === undefined ? [] : ([['order', subject('order', orderId)]] as const)),
  ])
  const now = await tx.now()
  // Always in the same order, so that two never wait for each other.
  for (const each of [...subjects.values()].toSorted())
    await tx.run(sql`
      insert into shop_askers (subject, asked_at) values (${each}, ${now})
      on conflict (subject) do update set asked_at = excluded.asked_at`)
  return { subjects, now }
}

/** Why nothing may be asked for now; the limit that takes longest comes first. */
export async function tooOften(
  tx: Tx,
  limits: ShopLimits,
  { subjects, now }: Turn,
): Promise<LimitFault | undefined> {
  const faults: (LimitFault & { is: 'too often' })[] = []
  for (const [by, each] of subjects) {
    const at = await freeAt(tx, each, limits[by], now)
    if (at !== undefined) faults.push({ is: 'too often', by, at })
  }
  return faults.toSorted((a, b) => (a.at < b.at ? 1 : -1))[0]
}

/**
 * When one more may be asked for; undefined where it may be now. What a clock that was ahead wrote down
 * counts for nothing.
 */
async function freeAt(tx: Tx, each: string, rate: Rate, now: Instant): Promise<Instant | undefined> {
  if (!rate) return undefined
  const rows = await tx.all<{ asked_at: Instant }>(sql`
    select asked_at from shop_asks where subject = ${each} and asked_at > ${later(now, -dayMs)}
      and asked_at <= ${now} order by asked_at desc limit ${rate.aDay}`)
  const after = (count: number, ms: number): Instant[] => {
    const oldest = rows[count - 1]?.asked_at
    const at = oldest === undefined ? undefined : later(oldest, ms)
    return at !== undefined && at > now ? [at] : []
  }
  return [...after(rate.anHour, hourMs), ...after(rate.aDay, dayMs)].toSorted().at(-1)
}

/**
 * Whether unpaid orders would keep too many items from others. `wanted`: of the one that is placed, or asked
 * for again.
 */
export async function holdsTooMany(
  tx: Tx,
  { held }: ShopLimits,
  { subjects }: Turn,
  wanted: bigint,
  orderId = '',
): Promise<LimitFault | undefined> {
  if (!held) return undefined
  if (wanted > held.anOrder) return { is: 'holds too many', of: 'order', most: held.anOrder }
  for (const [by, each] of subjects) {
    if (by === 'order') continue
    const row = await tx.one<{ items: bigint | null }>(sql`
      select cast(sum(l.quantity) as bigint) as items from orders o join order_lines l on l.order_id = o.id
      where o.state = 'awaiting' and o.id <> ${orderId} and o.id in (select order_id from shop_asks
        where subject = ${each})`)
    // Behind an address are others: who has no unpaid order is not told to pay theirs.
    if ((row?.items ?? 0n) + wanted > held.aBuyer)
      return { is: 'holds too many', of: by === 'address' ? 'address' : 'buyer', most: held.aBuyer }
  }
  return undefined
}

/** Counts what was asked for. */
export async function noteAsk(tx: Tx, { subjects, now }: Turn, orderId: string): Promise<void> {
  for (const each of subjects.values()) await note(tx, each, orderId, now)
}

const note = (tx: Tx, each: string, orderId: string, now: Instant) =>
  tx.run(
    sql`insert into shop_asks (subject, order_id, asked_at) values (${each}, ${orderId}, ${now})
      on conflict do nothing`,
  )

/**
 * Whether the buyer may be written to now: anyone may type an address that is not theirs, until something was
 * paid under it. Counts the letter.
 */
export async function mayWrite(
  tx: Tx,
  { letters }: ShopLimits,
  { id, email }: Pick<OrderRow, 'id' | 'email'>,
): Promise<boolean> {
  const paid = await tx.one<{ yes: bigint }>(
    sql`select 1 as yes from orders where email in (${sameAs('orders.email', email)}) and state = 'paid'
      limit 1`,
  )
  if (paid) return true
  const [each, now] = [subject('letter', mailboxOf(email)), await tx.now()]
  if ((await freeAt(tx, each, letters, now)) !== undefined) return false
  await note(tx, each, id, now)
  return true
}

/** Forgets who asked longer ago than any limit looks back. */
export async function forgetAskers(db: Db): Promise<void> {
  const before = await db.tx(async tx => later(await tx.now(), -memoryMs), 'locks')
  const old = await db.one<{ yes: bigint }>(
    sql`select 1 as yes from shop_askers where asked_at < ${before} limit 1`,
  )
  if (!old) return
  await db.tx(async tx => {
    // Held in one order first: who asks at this moment is left alone.
    const gone = await tx.all<{ subject: string }>(sql`
      select subject from shop_askers where asked_at < ${before} order by subject limit 200 ${forUpdate}`)
    if (gone.length > 0)
      await tx.run(sql`delete from shop_askers where subject in (${join(gone.map(row => row.subject))})`)
    await tx.run(sql`delete from shop_asks where asked_at < ${before}`)
  }, 'locks')
}
