/**
 * Strange transfers: at the bank, under a tag of ours, and no order of these books. Nothing is ordered for
 * their invoice before they are looked at.
 */
import { payoutOfKey, type OurTags } from '../../ledger/ledger.ts'
import { readInSets, sql, type Reader, type Tx } from '../../db/db.ts'

export type Verdict = 'ours' | 'not-ours'

export type StrangeTransfer = {
  rail: string
  provider_id: string
  invoice_tag: string | null
  order_key: string | null
  payout_id: string | null
  verdict: Verdict | null
  decided_by: string | null
  decided_why: string | null
  decided_at: string | null
  seen_at: string
}

/** Remembers one. */
export async function noteStrange(
  tx: Tx,
  { rail, providerId, tags: { invoice, order } }: { rail: string; providerId: string; tags: OurTags },
): Promise<void> {
  await tx.run(sql`
    insert into strange_transfers (rail, provider_id, store_id, invoice_tag, order_key, seen_at)
    values (${rail}, ${providerId}, ${tx.store}, ${invoice ?? null}, ${order ?? null}, ${await tx.now()})
      on conflict (rail, provider_id) do nothing`)
}

/**
 * Of a payout: whether a transfer nobody has looked at bears its invoice's tag, or the key of an order of its
 * own.
 */
export const hasStrange = sql`(
  exists (select 1 from strange_transfers where invoice_tag = payouts.invoice_id and verdict is null)
  or payouts.id in (select ${payoutOfKey} from strange_transfers where order_key is not null
    and verdict is null))`

/** Such transfers under a key of this payout: each with that key. */
export const strangeUnderKeysOf = (
  reader: Reader,
  payoutId: string,
): Promise<{ provider_id: string; order_key: string }[]> =>
  reader.all(sql`
    select provider_id, order_key from strange_transfers where order_key is not null
      and ${payoutOfKey} = ${payoutId} and verdict is null
    order by order_key, provider_id`)

/** Who said, with a second person, that a transfer is no order of ours, and why. */
export interface Disowned {
  by: string
  why: string
}

/** Of the transfers among these, by their id at the bank, those of which two people said so. */
export async function disownedAmong(
  reader: Reader,
  providerIds: Iterable<string>,
): Promise<Map<string, Disowned>> {
  const rows = await readInSets(providerIds, set =>
    reader.all<{ provider_id: string; by: string; why: string | null }>(sql`
      select provider_id, decided_by as by, decided_why as why from strange_transfers
        where provider_id in (${set}) and verdict = 'not-ours'`),
  )
  return new Map(rows.map(({ provider_id: id, by, why }) => [id, { by, why: why ?? '' }]))
}

/** What was said about the transfers among these, by their id at the bank. */
export async function verdictsOn(
  reader: Reader,
  providerIds: Iterable<string>,
): Promise<Map<string, Verdict>> {
  const rows = await readInSets(providerIds, set =>
    reader.all<{ provider_id: string; verdict: Verdict }>(sql`
      select provider_id, verdict from strange_transfers where provider_id in (${set})
        and verdict is not null`),
  )
  return new Map(rows.map(({ provider_id: id, verdict }) => [id, verdict]))
}
