/**
 * Who is asked: people made up, or a roster, which is taken into the schedule when it is added and when
 * `schedule payers` says so.
 */
import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { BadInput } from '../base/answer.ts'
import type { Config } from '../base/config.ts'
import type { Range } from '../base/duration.ts'
import { mostUnits, formatMoney, type Asset } from '../base/money.ts'
import type { judgeRoster, readRoster, RosterRules } from '../base/roster.ts'
import { isOnChain, type RailName } from '../base/rails.ts'
import type { Payers } from '../schedule/schedule.ts'
import { dustFault, refuseDust } from './dust.ts'
import { alsoCheck, attempt } from './faults.ts'
import { amountRangeIn, countRangeFlag, type Currency, personFlag, under } from './flags.ts'
import { example } from './print.ts'
import { noteTaken } from './privacy.ts'
import { proofFlags, prove } from './prove.ts'
import type { ProofFlags } from './acting.ts'
import { done, inBase } from './shell.ts'
import type { Shell } from './context.ts'

export interface PayerFlags {
  payers: string
  count?: Range<number>
  /** As it was typed: what it means depends on the currency. */
  amount?: string
  /** Rows that are equal are meant. */
  allowRepeats?: boolean
}

/**
 * On which rail they are asked, and what amounts are written in; undefined where that itself is in question.
 */
export interface Asking {
  rail: RailName | undefined
  currency: Currency | undefined
}

export const rosterColumns =
  'name,tax_id,amount,description (or nome;cpf/cnpj;valor;descrição, and vencimento)'
export const repeatsOption = [
  '--allow-repeats',
  'with a roster: rows that say the same in every field are meant',
] as const

export function payersCommand(schedule: Command, shell: Shell): void {
  const command = schedule
    .command('payers')
    .description('takes other payers into a schedule; slots that were made already keep theirs')
    .argument('<name>', 'the schedule')
    .argument('<who>', `a CSV or .xlsx file with ${rosterColumns}, or "random" (not in production)`)
    .option('--count <range>', 'with random: how many invoices a slot, e.g. 8..12', countRangeFlag('--count'))
    .option(
      '--amount <range>',
      'with random: what each asks for, in the schedule’s currency, e.g. 20.00..1000.00 or 20000..50000sats',
    )
    .option(...repeatsOption)
    .option('--by <person>', 'who does it (default: the user of this system)', personFlag('--by'))
    .addHelpText(
      'after',
      example(
        'schedule payers rent tenants.csv --by ana',
        'schedule payers trial random --count 8..12 --amount 20.00',
      ),
    )
    .action((name: string, who: string, flags: ProofFlags) =>
      inBase(shell, async base => {
        const { changePayers, scheduleCalled } = await import('../schedule/schedule.ts')
        const { schedule: before } = await done(await scheduleCalled(base.db, name))
        refuseMadeUp(who, base.config, before.rail)
        const payers = (await payersOf({ ...command.opts(), payers: who }, before, []))!
        await refuseDust(base, { ...before, ...payers }, who === 'random' ? '--amount' : `--payers "${who}"`)
        const { by, proof } = await prove(base, flags, 'schedule.edit')
        const answer = await done(await changePayers(base.db, base.world, name, payers, by, proof))
        const row = answer.is === 'changed' ? answer.schedule : undefined
        await shell.out(
          row === undefined
            ? `schedule ${name} has exactly these payers already: nothing was changed\n`
            : `schedule ${row.name} asks ${saidOf(payers)} from its next slot on (version ${row.version}); next: ${row.next_at ?? 'none'}\n`,
        )
      }),
    )
  proofFlags(command)
  // What amounts mean is known of the schedule alone, so the check looks it up.
  alsoCheck(command, given =>
    inBase(shell, async ({ db }) => {
      const { scheduleCalled } = await import('../schedule/schedule.ts')
      const faults: string[] = []
      const [name = '', who = ''] = command.args
      const { schedule: before } = await done(await scheduleCalled(db, name))
      await payersOf({ ...given, payers: who }, before, faults)
      const lacking = (['count', 'amount'] as const).filter(
        flag => who === 'random' && given[flag] === undefined,
      )
      return [...faults, ...lacking.map(flag => `--${flag} is needed with random payers`)]
    }),
  )
}

export function rosterCommand(schedule: Command, shell: Shell): void {
  schedule
    .command('roster')
    .description('the roster a schedule has, as CSV that can be taken in again')
    .argument('<name>', 'the schedule')
    .option('--brazilian', 'as Excel in Brazil reads it: ";", decimal comma, dd/mm/yyyy')
    .addHelpText(
      'after',
      example('schedule roster rent > tenants.csv', 'schedule roster rent --brazilian > inquilinos.csv'),
    )
    .action((name: string, { brazilian }: { brazilian?: true }) =>
      inBase(shell, async ({ db, world }) => {
        const [{ scheduleCalled }, { readRoster, writeRoster }] = await Promise.all([
          import('../schedule/schedule.ts'),
          import('../base/roster.ts'),
        ])
        const { schedule: row } = await done(await scheduleCalled(db, name))
        if (row.roster === null)
          throw new BadInput(`schedule "${name}" asks payers made up, and has no roster`)
        const style = brazilian
          ? ({ separator: ';', decimal: ',' } as const)
          : ({ separator: ',', decimal: '.' } as const)
        const rows = readRoster(row.roster, row.currency)
        await noteTaken({ db, world }, `roster of ${row.name}`, rows.length)
        await shell.out(`${brazilian ? '\ufeff' : ''}${writeRoster(rows, row.currency, style)}`)
      }),
    )
}

