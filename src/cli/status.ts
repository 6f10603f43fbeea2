/** `repasse status`: on each rail two sums that must be wholly explained, and what needs a person. */
import { formatDuration } from '../base/duration.ts'
import { formatMoney, type Asset } from '../base/money.ts'
import { millis } from '../base/world.ts'
import type { NextSlot } from '../queries/overview.ts'
import type { Base } from '../app.ts'
import type { ChainStatus } from '../queries/chainStatus.ts'
import type { Status } from '../queries/status.ts'
import { rateLine, rateOf, rateView, type RateNow } from './rate.ts'
import { countsOf, json, moneyOf, paint, formatReais, sheet, tame } from './print.ts'
import { inBase } from './shell.ts'
import type { Shell } from './context.ts'

export async function printStatus(shell: Shell, { json: asJson }: { json?: true }): Promise<void> {
  await inBase(shell, async base => {
    const { now, next, rate } = await look(base)
    // Whoever watches by the exit code must not be told that all is well while nobody can be asked, or
    // nothing is issued.
    if (now.silent.length > 0 || now.issuingWaits) shell.exitCode = 1
    if (asJson) return shell.out(json(viewOf(now, next, rate)))

    const { invoices, bitcoin } = now
    // An installation without a bank has nothing to say about one.
    const bank =
      bitcoin === undefined || invoices.asked > 0n || now.money.credited > 0n || now.money.atBank !== 0n
    await shell.out(
      sheet([
        ...(bank ? bankLines(now) : []),
        ...(bitcoin ? chainLines(bitcoin, rate) : []),
        ...(now.held.orders > 0
          ? [['held', `${now.held.items} items by ${now.held.orders} unpaid orders`] as [string, string]]
          : []),
        ['events', countsOf(now.inbox)],
        [
          'next',
          next
            .map(row => `${row.name} at ${row.next_at} (${inTime(row.next_at, base.world.clock.now())})`)
            .join('; ') || 'no schedule is active',
        ],
      ]),
    )
    if (now.retainedAt !== undefined && isLate(now.retainedAt, base.world.clock.now())) {
      const late = `old personal data is not dropped since ${now.retainedAt}`
      await shell.out(`${paint(shell, 'yellow', late)}: see "repasse doctor"\n`)
    }
    for (const { rail, since, why } of now.silent)
      await shell.out(`${paint(shell, 'red', `${rail} has not answered since ${since}`)}: ${tame(why)}\n`)
    await shell.out(`${verdictOf(shell, now)}\n`)
    if (now.needsPerson.length > 0)
      await shell.out(
        `\n${paint(shell, 'yellow', 'needs a person')}\n${now.needsPerson.map(says => `  ${tame(says)}\n`).join('')}`,
      )
  })
}

/**
 * Sums can add up while payouts are stopped for another reason, and nobody must take the one for the other.
 */
function verdictOf(shell: Shell, { addsUp, stopped }: Status): string {
  if (!addsUp) return `${paint(shell, 'red', 'it does NOT add up')}: run "repasse ledger check"`
  if (stopped !== undefined)
    return `the sums above add up, and ${paint(shell, 'red', 'payouts are stopped')}: see below`
  return paint(shell, 'green', 'all of it adds up')
}

/** Three nights without it. */
const isLate = (retainedAt: string, now: number): boolean => now - millis(retainedAt) > 3 * 86_400_000

async function look({
  db,
  config,
  world,
  terms,
}: Base): Promise<{ now: Status; next: NextSlot[]; rate: RateNow | undefined }> {
  const [{ status }, { nextSlots }] = await Promise.all([
    import('../queries/status.ts'),
    import('../queries/overview.ts'),
  ])
  return db.tx(async tx => ({
    now: await status(tx, {
      now: await tx.now(),
      payoutDepth: config.BITCOIN_PAYOUT_DEPTH,
      silentMs: config.RAIL_SILENT_MINUTES * 60_000,
      approvals: terms.approvals,
    }),
    next: await nextSlots(tx),
    rate: await rateOf(tx, config, world),
  }))
}

function viewOf(now: Status, next: NextSlot[], rate: RateNow | undefined) {
  const { counts, ...sums } = now.invoices
  return {
    addsUp: now.addsUp,
    stopped: now.stopped ?? null,
    invoices: { ...moneyEach(sums), counts },
    money: moneyEach(now.money),
    payouts: now.payouts,
    held: now.held,
    events: now.inbox,
    ...(now.bitcoin && { bitcoin: chainView(now.bitcoin, rate) }),
    silent: now.silent.map(({ rail, since, why }) => ({ rail, since, why })),
    issuingWaits: now.issuingWaits,
    retainedAt: now.retainedAt ?? null,
    nextSlots: next.map(row => ({ schedule: row.name, at: row.next_at })),
    needsPerson: now.needsPerson,
  }
}

