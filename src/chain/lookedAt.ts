/** When the chain was last read to its end, mempool included: what time alone decides is decided as of then, and not while nobody looked. */
import type { Instant } from '../base/world.ts'
import { sql, type Reader, type Store } from '../store/store.ts'

const name = 'chain looked at'

/** Undefined before the first look. */
export const chainLookedAt = async (reader: Reader): Promise<Instant | undefined> =>
  (await reader.one<{ value: string }>(sql`select value from cursors where name = ${name}`))?.value

/** The chain is looked at every few seconds: it is only written where some request's time is over, and somebody waits for the word. */
export async function keepLookedAt(store: Store, at: Instant): Promise<void> {
  const waits = await store.one(sql`
    select 1 as yes from invoices where rail = 'bitcoin' and ((state = 'issued' and due_at < ${at}) or (state = 'underpaid' and watch_until < ${at})) limit 1`)
  if (!waits) return
  await store.tx(
    tx => tx.run(sql`insert into cursors (name, value) values (${name}, ${at}) on conflict (name) do update set value = excluded.value`),
    'locks',
  )
}
