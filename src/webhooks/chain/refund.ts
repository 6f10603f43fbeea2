/**
 * Giving back what came on the chain and counts for nothing: two people decide it, by a payout of ours or for
 * what a person sent by hand.
 */
import { because } from '../../base/reasons.ts'
import { BadInput } from '../../base/answer.ts'
import { formatMoney } from '../../base/money.ts'
import { millis, type World } from '../../base/world.ts'
import { coinsOf, leftOf, ripeDepthOf, type CoinRow } from '../../chain/chain.ts'
import type { InvoiceRow } from '../../invoice/invoice.ts'
import { audit, detailOf, propose, type ProposalRow, type Proposed } from '../../ledger/ledger.ts'
import {
  bookRefundMade,
  dropStop,
  forgetForeign,
  oweRefund,
  withdrawRefundBy,
  type PayoutRow,
} from '../../payout/payout.ts'
import type { ChainRail } from '../../rails/chain.ts'
import { forUpdate, sql, type Reader, type Db, type Tx } from '../../db/db.ts'
import { usualChainTerms, type ChainTerms } from '../apply.ts'
import { restand } from './events.ts'
import { requestStatusOf } from './status.ts'

export const coinRefundAct = 'bitcoin.refund'
export const coinRefundMadeAct = 'bitcoin.refund-made'

type Refunding = Pick<ChainRail, 'destination'>
export interface RefundParts {
  db: Db
  world: World
  chain: ChainTerms
}
interface Asking {
  by: string
  why: string
}

/**
 * What of a request may be given back now: payments that lie deep enough to be spent and were neither
 * counted, credited, spent nor given back.
 */
export async function refundableCoins(
  reader: Reader,
  invoice: InvoiceRow,
  chain: ChainTerms,
  now: number,
): Promise<{ id: string; left: bigint }[]> {
  const looked = await requestStatusOf(reader, invoice, chain, now)
  if (!looked) return []
  const covered = ['seen', 'confirming', 'paid', 'credited'].includes(looked.standing.state)
  return looked.payments
    .filter(({ coin, depth, counts, spent }) => {
      const deep = depth >= Math.max(chain.payoutDepth, ripeDepthOf(coin))
      return deep && !spent && coin.credits % 2n === 0n && leftOf(coin) > 0n && !(covered && counts)
    })
    .map(({ coin }) => ({ id: coin.id, left: leftOf(coin) }))
}

const minUnits = 1_000n
const totalOf = (parts: readonly { left: bigint }[]) => parts.reduce((sum, { left }) => sum + left, 0n)

/**
 * Proposes it to a second person. `units`: all that may be given back where nothing is said. Throws
 * `BadInput`.
 */
export async function proposeCoinRefund(
  { db, world, chain }: RefundParts,
  rail: Refunding | undefined,
  id: string,
  { to, units, by, why }: Asking & { to: string; units: bigint | undefined },
): Promise<Proposed> {
  return db.tx(async tx => {
    const invoice = await locked(tx, id)
    const amount = units ?? totalOf(await refundableCoins(tx, invoice, chain, millis(await tx.now())))
    const { address } = await checkRefund(tx, rail, chain, invoice, to, amount)
    const detail = { to: address, satoshis: amount.toString(), amount: formatMoney(amount, 'BTC') }
    return propose(tx, world, { act: coinRefundAct, subject: invoice.id, detail, why, by })
  }, 'locks')
}

