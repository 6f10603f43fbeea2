/** How things stand on the chain, as figures in satoshis, and what there needs a person. */
import type { Instant } from '../base/world.ts'
import { chainTrouble, tipOf } from '../chain/chain.ts'
import { balances, totals, type Account, type MovementName } from '../ledger/ledger.ts'
import { chainUnread } from '../payout/payout.ts'
import { sql, type Reader } from '../db/db.ts'
import { askToRead, type AttentionItem } from './attention.ts'
import { byState, countsOf } from './byState.ts'
import { chainAsks, type ChainNow } from './chainAttention.ts'

/** Every amount in satoshis. */
export interface ChainStatus {
  /** asked = open + paid + lost (expired, canceled or refused). */
  requests: { asked: bigint; open: bigint; paid: bigint; lost: bigint; counts: Record<string, number> }
  /** credited + refunds = commission + networkFees + paidOn + inTransit + owed. */
  money: {
    /** Came in blocks and is not credited: too shallow, or a person must say. */
    pending: bigint
    credited: bigint
    /** Payments, or parts of them, that are or were given back by payouts of their own. */
    refunds: bigint
    commission: bigint
    /** Taken from payees by blocks: their shares of the first offer, and what replacements took beyond it. */
    networkFees: bigint
    paidOn: bigint
    inTransit: bigint
    owed: bigint
    /**
     * Change of ours too small for an output, left to the miners: the installation’s own cost, so no part of
     * the equation.
     */
    dust: bigint
    /** At addresses of ours for no request, less what left by no order of ours. */
    external: bigint
    /** Unspent in blocks at scripts of ours, by the books. */
    onChain: bigint
  }
  payouts: Record<string, number>
  bundles: Record<string, number>
  tip: { height: number; hash: string; at: Instant } | undefined
  trouble: string | undefined
  asks: AttentionItem[]
  addsUp: boolean
}

const open = ['draft', 'issued', 'seen', 'underpaid', 'confirming', 'late']
const over = { paid: ['paid', 'credited'], lost: ['expired', 'canceled', 'refused'] }

/** Undefined where no chain was ever looked at and nothing was asked for on one. */
export async function chainStatus(reader: Reader, at: ChainNow): Promise<ChainStatus | undefined> {
  const [tip, trouble] = [await tipOf(reader), await chainTrouble(reader)]
  const rows = await byState(reader, 'invoices', 'BTC')
  if (!tip && trouble === undefined && rows.length === 0) return undefined

  const sumOf = (states: string[]) =>
    rows.filter(({ state }) => states.includes(state)).reduce((sum, row) => sum + row.units, 0n)
  const requests = {
    asked: rows.reduce((sum, row) => sum + row.units, 0n),
    open: sumOf(open),
    paid: sumOf(over.paid),
    lost: sumOf(over.lost),
    counts: countsOf(rows),
  }
  const unread = await chainUnread(reader)
  const money = chainMoney(await totals(reader, 'BTC'), await balances(reader, 'BTC'))
  const explained = money.commission + money.networkFees + money.paidOn + money.inTransit + money.owed
  return {
    requests,
    money,
    payouts: countsOf(await byState(reader, 'payouts', 'BTC')),
    bundles: countsOf(
      await reader.all<{ state: string; count: bigint }>(
        sql`select state, count(*) as count from bundles group by state`,
      ),
    ),
    tip: tip && { height: Number(tip.height), hash: tip.hash, at: tip.at },
    trouble,
    asks: [
      ...(unread === undefined ? [] : [askToRead(unread)]),
      ...(await chainAsks(reader, trouble, tip?.height, at)),
    ],
    addsUp:
      requests.asked === requests.open + requests.paid + requests.lost &&
      money.credited + money.refunds === explained,
  }
}

/** What the movements of the chain's rail come to, in satoshis. */
export const chainMoney = (
  moved: Record<MovementName, bigint>,
  standing: Record<Account, bigint>,
): ChainStatus['money'] => ({
  pending: -standing.pending,
  credited: moved['payment credited'] - moved['payment uncredited'],
  refunds: moved['refund owed'] - moved['refund withdrawn'],
  commission: moved.commission - moved['commission returned'],
  networkFees:
    moved['network fee'] - moved['network fee returned'] + moved['fee bump'] - moved['fee bump returned'],
  paidOn:
    moved['payout mined'] -
    moved['payout unmined'] +
    moved['payout paid elsewhere'] -
    moved['payout elsewhere undone'],
  inTransit: -standing['in-transit'],
  owed: -standing.payable,
  dust:
    moved['dust given up'] -
    moved['dust returned'] +
    moved['cancellation fee'] -
    moved['cancellation fee returned'],
  external: -standing.external,
  onChain: standing.bank,
})
