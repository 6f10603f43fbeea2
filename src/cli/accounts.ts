/** `repasse account`: where money may go; added by one person, approved by another. */
import type { Command } from 'commander'
import { BadInput } from '../base/answer.ts'
import { checkAccountNumber, checkAccountType, checkBank, checkBranch, checkTaxId } from '../base/brazil.ts'
import type { AccountRow, BankAccountRow } from '../payout/payout.ts'
import type { BankDestination } from '../rails/rail.ts'
import { nameFlag, textFlag } from './flags.ts'
import { example, historyOf, historyTable, json, sheet, table } from './print.ts'
import { inBase, operator, type Shell } from './shell.ts'

export function accountCommands(repasse: Command, shell: Shell): void {
  const account = repasse
    .command('account')
    .description('payout accounts: where money may go')
    .addHelpText('after', example('account list'))

  account
    .command('add')
    .description('adds an account, which awaits the approval of someone else')
    .requiredOption('--name <name>', 'what you call it, e.g. main', nameFlag('--name'))
    .requiredOption('--holder <name>', 'whose account it is', textFlag('--holder'))
    .requiredOption('--tax-id <id>', 'the holder’s CPF or CNPJ', text => checkTaxId(text, '--tax-id').formatted)
    .requiredOption('--bank <code>', 'ISPB of 8 digits (Pix) or COMPE code of 3 (TED)', text => checkBank(text, '--bank'))
    .requiredOption('--branch <number>', 'the branch, e.g. 0001', text => checkBranch(text, '--branch'))
    .requiredOption('--number <number>', 'the account’s number', text => checkAccountNumber(text, '--number'))
    .requiredOption('--type <type>', 'checking, payment, savings or salary', text => checkAccountType(text, '--type'))
    .option('--by <person>', 'who adds it (default: the user of this system)', textFlag('--by'))
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      example(
        'account add --name main --holder "Stark Bank S.A." --tax-id 20.018.183/0001-80 \\\n    --bank 20018183 --branch 0001 --number 6341320293482496 --type payment --by maker',
      ),
    )
    .action(({ name, by = operator(), json: asJson, ...to }: { name: string; by?: string; json?: true } & BankDestination) =>
      inBase(shell, async ({ store, world }) => {
        const { addAccount, listAccounts } = await import('../payout/payout.ts')
        const twins = (await listAccounts(store)).filter(row => row.state !== 'closed' && row.kind === 'bank' && isSame(row, to))
        const added = await addAccount(store, world, name, to, by)
        await shell.out(
          asJson
            ? json(viewOf(added))
            : `account ${name} awaits approval by someone other than ${by}: repasse account approve ${name} --by PERSON\n`,
        )
        if (twins.length > 0)
          shell.err(`the same bank account is known as ${twins.map(row => row.name).join(', ')} already: is ${name} meant to be another?\n`)
      }),
    )

  account
    .command('approve')
    .description('approves an account that someone else added')
    .argument('<name>', 'the account')
    .option('--by <person>', 'who approves it (default: the user of this system)', textFlag('--by'))
    .option('--json', 'as JSON')
    .addHelpText('after', example('account approve main --by checker'))
    .action((name: string, { by = operator(), json: asJson }: { by?: string; json?: true }) =>
      inBase(shell, async ({ store }) => {
        const { approveAccount } = await import('../payout/payout.ts')
        const approved = await approveAccount(store, name, by)
        await shell.out(asJson ? json(viewOf(approved)) : `account ${approved.name} is approved by ${by}\n`)
      }),
    )

  account
    .command('list')
    .description('every account')
    .option('--json', 'as JSON')
    .addHelpText('after', example('account list --json'))
    .action(({ json: asJson }: { json?: true }) =>
      inBase(shell, async ({ store }) => {
        const { listAccounts } = await import('../payout/payout.ts')
        const rows = await listAccounts(store)
        const heads = ['NAME', 'STATE', 'HOLDER', 'TAX ID', 'BANK', 'BRANCH', 'NUMBER', 'TYPE']
        const line = (row: AccountRow) =>
          row.kind === 'bank'
            ? [row.name, row.state, row.holder, row.tax_id, row.bank, row.branch, row.number, row.type]
            : [row.name, row.state, row.holder, '', 'bitcoin', '', row.destination, '']
        await shell.out(asJson ? json(rows.map(viewOf)) : table(heads, rows.map(line)))
      }),
    )

  account
    .command('show')
    .description('one account and its history')
    .argument('<name>', 'the account')
    .option('--json', 'as JSON')
    .addHelpText('after', example('account show main'))
    .action((name: string, { json: asJson }: { json?: true }) =>
      inBase(shell, async ({ store }) => {
        const [{ findAccount }, { history }] = await Promise.all([import('../payout/payout.ts'), import('../store/store.ts')])
        const row = await findAccount(store, name)
        if (!row) throw new BadInput(`there is no account "${name}": "repasse account list" shows them`)
        const steps = await history(store, row.id)
        await shell.out(asJson ? json({ ...viewOf(row), history: historyOf(steps) }) : `${sheet(sheetOf(row))}\n${historyTable(steps)}`)
      }),
    )
}

/** Leading zeros and the hyphen of a check digit are ways of writing. */
const plain = (text: string) => text.replace(/^0+|-/g, '')
const isSame = (row: BankAccountRow, to: BankDestination) =>
  row.bank === to.bank && plain(row.branch) === plain(to.branch) && plain(row.number) === plain(to.number)

const viewOf = (row: AccountRow) => ({
  id: row.id,
  name: row.name,
  state: row.state,
  kind: row.kind,
  holder: row.holder,
  ...(row.kind === 'bank'
    ? { taxId: row.tax_id, bank: row.bank, branch: row.branch, number: row.number, type: row.type }
    : { destination: row.destination }),
  addedBy: row.added_by,
  addedAt: row.added_at,
  approvedBy: row.approved_by,
})

const sheetOf = (row: AccountRow): [string, string | null][] => [
  ['account', `${row.name} (${row.id})`],
  ['state', row.state],
  ['holder', row.kind === 'bank' ? `${row.holder}, ${row.tax_id}` : row.holder],
  ['at', row.kind === 'bank' ? `bank ${row.bank}, branch ${row.branch}, number ${row.number}, ${row.type}` : row.destination],
  ['added', `${row.added_at} by ${row.added_by}`],
  ['approved by', row.approved_by],
]
