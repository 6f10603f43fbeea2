/**
 * Twins: a lost answer can leave two invoices of one tag at the bank. The one our books do not know is
 * canceled at once, and looked for.
 */
import { because, sentence } from '../../base/reasons.ts'
import { newId } from '../../base/id.ts'
import { brl } from '../../base/money.ts'
import { later, type Instant, type World } from '../../base/world.ts'
import { clearBooked, post } from '../../ledger/ledger.ts'
import type { ProviderInvoice, Rail } from '../../rails/rail.ts'
import {
  eachApart,
  forUpdate,
  remember,
  sql,
  throwFirst,
  type Cause,
  type Reader,
  type Db,
  type Tx,
} from '../../db/db.ts'
import { awaitsItsId, takeAsIssued } from './issued.ts'
import type { InvoiceRow } from '../row.ts'
import type { TwinState } from './twinStates.ts'
import { twins } from '../tables.ts'

export { twinMachine, type TwinState } from './twinStates.ts'

export type TwinRow = {
  id: string
  store_id: string
  rail: string
  provider_id: string
  invoice_id: string
  state: TwinState
  /** As the bank first showed it. */
  units: bigint
  /** What was really paid, and what the bank took for it: known from `credited` on. */
  paid_units: bigint | null
  fee_units: bigint | null
  returned_units: bigint
  decided_by: string | null
  decided_why: string | null
  decided_at: Instant | null
  /** How often what went back came again, because the payer's bank sent it back. */
  undone: bigint
  absences: bigint
  /** When its refund was claimed last. */
  asked_at: Instant | null
  next_at: Instant | null
  added_at: Instant
  changed_at: Instant
}

/** The bank and the books together, as whoever asks one about the other needs them. */
export interface AtBank {
  db: Db
  rail: Rail
  world: World
}

/** How long after the bank could not be asked it is asked again. */
const againMs = 30_000

export const findTwin = (reader: Reader, rail: string, providerId: string) =>
  reader.one<TwinRow>(sql`select * from invoice_twins where rail = ${rail} and provider_id = ${providerId}`)

export const twinsOfInvoice = (reader: Reader, invoiceId: string) =>
  reader.all<TwinRow>(sql`select * from invoice_twins where invoice_id = ${invoiceId} order by added_at, id`)

export const lockTwin = async (tx: Tx, id: string): Promise<TwinRow> =>
  (await tx.one<TwinRow>(sql`select * from invoice_twins where id = ${id} ${forUpdate}`))!

/**
 * Of several of one tag: one that somebody paid before one that nobody did, and then the oldest. Canceled
 * ones do not count.
 */
export const bestOf = (invoices: readonly ProviderInvoice[]): ProviderInvoice | undefined =>
  invoices
    .filter(({ status }) => status !== 'canceled')
    .toSorted(
      (a, b) =>
        Number(b.status === 'paid') - Number(a.status === 'paid') ||
        Date.parse(a.createdAt) - Date.parse(b.createdAt) ||
        a.providerId.localeCompare(b.providerId),
    )[0]

/**
 * Writes down what the bank shows of a twin of `invoice`, unless it is known. That it was paid is written
 * here; that the money is ours is another matter (`creditTwin`), because only the bank's log `credited` says
 * it.
 */
export async function noteTwin(
  tx: Tx,
  world: World,
  invoice: Pick<InvoiceRow, 'id' | 'store_id' | 'rail'>,
  shown: ProviderInvoice,
  cause: Cause,
): Promise<TwinRow> {
  const known = await findTwin(tx, invoice.rail, shown.providerId)
  const { id } = known ?? (await writeTwin(tx, world, invoice, shown, cause))
  const twin = await lockTwin(tx, id)
  const to = seenAs(twin.state, shown.status)
  if (!to) return twin
  await twins.move(tx, { id, state: twin.state }, to, cause, [sql`next_at = null`])
  return lockTwin(tx, id)
}

