/** A payout whose block was left behind: the books follow the chain, whichever of its transactions it has. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { totals } from '../src/ledger/ledger.ts'
import { bitcoindAvailable, startBitcoind, type Bitcoind } from './testbed/bitcoind.ts'
import { mineOnly, owing, reorganise } from './testbed/owing.ts'
import { hexOf, openSentTown, openStuckTown, paidBy, type SentTown } from './testbed/sentTown.ts'

const minute = 60_000

describe.skipIf(!bitcoindAvailable())('a payout that was mined', () => {
  let node: Bitcoind
  let town: SentTown
  beforeAll(async () => {
    node = await startBitcoind({ extra: ['-persistmempool=0'] })
  })
  afterAll(() => node?.stop())
  afterEach(() => town?.close())

  test.each([1, 3, 6])(
    'and lies %i deep when its blocks are left behind is unbooked, sent again, mined again and paid',
    async depth => {
      town = await openSentTown(node)
      await owing(town, [{ units: 60_000n }])
      await town.send()
      const [offer] = await town.offers()
      await mineOnly(town, 1, [offer!.id])
      await mineOnly(town, depth - 1)
      expect(await town.states()).toEqual([depth === 6 ? 'paid' : 'sent'])
      expect(await town.only()).toMatchObject({ booked: offer!.id })

      await reorganise(town, depth)
      expect(await town.only()).toMatchObject({ state: 'sent', booked: null })
      expect(await town.states()).toEqual(['sent'])
      expect(await town.audit()).toEqual([])
      await town.pass(10 * minute)
      await town.send()
      expect(await town.mempool()).toEqual([offer!.id])
      await town.bury(6)
      expect(await totals(town.db, 'BTC')).toMatchObject({
        'payout mined': 2n * paidBy(offer!),
        'payout unmined': paidBy(offer!),
        'network fee returned': offer!.fee_units,
      })
      await town.expectPaid(offer!)
    },
  )

  test.each([3, 6])(
    'is booked anew when the chain, %i deep, has another of its transactions than before',
    async depth => {
      town = await openStuckTown(node)
      town.fee(8_000n)
      await town.send()
      const [first, second] = await town.offers()
      await mineOnly(town, 1, [second!.id])
      await mineOnly(town, depth - 1)
      expect(await town.only()).toMatchObject({ booked: second!.id })

      await reorganise(town, depth, [hexOf(first!)])
      expect(await town.only()).toMatchObject({ booked: first!.id })
      expect((await town.offers()).map(({ state }) => state)).toEqual(['mined', 'replaced'])
      expect(await town.audit()).toEqual([])
      await town.bury(6)
      const { 'fee bump': bump, 'fee bump returned': back } = await totals(town.db, 'BTC')
      expect(bump).toBe(back)
      await town.expectPaid(first!)
    },
  )

  test('and had been replaced in vain is sent again with its block gone, the better offer first', async () => {
    town = await openStuckTown(node)
    town.fee(8_000n)
    await town.send()
    const [first, second] = await town.offers()
    await mineOnly(town, 1, [hexOf(first!)])
    await reorganise(town, 1)
    expect((await town.offers()).map(({ state }) => state)).toEqual(['sent', 'sent'])
    await town.pass(10 * minute)
    await town.send()
    expect(await town.mempool()).toEqual([second!.id])
    await town.bury(6)
    await town.expectPaid(second!)
  })
})
