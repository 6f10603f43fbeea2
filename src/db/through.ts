/**
 * A store as it is reached through one channel: what is recorded of an act in its transactions says by which
 * way it came.
 */
import type { Channel, Db } from './contract.ts'

/** The same database; every transaction bears `channel`. */
export const through = (db: Db, channel: Channel): Db => ({
  ...db,
  tx: (work, how) => db.tx(tx => work({ ...tx, channel }), how),
})
