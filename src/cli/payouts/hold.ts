/** `repasse payout stop` and `go`: the installation’s hold, turned by a person. */
import type { Command } from 'commander'
import { BadInput } from '../../base/answer.ts'
import { personFlag, textFlag } from '../flags.ts'
import { example } from '../print.ts'
import { proofFlags, prove } from '../prove.ts'
import type { ProofFlags } from '../acting.ts'
import { done, inBase, operator } from '../shell.ts'
import type { HoldRow } from '../../payout/payout.ts'
import type { Shell } from '../context.ts'

export function stopCommands(payout: Command, shell: Shell): void {
  payout
    .command('stop')
    .description('stops every payout until "repasse payout go"; invoices and events go on')
    .requiredOption('--why <words>', 'the reason, for the audit log', textFlag('--why'))
    .option('--by <person>', 'who does it (default: the user of this system)', personFlag('--by'))
    .addHelpText('after', example('payout stop --why "the bank looks wrong"'))
    .action(({ why, by = operator() }: { why: string; by?: string }) =>
      inBase(shell, async ({ db }) => {
        const { stopAll } = await import('../../payout/payout.ts')
        await done(await stopAll(db, why, by))
        await shell.out('payouts are stopped: "repasse payout go --why …" lets them go\n')
      }),
    )

  proofFlags(
    payout
      .command('go')
      .description('lets payouts go again after a stop or a restore')
      .requiredOption('--why <words>', 'the reason, for the audit log', textFlag('--why'))
      .option(
        '--seen <words...>',
        'words of each reason you looked at; the others stay. At a terminal the reasons are shown and asked about without it',
      )
      .option('--by <person>', 'who does it (default: the user of this system)', personFlag('--by')),
  )
    .addHelpText('after', example('payout go --why "compared with the bank"'))
    .action(({ why, seen, ...flags }: ProofFlags & { why: string; seen?: string[] }) =>
      inBase(shell, async base => {
        const { db } = base
        const { by, proof } = await prove(base, flags, 'payouts.go')
        const { holdOf, letGo, payoutsStopped, theProgram, unreads, unreadSentence } =
          await import('../../payout/payout.ts')
        const hold = await holdOf(db)
        const reasons = hold?.reasons ?? []
        const isPersons = hold !== undefined && hold.by !== theProgram
        const looked =
          seen === undefined ? await lookedAtNow(shell, reasons, isPersons) : named(seen, reasons)
        const lookedAt = new Set(looked.map(({ seq }) => seq))
        const answer = await letGo(db, why, by, ({ seq }) => lookedAt.has(seq), proof)
        const held = answer.is === 'nothing-to-let-go' ? undefined : (await done(answer)).gone
        const left = await holdOf(db)
        const still = await payoutsStopped(db)
        const unread = await unreads(db, await db.tx(tx => tx.now()))
        if (held === undefined && still === undefined) {
          const [waits] = unread
          throw new BadInput(
            waits === undefined
              ? 'payouts are not stopped: there is nothing to let go'
              : `nothing is left to let go. ${unreadSentence(waits)}`,
          )
        }
        if (held !== undefined) await shell.out(`let go (${held.by} had stopped them: ${held.why})\n`)
        for (const each of unread) shell.err(`${unreadSentence(each)}; they go on by themselves then\n`)
        if (still === undefined) return
        if (left) shell.err(`payouts stay stopped for what was not named: ${left.why}\n`)
        else shell.err(`payouts stay stopped, and go on by themselves once this is mended: ${still}\n`)
        shell.exitCode = 1
      }),
    )
}

/**
 * Without words: at a terminal the reasons are shown, and the person says yes to those. In a script nobody
 * looks, so words are needed, but for a stop of a person's own or a restore's, where it is all that stops
 * payouts.
 */
async function lookedAtNow(
  { ask }: Shell,
  reasons: readonly HoldRow[],
  isPersons: boolean,
): Promise<readonly HoldRow[]> {
  if (reasons.length === 0) return []
  const stopped =
    reasons.length === 1 ? 'payouts are stopped' : `payouts are stopped for ${reasons.length} reasons`
  if (ask) {
    if (await ask(`${stopped}:\n${list(reasons)}\nLet them go?`)) return reasons
    throw new BadInput(`${stopped}, and stay so`)
  }
  if (isPersons && reasons.length === 1) return reasons
  throw new BadInput(
    `${stopped}: name each reason that you looked at by words of it, --seen "…"\n${list(reasons)}`,
  )
}

/**
 * The reasons that somebody looked at: those whose words they say. Words that fit several are nobody's, for
 * one of them may have come since.
 */
function named(words: readonly string[], reasons: readonly HoldRow[]): HoldRow[] {
  return words.map(some => {
    const whole = reasons.filter(({ why: shown }) => shown === some)
    const fitting =
      whole.length > 0
        ? whole
        : reasons.filter(({ why: shown }) => some.trim() !== '' && shown.includes(some))
    if (fitting.length > 1)
      throw new BadInput(
        `--seen "${some}" fits ${fitting.length} reasons: take words of one\n${list(fitting)}`,
      )
    if (fitting.length === 0)
      throw new BadInput(`--seen "${some}": payouts are not stopped for that\n${list(reasons)}`)
    return fitting[0]!
  })
}

const list = (reasons: readonly HoldRow[]) => reasons.map(({ why }) => `- ${why}`).join('\n')