/** What both people are shown holds when it is asked and when it is done. */
async function checkRefund(
  tx: Tx,
  rail: Refunding | undefined,
  chain: ChainTerms,
  invoice: InvoiceRow,
  to: string,
  units: bigint,
): Promise<{ address: string; from: { id: string; left: bigint }[] }> {
  if (invoice.rail !== 'bitcoin')
    throw new BadInput(`invoice ${invoice.id} is the bank’s: --to is for a payment in bitcoin`)
  if (!rail)
    throw new BadInput('the Bitcoin rail is not configured, and the address must be read: set BITCOIN_*')
  if (/[(]|^[xyztuv]pub/.test(to.trim()))
    throw new BadInput('--to takes one address, which the payer gives: a refund is paid once')
  const { address, script } = rail.destination(to.trim(), 0)
  if (await tx.one(sql`select 1 as yes from chain_scripts where script = ${script}`))
    throw new BadInput('--to is of our own account (BITCOIN_DESCRIPTOR): give an address of the payer’s')
  const from = await refundableCoins(tx, invoice, chain, millis(await tx.now()))
  const most = totalOf(from)
  if (most === 0n)
    throw new BadInput(
      `invoice ${invoice.id} is ${invoice.state}, and nothing of it can be given back: only what lies ${chain.payoutDepth} blocks deep, and neither counts nor is spent`,
    )
  if (units > most)
    throw new BadInput(
      `--amount ${formatMoney(units, 'BTC')} is more than can be given back of ${invoice.id}: ${formatMoney(most, 'BTC')}`,
    )
  if (units < minUnits)
    throw new BadInput(
      `--amount ${formatMoney(units, 'BTC')} would be lost in fees: at least ${formatMoney(minUnits, 'BTC')}`,
    )
  return { address, from }
}

/** In the transaction of the approval. Throws `BadInput` where the payments are not there any more. */
export async function carryOutCoinRefund(
  tx: Tx,
  {
    world,
    chain = usualChainTerms,
    rail,
  }: { world: World; chain?: ChainTerms | undefined; rail: Refunding | undefined },
  proposal: ProposalRow,
): Promise<PayoutRow> {
  const { to, satoshis } = detailOf(proposal)
  const invoice = await locked(tx, proposal.subject)
  const units = BigInt(satoshis!)
  const { from, address } = await checkRefund(tx, rail, chain, invoice, to!, units)
  const people = { madeBy: proposal.made_by, approvedBy: proposal.decided_by! }
  const payout = await oweRefund(tx, world, {
    invoiceId: invoice.id,
    to: address,
    units,
    from,
    ...people,
    why: proposal.why,
  })
  const detail = {
    payout: payout.id,
    to: address,
    amount: formatMoney(units, 'BTC'),
    proposal: proposal.id,
    why: proposal.why,
  }
  await audit(tx, { actor: proposal.decided_by!, act: 'invoice refunded', subject: invoice.id, detail })
  await restand(tx, { world, chain }, invoice, {
    why: because('give-back', { madeBy: people.madeBy, by: people.approvedBy, units: `${units}` }),
    ref: payout.id,
  })
  return payout
}

/**
 * A person sent it back by hand, with the same keys: proposed to a second one, who lets its stop go with it.
 * Throws `BadInput`.
 */
export async function proposeCoinRefundMade(
  { db, world }: RefundParts,
  id: string,
  { txid, by, why }: Asking & { txid: string },
): Promise<Proposed> {
  return db.tx(async tx => {
    const invoice = await locked(tx, id)
    const coins = await checkMade(tx, invoice, txid)
    const detail = {
      transaction: txid,
      amount: formatMoney(
        coins.reduce((sum, coin) => sum + leftOf(coin), 0n),
        'BTC',
      ),
    }
    return propose(tx, world, { act: coinRefundMadeAct, subject: invoice.id, detail, why, by })
  }, 'locks')
}

async function checkMade(tx: Tx, invoice: InvoiceRow, txid: string): Promise<CoinRow[]> {
  if (await tx.one(sql`select 1 as yes from bundle_candidates where id = ${txid}`))
    throw new BadInput(`--made "${txid}" is a transaction of these books: it is no refund by hand`)
  const spent = (await coinsOf(tx, invoice.id)).filter(
    coin => coin.spent_by === txid && coin.credits % 2n === 0n,
  )
  if (spent.length === 0)
    throw new BadInput(
      `--made "${txid}" spends no payment of ${invoice.id} that was not credited: give the transaction that "repasse invoice show" names, once the node has seen it`,
    )
  if (
    await tx.one(
      sql`select 1 as yes from refunds_elsewhere where txid = ${txid} and invoice_id = ${invoice.id}`,
    )
  )
    throw new BadInput(`${txid} is in the books already as the refund of ${invoice.id}`)
  return spent
}

export async function carryOutCoinRefundMade(
  tx: Tx,
  { world, chain = usualChainTerms }: { world: World; chain?: ChainTerms | undefined },
  proposal: ProposalRow,
): Promise<void> {
  const invoice = await locked(tx, proposal.subject)
  const txid = detailOf(proposal)['transaction']!
  const coins = await checkMade(tx, invoice, txid)
  const { made_by: madeBy, decided_by: approvedBy, why } = proposal
  await tx.run(sql`
    insert into refunds_elsewhere (txid, invoice_id, proposal_id, added_at)
      values (${txid}, ${invoice.id}, ${proposal.id}, ${await tx.now()})`)
  await audit(tx, {
    actor: approvedBy!,
    act: 'refund recorded',
    subject: invoice.id,
    detail: { txid, proposal: proposal.id, why },
  })
  // What it was stopped for is answered.
  await dropStop(tx, txid)
  await forgetForeign(tx, txid)
  for (const { id } of coins) await bookRefundMade(tx, world, id)
  await restand(tx, { world, chain }, invoice, {
    why: because('was-given-back', { madeBy, by: approvedBy! }),
    ref: txid,
  })
}

/** A refund that was not ordered yet is taken back by one person: nothing moves. */
export const withdrawCoinRefund = (
  { db, world, chain }: RefundParts,
  id: string,
  asking: Asking,
): Promise<PayoutRow> =>
  db.tx(async tx => {
    const payout = await withdrawRefundBy(tx, world, id, asking)
    const invoice = await locked(tx, payout.invoice_id)
    await restand(tx, { world, chain }, invoice, {
      why: because('refund-withdrawn', { by: asking.by, said: asking.why }),
      ref: id,
    })
    return payout
  }, 'locks')

async function locked(tx: Tx, id: string): Promise<InvoiceRow> {
  const invoice = await tx.one<InvoiceRow>(
    sql`select * from invoices where store_id = ${tx.store} and (id = ${id} or provider_id = ${id})
      ${forUpdate}`,
  )
  if (!invoice) throw new BadInput(`there is no invoice "${id}": "repasse invoice list" shows them`)
  return invoice
}
