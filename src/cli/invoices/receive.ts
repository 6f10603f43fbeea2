/** `repasse invoice receive`: an operator says that an invoice was paid over the counter. */
import type { Command } from 'commander'
import { BadInput } from '../../base/answer.ts'
import type { InvoiceRow } from '../../invoice/invoice.ts'
import type { ReceiptRefusal } from '../../webhooks/webhooks.ts'
import { amountIn, personFlag, textFlag } from '../flags.ts'
import { example, formatReais, json } from '../print.ts'
import { done, inBase, operator } from '../shell.ts'
import type { Shell } from '../context.ts'

type Flags = { amount: bigint; note?: string; by?: string; json?: true }

export function receiveCommand(invoice: Command, shell: Shell): void {
  invoice
    .command('receive')
    .description('cash: says that it was paid over the counter, so that its net is owed to the payee')
    .argument('<id>', 'our id')
    .requiredOption('--amount <amount>', 'what was received, in reais', amountIn('BRL')('--amount'))
    .option('--note <words>', 'what finds it again, e.g. the number of the receipt', textFlag('--note'))
    .option('--by <person>', 'who received it (default: the user of this system)', personFlag('--by'))
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      example('invoice receive inv_01k9zq3f5c8wxy2m7n4p6r8s0t --amount 120.00 --note "receipt 88"'),
    )
    .action((id: string, { amount, note = '', by = operator(), json: asJson }: Flags) =>
      inBase(shell, async ({ db, world, terms }) => {
        const { receiveCash } = await import('../../webhooks/webhooks.ts')
        const received = await receiveCash({ db, world, terms, rails: {} }, id, { units: amount, by, note })
        if (received.is === 'unknown')
          throw new BadInput(`there is no invoice "${id}": "repasse invoice list --rail cash" shows them`)
        if (received.is === 'impossible') throw new BadInput(refusals[received.code](received.invoice))
        const { invoice: row } = await done(received)
        await shell.out(
          asJson
            ? json({ id: row.id, state: row.state, amount: formatReais(amount), by, note })
            : `invoice ${row.id} is ${row.state}: ${formatReais(amount)} received by ${by}\n`,
        )
      }),
    )
}

const refusals: Record<ReceiptRefusal, (row: InvoiceRow) => string> = {
  'of-another-rail': ({ id, rail }) => `${id} is paid on the rail ${rail}, which says itself what came`,
  'not-issued': ({ id }) => `${id} is not asked for yet: try again in some seconds`,
  received: ({ id }) => `${id} was received before: "repasse invoice show ${id}" says by whom`,
  canceled: ({ id, state }) => `${id} is ${state}, so nothing is received for it: give the money back`,
  late: ({ id, due_at: due }) =>
    `${id} was due at ${due}, and nothing is received for it any more: run its schedule again, or give the money back`,
  edited: ({ id, units }) =>
    `${id} is of ${formatReais(units)} here, and was issued of another amount: it was edited past this program, so receive nothing for it until it is put right`,
  'wrong-amount': ({ id, units }) =>
    `${id} asks for ${formatReais(units)}: it is received whole, or not at all`,
}
