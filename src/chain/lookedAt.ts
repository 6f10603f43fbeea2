/**
 * When the chain was last read to its end, mempool included: what time alone decides is decided as of then,
 * and not while nobody looked.
 */
import { later, type Instant } from '../base/world.ts'
import { sql, type Reader, type Db } from '../db/db.ts'

const name = 'chain looked at'

/** Undefined before the first look. */
export const chainLookedAt = async (reader: Reader): Promise<Instant | undefined> =>
  (await reader.one<{ value: string }>(sql`select value from cursors where name = ${name}`))?.value

/** How long a look counts for whoever plans from it: a block that came since is on its way to be read. */
const freshMs = 60_000
/** Older than this it is rewritten. */
const keptMs = 20_000

/**
 * Whether the chain was read up to the node's best block a moment ago. Blocks may come faster than anybody
 * plans between two of them.
 */
export async function isJustLookedAt(reader: Reader, now: Instant): Promise<boolean> {
  const at = await chainLookedAt(reader)
  return at !== undefined && at <= now && at >= later(now, -freshMs)
}

/**
 * The chain is looked at every few seconds: it is written now and then, and at once where some request's time
 * is over and somebody waits for the word.
 */
export async function keepLookedAt(db: Db, at: Instant): Promise<void> {
  const last = await chainLookedAt(db)
  const isKept = last !== undefined && last <= at && last > later(at, -keptMs)
  const waits =
    !isKept ||
    (await db.one(sql`
    select 1 as yes from invoices where rail = 'bitcoin' and ((state = 'issued' and due_at < ${at})
      or (state = 'underpaid' and watch_until < ${at})) limit 1`))
  if (!waits) return
  await db.tx(
    tx =>
      tx.run(
        sql`insert into cursors (name, value) values (${name}, ${at}) on conflict (name) do update
          set value = excluded.value`,
      ),
    'locks',
  )
}
