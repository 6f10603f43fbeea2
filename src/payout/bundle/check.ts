/**
 * Checking: the one rule that a transaction of ours passes before it is handed out, signed, kept or sent. It
 * pays exactly its payouts, as the books ordered them and people approved them; the rest comes back to us,
 * less a sane fee. What was planned lies in rows, and rows can be edited.
 */
import type { ChainRail, Plan } from '../../rails/chain.ts'
import { sql, type Reader } from '../../db/db.ts'
import { ordersNotAsBooked } from '../asBooked.ts'
import { notAsOwedText } from './against.ts'
import { candidatesOf, keptPlan, outputsOf, readPlan, type CandidateRow } from './bundle.ts'
import { isAskedFor } from './cancel.ts'
import { changesOf, payeesOf, type Change, type Paid } from './outputs.ts'
import type { AttemptRow } from '../row.ts'

type Candidate = Pick<CandidateRow, 'id' | 'bundle_id' | 'plan' | 'fee_units' | 'house_units'> & {
  raw?: Uint8Array | null
}

/** `strange`: what it would do that it should not, for people; empty where it may be signed and sent. */
export interface Checked {
  strange: string[]
  paid: Paid[]
  changes: Change[]
}

export async function checkTransaction(
  reader: Reader,
  rail: ChainRail,
  candidate: Candidate,
): Promise<Checked> {
  const { id, bundle_id: bundleId } = candidate
  const plan = readPlan(candidate.plan)
  const kept = await candidatesOf(reader, bundleId)
  const others = kept.filter(other => other.id !== id).map(keptPlan)
  // Bytes that are handed back now prove no fee: only those that were checked before and kept do.
  const raw = kept.find(each => each.id === id)?.raw ?? null
  const paid = await payeesOf(reader, rail, id, plan)
  const changes = await changesOf(reader, rail, plan)
  const fault = rail.planFault({ plan, raw, isAsked: await isAskedFor(reader, candidate) }, others)
  const strange = [
    ...(plan.txid === id ? [] : [`it is not transaction ${id}`]),
    ...(bytesFit(rail, candidate) ? [] : [`its bytes are not those of ${id}`]),
    ...(fault === undefined ? [] : [fault]),
    ...(plan.feeUnits === candidate.fee_units && plan.houseUnits === candidate.house_units
      ? []
      : ['its fee is not the one that was planned']),
    ...paid.filter(({ same }) => !same).map(({ address }) => address),
    ...changes.filter(({ ours }) => !ours).map(({ units }) => `${units} sat of change`),
    ...(await strangeCoins(reader, bundleId, plan)),
    ...(await strangeOrders(reader, candidate, plan, paid)),
  ]
  return { strange, paid, changes }
}

/** What it would do that it should not, for people; empty where it may be signed and sent. */
export const strangeOf = async (reader: Reader, rail: ChainRail, candidate: Candidate): Promise<string[]> =>
  (await checkTransaction(reader, rail, candidate)).strange

/** The same as one sentence; undefined where nothing is strange. */
export async function strangeIn(
  reader: Reader,
  rail: ChainRail,
  candidate: Candidate,
): Promise<string | undefined> {
  const strange = await strangeOf(reader, rail, candidate)
  return strange.length === 0 ? undefined : notAsOwedText(strange)
}

function bytesFit(rail: ChainRail, { id, raw }: Candidate): boolean {
  if (raw == null) return true
  try {
    return rail.readTransaction(raw).txid === id
  } catch {
    return false
  }
}

/** Only coins that are reserved for its bundle are spent, each of what we know it to hold. */
async function strangeCoins(reader: Reader, bundleId: string, { inputs }: Plan): Promise<string[]> {
  const coins = await reader.all<{ id: string; units: bigint }>(
    sql`select c.id, c.units from bundle_coins b join coins c on c.id = b.outpoint
      where b.bundle_id = ${bundleId}`,
  )
  const reserved = new Map(coins.map(({ id, units }) => [id, units]))
  return inputs
    .filter(({ outpoint, units }) => reserved.get(outpoint) !== units)
    .map(({ outpoint }) => `the coin ${outpoint}`)
}

/**
 * Every order of the bundle is in it, of what the books ordered, and nothing is paid twice. One that pays
 * nobody cancels, and has none.
 */
async function strangeOrders(
  reader: Reader,
  { id, bundle_id: bundleId }: Candidate,
  plan: Plan,
  paid: readonly Paid[],
): Promise<string[]> {
  const shares = await outputsOf(reader, id)
  if (shares.length === 0 && plan.outputs.every(({ key }) => key === undefined)) return []
  const orders = await reader.all<AttemptRow>(
    sql`select * from attempts where bundle_id = ${bundleId} order by id`,
  )
  const whys = await ordersNotAsBooked(reader, orders)
  const named = paid.flatMap(({ payouts }) => payouts)
  const strange = orders.flatMap(order => {
    const share = shares.find(each => each.attempt_id === order.id)
    const isIn = share && share.units + share.fee_units === order.units && named.includes(order.payout_id)
    const why = isIn ? whys.get(order.id) : 'it is not paid as it was ordered'
    return why === undefined ? [] : [`${order.payout_id}: ${why}`]
  })
  const ordered = orders.reduce((sum, { units }) => sum + units, 0n)
  const pays = paid.reduce((sum, { units, feeShare }) => sum + units + feeShare, 0n)
  return pays === ordered ? strange : [...strange, `${pays} sat to payees instead of ${ordered}`]
}
