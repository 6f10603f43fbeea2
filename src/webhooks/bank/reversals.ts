/**
 * Money that goes back to a payer: the bank's log of the invoice is read, and books, payout and refund follow
 * what it says.
 */
import { type Reason, because, sentence } from '../../base/reasons.ts'
import { type World, later } from '../../base/world.ts'
import {
  fateOf,
  followRefund,
  liveRefund,
  reversalLogs,
  saidIn,
  type Fate,
  type InvoiceRow,
} from '../../invoice/invoice.ts'
import { brl, formatReais } from '../../base/money.ts'
import { clearBooked, post } from '../../ledger/ledger.ts'
import {
  hasFailedRefund,
  holdWhileGoingBack,
  keepForPerson,
  letGoOn,
  noteLogRead,
  reversalOf,
  rightSize,
  unlistedInvoices,
  type ReversalRow,
  type Sized,
} from '../../payout/payout.ts'
import type { InvoiceLog, Rail } from '../../rails/rail.ts'
import {
  eachApart,
  forUpdate,
  sql,
  throwFirst,
  type Cause,
  type Reader,
  type Db,
  type Tx,
} from '../../db/db.ts'
import type { Outcome } from '../apply.ts'
import { invoices } from '../../invoice/tables.ts'

/**
 * How soon the bank's log is read again while money may be going back, or after the bank could not be asked.
 */
const againMs = 5 * 60_000
const soonMs = 60_000

const lockReversal = async (tx: Tx, invoiceId: string): Promise<ReversalRow> => {
  await tx.run(
    sql`insert into invoice_reversals (invoice_id) values (${invoiceId}) on conflict (invoice_id) do nothing`,
  )
  await tx.one(sql`select invoice_id from invoice_reversals where invoice_id = ${invoiceId} ${forUpdate}`)
  return (await reversalOf(tx, invoiceId))!
}

/**
 * Money of an invoice whose credit has not come yet may be going back: its payout will wait from the first
 * moment on.
 */
export async function noteReversal(tx: Tx, invoiceId: string): Promise<void> {
  await lockReversal(tx, invoiceId)
  await tx.run(sql`
    update invoice_reversals set under_way_since = coalesce(under_way_since, ${await tx.now()})
      where invoice_id = ${invoiceId}`)
}

export const mayBeGoingBackOf = async (reader: Reader, invoiceId: string): Promise<boolean> =>
  (await reversalOf(reader, invoiceId))?.under_way_since != null

/**
 * Money of a credited invoice may be going back from now on: its payout waits, and the bank's log is read
 * until it says what became of it.
 */
export async function beginReversal(tx: Tx, invoiceId: string, cause: Cause): Promise<void> {
  await lockReversal(tx, invoiceId)
  const now = await tx.now()
  await tx.run(sql`
    update invoice_reversals
      set under_way_since = coalesce(under_way_since, ${now}), next_at = ${later(now, againMs)}
        where invoice_id = ${invoiceId}`)
  await holdWhileGoingBack(tx, invoiceId, cause)
}

const says: Record<Sized, Reason> = {
  owed: because('reversed-owed'),
  'nothing left': because('reversed-nothing-left'),
  settled: because('reversed-settled'),
  owes: because('reversed-owes'),
  'in flight': because('reversed-in-flight'),
}

/**
 * Brings books, payout and refund to what the bank's log of a credited invoice says. What was read before
 * that is left alone.
 */
export async function settleReversal(
  tx: Tx,
  world: World,
  id: string,
  logs: readonly InvoiceLog[],
  cause: Cause,
): Promise<Outcome> {
  const row = (await tx.one<InvoiceRow>(sql`select * from invoices where id = ${id} ${forUpdate}`))!
  if (row.state !== 'credited' && row.state !== 'reversed')
    return { is: 'again', why: because('credit-not-come', { state: row.state }) }
  const before = await lockReversal(tx, id)
  if (BigInt(logs.length) < before.logs_seen) return { is: 'done', why: because('more-known-before') }

  return bringToFate(
    tx,
    world,
    row,
    before,
    { fate: fateOf(row.paid_units ?? 0n, logs, saidIn(before)), logsSeen: logs.length },
    cause,
  )
}

/**
 * The statement shows that `left` cents of a credited invoice went, and the books do not: what the bank's log
 * says counts, and where it says nothing of them, or was not read, the payout is held all the same.
 */
export async function settleShown(
  tx: Tx,
  world: World,
  id: string,
  { logs, left }: { logs: readonly InvoiceLog[] | undefined; left: bigint },
  cause: Cause,
): Promise<void> {
  const before = await lockReversal(tx, id)
  const isKnown =
    logs === undefined || (before.holds_payout === 1n && BigInt(logs.length) <= before.logs_seen)
  if (!isKnown) await settleReversal(tx, world, id, logs, cause)
  const { returned_units: returned } = (await reversalOf(tx, id))!
  if (left > 0n && returned - before.returned_units < left) await holdWhileGoingBack(tx, id, cause)
}

/**
 * Two people say how a reversal ended of which the bank does not say so. What is in its log by now says no
 * more about it, and their word stands: what comes into the log later is counted on from it.
 */
export async function endReversal(
  tx: Tx,
  world: World,
  id: string,
  { returned, logCount }: { returned: bigint; logCount: number },
  cause: Cause,
): Promise<Outcome> {
  const row = (await tx.one<InvoiceRow>(sql`select * from invoices where id = ${id} ${forUpdate}`))!
  const before = await lockReversal(tx, id)
  const logs = Math.max(logCount, Number(before.logs_seen))
  await tx.run(
    sql`update invoice_reversals set said_units = ${returned}, said_logs = ${BigInt(logs)}
      where invoice_id = ${id}`,
  )
  const fate: Fate = { ...fateOf(row.paid_units ?? 0n, [], { returned, logs }), failedAt: await tx.now() }
  return bringToFate(tx, world, row, before, { fate, logsSeen: Math.max(logs, 1) }, cause)
}

