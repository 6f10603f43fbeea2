/**
 * `repasse reconcile`: each rail is asked for what was missed, and what it holds is held against the books.
 */
import { formatMoney } from '../base/money.ts'
import type { ChainReconciliation, Reconciliation } from '../reconcile/reconcile.ts'
import type { Base, Open } from '../app.ts'
import { json, moneyOf, formatReais, sheet } from './print.ts'
import { onRails } from './shell.ts'
import type { Shell } from './context.ts'

interface Bank {
  result: Reconciliation
  found: number
  /** Why payouts are stopped, where they are. */
  lasting: string | undefined
}

interface Chain {
  /** A sentence where nothing could be compared. */
  result: ChainReconciliation | string
  blocks: number
  news: number
  trouble: string | undefined
  held: string | undefined
}

type Lines = [string, string | undefined][]

export async function reconcileNow(shell: Shell, asJson: true | undefined): Promise<void> {
  await onRails(shell, async (base, open) => {
    const { rails, bitcoin } = open
    const { makeInbox, pollEvents, settleInbox } = await import('../webhooks/webhooks.ts')
    const { db, world, terms, config } = base
    const everyMs = config.STARKBANK_POLL_SECONDS * 1_000
    const found = rails.starkbank
      ? (await pollEvents(db, rails.starkbank, makeInbox(db, world), world, everyMs)).fresh
      : 0
    const followed = await followNow(base, open)
    const settled = await settleInbox({ db, rails, world, terms, ...(bitcoin && { chain: bitcoin.terms }) })
    const bank = await atBank(base, open, found)
    const chain = followed && (await onChain(base, open, followed))
    if (bank?.result.agrees === false || (chain && !agrees(chain))) shell.exitCode = 1

    if (asJson)
      return shell.out(
        json({
          ...(bank ? bankView(bank) : { agrees: chain ? agrees(chain) : true }),
          ...{ eventsFound: found, eventsSettled: settled },
          ...(chain && { bitcoin: chainView(chain) }),
        }),
      )
    const events = [
      bank && `${found} polled ones were new to the inbox`,
      chain && `${chain.news} were read from the chain`,
      `${settled} settled now`,
    ]
    await shell.out(
      sheet([
        ['events', events.filter(Boolean).join(', ')],
        ...(bank ? bankLines(bank) : []),
        ...(chain ? chainLines(chain) : []),
      ]),
    )
  })
}

async function atBank(
  { db, world }: Base,
  { rails: { starkbank: rail } }: Open,
  found: number,
): Promise<Bank | undefined> {
  if (!rail) return undefined
  const { holdAgainstBank, reconcile } = await import('../reconcile/reconcile.ts')
  const result = await reconcile(db, rail, world)
  if (typeof result === 'string') throw new Error(result)
  // As the job does it, so that `status` says the same whoever looked.
  return { result, found, lasting: await holdAgainstBank(db, result) }
}

type Followed = Pick<Chain, 'blocks' | 'news' | 'trouble'>

/** Followed here too, for "repasse serve" may not be running. Where it is, the second finds it done. */
async function followNow({ db, world }: Base, { rails, bitcoin }: Open): Promise<Followed | undefined> {
  if (!rails.bitcoin || !bitcoin) return undefined
  const { follow } = await import('../jobs/jobs.ts')
  return follow({ db, rail: rails.bitcoin, bitcoin, world })
}

async function onChain(
  { db, world }: Base,
  { rails }: Open,
  { blocks, news, trouble }: Followed,
): Promise<Chain> {
  const { holdAgainstChain, reconcileChain } = await import('../reconcile/reconcile.ts')
  const result = trouble ?? (await reconcileChain(db, rails.bitcoin!, world))
  const held = typeof result === 'string' ? undefined : await holdAgainstChain(db, result)
  return { result, blocks, news, trouble, held }
}

const agrees = ({ result }: Chain) => typeof result !== 'string' && result.agrees

function bankView({
  result: { agrees: same, bankUnits, bookUnits, inFlightUnits, imported },
  lasting,
}: Bank) {
  return {
    agrees: same,
    bank: moneyOf(bankUnits),
    books: moneyOf(bookUnits),
    difference: moneyOf(bankUnits - bookUnits),
    inFlight: moneyOf(inFlightUnits),
    stopped: lasting ?? null,
    imported,
  }
}

function chainView({ result, blocks, news, trouble, held }: Chain) {
  const looked = { blocksRead: blocks, news, trouble: trouble ?? null }
  if (typeof result === 'string') return { agrees: null, why: result, ...looked }
  return {
    agrees: result.agrees,
    height: result.height,
    chain: moneyOf(result.chainUnits, 'BTC'),
    coins: moneyOf(result.coinUnits, 'BTC'),
    books: moneyOf(result.bookUnits, 'BTC'),
    difference: moneyOf(result.chainUnits - result.bookUnits, 'BTC'),
    differing: result.differing,
    unsettled: result.unsettled,
    stopped: held ?? null,
    ...looked,
  }
}

function bankLines({
  result: { agrees: same, bankUnits, bookUnits, inFlightUnits, imported },
  lasting,
}: Bank): Lines {
  return [
    ['statement', `${imported} lines that are not ours were booked as external`],
    ['the bank', formatReais(bankUnits)],
    ['the books', formatReais(bookUnits)],
    ['in flight', `${formatReais(inFlightUnits)} at most`],
    [
      'so',
      same
        ? 'they agree'
        : `they differ by ${formatReais(bankUnits - bookUnits)}, more than what is in flight`,
    ],
    ['payouts', same && lasting !== undefined ? `are stopped: ${lasting}` : undefined],
    [
      'payouts',
      same
        ? undefined
        : lasting === undefined
          ? 'stop if it lasts for five minutes'
          : 'are stopped until the two agree for five minutes',
    ],
  ]
}

function chainLines({ result, blocks, held }: Chain): Lines {
  if (typeof result === 'string') return [['the chain', `was not compared: ${result}`]]
  const { height, chainUnits, coinUnits, bookUnits, differing, unsettled } = result
  const apart = [
    `they differ by ${formatMoney(chainUnits - bookUnits, 'BTC')}`,
    differing.length > 0 &&
      `the node has not, or otherwise, ${differing.slice(0, 3).join(', ')}${differing.length > 3 ? ` and ${differing.length - 3} more` : ''}`,
  ]
  return [
    ['blocks', `${blocks} read now, up to ${height}`],
    ['the chain', formatMoney(chainUnits, 'BTC')],
    ['our coins', formatMoney(coinUnits, 'BTC')],
    ['BTC books', formatMoney(bookUnits, 'BTC')],
    ['so', result.agrees ? 'they agree to the satoshi' : apart.filter(Boolean).join(': ')],
    [
      'waiting',
      unsettled > 0 ? `${unsettled} events are not settled yet, so the books may be behind` : undefined,
    ],
    ['BTC payouts', held === undefined ? undefined : 'are stopped until the two agree'],
  ]
}
