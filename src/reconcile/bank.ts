/**
 * The books: their invariants, asked every few minutes and at start, and their agreement with the bank's own
 * statement. A failure stops payouts; intake stays on.
 */
import { brl, formatReais } from '../base/money.ts'
import { instant, later, millis, type Instant, type World } from '../base/world.ts'
import {
  balances,
  clearBooked,
  checkAnchors,
  checkChart,
  checkAudit,
  checkChanges,
  checkLedger,
  checkPart,
  keepBalanced,
  keepBankStop,
  keepFindings,
  keepMark,
  keepReconciled,
  keptFindings,
  mendTallies,
  newMark,
  ourTags,
  partOf,
  post,
  readMark,
  suspend,
  tallyFaults,
  type AnchorFile,
  type Finding,
  type Mark,
  type Off,
} from '../ledger/ledger.ts'
import { checkApprovals, checkSet, checkStatements, noteStrange } from '../payout/payout.ts'
import type { Rail, StatementLine } from '../rails/rail.ts'
import { isOlderThan, sql, type Reader, type Db, type Tx } from '../db/db.ts'
import { walkOn } from '../webhooks/webhooks.ts'
import { checkSchedules } from '../schedule/schedule.ts'
import {
  bandsOf,
  judgeDrift,
  within,
  type Band,
  type DriftState,
  type OrderUnderWay,
  type OurLine,
} from './drift.ts'
import { knownLines, lineMemo, type KnownLines } from './knownLines.ts'
import { askAboutOwn, judgeOwn, keepOwn, type Lives } from './ownLines.ts'
import { checkRules, endOpening, noteStranger } from './strangers.ts'

const maxUnsureMs = 30 * 60_000

/**
 * What a check of everything saw: what it suspects, and sums kept aside that are not what their rows come to.
 */
export interface Whole {
  suspected: Finding[]
  off: Off[]
}
/** Checks everything in a thread or a process beside; undefined where it was ended before it was done. */
export type CheckBeside = () => Promise<Whole | undefined>

export async function checkWhole(reader: Reader): Promise<Whole> {
  const inBooks = await checkLedger(reader)
  const off = await tallyFaults(reader)
  const isChainBroken = inBooks.some(({ invariant }) => invariant === 'audit chain')
  const approved = await approvedWhole(reader).catch((error: unknown) => {
    // A record was edited to what is no JSON: the chain names it, and nothing can be judged by it.
    if (isChainBroken && error instanceof SyntaxError) return []
    throw error
  })
  return { suspected: [...inBooks, ...(await checkChart(reader, off)), ...approved], off }
}

const approvedWhole = async (reader: Reader): Promise<Finding[]> => [
  ...(await checkApprovals(reader)),
  ...(await checkSet(reader)),
  ...(await checkSchedules(reader)),
  ...(await checkRules(reader)),
  ...(await checkStatements(reader)),
]

/** Brazil's three in the morning. */
const nightHour = 6
const dayMs = 24 * 3_600_000

/**
 * What the job does every five minutes: checks what has changed since the last time, and once a night
 * everything, `beside` where that can be. Stops payouts on a finding and lets them go again when all holds.
 * Answers the findings as sentences; undefined where it was ended.
 */
export async function checkBooksByAndBy(
  db: Db,
  world: World,
  beside?: CheckBeside,
  anchors?: AnchorFile,
): Promise<string[] | undefined> {
  const [mark, now] = [await readMark(db), instant(world.clock.now())]
  if (!mark || isNightBetween(mark.wholeAt, now)) return checkBooks(db, world, beside, anchors)
  const next = await newMark(db, now, mark, mark.wholeAt)
  const approved = [
    ...(await checkApprovals(db, { movedAfter: mark.moved })),
    ...(await checkSet(db)),
    ...(await checkSchedules(db)),
    ...(await checkRules(db)),
  ]
  const suspected = [...(await checkChanges(db, mark, now)), ...approved]
  return conclude(db, world, suspected, next, anchors && (await checkAnchors(db, anchors, 'newest')))
}

/** Whether three in the morning has passed since `then`; a time that lies ahead was another clock's. */
const isNightBetween = (then: Instant, now: Instant): boolean =>
  millis(then) > millis(now) ||
  millis(then) < Math.floor((millis(now) - nightHour * 3_600_000) / dayMs) * dayMs + nightHour * 3_600_000

/**
 * Checks every invariant of all there is. Stops payouts on a finding and lets them go again when all hold.
 * Answers the findings as sentences.
 */
