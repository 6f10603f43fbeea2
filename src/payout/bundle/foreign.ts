/**
 * Paid elsewhere: a transaction that is not ours spent our coins, and may have paid what we still owe. Then a
 * person says, before we pay it.
 */
import { because } from '../../base/reasons.ts'
import { paysBy } from '../../base/rails.ts'
import type { World } from '../../base/world.ts'
import { audit, mayApproveNow, post, type Proposed } from '../../ledger/ledger.ts'
import type { ChainRail, Tx as ChainTx } from '../../rails/chain.ts'
import type { Rails } from '../../rails/rail.ts'
import { setWhy, forUpdate, sql, type Cause, type Db, type Tx } from '../../db/db.ts'
import { answering, refuse, refuseIf, type PayoutRefusal } from '../refusals.ts'
import { findPayout, type PayoutRow } from '../row.ts'
import { stopPayouts } from '../stops.ts'
import { maySettle } from '../rules.ts'
import { assertUnexplained, bearsOurTag, proposeAs, provenByBank, settleWith } from '../bank/verdict.ts'
import { payouts } from '../tables.ts'

/**
 * Numbers of a payee's descriptor beyond the last we know of, within which a forgotten transaction may have
 * paid.
 */
const lookedAt = 1_000

interface Foreign {
  txid: string
  /** When we heard of it: what was asked for later it cannot have paid. */
  at: string
  /** Satoshis by script; undefined where an older version noted the script alone. */
  outputs: Map<string, bigint | undefined>
}

/** Remembers whom a transaction that is not ours pays. Answers whether this is news. */
export async function noteForeign(
  tx: Tx,
  { txid, outputs }: Pick<ChainTx, 'txid' | 'outputs'>,
): Promise<boolean> {
  const first = await tx.run(sql`
    insert into foreign_transactions (txid, added_at) values (${txid}, ${await tx.now()})
      on conflict (txid) do nothing`)
  if (first === 0) return false
  const paid = new Map<string, bigint>()
  for (const { script, units } of outputs) paid.set(hexOf(script), (paid.get(hexOf(script)) ?? 0n) + units)
  for (const [script, units] of paid)
    await tx.run(sql`insert into foreign_outputs (txid, script, units) values (${txid}, ${script}, ${units})`)
  return true
}

/** Two people said what it was: payouts that it may have paid are not looked for any more. */
export async function forgetForeign(tx: Tx, txid: string): Promise<void> {
  await tx.run(sql`delete from foreign_outputs where txid = ${txid}`)
  await tx.run(sql`delete from foreign_transactions where txid = ${txid}`)
}

/**
 * Holds each payout that such a transaction may have paid: its account's address is among the outputs, and
 * its invoice is older. What a person released after that stays released. Answers how many were held.
 */
export async function holdPaidElsewhere(
  tx: Tx,
  rail: Pick<ChainRail, 'destination'>,
  world: Pick<World, 'log'>,
): Promise<number> {
  let held = 0
  for (const foreign of await foreignOf(tx)) {
    const cause: Cause = {
      why: because('paid-by-unknown', { txid: foreign.txid }),
      ref: foreign.txid,
    }
    const rows = await tx.all<PayoutRow & { destination: string; next_index: bigint }>(sql`
      select p.*, a.destination, a.next_index from payouts p join accounts a on a.id = p.account_id
        join invoices i on i.id = p.invoice_id
      where p.rail = 'bitcoin' and p.state in ('owed', 'waiting') and a.destination is not null
        and i.added_at <= ${foreign.at}
        and not exists (select 1 from transitions t where t.subject = p.id and t.to_state = 'held'
          and t.ref = ${foreign.txid}) order by p.id`)
    const paid = new Map<string, boolean>()
    for (const payout of rows) {
      const known = paid.get(payout.account_id) ?? pays(foreign, rail, payout)
      paid.set(payout.account_id, known)
      if (!known) continue
      await payouts.move(tx, payout, 'held', cause, [setWhy(cause.why)])
      world.log.warn(
        { payout: payout.id, txid: foreign.txid },
        'a payout is held: a transaction that is not ours pays its account',
      )
      held += 1
    }
  }
  return held
}

export type Settled = { is: 'settled'; payout: PayoutRow } | Proposed | PayoutRefusal

/**
 * A person says that a held payout was paid by money that left by no order of these books: what was sent
 * since the backup that was restored, or by hand. `ref`: the transaction on the chain, or the bank's id of
 * the transfer; it is looked up, and must pay this payout's account. A transfer that bears no tag of ours may
 * be for something else, so a second person has to approve that it paid this.
 */