async function bringToFate(
  tx: Tx,
  world: World,
  row: InvoiceRow,
  before: ReversalRow,
  { fate, logsSeen }: { fate: Fate; logsSeen: number },
  cause: Cause,
): Promise<Outcome> {
  const { id } = row
  const returned = (row.paid_units ?? 0n) - fate.left
  await book(tx, world, row, before, returned, cause)
  await followRefund(tx, id, fate, cause)
  const underWay = fate.underWay || (await liveRefund(tx, id)) !== undefined
  const now = await tx.now()
  await tx.run(sql`
    update invoice_reversals
      set logs_seen = ${BigInt(logsSeen)},
        under_way_since = ${underWay ? (before.under_way_since ?? now) : null},
      next_at = ${underWay ? later(now, againMs) : null} where invoice_id = ${id}`)

  if (fate.left === 0n && row.state === 'credited')
    await invoices.move(tx, { id, state: 'credited' }, 'reversed', cause)
  if (fate.left > 0n && row.state === 'reversed')
    await invoices.move(tx, { id, state: 'reversed' }, 'credited', cause)
  const sized = await rightSize(tx, world, id, cause)
  if (underWay) await holdWhileGoingBack(tx, id, cause)
  else if (before.under_way_since !== null && (await hasFailedRefund(tx, id, before.under_way_since)))
    await keepForPerson(tx, id, cause)
  else await letGoOn(tx, id, cause)
  if (returned !== before.returned_units)
    return {
      is: 'done',
      why: returned > before.returned_units ? says[sized] : because('money-here-again'),
    }
  return {
    is: 'done',
    why: because(underWay ? 'maybe-going-back' : 'nothing-more-back'),
  }
}

/**
 * What went back is booked by its total, so that telling it twice books it once; what came again is another
 * matter each time.
 */
async function book(
  tx: Tx,
  world: World,
  row: InvoiceRow,
  before: ReversalRow,
  returned: bigint,
  cause: Cause,
): Promise<void> {
  const more = returned - before.returned_units
  if (more === 0n) return
  const undone = more < 0n ? before.undone + 1n : before.undone
  const source = `${row.id}/${returned}${undone === 0n ? '' : `#${undone}`}`
  const amount = brl(more < 0n ? -more : more)
  const movement = more < 0n ? 'invoice reversal undone' : 'invoice reversed'
  await post(tx, world, { movement, source, amount, invoiceId: row.id, memo: sentence(cause.why) })
  await clearBooked(tx, world, row.provider_id, [-more], sentence(cause.why))
  await tx.run(
    sql`update invoice_reversals set returned_units = ${returned}, undone = ${undone}
      where invoice_id = ${row.id}`,
  )
  world.log.warn(
    { invoice: row.id, units: formatReais(returned), ref: cause.ref },
    'money of an invoice went back to its payer',
  )
}

/**
 * After a restore or an absence where the bank does not list what went back meanwhile: reads the log of each
 * invoice whose payout waits for that. Answers how many.
 */
export async function readUnlisted({
  db,
  rail,
  world,
}: {
  db: Db
  rail: Rail
  world: World
}): Promise<number> {
  const due = await unlistedInvoices(db)
  const faults = await eachApart(due, async ({ id, provider_id: providerId, read_for: readFor }) => {
    const answer = await rail.invoiceLogs(providerId)
    await db.tx(async tx => {
      if (answer.is !== 'done') return noteLogRead(tx, id, undefined)
      const known = (await reversalOf(tx, id))?.logs_seen ?? 0n
      if (answer.value.length > known && answer.value.some(({ log }) => reversalLogs.has(log)))
        await settleReversal(tx, world, id, answer.value, { why: because('bank-asked'), ref: providerId })
      await noteLogRead(tx, id, readFor)
    }, 'locks')
  })
  for (const { of: row, why } of faults) {
    world.log.error({ invoice: row.id, why }, 'the log of an invoice could not be settled')
    await db.tx(tx => noteLogRead(tx, row.id, undefined))
  }
  throwFirst(faults)
  return due.length
}

const putOff = async (tx: Tx, id: string): Promise<unknown> =>
  tx.run(
    sql`update invoice_reversals set next_at = ${later(await tx.now(), soonMs)} where invoice_id = ${id}`,
  )

/**
 * Reads the bank's log of every invoice of which money may be going back and no event said how it ended.
 * Answers how many.
 */
export async function watchReversals({
  db,
  rail,
  world,
}: {
  db: Db
  rail: Rail
  world: World
}): Promise<number> {
  const due = await db.tx(async tx =>
    tx.all<{ id: string; provider_id: string }>(sql`
      select i.id, i.provider_id from invoice_reversals r join invoices i on i.id = r.invoice_id
      where i.rail = ${rail.name} and i.provider_id is not null and r.next_at <= ${await tx.now()}
        order by r.next_at, i.id limit 100`),
  )
  const faults = await eachApart(due, async ({ id, provider_id: providerId }) => {
    const answer = await rail.invoiceLogs(providerId)
    await db.tx(async tx => {
      if (answer.is === 'done')
        await settleReversal(tx, world, id, answer.value, { why: because('bank-asked'), ref: providerId })
      else await putOff(tx, id)
    }, 'locks')
  })
  for (const { of: row, why } of faults) {
    world.log.error({ invoice: row.id, why }, 'a reversal could not be looked at')
    await db.tx(tx => putOff(tx, row.id))
  }
  throwFirst(faults)
  return due.length
}
