/**
 * Receipts of an invoice as the audit log has them. Whoever can write to the database can put one into the
 * inbox, so what counts, and what is in the way of another, is what people recorded.
 */
import { receiptIdOf } from '../../rails/cash/receipt.ts'
import { join, sql, type Reader } from '../../db/db.ts'

/** In the audit log, under the invoice, with the digest of the receipt and the id of its event. */
export const receivedAct = 'cash received'

/** Under the invoice too: what was recorded before it counts no more. */
export const takenBackAct = 'receipt taken back'

interface Recorded {
  eventId: string
  /** SHA-256 of its bytes, in hexadecimal. */
  digest: string | undefined
  isTakenBack: boolean
}

/** Oldest first. An older version kept no id of the event: it recorded one receipt of an invoice at most. */
async function recordedReceipts(reader: Reader, invoiceId: string): Promise<Recorded[]> {
  const acts = await reader.all<{ act: string; detail: string }>(sql`
    select act, detail from audit where subject = ${invoiceId} and act in (${receivedAct}, ${takenBackAct})
      order by seq`)
  const lastTakenBack = acts.findLastIndex(({ act }) => act === takenBackAct)
  return acts.flatMap(({ act, detail }, place) => {
    if (act !== receivedAct) return []
    const { event = receiptIdOf(invoiceId), receipt: digest } = JSON.parse(detail) as Record<string, string>
    return [{ eventId: event, digest, isTakenBack: place < lastTakenBack }]
  })
}

/**
 * What the audit log has of the receipt that an event is. `unrecorded`: somebody wrote it past the program.
 */
export async function receiptStatus(
  reader: Reader,
  invoiceId: string,
  event: { id: string; digest: string },
): Promise<'unrecorded' | 'counts' | 'taken back'> {
  const recorded = (await recordedReceipts(reader, invoiceId)).find(
    ({ eventId, digest }) => eventId === event.id && digest === event.digest,
  )
  if (!recorded) return 'unrecorded'
  return recorded.isTakenBack ? 'taken back' : 'counts'
}

/** One was recorded, and is not settled yet. Asked with the invoice's row locked. */
export async function isReceiptPending(reader: Reader, invoiceId: string): Promise<boolean> {
  const ids = (await recordedReceipts(reader, invoiceId)).map(({ eventId }) => eventId)
  if (ids.length === 0) return false
  const pending = await reader.one(sql`
    select 1 as yes from inbox where rail = 'cash' and event_id in (${join(ids)})
      and state in ('new', 'waiting')`)
  return pending !== undefined
}

/** The id of its next receipt's event: one that neither a person nor anybody else has used. */
export async function nextReceiptId(reader: Reader, invoiceId: string): Promise<string> {
  const recorded = (await recordedReceipts(reader, invoiceId)).map(({ eventId }) => eventId)
  for (let number = 1; ; number++) {
    const id = receiptIdOf(invoiceId, number)
    if (recorded.includes(id)) continue
    if (!(await reader.one(sql`select 1 as yes from inbox where rail = 'cash' and event_id = ${id}`)))
      return id
  }
}
