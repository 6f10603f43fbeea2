/** A payout whose block was left behind: the books follow the chain, whichever of its transactions it has. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { totals } from '../src/ledger/ledger.ts'
import { bitcoindAvailable, startBitcoind, type Bitcoind } from './testbed/bitcoind.ts'
import { mineOnly, owing, reorganise } from './testbed/owing.ts'
import {
  hexOf,
  openSentPayouts,
  openStuckInstallation,
  paidBy,
  type SentPayouts,
} from './testbed/sentPayouts.ts'

const minute = 60_000

describe.skipIf(!bitcoindAvailable())('a payout that was mined', () => {
  let node: Bitcoind
  let installation: SentPayouts
  beforeAll(async () => {
    node = await startBitcoind({ extra: ['-persistmempool=0'] })
  })
  afterAll(() => node?.stop())
  afterEach(() => installation?.close())

  test.each([1, 3, 6])(
    'and lies %i deep when its blocks are left behind is unbooked, sent again, mined again and paid',
    async depth => {
      installation = await openSentPayouts(node)
      await owing(installation, [{ units: 60_000n }])
      await installation.send()
      const [offer] = await installation.offers()
      await mineOnly(installation, 1, [offer!.id])
      await mineOnly(installation, depth - 1)
      expect(await installation.states()).toEqual([depth === 6 ? 'paid' : 'sent'])
      expect(await installation.only()).toMatchObject({ booked: offer!.id })

      await reorganise(installation, depth)
      expect(await installation.only()).toMatchObject({ state: 'sent', booked: null })
      expect(await installation.states()).toEqual(['sent'])
      expect(await installation.audit()).toEqual([])
      await installation.pass(10 * minute)
      await installation.send()
      expect(await installation.mempool()).toEqual([offer!.id])
      await installation.bury(6)
      expect(await totals(installation.db, 'BTC')).toMatchObject({
        'payout mined': 2n * paidBy(offer!),
        'payout unmined': paidBy(offer!),
        'network fee returned': offer!.fee_units,
      })
      await installation.expectPaid(offer!)
    },
  )

  test.each([3, 6])(
    'is booked again when the chain, %i deep, has another of its transactions than before',
    async depth => {
      installation = await openStuckInstallation(node)
      installation.fee(8_000n)
      await installation.send()
      const [first, second] = await installation.offers()
      await mineOnly(installation, 1, [second!.id])
      await mineOnly(installation, depth - 1)
      expect(await installation.only()).toMatchObject({ booked: second!.id })

      await reorganise(installation, depth, [hexOf(first!)])
      expect(await installation.only()).toMatchObject({ booked: first!.id })
      expect((await installation.offers()).map(({ state }) => state)).toEqual(['mined', 'replaced'])
      expect(await installation.audit()).toEqual([])
      await installation.bury(6)
      const { 'fee bump': bump, 'fee bump returned': back } = await totals(installation.db, 'BTC')
      expect(bump).toBe(back)
      await installation.expectPaid(first!)
    },
  )

  test('and had been replaced in vain is sent again with its block gone, the better offer first', async () => {
    installation = await openStuckInstallation(node)
    installation.fee(8_000n)
    await installation.send()
    const [first, second] = await installation.offers()
    await mineOnly(installation, 1, [hexOf(first!)])
    await reorganise(installation, 1)
    expect((await installation.offers()).map(({ state }) => state)).toEqual(['sent', 'sent'])
    await installation.pass(10 * minute)
    await installation.send()
    expect(await installation.mempool()).toEqual([second!.id])
    await installation.bury(6)
    await installation.expectPaid(second!)
  })
})
