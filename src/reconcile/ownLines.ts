/**
 * Lines of the statement about our own transfers and invoices: whether the books have each of them, what the
 * bank is asked about those they lack, and what becomes of the rest.
 */
import { because } from '../base/reasons.ts'
import { later, millis, type Instant, type Millis, type World } from '../base/world.ts'
import {
  account,
  clearLines,
  comingTo,
  noneReturned,
  suspend,
  suspendedLines,
  unaccounted,
  type OurTags,
  type SuspendedLine,
} from '../ledger/ledger.ts'
import { applyPayout, type AttemptRow } from '../payout/payout.ts'
import type { Rail, Rails, StatementLine } from '../rails/rail.ts'
import { readInSets, sql, type Reader, type Db, type Tx } from '../db/db.ts'
import { settleShown } from '../webhooks/webhooks.ts'
import { lineMemo } from './knownLines.ts'
import { refuse } from './refusals.ts'

/** So long after it moved, no event and no question to the bank will explain a line any more. */
export const unexplainedForMs: Millis = 60 * 60_000
/** Of transfers and invoices, in one look: each is one or three calls. */
const maxAsked = 50

type Line = Pick<StatementLine, 'id' | 'units' | 'createdAt'>

/** Pure: of an order that came to nothing, what left and did not come back, or came beyond what left. */
export function notBack<L extends Line>(lines: readonly L[]): L[] {
  const sum = lines.reduce((total, { units }) => total + units, 0n)
  if (sum === 0n) return []
  const isOdd = ({ units }: L) => units < 0n === sum < 0n
  const parts = lines.flatMap(line => (isOdd(line) ? [] : [-line.units]))
  return unaccounted(lines.filter(isOdd), { parts, returned: noneReturned })
}

/**
 * Pure: of lines, oldest first, each that left with the later one of the same size by which the bank gave it
 * back.
 */
export function setOff<L extends Line>(lines: readonly L[]): [L, L][] {
  const out: L[] = []
  return lines.flatMap((line): [L, L][] => {
    if (line.units < 0n) return (out.push(line), [])
    const place = out.findIndex(({ units }) => units === -line.units)
    return place < 0 ? [] : [[out.splice(place, 1)[0]!, line]]
  })
}

/** `fresh`: never in suspense; its row there otherwise. */
export interface OwnLine {
  line: Line
  row?: SuspendedLine
}

/**
 * By the bank's id of a transfer or an invoice: every line that it ever had, where the statement that was
 * read begins after the first.
 */
export type Lives = Map<string, StatementLine[]>

/** What the lines about one transfer or invoice come to. */
export interface Judged {
  about: Known
  tags: OurTags
  /** Neither booked, nor in suspense, nor given back. */
  odd: OwnLine[]
  /** In suspense, and not booked. */
  waiting: OwnLine[]
  /** In suspense, or closed there, and booked by now. */
  explained: OwnLine[]
  /**
   * What left and by what the bank gave it back, as it corrects itself; both are in the books, or neither is.
   */
  setOff: OwnLine[]
  /** What moved that nothing explains, and of what two people closed only what left. */
  netUnits: bigint
  /** Its first line is among them, so that none is missing. */
  isWhole: boolean
}

type Known = Exclude<StatementLine['about'], { is: 'other' }>
type OwnAttempt = AttemptRow & { provider_id: string; invoice_id: string }
type OwnInvoice = {
  id: string
  provider_id: string
  paid_units: bigint
  fee_units: bigint
  credited_at: Instant | null
}
/** Of two at one moment, what left did so before it was given back. */
const byTime = (a: Line, b: Line) =>
  a.createdAt.localeCompare(b.createdAt) || Number(a.units - b.units) || a.id.localeCompare(b.id)
const byProvider = <T extends { provider_id: string }>(rows: readonly T[]) =>
  new Map(rows.map(row => [row.provider_id, row]))
const sumOf = (lines: readonly Pick<Line, 'units'>[]) => lines.reduce((sum, { units }) => sum + units, 0n)
const isOld = ({ line }: OwnLine, now: Instant): boolean => line.createdAt < later(now, -unexplainedForMs)

/**
 * Holds the lines about what is settled here against the books. What is under way is not judged: its lines
 * are not booked yet.
 */
