/** What the demonstration shows, as text: the figures of `repasse status --json`, and whether they explain every cent. */
import { formatUnits } from '../src/base/money.ts'

/** An amount as the program prints it; `units` are cents as text. */
interface Amount {
  units: string
}

/** The part of `repasse status --json` that is shown. */
export interface Figures {
  stopped: string | null
  invoices: { asked: Amount; open: Amount; paid: Amount; lost: Amount; counts: Record<string, number> }
  money: Record<'credited' | 'bankFees' | 'commission' | 'withheld' | 'paidOn' | 'inTransit' | 'reversed' | 'owed', Amount>
  payouts: Record<string, number>
  events: Record<string, number>
  needsPerson: string[]
}

const reais = (units: bigint) => formatUnits(units, 'BRL')
const cents = ({ units }: Amount) => BigInt(units)
const countOf = (counts: Record<string, number>, states: string[]) => states.reduce((sum, state) => sum + (counts[state] ?? 0), 0)
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

/** The two equations, added up here anew rather than believed. `owed`: ordered at the bank and not settled is owed still. */
export function equations({ invoices, money }: Figures) {
  const [asked, open, paid, expired] = [cents(invoices.asked), cents(invoices.open), cents(invoices.paid), cents(invoices.lost)]
  const bank = cents(money.bankFees)
  const house = cents(money.commission) + cents(money.withheld)
  const owed = cents(money.owed) + cents(money.inTransit)
  const [credited, paidOut, reversed] = [cents(money.credited), cents(money.paidOn), cents(money.reversed)]
  return {
    asked: { asked, open, paid, expired, holds: asked === open + paid + expired },
    credited: { credited, bank, house, paidOut, owed, reversed, holds: credited === bank + house + paidOut + owed + reversed },
  }
}

const mark = (holds: boolean) => (holds ? '✓' : '✗ does not add up')

/** Both equations as two lines. */
export function equationLines(figures: Figures): string[] {
  const { asked: a, credited: c } = equations(figures)
  const back = c.reversed === 0n ? '' : ` + taken back ${reais(c.reversed)}`
  return [
    `asked    R$ ${reais(a.asked)} = open ${reais(a.open)} + paid ${reais(a.paid)} + expired ${reais(a.expired)}  ${mark(a.holds)}`,
    `credited R$ ${reais(c.credited)} = fees ${reais(c.bank + c.house)} (bank ${reais(c.bank)}, commission ${reais(c.house)})` +
      ` + paid out ${reais(c.paidOut)} + still owed ${reais(c.owed)}${back}  ${mark(c.holds)}`,
  ]
}

/** One line, for where nothing can be drawn over. */
export function oneLine(figures: Figures): string {
  const { issued, paid, credited, paidOn } = progress(figures)
  return `issued ${issued} · paid ${paid} · credited ${credited} · paid on ${paidOn} · ${equationLines(figures).join(' · ')}`
}

/** The whole picture, line by line. */
export function picture(figures: Figures, recent: string[]): string[] {
  const { issued, paid, credited, paidOn } = progress(figures)
  const bar = (count: number) => '█'.repeat(issued === 0 ? 0 : Math.round((count / issued) * 30)).padEnd(30, '·')
  const row = (name: string, count: number) => `  ${name.padEnd(16)} ${bar(count)} ${String(count).padStart(4)}`
  return [
    row('invoices issued', issued),
    row('paid', paid),
    row('credited', credited),
    row('paid on', paidOn),
    '',
    ...equationLines(figures).map(line => `  ${line}`),
    ...(figures.stopped ? ['', `  payouts are stopped: ${figures.stopped}`] : []),
    ...figures.needsPerson.map(says => `  ! ${says}`),
    '',
    ...recent.map(line => `  ${line}`),
  ]
}

/** A line of the worker's log as a person reads it; undefined for what is no news. */
export function newsOf(line: string): string | undefined {
  const entry = read(line)
  if (!entry) return line.trim() === '' ? undefined : line
  const { msg, time, kind, why } = entry
  // The bank tells every step of an order; those that change nothing would push what matters off the screen.
  if (typeof msg !== 'string' || (typeof why === 'string' && why.includes('nothing'))) return undefined
  const at = typeof time === 'string' ? `${time.slice(11, 19)}  ` : ''
  if (msg === 'event done') return `${at}event ${typeof kind === 'string' ? kind : 'of no kind'}`
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
