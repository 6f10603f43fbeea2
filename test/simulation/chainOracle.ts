/**
 * The oracle of the chain: reads every block itself, and holds requests, coins, payouts and books against
 * what is there, to the satoshi.
 */
import { Block } from 'bitcoinjs-lib'
import { millis, type World } from '../../src/base/world.ts'
import type { CoinRow } from '../../src/chain/chain.ts'
import type { InvoiceRow } from '../../src/invoice/invoice.ts'
import { reconcileChain } from '../../src/reconcile/reconcile.ts'
import { balances } from '../../src/ledger/ledger.ts'
import type { ChainRail, Outpoint } from '../../src/rails/chain.ts'
import { sql, type Db } from '../../src/db/db.ts'

/** A block of the node's active chain, serialised; undefined above its tip. */
export type BlockAt = (height: number) => Promise<Uint8Array | undefined>

export interface ChainCase {
  db: Db
  rail: ChainRail
  world: World
  blockAt: BlockAt
  /** Nothing of ours is below it. */
  from: number
  /** Every script the payee has. */
  payee: ReadonlySet<string>
  /** Transactions that spend our coins and are none of ours, where a stranger has our keys. */
  strange: ReadonlySet<string>
  /**
   * Whether backups were restored: payouts may have been paid by what they have forgotten, and requests that
   * were drafts then have ended.
   */
  isRestored: boolean
  /**
   * Whether a branch as long as what payouts wait for was left behind: then what was passed on may have gone.
   */
  deepTurns: number
  /** Asks the node to scan for our descriptor besides, which takes longer than all else. */
  scans: boolean
}

interface Output {
  txid: string
  units: bigint
  script: string
  height: number
  spentBy?: string
}

/** What is in the chain, by outpoint. */
interface Picture {
  outputs: Map<Outpoint, Output>
  /** The fee needs what is spent, so it is there only where all of that is in the picture. */
  transactions: Map<string, { inputs: Outpoint[]; outputs: Outpoint[] }>
  hashes: Map<number, string>
  height: number
}

export interface Judged {
  faults: string[]
  /** Payments that were passed on and are in the chain no more. */
  lost: string[]
  /** Bundles that can never be mined, for what they spend is gone. */
  dead: string[]
  /** How many transactions of a stranger's are in the chain. */
  stolen: number
  requests: number
  credited: number
  paid: number
}

/** Everything that must hold on the chain once nothing moves there any more. */
export async function judgeChain(given: ChainCase): Promise<Judged> {
  const { db } = given
  const picture = await read(given)
  const coins = await db.all<CoinRow>(sql`select * from coins order by id`)
  const invoices = await db.all<InvoiceRow>(sql`select * from invoices where rail = 'bitcoin' order by id`)
  const payouts = await judgePayouts(given, picture)
  const lost = coins
    .filter(({ state, credits }) => credits % 2n === 1n && state !== 'mined')
    .map(({ id }) => id)
  return {
    faults: [
      ...(await judgeSums(given, picture)),
      ...(await judgeCoins(db, picture, coins)),
      ...(await judgeRequests(db, invoices, coins, {
        mayBeLost: given.deepTurns > 0,
        isRestored: given.isRestored,
      })),
      ...payouts.faults,
      ...(await judgeInbox(db)),
    ],
    lost,
    dead: payouts.dead,
    stolen: [...given.strange].filter(txid => picture.transactions.has(txid)).length,
    requests: invoices.length,
    credited: invoices.filter(({ state }) => state === 'credited').length,
    paid: payouts.paid,
  }
}

async function read({ blockAt, from }: ChainCase): Promise<Picture> {
  const picture: Picture = {
    outputs: new Map(),
    transactions: new Map(),
    hashes: new Map(),
    height: from - 1,
  }
  for (let raw = await blockAt(from); raw; raw = await blockAt(picture.height + 1)) {
    const block = Block.fromBuffer(raw)
    const height = picture.height + 1
    for (const transaction of block.transactions!) {
      const txid = transaction.getId()
      const inputs = transaction.ins.map(
        ({ hash, index }): Outpoint => `${Buffer.from(hash).reverse().toString('hex')}:${index}`,
      )
      const outputs = transaction.outs.map((_, vout): Outpoint => `${txid}:${vout}`)
      for (const outpoint of inputs) {
        const spent = picture.outputs.get(outpoint)
        if (spent) spent.spentBy = txid
      }
      for (const [vout, { value, script }] of transaction.outs.entries())
        picture.outputs.set(outputs[vout]!, { txid, units: value, script: hex(script), height })
      picture.transactions.set(txid, { inputs, outputs })
    }
    picture.hashes.set(height, block.getId())
    picture.height = height
  }
  return picture
}

