/**
 * Canceling an invoice that nobody paid: a person's wish is written down, the bank is asked until it has
 * said, and its word wins.
 */
import { isOnChain } from '../../base/rails.ts'
import { because } from '../../base/reasons.ts'
import { later, type Instant } from '../../base/world.ts'
import { audit } from '../../ledger/ledger.ts'
import { eachApart, forUpdate, sql, throwFirst, type Reader, type Tx } from '../../db/db.ts'
import type { InvoiceRow } from '../row.ts'
import type { InvoiceState } from '../states.ts'
import type { AtBank } from './twins.ts'
import { invoices } from '../tables.ts'

export type CancelRow = {
  invoice_id: string
  asked_by: string
  asked_why: string
  why: string | null
  next_at: Instant | null
  added_at: Instant
  changed_at: Instant
}

/**
 * Why an invoice cannot be canceled: it is on a chain, the bank has not said yet whether it has it, somebody
 * paid it, or it is over.
 */
export type CancelRefusal = 'of-another-rail' | 'not-known-yet' | 'paid' | 'over'

export function mayCancel({ rail, state }: Pick<InvoiceRow, 'rail' | 'state'>): CancelRefusal | undefined {
  if (isOnChain(rail)) return 'of-another-rail'
  switch (state) {
    case 'draft':
    case 'issued':
    case 'overdue':
      return undefined
    case 'issuing':
    case 'unsure':
      return 'not-known-yet'
    case 'paid':
    case 'credited':
    case 'reversed':
      return 'paid'
    default:
      return 'over'
  }
}

/**
 * `later`: the bank could not be asked, and is asked again. `not-canceled`: it said no, and `why` is its
 * word.
 */
export type Canceling =
  | { is: 'unknown' }
  | { is: 'impossible'; code: CancelRefusal; invoice: InvoiceRow }
  | { is: 'canceled' | 'paid' | 'over' | 'later'; invoice: InvoiceRow }
  | { is: 'not-canceled'; invoice: InvoiceRow; why: string }

const againMs = 30_000

export const cancelOf = (reader: Reader, invoiceId: string) =>
  reader.one<CancelRow>(sql`select * from invoice_cancels where invoice_id = ${invoiceId}`)

const lock = (tx: Tx, id: string) =>
  tx.one<InvoiceRow>(sql`select * from invoices where id = ${id} and store_id = ${tx.store} ${forUpdate}`)

/**
 * A person wants an unpaid invoice taken back. What the bank says of it is what counts: a payer may be
 * faster.
 */
export async function cancelInvoice(
  at: AtBank,
  id: string,
  { by, why }: { by: string; why: string },
): Promise<Canceling> {
  const asked = await at.db.tx(async (tx): Promise<Canceling> => {
    const invoice = await lock(tx, id)
    if (!invoice) return { is: 'unknown' }
    const code = mayCancel(invoice)
    if (code) return { is: 'impossible', code, invoice }
    const now = await tx.now()
    await audit(tx, {
      actor: by,
      act: 'invoice cancelation asked',
      subject: id,
      detail: { from: invoice.state, why },
    })
    // What was never asked for is not at the bank.
    if (invoice.state === 'draft') {
      await invoices.move(tx, { id, state: 'draft' }, 'canceled', { why: because('canceled-by-person') })
      return { is: 'canceled', invoice: (await lock(tx, id))! }
    }
    await tx.run(sql`
      insert into invoice_cancels (invoice_id, asked_by, asked_why, next_at, added_at, changed_at)
      values (${id}, ${by}, ${why}, ${later(now, againMs)}, ${now}, ${now})
      on conflict (invoice_id) do update
        set asked_by = excluded.asked_by, asked_why = excluded.asked_why, why = null,
        next_at = excluded.next_at, changed_at = excluded.changed_at`)
    return { is: 'later', invoice }
  })
  return asked.is === 'later' ? goOn(at, asked.invoice) : asked
}

async function goOn(
  { db, rail, world }: AtBank,
  { id, provider_id: providerId }: InvoiceRow,
): Promise<Canceling> {
  await world.at('cancelation asked')
  const answer = await rail.cancelInvoice(providerId!)
  // Refused, it was paid or is over meanwhile, and reading it says which.
  const shown = answer.is === 'refused' && !answer.again ? await rail.readInvoice(providerId!) : answer
  const result = await db.tx(async (tx): Promise<Canceling> => {
    const invoice = (await lock(tx, id))!
    const over = async (why: string | null) =>
      tx.run(
        sql`update invoice_cancels set next_at = null, why = ${why}, changed_at = ${await tx.now()}
          where invoice_id = ${id}`,
      )
    // An event was faster.
    if (invoice.state !== 'issued' && invoice.state !== 'overdue') {
      await over(null)
      return { is: said(invoice.state), invoice }
    }
    if (shown.is !== 'done') {
      await tx.run(
        sql`update invoice_cancels set next_at = ${later(await tx.now(), againMs)} where invoice_id = ${id}`,
      )
      return { is: 'later', invoice }
    }
    const { status } = shown.value
    const to =
      answer.is === 'done' || status === 'canceled'
        ? 'canceled'
        : status === 'expired'
          ? 'expired'
          : undefined
    if (to) {
      await invoices.move(tx, { id, state: invoice.state }, to, {
        why: because('canceled-by-person'),
        ref: providerId!,
      })
      await over(null)
      return { is: said(to), invoice: (await lock(tx, id))! }
    }
    if (status === 'paid' || status === 'voided') {
      await over(null)
      return { is: 'paid', invoice }
    }
    const why = answer.is === 'refused' ? answer.why : ''
    await over(why)
    return { is: 'not-canceled', invoice, why }
  }, 'locks')
  world.log.info({ invoice: id, result: result.is }, 'an invoice was to be canceled at the bank')
  return result
}

const said = (state: InvoiceState): 'canceled' | 'paid' | 'over' =>
  state === 'canceled'
    ? 'canceled'
    : state === 'paid' || state === 'credited' || state === 'reversed'
      ? 'paid'
      : 'over'

/** Goes on with every cancelation that the bank has not answered. Answers how many. */
export async function resolveCancels(at: AtBank): Promise<number> {
  const due = await at.db.tx(async tx =>
    tx.all<InvoiceRow>(sql`
      select i.* from invoice_cancels c join invoices i on i.id = c.invoice_id
      where i.rail = ${at.rail.name} and c.next_at <= ${await tx.now()} order by c.next_at, i.id limit 100`),
  )
  const faults = await eachApart(due, invoice => goOn(at, invoice))
  for (const { of: invoice, why } of faults) {
    at.world.log.error({ invoice: invoice.id, why }, 'a cancelation could not be gone on with')
    await at.db.tx(async tx =>
      tx.run(
        sql`update invoice_cancels set next_at = ${later(await tx.now(), againMs)}
          where invoice_id = ${invoice.id} and next_at is not null`,
      ),
    )
  }
  throwFirst(faults)
  return due.length
}
