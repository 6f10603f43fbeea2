/**
 * Reads the form of a schedule, whole: what it says as a rule, or every fault by its field, in the words of
 * the page.
 */
import { parseDuration, formatDuration } from '../../../base/duration.ts'
import { isName } from '../../../base/id.ts'
import { centavosOf, formatUnits, minRequest, mostUnits, satsFor, type Asset } from '../../../base/money.ts'
import { readTyped, typedPercent, type Currency } from '../../../base/typedAmount.ts'
import {
  fitsWithin,
  formatDiscounts,
  maxExpiresInMs,
  parseDiscounts,
  percentText,
  plainTerms,
  type PayTerms,
} from '../../../base/payTerms.ts'
import { judgeRoster, type Repeat, type RosterFault, type RosterRow } from '../../../base/roster.ts'
import type { Millis } from '../../../base/world.ts'
import { assetOf, hasPayTerms, isOnChain, railNames, type RailName } from '../../../base/rails.ts'
import {
  payOf,
  unfitAccount,
  usualWatchMs,
  type NewSchedule,
  type Payers,
  type ScheduleRow,
} from '../../../schedule/schedule.ts'
import type { AccountRow } from '../../../payout/payout.ts'
import { amount, type Language } from '../../page/page.ts'
import { readWhen, valuesOfWhen, type FieldFaults, type Values } from './when.ts'
import { faultOfAmount } from '../list/amounts.ts'
import { scheduleFormWords } from './formWords.ts'

export interface FormContext {
  lang: Language
  accounts: readonly AccountRow[]
  /** Whether payers may be made up on a rail: not where money is real. */
  mayMakeUp: (rail: RailName) => boolean
  /** Centavos for one BTC, where a rate is good. */
  price: bigint | undefined
  /** The schedule that is edited: its name and rail stay. */
  edited?: ScheduleRow
  /** The file of payers, where one was sent; without a text where it is none that can be read. */
  file?: { name: string; text: string | undefined }
}

/** Names of pages beside those of schedules. */
const reserved = ['new', 'preview']
const maxInvoices = 10_000
const maxMs = 365 * 86_400_000
const unitMs = { minutes: 60_000, hours: 3_600_000, days: 86_400_000 } as const
type Unit = keyof typeof unitMs
export const dueUnits = Object.keys(unitMs) as Unit[]

export function readSchedule(
  values: Values,
  context: FormContext,
): { rule: NewSchedule | undefined; faults: FieldFaults } {
  const { lang, accounts, edited } = context
  const say = scheduleFormWords[lang].faults
  const faults: FieldFaults = {}
  const name = edited?.name ?? (values['name'] ?? '').trim()
  if (!isName(name)) faults['name'] = say.name
  else if (reserved.includes(name.toLowerCase())) faults['name'] = say.nameReserved

  const { when, faults: whenFaults } = readWhen(values, lang)
  Object.assign(faults, whenFaults)

  const rail = edited?.rail ?? railNames.find(each => each === values['rail'])
  if (!rail) faults['rail'] = say.rail
  const written = (['BRL', 'BTC', 'sats'] as const).find(each => each === values['currency']) ?? 'BRL'
  if (rail && !isOnChain(rail) && written !== 'BRL') faults['currency'] = say.currency
  const payers = rail && readPayers(values, written, rail, context, faults)

  const dueInMs = lengthOf(values['due'], values['dueUnit'])
  if (dueInMs === undefined) faults['due'] = say.due
  const isWatched = rail !== undefined && isOnChain(rail)
  const watchMs =
    !isWatched || (values['watch'] ?? '').trim() === '' ? undefined : lengthOf(values['watch'], 'days')
  if (isWatched && (values['watch'] ?? '').trim() !== '' && watchMs === undefined) faults['watch'] = say.watch

  const account = accounts.find(({ id }) => id === values['account'])
  const unfit = rail && account?.id !== edited?.account_id ? unfitAccount(rail, account) : undefined
  if (!account) faults['account'] = say.account
  else if (unfit !== undefined)
    faults['account'] = unfit === 'other kind' ? say.accountKind : say.accountClosed
  const commissionBp = percentOrNone(values['commission'] ?? '')
  if (commissionBp === undefined) faults['commission'] = say.commission
  const least = (values['least'] ?? '').trim()
  const typed = rail && readTyped(least === '' ? '0' : least, assetOf(rail))
  const minPayoutUnits =
    typed?.is === 'amount' && typed.units <= mostUnits[assetOf(rail!)] ? typed.units : undefined
  if (typed && minPayoutUnits === undefined) faults['least'] = faultOfAmount(typed, lang, say.least)
  const pay = rail && hasPayTerms(rail) ? readPay(values, dueInMs, context, faults) : undefined
  const catchUp = (['all', 'latest', 'none'] as const).find(each => each === values['catchUp']) ?? 'all'

  const isWhole = Object.keys(faults).length === 0
  if (!isWhole || !when || !rail || !payers || !account || dueInMs === undefined)
    return { rule: undefined, faults }
  return {
    faults,
    rule: {
      ...{
        name,
        rail,
        currency: written === 'BRL' ? 'BRL' : 'BTC',
        ...when,
        ...payers,
        dueInMs,
        payTo: account.id,
      },
      ...{ commissionBp: commissionBp!, minPayoutUnits: minPayoutUnits!, catchUp },
      ...(watchMs !== undefined && { watchMs }),
      ...(pay && { pay }),
    },
  }
}

