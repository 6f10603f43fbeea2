/** Lines of the statement about our own transfers and invoices: whether the books have each of them, what the bank is asked about those they lack, and what becomes of the rest. */
import { later, type Instant, type Millis, type World } from '../base/world.ts'
import { clearLines, suspend, type OurTags } from '../ledger/ledger.ts'
import { applyPayout, type AttemptRow } from '../payout/payout.ts'
import type { Rail, StatementLine } from '../rails/rail.ts'
import { readInSets, sql, type Reader, type Store, type Tx } from '../store/store.ts'
import { settleReversal } from '../webhooks/webhooks.ts'

/** So long after it moved, no event and no question to the bank will explain a line any more. */
export const unexplainedForMs: Millis = 60 * 60_000
/** Of transfers and invoices, in one look: each is one or three calls. */
const mostAsked = 50

type Line = Pick<StatementLine, 'id' | 'units' | 'createdAt'>

/** What the books have of one transfer or invoice, signed as its lines are. */
export interface BookedParts {
  /** Each moved by a line of its own, or by one with its charge. */
  parts: readonly bigint[]
  /** What went back to a payer, and came again, however many lines that took. */
  returned: { out: bigint; in: bigint }
}

const none = { out: 0n, in: 0n }

/** Pure: the lines, oldest first, that nothing booked accounts for. Lines from before those may be missing, so what is booked need not have one. */
export function unaccounted<L extends Line>(lines: readonly L[], { parts, returned }: BookedParts): L[] {
  const open = [...parts]
  const pool = { ...returned }
  const take = (...units: bigint[]): boolean => {
    const rest = [...open]
    for (const each of units) {
      const place = rest.indexOf(each)
      if (place < 0) return false
      rest.splice(place, 1)
    }
    return (open.splice(0, open.length, ...rest), true)
  }
  const takeBack = (units: bigint): boolean => {
    const [way, size] = units < 0n ? (['out', -units] as const) : (['in', units] as const)
    if (pool[way] < size) return false
    pool[way] -= size
    return true
  }
  const together = (units: bigint) => open.some((one, at) => open.slice(at + 1).includes(units - one) && take(one, units - one))
  return lines.filter(({ units }) => !take(units) && !together(units) && !takeBack(units))
}

/** Pure: of an order that came to nothing, what left and did not come back: what comes back does so after it left. */
export function notBack<L extends Line>(lines: readonly L[]): L[] {
  const out = lines.filter(({ units }) => units < 0n)
  if (lines.reduce((sum, { units }) => sum + units, 0n) >= 0n) return []
  return unaccounted(out, { parts: lines.flatMap(({ units }) => (units > 0n ? [-units] : [])), returned: none })
}

export interface OwnLine {
  line: StatementLine
  tags: OurTags
}

const isOld = ({ line }: OwnLine, now: Instant): boolean => line.createdAt < later(now, -unexplainedForMs)

export interface Judged {
  /** Neither booked nor in suspense. */
  odd: OwnLine[]
  /** In suspense, and booked by now. */
  explained: string[]
}

