/**
 * A node that will not take now what was offered a moment ago: its mempool fills up between the plan and the
 * sending, and empties again.
 */
import type { Chain } from '../../sim/chain/chain.ts'
import type { Clock, Random } from '../../src/base/world.ts'
import { sql, type Db } from '../../src/db/db.ts'

/** In one seed of thirteen, where there is a chain. */
export const hasRefusals = (seed: number): boolean => seed % 13 === 2

export interface FullNode {
  step(): Promise<void>
  /** It has room again, and stays so. */
  settle(): void
}

export interface FullNodeParts {
  chain: Chain
  db: Db
  clock: Clock
  /** Of this alone. */
  random: Random
  trace: (line: string) => void
}

const usual = 1_000n
const full = 90_000n

export function openFullNode({ chain, db, clock, random, trace }: FullNodeParts): FullNode {
  let until: number | undefined
  const empty = () => {
    until = undefined
    chain.setSettings({ mempoolMinimum: usual })
    trace('node: its mempool has room again')
  }
  return {
    async step() {
      if (until !== undefined) return clock.now() >= until ? empty() : undefined
      const unsent = await db.one(
        sql`select 1 as yes from bundles where state in ('planned', 'signed') limit 1`,
      )
      if (!unsent || random.next() < 0.3) return
      until = clock.now() + random.between(10_000, 3 * 60_000)
      chain.setSettings({ mempoolMinimum: full })
      trace('node: its mempool is full')
    },
    settle() {
      if (until !== undefined) empty()
    },
  }
}
