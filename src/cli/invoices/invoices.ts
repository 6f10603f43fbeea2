/** `repasse invoice`: what was asked for, and everything that happened to it. */
import { sentence } from '../../base/reasons.ts'
import type { Command } from 'commander'
import { invoiceFilters } from '../../queries/filters.ts'
import { invoiceActCommands } from './acts.ts'
import { refundCommand } from './duplicates.ts'
import type { InvoiceFlags } from './print.ts'
import { notReceivedCommand } from './notReceived.ts'
import { receiveCommand } from './receive.ts'
import { listFlags } from '../listFlags.ts'
import { personFlag, textFlag } from '../flags.ts'
import { example, json, moneyOf, formatMoney } from '../print.ts'
import { noteShownHere } from '../privacy.ts'
import { chainTermsOf } from '../requests.ts'
import { done, inBase, operator } from '../shell.ts'
import type { Shell } from '../context.ts'
import { invoiceJson } from '../../queries/json/invoices.ts'

export function invoiceCommands(repasse: Command, shell: Shell): void {
  const invoice = repasse
    .command('invoice')
    .description('invoices: what was asked for')
    .addHelpText('after', example('invoice list --state credited'))

  listFlags(invoice.command('list').description('invoices, newest first'), invoiceFilters, 'invoice')
    .addHelpText(
      'after',
      example(
        'invoice list --state issued --limit 20',
        'invoice list --schedule clube --from 2026-11-01 --to 2026-11-30',
      ),
    )
    .action((flags: InvoiceFlags) =>
      inBase(shell, async base => (await import('./print.ts')).list(shell, base, flags)),
    )

  invoice
    .command('show')
    .description('one invoice: what came for it, its history, its postings and its payouts')
    .argument('<id>', 'our id, the bank’s, or the address it is paid to')
    .option('--json', 'as JSON')
    .addHelpText('after', example('invoice show inv_01k9zq3f5c8wxy2m7n4p6r8s0t'))
    .action((id: string, { json: asJson }: { json?: true }) =>
      inBase(shell, async base => (await import('./print.ts')).show(shell, base, id, asJson)),
    )

  invoice
    .command('accept')
    .description('bitcoin: takes on what came late or was too little, so that it is passed on as it is')
    .argument('<id>', 'our id, or the address it is paid to')
    .requiredOption('--why <words>', 'the reason, for the audit log', textFlag('--why'))
    .option('--by <person>', 'who takes it on (default: the user of this system)', personFlag('--by'))
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      example(
        'invoice accept inv_01k9zq3f5c8wxy2m7n4p6r8s0t --why "the payer called: the rest is not coming"',
      ),
    )
    .action((id: string, { why, by = operator(), json: asJson }: { why: string; by?: string; json?: true }) =>
      inBase(shell, async ({ db, world, config }) => {
        const { acceptPayment } = await import('../../webhooks/webhooks.ts')
        const { invoice: row, standing } = await done(
          await acceptPayment(db, world, chainTermsOf(config), id, { by, why }),
        )
        if (asJson) await noteShownHere({ db }, row.id, row.payer_tax_id)
        await shell.out(
          asJson
            ? json({
                ...invoiceJson(row),
                takenOnBy: row.late_by,
                received: moneyOf(standing.received, row.asset),
                why: standing.why,
              })
            : `invoice ${row.id} is ${row.state}: ${formatMoney(standing.received, row.asset)} of ${formatMoney(row.units, row.asset)} taken on by ${by}; ${sentence(standing.why)}\n`,
        )
      }),
    )
  receiveCommand(invoice, shell)
  notReceivedCommand(invoice, shell)
  refundCommand(invoice, shell)
  invoiceActCommands(invoice, shell)
}
