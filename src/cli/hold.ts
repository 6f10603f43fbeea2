/** `repasse payout stop` and `go`: the house's hold, turned by a person. */
import type { Command } from 'commander'
import { BadInput } from '../base/answer.ts'
import { textFlag } from './flags.ts'
import { example } from './print.ts'
import { inBase, operator, type Shell } from './shell.ts'

export function stopCommands(payout: Command, shell: Shell): void {
  payout
    .command('stop')
    .description('stops every payout until "repasse payout go"; invoices and events go on')
    .requiredOption('--why <words>', 'the reason, for the audit log', textFlag('--why'))
    .option('--by <person>', 'who does it (default: the user of this system)', textFlag('--by'))
    .addHelpText('after', example('payout stop --why "the bank looks wrong"'))
    .action(({ why, by = operator() }: { why: string; by?: string }) =>
      inBase(shell, async ({ store }) => {
        const { stopAll } = await import('../payout/payout.ts')
        await stopAll(store, `${by}: ${why}`, by)
        await shell.out('payouts are stopped: "repasse payout go --why …" lets them go\n')
      }),
    )

  payout
    .command('go')
    .description('lets payouts go again after a stop or a restore')
    .requiredOption('--why <words>', 'the reason, for the audit log', textFlag('--why'))
    .option('--by <person>', 'who does it (default: the user of this system)', textFlag('--by'))
    .addHelpText('after', example('payout go --why "compared with the bank"'))
    .action(({ why, by = operator() }: { why: string; by?: string }) =>
      inBase(shell, async ({ store }) => {
        const { chainUnread, letGo, payoutsStopped } = await import('../payout/payout.ts')
        const held = await letGo(store, why, by)
        const still = await payoutsStopped(store)
        if (held === undefined && still === undefined) {
          const waits = await chainUnread(store)
          throw new BadInput(
            waits === undefined ? 'payouts are not stopped: there is nothing to let go' : `nothing is left to let go. ${waits}`,
          )
        }
        if (held !== undefined) await shell.out(`let go (${held.by} had stopped them: ${held.why})\n`)
        const unread = await chainUnread(store)
        if (unread !== undefined) shell.err(`${unread}; they go on by themselves then\n`)
        if (still === undefined) return
        shell.err(`payouts stay stopped, and go on by themselves once this is mended: ${still}\n`)
        shell.exitCode = 1
      }),
    )
}
