/** Accepting: a person decides that what came late, or too little, is the payee's all the same. */
import { because } from '../../base/reasons.ts'
import { formatMoney } from '../../base/money.ts'
import { isOnChain } from '../../base/rails.ts'
import { millis, type World } from '../../base/world.ts'
import type { InvoiceRow, RequestStatus } from '../../invoice/invoice.ts'
import { audit, mayApproveNow } from '../../ledger/ledger.ts'
import { forUpdate, sql, type Db } from '../../db/db.ts'
import type { ChainTerms } from '../apply.ts'
import { answering, refuse, refuseIf, type InvoiceRefusal, type NothingToAccept } from '../refusals.ts'
import { restand } from './events.ts'
import { requestStatusOf, type Looked } from './status.ts'

/** Whether something came, late or too little, that waits for a person. */
export function mayAccept(
  { id, state, rail, late_by: by }: Pick<InvoiceRow, 'id' | 'state' | 'rail' | 'late_by'>,
  looked: Looked | undefined,
): NothingToAccept | undefined {
  const nothing = { is: 'nothing-to-accept', id, state } as const
  if (!isOnChain(rail)) return { ...nothing, cause: 'not-on-chain' }
  if (by !== null) return { ...nothing, cause: 'accepted-already', by }
  if (!looked) return { ...nothing, cause: 'not-open' }
  const { standing, payments } = looked
  const there = payments.filter(({ depth, spent }) => depth >= 0 && !spent)
  if (payments.length === 0) return { ...nothing, cause: 'nothing-came' }
  if (there.length === 0)
    return { ...nothing, cause: payments.some(({ spent }) => spent) ? 'spent' : 'left-chain' }
  return standing.missing === 0n && there.every(({ counts }) => counts)
    ? { ...nothing, cause: 'all-counts', units: standing.received }
    : undefined
}

/** From now on all that is there counts; how deep it must lie stays as it was. */
export const acceptPayment = (
  db: Db,
  world: World,
  chain: ChainTerms,
  id: string,
  { by, why }: { by: string; why: string },
): Promise<{ is: 'done'; invoice: InvoiceRow; standing: RequestStatus } | InvoiceRefusal> =>
  answering(() =>
    db.tx(async tx => {
      const invoice = await tx.one<InvoiceRow>(
        sql`select * from invoices where store_id = ${tx.store} and (id = ${id} or provider_id = ${id})
      ${forUpdate}`,
      )
      if (!invoice) return refuse({ is: 'invoice-unknown', id })
      const looked = await requestStatusOf(tx, invoice, chain, millis(await tx.now()))
      refuseIf(mayAccept(invoice, looked))
      refuseIf(await mayApproveNow(tx, by, await tx.now()))
      await tx.run(sql`update invoices set late_by = ${by} where id = ${invoice.id}`)
      const detail = {
        why,
        from: invoice.state,
        received: formatMoney(looked!.standing.received, 'BTC'),
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
        is: 'done',
        invoice: (await tx.one<InvoiceRow>(sql`select * from invoices where id = ${invoice.id}`))!,
        standing,
      } as const
    }, 'locks'),
  )