/**
 * What a form has no field for stays as it is: a page that was opened before there was one may still be sent.
 */
function readPay(
  values: Values,
  dueInMs: Millis | undefined,
  { lang, edited }: FormContext,
  faults: FieldFaults,
): PayTerms {
  const say = scheduleFormWords[lang].faults
  const before = edited ? payOf(edited) : plainTerms
  const percent = (field: string, otherwise: bigint) => {
    const text = values[field]
    const read = text === undefined ? otherwise : percentOrNone(text)
    if (read === undefined) faults[field] = say.commission
    return read ?? 0n
  }
  const terms = { fineBp: percent('fine', before.fineBp), interestBp: percent('interest', before.interestBp) }
  const discounts = parseDiscounts(values['discount'] ?? formatDiscounts(before.discounts))
  if (!discounts) faults['discount'] = say.discount
  else if (dueInMs !== undefined && !fitsWithin(discounts, dueInMs)) faults['discount'] = say.discountLate
  const typed = (values['expires'] ?? formatDuration(before.expiresInMs)).trim()
  const expires = /^0+s?$/.test(typed) ? 0 : lengthOf(typed, 'days')
  const expiresInMs = typed === '' ? plainTerms.expiresInMs : expires
  if (expiresInMs === undefined || expiresInMs > maxExpiresInMs) faults['expires'] = say.expires
  return { ...terms, discounts: discounts ?? [], expiresInMs: expiresInMs ?? plainTerms.expiresInMs }
}

function readPayers(
  values: Values,
  written: Currency,
  rail: RailName,
  context: FormContext,
  faults: FieldFaults,
): Payers | undefined {
  const say = scheduleFormWords[context.lang].faults
  switch (values['payers']) {
    case 'random':
      if (!context.mayMakeUp(rail)) faults['payers'] = say.madeUp
      return readMadeUp(values, written, rail, context, faults)
    case 'roster':
      if (written === 'sats') faults['currency'] ??= say.rosterSats
      return readListed(values, written === 'BRL' ? 'BRL' : 'BTC', rail, context, faults)
    default:
      faults['payers'] = say.payers
      return undefined
  }
}

function readMadeUp(
  values: Values,
  written: Currency,
  rail: RailName,
  context: FormContext,
  faults: FieldFaults,
): Payers | undefined {
  const say = scheduleFormWords[context.lang].faults
  const asset = written === 'BRL' ? 'BRL' : 'BTC'
  const count = (field: string, fallback: string) => {
    const text = (values[field] ?? '').trim() || fallback
    const read = /^\d{1,5}$/.test(text) ? Number(text) : 0
    if (read >= 1 && read <= maxInvoices) return read
    faults[field] = say.count
    return undefined
  }
  const units = (field: string, fallback: string) => {
    const text = (values[field] ?? '').trim() || fallback
    const read = readTyped(text, written)
    if (read.is === 'amount' && read.units > 0n && read.units <= mostUnits[asset]) return read.units
    faults[field] = faultOfAmount(read, context.lang, say.amount)
    return undefined
  }
  const countLow = count('countLow', '')
  const countHigh = count('countHigh', values['countLow'] ?? '')
  const unitsLow = units('low', '')
  const unitsHigh = units('high', values['low'] ?? '')
  if (countLow !== undefined && countHigh !== undefined && countHigh < countLow)
    faults['countHigh'] = say.counts
  if (unitsLow !== undefined && unitsHigh !== undefined && unitsHigh < unitsLow) faults['high'] = say.amounts
  if (countLow === undefined || countHigh === undefined || unitsLow === undefined || unitsHigh === undefined)
    return undefined
  const dust = dustIn(unitsLow, asset, rail, context)
  if (dust !== undefined) faults['low'] = dust
  return { roster: undefined, countLow, countHigh, unitsLow, unitsHigh }
}

