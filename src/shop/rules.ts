/** Where the shop's money goes: one rule for each rail. A rail without one is not offered to anyone. */
import { BadInput } from '../base/answer.ts'
import { formatUnits } from '../base/money.ts'
import type { Instant } from '../base/world.ts'
import { accountKindOf, assetOf, type RailName } from '../base/rails.ts'
import { audit } from '../ledger/ledger.ts'
import { findAccount } from '../payout/payout.ts'
import { sql, type Reader, type Db } from '../db/db.ts'

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

/** Sets the rule of a rail; orders placed before keep the one they were placed under. Throws `BadInput`. */
export async function payShopTo(
  db: Db,
  { rail, account: name, commissionBp, minPayoutUnits }: NewRule,
  by: string,
): Promise<ShopRule> {
  return db.tx(async tx => {
    const account = await findAccount(tx, name)
    if (!account) throw new BadInput(`there is no account "${name}": "repasse account list" shows them`)
    const kind = accountKindOf(rail)
    if (account.kind !== kind)
      throw new BadInput(
        `"${name}" is a ${account.kind} account, and the ${rail} rail pays to a ${kind} account: "repasse account list" shows them`,
      )
    if (account.state === 'closed') throw new BadInput(`account "${name}" is closed: name another`)
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
    return (await shopRules(tx)).find(rule => rule.rail === rail)!
  })
}

/**
 * Stops offering a rail. Orders that wait are paid all the same. Throws `BadInput` where it is not offered.
 */
export async function stopOffering(db: Db, rail: RailName, by: string): Promise<void> {
  await db.tx(async tx => {
    const removed = await tx.run(sql`delete from store_rules where store_id = ${tx.store} and rail = ${rail}`)
    if (removed === 0)
      throw new BadInput(`the shop does not offer ${rail}: "repasse shop show" says what it does`)
    await audit(tx, { actor: by, act: 'shop stopped offering', subject: tx.store, detail: { rail } })
  })
}
