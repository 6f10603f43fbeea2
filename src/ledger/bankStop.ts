/**
 * What of the bank's own account stops payouts: a difference that lasts, and money that left by no order of
 * ours, under a tag of ours or under none.
 */
import { formatReais } from '../base/money.ts'
import { sql, type Reader, type Tx } from '../db/db.ts'
import { payoutOfKey } from './tags.ts'

/** What a transfer may cost, above what was ordered. */
export const orderMarginUnits = 1_000n

/** Each with its amount; the rest of many is counted. */
const maxNamed = 3

/**
 * The stop that the bank's own account calls for, written where payouts look before they go. Asked for
 * wherever such money is first seen, or explained.
 */
export async function keepBankStop(tx: Tx): Promise<string | undefined> {
  // Locks the row first: what another transaction writes meanwhile is read after it, so that none of them
  // takes away the other's stop.
  await tx.run(
    sql`insert into settings (name, value) values ('bank', '') on conflict (name) do update
      set value = settings.value`,
  )
  const drifts = await tx.all<{ finding: string }>(
    sql`select finding from drifts where stopped_since is not null and finding is not null`,
  )
  const lines = [...(await strangersOut(tx)), ...(await suspenseOut(tx))]
  const rest = lines.length > maxNamed ? [`and ${lines.length - maxNamed} more such lines`] : []
  const findings = [...drifts.map(({ finding }) => finding), ...lines.slice(0, maxNamed), ...rest]
  if (findings.length === 0) await tx.run(sql`delete from settings where name = 'bank'`)
  else
    await tx.run(sql`update settings set value = ${findings.join(' · ').slice(0, 2_000)} where name = 'bank'`)
  return findings.length === 0 ? undefined : findings.join(' · ')
}

/** What left by no order of ours and nobody has looked at, oldest first. */
const strangersOut = async (reader: Reader): Promise<string[]> => {
  const rows = await reader.all<{ id: string; units: bigint; description: string }>(
    sql`select id, units, description from strangers where state = 'open' and units < 0 order by at, id
      limit 1000`,
  )
  return rows.map(
    ({ id, units, description }) =>
      `${formatReais(-units)} left the bank by no order of ours (line ${id}: ${description.slice(0, 80)})`,
  )
}

/**
 * What left under a tag of ours beyond what came under the same one, as an invoice and its transfer do that
 * were lost with an old database. A tag is easily made up, so it excuses nothing else; but where its payout
 * is about to be ordered and is not less than what transfers moved, the bank is asked what those were before
 * anything is (`payout/underTag.ts`): then one is taken up, or its payout is held, and it stops all. What
 * left of the invoice itself is no transfer that this would find.
 */
const suspenseOut = async (reader: Reader): Promise<string[]> => {
  const rows = await reader.all<{ tag: string; units: bigint; ref: string }>(sql`
    select tag, units, ref from (
      select tag, cast(sum(units) as bigint) as units, sum(case when about = 'invoice' then units
        else 0 end) as of_invoice,
        min(case when units < 0 then provider_id end) as ref, min(added_at) as since from (
        select about, units, provider_id, added_at, coalesce(invoice_tag, (select invoice_id from payouts
          where id = ${payoutOfKey}), order_key) as tag
        from suspense_lines where cleared_at is null) as waiting
      group by tag) as by_tag
    where units < 0 and (of_invoice < 0 or not exists (
      select 1 from payouts p join accounts a on a.id = p.account_id
      where p.invoice_id = tag and p.state in ('owed', 'waiting') and a.state = 'approved'
        and p.units + ${orderMarginUnits} >= -by_tag.units))
    order by since, tag limit 1000`)
  return rows.map(
    ({ tag, units, ref }) =>
      `${formatReais(-units)} left the bank under our tag ${tag} by no order of these books (${ref})`,
  )
}
