/**
 * Plans and PSBTs agree with @scure/btc-signer, which makes each transaction again from coins and outputs, on
 * many random orders.
 */
import { p2tr, p2wpkh, NETWORK, TEST_NETWORK, Transaction as Scure } from '@scure/btc-signer'
import { crypto, toXOnly, Transaction } from 'bitcoinjs-lib'
import { describe, expect, test } from 'vitest'
import { signByScure, wallet, type Wallet } from '../../../test/testbed/wallet.ts'
import type { Branch, Coin, NetworkName, Payee, Plan, PlanOrder } from '../chain.ts'
import { dustUnits } from './address.ts'
import { derive } from './descriptor.ts'
import { feeOf } from './fees.ts'
import { plan } from './plan.ts'
import { sequence } from './psbt.ts'
import { readSigned } from './signed.ts'

const plansEach = 1_300
const signedEach = 65
const networkNames: NetworkName[] = ['mainnet', 'testnet4', 'signet', 'regtest']
const kinds = ['wpkh', 'tr'] as const
const addresses = 12

// Eight accounts, so 10 400 plans and 520 of them signed by both libraries.
describe.each(networkNames.flatMap(network => kinds.map(kind => [network, kind] as const)))(
  '%s, %s',
  (network, kind) => {
    const owner = wallet(kind, network, 11)
    const theirs = scripts(owner, kind, network)
    const payable = kinds.flatMap(other => [...scripts(wallet(other, network, 12), other, network).values()])
    const random = chance(`${network} ${kind}`)

    test(`our addresses are those of the other library [security 4]`, () => {
      for (const [name, script] of theirs) {
        const [branch, index] = name.split('/') as [Branch, string]
        expect(Buffer.from(derive(owner.account, branch, Number(index)).script).toString('hex')).toBe(
          hex(script),
        )
      }
    })

    test(`${plansEach} random plans are the same transactions, of the same fee and size, and ${signedEach} of them are signed alike`, () => {
      let seen = 0
      while (seen < plansEach) {
        const order = randomOrder(random, payable)
        const answer = plan(order, owner.account)
        if (answer.is !== 'planned') continue
        checkSums(answer.plan, order)
        const other = remade(answer.plan, theirs, kind)
        expect(other.id).toBe(answer.plan.txid)
        expect(other.fee).toBe(answer.plan.feeUnits)
        expect(other.vsize).toBe(answer.plan.size)
        if (seen < signedEach) checkSigned(owner, kind, network, answer.plan)
        seen++
      }
    })
  },
)

/** Scripts by `branch/index`, from keys derived and addresses made by other libraries than ours. */
function scripts(owner: Wallet, kind: (typeof kinds)[number], network: NetworkName): Map<string, Uint8Array> {
  const prefixes = {
    ...(network === 'mainnet' ? NETWORK : TEST_NETWORK),
    ...(network === 'regtest' && { bech32: 'bcrt' }),
  }
  const branches: Branch[] = ['receive', 'change']
  return new Map(
    branches.flatMap(branch =>
      Array.from({ length: addresses }, (_, index) => {
        const { publicKey } = owner.key(branch, index)
        const { script, address } =
          kind === 'wpkh' ? p2wpkh(publicKey, prefixes) : p2tr(toXOnly(publicKey), undefined, prefixes)
        expect(derive(owner.account, branch, index).address).toBe(address)
        return [`${branch}/${index}`, script] as const
      }),
    ),
  )
}

