/**
 * The chain's events: each says that something about a coin changed, and what it is now is read from what we
 * know of the chain. So order, delay and repetition do not matter.
 */
import { because, sentence, told, type Reason } from '../../base/reasons.ts'
import { BadInput } from '../../base/answer.ts'
import { btc } from '../../base/money.ts'
import { millis, type World } from '../../base/world.ts'
import { coinsOf, leftOf, ripeDepthOf, type CoinRow } from '../../chain/chain.ts'
import { type InvoiceRow, type RequestStatus } from '../../invoice/invoice.ts'
import { post } from '../../ledger/ledger.ts'
import {
  applyBundle,
  bookRefundMade,
  followElsewhere,
  holdPaidElsewhere,
  isRefundMade,
  keepRefunds,
  noteForeign,
  oweCoins,
  pause,
  resume,
  stopPayouts,
  suspend,
  uncredit,
} from '../../payout/payout.ts'
import type { ChainRail } from '../../rails/chain.ts'
import { forUpdate, sql, type Cause, type Tx } from '../../db/db.ts'
import {
  finish,
  usualChainTerms,
  type ChainTerms,
  type Settling,
  type Outcome,
  type Settler,
} from '../apply.ts'
import { readChainEvent, type ChainEvent } from './event.ts'
import type { InboxRow } from '../inbox.ts'
import { requestStatusOf } from './status.ts'
import { requests } from '../../invoice/tables.ts'

type SettlingOnChain = Settling & { rail: ChainRail; chain: ChainTerms }

/** The chain's half of settling: nobody is asked, so nothing is asked together. */
export function chainSettler(app: Settling): Settler | undefined {
  const { bitcoin: rail } = app.rails
  if (!rail) return undefined
  const chainApp = { ...app, rail, chain: app.chain ?? usualChainTerms }
  return { rail: rail.name, together: async () => row => settleChainEvent(chainApp, row) }
}

/** Settles one claimed row of the chain's; false when it waits. */
async function settleChainEvent(app: SettlingOnChain, row: InboxRow): Promise<boolean> {
  const event = read(row)
  if (!event)
    return finish(app, row, undefined, async () => ({
      is: 'quarantined',
      why: because('unreadable'),
    }))
  const cause: Cause = { why: sayingOf(event), ref: row.event_id }
  return finish(app, row, event.kind, tx =>
    event.kind.startsWith('coin.')
      ? settleCoin(tx, app, event, cause)
      : settleSpending(tx, app, event, cause),
  )
}

function read(row: InboxRow): ChainEvent | undefined {
  try {
    return readChainEvent(row.raw)
  } catch (error) {
    if (error instanceof BadInput) return undefined
    throw error
  }
}

const sayingOf = ({ kind, block }: ChainEvent) =>
  because('chain-said', { kind, ...(block && { height: Number(block.height) }) })

async function settleCoin(tx: Tx, app: SettlingOnChain, event: ChainEvent, cause: Cause): Promise<Outcome> {
  const known = await tx.one<{ invoice_id: string | null }>(
    sql`select invoice_id from coins where id = ${event.coin}`,
  )
  if (!known) return { is: 'quarantined', why: because('coin-unknown') }
  const invoice =
    known.invoice_id === null
      ? undefined
      : await tx.one<InvoiceRow>(sql`select * from invoices where id = ${known.invoice_id} ${forUpdate}`)
  const coin = (await tx.one<CoinRow>(sql`select * from coins where id = ${event.coin} ${forUpdate}`))!
  await book(tx, app.world, coin, cause)
  if (!invoice) return { is: 'done', why: because('of-no-request') }
  const { state, why } = await restand(tx, app, invoice, cause)
  if (state === 'credited') await holdPaidElsewhere(tx, app.rail, app.world)
  // What spends a coin that can never come will never be mined either; and what it was to pay is then owed to
  // nobody.
  if (coin.state === 'conflicted' && (await tellBundles(tx, app, coin.id, cause)) !== undefined)
    await restand(
      tx,
      app,
      (await tx.one<InvoiceRow>(sql`select * from invoices where id = ${invoice.id}`))!,
      cause,
    )
  return { is: 'done', why: because('request-is', { state, because: told(why) }) }
}

/**
 * The bundles that spend this coin look again at what became of them; one that was given up has let go of its
 * coins, and is known by its `txid`.
 */
async function tellBundles(
  tx: Tx,
  { world, chain }: SettlingOnChain,
  coin: string,
  cause: Cause,
  txid = '',
): Promise<string | undefined> {
  const bundles = await tx.all<{ id: string }>(sql`
    select bundle_id as id from bundle_coins where outpoint = ${coin} union select bundle_id as id
      from bundle_candidates where id = ${txid} order by id`)
  const said: string[] = []
  for (const { id } of bundles) {
    said.push(await applyBundle(tx, world, id, chain.payoutDepth, cause))
    await restandOwedAgain(tx, { world, chain }, id, cause)
  }
  return said.length === 0 ? undefined : said.join(', ')
}

