/** `repasse account add`: where it pays to is read and checked whole before anything is written. */
import type { Command, OptionValues } from 'commander'
import { readConfig } from '../../base/config.ts'
import {
  checkAccountNumber,
  checkAccountType,
  checkBank,
  checkBranch,
  checkTaxId,
} from '../../base/brazil.ts'
import { accountKinds, isAddressKind, type AccountKind } from '../../base/rails.ts'
import type { NewDestination } from '../../payout/payout.ts'
import type { BankDestination } from '../../rails/rail.ts'
import type { Reader } from '../../db/db.ts'
import { accountJson } from '../../queries/json/accounts.ts'
import { alsoCheck, attempt, neededWhen } from '../faults.ts'
import { nameFlag, oneOf, personFlag, textFlag, under } from '../flags.ts'
import { example, json } from '../print.ts'
import { placeObjected } from './refusals.ts'
import { done, inBase, operator } from '../shell.ts'
import type { Shell } from '../context.ts'
import { onNetwork } from './network.ts'

interface Flags extends Partial<BankDestination> {
  name: string
  kind: AccountKind
  address?: string
  descriptor?: string
  place?: string
  by?: string
  json?: true
}

const bankFlags = ['tax-id', 'bank', 'branch', 'number', 'type'] as const
const bitcoinFlags = ['address', 'descriptor'] as const

export function addAccountCommand(account: Command, shell: Shell): void {
  const add = account
    .command('add')
    .description('adds an account, which awaits the approval of someone else')
    // Commander would repeat them, and they may be the words of a seed, pasted without quotation marks.
    .allowExcessArguments(true)
    .requiredOption('--name <name>', 'what you call it, e.g. main', nameFlag('--name'))
    .option('--kind <kind>', accountKinds.join(' or '), oneOf(accountKinds)('--kind'), 'bank')
    .option(
      '--holder <name>',
      'whose account it is, or who is handed the money (may be left out with --kind bitcoin)',
      textFlag('--holder'),
    )
    .option('--tax-id <id>', 'the holder’s CPF or CNPJ', text => checkTaxId(text, '--tax-id').formatted)
    .option('--bank <code>', 'ISPB of 8 digits (Pix) or COMPE code of 3 (TED)', text =>
      checkBank(text, '--bank'),
    )
    .option('--branch <number>', 'the branch, e.g. 0001', text => checkBranch(text, '--branch'))
    .option('--number <number>', 'the account’s number', text => checkAccountNumber(text, '--number'))
    .option('--type <type>', 'checking, payment, savings or salary', text => checkAccountType(text, '--type'))
    .option(
      '--address <address>',
      'bitcoin: the payee’s address, or a descriptor or account key, which gives each payout an address of its own',
    )
    .option(
      '--descriptor <descriptor>',
      'bitcoin: the same for a descriptor, e.g. wpkh([…/84h/0h/0h]xpub…/<0;1>/*)#checksum',
    )
    .option(
      '--place <words>',
      'cash: how it is handed over, so that both people know, e.g. "front desk, against her ID"',
      textFlag('--place'),
    )
    .option('--by <person>', 'who adds it (default: the user of this system)', personFlag('--by'))
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      example(
        'account add --name main --holder "Stark Bank S.A." --tax-id 20.018.183/0001-80 \\\n    --bank 20018183 --branch 0001 --number 6341320293482496 --type payment --by maker',
        'account add --kind bitcoin --name coins --address bc1q… --by maker',
        'account add --kind cash --name rent --holder "Ana Lima" --place "front desk, against her ID" --by maker',
      ),
    )
    .action((flags: Flags) => addOne(shell, flags))
  neededWhen(
    add,
    bankFlags.map(flag => `--${flag}`),
    given => given['kind'] === 'bank' && !namesBitcoin(given),
  )
  neededWhen(add, ['--address'], given => isOnAddress(given) && !namesBitcoin(given))
  neededWhen(add, ['--place'], isHanded)
  neededWhen(add, ['--holder'], given => !isOnAddress(given) && !namesBitcoin(given))
  alsoCheck(add, async given => [
    ...(await strayWords(given, add.args)),
    ...(add.args.length > 0 ? [] : await faultsOf(given, shell.env)),
  ])
}

const isOnAddress = ({ kind }: OptionValues) => isAddressKind(String(kind))
/** Named, and neither an account at a bank nor an address. */
const isHanded = (given: OptionValues) =>
  given['kind'] !== undefined && given['kind'] !== 'bank' && !isOnAddress(given)
const namesBitcoin = (given: OptionValues) => bitcoinFlags.some(flag => given[flag] !== undefined)

