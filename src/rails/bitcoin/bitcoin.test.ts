/** The rail's settings: whatever is wrong with them is told at once. */
import { expect, test } from 'vitest'
import { systemClock } from '../../base/clock.ts'
import { silentLog } from '../../base/log.ts'
import { connectBitcoin } from './bitcoin.ts'

test('every fault of the settings is told at once, and each names its own', () => {
  const connect = (descriptor: string, policy: string, rpcUrl: string) => () =>
    connectBitcoin({
      ...{
        network: 'regtest',
        descriptor,
        policy: () => policy,
        rpcUrl,
        signer: 'psbt',
        feeBlocks: 6,
        mostFeeRate: 100_000n,
      },
      ...{ clock: systemClock, log: silentLog },
    })
  const bad = connect('wpkh(nothing)', 'no JSON', 'http://127.0.0.1:1')
  for (const fault of [
    'the Bitcoin rail has 3 faults',
    'BITCOIN_DESCRIPTOR: ',
    'the signing policy is no JSON',
    'needs a cookie file',
  ])
    expect(bad).toThrow(fault)
  expect(connect('wpkh(nothing)', '{}', 'http://user:password@127.0.0.1:1')).toThrow(/^BITCOIN_DESCRIPTOR: /)
})