async function writeTwin(
  tx: Tx,
  world: World,
  invoice: Pick<InvoiceRow, 'id' | 'store_id' | 'rail'>,
  shown: ProviderInvoice,
  cause: Cause,
): Promise<{ id: string }> {
  const [id, now] = [newId('twin', world), await tx.now()]
  const made = await tx.run(sql`
    insert into invoice_twins (id, store_id, rail, provider_id, invoice_id, state, units, next_at, added_at,
      changed_at)
    values (${id}, ${invoice.store_id}, ${invoice.rail}, ${shown.providerId}, ${invoice.id}, 'open',
      ${shown.nominalUnits}, ${now}, ${now}, ${now})
    on conflict (rail, provider_id) do nothing`)
  if (made === 0) return (await findTwin(tx, invoice.rail, shown.providerId))!
  await remember(tx, 'invoice_twins', id, '', 'open', cause, now)
  world.log.warn({ invoice: invoice.id, twin: shown.providerId }, 'a duplicate invoice is at the bank')
  return { id }
}

/** Pure: where what the bank shows takes a twin whose money did not come yet. */
export function seenAs(state: TwinState, status: ProviderInvoice['status']): 'canceled' | 'paid' | undefined {
  if (state !== 'open' && state !== 'canceled') return undefined
  if (status === 'paid' || status === 'voided') return 'paid'
  return state === 'open' && (status === 'canceled' || status === 'expired') ? 'canceled' : undefined
}

/**
 * The bank credited it: its money is in our account and is the payer's. `told`: what the log said was paid,
 * before any of it went back.
 */
export async function creditTwin(
  tx: Tx,
  world: World,
  twin: TwinRow,
  told: bigint,
  shown: ProviderInvoice,
  cause: Cause,
): Promise<boolean> {
  if (twin.paid_units !== null) return false
  const paid = told > shown.units ? told : shown.units
  const also = [sql`paid_units = ${paid}`, sql`fee_units = ${shown.feeUnits}`, sql`next_at = null`]
  if (!(await twins.move(tx, twin, 'credited', cause, also))) return false
  const posting = { source: twin.id, invoiceId: twin.invoice_id, memo: twin.provider_id }
  await post(tx, world, { movement: 'duplicate credited', amount: brl(paid), ...posting })
  await post(tx, world, { movement: 'duplicate fee', amount: brl(shown.feeUnits), ...posting })
  await clearBooked(tx, world, twin.provider_id, [paid, -shown.feeUnits], sentence(cause.why))
  world.log.warn(
    { invoice: twin.invoice_id, twin: twin.provider_id },
    'a duplicate invoice was paid: a person decides',
  )
  return true
}

/**
 * The payer got money back, wherever that was asked for. `left`: what the log of it left; the bank may show
 * less by now, because a second refund is under way and its amount falls before its money leaves. Told twice
 * it is booked once.
 */
export async function returnTwin(
  tx: Tx,
  world: World,
  twin: TwinRow,
  shown: ProviderInvoice,
  cause: Cause,
  left: bigint = shown.units,
): Promise<boolean> {
  const total = twin.paid_units! - (left > shown.units ? left : shown.units)
  const more = total - twin.returned_units
  if (more <= 0n) return false
  const posting = {
    source: once(twin, `${twin.id}/${total}`),
    amount: brl(more),
    invoiceId: twin.invoice_id,
    memo: twin.provider_id,
  }
  if (twin.state === 'kept') await post(tx, world, { movement: 'duplicate reopened', ...posting })
  await post(tx, world, { movement: 'duplicate refunded', ...posting })
  await tx.run(sql`update invoice_twins set returned_units = ${total} where id = ${twin.id}`)
  if (total === twin.paid_units) await twins.move(tx, twin, 'refunded', cause, [sql`next_at = null`])
  return true
}

/** A source that is another one after money came again: what happens once may then happen once more. */
export const once = ({ undone }: TwinRow, source: string): string =>
  undone === 0n ? source : `${source}#${undone}`

