/**
 * What has changed since the books were last checked: new postings, and whatever moved. Only that is checked
 * every few minutes; the whole, once a night.
 */
import { later, millis, type Instant } from '../base/world.ts'
import { sql, type Reader, type Sql, type Tx } from '../db/db.ts'
import { checkAudit, checkPart, type Finding, type Part } from './check.ts'

/** How far the books were checked, and when all of them were. */
export interface Mark {
  /** Postings with an earlier time are checked. */
  posted: Instant
  /** Transitions up to this number are. */
  moved: bigint
  /** Acts up to this number are. */
  audited: bigint
  /** When the last check of everything began. */
  wholeAt: Instant
}

const cursor = 'books checked'
/**
 * Several processes write: whatever is written with an earlier time, or a lower number, is there after this
 * long.
 */
const settledMs = 120_000
const page = 500
const firstStep = 16n

/** Undefined before the first check. */
export async function readMark(reader: Reader): Promise<Mark | undefined> {
  const row = await reader.one<{ value: string }>(sql`select value from cursors where name = ${cursor}`)
  if (!row) return undefined
  const { posted, moved, audited, wholeAt } = JSON.parse(row.value) as Record<keyof Mark, string>
  return { posted, moved: BigInt(moved), audited: BigInt(audited), wholeAt }
}

export async function keepMark(tx: Tx, { posted, moved, audited, wholeAt }: Mark): Promise<void> {
  const value = JSON.stringify({ posted, moved: `${moved}`, audited: `${audited}`, wholeAt })
  await tx.run(
    sql`insert into cursors (name, value) values (${cursor}, ${value}) on conflict (name) do update
      set value = excluded.value`,
  )
}

/** How far there is anything to check at `now`: read before a check, and kept after it. */
export async function newMark(
  reader: Reader,
  now: Instant,
  before: Mark | undefined,
  wholeAt: Instant,
): Promise<Mark> {
  const settled = later(now, -settledMs)
  const { moved, audited } = (await reader.one<{ moved: bigint; audited: bigint }>(sql`
    select coalesce((select max(seq) from transitions), 0) as moved, coalesce((select max(seq)
      from audit), 0) as audited`))!
  return {
    posted: settled,
    moved: await settledMove(reader, moved, before?.moved ?? 0n, settled),
    audited,
    wholeAt,
  }
}

/**
 * Some transition from before `settled`, found in growing steps, because there are many and it does not
 * matter which one.
 */
async function settledMove(reader: Reader, top: bigint, bottom: bigint, settled: Instant): Promise<bigint> {
  for (let back = 0n; top - back > bottom; back = back === 0n ? firstStep : back * 2n) {
    const seq = top - back
    const row = await reader.one<{ at: Instant }>(
      sql`select at from transitions where seq <= ${seq} order by seq desc limit 1`,
    )
    if (!row || row.at <= settled) return seq
  }
  return bottom
}

/**
 * Checks what came after `since`, page by page. Whatever is found was seen at several moments, so it is
 * suspected only.
 */
export async function checkChanges(reader: Reader, since: Mark, now: Instant): Promise<Finding[]> {
  const found = await checkAudit(reader, since.audited)
  const looked = new Set<string>()
  const fresh = (ids: readonly string[]) => [...new Set(ids)].filter(id => !looked.has(id))
  const look = async (part: Part) => {
    found.push(...(await checkPart(reader, part)))
    for (const id of [...part.invoices, ...part.transactions]) looked.add(id)
  }

  // A clock that was ahead has left a mark beyond now.
  const from = millis(since.posted) > millis(now) ? later(now, -settledMs) : since.posted
  for (let after = { at: from, id: '' }; ;) {
    const rows = await postedAfter(reader, after)
    await look({
      invoices: fresh(rows.flatMap(({ invoice }) => invoice ?? [])),
      transactions: fresh(rows.map(({ id }) => id)),
    })
    const last = rows.at(-1)
    if (!last || rows.length < page) break
    after = last
  }
  const { top } = (await reader.one<{ top: bigint }>(
    sql`select coalesce(max(seq), 0) as top from transitions`,
  ))!
  for (let moved = since.moved; moved < top; moved += BigInt(page))
    await look({ invoices: fresh(await movedBetween(reader, moved, moved + BigInt(page))), transactions: [] })
  return found
}

const postedAfter = (reader: Reader, { at, id }: { at: Instant; id: string }) =>
  reader.all<{ at: Instant; id: string; invoice: string | null }>(sql`
    select t.at, t.id, (select max(e.invoice_id) from ledger_entries e
      where e.transaction_id = t.id) as invoice from ledger_transactions t
    where t.at >= ${at} and (t.at, t.id) > (${at}, ${id}) order by t.at, t.id limit ${BigInt(page)}`)

/** The invoices of whatever moved: themselves, their payouts, attempts, bundles and duplicates. */
async function movedBetween(reader: Reader, after: bigint, to: bigint): Promise<string[]> {
  const moved = (about: string): Sql =>
    sql`from transitions t where t.seq > ${after} and t.seq <= ${to} and t.about = ${about}`
  const rows = await reader.all<{ id: string }>(sql`
    select t.subject as id ${moved('invoices')}
    union select p.invoice_id from payouts p where p.id in (select t.subject ${moved('payouts')})
    union select p.invoice_id from attempts a join payouts p on p.id = a.payout_id
      where a.id in (select t.subject ${moved('attempts')})
    union select p.invoice_id from attempts a join payouts p on p.id = a.payout_id
      where a.bundle_id is not null and a.bundle_id in (select t.subject ${moved('bundles')})
    union select w.invoice_id from invoice_twins w
      where w.id in (select t.subject ${moved('invoice_twins')})`)
  return rows.map(({ id }) => id)
}

/**
 * The part of the books in which `findings` were found, to be looked at again; the audit log is looked at by
 * itself.
 */
export async function partOf(reader: Reader, findings: readonly Pick<Finding, 'subject'>[]): Promise<Part> {
  const [invoices, transactions] = [new Set<string>(), new Set<string>()]
  for (const { subject } of findings) {
    const payout = await reader.one<{ id: string }>(
      sql`select invoice_id as id from payouts where id = ${subject}`,
    )
    const posted = await reader.all<{ id: string | null }>(sql`
      select distinct invoice_id as id from ledger_entries where transaction_id = ${subject}`)
    if (subject.startsWith('inv_')) invoices.add(subject)
    if (payout) invoices.add(payout.id)
    if (subject !== 'audit') transactions.add(subject)
    for (const { id } of posted) if (id !== null) invoices.add(id)
  }
  return { invoices: [...invoices], transactions: [...transactions] }
}
