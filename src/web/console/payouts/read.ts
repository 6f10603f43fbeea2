/** Reads payouts for the console: a page of the list along one index, and one payout with the sum that made it and the orders that pay it. */
import {
  beyondAct,
  mayBeHeld,
  listedPayouts,
  seePayout,
  waitingForLimits,
  type ListedPayout,
  type SeenPayout,
  type WaitingForLimit,
} from '../../../payout/payout.ts'
import { openProposal, postingsOf, type PostingRow } from '../../../ledger/ledger.ts'
import { empty, sql, type Reader } from '../../../db/db.ts'
import { moversOf, type Mover } from '../invoices/read.ts'
import { stepsOf, type Step } from '../../../queries/history.ts'
import { within, type Filters } from '../../../queries/page.ts'
import { soughtPayouts, soughtWhere } from '../../../queries/lookup.ts'

/** The account by its name; `state` and `rail` have been checked. */
export async function listPayouts(reader: Reader, filters: Filters, limit: number): Promise<ListedPayout[]> {
  const { q, state, rail, account, invoice } = filters.query
  const sought = q === undefined ? undefined : await soughtPayouts(reader, q)
  const ofPayer = sql`and p.invoice_id in`
  return reader.all<ListedPayout>(sql`
    ${listedPayouts} where p.id in (select id from (
      select p.id from payouts p where 1 = 1
      ${sought ? soughtWhere(sought, { id: sql`p.id`, units: sql`p.units`, asset: sql`p.asset`, taxId: ids => sql`${ofPayer} (select id from invoices where payer_tax_id in (${ids}))` }) : empty}
      ${state === undefined ? empty : sql`and p.state = ${state}`}
      ${rail === undefined ? empty : sql`and p.asset = ${rail === 'bitcoin' ? 'BTC' : 'BRL'}`}
      ${account === undefined ? empty : sql`and p.account_id = (select id from accounts where store_id = 'sto_default' and name = ${account})`}
      ${invoice === undefined ? empty : sql`and p.invoice_id = ${invoice}`}
      ${within(sql`p.added_at`, sql`p.id`, filters)} order by p.added_at desc, p.id desc limit ${limit}) as page)
    order by p.added_at desc, p.id desc`)
}

/** One part of what makes a payout: what came, less what was taken. */
export interface SumLine {
  posting: PostingRow
  /** Signed. */
  units: bigint
}

export interface ExplainedPayout extends SeenPayout {
  lines: SumLine[]
  timeline: Step[]
  orderTimelines: Step[][]
  movers: Mover[]
  payer: string
  mayBeHeld: boolean
  /** What it waits for, and the open proposal to let it go all the same. */
  limits: { wait: WaitingForLimit | undefined; proposalId: string | undefined }
}

const taken = new Set(['bank fee', 'commission', 'transfer fee withheld'])

export async function explainPayout(reader: Reader, id: string): Promise<ExplainedPayout | undefined> {
  const seen = await seePayout(reader, id)
  if (!seen) return undefined
  const { row, orders, steps } = seen
  // Of what came on a chain each payout passes on its own coins; at the bank there is one payout of an invoice.
  const made =
    row.asset === 'BTC'
      ? sql`(t.source = ${id} and t.movement = 'commission') or (t.movement = 'payment credited'
          and t.source in (select id || '/' || cast(credits as text) from coins where payout_id = ${id}))`
      : sql`t.source = ${row.invoice_id} and t.movement in ('invoice credited', 'bank fee', 'commission', 'transfer fee withheld')`
  const postings = await postingsOf(reader, made)
  const [wait] = await waitingForLimits(reader, { limit: 1, payoutId: id })
  const orderTimelines: Step[][] = []
  for (const { steps: ofOrder } of orders) orderTimelines.push(await stepsOf(reader, ofOrder))
  return {
    ...seen,
    mayBeHeld: await mayBeHeld(reader, row),
    limits: { wait, proposalId: wait && (await openProposal(reader, beyondAct, id))?.id },
    lines: postings
      .map(posting => ({ posting, units: taken.has(posting.movement) ? -posting.units : posting.units }))
      // They are of one moment: what came stands above what was taken of it.
      .toSorted((a, b) => Number(b.units > 0n) - Number(a.units > 0n)),
    timeline: await stepsOf(reader, steps),
    orderTimelines,
    movers: await moversOf(reader, [id, ...orders.map(({ attempt }) => attempt.id)]),
    payer: (await reader.one<{ name: string }>(sql`select id, payer_name as name from invoices where id = ${row.invoice_id}`))?.name ?? '',
  }
}
