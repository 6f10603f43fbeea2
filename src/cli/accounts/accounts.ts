/**
 * `repasse account`: where money may go; added by one person, approved by another. Adding one is in
 * `account-add.ts`.
 */
import { sentence } from '../../base/reasons.ts'
import type { Command } from 'commander'
import type { Judged, ProofKind } from '../../approvals/approvals.ts'
import { BadInput } from '../../base/answer.ts'
import { isAddressKind } from '../../base/rails.ts'
import type { Base } from '../../app.ts'
import type { AccountRow } from '../../payout/payout.ts'
import { onNetwork } from './network.ts'
import { accountTermsCommands, debtTable, debtView, tell } from './terms.ts'
import { addAccountCommand } from './add.ts'
import { accountJson } from '../../queries/json/accounts.ts'
import { signAccountCommand } from './sign.ts'
import { attempt } from '../faults.ts'
import { personFlag, textFlag } from '../flags.ts'
import { example, historyJson, historyTable, json, moneyOf, formatReais, sheet, table } from '../print.ts'
import { proofFlags, prove } from '../prove.ts'
import type { ProofFlags } from '../acting.ts'
import { done, inBase, operator } from '../shell.ts'
import type { Shell } from '../context.ts'

export function accountCommands(repasse: Command, shell: Shell): void {
  const account = repasse
    .command('account')
    .description('payout accounts: where money may go')
    .addHelpText('after', example('account list'))
  addAccountCommand(account, shell)
  accountTermsCommands(account, shell)
  signAccountCommand(account, shell)

  proofFlags(
    account
      .command('approve')
      .description('approves an account that someone else added; "account show" says where it pays to')
      .argument('<name>', 'the account')
      .option('--by <person>', 'who approves it (default: the user of this system)', personFlag('--by'))
      .option('--json', 'as JSON'),
  )
    .addHelpText(
      'after',
      example('account approve main --by checker', 'account approve main --key carla.pem'),
    )
    .action((name: string, flags: ProofFlags & { json?: true }) =>
      inBase(shell, async base => {
        const asJson = flags.json
        const { approveAccount, findAccount, onlySaid } = await import('../../payout/payout.ts')
        const row = await findAccount(base.db, name)
        // Derived before it is approved: what is of another network is no place to pay to.
        const first = row && (await firstOf(base, row))
        if (first && 'why' in first)
          throw new BadInput(`account "${row.name}" cannot be approved: ${first.why}`)
        const { by, proof } = await prove(base, flags, 'account.approve')
        const { coolingOffMs } = base.world
        const approval = await approveAccount(base.db, name, { by, proof, coolingOffMs })
        const { account: approved } = await done(approval)
        if (proof.is === 'said' && base.terms.approvals === 'proven')
          shell.err(`${sentence(onlySaid(approved))}\n`)
        await shell.out(
          asJson
            ? json(accountJson(approved, addressOf(first)))
            : `account ${approved.name} is approved by ${by}\n`,
        )
        if (!asJson && approved.kind !== 'bank') await shell.out(sheet(placeOf(approved, first)))
      }),
    )

  account
    .command('object')
    .description('objects to an account: nothing more is paid there until two people clear it')
    .argument('<name>', 'the account')
    .requiredOption(
      '--why <words>',
      'the reason, for the audit log and everybody who is written to',
      textFlag('--why'),
    )
    .option('--by <person>', 'who objects (default: the user of this system)', personFlag('--by'))
    .addHelpText('after', example('account object main --why "the payee never gave us this account"'))
    .action((name: string, { why, by = operator() }: { why: string; by?: string }) =>
      inBase(shell, async ({ db, world }) => {
        const { findAccount, objectToAccount } = await import('../../payout/payout.ts')
        const { objection } = await done(await objectToAccount(db, world, name, { by, why }))
        await shell.out(`${objection.made_by} objects to account ${(await findAccount(db, name))!.name}\n`)
      }),
    )

  account
    .command('clear')
    .description(
      'proposes that an objection to an account ends; another person approves it, and neither of them added the account',
    )
    .argument('<name>', 'the account')
    .requiredOption('--why <words>', 'the reason', textFlag('--why'))
    .option('--by <person>', 'who proposes it (default: the user of this system)', personFlag('--by'))
    .option('--json', 'as JSON')
    .addHelpText('after', example('account clear main --why "the payee confirmed it by telephone"'))
    .action(
      (name: string, { why, by = operator(), json: asJson }: { why: string; by?: string; json?: true }) =>
        inBase(shell, async ({ db, world }) => {
          const { proposeAccountClear } = await import('../../payout/payout.ts')
          await tell(shell, name, await done(await proposeAccountClear(db, world, name, { by, why })), asJson)
        }),
    )

  account
    .command('close')
    .description(
      'closes an account for good; one that a schedule, the shop, an invoice or a payout names stays open',
    )
    .argument('<name>', 'the account')
    .requiredOption('--why <reason>', 'why', textFlag('--why'))
    .option('--by <person>', 'who closes it (default: the user of this system)', personFlag('--by'))
    .addHelpText('after', example('account close mistyped --why "the wrong branch"'))
    .action((name: string, { why, by = operator() }: { why: string; by?: string }) =>
      inBase(shell, async ({ db }) => {
        const { closeAccount } = await import('../../payout/payout.ts')
        const closing = await closeAccount(db, name, by, why)
        if (closing.is === 'unknown')
          throw new BadInput(`there is no account "${name}": "repasse account list" shows them`)
        if (closing.is === 'already') throw new BadInput(`account "${name}" is closed already`)
        if (closing.is === 'in use')
          throw new BadInput(
            `account "${name}" is in use: a schedule, the shop, an invoice or a payout names it, so it stays open`,
          )
        await shell.out(`account ${closing.account.name} is closed\n`)
      }),
    )

  account
    .command('list')
    .description('every account')
    .option('--json', 'as JSON')
    .addHelpText('after', example('account list --json'))
    .action(({ json: asJson }: { json?: true }) =>
      inBase(shell, async base => {
        const { listAccounts, receivableOf } = await import('../../payout/payout.ts')
        const rows: { row: AccountRow; first: First | undefined; owes: bigint }[] = []
        for (const row of await listAccounts(base.db))
          rows.push({ row, first: await firstOf(base, row), owes: await receivableOf(base.db, row.id) })
        const owing = rows.some(({ owes }) => owes !== 0n)
        const line = ({ row, first, owes }: (typeof rows)[number]) => [
          row.name,
          row.state,
          row.kind,
          row.holder,
          row.kind === 'bank' ? row.tax_id : '',
          placeInLine(row, first),
          ...(owing ? [owes === 0n ? '' : `${formatReais(owes)} (${row.recover})`] : []),
        ]
        const heads = [
          'NAME',
          'STATE',
          'KIND',
          'HOLDER',
          'TAX ID',
          'PAYS TO',
          ...(owing ? ['>OWES US (RECOVERED)'] : []),
        ]
        await shell.out(
          asJson
            ? json(
                rows.map(({ row, first, owes }) => ({
                  ...accountJson(row, addressOf(first)),
                  owes: moneyOf(owes, 'BRL'),
                })),
              )
            : table(heads, rows.map(line)),
        )
      }),
    )

  account
    .command('show')
    .description('one account and its history')
    .argument('<name>', 'the account')
    .option('--json', 'as JSON')
    .addHelpText('after', example('account show main'))
    .action((name: string, { json: asJson }: { json?: true }) =>
      inBase(shell, async base => {
        const [{ findAccount, receivableMoves, receivableOf }, { showAccount }] = await Promise.all([
          import('../../payout/payout.ts'),
          import('../../queries/accounts.ts'),
        ])
        const row = await findAccount(base.db, name)
        if (!row) throw new BadInput(`there is no account "${name}": "repasse account list" shows them`)
        const { approval: proof, objections: kept, steps } = await showAccount(base.db, row)
        const first = await firstOf(base, row)
        const [owes, moves] = [await receivableOf(base.db, row.id), await receivableMoves(base.db, row.id)]
        const debts = debtTable(moves)
        const objections = kept.map(({ made_by: by, why, added_at: at }) => ({ by, why, at }))
        await shell.out(
          asJson
            ? json({
                ...accountJson(row, addressOf(first)),
                approvalProof: proof?.is === 'approved' ? proof.proof : null,
                approvalFault: proof?.is === 'changed' ? proof.why : null,
                objection: objections[0] ?? null,
                objections,
                ...debtView(row.recover, owes, moves),
                history: historyJson(steps),
              })
            : `${sheet([...sheetOf(row, first, proof), ...objections.map(({ by, why }): [string, string] => ['objection', `${by}: ${why}`]), ['owes us', owes === 0n ? null : formatReais(owes)]])}\n${debts}${debts && '\n'}${historyTable(steps)}`,
        )
      }),
    )
}

