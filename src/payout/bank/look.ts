/**
 * A look at what the bank has: a payout is ordered, or an order given up, from one that is fresh and older
 * than no order.
 */
import { deadlineIn, type Deadline } from '../../base/deadline.ts'
import type { World } from '../../base/world.ts'
import { payoutOfKey } from '../../ledger/ledger.ts'
import { callMs } from '../../rails/rail.ts'
import { sql, type Reader } from '../../db/db.ts'

export interface Look {
  payoutId: string
  deadline: Deadline
  /**
   * The payout's orders, and transfers heard of under its tags, as these books had them before the bank was
   * asked.
   */
  known: string
}

/** As the log says it. */
export const staleLook = 'what the bank showed is too old to act on: it is asked again'

/** Before the bank is asked: what is ordered after this is newer than the look. */
export async function beginLook(
  reader: Reader,
  { clock }: Pick<World, 'clock'>,
  payoutId: string,
): Promise<Look> {
  const deadline = deadlineIn(callMs, clock)
  return { payoutId, deadline, known: await knownOf(reader, payoutId) }
}

/**
 * Whether a look may be acted on, asked in the transaction that does: the worker did not stall after it
 * began, and nobody has ordered since or heard of a transfer.
 */
export const isFresh = async (reader: Reader, look: Look): Promise<boolean> =>
  look.deadline.leftMs() > 0 && (await isUnchanged(reader, look))

/** The same without the deadline, where a person's approval is what the look is for. */
export const isUnchanged = async (reader: Reader, { payoutId, known }: Look): Promise<boolean> =>
  known === (await knownOf(reader, payoutId))

/** After our own transaction wrote down what the look showed. */
export const withKnown = async (reader: Reader, look: Look): Promise<Look> => ({
  ...look,
  known: await knownOf(reader, look.payoutId),
})

async function knownOf(reader: Reader, payoutId: string): Promise<string> {
  const orders = await reader.all<{ fact: string }>(sql`
    select id || ' ' || state || ' ' || asked_at || ' ' || absences || ' ' || coalesce(provider_id,
      '') as fact
    from attempts where payout_id = ${payoutId} order by id`)
  const strange = await reader.all<{ fact: string }>(sql`
    select provider_id || ' ' || coalesce(verdict, '') as fact from strange_transfers
    where invoice_tag = (select invoice_id from payouts where id = ${payoutId})
      or (order_key is not null and ${payoutOfKey} = ${payoutId}) order by provider_id`)
  return [...orders, ...strange].map(({ fact }) => fact).join('\n')
}
