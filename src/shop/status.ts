/**
 * Where an order stands, as its page tells it: derived from its invoices and what lies on the chain. Pure,
 * and the only place it is decided.
 */
import { minRequest } from '../base/money.ts'
import { millis, type Instant, type Millis } from '../base/world.ts'
import { isOnChain, type RailName } from '../base/rails.ts'
import type { InvoiceRow, RequestStatus } from '../invoice/invoice.ts'
import { isUnreadable } from '../db/db.ts'
import type { OrderRow } from './order.ts'

/** What a payer is shown to pay with. */
export type Code = PixCode | BitcoinCode

export interface PixCode {
  rail: RailName
  /** Pix copia e cola; also what the QR code holds. */
  brcode: string
  /** The bank's own page for it. */
  link: string | undefined
  /** BRL cents. */
  units: bigint
}

export interface BitcoinCode {
  rail: RailName
  address: string
  /** BIP 321, with the amount below; also what the QR code holds. */
  uri: string
  /** Satoshis still to be paid. */
  units: bigint
  /** What it was priced at: BRL cents, cents for one BTC, when, and whose rate. */
  quote: { units: bigint; rateUnits: bigint; at: Instant; sources: string[] } | undefined
}

export type OrderStatus =
  /** No code yet: the rail is being asked. The page only has to wait. */
  | { is: 'preparing' }
  /** Nothing has come. After `until` the code is over. */
  | { is: 'waiting'; code: Code; until: Instant }
  /** Bitcoin: on its way, in no block yet. Satoshis. */
  | { is: 'seen'; received: bigint; txids: string[] }
  /** Bitcoin: `depth` of `needed` confirmations. */
  | { is: 'confirming'; depth: number; needed: number; received: bigint; txids: string[] }
  /**
   * Bitcoin: `code` asks for exactly the rest, to the same address. `received` and `missing` in satoshis; it
   * counts until `until`.
   */
  | { is: 'underpaid'; received: bigint; missing: bigint; code: BitcoinCode; until: Instant; txids: string[] }
  | { is: 'paid'; at: Instant; late: boolean; paid: Paid }
  /** Nothing can be paid any more; a new code may be asked for (`newCode`). */
  | { is: 'expired' }
  /** The rail would not ask for it. A new code may be asked for, on another rail too. */
  | { is: 'refused' }
  /** Money came that a person has to decide about: late or in part, given back, or gone again. */
  | { is: 'attention'; why: 'late' | 'returned' | 'gone' }

/** What paid it: BRL cents or satoshis, and how it is known outside. */
export interface Paid {
  rail: RailName
  invoiceId: string
  units: bigint
  /** The bank's number for it, or the transactions. */
  proofs: string[]
}

/** What the chain shows of one invoice. */
export interface LookedAt {
  standing: RequestStatus
  /** Of what was ever seen at its address, what is still there. */
  txids: string[]
}

export interface Surroundings {
  now: Millis
  /** By invoice id; of invoices of the bitcoin rail that are watched. */
  looked: ReadonlyMap<string, LookedAt>
  /** BIP 321. */
  uri: (address: string, units: bigint, label: string) => string
}

/**
 * Decides what the page of `order` tells. `invoices`: all of it, oldest first. Money that came, for whichever
 * code, is told before a code that waits.
 */
export function orderStatus(
  order: OrderRow,
  invoices: readonly InvoiceRow[],
  around: Surroundings,
): OrderStatus {
  const told = invoices.toReversed().map(row => ({ row, standing: ofInvoice(order, row, around) }))
  // Which one paid is written down; where two did, that one is told.
  const first = told.find(({ row, standing }) => row.id === order.paid_by && standing.is === 'paid')
  if (first) return first.standing
  for (const is of ['paid', 'confirming', 'seen', 'underpaid', 'attention'] as const) {
    const found = told.find(({ standing }) => standing.is === is)
    if (found) return found.standing
  }
  if (order.state === 'paid') return { is: 'attention', why: 'gone' }
  const newest = told[0]
  if (!newest) throw new Error(`order ${order.id} has no invoice`)
  return newest.standing
}