export const settlePaidElsewhere = (
  db: Db,
  rails: Rails,
  world: World,
  id: string,
  { by, why, ref }: { by: string; why: string; ref: string },
): Promise<Settled> =>
  answering(async () => {
    const payout = await findPayout(db, id)
    if (!payout) return refuse({ is: 'payout-unknown', id })
    refuseIf(maySettle(payout))
    const transfer =
      paysBy(payout.rail) === 'transfer' ? await provenByBank(db, rails, payout, ref) : undefined
    return db.tx(async (tx): Promise<Settled> => {
      const current = (await tx.one<PayoutRow>(sql`select * from payouts where id = ${id} ${forUpdate}`))!
      refuseIf(maySettle(current))
      refuseIf(await mayApproveNow(tx, by, await tx.now()))
      if (current.units !== payout.units) refuse({ is: 'payout-changed', id })
      const cause: Cause = { why: because('said-by', { by, said: why }), ref }
      if (transfer) {
        await assertUnexplained(tx, current, transfer)
        if (!bearsOurTag(current, transfer))
          return proposeAs(tx, world, current, transfer, { as: 'ours', by, why })
        await settleWith(tx, world, current, transfer, cause)
      } else {
        await provenByChain(tx, rails.bitcoin, current, ref)
        await tx.run(sql`
          insert into paid_elsewhere (payout_id, txid, added_at) values (${id}, ${ref}, ${await tx.now()})
            on conflict (payout_id, txid) do update set twice = 0`)
        await bookElsewhere(tx, world, current, ref, 'payout paid elsewhere')
        await payouts.move(tx, { id, state: 'held' }, 'paid', cause, [setWhy(null)])
      }
      const settled = (await findPayout(tx, id))!
      if (settled.state !== 'paid') refuse({ is: 'not-settled', id, state: settled.state, ref })
      await audit(tx, { actor: by, act: 'payout settled', subject: id, detail: { why, ref } })
      return { is: 'settled', payout: settled }
    })
  })

/**
 * The next booking of what a transaction that is none of ours paid of a payout, or of its having left the
 * chain.
 */
async function bookElsewhere(
  tx: Tx,
  world: World,
  { id, units, invoice_id: invoiceId }: PayoutRow,
  txid: string,
  movement: 'payout paid elsewhere' | 'payout elsewhere undone',
): Promise<void> {
  const row = await tx.one<{ paid: bigint; undone: bigint }>(sql`
    select cast(sum((bookings + 1) / 2) as bigint) as paid, cast(sum(bookings / 2) as bigint) as undone
      from paid_elsewhere where payout_id = ${id}`)
  const isPaid = movement === 'payout paid elsewhere'
  const times = (isPaid ? row!.paid : row!.undone) + 1n
  const source = isPaid && times === 1n ? id : `${id}/${times}`
  await post(tx, world, { movement, source, amount: { asset: 'BTC', units }, invoiceId, memo: txid })
  await tx.run(
    sql`update paid_elsewhere set bookings = bookings + 1 where payout_id = ${id} and txid = ${txid}`,
  )
}

/**
 * Follows the transactions that payouts were settled with, as often as the chain has them and leaves them
 * behind: what is in no block any more has paid nobody, so its payout is held for a person; what is in one
 * again has paid it, unless it was ordered meanwhile. Answers what changed.
 */
export async function followElsewhere(tx: Tx, world: World): Promise<string | undefined> {
  const moved = await tx.all<{ payout_id: string; txid: string; bookings: bigint }>(sql`
    select payout_id, txid, bookings from paid_elsewhere x
    where x.twice = 0 and (x.bookings % 2 = 1) <> exists (select 1 from coins c where c.spent_by = x.txid
      and c.spent_height is not null)
    order by payout_id, x.bookings % 2 desc, txid`)
  // What left before what came back: where one takes the other's place in the chain, the payee has one of
  // them at any moment.
  for (const { payout_id: id, txid, bookings } of moved) {
    const payout = (await tx.one<PayoutRow>(sql`select * from payouts where id = ${id} ${forUpdate}`))!
    await (bookings % 2n === 1n ? leftChain(tx, world, payout, txid) : backInChain(tx, world, payout, txid))
  }
  return moved.length === 0
    ? undefined
    : `settled by hand: ${moved.map(({ payout_id: id }) => id).join(', ')}`
}

async function leftChain(tx: Tx, world: World, payout: PayoutRow, txid: string): Promise<void> {
  const { id, state } = payout
  const why = because('settlement-left-chain', { txid })
  await bookElsewhere(tx, world, payout, txid, 'payout elsewhere undone')
  await payouts.move(tx, { id, state }, 'held', { why, ref: txid }, [setWhy(why)])
  world.log.error({ payout: id, txid }, 'a payout is held: what it was settled by has left the chain')
}

async function backInChain(tx: Tx, world: World, payout: PayoutRow, txid: string): Promise<void> {
  const { id, state } = payout
  if (state === 'owed' || state === 'waiting' || state === 'held') {
    await bookElsewhere(tx, world, payout, txid, 'payout paid elsewhere')
    await payouts.move(tx, { id, state }, 'paid', { why: because('settlement-mined-again'), ref: txid }, [
      setWhy(null),
    ])
    return
  }
  await tx.run(sql`update paid_elsewhere set twice = 1 where payout_id = ${id} and txid = ${txid}`)
  world.log.error(
    { payout: id, txid },
    'what a payout was settled by is in a block again, and it was ordered: payouts are stopped',
  )
  await stopPayouts(tx, because('settlement-mined-and-ordered', { payout: id, txid, state }))
}

