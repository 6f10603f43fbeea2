/**
 * `repasse invoice forgotten`: what was asked for at the bank after the backup that was restored, and these
 * books do not know.
 */
import type { Command } from 'commander'
import { BadInput } from '../base/answer.ts'
import type { ForgottenInvoice } from '../webhooks/webhooks.ts'
import { countFlag, personFlag, textFlag } from './flags.ts'
import { example, json, moneyOf, formatReais, table } from './print.ts'
import { done, inBase, operator } from './shell.ts'
import type { Shell } from './context.ts'

interface Flags {
  lookedAt?: true
  why?: string
  by?: string
  limit: number
  json?: true
}

export function forgottenCommand(invoice: Command, shell: Shell): void {
  invoice
    .command('forgotten')
    .description(
      'invoices at the bank under our tags that these books have forgotten, as after a restore; until they were looked at each slot at the bank asks first',
    )
    .option(
      '--looked-at',
      'says that all of them were looked at: slots that fall due from then on ask no more',
    )
    .option('--why <words>', 'the reason, for the audit log', textFlag('--why'))
    .option('--by <person>', 'who says so (default: the user of this system)', personFlag('--by'))
    .option('--limit <n>', 'how many at most', countFlag(10_000)('--limit'), 50)
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      example('invoice forgotten', 'invoice forgotten --looked-at --why "canceled at the bank, all twelve"'),
    )
    .action(({ lookedAt, why, by = operator(), limit, json: asJson }: Flags) =>
      inBase(shell, async ({ db }) => {
        const { areInvoicesUnread, countForgotten, forgottenInvoices, lookAtForgotten } =
          await import('../webhooks/webhooks.ts')
        if (lookedAt) {
          if (why === undefined)
            throw new BadInput('--why is missing: what became of them is asked for later')
          const { count } = await done(await lookAtForgotten(db, { by, why }))
          return shell.out(asJson ? json({ lookedAt: count }) : `${count} were looked at\n`)
        }
        if (await areInvoicesUnread(db))
          shell.err(
            'the bank’s invoices since the backup are not all read yet, so there may be more: "repasse status" says what keeps it\n',
          )
        const rows = await forgottenInvoices(db, limit)
        const line = (row: ForgottenInvoice) => [
          row.provider_id,
          row.made_at,
          formatReais(row.units),
          row.status,
          row.batch_tag ?? '',
          row.invoice_tag,
        ]
        await shell.out(
          asJson
            ? json(rows.map(viewOf))
            : table(
                ['AT THE BANK', 'MADE (UTC)', '>AMOUNT', 'THERE', 'SLOT OR ORDER', 'INVOICE'],
                rows.map(line),
              ),
        )
        // Whoever says --looked-at says it of these as well.
        const count = await countForgotten(db)
        if (count > rows.length) shell.err(`${count - rows.length} more: --limit ${count}\n`)
      }),
    )
}

const viewOf = (row: ForgottenInvoice) => ({
  ...{ providerId: row.provider_id, invoice: row.invoice_tag, batch: row.batch_tag },
  ...moneyOf(row.units, 'BRL'),
  ...{ status: row.status, madeAt: row.made_at },
})