export async function judgeOwn(
  reader: Reader,
  lines: readonly StatementLine[],
  lives: Lives,
): Promise<Judged[]> {
  const byId = Map.groupBy(
    lines.filter(({ about, units }) => about.is !== 'other' && units !== 0n),
    ({ about }) => (about.is === 'other' ? '' : `${about.is} ${about.providerId}`),
  )
  const groups = [...byId.values()].map(group => ({ about: group[0]!.about as Known, group }))
  const idsOf = (is: Known['is']) => groups.flatMap(({ about }) => (about.is === is ? about.providerId : []))
  const attempts = byProvider(
    await readInSets(idsOf('payout'), set =>
      reader.all<OwnAttempt>(sql`
        select a.*, p.invoice_id from attempts a join payouts p on p.id = a.payout_id
          where a.provider_id in (${set}) and a.bundle_id is null`),
    ),
  )
  const invoices = byProvider(
    await readInSets(idsOf('invoice'), set =>
      reader.all<OwnInvoice>(sql`
        select i.id, i.provider_id, i.paid_units, i.fee_units,
          (select t.at from ledger_transactions t where t.movement = 'invoice credited'
            and t.source = i.id) as credited_at
        from invoices i where i.rail = 'starkbank' and i.provider_id in (${set})
          and i.state in ('credited', 'reversed')
          and not exists (select 1 from invoice_reversals r where r.invoice_id = i.id
            and r.under_way_since is not null)`),
    ),
  )
  const suspended = Map.groupBy(
    await suspendedLines(reader, [...idsOf('payout'), ...idsOf('invoice')]),
    row => row.provider_id,
  )
  const judged: Judged[] = []
  for (const { about, group } of groups) {
    const attempt = about.is === 'payout' ? attempts.get(about.providerId) : undefined
    const invoice = about.is === 'invoice' ? invoices.get(about.providerId) : undefined
    if (!attempt && !invoice) continue
    const own = everyLine(
      [...group, ...(lives.get(about.providerId) ?? [])],
      suspended.get(about.providerId) ?? [],
    )
    const isRead = lives.has(about.providerId)
    const found = attempt
      ? await oddOfTransfer(reader, attempt, { own, isRead })
      : await oddOfInvoice(reader, invoice!, { own, isRead })
    if (!found) continue
    const tags = attempt
      ? { invoice: attempt.invoice_id, order: attempt.external_id }
      : { invoice: invoice!.id, order: undefined }
    judged.push({ about, tags, isWhole: found.isWhole, ...sorted(own, found) })
  }
  return judged
}

/** The lines that the statement shows and those that are or were in suspense, oldest first, each once. */
function everyLine(shown: readonly StatementLine[], rows: readonly SuspendedLine[]): OwnLine[] {
  const rowOf = new Map(rows.map(row => [row.line_id, row]))
  const lines = new Map<string, OwnLine['line']>(
    rows.map(row => [row.line_id, { id: row.line_id, units: row.units, createdAt: row.added_at }]),
  )
  for (const line of shown) if (line.units !== 0n) lines.set(line.id, line)
  return [...lines.values()].toSorted(byTime).map(line => {
    const row = rowOf.get(line.id)
    return row ? { line, row } : { line }
  })
}

/**
 * What came is first set against what left before it, whether that waits in suspense or two people closed it;
 * only what remains may mean anything else.
 */
function sorted(
  own: readonly OwnLine[],
  { odd, rest: booked, isWhole }: Found,
): Pick<Judged, 'odd' | 'waiting' | 'explained' | 'setOff' | 'netUnits'> {
  const oddLines = new Set(odd)
  const isOdd = ({ line }: OwnLine) => oddLines.has(line)
  const is = (standing: SuspendedLine['standing']) => (each: OwnLine) => each.row?.standing === standing
  const everClosed = own.filter(is('closed')).map(({ line }) => line)
  const alike = (units: bigint) => everClosed.filter(line => line.units < 0n === units < 0n)
  // Where no line is missing, what is booked besides is what two people closed before.
  const bookedTwice = new Set(isWhole ? booked.flatMap(units => comingTo(alike(units), units)) : [])
  const closed = own.filter(each => is('closed')(each) && !bookedTwice.has(each.line))
  const closedBoth = new Set(setOff(closed.map(({ line }) => line)).flat())
  const closedOut = closed.filter(({ line }) => line.units < 0n && !closedBoth.has(line))
  const pairs = new Set(
    setOff(own.filter(each => isOdd(each) || closedOut.includes(each)).map(({ line }) => line)).flat(),
  )
  const rest = own.filter(each => isOdd(each) && !pairs.has(each.line))
  const left = [...rest, ...closedOut.filter(({ line }) => !pairs.has(line))]
  return {
    odd: rest.filter(each => !is('waiting')(each)),
    waiting: rest.filter(is('waiting')),
    explained: own.filter(each => (is('waiting')(each) && !isOdd(each)) || bookedTwice.has(each.line)),
    setOff: own.filter(each => pairs.has(each.line) && !is('accounted')(each)),
    netUnits: sumOf(left.map(({ line }) => line)),
  }
}

