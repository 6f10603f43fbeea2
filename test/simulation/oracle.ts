/**
 * The oracle: holds the installation’s books against the bank's own, from outside, and says in sentences what
 * does not hold.
 */
import { createHash } from 'node:crypto'
import { bodyOf } from '../../sim/events.ts'
import type { Bank, Invoice, Transfer } from '../../sim/bank.ts'
import type { App } from '../../src/jobs/jobs.ts'
import { reconcile } from '../../src/reconcile/reconcile.ts'
import { checkLedger } from '../../src/ledger/ledger.ts'
import { sql, type Db } from '../../src/db/db.ts'
import { status } from '../../src/queries/status.ts'

type OurInvoice = {
  id: string
  state: string
  provider_id: string | null
  paid_units: bigint | null
  fee_units: bigint | null
  commission_bp: bigint
}
type OurTwin = { provider_id: string; state: string; paid_units: bigint | null }
type OurPayout = {
  id: string
  invoice_id: string
  units: bigint
  withheld_units: bigint
  state: string
  why: string | null
}

/** By the id of a transfer that was made by hand, the payout that people said it had paid. */
type Settled = ReadonlyMap<string, string>

/** Everything that must hold once nothing is under way any more. */
export async function audit(db: Db, bank: Bank, app: App, settled: Settled = new Map()): Promise<string[]> {
  const found = await reconcile(db, app.rails.starkbank!, app.world)
  return [
    ...(typeof found === 'string'
      ? [found]
      : found.bankUnits === found.bookUnits
        ? []
        : [`the bank holds ${found.bankUnits}, the books say ${found.bookUnits}`]),
    ...(await judgeInvoices(db, bank)),
    ...(await judgePayouts(db, bank, settled)),
    ...(await judgeEvents(db, bank)),
    ...(await judgeSlots(db)),
    ...(await judgeStanding(db)),
  ]
}

/**
 * Every invoice of ours can be paid at most once there, every credit there is a credit here, and no duplicate
 * is forgotten.
 */
async function judgeInvoices(db: Db, bank: Bank): Promise<string[]> {
  const faults: string[] = []
  const ours = new Map(
    (await db.all<OurInvoice>(sql`select * from invoices where rail = 'starkbank' order by id`)).map(row => [
      row.id,
      row,
    ]),
  )
  const twins = new Map(
    (await db.all<OurTwin>(sql`select * from invoice_twins`)).map(row => [row.provider_id, row]),
  )
  const { needsPerson } = await status(db)
  const there = Map.groupBy(bank.invoices(), ({ tags }) => tags.find(tag => tag.startsWith('inv_')) ?? 'none')
  for (const [tag, alike] of there) {
    const row = ours.get(tag)
    if (!row) {
      faults.push(`the bank has an invoice tagged ${tag}, which is none of ours`)
      continue
    }
    const kept = alike.find(({ id }) => id === row.provider_id)
    const others = alike.filter(({ id }) => id !== row.provider_id)
    if (!kept && alike.some(({ status: shown }) => shown !== 'canceled'))
      faults.push(`${tag} is ${row.provider_id} here and not at the bank`)
    const isCredited = kept !== undefined && bank.isCredited(kept.id)
    if (isCredited !== (row.state === 'credited' || row.state === 'reversed'))
      faults.push(`${tag} was ${isCredited ? '' : 'never '}credited at the bank and is ${row.state} here`)
    if ((kept?.status === 'voided') !== (row.state === 'reversed'))
      faults.push(`${tag} is ${row.state} here, and at the bank ${kept?.status}`)
    for (const twin of others)
      faults.push(...judgeTwin(twin, bank.isCredited(twin.id), twins.get(twin.id), needsPerson))
  }
  for (const { id, state } of ours.values()) {
    if (['draft', 'issuing', 'unsure'].includes(state)) faults.push(`${id} is still ${state}`)
    // A draft of the shop whose time was over before it could be asked for is canceled, and nobody has heard
    // of it.
    if (!there.has(id) && state !== 'refused' && state !== 'canceled')
      faults.push(`${id} is ${state} and not at the bank`)
  }
  return faults
}

