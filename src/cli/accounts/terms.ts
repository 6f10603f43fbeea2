/** `repasse account terms` and `debt`: what two people decide about an account whose payee owes us. */
import type { Command } from 'commander'
import { BadInput } from '../../base/answer.ts'
import type { AccountProposed, DebtEnd, ReceivableMove, Recovery } from '../../payout/payout.ts'
import { amountIn, oneOf, personFlag, textFlag } from '../flags.ts'
import { example, json, moneyOf, formatReais, table } from '../print.ts'
import { done, inBase, operator } from '../shell.ts'
import type { Shell } from '../context.ts'

// Written here so that --help need not load the installation; a test holds them against the source.
export const recoveries = ['never', 'next-payouts'] as const
export const debtEnds = ['paid', 'forgiven', 'returned'] as const

type Flags = { why: string; by?: string; json?: true }

export function accountTermsCommands(account: Command, shell: Shell): void {
  account
    .command('terms')
    .description(
      'proposes whether what a payee owes is kept back from the next payouts of this account; another person approves it',
    )
    .argument('<name>', 'the account')
    .requiredOption('--recover <when>', `one of ${recoveries.join(', ')}`, oneOf(recoveries)('--recover'))
    .requiredOption('--why <words>', 'the reason, for the audit log', textFlag('--why'))
    .option('--by <person>', 'who proposes it (default: the user of this system)', personFlag('--by'))
    .option('--json', 'as JSON')
    .addHelpText('after', example('account terms main --recover next-payouts --why "agreed with the payee"'))
    .action((name: string, { recover, why, by = operator(), json: asJson }: Flags & { recover: Recovery }) =>
      inBase(shell, async ({ db, world }) => {
        const { proposeTerms } = await import('../../payout/payout.ts')
        await tell(shell, name, await proposeTerms(db, world, name, recover, { by, why }), asJson)
      }),
    )

  account
    .command('debt')
    .description(
      'proposes that what a payee owes was paid by other means or is forgiven, or that what was kept back too much was returned by other means; another person approves it',
    )
    .argument('<name>', 'the account')
    .requiredOption('--amount <R$>', 'how much of it, such as 98.00', amountIn('BRL')('--amount'))
    .requiredOption('--as <end>', `one of ${debtEnds.join(', ')}`, oneOf(debtEnds)('--as'))
    .requiredOption('--why <words>', 'the reason, for the audit log', textFlag('--why'))
    .option('--by <person>', 'who proposes it (default: the user of this system)', personFlag('--by'))
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      example('account debt main --amount 98.00 --as paid --why "their Pix of 28 November"'),
    )
    .action(
      (
        name: string,
        { amount, as, why, by = operator(), json: asJson }: Flags & { amount: bigint; as: DebtEnd },
      ) =>
        inBase(shell, async ({ db, world }) => {
          const { proposeDebtEnd } = await import('../../payout/payout.ts')
          await tell(
            shell,
            name,
            await proposeDebtEnd(db, world, name, { units: amount, as, by, why }),
            asJson,
          )
        }),
    )
}

export async function tell(
  shell: Shell,
  name: string,
  proposed: AccountProposed,
  asJson: true | undefined,
): Promise<void> {
  switch (proposed.is) {
    case 'unknown':
      throw new BadInput(`there is no account "${name}": "repasse account list" shows them`)
    case 'impossible':
      throw new BadInput(refusals[proposed.code](name))
    case 'another':
      throw new BadInput(
        `another such proposal for ${name} is open: "repasse proposal show ${proposed.proposal.id}"; it is decided first`,
      )
    case 'barred':
      return void (await done(proposed))
    case 'proposed':
    case 'there': {
      const { id, act, state } = proposed.proposal
      return shell.out(
        asJson
          ? json({ proposal: id, act, state })
          : `proposed: somebody else approves it with "repasse proposal approve ${id}"\n`,
      )
    }
  }
}

const refusals: Record<Extract<AccountProposed, { is: 'impossible' }>['code'], (name: string) => string> = {
  'not-bank': name =>
    `account ${name} is paid on the chain, where nothing goes back to payers by itself: there is nothing to recover`,
  same: name => `the terms of account ${name} are these already`,
  'too-much': name => `account ${name} does not owe that much: "repasse account show ${name}" says how much`,
  'not-kept': name =>
    `not so much was kept back from account ${name} too much: "repasse account show ${name}" says how much`,
}

/** What made and lessened what the payee owes; '' where it never owed anything. */
export const debtTable = (moves: readonly ReceivableMove[]): string =>
  moves.length === 0
    ? ''
    : table(
        ['WHEN (UTC)', 'WHAT', '>AMOUNT', 'INVOICE', 'BECAUSE'],
        moves.map(({ at, movement, units, invoice_id: invoice, memo }) => [
          at,
          movement,
          formatReais(units),
          invoice ?? '',
          memo,
        ]),
      )

export const debtView = (recover: Recovery, owing: bigint, moves: readonly ReceivableMove[]) => ({
  recover,
  owes: moneyOf(owing, 'BRL'),
  debts: moves.map(({ at, movement, units, invoice_id: invoice, memo }) => ({
    at,
    movement,
    ...moneyOf(units, 'BRL'),
    invoice,
    memo,
  })),
})
