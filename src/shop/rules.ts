/** Where the shop's money goes: one rule for each rail. A rail without one is not offered to anyone. */
import { formatUnits } from '../base/money.ts'
import type { Instant } from '../base/world.ts'
import { accountKindOf, assetOf, type RailName } from '../base/rails.ts'
import { audit } from '../ledger/ledger.ts'
import { findAccount, type AccountRow } from '../payout/payout.ts'
import { sql, type Reader, type Db } from '../db/db.ts'
import { answering, refuse, refuseIf, type RuleRefusal, type ShopRefusal } from './refusals.ts'

export type ShopRule = {
  rail: RailName
  account_id: string
  /** The payout account's name and state. */
  account: string
  account_state: 'awaiting' | 'approved' | 'closed'
  commission_bp: bigint
  /** Smallest units of the rail: less than this is not paid on. */
  min_payout_units: bigint
  changed_by: string
  changed_at: Instant
}

export const shopRules = (reader: Reader) =>
  reader.all<ShopRule>(sql`
    select r.rail, r.account_id, a.name as account, a.state as account_state, r.commission_bp,
      r.min_payout_units, r.changed_by, r.changed_at
    from store_rules r join accounts a on a.id = r.account_id where r.store_id = ${reader.store}
      order by r.rail desc`)

export interface NewRule {
  rail: RailName
  /** The account's name or id. */
  account: string
  commissionBp: bigint
  minPayoutUnits: bigint
}

/** Pure. */
export function mayPayTo(
  { name, kind, state }: Pick<AccountRow, 'name' | 'kind' | 'state'>,
  rail: RailName,
): RuleRefusal | undefined {
  const takes = accountKindOf(rail)
  if (kind !== takes) return { is: 'shop-account-kind', account: name, kind, rail, takes }
  return state === 'closed' ? { is: 'shop-account-closed', account: name } : undefined
}

/** Sets the rule of a rail; orders placed before keep the one they were placed under. */
export const payShopTo = (
  db: Db,
  { rail, account: name, commissionBp, minPayoutUnits }: NewRule,
  by: string,
): Promise<{ is: 'set'; rule: ShopRule } | ShopRefusal> =>
  answering(() =>
    db.tx(async tx => {
      const account = (await findAccount(tx, name)) ?? refuse({ is: 'account-unknown', name })
      refuseIf(mayPayTo(account, rail))
      const now = await tx.now()
      await tx.run(sql`
        insert into store_rules (store_id, rail, account_id, commission_bp, min_payout_units, changed_by,
          changed_at)
        values (${tx.store}, ${rail}, ${account.id}, ${commissionBp}, ${minPayoutUnits}, ${by}, ${now})
        on conflict (store_id, rail) do update
          set account_id = excluded.account_id, commission_bp = excluded.commission_bp,
          min_payout_units = excluded.min_payout_units, changed_by = excluded.changed_by,
            changed_at = excluded.changed_at`)
      const detail = {
        rail,
        account: account.id,
        commissionBp: `${commissionBp}`,
        minPayout: formatUnits(minPayoutUnits, assetOf(rail)),
      }
      await audit(tx, { actor: by, act: 'shop pays to', subject: tx.store, detail })
      return { is: 'set', rule: (await shopRules(tx)).find(rule => rule.rail === rail)! } as const
    }),
  )

/** Stops offering a rail. Orders that wait are paid all the same. */
export const stopOffering = (db: Db, rail: RailName, by: string): Promise<{ is: 'stopped' } | ShopRefusal> =>
  answering(() =>
    db.tx(async tx => {
      const removed = await tx.run(
        sql`delete from store_rules where store_id = ${tx.store} and rail = ${rail}`,
      )
      if (removed === 0) refuse({ is: 'shop-rail-not-offered', rail })
      await audit(tx, { actor: by, act: 'shop stopped offering', subject: tx.store, detail: { rail } })
      return { is: 'stopped' } as const
    }),
  )