/**
 * What a bundle was to pay is owed again: while it was under way, the payments that it passes on may have
 * left the chain. Then it waits for them, or is owed to nobody.
 */
export async function restandOwedAgain(
  tx: Tx,
  app: Pick<SettlingOnChain, 'world' | 'chain'>,
  bundleId: string,
  cause: Cause,
): Promise<void> {
  const invoices = await tx.all<InvoiceRow>(sql`
    select * from invoices where id in (
      select p.invoice_id from payouts p join attempts a on a.payout_id = p.id
        join bundles b on b.id = a.bundle_id
      where b.id = ${bundleId} and b.state = 'void' and p.state = 'owed') order by id ${forUpdate}`)
  for (const invoice of invoices) await restand(tx, app, invoice, cause)
}

const odd = (times: bigint) => times % 2n === 1n

/**
 * What lies in a block is ours and in the books; what left it is taken out again. Change of our own
 * transactions never left us.
 */
async function book(tx: Tx, world: World, coin: CoinRow, cause: Cause): Promise<void> {
  const there = coin.state === 'mined'
  if (there === odd(coin.bookings) || (await isOwnChange(tx, coin))) return
  const times = coin.bookings + 1n
  const movement =
    coin.invoice_id === null
      ? there
        ? 'external in'
        : 'external out'
      : there
        ? 'coin received'
        : 'coin orphaned'
  const ofInvoice = coin.invoice_id === null ? {} : { invoiceId: coin.invoice_id }
  await post(tx, world, {
    movement,
    source: `${coin.id}/${times}`,
    amount: btc(coin.units),
    memo: sentence(cause.why),
    ...ofInvoice,
  })
  await tx.run(sql`update coins set bookings = ${times} where id = ${coin.id}`)
  if (coin.invoice_id === null && there)
    world.log.warn(
      { coin: coin.id, branch: coin.branch, index: Number(coin.number) },
      'money came to an address of ours that no request has',
    )
}

/** What a bundle pays to a request of ours did leave us, and comes in again. */
const isOwnChange = async (tx: Tx, { branch, txid }: CoinRow): Promise<boolean> =>
  branch === 'change' &&
  (await tx.one(sql`select 1 as yes from bundle_candidates where id = ${txid}`)) !== undefined

/**
 * Decides again where a request stands, moves it there, and credits or takes back what follows. `invoice` is
 * locked by the caller.
 */
export async function restand(
  tx: Tx,
  { world, chain }: Pick<SettlingOnChain, 'world' | 'chain'>,
  invoice: InvoiceRow,
  cause: Cause,
): Promise<RequestStatus> {
  const looked = await requestStatusOf(tx, invoice, chain, millis(await tx.now()))
  if (!looked) throw new Error(`${invoice.id} is ${invoice.state}: it is not watched, and has coins`)
  const { standing: decided, payments } = looked
  if (decided.state !== invoice.state)
    await requests.move(tx, invoice, decided.state, {
      ...cause,
      why: because('stood-so', { because: told(cause.why), now: told(decided.why) }),
    })

  const coins = payments.map(({ coin }) => coin)
  const deep = payments.filter(({ coin, depth }) => depth >= Math.max(chain.payoutDepth, ripeDepthOf(coin)))
  const deepCoins = deep.map(({ coin }) => coin)
  for (const coin of coins)
    if (odd(coin.credits) && !deepCoins.includes(coin)) await hold(tx, world, coin, cause)
  await resumeDeep(tx, coins, deepCoins, cause)
  await keepRefunds(tx, world, coins, new Set(deepCoins.map(({ id }) => id)), cause)
  const counted = deep.filter(({ counts }) => counts).map(({ coin }) => coin)
  if (decided.state === 'credited') await creditDeep(tx, world, invoice, counted, cause)
  return decided
}

/**
 * A credited coin that does not lie deep any more holds what it pays for; one that another transaction has
 * shut out ends it.
 */
async function hold(
  tx: Tx,
  world: World,
  { id, state, payout_id: payoutId }: CoinRow,
  cause: Cause,
): Promise<void> {
  if (
    state === 'conflicted' &&
    (await uncredit(tx, world, payoutId!, { ...cause, why: because('payment-shut-out') }))
  )
    return
  // In a block again, if a newer one: what was not ordered waits, and what was is no reason for an alarm.
  if (state === 'mined') await pause(tx, payoutId!, cause)
  else await suspend(tx, world, payoutId!, id, cause)
}

/** What waited goes on once all its coins lie deep. */
async function resumeDeep(tx: Tx, coins: CoinRow[], deep: CoinRow[], cause: Cause): Promise<void> {
  const payouts = new Set(
    deep.flatMap(({ payout_id: id, credits }) => (id !== null && odd(credits) ? [id] : [])),
  )
  for (const payoutId of payouts)
    if (coins.every(coin => coin.payout_id !== payoutId || deep.includes(coin)))
      await resume(tx, payoutId, cause)
}