/** The address, or the descriptor's first, derived again; or why it is not. */
type First = { address: string } | { why: string }

async function firstOf({ config }: Pick<Base, 'config'>, row: AccountRow): Promise<First | undefined> {
  if (row.kind === 'bank' || !isAddressKind(row.kind)) return undefined
  const { destinationOf } = await import('../../chain/destination.ts')
  const faults: string[] = []
  const found = attempt(faults, () => destinationOf(onNetwork(config), row))
  return found ? { address: found.first.address } : { why: faults[0]! }
}

const addressOf = (first: First | undefined) => (first && 'address' in first ? first.address : undefined)

const bankPlaceOf = (row: AccountRow & { kind: 'bank' }) =>
  `bank ${row.bank}, branch ${row.branch}, number ${row.number}, ${row.type}`

const placeInLine = (row: AccountRow, first: First | undefined): string => {
  if (row.kind === 'bank') return bankPlaceOf(row)
  if (!isAddressKind(row.kind)) return row.destination
  const address = addressOf(first)
  return address === row.destination
    ? address
    : `${row.destination}${address === undefined ? '' : ` (first: ${address})`}`
}

type Facts = [string, string | null | undefined][]

const placeOf = (row: AccountRow, first: First | undefined): Facts => {
  if (row.kind === 'bank') return [['at', bankPlaceOf(row)]]
  if (!isAddressKind(row.kind)) return [['handed over', row.destination]]
  const address = addressOf(first)
  const why = first && 'why' in first ? `not checked: ${first.why}` : undefined
  if (!row.destination.includes('('))
    return [['address', why === undefined ? row.destination : `${row.destination}, ${why}`]]
  return [
    ['descriptor', row.destination],
    ['first address', why ?? `${address}, number 0: compare it with what the payee’s wallet shows`],
    ['next address', `number ${row.next_index}`],
  ]
}

const proofs: Record<ProofKind, string> = {
  said: 'said and not proven',
  code: 'confirmed by a code',
  key: 'signed with a key file',
  passkey: 'signed with a passkey',
}

const sheetOf = (row: AccountRow, first: First | undefined, proof: Judged | undefined): Facts => [
  ['account', `${row.name} (${row.id})`],
  ['state', row.state],
  ['kind', row.kind],
  ['holder', row.kind === 'bank' ? `${row.holder}, ${row.tax_id}` : row.holder || undefined],
  ...placeOf(row, first),
  ['added', `${row.added_at} by ${row.added_by}`],
  [
    'approved by',
    row.approved_by && `${row.approved_by}${proof?.is === 'approved' ? `, ${proofs[proof.proof]}` : ''}`,
  ],
  ['but', proof?.is === 'changed' ? proof.why : undefined],
  ['recovers', row.kind === 'bank' ? recovers[row.recover] : undefined],
]

const recovers = {
  never: 'never: what the payee owes is not kept back from its payouts',
  'next-payouts': 'next-payouts: what the payee owes is kept back from its next payouts',
}
