/**
 * What only the simulated node can do: chance from a seed, storms by order, and the faults between it and its
 * client.
 */
import { readFileSync, statSync } from 'node:fs'
import { afterEach, describe, expect, test } from 'vitest'
import { seededRandom } from '../../src/base/clock.ts'
import { makeChain, type Chain, type ChainResponse, type ChainSettings } from './chain.ts'
import { addressOf, masterKey, networkOf, wpkh } from './keys.ts'
import { startNode, type NodeServer } from './server.ts'

const noon = Date.parse('2026-11-21T12:00:00Z')
const app = addressOf(
  wpkh(masterKey(new Uint8Array(32).fill(7), networkOf.regtest).publicKey),
  networkOf.regtest,
)!

function chainOf(seed: number, settings: Partial<ChainSettings> = {}, time = { now: noon }): Chain {
  return makeChain({
    clock: { now: () => time.now },
    random: seededRandom(seed),
    settings: { premined: 105, payerCoins: 10, skipAuth: true, ...settings },
  })
}

const post = (chain: Chain, method: string, params: unknown[] = [], path = '/'): ChainResponse =>
  chain.handle({
    method: 'POST',
    path,
    authorization: undefined,
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  })
// oxlint-disable-next-line typescript/no-explicit-any -- a test knows what it asked for
function rpc(chain: Chain, method: string, params: unknown[] = [], path = '/'): any {
  const response = post(chain, method, params, path)
  if (response.is !== 'answer') throw new Error(`${method}: ${response.is}`)
  const { result, error } = JSON.parse(response.body)
  return error ?? result
}

describe('the same seed', () => {
  /** A small life of a chain, as the bytes of all it answered. */
  function life(seed: number): string {
    const chain = chainOf(seed)
    chain.setFaults({ loseAnswer: 0.2, slow: 0.2 })
    rpcQuietly(chain, 'createwallet', ['signer'])
    const paid = [1, 2, 3, 4, 5].map(nth => chain.payer.pay(app, BigInt(nth) * 10_000n))
    chain.mine(3)
    chain.payer.takeBack(chain.payer.pay(app, 77_000n))
    chain.reorg(2, { leaveOut: [paid[0]!], forget: [paid[1]!] })
    const answers = ['getblockchaininfo', 'getrawmempool', 'listdescriptors', 'getmempoolinfo'].map(method =>
      post(chain, method),
    )
    const blocks = Array.from({ length: chain.height() + 1 }, (_, height) =>
      rpcQuietly(chain, 'getblock', [chain.hashAt(height), 0]),
    )
    return JSON.stringify([chain.cookie, answers, blocks])
  }
  const rpcQuietly = (chain: Chain, method: string, params: unknown[]) =>
    JSON.stringify(post(chain, method, params))

  test('gives the same bytes, blocks and faults included; another seed gives others', () => {
    expect(life(1)).toBe(life(1))
    expect(life(2)).not.toBe(life(1))
  })
})

describe('the payer', () => {
  test('has coins from the start, and pays several addresses or one twice', () => {
    const chain = chainOf(3)
    const txid = chain.payer.payMany([
      { address: app, units: 5_000n },
      { address: app, units: 6_000n },
    ])
    expect(chain.mempool()).toEqual([txid])
    chain.mine()
    expect([chain.confirmations(txid), chain.unspentOf(app)]).toEqual([1, 11_000n])
  })

  test('can bump and take back what waits; the address is paid once or not at all', () => {
    const chain = chainOf(4)
    const first = chain.payer.pay(app, 50_000n)
    const bumped = chain.payer.bump(first)
    expect(chain.mempool()).toEqual([bumped])
    const back = chain.payer.takeBack(bumped)
    expect(chain.mempool()).toEqual([back])
    chain.mine()
    expect([chain.confirmations(first), chain.confirmations(bumped), chain.unspentOf(app)]).toEqual([
      undefined,
      undefined,
      0n,
    ])
  })

  test('pays a lot between two blocks, each payment for itself', () => {
    const chain = chainOf(5, { payerCoins: 40 })
    const txids = Array.from({ length: 60 }, () => chain.payer.pay(app, 1_000n))
    expect(new Set(txids).size).toBe(60)
    chain.mine()
    expect(chain.unspentOf(app)).toBe(60_000n)
  })

  test('asks for no replacement where it signals none, and the node obeys if it is told to', () => {
    const chain = chainOf(6, { fullRbf: false })
    const fixed = chain.payer.pay(app, 9_000n, { replaceable: false })
    expect(() => chain.payer.takeBack(fixed)).toThrow('txn-mempool-conflict')
    chain.setSettings({ fullRbf: true })
    const back = chain.payer.takeBack(fixed)
    expect(chain.mempool()).toEqual([back])
  })
})

