/**
 * A payment request on a chain, as it is shown: what came for it, what may go back, and where it is paid to.
 */
import type { Reader } from '../db/db.ts'
import type { InvoiceRow } from '../invoice/invoice.ts'
import type { FlowParts } from '../jobs/jobs.ts'
import { isRefundMade } from '../payout/payout.ts'
import { refundableCoins, requestStatusOf, type Looked } from '../webhooks/webhooks.ts'

type RequestParts = Omit<FlowParts, 'rails'>

/** Nothing is known of it where there is no chain. */
export interface ShownRequest {
  looked: Looked | undefined
  refunds: CoinRefunds | undefined
  /** As our own account derives it now; undefined where nobody can. */
  derived: { address: string; path: string } | undefined
  /** BIP 321, for what is still missing. */
  uri: string | undefined
}

export async function showRequest({ rails, ...parts }: FlowParts, row: InvoiceRow): Promise<ShownRequest> {
  const { db, world, bitcoin } = parts
  const derived =
    rails.bitcoin && row.address_index !== null
      ? rails.bitcoin.derive('receive', Number(row.address_index))
      : undefined
  const looked = bitcoin && (await requestStatusOf(db, row, bitcoin.terms, world.clock.now()))
  const missing = looked?.standing.missing ?? row.units
  return {
    ...{ looked, derived },
    refunds: await showCoinRefunds(parts, row, looked),
    uri:
      rails.bitcoin && derived && derived.address === row.provider_id
        ? rails.bitcoin.uri(derived.address, missing > 0n ? missing : row.units, row.description)
        : undefined,
  }
}

export interface CoinRefunds {
  /** Satoshis that may be given back now. */
  units: bigint
  /** Transactions that are not ours and spent a payment of it, and that nobody has said anything about. */
  elsewhere: string[]
}

async function showCoinRefunds(
  { db, world, bitcoin }: RequestParts,
  row: InvoiceRow,
  looked: Looked | undefined,
): Promise<CoinRefunds | undefined> {
  if (!bitcoin || !looked) return undefined
  const parts = await refundableCoins(db, row, bitcoin.terms, world.clock.now())
  const spenders = new Set(
    looked.payments.flatMap(({ coin, spent }) => (spent && coin.spent_by !== null ? [coin.spent_by] : [])),
  )
  const elsewhere = await unrecorded(db, [...spenders])
  return { units: parts.reduce((sum, { left }) => sum + left, 0n), elsewhere }
}

async function unrecorded(reader: Reader, txids: readonly string[]): Promise<string[]> {
  const known = await Promise.all(txids.map(txid => isRefundMade(reader, txid)))
  return txids.filter((_, at) => !known[at])
}
