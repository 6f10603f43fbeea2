/** `repasse schedule add`: every flag is read and checked before anything is written. */
import type { Command } from 'commander'
import { BadInput } from '../../base/answer.ts'
import { instant, type Instant, type Millis } from '../../base/world.ts'
import { readConfig } from '../../base/config.ts'
import type { NewSchedule, Payers } from '../../schedule/schedule.ts'
import { refuseDust } from '../dust.ts'
import { alsoCheck, attempt, neededWhen } from '../faults.ts'
import { formatDuration } from '../../base/duration.ts'
import { fitsWithin, plainTerms, type Discount, type PayTerms } from '../../base/payTerms.ts'
import { assetOf, hasPayTerms, isOnChain, railNames, type RailName } from '../../base/rails.ts'
import {
  amountIn,
  assetIn,
  countRangeFlag,
  type Currency,
  discountFlag,
  dueInFlag,
  expiresInFlag,
  nameFlag,
  oneOf,
  percentFlag,
  personFlag,
  under,
} from '../flags.ts'
import { payersOf, refuseMadeUp, repeatsOption, rosterColumns, saidOf, type PayerFlags } from '../payers.ts'
import { example } from '../print.ts'
import { proofFlags, prove } from '../prove.ts'
import type { ProofFlags } from '../acting.ts'
import { inBase } from '../shell.ts'
import { unfitText } from './refusals.ts'
import type { Shell } from '../context.ts'

interface Flags extends PayerFlags, ProofFlags {
  name: string
  rail: RailName
  currency: Currency
  watch?: Millis
  cron?: string
  on?: string
  at?: string
  timeZone: string
  starts?: string
  ends?: string
  dueIn: Millis
  payTo: string
  commission?: bigint
  minPayout?: string
  fine?: bigint
  interest?: bigint
  discount?: Discount[]
  expiresIn?: Millis
  catchUp: 'all' | 'latest' | 'none'
}