describe('a storm', () => {
  test.each([1, 3, 6])(
    'a reorganisation %i deep: kept, left out, forgotten and double-spent payments end as ordered',
    depth => {
      const chain = chainOf(10 + depth)
      const [kept, leftOut, forgotten, rival] = [1_000n, 2_000n, 4_000n, 8_000n].map(units =>
        chain.payer.pay(app, units),
      )
      const old = chain.mine(depth)
      const { left, mined } = chain.reorg(depth, {
        leaveOut: [leftOut!],
        forget: [forgotten!],
        doubleSpend: [rival!],
      })
      expect(left).toEqual(old.toReversed())
      expect([mined.length, chain.tip()]).toEqual([depth + 1, mined.at(-1)])
      expect([kept, leftOut, forgotten, rival].map(txid => chain.confirmations(txid!))).toEqual([
        depth + 1,
        0,
        undefined,
        undefined,
      ])
      expect(chain.unspentOf(app)).toBe(1_000n)
      for (const hash of old)
        expect(rpc(chain, 'getblockheader', [hash])).toMatchObject({ confirmations: -1 })
      chain.payer.rebroadcast(forgotten!)
      chain.mine()
      expect(chain.unspentOf(app)).toBe(7_000n)
      expect(() => chain.payer.rebroadcast(rival!)).toThrow('bad-txns-inputs-missingorspent')
    },
  )

  test('a payment whose lock time is the old tip’s is not lost when the chain goes below it', () => {
    const chain = chainOf(20)
    chain.mine(4)
    const txid = chain.payer.pay(app, 3_000n)
    chain.mine()
    const { mined } = chain.reorg(4)
    // It may be no lower than it was: the last block but one of the new five.
    expect(rpc(chain, 'getblock', [mined[3]]).tx).toContain(txid)
  })

  test('a double spend in a block takes the payment out of the mempool', () => {
    const chain = chainOf(21)
    const paid = chain.payer.pay(app, 3_000n)
    const rival = chain.doubleSpend(paid)
    expect([chain.mempool(), chain.confirmations(rival), chain.confirmations(paid)]).toEqual([
      [],
      1,
      undefined,
    ])
  })

  test('what was evicted is gone with its children, and may come again', () => {
    const chain = chainOf(22, { premined: 101, payerCoins: 0 })
    const first = chain.payer.pay(app, 3_000n)
    const second = chain.payer.pay(app, 4_000n)
    expect(new Set(chain.evict(first))).toEqual(new Set([first, second]))
    expect(chain.mempool()).toEqual([])
    chain.payer.rebroadcast(first)
    expect(chain.mempool()).toEqual([first])
  })

  test('a full mempool asks for more, and says so', () => {
    const chain = chainOf(23)
    chain.setSettings({ mempoolMinimum: 20_000n })
    expect(() => chain.payer.pay(app, 3_000n)).toThrow(/^mempool min fee not met, \d+ < \d+$/)
    expect(rpc(chain, 'getmempoolinfo').mempoolminfee).toBe(0.0002)
    expect(chain.payer.pay(app, 3_000n, { feeRate: 25_000n })).toMatch(/^[0-9a-f]{64}$/)
  })

  test('while it lags it shows the older chain and knows of the newer headers; then it catches up', () => {
    const chain = chainOf(24)
    const height = chain.height()
    const txid = chain.payer.pay(app, 3_000n)
    chain.mine(3)
    chain.lag(3)
    expect(rpc(chain, 'getblockchaininfo')).toMatchObject({ blocks: height, headers: height + 3 })
    expect([chain.confirmations(txid), rpc(chain, 'getblockhash', [height + 1]).code]).toEqual([0, -8])
    chain.mine()
    expect([chain.height(), chain.confirmations(txid)]).toEqual([height + 1, 1])
    chain.lag(0)
    expect([chain.height(), chain.confirmations(txid)]).toEqual([height + 4, 4])
  })

  test('pruned, on another network, with an estimate: as the settings say', () => {
    const chain = chainOf(25)
    chain.setSettings({ prunedBelow: 50, network: 'main', feeRate: 12_345n })
    expect(rpc(chain, 'getblockchaininfo')).toMatchObject({ chain: 'main', pruned: true, pruneheight: 50 })
    expect(rpc(chain, 'getblockhash', [0])).toBe(
      '000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f',
    )
    expect(rpc(chain, 'getblock', [chain.hashAt(49)])).toEqual({
      code: -1,
      message: 'Block not available (pruned data)',
    })
    expect(rpc(chain, 'getblock', [chain.hashAt(50)])).toMatchObject({ height: 50 })
    expect(rpc(chain, 'getblockheader', [chain.hashAt(49)])).toMatchObject({ height: 49 })
    expect(rpc(chain, 'estimatesmartfee', [6])).toEqual({ feerate: 0.00012345, blocks: 6 })
  })

  test('with an index it finds transactions of blocks by their id alone', () => {
    const chain = chainOf(27)
    const txid = chain.payer.pay(app, 3_000n)
    chain.mine(2)
    expect(rpc(chain, 'getrawtransaction', [txid, true])).toMatchObject({
      code: -5,
      message: expect.stringContaining('-txindex'),
    })
    chain.setSettings({ txindex: true })
    expect(rpc(chain, 'getrawtransaction', [txid, true])).toMatchObject({
      txid,
      confirmations: 2,
      blockhash: chain.hashAt(chain.height() - 1),
    })
    expect(rpc(chain, 'getrawtransaction', ['ab'.repeat(32)])).toMatchObject({ code: -5 })
  })

  test('a node whose newest block is of last week believes to be loading, until one of today comes', () => {
    const time = { now: noon }
    const chain = chainOf(26, {}, time)
    time.now += 7 * 86_400_000
    chain.goUp()
    expect(rpc(chain, 'getblockchaininfo').initialblockdownload).toBe(true)
    chain.mine()
    expect(rpc(chain, 'getblockchaininfo').initialblockdownload).toBe(false)
  })
})

