/** What a planned transaction pays, each script derived again from the account it is said to be of. */
import type { Branch, ChainRail, Plan } from '../../rails/chain.ts'
import { sql, type Reader } from '../../db/db.ts'

export interface Paid {
  account: string
  payouts: string[]
  address: string
  units: bigint
  feeShare: bigint
  /** The account, as it was approved, derives to this very script. */
  same: boolean
}

export interface Change {
  address: string
  path: string
  units: bigint
  /** Our own account derives to this very script. */
  ours: boolean
}

/** The payees of transaction `txid`, in the order of its outputs. */
export async function payeesOf(reader: Reader, rail: ChainRail, txid: string, plan: Plan): Promise<Paid[]> {
  const rows = await reader.all<{
    key: string
    address: string
    payout: string
    account: string
    destination: string
    next: bigint
    units: bigint
  }>(sql`
    select o.attempt_id as key, o.address, o.units, p.id as payout, a.name as account, a.destination,
      a.next_index as next
    from bundle_outputs o join attempts t on t.id = o.attempt_id join payouts p on p.id = t.payout_id
      join accounts a on a.id = p.account_id
    where o.candidate_id = ${txid}`)
  return plan.outputs.flatMap(({ key, units, feeShare, script }) => {
    const row = rows.find(each => each.key === key)
    if (!row)
      return key === undefined
        ? []
        : [{ account: 'of no payout', payouts: [], address: key, units, feeShare, same: false }]
    const { account, address } = row
    const sharing = rows.filter(each => each.address === address)
    // Payouts to one address share its output, and must add up to it.
    const whole = sharing.reduce((sum, each) => sum + each.units, 0n) === units
    const same = whole && sharing.every(each => derives(rail, each, script))
    return [{ account, payouts: sharing.map(({ payout }) => payout), address, units, feeShare, same }]
  })
}

/** The newest numbers first, for that is where it is; a plain address has only one. */
function derives(
  rail: ChainRail,
  { destination, next, address }: { destination: string; next: bigint; address: string },
  script: Uint8Array,
): boolean {
  for (let number = Number(next); number >= 0; number--) {
    const derived = rail.destination(destination, number)
    if (Buffer.compare(derived.script, script) === 0) return derived.address === address
    if (derived.address === destination) return false
  }
  return false
}

/** What comes back to us. */
export async function changesOf(reader: Reader, rail: ChainRail, plan: Plan): Promise<Change[]> {
  const changes: Change[] = []
  for (const { key, units, script } of plan.outputs) {
    if (key !== undefined) continue
    const row = await reader.one<{ branch: Branch; number: bigint; address: string }>(
      sql`select branch, number, address from chain_scripts where script = ${script}`,
    )
    const derived = row && rail.derive(row.branch, Number(row.number))
    const ours = derived !== undefined && Buffer.compare(derived.script, script) === 0
    changes.push({ address: row?.address ?? 'unknown', path: derived?.path ?? '', units, ours })
  }
  return changes
}
