/** Holds the networks to their own genesis blocks, which prove the hashes by hashing to them. */
import { createHash } from 'node:crypto'
import bs58check from 'bs58check'
import { expect, test } from 'vitest'
import { networks, networksWhere } from './network.ts'

// Merkle root, time, bits and nonce of block 0, as Bitcoin Core's chainparams.cpp has them (BIP 94 for
// testnet4).
const satoshis = '4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b'
test.each([
  ['mainnet', satoshis, 1_231_006_505, 0x1d00ffff, 2_083_236_893],
  [
    'testnet4',
    '7aa0a7ae1e223414cb807e40cd57e667b718e42aaf9306db9102fe28912b7b4e',
    1_714_777_860,
    0x1d00ffff,
    393_743_547,
  ],
  ['signet', satoshis, 1_598_918_400, 0x1e0377ae, 52_613_770],
  ['regtest', satoshis, 1_296_688_602, 0x207fffff, 2],
] as const)('the genesis block of %s hashes to its name', (name, root, time, bits, nonce) => {
  const header = Buffer.alloc(80)
  header.writeUInt32LE(1, 0)
  Buffer.from(root, 'hex').reverse().copy(header, 36)
  header.writeUInt32LE(time, 68)
  header.writeUInt32LE(bits, 72)
  header.writeUInt32LE(nonce, 76)
  expect(sha256(sha256(header)).reverse().toString('hex')).toBe(networks[name].genesis)
})

test('the version bytes of account keys give the letters they are known by', () => {
  for (const { extendedKeys } of Object.values(networks))
    for (const { letters, version } of Object.values(extendedKeys))
      for (const fill of [0, 255]) {
        const payload = Buffer.alloc(78, fill)
        payload.writeUInt32BE(version)
        expect(bs58check.encode(payload).slice(0, 4)).toBe(letters)
      }
})

test('networks are named in words', () => {
  expect(networksWhere(network => network.bech32 === 'bc')).toBe('mainnet')
  expect(networksWhere(network => network.bech32 === 'tb')).toBe('testnet4 or signet')
  expect(networksWhere(network => network.coinType === 1)).toBe('testnet4, signet or regtest')
  expect(networksWhere(network => network.bech32 === 'ltc')).toBe('')
})

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest()
