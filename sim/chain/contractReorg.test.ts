/**
 * What the program relies on when a chain is reorganised, held against a real bitcoind and the simulated one,
 * and against both together.
 */
import { Block, networks } from 'bitcoinjs-lib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { seededRandom, systemClock } from '../../src/base/clock.ts'
import { bitcoindAvailable, startBitcoind } from '../../test/testbed/bitcoind.ts'
import { makeChain } from './chain.ts'
import { askNode, startSimulated, type Engine } from './contract.ts'
import { addressOf, masterKey, wpkh } from './keys.ts'

describe('the simulated node', () => contract(startSimulated))

describe.skipIf(!bitcoindAvailable())('a real bitcoind', () =>
  contract(async () => {
    // Without its index of all transactions, as an operator's pruned node is.
    const { url, cookieFile, stop } = await startBitcoind({ extra: ['-txindex=0'] })
    return { url, cookieFile, end: stop }
  }),
)

describe.skipIf(!bitcoindAvailable())(
  'a real bitcoind, given every block of a storm in the simulated one,',
  () => {
    test('takes them all, orphans too, and ends at the same tip with the same coins', async () => {
      const real = await startBitcoind()
      try {
        const random = seededRandom(2026)
        const chain = makeChain({ clock: systemClock, random, settings: { skipAuth: true } })
        const app = addressOf(
          wpkh(masterKey(new Uint8Array(32).fill(9), networks.regtest).publicKey),
          networks.regtest,
        )!
        const hashes = Array.from({ length: chain.height() + 1 }, (_, height) => chain.hashAt(height)!)
        for (let round = 0; round < 25; round++) {
          const paid = Array.from({ length: random.between(0, 4) }, () =>
            chain.payer.pay(app, BigInt(random.between(1_000, 90_000))),
          )
          if (paid.length > 2) chain.payer.takeBack(chain.payer.bump(paid.pop()!))
          const act = random.between(0, 3)
          if (act === 0)
            hashes.push(
              ...chain.reorg(random.between(1, 6), { leaveOut: paid.slice(0, 1), doubleSpend: [] }).mined,
            )
          else hashes.push(...chain.mine(random.between(1, 2)))
          if (act === 1 && paid[0] !== undefined)
            hashes.push(...chain.reorg(2, { doubleSpend: [paid[0]] }).mined)
        }
        const raw = (hash: string): string => {
          const body = JSON.stringify({ id: 1, method: 'getblock', params: [hash, 0] })
          const answer = chain.handle({ method: 'POST', path: '/', authorization: undefined, body })
          return JSON.parse((answer as { body: string }).body).result
        }
        // The first block both have from birth. One that is on no best branch yet is taken without a verdict.
        for (const hash of hashes.slice(1))
          expect([null, 'inconclusive']).toContain(await real.rpc('submitblock', [raw(hash)]))
        expect(await real.rpc('getbestblockhash')).toBe(chain.tip())
        const { total_amount } = await real.rpc('scantxoutset', ['start', [`addr(${app})`]])
        expect(BigInt(Math.round(total_amount * 1e8))).toBe(chain.unspentOf(app))
        expect(chain.unspentOf(app)).toBeGreaterThan(100_000n)
      } finally {
        await real.stop()
      }
    })
  },
)

