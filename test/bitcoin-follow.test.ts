/**
 * Following a real node through everything that keeps an installation from it: restarts, long absences,
 * crashes, other chains. Nothing is lost, and trouble is said.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from './testbed/eventually.ts'
import { done } from '../src/base/answer.ts'
import { silentLog } from '../src/base/log.ts'
import { systemClock } from '../src/base/clock.ts'
import { chainTrouble, newWatching, tipOf } from '../src/chain/chain.ts'
import { balances } from '../src/ledger/ledger.ts'
import { connectBitcoin } from '../src/rails/bitcoin/bitcoin.ts'
import type { ChainRail, NetworkName } from '../src/rails/chain.ts'
import { sql } from '../src/db/db.ts'
import { followChain, settleInbox, type Followed } from '../src/webhooks/webhooks.ts'
import { bitcoindAvailable, startBitcoind, type Bitcoind } from './testbed/bitcoind.ts'
import {
  make,
  mineExactly,
  ownAddress,
  payerName,
  reorganise,
  rival,
  sendMade,
  turnBack,
} from './testbed/chainActs.ts'
import {
  openChainInstallation,
  type ChainInstallation,
  type ChainInstallationOptions,
} from './testbed/chainInstallation.ts'
import { postgresAvailable, startPostgres, type Postgres } from './testbed/postgres.ts'
import { wallet } from './testbed/wallet.ts'

const there = bitcoindAvailable()
const minute = 60_000

describe.skipIf(!there)(there ? 'on a real bitcoind' : 'no bitcoind is to be had on this machine', () => {
  let node: Bitcoind
  let installation: ChainInstallation
  beforeAll(async () => {
    node = await startBitcoind({ extra: ['-persistmempool=0'] })
  })
  afterAll(() => node?.stop())
  afterEach(() => installation?.close())
  const open = async (options: Partial<ChainInstallationOptions> = {}) =>
    (installation = await openChainInstallation({ node, commissionBp: 0n, ...options }))
  const stateOf = async (id: string) => (await installation.invoice(id)).state
  const coinStates = async (id: string) => (await installation.coins(id)).map(({ state }) => state)
  const heightOf = async () => Number((await tipOf(installation.db))!.height)
  const parts = (rail: ChainRail = installation.rail, watching = installation.bitcoin.watching) => ({
    ...{ db: installation.db, rail, world: installation.world, watching, deepest: 6 },
    rate: async () => 60_000_000n,
  })
  const settle = () => settleInbox({ ...installation.app, chain: installation.bitcoin.terms })
  const payoutStates = async () => (await installation.payouts()).map(({ state }) => state)

  /** What is known of money, to be compared after a trouble that must change nothing. */
  const known = async () => ({
    coins: await installation.db.all(
      sql`select id, state, height, spent_by, bookings, credits from coins order by id`,
    ),
    payouts: await payoutStates(),
    tip: await tipOf(installation.db),
    balances: await balances(installation.db, 'BTC'),
  })

  async function credited(): Promise<string> {
    const [request] = await installation.issue()
    await installation.pay(request!.provider_id!, request!.units)
    await installation.bury(6)
    expect(await stateOf(request!.id)).toBe('credited')
    return request!.id
  }

  // First in the file: a node that starts again has the machine's time, and takes no chain from the future.
  test('a node that is stopped is said to be away, and one that is back is followed on, its mempool lost', async () => {
    await open()
    const [mined, waiting] = [...(await installation.issue()), ...(await installation.issue())]
    await installation.pay(mined!.provider_id!, mined!.units)
    await installation.bury(1)
    const payment = await make(node, [[waiting!.provider_id!, waiting!.units]])
    await sendMade(node, payment)
    await installation.look()
    const before = await known()

    await node.stop()
    expect((await installation.look()).trouble).toMatch(/./)
    expect(await chainTrouble(installation.db)).toMatch(/./)
    expect(await known()).toEqual(before)

    await node.start()
    await installation.pass(1_000)
    expect((await installation.look()).trouble).toBeUndefined()
    expect(await chainTrouble(installation.db)).toBeUndefined()
    expect(installation.said).toContainEqual({ level: 'info', text: 'the chain is followed again' })
    expect(await coinStates(waiting!.id)).toEqual(['dropped'])

    // Fifty blocks that the installation does not see come, and in one of them what the node forgot.
    await installation.mine(20)
    await mineExactly(node, [payment.hex])
    await installation.mine(29)
    expect(await installation.look()).toMatchObject({ blocks: 50, left: 0 })
    await node.rpc('loadwallet', [payerName])
    expect([await stateOf(mined!.id), await stateOf(waiting!.id)]).toEqual(['credited', 'credited'])
    expect(await installation.audit()).toEqual([])
  })

  test('an installation that slept for fifty blocks finds every payment, and those in time by their blocks count as in time', async () => {
    await open({ dueInMs: 30 * minute, count: 3, terms: { late: { is: 'hold' } } })
    const [early, twice, late] = await installation.issue()
    const mineAfter = async (...addresses: [string, bigint][]) => {
      for (const [address, units] of addresses) await installation.pay(address, units)
      for (let block = 0; block < 10; block++) {
        await installation.pass(minute)
        await installation.mine()
      }
    }
    await mineAfter([early!.provider_id!, early!.units], [twice!.provider_id!, 10_000n])
    await mineAfter([twice!.provider_id!, 6_667n])
    await mineAfter()
    await mineAfter([late!.provider_id!, late!.units])
    await mineAfter()
    installation.restart()
    expect(await installation.look()).toMatchObject({ blocks: 50, trouble: undefined })
    expect([await stateOf(early!.id), await stateOf(twice!.id), await stateOf(late!.id)]).toEqual([
      'credited',
      'credited',
      'late',
    ])
    expect(await installation.payouts()).toHaveLength(2)
    expect(await installation.audit()).toEqual([])
  })

  describe.each(['sqlite', 'postgres'] as const)('on %s', engine => {
    const here = engine === 'sqlite' || postgresAvailable()
    let postgres: Postgres | undefined
    beforeAll(async () => {
      if (engine === 'postgres' && here) postgres = await startPostgres({ durable: false })
    })
    afterAll(() => postgres?.stop())
    const fresh = async () => (postgres ? { databaseUrl: await postgres.migratedDatabase() } : {})

    test.skipIf(!here)('a process that dies at any point of any act begins again where it was', async () => {
      let act = ''
      const died = new Set<string>()
      const at = (name: string) => {
        const point = `${name}, ${act}`
        if (act === '' || died.has(point)) return
        died.add(point)
        throw new Died(point)
      }
      await open({ ...(await fresh()), at })
      const [request] = await installation.issue()
      const payment = await make(node, [[request!.provider_id!, request!.units]])
      const away = async () => (await rival(node, payment.txid, [[await ownAddress(node), 50_000n]])).hex
      let turned: Awaited<ReturnType<typeof reorganise>> | undefined
      const acts: Record<string, () => Promise<unknown>> = {
        'it is seen': () => sendMade(node, payment),
        'it is mined': () => installation.mine(),
        'it is credited': () => installation.mine(5),
        'its block is left behind': async () => (turned = await reorganise(node, 6)),
        'the block is back': () => turnBack(node, turned!),
        'it is spent elsewhere': async () => (turned = await reorganise(node, 6, [[await away()]])),
        'it is mined after all': () => turnBack(node, turned!),
      }
      for (const [name, work] of Object.entries(acts)) {
        act = ''
        await work()
        act = name
        for (let over = false; !over;)
          try {
            await installation.look()
            over = true
          } catch (fault) {
            if (!(fault instanceof Died)) throw fault
            installation.restart()
            // What a dead process had claimed is free after a minute.
            await installation.pass(minute + 1)
          }
      }
      act = ''
      for (const name of ['block read', 'block kept', 'block left behind', 'events claimed', 'event settled'])
        expect([...died].filter(point => point.startsWith(name)).length).toBeGreaterThan(0)
      expect(await stateOf(request!.id)).toBe('credited')
      expect((await payoutStates()).toSorted((a, b) => a.localeCompare(b))).toEqual(['canceled', 'owed'])
      // Of a process that only seems to die the other hands may still be at work.
      await eventually(() => installation.audit()).toEqual([])
    })

    test.skipIf(!here)('two processes that follow at once find each thing once', async () => {
      await open({ ...(await fresh()), count: 4 })
      const requests = await installation.issue()
      const others = [
        installation.bitcoin.watching,
        newWatching(installation.rail),
        newWatching(installation.rail),
      ]
      const both = async () => {
        const looks: Followed[] = await Promise.all(
          others.map(watching => followChain(parts(installation.rail, watching))),
        )
        await Promise.all([settle(), settle()])
        return looks
      }
      // As on a new database, with a block that comes just then.
      await installation.db.tx(tx => tx.run(sql`delete from chain_blocks`))
      await Promise.all([both(), installation.mine()])
      await both()
      const [begun] = await installation.db.all(
        sql`select count(*) as blocks, max(height) - min(height) + 1 as heights from chain_blocks`,
      )
      expect(begun!['blocks']).toBe(begun!['heights'])

      for (const { provider_id: address, units } of requests) await installation.pay(address!, units)
      await both()
      await installation.mine()
      await both()
      for (const { id } of requests) expect(await stateOf(id)).toBe('paid')
      await installation.mine(7)
      await both()
      const turned = await reorganise(node, 8)
      await both()
      for (const { id } of requests) expect(await stateOf(id)).toBe('seen')
      await turnBack(node, turned)
      await both()
      for (const { id } of requests) expect(await stateOf(id)).toBe('credited')
      expect(await payoutStates()).toEqual(['owed', 'owed', 'owed', 'owed'])
      const twice = await installation.db.all(
        sql`select subject from transitions where about = 'coins' and to_state = 'seen' group by subject
          having count(*) > 2`,
      )
      expect(twice).toEqual([])
      expect(await installation.audit()).toEqual([])
    })
  })

  test('a node of another network is refused before anything is read of it', async () => {
    await open()
    await credited()
    const before = await known()
    expect((await followChain(parts(railTo(node, 'mainnet')))).trouble).toMatch(
      /follows the chain "regtest", and this is set up for "main"/,
    )
    expect(await known()).toEqual(before)
    expect((await installation.look()).trouble).toBeUndefined()
    expect(await installation.audit()).toEqual([])
  })

  test('a node that still reads blocks is waited for', async () => {
    await open()
    const id = await credited()
    await reorganise(node, 3)
    const before = await known()
    const info = async () => {
      const answer = await installation.rail.info()
      return answer.is === 'done' ? done({ ...answer.value, syncing: true }) : answer
    }
    expect((await followChain(parts({ ...installation.rail, info }))).trouble).toMatch(/still reading blocks/)
    expect(await known()).toEqual(before)
    expect((await installation.look()).trouble).toBeUndefined()
    expect(await stateOf(id)).toBe('credited')
    expect(await installation.audit()).toEqual([])
  })

  test('a node that was emptied has another chain: that is said, and nothing is unsaid', async () => {
    await open()
    await credited()
    await installation.send()
    await installation.bury(1)
    const before = await known()
    const emptied = await startBitcoind()
    try {
      for (const blocks of [5, 200]) {
        await emptied.mine(blocks)
        const { trouble, left } = await followChain(parts(railTo(emptied, 'regtest')))
        expect(trouble).toMatch(/does not know block \d+ .*is it another chain, or was it emptied\?/)
        expect(left).toBe(0)
        expect(await known()).toEqual(before)
      }
    } finally {
      await emptied.stop()
    }
    expect((await installation.look()).trouble).toBeUndefined()
    expect(await installation.audit()).toEqual([])
  })

  test('a node that shows less of the same chain is behind, and is no reason to hold a payment', async () => {
    await open()
    const id = await credited()
    const before = await known()
    const behind = await node.rpc<string>('getblockhash', [(await heightOf()) - 6])
    await node.rpc('invalidateblock', [behind])
    const { trouble } = await installation.look()
    expect(trouble).toMatch(/the node is at block \d+, and \d+ was read already: it is behind/)
    expect(await known()).toEqual(before)
    await node.rpc('reconsiderblock', [behind])
    expect((await installation.look()).trouble).toBeUndefined()
    expect(await stateOf(id)).toBe('credited')
    expect(await installation.audit()).toEqual([])
  })

  test('a chain that leaves more than a hundred blocks is for a person, and nothing is unsaid before', async () => {
    await open()
    await credited()
    const before = await known()
    const header: ChainRail['header'] = async hash => {
      const answer = await installation.rail.header(hash)
      return answer.is === 'done' && answer.value ? done({ ...answer.value, active: false }) : answer
    }
    expect((await followChain(parts({ ...installation.rail, header }))).trouble).toMatch(
      /more than 100 blocks/,
    )
    expect(await known()).toEqual(before)
    expect((await installation.look()).trouble).toBeUndefined()
    expect(await installation.audit()).toEqual([])
  })

  test('the first block that was read may be left behind like any other', async () => {
    await open()
    const [request] = await installation.issue()
    const payment = await make(node, [[request!.provider_id!, request!.units]])
    await reorganise(node, 3, [[payment.hex]])
    expect(await installation.look()).toMatchObject({ left: 1, trouble: undefined })
    await installation.bury(3)
    expect(await stateOf(request!.id)).toBe('credited')
    expect(await installation.audit()).toEqual([])
  })

  test('what was mined while a look was cut short, and waits again, is seen to wait', async () => {
    await open()
    const [request] = await installation.issue()
    await installation.pay(request!.provider_id!, request!.units)
    await installation.look()
    await installation.mine()
    // The node goes away just after its block was read, before its mempool is looked at again.
    const gone = {
      ...installation.rail,
      mempool: async () => ({ is: 'unsure', why: 'it went away' }) as const,
    }
    expect((await followChain(parts(gone))).trouble).toBe('it went away')
    await settle()
    expect(await stateOf(request!.id)).toBe('paid')
    await reorganise(node, 1)
    await installation.look()
    expect(await coinStates(request!.id)).toEqual(['seen'])
    expect(await stateOf(request!.id)).toBe('seen')
    expect(await installation.audit()).toEqual([])
  })

  test('blocks that a pruned node has thrown away are said to be gone, and nothing after them is credited', async () => {
    await open()
    const [request] = await installation.issue()
    await installation.pay(request!.provider_id!, request!.units)
    await installation.mine(10)
    const block: ChainRail['block'] = async hash => ({
      is: 'refused',
      why: `block ${hash} is gone from the node, which is pruned`,
      again: false,
    })
    expect((await followChain(parts({ ...installation.rail, block }))).trouble).toMatch(/pruned/)
    expect(await stateOf(request!.id)).toBe('issued')
    await installation.look()
    expect(await stateOf(request!.id)).toBe('credited')
    expect(await installation.audit()).toEqual([])
  })

  const railTo = ({ url, cookieFile }: Bitcoind, network: NetworkName): ChainRail =>
    connectBitcoin({
      ...{
        network,
        descriptor:
          network === 'regtest' ? installation.rail.descriptor : wallet('wpkh', network, 1).account.text,
      },
      ...{
        rpcUrl: url,
        cookieFile,
        signer: 'psbt',
        feeBlocks: 6,
        mostFeeRate: 100_000n,
        clock: systemClock,
        log: silentLog,
      },
    })
})

class Died extends Error {}