async function creditDeep(
  tx: Tx,
  world: World,
  invoice: InvoiceRow,
  deep: CoinRow[],
  cause: Cause,
): Promise<void> {
  // Read again, for a credit may have been taken back just now.
  const current = await coinsOf(tx, invoice.id)
  const fresh = current.filter(
    coin => !odd(coin.credits) && leftOf(coin) > 0n && deep.some(({ id }) => id === coin.id),
  )
  if (fresh.length === 0) return
  const before = current.filter(coin => odd(coin.credits)).reduce((sum, coin) => sum + leftOf(coin), 0n)
  const terms = {
    accountId: invoice.account_id,
    commissionBp: invoice.commission_bp,
    minPayout: invoice.min_payout_units,
  }
  await oweCoins(
    tx,
    world,
    { invoiceId: invoice.id, ...terms, before, coins: fresh.map(coin => ({ ...coin, units: leftOf(coin) })) },
    cause,
  )
}

/**
 * A coin of ours was spent, or not after all: by a transaction of ours, which settles its payouts, or by one
 * we did not make.
 */
async function settleSpending(
  tx: Tx,
  app: SettlingOnChain,
  event: ChainEvent,
  cause: Cause,
): Promise<Outcome> {
  const applied = await tellBundles(tx, app, event.coin, cause, event.txid)
  const foreign = await settleForeign(tx, app, event, cause)
  const settled = await followElsewhere(tx, app.world)
  return {
    is: 'done',
    why: because('came-of-it', { outcome: settled ?? foreign ?? applied ?? 'nothing new' }),
  }
}

/**
 * Somebody else holds our keys, or this database forgot what it sent: nothing more goes out until a person
 * has looked.
 */
async function settleForeign(
  tx: Tx,
  { world, rail, chain }: SettlingOnChain,
  event: ChainEvent,
  cause: Cause,
): Promise<string | undefined> {
  const invoice = await requestOf(tx, event.coin)
  const coin = (await tx.one<CoinRow>(sql`select * from coins where id = ${event.coin} ${forUpdate}`))!
  const ours =
    coin.spent_by !== null &&
    (await tx.one(sql`select 1 as yes from bundle_candidates where id = ${coin.spent_by}`))
  const gone = coin.spent_height !== null && !ours
  // Said once for each such transaction: a person who has looked is not stopped again by its next block.
  const isRefund = coin.spent_by !== null && (await isRefundMade(tx, coin.spent_by))
  if (
    coin.spent_by !== null &&
    !ours &&
    !isRefund &&
    event.raw !== undefined &&
    event.txid === coin.spent_by
  ) {
    const isNews = await noteForeign(tx, rail.readTransaction(Buffer.from(event.raw, 'hex')))
    if (isNews) {
      world.log.error(
        { coin: coin.id, txid: coin.spent_by },
        'a coin of ours is spent by a transaction that is not ours: payouts are stopped',
      )
      await stopPayouts(tx, await becauseOfForeign(tx, coin.spent_by))
    }
    await holdPaidElsewhere(tx, rail, world)
  }
  const changed = gone !== odd(coin.spendings)
  if (changed) {
    const times = coin.spendings + 1n
    const movement = gone ? 'external out' : 'external in'
    await post(tx, world, {
      movement,
      source: `${coin.id}/spent/${times}`,
      amount: btc(coin.units),
      memo: sentence(cause.why),
    })
    await tx.run(sql`update coins set spendings = ${times} where id = ${coin.id}`)
    await bookRefundMade(tx, world, coin.id)
  }
  // What is gone can count for nothing any more, where it did not before.
  if (invoice && !odd(coin.credits) && (!ours || changed)) await restand(tx, { world, chain }, invoice, cause)
  if (!changed) return gone ? 'spent by a transaction that is not ours' : undefined
  if (isRefund) return 'given back by hand'
  return gone ? 'spent by a transaction that is not ours: payouts are stopped' : 'not spent after all'
}

/** The request a coin pays, locked; undefined where it pays none that is watched. */
async function requestOf(tx: Tx, coin: string): Promise<InvoiceRow | undefined> {
  const row = await tx.one<{ invoice_id: string | null }>(
    sql`select invoice_id from coins where id = ${coin}`,
  )
  if (!row || row.invoice_id === null) return undefined
  return tx.one<InvoiceRow>(sql`select * from invoices where id = ${row.invoice_id} ${forUpdate}`)
}

/** One reason for each transaction, however many coins it spends. */
async function becauseOfForeign(tx: Tx, txid: string): Promise<Reason> {
  const restored = await tx.one<{ value: string }>(sql`select value from settings where name = 'restored'`)
  return because('coins-spent-by-unknown', { txid, ...(restored && { restoredAt: restored.value }) })
}
