/**
 * What goes on outside the installation on the chain: payers and what they think better of, miners, the
 * network, a stranger, and the person who signs.
 */
import { type Chain, RpcFault } from '../../sim/chain/chain.ts'
import { BadInput, done, refused } from '../../src/base/answer.ts'
import { instant, millis, type Clock, type Millis, type Random } from '../../src/base/world.ts'
import { readPlan, spendable } from '../../src/payout/payout.ts'
import type { ChainRail, Outpoint } from '../../src/rails/chain.ts'
import type { RateSource } from '../../src/rates/rates.ts'
import { sql, type Db } from '../../src/db/db.ts'
import type { Wallet } from '../testbed/wallet.ts'
import { importSigned } from '../testbed/acts.ts'
import type { ChainScenario } from './chainScenario.ts'

export interface ChainActorsParts {
  chain: Chain
  scenario: ChainScenario
  clock: Clock
  random: Random
  db: Db
  /** To read what is asked for with; it asks the node nothing. */
  rail: ChainRail
  /** The keys. */
  wallet: Wallet
  trace: (line: string) => void
}

export interface ChainActors {
  /** Everything whose time has come. */
  step(): Promise<void>
  /** The storm is over: the node is well, nobody pays any more, and nothing is cheap to nobody. */
  settle(): Promise<void>
  /** One block with all that waits, and the person signs what there is. */
  calmStep(): Promise<void>
  isDown(): boolean
  sources: RateSource[]
  /** What happened that can make the installation stop paying out. */
  readonly deepTurns: number
  /** Transactions of the stranger's. */
  readonly strange: ReadonlySet<string>
  figures: {
    payments: number
    turns: number
    deepTurns: number
    deepLags: number
    evicted: number
    doubleSpent: number
    imported: number
  }
}

interface Deed {
  at: Millis
  does: () => void
}

type Asked = { id: string; provider_id: string; units: bigint; due_at: string; added_at: string }

const minute = 60_000
const calmRate = 1_000n
// Of our branches: further than any storm hands out, and within what the node's wallet holds keys for.
const ownersNumber = 60

