/**
 * By what terms a slot or an order asks, as its own history says, which is only ever added to: the schedule
 * and its version, or the account and the commission of the shop's rule. A row that names others asks for
 * nothing, and what it brings is passed on to nobody.
 */
import { join, sql, type Reader } from '../db/db.ts'

const past = 'somebody has changed it past this program'

/** As a slot's history has it, from the line on with which it fell due. */
export const termsRef = ({ id, version }: { id: string; version: bigint }): string => `${id}/${version}`

/** As an order's history has it, for each time that it asked. */
export const ruleRef = ({
  account_id: account,
  commission_bp: commissionBp,
}: {
  account_id: string
  commission_bp: bigint
}): string => `${account}/${commissionBp}`

const refsOf = async (
  reader: Reader,
  about: 'slots' | 'orders',
  ids: readonly string[],
): Promise<Map<string, string[]>> => {
  if (ids.length === 0) return new Map()
  const lines = await reader.all<{ id: string; ref: string }>(sql`
    select subject as id, ref from transitions where subject in (${join([...new Set(ids)])})
      and about = ${about} and ref is not null order by seq`)
  const own = about === 'slots' ? /^sch_.*\// : /^acc_.*\//
  const found = new Map<string, string[]>()
  for (const { id, ref } of lines) if (own.test(ref)) found.set(id, [...(found.get(id) ?? []), ref])
  return found
}

export interface SlotTerms {
  id: string
  schedule_id: string
  schedule_version: bigint
}

/**
 * Why some of these slots are not of the terms they fell due by, by their ids; those from before that was
 * written down are left out.
 */
export async function slotFaults(reader: Reader, slots: readonly SlotTerms[]): Promise<Map<string, string>> {
  const refs = await refsOf(
    reader,
    'slots',
    slots.map(({ id }) => id),
  )
  return new Map(
    slots.flatMap(({ id, schedule_id: schedule, schedule_version: version }) => {
      const [due, now] = [refs.get(id)?.at(-1), termsRef({ id: schedule, version })]
      return due === undefined || due === now
        ? []
        : [[id, `slot ${id} is of ${now}, and fell due by ${due}: ${past}`]]
    }),
  )
}

export interface OrderTerms {
  id: string
  order_id: string
  account_id: string
  commission_bp: bigint
}

/**
 * Why some of these invoices of orders are not by the rule that asked, by their ids; those from before that
 * was written down are left out.
 */
export async function orderFaults(
  reader: Reader,
  invoices: readonly OrderTerms[],
): Promise<Map<string, string>> {
  const refs = await refsOf(
    reader,
    'orders',
    invoices.map(({ order_id: id }) => id),
  )
  return new Map(
    invoices.flatMap(invoice => {
      const [asked = [], now] = [refs.get(invoice.order_id), ruleRef(invoice)]
      if (asked.length === 0 || asked.includes(now)) return []
      return [
        [
          invoice.id,
          `invoice ${invoice.id} is by the rule ${now}, and order ${invoice.order_id} asked by ${asked.join(', ')}: ${past}`,
        ],
      ]
    }),
  )
}
