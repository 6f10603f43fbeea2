/**
 * Plain text is refused in encrypted columns once everything in them was encrypted: the audit log says so,
 * which is chained and anchored, so that nobody takes it back by an edit.
 */
import type { DataKeys } from '../base/cipher.ts'
import type { Db } from '../db/db.ts'
import { columns, followSealed, mayBeSealed, sealedAct } from '../db/rotate.ts'
import { audit } from './audit.ts'

/** Answers whether there was anything to seal. Other processes follow within a minute. */
export async function sealColumns(db: Db, keys: DataKeys, by: string): Promise<boolean> {
  const isSealed = await db.tx(async tx => {
    if (!keys.newest || !(await mayBeSealed(tx, keys))) return false
    const detail = { columns: columns.join(' ') }
    await audit(tx, { actor: by, act: sealedAct, subject: keys.newest.id, detail })
    return true
  })
  await followSealed(db, keys)
  return isSealed
}
