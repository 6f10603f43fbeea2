/**
 * Issuing: drafts are claimed, the provider is asked outside any transaction, and what it answered is written
 * down.
 */
import { because } from '../../base/reasons.ts'
import { refused, type Answer } from '../../base/answer.ts'
import { parseDiscounts, usualExpiresInMs } from '../../base/payTerms.ts'
import { deadlineIn, type Deadline } from '../../base/deadline.ts'
import { later, millis, type Instant, type World } from '../../base/world.ts'
import { bankMayBeAsked } from '../../ledger/ledger.ts'
import { absenceMs, callMs, type InvoiceOrder, type ProviderInvoice, type Rail } from '../../rails/rail.ts'
import { forUpdate, skipLocked, sql, type Db, type Tx } from '../../db/db.ts'
import { takeAsIssued } from './issued.ts'
import type { InvoiceRow } from '../row.ts'
import { takeTwins } from './twins.ts'
import { putOffDrafts } from '../unreadable.ts'
import { invoices } from '../tables.ts'

/** The bank takes at most this many in one call. */
const batchSize = 100
const againMs = 30_000
const tooLate = refused('too late to ask for it: this worker stalled after claiming it', true)

/**
 * An order's code is over when its time is; who said yes in the last seconds is still let through, for a Pix
 * may take that long.
 */
export const orderGraceSeconds = 60

export type Issued = Record<'issued' | 'unsure' | 'refused' | 'later', number>

/**
 * Issues every draft that is due (of one slot or order, if named), a hundred a call. Answers how each ended.
 */
export async function issueDrafts(db: Db, rail: Rail, world: World, batchTag?: string): Promise<Issued> {
  const outcome: Issued = { issued: 0, unsure: 0, refused: 0, later: 0 }
  for (;;) {
    if (!(await bankMayBeAsked(db, rail, world))) return outcome
    // From before the claim: another worker counts from the claim itself, so its count always ends later.
    const deadline = deadlineIn(callMs, world.clock)
    const orders = await claimDrafts(db, rail, batchTag)
    if (orders.length === 0) return outcome
    await world.at('invoices claimed')
    await askFor(db, rail, world, orders, outcome, deadline)
    if (outcome.later > 0) return outcome
  }
}

/**
 * An order and the claim it was made under: what another worker has claimed since is not ours to write about.
 */
type Claimed = InvoiceOrder & { askedAt: Instant }

async function claimDrafts(db: Db, rail: Rail, batchTag: string | undefined): Promise<Claimed[]> {
  return db.tx(async tx => {
    const now = await tx.now()
    const only = batchTag === undefined ? sql`` : sql`and batch_tag = ${batchTag}`
    const rows = await tx.all<InvoiceRow>(sql`
      select * from invoices where state = 'draft' and rail = ${rail.name} and next_at <= ${now} ${only}
      order by batch_tag, ordinal limit ${batchSize} ${skipLocked}`)
    const claimed: Claimed[] = []
    for (const row of await putOffDrafts(tx, rows)) {
      const dueAt = stillDue(row, now)
      const also = [
        sql`asked_at = ${now}`,
        sql`next_at = ${later(now, absenceMs)}`,
        sql`absences = 0`,
        sql`due_at = ${dueAt}`,
      ]
      if (
        await invoices.move(
          tx,
          { id: row.id, state: 'draft' },
          'issuing',
          { why: because('about-to-ask-bank'), again: true },
          also,
        )
      )
        claimed.push({ ...orderOf({ ...row, due_at: dueAt }, now), askedAt: now })
    }
    return claimed
  }, 'locks')
}

/**
 * Of a slot's invoice that waited for the bank until it would have been due: as long from now as it was meant
 * to have. No bank takes one of the past.
 */
const stillDue = ({ slot_id: slot, due_at: dueAt, added_at: addedAt }: InvoiceRow, now: Instant): Instant =>
  slot === null || dueAt > now ? dueAt : later(now, millis(dueAt) - millis(addedAt))

