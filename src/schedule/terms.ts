/**
 * A schedule's terms are stated by whoever makes a version of it, and its row is held against the latest of
 * them before anything falls due by it. One that differs is put on hold with its reason; other schedules go
 * on.
 */
import {
  canonical,
  digest,
  judgeApproval,
  said,
  state,
  type Approving,
  type Content,
  type Judged,
  type Proof,
  type Stated,
} from '../approvals/approvals.ts'
import { samePerson } from '../base/person.ts'
import type { Instant } from '../base/world.ts'
import { audit, barFor, type Bar, type Finding } from '../ledger/ledger.ts'
import {
  recordOf,
  scheduleRecords,
  scheduleTermsAct,
  statedTerms,
  versionOf,
  type ScheduleRecord,
} from '../payout/payout.ts'
import { setWhy, isUnreadable, sql, type Reader, type Db, type Tx } from '../db/db.ts'
import type { ScheduleRow } from './row.ts'

/** Everything that says whom a schedule asks, when and for how much, and what becomes of what they pay. */
export const termsOf = (row: ScheduleRow): Content => ({
  ...{
    id: row.id,
    store: row.store_id,
    name: row.name,
    version: `${row.version}`,
    rail: row.rail,
    currency: row.currency,
  },
  ...{ cron: row.cron, zone: row.time_zone, starts: row.starts_at, ends: row.ends_at, catchUp: row.catch_up },
  ...{
    countLow: `${row.count_low}`,
    countHigh: `${row.count_high}`,
    unitsLow: `${row.units_low}`,
    unitsHigh: `${row.units_high}`,
  },
  ...{
    roster: row.roster === null ? null : digest(row.roster),
    dueInMs: `${row.due_in_ms}`,
    watchMs: `${row.watch_ms}`,
  },
  ...{ account: row.account_id, commissionBp: `${row.commission_bp}`, minPayout: `${row.min_payout_units}` },
  ...{
    fineBp: `${row.fine_bp}`,
    interestBp: `${row.interest_bp}`,
    expiresInMs: `${row.expires_in_ms}`,
    discounts: row.discounts,
  },
})

export const digestOfTerms = (row: ScheduleRow): string => digest(canonical(termsOf(row)))

/**
 * What signing the terms of a schedule states, where nothing but the version it is at was only said: a
 * passkey signs one statement at a time.
 */
export const approvingTerms = ({ row, earlier }: OnlySaid): Omit<Approving, 'by'> | undefined =>
  earlier.length > 0 ? undefined : { act: scheduleTermsAct, subject: row.id, content: termsOf(row) }

/**
 * The statement of a version that was just written; the audit record of the act has to bear what is answered.
 */
export const stateTerms = (tx: Tx, row: ScheduleRow, by: string, proof: Proof = said): Promise<Stated> =>
  state(tx, { act: scheduleTermsAct, subject: row.id, content: termsOf(row), by }, proof)

/** Whether a schedule's row is what its makers stated last, and how that was proven. */
export const judgeSchedule = async (reader: Reader, row: ScheduleRow): Promise<Judged> =>
  judgeRow(reader, row, await scheduleRecords(reader, row.id))

async function judgeRow(
  reader: Reader,
  row: ScheduleRow,
  records: readonly ScheduleRecord[],
): Promise<Judged> {
  const changed = (why: string): Judged => ({
    is: 'changed',
    why: `schedule ${row.name} (${row.id}) ${why}: somebody has changed it past this program`,
  })
  // The digest of its roster is among what was stated, but what is to be done about it is another thing.
  if (isUnreadable(row.roster))
    return {
      is: 'changed',
      why: `the roster of schedule ${row.name} (${row.id}) cannot be decrypted: see "repasse keys status"`,
    }
  const last = records.findLast(record => versionOf(record) !== undefined)
  if (!last) return changed('is there, and nobody added it')
  if (versionOf(last) !== row.version)
    return changed(`is of version ${row.version}, and the last one made is ${versionOf(last)}`)
  const turned = records.findLast(({ act }) => act === 'schedule paused' || act === 'schedule resumed')
  if ((turned?.act === 'schedule paused') !== (row.state === 'paused'))
    return changed(`is ${row.state}, and nobody turned it so`)
  const judged = await judgeApproval(reader, last, scheduleTermsAct, termsOf(row))
  return judged.is === 'changed' ? changed(`is not as it was stated: ${judged.why}`) : judged
}

/** Schedules that are not as they were stated. An empty list is the proof. */
export async function checkSchedules(reader: Reader): Promise<Finding[]> {
  const found: Finding[] = []
  for (const row of await reader.all<ScheduleRow>(sql`select * from schedules order by id`)) {
    const judged = await judgeSchedule(reader, row)
    if (judged.is === 'changed') found.push({ invariant: 'approvals', subject: row.id, says: judged.why })
  }
  return found
}

/** Keeps a schedule from falling due and from being run, until its row is as it was stated again. */
export async function holdSchedule(tx: Tx, { id }: Pick<ScheduleRow, 'id'>, why: string): Promise<void> {
  await tx.run(sql`
    insert into schedule_holds (schedule_id, store_id, why, added_at)
      values (${id}, (select store_id from schedules where id = ${id}), ${why}, ${await tx.now()})
    on conflict (schedule_id) do update set why = excluded.why`)
}

