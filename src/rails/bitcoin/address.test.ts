/** Addresses against the vectors of BIP 173 and 350, what is refused, and Bitcoin Core's dust. */
import { Address, OutScript } from '@scure/btc-signer'
import bs58check from 'bs58check'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BadInput } from '../../base/answer.ts'
import type { NetworkName } from '../chain.ts'
import { addressOf, decodeAddress, dustUnits, parseAddress } from './address.ts'
import { networks } from './network.ts'

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'))

// BIP 350, valid addresses, which include BIP 173's of version 0; and one of each older kind.
const valid: [NetworkName, string, string][] = [
  ['mainnet', 'BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4', '0014751e76e8199196d454941c45d1b3a323f1433bd6'],
  [
    'testnet4',
    'tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7',
    '00201863143c14c5166804bd19203356da136c985678cd4d27a1b8c6329604903262',
  ],
  [
    'mainnet',
    'bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y',
    '5128751e76e8199196d454941c45d1b3a323f1433bd6751e76e8199196d454941c45d1b3a323f1433bd6',
  ],
  ['mainnet', 'BC1SW50QGDZ25J', '6002751e'],
  ['mainnet', 'bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs', '5210751e76e8199196d454941c45d1b3a323'],
  [
    'signet',
    'tb1qqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesrxh6hy',
    '0020000000c4a5cad46221b2a187905e5266362b99d5e91c6ce24d165dab93e86433',
  ],
  [
    'signet',
    'tb1pqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesf3hn0c',
    '5120000000c4a5cad46221b2a187905e5266362b99d5e91c6ce24d165dab93e86433',
  ],
  [
    'mainnet',
    'bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0',
    '512079be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798',
  ],
  ['mainnet', '1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa', '76a91462e907b15cbf27d5425399ebf6f0fb50ebb88f1888ac'],
  ['mainnet', '3P14159f73E4gFr7JterCCQh9QjiTjiZrG', 'a914e9c3dd0c07aac76179ebc76a6c78d4d67c6c160a87'],
  ['regtest', 'mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn', '76a914243f1394f44554f4ce3fd68649c19adc483ce92488ac'],
  ['regtest', '2MzQwSSnBHWHqSAqtTVQ6v47XtaisrJa1Vc', 'a9144e9f39ca4688ff102128ea4ccda34105324305b087'],
  ['regtest', 'bcrt1q6rz28mcfaxtmd6v789l9rrlrusdprr9pz3cppk', '0014d0c4a3ef09e997b6e99e397e518fe3e41a118ca1'],
]

test.each(valid)('on %s, %s is read, and written back from its script', (network, text, script) => {
  const address = /^[A-Z0-9]+$/.test(text) ? text.toLowerCase() : text
  expect(decodeAddress(text, network)).toEqual({ address, script: bytes(script) })
  expect(addressOf(bytes(script), network)).toBe(address)
})

const p2wpkh = 'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4'
test.each<[string, string, NetworkName, string]>([
  // BIP 350, invalid addresses.
  [
    'an unknown prefix',
    'tc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq5zuyut',
    'mainnet',
    'is no Bitcoin address: expected one of mainnet, like bc1…',
  ],
  [
    'taproot in bech32',
    'bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd',
    'mainnet',
    'has the checksum of another witness version (BIP 350)',
  ],
  [
    'version 2 in bech32',
    'tb1z0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqglt7rf',
    'testnet4',
    'has the checksum of another witness version',
  ],
  [
    'version 16 in bech32',
    'BC1S0XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ54WELL',
    'mainnet',
    'has the checksum of another witness version',
  ],
  [
    'P2WPKH in bech32m',
    'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kemeawh',
    'mainnet',
    'has the checksum of another witness version',
  ],
  [
    'P2WSH in bech32m',
    'tb1q0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq24jc47',
    'testnet4',
    'has the checksum of another witness version',
  ],
  [
    'a character that is none',
    'bc1p38j9r5y49hruaue7wxjce0updqjuyyx0kh56v8s25huc6995vvpql3jow4',
    'mainnet',
    'has a wrong checksum',
  ],
  [
    'version 17',
    'BC130XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ7ZWS8R',
    'mainnet',
    'is of witness version 17, and the last there is is 16',
  ],
  ['one byte', 'bc1pw5dgrnzv', 'mainnet', 'has 1 bytes, which no address of witness version 1 has'],
  [
    '41 bytes',
    'bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v8n0nx0muaewav253zgeav',
    'mainnet',
    'has 41 bytes',
  ],
  [
    '16 bytes in version 0',
    'BC1QR508D6QEJXTDG4Y5R3ZARVARYV98GJ9P',
    'mainnet',
    'has 16 bytes, which no address of witness version 0 has',
  ],
  [
    'mixed case',
    'tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq47Zagq',
    'testnet4',
    'mixes capitals and small letters',
  ],
  [
    'too much padding',
    'bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v07qwwzcrf',
    'mainnet',
    'has a wrong checksum',
  ],
  [
    'padding that is not zero',
    'tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vpggkg4j',
    'testnet4',
    'has a wrong checksum',
  ],
  ['no data', 'bc1gmk9yu', 'mainnet', 'the address "bc1gmk9yu" has'],
  // BIP 173, invalid addresses that BIP 350 does not repeat.
  [
    'a mistyped character',
    'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5',
    'mainnet',
    'the address bc1qw508d6qe… has a wrong checksum: a character is missing or mistyped',
  ],
  // Of other networks.
  [
    'segwit of a test chain',
    'tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7',
    'mainnet',
    'is an address of testnet4 or signet, and BITCOIN_NETWORK is mainnet: give an address of mainnet',
  ],
  [
    'segwit of regtest',
    'bcrt1q6rz28mcfaxtmd6v789l9rrlrusdprr9pz3cppk',
    'signet',
    'is an address of regtest, and BITCOIN_NETWORK is signet',
  ],
  [
    'segwit of the main chain',
    p2wpkh,
    'regtest',
    `${p2wpkh} is an address of mainnet, and BITCOIN_NETWORK is regtest`,
  ],
  [
    'P2PKH of a test chain',
    'mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn',
    'mainnet',
    'is an address of testnet4, signet or regtest, and BITCOIN_NETWORK is mainnet',
  ],
  [
    'P2SH of the main chain',
    '3P14159f73E4gFr7JterCCQh9QjiTjiZrG',
    'testnet4',
    'is an address of mainnet, and BITCOIN_NETWORK is testnet4',
  ],
  // Of nothing.
  [
    'a mistyped P2PKH',
    '1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb',
    'mainnet',
    'the address 1A1zP1eP5QGe… has a wrong checksum',
  ],
  ['an address of another coin', 'LM2WMpR1Rp6j3Sa59cMXMs1SPzj9eXpGc1', 'mainnet', 'is no Bitcoin address'],
  [
    'taproot whose key is no point',
    addressOf(bytes(`5120${'0'.repeat(63)}5`), 'mainnet')!,
    'mainnet',
    'holds no key: money sent there could never be spent',
  ],
  [
    'an extended key',
    'xpub661MyMwAqRbcFkPHucMnrGNzDwb6teAX1RbKQmqtEF8kK3Z7LZ59qafCjB9eCRLiTVG3uxBxgKvRgbubRhqSKXnGGb1aoaqLrpMBDrVxga8',
    'mainnet',
    'xpub661MyMwA… is no Bitcoin address',
  ],
  ['a name', 'satoshi', 'mainnet', '"satoshi" is no Bitcoin address: expected one of mainnet, like bc1…'],
  ['nothing', '', 'regtest', 'is no Bitcoin address: expected one of regtest, like bcrt1…'],
  [
    'a private key',
    'KyZpNDKnfs94vbrwhJneDi77V6jF64PWPF8x5cdJb8ifgg2DUc9d',
    'mainnet',
    'the address holds what looks like a private key (WIF)',
  ],
])('refused: %s', (_, text, network, why) => {
  const read = () => parseAddress(text, network)
  expect(read).toThrow(BadInput)
  expect(read).toThrow(why)
  expect(read).not.toThrow('KyZpND')
})