describe('between the node and its client', () => {
  test('a lost answer has taken the transaction all the same, and the same bytes again are taken as known', () => {
    const chain = chainOf(30)
    const raw = chain.payer.transaction(chain.payer.pay(app, 3_000n))!.toHex()
    chain.evict(chain.mempool()[0]!)
    chain.failNext('loseAnswer', 'sendrawtransaction')
    expect(rpc(chain, 'getblockcount')).toBe(chain.height())
    expect(post(chain, 'sendrawtransaction', [raw]).is).toBe('reset')
    expect(chain.mempool()).toHaveLength(1)
    expect(rpc(chain, 'sendrawtransaction', [raw])).toBe(chain.mempool()[0])
  })

  test('each fault is what it is called, and happens as often as it was ordered', () => {
    const chain = chainOf(31)
    const met = (fault: Parameters<Chain['failNext']>[0]) => {
      chain.failNext(fault)
      return post(chain, 'getblockcount')
    }
    expect(met('resetBefore')).toEqual({ is: 'reset', afterMs: 0 })
    expect(met('hang')).toEqual({ is: 'hang' })
    expect(met('hangAfter')).toEqual({ is: 'hang' })
    expect(met('busy')).toMatchObject({ status: 503, body: 'Work queue depth exceeded' })
    expect(met('html502')).toMatchObject({ status: 502, body: expect.stringContaining('<html>') })
    expect(() => JSON.parse((met('cutAnswer') as { body: string }).body)).toThrow(SyntaxError)
    expect((met('slow') as { afterMs: number }).afterMs).toBeGreaterThanOrEqual(1_000)
    expect(rpc(chain, 'getblockcount')).toBe(chain.height())
  })

  test('down it drops connections; up again it warms up, under another cookie, with its mempool or without', () => {
    const time = { now: noon }
    const chain = chainOf(32, {}, time)
    chain.payer.pay(app, 3_000n)
    const before = chain.cookie
    chain.goDown()
    expect(post(chain, 'getblockcount').is).toBe('reset')
    chain.goUp({ warmupMs: 5_000 })
    expect(chain.cookie).not.toBe(before)
    expect(post(chain, 'getblockcount')).toMatchObject({ status: 200, body: expect.stringContaining('-28') })
    time.now += 5_000
    expect(rpc(chain, 'getblockcount')).toBe(chain.height())
    expect(chain.mempool()).toHaveLength(1)
    chain.goUp({ forgetMempool: true })
    expect(chain.mempool()).toEqual([])
  })
})

