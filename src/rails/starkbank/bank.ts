/**
 * The wire: the few calls the rail makes of the bank, in the bank's own shapes. The SDK answers them, or a
 * simulated bank does.
 */
import { z } from 'zod'
import type { Answer } from '../../base/answer.ts'
import type { Deadline } from '../../base/deadline.ts'
import { storable } from '../../base/text.ts'

/** What payers and the bank write; whatever it holds can be stored. */
const text = z.string().transform(storable)
const id = z.string().min(1).max(64).transform(storable)
const cents = z.int().nonnegative()
const orEmpty = text.nullish().transform(given => given ?? '')
const texts = z
  .array(text)
  .nullish()
  .transform(list => list ?? [])
const orZero = cents.nullish().transform(amount => amount ?? 0)
/** As the bank writes it: microseconds and an offset. */
const moment = z
  .string()
  .max(40)
  .regex(/^\d{4}-\d{2}-\d{2}/)
  .refine(text => !Number.isNaN(Date.parse(text)), 'not a time')

// In 2020 an error was a word, today it is an object with a code and a message.
const fault = z
  .union([text, z.object({ code: orEmpty, message: orEmpty })])
  .transform(item => (typeof item === 'string' ? item : [item.code, item.message].filter(Boolean).join(': ')))
const faults = z
  .array(fault)
  .nullish()
  .transform(list => list ?? [])

/** Stark Bank docs, Invoice; only what we use, so that a payer's name and tax id are not carried about. */
export const invoiceShape = z.object({
  id,
  status: orEmpty,
  amount: cents,
  nominalAmount: cents.nullish(),
  fee: orZero,
  tags: texts,
  brcode: orEmpty,
  link: orEmpty,
  created: moment,
  updated: moment.nullish(),
})

/** As a list shows it: there the tax id tells the invoices of one batch apart, and goes no further. */
export const listedInvoiceShape = invoiceShape.extend({ taxId: text.nullish() })

/** Stark Bank docs, Transfer. */
export const transferShape = z.object({
  id,
  status: orEmpty,
  amount: cents,
  fee: orZero,
  tags: texts,
  externalId: text.nullish(),
  taxId: orEmpty,
  bankCode: orEmpty,
  branchCode: orEmpty,
  accountNumber: orEmpty,
  transactionIds: texts,
  created: moment,
  updated: moment.nullish(),
})

export const invoiceLogShape = z.object({
  id,
  type: z.string().min(1).transform(storable),
  created: moment,
  errors: faults,
  invoice: invoiceShape,
})
export const transferLogShape = z.object({
  id,
  type: z.string().min(1).transform(storable),
  created: moment,
  errors: faults,
  transfer: transferShape,
})

/** The log stays as it came: it is kept as bytes, and read when it is applied. */
export const eventShape = z.object({
  id,
  created: moment,
  subscription: z.string().min(1).transform(storable),
  workspaceId: text.nullish(),
  log: z
    .record(z.string(), z.unknown())
    .nullish()
    .transform(log => log ?? {}),
})

/** Stark Bank docs, Transaction; `amount` is signed. */
export const transactionShape = z.object({
  id,
  amount: z.int(),
  fee: orZero,
  description: orEmpty,
  externalId: orEmpty,
  source: orEmpty,
  tags: texts,
  created: moment,
})

export const balanceShape = z.object({ id: orEmpty, amount: z.int() })
export const webhookShape = z.object({ id, url: z.string(), subscriptions: texts })
export const publicKeyShape = z.object({ content: z.string() })

export type BankInvoice = z.output<typeof invoiceShape>
export type ListedInvoice = BankInvoice & Pick<z.output<typeof listedInvoiceShape>, 'taxId'>
export type BankTransfer = z.output<typeof transferShape>
export type BankInvoiceLog = z.output<typeof invoiceLogShape>
export type BankTransferLog = z.output<typeof transferLogShape>
export type BankEvent = z.output<typeof eventShape>
export type BankTransaction = z.output<typeof transactionShape>
export type BankBalance = z.output<typeof balanceShape>
export type BankWebhook = z.output<typeof webhookShape>
export type BankPublicKey = z.output<typeof publicKeyShape>

/**
 * A new invoice. `amount` in cents, `due` an ISO instant: the SDK turns a Date at midnight into a day, which
 * means something else.
 */
export interface InvoiceBody {
  amount: number
  name: string
  taxId: string
  due: string
  /** Seconds after `due` in which it can still be paid; 59 days where nothing is said. */
  expiration?: number
  /** Percent added after `due`, at once and a month; 2 and 1 where nothing is said. */
  fine?: number
  interest?: number
  discounts?: { percentage: number; due: string }[]
  tags: string[]
  descriptions?: { key: string; value?: string }[]
}

export interface TransferBody {
  amount: number
  name: string
  taxId: string
  bankCode: string
  branchCode: string
  accountNumber: string
  accountType: string
  externalId: string
  description?: string
  tags: string[]
}

/** Up to 100 at a time, newest first. `after` is a day (2026-11-21), itself included. */
export interface PageOf {
  limit?: number
  cursor?: string
  after?: string
}
export interface Page<T> {
  items: T[]
  /** Undefined on the last page. */
  cursor: string | undefined
}

export interface Bank {
  /** Nothing is sent once `deadline` has passed; the same holds of transfers. */
  createInvoices(bodies: InvoiceBody[], deadline: Deadline): Promise<Answer<BankInvoice[]>>
  /** `ids`: those of up to a hundred; one that is not there is left out. */
  pageInvoices(query: PageOf & { tags?: string[]; ids?: string[] }): Promise<Answer<Page<ListedInvoice>>>
  getInvoice(id: string): Promise<Answer<BankInvoice>>
  patchInvoice(
    id: string,
    patch: { status: 'canceled' } | { amount: number },
    deadline?: Deadline,
  ): Promise<Answer<BankInvoice>>
  pageInvoiceLogs(
    query: PageOf & { types?: string[]; invoiceIds?: string[] },
  ): Promise<Answer<Page<BankInvoiceLog>>>

  createTransfers(bodies: TransferBody[], deadline: Deadline): Promise<Answer<BankTransfer[]>>
  pageTransfers(query: PageOf & { tags?: string[] }): Promise<Answer<Page<BankTransfer>>>
  getTransfer(id: string): Promise<Answer<BankTransfer>>
  pageTransferLogs(
    query: PageOf & { types?: string[]; transferIds?: string[] },
  ): Promise<Answer<Page<BankTransferLog>>>

  pageEvents(query: PageOf & { isDelivered: boolean }): Promise<Answer<Page<BankEvent>>>
  markDelivered(eventId: string): Promise<Answer<void>>

  balance(): Promise<Answer<BankBalance>>
  pageTransactions(query: PageOf & { tags?: string[] }): Promise<Answer<Page<BankTransaction>>>
  webhooks(): Promise<Answer<BankWebhook[]>>
  createWebhook(body: { url: string; subscriptions: string[] }): Promise<Answer<BankWebhook>>
  publicKeys(): Promise<Answer<BankPublicKey[]>>
  close(): void
}
