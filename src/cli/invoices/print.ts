/** Invoices as the commands print them: a list and one with its causes, as tables and as JSON. */
import { sentence } from '../../base/reasons.ts'
import type { Base } from '../../app.ts'
import { BadInput } from '../../base/answer.ts'
import { maskTaxId } from '../../base/brazil.ts'
import { formatDuration } from '../../base/duration.ts'
import { percentText } from '../../base/payTerms.ts'
import { isOnChain } from '../../base/rails.ts'
import { instant } from '../../base/world.ts'
import type { InvoiceRow, RefundRow, TwinRow } from '../../invoice/invoice.ts'
import { invoiceFilters, type FilterOf } from '../../queries/filters.ts'
import { listInvoices, placeOfInvoice, showInvoice } from '../../queries/invoices.ts'
import { findInvoiceBy } from '../../queries/lookup.ts'
import { txidsOf } from '../../queries/transactions.ts'
import type { PostingRow } from '../../ledger/ledger.ts'
import { postingJson } from '../../queries/json/postings.ts'
import { postingsTable } from '../ledger/postings.ts'
import { chosenBy, readFilters, sayMore, type ListFlags } from '../listFlags.ts'
import { formatMoney, formatReais, json, sheet, stepsTable, stepsJson, table } from '../print.ts'
import { noteShownHere, noteTaken } from '../privacy.ts'
import { askedFacts, paymentsTable, placeFacts, readRequest, requestView, type Request } from '../requests.ts'
import type { Shell } from '../context.ts'
import { backFacts, refundsTable } from './acts.ts'
import { duplicatesTable } from './duplicates.ts'
import {
  backJson,
  duplicateJson,
  invoiceJson,
  paidOnJson,
  refundJson,
  type PaidOn,
} from '../../queries/json/invoices.ts'

export type InvoiceFlags = ListFlags<FilterOf<typeof invoiceFilters>>

export async function list(shell: Shell, { db, world }: Base, flags: InvoiceFlags): Promise<void> {
  const filters = await readFilters(db, flags, invoiceFilters, async id => {
    const place = await placeOfInvoice(db, id, flags.schedule)
    if (!place) throw new BadInput(`--before "${id}" is not an invoice: "repasse invoice list" shows them`)
    return place
  })
  const rows = await listInvoices(db, filters, flags.limit)
  const { json: asJson } = flags
  if (asJson) await noteTaken({ db, world }, 'invoices', rows.length, chosenBy(flags))
  const line = (row: InvoiceRow) => [
    row.id,
    row.added_at,
    row.state,
    formatMoney(row.units, row.asset),
    row.payer_name,
    row.due_at,
    row.order_id ?? '',
  ]
  await shell.out(
    asJson
      ? json(rows.map(invoiceJson))
      : table(['INVOICE', 'ADDED (UTC)', 'STATE', '>AMOUNT', 'PAYER', 'DUE (UTC)', 'ORDER'], rows.map(line)),
  )
  sayMore(
    shell,
    flags,
    rows.map(({ id }) => id),
    filters,
  )
}

export async function show(shell: Shell, base: Base, id: string, asJson: true | undefined): Promise<void> {
  const { db, world } = base
  const known = await findInvoiceBy(db, id)
  const shown = known && (await showInvoice(db, known.id, instant(world.clock.now())))
  if (!shown) throw new BadInput(`there is no invoice "${id}": "repasse invoice list" shows them`)
  const { row, steps, acts } = shown
  const request = isOnChain(row.rail) ? await readRequest(base, row) : undefined
  const twins = shown.twins.map(({ twin }) => twin)
  const paid: PaidOn[] = []
  for (const payout of shown.payouts) paid.push({ payout, txids: await txidsOf(db, payout.id) })
  if (!asJson) {
    const beside = { paid, twins, refunds: acts.refunds, back: backFacts(acts) }
    return shell.out(text(row, request, beside, stepsTable(steps), shown.postings))
  }
  await noteShownHere(base, row.id, row.payer_tax_id)
  const views = paid.map(paidOnJson)
  await shell.out(
    json({
      ...invoiceJson(row),
      brcode: request ? request.place.uri : row.brcode,
      ...(request && requestView(request)),
      history: stepsJson(steps),
      postings: shown.postings.map(postingJson),
      payout: views[0] ?? null,
      ...(request
        ? { payouts: views }
        : { duplicates: twins.map(duplicateJson), refunds: acts.refunds.map(refundJson), ...backJson(acts) }),
    }),
  )
}

function text(
  row: InvoiceRow,
  request: Request | undefined,
  {
    paid,
    twins,
    refunds,
    back,
  }: { paid: PaidOn[]; twins: readonly TwinRow[]; refunds: readonly RefundRow[]; back: Fact[] },
  steps: string,
  postings: readonly PostingRow[],
): string {
  const facts = sheet([
    ['invoice', row.id],
    [
      'state',
      row.state === request?.looked?.standing.state
        ? `${row.state}: ${sentence(request.looked.standing.why)}`
        : row.state,
    ],
    ...(request ? askedFacts(request) : bankFacts(row)),
    [
      'payer',
      row.forgotten_at === null
        ? `${row.payer_name}, ${maskTaxId(row.payer_tax_id)}`
        : `forgotten ${row.forgotten_at}`,
    ],
    ['for', row.description],
    ['due', row.due_at],
    ['paid late', lateOf(row)],
    ['paid early', row.discounts === '' ? null : `less ${row.discounts}, so long before it is due`],
    ['slot', row.slot_id],
    ['order', row.order_id],
    ...(request ? placeFacts(request) : placeAtBank(row)),
    ...back,
    ...paid.map(payoutFact),
  ])
  const seen = request
    ? paymentsTable(request)
    : [duplicatesTable(twins), refundsTable(refunds)].filter(Boolean).join('\n')
  return `${facts}\n${seen}${seen && '\n'}${steps}${postings.length > 0 ? `\n${postingsTable(postings)}` : ''}`
}

type Fact = [string, string | null | undefined]

const bankFacts = (row: InvoiceRow): Fact[] => [
  ['asked', formatReais(row.units)],
  [
    'paid',
    row.paid_units === null
      ? null
      : `${formatReais(row.paid_units)}, of which the bank kept ${formatReais(row.fee_units ?? 0n)}`,
  ],
]

const lateOf = ({
  fine_bp: fine,
  interest_bp: interest,
  expires_in_ms: expires,
}: InvoiceRow): string | null =>
  fine === null
    ? null
    : `fine ${percentText(fine)} %, interest ${percentText(interest ?? 0n)} % a month, for ${formatDuration(Number(expires))} after it was due`

const placeAtBank = (row: InvoiceRow): Fact[] => [
  ['at the bank', row.provider_id],
  ['to pay it', row.link],
]

const payoutFact = ({ payout, txids }: PaidOn): Fact => [
  'payout',
  [
    `${payout.id} of ${formatMoney(payout.units, payout.asset)} is ${payout.state}${payout.why ? `: ${payout.why}` : ''}`,
    ...txids.map(({ id, state }) => `${id} (${state})`),
  ].join(', '),
]
