/**
 * Miners who pay what they owe with their reward: it lies in a block at once, and may not be spent for a
 * hundred more.
 */
import type { Chain } from '../../sim/chain/chain.ts'
import type { Random } from '../../src/base/world.ts'
import { coinbaseDepth } from '../../src/rails/chain.ts'
import { sql, type Db } from '../../src/db/db.ts'

/** In one seed of thirteen, where there is a chain. */
export const hasRewards = (seed: number): boolean => seed % 13 === 1

export interface Miners {
  /** Perhaps mines a block whose reward pays a request; notes what was credited or planned too early. */
  step(): Promise<void>
  /** Once nobody pays any more: all that was paid so may be spent. */
  ripen(): void
  readonly faults: string[]
}

export interface MinersParts {
  chain: Chain
  db: Db
  /** Of the miners alone. */
  random: Random
  isDown: () => boolean
  scriptOf: (index: number) => Uint8Array
  trace: (line: string) => void
}

export function openMiners({ chain, db, random, isDown, scriptOf, trace }: MinersParts): Miners {
  const faults: string[] = []
  const rewards: string[] = []
  return {
    faults,
    async step() {
      if (faults.length === 0) faults.push(...(await early(db, chain, rewards)))
      if (isDown() || rewards.length >= 3 || random.next() > 0.05) return
      const open = await db.all<{ id: string; address_index: bigint }>(
        sql`select id, address_index from invoices where rail = 'bitcoin' and state = 'issued'
          and address_index is not null order by id`,
      )
      const one = open[random.between(0, open.length - 1)]
      if (!one) return
      const [hash] = chain.mine(1, { to: scriptOf(Number(one.address_index)) })
      rewards.push(chain.rpc<{ tx: string[] }>('getblock', [hash, 1]).tx[0]!)
      trace(`miners: block ${chain.height()} pays ${one.id} its reward`)
    },
    ripen() {
      if (rewards.length > 0) chain.mine(coinbaseDepth)
    },
  }
}

/**
 * Rewards that were credited, or are reserved for a bundle, long before they may be spent, by the chain's own
 * count.
 */
async function early(db: Db, chain: Chain, rewards: readonly string[]): Promise<string[]> {
  const faults: string[] = []
  for (const txid of rewards) {
    const deep = chain.confirmations(txid)
    // A turn of the chain may have taken a few blocks since.
    if (deep === undefined || deep >= coinbaseDepth - 10) continue
    const used = await db.one<{ id: string }>(sql`
      select id from coins where txid = ${txid} and (credits % 2 = 1 or id in (select outpoint
        from bundle_coins)) limit 1`)
    if (used) faults.push(`${used.id} is a reward ${deep} blocks deep, and was credited or planned with`)
  }
  return faults
}