describe('over HTTP', () => {
  let node: NodeServer | undefined
  afterEach(() => node?.close())
  const ask = (cookie: string, body: object) =>
    fetch(node!.url, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(cookie).toString('base64')}` },
      body: JSON.stringify(body),
    })
  const cookie = () => readFileSync(node!.cookieFile, 'utf8')

  test('the cookie is in a file for its owner alone, new after a restart, and gone when the node is', async () => {
    node = await startNode({ settings: { premined: 0 } })
    const old = cookie()
    expect(statSync(node.cookieFile).mode & 0o777).toBe(0o600)
    expect((await ask(old, { id: 1, method: 'getblockcount' })).status).toBe(200)
    node.chain.goDown()
    await expect(ask(old, { id: 1, method: 'getblockcount' })).rejects.toThrow('fetch failed')
    node.chain.goUp()
    expect((await ask(old, { id: 1, method: 'getblockcount' })).status).toBe(401)
    expect((await ask(cookie(), { id: 1, method: 'getblockcount' })).status).toBe(200)
    await node.close()
    expect(() => cookie()).toThrow('ENOENT')
    node = undefined
  })

  test('levers answer to a hand at the command line, and a misspelt one is said', async () => {
    node = await startNode({ settings: { premined: 105, payerCoins: 5 } })
    const lever = async (verb: string, body: object) => {
      const answer = await fetch(`${node!.url}/sim/${verb}`, { method: 'POST', body: JSON.stringify(body) })
      return { status: answer.status, ...((await answer.json()) as object) }
    }
    expect(await lever('pay', { address: app, units: 25_000 })).toMatchObject({
      status: 200,
      txid: node.chain.mempool()[0],
    })
    expect(await lever('mine', { blocks: 2 })).toMatchObject({
      status: 200,
      blocks: [expect.any(String), node.chain.tip()],
    })
    expect(await lever('reorg', { depth: 2 })).toMatchObject({ status: 200, mined: { length: 3 } })
    expect(node.chain.unspentOf(app)).toBe(25_000n)
    expect(await lever('settings', { feeRate: 7_000 })).toMatchObject({ status: 200 })
    expect(node.chain.settings.feeRate).toBe(7_000n)
    expect(await lever('faults', { loseAnswers: 1 })).toMatchObject({
      status: 400,
      error: expect.stringContaining('loseAnswers is not one of resetBefore'),
    })
    expect(await lever('nosuch', {})).toMatchObject({ status: 404 })
    expect(await lever('pay', { address: app, units: '1' })).toMatchObject({
      status: 400,
      error: expect.stringContaining('units must be an integer'),
    })
  })
})
