/**
 * Anchors of the audit log: how far it went, and its hash there, kept outside of the database. Whoever can
 * write into the database can cut the log at its end, or rewrite it with hashes that fit; held against its
 * anchors, either shows.
 */
import { createHash } from 'node:crypto'
import type { Log } from '../base/log.ts'
import { millis, type Instant } from '../base/world.ts'
import { forUpdate, sql, type Reader, type Db, type Tx } from '../db/db.ts'
import type { AnchorFile } from './anchorFile.ts'
import { audit, genesis } from './audit.ts'
import type { Finding } from './check.ts'
import { tally } from './tallies.ts'

/** Where anchors are kept, besides the log; no file where there is none. */
export interface Anchoring {
  file: AnchorFile | undefined
}

/** One line of the file. */
export interface Anchor {
  /** The newest record, and its hash. */
  seq: bigint
  hash: string
  at: Instant
  /** How many ledger transactions there were. */
  transactions: bigint
  /**
   * The hashes of the records up to that one which were not anchored before, so that the first that differs
   * can be named.
   */
  rows: string[]
  /**
   * A person has accepted that the log is another one from this record on: of older lines only what comes
   * before it counts.
   */
  accepted?: { from: bigint; by: string; why: string }
}

type Line = Anchor & { previous: string; digest: string }

const begunAct = 'anchors begun'
const acceptedAct = 'audit break accepted'
const maxRows = 500
/** Where nothing is done, it is anchored that nothing was. */
const againMs = 24 * 3_600_000

const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex')

const textOf = ({ seq, hash, at, transactions, rows, accepted }: Anchor, previous: string): string =>
  JSON.stringify({
    ...{ seq: `${seq}`, hash, at, transactions: `${transactions}`, rows },
    ...(accepted && { accepted: { ...accepted, from: `${accepted.from}` } }),
    previous,
  })

const isHash = (value: unknown): value is string => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)
const isNumber = (value: unknown): value is string => typeof value === 'string' && /^\d{1,18}$/.test(value)

/** Undefined where it is no anchor: half a line, after a crash. */
function readLine(text: string): Line | undefined {
  try {
    const { seq, hash, at, transactions, rows, accepted, previous } = JSON.parse(text) as Record<
      string,
      unknown
    >
    const from = accepted as { from: unknown; by: string; why: string } | undefined
    if (
      !isNumber(seq) ||
      !isHash(hash) ||
      typeof at !== 'string' ||
      !isNumber(transactions) ||
      !isHash(previous)
    )
      return undefined
    if (!Array.isArray(rows) || !rows.every(isHash) || rows.at(-1) !== hash || rows.length > Number(seq))
      return undefined
    if (from !== undefined && !isNumber(from.from)) return undefined
    return {
      ...{
        seq: BigInt(seq),
        hash,
        at,
        transactions: BigInt(transactions),
        rows,
        previous,
        digest: digestOf(text),
      },
      ...(from && { accepted: { by: from.by, why: from.why, from: BigInt(from.from as string) } }),
    }
  } catch {
    return undefined
  }
}

export interface ReadAnchors {
  /** Oldest first. */
  lines: Line[]
  /** What of the file itself was changed. */
  fault: string | undefined
}

/**
 * Pure: each line names the one before it by its digest, so that none of them can be changed or taken away
 * but the last. `isWhole`: they begin with the first.
 */
export function readAnchors(texts: readonly string[], isWhole: boolean): ReadAnchors {
  const lines: Line[] = []
  let fault: string | undefined
  for (const [place, text] of texts.entries()) {
    const line = readLine(text)
    if (!line) continue
    const before = lines.at(-1)?.digest ?? (isWhole ? genesis : line.previous)
    // What somebody has accepted was looked at.
    if (line.accepted) fault = undefined
    else if (line.previous !== before) fault ??= `line ${place + 1} does not follow the one before it`
    lines.push(line)
  }
  return { lines, fault }
}