export async function checkBooks(
  db: Db,
  world: World,
  beside?: undefined,
  anchors?: AnchorFile,
): Promise<string[]>
export async function checkBooks(
  db: Db,
  world: World,
  beside: CheckBeside | undefined,
  anchors?: AnchorFile,
): Promise<string[] | undefined>
export async function checkBooks(
  db: Db,
  world: World,
  beside?: CheckBeside,
  anchors?: AnchorFile,
): Promise<string[] | undefined> {
  const now = instant(world.clock.now())
  const next = await newMark(db, now, await readMark(db), now)
  const whole = await (beside ? beside() : checkWhole(db))
  if (!whole) return undefined
  if (whole.off.length > 0) await db.tx(tx => mendTallies(tx, whole.off))
  // No fault of the books themselves, which are read row by row where it counts; but somebody has written
  // past the program.
  for (const { about, part, count, units } of whole.off)
    world.log.error(
      { about, part, count: `${count}`, units: `${units}` },
      'a sum kept aside was not what its rows come to: it is mended',
    )
  return conclude(db, world, whole.suspected, next, anchors && (await checkAnchors(db, anchors)))
}

const isOfAnchors = ({ invariant }: Finding): boolean => invariant === 'audit anchors'

/**
 * Proves what is suspected, and says and keeps what became of it. `unanchored`: there where the anchors of
 * the audit log are at hand.
 */
async function conclude(
  db: Db,
  world: World,
  suspected: Finding[],
  next: Mark,
  unanchored: Finding[] | undefined,
): Promise<string[]> {
  const kept = await keptFindings(db)
  const [anchored, others] = [kept.filter(isOfAnchors), kept.filter(finding => !isOfAnchors(finding))]
  // Who has no anchors to look at takes nothing back of what another process found.
  const found = [...(await proven(db, [...suspected, ...others])), ...(unanchored ?? anchored)]
  const findings = found.map(({ invariant, says }) => `${invariant}: ${says}`)
  const stuck = await db.tx(async tx => {
    const moved = isOlderThan(sql`changed_at`, await tx.now(), maxUnsureMs)
    return tx.all<{ id: string }>(sql`
      select id from invoices where state = 'unsure' and ${moved}
      union all select id from payouts where state = 'unsure' and ${moved}
      union all select provider_id from invoice_twins where state in ('refunding', 'unsure') and ${moved}`)
  })
  // Not a fault of the books, so payouts go on: but a person should know.
  for (const { id } of stuck) world.log.error({ id }, 'unsure for more than 30 minutes')
  await setStop(db, 'books', findings, async tx => {
    await keepFindings(tx, found)
    await keepMark(tx, next)
  })
  for (const finding of findings) world.log.error({ finding }, 'the books do not add up: payouts are stopped')
  return findings
}

/**
 * What does not hold, seen in one transaction: of what is suspected, and of what was found before. Several
 * reads outside of one see different moments while others write, and a credit between two of them looks like
 * a fault; held over a whole check, a transaction would keep every writer waiting for nothing.
 */
async function proven(db: Db, doubtful: readonly Finding[]): Promise<Finding[]> {
  if (doubtful.length === 0) return []
  const ids = doubtful.filter(({ invariant }) => invariant === 'approvals').map(({ subject }) => subject)
  return db.tx(async tx => [
    ...(await checkPart(tx, await partOf(tx, doubtful))),
    ...(doubtful.some(({ subject }) => subject === 'audit') ? await checkAudit(tx) : []),
    ...(ids.length > 0
      ? [
          ...(await checkApprovals(tx, { ids })),
          ...(await checkSet(tx)),
          ...(await checkSchedules(tx)),
          ...(await checkRules(tx)),
          ...(await checkStatements(tx)),
        ]
      : []),
  ])
}

async function setStop(
  db: Db,
  name: 'books',
  findings: string[],
  also: (tx: Tx) => Promise<void> = async () => undefined,
): Promise<void> {
  await db.tx(async tx => {
    await also(tx)
    await keepBalanced(tx, name, findings.length === 0)
    if (findings.length === 0) await tx.run(sql`delete from settings where name = ${name}`)
    else
      await tx.run(sql`
        insert into settings (name, value) values (${name}, ${findings.join(' · ').slice(0, 2000)})
        on conflict (name) do update set value = excluded.value`)
  })
}

