/**
 * Bitcoin's part of what the demonstration shows, added up again in satoshis, and what the node itself says
 * against it.
 */
import { formatUnits, formatMoney } from '../src/base/money.ts'
import { allHabits, endOf, type Habit, type Request } from './demoPayers.ts'

/** An amount as the program prints it; `units` are satoshis as text. */
interface Amount {
  units: string
}

/** `bitcoin` of `repasse status --json`, as far as it is shown. */
export interface CoinFigures {
  requests: { asked: Amount; open: Amount; paid: Amount; lost: Amount; counts: Record<string, number> }
  money: Record<
    | 'pending'
    | 'credited'
    | 'commission'
    | 'networkFees'
    | 'paidOn'
    | 'inTransit'
    | 'owed'
    | 'dust'
    | 'external'
    | 'onChain',
    Amount
  >
  payouts: Record<string, number>
  tip: { height: number } | null
  trouble: string | null
}

const sats = ({ units }: Amount) => BigInt(units)
const countOf = (counts: Record<string, number>, states: string[]) =>
  states.reduce((sum, state) => sum + (counts[state] ?? 0), 0)
const all = (counts: Record<string, number>) => Object.values(counts).reduce((sum, count) => sum + count, 0)

/** How many requests have come how far; each figure includes those that went further. */
export function coinProgress({ requests: { counts }, payouts }: CoinFigures) {
  const credited = countOf(counts, ['credited'])
  const paid = credited + countOf(counts, ['paid'])
  return {
    requested: all(counts) - countOf(counts, ['draft']),
    seen: paid + countOf(counts, ['seen', 'underpaid', 'confirming', 'late']),
    paid,
    credited,
    paidOn: countOf(payouts, ['paid']),
  }
}

/** The two equations. `owed`: what is on its way in no block deep enough is owed still. */
export function coinEquations({ requests, money }: CoinFigures) {
  const [asked, open, paid, expired] = [
    sats(requests.asked),
    sats(requests.open),
    sats(requests.paid),
    sats(requests.lost),
  ]
  const [credited, miners, commission, paidOut] = [
    sats(money.credited),
    sats(money.networkFees),
    sats(money.commission),
    sats(money.paidOn),
  ]
  const owed = sats(money.owed) + sats(money.inTransit)
  return {
    asked: { asked, open, paid, expired, holds: asked === open + paid + expired },
    credited: {
      credited,
      miners,
      commission,
      paidOut,
      owed,
      holds: credited === miners + commission + paidOut + owed,
    },
  }
}

const mark = (holds: boolean) => (holds ? '✓' : '✗ does not add up:')
const btc = (units: bigint) => formatUnits(units, 'BTC')

/** Both equations as two lines. */
export function coinLines(figures: CoinFigures): string[] {
  const { asked: a, credited: c } = coinEquations(figures)
  return [
    `${mark(a.holds)} asked    BTC ${btc(a.asked)} = open ${btc(a.open)} + paid ${btc(a.paid)} + expired ${btc(a.expired)}`,
    `${mark(c.holds)} credited BTC ${btc(c.credited)} = fees ${btc(c.miners + c.commission)} (network ${btc(c.miners)}, commission ${btc(c.commission)})` +
      ` + paid out ${btc(c.paidOut)} + still owed ${btc(c.owed)}`,
  ]
}

/** What others than the books know. */
export interface ChainFacts {
  /** Satoshis the node finds unspent for the installation’s descriptor, and for the payee's address. */
  app: bigint
  payee: bigint
  height: number
  /** What payers paid and did not take back. */
  paidUnits: bigint
  requests: readonly Request[]
  habitOf(id: string): Habit | undefined
}

/**
 * Where the installation’s figures differ from what the node and the payers know, and where they do not add
 * up. `needsPerson` of the whole installation.
 */
export function coinDisagreements(
  figures: CoinFigures,
  needsPerson: readonly string[],
  facts: ChainFacts,
): string[] {
  const { asked, credited } = coinEquations(figures)
  const { money, tip, trouble } = figures
  const [onChain, pending, external] = [sats(money.onChain), sats(money.pending), sats(money.external)]
  const left = credited.credited + pending + external - credited.miners - credited.paidOut - sats(money.dust)
  const differ = (what: string, ours: bigint, theirs: bigint, whose: string) =>
    ours === theirs
      ? []
      : [`the books have ${formatMoney(ours, 'BTC')} ${what}, ${whose} ${formatMoney(theirs, 'BTC')}`]
  return [
    ...(trouble === null ? [] : [`the chain is not followed: ${trouble}`]),
    ...(tip?.height === facts.height
      ? []
      : [`the installation stands at block ${tip?.height ?? 'none'}, the node at ${facts.height}`]),
    ...(asked.holds ? [] : ['what was asked in BTC is not open + paid + expired']),
    ...(credited.holds ? [] : ['what was credited in BTC is not fees + paid out + still owed']),
    ...(credited.owed === 0n ? [] : [`${formatMoney(credited.owed, 'BTC')} are still owed`]),
    ...(external === 0n ? [] : [`${formatMoney(external, 'BTC')} moved that nobody asked for`]),
    ...differ('on the chain', onChain, facts.app, 'the node’s own scan finds'),
    ...differ('on the chain', onChain, left, 'what came less what left makes'),
    ...differ('received', credited.credited + pending, facts.paidUnits, 'the payers paid'),
    ...differ('paid out', credited.paidOut, facts.payee, 'the node finds at the payee’s address'),
    ...facts.requests.flatMap(request => strayed(request, facts.habitOf(request.id), needsPerson)),
  ]
}

/**
 * Where a request has not ended where its payer's habit leads, or a person was not told of one that needs
 * him.
 */
function strayed({ id, state }: Request, habit: Habit | undefined, needsPerson: readonly string[]): string[] {
  if (!habit) return [`request ${id} has no payer`]
  const end = endOf(habit)
  if (state !== end) return [`request ${id}, paid ${habit}, is ${state}, not ${end}`]
  if (habit === 'too little' && !needsPerson.some(says => says.includes(id)))
    return [`nobody is told that request ${id} was paid in part`]
  return []
}

/** Whether everyone has paid who will, and all that was credited is paid on. */
export function areCoinsSettled(
  figures: CoinFigures,
  requests: readonly Request[],
  habitOf: ChainFacts['habitOf'],
): boolean {
  const { requested, credited, paidOn } = coinProgress(figures)
  const ended = requests.every(({ id, state }) => habitOf(id) !== undefined && state === endOf(habitOf(id)!))
  const { owed } = coinEquations(figures).credited
  return requests.length > 0 && requested === requests.length && ended && paidOn === credited && owed === 0n
}

/** Who paid how, in words and always in one order, whoever came first: "5 at once, 1 late". */
export function habitsOf(requests: readonly Request[], habitOf: ChainFacts['habitOf']): string {
  const found = requests.map(({ id }) => habitOf(id) ?? 'nobody')
  return [...allHabits, 'nobody' as const]
    .map(habit => ({ habit, count: found.filter(each => each === habit).length }))
    .filter(({ count }) => count > 0)
    .map(({ habit, count }) => `${count} ${habit}`)
    .join(', ')
}
