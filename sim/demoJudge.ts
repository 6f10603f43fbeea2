/**
 * When a batch has come to its end, and whether the books are then what the bank, the node and the payers
 * know.
 */
import { systemClock } from '../src/base/clock.ts'
import { formatUnits } from '../src/base/money.ts'
import type { Bank } from './bank.ts'
import type { DemoChain } from './demoChain.ts'
import { areCoinsSettled, coinDisagreements, coinLines, coinProgress, habitsOf } from './demoCoins.ts'
import { equationLines, equations, progress, type Figures } from './demoFigures.ts'
import type { Shoppers } from './demoShoppers.ts'
import type { DemoActors } from './demoActors.ts'
import { mustAsk, repasse } from './demoWorker.ts'

type Say = (line: string) => void

/** A demonstration whose batch has come to its end. */
export interface Settled {
  folder: string
  bank: Bank
  actors: DemoActors | undefined
  shoppers: Shoppers
}

const btc = (units: bigint) => formatUnits(units, 'BTC')

/** Nothing more comes from the bank within this: what remains are due dates, days away. */
const quietMs = 30_000

/**
 * All that will be paid is paid on: the bank has nothing more to do for now, and the installation has done
 * what it heard.
 */
export function isSettled(
  figures: Figures,
  bank: Pick<Bank, 'nextDueAt' | 'invoices' | 'isCredited'>,
  now = Date.now(),
): boolean {
  const next = bank.nextDueAt()
  const { issued, credited, paidOn } = progress(figures)
  const creditedThere = bank.invoices().filter(({ id }) => bank.isCredited(id)).length
  const unread = (figures.events['new'] ?? 0) + (figures.events['waiting'] ?? 0)
  const quiet = next === undefined || next > now + quietMs
  return (
    quiet &&
    issued > 0 &&
    issued === bank.invoices().length &&
    credited === creditedThere &&
    paidOn === credited &&
    unread === 0
  )
}

/** The same of the chain, where there is one. */
export const areActorsSettled = ({ bitcoin }: Figures, actors: DemoActors | undefined): boolean =>
  !actors || (bitcoin !== undefined && areCoinsSettled(bitcoin, actors.requests(), actors.payers.habitOf))

export const statusOf = async (folder: string): Promise<Figures> =>
  JSON.parse(await mustAsk(folder, ['status', '--json'])) as Figures

/**
 * The product's own checks, then the bank's, the node's and the payers' side of it, each from their own rows.
 * Answers the exit code.
 */
export async function judge(settled: Settled, say: Say): Promise<number> {
  const { actors } = settled
  const findings = await findingsOf(settled, say)
  if (findings.length === 0)
    say(
      actors
        ? 'The books add up, and the bank and the node agree.'
        : 'The books add up, and the bank agrees.',
    )
  for (const finding of findings) say(`✗ ${finding}`)
  return findings.length === 0 ? 0 : 1
}

async function findingsOf({ folder, bank, actors, shoppers }: Settled, say: Say): Promise<string[]> {
  if (actors) await caughtUp(folder, actors.chain)
  const findings: string[] = []
  for (const args of [['reconcile'], ['ledger', 'check']]) {
    const { code, stdout, stderr } = await repasse(folder, args)
    say(`repasse ${args.join(' ')}: ${(stdout.trim() || stderr.trim() || 'well').replaceAll('\n', '\n  ')}`)
    if (code !== 0) findings.push(`repasse ${args.join(' ')} ended with ${code}`)
  }
  const figures = await statusOf(folder)
  const { issued, paid, credited, paidOn } = progress(figures)
  say('')
  say(`Pix: ${issued} invoices issued, ${paid} paid, ${credited} credited, ${paidOn} paid on`)
  for (const line of equationLines(figures)) say(`  ${line}`)
  findings.push(...disagreements(figures, bank))
  if (actors) findings.push(...(await judgeActors(figures, actors, say)))
  findings.push(...(await judgeShop(folder, shoppers, say)))
  const expected = actors?.requests().filter(({ id }) => actors.payers.habitOf(id) === 'too little') ?? []
  return [...findings, ...figures.needsPerson.filter(says => !expected.some(({ id }) => says.includes(id)))]
}

