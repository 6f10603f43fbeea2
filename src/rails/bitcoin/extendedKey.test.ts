/** Extended keys against BIP 32's vectors, and what is refused. */
import bs58check from 'bs58check'
import { expect, test } from 'vitest'
import { BadInput } from '../../base/answer.ts'
import { childKey, childParent, parentOf, readExtendedKey, writeExtendedKey } from './extendedKey.ts'

// BIP 32, test vectors 1 and 2: every step there that needs no private key.
const steps = [
  [
    'm/0h to 1',
    'xpub68Gmy5EdvgibQVfPdqkBBCHxA5htiqg55crXYuXoQRKfDBFA1WEjWgP6LHhwBZeNK1VTsfTFUHCdrfp1bgwQ9xv5ski8PX9rL2dZXvgGDnw',
    1,
    'xpub6ASuArnXKPbfEwhqN6e3mwBcDTgzisQN1wXN9BJcM47sSikHjJf3UFHKkNAWbWMiGj7Wf5uMash7SyYq527Hqck2AxYysAA7xmALppuCkwQ',
  ],
  [
    'm/0h/1/2h to 2',
    'xpub6D4BDPcP2GT577Vvch3R8wDkScZWzQzMMUm3PWbmWvVJrZwQY4VUNgqFJPMM3No2dFDFGTsxxpG5uJh7n7epu4trkrX7x7DogT5Uv6fcLW5',
    2,
    'xpub6FHa3pjLCk84BayeJxFW2SP4XRrFd1JYnxeLeU8EqN3vDfZmbqBqaGJAyiLjTAwm6ZLRQUMv1ZACTj37sR62cfN7fe5JnJ7dh8zL4fiyLHV',
  ],
  [
    'm/0h/1/2h/2 to 1000000000',
    'xpub6FHa3pjLCk84BayeJxFW2SP4XRrFd1JYnxeLeU8EqN3vDfZmbqBqaGJAyiLjTAwm6ZLRQUMv1ZACTj37sR62cfN7fe5JnJ7dh8zL4fiyLHV',
    1_000_000_000,
    'xpub6H1LXWLaKsWFhvm6RVpEL9P4KfRZSW7abD2ttkWP3SSQvnyA8FSVqNTEcYFgJS2UaFcxupHiYkro49S8yGasTvXEYBVPamhGW6cFJodrTHy',
  ],
  [
    'm to 0',
    'xpub661MyMwAqRbcFW31YEwpkMuc5THy2PSt5bDMsktWQcFF8syAmRUapSCGu8ED9W6oDMSgv6Zz8idoc4a6mr8BDzTJY47LJhkJ8UB7WEGuduB',
    0,
    'xpub69H7F5d8KSRgmmdJg2KhpAK8SR3DjMwAdkxj3ZuxV27CprR9LgpeyGmXUbC6wb7ERfvrnKZjXoUmmDznezpbZb7ap6r1D3tgFxHmwMkQTPH',
  ],
  [
    'm/0/2147483647h to 1',
    'xpub6ASAVgeehLbnwdqV6UKMHVzgqAG8Gr6riv3Fxxpj8ksbH9ebxaEyBLZ85ySDhKiLDBrQSARLq1uNRts8RuJiHjaDMBU4Zn9h8LZNnBC5y4a',
    1,
    'xpub6DF8uhdarytz3FWdA8TvFSvvAh8dP3283MY7p2V4SeE2wyWmG5mg5EwVvmdMVCQcoNJxGoWaU9DCWh89LojfZ537wTfunKau47EL2dhHKon',
  ],
  [
    'm/0/2147483647h/1/2147483646h to 2',
    'xpub6ERApfZwUNrhLCkDtcHTcxd75RbzS1ed54G1LkBUHQVHQKqhMkhgbmJbZRkrgZw4koxb5JaHWkY4ALHY2grBGRjaDMzQLcgJvLJuZZvRcEL',
    2,
    'xpub6FnCn6nSzZAw5Tw7cgR9bi15UV96gLZhjDstkXXxvCLsUXBGXPdSnLFbdpq8p9HmGsApME5hQTZ3emM2rnY5agb9rXpVGyy3bdW6EEgAtqt',
  ],
] as const

