/** Payouts as the commands print them: a list and one with its orders, as tables and as JSON. */
import { BadInput } from '../../base/answer.ts'
import { chargesFees } from '../../base/rails.ts'
import type { Reader } from '../../db/db.ts'
import { findPayout } from '../../payout/payout.ts'
import { payoutFilters, type FilterOf } from '../../queries/filters.ts'
import { findInvoiceBy } from '../../queries/lookup.ts'
import {
  keyOfPayout,
  listPayouts,
  nextLookOf,
  paidAtOf,
  payoutWaits,
  showPayout,
  whyOfPayout,
  type ListedPayout,
  type ShownOrder,
} from '../../queries/payouts.ts'
import { lastOf } from '../../queries/transactions.ts'
import { transactionsTable } from '../bitcoin/transactions.ts'
import type { Shell } from '../context.ts'
import { postingJson } from '../../queries/json/postings.ts'
import { postingsTable } from '../ledger/postings.ts'
import { readFilters, sayMore, type ListFlags } from '../listFlags.ts'
import { json, formatReais, sheet, stepsTable, stepsJson, table, formatMoney } from '../print.ts'
import { orderJson, payoutJson } from '../../queries/json/payouts.ts'

export type PayoutFlags = ListFlags<FilterOf<typeof payoutFilters>>

export async function list(shell: Shell, db: Reader, flags: PayoutFlags): Promise<void> {
  const { invoice, limit } = flags
  const about = invoice === undefined ? undefined : await findInvoiceBy(db, invoice)
  const filters = await readFilters(
    db,
    { ...flags, ...(about && { invoice: about.id }) },
    payoutFilters,
    async id => {
      const row = await findPayout(db, id)
      if (!row) throw new BadInput(`--before "${id}" is not a payout: "repasse payout list" shows them`)
      return keyOfPayout(row)
    },
  )
  const rows = await listPayouts(db, filters, limit)
  const line = (row: ListedPayout) => [
    row.id,
    row.added_at,
    paidAtOf(row) ?? '',
    row.state,
    formatMoney(row.units, row.asset),
    row.account,
    row.invoice_id,
    whyOfPayout(row) ?? '',
  ]
  await shell.out(
    flags.json
      ? json(rows.map(payoutJson))
      : table(
          ['PAYOUT', 'ADDED (UTC)', 'PAID (UTC)', 'STATE', '>AMOUNT', 'TO', 'INVOICE', 'WHY'],
          rows.map(line),
        ),
  )
  sayMore(
    shell,
    flags,
    rows.map(({ id }) => id),
    filters,
  )
}

export async function show(shell: Shell, db: Reader, id: string, asJson: true | undefined): Promise<void> {
  const seen = await showPayout(db, id)
  if (!seen) throw new BadInput(`there is no payout "${id}": "repasse payout list" shows them`)
  const { row, orders: attempts, steps, postings } = seen
  if (asJson) {
    const orders = attempts.map(order => ({
      ...orderJson(order, row.asset),
      history: stepsJson(order.steps),
    }))
    return shell.out(
      json({
        ...payoutJson(row),
        attempts: orders,
        history: stepsJson(steps),
        postings: postings.map(postingJson),
      }),
    )
  }
  const last = lastOf(attempts.at(-1)?.transactions ?? [])
  const facts = sheet([
    ['payout', row.id],
    ['state', [row.state, row.why, payoutWaits(row)].filter(Boolean).join(': ')],
    ['amount', formatMoney(row.units, row.asset)],
    [
      'withheld',
      chargesFees(row.rail) ? `${formatReais(row.withheld_units)} for the transfer’s fee` : undefined,
    ],
    [
      'network fee',
      last && `${formatMoney(last.share_units, 'BTC')}, so ${formatMoney(last.units, 'BTC')} reach the payee`,
    ],
    ['to', last ? `${row.account}, at ${last.address}` : row.account],
    ['for', row.invoice_id],
    ['next look', nextLookOf(row)],
  ])
  const orders = attempts.map(
    order =>
      `\n${order.attempt.bundle_id === null ? bankOrder(order) : bundleOrder(order)}${stepsTable(order.steps)}`,
  )
  await shell.out(
    `${facts}\n${stepsTable(steps)}${orders.join('')}${postings.length > 0 ? `\n${postingsTable(postings)}` : ''}`,
  )
}

function bankOrder({ attempt }: ShownOrder): string {
  const fee = attempt.fee_units === null ? '' : `, fee ${formatReais(attempt.fee_units)}`
  return `order ${attempt.external_id} is ${attempt.state}${attempt.why ? `: ${attempt.why}` : ''} (at the bank: ${attempt.provider_id ?? 'unknown'}${fee})\n`
}

const bundleOrder = ({ attempt, transactions, bundle }: ShownOrder): string =>
  `order ${attempt.external_id} is ${attempt.state} in bundle ${attempt.bundle_id}, which is ${bundle?.state}${bundle?.why ? `: ${bundle.why}` : ''}\n${transactionsTable(transactions)}`