function contract(start: () => Promise<Engine>): void {
  let engine: Engine
  const { rpc, fault, mine, fresh, fund, spend, send, refused, mempool, furnish } = askNode(() => engine)

  beforeAll(async () => {
    engine = await start()
    await furnish()
  })
  afterAll(() => engine.end())

  describe('reorganisation', () => {
    test('a block that is undone keeps its bytes and its height, with -1 confirmations; its payments wait again', async () => {
      const coin = await fund(0.4)
      const before = await rpc('getbestblockhash')
      const [hash] = await mine()
      const [above] = await mine()
      const height = (await rpc('getblockcount')) - 1
      await rpc('invalidateblock', [hash])
      expect(await rpc('getbestblockhash')).toBe(before)
      const header = await rpc('getblockheader', [hash])
      expect(header).toMatchObject({ confirmations: -1, height, previousblockhash: before })
      expect(header).not.toHaveProperty('nextblockhash')
      expect((await rpc('getblock', [above])).confirmations).toBe(-1)
      expect(Block.fromHex(await rpc('getblock', [hash, 0])).getId()).toBe(hash)
      expect(await fault('getblockhash', [height])).toEqual({
        code: -8,
        message: 'Block height out of range',
      })
      expect(await mempool()).toContain(coin.txid)
      expect(await rpc('gettxout', [coin.txid, coin.vout, false])).toBeNull()
      expect(await rpc('gettxout', [coin.txid, coin.vout])).toMatchObject({ confirmations: 0 })
      expect(await rpc('getrawtransaction', [coin.txid, true, hash])).toMatchObject({
        in_active_chain: false,
        confirmations: 0,
      })

      const { hash: empty } = await rpc('generateblock', [fresh().address, []])
      expect(await mempool()).toContain(coin.txid)
      expect(await rpc('getblockhash', [height])).toBe(empty)

      await rpc('reconsiderblock', [hash])
      expect(await rpc('getbestblockhash')).toBe(above)
      expect(await rpc('getblockheader', [hash])).toMatchObject({ confirmations: 2, nextblockhash: above })
      expect(await rpc('getblockheader', [empty])).toMatchObject({ confirmations: -1, height })
      expect(await mempool()).not.toContain(coin.txid)
      expect(await rpc('gettxout', [coin.txid, coin.vout, false])).toMatchObject({ confirmations: 2 })
    })

    test.each([1, 3, 6])(
      'a longer branch %i deep takes over; what both have stays, what neither spends is spendable',
      async depth => {
        const coin = await fund(0.2)
        const [kept] = [await fund(0.1)]
        const old = await mine(depth)
        const payment = spend(coin)
        await send(payment)
        await rpc('invalidateblock', [old[0]])
        expect(new Set(await mempool())).toEqual(new Set([coin.txid, kept.txid, payment.getId()]))
        await rpc('generateblock', [fresh().address, [coin.txid]])
        const fresher = await mine(depth)
        await rpc('reconsiderblock', [old[0]])
        expect(await rpc('getbestblockhash')).toBe(fresher.at(-1))
        for (const hash of old)
          expect(await rpc('getblockheader', [hash])).toMatchObject({ confirmations: -1 })
        expect(await rpc('gettxout', [payment.getId(), 0, false])).toMatchObject({ confirmations: depth })
        expect(await rpc('gettxout', [kept.txid, kept.vout, false])).toMatchObject({ confirmations: depth })
        expect(await rpc('gettxout', [coin.txid, coin.vout])).toBeNull()
        expect(await mempool()).toEqual([])
      },
    )

    test('a payment contradicted in the new branch comes back neither there nor in the mempool', async () => {
      const coin = await fund(0.2)
      await mine()
      const [lost, kept] = [spend(coin), spend(coin, { fee: 2_000n, to: fresh().script })]
      await send(lost)
      const [hash] = await mine()
      await rpc('invalidateblock', [hash])
      await rpc('generateblock', [fresh().address, [kept.toHex()]])
      expect(await mempool()).not.toContain(lost.getId())
      await mine()
      await rpc('reconsiderblock', [hash])
      expect(await rpc('getblockheader', [hash])).toMatchObject({ confirmations: -1 })
      expect(await refused(lost)).toEqual({ code: -25, message: 'bad-txns-inputs-missingorspent' })
      expect(await rpc('gettxout', [kept.getId(), 0])).toMatchObject({ confirmations: 2 })
    })

    test('an unknown block can be neither invalidated nor reconsidered', async () => {
      expect(await fault('invalidateblock', ['ab'.repeat(32)])).toEqual({
        code: -5,
        message: 'Block not found',
      })
      expect(await fault('reconsiderblock', ['ab'.repeat(32)])).toEqual({
        code: -5,
        message: 'Block not found',
      })
    })
  })
}
