/**
 * Asking for an invoice again that was refused, expired or canceled: a new invoice of the same slot that
 * names the old one, once.
 */
import { because } from '../../base/reasons.ts'
import { millis, type Instant, type World } from '../../base/world.ts'
import { parseDiscounts, usualExpiresInMs } from '../../base/payTerms.ts'
import { brl } from '../../base/money.ts'
import { audit } from '../../ledger/ledger.ts'
import type { ProviderInvoice, Rail } from '../../rails/rail.ts'
import { forUpdate, sameAs, sql, type Reader, type Db, type Tx } from '../../db/db.ts'
import { draftOfSlot } from '../draft.ts'
import { takeAsIssued } from './issued.ts'
import { findInvoice, type InvoiceRow } from '../row.ts'
import { isPayerUnreadable } from '../unreadable.ts'

/**
 * Why it cannot be asked for again. `of-an-order`: its buyer asks again on the order's page. `not-over`: it
 * may still be paid. `forgotten`: who it was to is not known any more. `paid-there`: the bank shows that
 * somebody paid it. `asked-there`: the bank has others of its slot, payer and amount that these books have
 * forgotten, as after a restore, and which of several alike each is of is not known. `not-there`: the one
 * that was named is none of those. `not-known`: the bank did not say. `unreadable`: its payer cannot be
 * decrypted.
 */
export type ReissueRefusal =
  | 'of-another-rail'
  | 'of-an-order'
  | 'not-over'
  | 'forgotten'
  | 'reissued'
  | 'paid-there'
  | 'asked-there'
  | 'not-there'
  | 'not-known'
  | 'unreadable'

export type Reissued =
  | { is: 'unknown' }
  /** `by`: the invoice that it was asked for again as; `there`: those that stand in the way at the bank. */
  | { is: 'impossible'; code: ReissueRefusal; invoice: InvoiceRow; by?: string; there?: ProviderInvoice[] }
  /** `adopted`: the bank has it already, so nobody is asked once more. */
  | { is: 'reissued'; invoice: InvoiceRow; of: InvoiceRow; adopted: boolean }

export type ReissueRow = {
  invoice_id: string
  reissue_of: string
  asked_by: string
  asked_why: string
  added_at: string
}

/** What an invoice was asked for again as, and what it was asked for again of. */
export const reissuesOf = (reader: Reader, invoiceId: string) =>
  reader.all<ReissueRow>(
    sql`select * from invoice_reissues where invoice_id = ${invoiceId} or reissue_of = ${invoiceId}
      order by added_at`,
  )

export function mayReissue(
  invoice: Pick<
    InvoiceRow,
    'rail' | 'state' | 'slot_id' | 'forgotten_at' | 'payer_name' | 'payer_tax_id' | 'description'
  >,
): ReissueRefusal | undefined {
  const { rail, state, slot_id: slot, forgotten_at: forgottenAt } = invoice
  if (rail !== 'starkbank') return 'of-another-rail'
  if (slot === null) return 'of-an-order'
  if (forgottenAt !== null) return 'forgotten'
  if (state !== 'refused' && state !== 'expired' && state !== 'canceled') return 'not-over'
  return isPayerUnreadable(invoice) ? 'unreadable' : undefined
}

interface Act {
  by: string
  why: string
  /**
   * The bank's id of one that it has and these books have forgotten: this invoice was asked for again as
   * that.
   */
  as?: string | undefined
}

interface At {
  db: Db
  rail: Rail | undefined
  world: World
  /**
   * What the bank told of an invoice while these books did not know it, is told again, in the transaction
   * that adopts it.
   */
  hearAgain: (tx: Tx, made: ProviderInvoice, since: Instant) => Promise<void>
}

/** `rail`: asked about what was at the bank once. Undefined where it is not configured. */
export async function askAgain({ db, rail, world, hearAgain }: At, id: string, act: Act): Promise<Reissued> {
  const invoice = await findInvoice(db, id)
  if (!invoice) return { is: 'unknown' }
  const code = mayReissue(invoice)
  if (code) return { is: 'impossible', code, invoice }
  const refusal = await couldBePaid(rail, invoice)
  const there = refusal ?? (await standsThere(db, rail, invoice, act.as))
  if ('code' in there) return { is: 'impossible', ...there, invoice }
  return db.tx(async tx => {
    const answer = await writeAgain(tx, world, id, act, there.made)
    if (answer.is === 'reissued' && there.made) await hearAgain(tx, there.made, answer.of.added_at)
    return answer
  }, 'locks')
}

/** What was at the bank may have been paid in its last moment, and our books may not have heard of it. */
async function couldBePaid(
  rail: Rail | undefined,
  { provider_id: providerId }: InvoiceRow,
): Promise<Refusal | undefined> {
  if (providerId === null) return undefined
  const shown = await rail?.readInvoice(providerId)
  return shown?.is === 'done' ? refusalBy(shown.value) : { code: 'not-known' }
}

interface Refusal {
  code: ReissueRefusal
  there?: ProviderInvoice[]
}

const isOver = ({ status }: ProviderInvoice) => status === 'expired' || status === 'canceled'

function refusalBy(there: ProviderInvoice): Refusal | undefined {
  if (isOver(there)) return undefined
  return {
    code: there.status === 'paid' || there.status === 'voided' ? 'paid-there' : 'not-over',
    there: [there],
  }
}