test('a base58 payload of a known version and another length is no address', () => {
  for (const length of [20, 22]) {
    const text = bs58check.encode(new Uint8Array(length))
    expect(() => parseAddress(text, 'mainnet')).toThrow('is no Bitcoin address')
  }
})

test('scripts of every kind agree with @scure/btc-signer both ways', () => {
  const hash = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
  const output = fc.oneof(
    fc.record({ type: fc.constantFrom('pkh', 'sh', 'wpkh'), hash: hash(20) }),
    fc.record({ type: fc.constant('wsh'), hash: hash(32) }),
  )
  fc.assert(
    fc.property(output, fc.constantFrom(...Object.keys(networks)), (one, name) => {
      const network = name as NetworkName
      const script = OutScript.encode(one as Parameters<typeof OutScript.encode>[0])
      const address = Address(networks[network]).encode(OutScript.decode(script))
      expect(addressOf(script, network)).toBe(address)
      expect(decodeAddress(address, network)).toEqual({ address, script: Uint8Array.from(script) })
    }),
    { seed: 350, numRuns: 500 },
  )
})

test('one changed character of an address is always noticed', () => {
  const letter = fc.constantFrom(...'qpzry9x8gf2tvdw0s3jn54khce6mua7l1boi')
  fc.assert(
    fc.property(
      fc.constantFrom(p2wpkh, valid[7]![1], valid[8]![1]),
      fc.nat(61),
      letter,
      (address, place, character) => {
        const at = place % address.length
        fc.pre(address[at] !== character)
        expect(() =>
          parseAddress(address.slice(0, at) + character + address.slice(at + 1), 'mainnet'),
        ).toThrow(BadInput)
      },
    ),
    { seed: 173, numRuns: 1_000 },
  )
})

test.each([
  ['a bare public key', `21${'02'.repeat(33)}ac`],
  ['data', '6a0568656c6c6f'],
  ['version 0 of another length', `0010${'00'.repeat(16)}`],
  ['a witness program cut short', `0014${'00'.repeat(19)}`],
  ['nothing', ''],
])('%s has no address', (_, script) => {
  expect(addressOf(bytes(script), 'mainnet')).toBeUndefined()
})

// Bitcoin Core, GetDustThreshold at 3000 sat/kvB: the figures its policy.h and documents name.
test.each([
  ['P2PKH', `76a914${'00'.repeat(20)}88ac`, 546n],
  ['P2SH', `a914${'00'.repeat(20)}87`, 540n],
  ['P2WPKH', `0014${'00'.repeat(20)}`, 294n],
  ['P2WSH', `0020${'00'.repeat(32)}`, 330n],
  ['P2TR', `5120${'00'.repeat(32)}`, 330n],
  ['pay to anchor', '51024e73', 240n],
  ['data, which is never spent', '6a0568656c6c6f', 0n],
])('less than the dust of %s is not passed on', (_, script, units) => {
  expect(dustUnits(bytes(script))).toBe(units)
})