/**
 * The transaction spends coins of ours, is none of ours, lies in a block, and pays this payout's account:
 * less what it paid the miners, as much as this payout and those that were settled with it before. Accounts
 * may name one address in several ways, so outputs are told by their scripts: what settled payouts could only
 * be paid by is never more than those outputs hold.
 */
async function provenByChain(
  tx: Tx,
  rail: ChainRail | undefined,
  { id, units, account_id: account }: PayoutRow,
  ref: string,
): Promise<void> {
  if (!rail) return refuse({ is: 'rail-not-configured', asks: 'chain' })
  const foreign = (await foreignOf(tx)).find(({ txid }) => txid === ref)
  if (!foreign) return refuse({ is: 'transaction-unknown', ref, payout: id })
  const to = (await tx.one<Destination>(
    sql`select destination, next_index from accounts where id = ${account}`,
  ))!
  const ours = scriptsPaid(foreign, rail, to)
  if (ours.size === 0) refuse({ is: 'transaction-pays-another', ref, payout: id })
  const spent = await tx.all<{ units: bigint; height: bigint | null }>(
    sql`select units, spent_height as height from coins where spent_by = ${ref}`,
  )
  if (spent.every(({ height }) => height === null)) refuse({ is: 'transaction-not-mined', ref })
  const before = await tx.all<Destination & { units: bigint }>(sql`
    select p.units, a.destination, a.next_index from payouts p join accounts a on a.id = p.account_id
    where p.id in (select payout_id from paid_elsewhere where txid = ${ref} and bookings % 2 = 1)`)
  const earlier = before.map(each => ({ units: each.units, scripts: scriptsPaid(foreign, rail, each) }))
  const all = unitsOf(foreign, foreign.outputs.keys())
  // An older version noted the scripts alone.
  if (all === undefined) return
  const spentUnits = spent.reduce((sum, each) => sum + each.units, 0n)
  const fee = spentUnits > all ? spentUnits - all : 0n
  const settledAmong = (among: Set<string>) =>
    earlier
      .filter(({ scripts }) => [...scripts].every(script => among.has(script)))
      .reduce((sum, each) => sum + each.units, 0n)
  // The miners were paid once, whoever that is taken from: so those that took of it before are looked at
  // together with this one as well.
  const short = earlier.filter(({ scripts }) => settledAmong(scripts) > unitsOf(foreign, scripts)!)
  const withOurs = (others: readonly { scripts: Set<string> }[]) =>
    new Set([...ours, ...others.flatMap(({ scripts }) => [...scripts])])
  for (const among of [ours, ...earlier.map(each => withOurs([each])), withOurs(short), withOurs(earlier)]) {
    const [paid, settled] = [unitsOf(foreign, among)!, settledAmong(among)]
    if (settled + units > paid + fee)
      refuse({
        is: 'transaction-too-small',
        ...{ ref, payout: id, paidUnits: paid, owedUnits: units, settledUnits: settled },
      })
  }
}

type Destination = { destination: string; next_index: bigint }

async function foreignOf(tx: Tx): Promise<Foreign[]> {
  const rows = await tx.all<{ txid: string; at: string; script: string | null; units: bigint | null }>(sql`
    select t.txid, t.added_at as at, o.script, o.units from foreign_transactions t left
      join foreign_outputs o on o.txid = t.txid
    order by t.txid, o.script`)
  const found = new Map<string, Foreign>()
  for (const { txid, at, script, units } of rows) {
    const foreign = found.get(txid) ?? { txid, at, outputs: new Map() }
    found.set(txid, foreign)
    if (script !== null) foreign.outputs.set(script, units ?? undefined)
  }
  return [...found.values()]
}

/** Of an account, by its numbers; a plain address is the same whatever its number, so it is one. */
function* scriptsOf(
  rail: Pick<ChainRail, 'destination'>,
  { destination, next_index: next }: Destination,
): Generator<string> {
  let last: string | undefined
  for (let number = 0; number < Number(next) + lookedAt; number++) {
    const { address, script } = rail.destination(destination, number)
    if (address === last) return
    yield hexOf(script)
    last = address
  }
}

function pays({ outputs }: Foreign, rail: Pick<ChainRail, 'destination'>, to: Destination): boolean {
  for (const script of scriptsOf(rail, to)) if (outputs.has(script)) return true
  return false
}

/** Those of its outputs that pay an account, by their scripts. */
const scriptsPaid = (
  { outputs }: Foreign,
  rail: Pick<ChainRail, 'destination'>,
  to: Destination,
): Set<string> => new Set([...scriptsOf(rail, to)].filter(script => outputs.has(script)))

/** Satoshis of some of its outputs; undefined where that was not noted. */
function unitsOf({ outputs }: Foreign, scripts: Iterable<string>): bigint | undefined {
  return [...scripts].reduce<bigint | undefined>((sum, script) => {
    const units = outputs.get(script)
    return sum === undefined || units === undefined ? undefined : sum + units
  }, 0n)
}

const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
