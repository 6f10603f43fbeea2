/** The transactions of payouts on a chain, as the commands print them. */
import { formatMoney } from '../../base/money.ts'
import type { OrderTransaction } from '../../queries/transactions.ts'
import { table } from '../print.ts'

export const transactionsTable = (transactions: OrderTransaction[]): string =>
  table(
    ['TRANSACTION', 'STATE', '>PAYS', '>FEE SHARE', '>WHOLE FEE', 'TO', '>BLOCK'],
    transactions.map(each => [
      each.id,
      each.state,
      formatMoney(each.units, 'BTC'),
      formatMoney(each.share_units, 'BTC'),
      formatMoney(each.fee_units, 'BTC'),
      each.address,
      each.height === null ? '' : `${each.height}`,
    ]),
  )
