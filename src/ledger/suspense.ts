/** Suspense: statement lines that bear our tags and belong to nothing these books know. They are never a stranger's, so they wait apart until somebody says. */
import { BadInput } from '../base/answer.ts'
import { brl, reais } from '../base/money.ts'
import type { Instant, World } from '../base/world.ts'
import { join, sql, type Reader, type Tx } from '../store/store.ts'
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

export type SuspenseLine = Pick<SuspenseRow, 'id' | 'rail' | 'about' | 'provider_id' | 'units'> & { tags: OurTags; memo: string }

/** Books a line in suspense, once. Answers whether this is news; what left stops payouts, so `keepBankStop` follows. */
export async function suspend(tx: Tx, world: Pick<World, 'clock' | 'random'>, line: SuspenseLine): Promise<boolean> {
  const { id, rail, about, provider_id: providerId, units, tags, memo } = line
  const made = await tx.run(sql`
    insert into suspense_lines (id, store_id, rail, about, provider_id, invoice_tag, order_key, units, added_at)
    values (${id}, 'sto_default', ${rail}, ${about}, ${providerId}, ${tags.invoice ?? null}, ${tags.order ?? null}, ${units}, ${await tx.now()})
    on conflict (id) do nothing`)
  if (made === 0) return false
  await post(tx, world, { movement: units > 0n ? 'suspense in' : 'suspense out', source: id, amount: brl(size(units)), memo })
  return true
}

/** What waits, newest first. */
export const openSuspense = (reader: Reader, limit = 1_000): Promise<SuspenseRow[]> =>
  reader.all<SuspenseRow>(sql`
    select * from suspense_lines where store_id = 'sto_default' and cleared_at is null order by added_at desc, id desc limit ${limit}`)

/** Takes the lines about one invoice or transfer out of suspense again: what they are is booked in their place. Answers them. */
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

/** Takes single lines out of suspense again. */
export async function clearLines(tx: Tx, world: Pick<World, 'clock' | 'random'>, ids: readonly string[], why: string): Promise<void> {
  if (ids.length === 0) return
  const rows = await tx.all<SuspenseRow>(sql`select * from suspense_lines where id in (${join(ids)}) and cleared_at is null order by id`)
  await clear(tx, world, rows, why)
}

async function clear(tx: Tx, world: Pick<World, 'clock' | 'random'>, rows: readonly SuspenseRow[], why: string): Promise<void> {
  const now = await tx.now()
  for (const { id, units } of rows) {
    await tx.run(sql`update suspense_lines set cleared_at = ${now}, cleared_why = ${why} where id = ${id}`)
    const movement = units > 0n ? 'suspense in cleared' : 'suspense out cleared'
    await post(tx, world, { movement, source: id, amount: brl(size(units)), memo: why })
  }
  if (rows.length > 0) await keepBankStop(tx)
}

export const suspenseAct = 'suspense.close'

/**
 * Proposes that what is in suspense about one invoice or transfer be taken for a stranger's: what was lost with an old database and has been
 * looked at. Throws `BadInput` where nothing is, or a payout of these books is what it must be held against.
 */
export async function proposeClose(
  tx: Tx,
  world: Pick<World, 'clock' | 'random'>,
  providerId: string,
  { by, why }: { by: string; why: string },
): Promise<Proposed> {
  const lines = await mayBeClosed(tx, providerId)
  const detail = {
    amount: reais(sum(lines)),
    bears: [...new Set(lines.map(({ order_key: key, invoice_tag: tag }) => key ?? tag))].join(', '),
  }
  return propose(tx, world, { act: suspenseAct, subject: providerId, detail, why, by })
}

async function mayBeClosed(tx: Tx, providerId: string): Promise<SuspenseRow[]> {
  const lines = await tx.all<SuspenseRow>(
    sql`select * from suspense_lines where provider_id = ${providerId} and cleared_at is null order by id`,
  )
  if (lines.length === 0) throw new BadInput(`nothing about "${providerId}" is in suspense: "repasse suspense list" shows what is`)
  const payout = await tx.one<{ id: string }>(
    sql`select id from payouts where invoice_id in (select invoice_tag from suspense_lines where provider_id = ${providerId})
      or id in (select ${payoutOfKey} from suspense_lines where provider_id = ${providerId}) limit 1`,
  )
  // Of an order of these books it is known what it paid: what is in suspense about it is something else.
  const isOrder = await tx.one(sql`select 1 as yes from attempts where provider_id = ${providerId}`)
  if (payout && !isOrder && lines.some(({ about }) => about === 'payout'))
    throw new BadInput(
      `${providerId} bears the tag of payout ${payout.id}: "repasse payout adjudicate ${payout.id} --transfer ${providerId} …" says what it is`,
    )
  return lines
}

/** In the transaction of the approval: out of suspense, and booked as external. */
export async function carryOutClose(tx: Tx, world: Pick<World, 'clock' | 'random'>, proposal: ProposalRow): Promise<void> {
  const { subject: providerId, why, made_by: madeBy, decided_by: by } = proposal
  const lines = await mayBeClosed(tx, providerId)
  if (reais(sum(lines)) !== detailOf(proposal)['amount'])
    throw new BadInput(`more is in suspense about "${providerId}" than when this was proposed: propose it again`)
  await clearSuspense(tx, world, providerId, `${madeBy} and ${by}: ${why}`)
  for (const { id, units } of lines) {
    const movement = units > 0n ? 'external in' : 'external out'
    await post(tx, world, { movement, source: id, amount: brl(size(units)), memo: `${providerId}: ${why}` })
  }
  await audit(tx, { actor: by!, act: 'suspense closed', subject: providerId, detail: { lines: String(lines.length), madeBy, why } })
}

const sum = (lines: readonly SuspenseRow[]) => lines.reduce((total, { units }) => total + units, 0n)
const size = (units: bigint) => (units < 0n ? -units : units)
