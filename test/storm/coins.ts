/**
 * The second rail of a storm on real processes: a real bitcoind, or the simulated node over HTTP, with
 * payers, a miner, and branches that are left behind.
 */
import { startDemoChain, type DemoChain } from '../../sim/demoChain.ts'
import { systemClock } from '../../src/base/clock.ts'
import { silentLog } from '../../src/base/log.ts'
import type { World } from '../../src/base/world.ts'
import { connectBitcoin } from '../../src/rails/bitcoin/bitcoin.ts'
import { parseAddress } from '../../src/rails/bitcoin/address.ts'
import type { ChainRail } from '../../src/rails/chain.ts'
import { sql, type Db } from '../../src/db/db.ts'
import { judgeChain, type Judged } from '../simulation/chainOracle.ts'
import { isBuried } from '../simulation/settled.ts'

export interface CoinStage {
  /** What kind of node it is. */
  is: string
  /** For the workers' `.env`. */
  settings: Record<string, string>
  /** Where payouts go. */
  payee: string
  /** Of the chain before anything of ours is on it. */
  height: number
  /** One turn of everybody but the installation: pays, thinks better of it, mines, leaves blocks behind. */
  step(db: Db): Promise<void>
  /**
   * Mines one more block once the installation has read the last; answers whether nothing of ours is under
   * way any more.
   */
  calmStep(db: Db): Promise<boolean>
  judge(db: Db, world: World): Promise<Judged>
  figures: { payments: number; turns: number; blocks: number }
  close(): Promise<void>
}

const payer = 'payer'

/** The node follows the installation’s clock, for blocks tell the time by which payments are judged. */
export async function openCoinStage(
  { clock, random }: World,
  say: (line: string) => void,
): Promise<CoinStage> {
  const chain = await startDemoChain(false, say)
  const { rpc } = chain
  const from = (await chain.height()) + 1
  const rail = railOf(chain)
  const known = new Set<string>()
  const due: { at: number; does: () => Promise<void> }[] = []
  const figures = { payments: 0, turns: 0, blocks: 0 }
  const later = (ms: number, does: () => Promise<void>) => void due.push({ at: clock.now() + ms, does })

  async function pay(address: string, units: bigint): Promise<void> {
    const amount = `${units / 100_000_000n}.${(units % 100_000_000n).toString().padStart(8, '0')}`
    // address, amount, comment, comment_to, subtractfee, replaceable, conf_target, estimate_mode,
    // avoid_reuse, fee_rate
    const params = [address, amount, '', '', false, true, null, 'unset', false, random.between(2, 20)]
    const txid = await rpc<string>('sendtoaddress', params, payer)
    figures.payments += 1
    // It may be mined by then, and the node says so.
    if (random.next() < 0.2)
      later(random.between(5_000, 20_000), () => rpc('bumpfee', [txid], payer).catch(() => undefined))
  }

  function plan(address: string, units: bigint): void {
    const soon = () => random.between(1_000, 60_000)
    const chance = random.next()
    if (chance < 0.1) return
    if (chance < 0.6) return later(soon(), () => pay(address, units))
    if (chance < 0.8) {
      later(soon(), () => pay(address, units / 2n))
      return later(90_000, () => pay(address, units - units / 2n))
    }
    if (chance < 0.9) return later(soon(), () => pay(address, units + 5_000n))
    later(soon(), () => pay(address, units))
    later(120_000, () => pay(address, units))
  }

  async function hear(db: Db): Promise<void> {
    const rows = await db.all<{ id: string; address: string; units: bigint }>(sql`
      select id, provider_id as address, units from invoices where rail = 'bitcoin'
        and provider_id is not null order by id`)
    for (const { id, address, units } of rows) {
      if (known.has(id)) continue
      known.add(id)
      plan(address, units)
    }
  }

  const tellTime = () => rpc('setmocktime', [Math.floor(clock.now() / 1_000)])

  async function mine(blocks = 1): Promise<void> {
    await tellTime()
    // To an address of its own each time, so that no block is another over again.
    for (let count = 0; count < blocks; count++)
      await rpc('generatetoaddress', [1, await rpc<string>('getnewaddress', ['mined', 'bech32'], payer)])
    figures.blocks += blocks
  }

  /** Never as deep as payouts wait for. */
  async function turn(): Promise<void> {
    const height = await chain.height()
    const depth = Math.min(random.between(1, 3), height - from + 1)
    if (depth < 1) return
    await rpc('invalidateblock', [await rpc<string>('getblockhash', [height - depth + 1])])
    await mine(depth + 1)
    figures.turns += 1
  }

  return {
    is: chain.is,
    payee: chain.payee,
    height: from - 1,
    settings: {
      ...chain.settings,
      ...{
        BITCOIN_POLL_SECONDS: '5',
        BITCOIN_BATCH_SECONDS: '30',
        BITCOIN_BUMP_AFTER_BLOCKS: '3',
        BITCOIN_PAYOUT_DEPTH: '6',
      },
    },
    figures,
    async step(db) {
      await hear(db)
      const now = clock.now()
      for (const deed of due.filter(({ at }) => at <= now)) {
        due.splice(due.indexOf(deed), 1)
        await deed.does()
      }
      if (random.next() < 0.06) await turn()
      else await mine()
    },
    async calmStep(db) {
      const height = await chain.height()
      if (await isBuried(db, height)) return true
      const row = await db.one<{ height: bigint | null }>(
        sql`select max(height) as height from chain_blocks where active = 1`,
      )
      if (row?.height === BigInt(height)) await mine()
      return false
    },
    judge: (db, world) =>
      judgeChain({
        ...{
          db,
          rail,
          world,
          from,
          strange: new Set<string>(),
          isRestored: false,
          deepTurns: 0,
          scans: true,
        },
        payee: new Set([Buffer.from(parseAddress(chain.payee, 'regtest').script).toString('hex')]),
        blockAt: async height => {
          if (height > (await chain.height())) return undefined
          return Buffer.from(
            await rpc<string>('getblock', [await rpc<string>('getblockhash', [height]), 0]),
            'hex',
          )
        },
      }),
    async close() {
      rail.close()
      await chain.close()
    },
  }
}

const railOf = ({ settings, url, cookieFile }: DemoChain): ChainRail =>
  connectBitcoin({
    ...{ network: 'regtest', descriptor: settings['BITCOIN_DESCRIPTOR']!, rpcUrl: url, cookieFile },
    ...{ signer: 'psbt', feeBlocks: 6, mostFeeRate: 100_000n, clock: systemClock, log: silentLog },
  })