export interface Reconciliation {
  /** What the bank says it holds, and what our books say, in cents. */
  bankUnits: bigint
  bookUnits: bigint
  /** How far the two may lie apart: orders under way, and credits not settled yet. */
  inFlightUnits: bigint
  /** What the drift may be: with all that may be under way, and with what is explained to the cent. */
  likely: Band
  exact: Band
  at: Instant
  imported: number
  /** The drift is within what may be under way. */
  agrees: boolean
  /** Statement lines about invoices or transfers that are ours, which our books lack. */
  unexplained: string[]
}

/** Imports the statement's foreign lines, then holds the bank's balance against the books. */
export async function reconcile(db: Db, rail: Rail, world: World): Promise<Reconciliation | string> {
  const balance = await rail.balance()
  if (balance.is !== 'done') return `the bank did not tell its balance: ${balance.why}`
  let whole: StatementLine[] | undefined
  let result: Reconciliation | undefined
  let newest: Instant | undefined
  // Of a long statement most is booked already, and counts no more in the comparison.
  const counting = new Map<string, StatementLine>()
  const lives: Lives = new Map()
  const walked = await walkOn<StatementLine>(db, world, {
    name: `${rail.name} statement`,
    from: 'ever',
    read: (since, place) => rail.statement(since, place),
    async take(items, _, isWhole) {
      await askAboutOwn({ db, rail, world }, items, lives)
      for (const { createdAt } of items) if (newest === undefined || createdAt > newest) newest = createdAt
      if (isWhole) return void (whole = items)
      await db.tx(tx => importAll(tx, rail, world, items, lives))
      const known = await knownLines(db, items)
      for (const line of items) if (known.mayCount(line)) counting.set(line.id, line)
    },
    async last(tx, { since, startedAt }) {
      if (whole)
        result = await compare(tx, rail, world, {
          lines: whole,
          news: whole,
          lives,
          after: since,
          at: startedAt,
          bankUnits: balance.value,
        })
      await endOpening(tx, newest)
    },
  })
  if (walked.is === 'failed') return `the bank did not give its statement: ${walked.why}`
  if (walked.is === 'left')
    return `${walked.rows} lines of the bank's statement were read, and there are more: they are read at the next look`
  if (walked.resumed)
    return `the bank's statement was read to its end, ${walked.rows} lines: it is compared at the next look`
  const found = result ?? (await compareAfter(db, rail, world, walked, { counting, lives }))
  if (typeof found === 'string') return found
  world.log[found.agrees ? 'info' : 'warn'](
    {
      bank: formatReais(found.bankUnits),
      books: formatReais(found.bookUnits),
      inFlight: formatReais(found.inFlightUnits),
      imported: found.imported,
    },
    found.agrees
      ? 'the bank and the books agree'
      : 'the bank and the books differ by more than what is in flight',
  )
  return found
}

async function importAll(
  tx: Tx,
  rail: Rail,
  world: World,
  lines: readonly StatementLine[],
  lives: Lives,
): Promise<number> {
  const news: Pick<StatementLine, 'units'>[] = []
  const known = await knownLines(tx, lines)
  for (const line of lines) if (await importForeign(tx, rail, world, line, known)) news.push(line)
  await takeRefundedFees(tx, world, lines)
  news.push(...(await keepOwn(tx, world, rail, lines, lives)))
  // In the transaction that first knows of it: a process that dies before it compares balances has stopped
  // payouts all the same.
  if (news.some(({ units }) => units < 0n)) await keepBankStop(tx)
  return news.length
}

/**
 * A statement that took many calls is older than its balance by then: both are asked for once more, for what
 * is new alone.
 */
async function compareAfter(
  db: Db,
  rail: Rail,
  world: World,
  { since, startedAt }: { since: Instant; startedAt: Instant },
  { counting, lives }: { counting: Map<string, StatementLine>; lives: Lives },
): Promise<Reconciliation | string> {
  const at = await db.tx(tx => tx.now())
  const balance = await rail.balance()
  if (balance.is !== 'done') return `the bank did not tell its balance: ${balance.why}`
  const recent = await rail.statement(later(startedAt, -5 * 60_000))
  if (recent.is !== 'done') return `the bank did not give its statement: ${recent.why}`
  if (recent.value.next !== undefined)
    return 'the bank’s statement grows faster than it is read: it is compared at the next look'
  const news = recent.value.items
  for (const line of news) counting.set(line.id, line)
  return db.tx(tx =>
    compare(tx, rail, world, {
      lines: [...counting.values()],
      news,
      lives,
      after: since,
      at,
      bankUnits: balance.value,
    }),
  )
}