async function strayWords(given: OptionValues, words: string[]): Promise<string[]> {
  if (words.length === 0) return []
  const { refuseSecrets } = await import('../../rails/bitcoin/secret.ts')
  const faults: string[] = []
  const pasted = [...bitcoinFlags.map(flag => given[flag] as string | undefined), ...words].filter(
    word => word !== undefined,
  )
  attempt(faults, () => refuseSecrets(pasted.join(' '), 'what stands behind the flags'))
  return faults.length > 0
    ? faults
    : [`too many arguments: ${words.length} belong to no flag, so put what has blanks in quotation marks`]
}

async function faultsOf(given: OptionValues, env: Shell['env']): Promise<string[]> {
  const faults: string[] = []
  if (given['kind'] === 'bank')
    for (const flag of bitcoinFlags)
      if (given[flag] !== undefined) faults.push(`--${flag} is for --kind bitcoin: add that, or leave it out`)
  if (given['place'] !== undefined && !isHanded(given))
    faults.push('--place is for --kind cash: add that, or leave it out')
  if (isHanded(given)) {
    for (const flag of [...bankFlags, ...bitcoinFlags])
      if (given[camel(flag)] !== undefined)
        faults.push(`--${flag} does not belong to --kind ${given['kind']}: leave it out`)
    return faults
  }
  if (!isOnAddress(given) && !namesBitcoin(given)) return faults

  if (isOnAddress(given))
    for (const flag of bankFlags)
      if (given[camel(flag)] !== undefined)
        faults.push(`--${flag} is for --kind bank: leave it out with --kind bitcoin`)
  if (bitcoinFlags.every(flag => given[flag] !== undefined))
    faults.push('--address and --descriptor are both given: leave one out')
  const [{ readDestination }, { refuseSecrets }] = await Promise.all([
    import('../../chain/destination.ts'),
    import('../../rails/bitcoin/secret.ts'),
  ])
  const config = attempt(faults, () => readConfig(env))
  const textOf = (flag: string) => given[flag] as string | undefined
  for (const flag of bitcoinFlags.filter(flag => config && textOf(flag) !== undefined))
    attempt(faults, () =>
      under(`--${flag}`, () => readDestination(`--${flag}`, textOf(flag)!, onNetwork(config!))),
    )
  for (const flag of ['name', 'holder', 'by'])
    if (textOf(flag) !== undefined) attempt(faults, () => refuseSecrets(textOf(flag)!, `--${flag}`))
  return faults
}

const camel = (flag: string) => flag.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())

async function addOne(shell: Shell, { name, by = operator(), json: asJson, ...flags }: Flags): Promise<void> {
  const { to, script } = await destinationOf(flags, shell.env)
  await inBase(shell, async ({ db, world }) => {
    const { addAccount, objectionTo, twinsOf } = await import('../../payout/payout.ts')
    if (script) await script(db)
    const twins = await twinsOf(db, to)
    const answer = await done(await addAccount(db, world, name, to, by))
    const { account: added } = answer
    if (answer.is === 'there') return void (await done({ is: 'account-name-taken', name, account: added }))
    await shell.out(
      asJson
        ? json(accountJson(added))
        : `account ${name} awaits approval by someone other than ${by}: repasse account approve ${name} --by PERSON\n`,
    )
    const objection = await objectionTo(db, added)
    if (objection) shell.err(`${placeObjected(added, objection)}\n`)
    if (twins.length > 0)
      shell.err(
        `the same ${added.kind} account is known as ${twins.map(row => row.name).join(', ')} already: is ${name} meant to be another?\n`,
      )
  })
}

interface Checked {
  to: NewDestination
  /** What only the database knows against it; throws `BadInput`. */
  script?: (reader: Reader) => Promise<void>
}

async function destinationOf(
  { kind, holder = '', address, descriptor, place, ...bank }: Omit<Flags, 'name'>,
  env: Shell['env'],
): Promise<Checked> {
  if (kind === 'bank') return { to: { holder, ...bank } as BankDestination }
  if (!isAddressKind(kind)) return { to: { kind, holder, destination: place! } }
  const { isOurScript, oursRefused, readDestination } = await import('../../chain/destination.ts')
  const [flag, text] = address === undefined ? ['--descriptor', descriptor!] : ['--address', address]
  const destination = readDestination(flag, text, onNetwork(readConfig(env)))
  return {
    to: { kind, holder, destination: destination.text },
    async script(reader) {
      if (await isOurScript(reader, destination)) throw oursRefused(flag)
    },
  }
}
