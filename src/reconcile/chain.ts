/**
 * The books against the chain: what we hold unspent, coin by coin, as the node's own set of unspent outputs
 * has it, to the satoshi.
 */
import { formatMoney } from '../base/money.ts'
import type { World } from '../base/world.ts'
import { lookAhead, nextOf, tipOf } from '../chain/chain.ts'
import { balances, keepBalanced, keepReconciled } from '../ledger/ledger.ts'
import type { Branch, ChainRail, Outpoint } from '../rails/chain.ts'
import { sql, type Db } from '../db/db.ts'

export interface ChainReconciliation {
  height: number
  /**
   * Satoshis: what the node has unspent at our outpoints, what our coins add up to, and what the ledger says.
   */
  chainUnits: bigint
  coinUnits: bigint
  bookUnits: bigint
  /** Coins that the node has not, or with another amount. */
  differing: Outpoint[]
  /** Events that are kept and not settled yet: until then the ledger may be behind. */
  unsettled: number
  agrees: boolean
}

const pageSize = 1_000

/**
 * Compares at one and the same block; where node and database are not at the same one, says so and compares
 * nothing.
 */
export async function reconcileChain(
  db: Db,
  rail: ChainRail,
  world: World,
): Promise<ChainReconciliation | string> {
  const { tip, coins, bookUnits, unsettled } = await db.tx(async tx => ({
    tip: await tipOf(tx),
    coins: await tx.all<{ id: Outpoint; units: bigint }>(
      sql`select id, units from coins where state = 'mined' and spent_height is null order by id`,
    ),
    bookUnits: (await balances(tx, 'BTC')).bank,
    unsettled: Number(
      (await tx.one<{ count: bigint }>(
        sql`select count(*) as count from inbox where rail = 'bitcoin' and state in ('new', 'waiting')`,
      ))!.count,
    ),
  }))
  if (!tip) return 'the chain was not looked at yet: "repasse serve" follows it'

  let chainUnits = 0n
  const differing: Outpoint[] = []
  for (let from = 0; from === 0 || from < coins.length; from += pageSize) {
    const page = coins.slice(from, from + pageSize)
    const answer = await rail.unspent(page.map(({ id }) => id))
    if (answer.is !== 'done') return `the node did not say what is unspent: ${answer.why}`
    if (answer.value.hash !== tip.hash)
      return `the node is at block ${answer.value.height} and the books are at ${tip.height}: compared when both are at one`
    for (const [index, units] of answer.value.units.entries()) {
      chainUnits += units ?? 0n
      if (units !== page[index]!.units) differing.push(page[index]!.id)
    }
  }
  const coinUnits = coins.reduce((sum, coin) => sum + coin.units, 0n)
  const agrees = differing.length === 0 && (bookUnits === coinUnits || unsettled > 0)
  const result = {
    height: Number(tip.height),
    chainUnits,
    coinUnits,
    bookUnits,
    differing,
    unsettled,
    agrees,
  }
  // What is kept and not settled yet may make the books lag by as much.
  const apart = chainUnits > bookUnits ? chainUnits - bookUnits : bookUnits - chainUnits
  const inFlightUnits = unsettled > 0 ? apart : 0n
  await db.tx(async tx =>
    keepReconciled(tx, 'bitcoin', {
      providerUnits: chainUnits,
      bookUnits,
      inFlightUnits,
      at: await tx.now(),
    }),
  )
  const shown = {
    chain: formatMoney(chainUnits, 'BTC'),
    coins: formatMoney(coinUnits, 'BTC'),
    books: formatMoney(bookUnits, 'BTC'),
    unsettled,
  }
  world.log[agrees ? 'info' : 'warn'](
    shown,
    agrees ? 'the chain and the books agree' : 'the chain and the books differ',
  )
  return result
}

/** The comparison is at one block, so a difference is no race: payouts stop until the two agree again. */
export async function holdAgainstChain(
  db: Db,
  { agrees, chainUnits, coinUnits, bookUnits, differing }: ChainReconciliation,
): Promise<string | undefined> {
  const [chain, coins, books] = [chainUnits, coinUnits, bookUnits].map(units => formatMoney(units, 'BTC'))
  const about = differing.length > 0 ? `, and the node differs about ${differing.slice(0, 3).join(', ')}` : ''
  const finding = `the chain holds ${chain}, our coins are ${coins}, the books say ${books}${about}`
  await db.tx(async tx => {
    await keepBalanced(tx, 'chain', agrees)
    if (agrees) await tx.run(sql`delete from settings where name = 'chain'`)
    else
      await tx.run(
        sql`insert into settings (name, value) values ('chain', ${finding}) on conflict (name) do update
          set value = excluded.value`,
      )
  })
  return agrees ? undefined : finding
}

/** Our account as the node's own scan of its unspent outputs has it. */
export interface ScanComparison {
  height: number
  /** Satoshis. */
  scannedUnits: bigint
  coinUnits: bigint
  /** Outputs of our account that we do not know, and coins of ours that the node did not find. */
  unknown: Outpoint[]
  missing: Outpoint[]
  agrees: boolean
}

/**
 * Asks the node for all that our descriptor has (`scantxoutset`), whatever we were watching: minutes on a big
 * chain. A string says why nothing was compared.
 */
export async function compareScan(db: Db, rail: ChainRail): Promise<ScanComparison | string> {
  // As far as we watch, which may be further than any wallet looks.
  const watched = async (branch: Branch) => lookAhead + (await nextOf(db, branch))
  const scanned = await rail.scan({ receive: await watched('receive'), change: await watched('change') })
  if (scanned.is !== 'done') return `the node did not scan: ${scanned.why}`
  const { height, hash, units: scannedUnits, outpoints } = scanned.value
  const { tip, coins } = await db.tx(async tx => ({
    tip: await tipOf(tx),
    coins: await tx.all<{ id: Outpoint; units: bigint }>(
      sql`select id, units from coins where state = 'mined' and spent_height is null order by id`,
    ),
  }))
  if (tip?.hash !== hash)
    return `the node scanned at block ${height} and the books are at ${tip?.height ?? 'none'}: compared when both are at one`
  const [theirs, ours] = [new Set(outpoints), new Set(coins.map(({ id }) => id))]
  const unknown = outpoints.filter(outpoint => !ours.has(outpoint))
  const missing = [...ours].filter(outpoint => !theirs.has(outpoint))
  const coinUnits = coins.reduce((sum, coin) => sum + coin.units, 0n)
  return {
    height,
    scannedUnits,
    coinUnits,
    unknown,
    missing,
    agrees: unknown.length + missing.length === 0 && scannedUnits === coinUnits,
  }
}