/**
 * What the bank has of its slot and payer is read as well: a database that was restored has forgotten what
 * was asked for since the backup, and a duplicate of this invoice may be there that nobody has heard of.
 */
async function standsThere(
  reader: Reader,
  rail: Rail | undefined,
  invoice: InvoiceRow,
  as: string | undefined,
): Promise<Refusal | { made?: ProviderInvoice }> {
  const found = await rail?.findInvoices(invoice.batch_tag, invoice.payer_tax_id)
  if (found?.is !== 'done') return { code: 'not-known' }
  const forgotten: ProviderInvoice[] = []
  for (const there of found.value.filter(each => !isOver(each))) {
    if (there.tag === invoice.id) {
      const refusal =
        there.providerId === invoice.provider_id || (await isGivenBack(reader, there))
          ? undefined
          : refusalBy(there)
      if (refusal) return refusal
    } else if (
      there.tag !== undefined &&
      there.nominalUnits === invoice.units &&
      !(await isKnown(reader, there))
    )
      forgotten.push(there)
  }
  const named = as === undefined ? undefined : forgotten.find(({ providerId }) => providerId === as)
  if (as !== undefined) return named ? { made: named } : { code: 'not-there', there: forgotten }
  const [made, ...more] = forgotten
  if (!made) return {}
  // All of a slot are written at once, so one that is not known was asked for again; of which, is plain where
  // no other is like it.
  return more.length === 0 && (await isOneOfItsKind(reader, invoice))
    ? { made }
    : { code: 'asked-there', there: forgotten }
}

/** Whether no other invoice of its slot, payer and amount may be the one that was asked for again. */
const isOneOfItsKind = async (
  reader: Reader,
  { id, slot_id: slot, payer_tax_id: taxId, units }: InvoiceRow,
): Promise<boolean> =>
  (await reader.one(sql`
    select 1 as yes from invoices where slot_id = ${slot}
      and payer_tax_id in (${sameAs('invoices.payer_tax_id', taxId)}) and units = ${units} and id <> ${id}
      and state not in ('paid', 'credited', 'reversed') and id not in (select reissue_of
        from invoice_reissues) limit 1`)) === undefined

/** A duplicate of it that was paid, and of which all went back: its payer has paid nothing. */
const isGivenBack = async (reader: Reader, { providerId }: ProviderInvoice): Promise<boolean> =>
  (await reader.one(sql`
    select 1 as yes from invoice_twins where rail = 'starkbank' and provider_id = ${providerId}
      and state = 'refunded'`)) !== undefined

const isKnown = async (reader: Reader, { providerId, tag }: ProviderInvoice): Promise<boolean> =>
  (await reader.one(sql`
    select 1 as yes from invoices where id = ${tag ?? ''} or (rail = 'starkbank'
      and provider_id = ${providerId})
    union all select 1 as yes from invoice_twins where rail = 'starkbank'
      and provider_id = ${providerId}`)) !== undefined

async function writeAgain(
  tx: Tx,
  world: World,
  id: string,
  { by, why }: Act,
  made?: ProviderInvoice,
): Promise<Reissued> {
  const old = (await tx.one<InvoiceRow>(sql`select * from invoices where id = ${id} ${forUpdate}`))!
  const code = mayReissue(old)
  if (code) return { is: 'impossible', code, invoice: old }
  const before = (await reissuesOf(tx, id)).find(({ reissue_of: of }) => of === id)
  if (before) return { is: 'impossible', code: 'reissued', invoice: old, by: before.invoice_id }
  // Somebody else may have adopted it at the same moment.
  if (made && (await isKnown(tx, made))) return { is: 'impossible', code: 'not-there', invoice: old }

  const terms = {
    storeId: old.store_id,
    slotId: old.slot_id!,
    // As long as the payer had at first.
    dueInMs: millis(old.due_at) - millis(old.added_at),
    accountId: old.account_id,
    commissionBp: old.commission_bp,
    minPayoutUnits: old.min_payout_units,
    // Where nothing was said, nothing is said.
    ...(old.fine_bp !== null && {
      pay: {
        fineBp: old.fine_bp,
        interestBp: old.interest_bp ?? 0n,
        expiresInMs: Number(old.expires_in_ms ?? BigInt(usualExpiresInMs)),
        discounts: parseDiscounts(old.discounts ?? '') ?? [],
      },
    }),
  }
  const payer = { name: old.payer_name, taxId: old.payer_tax_id, description: old.description }
  const newId = await draftOfSlot(
    tx,
    world,
    terms,
    payer,
    { rail: 'starkbank', amount: brl(old.units) },
    made?.tag,
  )
  if (made)
    await takeAsIssued(tx, newId, made, {
      why: because('known-again'),
      ref: made.providerId,
    })
  await tx.run(sql`
    insert into invoice_reissues (invoice_id, reissue_of, asked_by, asked_why, added_at)
      values (${newId}, ${id}, ${by}, ${why}, ${await tx.now()})`)
  const detail = { as: newId, from: old.state, why, ...(made && { adopted: made.providerId }) }
  await audit(tx, { actor: by, act: 'invoice reissued', subject: id, detail })
  return { is: 'reissued', invoice: (await findInvoice(tx, newId))!, of: old, adopted: made !== undefined }
}
