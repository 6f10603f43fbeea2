/**
 * The contract every rail keeps: how money is asked for, heard of and sent, in ours words. A rail sees
 * only `base`.
 */
import type { Answer } from '../base/answer.ts'
import type { Deadline } from '../base/deadline.ts'
import type { Asset } from '../base/money.ts'
import type { Instant, Millis } from '../base/world.ts'
import type { ChainRail } from './chain.ts'

/**
 * How long an order may live, from its claim in the database to the end of the call: no byte of it leaves
 * later, and its socket is closed then. Counted by a `Deadline` that is started before the claim.
 */
export const callMs: Millis = 20_000
/**
 * How long a provider may take to act on what it received and to show it under its tag. Stark Bank documents
 * neither.
 */
export const lagMs: Millis = 60_000
/**
 * After this, that a provider shows no trace of an order can be believed; before it, the order may still be
 * on its way.
 */
export const absenceMs: Millis = callMs + lagMs

/**
 * Whether a provider said no for want of balance (Stark Bank: `invalidBalance`, "Insufficient balance"),
 * which heals by itself.
 */
export const lacksBalance = (said: string): boolean => /invalid ?balance|insufficient/i.test(said)

/** One invoice to ask for. `id` is ours and becomes the provider's tag. */
export interface InvoiceOrder {
  id: string
  /** Smallest units, > 0. */
  units: bigint
  payerName: string
  payerTaxId: string
  description: string
  dueAt: Instant
  /** How long after `dueAt` it can still be paid: 59 days where nothing is said. */
  graceSeconds?: number
  /** Added after `dueAt`, once and for each month: nothing where nothing is said. */
  fineBp?: bigint
  interestBp?: bigint
  /** Off for whoever pays by then, the largest first. */
  discounts?: readonly { basisPoints: bigint; until: Instant }[]
  /** Tag shared by the whole batch, so that a lost answer is settled with one question. */
  batchTag: string
}

/** An invoice as the provider shows it now. `tag`: our invoice id among its tags, if one is there. */
export interface ProviderInvoice {
  providerId: string
  tag: string | undefined
  status: 'created' | 'paid' | 'overdue' | 'expired' | 'canceled' | 'voided' | 'unknown'
  /** Asked before payment; really paid after it. */
  units: bigint
  nominalUnits: bigint
  feeUnits: bigint
  brcode: string
  link: string
  createdAt: Instant
  /** When it last changed there, where the provider says so. */
  updatedAt?: Instant
}

/** The same with the tag that its batch shares: the id of its slot or order. */
export type BatchInvoice = ProviderInvoice & { batchTag: string | undefined }

/** One entry of the provider's log of an invoice: what happened, and its amount then. */
export interface InvoiceLog {
  logId: string
  log: string
  units: bigint
  createdAt: Instant
}

/** Where a bank transfer goes. `bank` is an ISPB (8 digits, Pix) or COMPE code (3 digits, TED). */
export interface BankDestination {
  holder: string
  taxId: string
  bank: string
  branch: string
  number: string
  type: 'checking' | 'payment' | 'savings' | 'salary'
}

/**
 * One order to pay. `externalId` is ours (payout and attempt), is the provider's duplicate key and also its
 * tag; so is `invoiceId`.
 */
export interface PayoutOrder {
  externalId: string
  /**
   * The invoice whose money is passed on: found by it, a transfer is known even to a database that forgot
   * having ordered it.
   */
  invoiceId: string
  units: bigint
  to: BankDestination
  description: string
}

export interface ProviderPayout {
  providerId: string
  /** Our externalId among its tags, if one is there; and our invoice's id. */
  externalId: string | undefined
  invoiceId: string | undefined
  status: 'created' | 'processing' | 'success' | 'failed' | 'canceled' | 'unknown'
  units: bigint
  feeUnits: bigint
  to: { taxId: string; bank: string; branch: string; number: string }
  /** Of the statement's lines that moved its money, as far as it names them. */
  lineIds: string[]
  createdAt: Instant
  updatedAt?: Instant
}

/**
 * What an event says, in ours words. The raw bytes stay in the inbox; this is read from them when they
 * are applied.
 */
export type ProviderEvent = {
  eventId: string
  workspaceId: string
  /** e.g. `invoice.credited`, `transfer.failed`: subscription and log type. */
  kind: string
  createdAt: Instant
} &
  /** `loggedAt`: when it happened, by the provider's own clock, however long its word was on its way. */
  (
    | { about: 'invoice'; logId: string; log: string; loggedAt: Instant; invoice: ProviderInvoice }
    | { about: 'payout'; logId: string; log: string; payout: ProviderPayout; errors: string[] }
    | { about: 'other' }
  )

/** One line of the provider's statement. `about` is what it moved money for, where the provider says so. */
export interface StatementLine {
  id: string
  /** Signed: what entered is positive. */
  units: bigint
  feeUnits: bigint
  about: { is: 'invoice' | 'payout'; providerId: string } | { is: 'other' }
  description: string
  /** What the provider says it came from, in its own words: `transfer/123/fee`, `self`. */
  source: string
  tags: string[]
  createdAt: Instant
}

/**
 * A stretch of a long list. `next`: the place to ask for what follows, in the provider's own words; undefined
 * where nothing does.
 */
export interface Portion<T> {
  items: T[]
  next: string | undefined
}

/**
 * The verdict on bytes that came in. `unknown`: it cannot be judged now (no key could be had), so the
 * sender must try again.
 */