/** The same for one of its invoices, as if it were the only one. Every state of both rails is here. */
function ofInvoice(order: OrderRow, row: InvoiceRow, { now, looked, uri }: Surroundings): OrderStatus {
  const seen = looked.get(row.id)
  const isOver = now > millis(row.due_at)
  const txids = seen?.txids ?? []
  const received = seen?.standing.received ?? 0n
  const state = freshest(row, seen)
  switch (state) {
    case 'draft':
    case 'issuing':
    case 'unsure':
      // Whatever becomes of it, it is too late to show it.
      return isOver ? { is: 'expired' } : { is: 'preparing' }
    case 'issued':
    case 'overdue': {
      const code = isOver ? undefined : codeOf(row, row.units, uri)
      return code ? { is: 'waiting', code, until: row.due_at } : { is: 'expired' }
    }
    case 'seen':
      return { is: 'seen', received, txids }
    case 'confirming': {
      const needed = Number(row.confirmations ?? 1n)
      // What the chain shows is one look ahead of the books: it is paid when they say so.
      return { is: 'confirming', depth: Math.min(seen?.standing.depth ?? 0, needed), needed, received, txids }
    }
    case 'underpaid': {
      const missing = seen?.standing.missing ?? row.units
      const code = bitcoinCodeOf(row, missing, uri)
      const until = isOver ? (row.watch_until ?? row.due_at) : row.due_at
      return code ? { is: 'underpaid', received, missing, code, until, txids } : { is: 'preparing' }
    }
    case 'paid':
    case 'credited': {
      const isFirst = order.paid_by === row.id
      const paid = paidWith(row, seen)
      return {
        is: 'paid',
        at: (isFirst ? order.paid_at : null) ?? row.changed_at,
        late: order.state === 'paid' ? order.paid_late === 1n : order.state === 'expired',
        paid,
      }
    }
    case 'late':
      return { is: 'attention', why: 'late' }
    case 'reversed':
      return { is: 'attention', why: 'returned' }
    case 'expired':
    case 'canceled':
      return { is: 'expired' }
    case 'refused':
      return isOver ? { is: 'expired' } : { is: 'refused' }
  }
}

/**
 * A request's own state may be a look behind the chain; what is booked is not told before the books have it.
 */
function freshest({ state, rail }: InvoiceRow, seen: LookedAt | undefined): InvoiceRow['state'] {
  if (!isOnChain(rail) || !seen || state === 'paid' || state === 'credited') return state
  const { state: fresh } = seen.standing
  return fresh === 'paid' || fresh === 'credited' ? 'confirming' : fresh
}

const codeOf = (row: InvoiceRow, units: bigint, uri: Surroundings['uri']): Code | undefined =>
  isOnChain(row.rail) ? bitcoinCodeOf(row, units, uri) : pixCodeOf(row)

const pixCodeOf = ({ rail, brcode, link, units }: InvoiceRow): PixCode | undefined =>
  brcode === null || isUnreadable(brcode) ? undefined : { rail, brcode, link: link ?? undefined, units }

function bitcoinCodeOf(row: InvoiceRow, missing: bigint, uri: Surroundings['uri']): BitcoinCode | undefined {
  const {
    rail,
    provider_id: address,
    quote_units: quoteUnits,
    rate_units: rateUnits,
    rate_at: at,
    rate_sources: sources,
  } = row
  if (address === null) return undefined
  // A rest that no node passes on is asked for as the least that one does.
  const units = missing < minRequest ? minRequest : missing
  const quote =
    quoteUnits === null || rateUnits === null || at === null
      ? undefined
      : { units: quoteUnits, rateUnits, at, sources: sources?.split(', ') ?? [] }
  return { rail, address, uri: uri(address, units, row.description), units, quote }
}

const paidWith = (row: InvoiceRow, seen: LookedAt | undefined): Paid =>
  isOnChain(row.rail)
    ? {
        rail: row.rail,
        invoiceId: row.id,
        units: seen?.standing.received ?? row.units,
        proofs: seen?.txids ?? [],
      }
    : {
        rail: row.rail,
        invoiceId: row.id,
        units: row.paid_units ?? row.units,
        proofs: row.provider_id === null ? [] : [row.provider_id],
      }
