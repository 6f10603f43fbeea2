/**
 * People who give back what came late or too little: by a refund that two of them decide, or by hand with the
 * same keys, and then two say so.
 */
import { type Chain, RpcFault } from '../../sim/chain/chain.ts'
import { BadInput } from '../../src/base/answer.ts'
import type { Clock, Random, World } from '../../src/base/world.ts'
import type { InvoiceRow } from '../../src/invoice/invoice.ts'
import { type BitcoinSetup } from '../../src/jobs/jobs.ts'
import type { ChainRail, Outpoint } from '../../src/rails/chain.ts'
import { sql, type Db } from '../../src/db/db.ts'
import { refundableCoins } from '../../src/webhooks/webhooks.ts'
import type { Wallet } from '../testbed/wallet.ts'
import { acceptPayment, approveAndDo, proposeCoinRefund, proposeCoinRefundMade } from '../testbed/acts.ts'

/** In one seed of seventeen, where there is a chain. */
export const hasGivers = (seed: number): boolean => seed % 17 === 3

export interface Givers {
  step(): Promise<void>
  /** What was sent by hand and seen since is said to be a refund. */
  record(): Promise<void>
  /** What was given back by hand was credited to nobody. */
  judge(): Promise<string[]>
}

export interface GiversParts {
  chain: Chain
  db: Db
  world: World
  clock: Clock
  random: Random
  rail: ChainRail
  app: Pick<BitcoinSetup, 'terms'>
  wallet: Wallet
  to: string
  /** Told of each transaction that was made by hand. */
  strange: { add(txid: string): unknown }
  isDown: () => boolean
  trace: (line: string) => void
}

export function openGivers({
  chain,
  db,
  world,
  clock,
  random,
  rail,
  app,
  wallet,
  to,
  strange,
  isDown,
  trace,
}: GiversParts): Givers {
  const parts = { db, world, chain: app.terms }
  const byHand = new Map<string, string>()
  const sent: string[] = []
  const approve = (id: string) =>
    approveAndDo({ db, world, rails: { bitcoin: rail }, bitcoin: app }, id, { by: 'bruno' })

  async function giveBack(invoice: InvoiceRow, left: bigint): Promise<void> {
    const units = random.next() < 0.5 ? undefined : (left * BigInt(random.between(30, 90))) / 100n
    const { is, proposal } = await proposeCoinRefund(parts, rail, invoice.id, {
      to,
      units,
      by: 'ana',
      why: 'too late',
    })
    if (is === 'proposed') await approve(proposal.id)
    trace(`givers: ${invoice.id} is given back ${units ?? 'wholly'}`)
  }

  async function acceptAny({ id }: InvoiceRow): Promise<void> {
    // Nobody can refuse what the installation has not seen yet: whoever gave it back a moment ago does not
    // accept it.
    const seen = await db.all<{ txid: string }>(
      sql`select spent_by as txid from coins where spent_by is not null`,
    )
    const isSeen = (txid: string) => seen.some(spending => spending.txid === txid)
    const any = [...byHand].findLast(([txid]) => isSeen(txid))?.[1] ?? id
    if ([...byHand].some(([txid, of]) => of === any && !isSeen(txid))) return
    try {
      await acceptPayment(db, world, app.terms, any, { by: 'bruno', why: 'why not' })
      trace(`givers: ${any} is accepted`)
    } catch (error) {
      if (!(error instanceof BadInput)) throw error
    }
  }

  async function sendByHand(invoice: InvoiceRow, coinId: string): Promise<void> {
    const coin = await db.one<{ id: Outpoint; units: bigint; branch: 'receive'; number: bigint }>(
      sql`select id, units, branch, number from coins where id = ${coinId} and spent_by is null
        and id not in (select outpoint from bundle_coins)`,
    )
    if (!coin) return
    const planned = rail.plan({
      coins: [{ outpoint: coin.id, units: coin.units, branch: coin.branch, index: Number(coin.number) }],
      payees: [{ key: 'payer', units: coin.units, script: chain.payer.script }],
      ...{ feeRate: 20_000n, mostFeeRate: 100_000n, change: { index: 59 }, lockTime: 0 },
    })
    if (planned.is !== 'planned') return
    const signed = rail.readSigned(wallet.sign(planned.plan.psbt), planned.plan)
    if (signed.is !== 'signed') throw new Error(`the owner cannot sign: ${signed.is}`)
    try {
      chain.rpc<string>('sendrawtransaction', [Buffer.from(signed.raw).toString('hex'), 0])
    } catch (error) {
      if (error instanceof RpcFault) return
      throw error
    }
    strange.add(signed.txid)
    byHand.set(signed.txid, invoice.id)
    sent.push(signed.txid)
    trace(`givers: ${invoice.id} is given back by hand in ${signed.txid.slice(0, 8)}`)
  }

  return {
    async judge() {
      const faults: string[] = []
      for (const txid of sent) {
        const coin = await db.one<{ id: string }>(
          sql`select id from coins where spent_by = ${txid} and credits % 2 = 1`,
        )
        if (coin) faults.push(`${coin.id} was given back by hand in ${txid}, and credited`)
      }
      return faults
    },
    async step() {
      await this.record()
      if (isDown() || random.next() > 0.1) return
      const late = await db.all<InvoiceRow>(
        sql`select * from invoices where rail = 'bitcoin' and state in ('late', 'underpaid', 'expired')
          order by id`,
      )
      const invoice = late[random.between(0, late.length - 1)]
      if (!invoice) return
      // Somebody takes on what came, though it may be gone by now.
      if (random.next() < 0.25) return acceptAny(invoice)
      const [first, ...more] = await refundableCoins(db, invoice, app.terms, clock.now())
      if (!first) return
      const left = [first, ...more].reduce((sum, each) => sum + each.left, 0n)
      if (left < 5_000n) return
      await (random.next() < 0.6 ? giveBack(invoice, left) : sendByHand(invoice, first.id))
    },
    async record() {
      for (const [txid, id] of byHand) {
        if (!(await db.one(sql`select 1 as yes from coins where spent_by = ${txid}`))) continue
        try {
          const { is, proposal } = await proposeCoinRefundMade(parts, id, {
            txid,
            by: 'ana',
            why: 'sent from the wallet',
          })
          if (is === 'another') continue
          await approve(proposal.id)
          byHand.delete(txid)
          trace(`givers: ${txid.slice(0, 8)} is said to have been a refund`)
        } catch (error) {
          if (!(error instanceof BadInput)) throw error
        }
      }
    },
  }
}