/** As a sentence goes on: `2 payers of tenants.csv`, `8 to 12 payers made up`. */
export const saidOf = ({ roster, rosterFile, countLow, countHigh }: Payers): string => {
  const many = countLow === countHigh ? `${countLow}` : `${countLow} to ${countHigh}`
  const payers = countHigh === 1 ? 'payer' : 'payers'
  return roster === undefined
    ? `${many} ${payers} made up`
    : `${many} ${payers}${rosterFile === undefined ? '' : ` of ${rosterFile}`}`
}

export function refuseMadeUp(payers: string, config: Config, rail: RailName): void {
  const real =
    config.STARKBANK_ENVIRONMENT === 'production' || (isOnChain(rail) && config.BITCOIN_NETWORK === 'mainnet')
  if (payers === 'random' && real)
    throw new BadInput(
      `--payers "random" makes people up and is refused ${isOnChain(rail) ? 'where money is real' : 'in production'}: name a CSV file`,
    )
}

/** Undefined where there are faults, which are added to `faults`, or where a flag is missing. */
export async function payersOf(
  { payers, count, amount, allowRepeats = false }: Partial<PayerFlags>,
  { rail, currency }: Asking,
  faults: string[],
): Promise<Payers | undefined> {
  // Read even where it is not known who is asked, so that its fault is told with the others.
  const range =
    amount !== undefined && currency && (payers === undefined || payers === 'random')
      ? attempt(faults, () => amountRangeIn(currency)('--amount')(amount))
      : undefined
  if (payers === undefined) return undefined
  if (payers === 'random') {
    const dust =
      range && rail && isOnChain(rail) && currency !== 'BRL'
        ? dustFault(`--amount "${amount}"`, range.low)
        : undefined
    if (dust !== undefined) faults.push(dust)
    if (!range || !count || dust !== undefined) return undefined
    return {
      roster: undefined,
      countLow: count.low,
      countHigh: count.high,
      unitsLow: range.low,
      unitsHigh: range.high,
    }
  }

  for (const [flag, value] of Object.entries({ '--count': count, '--amount': amount }))
    if (value) faults.push(`${flag} has no use with a roster, which has its own: leave it out`)
  if (currency === 'sats')
    faults.push(
      '--currency sats is for --amount: with a roster write --currency BTC, and its amounts like 0.0002 or 20000sats',
    )
  if (currency === undefined || currency === 'sats') return undefined
  const rosters = await import('../base/roster.ts')
  try {
    return listed(
      payers,
      await textOf(payers),
      { currency, allowRepeats, mayBeDue: rail === undefined || !isOnChain(rail) },
      rosters,
    )
  } catch (error) {
    if (!(error instanceof BadInput)) throw error
    faults.push(error.message)
    return undefined
  }
}

async function textOf(file: string): Promise<string> {
  const { rosterText } = await import('../base/rosterFile.ts')
  const bytes = bytesOf(file)
  try {
    return await rosterText(bytes)
  } catch (error) {
    if (!(error instanceof BadInput)) throw error
    throw new BadInput(`--payers "${file}": ${error.message}`, { cause: error })
  }
}

interface Listing extends RosterRules {
  currency: Asset
  allowRepeats: boolean
}
interface Rosters {
  readRoster: typeof readRoster
  judgeRoster: typeof judgeRoster
}

function listed(
  file: string,
  text: string,
  { currency: asset, allowRepeats, ...rules }: Listing,
  rosters: Rosters,
): Payers {
  const rows = under(`--payers "${file}"`, () => rosters.readRoster(text, asset, rules))
  const { repeats } = rosters.judgeRoster(text, asset, rules)
  if (repeats.length > 0 && !allowRepeats)
    throw new BadInput(
      [
        `--payers "${file}" has rows that are equal, and each would be asked for:`,
        ...repeats.map(
          ({ lines, row }) =>
            `  lines ${lines.join(', ')}: ${row.name}, ${row.taxId}, ${formatMoney(row.units, asset)}`,
        ),
        'take one of them out, or say --allow-repeats',
      ].join('\n'),
    )
  const most = mostUnits[asset]
  const tooMuch = rows.find(row => row.units > most)
  if (tooMuch)
    throw new BadInput(
      `--payers "${file}": ${formatMoney(tooMuch.units, asset)} of ${tooMuch.name} is more than ${formatMoney(most, asset)}`,
    )
  const units = rows.map(row => row.units)
  const [low, high] = units.reduce(
    ([least, greatest], each) => [each < least ? each : least, each > greatest ? each : greatest],
    [units[0]!, units[0]!],
  )
  const dust = asset === 'BTC' ? dustFault(`--payers "${file}": ${formatMoney(low, asset)}`, low) : undefined
  if (dust !== undefined) throw new BadInput(dust)
  return {
    roster: text,
    rosterFile: file,
    countLow: units.length,
    countHigh: units.length,
    unitsLow: low,
    unitsHigh: high,
  }
}

function bytesOf(file: string): Uint8Array {
  try {
    return readFileSync(file)
  } catch (error) {
    throw new BadInput(
      `--payers "${file}" cannot be read (${(error as NodeJS.ErrnoException).code}): write "random" or the path of a CSV or .xlsx file`,
      { cause: error },
    )
  }
}