/** Ends the holds of schedules that are as they were stated again. */
export async function endHolds(db: Db): Promise<void> {
  const held = await db.all<ScheduleRow>(
    sql`select * from schedules where id in (select schedule_id from schedule_holds) order by id`,
  )
  for (const { id } of held)
    await db.tx(async tx => {
      const row = await tx.one<ScheduleRow>(sql`select * from schedules where id = ${id}`)
      if (row && (await judgeSchedule(tx, row)).is === 'approved')
        await tx.run(sql`delete from schedule_holds where schedule_id = ${id}`)
    })
}

/**
 * A schedule of which some version was only said: the one it is at, or an earlier one of which invoices may
 * still be paid.
 */
export interface OnlySaid {
  row: ScheduleRow
  /** Earlier versions that were only said, with the terms that were stated. */
  earlier: readonly { version: bigint; terms: Content }[]
  /** Whether the version it is at is one of them. */
  current: boolean
  madeBy: readonly string[]
}

async function onlySaidOf(reader: Reader, row: ScheduleRow): Promise<OnlySaid | undefined> {
  const records = await scheduleRecords(reader, row.id)
  const judged = await judgeRow(reader, row, records)
  if (judged.is === 'changed') return undefined
  const earlier: { version: bigint; terms: Content }[] = []
  const madeBy = new Set<string>()
  const versions = [...new Set(records.flatMap(record => versionOf(record) ?? []))]
  for (const version of versions) {
    const stated =
      version === row.version ? { judged, terms: undefined } : await statedTerms(reader, records, version)
    if (stated.judged.is !== 'approved' || stated.judged.proof !== 'said') continue
    madeBy.add(recordOf(records, version)!.actor)
    if (stated.terms) earlier.push({ version, terms: stated.terms })
  }
  return madeBy.size === 0
    ? undefined
    : { row, earlier, current: judged.proof === 'said', madeBy: [...madeBy] }
}

/**
 * Schedules whose terms were only said. Those that are not as they were stated are not signed as if they
 * were.
 */
export async function schedulesOnlySaid(reader: Reader): Promise<OnlySaid[]> {
  const found: OnlySaid[] = []
  for (const row of await reader.all<ScheduleRow>(
    sql`select * from schedules where store_id = ${reader.store} order by name`,
  )) {
    const said = await onlySaidOf(reader, row)
    if (said) found.push(said)
  }
  return found
}

export const digestOfSaid = ({ row, earlier }: OnlySaid): string =>
  digest(
    canonical({
      terms: digestOfTerms(row),
      ...Object.fromEntries(earlier.map(({ version, terms }) => [`${version}`, digest(canonical(terms))])),
    }),
  )

export type ScheduleSigning =
  | { is: 'unknown' }
  /** `own`: who signs made a version. `proven`: nothing of it was only said. */
  | { is: 'signed' | 'own' | 'proven'; row: ScheduleRow }
  | { is: 'barred'; row: ScheduleRow; bar: Bar }
  /** It is not what was stated, or not what was shown, so nobody signs it as if it were. */
  | { is: 'changed'; row: ScheduleRow; why: string }

/**
 * Signs the terms of a schedule that were only said, its earlier versions among them. Payouts that waited for
 * it are looked at again at once.
 */
export async function signSchedule(
  db: Db,
  id: string,
  by: string,
  proof: Proof,
  seen?: string,
): Promise<ScheduleSigning> {
  return db.tx(async tx => {
    const row = await tx.one<ScheduleRow>(
      sql`select * from schedules where store_id = ${tx.store} and id = ${id}`,
    )
    if (!row) return { is: 'unknown' }
    const judged = await judgeSchedule(tx, row)
    if (judged.is === 'changed') return { is: 'changed', row, why: judged.why }
    const only = await onlySaidOf(tx, row)
    if (!only) return { is: 'proven', row }
    if (seen !== undefined && seen !== digestOfSaid(only))
      return { is: 'changed', row, why: 'it is not what was shown' }
    const now = await tx.now()
    for (const maker of only.madeBy) {
      if (samePerson(maker, by)) return { is: 'own', row }
      const bar = await barFor(tx, by, now, maker)
      if (bar) return { is: 'barred', row, bar }
    }
    for (const { version, terms } of only.earlier) await sign(tx, { row, version, terms, by, proof })
    // Last, for the last record says what the row is.
    await sign(tx, { row, version: row.version, terms: termsOf(row), by, proof })
    await lookAgain(tx, row.name, now)
    return { is: 'signed', row }
  })
}

interface Signed {
  row: ScheduleRow
  version: bigint
  terms: Content
  by: string
  proof: Proof
}

async function sign(tx: Tx, { row, version, terms, by, proof }: Signed): Promise<void> {
  const stated = await state(tx, { act: scheduleTermsAct, subject: row.id, content: terms, by }, proof)
  await audit(tx, {
    actor: by,
    act: 'schedule signed',
    subject: row.id,
    detail: { name: row.name, version: `${version}`, ...stated },
  })
}

const lookAgain = (tx: Tx, name: string, now: Instant) =>
  tx.run(
    sql`update payouts set next_at = ${now}, ${setWhy(null)} where state in ('owed', 'waiting')
      and reason = 'terms-only-said' and detail = ${JSON.stringify({ schedule: name })}`,
  )