/** The node's set of unspent outputs, its scan of our descriptor and the books are one sum. */
async function judgeSums({ db, rail, world, scans }: ChainCase, picture: Picture): Promise<string[]> {
  const found = await reconcileChain(db, rail, world)
  if (typeof found === 'string') return [found]
  const faults: string[] = []
  if (!found.agrees || found.bookUnits !== found.coinUnits || found.chainUnits !== found.coinUnits)
    faults.push(
      `the chain holds ${found.chainUnits}, our coins are ${found.coinUnits}, the books say ${found.bookUnits}; ${found.differing.join()}`,
    )
  const book = (await balances(db, 'BTC')).bank
  const ours = await scriptsOf(db)
  const held = sumOf(
    [...picture.outputs.values()]
      .filter(({ script, spentBy }) => ours.has(script) && !spentBy)
      .map(({ units }) => units),
  )
  if (held !== book) faults.push(`the blocks leave ${held} at our scripts, the books say ${book}`)
  if (!scans) return faults
  const scan = await rail.scan()
  if (scan.is !== 'done') return [...faults, scan.why]
  if (scan.value.units !== book)
    faults.push(`the node finds ${scan.value.units} by our descriptor, the books say ${book}`)
  return faults
}

/** Every output to a script of ours is a coin as it lies, and no coin says it lies where it does not. */
async function judgeCoins(db: Db, picture: Picture, coins: CoinRow[]): Promise<string[]> {
  const faults: string[] = []
  const scripts = await scriptsOf(db)
  const known = new Map(coins.map(coin => [coin.id, coin]))
  for (const [id, { units, script, height, spentBy }] of picture.outputs) {
    if (!scripts.has(script)) continue
    const coin = known.get(id)
    if (!coin) faults.push(`${id} pays us ${units} at block ${height}, and is no coin`)
    else if (coin.state !== 'mined' || coin.units !== units || coin.block_hash !== picture.hashes.get(height))
      faults.push(`${id} is ${coin.state} of ${coin.units} here, and of ${units} at block ${height}`)
    else if ((coin.spent_height === null ? undefined : coin.spent_by) !== spentBy)
      faults.push(
        `${id} is spent by ${spentBy ?? 'nobody'} in the chain, and by ${coin.spent_by ?? 'nobody'} here`,
      )
  }
  for (const { id, state } of coins) {
    if (state === 'mined' && !picture.outputs.has(id))
      faults.push(`${id} is mined here, and not in the chain`)
    if (state === 'seen' || state === 'orphaned') faults.push(`${id} is still ${state}`)
  }
  return faults
}

async function givenBack(db: Db, coins: readonly CoinRow[]): Promise<ReadonlySet<string>> {
  const back = new Set<string>()
  for (const { id, spent_by: by, refunded_units: refunded, units } of coins)
    if (
      (refunded === units && units > 0n) ||
      (await db.one(sql`select 1 as yes from refunds_elsewhere where txid = ${by ?? ''}`))
    )
      back.add(id)
  return back
}

/**
 * What came in its time and covers what was asked was credited, wholly, and what was credited is owed less
 * the commission.
 */