export function addCommand(schedule: Command, shell: Shell): void {
  const add = schedule
    .command('add')
    .description('adds an active schedule')
    .requiredOption('--name <name>', 'what you call it, e.g. trial', nameFlag('--name'))
    .option('--rail <rail>', railNames.join(' or '), oneOf(railNames)('--rail'), railNames[0])
    .option(
      '--cron <expression>',
      'when: minute, hour, day of month (also L, LW, 15W), month, day of week, e.g. "0 */3 * * *", or @hourly, @daily, @weekly, @monthly, @yearly',
    )
    .option(
      '--on <day>',
      'instead of --cron: each month on this day: last-day, last-business-day (Brazil’s banks), or 1 to 31',
    )
    .option('--at <time>', 'with --on: at this time (default: 09:00)')
    .requiredOption('--time-zone <zone>', 'where that time is read, e.g. America/Sao_Paulo')
    .option('--starts <time>', 'the first moment it may be due, in its zone, e.g. 2026-11-21T00:00')
    .option('--ends <time>', 'when it is over, that moment not included')
    .option(
      '--count <range>',
      'how many invoices a slot, e.g. 8..12 (not with a roster)',
      countRangeFlag('--count'),
    )
    .option('--amount <range>', 'what each asks for, e.g. 20.00..1000.00, in --currency (not with a roster)')
    .option(
      '--currency <currency>',
      'what amounts are in: BRL (on the bitcoin rail priced when they are asked for), BTC or sats',
      oneOf(['BRL', 'BTC', 'sats'] as const)('--currency'),
      'BRL',
    )
    .requiredOption(
      '--payers <who>',
      `"random" (not in production) or a CSV or .xlsx file with ${rosterColumns}, whose rows are taken in`,
    )
    .option(...repeatsOption)
    .requiredOption('--due-in <time>', 'how long payers have, e.g. 2d', dueInFlag('--due-in'))
    .option(
      '--watch <time>',
      'bitcoin: how long after it is due a payment is still watched for (default: 30d)',
      dueInFlag('--watch'),
    )
    .requiredOption('--pay-to <account>', 'the payout account: "repasse account list" shows them')
    .option('--commission <percent>', 'our share of what is paid (default: 0%)', percentFlag('--commission'))
    .option(
      '--min-payout <amount>',
      'below this nothing is paid on, in reais; with bitcoin in BTC, or like 1000sats (default: 0)',
    )
    .option(
      '--fine <percent>',
      'added once to what is paid after it was due; at the bank only (default: 0%)',
      percentFlag('--fine'),
    )
    .option(
      '--interest <percent>',
      'added a month to what is paid after it was due (default: 0%)',
      percentFlag('--interest'),
    )
    .option(
      '--discount <list>',
      'off when paid so long before it is due, e.g. "5%@5d 2.5%@1d" (default: none)',
      discountFlag('--discount'),
    )
    .option(
      '--expires-in <time>',
      'how long after it was due it can still be paid, at the bank (default: 59d)',
      expiresInFlag('--expires-in'),
    )
    .option(
      '--catch-up <rule>',
      'what of the slots missed while nothing ran is run: all, latest or none',
      oneOf(['all', 'latest', 'none'] as const)('--catch-up'),
      'all',
    )
    .option('--by <person>', 'who adds it (default: the user of this system)', personFlag('--by'))
    .addHelpText(
      'after',
      example(
        'schedule add --name trial --cron "0 */3 * * *" --time-zone America/Sao_Paulo --count 8..12 --amount 20.00..1000.00 \\\n    --payers random --due-in 2d --pay-to main --commission 1.5%',
        'schedule add --name rent --cron "0 9 1 * *" --time-zone America/Sao_Paulo --payers tenants.csv --due-in 5d --pay-to main',
        'schedule add --name salaries --on last-business-day --at 08:00 --time-zone America/Sao_Paulo --payers firms.csv --due-in 5d --pay-to main',
        'schedule add --name coins --rail bitcoin --cron @daily --time-zone America/Sao_Paulo --count 10 --amount 20.00..1000.00 \\\n    --payers random --due-in 2d --watch 30d --pay-to wallet --min-payout 1000sats',
      ),
    )
    .action(async (flags: Flags) => {
      refuseMadeUp(flags.payers, readConfig(shell.env), flags.rail)
      const rule = await ruleOf(flags)
      await inBase(shell, async base => {
        const { config, db, world } = base
        const { addSchedule } = await import('../../schedule/schedule.ts')
        await refuseDust(
          base,
          { ...rule, currency: assetIn(flags.currency) },
          flags.amount === undefined ? `--payers "${flags.payers}"` : '--amount',
        )
        const { by, proof } = await prove(base, flags, 'schedule.add')
        const added = await addSchedule(db, world, rule, by, proof)
        if (added.is !== 'added')
          throw new BadInput(unfitText(added.is === 'there' ? 'name taken' : added.why, rule))
        const row = added.schedule
        await shell.out(
          row.next_at === null
            ? `schedule ${row.name} is active; next: none\n`
            : `schedule ${row.name} is active; next: ${row.next_at} ("repasse schedule next ${row.name}" shows more)\n`,
        )
        // It may be wanted for runs by hand, so it is said and not refused.
        if (row.next_at === null)
          shell.err(
            `--cron "${rule.cron}" is never due ${rule.endsAt ? `until --ends ${rule.endsAt}` : 'again'}, and it is ${instant(world.clock.now())}: ` +
              `nothing is issued by itself; "repasse schedule run ${row.name}" issues a batch now\n`,
          )
        const skips = await skippedMonths(rule.cron)
        if (skips !== undefined) shell.err(skips)
        if (rule.roster !== undefined)
          shell.err(
            `taken in: ${saidOf(rule)}; editing the file changes nothing until "repasse schedule payers ${row.name} ${flags.payers}"\n`,
          )
        if (isOnChain(rule.rail) && config.BITCOIN_RPC_URL === undefined)
          shell.err(
            'BITCOIN_RPC_URL is not set, so nothing is issued on the bitcoin rail yet: see .env.example\n',
          )
        const { findAccount } = await import('../../payout/payout.ts')
        const account = await findAccount(db, rule.payTo)
        if (account?.state === 'awaiting')
          shell.err(
            `account ${account.name} awaits approval: nothing is paid on until "repasse account approve ${account.name}"\n`,
          )
      })
    })
  proofFlags(add)
  neededWhen(add, ['--count', '--amount'], ({ payers }) => payers === 'random')
  neededWhen(add, ['--cron'], ({ on }) => on === undefined)
  alsoCheck(add, async given => (await read(given as Partial<Flags>)).faults)
}

async function ruleOf(flags: Flags): Promise<NewSchedule> {
  const { cron, startsAt, endsAt, payers, minPayoutUnits } = await read(flags)
  return {
    name: flags.name,
    rail: flags.rail,
    currency: assetIn(flags.currency),
    ...(flags.watch !== undefined && { watchMs: flags.watch }),
    cron: cron!,
    timeZone: flags.timeZone,
    startsAt,
    endsAt,
    ...payers!,
    dueInMs: flags.dueIn,
    payTo: flags.payTo,
    commissionBp: flags.commission ?? 0n,
    minPayoutUnits: minPayoutUnits ?? 0n,
    ...(hasPayTerms(flags.rail) && { pay: termsOf(flags) }),
    catchUp: flags.catchUp,
  }
}

const termsOf = ({ fine, interest, discount, expiresIn }: Flags): PayTerms => ({
  fineBp: fine ?? plainTerms.fineBp,
  interestBp: interest ?? plainTerms.interestBp,
  discounts: discount ?? plainTerms.discounts,
  expiresInMs: expiresIn ?? plainTerms.expiresInMs,
})