/**
 * What was booked as gone is at the bank again. What a person said was settled otherwise stays settled;
 * otherwise a person decides again.
 */
export async function undoReturn(
  tx: Tx,
  world: World,
  twin: TwinRow,
  shown: ProviderInvoice,
  cause: Cause,
): Promise<boolean> {
  if (twin.paid_units === null || shown.status !== 'paid') return false
  const total = shown.units < twin.paid_units ? twin.paid_units - shown.units : 0n
  const back = twin.returned_units - total
  if (back <= 0n) return false
  const now = { ...twin, undone: twin.undone + 1n }
  const posting = {
    source: once(now, twin.id),
    amount: brl(back),
    invoiceId: twin.invoice_id,
    memo: twin.provider_id,
  }
  await post(tx, world, { movement: 'duplicate refund undone', ...posting })
  if (twin.state === 'kept') await post(tx, world, { movement: 'duplicate kept', ...posting })
  await tx.run(
    sql`update invoice_twins set returned_units = ${total}, undone = ${now.undone} where id = ${twin.id}`,
  )
  if (twin.state === 'refunded')
    await twins.move(tx, { id: twin.id, state: 'refunded' }, 'credited', cause, [sql`next_at = null`])
  world.log.warn(
    { invoice: twin.invoice_id, twin: twin.provider_id },
    'the money of a duplicate that was refunded came back',
  )
  return true
}

/**
 * Takes an open twin back at the bank. Refused, it was paid or is over meanwhile, and reading it says which.
 */
export async function cancelTwin(
  { db, rail, world }: AtBank,
  { id, provider_id: providerId }: TwinRow,
): Promise<void> {
  const answer = await rail.cancelInvoice(providerId)
  const shown = answer.is === 'refused' && !answer.again ? await rail.readInvoice(providerId) : answer
  const state = await db.tx(async tx => {
    const twin = await lockTwin(tx, id)
    if (twin.state !== 'open') return twin.state
    const to =
      shown.is !== 'done'
        ? undefined
        : (seenAs('open', shown.value.status) ?? (answer.is === 'done' ? 'canceled' : undefined))
    if (to) {
      const why = because(
        to === 'paid' ? 'paid-meanwhile' : answer.is === 'done' ? 'canceled-here' : 'over-at-bank',
      )
      await twins.move(tx, { id, state: 'open' }, to, { why, ref: providerId }, [sql`next_at = null`])
      return to
    }
    await tx.run(sql`update invoice_twins set next_at = ${later(await tx.now(), againMs)} where id = ${id}`)
    return 'open'
  }, 'locks')
  world.log.warn(
    { twin: providerId, state, answer: answer.is },
    'a duplicate invoice was to be canceled at the bank',
  )
}

/**
 * Everything the bank has under the tag of one batch: what our books do not know of it are twins, and the
 * open ones are canceled.
 */
export async function takeTwins(
  at: AtBank,
  batchTag: string,
  found: readonly ProviderInvoice[],
): Promise<void> {
  const open = await at.db.tx(tx => recordTwins(tx, at, batchTag, found), 'locks')
  for (const twin of open) await cancelTwin(at, twin)
}

async function recordTwins(
  tx: Tx,
  { rail, world }: AtBank,
  batchTag: string,
  found: readonly ProviderInvoice[],
): Promise<TwinRow[]> {
  const rows = await tx.all<Pick<InvoiceRow, 'id' | 'store_id' | 'rail' | 'state' | 'provider_id'>>(sql`
    select id, store_id, rail, state, provider_id from invoices where rail = ${rail.name}
      and batch_tag = ${batchTag}`)
  const invoices = new Map(rows.map(row => [row.id, row]))
  const open: TwinRow[] = []
  for (const [tag, alike] of Map.groupBy(found, ({ tag: ours }) => ours)) {
    const invoice = tag === undefined ? undefined : invoices.get(tag)
    if (!invoice) continue
    const keptId = awaitsItsId(invoice) ? await takeDraft(tx, invoice, alike) : invoice.provider_id
    if (keptId === undefined) continue
    for (const shown of alike) {
      if (shown.providerId === keptId || !(await concernsUs(tx, shown, rail.name))) continue
      const twin = await noteTwin(tx, world, invoice, shown, {
        why: because('seen-by-tag'),
        ref: shown.providerId,
      })
      if (twin.state === 'open') open.push(twin)
    }
  }
  return open
}

