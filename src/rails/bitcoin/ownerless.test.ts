/**
 * Addresses that decode and that nobody owns are refused, wherever one may be given, on every network; and
 * everybody's own are not.
 */
import fc from 'fast-check'
import { Psbt } from 'bitcoinjs-lib'
import { describe, expect, test } from 'vitest'
import { BadInput } from '../../base/answer.ts'
import { readDestination } from '../../chain/destination.ts'
import type { Branch, NetworkName } from '../chain.ts'
import { wallet } from '../../../test/testbed/wallet.ts'
import { addressOf, decodeAddress, parseAddress } from './address.ts'
import { derive, parseDescriptor } from './descriptor.ts'
import { writeExtendedKey } from './extendedKey.ts'
import { networks } from './network.ts'
import { ownerlessWhy } from './ownerless.ts'
import { checkPolicy, readPolicy } from './policy.ts'

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'))
const names = Object.keys(networks) as NetworkName[]
const nums = '50929b74c1a04954b78b4b6035e97a5e078a5a0f28ec96d547bfee9ace803ac0'

const nobodys: { name: string; script: string; why: string }[] = [
  ...Array.from({ length: 15 }, (_, at) => at + 2).flatMap(version => [
    {
      name: `version ${version}, 32 bytes`,
      script: `${(0x50 + version).toString(16)}20${'0123456789abcdef'.repeat(4)}`,
      why: `witness version ${version}`,
    },
    {
      name: `version ${version}, 2 bytes`,
      script: `${(0x50 + version).toString(16)}02751e`,
      why: `witness version ${version}`,
    },
  ]),
  { name: 'pay-to-anchor', script: '51024e73', why: 'pay-to-anchor' },
  { name: 'version 1, 2 bytes', script: '5102751e', why: 'has 2 bytes in witness version 1' },
  {
    name: 'version 1, 20 bytes',
    script: '5114751e76e8199196d454941c45d1b3a323f1433bd6',
    why: 'has 20 bytes',
  },
  { name: 'version 1, 31 bytes', script: `511f${'ab12'.repeat(15)}cd`, why: 'has 31 bytes' },
  {
    name: 'version 1, 40 bytes',
    script: `5128${'751e76e8199196d454941c45d1b3a323f1433bd6'.repeat(2)}`,
    why: 'has 40 bytes',
  },
  { name: 'a taproot key off the curve', script: `5120${'0'.repeat(63)}5`, why: 'holds no key' },
  { name: 'the taproot key of zeros', script: `5120${'00'.repeat(32)}`, why: 'holds no key' },
  { name: 'the taproot key nobody has', script: `5120${nums}`, why: 'no private key' },
  { name: 'a P2PKH hash of zeros', script: `76a914${'00'.repeat(20)}88ac`, why: 'the same byte' },
  { name: 'a P2WPKH hash of ff', script: `0014${'ff'.repeat(20)}`, why: 'the same byte' },
  { name: 'a P2WSH hash of zeros', script: `0020${'00'.repeat(32)}`, why: 'the same byte' },
  {
    name: 'P2WSH of OP_TRUE',
    script: '00204ae81572f06e1b88fd5ced7a1a000945432e83e1551e6f721ee9c00b8cc33260',
    why: 'asks for no signature',
  },
  {
    name: 'P2SH of OP_TRUE',
    script: 'a914da1745e9b549bd0bfa1a569971c77eba30cd5a4b87',
    why: 'asks for no signature',
  },
  {
    name: 'P2SH of nothing',
    script: 'a914b472a266d0bd89c13706a4132ccfb16f7c3b9fcb87',
    why: 'asks for no signature',
  },
]

describe.each(nobodys)('$name', ({ script, why }) => {
  test.each(names)('is no destination on %s: at the account, and in the policy’s list', network => {
    const address = addressOf(bytes(script), network)!
    expect(decodeAddress(address, network).script).toEqual(bytes(script))
    for (const read of [
      () => parseAddress(address, network),
      () =>
        readDestination('--address', address, { BITCOIN_NETWORK: network, BITCOIN_DESCRIPTOR: undefined }),
      () => readPolicy(JSON.stringify({ allow: [address] }), network),
    ]) {
      expect(read).toThrow(BadInput)
      expect(read).toThrow(why)
    }
  })

  test('is not signed for, whatever was approved', () => {
    const psbt = new Psbt({ network: networks.regtest })
    const { account } = wallet('wpkh', 'regtest', 1)
    const own = derive(account, 'receive', 0).script
    psbt.addInput({ hash: 'ab'.repeat(32), index: 0, witnessUtxo: { script: own, value: 10_000n } })
    psbt.addOutput({ script: bytes(script), value: 9_000n })
    const rail = {
      derive: (branch: Branch, index: number) => derive(account, branch, index),
      network: 'regtest' as const,
    }
    expect(checkPolicy({ psbt: psbt.toBase64() }, {}, 0n, rail)).toContain(why)
  })
})

test('the address everybody knows as pay-to-anchor is refused by its name', () => {
  expect(() => parseAddress('bc1pfeessrawgf', 'mainnet')).toThrow(
    'is pay-to-anchor, made for anybody to spend',
  )
})

test.each(names)('a descriptor whose key nobody has is refused on %s', network => {
  const { account } = wallet('tr', network, 2)
  const key = writeExtendedKey({ ...account.account, publicKey: bytes(`02${nums}`) }, network)
  expect(() => parseDescriptor(key, network)).toThrow('no private key')
})

test('what somebody may own is taken, and what a wallet derives is somebody’s', () => {
  for (const kind of ['wpkh', 'tr'] as const)
    for (const network of names) {
      const { account } = wallet(kind, network, 3)
      expect(parseDescriptor(account.text, network).text).toBe(account.text)
    }
  const hash = (length: number) =>
    fc.uint8Array({ minLength: length, maxLength: length }).filter(all => new Set(all).size > 1)
  fc.assert(
    fc.property(hash(20), hash(32), (short, long) => {
      const hex = (all: Uint8Array) => Buffer.from(all).toString('hex')
      for (const script of [
        `0014${hex(short)}`,
        `0020${hex(long)}`,
        `76a914${hex(short)}88ac`,
        `a914${hex(short)}87`,
      ])
        expect(ownerlessWhy(bytes(script))).toBeUndefined()
    }),
    { seed: 341, numRuns: 300 },
  )
})
