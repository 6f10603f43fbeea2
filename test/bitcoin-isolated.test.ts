/** One payout in Bitcoin that cannot go out: it is held and says why, the others go out, and what is signed is sent all the same. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { sql } from '../src/store/store.ts'
import { bitcoindAvailable, startBitcoind, type Bitcoind } from './testbed/bitcoind.ts'
import { openChainTown, type ChainTown } from './testbed/chainTown.ts'
import { bundlesOf, owing } from './testbed/owing.ts'

describe.skipIf(!bitcoindAvailable())('of two payouts that are due', () => {
  let node: Bitcoind
  let town: ChainTown
  let bad: string
  let good: string
  beforeAll(async () => {
    node = await startBitcoind()
  })
  afterAll(() => node?.stop())
  beforeEach(async () => {
    town = await openChainTown({ node, commissionBp: 0n })
    ;[bad, good] = (await owing(town, [{ units: 60_000n }, { units: 70_000n }])).map(({ id }) => id) as [string, string]
  })
  afterEach(() => town?.close())
  const seen = async (id: string) => {
    const { state, why } = (await town.payouts()).find(payout => payout.id === id)!
    return [state, why]
  }

  test('one of which nothing is left is held, and the other goes out', async () => {
    await town.store.tx(tx => tx.run(sql`update payouts set units = -5 where id = ${bad}`))
    expect(await town.send()).toMatchObject({ bundled: 1, sent: 1 })
    expect(await seen(bad)).toEqual(['held', 'it is of -0.00000005 BTC: nothing is left to pay on'])
    expect((await seen(good))[0]).toBe('sent')
  })

  test('one that the database refuses to order is held with what it said, and the other goes out', async () => {
    await town.store.tx(tx =>
      tx.run(sql`
        insert into attempts (id, payout_id, number, external_id, units, state, asked_at, changed_at)
        values ('att_1', ${good}, 9, ${`${bad}-1`}, 1, 'failed', '', '')`),
    )
    expect(await town.send()).toMatchObject({ bundled: 1, sent: 1 })
    expect(await seen(bad)).toEqual(['held', expect.stringMatching(/^it cannot be planned: .*external_id/)])
    expect((await seen(good))[0]).toBe('sent')
  })

  test('where every plan fails nobody is held, and what is signed is sent', async () => {
    const { broadcast, plan } = town.rail
    town.rail.broadcast = async () => ({ is: 'refused', why: 'not now', again: true })
    await town.send()
    expect(await bundlesOf(town)).toMatchObject([{ state: 'signed' }])
    await owing(town, [{ units: 80_000n }, { units: 90_000n }])

    town.rail.broadcast = broadcast
    town.rail.plan = () => {
      throw new TypeError('a surprise')
    }
    await town.pass(10 * 60_000)
    await expect(town.send()).rejects.toThrow('a surprise')
    expect(await bundlesOf(town)).toMatchObject([{ state: 'sent' }])
    expect((await town.payouts()).map(({ state }) => state).sort()).toEqual(['owed', 'owed', 'sent', 'sent'])
    town.rail.plan = plan
  })
})
