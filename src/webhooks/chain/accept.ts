/** Taking on: a person decides that what came late, or too little, is the payee's all the same. */
import { because } from '../../base/reasons.ts'
import { BadInput } from '../../base/answer.ts'
import { formatMoney } from '../../base/money.ts'
import { millis, type World } from '../../base/world.ts'
import type { InvoiceRow, RequestStatus } from '../../invoice/invoice.ts'
import { assertMayApprove, audit } from '../../ledger/ledger.ts'
import { forUpdate, sql, type Db, type Tx } from '../../db/db.ts'
import type { ChainTerms } from '../apply.ts'
import { restand } from './events.ts'
import { requestStatusOf } from './status.ts'

/**
 * From now on all that is there counts; how deep it must lie stays as it was. Throws `BadInput` where nothing
 * waits for a person.
 */
export async function acceptPayment(
  db: Db,
  world: World,
  chain: ChainTerms,
  id: string,
  { by, why }: { by: string; why: string },
): Promise<{ invoice: InvoiceRow; standing: RequestStatus }> {
  return db.tx(async tx => {
    const invoice = await tx.one<InvoiceRow>(
      sql`select * from invoices where store_id = ${tx.store} and (id = ${id} or provider_id = ${id})
      ${forUpdate}`,
    )
    if (!invoice) throw new BadInput(`there is no invoice "${id}": "repasse invoice list" shows them`)
    const received = await waiting(tx, invoice, chain)
    await assertMayApprove(tx, by, await tx.now())
    await tx.run(sql`update invoices set late_by = ${by} where id = ${invoice.id}`)
    const detail = {
      why,
      from: invoice.state,
      received: formatMoney(received, 'BTC'),
      asked: formatMoney(invoice.units, 'BTC'),
    }
    await audit(tx, { actor: by, act: 'payment taken on', subject: invoice.id, detail })
    const standing = await restand(
      tx,
      { world, chain },
      { ...invoice, late_by: by },
      { why: because('partial-accepted', { by, said: why }) },
    )
    return {
      invoice: (await tx.one<InvoiceRow>(sql`select * from invoices where id = ${invoice.id}`))!,
      standing,
    }
  }, 'locks')
}

/** Satoshis that are there, of which some wait for a person. */
async function waiting(tx: Tx, invoice: InvoiceRow, chain: ChainTerms): Promise<bigint> {
  const refuse = (why: string) => new BadInput(`invoice ${invoice.id} ${why}, so there is nothing to take on`)
  if (invoice.rail !== 'bitcoin') throw refuse('is the bank’s, which takes no payment late or in part')
  if (invoice.late_by !== null) throw refuse(`was taken on already, by ${invoice.late_by}`)
  const looked = await requestStatusOf(tx, invoice, chain, millis(await tx.now()))
  if (!looked) throw refuse(`is ${invoice.state}`)
  const { standing, payments } = looked
  const there = payments.filter(({ depth, spent }) => depth >= 0 && !spent)
  if (there.length === 0)
    throw refuse(
      payments.length === 0
        ? `is ${invoice.state} and nothing came`
        : payments.some(({ spent }) => spent)
          ? 'had its payment given back, or spent by a transaction that is not ours'
          : 'has no payment on the chain any more',
    )
  if (standing.missing === 0n && there.every(({ counts }) => counts))
    throw refuse(`is ${invoice.state} and all that came counts: ${formatMoney(standing.received, 'BTC')}`)
  return standing.received
}
