/**
 * What was stated of a schedule, version by version: the audit log says who made each and how that was
 * proven, and its statement keeps the terms. Whoever orders a payout holds its invoice against the version
 * that asked for it.
 */
import { because, type Reason } from '../base/reasons.ts'
import {
  findStatement,
  judgeApproval,
  type Approved,
  type Content,
  type Judged,
} from '../approvals/approvals.ts'
import { notAsDrafted } from '../ledger/ledger.ts'
import { join, sql, type Reader } from '../db/db.ts'
import { orderFaults, slotFaults } from './askedBy.ts'

export const scheduleTermsAct = 'schedule.terms'

const past = 'somebody has changed it past this program'

/** A record that says what a schedule's terms are from then on, or whether it runs. */
export type ScheduleRecord = Pick<Approved, keyof Approved> & {
  act:
    | 'schedule added'
    | 'schedule payers changed'
    | 'schedule changed'
    | 'schedule signed'
    | 'schedule paused'
    | 'schedule resumed'
}

/** Everything that was done to one schedule's rule, oldest first. */
export const scheduleRecords = (reader: Reader, scheduleId: string): Promise<ScheduleRecord[]> =>
  reader.all<ScheduleRecord>(sql`
    select seq, actor, subject, act, detail from audit where subject = ${scheduleId}
      and act in ('schedule added', 'schedule payers changed', 'schedule changed', 'schedule signed',
        'schedule paused', 'schedule resumed')
    order by seq`)

const detailIn = ({ detail }: Pick<Approved, 'detail'>) =>
  JSON.parse(detail) as { version?: string; statement?: string }

/** The version that a record states; undefined where it is of none. */
export function versionOf(record: ScheduleRecord): bigint | undefined {
  if (record.act === 'schedule paused' || record.act === 'schedule resumed') return undefined
  const { version } = detailIn(record)
  return record.act === 'schedule added' ? 1n : version === undefined ? undefined : BigInt(version)
}

/** The last record that states version `version`. */
export const recordOf = (records: readonly ScheduleRecord[], version: bigint): ScheduleRecord | undefined =>
  records.findLast(record => versionOf(record) === version)

export interface StatedTerms {
  judged: Judged
  /** As the statement keeps them; undefined in a version from before statements. */
  terms?: Content | undefined
}

/**
 * One version, judged by its own statement. A version from before statements is only said, until somebody
 * proves a later one: what its terms were cannot be shown to anybody any more.
 */
export async function statedTerms(
  reader: Reader,
  records: readonly ScheduleRecord[],
  version: bigint,
): Promise<StatedTerms> {
  const record = recordOf(records, version)
  if (!record) return { judged: { is: 'changed', why: `nobody made version ${version}` } }
  const { statement } = detailIn(record)
  if (statement !== undefined) {
    const terms = JSON.parse((await findStatement(reader, statement))?.content ?? '{}') as Content
    return { judged: await judgeApproval(reader, record, scheduleTermsAct, terms), terms }
  }
  const since = records.find(each => each.seq > record.seq && versionOf(each) !== undefined && isProven(each))
  return { judged: since ? await judgedByItself(reader, since) : { is: 'approved', proof: 'said' } }
}

const isProven = ({ detail }: Approved): boolean => /"proof":"(code|key|passkey)"/.test(detail)

async function judgedByItself(reader: Reader, record: ScheduleRecord): Promise<Judged> {
  const row = await findStatement(reader, detailIn(record).statement ?? '')
  return judgeApproval(reader, record, scheduleTermsAct, JSON.parse(row?.content ?? '{}') as Content)
}

/** Why payouts wait where the terms of their schedule have to be proven. */
export const termsOnlySaid = (schedule: string): Reason => because('terms-only-said', { schedule })

type AskedBy = {
  id: string
  invoice_id: string
  account_id: string
  commission_bp: bigint
  slot_id: string | null
  order_id: string | null
  /** Null where an order asked. */
  schedule_id: string | null
  schedule: string
  version: bigint
}

/**
 * What the terms that asked for a payout's invoice say against ordering it: `said`, they were not proven;
 * `changed`, it is not by them.
 */
export type TermsFault = { is: 'said'; why: Reason } | { is: 'changed'; why: string }

/**
 * Of payouts by their ids; those with nothing against them are left out. An invoice that was put under
 * another slot, or a slot under another schedule, would be held against the terms of that one, so their own
 * histories are asked first.
 */
export async function termsFaults(
  reader: Reader,
  payoutIds: readonly string[],
): Promise<Map<string, TermsFault>> {
  if (payoutIds.length === 0) return new Map()
  const rows = await reader.all<AskedBy>(sql`
    select p.id, i.id as invoice_id, i.account_id, i.commission_bp, i.slot_id, i.order_id,
      c.id as schedule_id, c.name as schedule, s.schedule_version as version
    from payouts p join invoices i on i.id = p.invoice_id left join slots s on s.id = i.slot_id left
      join schedules c on c.id = s.schedule_id
    where p.id in (${join(payoutIds)})`)
  const moved = await movedAmong(reader, rows)
  const records = new Map<string, ScheduleRecord[]>()
  const stated = new Map<string, StatedTerms>()
  const faults = new Map<string, TermsFault>()
  for (const row of rows) {
    const { id, schedule_id: scheduleId, version } = row
    const why = moved(row)
    if (why !== undefined) faults.set(id, { is: 'changed', why })
    if (why !== undefined || scheduleId === null) continue
    if (!records.has(scheduleId)) records.set(scheduleId, await scheduleRecords(reader, scheduleId))
    const key = `${scheduleId} ${version}`
    if (!stated.has(key)) stated.set(key, await statedTerms(reader, records.get(scheduleId)!, version))
    const fault = faultOf(row, stated.get(key)!)
    if (fault) faults.set(id, fault)
  }
  return faults
}

/**
 * Why an invoice is not of the slot or order that it was drafted for, or that one not of the terms by which
 * it asked.
 */
async function movedAmong(
  reader: Reader,
  rows: readonly AskedBy[],
): Promise<(row: AskedBy) => string | undefined> {
  const invoices = await notAsDrafted(
    reader,
    rows.map(({ invoice_id: id, slot_id, order_id }) => ({ id, slot_id, order_id })),
  )
  const slots = await slotFaults(
    reader,
    rows.flatMap(({ slot_id: id, schedule_id, version }) =>
      id === null || schedule_id === null ? [] : [{ id, schedule_id, schedule_version: version }],
    ),
  )
  const orders = await orderFaults(
    reader,
    rows.flatMap(({ invoice_id: id, order_id, account_id, commission_bp }) =>
      order_id === null ? [] : [{ id, order_id, account_id, commission_bp }],
    ),
  )
  return ({ invoice_id: id, slot_id: slot }) => invoices.get(id) ?? slots.get(slot ?? '') ?? orders.get(id)
}

function faultOf(
  { schedule, version, account_id: account, commission_bp: commissionBp }: AskedBy,
  { judged, terms }: StatedTerms,
) {
  const changed = (why: string): TermsFault => ({
    is: 'changed',
    why: `version ${version} of schedule ${schedule} ${why}: ${past}`,
  })
  if (judged.is === 'changed') return changed(`is not as it was stated: ${judged.why}`)
  if (terms && terms['account'] !== account) return changed('pays to another account than its invoice says')
  if (terms && terms['commissionBp'] !== `${commissionBp}`)
    return changed('has another commission than its invoice says')
  return judged.proof === 'said'
    ? ({ is: 'said', why: termsOnlySaid(schedule) } satisfies TermsFault)
    : undefined
}
