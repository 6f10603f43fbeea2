/** `repasse payout`: what is owed and was paid on, and what a person may do about it. */
import type { Command } from 'commander'
import { payoutFilters } from '../../queries/filters.ts'
import { personFlag, textFlag } from '../flags.ts'
import { handOverCommands } from './handOver.ts'
import { stopCommands } from './hold.ts'
import type { PayoutFlags } from './print.ts'
import { listFlags } from '../listFlags.ts'
import { approveCommand } from '../limits.ts'
import { example, formatMoney } from '../print.ts'
import { proofFlags, prove } from '../prove.ts'
import type { ProofFlags } from '../acting.ts'
import { done, inBase, onRails, operator } from '../shell.ts'
import type { Shell } from '../context.ts'
import { tellProposed, verdictCommands } from './verdicts.ts'

type ActFlags = { why: string; by?: string; json?: true }

export function payoutCommands(repasse: Command, shell: Shell): void {
  const payout = repasse
    .command('payout')
    .description('payouts: what is owed and was paid on')
    .addHelpText('after', example('payout list --state held'))

  listFlags(payout.command('list').description('payouts, newest first'), payoutFilters, 'payout')
    .addHelpText(
      'after',
      example(
        'payout list --state held --json',
        'payout list --account main --from 2026-11-01 --to 2026-11-30',
      ),
    )
    .action((flags: PayoutFlags) =>
      inBase(shell, async ({ db }) => (await import('./print.ts')).list(shell, db, flags)),
    )

  payout
    .command('show')
    .description('one payout: its orders at the bank or its transactions, its history and its postings')
    .argument('<id>', 'the payout')
    .option('--json', 'as JSON')
    .addHelpText('after', example('payout show pay_01k9zq3f5c8wxy2m7n4p6r8s0t'))
    .action((id: string, { json: asJson }: { json?: true }) =>
      inBase(shell, async ({ db }) => (await import('./print.ts')).show(shell, db, id, asJson)),
    )

  const act = (verb: 'retry' | 'hold' | 'release', says: string) =>
    proofFlags(
      payout
        .command(verb)
        .description(says)
        .argument('<id>', 'the payout')
        .requiredOption('--why <words>', 'the reason, for the audit log', textFlag('--why'))
        .option('--by <person>', 'who does it (default: the user of this system)', personFlag('--by')),
    )
      .addHelpText(
        'after',
        example(`payout ${verb} pay_01k9zq3f5c8wxy2m7n4p6r8s0t --why "spoke with the bank"`),
      )
      .action((id: string, { why, ...flags }: ProofFlags & { why: string }) =>
        inBase(shell, async base => {
          const { db } = base
          const { by, proof } = await prove(base, flags, verb === 'hold' ? undefined : `payout.${verb}`)
          const { holdPayout, payoutsStopped, releasePayout, retryPayout, unreadFor, unreadSentence } =
            await import('../../payout/payout.ts')
          const work = { retry: retryPayout, hold: holdPayout, release: releasePayout }[verb]
          const { payout: row } = await done(await work(db, id, { by, why, proof }))
          await shell.out(`payout ${row.id} of ${formatMoney(row.units, row.asset)} is ${row.state}\n`)
          if (row.state === 'held') return
          const stopped = await payoutsStopped(db)
          const unread = await unreadFor(db, row, await db.tx(tx => tx.now()))
          if (stopped !== undefined) shell.err(`payouts are stopped, so it is not sent yet: ${stopped}\n`)
          else if (unread !== undefined) shell.err(`${unreadSentence(unread)}; it goes on by itself then\n`)
        }),
      )
  act('retry', 'tries again one that waits or came back')
  act('hold', 'keeps one from being sent')
  act('release', 'lets a held one go')
  approveCommand(payout, shell)
  settleCommand(payout, shell)
  handOverCommands(payout, shell)
  verdictCommands(payout, shell)
  stopCommands(payout, shell)
}

/** What these books did not order and was paid all the same, as after a restore. */
function settleCommand(payout: Command, shell: Shell): void {
  payout
    .command('settle')
    .description(
      'says that a held or returned one was paid by what these books did not order: by hand, or after a restore; of a transfer that bears no tag of ours it is a proposal, which a second person approves',
    )
    .argument('<id>', 'the payout')
    .requiredOption('--ref <id>', 'the transaction on the chain, or the bank’s transfer', textFlag('--ref'))
    .requiredOption('--why <words>', 'the reason, for the audit log', textFlag('--why'))
    .option('--by <person>', 'who does it (default: the user of this system)', personFlag('--by'))
    .addHelpText(
      'after',
      example(
        'payout settle pay_01k9zq3f5c8wxy2m7n4p6r8s0t --ref 6341320293482496 --why "sent after the backup"',
      ),
    )
    .action((id: string, { ref, why, by = operator() }: ActFlags & { ref: string }) =>
      onRails(shell, async ({ db, world }, { rails }) => {
        const { settlePaidElsewhere } = await import('../../payout/payout.ts')
        const settled = await done(await settlePaidElsewhere(db, rails, world, id, { by, why, ref }))
        if (settled.is !== 'settled') return tellProposed(shell, settled)
        const row = settled.payout
        await shell.out(
          `payout ${row.id} of ${formatMoney(row.units, row.asset)} is ${row.state}, by ${ref}\n`,
        )
      }),
    )
}
