/**
 * A payment request on a chain, as it is shown: where it is paid to, what it was priced at, what came, and
 * what is still missing.
 */
import type { Config } from '../base/config.ts'
import { formatMoney } from '../base/money.ts'
import type { Base } from '../app.ts'
import type { InvoiceRow } from '../invoice/invoice.ts'
import type { ChainTerms, Looked } from '../webhooks/webhooks.ts'
import { minUnits } from './dust.ts'
import { maybeMoney, moneyOf, table } from './print.ts'

export interface Request {
  row: InvoiceRow
  place: Place
  looked: Looked | undefined
  payoutDepth: number
}

interface Place {
  address: string | null
  /** From the master key, or from the account where its origin is unknown. */
  path: string | undefined
  uri: string | null
  /** Why the address was not derived again. */
  unchecked: string | undefined
}

/**
 * Reads it all. Throws where the kept address is not the one that our descriptor derives: it must not be
 * shown to anyone.
 */
export async function readRequest({ db, world, config }: Base, row: InvoiceRow): Promise<Request> {
  const { requestStatusOf: standingOf } = await import('../webhooks/webhooks.ts')
  const looked = await standingOf(db, row, chainTermsOf(config), world.clock.now())
  return {
    row,
    place: await placeOf(config, row, looked?.standing.missing ?? row.units),
    looked,
    payoutDepth: config.BITCOIN_PAYOUT_DEPTH,
  }
}

export const chainTermsOf = (config: Config): ChainTerms => ({
  payoutDepth: config.BITCOIN_PAYOUT_DEPTH,
  late: config.BITCOIN_LATE,
})

async function placeOf(config: Config, row: InvoiceRow, missing: bigint): Promise<Place> {
  const { provider_id: address, address_index: index, brcode: uri } = row
  if (address === null || index === null) return { address, path: undefined, uri, unchecked: undefined }
  const { BITCOIN_DESCRIPTOR: text, BITCOIN_NETWORK: network } = config
  if (text === undefined || network === undefined)
    return {
      address,
      path: undefined,
      uri,
      unchecked: 'not derived again: BITCOIN_DESCRIPTOR and BITCOIN_NETWORK are not both set',
    }
  const [{ derive, parseDescriptor }, { paymentUri }] = await Promise.all([
    import('../rails/bitcoin/descriptor.ts'),
    import('../rails/bitcoin/uri.ts'),
  ])
  const ours = derive(parseDescriptor(text, network), 'receive', Number(index))
  if (ours.address !== address)
    throw new Error(
      `invoice ${row.id} is kept with the address ${address}, and number ${index} of BITCOIN_DESCRIPTOR is ${ours.address}: ` +
        'show neither to a payer; somebody changed the database, or the descriptor is another',
    )
  // Of what came in part only the rest is asked for: a wallet that reads the first URI again would pay it all
  // once more.
  const units = missing > 0n ? missing : row.units
  const label = row.description && { label: row.description }
  return { address, path: ours.path, uri: paymentUri({ address, units, ...label }), unchecked: undefined }
}

export const requestView = ({ row, place, looked, payoutDepth }: Request) => ({
  address: place.address,
  addressChecked: place.address !== null && place.unchecked === undefined,
  addressIndex: row.address_index === null ? null : Number(row.address_index),
  path: place.path ?? null,
  uri: place.uri,
  quote:
    row.quote_units === null
      ? null
      : {
          asked: moneyOf(row.quote_units, 'BRL'),
          rate: maybeMoney(row.rate_units, 'BRL'),
          at: row.rate_at,
          sources: row.rate_sources?.split(', ') ?? [],
        },
  watchUntil: row.watch_until,
  confirmations: row.confirmations === null ? null : Number(row.confirmations),
  payoutDepth,
  takenOnBy: row.late_by,
  received: moneyOf(looked?.standing.received ?? 0n, 'BTC'),
  missing: moneyOf(looked?.standing.missing ?? row.units, 'BTC'),
  payments: (looked?.payments ?? []).map(({ coin, depth, counts, spent }) => ({
    coin: coin.id,
    ...moneyOf(coin.units, 'BTC'),
    state: coin.state,
    confirmations: Math.max(depth, 0),
    counts,
    spent,
    refunded: moneyOf(coin.refunded_units, 'BTC'),
    spentBy: coin.spent_by,
    firstSeenAt: coin.first_seen_at,
    block:
      coin.state !== 'mined' || coin.block_hash === null
        ? null
        : { hash: coin.block_hash, height: Number(coin.height) },
    payout: coin.payout_id,
  })),
})

type Facts = [string, string | null | undefined][]

/** What stands between the state and the payer. */
export const askedFacts = ({ row, looked }: Request): Facts => [
  [
    'asked',
    row.quote_units === null
      ? formatMoney(row.units, 'BTC')
      : `${formatMoney(row.units, 'BTC')} for ${formatMoney(row.quote_units, 'BRL')}`,
  ],
  [
    'at',
    row.rate_units === null
      ? undefined
      : `${formatMoney(row.rate_units, 'BRL')} a BTC, said ${row.rate_at} by ${row.rate_sources ?? 'nobody known'}`,
  ],
  ['received', looked && receivedOf(looked)],
  ['credited', row.paid_units === null ? null : formatMoney(row.paid_units, 'BTC')],
  ['taken on by', row.late_by],
]

const receivedOf = ({ standing: { received, missing } }: Looked) =>
  missing === 0n || received === 0n
    ? formatMoney(received, 'BTC')
    : `${formatMoney(received, 'BTC')}; missing: ${formatMoney(missing, 'BTC')}, ${
        missing < minUnits
          ? 'less than a node passes on: "repasse invoice accept" takes it as it came'
          : 'to the same address'
      }`

/** Where it is paid to. */
export const placeFacts = ({ row, place, looked }: Request): Facts => [
  ['watched until', row.watch_until],
  ['address', place.address && [place.address, place.unchecked].filter(Boolean).join(', ')],
  [
    'number',
    row.address_index === null
      ? undefined
      : `${row.address_index}${place.path === undefined ? '' : ` (${place.path})`}`,
  ],
  ['to pay it', looked?.standing.missing === 0n ? undefined : place.uri],
]

export function paymentsTable({ row, looked }: Request): string {
  if (!looked || looked.payments.length === 0) return ''
  const lines = looked.payments.map(({ coin, depth, counts, spent }) => [
    coin.id,
    formatMoney(coin.units, 'BTC'),
    spent
      ? `${coin.state}, given back or spent`
      : depth >= 0 && !counts
        ? `${coin.state}, waits for a person`
        : coin.state,
    `${Math.max(depth, 0)}/${row.confirmations ?? 1n}`,
    coin.first_seen_at,
    coin.state === 'mined' ? `${coin.height}` : '',
  ])
  return table(['PAYMENT', '>AMOUNT', 'STATE', '>CONFIRMATIONS', 'FIRST SEEN (UTC)', '>BLOCK'], lines)
}
