/** `repasse reconcile` against a simulated bank, and a node beside it: a difference that lasts stops payouts, and agreement lets them go again. */
import { expect, test } from 'vitest'
import { bitcoindAvailable, startBitcoind } from '../../test/testbed/bitcoind.ts'
import { openBankTerminal } from '../../test/testbed/terminal.ts'
import { wallet } from '../../test/testbed/wallet.ts'
import { systemClock, systemRandom } from '../base/clock.ts'
import { brl } from '../base/money.ts'
import { post } from '../ledger/ledger.ts'
import { openStore } from '../store/store.ts'

const { env, repasse: run } = await openBankTerminal({ startingBalance: 50_000 })

async function repasse<T>(words: string[]): Promise<{ code: number; told: T }> {
  const { code, out } = await run([...words, '--json'])
  return { code, told: JSON.parse(out) as T }
}
const stopped = async () => (await repasse<{ stopped: string | null }>(['status'])).told.stopped ?? null
const reconcile = () => repasse<{ agrees: boolean; stopped: string | null; difference: { amount: string } }>(['reconcile'])

/** A movement of the books that no statement of the bank knows. */
async function bookAlone(movement: 'external in' | 'external out', source: string) {
  const world = { clock: systemClock, random: systemRandom }
  const store = await openStore(env.DATABASE_URL, world)
  await store.tx(tx => post(tx, world as never, { movement, source, amount: brl(777n), memo: 'made up' }))
  await store.close()
}

test('the same difference twice stops payouts, as the job would have it, and agreement lets them go', async () => {
  expect(await reconcile()).toMatchObject({ code: 0, told: { agrees: true, stopped: null } })

  await bookAlone('external in', 'x1')
  expect(await reconcile()).toMatchObject({ code: 1, told: { agrees: false, stopped: null, difference: { amount: '-7.77' } } })
  expect(await stopped()).toBe(null)

  const again = await reconcile()
  expect(again).toMatchObject({ code: 1, told: { agrees: false } })
  expect(again.told.stopped).toContain('the books say')
  expect(await stopped()).toContain('the books say')

  await bookAlone('external out', 'x2')
  expect(await reconcile()).toMatchObject({ code: 0, told: { agrees: true, stopped: null } })
  expect(await stopped()).toBe(null)
})

test.skipIf(!bitcoindAvailable())(
  'with a node configured each rail is compared, and the bank’s keys stay where they were',
  async () => {
    const node = await startBitcoind()
    try {
      await node.mine(1)
      const bitcoin = {
        ...{ BITCOIN_NETWORK: 'regtest', BITCOIN_DESCRIPTOR: wallet('tr', 'regtest', 5).account.text, BITCOIN_RPC_URL: node.url },
        ...{ BITCOIN_RPC_COOKIE_FILE: node.cookieFile, RATE_FIXED: 'BTC-BRL 600000.00' },
      }
      const { code, out } = await run(['reconcile', '--json'], bitcoin)
      expect([code, JSON.parse(out)]).toMatchObject([
        0,
        { agrees: true, bank: { asset: 'BRL' }, bitcoin: { agrees: true, height: 1, trouble: null } },
      ])
      const text = (await run(['reconcile'], bitcoin)).out
      expect(text).toMatch(/the bank +R\$ 500\.00\n/)
      expect(text).toMatch(/the chain +0\.00000000 BTC\n/)
      await node.stop()
      // The bank is told of all the same.
      const gone = await run(['reconcile', '--json'], bitcoin)
      expect([gone.code, JSON.parse(gone.out)]).toMatchObject([1, { agrees: true, bitcoin: { agrees: null, why: expect.any(String) } }])
    } finally {
      await node.stop()
    }
  },
  60_000,
)