/**
 * An invoice about to be asked for a second time shows up after all: it is issued, and not asked for.
 * Undefined while it is not known which is ours.
 */
async function takeDraft(
  tx: Tx,
  { id, state }: Pick<InvoiceRow, 'id' | 'state'>,
  alike: readonly ProviderInvoice[],
): Promise<string | undefined> {
  const made = state === 'draft' ? bestOf(alike) : undefined
  if (!made || !(await takeAsIssued(tx, id, made, { why: because('found-by-tag'), ref: made.providerId })))
    return undefined
  return made.providerId
}

/** What is over and was never heard of brought nothing and can bring nothing. */
const concernsUs = async (tx: Tx, { providerId, status }: ProviderInvoice, rail: string): Promise<boolean> =>
  (status !== 'canceled' && status !== 'expired') || (await findTwin(tx, rail, providerId)) !== undefined

/**
 * How long after an invoice is asked for a second time the bank is asked whether the first turned up: its
 * list may lag, and the push that tells of it may be lost.
 */
const looksAfterMs = [2 * 60_000, 10 * 60_000, 60 * 60_000, 24 * 60 * 60_000]

/** An invoice of this batch is asked for again, because the bank showed no trace of it. */
export async function watchForTwins(tx: Tx, rail: string, batchTag: string): Promise<void> {
  const now = await tx.now()
  const next = later(now, looksAfterMs[0]!)
  await tx.run(sql`
    insert into twin_watches (rail, batch_tag, since, looks, next_at)
      values (${rail}, ${batchTag}, ${now}, 0, ${next})
    on conflict (rail, batch_tag) do update
      set since = excluded.since, looks = 0, next_at = excluded.next_at`)
}

type Watch = { batch_tag: string; since: Instant; looks: bigint }

/** Looks once more at each watched batch that is due. */
export async function lookForTwins(at: AtBank): Promise<void> {
  const { db, rail, world } = at
  const due = await db.tx(async tx =>
    tx.all<Watch>(sql`
      select batch_tag, since, looks from twin_watches where rail = ${rail.name}
        and next_at <= ${await tx.now()} order by next_at, batch_tag limit 20`),
  )
  const faults = await eachApart(due, async watch => {
    const answer = await rail.findInvoices(watch.batch_tag)
    if (answer.is === 'done') await takeTwins(at, watch.batch_tag, answer.value)
    else
      world.log.warn(
        { batch: watch.batch_tag, why: answer.why },
        'the bank did not say which invoices it has',
      )
    await db.tx(tx => lookedAt(tx, rail.name, watch, answer.is === 'done'))
  })
  for (const { of: watch, why } of faults) {
    world.log.error({ batch: watch.batch_tag, why }, 'a batch could not be looked at for duplicates')
    await db.tx(tx => lookedAt(tx, rail.name, watch, false))
  }
  throwFirst(faults)
}

async function lookedAt(
  tx: Tx,
  rail: string,
  { batch_tag: tag, since, looks }: Watch,
  isDone: boolean,
): Promise<void> {
  // Who asked for it again meanwhile has begun to count again.
  const same = sql`rail = ${rail} and batch_tag = ${tag} and since = ${since} and looks = ${looks}`
  const after = looksAfterMs[Number(looks) + 1]
  if (!isDone)
    await tx.run(sql`update twin_watches set next_at = ${later(await tx.now(), againMs)} where ${same}`)
  else if (after === undefined) await tx.run(sql`delete from twin_watches where ${same}`)
  else
    await tx.run(
      sql`update twin_watches set looks = looks + 1, next_at = ${later(since, after)} where ${same}`,
    )
}