const orderOf = (row: InvoiceRow, now: Instant): InvoiceOrder => ({
  id: row.id,
  units: row.units,
  payerName: row.payer_name,
  payerTaxId: row.payer_tax_id,
  description: row.description,
  dueAt: row.due_at,
  graceSeconds:
    row.order_id === null
      ? Math.floor(Number(row.expires_in_ms ?? usualExpiresInMs) / 1_000)
      : orderGraceSeconds,
  fineBp: row.fine_bp ?? 0n,
  interestBp: row.interest_bp ?? 0n,
  // The bank refuses one that is over already, as when a draft had to wait.
  discounts: (parseDiscounts(row.discounts) ?? [])
    .map(({ basisPoints, beforeMs }) => ({ basisPoints, until: later(row.due_at, -beforeMs) }))
    .filter(({ until }) => until > now),
  batchTag: row.batch_tag,
})

async function askFor(
  db: Db,
  rail: Rail,
  world: World,
  orders: Claimed[],
  outcome: Issued,
  deadline: Deadline,
): Promise<void> {
  const answer = deadline.leftMs() > 0 ? await rail.issue(orders.map(withoutClaim), deadline) : tooLate
  await world.at('invoices asked for')

  // One bad element refuses the whole call and nothing happened, so the halves are asked for apart until the
  // bad one stands alone.
  if (answer.is === 'refused' && !answer.again && orders.length > 1) {
    const middle = orders.length >> 1
    await askFor(db, rail, world, orders.slice(0, middle), outcome, deadline)
    await askFor(db, rail, world, orders.slice(middle), outcome, deadline)
    return
  }

  const second = await db.tx(async tx => {
    const made: ProviderInvoice[] = []
    for (const order of orders) {
      const unknown = await record(tx, order, answer)
      if (unknown) made.push(unknown)
    }
    return made
  }, 'locks')
  // This call was thought dead, and another's invoice is in the books: at the bank this one is a second one,
  // and nobody has seen it yet.
  for (const [tag, alike] of Map.groupBy(second, made => orders.find(({ id }) => id === made.tag)!.batchTag))
    await takeTwins({ db, rail, world }, tag, alike)
  const how =
    answer.is === 'done' ? 'issued' : answer.is === 'unsure' ? 'unsure' : answer.again ? 'later' : 'refused'
  outcome[how] += orders.length
  world.log[answer.is === 'done' ? 'info' : 'warn'](
    {
      count: orders.length,
      batch: orders[0]?.batchTag,
      ...(answer.is === 'done' ? {} : { why: answer.why }),
    },
    `invoices ${how}`,
  )
}

const withoutClaim = ({ askedAt: _, ...order }: Claimed): InvoiceOrder => order

/** Answers what the bank made where the books know it by another. */
async function record(
  tx: Tx,
  order: Claimed,
  answer: Answer<ProviderInvoice[]>,
): Promise<ProviderInvoice | undefined> {
  const now = await tx.now()
  // What was made is true whoever asked for it. Everything else is said about this claim, and another worker
  // may hold a later one.
  if (answer.is !== 'done' && !(await isStillOurs(tx, order))) return undefined
  switch (answer.is) {
    case 'done': {
      const made = answer.value.find(invoice => invoice.tag === order.id)
      if (made) {
        const isOurs = await takeAsIssued(tx, order.id, made, {
          why: because('bank-issued'),
          ref: made.providerId,
        })
        return isOurs ? undefined : made
      }
      await invoices.move(
        tx,
        { id: order.id, state: 'issuing' },
        'unsure',
        { why: because('bank-left-it-out'), again: true },
        [sql`next_at = ${later(now, absenceMs)}`],
      )
      return undefined
    }
    // No answer came, so it may have been issued: resolve asks by tag before anyone asks for it again.
    case 'unsure':
      await invoices.move(
        tx,
        { id: order.id, state: 'issuing' },
        'unsure',
        { why: because('said', { said: answer.why }), again: true },
        [sql`next_at = ${later(now, absenceMs)}`],
      )
      return undefined
    case 'refused':
      if (answer.again) {
        const nextAt = later(now, Math.max(answer.afterMs ?? 0, againMs))
        await invoices.move(
          tx,
          { id: order.id, state: 'issuing' },
          'draft',
          { why: because('said', { said: answer.why }), again: true },
          [sql`next_at = ${nextAt}`],
        )
      } else
        await invoices.move(tx, { id: order.id, state: 'issuing' }, 'refused', {
          why: because('said', { said: answer.why }),
        })
      return undefined
  }
}

const isStillOurs = async (tx: Tx, { id, askedAt }: Claimed): Promise<boolean> =>
  (await tx.one(
    sql`select 1 as yes from invoices where id = ${id} and state = 'issuing'
      and asked_at = ${askedAt} ${forUpdate}`,
  )) !== undefined
