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
    .option('--seen <words...>', 'words of each reason you looked at, where payouts are stopped for more than one; the others stay')
    .option('--by <person>', 'who does it (default: the user of this system)', textFlag('--by'))
    .addHelpText('after', example('payout go --why "compared with the bank"'))
    .action(({ why, seen, by = operator() }: { why: string; seen?: string[]; by?: string }) =>
      inBase(shell, async ({ store }) => {
        const { bankUnread, chainUnread, holdOf, letGo, payoutsStopped, reasonsOf, unreadSentence } = await import('../payout/payout.ts')
        const hold = await holdOf(store)
        const lookedAt = namedBy(seen, hold ? reasonsOf(hold) : [])
        const held = await letGo(store, why, by, reason => lookedAt.includes(reason))
        const left = await holdOf(store)
        const still = await payoutsStopped(store)
        const now = await store.tx(tx => tx.now())
        if (held === undefined && still === undefined) {
          const waits = (await bankUnread(store, now)) ?? (await chainUnread(store))
          throw new BadInput(
            waits === undefined
              ? 'payouts are not stopped: there is nothing to let go'
              : `nothing is left to let go. ${unreadSentence(waits)}`,
          )
        }
        if (held !== undefined) await shell.out(`let go (${held.by} had stopped them: ${held.why})\n`)
        for (const unread of [await bankUnread(store, now), await chainUnread(store)])
          if (unread !== undefined) shell.err(`${unreadSentence(unread)}; they go on by themselves then\n`)
        if (still === undefined) return
        if (left) shell.err(`payouts stay stopped for what was not named: ${left.why}\n`)
        else shell.err(`payouts stay stopped, and go on by themselves once this is mended: ${still}\n`)
        shell.exitCode = 1
      }),
    )
}

/** The reasons that somebody looked at: the only one there is, or those whose words they say. A stop that nobody looked at is nobody's to let go. */
function namedBy(words: readonly string[] | undefined, reasons: readonly string[]): string[] {
  if (words === undefined) {
    if (reasons.length <= 1) return [...reasons]
    throw new BadInput(
      `payouts are stopped for ${reasons.length} reasons: name each you looked at by words of it, --seen "…"\n${list(reasons)}`,
    )
  }
  const unknown = words.find(some => some.trim() === '' || !reasons.some(reason => reason.includes(some)))
  if (unknown !== undefined) throw new BadInput(`--seen "${unknown}": payouts are not stopped for that\n${list(reasons)}`)
  return reasons.filter(reason => words.some(some => reason.includes(some)))
}

const list = (reasons: readonly string[]) => reasons.map(reason => `- ${reason}`).join('\n')
