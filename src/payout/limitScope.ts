/** What limits are of: all payouts of one asset, or the payouts to one account. */
import type { Asset } from '../base/money.ts'
import { assetOfKind, type AccountKind } from '../base/rails.ts'
import { sql, type Reader } from '../db/db.ts'
import { installationScope } from './limits.ts'

export interface LimitScope {
  /** As rows and the audit log have it. */
  id: string
  asset: Asset
  /** Null of all payouts. */
  account: string | null
}

/** By the scope's id. */
export async function limitedBy(reader: Reader, id: string): Promise<LimitScope> {
  for (const asset of ['BRL', 'BTC'] as const)
    if (id === installationScope(asset)) return { id, asset, account: null }
  const row = await reader.one<{ name: string; kind: AccountKind }>(
    sql`select name, kind from accounts where id = ${id}`,
  )
  return { id, asset: row ? assetOfKind(row.kind) : 'BRL', account: row?.name ?? id }
}

/** In sentences of commands, behind "limits of". */
export const nameOfScope = ({ account, asset }: Pick<LimitScope, 'account' | 'asset'>): string =>
  account ?? `all payouts in ${asset}`