/** Waits until the installation has read the last block; whoever never does is found out by the heights. */
async function caughtUp(folder: string, chain: DemoChain): Promise<void> {
  const height = await chain.height()
  for (let looks = 0; looks < 20; looks++) {
    if ((await statusOf(folder)).bitcoin?.tip?.height === height) return
    await systemClock.sleep(500)
  }
}

async function judgeActors(
  { bitcoin, needsPerson }: Figures,
  actors: DemoActors,
  say: Say,
): Promise<string[]> {
  if (!bitcoin) return ['the installation tells nothing of Bitcoin']
  const holdings = await actors.chain.holdings()
  const { requested, seen, paid, credited, paidOn } = coinProgress(bitcoin)
  say(
    `Bitcoin: ${requested} requested, ${seen} seen, ${paid} paid, ${credited} credited, ${paidOn} paid on; paid ${habitsOf(actors.requests(), actors.payers.habitOf)}`,
  )
  for (const line of coinLines(bitcoin)) say(`  ${line}`)
  const { onChain, pending } = bitcoin.money
  say(
    `  on chain BTC ${btc(BigInt(onChain.units))} by the books, ${btc(holdings.app)} by the node's own scan (received and not credited: ${btc(BigInt(pending.units))})`,
  )
  const paidUnits = actors.payers.paidUnits()
  return coinDisagreements(bitcoin, needsPerson, {
    ...holdings,
    paidUnits,
    requests: actors.requests(),
    habitOf: actors.payers.habitOf,
  })
}

interface Ordered {
  id: string
  state: string
  rail: string
  units: string
}

/**
 * Each order that somebody saw a receipt for is paid here, and no other is; their money is in the sums above.
 */
async function judgeShop(folder: string, shoppers: Shoppers, say: Say): Promise<string[]> {
  const there = JSON.parse(await mustAsk(folder, ['order', 'list', '--json', '--limit', '1000'])) as Ordered[]
  const paid = there.filter(({ state }) => state === 'paid')
  const worth = paid.reduce((total, { units }) => total + BigInt(units), 0n)
  const byCoins = paid.filter(({ rail }) => rail === 'bitcoin').length
  say(
    `Shop: ${there.length} orders, ${paid.length} paid, ${byCoins} of them with bitcoin; R$ ${formatUnits(worth, 'BRL')}`,
  )
  const seen = shoppers.orders().filter(({ isPaid }) => isPaid)
  const numbers = new Set(paid.map(({ id }) => id.slice(-8).toUpperCase()))
  return [
    ...(there.length === shoppers.orders().length
      ? []
      : [`${shoppers.orders().length} orders were placed, the installation has ${there.length}`]),
    ...seen
      .filter(({ number }) => !numbers.has(number))
      .map(({ number }) => `order ${number} has a receipt and is not paid`),
    ...(seen.length === paid.length ? [] : [`${paid.length} orders are paid, ${seen.length} have a receipt`]),
  ]
}

const sum = (cents: number[]) => cents.reduce((total, amount) => total + BigInt(amount), 0n)

/** Where the installation’s figures differ from what the bank itself has, and where they do not add up. */
export function disagreements(
  figures: Figures,
  bank: Pick<Bank, 'invoices' | 'isCredited' | 'transfers' | 'balanceUnits'>,
): string[] {
  const { asked, credited } = equations(figures)
  const invoices = bank.invoices()
  const paidThere = sum(invoices.filter(({ id }) => bank.isCredited(id)).map(({ amount }) => amount))
  const sentThere = sum(
    bank
      .transfers()
      .filter(({ status }) => status === 'success')
      .map(({ amount }) => amount),
  )
  const left = credited.credited - credited.bank - credited.paidOut - credited.reversed
  return [
    ...(asked.holds ? [] : ['asked is not open + paid + expired']),
    ...(credited.holds ? [] : ['credited is not fees + paid out + still owed']),
    ...(credited.owed === 0n ? [] : [`${credited.owed} cents are still owed`]),
    ...(credited.credited === paidThere
      ? []
      : [`the books have ${credited.credited} cents credited, the bank ${paidThere}`]),
    ...(credited.paidOut === sentThere
      ? []
      : [`the books have ${credited.paidOut} cents paid out, the bank ${sentThere}`]),
    ...(bank.balanceUnits() === left
      ? []
      : [`the bank holds ${bank.balanceUnits()} cents, the books leave ${left}`]),
  ]
}
