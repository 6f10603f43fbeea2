/**
 * An installation and its chain at random, from a seed: whatever payers, miners and time do in whatever
 * order, at the end the coins and the books are the chain's.
 */
import { expect, test } from 'vitest'
import { seededRandom } from '../src/base/clock.ts'
import type { CoinRow } from '../src/chain/chain.ts'
import type { InvoiceRow } from '../src/invoice/invoice.ts'
import { follow, passTime } from '../src/jobs/bitcoin.ts'
import { sql } from '../src/db/db.ts'
import { bitcoindAvailable, RpcFault, startBitcoind, type Bitcoind } from './testbed/bitcoind.ts'
import { make, mineExactly, ownAddress, rival, sendMade, type Made } from './testbed/chainActs.ts'
import { openChainInstallation, type ChainInstallation } from './testbed/chainInstallation.ts'
import { evidence } from './testbed/evidence.ts'

const steps = 160
const deepest = 8
const minute = 60_000

test.skipIf(!bitcoindAvailable()).each([20])(
  'acts at random by seed %i, and nothing is lost or made',
  async seed => {
    const done: string[] = []
    evidence.keep('acts at random', () => [`seed ${seed}, after: ${done.join(', ')}`])
    const node = await startBitcoind()
    const installation = await openChainInstallation({ node, dueInMs: 300 * minute, count: 2 })
    try {
      // As deep as a reorganisation goes, so that the first of them is counted too.
      const from = (await node.rpc<number>('getblockcount')) - deepest
      const requests: InvoiceRow[] = []
      const payments: Made[] = []
      const random = seededRandom(seed)
      const acts = actsOf({ node, installation, requests, payments, random })
      const names = Object.keys(acts) as (keyof typeof acts)[]
      await acts.ask()
      await acts.pay()

      for (let step = 0; step < steps; step++) {
        const name = names[random.between(0, names.length - 1)]!
        done.push(name)
        try {
          await acts[name]()
        } catch (fault) {
          // A wallet that has nothing to spend just now, or a fee too low to replace: the node's no is part
          // of the game.
          if (!(fault instanceof RpcFault)) throw fault
          done.push(`(${fault.message.slice(0, 40)})`)
        }
        await installation.pass(random.between(1, 4) * minute)
        if (step % 40 === 39) {
          await installation.look()
          expect(await installation.audit()).toEqual([])
        }
      }
      await installation.bury(12)
      expect(await installation.audit()).toEqual([])
      await agree(installation, requests, from)
    } finally {
      await installation.close()
      await node.stop()
    }
  },
)

interface Game {
  node: Bitcoind
  installation: ChainInstallation
  requests: InvoiceRow[]
  payments: Made[]
  random: ReturnType<typeof seededRandom>
}