/**
 * A second invoice of one tag: nobody can pay it any more, and what somebody paid is refunded, kept, or waits
 * for a person who is told.
 */
function judgeTwin(
  { id, status: shown }: Invoice,
  isCredited: boolean,
  row: OurTwin | undefined,
  needsPerson: readonly string[],
): string[] {
  const faults: string[] = []
  if (shown === 'created' || shown === 'overdue')
    faults.push(`duplicate ${id} is ${shown} at the bank, and can still be paid`)
  if (isCredited && !row) faults.push(`duplicate ${id} was paid, and nobody knows`)
  if (!row) return faults
  if (['open', 'paid', 'approved', 'refunding', 'unsure', 'sent'].includes(row.state))
    faults.push(`duplicate ${id} is still ${row.state}`)
  if (isCredited !== (row.paid_units !== null))
    faults.push(`duplicate ${id} is ${row.state}, and credited at the bank: ${isCredited}`)
  if ((shown === 'voided') !== (row.state === 'refunded'))
    faults.push(`duplicate ${id} is ${row.state} here, and at the bank ${shown}`)
  if (row.state === 'credited' && !needsPerson.some(says => says.includes(id)))
    faults.push(`duplicate ${id} was paid, and nobody is told`)
  return faults
}

/**
 * Each credited invoice that was not given back was paid on once, with the right net; no payout twice, none
 * without an order of ours.
 */
async function judgePayouts(db: Db, bank: Bank, settled: Settled): Promise<string[]> {
  const faults: string[] = []
  const invoices = new Map(
    (await db.all<OurInvoice>(sql`select * from invoices where rail = 'starkbank'`)).map(row => [
      row.id,
      row,
    ]),
  )
  const payouts = await db.all<OurPayout>(sql`select * from payouts where rail = 'starkbank' order by id`)
  // Of what went back, or was kept back from, the size is another oracle's.
  const resized = new Set(
    (
      await db.all<{ id: string }>(sql`
        select invoice_id as id from invoice_reversals
        union all select e.invoice_id from ledger_entries e
          join ledger_transactions t on t.id = e.transaction_id
          where t.movement in ('receivable set off', 'set-off returned') and e.line = 1`)
    ).map(({ id }) => id),
  )
  const keys = new Set(
    (
      await db.all<{ external_id: string }>(sql`select external_id from attempts where bundle_id is null`)
    ).map(row => row.external_id),
  )
  const arrived = new Map<string, Transfer[]>()
  for (const transfer of bank.transfers()) {
    const byHand = transfer.externalId.startsWith('by-hand')
    if (byHand && !settled.has(transfer.id)) continue
    if (!byHand && !keys.has(transfer.externalId))
      faults.push(`the bank has a transfer ${transfer.externalId} that is no order of ours`)
    if (transfer.status !== 'success') continue
    const payoutId = settled.get(transfer.id) ?? transfer.externalId.split('-')[0]!
    arrived.set(payoutId, [...(arrived.get(payoutId) ?? []), transfer])
  }
  for (const { id, invoice_id: invoiceId, units, withheld_units: withheld, state, why } of payouts) {
    const invoice = invoices.get(invoiceId)!
    const paid = arrived.get(id) ?? []
    if (paid.length > 1) faults.push(`${id} was paid ${paid.length} times`)
    if (['owed', 'sending', 'unsure', 'sent', 'waiting'].includes(state))
      faults.push(`${id} is still ${state}`)
    if ((paid.length === 1) !== (state === 'paid'))
      faults.push(`${id} is ${state} here (${why}), and the bank paid ${paid.length}`)
    if (paid[0] && !settled.has(paid[0].id) && BigInt(paid[0].amount) !== units)
      faults.push(`${id} is of ${units}, and ${paid[0].amount} was paid`)
    const isGone = state === 'canceled' && resized.has(invoiceId)
    if (invoice.state === 'credited' && units > 0n && state !== 'paid' && !isGone)
      faults.push(`${id} is ${state}: ${why}`)
    if (resized.has(invoiceId)) continue
    const gross = invoice.paid_units ?? 0n
    const commission = (gross * invoice.commission_bp * 2n + 10_000n) / 20_000n
    if (
      units !==
      gross -
        (invoice.fee_units ?? 0n) -
        commission -
        (units > 0n ? withheld : gross - (invoice.fee_units ?? 0n) - commission - units)
    )
      faults.push(
        `${id} is of ${units}: ${gross} less ${invoice.fee_units} less ${commission} less ${withheld} is not`,
      )
  }
  const owing = new Map(payouts.map(row => [row.invoice_id, row]))
  for (const { id, state } of invoices.values())
    if (state === 'credited' && !owing.has(id)) faults.push(`${id} is credited and nothing is owed for it`)
  for (const transfers of arrived.values())
    for (const { fee, externalId } of transfers.slice(1)) faults.push(`${externalId} cost ${fee} more`)
  return faults
}

