/**
 * `repasse invoice not-received`: proposes that a receipt in cash is taken back; another person approves it.
 */
import type { Command } from 'commander'
import { BadInput } from '../../base/answer.ts'
import { personFlag, textFlag } from '../flags.ts'
import { example, json } from '../print.ts'
import { done, inBase, operator } from '../shell.ts'
import type { Shell } from '../context.ts'

type Flags = { why: string; by?: string; json?: true }

export function notReceivedCommand(invoice: Command, shell: Shell): void {
  invoice
    .command('not-received')
    .description(
      'cash: proposes to take back a receipt that was recorded by mistake; another person approves it',
    )
    .argument('<id>', 'our id')
    .requiredOption('--why <words>', 'the reason, for the audit log', textFlag('--why'))
    .option('--by <person>', 'who proposes it (default: the user of this system)', personFlag('--by'))
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      example('invoice not-received inv_01k9zq3f5c8wxy2m7n4p6r8s0t --why "recorded under the wrong invoice"'),
    )
    .action((id: string, { why, by = operator(), json: asJson }: Flags) =>
      inBase(shell, async ({ db, world }) => {
        const { proposeTakeBack } = await import('../../webhooks/webhooks.ts')
        const proposed = await proposeTakeBack(db, world, id, { by, why })
        if (proposed.is === 'unknown')
          throw new BadInput(`there is no invoice "${id}": "repasse invoice list --rail cash" shows them`)
        if (proposed.is === 'impossible')
          return void (await done({ is: 'receipt-refused', id, code: proposed.code }))
        if (proposed.is === 'another')
          throw new BadInput(
            `it is proposed already: "repasse proposal show ${proposed.proposal.id}"; that is decided first`,
          )
        const { proposal } = await done(proposed)
        await shell.out(
          asJson
            ? json({ proposal: proposal.id, state: proposal.state, invoice: id })
            : `proposed: somebody else approves it with "repasse proposal approve ${proposal.id}"\n`,
        )
      }),
    )
}
