/** `repasse schedule add`: every flag is read and checked before anything is written. */
import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { BadInput } from '../base/answer.ts'
import type { Range } from '../base/duration.ts'
import { instant, type Millis } from '../base/world.ts'
import { readConfig, type Config } from '../base/config.ts'
import type { NewSchedule } from '../jobs/jobs.ts'
import { amountFlag, amountRangeFlag, countRangeFlag, durationFlag, nameFlag, oneOf, percentFlag, textFlag, under } from './flags.ts'
import { neededWhen } from './missing.ts'
import { example } from './print.ts'
import { inBase, operator, type Shell } from './shell.ts'

interface Flags {
  name: string
  rail: 'starkbank'
  cron: string
  timeZone: string
  starts?: string
  ends?: string
  count?: Range<number>
  amount?: Range<bigint>
  payers: string
  dueIn: Millis
  payTo: string
  commission?: bigint
  minPayout?: bigint
  catchUp: 'all' | 'latest' | 'none'
  by?: string
}

export function addCommand(schedule: Command, shell: Shell): void {
  const add = schedule
    .command('add')
    .description('adds an active schedule')
    .requiredOption('--name <name>', 'what you call it, e.g. trial', nameFlag('--name'))
    .option('--rail <rail>', 'starkbank', oneOf(['starkbank'] as const)('--rail'), 'starkbank')
    .requiredOption('--cron <expression>', 'when: minute, hour, day of month, month, day of week, e.g. "0 */3 * * *"')
    .requiredOption('--time-zone <zone>', 'where that time is read, e.g. America/Sao_Paulo')
    .option('--starts <time>', 'the first moment it may be due, in its zone, e.g. 2026-11-21T00:00')
    .option('--ends <time>', 'when it is over, that moment not included')
    .option('--count <range>', 'how many invoices a slot, e.g. 8..12 (not with a roster)', countRangeFlag('--count'))
    .option('--amount <range>', 'what each asks for, in reais, e.g. 20.00..1000.00 (not with a roster)', amountRangeFlag('--amount'))
    .requiredOption('--payers <who>', '"random" (not in production) or a CSV file with name,tax_id,amount,description')
    .requiredOption('--due-in <time>', 'how long payers have, e.g. 2d', durationFlag('--due-in'))
    .requiredOption('--pay-to <account>', 'the payout account: "repasse account list" shows them')
    .option('--commission <percent>', 'the house’s share of what is paid (default: 0%)', percentFlag('--commission'))
    .option('--min-payout <amount>', 'below this nothing is paid on (default: 0.00)', amountFlag('--min-payout'))
    .option(
      '--catch-up <rule>',
      'what of the slots missed while nothing ran is run: all, latest or none',
      oneOf(['all', 'latest', 'none'] as const)('--catch-up'),
      'all',
    )
    .option('--by <person>', 'who adds it (default: the user of this system)', textFlag('--by'))
    .addHelpText(
      'after',
      example(
        'schedule add --name trial --cron "0 */3 * * *" --time-zone America/Sao_Paulo --count 8..12 --amount 20.00..1000.00 \\\n    --payers random --due-in 2d --pay-to main --commission 1.5%',
        'schedule add --name rent --cron "0 9 1 * *" --time-zone America/Sao_Paulo --payers tenants.csv --due-in 5d --pay-to main',
      ),
    )
    .action(async (flags: Flags) => {
      const rule = await ruleOf(flags, readConfig(shell.env))
      await inBase(shell, async ({ store, world }) => {
        const { addSchedule } = await import('../jobs/jobs.ts')
        const row = await addSchedule(store, world, rule, flags.by ?? operator())
        await shell.out(
          `schedule ${row.name} is active; next: ${row.next_at ?? 'none, its window is over'} ("repasse schedule next ${row.name}" shows more)\n`,
        )
        const { findAccount } = await import('../payout/payout.ts')
        const account = await findAccount(store, rule.payTo)
        if (account?.state === 'awaiting')
          shell.err(`account ${account.name} awaits approval: nothing is paid on until "repasse account approve ${account.name}"\n`)
      })
    })
  neededWhen(add, ['--count', '--amount'], ({ payers }) => payers === 'random')
}

async function ruleOf(flags: Flags, config: Config): Promise<NewSchedule> {
  const [{ parseCron }, { assertZone, localToInstant }] = await Promise.all([import('../base/cron.ts'), import('../base/zone.ts')])
  under('--cron', () => parseCron(flags.cron))
  under('--time-zone', () => assertZone(flags.timeZone))
  const moment = (flag: string, text: string | undefined) =>
    text === undefined ? undefined : instant(under(flag, () => localToInstant(text, flags.timeZone)))
  const startsAt = moment('--starts', flags.starts)
  const endsAt = moment('--ends', flags.ends)
  if (startsAt && endsAt && endsAt <= startsAt) throw new BadInput(`--ends "${flags.ends}" is not after --starts "${flags.starts}"`)

  return {
    name: flags.name,
    rail: flags.rail,
    cron: flags.cron,
    timeZone: flags.timeZone,
    startsAt,
    endsAt,
    ...(flags.payers === 'random' ? madeUp(flags, config) : await listed(flags)),
    dueInMs: flags.dueIn,
    payTo: flags.payTo,
    commissionBp: flags.commission ?? 0n,
    minPayoutUnits: flags.minPayout ?? 0n,
    catchUp: flags.catchUp,
  }
}

type Payers = Pick<NewSchedule, 'roster' | 'countLow' | 'countHigh' | 'unitsLow' | 'unitsHigh'>

function madeUp({ count, amount }: Flags, { STARKBANK_ENVIRONMENT: environment }: Config): Payers {
  if (environment === 'production') throw new BadInput('--payers "random" makes people up and is refused in production: name a CSV file')
  if (!count || !amount) throw new BadInput('--count and --amount are needed with --payers random')
  return { roster: undefined, countLow: count.low, countHigh: count.high, unitsLow: amount.low, unitsHigh: amount.high }
}

async function listed({ payers, count, amount }: Flags): Promise<Payers> {
  const text = textOf(payers)
  if (count || amount) throw new BadInput(`${count ? '--count' : '--amount'} has no use with a roster, which has its own: leave it out`)
  const { readRoster } = await import('../base/roster.ts')
  const units = under(`--payers "${payers}"`, () => readRoster(text)).map(row => row.units)
  const [least, most] = units.reduce(([low, high], each) => [each < low ? each : low, each > high ? each : high], [units[0]!, units[0]!])
  return { roster: text, countLow: units.length, countHigh: units.length, unitsLow: least, unitsHigh: most }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new BadInput(
      `--payers "${file}" cannot be read (${(error as NodeJS.ErrnoException).code}): write "random" or the path of a CSV file`,
      { cause: error },
    )
  }
}
