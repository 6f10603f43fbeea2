/**
 * Transactions that wait for a person's signature: which they are, what each does, and the PSBT that is
 * handed out and back.
 */
import type { Told } from '../../base/reasons.ts'
import { holdsPrivateKey } from '../../base/setting.ts'
import type { Instant } from '../../base/world.ts'
import type { ChainRail, Plan } from '../../rails/chain.ts'
import { faultOf, sql, type Reader, type Db } from '../../db/db.ts'
import { minedIn, readPlan } from './bundle.ts'
import { checkTransaction } from './check.ts'
import { objectedIn } from './sign.ts'
import type { Change, Paid } from './outputs.ts'

export type WaitingTransaction = {
  /** The txid. */
  id: string
  bundle_id: string
  number: bigint
  plan: string
  fee_units: bigint
  house_units: bigint
  size: bigint
  added_at: Instant
  why: string | null
  read: Plan
}

/** The one of each bundle that is wanted now, oldest first. */
export async function waitingTransactions(reader: Reader): Promise<WaitingTransaction[]> {
  const rows = await reader.all<Omit<WaitingTransaction, 'read'>>(sql`
    select c.id, c.bundle_id, c.number, c.plan, c.fee_units, c.house_units, c.size, c.added_at, b.why
      from bundle_candidates c join bundles b on b.id = c.bundle_id
    where c.state = 'planned' and b.state in ('planned', 'signed', 'sent')
      and c.number = (select max(number) from bundle_candidates where bundle_id = b.id)
        order by c.added_at, c.id`)
  return rows.flatMap(row => readOf(row) ?? [])
}

/**
 * Undefined where its row cannot be read any more: then nobody can sign it, and its bundle is said to wait
 * all the same.
 */
function readOf(row: Omit<WaitingTransaction, 'read'>): WaitingTransaction | undefined {
  try {
    return { ...row, read: readPlan(row.plan) }
  } catch (error) {
    faultOf(error)
    return undefined
  }
}

/**
 * `lack`: what some signers ask for and could not be had. `strange`: what of it is not what the books owe and
 * people approved; nobody is asked to sign that.
 */
export type HandedOut =
  | { is: 'handed'; psbt: string; lack?: string; paid: Paid[]; changes: Change[] }
  | { is: 'strange'; what: string[]; paid: Paid[]; changes: Change[] }
  /**
   * Somebody objects to where it pays, or to the limits that let it go: whoever has it signed could send it
   * past this program.
   */
  | { is: 'objected'; why: Told }

/** The PSBT of one that waits, checked first: nobody is asked to sign what would not be taken back. */
export async function handOut(db: Db, rail: ChainRail, waiting: WaitingTransaction): Promise<HandedOut> {
  const { strange: what, paid, changes } = await checkTransaction(db, rail, waiting)
  if (what.length > 0) return { is: 'strange', what, paid, changes }
  const why = await db.tx(tx => objectedIn(tx, waiting), 'locks')
  if (why !== undefined) return { is: 'objected', why }
  return { is: 'handed', ...(await forSigner(db, rail, waiting)), paid, changes }
}

/**
 * Whatever can be had of the transactions its coins come from; a signer that insists on the others is told
 * why they are not there.
 */
async function forSigner(
  reader: Reader,
  rail: ChainRail,
  { read: plan, bundle_id: bundleId }: WaitingTransaction,
): Promise<{ psbt: string; lack?: string }> {
  const answer = await rail.forSigner(plan, await minedIn(reader, bundleId))
  if (answer.is !== 'done')
    return {
      psbt: plan.psbt,
      lack: `without the transactions its coins come from, which some signers ask for: ${answer.why}`,
    }
  const { psbt, without } = answer.value
  if (without.length === 0) return { psbt }
  return {
    psbt,
    lack: `without ${without.length === 1 ? 'a transaction' : `${without.length} transactions`} its coins come from, which the node does not give or which are too large; some signers ask for them: ${without.join(', ')}`,
  }
}

const maxBytes = 4 * 1024 * 1024

/** What a person hands back, as text; a file of theirs may hold what must not be kept. */
export type HandedBack =
  | { is: 'text'; text: string }
  | { is: 'too large'; mostBytes: number }
  | { is: 'private key' }

/** Wallets write PSBTs as text or as bytes that begin with `psbt` and 0xff (BIP 174). */
export function handedText(bytes: Buffer): HandedBack {
  if (bytes.length > maxBytes) return { is: 'too large', mostBytes: maxBytes }
  if (bytes.subarray(0, 5).toString('latin1') === 'psbt\u00ff')
    return { is: 'text', text: bytes.toString('base64') }
  const text = bytes.toString('utf8').trim()
  return holdsPrivateKey(text) ? { is: 'private key' } : { is: 'text', text }
}