/**
 * Every event the bank made is in the inbox with the bytes it was sent as; no forgery is, and what is
 * another's is left alone.
 */
async function judgeEvents(db: Db, bank: Bank): Promise<string[]> {
  const faults: string[] = []
  type Kept = {
    event_id: string
    raw: Uint8Array
    via: string
    state: string
    why: string | null
    dropped_digest: string | null
  }
  const kept = new Map(
    (
      await db.all<Kept>(
        sql`select rail, event_id, raw, via, state, why, dropped_digest from inbox where rail = 'starkbank'
          order by id`,
      )
    ).map(row => [row.event_id, row]),
  )
  for (const event of bank.eventsCreated()) {
    const row = kept.get(event.id)
    if (!row) faults.push(`event ${event.id} (${event.subscription}.${event.log.type}) was lost`)
    else if (row.via === 'push' && !isOf(row, bodyOf(event)))
      faults.push(`event ${event.id} was kept with other bytes than the bank signed`)
  }
  for (const { event_id: id, state, why, raw, dropped_digest: dropped } of kept.values()) {
    if (state === 'new' || state === 'waiting') faults.push(`event ${id} is still ${state}: ${why}`)
    if (state === 'quarantined') faults.push(`event ${id} is quarantined: ${why}`)
    const foreign = dropped === null && !Buffer.from(raw).includes(`"${bank.settings.workspaceId}"`)
    if (foreign && state !== 'ignored') faults.push(`event ${id} of another workspace is ${state}`)
  }
  const conflicts = await db.one<{ count: bigint }>(sql`select count(*) as count from inbox_conflicts`)
  if (conflicts!.count !== 0n) faults.push(`${conflicts!.count} events came with two bodies`)
  if (bank.forgeriesAccepted() > 0) faults.push(`${bank.forgeriesAccepted()} forgeries were answered 200`)
  return faults
}

/** As it was sent, or dropped with the digest of what was sent. */
const isOf = (
  { raw, dropped_digest: dropped }: { raw: Uint8Array; dropped_digest: string | null },
  body: Uint8Array,
): boolean =>
  dropped === null
    ? Buffer.compare(raw, body) === 0
    : dropped === createHash('sha256').update(body).digest('hex')

async function judgeSlots(db: Db): Promise<string[]> {
  const rows = await db.all<{ id: string; state: string; invoices: bigint }>(sql`
    select s.id, s.state, (select count(*) from invoices i where i.slot_id = s.id) as invoices from slots s`)
  const live = await db.all<{ id: string }>(sql`
    select r.id from runs r join slots s on s.id = r.slot_id where r.ended_at is null`)
  return [
    ...rows
      .filter(({ state, invoices }) => (state !== 'done' && state !== 'failed') || invoices === 0n)
      .map(({ id, state, invoices }) => `${id} is ${state} with ${invoices} invoices`),
    ...live.map(({ id }) => `${id} never ended`),
  ]
}

async function judgeStanding(db: Db): Promise<string[]> {
  const standing = await status(db)
  return [
    ...(await checkLedger(db)).map(({ invariant, says }) => `${invariant}: ${says}`),
    ...(standing.addsUp ? [] : ['the status does not add up']),
    ...(standing.stopped === undefined ? [] : [`payouts are stopped: ${standing.stopped}`]),
  ]
}
