/** Who is asked: people made up, or a roster, which is taken into the schedule when it is added and when `schedule payers` says so. */
import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { BadInput } from '../base/answer.ts'
import { readConfig, type Config } from '../base/config.ts'
import type { Range } from '../base/duration.ts'
import type { RosterRow } from '../base/roster.ts'
import type { Payers } from '../jobs/jobs.ts'
import { alsoCheck, attempt } from './faults.ts'
import { amountRangeFlag, countRangeFlag, mostUnits, textFlag, under } from './flags.ts'
import { example, reais } from './print.ts'
import { inBase, operator, type Shell } from './shell.ts'

export interface PayerFlags {
  payers: string
  count?: Range<number>
  amount?: Range<bigint>
}

export const rosterColumns = 'name,tax_id,amount,description'

export function payersCommand(schedule: Command, shell: Shell): void {
  const command = schedule
    .command('payers')
    .description('takes other payers into a schedule; slots that were made already keep theirs')
    .argument('<name>', 'the schedule')
    .argument('<who>', `a CSV file with ${rosterColumns}, or "random" (not in production)`)
    .option('--count <range>', 'with random: how many invoices a slot, e.g. 8..12', countRangeFlag('--count'))
    .option('--amount <range>', 'with random: what each asks for, in reais, e.g. 20.00..1000.00', amountRangeFlag('--amount'))
    .option('--by <person>', 'who does it (default: the user of this system)', textFlag('--by'))
    .addHelpText('after', example('schedule payers rent tenants.csv --by ana', 'schedule payers trial random --count 8..12 --amount 20.00'))
    .action(async (name: string, who: string, { by = operator() }: { by?: string }) => {
      refuseMadeUp(who, readConfig(shell.env))
      const payers = await payersOf({ ...command.opts(), payers: who }, [])
      await inBase(shell, async ({ store, world }) => {
        const { changePayers } = await import('../jobs/jobs.ts')
        const row = await changePayers(store, world, name, payers!, by)
        await shell.out(
          row === undefined
            ? `schedule ${name} has exactly these payers already: nothing was changed\n`
            : `schedule ${row.name} asks ${saidOf(payers!)} from its next slot on (version ${row.version}); next: ${row.next_at ?? 'none'}\n`,
        )
      })
    })
  alsoCheck(command, async given => {
    const faults: string[] = []
    const [, who = ''] = command.args
    await payersOf({ ...given, payers: who }, faults)
    const lacking = (['count', 'amount'] as const).filter(flag => who === 'random' && given[flag] === undefined)
    return [...faults, ...lacking.map(flag => `--${flag} is needed with random payers`)]
  })
}

/** As a sentence goes on: `2 payers of tenants.csv`, `8 to 12 payers made up`. */
export const saidOf = ({ roster, rosterFile, countLow, countHigh }: Payers): string => {
  const many = countLow === countHigh ? `${countLow}` : `${countLow} to ${countHigh}`
  const payers = countHigh === 1 ? 'payer' : 'payers'
  return roster === undefined ? `${many} ${payers} made up` : `${many} ${payers}${rosterFile === undefined ? '' : ` of ${rosterFile}`}`
}

export function refuseMadeUp(payers: string, { STARKBANK_ENVIRONMENT: environment }: Config): void {
  if (payers === 'random' && environment === 'production')
    throw new BadInput('--payers "random" makes people up and is refused in production: name a CSV file')
}

/** Undefined where there are faults, which are added to `faults`, or where a flag is missing. */
export async function payersOf({ payers, count, amount }: Partial<PayerFlags>, faults: string[]): Promise<Payers | undefined> {
  if (payers === undefined) return undefined
  if (payers === 'random')
    return (
      count && amount && { roster: undefined, countLow: count.low, countHigh: count.high, unitsLow: amount.low, unitsHigh: amount.high }
    )

  for (const [flag, value] of Object.entries({ '--count': count, '--amount': amount }))
    if (value) faults.push(`${flag} has no use with a roster, which has its own: leave it out`)
  const { readRoster } = await import('../base/roster.ts')
  return attempt(faults, () => listed(payers, readRoster))
}

function listed(file: string, readRoster: (text: string) => RosterRow[]): Payers {
  const text = textOf(file)
  const rows = under(`--payers "${file}"`, () => readRoster(text))
  const tooMuch = rows.find(row => row.units > mostUnits)
  if (tooMuch) throw new BadInput(`--payers "${file}": ${reais(tooMuch.units)} of ${tooMuch.name} is more than ${reais(mostUnits)}`)
  const units = rows.map(row => row.units)
  const [least, most] = units.reduce(([low, high], each) => [each < low ? each : low, each > high ? each : high], [units[0]!, units[0]!])
  return { roster: text, rosterFile: file, countLow: units.length, countHigh: units.length, unitsLow: least, unitsHigh: most }
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
