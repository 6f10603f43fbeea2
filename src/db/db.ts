/**
 * The store: one set of queries on two databases. Open one with a URL; everything else goes through `Db` and
 * `Tx`.
 */
import { BadInput } from '../base/answer.ts'
import type { DataKeys } from '../base/cipher.ts'
import type { Clock, World } from '../base/world.ts'
import type { Db } from './contract.ts'

export { bindTo, identitiesOf, identityOf } from './identity.ts'
export { defaultStore, inStore, ofStore } from './inStore.ts'
export { isInhabited, leaveWal, quickCheck } from './whole.ts'
export { through } from './through.ts'
export { DbUnavailable, type Isolation, type Reader, type Row, type Db, type Tx } from './contract.ts'
export {
  encrypted,
  isUnreadable,
  sameAs,
  sameAsAny,
  unreadableText,
  type EncryptedColumn,
} from './encrypted.ts'
export { asStored, empty, forUpdate, join, skipLocked, sql, where, type Sql, type Value } from './sql.ts'
export { isOlderThan } from './ages.ts'
export { eachApart, faultOf, throwFirst, type Fault } from './apart.ts'
export { readInSets } from './sets.ts'
export {
  history,
  remember,
  says,
  setWhy,
  stateTable,
  valuesOf,
  type Cause,
  type StateTable,
  type Transition,
  type Why,
} from './move.ts'

/**
 * Opens `sqlite:<file>`, `sqlite::memory:` or `postgres://…`. `readOnly`: nothing can be written by it, and
 * nobody waits for it. `keys`: what columns of `encrypted.ts` are encrypted under; without them they are
 * written in the clear.
 */
export async function openDb(
  url: string,
  world: { clock: Clock; random: World['random']; keys?: DataKeys; virtual?: boolean; readOnly?: boolean },
): Promise<Db> {
  if (url.startsWith('sqlite:'))
    return (await import('./sqlite.ts')).openSqlite(url.slice('sqlite:'.length), world)
  if (/^postgres(ql)?:\/\//.test(url)) return (await import('./postgres.ts')).openPostgres(url, world)
  throw new BadInput(
    'DATABASE_URL is set, and not shown here: expected sqlite:<file> or postgres://user@host/database',
  )
}