/** Holds the lines about what is settled here against the books. What is under way is not judged: its lines are not booked yet. */
export async function judgeOwn(reader: Reader, lines: readonly StatementLine[]): Promise<Judged> {
  const judged: Judged = { odd: [], explained: [] }
  const byId = Map.groupBy(
    lines.filter(({ about, units }) => about.is !== 'other' && units !== 0n),
    ({ about }) => (about.is === 'other' ? '' : `${about.is} ${about.providerId}`),
  )
  const groups = [...byId.values()].map(group => group.toSorted(byTime))
  const idsOf = (is: Known['is']) => groups.flatMap(([first]) => (first!.about.is === is ? (first!.about as Known).providerId : []))
  const attempts = byProvider(
    await readInSets(idsOf('payout'), set =>
      reader.all<OwnAttempt>(sql`
        select a.*, p.invoice_id from attempts a join payouts p on p.id = a.payout_id where a.provider_id in (${set}) and a.bundle_id is null`),
    ),
  )
  const invoices = byProvider(
    await readInSets(idsOf('invoice'), set =>
      reader.all<OwnInvoice>(sql`
        select i.id, i.provider_id, i.paid_units, i.fee_units from invoices i where i.rail = 'starkbank' and i.provider_id in (${set})
          and i.state in ('credited', 'reversed')
          and not exists (select 1 from invoice_reversals r where r.invoice_id = i.id and r.under_way_since is not null)`),
    ),
  )
  const suspended = await readInSets([...idsOf('payout'), ...idsOf('invoice')], set =>
    reader.all<{ id: string; cleared_at: string | null }>(sql`select id, cleared_at from suspense_lines where provider_id in (${set})`),
  )
  const clearedAt = new Map(suspended.map(row => [row.id, row.cleared_at]))
  for (const group of groups) {
    const about = group[0]!.about as Known
    // What two people closed is external; what waits in suspense is accounted for last.
    const open = group.filter(({ id }) => clearedAt.get(id) == null)
    const ordered = [...open.filter(({ id }) => !clearedAt.has(id)), ...open.filter(({ id }) => clearedAt.has(id))]
    const attempt = about.is === 'payout' ? attempts.get(about.providerId) : undefined
    const invoice = about.is === 'invoice' ? invoices.get(about.providerId) : undefined
    const odd = attempt ? await oddOfTransfer(reader, attempt, ordered) : invoice ? await oddOfInvoice(reader, invoice, ordered) : undefined
    if (!odd) continue
    const tags = attempt ? { invoice: attempt.invoice_id, order: attempt.external_id } : { invoice: invoice!.id, order: undefined }
    judged.odd.push(...odd.filter(({ id }) => !clearedAt.has(id)).map(line => ({ line, tags })))
    judged.explained.push(...open.filter(({ id }) => clearedAt.has(id) && odd.every(line => line.id !== id)).map(({ id }) => id))
  }
  return judged
}

type Known = Exclude<StatementLine['about'], { is: 'other' }>
type OwnAttempt = AttemptRow & { provider_id: string; invoice_id: string }
const byTime = (a: Line, b: Line) => a.createdAt.localeCompare(b.createdAt) || a.id.localeCompare(b.id)
const byProvider = <T extends { provider_id: string }>(rows: readonly T[]) => new Map(rows.map(row => [row.provider_id, row]))

/** Undefined where it is not judged. */
async function oddOfTransfer(
  reader: Reader,
  { id, state, units, fee_units: fee }: AttemptRow,
  lines: readonly StatementLine[],
): Promise<StatementLine[] | undefined> {
  if (state === 'failed' || state === 'canceled' || state === 'refused') return notBack(lines)
  if (state !== 'success' && state !== 'refunded') return undefined
  const charge = -(fee ?? 0n)
  const odd = unaccounted(lines, { parts: [-units, charge, ...(state === 'refunded' ? [units] : [])], returned: none })
  if (odd.length === 0) return odd
  const also = await reader.all<{ movement: string; units: bigint }>(sql`
    select t.movement, e.units from ledger_transactions t join ledger_entries e on e.transaction_id = t.id and e.line = 1
    where t.source = ${id} and t.movement in ('payout overpaid', 'payout underpaid', 'transfer fee refunded')`)
  const of = (movement: string) => also.find(row => row.movement === movement)?.units ?? 0n
  // Of one that was of another amount, and came back, both are booked.
  if (state === 'refunded' && of('payout overpaid') > 0n && of('payout underpaid') > 0n) return undefined
  const moved = units + of('payout overpaid') - of('payout underpaid')
  return unaccounted(lines, {
    parts: [-moved, charge, of('transfer fee refunded'), ...(state === 'refunded' ? [moved] : [])],
    returned: none,
  })
}

type OwnInvoice = { id: string; provider_id: string; paid_units: bigint; fee_units: bigint }

/** The bank's clock is not ours: what was booked is no older than its line by more than this. */
const skewMs = 10 * 60_000

