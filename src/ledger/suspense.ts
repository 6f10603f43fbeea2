/**
 * Suspense: statement lines that bear our tags and belong to nothing these books know. They are never a
 * stranger's, so they wait apart until somebody says.
 */
import { brl, formatReais } from '../base/money.ts'
import { refusing } from '../base/refusal.ts'
import type { Instant, World } from '../base/world.ts'
import { join, readInSets, sql, type Reader, type Tx } from '../db/db.ts'
import { comingTo } from './accounted.ts'
import { audit } from './audit.ts'
import { keepBankStop } from './bankStop.ts'
import { post } from './post.ts'
import { detailOf, propose, type Proposed, type ProposalRow } from './proposal.ts'
import { payoutOfKey, type OurTags } from './tags.ts'

export type SuspenseRow = {
  id: string
  rail: string
  about: 'invoice' | 'payout' | 'other'
  provider_id: string
  invoice_tag: string | null
  order_key: string | null
  /** Signed: what entered is positive. */
  units: bigint
  added_at: Instant
  cleared_at: Instant | null
  cleared_why: string | null
}

export type SuspenseLine = Pick<SuspenseRow, 'id' | 'rail' | 'about' | 'provider_id' | 'units'> & {
  tags: OurTags
  memo: string
}

/**
 * Books a line in suspense, once. Answers whether this is news; what left stops payouts, so `keepBankStop`
 * follows. `again`: what it was accounted for by is booked no more, or is another line's.
 */
export async function suspend(
  tx: Tx,
  world: Pick<World, 'clock' | 'random'>,
  line: SuspenseLine,
  { again = false }: { again?: boolean } = {},
): Promise<boolean> {
  const { rail, about, provider_id: providerId, units, tags, memo } = line
  const times = again ? await timesSuspended(tx, line) : 0n
  const id = times > 0n ? `${line.id}#${times + 1n}` : line.id
  const made = await tx.run(sql`
    insert into suspense_lines (id, store_id, rail, about, provider_id, invoice_tag, order_key, units,
      added_at)
    values (${id}, ${tx.store}, ${rail}, ${about}, ${providerId}, ${tags.invoice ?? null},
      ${tags.order ?? null}, ${units}, ${await tx.now()})
    on conflict (id) do nothing`)
  if (made === 0) return false
  await post(tx, world, {
    movement: units > 0n ? 'suspense in' : 'suspense out',
    source: id,
    amount: brl(size(units)),
    memo,
  })
  return true
}

