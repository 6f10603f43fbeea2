/** `repasse invoice`: what was asked for, and everything that happened to it. */
import type { Command } from 'commander'
import { BadInput } from '../../base/answer.ts'
import { maskTaxId } from '../../base/brazil.ts'
import { formatDuration } from '../../base/duration.ts'
import { percentText } from '../../base/payTerms.ts'
import { isOnChain } from '../../base/rails.ts'
import type { InvoiceRow, RefundRow, TwinRow } from '../../invoice/invoice.ts'
import type { PayoutRow } from '../../payout/payout.ts'
import type { Base } from '../../app.ts'
import type { Reader } from '../../db/db.ts'
import { invoiceFilters } from '../../queries/filters.ts'
import { backFacts, backView, invoiceActCommands, refundsTable, refundView } from './acts.ts'
import { duplicatesTable, duplicateView, refundCommand } from './duplicates.ts'
import { countFlag, oneOf, personFlag, textFlag } from '../flags.ts'
import { postingsOf, postingsTable, type PostingRow } from '../ledger/postings.ts'
import { example, historyOf, historyTable, json, maybeMoney, moneyOf, formatReais, sheet, table, formatMoney } from '../print.ts'
import { noteShownHere, noteTaken } from '../privacy.ts'
import { askedFacts, chainTermsOf, paymentsTable, placeFacts, readRequest, requestView, type Request } from '../requests.ts'
import { inBase, operator } from '../shell.ts'
import type { Shell } from '../context.ts'

type ListFlags = { state?: string; limit: number; before?: string; json?: true }

export function invoiceCommands(repasse: Command, shell: Shell): void {
  const invoice = repasse
    .command('invoice')
    .description('invoices: what was asked for')
    .addHelpText('after', example('invoice list --state credited'))

  invoice
    .command('list')
    .description('invoices, newest first')
    .option('--state <state>', `only these: ${invoiceFilters.choices.state.join(', ')}`, oneOf(invoiceFilters.choices.state)('--state'))
    .option('--limit <n>', 'how many at most', countFlag(10_000)('--limit'), 50)
    .option('--before <id>', 'older than this one, to read on')
    .option('--json', 'as JSON')
    .addHelpText('after', example('invoice list --state issued --limit 20'))
    .action((flags: ListFlags) =>
      inBase(shell, async ({ db, world }) => {
        const rows = await newest(db, flags)
        if (flags.json)
          await noteTaken({ db, world }, 'invoices', rows.length, { ...(flags.state !== undefined && { state: flags.state }) })
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
          flags.json
            ? json(rows.map(viewOf))
            : table(['INVOICE', 'ADDED (UTC)', 'STATE', '>AMOUNT', 'PAYER', 'DUE (UTC)', 'ORDER'], rows.map(line)),
        )
        if (!flags.json && rows.length === flags.limit) shell.err(`older ones: --before ${rows.at(-1)!.id}\n`)
      }),
    )

  invoice
    .command('show')
    .description('one invoice: what came for it, its history, its postings and its payouts')
    .argument('<id>', 'our id, the bank’s, or the address it is paid to')
    .option('--json', 'as JSON')
    .addHelpText('after', example('invoice show inv_01k9zq3f5c8wxy2m7n4p6r8s0t'))
    .action((id: string, { json: asJson }: { json?: true }) => inBase(shell, base => show(shell, base, id, asJson)))

  invoice
    .command('accept')
    .description('bitcoin: takes on what came late or was too little, so that it is passed on as it is')
    .argument('<id>', 'our id, or the address it is paid to')
    .requiredOption('--why <words>', 'the reason, for the audit log', textFlag('--why'))
    .option('--by <person>', 'who takes it on (default: the user of this system)', personFlag('--by'))
    .option('--json', 'as JSON')
    .addHelpText('after', example('invoice accept inv_01k9zq3f5c8wxy2m7n4p6r8s0t --why "the payer called: the rest is not coming"'))
    .action((id: string, { why, by = operator(), json: asJson }: { why: string; by?: string; json?: true }) =>
      inBase(shell, async ({ db, world, config }) => {
        const { acceptPayment: takeOn } = await import('../../webhooks/webhooks.ts')
        const { invoice: row, standing } = await takeOn(db, world, chainTermsOf(config), id, { by, why })
        if (asJson) await noteShownHere({ db }, row.id, row.payer_tax_id)
        await shell.out(
          asJson
            ? json({ ...viewOf(row), takenOnBy: row.late_by, received: moneyOf(standing.received, row.asset), why: standing.why })
            : `invoice ${row.id} is ${row.state}: ${formatMoney(standing.received, row.asset)} of ${formatMoney(row.units, row.asset)} taken on by ${by}; ${standing.why}\n`,
        )
      }),
    )
  refundCommand(invoice, shell)
  invoiceActCommands(invoice, shell)
}

