/**
 * The command line: reads what is asked, has the installation do it, and answers with an exit code. Each noun
 * has its own file.
 */
import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { BadInput } from '../base/answer.ts'
import { refuseMisspelt } from '../base/config.ts'
import { projectFile } from '../base/place.ts'
import { accountCommands } from './accounts/accounts.ts'
import { auditCommands } from './audit.ts'
import { bankKeyCommands } from './bankKey.ts'
import { bitcoinCommands } from './bitcoin/bitcoin.ts'
import { eventCommands } from './events.ts'
import { tellAllFaults } from './faults.ts'
import { invoiceCommands } from './invoices/invoices.ts'
import { ledgerCommands } from './ledger/ledger.ts'
import { keyCommands } from './keys.ts'
import { limitCommands } from './limits.ts'
import { operateCommands } from './operate.ts'
import { orderCommands } from './orders.ts'
import { payerCommands } from './privacy.ts'
import { payoutCommands } from './payouts/payouts.ts'
import { jsonFaults } from './jsonFaults.ts'
import { example, tame } from './print.ts'
import { productCommands } from './products.ts'
import { proveEverywhere } from './prove.ts'
import { proposalCommands } from './proposals.ts'
import { runCommands } from './runs.ts'
import { scheduleCommands } from './schedules/schedules.ts'
import { refuseKeys } from './secrets.ts'
import { shopCommands } from './shop.ts'
import { terminal } from './shell.ts'
import type { Outlet, Shell } from './context.ts'
import { userCommands } from './users/users.ts'
import { suspenseCommands } from './payouts/verdicts.ts'

/**
 * Runs one command line (`argv` as the process has it, `inFile` the variables of `.env`). 0: fine. 1: it
 * failed, or a check found something. 2: bad input.
 */
export async function runCli(
  argv: string[],
  env: Record<string, string | undefined>,
  outlet: Outlet = terminal(env),
  inFile: readonly string[] = [],
): Promise<number> {
  const asked = wantsJson(argv.slice(2)) ? jsonFaults(outlet) : undefined
  const shell: Shell = {
    ...(asked?.outlet ?? outlet),
    env,
    exitCode: 0,
    ...(asked && { saysFaults: () => undefined }),
  }
  try {
    refuseKeys(argv.slice(2))
    const commands = program(shell, argv[2])
    // Before a command, not before --help.
    commands.hook('preAction', () => refuseMisspelt(inFile))
    await commands.parseAsync(argv)
    if (shell.exitCode !== 0) asked?.unlessAnswered(shell.exitCode)
    return shell.exitCode
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return 0
      asked?.tell(
        'bad-input',
        error.code === 'commander.help'
          ? 'no command is named: --help lists them'
          : error.message.replace(/^error: /, ''),
        2,
      )
      return 2
    }
    if (error instanceof BadInput) {
      if (asked) asked.tell('bad-input', error.message, 2)
      else shell.err(`repasse: ${linesOf(error.message)}\n`)
      return 2
    }
    const why = error instanceof Error ? error.message || error.name : 'an unknown surprise'
    if (asked) asked.tell('failed', why, 1)
    else shell.err(`repasse: ${tame(why)}\n`)
    if (env['LOG_LEVEL'] === 'debug' && error instanceof Error) shell.err(`${error.stack ?? ''}\n`)
    return 1
  }
}

/** Whether the answer is for a program. Behind `--` there are no flags. */
const wantsJson = (words: readonly string[]): boolean => {
  const end = words.indexOf('--')
  return (end < 0 ? words : words.slice(0, end)).includes('--json')
}

/** The message may hold what somebody typed; only its own line ends stay. */
const linesOf = (message: string) => message.split('\n').map(tame).join('\n')

const versionOf = (): string =>
  (JSON.parse(readFileSync(projectFile('package.json'), 'utf8')) as { version: string }).version

type Builder = (repasse: Command, shell: Shell) => void

/** Each noun has its own file, in the order of `--help`. */
export const nouns: Readonly<Record<string, Builder>> = {
  account: accountCommands,
  schedule: scheduleCommands,
  invoice: invoiceCommands,
  payout: payoutCommands,
  limits: limitCommands,
  proposal: proposalCommands,
  product: productCommands,
  shop: shopCommands,
  order: orderCommands,
  payer: payerCommands,
  event: eventCommands,
  run: runCommands,
  ledger: ledgerCommands,
  audit: auditCommands,
  'bank-key': bankKeyCommands,
  suspense: suspenseCommands,
  bitcoin: bitcoinCommands,
  user: userCommands,
  keys: keyCommands,
}

const buildersFor = (noun: string | undefined): readonly Builder[] =>
  noun !== undefined && Object.hasOwn(nouns, noun)
    ? [nouns[noun]!]
    : [...Object.values(nouns), operateCommands]

/**
 * Every command, for a shell; where `noun` is one of `nouns`, its own alone, for there are some hundred and
 * fifty.
 */
export function program(shell: Shell, noun?: string): Command {
  const repasse = new Command('repasse')
    .description(
      'Asks for money on a schedule, hears when it arrives, passes it on net of fees, and can explain every cent.',
    )
    .version(`repasse ${versionOf()}`, '--version', 'which version this is')
    .exitOverride()
    .configureOutput({
      writeOut: text => void shell.out(text),
      writeErr: text => (shell.saysFaults ?? shell.err)(text),
      getOutHasColors: () => shell.colours,
      getErrHasColors: () => false,
    })
    .showHelpAfterError('(add --help to see what it takes)')
    .helpCommand(false)
  repasse.addHelpText('after', example('doctor', 'serve', 'status'))
  for (const add of buildersFor(noun)) add(repasse, shell)
  proveEverywhere(repasse, shell)
  tellAllFaults(repasse)
  return repasse
}
