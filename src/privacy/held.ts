/**
 * Whether a payer's name and tax id may be blanked, and until when they are needed. Pure: the one rule for
 * acts and for the nightly job.
 */
import { isReversible } from '../base/rails.ts'
import { instant, later, millis, type Instant, type Millis } from '../base/world.ts'
import { dayMs, localToInstant, wallAt } from '../base/zone.ts'
import type { InvoiceRow } from '../invoice/invoice.ts'
import { sql, type Reader, type Sql } from '../db/db.ts'

/**
 * Why something is kept. `open`: it can still be paid, or waits for the bank's word. `under-way`: money, a
 * refund or a proposal about it is. `attention`: a person has to look at the order. `payable`: it may still
 * be paid late, until then. `reversible`: a Pix may be given back, until then. `fiscal`: what was paid is
 * kept for the tax authority, until then.
 */
export type HeldWhy = 'open' | 'under-way' | 'attention' | 'payable' | 'reversible' | 'fiscal'

export interface Held {
  why: HeldWhy
  until?: Instant
}

/** A Pix can be given back for so long (rules of the central bank on Pix, articles on `devolução`). */
export const reversibleMs: Millis = 90 * dayMs

const fiscalYears = 5
const zone = 'America/Sao_Paulo'

/**
 * Five years from the first day of the year that follows (Código Tributário Nacional, articles 173 and 195).
 */
export function fiscalUntil(paidAt: Instant): Instant {
  const year = new Date(wallAt(zone, millis(paidAt))).getUTCFullYear()
  return instant(localToInstant(`${year + fiscalYears + 1}-01-01T00:00`, zone))
}

/** What the rule asks of an invoice. */
export type Facts = {
  id: string
  order_id: string | null
  state: InvoiceRow['state']
  rail: InvoiceRow['rail']
  due_at: Instant
  watch_until: Instant | null
  paid_at: Instant | null
  changed_at: Instant
  forgotten_at: Instant | null
  /**
   * 1: a payout, a duplicate, a refund, a reversal, a cancelation or a proposal about it is not at its end.
   */
  busy: bigint
  /** 1: money came for it. */
  came: bigint
}

const ended: readonly string[] = ['credited', 'expired', 'canceled', 'refused', 'reversed']

/**
 * `keptElsewhere`: somebody says that what the tax authority asks for is kept in another place. Undefined:
 * nothing needs it.
 */
export function heldFor(invoice: Facts, now: Instant, keptElsewhere = false): Held | undefined {
  if (!ended.includes(invoice.state)) return { why: 'open' }
  if (invoice.busy === 1n) return { why: 'under-way' }
  if (invoice.came === 0n) {
    // What the bank says is over, is; an address on a chain is watched for longer.
    const until = invoice.watch_until ?? invoice.due_at
    return until > now ? { why: 'payable', until } : undefined
  }
  const paidAt = invoice.paid_at ?? invoice.changed_at
  const reversible = isReversible(invoice.rail) ? later(paidAt, reversibleMs) : paidAt
  if (!keptElsewhere && fiscalUntil(paidAt) > now) return { why: 'fiscal', until: fiscalUntil(paidAt) }
  return reversible > now ? { why: 'reversible', until: reversible } : undefined
}

/** Whether the reason lies in the way of everything, and not of the name and the tax id alone. */
export const isUnsettled = ({ why }: Held): boolean => why !== 'fiscal' && why !== 'reversible'

/** The facts of the invoices that `where` means, of the table `i`; oldest first. */
export const factsOf = (reader: Reader, where: Sql): Promise<Facts[]> =>
  reader.all<Facts>(sql`
    select i.id, i.order_id, i.state, i.rail, i.due_at, i.watch_until, i.paid_at, i.changed_at,
      i.forgotten_at,
      cast(case when ${isBusy} then 1 else 0 end as bigint) as busy, cast(case when ${hasCome} then 1
        else 0 end as bigint) as came
    from invoices i where ${where} order by i.added_at, i.id`)

const isBusy = sql`
  exists (select 1 from payouts p where p.invoice_id = i.id and p.state not in ('paid', 'canceled'))
  or exists (select 1 from invoice_twins t where t.invoice_id = i.id
    and t.state not in ('canceled', 'refunded', 'kept'))
  or exists (select 1 from invoice_refunds r where r.invoice_id = i.id
    and r.state not in ('refunded', 'failed'))
  or exists (select 1 from invoice_reversals v where v.invoice_id = i.id and (v.under_way_since is not null
    or v.holds_payout = 1))
  or exists (select 1 from invoice_cancels c where c.invoice_id = i.id and c.next_at is not null)
  or exists (select 1 from proposals q where q.state = 'open' and q.subject = i.id)
  or exists (select 1 from proposals q join payouts p on p.id = q.subject where q.state = 'open'
    and p.invoice_id = i.id)`

const hasCome = sql`
  i.state in ('credited', 'reversed') or coalesce(i.paid_units, 0) > 0
  or exists (select 1 from coins c where c.invoice_id = i.id)
  or exists (select 1 from invoice_twins t where t.invoice_id = i.id and coalesce(t.paid_units, 0) > 0)`