async function show(shell: Shell, base: Base, id: string, asJson: true | undefined): Promise<void> {
  const { db } = base
  const { history, sql } = await import('../../db/db.ts')
  const { refundsOf, twinsOfInvoice } = await import('../../invoice/invoice.ts')
  const row = await db.one<InvoiceRow>(sql`select * from invoices where id = ${id} or provider_id = ${id}`)
  if (!row) throw new BadInput(`there is no invoice "${id}": "repasse invoice list" shows them`)
  const request = isOnChain(row.rail) ? await readRequest(base, row) : undefined
  const steps = await history(db, row.id)
  const postings = await postingsOf(db, sql`e.invoice_id = ${row.id}`)
  const payouts = await db.all<PayoutRow>(sql`select * from payouts where invoice_id = ${row.id} order by added_at, id`)
  const twins = await twinsOfInvoice(db, row.id)
  const refunds = await refundsOf(db, row.id)
  const back = await backFacts(db, row)
  const paid: Paid[] = []
  for (const payout of payouts) paid.push({ payout, txids: await txidsOf(db, payout.id) })
  if (!asJson) return shell.out(text(row, request, { paid, twins, refunds, back }, historyTable(steps), postings))
  await noteShownHere(base, row.id, row.payer_tax_id)
  const views = paid.map(payoutOf)
  await shell.out(
    json({
      ...viewOf(row),
      brcode: request ? request.place.uri : row.brcode,
      ...(request && requestView(request)),
      history: historyOf(steps),
      postings,
      payout: views[0] ?? null,
      ...(request
        ? { payouts: views }
        : { duplicates: twins.map(duplicateView), refunds: refunds.map(refundView), ...(await backView(db, row)) }),
    }),
  )
}

type Paid = { payout: PayoutRow; txids: { id: string; state: string }[] }

/** The transactions that pay it, of which one at most is ever mined. */
async function txidsOf(db: Reader, payoutId: string): Promise<Paid['txids']> {
  const { sql } = await import('../../db/db.ts')
  return db.all(sql`
    select c.id, c.state from bundle_candidates c join bundle_outputs o on o.candidate_id = c.id join attempts a on a.id = o.attempt_id
    where a.payout_id = ${payoutId} order by a.number, c.number`)
}

const payoutOf = ({ payout, txids }: Paid) => ({
  id: payout.id,
  state: payout.state,
  ...moneyOf(payout.units, payout.asset),
  why: payout.why,
  ...(payout.asset === 'BTC' && { transactions: txids.map(({ id, state }) => ({ txid: id, state })) }),
})

async function newest(db: Reader, { state, limit, before }: ListFlags): Promise<InvoiceRow[]> {
  const { sql } = await import('../../db/db.ts')
  const ofState = state === undefined ? sql`` : sql`and state = ${state}`
  const older = before === undefined ? sql`` : sql`and id < ${before}`
  return db.all<InvoiceRow>(sql`select * from invoices where 1 = 1 ${ofState} ${older} order by id desc limit ${limit}`)
}

const viewOf = (row: InvoiceRow) => ({
  id: row.id,
  slot: row.slot_id,
  order: row.order_id,
  state: row.state,
  rail: row.rail,
  ...moneyOf(row.units, row.asset),
  paid: maybeMoney(row.paid_units, row.asset),
  bankFee: maybeMoney(row.fee_units, row.asset),
  payer: row.payer_name,
  payerTaxId: row.payer_tax_id,
  description: row.description,
  dueAt: row.due_at,
  ...(row.fine_bp !== null && payView(row)),
  providerId: row.provider_id,
  link: row.link,
  addedAt: row.added_at,
  changedAt: row.changed_at,
})

function text(
  row: InvoiceRow,
  request: Request | undefined,
  { paid, twins, refunds, back }: { paid: Paid[]; twins: readonly TwinRow[]; refunds: readonly RefundRow[]; back: Fact[] },
  steps: string,
  postings: PostingRow[],
): string {
  const facts = sheet([
    ['invoice', row.id],
    ['state', row.state === request?.looked?.standing.state ? `${row.state}: ${request.looked.standing.why}` : row.state],
    ...(request ? askedFacts(request) : bankFacts(row)),
    ['payer', row.forgotten_at === null ? `${row.payer_name}, ${maskTaxId(row.payer_tax_id)}` : `forgotten ${row.forgotten_at}`],
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
  const seen = request ? paymentsTable(request) : [duplicatesTable(twins), refundsTable(refunds)].filter(Boolean).join('\n')
  return `${facts}\n${seen}${seen && '\n'}${steps}${postings.length > 0 ? `\n${postingsTable(postings)}` : ''}`
}

type Fact = [string, string | null | undefined]

const bankFacts = (row: InvoiceRow): Fact[] => [
  ['asked', formatReais(row.units)],
  ['paid', row.paid_units === null ? null : `${formatReais(row.paid_units)}, of which the bank kept ${formatReais(row.fee_units ?? 0n)}`],
]

const payView = ({ fine_bp: fine, interest_bp: interest, expires_in_ms: expires, discounts }: InvoiceRow) => ({
  fineBasisPoints: Number(fine),
  interestBasisPoints: Number(interest),
  discounts,
  expiresIn: formatDuration(Number(expires)),
})

const lateOf = ({ fine_bp: fine, interest_bp: interest, expires_in_ms: expires }: InvoiceRow): string | null =>
  fine === null
    ? null
    : `fine ${percentText(fine)} %, interest ${percentText(interest ?? 0n)} % a month, for ${formatDuration(Number(expires))} after it was due`

const placeAtBank = (row: InvoiceRow): Fact[] => [
  ['at the bank', row.provider_id],
  ['to pay it', row.link],
]

const payoutFact = ({ payout, txids }: Paid): Fact => [
  'payout',
  [
    `${payout.id} of ${formatMoney(payout.units, payout.asset)} is ${payout.state}${payout.why ? `: ${payout.why}` : ''}`,
    ...txids.map(({ id, state }) => `${id} (${state})`),
  ].join(', '),
]
