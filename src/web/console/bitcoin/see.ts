/** How the chain is followed and what waits for a signature, as the Bitcoin page shows it. */
import type { Instant } from '../../../base/world.ts'
import { chainTrouble, tipOf, type BlockRow } from '../../../chain/chain.ts'
import { rateNow } from '../../../invoice/invoice.ts'
import type { App } from '../../../jobs/jobs.ts'
import { waitingTransactions, type WaitingTransaction } from '../../../payout/payout.ts'

export interface ChainSeen {
  tip: BlockRow | undefined
  trouble: string | undefined
  rate: { price: bigint; at: Instant; sources: string[] } | { none: string } | undefined
  waiting: WaitingTransaction[]
}

export async function seeChain({ db, world, bitcoin }: App): Promise<ChainSeen> {
  const rate = bitcoin && (await rateNow(db, bitcoin, world))
  return {
    tip: await tipOf(db),
    trouble: await chainTrouble(db),
    rate:
      rate &&
      (rate.is === 'rate' ? { price: rate.price, at: rate.at, sources: rate.sources } : { none: rate.why }),
    waiting: await waitingTransactions(db),
  }
}