function readListed(
  values: Values,
  asset: Asset,
  rail: RailName,
  context: FormContext,
  faults: FieldFaults,
): Payers | undefined {
  const { lang, file } = context
  const say = scheduleFormWords[lang]
  if (file && file.text === undefined) {
    faults['roster'] = say.faults.rosterUnreadable
    return undefined
  }
  const text = file?.text ?? keptOr(values['roster'] ?? '', context.edited)
  if (text.trim() === '') {
    faults['roster'] = say.faults.rosterMissing
    return undefined
  }
  const { rows, faults: found, repeats } = judgeRoster(text, asset, { mayBeDue: !isOnChain(rail) })
  const tooMuch = rows.find(({ units }) => units > mostUnits[asset])
  if (found.length > 0) faults['roster'] = rosterSaid(found, lang)
  else if (tooMuch)
    faults['roster'] = say.faults.rosterTooMuch(tooMuch.name, amount(lang, mostUnits[asset], asset))
  if (found.length > 0 || tooMuch) return undefined
  const [unitsLow, unitsHigh] = endsOf(rows)
  const dust = dustIn(unitsLow, asset, rail, context)
  if (dust !== undefined) faults['roster'] = dust
  // What is there already was said yes to.
  if (repeats.length > 0 && !values['repeats'] && text !== context.edited?.roster)
    faults['repeats'] = repeatsSaid(repeats, asset, lang)
  const payers = { roster: text, countLow: rows.length, countHigh: rows.length, unitsLow, unitsHigh }
  return file ? { ...payers, rosterFile: file.name } : payers
}

/** A form sends line ends of its own: what was only shown is the roster that is there, to the byte. */
const keptOr = (typed: string, edited: ScheduleRow | undefined): string =>
  edited?.roster && plainLines(edited.roster) === plainLines(typed) ? edited.roster : typed
const plainLines = (text: string) => text.replace(/\r\n?/g, '\n').trim()

function endsOf(rows: readonly RosterRow[]): [bigint, bigint] {
  const first = rows[0]!.units
  return rows.reduce(
    ([low, high], { units }) => [units < low ? units : low, units > high ? units : high],
    [first, first],
  )
}

const maxTold = 20

/** A line each, which is how the page shows them. */
function rosterSaid(found: readonly RosterFault[], lang: Language): string {
  const say = scheduleFormWords[lang].rosterFault
  const lines = found.slice(0, maxTold).map(fault => {
    if (!('line' in fault)) return say[fault.is]
    const what = fault.is === 'width' ? say.width(fault.fields, fault.expected) : say[fault.is]
    const value = 'value' in fault && fault.value !== '' ? ` (${fault.value.slice(0, 60)})` : ''
    return `${say.line(fault.line)}: ${what}${value}`
  })
  return [...lines, ...(found.length > maxTold ? [say.more(found.length - maxTold)] : [])].join('\n')
}

function repeatsSaid(repeats: readonly Repeat[], asset: Asset, lang: Language): string {
  const say = scheduleFormWords[lang]
  const list = new Intl.ListFormat(lang)
  const lines = repeats
    .slice(0, maxTold)
    .map(({ lines, row }) =>
      say.repeated(
        list.format(lines.slice(0, maxTold).map(String)),
        row.name,
        amount(lang, row.units, asset),
      ),
    )
  return [
    ...lines,
    ...(repeats.length > maxTold ? [say.rosterFault.more(repeats.length - maxTold)] : []),
  ].join('\n')
}

