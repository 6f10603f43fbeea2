/**
 * After a restore: the chain may hold what this database has forgotten, and a plan made before it was read would pay that once more, from
 * other coins. So nothing is planned, signed or sent until our tip was the node's best block, its mempool was seen, and what both told is settled.
 */
import { sql, type Reader, type Store, type Tx } from '../store/store.ts'
import { payoutsStopped } from './row.ts'

const name = 'chain unread'

/** From a restore on, where the database belongs to an account on a chain. */
export async function waitForChain(tx: Tx): Promise<void> {
  if (
    !(await tx.one(sql`select 1 as yes from settings where name = 'bitcoin identity' union all select 1 as yes from chain_scripts limit 1`))
  )
    return
  await tx.run(sql`
    insert into settings (name, value) values (${name}, 'to be read') on conflict (name) do update set value = excluded.value`)
}

/** The chain was followed up to the node's best block, and its mempool seen, with all that they tell kept. */
export const chainWasRead = (tx: Tx) => tx.run(sql`update settings set value = 'read' where name = ${name}`)

/** Whether anybody waits for it: asked before anything is written, for the chain is followed every few seconds. */
export const isChainAwaited = async (reader: Reader): Promise<boolean> =>
  (await reader.one(sql`select 1 as yes from settings where name = ${name} and value <> 'read'`)) !== undefined

/** What Bitcoin payouts still wait for after a restore, as a sentence; undefined where nothing. */
export async function chainUnread(reader: Reader): Promise<string | undefined> {
  const row = await reader.one<{ value: string }>(sql`select value from settings where name = ${name}`)
  if (!row) return undefined
  const missing = row.value === 'read' ? await unsettled(reader) : await unreadBlocks(reader)
  return missing && `Bitcoin payouts wait after the restore until the chain is read as far as the node has it: ${missing}`
}

/** What keeps a payout on the chain from going out now: what stops every payout, or a chain that is not read again yet. */
export const chainPayoutsStopped = async (reader: Reader): Promise<string | undefined> =>
  (await payoutsStopped(reader)) ?? (await chainUnread(reader))

/** Once it was read the mark goes: asked for by whoever plans, for until then nothing of this database is sent. */
export async function isChainUnread(store: Store): Promise<boolean> {
  if (!(await store.one(sql`select 1 as yes from settings where name = ${name}`))) return false
  return store.tx(async tx => {
    if ((await chainUnread(tx)) !== undefined) return true
    await tx.run(sql`delete from settings where name = ${name}`)
    return false
  }, 'locks')
}

async function unsettled(reader: Reader): Promise<string | undefined> {
  const { count } = (await reader.one<{ count: bigint }>(
    sql`select count(*) as count from inbox where rail = 'bitcoin' and state in ('new', 'waiting')`,
  ))!
  return count === 0n ? undefined : `${count} of its events ${count === 1n ? 'is' : 'are'} not settled yet`
}

async function unreadBlocks(reader: Reader): Promise<string> {
  const { tip } = (await reader.one<{ tip: bigint | null }>(sql`select max(height) as tip from chain_blocks where active = 1`))!
  const trouble = await reader.one<{ value: string }>(sql`select value from cursors where name = 'chain trouble' and value <> ''`)
  return `it is read up to block ${tip ?? 'none'}, and neither every block since nor the mempool was looked at (${trouble?.value ?? '"repasse serve" does it'})`
}