async function oddOfInvoice(
  reader: Reader,
  { id, paid_units: paid, fee_units: fee }: OwnInvoice,
  lines: readonly StatementLine[],
): Promise<StatementLine[]> {
  const odd = unaccounted(lines, { parts: [paid, -fee], returned: none })
  const [first] = odd.toSorted(byTime)
  if (!first) return odd
  // Its credit came before whatever went back, so where that line is among these all others are, whenever our clock says they were booked.
  const isWhole = lines.some(({ units }) => units === paid || units === paid - fee)
  const [back] = await reader.all<{ went: bigint | null; came: bigint | null }>(sql`
    select cast(sum(case when t.movement = 'invoice reversed' then e.units else 0 end) as bigint) as went,
      cast(sum(case when t.movement = 'invoice reversal undone' then e.units else 0 end) as bigint) as came
    from ledger_entries e join ledger_transactions t on t.id = e.transaction_id
    where e.invoice_id = ${id} and e.units > 0 and t.movement in ('invoice reversed', 'invoice reversal undone')
      and t.at >= ${isWhole ? '' : later(first.createdAt, -skewMs)}`)
  return unaccounted(lines, { parts: [paid, -fee], returned: { out: back?.went ?? 0n, in: back?.came ?? 0n } })
}

/** Asks the bank about what no event told: a transfer that came back, or is alive after all, and money of an invoice that went back. */
export async function askAboutOwn({ store, rail, world }: { store: Store; rail: Rail; world: World }, lines: readonly StatementLine[]) {
  const { odd } = await judgeOwn(store, lines)
  const byId = Map.groupBy(odd, ({ line: { about } }) => (about as Known).providerId)
  for (const [providerId, group] of [...byId].slice(0, mostAsked)) {
    world.log.warn(
      { about: providerId, lines: group.length },
      'the statement has lines about our own that are not booked: the bank is asked',
    )
    const { invoice, order } = group[0]!.tags
    if (order !== undefined) await askAboutTransfer({ store, rail, world }, providerId, order, group)
    else await askAboutInvoice({ store, rail, world }, providerId, invoice!)
  }
}

interface AtBank {
  store: Store
  rail: Rail
  world: World
}

async function askAboutTransfer({ store, rail, world }: AtBank, providerId: string, key: string, group: readonly OwnLine[]): Promise<void> {
  const itself = await rail.readPayout(providerId)
  const others = await rail.findPayouts(key)
  if (itself.is !== 'done' || others.is !== 'done') return
  const { value: transfer } = itself
  const logged = await rail.hasComeBack(providerId)
  // Of two lines that a transfer names, the second is its chargeback (Stark Bank SDK, Transfer), whatever its log calls that.
  const named = group.some(({ line: { id, units } }) => units >= transfer.units && transfer.lineIds.slice(1).includes(id))
  // Nor does an hour pass with all of its money here and no other debit of it, unless it is back.
  const now = await store.tx(tx => tx.now())
  const stays = group.every(({ line }) => line.units > 0n) && group.some(each => each.line.units >= transfer.units && isOld(each, now))
  const isBack = named || stays || (logged.is === 'done' && logged.value)
  const found = [
    ...others.value.filter(other => other.providerId !== providerId),
    isBack ? { ...transfer, status: 'failed' as const } : transfer,
  ]
  await store.tx(async tx => {
    const cause = { why: 'the statement shows it, and the bank was asked', ref: providerId }
    await applyPayout(tx, world, { externalId: key, found, errors: [], readNow: true }, cause)
  }, 'locks')
}

async function askAboutInvoice({ store, rail, world }: AtBank, providerId: string, id: string): Promise<void> {
  const logs = await rail.invoiceLogs(providerId)
  if (logs.is !== 'done') return
  const cause = { why: 'the statement shows it, and the bank was asked', ref: providerId }
  await store.tx(tx => settleReversal(tx, world, id, logs.value, cause), 'locks')
}

/** What nothing explained for an hour waits in suspense until two people say what it is; what is booked by now waits no more. */
export async function keepOwn(tx: Tx, world: World, rail: Rail, lines: readonly StatementLine[]): Promise<StatementLine[]> {
  const { odd, explained } = await judgeOwn(tx, lines)
  await clearLines(tx, world, explained, 'it is booked by now')
  const now = await tx.now()
  const old = odd.filter(each => isOld(each, now))
  for (const { line, tags } of old) {
    const { id, units, description } = line
    const about = line.about as Known
    await suspend(tx, world, {
      ...{ id, rail: rail.name, about: about.is, provider_id: about.providerId, units, tags, memo: description.slice(0, 200) },
    })
    world.log.error({ about: about.providerId, ...tags }, 'a statement line about our own could not be explained: it is in suspense')
  }
  return old.map(({ line }) => line)
}
