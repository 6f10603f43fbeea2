/** A store as it is reached through one channel: what is recorded of an act in its transactions says by which way it came. */
import type { Channel, Store } from './contract.ts'

/** The same database; every transaction bears `channel`. */
export const through = (store: Store, channel: Channel): Store => ({
  ...store,
  tx: (work, how) => store.tx(tx => work({ ...tx, channel }), how),
})