async function judgeRequests(
  db: Db,
  invoices: InvoiceRow[],
  coins: CoinRow[],
  { mayBeLost, isRestored }: { mayBeLost: boolean; isRestored: boolean },
): Promise<string[]> {
  const faults: string[] = []
  type Owed = { id: string; invoice_id: string; units: bigint; state: string }
  const payouts = await db.all<Owed>(
    sql`select id, invoice_id, units, state from payouts where asset = 'BTC' and rule not like 'refund%'
      order by id`,
  )
  for (const invoice of invoices) {
    const { id, state, units, due_at: dueAt } = invoice
    const own = coins.filter(coin => coin.invoice_id === id)
    // What was given back, by us or by hand, was not paid.
    const back = await givenBack(db, own)
    const mined = own.filter(coin => coin.state === 'mined' && !back.has(coin.id))
    const inTime = mined.filter(coin => millis(coin.first_seen_at) <= millis(dueAt))
    const sum = sumOf(inTime.map(coin => coin.units - coin.refunded_units))
    if (sum >= units && state !== 'credited')
      faults.push(`${id} was paid ${sum} of ${units} in time, and is ${state}`)
    if (
      mined.length === 0 &&
      !['issued', 'expired'].includes(state) &&
      !(state === 'canceled' && (isRestored || invoice.order_id !== null))
    )
      faults.push(`${id} was paid by nothing, and is ${state}`)
    if (['draft', 'seen', 'confirming', 'paid'].includes(state)) faults.push(`${id} is still ${state}`)
    if (
      sumOf(mined.map(coin => coin.units)) < units &&
      state === 'credited' &&
      invoice.quote_units === null &&
      invoice.late_by === null
    )
      faults.push(`${id} is credited, and less came than was asked`)
    const credited = own.filter(({ credits }) => credits % 2n === 1n)
    if (state === 'credited')
      for (const coin of inTime)
        if (!credited.includes(coin))
          faults.push(`${coin.id} came in its time for ${id}, and was not credited`)
    if (!mayBeLost && credited.some(coin => coin.state !== 'mined'))
      faults.push(`${id} is credited with what is not in the chain`)
    if (!mayBeLost && state !== 'credited' && credited.length > 0)
      faults.push(`${id} is ${state}, and was credited with ${credited.length}`)

    const gross = sumOf(credited.map(coin => coin.units - coin.refunded_units))
    if ((invoice.paid_units ?? 0n) !== gross)
      faults.push(`${id} says ${invoice.paid_units} were credited, its coins ${gross}`)
    const owed = sumOf(
      payouts.filter(row => row.invoice_id === id && row.state !== 'canceled').map(row => row.units),
    )
    const commission = (gross * invoice.commission_bp * 2n + 10_000n) / 20_000n
    // Parts that come back are shared again, each rounded for itself.
    const slack = BigInt(payouts.filter(row => row.invoice_id === id).length)
    const off = gross - commission - owed
    if (off > slack || off < -slack)
      faults.push(`${id} was credited ${gross} less ${commission}, and ${owed} is owed`)
  }
  return faults
}

type Sent = {
  payout_id: string
  state: string
  why: string | null
  owed: bigint
  bundle_id: string | null
  candidate_id: string | null
  units: bigint | null
  fee_units: bigint | null
  address: string | null
}

type Candidate = {
  id: string
  bundle_id: string
  fee_units: bigint
  plan: string
  state: string
  raw: Uint8Array | null
  handed_at: string | null
  bundle: string
}

/**
 * Each payout was paid once, to its payee, and its fee share and all others' are what the miners took;
 * nothing else left us.
 */
