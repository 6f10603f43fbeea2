/**
 * What each invoice was drafted for, as its own history says, which is only ever added to: one that was put
 * under another slot or order past this program, or made one of another amount, is asked for by nobody, and
 * what it brings is passed on to nobody.
 */
import { formatMoney, type Asset } from '../base/money.ts'
import { join, sql, type Reader } from '../db/db.ts'

export interface Drafted {
  id: string
  slot_id: string | null
  order_id: string | null
  /** Where its amount is to be held against its history too. */
  asset?: Asset
  units?: bigint
}

/**
 * Why some of these are not what was drafted, by their ids; what an older version did not write down is left
 * out.
 */
export async function notAsDrafted(
  reader: Reader,
  invoices: readonly Drafted[],
): Promise<Map<string, string>> {
  if (invoices.length === 0) return new Map()
  const lines = await reader.all<FirstLine>(sql`
    select subject as id, ref, reason, detail from transitions
    where subject in (${join(invoices.map(({ id }) => id))}) and about = 'invoices' and from_state = ''
      order by seq desc`)
  // The first line of each is the last one here.
  const drafted = new Map(lines.map(line => [line.id, line]))
  return new Map(
    invoices.flatMap(invoice => {
      const line = drafted.get(invoice.id)
      const why = line && (movedFrom(invoice, line) ?? anotherAmount(invoice, line))
      return why === undefined ? [] : [[invoice.id, `invoice ${invoice.id} is of ${why}: ${past}`]]
    }),
  )
}

const past = 'somebody has changed it past this program'

type FirstLine = { id: string; ref: string | null; reason: string | null; detail: string | null }

function movedFrom({ slot_id: slot, order_id: order }: Drafted, { ref }: FirstLine): string | undefined {
  const now = slot ?? order
  return ref === null || ref === now ? undefined : `${now ?? 'nothing'}, and was drafted for ${ref}`
}

function anotherAmount({ asset, units }: Drafted, { reason, detail }: FirstLine): string | undefined {
  if (asset === undefined || units === undefined || detail === null) return undefined
  if (reason !== 'drafted-of-slot' && reason !== 'drafted-of-order') return undefined
  const drafted = JSON.parse(detail) as { units: string; asset: Asset }
  if (drafted.units === `${units}` && drafted.asset === asset) return undefined
  return `${formatMoney(units, asset)}, and was drafted of ${formatMoney(BigInt(drafted.units), drafted.asset)}`
}