function randomOrder(random: (below: number) => number, payable: Uint8Array[]): PlanOrder {
  const units = (most: number) => BigInt(1 + random(10 ** (2 + random(most - 1))))
  const coins = Array.from({ length: 1 + random(random(60) === 0 ? 40 : 5) }, (_, place): Coin => {
    const txid = hex(crypto.sha256(Buffer.from(`${random(1e9)}`)))
    return { outpoint: `${txid}:${random(300)}`, units: units(11), branch: random(3) === 0 ? 'change' : 'receive', index: (place + random(5)) % addresses } // prettier-ignore
  })
  const held = coins.reduce((total, coin) => total + coin.units, 0n)
  const count = 1 + random(random(60) === 0 ? 30 : 3)
  const payees = Array.from({ length: count }, (_, place): Payee => {
    const share = (held * BigInt(1 + random(100))) / BigInt(100 * count)
    return { key: `pay_${place}`, units: (share > 0n ? share : 1n) - (random(9) === 0 && share > 300n ? 300n : 0n), script: payable[random(payable.length)]! } // prettier-ignore
  })
  // One that leaves no change, or too little, now and then.
  if (random(3) === 0) {
    const before = payees.slice(1).reduce((total, { units: each }) => total + each, 0n)
    const rest = held - before - BigInt(random(400))
    if (rest > 0n) payees[0]!.units = rest
  }
  return { coins, payees, feeRate: BigInt(1_000 + random(60_000)), mostFeeRate: 100_000n, change: { index: random(addresses) }, lockTime: random(900_000) } // prettier-ignore
}

/** What a plan promises, worked out from its outputs alone. */
function checkSums(
  { inputs, outputs, feeUnits, houseUnits, size }: Plan,
  { payees, feeRate, mostFeeRate }: PlanOrder,
): void {
  const sum = (list: bigint[]) => list.reduce((total, each) => total + each, 0n)
  const paid = outputs.filter(({ key }) => key !== undefined)
  expect(sum(inputs.map(({ units }) => units))).toBe(sum(outputs.map(({ units }) => units)) + feeUnits)
  expect(sum(outputs.map(({ feeShare }) => feeShare)) + houseUnits).toBe(feeUnits)
  expect(paid.map(({ key, units, feeShare }) => `${key} ${units + feeShare}`).toSorted()).toEqual(
    payees.map(({ key, units }) => `${key} ${units}`).toSorted(),
  )
  expect(feeUnits >= feeOf(feeRate, size) && feeUnits <= feeOf(mostFeeRate, size)).toBe(true)
  expect(feeUnits === feeOf(feeRate, size) || houseUnits === feeUnits).toBe(true)
  expect(outputs.every(({ units, script }) => units >= dustUnits(script))).toBe(true)
}

/** Finished with the longest witnesses that are passed on, so that its size is the most it can be. */
function remade(
  { inputs, outputs, lockTime }: Plan,
  owned: Map<string, Uint8Array>,
  kind: (typeof kinds)[number],
): Scure {
  const finalScriptWitness = kind === 'wpkh' ? [new Uint8Array(72), new Uint8Array(33)] : [new Uint8Array(64)]
  // The scripts are its own; to work out again at each whether a taproot key is on the curve takes most of the
  // test's time.
  const transaction = new Scure({ version: 2, lockTime, allowUnknownOutputs: true, disableScriptCheck: true })
  for (const { units, script } of outputs) transaction.addOutput({ script, amount: units })
  for (const { outpoint, units, branch, index } of inputs) {
    const [txid, vout] = outpoint.split(':') as [string, string]
    const witnessUtxo = { script: owned.get(`${branch}/${index}`)!, amount: units }
    transaction.addInput({ txid, index: Number(vout), sequence, witnessUtxo, finalScriptWitness }, true)
  }
  return transaction
}

function checkSigned(owner: Wallet, kind: (typeof kinds)[number], network: NetworkName, made: Plan): void {
  const byScure = signByScure(owner, made.psbt)
  for (const text of [byScure, owner.sign(made.psbt)]) {
    const signed = readSigned(text, made, network)
    if (signed.is !== 'signed') throw new Error(JSON.stringify(signed))
    const transaction = Transaction.fromBuffer(signed.raw)
    expect(transaction.getId()).toBe(made.txid)
    const over = made.size - transaction.virtualSize()
    expect(over >= 0 && over <= (kind === 'wpkh' ? made.inputs.length : 0)).toBe(true)
  }
  const mine = readSigned(byScure, made, network)
  if (mine.is === 'signed') expect(hex(mine.raw)).toBe(byScure)
}

/** The same numbers at every run (mulberry32): the account's name is the seed, so a failure comes again. */
function chance(seed: string): (below: number) => number {
  let state = Buffer.from(crypto.sha256(Buffer.from(seed))).readUInt32LE()
  return below => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below)
  }
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