interface Found {
  odd: OwnLine['line'][]
  /** What is booked and has no line among these. */
  rest: bigint[]
  isWhole: boolean
}

/**
 * The bank's clock is not ours, and an answer of the bank's may be late: what was booked so long after its
 * first line, or before, is read in full.
 */
const firstWithinMs = 12 * 60 * 60_000

interface Group {
  own: readonly OwnLine[]
  /** All of its lines were read, as far as they bear its tag. */
  isRead: boolean
}

/** What waits in suspense is accounted for last; what two people closed is booked, as external. */
function openLines({ own }: Group): OwnLine['line'][] {
  const open = own.filter(({ row }) => row?.standing !== 'closed')
  const isWaiting = ({ row }: OwnLine) => row?.standing === 'waiting'
  return [...open.filter(each => !isWaiting(each)), ...open.filter(isWaiting)].map(({ line }) => line)
}

/**
 * Whether one of these is the first line of what began then, of one of these amounts, and not one as large
 * that came later.
 */
const hasFirst = ({ own, isRead }: Group, at: Instant | null, ...units: bigint[]): boolean =>
  own.some(({ line, row }) => {
    if (!units.includes(line.units)) return false
    if (isRead) return row === undefined || row.standing === 'accounted'
    return row === undefined && at !== null && Math.abs(millis(line.createdAt) - millis(at)) <= firstWithinMs
  })

/** Undefined where it is not judged. */
async function oddOfTransfer(
  reader: Reader,
  { id, state, units, fee_units: feeUnits, asked_at: askedAt }: AttemptRow,
  group: Group,
): Promise<Found | undefined> {
  const lines = openLines(group)
  if (state === 'failed' || state === 'canceled' || state === 'refused') {
    const odd = notBack(lines)
    // Of what came and is not seen to have left, the leaving is older than what was read.
    let balance = 0n
    const isWhole = lines.toSorted(byTime).every(line => (balance += line.units) <= 0n)
    return { odd: isWhole || group.isRead ? odd : odd.filter(line => line.units < 0n), rest: [], isWhole }
  }
  if (state !== 'success' && state !== 'refunded') return undefined
  const fee = feeUnits ?? 0n
  const found = (moved: bigint, more: readonly bigint[]): Found => ({
    ...account(lines, {
      parts: [-moved, -fee, ...more, ...(state === 'refunded' ? [moved] : [])],
      returned: noneReturned,
    }),
    isWhole: hasFirst(group, askedAt, -moved, -moved - fee),
  })
  const usual = found(units, [])
  if (usual.odd.length === 0 && usual.isWhole) return usual
  const also = await reader.all<{ movement: string; units: bigint }>(sql`
    select t.movement, e.units from ledger_transactions t join ledger_entries e on e.transaction_id = t.id
      and e.line = 1
    where t.source = ${id}
      and t.movement in ('payout overpaid', 'payout underpaid', 'transfer fee refunded')`)
  const of = (movement: string) => also.find(row => row.movement === movement)?.units ?? 0n
  // Of one that was of another amount, and came back, both are booked.
  if (state === 'refunded' && of('payout overpaid') > 0n && of('payout underpaid') > 0n) return undefined
  return found(units + of('payout overpaid') - of('payout underpaid'), [of('transfer fee refunded')])
}