/** Too little for a chain, in satoshis or in reais at the rate of now. */
function dustIn(low: bigint, asset: Asset, rail: RailName, { lang, price }: FormContext): string | undefined {
  const say = scheduleFormWords[lang].faults
  if (!isOnChain(rail)) return undefined
  if (asset === 'BTC') return low < minRequest ? say.dust : undefined
  // Ten reais are dust at no price a bitcoin has come near.
  if (price === undefined) return low < 1_000n ? say.dustUnknown : undefined
  if (satsFor(low, price) >= minRequest) return undefined
  return say.dustReais(amount(lang, centavosOf(minRequest, price) + 1n, 'BRL'))
}

/** A number of units, or a length as the command line has it (`1d12h`). */
function lengthOf(text = '', unit = ''): Millis | undefined {
  const plain = text.trim()
  const size = dueUnits.includes(unit as Unit) ? unitMs[unit as Unit] : undefined
  const ms = /^\d{1,6}$/.test(plain)
    ? size === undefined
      ? undefined
      : Number(plain) * size
    : parseDuration(plain)
  return ms !== undefined && ms > 0 && ms <= maxMs ? ms : undefined
}

const percentOrNone = (text: string) => (text.trim() === '' ? 0n : typedPercent(text))

/** A schedule as its form is filled in. */
export function valuesOf(row: ScheduleRow, lang: Language): Values {
  const typed = (text: string) => (lang === 'en' ? text : text.replaceAll('.', ','))
  const units = (of: bigint, asset: Asset) => typed(formatUnits(of, asset))
  const [due, dueUnit] = lengthTyped(Number(row.due_in_ms))
  const [watch, watchUnit] = lengthTyped(Number(row.watch_ms))
  return {
    ...valuesOfWhen(row.cron, row.time_zone, row.starts_at, row.ends_at),
    ...{
      name: row.name,
      rail: row.rail,
      currency: row.currency,
      payers: row.roster === null ? 'random' : 'roster',
      roster: row.roster ?? '',
    },
    ...(row.roster === null && {
      ...{ countLow: `${row.count_low}`, countHigh: `${row.count_high}` },
      ...{ low: units(row.units_low, row.currency), high: units(row.units_high, row.currency) },
    }),
    ...{
      due,
      dueUnit,
      watch: watchUnit === 'days' ? watch : formatDuration(Number(row.watch_ms)),
      account: row.account_id,
    },
    ...{
      commission: units(row.commission_bp, 'BRL'),
      least: units(row.min_payout_units, assetOf(row.rail)),
      catchUp: row.catch_up,
    },
    ...(hasPayTerms(row.rail) && payTyped(payOf(row), typed)),
  }
}

function payTyped(pay: PayTerms, typed: (text: string) => string): Values {
  const [expires, unit] = lengthTyped(pay.expiresInMs)
  return {
    ...{
      fine: typed(percentText(pay.fineBp)),
      interest: typed(percentText(pay.interestBp)),
      discount: typed(formatDiscounts(pay.discounts)),
    },
    expires: unit === 'days' ? expires : formatDuration(pay.expiresInMs),
  }
}

function lengthTyped(ms: Millis): [string, Unit] {
  const unit = dueUnits.toReversed().find(each => ms % unitMs[each] === 0)
  return unit === undefined ? [formatDuration(ms), 'minutes'] : [`${ms / unitMs[unit]}`, unit]
}

/** What a form of a new schedule begins with. */
export const firstValues = (lang: Language, rail: RailName, accountId: string | undefined): Values => ({
  ...{
    preset: 'daily',
    at: '09:00',
    day: '1',
    every: '3',
    zone: 'America/Sao_Paulo',
    rail,
    currency: 'BRL',
    payers: 'roster',
  },
  ...{
    due: '2',
    dueUnit: 'days',
    watch: `${usualWatchMs / unitMs.days}`,
    commission: lang === 'en' ? '0.00' : '0,00',
    least: '',
    ...{
      fine: lang === 'en' ? '0.00' : '0,00',
      interest: lang === 'en' ? '0.00' : '0,00',
      discount: '',
      expires: `${plainTerms.expiresInMs / unitMs.days}`,
    },
    catchUp: 'all',
  },
  ...(accountId !== undefined && { account: accountId }),
})