interface Compared {
  lines: StatementLine[]
  news: StatementLine[]
  lives: Lives
  after: Instant
  at: Instant
  bankUnits: bigint
}

/**
 * Holds the balance against the books, once `news` are imported. `lines`: all that may not be booked yet,
 * since `after`.
 */
async function compare(
  tx: Tx,
  rail: Rail,
  world: World,
  { lines, news, lives, after, at, bankUnits }: Compared,
): Promise<Reconciliation> {
  const imported = await importAll(tx, rail, world, news, lives)
  const book = (await balances(tx)).bank
  const { likely, exact } = bandsOf(...(await underWay(tx, lines, { lives, after, startedAt: at })))
  const flight = likely.high > -likely.low ? likely.high : -likely.low
  await keepReconciled(tx, rail.name, {
    providerUnits: bankUnits,
    bookUnits: book,
    inFlightUnits: flight,
    at,
  })
  return {
    ...{ bankUnits, bookUnits: book, inFlightUnits: flight, likely, exact, at, imported },
    agrees: within(bankUnits - book, likely),
    unexplained: [],
  }
}

/**
 * Keeps how long the two have lain apart or agreed, and stops payouts or lets them go by it (`judgeDrift`).
 * Answers why the bank's account stops them: that, or money that left by no order of ours.
 */
export async function holdAgainstBank(db: Db, result: Reconciliation): Promise<string | undefined> {
  const { bankUnits, bookUnits, inFlightUnits, likely, exact, at } = result
  const units = bankUnits - bookUnits
  const stopped = await db.tx(async tx => {
    const row = await tx.one<DriftRow>(sql`select * from drifts where rail = 'starkbank'`)
    // A stop of the program before this one, which kept no count of looks, ends no sooner than others.
    const standing = await tx.one(sql`select 1 as yes from settings where name = 'bank'`)
    const before = row ? stateOf(row) : standing ? { ...neverLooked, stoppedSince: at } : undefined
    const judged = judgeDrift(before, { units, likely, exact, at })
    const { outsideSince, unexplainedSince, explainedSince, stoppedSince } = judged
    const finding = `the bank holds ${formatReais(bankUnits)}, the books say ${formatReais(bookUnits)}, and only ${formatReais(inFlightUnits)} is in flight`
    await tx.run(sql`
      insert into drifts (rail, units, outside_since, unexplained_since, explained_since, stopped_since,
        finding, looked_at)
      values ('starkbank', ${units}, ${outsideSince ?? null}, ${unexplainedSince ?? null},
        ${explainedSince ?? null}, ${stoppedSince ?? null},
        ${finding}, ${at})
      on conflict (rail) do update set units = excluded.units, outside_since = excluded.outside_since,
        unexplained_since = excluded.unexplained_since, explained_since = excluded.explained_since,
          stopped_since = excluded.stopped_since,
        finding = excluded.finding, looked_at = excluded.looked_at`)
    return stoppedSince !== undefined
  })
  return db.tx(async tx => {
    await keepBalanced(tx, 'bank', !stopped)
    return keepBankStop(tx)
  })
}

const neverLooked = { outsideSince: undefined, unexplainedSince: undefined, explainedSince: undefined }

type DriftRow = Record<
  'outside_since' | 'unexplained_since' | 'explained_since' | 'stopped_since',
  Instant | null
>

const stateOf = (row: DriftRow): DriftState => ({
  outsideSince: row.outside_since ?? undefined,
  unexplainedSince: row.unexplained_since ?? undefined,
  explainedSince: row.explained_since ?? undefined,
  stoppedSince: row.stopped_since ?? undefined,
})

/**
 * A line that is about no invoice and no transfer of ours is booked as external, once, by the line's own id;
 * one that bears a tag of ours all the same is never a stranger's, and waits in suspense.
 */