async function oddOfInvoice(
  reader: Reader,
  { id, paid_units: paid, fee_units: fee, credited_at: creditedAt }: OwnInvoice,
  group: Group,
): Promise<Found> {
  const lines = openLines(group)
  const isWhole = hasFirst(group, creditedAt, paid, paid - fee)
  const usual = account(lines, { parts: [paid, -fee], returned: noneReturned })
  if (usual.odd.length === 0 && lines.length === group.own.length) return { ...usual, isWhole }
  const [back] = await reader.all<{ went: bigint | null; came: bigint | null }>(sql`
    select cast(sum(case when t.movement = 'invoice reversed' then e.units else 0 end) as bigint) as went,
      cast(sum(case when t.movement = 'invoice reversal undone' then e.units else 0 end) as bigint) as came
    from ledger_entries e join ledger_transactions t on t.id = e.transaction_id
    where e.invoice_id = ${id} and e.units > 0
      and t.movement in ('invoice reversed', 'invoice reversal undone')`)
  return {
    ...account(lines, { parts: [paid, -fee], returned: { out: back?.went ?? 0n, in: back?.came ?? 0n } }),
    isWhole,
  }
}

interface AtBank {
  db: Db
  rail: Rail
  world: World
}

/**
 * Reads every line of what began before the statement that was read, into `lives`: without its first ones,
 * those that are booked already cannot be told from one more of the same amount. Answers whether there was
 * any. An operation's lines bear its tags (Stark Bank docs, Transaction).
 */
async function readLives({ rail, world }: AtBank, judged: readonly Judged[], lives: Lives): Promise<boolean> {
  const known = lives.size
  const begun = judged.filter(({ isWhole, about }) => !isWhole && !lives.has(about.providerId))
  // The newest first: what is read every time, for the bank shows no first line of it, keeps nothing new from
  // being read.
  for (const { about, tags } of begun.toReversed().slice(0, maxAsked)) {
    const isKey = tags.order?.startsWith('pay_')
    const answer = await rail.taggedLines(isKey ? tags.order! : tags.invoice!)
    if (answer.is !== 'done') {
      world.log.warn({ about: about.providerId, why: answer.why }, 'the bank did not give its lines by a tag')
      break
    }
    lives.set(
      about.providerId,
      answer.value.filter(line => line.about.is === about.is && line.about.providerId === about.providerId),
    )
  }
  return lives.size > known
}

/**
 * Asks the bank about what no event told: a transfer that came back, or is alive after all, and money of an
 * invoice that went back. Fills `lives`.
 */
export async function askAboutOwn(at: AtBank, lines: readonly StatementLine[], lives: Lives): Promise<void> {
  const { db, world } = at
  const atFirst = await judgeOwn(db, lines, lives)
  const judged = (await readLives(at, atFirst, lives)) ? await judgeOwn(db, lines, lives) : atFirst
  const isAsked = ({ odd, setOff: given }: Judged) => odd.length > 0 || given.some(({ row }) => !row)
  for (const each of judged.filter(isAsked).slice(0, maxAsked)) {
    world.log.warn(
      { about: each.about.providerId, lines: each.odd.length },
      'the statement has lines about our own that are not booked: the bank is asked',
    )
    await askAbout(at, each, each.odd)
  }
}

const askAbout = (at: AtBank, judged: Judged, lines: readonly OwnLine[]): Promise<void> =>
  judged.about.is === 'payout' ? askAboutTransfer(at, judged, lines) : askAboutInvoice(at, judged, lines)

const shown = because('statement-shows-it')

async function askAboutTransfer(
  { db, rail, world }: AtBank,
  { about: { providerId }, tags, netUnits, isWhole }: Judged,
  lines: readonly OwnLine[],
): Promise<void> {
  const key = tags.order!
  const itself = await rail.readPayout(providerId)
  const others = await rail.findPayouts(key)
  if (itself.is !== 'done' || others.is !== 'done') return
  const { value: transfer } = itself
  const logged = await rail.hasComeBack(providerId)
  // Whatever came besides is set against what left: the bank may be taking back a debit that it made twice.
  const came =
    netUnits >= transfer.units ? lines.filter(({ line: { units } }) => units >= transfer.units) : []
  // Of two lines that a transfer names, the second is its chargeback (Stark Bank SDK, Transfer), whatever its
  // log calls that.
  const named = came.some(({ line: { id } }) => transfer.lineIds.slice(1).includes(id))
  // Nor does an hour pass with all of its money here, unless it is back.
  const now = await db.tx(tx => tx.now())
  const stays = isWhole && came.some(each => isOld(each, now))
  const isBack = named || stays || (logged.is === 'done' && logged.value)
  const found = [
    ...others.value.filter(other => other.providerId !== providerId),
    isBack ? { ...transfer, status: 'failed' as const } : transfer,
  ]
  await db.tx(async tx => {
    await applyPayout(
      tx,
      world,
      { externalId: key, found, errors: [], readNow: true },
      { why: shown, ref: providerId },
    )
  }, 'locks')
}

