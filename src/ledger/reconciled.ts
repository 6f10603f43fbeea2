/**
 * What was found when a provider was last held against the books: kept, so that whoever watches need not ask
 * the provider again.
 */
import type { Instant } from '../base/world.ts'
import { sql, type Reader, type Tx } from '../db/db.ts'

/** All in smallest units of the rail's asset. */
export interface Reconciled {
  providerUnits: bigint
  bookUnits: bigint
  /** How far the two may lie apart. */
  inFlightUnits: bigint
  at: Instant
}

const nameOf = (rail: string) => `${rail} reconciled`

export async function keepReconciled(
  tx: Tx,
  rail: string,
  { providerUnits, bookUnits, inFlightUnits, at }: Reconciled,
): Promise<void> {
  const value = JSON.stringify({
    at,
    provider: `${providerUnits}`,
    books: `${bookUnits}`,
    inFlight: `${inFlightUnits}`,
  })
  await tx.run(
    sql`insert into cursors (name, value) values (${nameOf(rail)}, ${value}) on conflict (name) do update
      set value = excluded.value`,
  )
}

/** Undefined until the rail's provider was first held against the books. */
export async function lastReconciled(reader: Reader, rail: string): Promise<Reconciled | undefined> {
  const row = await reader.one<{ value: string }>(sql`select value from cursors where name = ${nameOf(rail)}`)
  if (!row) return undefined
  const { at, provider, books, inFlight } = JSON.parse(row.value) as Record<
    'at' | 'provider' | 'books' | 'inFlight',
    string
  >
  return { providerUnits: BigInt(provider), bookUnits: BigInt(books), inFlightUnits: BigInt(inFlight), at }
}
