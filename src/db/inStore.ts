/**
 * Which store is read and written: every `Reader`, `Tx` and `Db` bears one, and whoever opens it for a
 * request, a command or a job says which.
 */
import type { Db, Tx } from './contract.ts'

/** The store that a new database has, and the only one that an installation has today. */
export const defaultStore = 'sto_default'

/** The same database, of whose rows another store's are meant. */
export const inStore = (db: Db, store: string): Db => ({
  ...db,
  store,
  tx: (work, how) => db.tx(tx => work({ ...tx, store }), how),
})

/** The same transaction, for what it has claimed of another store. */
export const ofStore = (tx: Tx, store: string): Tx => ({ ...tx, store })