async function askAboutInvoice(
  { db, rail, world }: AtBank,
  { about: { providerId }, tags }: Judged,
  lines: readonly OwnLine[],
): Promise<void> {
  const logs = await rail.invoiceLogs(providerId)
  const left = -sumOf(lines.flatMap(({ line }) => (line.units < 0n ? [line] : [])))
  const cause = { why: shown, ref: providerId }
  await db.tx(
    tx =>
      settleShown(
        tx,
        world,
        tags.invoice!,
        { logs: logs.is === 'done' ? logs.value : undefined, left },
        cause,
      ),
    'locks',
  )
}

/**
 * What nothing explained for an hour waits in suspense until two people say what it is; what is booked by
 * now, or was given back, waits no more.
 */
export async function keepOwn(
  tx: Tx,
  world: World,
  rail: Rail,
  lines: readonly StatementLine[],
  lives: Lives,
): Promise<Line[]> {
  const judged = await judgeOwn(tx, lines, lives)
  const now = await tx.now()
  const news: Line[] = []
  for (const each of judged) {
    const { about, tags } = each
    await leaveSuspense(tx, world, rail, each)
    for (const own of each.odd.filter(odd => isOld(odd, now))) {
      await suspend(tx, world, suspenseOf(rail, each, own), { again: own.row !== undefined })
      news.push(own.line)
      world.log.error(
        { about: about.providerId, ...tags },
        'a statement line about our own could not be explained: it is in suspense',
      )
    }
  }
  return news
}

const suspenseOf = (rail: Rail, { about, tags }: Judged, { line }: OwnLine) => ({
  ...{
    id: line.id,
    rail: rail.name,
    about: about.is,
    provider_id: about.providerId,
    units: line.units,
    tags,
    memo: lineMemo(line),
  },
})

/**
 * Of what the bank gave back both lines go through suspense, for the statement will show one of them without
 * the other.
 */
async function leaveSuspense(tx: Tx, world: World, rail: Rail, judged: Judged): Promise<void> {
  const rowIds = (lines: readonly OwnLine[]) => lines.map(({ line, row }) => row?.id ?? line.id)
  // Where lines are missing, what is booked may be theirs.
  if (judged.isWhole) await clearLines(tx, world, rowIds(judged.explained), 'it is booked by now')
  for (const own of judged.setOff) if (!own.row) await suspend(tx, world, suspenseOf(rail, judged, own))
  await clearLines(tx, world, rowIds(judged.setOff), 'the bank gave it back')
}

/**
 * Before two people's word makes it external, the bank is asked once more. Refused where all of it is booked
 * by now.
 */
export async function askBeforeClose(
  { db, rails, world }: { db: Db; rails: Rails; world: World },
  providerId: string,
): Promise<void> {
  const rail = rails.starkbank
  const waiting = (await suspendedLines(db, [providerId])).filter(({ standing }) => standing === 'waiting')
  if (!rail || waiting.length === 0) return
  const lines = waiting.flatMap(row => (row.about === 'other' ? [] : [lineOf(row, row.about)]))
  const lives: Lives = new Map()
  await readLives({ db, rail, world }, await judgeOwn(db, lines, lives), lives)
  for (const each of await judgeOwn(db, lines, lives)) await askAbout({ db, rail, world }, each, each.waiting)
  await db.tx(async tx => {
    for (const each of await judgeOwn(tx, lines, lives)) await leaveSuspense(tx, world, rail, each)
  }, 'locks')
  if ((await suspendedLines(db, [providerId])).every(({ standing }) => standing !== 'waiting'))
    refuse({ is: 'suspense-booked', ref: providerId })
}

const lineOf = (row: SuspendedLine, is: Known['is']): StatementLine => ({
  ...{
    id: row.line_id,
    units: row.units,
    feeUnits: 0n,
    about: { is, providerId: row.provider_id },
    createdAt: row.added_at,
  },
  ...{ description: '', source: '', tags: [] },
})
