/**
 * Giving back what came on the chain and counts for nothing: two people decide it, by a payout of ours or for
 * what a person sent by hand.
 */
import { because } from '../../base/reasons.ts'
import { formatMoney } from '../../base/money.ts'
import { millis, type World } from '../../base/world.ts'
import { coinsOf, leftOf, ripeDepthOf, type CoinRow } from '../../chain/chain.ts'
import type { InvoiceRow } from '../../invoice/invoice.ts'
import { audit, detailOf, propose, type ProposalRow, type Proposed } from '../../ledger/ledger.ts'
import {
  bookRefundMade,
  dropStops,
  forgetForeign,
  oweRefund,
  withdrawRefundBy,
  type PayoutRow,
} from '../../payout/payout.ts'
import type { ChainRail } from '../../rails/chain.ts'
import { forUpdate, sql, type Reader, type Db, type Tx } from '../../db/db.ts'
import { usualChainTerms, type ChainTerms } from '../apply.ts'
import { answering, refuse, type InvoiceRefusal } from '../refusals.ts'
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

/** Proposes it to a second person. `units`: all that may be given back where nothing is said. */
export const proposeCoinRefund = (
  { db, world, chain }: RefundParts,
  rail: Refunding | undefined,
  id: string,
  { to, units, by, why }: Asking & { to: string; units: bigint | undefined },
): Promise<Proposed | InvoiceRefusal> =>
  answering(() =>
    db.tx(async tx => {
      const invoice = await locked(tx, id)
      const amount = units ?? totalOf(await refundableCoins(tx, invoice, chain, millis(await tx.now())))
      const { address } = await checkRefund(tx, rail, chain, invoice, to, amount)
      const detail = { to: address, satoshis: amount.toString(), amount: formatMoney(amount, 'BTC') }
      return propose(tx, world, { act: coinRefundAct, subject: invoice.id, detail, why, by })
    }, 'locks'),
  )

/** What both people are shown holds when it is asked and when it is done. */
async function checkRefund(
  tx: Tx,
  rail: Refunding | undefined,
  chain: ChainTerms,
  invoice: InvoiceRow,
  to: string,
  units: bigint,
): Promise<{ address: string; from: { id: string; left: bigint }[] }> {
  if (invoice.rail !== 'bitcoin') refuse({ is: 'refund-not-on-chain', id: invoice.id })
  if (!rail) return refuse({ is: 'rail-not-configured', asks: 'chain' })
  if (/[(]|^[xyztuv]pub/.test(to.trim())) refuse({ is: 'refund-takes-an-address' })
  const { address, script } = rail.destination(to.trim(), 0)
  if (await tx.one(sql`select 1 as yes from chain_scripts where script = ${script}`))
    refuse({ is: 'refund-to-ourselves' })
  const from = await refundableCoins(tx, invoice, chain, millis(await tx.now()))
  const maxUnits = totalOf(from)
  const { id, state } = invoice
  if (maxUnits === 0n) refuse({ is: 'nothing-to-refund', id, state, depth: chain.payoutDepth })
  if (units > maxUnits) refuse({ is: 'refund-too-much', id, units, maxUnits })
  if (units < minUnits) refuse({ is: 'refund-too-small', units, minUnits })
  return { address, from }
}

/** In the transaction of the approval. Refuses where the payments are not there any more. */
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
 */
export const proposeCoinRefundMade = (
  { db, world }: RefundParts,
  id: string,
  { txid, by, why }: Asking & { txid: string },
): Promise<Proposed | InvoiceRefusal> =>
  answering(() =>
    db.tx(async tx => {
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
    }, 'locks'),
  )

async function checkMade(tx: Tx, invoice: InvoiceRow, txid: string): Promise<CoinRow[]> {
  if (await tx.one(sql`select 1 as yes from bundle_candidates where id = ${txid}`))
    refuse({ is: 'refund-by-our-books', txid })
  const spent = (await coinsOf(tx, invoice.id)).filter(
    coin => coin.spent_by === txid && coin.credits % 2n === 0n,
  )
  if (spent.length === 0) refuse({ is: 'refund-spends-nothing', id: invoice.id, txid })
  if (
    await tx.one(
      sql`select 1 as yes from refunds_elsewhere where txid = ${txid} and invoice_id = ${invoice.id}`,
    )
  )
    refuse({ is: 'refund-known', id: invoice.id, txid })
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
  await dropStops(tx, 'coins-spent-by-unknown', ({ txid: of }) => of === txid)
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
): Promise<{ is: 'done'; payout: PayoutRow } | InvoiceRefusal> =>
  answering(() =>
    db.tx(async tx => {
      const payout = await withdrawRefundBy(tx, world, id, asking)
      const invoice = await locked(tx, payout.invoice_id)
      await restand(tx, { world, chain }, invoice, {
        why: because('refund-withdrawn', { by: asking.by, said: asking.why }),
        ref: id,
      })
      return { is: 'done', payout } as const
    }, 'locks'),
  )

async function locked(tx: Tx, id: string): Promise<InvoiceRow> {
  const invoice = await tx.one<InvoiceRow>(
    sql`select * from invoices where store_id = ${tx.store} and (id = ${id} or provider_id = ${id})
      ${forUpdate}`,
  )
  return invoice ?? refuse({ is: 'invoice-unknown', id })
}
