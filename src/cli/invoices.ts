/** `repasse invoice`: what was asked for, and everything that happened to it. */
import type { Command } from 'commander'
import { BadInput } from '../base/answer.ts'
import type { InvoiceRow } from '../invoice/invoice.ts'
import type { PayoutRow } from '../payout/payout.ts'
import type { Reader } from '../store/store.ts'
import { countFlag, oneOf } from './flags.ts'
import { postingsOf, postingsTable, type PostingRow } from './postings.ts'
import { example, historyOf, historyTable, json, maybeMoney, moneyOf, reais, sheet, table } from './print.ts'
import { inBase, type Shell } from './shell.ts'

type ListFlags = { state?: string; limit: number; before?: string; json?: true }

// Written here so that --help need not load the house; a test holds it against the machine.
export const invoiceStates = [
  'draft',
  'issuing',
  'unsure',
  'issued',
  'overdue',
  'paid',
  'credited',
  'expired',
  'canceled',
  'reversed',
  'refused',
] as const

export function invoiceCommands(repasse: Command, shell: Shell): void {
  const invoice = repasse
    .command('invoice')
    .description('invoices: what was asked for')
    .addHelpText('after', example('invoice list --state credited'))

  invoice
    .command('list')
    .description('invoices, newest first')
    .option('--state <state>', `only these: ${invoiceStates.join(', ')}`, oneOf(invoiceStates)('--state'))
    .option('--limit <n>', 'how many at most', countFlag(10_000)('--limit'), 50)
    .option('--before <id>', 'older than this one, to read on')
    .option('--json', 'as JSON')
    .addHelpText('after', example('invoice list --state issued --limit 20'))
    .action((flags: ListFlags) =>
      inBase(shell, async ({ store }) => {
        const rows = await newest(store, flags)
        const line = (row: InvoiceRow) => [row.id, row.added_at, row.state, reais(row.units), row.payer_name, row.due_at]
        await shell.out(
          flags.json ? json(rows.map(viewOf)) : table(['INVOICE', 'ADDED (UTC)', 'STATE', '>AMOUNT', 'PAYER', 'DUE (UTC)'], rows.map(line)),
        )
        if (!flags.json && rows.length === flags.limit) shell.err(`older ones: --before ${rows.at(-1)!.id}\n`)
      }),
    )

  invoice
    .command('show')
    .description('one invoice: its history, its postings and its payout')
    .argument('<id>', 'our id, or the bank’s')
    .option('--json', 'as JSON')
    .addHelpText('after', example('invoice show inv_01k9zq3f5c8wxy2m7n4p6r8s0t'))
    .action((id: string, { json: asJson }: { json?: true }) =>
      inBase(shell, async ({ store }) => {
        const { history, sql } = await import('../store/store.ts')
        const row = await store.one<InvoiceRow>(sql`select * from invoices where id = ${id} or provider_id = ${id}`)
        if (!row) throw new BadInput(`there is no invoice "${id}": "repasse invoice list" shows them`)
        const steps = await history(store, row.id)
        const postings = await postingsOf(store, sql`e.invoice_id = ${row.id}`)
        const payout = await store.one<PayoutRow>(sql`select * from payouts where invoice_id = ${row.id}`)
        await shell.out(
          asJson
            ? json({
                ...viewOf(row),
                brcode: row.brcode,
                history: historyOf(steps),
                postings,
                payout: payout ? { id: payout.id, state: payout.state, ...moneyOf(payout.units), why: payout.why } : null,
              })
            : text(row, payout, historyTable(steps), postings),
        )
      }),
    )
}

async function newest(store: Reader, { state, limit, before }: ListFlags): Promise<InvoiceRow[]> {
  const { sql } = await import('../store/store.ts')
  const ofState = state === undefined ? sql`` : sql`and state = ${state}`
  const older = before === undefined ? sql`` : sql`and id < ${before}`
  return store.all<InvoiceRow>(sql`select * from invoices where 1 = 1 ${ofState} ${older} order by id desc limit ${limit}`)
}

const viewOf = (row: InvoiceRow) => ({
  id: row.id,
  slot: row.slot_id,
  state: row.state,
  rail: row.rail,
  ...moneyOf(row.units),
  paid: maybeMoney(row.paid_units),
  bankFee: maybeMoney(row.fee_units),
  payer: row.payer_name,
  payerTaxId: row.payer_tax_id,
  description: row.description,
  dueAt: row.due_at,
  providerId: row.provider_id,
  link: row.link,
  addedAt: row.added_at,
  changedAt: row.changed_at,
})

function text(row: InvoiceRow, payout: PayoutRow | undefined, steps: string, postings: PostingRow[]): string {
  const facts = sheet([
    ['invoice', row.id],
    ['state', row.state],
    ['asked', reais(row.units)],
    ['paid', row.paid_units === null ? null : `${reais(row.paid_units)}, of which the bank kept ${reais(row.fee_units ?? 0n)}`],
    ['payer', `${row.payer_name}, ${row.payer_tax_id}`],
    ['for', row.description],
    ['due', row.due_at],
    ['slot', row.slot_id],
    ['at the bank', row.provider_id],
    ['to pay it', row.link],
    ['payout', payout ? `${payout.id} of ${reais(payout.units)} is ${payout.state}${payout.why ? `: ${payout.why}` : ''}` : undefined],
  ])
  return `${facts}\n${steps}${postings.length > 0 ? `\n${postingsTable(postings)}` : ''}`
}
