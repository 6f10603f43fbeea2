/** Whether limits bound what may leave by itself: nobody is told to set them on test money. */
import type { Asset } from '../../base/money.ts'
import { instant } from '../../base/world.ts'
import type { Base } from '../../app.ts'
import type { LimitPer } from '../../payout/payout.ts'
import type { Check } from './check.ts'

export async function* limits({ config, db, world }: Base): AsyncGenerator<Check> {
  const { installationScope, limitsIn } = await import('../../payout/payout.ts')
  const live: Asset[] = [
    ...(config.STARKBANK_ENVIRONMENT === 'production' ? (['BRL'] as const) : []),
    ...(config.BITCOIN_NETWORK === 'mainnet' ? (['BTC'] as const) : []),
  ]
  const now = instant(world.clock.now())
  for (const asset of live) yield limitCheck(asset, await limitsIn(db, installationScope(asset), now))
}

/** Pure: of money that is real, what is set for all payouts of one asset. */
export function limitCheck(asset: Asset, { payout, hour, day }: Partial<Record<LimitPer, bigint>>): Check {
  if (hour !== undefined || day !== undefined)
    return { check: 'limits', is: 'ok', says: `what leaves in ${asset} is limited by the hour or day` }
  const says =
    payout === undefined
      ? `nothing limits what leaves in ${asset}: whoever gets hold of this program can send all of it`
      : `each payout in ${asset} is limited, but not how many leave within an hour or a day`
  return {
    check: 'limits',
    is: 'warn',
    says,
    run: `repasse limits set --asset ${asset} --per-hour … --per-day … --why …`,
  }
}