function actsOf({ node, installation, requests, payments, random }: Game) {
  const one = <T>(list: T[]): T => list[random.between(0, list.length - 1)]!
  const amountFor = ({ units }: InvoiceRow) =>
    one([units, units, units, units / 2n, units - 1n, units + 3_000n, 2n * units])
  const kept = async (made: Promise<Made>) => {
    payments.push(await made)
    return payments.at(-1)!
  }
  /** Pays somebody, or us by another name, with what an earlier payment spends. */
  const other = async (payment = one(payments.slice(-5))) => {
    const request = one(requests)
    const to: [string, bigint] =
      random.next() < 0.5 ? [await ownAddress(node), 40_000n] : [request.provider_id!, amountFor(request)]
    return kept(rival(node, payment.txid, [to], random.between(10, 60)))
  }
  const pay = async () => {
    const [first, second] = [one(requests), one(requests)]
    const both = random.next() < 0.3 && first.id !== second.id
    const outputs = (both ? [first, second] : [first]).map((request): [string, bigint] => [
      request.provider_id!,
      amountFor(request),
    ])
    await sendMade(node, await kept(make(node, outputs, { feeRate: random.between(2, 9) })))
  }
  const reorganise = async (exactly: string[], depth = random.between(1, deepest)) => {
    const height = await node.rpc<number>('getblockcount')
    await node.rpc('invalidateblock', [await node.rpc<string>('getblockhash', [height - depth + 1])])
    for (let block = 0; block <= depth; block++) {
      const first = block === 0 ? await mineExactly(node, exactly).catch(() => undefined) : undefined
      if (first === undefined) await (random.next() < 0.4 ? installation.mine() : mineExactly(node))
    }
  }
  return {
    ask: async () => void requests.push(...(await installation.issue())),
    pay,
    'pay again': pay,
    'pay once more': pay,
    replace: async () => void (await sendMade(node, await other())),
    mine: () => installation.mine(random.between(1, 3)),
    'mine and look': async () => {
      await installation.mine(random.between(1, 3))
      await installation.look()
    },
    'mine deep': () => installation.bury(random.between(3, 7)),
    'mine nothing': () => mineExactly(node),
    'spend twice': async () => void (await mineExactly(node, [(await other()).hex])),
    'mine what was replaced': async () => void (await mineExactly(node, [one(payments).hex])),
    reorganise: () => reorganise([]),
    'reorganise to another': async () => {
      const payment = one(payments.slice(-5))
      const { confirmations = 1 } = await node.rpc<{ confirmations?: number }>('getrawtransaction', [
        payment.txid,
        true,
      ])
      await reorganise([(await other(payment)).hex], Math.min(Math.max(confirmations, 1), deepest))
    },
    look: () => installation.look(),
    'look and see': () => installation.look(),
    'follow only': () =>
      follow({
        db: installation.db,
        rail: installation.rail,
        bitcoin: installation.bitcoin,
        world: installation.world,
      }),
    restart: async () => installation.restart(),
    wait: async () => {
      await installation.pass(random.between(1, 90) * minute)
      await installation.look()
      await passTime({
        db: installation.db,
        rail: installation.rail,
        bitcoin: installation.bitcoin,
        world: installation.world,
      })
    },
    send: async () => {
      // A person has looked, and lets go.
      await installation.db.tx(tx => tx.run(sql`delete from settings where name = 'hold'`))
      await installation.send()
    },
  }
}

/** Each output that the chain has at our requests is a coin that is mined, and no other is. */
async function agree({ node, db }: ChainInstallation, requests: InvoiceRow[], from: number): Promise<void> {
  interface Told {
    tx: { txid: string; vout: { n: number; value: number; scriptPubKey: { address?: string } }[] }[]
  }
  const addresses = new Map(requests.map(({ id, provider_id: address }) => [address!, id]))
  const onChain: [string, bigint, string][] = []
  for (let height = from + 1, tip = await node.rpc<number>('getblockcount'); height <= tip; height++) {
    const { tx } = await node.rpc<Told>('getblock', [await node.rpc<string>('getblockhash', [height]), 2])
    for (const { txid, vout } of tx)
      for (const { n, value, scriptPubKey } of vout) {
        const id = addresses.get(scriptPubKey.address ?? '')
        if (id !== undefined) onChain.push([`${txid}:${n}`, BigInt(Math.round(value * 100_000_000)), id])
      }
  }
  const coins = await db.all<CoinRow>(sql`select * from coins where invoice_id is not null order by id`)
  const mined = coins.filter(({ state }) => state === 'mined')
  const sorted = onChain.toSorted(([a], [b]) => (a < b ? -1 : 1))
  expect(mined.map(({ id, units, invoice_id: invoice }) => [id, units, invoice])).toEqual(sorted)
  expect(sorted.length).toBeGreaterThan(10)

  // What is credited stands for coins, each of them once; those that were passed on and lost are still among
  // them.
  for (const { id } of requests) {
    const { state, paid_units: paid } = (await db.one<InvoiceRow>(
      sql`select * from invoices where id = ${id}`,
    ))!
    const credited = coins.filter(coin => coin.invoice_id === id && coin.credits % 2n === 1n)
    expect(credited.reduce((sum, { units }) => sum + units, 0n)).toBe(paid ?? 0n)
    if (state === 'issued' || state === 'expired')
      expect(mined.filter(coin => coin.invoice_id === id)).toEqual([])
    if (state === 'credited') expect(credited.length).toBeGreaterThan(0)
  }
}