function chainView(
  { requests: { counts, ...sums }, money, payouts, bundles, tip, trouble, addsUp }: ChainStatus,
  rate: RateNow | undefined,
) {
  return {
    addsUp,
    requests: { ...moneyEach(sums, 'BTC'), counts },
    money: moneyEach(money, 'BTC'),
    payouts,
    bundles,
    tip: tip ?? null,
    trouble: trouble ?? null,
    rate: rate === undefined ? null : rateView(rate),
  }
}

type Lines = [string, string | undefined][]

function bankLines({ invoices, money, payouts }: Status): Lines {
  const parts = [
    ['bank fees', money.bankFees],
    ['commission', money.commission],
    ['withheld for transfers', money.withheld],
    ['paid on', money.paidOn],
    ['in transit', money.inTransit],
    ['reversed', money.reversed],
    ['still owed', money.owed],
    ...(money.debts === 0n ? [] : [['paid on too much, so owed by payees', -money.debts] as const]),
  ] as const
  return [
    [
      'asked',
      `${formatReais(invoices.asked)} = ${formatReais(invoices.open)} open + ${formatReais(invoices.paid)} paid + ${formatReais(invoices.lost)} expired, canceled or refused`,
    ],
    ['credited', `${formatReais(money.credited)} = ${sumOf(parts, 'BRL')}`],
    ['at the bank', `${formatReais(money.atBank)} by the books`],
    ['in cash', money.inCash === 0n ? undefined : `${formatReais(money.inCash)} by the books`],
    [
      'duplicates',
      money.duplicates === 0n
        ? undefined
        : `${formatReais(money.duplicates)} paid to duplicate invoices, of which ${formatReais(money.toPayers)} are to be given back`,
    ],
    [
      'payees owe',
      money.receivable === 0n
        ? undefined
        : `${formatReais(money.receivable)} for money that went back to payers`,
    ],
    ['invoices', countsOf(invoices.counts)],
    ['payouts', countsOf(payouts)],
  ]
}

function chainLines(
  { requests, money, payouts, bundles, tip, trouble }: ChainStatus,
  rate: RateNow | undefined,
): Lines {
  const btc = (units: bigint) => formatMoney(units, 'BTC')
  const parts = [
    ['commission', money.commission],
    ['network fees', money.networkFees],
    ['paid on', money.paidOn],
    ['in transit', money.inTransit],
    ['still owed', money.owed],
  ] as const
  const besides = [
    ['too shallow or not credited', money.pending > 0n ? money.pending : 0n],
    ['passed on, and gone from the chain since', money.pending < 0n ? -money.pending : 0n],
    ['of no request', money.external],
    ['left to miners as dust', money.dust],
  ] as const
  const aside = besides.filter(([, units]) => units !== 0n).map(([name, units]) => `${btc(units)} ${name}`)
  return [
    [
      'asked in BTC',
      `${btc(requests.asked)} = ${btc(requests.open)} open + ${btc(requests.paid)} paid + ${btc(requests.lost)} expired or canceled`,
    ],
    [
      'credited in BTC',
      `${btc(money.credited)}${money.refunds === 0n ? '' : ` and ${btc(money.refunds)} to be given back`} = ${sumOf(parts, 'BTC')}`,
    ],
    [
      'on the chain',
      `${btc(money.onChain)} by the books${aside.length === 0 ? '' : `; besides: ${aside.join(', ')}`}`,
    ],
    ['requests', countsOf(requests.counts)],
    ['BTC payouts', countsOf(payouts)],
    ['bundles', countsOf(bundles)],
    [
      'chain',
      trouble === undefined
        ? tip
          ? `followed up to block ${tip.height} of ${tip.at}`
          : 'not looked at yet: "repasse serve" follows it'
        : `not followed: ${trouble}`,
    ],
    ['rate', rate === undefined ? undefined : rateLine(rate)],
  ]
}

const sumOf = (parts: readonly (readonly [string, bigint])[], asset: Asset) =>
  parts
    .filter(([name, units]) => units !== 0n || name === 'paid on' || name === 'still owed')
    .map(([name, units]) => `${formatMoney(units, asset)} ${name}`)
    .join(' + ')

const inTime = (at: string, now: number) =>
  millis(at) <= now ? 'due now' : `in ${formatDuration(Math.ceil((millis(at) - now) / 1000) * 1000)}`

const moneyEach = (sums: Record<string, bigint>, asset: Asset = 'BRL') =>
  Object.fromEntries(Object.entries(sums).map(([name, units]) => [name, moneyOf(units, asset)]))