const timesSuspended = async (tx: Tx, { id, provider_id: providerId }: SuspenseLine): Promise<bigint> => {
  const rows = await tx.one<{ count: bigint }>(sql`
    select count(*) as count from suspense_lines where provider_id = ${providerId} and (id = ${id}
      or id like ${`${id}#%`})`)
  return rows!.count
}

/** What waits, newest first. */
export const openSuspense = (reader: Reader, limit = 1_000): Promise<SuspenseRow[]> =>
  reader.all<SuspenseRow>(sql`
    select * from suspense_lines where store_id = ${reader.store} and cleared_at is null
      order by added_at desc, id desc limit ${limit}`)

/**
 * What waits about one invoice or transfer. `payout_id`: the payout of these books that a transfer must be
 * held against before anything is said of it.
 */
export type SuspendedMoney = Pick<SuspenseRow, 'provider_id' | 'about' | 'units' | 'added_at'> & {
  bears: string
  payout_id: string | null
}

/** The same by invoice and transfer, what waits longest first. */
export const suspendedMoney = (reader: Reader, limit = 1_000): Promise<SuspendedMoney[]> =>
  reader.all<SuspendedMoney>(sql`
    select provider_id, max(about) as about, cast(sum(units) as bigint) as units, min(added_at) as added_at,
      max(coalesce(order_key, invoice_tag)) as bears,
      case when max(about) <> 'payout' or provider_id in (select provider_id from attempts
        where provider_id is not null) then null
        else (select min(id) from payouts where invoice_id = max(invoice_tag)
          or id = max(${payoutOfKey})) end as payout_id
    from suspense_lines where store_id = ${reader.store} and cleared_at is null group by provider_id
      order by min(added_at), provider_id limit ${limit}`)

/**
 * Takes the lines about one invoice or transfer out of suspense again: what they are is booked in their
 * place. Answers them.
 */
export async function clearSuspense(
  tx: Tx,
  world: Pick<World, 'clock' | 'random'>,
  providerId: string,
  why: string,
): Promise<SuspenseRow[]> {
  const rows = await tx.all<SuspenseRow>(
    sql`select * from suspense_lines where provider_id = ${providerId} and cleared_at is null order by id`,
  )
  await clear(tx, world, rows, why)
  return rows
}

/**
 * `waiting`: in suspense. `closed`: external, as two people said. `accounted`: what it is was booked in its
 * place.
 */
export type SuspendedLine = SuspenseRow & {
  standing: 'waiting' | 'closed' | 'accounted'
  /** The line's own id at the bank: a line that is in suspense for the second time has a row of its own. */
  line_id: string
}

const standing = sql`case when s.cleared_at is null then 'waiting'
  when exists (select 1 from ledger_transactions t where t.movement in ('external in', 'external out')
    and t.source = s.id)
    and not exists (select 1 from ledger_transactions t
      where t.movement in ('external in cleared', 'external out cleared') and t.source = s.id)
  then 'closed' else 'accounted' end as standing`

const lineIdOf = (id: string): string => id.split('#')[0]!

/**
 * Every line about these invoices and transfers that is, or ever was, in suspense, as it stands now; oldest
 * first.
 */
export async function suspendedLines(
  reader: Reader,
  providerIds: Iterable<string>,
): Promise<SuspendedLine[]> {
  const rows = await readInSets(providerIds, set =>
    reader.all<SuspenseRow & Pick<SuspendedLine, 'standing'>>(
      sql`select s.*, ${standing} from suspense_lines s where s.provider_id in (${set})
        order by s.added_at, s.id`,
    ),
  )
  return [...new Map(rows.map(row => [lineIdOf(row.id), { ...row, line_id: lineIdOf(row.id) }])).values()]
}

/**
 * Takes single lines, by the ids of their rows, out of suspense again; those that two people closed are
 * external no more.
 */
export async function clearLines(
  tx: Tx,
  world: Pick<World, 'clock' | 'random'>,
  ids: readonly string[],
  why: string,
): Promise<void> {
  if (ids.length === 0) return
  const rows = await tx.all<SuspenseRow & Pick<SuspendedLine, 'standing'>>(
    sql`select s.*, ${standing} from suspense_lines s where s.id in (${join(ids)}) order by s.id`,
  )
  const waiting = rows.filter(row => row.standing === 'waiting')
  await clear(tx, world, waiting, why)
  for (const { id, units } of rows.filter(row => row.standing === 'closed')) {
    const movement = units > 0n ? 'external in cleared' : 'external out cleared'
    await post(tx, world, { movement, source: id, amount: brl(size(units)), memo: why })
  }
}

/**
 * What was booked just now of one invoice or transfer, `parts` signed as its lines are, takes those lines out
 * of suspense, and undoes that two people closed them: whatever their age, a movement is in the books once.
 * Answers those lines. Lines that come neither to a part nor to all of them, to the cent, are other lines.
 */
export async function clearBooked(
  tx: Tx,
  world: Pick<World, 'clock' | 'random'>,
  providerId: string | null,
  parts: readonly bigint[],
  why: string,
): Promise<SuspendedLine[]> {
  if (providerId === null) return []
  const lines = (await suspendedLines(tx, [providerId])).filter(line => line.standing !== 'accounted')
  // What waits was explained by nobody yet, so what was booked is that rather than what people have
  // explained.
  const open = [
    ...lines.filter(line => line.standing === 'waiting'),
    ...lines.filter(line => line.standing === 'closed'),
  ]
  const found: SuspendedLine[] = []
  const find = (units: bigint) =>
    found.push(
      ...comingTo(
        open.filter(line => !found.includes(line) && line.units < 0n === units < 0n),
        units,
      ),
    )
  for (const part of parts) find(part)
  if (found.length === 0) find(parts.reduce((sum, part) => sum + part, 0n))
  await clearLines(
    tx,
    world,
    found.map(({ id }) => id),
    why,
  )
  return found
}

async function clear(
  tx: Tx,
  world: Pick<World, 'clock' | 'random'>,
  rows: readonly SuspenseRow[],
  why: string,
): Promise<void> {
  const now = await tx.now()
  for (const { id, units } of rows) {
    await tx.run(sql`update suspense_lines set cleared_at = ${now}, cleared_why = ${why} where id = ${id}`)
    const movement = units > 0n ? 'suspense in cleared' : 'suspense out cleared'
    await post(tx, world, { movement, source: id, amount: brl(size(units)), memo: why })
  }
  if (rows.length > 0) await keepBankStop(tx)
}

export const suspenseAct = 'suspense.close'

/** Why what is in suspense is not closed. `ref`: the bank's id of the invoice or transfer it is about. */
export type SuspenseRefusal =
  | { is: 'suspense-empty'; ref: string }
  /** People say of that payout what the transfer is. */
  | { is: 'suspense-of-payout'; ref: string; payout: string }
  /** It is of another amount than when this was proposed. */
  | { is: 'suspense-changed'; ref: string }
  /** All of it was booked meanwhile. */
  | { is: 'suspense-booked'; ref: string }

const { refuse } = refusing<SuspenseRefusal>()

/**
 * Proposes that what is in suspense about one invoice or transfer be taken for a stranger's: what was lost
 * with an old database and has been looked at. Refused where nothing is, or a payout of these books is what
 * it must be held against.
 */
export async function proposeClose(
  tx: Tx,
  world: Pick<World, 'clock' | 'random'>,
  providerId: string,
  { by, why }: { by: string; why: string },
): Promise<Proposed | SuspenseRefusal> {
  const lines = await linesIn(tx, providerId)
  const refusal = await mayClose(tx, providerId, lines)
  if (refusal) return refusal
  const detail = {
    amount: formatReais(sum(lines)),
    bears: [...new Set(lines.map(({ order_key: key, invoice_tag: tag }) => key ?? tag))].join(', '),
  }
  return propose(tx, world, { act: suspenseAct, subject: providerId, detail, why, by })
}

const linesIn = (reader: Reader, providerId: string): Promise<SuspenseRow[]> =>
  reader.all<SuspenseRow>(
    sql`select * from suspense_lines where provider_id = ${providerId} and cleared_at is null order by id`,
  )

async function mayClose(
  tx: Reader,
  providerId: string,
  lines: readonly SuspenseRow[],
): Promise<SuspenseRefusal | undefined> {
  if (lines.length === 0) return { is: 'suspense-empty', ref: providerId }
  const payout = await tx.one<{ id: string }>(
    sql`select id from payouts where invoice_id in (select invoice_tag from suspense_lines
      where provider_id = ${providerId})
      or id in (select ${payoutOfKey} from suspense_lines where provider_id = ${providerId}) limit 1`,
  )
  // Of an order of these books it is known what it paid: what is in suspense about it is something else.
  const isOrder = await tx.one(sql`select 1 as yes from attempts where provider_id = ${providerId}`)
  return payout && !isOrder && lines.some(({ about }) => about === 'payout')
    ? { is: 'suspense-of-payout', ref: providerId, payout: payout.id }
    : undefined
}

/** In the transaction of the approval: out of suspense, and booked as external. */
export async function carryOutClose(
  tx: Tx,
  world: Pick<World, 'clock' | 'random'>,
  proposal: ProposalRow,
): Promise<void> {
  const { subject: providerId, why, made_by: madeBy, decided_by: by } = proposal
  const lines = await linesIn(tx, providerId)
  const refusal = await mayClose(tx, providerId, lines)
  if (refusal) refuse(refusal)
  if (formatReais(sum(lines)) !== detailOf(proposal)['amount'])
    refuse({ is: 'suspense-changed', ref: providerId })
  await clearSuspense(tx, world, providerId, `${madeBy} and ${by}: ${why}`)
  for (const { id, units } of lines) {
    const movement = units > 0n ? 'external in' : 'external out'
    await post(tx, world, { movement, source: id, amount: brl(size(units)), memo: `${providerId}: ${why}` })
  }
  await audit(tx, {
    actor: by!,
    act: 'suspense closed',
    subject: providerId,
    detail: { lines: String(lines.length), madeBy, why },
  })
}

const sum = (lines: readonly SuspenseRow[]) => lines.reduce((total, { units }) => total + units, 0n)
const size = (units: bigint) => (units < 0n ? -units : units)
