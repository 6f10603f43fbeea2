/**
 * What the demonstration shows, as text: the figures of `repasse status --json`, and whether they explain
 * every cent.
 */
import { formatUnits } from '../src/base/money.ts'
import { coinLines, coinProgress, type CoinFigures } from './demoCoins.ts'

/** An amount as the program prints it; `units` are cents as text. */
interface Amount {
  units: string
}

/** The part of `repasse status --json` that is shown. */
export interface Figures {
  stopped: string | null
  invoices: { asked: Amount; open: Amount; paid: Amount; lost: Amount; counts: Record<string, number> }
  money: Record<
    'credited' | 'bankFees' | 'commission' | 'withheld' | 'paidOn' | 'inTransit' | 'reversed' | 'owed',
    Amount
  >
  payouts: Record<string, number>
  events: Record<string, number>
  /** There where the demonstration has a chain. */
  bitcoin?: CoinFigures
  needsPerson: string[]
}

const reais = (units: bigint) => formatUnits(units, 'BRL')
const cents = ({ units }: Amount) => BigInt(units)
const countOf = (counts: Record<string, number>, states: string[]) =>
  states.reduce((sum, state) => sum + (counts[state] ?? 0), 0)
const all = (counts: Record<string, number>) => Object.values(counts).reduce((sum, count) => sum + count, 0)

/** How many invoices have come how far; each figure includes those that went further. */
export function progress({ invoices: { counts }, payouts }: Figures) {
  const credited = countOf(counts, ['credited', 'reversed'])
  const paid = credited + countOf(counts, ['paid'])
  return {
    issued: all(counts) - countOf(counts, ['draft', 'issuing', 'unsure', 'refused']),
    paid,
    credited,
    paidOn: countOf(payouts, ['paid']),
  }
}

/**
 * The two equations, added up here again rather than believed. `owed`: ordered at the bank and not settled is
 * owed still.
 */
export function equations({ invoices, money }: Figures) {
  const [asked, open, paid, expired] = [
    cents(invoices.asked),
    cents(invoices.open),
    cents(invoices.paid),
    cents(invoices.lost),
  ]
  const bank = cents(money.bankFees)
  const app = cents(money.commission) + cents(money.withheld)
  const owed = cents(money.owed) + cents(money.inTransit)
  const [credited, paidOut, reversed] = [cents(money.credited), cents(money.paidOn), cents(money.reversed)]
  return {
    asked: { asked, open, paid, expired, holds: asked === open + paid + expired },
    credited: {
      credited,
      bank,
      app,
      paidOut,
      owed,
      reversed,
      holds: credited === bank + app + paidOut + owed + reversed,
    },
  }
}

/** First, so that no narrow window hides it. */
const mark = (holds: boolean) => (holds ? '✓' : '✗ does not add up:')

/** Both equations as two lines. */
export function equationLines(figures: Figures): string[] {
  const { asked: a, credited: c } = equations(figures)
  const back = c.reversed === 0n ? '' : ` + taken back ${reais(c.reversed)}`
  return [
    `${mark(a.holds)} asked    R$ ${reais(a.asked)} = open ${reais(a.open)} + paid ${reais(a.paid)} + expired ${reais(a.expired)}`,
    `${mark(c.holds)} credited R$ ${reais(c.credited)} = fees ${reais(c.bank + c.app)} (bank ${reais(c.bank)}, commission ${reais(c.app)})` +
      ` + paid out ${reais(c.paidOut)} + still owed ${reais(c.owed)}${back}`,
  ]
}

/**
 * A line for each rail, for where nothing can be drawn over: what was asked for is told at the end, or where
 * it does not add up.
 */
export function plainLines(figures: Figures): string[] {
  const { issued, paid, credited, paidOn } = progress(figures)
  const wanted = (lines: string[]) =>
    lines.filter((line, place) => place > 0 || !line.startsWith('✓')).join(' · ')
  const bank = `Pix      issued ${issued} · paid ${paid} · credited ${credited} · paid on ${paidOn} · ${wanted(equationLines(figures))}`
  if (!figures.bitcoin) return [bank]
  const coins = coinProgress(figures.bitcoin)
  const counts = `requested ${coins.requested} · seen ${coins.seen} · paid ${coins.paid} · credited ${coins.credited} · paid on ${coins.paidOn}`
  return [bank, `Bitcoin  ${counts} · ${wanted(coinLines(figures.bitcoin))}`]
}

/** The whole picture, line by line. */
export function picture(figures: Figures, recent: string[]): string[] {
  const { issued, paid, credited, paidOn } = progress(figures)
  const { bitcoin } = figures
  return [
    'Pix',
    ...bars({ 'invoices issued': issued, paid, credited, 'paid on': paidOn }),
    ...equationLines(figures).map(line => `  ${line}`),
    ...(bitcoin ? ['', ...coinPicture(bitcoin)] : []),
    ...(figures.stopped ? ['', `  payouts are stopped: ${figures.stopped}`] : []),
    ...(figures.needsPerson.length > 0 ? [''] : []),
    ...figures.needsPerson.slice(-maxSaid).map(says => `  ! ${says}`),
    '',
    ...recent.map(line => `  ${line}`),
  ]
}

/** A screen has so much room, and there is more every minute. */
const maxSaid = 4

function coinPicture(figures: CoinFigures): string[] {
  const { requested, seen, paid, credited, paidOn } = coinProgress(figures)
  const { tip, trouble } = figures
  return [
    `Bitcoin${tip ? `, block ${tip.height}` : ''}`,
    ...bars({ requested, seen, paid, credited, 'paid on': paidOn }),
    ...coinLines(figures).map(line => `  ${line}`),
    ...(trouble === null ? [] : [`  the chain is not followed: ${trouble}`]),
  ]
}

/** The first is the whole. */
function bars(counts: Record<string, number>): string[] {
  const whole = Object.values(counts)[0]!
  const bar = (count: number) =>
    '█'.repeat(whole === 0 ? 0 : Math.round((count / whole) * 30)).padEnd(30, '·')
  return Object.entries(counts).map(
    ([name, count]) => `  ${name.padEnd(16)} ${bar(count)} ${String(count).padStart(4)}`,
  )
}

/** A line of the worker's log as a person reads it; undefined for what is no news. */
export function newsOf(line: string): string | undefined {
  const entry = read(line)
  if (!entry) return line.trim() === '' ? undefined : line
  const { msg, time, kind, why } = entry
  // The bank tells every step of an order; those that change nothing would push what matters off the screen.
  if (typeof msg !== 'string' || (typeof why === 'string' && why.includes('nothing'))) return undefined
  const at = typeof time === 'string' ? `${time.slice(11, 19)}  ` : ''
  // What the chain did is told once more when it was taken in, and then with what it changed.
  if (msg === 'the chain moved') return undefined
  if (msg === 'event done') {
    const what = typeof kind === 'string' ? kind : 'of no kind'
    if (!/^(coin|spend)\./.test(what) || typeof why !== 'string') return `${at}event ${what}`
    // One block deeper is one of hundreds, and the bars show it.
    return what.endsWith('.confirmed') && !/^credited|paid on/.test(why) ? undefined : `${at}${what}: ${why}`
  }
  const told = ['count', 'kind', 'why', 'finding'].flatMap(name => {
    const value = entry[name]
    return typeof value === 'string' || typeof value === 'number' ? [String(value)] : []
  })
  return `${at}${msg}${told.length === 0 ? '' : `: ${told.join(' · ')}`}`
}

function read(line: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(line) as Record<string, unknown>
  } catch {
    return undefined
  }
}