async function importForeign(
  tx: Tx,
  { name }: Pick<Rail, 'name'>,
  world: World,
  line: StatementLine,
  known: KnownLines,
): Promise<boolean> {
  if (line.units === 0n || known.isOurs(line)) return false
  const disowned = known.whoDisowned(line)
  const tags = ourTags(line.tags)
  const tagged = tags.invoice !== undefined || tags.order !== undefined
  if (tagged && !disowned) {
    // An older version took it for a stranger's, and a movement is in the books once.
    if (await isExternal(tx, line.id)) return false
    const { about } = line
    const providerId = about.is === 'other' ? line.id : about.providerId
    const memo = lineMemo(line)
    const news = await suspend(tx, world, {
      id: line.id,
      rail: name,
      about: about.is,
      provider_id: providerId,
      units: line.units,
      tags,
      memo,
    })
    if (about.is === 'payout') await noteStrange(tx, { rail: name, providerId, tags })
    if (news)
      world.log.error(
        { about: providerId, ...tags },
        'a statement line bears our tag and is about nothing these books know',
      )
    return news
  }
  const isNew = await post(tx, world, {
    movement: line.units > 0n ? 'external in' : 'external out',
    source: line.id,
    amount: brl(line.units < 0n ? -line.units : line.units),
    memo: lineMemo(line),
  })
  if (isNew) await noteStranger(tx, name, line, tagged ? disowned : undefined)
  return isNew
}

const isExternal = async (tx: Tx, lineId: string): Promise<boolean> =>
  (await tx.one(sql`
    select 1 as yes from ledger_transactions where movement in ('external in', 'external out')
      and source = ${lineId} limit 1`)) !== undefined

/** Whether a transfer that came back brought its charge with it is told by the statement alone. */
async function takeRefundedFees(tx: Tx, world: World, lines: readonly StatementLine[]): Promise<void> {
  const came = Map.groupBy(
    lines.filter(({ about, units }) => about.is === 'payout' && units > 0n),
    ({ about }) => (about.is === 'payout' ? about.providerId : ''),
  )
  for (const [providerId, credits] of came) {
    const sum = credits.reduce((total, { units }) => total + units, 0n)
    const attempt = await tx.one<{ id: string; units: bigint; fee: bigint }>(sql`
      select id, units, fee_units as fee from attempts
      where provider_id = ${providerId} and state = 'refunded' and fee_units > 0
        and units + fee_units <= ${sum}`)
    if (
      !attempt ||
      !credits.some(({ units }) => units === attempt.fee || units === attempt.units + attempt.fee)
    )
      continue
    const memo = 'seen in the statement'
    const isNew = await post(tx, world, {
      movement: 'transfer fee refunded',
      source: attempt.id,
      amount: brl(attempt.fee),
      memo,
    })
    if (isNew) await clearBooked(tx, world, providerId, [attempt.fee], memo)
  }
}

/** Lines this new may be missing from a balance that was told just before, by a clock that is not ours. */
const recentMs = 15_000

/**
 * Orders under way, and lines of the statement that are not booked yet, or so new that the balance may lack
 * them.
 */
async function underWay(
  tx: Tx,
  lines: readonly StatementLine[],
  { lives, after, startedAt }: { lives: Lives; after: Instant; startedAt: Instant },
): Promise<[OrderUnderWay[], OurLine[]]> {
  // Every order has been asked for: naming the time leads the planner to the index of those under way.
  const orders = await tx.all<{
    id: string
    key: string
    provider: string | null
    units: bigint
    asked: Instant
  }>(sql`
    select id, external_id as key, provider_id as provider, units, asked_at as asked from attempts
    where bundle_id is null and state in ('sending', 'unsure', 'sent') and asked_at > ''`)
  const byName = new Map(
    orders.flatMap(order =>
      [order.key, order.provider].filter(name => name !== null).map(name => [name, order]),
    ),
  )
  const shown = new Set<string>()
  const open: OurLine[] = []
  const recentFrom = later(startedAt, -recentMs)
  // What came and is not explained may still be; what left so is missing.
  const odd = new Set((await judgeOwn(tx, lines, lives)).flatMap(each => each.odd.map(({ line }) => line.id)))
  const known = await knownLines(tx, lines)
  for (const line of lines) {
    const { id, about, tags, units, createdAt } = line
    const recent = createdAt >= recentFrom
    const order =
      about.is === 'payout'
        ? [about.providerId, ...tags].map(name => byName.get(name)).find(found => found)
        : undefined
    if (order && units < 0n) shown.add(order.id)
    const came = units > 0n && odd.has(id)
    const isBooked = order || came ? 'no' : about.is === 'invoice' ? known.bookedOf(line) : 'yes'
    if (recent || isBooked !== 'yes') open.push({ units, booked: isBooked, recent })
  }
  return [orders.map(({ id, units, asked }) => ({ units, shown: shown.has(id), old: asked < after })), open]
}
