/**
 * Planned PSBTs against a real node: its wallet signs them, and it takes, replaces and mines what comes of
 * it.
 */
import { Psbt } from 'bitcoinjs-lib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bitcoindAvailable, startBitcoind, type Bitcoind } from '../../../test/testbed/bitcoind.ts'
import { parseUnits } from '../../base/money.ts'
import type { Coin, Payee, Plan, PlanOrder } from '../chain.ts'
import { parseAddress } from './address.ts'
import { derive, parseDescriptor, type Descriptor } from './descriptor.ts'
import { plan } from './plan.ts'
import { readSigned } from './signed.ts'

// oxlint-disable-next-line typescript/no-explicit-any -- a test knows what it asked the node for
type Told = any

const kinds = ['legacy', 'p2sh-segwit', 'bech32', 'bech32m']

describe.skipIf(!bitcoindAvailable()).each(['wpkh', 'tr'] as const)(
  'with a %s account of a node’s wallet',
  kind => {
    let node: Bitcoind
    let account: Descriptor
    let coins: Coin[]

    beforeAll(async () => {
      node = await startBitcoind()
      for (const name of ['ours', 'theirs']) await node.rpc('createwallet', [name])
      const { descriptors } = await node.rpc('listdescriptors', [], 'ours')
      account = parseDescriptor(
        descriptors.find((each: Told) => each.desc.startsWith(`${kind}(`) && !each.internal).desc,
        'regtest',
      )
      for (const index of [0, 1, 2, 3]) await node.mine(1, derive(account, 'receive', index).address)
      await node.mine(103)
      coins = await unspent()
    })
    afterAll(() => node?.stop())

    /** Our coins deep enough to be spent, by their addresses. */
    async function unspent(): Promise<Coin[]> {
      const places = new Map(
        (['receive', 'change'] as const).flatMap(branch =>
          Array.from(
            { length: 40 },
            (_, index) => [derive(account, branch, index).address, { branch, index }] as const,
          ),
        ),
      )
      const list: Told[] = await node.rpc('listunspent', [], 'ours')
      return list.map(({ txid, vout, amount, address }) => ({
        outpoint: `${txid}:${vout}`,
        units: parseUnits(amount.toFixed(8), 'BTC')!,
        ...places.get(address)!,
      }))
    }

    async function planned(change: Partial<PlanOrder>): Promise<Plan> {
      const lockTime = await node.rpc('getblockcount')
      const order = {
        coins,
        payees: [],
        feeRate: 1_000n,
        mostFeeRate: 50_000n,
        change: { index: 7 },
        lockTime,
        ...change,
      }
      const answer = plan(order, account)
      if (answer.is !== 'planned') throw new Error(answer.is)
      return answer.plan
    }

    const payees = (...units: bigint[]): Promise<Payee[]> =>
      Promise.all(
        units.map(async (each, place) => {
          const address = await node.rpc('getnewaddress', ['', kinds[place % kinds.length]], 'theirs')
          return { key: `pay_${place}`, units: each, script: parseAddress(address, 'regtest').script }
        }),
      )

    /** Signed by the node's wallet and read back; the raw transaction in hex. */
    async function signed(made: Plan, finalize: boolean): Promise<string> {
      const { psbt, complete } = await node.rpc(
        'walletprocesspsbt',
        [made.psbt, true, 'DEFAULT', true, finalize],
        'ours',
      )
      expect(complete).toBe(finalize)
      const answer = readSigned(psbt, made, 'regtest')
      if (answer.is !== 'signed') throw new Error(JSON.stringify(answer))
      return Buffer.from(answer.raw).toString('hex')
    }

    /**
     * What the node would make of it: it must take it, at the planned fee, and at no more than the planned
     * size.
     */
    async function check(made: Plan, raw: string): Promise<void> {
      const [{ allowed, txid, vsize, fees, 'reject-reason': why }] = await node.rpc('testmempoolaccept', [
        [raw],
      ])
      expect({ allowed, why, txid }).toEqual({ allowed: true, why: undefined, txid: made.txid })
      expect(parseUnits(fees.base.toFixed(8), 'BTC')).toBe(made.feeUnits)
      expect(made.size - vsize).toBeGreaterThanOrEqual(0)
      expect(made.size - vsize).toBeLessThanOrEqual(kind === 'wpkh' ? made.inputs.length : 0)
    }

    test('the PSBT says of inputs and change what the node’s own wallet would say of them', async () => {
      const made = await planned({ payees: await payees(1_000_000n) })
      const { tx, fee, inputs, outputs } = await node.rpc('decodepsbt', [made.psbt])
      expect(tx.txid).toBe(made.txid)
      expect(parseUnits(fee.toFixed(8), 'BTC')).toBe(made.feeUnits)

      const bare = await node.rpc('converttopsbt', [
        Buffer.from(Psbt.fromBase64(made.psbt).data.globalMap.unsignedTx.toBuffer()).toString('hex'),
      ])
      const { psbt } = await node.rpc('walletprocesspsbt', [bare, false, 'DEFAULT', true, false], 'ours')
      const theirs = await node.rpc('decodepsbt', [psbt])
      // For native segwit its wallet adds the whole transaction that is spent from; we leave that to who asks
      // for it.
      for (const input of theirs.inputs) delete input.non_witness_utxo
      expect(inputs).toEqual(theirs.inputs)
      expect(outputs).toEqual(theirs.outputs)
      expect(inputs).toHaveLength(1)
      expect(
        outputs.some((output: Told) =>
          (output.bip32_derivs ?? output.taproot_bip32_derivs)?.[0].path.endsWith('/1/7'),
        ),
      ).toBe(true)
    })

    test('it is signed, sent, replaced at the least that BIP 125 asks, and mined: the payees have what the plan says', async () => {
      const owed = await payees(6_000_000_000n, 1_000_000_000n, 250_000_000n, 1_000_000n, 20_000n)
      const first = await planned({ payees: owed })
      expect(first.inputs).toHaveLength(2)
      const raw = await signed(first, true)
      await check(first, raw)
      expect(await node.rpc('sendrawtransaction', [raw])).toBe(first.txid)

      const replaces = { inputs: first.inputs, feeUnits: first.feeUnits, size: first.size }
      const second = await planned({ payees: owed, replaces })
      expect(second.feeUnits).toBe(first.feeUnits + BigInt(second.size))
      const again = await signed(second, false)
      await check(second, again)
      expect(await node.rpc('sendrawtransaction', [again])).toBe(second.txid)
      expect(await node.rpc('getrawmempool')).toEqual([second.txid])

      const [block] = await node.mine(1)
      const { vin, vout } = await node.rpc('getrawtransaction', [second.txid, true, block])
      expect(vin.map(({ txid, vout: number }: Told) => `${txid}:${number}`)).toEqual(
        second.inputs.map(({ outpoint }) => outpoint),
      )
      expect(
        vout.map(({ value, scriptPubKey }: Told) => [parseUnits(value.toFixed(8), 'BTC'), scriptPubKey.hex]),
      ).toEqual(second.outputs.map(({ units, script }) => [units, Buffer.from(script).toString('hex')]))
      coins = await unspent()
      expect(coins).toContainEqual(expect.objectContaining({ branch: 'change', index: 7 }))
    })

    test('change of just what is no dust is passed on, and a replacement with more coins is', async () => {
      const [coin, more] = coins.toSorted((a, b) => (a.units < b.units ? -1 : 1)) as [Coin, Coin]
      const least = kind === 'wpkh' ? 294n : 330n
      const [payee] = await payees(coin.units - least)
      const made = await planned({ coins: [coin], payees: [payee!] })
      expect(made.outputs.map(({ units }) => units)).toContain(least)
      const raw = await signed(made, true)
      await check(made, raw)
      await node.rpc('sendrawtransaction', [raw])

      // Owed more meanwhile: what was enough no longer is.
      const replaces = { inputs: made.inputs, feeUnits: made.feeUnits, size: made.size }
      const larger = await planned({
        coins: [coin, more],
        payees: [{ ...payee!, units: payee!.units + 1_000_000n }],
        replaces,
        feeRate: 7_310n,
      })
      expect(larger.inputs).toHaveLength(2)
      const again = await signed(larger, true)
      await check(larger, again)
      expect(await node.rpc('sendrawtransaction', [again])).toBe(larger.txid)
      expect(await node.rpc('getrawmempool')).toEqual([larger.txid])
    })
  },
)
