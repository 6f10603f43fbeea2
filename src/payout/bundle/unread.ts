/**
 * After a restore: the chain may hold what this database has forgotten, and a plan made before it was read
 * would pay that once more, from other coins. So nothing is planned, signed or sent until our tip was the
 * node's best block, its mempool was seen, and what both told is settled.
 */
import type { RailName } from '../../base/rails.ts'
import type { Instant } from '../../base/world.ts'
import { sql, type Reader, type Db, type Tx } from '../../db/db.ts'
import { payoutsStopped } from '../stops.ts'

/**
 * What is still to be read, or to be settled of what was read, before payouts of a rail go on by themselves.
 */
export type Unread =
  | { rail: 'starkbank'; code: 'not-read'; readAt: Instant | undefined }
  | { rail: 'bitcoin'; code: 'not-read'; tip: bigint | null; trouble: string | undefined }
  | { rail: RailName; code: 'unsettled'; events: bigint }
  /**
   * The bank does not list what went back to payers, so the log of each payout's invoice is read by itself.
   */
  | { rail: 'starkbank'; code: 'unlisted'; payouts: bigint }

/** As commands and errors say it. */
export function unreadSentence(unread: Unread): string {
  const { rail, code } = unread
  if (code === 'unlisted')
    return `${unread.payouts === 1n ? 'a payout waits' : `${unread.payouts} payouts wait`} until the bank's log of each one's invoice is read, after a restore or an absence: the bank refuses to list which payments went back meanwhile ("repasse serve" reads them one by one, within minutes)`
  const missing =
    code === 'unsettled'
      ? `${unread.events} of ${rail === 'bitcoin' ? 'its events' : 'the events they told'} ${unread.events === 1n ? 'is' : 'are'} not settled yet`
      : rail === 'bitcoin'
        ? `it is read up to block ${unread.tip ?? 'none'}, and neither every block since nor the mempool was looked at (${unread.trouble ?? '"repasse serve" does it'})`
        : `they were last read to their end ${unread.readAt === undefined ? 'never' : `at ${unread.readAt}`} ("repasse serve" does it every few minutes, and its job poll says what keeps it)`
  return rail === 'bitcoin'
    ? `Bitcoin payouts wait after the restore until the chain is read as far as the node has it: ${missing}`
    : `payouts wait until the bank's logs are read as far as they go, after a restore or an absence: ${missing}`
}

const name = 'chain unread'

/** From a restore on, where the database belongs to an account on a chain. */
export async function waitForChain(tx: Tx): Promise<void> {
  if (
    !(await tx.one(
      sql`select 1 as yes from settings where name = 'bitcoin identity' union all select 1 as yes
        from chain_scripts limit 1`,
    ))
  )
    return
  await tx.run(sql`
    insert into settings (name, value) values (${name}, 'to be read') on conflict (name) do update
      set value = excluded.value`)
}

/** The chain was followed up to the node's best block, and its mempool seen, with all that they tell kept. */
export const chainWasRead = (tx: Tx) => tx.run(sql`update settings set value = 'read' where name = ${name}`)

/**
 * Whether anybody waits for it: asked before anything is written, for the chain is followed every few
 * seconds.
 */
export const isChainAwaited = async (reader: Reader): Promise<boolean> =>
  (await reader.one(sql`select 1 as yes from settings where name = ${name} and value <> 'read'`)) !==
  undefined

/** What Bitcoin payouts still wait for after a restore; undefined where nothing. */
export async function chainUnread(reader: Reader): Promise<Unread | undefined> {
  const row = await reader.one<{ value: string }>(sql`select value from settings where name = ${name}`)
  if (!row) return undefined
  return row.value === 'read' ? unsettled(reader) : unreadBlocks(reader)
}

/** The same as a sentence. */
export async function chainUnreadWhy(reader: Reader): Promise<string | undefined> {
  const unread = await chainUnread(reader)
  return unread && unreadSentence(unread)
}

/**
 * What keeps a payout on the chain from going out now: what stops every payout, or a chain that is not read
 * again yet.
 */
export const chainPayoutsStopped = async (reader: Reader): Promise<string | undefined> =>
  (await payoutsStopped(reader)) ?? (await chainUnreadWhy(reader))

/**
 * Once it was read the mark goes: asked for by whoever plans, for until then nothing of this database is
 * sent.
 */
export async function isChainUnread(db: Db): Promise<boolean> {
  if (!(await db.one(sql`select 1 as yes from settings where name = ${name}`))) return false
  return db.tx(async tx => {
    if ((await chainUnread(tx)) !== undefined) return true
    await tx.run(sql`delete from settings where name = ${name}`)
    return false
  }, 'locks')
}

async function unsettled(reader: Reader): Promise<Unread | undefined> {
  const { count } = (await reader.one<{ count: bigint }>(
    sql`select count(*) as count from inbox where rail = 'bitcoin' and state in ('new', 'waiting')`,
  ))!
  return count === 0n ? undefined : { rail: 'bitcoin', code: 'unsettled', events: count }
}

async function unreadBlocks(reader: Reader): Promise<Unread> {
  const { tip } = (await reader.one<{ tip: bigint | null }>(
    sql`select max(height) as tip from chain_blocks where active = 1`,
  ))!
  const trouble = await reader.one<{ value: string }>(
    sql`select value from cursors where name = 'chain trouble' and value <> ''`,
  )
  return { rail: 'bitcoin', code: 'not-read', tip, trouble: trouble?.value }
}
