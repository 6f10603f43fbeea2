/** Payouts as programs read them, with their orders and the transactions that may pay those. */
import { maybeMoney, moneyOf, type Asset } from '../../base/money.ts'
import { nextLookOf, paidAtOf, whyOfPayout, type ListedPayout, type ShownOrder } from '../payouts.ts'
import type { OrderTransaction } from '../transactions.ts'

export const payoutJson = (row: ListedPayout) => ({
  id: row.id,
  invoice: row.invoice_id,
  account: row.account,
  rail: row.rail,
  state: row.state,
  why: whyOfPayout(row),
  ...moneyOf(row.units, row.asset),
  withheld: moneyOf(row.withheld_units, row.asset),
  tries: Number(row.tries),
  nextAt: nextLookOf(row),
  addedAt: row.added_at,
  paidAt: paidAtOf(row),
  changedAt: row.changed_at,
})

export const orderJson = ({ attempt, transactions, bundle }: ShownOrder, asset: Asset) => ({
  id: attempt.id,
  number: Number(attempt.number),
  externalId: attempt.external_id,
  state: attempt.state,
  why: attempt.why,
  ...moneyOf(attempt.units, asset),
  fee: maybeMoney(attempt.fee_units, asset),
  providerId: attempt.provider_id,
  askedAt: attempt.asked_at,
  ...(bundle && {
    bundle: { id: bundle.id, state: bundle.state, why: bundle.why },
    transactions: transactions.map(transactionJson),
  }),
})

export const transactionJson = (each: OrderTransaction) => ({
  txid: each.id,
  state: each.state,
  ...moneyOf(each.units, 'BTC'),
  feeShare: moneyOf(each.share_units, 'BTC'),
  fee: moneyOf(each.fee_units, 'BTC'),
  address: each.address,
  height: each.height === null ? null : Number(each.height),
})
