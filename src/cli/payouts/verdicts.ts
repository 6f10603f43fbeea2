/**
 * `repasse payout adjudicate` and `redirect`, and `repasse suspense`: what one person proposes about
 * transfers and a second one approves.
 */
import type { Command } from 'commander'
import type { ProposalMade, SuspenseRow } from '../../ledger/ledger.ts'
import { countFlag, oneOf, personFlag, textFlag } from '../flags.ts'
import { example, json, moneyOf, formatReais, table } from '../print.ts'
import { done, inBase, onRails, operator } from '../shell.ts'
import type { Shell } from '../context.ts'

type ActFlags = { why: string; by?: string }

// Written here so that --help need not load the installation; a test holds it against the domain's list.
export const verdictWords = ['ours', 'not-ours'] as const

export function verdictCommands(payout: Command, shell: Shell): void {
  payout
    .command('adjudicate')
    .description(
      'proposes what a transfer at the bank is: this payout’s, whatever it differs in, or none of ours; a second person approves it',
    )
    .argument('<id>', 'the payout')
    .requiredOption(
      '--transfer <id>',
      'the bank’s id of the transfer, or our key that it bears',
      textFlag('--transfer'),
    )
    .requiredOption('--as <verdict>', `what it is: ${verdictWords.join(' or ')}`, oneOf(verdictWords)('--as'))
    .requiredOption('--why <words>', 'the reason, for whoever approves and the audit log', textFlag('--why'))
    .option('--by <person>', 'who proposes it (default: the user of this system)', personFlag('--by'))
    .addHelpText(
      'after',
      example(
        'payout adjudicate pay_01k9zq3f5c8wxy2m7n4p6r8s0t --transfer 6341320293482496 --as not-ours --why "the bank’s own test"',
      ),
    )
    .action(
      (
        id: string,
        {
          transfer,
          as,
          why,
          by = operator(),
        }: ActFlags & { transfer: string; as: (typeof verdictWords)[number] },
      ) =>
        onRails(shell, async ({ db, world }, { rails }) => {
          const { proposeVerdict } = await import('../../payout/payout.ts')
          await tellProposed(
            shell,
            await done(await proposeVerdict({ db, rails, world }, id, { transfer, as, by, why })),
          )
        }),
    )

  payout
    .command('redirect')
    .description(
      'proposes that a payout go to another approved account of the same payee; a second person approves it',
    )
    .argument('<id>', 'the payout')
    .requiredOption('--to <account>', 'the other account, by its name', textFlag('--to'))
    .requiredOption('--why <words>', 'the reason, for whoever approves and the audit log', textFlag('--why'))
    .option('--by <person>', 'who proposes it (default: the user of this system)', personFlag('--by'))
    .addHelpText(
      'after',
      example(
        'payout redirect pay_01k9zq3f5c8wxy2m7n4p6r8s0t --to second --why "the first account was closed"',
      ),
    )
    .action((id: string, { to, why, by = operator() }: ActFlags & { to: string }) =>
      inBase(shell, async ({ db, world }) => {
        const { proposeRedirect } = await import('../../payout/payout.ts')
        await tellProposed(shell, await done(await proposeRedirect(db, world, id, { to, by, why })))
      }),
    )
}

export function suspenseCommands(repasse: Command, shell: Shell): void {
  const suspense = repasse
    .command('suspense')
    .description(
      'what moved at the bank under a tag of ours and belongs to nothing these books know, as after a restore',
    )
    .addHelpText('after', example('suspense list'))

  suspense
    .command('list')
    .description('statement lines that wait until somebody says what they are, newest first')
    .option('--limit <n>', 'how many at most', countFlag(10_000)('--limit'), 50)
    .option('--json', 'as JSON')
    .addHelpText('after', example('suspense list --json'))
    .action(({ limit, json: asJson }: { limit: number; json?: true }) =>
      inBase(shell, async ({ db }) => {
        const { openSuspense } = await import('../../ledger/ledger.ts')
        const rows = await openSuspense(db, limit)
        const line = (row: SuspenseRow) => [
          row.provider_id,
          row.added_at,
          row.about,
          formatReais(row.units),
          row.order_key ?? '',
          row.invoice_tag ?? '',
        ]
        await shell.out(
          asJson
            ? json(rows.map(viewOf))
            : table(['AT THE BANK', 'SEEN (UTC)', 'ABOUT', '>AMOUNT', 'ORDER', 'INVOICE'], rows.map(line)),
        )
      }),
    )

  suspense
    .command('close')
    .description(
      'proposes that what is in suspense about one invoice or transfer be external; a second person approves it',
    )
    .argument('<id>', 'the bank’s id of the invoice or transfer')
    .requiredOption('--why <words>', 'the reason, for whoever approves and the audit log', textFlag('--why'))
    .option('--by <person>', 'who proposes it (default: the user of this system)', personFlag('--by'))
    .addHelpText(
      'after',
      example(
        'suspense close 6341320293482496 --why "paid and passed on after the backup; the payee confirmed it"',
      ),
    )
    .action((id: string, { why, by = operator() }: ActFlags) =>
      inBase(shell, async ({ db, world }) => {
        const { proposeClose } = await import('../../ledger/ledger.ts')
        await tellProposed(shell, await done(await db.tx(tx => proposeClose(tx, world, id, { by, why }))))
      }),
    )
}

export async function tellProposed(shell: Shell, { proposal: { id } }: ProposalMade): Promise<void> {
  await shell.out(`proposed: somebody else says "repasse proposal approve ${id} --by NAME"\n`)
}

const viewOf = (row: SuspenseRow) => ({
  id: row.id,
  rail: row.rail,
  about: row.about,
  providerId: row.provider_id,
  order: row.order_key,
  invoice: row.invoice_tag,
  ...moneyOf(row.units),
  seenAt: row.added_at,
})