export type Verdict =
  | { is: 'genuine'; keyId: string }
  | { is: 'forged'; why: string }
  | { is: 'unknown'; why: string }

/** The rails an installation runs on; each is there only when it is configured. */
export interface Rails {
  starkbank?: Rail
  bitcoin?: ChainRail
}

export interface Rail {
  readonly name: 'starkbank'
  readonly asset: Asset
  /** The rail's whole-account identity; events of another one are foreign. */
  readonly workspaceId: string

  /**
   * Asks for up to 100 invoices in one call, all or none. Not safe to repeat: the provider has no key for it.
   * Refused, to be tried again, where `deadline` passed before anything was sent.
   */
  issue(orders: InvoiceOrder[], deadline: Deadline): Promise<Answer<ProviderInvoice[]>>
  /**
   * Every invoice that bears `tag` (an invoice id or a batch tag); of one payer only, where a tax id is
   * named.
   */
  findInvoices(tag: string, payerTaxId?: string): Promise<Answer<ProviderInvoice[]>>
  /** Every invoice made since `after`, whosever it is. */
  invoicesSince(after: Instant, place?: string): Promise<Answer<Portion<BatchInvoice>>>
  readInvoice(providerId: string): Promise<Answer<ProviderInvoice>>
  /**
   * Up to a hundred of them in one call, where the provider can be asked so; those it does not show are left
   * out. A list may lag behind what is read one by one, so whoever needs an invoice as it is now compares
   * `updatedAt`.
   */
  readInvoices?(providerIds: string[]): Promise<Answer<ProviderInvoice[]>>
  cancelInvoice(providerId: string): Promise<Answer<ProviderInvoice>>
  /**
   * Has a paid invoice's money given back to its payer, all but `leftUnits`. `done` means taken on: the
   * invoice's `units` are `leftUnits` from then on, and the money leaves later. Safe to repeat: what was
   * given back once is refused. Refused, to be tried again, where `deadline` passed before anything was sent.
   */
  refundInvoice(providerId: string, leftUnits: bigint, deadline: Deadline): Promise<Answer<ProviderInvoice>>
  /**
   * Everything that happened to an invoice, oldest first: what its amount alone does not say is whether money
   * has left, or is on its way.
   */
  invoiceLogs(providerId: string): Promise<Answer<InvoiceLog[]>>

  /**
   * Orders up to 100 payouts in one call. `done` means taken on, not paid: the outcome comes as an event.
   * Safe to repeat under the same externalId until `deadline`: later that order may have failed, and its key
   * is free again.
   */
  pay(orders: PayoutOrder[], deadline: Deadline): Promise<Answer<ProviderPayout[]>>
  /** Every payout that bears `tag`: an externalId, or the id of the invoice it passes on. */
  findPayouts(tag: string): Promise<Answer<ProviderPayout[]>>
  /**
   * What `findPayouts` finds for each of up to a hundred tags, asked for together. How a provider combines
   * several tags may not be documented: an empty list proves nothing here, and one that has what is known to
   * be there is whole.
   */
  findPayoutsOfAll?(tags: string[]): Promise<Answer<Map<string, ProviderPayout[]>>>
  readPayout(providerId: string): Promise<Answer<ProviderPayout>>
  /** Whether the provider's log says that a payout came back, whatever its status says. */
  hasComeBack(providerId: string): Promise<Answer<boolean>>

  /**
   * Proof over the raw bytes, before anything is parsed. `signatures`: every Digital-Signature header
   * received, in order.
   */
  verify(raw: Uint8Array, signatures: string[]): Promise<Verdict>
  /** The public keys that the provider publishes now, as PEM. */
  publishedKeys(): Promise<Answer<string[]>>
  /** Reads proven or polled bytes. Throws `BadInput` on what is not an event. */
  read(raw: Uint8Array): ProviderEvent

  /**
   * Events the provider could not deliver, as the bytes the inbox keeps (one event each). Lists may be longer
   * than anyone reads at once: each answer is one portion, oldest first, and the newest portion comes first.
   */
  undelivered(place?: string): Promise<Answer<Portion<{ eventId: string; raw: Uint8Array }>>>
  markDelivered(eventId: string): Promise<Answer<void>>
  /**
   * Logs `credited` of invoices and final logs of transfers since `after`, as bytes of the shape an event
   * has; eventId is `log-<id>`. `lacksReversals`: the provider refuses to list of which invoices money went
   * back; the log of each one may still be read.
   */
  missedLogs(
    after: Instant,
    place?: string,
  ): Promise<Answer<Portion<{ eventId: string; raw: Uint8Array }> & { lacksReversals?: true }>>

  /** Which workspace the credentials are of, as the provider has it; empty where it does not say. */
  workspace(): Promise<Answer<string>>
  /** The provider's own balance in smallest units. */
  balance(): Promise<Answer<bigint>>
  statement(after: Instant, place?: string): Promise<Answer<Portion<StatementLine>>>
  /** Every line of the statement that bears `tag`, oldest first: an operation's lines bear its tags. */
  taggedLines(tag: string): Promise<Answer<StatementLine[]>>

  /** The registered webhooks' URLs, and how to add one. */
  webhooks(): Promise<Answer<{ id: string; url: string; subscriptions: string[] }[]>>
  registerWebhook(url: string): Promise<Answer<{ id: string; url: string; subscriptions: string[] }>>
  close(): void
}
