/** Our coins on a chain and the addresses they came to, as the command line shows them. */
import { listAddresses, type CoinState, type ScriptRow } from '../chain/chain.ts'
import { sql, type Reader } from '../db/db.ts'
import { coinbaseDepth, type Branch } from '../rails/chain.ts'

export type ReceivedAt = ScriptRow & {
  /** Satoshis of the coins that blocks have there. */
  received: bigint
}

/** Addresses of one branch from a number on, with what came to each. */
export async function addressesReceived(
  reader: Reader,
  { branch, from, limit }: { branch: Branch; from: number; limit: number },
): Promise<ReceivedAt[]> {
  const rows: ReceivedAt[] = []
  for (const row of await listAddresses(reader, branch, from, limit)) {
    const sum = await reader.one<{ units: bigint }>(sql`
      select cast(coalesce(sum(units), 0) as bigint) as units from coins where branch = ${branch}
        and number = ${row.number} and state = 'mined'`)
    rows.push({ ...row, received: sum!.units })
  }
  return rows
}

/** Every amount in satoshis. */
export interface CoinsHeld {
  coins: { state: CoinState | 'spent'; count: bigint; units: bigint }[]
  spendable: bigint
  reserved: bigint
  bundles: Record<string, number>
}

/** `depth`: how deep in blocks a coin must lie before it is spent; one that was mined for us, deeper. */
export async function coinsHeld(reader: Reader, tip: bigint, depth: number): Promise<CoinsHeld> {
  const coins = await reader.all<CoinsHeld['coins'][number]>(sql`
    select case when spent_height is not null then 'spent'
      else state end as state, count(*) as count, cast(sum(units) as bigint) as units
    from coins group by 1 order by 1`)
  const sums = await reader.one<{ spendable: bigint; reserved: bigint }>(sql`
    select
      cast(coalesce(sum(case when state = 'mined' and spent_by is null
        and height <= ${tip - BigInt(depth) + 1n} and bundle is null
        and (coinbase = 0 or height <= ${tip - BigInt(coinbaseDepth) + 1n}) then units end), 0) as bigint)
        as spendable,
      cast(coalesce(sum(case when spent_height is null and bundle is not null
        then units end), 0) as bigint) as reserved
    from (select c.*, b.bundle_id as bundle from coins c left
      join bundle_coins b on b.outpoint = c.id) as each_coin`)
  const bundles = await reader.all<{ state: string; count: bigint }>(
    sql`select state, count(*) as count from bundles group by state order by state`,
  )
  return {
    coins,
    ...sums!,
    bundles: Object.fromEntries(bundles.map(({ state, count }) => [state, Number(count)])),
  }
}
