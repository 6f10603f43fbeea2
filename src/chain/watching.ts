/**
 * What one process keeps in memory of what it watches: filled from the database, and filled again when
 * another process has followed meanwhile.
 */
import type { Branch, ChainRail, Outpoint, Watch } from '../rails/chain.ts'
import { forUpdate, sql, type Reader, type Tx } from '../db/db.ts'

export interface Watching {
  readonly watch: Watch
  /** The mempool as it was last looked at. */
  waiting: Set<string>
  /** Which of the followings in the database was ours: another means that another process was at work. */
  turn: bigint
  /** Numbers of each branch whose scripts are in `watch` already. */
  upTo: Record<Branch, bigint>
}

const pageSize = 10_000
const turnName = 'chain turn'

export const newWatching = (rail: Pick<ChainRail, 'newWatch'>): Watching => ({
  watch: rail.newWatch(),
  waiting: new Set(),
  turn: -1n,
  upTo: { receive: 0n, change: 0n },
})

/** How many times the chain was followed by whichever process. */
export async function turnOf(reader: Reader): Promise<bigint> {
  const row = await reader.one<{ value: string }>(sql`select value from cursors where name = ${turnName}`)
  return BigInt(row?.value ?? '0')
}

/**
 * Whoever changes what is known of the chain does it alone: two that follow at once wait for each other here,
 * to the transaction's end.
 */
export async function holdTurn(tx: Tx): Promise<void> {
  await tx.run(sql`insert into cursors (name, value) values (${turnName}, '0') on conflict (name) do nothing`)
  await tx.one(sql`select value from cursors where name = ${turnName} ${forUpdate}`)
}

/** Counts one more in the transaction that changes something, and answers which it is. */
export async function takeTurn(tx: Tx): Promise<bigint> {
  const turn = (await turnOf(tx)) + 1n
  await tx.run(sql`
    insert into cursors (name, value) values (${turnName}, ${turn.toString()}) on conflict (name) do update
      set value = excluded.value`)
  return turn
}

/** Adds what was handed out since the last look; all coins besides, where another process found some. */
export async function refresh(reader: Reader, watching: Watching): Promise<void> {
  const { watch, upTo } = watching
  for (const branch of ['receive', 'change'] as const)
    for (;;) {
      const rows = await reader.all<{ script: Uint8Array; number: bigint }>(sql`
        select script, number from chain_scripts where branch = ${branch} and number >= ${upTo[branch]}
          order by number limit ${pageSize}`)
      for (const { script } of rows) watch.addScript(script)
      if (rows.length > 0) upTo[branch] = rows.at(-1)!.number + 1n
      if (rows.length < pageSize) break
    }
  const turn = await turnOf(reader)
  if (turn === watching.turn) return
  await addOutpoints(reader, watch)
  watching.waiting = new Set()
  watching.turn = turn
}

/** Every coin that is not long gone, and what the payers of those not settled yet spend. */
async function addOutpoints(reader: Reader, watch: Watch): Promise<void> {
  for (let after = ''; ;) {
    const rows = await reader.all<{ id: Outpoint }>(
      sql`select id from coins where id > ${after} order by id limit ${pageSize}`,
    )
    for (const { id } of rows) watch.addOutpoint(id)
    if (rows.length < pageSize) break
    after = rows.at(-1)!.id
  }
  for (let after = ''; ;) {
    const rows = await reader.all<{ outpoint: Outpoint }>(sql`
      select distinct outpoint from coin_inputs where outpoint > ${after} order by outpoint
        limit ${pageSize}`)
    for (const { outpoint } of rows) watch.addOutpoint(outpoint)
    if (rows.length < pageSize) break
    after = rows.at(-1)!.outpoint
  }
}
