/**
 * After a restore the database is older than the world: what may have been asked for since then is not asked
 * for again unseen.
 */
import { because, type Reason } from '../base/reasons.ts'
import { instant, type Instant, type World } from '../base/world.ts'
import { keepsInvoices, railNames } from '../base/rails.ts'
import { passOver, type NextNumbers } from '../chain/chain.ts'
import { holdAll, waitForBank, waitForChain } from '../payout/payout.ts'
import { endAllSessions } from '../people/people.ts'
import { sql, type Db, type Tx } from '../db/db.ts'
import { railFlows } from './rails.ts'
import { readInvoicesSinceBackup } from '../webhooks/webhooks.ts'
import { materialise } from '../schedule/schedule.ts'
import { setHeld, slots } from '../schedule/slots.ts'
import { invoices, requests, twins, refunds } from '../invoice/tables.ts'

export interface SetAside {
  slots: number
  drafts: number
}

type Parts = Pick<World, 'clock' | 'random' | 'log' | 'at'>

/**
 * Everything that a restored database needs before anybody works on it: payouts are stopped, and what may
 * have happened since is set aside.
 */
export async function takeUpRestored(
  db: Db,
  world: Parts,
  { why, by, replaced }: { why: Reason; by: string; replaced?: NextNumbers | undefined },
): Promise<SetAside> {
  await holdAll(db, why, by, 'restored')
  await db.tx(tx => markRestored(tx, world))
  await db.tx(endAllSessions)
  return setAsideAfterRestore(db, world, replaced)
}

/**
 * From here on, payouts of every invoice in the backup are looked up at the bank before their first order.
 * The backup may have been made by a clock that is ahead of this one, so no invoice in it may be newer than
 * the mark.
 */
async function markRestored(tx: Tx, { clock }: Pick<World, 'clock'>): Promise<void> {
  const newest = await tx.one<{ at: Instant | null }>(sql`select max(added_at) as at from invoices`)
  const now = instant(clock.now())
  const at = newest?.at != null && newest.at > now ? newest.at : now
  await tx.run(
    sql`insert into settings (name, value) values ('restored', ${at}) on conflict (name) do update
      set value = excluded.value`,
  )
}

/**
 * Slots that fell due since the backup are kept as missed: their invoices may exist at the bank under ids
 * this database never saw. Drafts become a question to the bank, which has them by their tags if they were
 * issued. Nobody can be asked about a payment request, so those drafts end. Refunds that the bank may not
 * have taken on are a person's to decide again: one may have been settled otherwise; and numbers of addresses
 * that may have been shown to a payer are not handed out again. A person runs again what is wanted.
 */
export async function setAsideAfterRestore(db: Db, world: Parts, replaced?: NextNumbers): Promise<SetAside> {
  await db.tx(tx => readInvoicesSinceBackup(tx))
  // Also of a schedule that is on hold, as one whose roster cannot be read for want of a key: it goes on
  // later, and may have been issued by all the same.
  await materialise(db, world, 'all')
  return db.tx(async tx => {
    const why = because('due-before-restore')
    const due = await tx.all<{ id: string }>(sql`select id from slots where state = 'due'`)
    for (const { id } of due) await slots.move(tx, { id, state: 'due' }, 'missed', { why }, [setHeld(null)])

    const now = await tx.now()
    const drafted = await tx.all<{ id: string; rail: string }>(
      sql`select id, rail from invoices where state = 'draft'`,
    )
    for (const { id } of drafted.filter(({ rail }) => keepsInvoices(rail)))
      await invoices.move(
        tx,
        { id, state: 'draft' },
        'issuing',
        { why: because('maybe-issued-after-backup') },
        [sql`next_at = ${now}`, sql`absences = 0`],
      )

    for (const { id } of drafted.filter(({ rail }) => !keepsInvoices(rail)))
      await requests.move(tx, { id, state: 'draft' }, 'canceled', {
        why: because('maybe-shown-after-backup'),
      })
    const twinRefunds = await tx.all<{ id: string; state: 'approved' | 'refunding' | 'unsure' }>(
      sql`select id, state from invoice_twins where state in ('approved', 'refunding', 'unsure')`,
    )
    for (const { id, state } of twinRefunds)
      await twins.move(tx, { id, state }, 'credited', { why: because('restored') }, [
        sql`next_at = null`,
        sql`absences = 0`,
      ])
    const own = await tx.all<{ id: string; invoice_id: string; state: 'approved' | 'refunding' | 'unsure' }>(
      sql`select id, invoice_id, state from invoice_refunds
        where state in ('approved', 'refunding', 'unsure')`,
    )
    for (const { id, invoice_id: invoiceId, state } of own) {
      await refunds.move(tx, { id, state }, 'failed', { why: because('restored') }, [
        sql`next_at = null`,
        sql`absences = 0`,
      ])
      // What the bank did of it meanwhile, its log says.
      await tx.run(sql`update invoice_reversals set next_at = ${now} where invoice_id = ${invoiceId}`)
    }
    for (const name of railNames) await railFlows[name].afterRestore?.(tx)
    await passOver(tx, replaced)
    await waitForBank(tx)
    await waitForChain(tx)
    return { slots: due.length, drafts: drafted.length }
  })
}