export function openChainActors({
  chain,
  scenario,
  clock,
  random,
  db,
  rail,
  wallet,
  trace,
}: ChainActorsParts): ChainActors {
  const firstHeight = chain.height()
  const known = new Set<string>()
  let deeds: Deed[] = []
  /** Payments that were made, by their present txid. */
  const payments: string[] = []
  /** Transactions of the installation, which nodes and miners forget like any other. */
  const ours = new Set<string>()
  const strange = new Set<string>()
  const signAt = new Map<string, Millis>()
  const figures = {
    payments: 0,
    turns: 0,
    deepTurns: 0,
    deepLags: 0,
    evicted: 0,
    doubleSpent: 0,
    imported: 0,
  }
  let nextBlock = clock.now() + 1_000
  let deepTurnsLeft = scenario.deepTurns
  let strangerLeft = scenario.stranger
  let down = false
  let lagging = false
  let quiet = false
  let isPutBack = false
  let price = 60_000_000n
  let feeRate = 5_000n

  const later = (low: Millis, high: Millis, does: () => void) =>
    void deeds.push({ at: clock.now() + random.between(low, high), does })

  /** What the node or the payer's wallet will not do is not done; anything else is a fault of ours. */
  function attempt<T>(what: string, act: () => T): T | undefined {
    try {
      const result = act()
      trace(`chainActors: ${what}`)
      return result
    } catch (error) {
      if (!(error instanceof RpcFault)) throw error
      trace(`chainActors: not ${what}: ${error.message.slice(0, 60)}`)
      return undefined
    }
  }

  const parentsOf = (txid: string): string[] =>
    chain.transaction(txid)!.ins.map(({ hash }) => Buffer.from(hash).reverse().toString('hex'))
  /**
   * Its inputs were there before the last `depth` blocks, so that it can be contradicted in a branch from
   * there.
   */
  const standsOn = (txid: string, depth: number) =>
    parentsOf(txid).every(parent => (chain.confirmations(parent) ?? 0) > depth)

  function pay(address: string, units: bigint): string | undefined {
    const rate = BigInt(random.between(2, 30)) * 1_000n
    const txid = attempt(`pay ${units}`, () => chain.payer.pay(address, units, { feeRate: rate }))
    if (txid === undefined) return undefined
    figures.payments++
    payments.push(txid)
    thinkBetter(txid)
    return txid
  }

  /** What may still become of a payment that waits. */
  function thinkBetter(txid: string): void {
    const waits = () => chain.confirmations(txid) === 0
    const chance = random.next()
    if (chance < 0.12)
      later(1_000, 30_000, () => {
        if (!waits()) return
        const other = attempt('replace', () => chain.payer.bump(txid))
        if (other !== undefined) payments.push(other)
      })
    else if (chance < 0.18)
      later(1_000, 30_000, () => waits() && attempt('take back', () => chain.payer.takeBack(txid)))
    else if (chance < 0.28)
      later(1_000, 20_000, () => {
        if (!waits()) return
        attempt('evict', () => chain.evict(txid))
        figures.evicted++
        if (random.next() < 0.7)
          later(20_000, 4 * minute, () => attempt('hand in again', () => chain.payer.rebroadcast(txid)))
      })
    else if (chance < 0.33)
      later(1_000, 20_000, () => {
        if (!waits() || lagging || !standsOn(txid, 0)) return
        attempt('double spend', () => chain.doubleSpend(txid))
        figures.doubleSpent++
      })
  }

  /** Draws what the payer of a request does, once. */
  function plan({ provider_id: address, units, due_at: dueAt }: Asked): void {
    const untilDue = millis(dueAt) - clock.now()
    const soon = (): [Millis, Millis] => [1_000, Math.max(2_000, Math.min(untilDue - 1_000, 3 * minute))]
    const rest = (share: bigint) => (units * share) / 100n
    const chance = random.next()
    if (chance < 0.1) return
    if (chance < 0.5) return later(...soon(), () => pay(address, units))
    if (chance < 0.7) {
      const part = rest(BigInt(random.between(30, 90)))
      later(...soon(), () => pay(address, part))
      if (random.next() < 0.8) later(10_000, 5 * minute, () => pay(address, atLeast(units - part)))
      return
    }
    if (chance < 0.78)
      return later(...soon(), () => pay(address, units + atLeast(rest(BigInt(random.between(1, 60))))))
    if (chance < 0.86) {
      later(...soon(), () => pay(address, units))
      return later(5_000, 6 * minute, () => pay(address, units))
    }
    if (chance < 0.9)
      return later(...soon(), () => {
        const txid = attempt('pay by two outputs', () =>
          chain.payer.payMany([
            { address, units: rest(40n) },
            { address, units: units - rest(40n) },
          ]),
        )
        if (txid !== undefined) payments.push(txid)
      })
    // Late, where the due time is near enough to be passed in this storm.
    later(untilDue + 1_000, untilDue + 4 * minute, () => pay(address, units))
  }

  async function hear(): Promise<void> {
    const rows = await db.all<Asked>(sql`
      select id, provider_id, units, due_at, added_at from invoices where rail = 'bitcoin'
        and provider_id is not null order by id`)
    for (const row of rows) {
      if (known.has(row.id)) continue
      known.add(row.id)
      plan(row)
    }
    for (const { id } of await db.all<{ id: string }>(
      sql`select id from bundle_candidates where raw is not null`,
    ))
      ours.add(id)
  }

  function mine(): void {
    const waiting = chain.mempool().filter(txid => ours.has(txid))
    const without = waiting.length > 0 && random.next() < scenario.passedOver ? waiting : []
    chain.mine(1, { without })
    trace(`chainActors: block ${chain.height()}${without.length > 0 ? ` without ${without.length}` : ''}`)
    nextBlock = clock.now() + random.between(1_000, 2 * scenario.blockMs)
    if (lagging) return
    if (random.next() < scenario.turnRate)
      turn(random.between(1, Math.max(1, Math.min(3, scenario.payoutDepth - 1))))
    else if (
      deepTurnsLeft > 0 &&
      chain.height() - firstHeight > 2 * scenario.payoutDepth + 8 &&
      random.next() < 0.1
    ) {
      deepTurnsLeft--
      turn(scenario.payoutDepth + random.between(0, 8))
    }
  }

  /** Another branch takes over; some of what was paid waits again, is lost, or was spent otherwise there. */
  function turn(depth: number): void {
    if (depth >= scenario.payoutDepth) figures.deepTurns++
    figures.turns++
    const among = [...payments, ...ours].filter(txid => {
      const deep = chain.confirmations(txid) ?? 0
      return deep > 0 && deep <= depth
    })
    const leaveOut: string[] = []
    const forget: string[] = []
    const doubleSpend: string[] = []
    for (const txid of new Set(among)) {
      const chance = random.next()
      // A branch that deep is made by somebody who wants it, and for what was passed on already.
      const wanted = depth >= scenario.payoutDepth ? 0.5 : 0.15
      if (chance < wanted && !ours.has(txid) && standsOn(txid, depth)) doubleSpend.push(txid)
      else if (chance < 0.25) forget.push(txid)
      else if (chance < 0.5) leaveOut.push(txid)
    }
    if (chain.height() - depth < 101) return
    chain.reorg(depth, { leaveOut, forget, doubleSpend })
    for (const txid of forget)
      if (!ours.has(txid) && random.next() < 0.6)
        later(10_000, 3 * minute, () => attempt('hand in again', () => chain.payer.rebroadcast(txid)))
    trace(
      `chainActors: ${depth} blocks left behind; ${leaveOut.length} wait, ${forget.length} lost, ${doubleSpend.length} spent otherwise`,
    )
  }

  function trouble(): void {
    if (!down && random.next() < scenario.downRate) {
      down = true
      chain.goDown()
      trace('chainActors: the node is down')
      later(5_000, 3 * minute, up)
    }
    if (!lagging && random.next() < scenario.lagRate) {
      lagging = true
      const blocks = random.between(1, 4)
      if (blocks >= scenario.payoutDepth) figures.deepLags++
      chain.lag(blocks)
      trace('chainActors: the node lags')
      later(5_000, 2 * minute, catchUp)
    }
    if (scenario.feeMoves && random.next() < 0.1) {
      feeRate = BigInt(random.between(1, 60)) * 1_000n
      chain.setSettings({
        feeRate,
        mempoolMinimum: random.next() < 0.2 ? BigInt(random.between(1, 10)) * 1_000n : 1_000n,
      })
      trace(`chainActors: fee rate ${feeRate}`)
    }
    if (scenario.priceStep > 0)
      price += (price * BigInt(random.between(-scenario.priceStep * 10, scenario.priceStep * 10))) / 10_000n
    if (random.next() < 0.02) {
      const one = chain.mempool().find(txid => ours.has(txid))
      if (one !== undefined) attempt('evict ours', () => chain.evict(one))
    }
  }

  function up(mostWarmupMs = 5_000): void {
    if (!down) return
    down = false
    chain.goUp({ warmupMs: random.between(0, mostWarmupMs), forgetMempool: random.next() < 0.3 })
    trace('chainActors: the node is up')
  }

  function catchUp(): void {
    if (!lagging) return
    lagging = false
    chain.lag(0)
    trace('chainActors: the node has all blocks')
  }

  /** Looks for PSBTs that wait, and hands each back signed some time later. */
  async function sign(patience: [Millis, Millis]): Promise<void> {
    if (scenario.signer !== 'psbt') return
    const waiting = await db.all<{ id: string; plan: string }>(
      sql`select c.id, c.plan from bundle_candidates c join bundles b on b.id = c.bundle_id
        where c.state = 'planned' and b.state not in ('paid', 'void') order by c.added_at, c.id`,
    )
    for (const { id, plan: text } of waiting) {
      const due = signAt.get(id) ?? clock.now() + random.between(...patience)
      signAt.set(id, due)
      if (due > clock.now()) continue
      try {
        const { txid, already } = await importSigned(db, rail, wallet.sign(readPlan(text).psbt), 'signer')
        figures.imported++
        trace(`chainActors: ${txid.slice(0, 8)} was handed back signed${already ? ' again' : ''}`)
      } catch (error) {
        // It is being canceled, or somebody has edited it.
        if (!(error instanceof BadInput)) throw error
        signAt.set(id, clock.now() + minute)
        trace(`chainActors: ${id.slice(0, 8)} is not taken: ${error.message.slice(0, 80)}`)
      }
    }
  }

  /** Has our keys, and takes one coin that nothing is planned with. */
  async function steal(): Promise<void> {
    if (!strangerLeft || down || lagging) return
    const coins = await spendable(db, BigInt(chain.height()), 1)
    const coin = coins.find(({ outpoint }) => isUnspent(outpoint))
    if (!coin || random.next() > 0.05) return
    const planned = rail.plan({
      coins: [coin],
      payees: [{ key: 'stranger', units: coin.units, script: chain.payer.script }],
      ...{
        feeRate: 20_000n,
        mostFeeRate: 100_000n,
        change: { index: ownersNumber },
        lockTime: chain.height(),
      },
    })
    if (planned.is !== 'planned') return
    const signed = rail.readSigned(wallet.sign(planned.plan.psbt), planned.plan)
    if (signed.is !== 'signed') throw new Error(`the stranger cannot sign: ${signed.is}`)
    const sent = attempt('a stranger spends a coin of ours', () =>
      chain.rpc<string>('sendrawtransaction', [Buffer.from(signed.raw).toString('hex'), 0]),
    )
    if (sent === undefined) return
    strangerLeft = false
    strange.add(signed.txid)
  }

  /**
   * What was taken from the installation, and what canceling bundles cost it in fees, must be there again, or
   * the last payouts wait for ever: its owner sees to that, once its chain is followed.
   */
  async function putBack(): Promise<void> {
    if (isPutBack || !(await db.one(sql`select 1 as yes from chain_blocks limit 1`))) return
    const isShort =
      figures.deepTurns > 0 ||
      strange.size > 0 ||
      (await db.one(sql`select 1 as yes from bundles where state = 'void' limit 1`))
    if (!isShort) return
    isPutBack = true
    chain.payer.pay(rail.derive('receive', ownersNumber).address, 5_000_000n)
  }

  const isUnspent = (outpoint: Outpoint) => {
    const [txid, vout] = outpoint.split(':')
    return chain.rpc<object | null>('gettxout', [txid, Number(vout), true]) !== null
  }

  const source = (name: string, awry: bigint): RateSource => ({
    name,
    async quote() {
      if (random.next() < (quiet ? 0 : scenario.rateFails)) return refused(`${name} is closed`, true)
      return done({ source: name, price: price + (price * awry) / 10_000n, at: instant(clock.now()) })
    },
  })

  return {
    isDown: () => down,
    sources: [source('north', 0n), source('south', 30n), source('west', -20n)],
    figures,
    strange,
    get deepTurns() {
      return figures.deepTurns
    },
    async step() {
      await hear()
      const due = deeds.filter(({ at }) => at <= clock.now())
      deeds = deeds.filter(({ at }) => at > clock.now())
      for (const { does } of due) does()
      trouble()
      await steal()
      await sign([5_000, 4 * minute])
      if (clock.now() >= nextBlock) mine()
    },
    async settle() {
      quiet = true
      deeds = []
      // Nothing may move the clock after this, so who asks next must be answered.
      up(0)
      catchUp()
      chain.setFaults({ ...calmFaults })
      chain.setSettings({ feeRate: calmRate, mempoolMinimum: calmRate })
    },
    async calmStep() {
      await sign([0, 0])
      await putBack()
      chain.mine(1)
    },
  }
}

/** Not so little that it is dust once it has borne its fee. */
const atLeast = (units: bigint) => (units < 3_000n ? 3_000n : units)

const calmFaults = {
  resetBefore: 0,
  loseAnswer: 0,
  hangAfter: 0,
  hang: 0,
  busy: 0,
  html502: 0,
  cutAnswer: 0,
  slow: 0,
}
