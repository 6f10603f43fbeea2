/**
 * Our own key at the bank, as the audit log tells of it: made, in use, retired, its file deleted. The files
 * themselves are the rail's.
 */
import type { Instant } from '../../base/world.ts'
import { audit } from '../../ledger/ledger.ts'
import { sql, type Reader, type Db } from '../../db/db.ts'

export type OwnKeyAct = 'own key made' | 'own key in use' | 'own key retired' | 'own key deleted'

interface Key {
  keyId: string
  file: string
}

export interface OwnKeyStep {
  act: OwnKeyAct
  key: Key
  /** The key whose place it took, which is retired by it. */
  before?: Key | undefined
  by: string
  why?: string
}

/** What happened to a key, oldest first. */
export const ownKeySteps = (reader: Reader, keyId: string): Promise<{ act: OwnKeyAct; at: Instant }[]> =>
  reader.all(sql`
    select act, at from audit where subject = ${keyId}
      and act in ('own key made', 'own key in use', 'own key retired', 'own key deleted') order by seq`)

/** Writes a step down, once for each key. */
export async function recordOwnKey(db: Db, { act, key, before, by, why }: OwnKeyStep): Promise<void> {
  await db.tx(async tx => {
    const once = async (what: OwnKeyAct, { keyId, file }: Key, detail: Record<string, string>) => {
      if ((await ownKeySteps(tx, keyId)).some(step => step.act === what)) return
      await audit(tx, { actor: by, act: what, subject: keyId, detail: { file, ...detail } })
    }
    await once(act, key, { ...(before && { before: before.keyId }), ...(why !== undefined && { why }) })
    if (before) await once('own key retired', before, { by: key.keyId })
  })
}

/** Whether another key has taken this one's place. */
export const isOwnKeyRetired = async (reader: Reader, keyId: string): Promise<boolean> =>
  (await ownKeySteps(reader, keyId)).some(({ act }) => act === 'own key retired')
