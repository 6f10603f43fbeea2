/** Everything these books hold on one person, for them to read: LGPD, article 18, II and V. */
import { formatMoney } from '../base/money.ts'
import type { World } from '../base/world.ts'
import { audit } from '../ledger/ledger.ts'
import type { MailRow } from '../mail/mail.ts'
import { linesOf } from '../shop/shop.ts'
import { history, join, sql, type Reader, type Db } from '../db/db.ts'
import { payerDigest } from './digest.ts'
import { isUnknown, tracesOf } from './person.ts'
import { answering, type PrivacyRefusal } from './refusals.ts'

export interface PayerExport {
  taxId: string
  exportedAt: string
  orders: unknown[]
  invoices: unknown[]
  events: unknown[]
  rosters: unknown[]
  statementLines: unknown[]
  payoutAccounts: unknown[]
}

export type Exported = { is: 'unknown' } | { is: 'exported'; found: PayerExport }

/** Throws `BadInput` where it is no tax id. The export itself is a record of the audit log. */
export const exportPayer = (
  db: Db,
  world: World,
  text: string,
  by: string,
): Promise<Exported | PrivacyRefusal> =>
  answering(() =>
    db.tx(async tx => {
      const traces = await tracesOf(tx, text)
      if (isUnknown(traces)) return { is: 'unknown' } as const
      const { taxId, orders, invoices, rosters, lines, accounts } = traces
      const ids = [...new Set([...invoices.map(({ id }) => id), ...(await invoicesOfOrders(tx, orders))])]
      const found = {
        taxId,
        exportedAt: await tx.now(),
        // Without what opens the order's page, for whoever reads this file.
        orders: await each(orders, async ({ token: _, basket_key: __, ...order }) => ({
          ...order,
          lines: await linesOf(tx, order.id),
          mails: await tx.all<MailRow>(
            sql`select * from mails where order_id = ${order.id} order by added_at, id`,
          ),
          history: await history(tx, order.id),
        })),
        invoices: await each(invoices, async invoice => ({
          ...invoice,
          amount: formatMoney(invoice.units, invoice.asset),
          postings: await tx.all(sql`
            select t.at, t.movement, e.account, e.asset, e.units from ledger_entries e
              join ledger_transactions t on t.id = e.transaction_id
            where e.invoice_id = ${invoice.id} order by t.at, t.id, e.line`),
          history: await history(tx, invoice.id),
        })),
        events: await eventsAbout(tx, ids),
        rosters,
        statementLines: lines,
        payoutAccounts: await each(accounts, async ({ id }) =>
          tx.one(sql`select * from accounts where id = ${id}`),
        ),
      }
      const rows = Object.values(found).reduce(
        (sum, part) => sum + (Array.isArray(part) ? part.length : 0),
        0,
      )
      const subject = await payerDigest(tx, world.random, text)
      await audit(tx, { actor: by, act: 'payer exported', subject, detail: { rows: `${rows}` } })
      return { is: 'exported', found } as const
    }),
  )

const invoicesOfOrders = async (reader: Reader, orders: readonly { id: string }[]): Promise<string[]> => {
  const found: string[] = []
  for (const { id } of orders)
    found.push(
      ...(await reader.all<{ id: string }>(sql`select id from invoices where order_id = ${id}`)).map(
        row => row.id,
      ),
    )
  return found
}

/** The bodies as they came, of those that are not dropped. */
async function eventsAbout(reader: Reader, invoiceIds: readonly string[]): Promise<unknown[]> {
  if (invoiceIds.length === 0) return []
  const rows = await reader.all<{
    event_id: string
    rail: string
    kind: string | null
    received_at: string
    raw: Uint8Array
  }>(sql`
    select event_id, rail, kind, received_at, raw from inbox where id in (
      select id from inbox where about in (${join(invoiceIds)})
      union select e.id from transitions t join invoices i on i.id = t.subject join inbox e on e.rail = i.rail
        and e.event_id = t.ref
        where t.subject in (${join(invoiceIds)}))
    order by received_at, id`)
  return rows.map(({ event_id: id, rail, kind, received_at: receivedAt, raw }) => ({
    ...{ id, rail, kind, receivedAt },
    body: Buffer.from(raw).toString('utf8'),
  }))
}

async function each<T, R>(rows: readonly T[], work: (row: T) => Promise<R>): Promise<R[]> {
  const made: R[] = []
  for (const row of rows) made.push(await work(row))
  return made
}
