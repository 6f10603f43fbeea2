/**
 * Since when the books are in balance, or are not, as each look at them found: kept, because what they are
 * held against says only how it is now.
 */
import type { Instant } from '../base/world.ts'
import { sql, type Reader, type Tx } from '../db/db.ts'

export interface Balanced {
  isOk: boolean
  /** When it was first found so. */
  since: Instant
  /** When it was last looked at. */
  lookedAt: Instant
}

/** `books`: our own invariants; `bank`, `chain`: the books against the provider. */
export type HeldAgainst = 'books' | 'bank' | 'chain'

const nameOf = (against: HeldAgainst) => `${against} balanced`

export async function keepBalanced(tx: Tx, against: HeldAgainst, isOk: boolean): Promise<void> {
  const [before, now] = [await readBalanced(tx, against), await tx.now()]
  const found: Balanced = { isOk, since: before?.isOk === isOk ? before.since : now, lookedAt: now }
  await tx.run(sql`
    insert into cursors (name, value) values (${nameOf(against)}, ${JSON.stringify(found)})
      on conflict (name) do update set value = excluded.value`)
}

/** Undefined before the first look. */
export async function readBalanced(reader: Reader, against: HeldAgainst): Promise<Balanced | undefined> {
  const row = await reader.one<{ value: string }>(
    sql`select value from cursors where name = ${nameOf(against)}`,
  )
  return row && (JSON.parse(row.value) as Balanced)
}