test.each(steps)('BIP 32: from %s', (_, parent, index, child) => {
  const [above, below] = [readExtendedKey(parent, 'mainnet'), readExtendedKey(child, 'mainnet')]
  expect(below).toMatchObject({ depth: above.depth + 1, childNumber: index })
  const from = parentOf(above.publicKey, above.chainCode)
  expect(childKey(from, index)).toEqual(below.publicKey)
  // Equal children again, so the chain code is right too.
  expect(childKey(childParent(from, index), 7)).toEqual(
    childKey(parentOf(below.publicKey, below.chainCode), 7),
  )
  expect(writeExtendedKey(below, 'mainnet')).toBe(child)
})

test('a key asked for one child after another answers as if it were asked for each alone', () => {
  const { publicKey, chainCode } = readExtendedKey(steps[0][1], 'mainnet')
  const parent = parentOf(publicKey, chainCode)
  const asked = [0, 5, 2 ** 31 - 1, 5, 0].map(index => childKey(parent, index))
  expect(asked).toEqual(
    [0, 5, 2 ** 31 - 1, 5, 0].map(index => childKey(parentOf(publicKey, chainCode), index)),
  )
})

/** A key with some of its 78 bytes replaced, under a checksum that is right. */
function altered(at: number, bytes: number[], text: string = steps[1][3]): string {
  const payload = Uint8Array.from(bs58check.decode(text))
  payload.set(bytes, at)
  return bs58check.encode(payload)
}

// What BIP 32's test vector 5 lists as invalid, and keys that are not ours to read.
test.each([
  [
    'a private key under public letters',
    altered(45, [0]),
    'holds a private key under the letters of a public one',
  ],
  ['a prefix of 04', altered(45, [4]), 'no point of the curve'],
  ['a prefix of 01', altered(45, [1]), 'no point of the curve'],
  ['an x that is on no point', altered(45, [2, ...Array<number>(31).fill(0), 7]), 'no point of the curve'],
  [
    'a master with a parent',
    altered(4, [0, 1, 2, 3, 4, 0, 0, 0, 0]),
    'says it is a master key and names a parent',
  ],
  [
    'a master with a number',
    altered(4, [0, 0, 0, 0, 0, 0, 0, 0, 1]),
    'says it is a master key and names a parent',
  ],
  [
    'an unknown version',
    altered(0, [0, 0, 0, 0]),
    'expected an extended public key of mainnet (xpub or zpub), and this is none',
  ],
  [
    'a byte too many',
    bs58check.encode(Uint8Array.from([...bs58check.decode(steps[0][1]), 1])),
    'and this is none',
  ],
  [
    'a mistyped character',
    steps[0][1].replace('Gmy', 'Gmz'),
    'xpub…, 111 characters) has a wrong base58 checksum',
  ],
  ['a lost character', steps[0][1].slice(0, -1), 'xpub…, 110 characters) has a wrong base58 checksum'],
  ['an l where none can be', steps[0][1].replace('Gmy', 'lmy'), 'wrong base58 checksum'],
  [
    'a tpub',
    altered(0, [0x04, 0x35, 0x87, 0xcf]),
    'the key is a tpub, of testnet4, signet or regtest, and BITCOIN_NETWORK is mainnet',
  ],
  [
    'a vpub',
    altered(0, [0x04, 0x5f, 0x1c, 0xf6]),
    'the key is a vpub, of testnet4, signet or regtest, and BITCOIN_NETWORK is mainnet',
  ],
  [
    'a ypub',
    altered(0, [0x04, 0x9d, 0x7c, 0xb2]),
    'the key is a ypub, for nested segwit (sh(wpkh)), which is not supported: give the account’s zpub',
  ],
  [
    'a Zpub',
    altered(0, [0x02, 0xaa, 0x7e, 0xd3]),
    'the key is a Zpub, an account of several signers, which is not supported',
  ],
  ['nothing', '', 'expected an extended public key of mainnet (xpub or zpub), got something else'],
  ['another text', 'my wallet', 'got something else'],
])('%s is refused', (_, text, why) => {
  const read = () => readExtendedKey(text, 'mainnet')
  expect(read).toThrow(BadInput)
  expect(read).toThrow(why)
})

test('on a test chain the same account has the letters of test chains', () => {
  const key = readExtendedKey(steps[1][3], 'mainnet')
  const text = writeExtendedKey(key, 'regtest')
  expect(text).toMatch(/^tpub/)
  expect(readExtendedKey(text, 'signet')).toEqual(key)
  expect(() => readExtendedKey(steps[1][3], 'regtest')).toThrow(
    'the key is an xpub, of mainnet, and BITCOIN_NETWORK is regtest: give the account’s tpub or vpub',
  )
})