interface Read {
  /** Undefined only where there are faults, or neither --cron nor --on. */
  cron: string | undefined
  startsAt: Instant | undefined
  endsAt: Instant | undefined
  /** Undefined only where there are faults, or no `--payers`. */
  payers: Payers | undefined
  minPayoutUnits: bigint | undefined
  faults: string[]
}

/** Reads what takes more than a flag's own text. What is missing is told by who asks for it. */
async function read({
  cron: typed,
  on,
  at,
  timeZone,
  starts,
  ends,
  rail,
  currency,
  watch,
  minPayout,
  ...flags
}: Partial<Flags>): Promise<Read> {
  const [{ parseCron }, { assertZone, localToInstant }] = await Promise.all([
    import('../../base/cron.ts'),
    import('../../base/zone.ts'),
  ])
  const faults: string[] = []
  if (typed !== undefined && on !== undefined) faults.push('--on is instead of --cron: leave one out')
  if (at !== undefined && on === undefined)
    faults.push('--at is for --on: a --cron expression has its own time')
  const cron = typed ?? (on === undefined ? undefined : attempt(faults, () => cronOf(on, at ?? '09:00')))
  if (cron !== undefined)
    attempt(faults, () => under('--cron', () => (assertFiveFields(cron), parseCron(cron))))
  const zone = timeZone && attempt(faults, () => under('--time-zone', () => (assertZone(timeZone), timeZone)))
  const moment = (flag: string, text: string | undefined) =>
    text && zone ? attempt(faults, () => instant(under(flag, () => localToInstant(text, zone)))) : undefined
  const startsAt = moment('--starts', starts)
  const endsAt = moment('--ends', ends)
  if (startsAt && endsAt && endsAt <= startsAt)
    faults.push(`--ends "${ends}" is not after --starts "${starts}"`)
  const onChain = rail !== undefined && isOnChain(rail)
  if (rail && !onChain && currency !== undefined && currency !== 'BRL')
    faults.push(
      `--currency ${currency} is for --rail bitcoin: the bank asks for reais, so leave it out or write BRL`,
    )
  if (rail && !onChain && watch !== undefined)
    faults.push('--watch is for --rail bitcoin: the bank closes its invoices itself, so leave it out')
  for (const [flag, value] of Object.entries({
    fine: flags.fine,
    interest: flags.interest,
    discount: flags.discount,
    'expires-in': flags.expiresIn,
  }))
    if (rail && !hasPayTerms(rail) && value !== undefined)
      faults.push(`--${flag} is for --rail starkbank: the chain knows no such terms, so leave it out`)
  if (flags.discount && flags.dueIn !== undefined && !fitsWithin(flags.discount, flags.dueIn))
    faults.push(
      `--discount ends before it begins: payers have ${formatDuration(flags.dueIn)} (--due-in), so name a shorter time behind the @`,
    )
  const minPayoutUnits =
    rail && minPayout !== undefined
      ? attempt(faults, () => amountIn(assetOf(rail))('--min-payout')(minPayout))
      : undefined
  return {
    cron,
    startsAt,
    endsAt,
    minPayoutUnits,
    payers: await payersOf(flags, { rail, currency }, faults),
    faults,
  }
}

const namedDays: Readonly<Record<string, string>> = { 'last-day': 'L', 'last-business-day': 'LW' }

/** Each month on a day, as an expression. */
function cronOf(on: string, at: string): string {
  const day = namedDays[on] ?? (/^([1-9]|[12]\d|3[01])$/.test(on) ? on : undefined)
  if (day === undefined)
    throw new BadInput(`--on "${on}" is no day: write last-day, last-business-day, or 1 to 31`)
  const [, hour, minute] = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(at) ?? []
  if (hour === undefined) throw new BadInput(`--at "${at}" is no time: write e.g. 09:00`)
  return `${Number(minute)} ${Number(hour)} ${day} * *`
}

/** Said where some months lack the day that is named. */
export async function skippedMonths(cron: string): Promise<string | undefined> {
  const [{ parseCron }, { describeCron }] = await Promise.all([
    import('../../base/cron.ts'),
    import('../../base/describe.ts'),
  ])
  return describeCron(parseCron(cron), 'en').warnings.includes('short months')
    ? `${cron} skips the months that lack that day: "--on last-day", or L as the day of month, is the last day of each\n`
    : undefined
}

/** The arithmetic knows seconds too, but what is meant by a sixth field is seldom a batch each second. */
function assertFiveFields(cron: string): void {
  const count = cron.trim().split(/\s+/).length
  if (count !== 5 && !cron.trim().startsWith('@'))
    throw new BadInput(
      `--cron "${cron}" has ${count} fields: write five, which are minute, hour, day of month, month and day of week, e.g. "0 */3 * * *"`,
    )
}
