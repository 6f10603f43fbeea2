/**
 * What each invoice was drafted for, as its own history says, which is only ever added to: one that was put
 * under another slot or order past this program is asked for by nobody, and what it brings is passed on to
 * nobody.
 */
import { join, sql, type Reader } from '../db/db.ts'

export interface Drafted {
  id: string
  slot_id: string | null
  order_id: string | null
}

/**
 * Why some of these are not what was drafted, by their ids; those from before that was written down are left
 * out.
 */
export async function notAsDrafted(
  reader: Reader,
  invoices: readonly Drafted[],
): Promise<Map<string, string>> {
  if (invoices.length === 0) return new Map()
  const lines = await reader.all<{ id: string; ref: string | null }>(sql`
    select subject as id, ref from transitions
    where subject in (${join(invoices.map(({ id }) => id))}) and about = 'invoices' and from_state = ''
      order by seq desc`)
  // The first line of each is the last one here.
  const drafted = new Map(lines.map(({ id, ref }) => [id, ref]))
  return new Map(
    invoices.flatMap(({ id, slot_id: slot, order_id: order }) => {
      const ref = drafted.get(id) ?? null
      const now = slot ?? order
      if (ref === null || ref === now) return []
      return [
        [
          id,
          `invoice ${id} is of ${now ?? 'nothing'}, and was drafted for ${ref}: somebody has changed it past this program`,
        ],
      ]
    }),
  )
}