async function judgePayouts(
  { db, payee, strange, deepTurns, isRestored }: ChainCase,
  picture: Picture,
): Promise<{ faults: string[]; dead: string[]; paid: number }> {
  const faults: string[] = []
  const ours = await scriptsOf(db)
  const candidates = await db.all<Candidate>(sql`
    select c.id, c.bundle_id, c.fee_units, c.plan, c.state, c.raw, c.handed_at, b.state as bundle
    from bundle_candidates c join bundles b on b.id = c.bundle_id order by c.bundle_id, c.number`)
  const byBundle = Map.groupBy(candidates, candidate => candidate.bundle_id)
  const dead: string[] = []
  for (const [id, group] of byBundle) {
    const mined = group.filter(candidate => picture.transactions.has(candidate.id))
    if (mined.length > 1) faults.push(`${id} was mined ${mined.length} times`)
    if (mined.length === 1 && group[0]!.bundle === 'paid') continue
    if (group[0]!.bundle === 'void' && isCanceled(picture, ours, group, mined)) continue
    const gone = group.every(({ plan }) =>
      (JSON.parse(plan) as { inputs: { outpoint: Outpoint }[] }).inputs.some(({ outpoint }) => {
        const output = picture.outputs.get(outpoint)
        return !output || output.spentBy !== undefined
      }),
    )
    if (mined.length === 0 && gone && (deepTurns > 0 || strange.size > 0)) dead.push(id)
    else
      faults.push(
        `${id} is ${group[0]!.bundle}, and ${mined.length} of its ${group.length} transactions are in the chain`,
      )
  }

  const payouts = await db.all<Sent>(sql`
    select p.id as payout_id, p.state, p.why, p.units as owed, a.bundle_id, c.id as candidate_id, o.units,
      o.fee_units, o.address
    from payouts p
      left join attempts a on a.payout_id = p.id and a.state = 'success'
      left join bundles b on b.id = a.bundle_id
      left join bundle_candidates c on c.id = b.booked
      left join bundle_outputs o on o.candidate_id = c.id and o.attempt_id = a.id
    where p.asset = 'BTC' order by p.id`)
  const told = new Map<string, bigint>()
  for (const { payout_id: id, state, why, owed, candidate_id: txid, units, fee_units: fee } of payouts) {
    const open = await db.one<{ bundle_id: string }>(
      sql`select bundle_id from attempts where payout_id = ${id} and state in ('sending', 'sent') limit 1`,
    )
    if (open && dead.includes(open.bundle_id)) continue
    if (state === 'canceled' || (state === 'held' && owed <= 0n)) continue
    // Its money is gone: it waits for a person for ever.
    if (state === 'held' && deepTurns > 0) continue
    const elsewhere = isRestored
      ? await db.one<{ txid: string }>(
          sql`select txid from paid_elsewhere where payout_id = ${id} and bookings % 2 = 1`,
        )
      : undefined
    if (elsewhere && state === 'paid' && picture.transactions.has(elsewhere.txid)) continue
    if (state !== 'paid') faults.push(`${id} of ${owed} is ${state}: ${why}`)
    else if (txid === null || units === null || !picture.transactions.has(txid))
      faults.push(`${id} is paid here, and ${txid ?? 'nothing'} in the chain did it`)
    else if (units + fee! !== owed)
      faults.push(`${id} is of ${owed}, and ${units} with ${fee} of fee went out`)
    else told.set(txid, (told.get(txid) ?? 0n) + units)
  }

  const made = new Map(candidates.map(candidate => [candidate.id, candidate]))
  for (const [txid, { inputs, outputs }] of picture.transactions) {
    const spent = inputs
      .map(outpoint => picture.outputs.get(outpoint))
      .filter(output => output && ours.has(output.script))
    if (spent.length === 0) continue
    const candidate = made.get(txid)
    if (!candidate) {
      if (!strange.has(txid)) faults.push(`${txid} spends our coins, and is none of ours`)
      continue
    }
    const paid = outputs.map(outpoint => picture.outputs.get(outpoint)!)
    for (const { script, units } of paid) {
      if (ours.has(script)) continue
      if (!payee.has(script)) faults.push(`${txid} pays ${units} to somebody whom nobody approved`)
      // Payouts to one address share an output.
      const left = (told.get(txid) ?? 0n) - units
      told.set(txid, left)
      if (left < 0n) faults.push(`${txid} pays ${units}, of which no payout owes ${-left}`)
    }
    const fee = sumOf(spent.map(output => output!.units)) - sumOf(paid.map(({ units }) => units))
    if (fee !== candidate.fee_units)
      faults.push(`${txid} left ${fee} to the miners, and ${candidate.fee_units} here`)
  }
  for (const [txid, left] of told)
    if (left > 0n) faults.push(`${txid} paid ${left} more here than in the chain`)
  return { faults, dead, paid: payouts.filter(({ state }) => state === 'paid').length }
}

/**
 * A bundle that ended without paying: nobody was ever given any of it to sign, or the one that is mined pays
 * nobody but ourselves.
 */
function isCanceled(
  picture: Picture,
  ours: ReadonlySet<string>,
  group: readonly Candidate[],
  mined: readonly Candidate[],
): boolean {
  if (mined.length === 0)
    return group.every(({ raw, handed_at: handedAt }) => raw === null && handedAt === null)
  const { outputs } = picture.transactions.get(mined[0]!.id)!
  return outputs.every(outpoint => ours.has(picture.outputs.get(outpoint)!.script))
}

async function judgeInbox(db: Db): Promise<string[]> {
  const rows = await db.all<{ event_id: string; state: string; why: string | null }>(sql`
    select event_id, state, why from inbox where rail = 'bitcoin'
      and state in ('new', 'waiting', 'quarantined') order by id`)
  return rows.map(({ event_id: id, state, why }) => `event ${id} is ${state}: ${why}`)
}

const scriptsOf = async (db: Db): Promise<ReadonlySet<string>> =>
  new Set(
    (await db.all<{ script: Uint8Array }>(sql`select script from chain_scripts`)).map(row => hex(row.script)),
  )
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const sumOf = (units: bigint[]) => units.reduce((total, each) => total + each, 0n)
