/**
 * What is objected to where money would go: an account, or another one at the same place. Asked where
 * accounts are added and approved, and where payouts are ordered, planned and signed.
 */
import { because, type Reason } from '../base/reasons.ts'
import { doneFault } from '../approvals/approvals.ts'
import { objectionsOf, openObjections, type Objection, type ObjectionKind } from '../ledger/ledger.ts'
import { join, sql, type Reader } from '../db/db.ts'
import type { AccountRow } from './accountRow.ts'
import { isAtOnePlace, type NewDestination } from './place.ts'
import type { PayoutRow } from './row.ts'

export const accountClearAct = 'account.clear'

export const toAccounts: ObjectionKind = {
  ...{ table: sql`account_objections`, of: sql`account_id`, noun: 'account ' },
  ...{ objected: 'account objected', cleared: 'account objection cleared' },
  isEnd: async (reader, end) =>
    (await doneFault(reader, end, {
      act: accountClearAct,
      about: end.subject,
      says: { objectedBy: end.objectedBy },
    })) === undefined,
}

/** The open ones to an account. */
export const accountObjections = (reader: Reader, accountId: string): Promise<Objection[]> =>
  objectionsOf(reader, toAccounts, accountId)

export type OpenObjection = Pick<Objection, 'made_by' | 'why'> & { account: string }

export const objectionWhy = ({ account, made_by: by, why }: OpenObjection): Reason =>
  because('account-objected', { account, by, said: why })

/**
 * What is objected to where each of these payouts goes, by their ids: its account, or another one at the same
 * place, as a refund's is.
 */
export async function objectionsTo(
  reader: Reader,
  payouts: readonly Pick<PayoutRow, 'id' | 'account_id'>[],
): Promise<Map<string, OpenObjection>> {
  const found = new Map<string, OpenObjection>()
  const doubted = payouts.length === 0 ? [] : await objectedPlaces(reader)
  if (doubted.length === 0) return found
  const ids = [...new Set(payouts.map(({ account_id: id }) => id))]
  const rows = await reader.all<AccountRow>(sql`select * from accounts where id in (${join(ids)})`)
  const open = new Map<string, OpenObjection | undefined>()
  for (const row of rows) open.set(row.id, await amongPlaces(doubted, row))
  for (const { id, account_id: to } of payouts) {
    const objection = open.get(to)
    if (objection) found.set(id, objection)
  }
  return found
}

/** What is objected to where this account pays, itself or another one at its place. */
export const objectionTo = async (reader: Reader, account: AccountRow): Promise<OpenObjection | undefined> =>
  amongPlaces(await objectedPlaces(reader), account)

type ObjectedPlace = OpenObjection & { at: AccountRow }

async function amongPlaces(
  places: readonly ObjectedPlace[],
  to: AccountRow,
): Promise<OpenObjection | undefined> {
  const own = places.find(({ at }) => at.id === to.id)
  if (own) return own
  for (const place of places) if (await isAtOnePlace(place.at, to)) return place
  return undefined
}

/** Each as it was added, whatever became of its row since. */
async function objectedPlaces(reader: Reader): Promise<ObjectedPlace[]> {
  const open = await openObjections(reader, toAccounts)
  if (open.size === 0) return []
  const ids = join([...open.keys()])
  const rows = await reader.all<AccountRow>(sql`select * from accounts where id in (${ids})`)
  const added = await reader.all<{ subject: string; detail: string }>(
    sql`select subject, detail from audit where subject in (${ids}) and act = 'account added'`,
  )
  return [...open].flatMap(([id, [objection]]) => {
    const row = rows.find(each => each.id === id)
    const record = added.find(({ subject }) => subject === id)
    const said = record && addedAs(id, record.detail)
    const at = said ? { next_index: 0n, ...row, ...said } : row
    return at ? [{ ...objection!, account: at.name, at: at as AccountRow }] : []
  })
}

/** The place that a record says, by the names of its row. */
function addedAs(id: string, detail: string): { id: string; name: string } {
  const {
    taxId: tax_id,
    kind = 'bank',
    ...to
  } = JSON.parse(detail) as { name: string } & NewDestination & {
      taxId?: string
    }
  return { id, ...to, ...{ kind, tax_id } }
}
