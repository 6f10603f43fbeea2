/** The network whose addresses are checked, as `.env` says it. */
import { BadInput } from '../../base/answer.ts'
import type { Config } from '../../base/config.ts'
import type { Settings } from '../../chain/destination.ts'

/** Throws `BadInput` where none is set. */
export function onNetwork(config: Pick<Config, keyof Settings>): Settings {
  const { BITCOIN_NETWORK: network, BITCOIN_DESCRIPTOR: descriptor } = config
  if (network === undefined)
    throw new BadInput(
      'BITCOIN_NETWORK is not set, and without it no address can be checked: set it to mainnet, testnet4, signet or regtest in .env',
    )
  return { BITCOIN_NETWORK: network, BITCOIN_DESCRIPTOR: descriptor }
}
