/** The real Bitcoin node of the tests, and whether there can be one. */
import {
  findBitcoind,
  startBitcoind as start,
  type Bitcoind,
  type BitcoindOptions,
} from '../../sim/bitcoind.ts'
import { timed } from './starts.ts'

export { freePort, RpcFault, type Bitcoind, type BitcoindOptions } from '../../sim/bitcoind.ts'

/**
 * False where no bitcoind can be had, for `describe.skipIf(!bitcoindAvailable())`. Where servers are expected
 * (REPASSE_REQUIRE_SERVERS) it is always true, so that the tests run, and fail saying what is missing.
 */
export const bitcoindAvailable = (): boolean =>
  process.env['REPASSE_REQUIRE_SERVERS'] === '1' || findBitcoind() !== undefined

/** One with an empty chain and no wallet. It ends with this process, however that ends. */
export const startBitcoind = (options?: BitcoindOptions): Promise<Bitcoind> =>
  timed('bitcoind', () => start(options))