/** Pure: the hash that each record must have, by the newest line that says so and was not overruled. */
export function recordsInForce(lines: readonly Anchor[]): Map<bigint, { hash: string; at: Instant }> {
  const found = new Map<bigint, { hash: string; at: Instant }>()
  let below: bigint | undefined
  for (const { seq, rows, at, accepted } of lines.toReversed()) {
    for (const [place, hash] of rows.entries()) {
      const record = seq - BigInt(rows.length - 1 - place)
      if ((below === undefined || record < below) && !found.has(record)) found.set(record, { hash, at })
    }
    if (accepted && (below === undefined || accepted.from < below)) below = accepted.from
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** What does not agree: the first record that differs, where one does. */
export interface Break {
  says: string
  first?: bigint
  newest?: Anchor
}

type Head = { seq: bigint; hash: string }
const headOf = (reader: Reader) =>
  reader.one<Head>(sql`select seq, hash from audit order by seq desc limit 1`)
const hashAt = async (reader: Reader, seq: bigint) =>
  (await reader.one<{ hash: string }>(sql`select hash from audit where seq = ${seq}`))?.hash

/** What we remember of the file: that a line was there. */
interface Mark {
  seq: bigint
  at: Instant
  digest: string
}

const markName = (path: string) => `audit anchors ${path}`

async function readMark(reader: Reader, path: string): Promise<Mark | undefined> {
  const row = await reader.one<{ value: string }>(
    sql`select value from cursors where name = ${markName(path)} and value <> ''`,
  )
  if (!row) return undefined
  const { seq, at, digest } = JSON.parse(row.value) as Record<keyof Mark, string>
  return { seq: BigInt(seq), at, digest }
}

const keepMark = async (tx: Tx, path: string, { seq, at, digest }: Mark) =>
  void (await tx.run(
    sql`update cursors set value = ${JSON.stringify({ seq: `${seq}`, at, digest })}
      where name = ${markName(path)}`,
  ))

/** Who anchors is alone: two processes would both continue the same line. */
async function alone(tx: Tx, path: string): Promise<void> {
  await tx.run(
    sql`insert into cursors (name, value) values (${markName(path)}, '') on conflict (name) do nothing`,
  )
  await tx.one(sql`select value from cursors where name = ${markName(path)} ${forUpdate}`)
}

const wasBegun = async (reader: Reader, path: string): Promise<boolean> => {
  const begun = await reader.all<{ detail: string }>(
    sql`select detail from audit where subject = 'audit' and act = ${begunAct}`,
  )
  return begun.some(({ detail }) => (JSON.parse(detail) as { file?: string }).file === path)
}

/**
 * Holds the log against its anchors; undefined where they agree, or where none were ever made. `newest`:
 * against the newest line alone, unless that differs.
 */
export async function findBreak(
  reader: Reader,
  file: AnchorFile,
  how: 'whole' | 'newest' = 'whole',
): Promise<Break | undefined> {
  // Before the file, which may only grow meanwhile.
  const mark = await readMark(reader, file.path)
  let texts
  try {
    texts = file.read(how)
  } catch (error) {
    const code = (error as { code?: string }).code
    if (code === undefined) throw error
    return { says: `the anchors in ${file.path} cannot be read (${code})` }
  }
  const { lines, fault } = readAnchors(texts.flat(), how === 'whole')
  const newest = lines.at(-1)
  if (!newest)
    return mark || (await wasBegun(reader, file.path))
      ? { says: `the anchors of the audit log that were in ${file.path} are missing` }
      : undefined
  const isKept =
    mark === undefined || mark.digest === '' || lines.some(({ digest }) => digest === mark.digest)
  const isSame = (await hashAt(reader, newest.seq)) === newest.hash
  if (how === 'newest') return isSame && fault === undefined && isKept ? undefined : findBreak(reader, file)

  const first = await firstThatDiffers(reader, recordsInForce(lines))
  if (first !== undefined)
    return { ...(await sayBreak(reader, file.path, first, newest)), first: first.seq, newest }
  if (fault !== undefined) return { says: `the anchors in ${file.path} were changed: ${fault}`, newest }
  if (!isKept)
    return {
      says: `the anchors in ${file.path} were cut: the line that was written at ${mark!.at}, for record ${mark!.seq}, is missing`,
      newest,
    }
  const { count } = (await reader.one<{ count: bigint }>(
    sql`select count(*) as count from ledger_transactions`,
  ))!
  const since = Math.max(
    0,
    lines.findLastIndex(({ accepted }) => accepted),
  )
  const most = lines.slice(since).find(({ transactions }) => transactions > count)
  return (
    most && {
      says: `the ledger has ${count} transactions, and had ${most.transactions} when it was anchored at ${most.at}`,
      newest,
    }
  )
}

interface Differing {
  seq: bigint
  at: Instant
  isMissing: boolean
}

async function firstThatDiffers(
  reader: Reader,
  records: ReturnType<typeof recordsInForce>,
): Promise<Differing | undefined> {
  const all = [...records]
  for (let from = 0; from < all.length; from += maxRows) {
    const slice = all.slice(from, from + maxRows)
    const rows = await reader.all<Head>(sql`
      select seq, hash from audit where seq >= ${slice[0]![0]} and seq <= ${slice.at(-1)![0]} order by seq`)
    const known = new Map(rows.map(({ seq, hash }) => [seq, hash]))
    for (const [seq, { hash, at }] of slice)
      if (known.get(seq) !== hash) return { seq, at, isMissing: !known.has(seq) }
  }
  return undefined
}

/** A backup that was restored is shorter than its anchors, and says so itself at the place where it ends. */
async function sayBreak(
  reader: Reader,
  path: string,
  { seq, at, isMissing }: Differing,
  newest: Anchor,
): Promise<Break> {
  const restored = await reader.one<{ at: Instant }>(
    sql`select at from audit where seq = ${seq} and act = 'restored'`,
  )
  if (restored)
    return {
      says: `a backup was restored at ${restored.at}, and the audit log from record ${seq} to ${newest.seq}, anchored in ${path}, was not in it: "repasse audit accept" once that was looked at`,
    }
  return {
    says: isMissing
      ? `record ${seq} of the audit log, anchored in ${path} at ${at}, is missing: the log was cut, or an older database is in its place`
      : `record ${seq} of the audit log is not the one that was anchored in ${path} at ${at}: the log was rewritten`,
  }
}

/** The same as a finding of the check. */
export async function checkAnchors(
  reader: Reader,
  file: AnchorFile,
  how: 'whole' | 'newest' = 'whole',
): Promise<Finding[]> {
  const found = await findBreak(reader, file, how)
  return found ? [{ invariant: 'audit anchors', subject: 'audit', says: found.says }] : []
}

export type Anchored = 'anchored' | 'same' | 'differs'

/**
 * Anchors what was done since the last time, or that a day has passed: in the log, and in the file where
 * there is one. Where the two differ nothing is anchored, or else what somebody rewrote would be.
 */
export async function anchorAudit(db: Db, file: AnchorFile | undefined, log: Log): Promise<Anchored> {
  const path = file?.path ?? ''
  const kept = await auditHead(db)
  const done = await db.tx(async tx => {
    await alone(tx, path)
    const [mark, now] = [await readMark(tx, path), await tx.now()]
    const last = file ? lastLine(file) : mark && { ...mark, hash: undefined }
    if (file && !last && (mark || (await wasBegun(tx, path)))) return 'differs' as const
    const known = last && (await hashAt(tx, last.seq))
    if (last?.hash !== undefined && known !== last.hash) return 'differs' as const
    if (!kept) return last && known === undefined ? ('differs' as const) : ('same' as const)
    const { head } = kept
    // Another process has anchored more meanwhile.
    if (last && known !== undefined && last.seq > head.seq) return 'same' as const
    if (last?.seq === head.seq && Math.abs(millis(now) - millis(last.at)) < againMs) {
      if (!file || mark?.digest === last.digest) return 'same' as const
      // Who wrote it has died before it was remembered.
      await keepMark(tx, path, last)
      return 'remembered' as const
    }
    const anchors = await anchorsUpTo(tx, kept, last?.seq ?? newestRows(head), now)
    const texts: string[] = []
    let digest = last?.digest ?? genesis
    for (const anchor of anchors) {
      texts.push(textOf(anchor, digest))
      digest = digestOf(texts.at(-1)!)
    }
    file?.append(texts)
    await keepMark(tx, path, { seq: head.seq, at: now, digest: file ? digest : '' })
    return anchors.at(-1)!
  }, 'locks')
  if (done === 'same' || done === 'differs') return done
  if (done !== 'remembered') {
    // A line that leaves the machine with its log is an anchor as good as any.
    const { seq, hash, transactions } = done
    log.info({ seq: `${seq}`, hash, transactions: `${transactions}` }, 'the audit log is anchored')
  }
  if (file && !(await wasBegun(db, path))) {
    await db.tx(tx =>
      audit(tx, { actor: 'the program', act: begunAct, subject: 'audit', detail: { file: path } }),
    )
    await anchorAudit(db, file, log)
  }
  return 'anchored'
}

const lastLine = (file: AnchorFile): Line | undefined =>
  readAnchors(file.read('newest').flat(), false).lines.at(-1)

/** After which record as many come as one line holds. */
const newestRows = ({ seq }: Head): bigint => (seq > BigInt(maxRows) ? seq - BigInt(maxRows) : 0n)

interface Kept {
  head: Head
  transactions: bigint
}

/**
 * How far log and ledger go, read before the transaction that anchors it: transactions that wait for each
 * other share a commit, so within one there is what another has written and may never be kept. Anchored, that
 * would look like a log that was cut.
 */
export async function auditHead(db: Db): Promise<Kept | undefined> {
  const head = await headOf(db)
  const sums = await tally(db, 'ledger')
  return (
    head && {
      head,
      transactions: sums.reduce((sum, { parts, count }) => (parts[1] === '1' ? sum + count : sum), 0n),
    }
  )
}

/** Lines for what comes after record `after`, or one that says the same again. */
async function anchorsUpTo(
  tx: Tx,
  { head, transactions }: Kept,
  after: bigint,
  at: Instant,
): Promise<Anchor[]> {
  if (after >= head.seq) return [{ ...head, at, transactions, rows: [head.hash] }]
  const rows = await tx.all<Head>(
    sql`select seq, hash from audit where seq > ${after} and seq <= ${head.seq} order by seq`,
  )
  const anchors: Anchor[] = []
  for (let from = 0; from < rows.length; from += maxRows) {
    const slice = rows.slice(from, from + maxRows)
    anchors.push({ ...slice.at(-1)!, at, transactions, rows: slice.map(({ hash }) => hash) })
  }
  return anchors
}

/**
 * A person accepts that log and anchors differ, and has said why: written into both. Undefined where they
 * agree.
 */
export async function acceptBreak(
  db: Db,
  file: AnchorFile,
  { by, why }: { by: string; why: string },
): Promise<Break | undefined> {
  const found = await findBreak(db, file)
  if (!found) return undefined
  await db.tx(async tx => {
    const { newest, first } = found
    await audit(tx, {
      actor: by,
      act: acceptedAct,
      subject: 'audit',
      detail: {
        ...{ why, found: found.says, file: file.path },
        ...(first !== undefined && { first: `${first}` }),
        ...(newest && { anchored: `${newest.seq}`, anchoredHash: newest.hash, anchoredAt: newest.at }),
      },
    })
  })
  const kept = (await auditHead(db))!
  await db.tx(async tx => {
    await alone(tx, file.path)
    const [{ head }, now] = [kept, await tx.now()]
    const from = found.first ?? head.seq
    const most = newestRows(head)
    const [anchor] = await anchorsUpTo(tx, kept, from - 1n > most ? from - 1n : most, now)
    const text = textOf({ ...anchor!, accepted: { from, by, why } }, lastLine(file)?.digest ?? genesis)
    file.append([text])
    await keepMark(tx, file.path, { seq: head.seq, at: now, digest: digestOf(text) })
  }, 'locks')
  return found
}
