/** Two destinations are one place where they share an address, however each is written. */
import { expect, test } from 'vitest'
import { addressOf } from './address.ts'
import { checksumOf } from './checksum.ts'
import { derive, parseDescriptor } from './descriptor.ts'
import { shareAddress } from './samePlace.ts'

const key =
  'tpubDC8msFGeGuwnKG9Upg7DM2b4DaRqg3CUZa5g8v2SRQ6K4NSkxUgd7HsL2XVWbVm39yBA4LAxysQAm397zwQSQoQgewGiYZqrA9DsP4zbQ1M'
const otherKey =
  'tpubDDfvzhdVV4unsoKt5aE6dcsNsfeWbTgmLZPi8LQDYU2xixrYemMfWJ3BaVneH3u7DBQePdTwhpybaKRU95pi6PMUtLPBJLVQRpzEnjfjZzX'
const written = (body: string) => `${body}#${checksumOf(body)}`
const ours = written(`wpkh(${key}/<0;1>/*)`)
const account = parseDescriptor(ours, 'regtest')
const at = (number: number, branch: 'receive' | 'change' = 'receive') =>
  derive(account, branch, number).address
const capitals = (text: string) => text.toUpperCase()

test.each([
  ['an address and itself in capitals', at(0), capitals(at(0)), 0n, true],
  ['two addresses of one descriptor', at(0), at(1), 0n, false],
  ['a descriptor and its first address', ours, at(0), 0n, true],
  ['an address and the descriptor that derives it', at(7), ours, 0n, true],
  ['a descriptor and its change', ours, at(3, 'change'), 0n, true],
  ['a descriptor and an address it paid long ago', ours, at(2), 900n, true],
  ['a descriptor and one beyond what its wallet looks for', ours, at(1_050), 900n, true],
  ['a descriptor and one that it never comes to', ours, at(1_050), 0n, false],
  [
    'a descriptor with its origin and without',
    ours,
    written(`wpkh([73c5da0a/84h/1h/0h]${key}/<0;1>/*)`),
    0n,
    true,
  ],
  ['two kinds of addresses of one key', ours, written(`tr(${key}/<0;1>/*)`), 0n, true],
  ['descriptors of two keys', ours, written(`wpkh(${otherKey}/<0;1>/*)`), 0n, false],
  [
    'an address of another network with the same script',
    addressOf(derive(account, 'receive', 0).script, 'signet')!,
    ours,
    0n,
    true,
  ],
  ['what nobody can read and itself', 'bcrt1qnothing', 'bcrt1qnothing', 0n, true],
  ['what nobody can read and a descriptor', 'bcrt1qnothing', ours, 0n, false],
  ['an edited number beyond all sense', ours, 'bcrt1qnothing', 2n ** 62n, false],
])('%s', (_, one, other, next, expected) => {
  const places = [one, other].map(destination => ({ destination, next_index: next }))
  expect(shareAddress(places[0]!, places[1]!)).toBe(expected)
  expect(shareAddress(places[1]!, places[0]!)).toBe(expected)
})
