/**
 * Reads what the bank says into the installation’s words. Called when an event is applied, never when it
 * comes in before it is proven.
 */
import { z } from 'zod'
import { BadInput } from '../../base/answer.ts'
import { storable } from '../../base/text.ts'
import type { Instant } from '../../base/world.ts'
import type {
  InvoiceLog,
  ProviderEvent,
  BatchInvoice,
  ProviderInvoice,
  ProviderPayout,
  StatementLine,
} from '../rail.ts'
import {
  eventShape,
  invoiceLogShape,
  transferLogShape,
  type BankEvent,
  type BankInvoice,
  type BankInvoiceLog,
  type BankTransaction,
  type BankTransfer,
  type BankTransferLog,
} from './bank.ts'

const invoiceStatuses = ['created', 'paid', 'overdue', 'expired', 'canceled', 'voided'] as const
const payoutStatuses = ['created', 'processing', 'success', 'failed', 'canceled'] as const

/** Our id of an invoice, as the bank keeps it among the tags; the payer's bank may add tags of its own. */
const invoiceTag = /^inv_[0-9a-z]{26}$/
/** Of the slot or the order that it is of. */
const batchTag = /^(?:slo|ord)_[0-9a-z]{26}$/
/** Payout id and attempt number. */
const payoutTag = /^pay_[0-9a-z]{26}-\d+$/

/** The bank's time, `2024-02-29T05:00:12.051456+00:00`, as ours. */
export const instantOf = (text: string): Instant => new Date(text).toISOString()

const oneOf = <T extends string>(known: readonly T[], text: string): T | 'unknown' =>
  known.find(word => word === text) ?? 'unknown'

export const toInvoice = (invoice: BankInvoice): ProviderInvoice => ({
  providerId: invoice.id,
  tag: invoice.tags.find(tag => invoiceTag.test(tag)),
  status: oneOf(invoiceStatuses, invoice.status),
  units: BigInt(invoice.amount),
  nominalUnits: BigInt(invoice.nominalAmount ?? invoice.amount),
  feeUnits: BigInt(invoice.fee),
  brcode: invoice.brcode,
  link: invoice.link,
  createdAt: instantOf(invoice.created),
  ...(invoice.updated && { updatedAt: instantOf(invoice.updated) }),
})

export const toBatchInvoice = (invoice: BankInvoice): BatchInvoice => ({
  ...toInvoice(invoice),
  batchTag: invoice.tags.find(tag => batchTag.test(tag)),
})

export const toInvoiceLog = ({ id, type, created, invoice }: BankInvoiceLog): InvoiceLog => ({
  logId: id,
  log: type,
  units: BigInt(invoice.amount),
  createdAt: instantOf(created),
})

export const toPayout = (transfer: BankTransfer): ProviderPayout => ({
  providerId: transfer.id,
  externalId: transfer.tags.find(tag => payoutTag.test(tag)),
  invoiceId: transfer.tags.find(tag => invoiceTag.test(tag)),
  status: oneOf(payoutStatuses, transfer.status),
  units: BigInt(transfer.amount),
  feeUnits: BigInt(transfer.fee),
  to: {
    taxId: transfer.taxId,
    bank: transfer.bankCode,
    branch: transfer.branchCode,
    number: transfer.accountNumber,
  },
  lineIds: transfer.transactionIds,
  createdAt: instantOf(transfer.created),
  ...(transfer.updated && { updatedAt: instantOf(transfer.updated) }),
})

export const toLine = (transaction: BankTransaction): StatementLine => ({
  id: transaction.id,
  units: BigInt(transaction.amount),
  feeUnits: BigInt(transaction.fee),
  about: aboutOf(transaction),
  description: transaction.description,
  source: transaction.source,
  tags: transaction.tags,
  createdAt: instantOf(transaction.created),
})

/**
 * A credit's externalId is `invoice-<id>`; a transfer's source is `transfer/<id>`, with `/chargeback` when it
 * came back.
 */
function aboutOf({ source, externalId }: BankTransaction): StatementLine['about'] {
  const match =
    /^(invoice|transfer)\/(\d+)(?:\/|$)/.exec(source) ?? /^(invoice|transfer)-(\d+)$/.exec(externalId)
  if (!match) return { is: 'other' }
  return { is: match[1] === 'invoice' ? 'invoice' : 'payout', providerId: match[2]! }
}

/** The bytes a push would have had, for an event that was polled. */
export const eventBytes = (event: BankEvent, workspaceId: string): Uint8Array =>
  // Only our own workspace's events can be polled; the oldest ones do not say so.
  encode({ ...event, workspaceId: event.workspaceId ?? workspaceId })

/** The same for a log whose event never came. */
export const logBytes = (
  subscription: 'invoice' | 'transfer',
  log: BankInvoiceLog | BankTransferLog,
  workspaceId: string,
): Uint8Array => encode({ id: `log-${log.id}`, created: log.created, log, subscription, workspaceId })

const encode = (event: object): Uint8Array => new TextEncoder().encode(JSON.stringify({ event }))

// A corporate card's authorization request comes to the same address, signed alike, but is no event: it has
// no id, no time, no log.
const authorization = z.object({
  endToEndId: z.string().min(1).max(64).transform(storable),
  cardId: z.string(),
  purpose: z.string(),
})

/**
 * Reads an event, pushed (`{"event": …}`) or as the API lists it. Throws `BadInput`, which names the place
 * and never the content.
 */
export function readEvent(raw: Uint8Array): ProviderEvent {
  const json = parseJson(raw)
  const asked = authorization.safeParse(json)
  if (asked.success) return { ...unread, eventId: asked.data.endToEndId }

  const { id, created, subscription, workspaceId, log } = shaped(
    'event',
    eventShape,
    isObject(json) && 'event' in json ? json.event : json,
  )
  const kind = `${subscription}.${typeof log['type'] === 'string' ? storable(log['type']) : 'unknown'}`
  const head = { eventId: id, workspaceId: workspaceId ?? '', kind, createdAt: instantOf(created) }

  switch (subscription) {
    case 'invoice': {
      const { id: logId, type, created: logged, invoice } = shaped('event.log', invoiceLogShape, log)
      return {
        ...head,
        about: 'invoice',
        logId,
        log: type,
        loggedAt: instantOf(logged),
        invoice: toInvoice(invoice),
      }
    }
    case 'transfer': {
      const { id: logId, type, transfer, errors } = shaped('event.log', transferLogShape, log)
      return { ...head, about: 'payout', logId, log: type, payout: toPayout(transfer), errors }
    }
    default:
      return { ...head, about: 'other' }
  }
}

const unread = {
  workspaceId: '',
  kind: 'corporate-purchase.authorization',
  createdAt: '1970-01-01T00:00:00.000Z',
  about: 'other',
} as const

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function parseJson(raw: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(raw))
  } catch {
    throw new BadInput('an event must be JSON in UTF-8')
  }
}

function shaped<S extends z.ZodType>(where: string, shape: S, value: unknown): z.output<S> {
  const result = shape.safeParse(value)
  if (result.success) return result.data
  throw new BadInput(
    `${[where, ...result.error.issues[0]!.path].join('.')} is not what the bank's documents say`,
  )
}
