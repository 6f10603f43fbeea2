/** Descriptors and account keys against the BIPs' vectors and a node's answers, and all that is refused. */
import bs58check from 'bs58check'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BadInput } from '../../base/answer.ts'
import type { NetworkName } from '../chain.ts'
import { checksumOf } from './checksum.ts'
import { branchText, derive, keyOrigin, parseDescriptor } from './descriptor.ts'

// The wallet of BIP 84's and BIP 86's vectors: "abandon abandon … about". Its master key's fingerprint is
// 73c5da0a.
const account = {
  zpub84:
    'zpub6rFR7y4Q2AijBEqTUquhVz398htDFrtymD9xYYfG1m4wAcvPhXNfE3EfH1r1ADqtfSdVCToUG868RvUUkgDKf31mGDtKsAYz2oz2AGutZYs',
  xpub84:
    'xpub6CatWdiZiodmUeTDp8LT5or8nmbKNcuyvz7WyksVFkKB4RHwCD3XyuvPEbvqAQY3rAPshWcMLoP2fMFMKHPJ4ZeZXYVUhLv1VMrjPC7PW6V',
  xpub86:
    'xpub6BgBgsespWvERF3LHQu6CnqdvfEvtMcQjYrcRzx53QJjSxarj2afYWcLteoGVky7D3UKDP9QyrLprQ3VCECoY49yfdDEHGCtMMj92pReUsQ',
  tpub84:
    'tpubDC8msFGeGuwnKG9Upg7DM2b4DaRqg3CUZa5g8v2SRQ6K4NSkxUgd7HsL2XVWbVm39yBA4LAxysQAm397zwQSQoQgewGiYZqrA9DsP4zbQ1M',
  vpub84:
    'vpub5Y6cjg78GGuNLsaPhmYsiw4gYX3HoQiRBiSwDaBXKUafCt9bNwWQiitDk5VZ5BVxYnQdwoTyXSs2JHRPAgjAvtbBrf8ZhDYe2jWAqvZVnsc',
  tpub86:
    'tpubDDfvzhdVV4unsoKt5aE6dcsNsfeWbTgmLZPi8LQDYU2xixrYemMfWJ3BaVneH3u7DBQePdTwhpybaKRU95pi6PMUtLPBJLVQRpzEnjfjZzX',
  ypub49:
    'ypub6Ww3ibxVfGzLrAH1PNcjyAWenMTbbAosGNB6VvmSEgytSER9azLDWCxoJwW7Ke7icmizBMXrzBx9979FfaHxHcrArf3zbeJJJUZPf663zsP',
  master:
    'xpub661MyMwAqRbcFkPHucMnrGNzDwb6teAX1RbKQmqtEF8kK3Z7LZ59qafCjB9eCRLiTVG3uxBxgKvRgbubRhqSKXnGGb1aoaqLrpMBDrVxga8',
}
const signed = (body: string) => `${body}#${checksumOf(body)}`

test.each([
  // BIP 84, test vectors.
  [
    'a bare zpub',
    'receive',
    0,
    account.zpub84,
    '0330d54fd0dd420a6e5f8d3624f5f3482cae350f79d5f0753bf5beef9c2d91af3c',
    'bc1qcr8te4kr609gcawutmrza0j4xv80jy8z306fyu',
  ],
  [
    'a bare zpub',
    'receive',
    1,
    account.zpub84,
    '03e775fd51f0dfb8cd865d9ff1cca2a158cf651fe997fdc9fee9c1d3b5e995ea77',
    'bc1qnjg0jd8228aq7egyzacy8cys3knf9xvrerkf9g',
  ],
  [
    'a bare zpub',
    'change',
    0,
    account.zpub84,
    '03025324888e429ab8e3dbaf1f7802648b9cd01e9b418485c5fa4c1b9b5700e1a6',
    'bc1q8c6fshw2dlwun7ekn9qwf37cu2rn755upcp6el',
  ],
  // BIP 86, test vectors: the internal key, by its x.
  [
    'tr(xpub)',
    'receive',
    0,
    signed(`tr(${account.xpub86})`),
    'cc8a4bc64d897bddc5fbc2f670f7a8ba0b386779106cf1223c6fc5d7cd6fc115',
    'bc1p5cyxnuxmeuwuvkwfem96lqzszd02n6xdcjrs20cac6yqjjwudpxqkedrcr',
  ],
  [
    'tr(xpub)',
    'receive',
    1,
    signed(`tr(${account.xpub86})`),
    '83dfe85a3151d2517290da461fe2815591ef69f2b18a2ce63f01697a8b313145',
    'bc1p4qhjn9zdvkux4e44uhx8tc55attvtyu358kutcqkudyccelu0was9fqzwh',
  ],
  [
    'tr(xpub)',
    'change',
    0,
    signed(`tr(${account.xpub86})`),
    '399f1b2f4393f29a18c937859c5dd8a77350103157eb880f02e8c08214277cef',
    'bc1p3qkhfews2uk44qtvauqyr2ttdsw7svhkl9nkm9s9c3x4ax5h60wqwruhk7',
  ],
] as const)('%s: %s address %i is that of the vectors', (_, branch, index, text, key, address) => {
  const found = derive(parseDescriptor(text, 'mainnet'), branch, index)
  expect(found.address).toBe(address)
  expect(Buffer.from(found.publicKey).toString('hex')).toMatch(new RegExp(`${key}$`))
})

// What a node (Bitcoin Knots 29.5 on regtest: getdescriptorinfo, deriveaddresses) said of the same wallet.
const last = 2 ** 31 - 50
test.each([
  [
    'wpkh',
    account.tpub84,
    84,
    'lxek0ef2',
    [
      ['receive', 0, 'bcrt1q6rz28mcfaxtmd6v789l9rrlrusdprr9pz3cppk'],
      ['receive', last, 'bcrt1quwvh4uzqp7xq0mlcu3htyvryhchte3fhkkkv09'],
      ['change', 1000, 'bcrt1qatj5yu04jnpz6dzjvx3mu5kvnc4fgwtj3n04jp'],
    ],
  ],
  [
    'tr',
    account.tpub86,
    86,
    'ewv9va06',
    [
      ['receive', 0, 'bcrt1p8wpt9v4frpf3tkn0srd97pksgsxc5hs52lafxwru9kgeephvs7rqjeprhg'],
      ['receive', last, 'bcrt1p2z6yvem9hj9q4rgplae6tx7xga8rk7zptfld6lpcxxqdd082djlsyyl2lx'],
      ['change', 1000, 'bcrt1p64muk88n7nnt55nw8u6wryrc56dg935qept56f2uplkn934vsfmq2ws3xa'],
    ],
  ],
] as const)(
  'a node reads our %s descriptor and derives the same addresses',
  (kind, key, purpose, checksum, addresses) => {
    const text = `${kind}([73c5da0a/${purpose}h/1h/0h]${key}/<0;1>/*)#${checksum}`
    const descriptor = parseDescriptor(text, 'regtest')
    expect(descriptor).toMatchObject({ text, kind, network: 'regtest' })
    for (const [branch, index, address] of addresses) {
      expect(derive(descriptor, branch, index)).toMatchObject({
        address,
        path: `m/${purpose}h/1h/0h/${branch === 'receive' ? 0 : 1}/${index}`,
      })
    }
  },
)

test('however the account is written, it is written back in one way', () => {
  const known = signed(`wpkh([73c5da0a/84h/0h/0h]${account.xpub84}/<0;1>/*)`)
  for (const body of [
    `wpkh([73c5da0a/84h/0h/0h]${account.xpub84}/<0;1>/*)`,
    `wpkh([73C5DA0A/84'/0H/0h]${account.xpub84}/0/*)`,
    `wpkh([73c5da0a/84'/0'/0']${account.xpub84})`,
  ])
    expect(parseDescriptor(` ${signed(body)}\n`, 'mainnet').text).toBe(known)
  const unknown = signed(`wpkh(${account.xpub84}/<0;1>/*)`)
  for (const text of [account.zpub84, account.xpub84, unknown, signed(`wpkh(${account.xpub84}/0/*)`)])
    expect(parseDescriptor(text, 'mainnet').text).toBe(unknown)
  expect(parseDescriptor(account.vpub84, 'testnet4').text).toBe(
    parseDescriptor(account.tpub84, 'testnet4').text,
  )
  expect(parseDescriptor(known, 'mainnet').text).toBe(known)
})

test('each branch is a descriptor of its own, with its own checksum', () => {
  const descriptor = parseDescriptor(signed(`tr([73c5da0a/86h/0h/0h]${account.xpub86}/<0;1>/*)`), 'mainnet')
  expect(branchText(descriptor, 'receive')).toBe(signed(`tr([73c5da0a/86h/0h/0h]${account.xpub86}/0/*)`))
  expect(branchText(descriptor, 'change')).toBe(signed(`tr([73c5da0a/86h/0h/0h]${account.xpub86}/1/*)`))
})

test('a PSBT is told the way from the master key, or from the account where no more is known', () => {
  const known = parseDescriptor(signed(`wpkh([73c5da0a/84h/0h/0h]${account.xpub84})`), 'mainnet')
  expect(keyOrigin(known, 'change', 5)).toEqual({
    masterFingerprint: Uint8Array.from([0x73, 0xc5, 0xda, 0x0a]),
    path: "m/84'/0'/0'/1/5",
  })
  const bare = parseDescriptor(account.zpub84, 'mainnet')
  expect(keyOrigin(bare, 'receive', 5).path).toBe('m/0/5')
  expect(derive(bare, 'receive', 5).path).toBe('0/5')
  // A master key's own fingerprint is the one its wallet is known by.
  const master = parseDescriptor(signed(`wpkh([73c5da0a]${account.master})`), 'mainnet')
  expect(keyOrigin({ ...master, origin: undefined }, 'receive', 0).masterFingerprint).toEqual(
    keyOrigin(known, 'receive', 0).masterFingerprint,
  )
})

test('address numbers go from 0 to 2^31 - 1', () => {
  const descriptor = parseDescriptor(account.zpub84, 'mainnet')
  expect(derive(descriptor, 'receive', 2 ** 31 - 1).path).toBe('0/2147483647')
  for (const index of [-1, 2 ** 31, 0.5, Number.NaN])
    expect(() => derive(descriptor, 'receive', index)).toThrow(BadInput)
})

// BIP 380, test vectors of the checksum, under the name of a script of ours where one is needed to get that
// far.
test.each([
  ['raw(deadbeef)', '89f8spxm'],
  ['raw(Ü)', undefined],
])('BIP 380: the checksum of %s', (text, checksum) => {
  expect(checksumOf(text)).toBe(checksum)
})

const key = account.xpub84
const [wpkh, tr] = [`wpkh([73c5da0a/84h/0h/0h]${key}/<0;1>/*)`, `tr(${account.xpub86}/<0;1>/*)`]
const check = checksumOf(wpkh)!
/** An account key that says another depth, under a base58 checksum that is right. */
function ofDepth(depth: number): string {
  const payload = Uint8Array.from(bs58check.decode(key))
  payload[4] = depth
  return bs58check.encode(payload)
}

test.each<[string, string, NetworkName, string]>([
  [
    'no checksum',
    wpkh,
    'mainnet',
    `has no checksum: compare it with what the wallet shows, then add #${check} to its end`,
  ],
  ['no checksum, taproot', tr, 'mainnet', `add #${checksumOf(tr)}`],
  [
    'an empty checksum (BIP 380)',
    `${wpkh}#`,
    'mainnet',
    `checksum is empty, and for this text #${check} would be right`,
  ],
  ['a checksum too long (BIP 380)', `${wpkh}#${check}q`, 'mainnet', `#${check} would be right`],
  ['a checksum too short (BIP 380)', `${wpkh}#${check.slice(1)}`, 'mainnet', `#${check} would be right`],
  [
    'a changed payload (BIP 380)',
    `${wpkh.replace('73c5', '73c6')}#${check}`,
    'mainnet',
    `checksum is #${check}, and for this text #`,
  ],
  ['a # too many (BIP 380)', `${wpkh}##${check.slice(1)}`, 'mainnet', `#${check} would be right`],
  [
    'a character that has no place (BIP 380)',
    `${wpkh.replace('h/0h', '’/0’')}#${check}`,
    'mainnet',
    'holds a character descriptors do not have',
  ],
  [
    'an unsupported script',
    `pkh(${key})`,
    'mainnet',
    'script is pkh(…), which is not supported: give wpkh(…) (BIP 84) or tr(…)',
  ],
  ['nested segwit', signed(`sh(wpkh(${key}))`), 'mainnet', 'script is sh(wpkh(…)), which is not supported'],
  ['another sh', `sh(multi(1,${key}))`, 'mainnet', 'script is sh(…), which is not supported'],
  ['wsh', `wsh(multi(1,${key}/*,${key}/*))`, 'mainnet', 'script is wsh(…), which is not supported'],
  ['multi', `multi(1,${key})`, 'mainnet', 'script is multi(…), which is not supported'],
  [
    'an address alone',
    'addr(bc1qcr8te4kr609gcawutmrza0j4xv80jy8z306fyu)',
    'mainnet',
    'script is addr(…), which is not supported',
  ],
  ['a script in wpkh', `wpkh(wpkh(${key}))`, 'mainnet', 'wpkh(…) holds another script'],
  ['taproot with scripts', `tr(${key}/0/*,pk(${key}/1/*))`, 'mainnet', 'tr(…) has scripts beside its key'],
  ['a bracket too few', `wpkh(${key}`, 'mainnet', 'is no script with a key in brackets'],
  [
    'an origin without a script',
    `[73c5da0a/84h/0h/0h]${key}`,
    'mainnet',
    'is no script with a key in brackets',
  ],
  [
    'a single public key',
    'wpkh(0330d54fd0dd420a6e5f8d3624f5f3482cae350f79d5f0753bf5beef9c2d91af3c)',
    'mainnet',
    'a single public key, which has one address only',
  ],
  ['no key', 'wpkh()', 'mainnet', 'key is not readable'],
  [
    'a zpub within',
    `wpkh(${account.zpub84})`,
    'mainnet',
    'holds a zpub, and descriptors take the xpub of the same account',
  ],
  [
    'an address',
    'bc1qcr8te4kr609gcawutmrza0j4xv80jy8z306fyu',
    'mainnet',
    'expected an extended public key of mainnet (xpub or zpub), got something else',
  ],
  [
    'a bare ypub',
    account.ypub49,
    'mainnet',
    'the key is a ypub, for nested segwit (sh(wpkh)), which is not supported',
  ],
  [
    'a key of a test chain',
    signed(`wpkh(${account.tpub84})`),
    'mainnet',
    'the key is a tpub, of testnet4, signet or regtest, and BITCOIN_NETWORK is mainnet',
  ],
  [
    'a bare key of a test chain',
    account.vpub84,
    'mainnet',
    'and BITCOIN_NETWORK is mainnet: give the account’s xpub or zpub',
  ],
  [
    'a key of the main chain',
    account.xpub84,
    'signet',
    'the key is an xpub, of mainnet, and BITCOIN_NETWORK is signet: give the account’s tpub or vpub',
  ],
  ['a mistyped key', signed(`wpkh(${key.replace('Cat', 'Cot')})`), 'mainnet', 'wrong base58 checksum'],
  ['a master key', account.master, 'mainnet', 'has depth 0 (it is the master key’s), and an account’s has 3'],
  ['a branch’s key', ofDepth(4), 'mainnet', 'has depth 4, and an account’s has 3'],
  [
    'another depth without origin',
    `wpkh(${ofDepth(2)}/<0;1>/*)`,
    'mainnet',
    'has depth 2, and an account’s has 3',
  ],
  [
    'an origin too short',
    `wpkh([73c5da0a/84h/0h]${key})`,
    'mainnet',
    'origin has 2 steps, and its key has depth 3',
  ],
  [
    'an origin of another account',
    `wpkh([73c5da0a/84h/0h/1h]${key})`,
    'mainnet',
    'origin ends in /1h, and its key was derived as /0h',
  ],
  [
    'an origin that is not hardened',
    `wpkh([73c5da0a/84h/0h/0]${key})`,
    'mainnet',
    'origin ends in /0, and its key was derived as /0h',
  ],
  ['a fingerprint too short', `wpkh([73c5da0/84h/0h/0h]${key})`, 'mainnet', 'origin is not readable'],
  [
    'a star in the origin (BIP 380)',
    `wpkh([73c5da0a/84h/0h/0h/*]${key})`,
    'mainnet',
    'origin is not readable',
  ],
  [
    'a slash after the origin (BIP 380)',
    `wpkh([73c5da0a/84h/0h/0h/]${key})`,
    'mainnet',
    'origin is not readable',
  ],
  ['a step too large', `wpkh([73c5da0a/84h/0h/2147483648h]${key})`, 'mainnet', 'origin is not readable'],
  ['two origins', `wpkh([73c5da0a][73c5da0a]${key})`, 'mainnet', 'key is not readable'],
  [
    'hardened steps after the key',
    `wpkh(${key}/0h/*)`,
    'mainnet',
    'hardened steps after its extended public key',
  ],
  ['hardened addresses', `wpkh(${key}/<0;1>/*')`, 'mainnet', 'hardened steps after its extended public key'],
  ['the change branch', `wpkh(${key}/1/*)`, 'mainnet', 'names the change branch alone (/1/*)'],
  [
    'other branches',
    `wpkh(${key}/<2;3>/*)`,
    'mainnet',
    'other steps after it than we use: expected /<0;1>/*, /0/* or nothing',
  ],
  ['branches swapped', `wpkh(${key}/<1;0>/*)`, 'mainnet', 'other steps after it'],
  ['one address', `wpkh(${key}/0/5)`, 'mainnet', 'other steps after it'],
  ['no branch', `wpkh(${key}/*)`, 'mainnet', 'other steps after it'],
  ['nothing', ' ', 'mainnet', 'expected an extended public key of mainnet'],
])('refused: %s', (_, text, network, why) => {
  const read = () => parseDescriptor(text, network)
  expect(read).toThrow(BadInput)
  expect(read).toThrow(why)
  expect(read).not.toThrow(account.xpub84)
})

test('a key of another depth is taken where the descriptor says how it got there', () => {
  const text = signed(`wpkh([73c5da0a]${account.master}/<0;1>/*)`)
  expect(derive(parseDescriptor(text, 'mainnet'), 'receive', 3).path).toBe('m/0/3')
})

test('one changed character of a descriptor is always noticed', () => {
  const text = signed(wpkh)
  const letters = fc.constantFrom(...'0123456789abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ()[]/<>;*#')
  fc.assert(
    fc.property(fc.nat(text.length - 1), letters, (at, letter) => {
      fc.pre(text[at] !== letter)
      expect(() => parseDescriptor(text.slice(0, at) + letter + text.slice(at + 1), 'mainnet')).toThrow(
        BadInput,
      )
    }),
    { seed: 380, numRuns: 500 },
  )
})

// Private keys that BIP 32, 38, 84, 86 and 380 have published, and what wallets write of the same kind.
const secrets = [
  [
    'an xprv',
    'xprv9s21ZrQH143K3GJpoapnV8SFfukcVBSfeCficPSGfubmSFDxo1kuHnLisriDvSnRRuL2Qrg5ggqHKNVpxR86QEC8w35uxmGoggxtQTPvfUu',
  ],
  [
    'a zprv',
    'zprvAdG4iTXWBoARxkkzNpNh8r6Qag3irQB8PzEMkAFeTRXxHpbF9z4QgEvBRmfvqWvGp42t42nvgGpNgYSJA9iefm1yYNZKEm7z6qUWCroSQnE',
  ],
  [
    'a tprv',
    'tprv8fSjiqEQ8YG7Ro7gw2ScwcvweYuuWi1ZzGUtrPz918HvDtBzL5s2voFTrN4y3yUwj5cYD54pLhxk6NKCzHUjcka3zbKjbTEcsuAnkzbjhkL',
  ],
  ['a compressed key in wallet import format', 'KyZpNDKnfs94vbrwhJneDi77V6jF64PWPF8x5cdJb8ifgg2DUc9d'],
  ['an uncompressed one', '5KYZdUEo39z3FPrtuX2QbbwGnNP5zTd7yyr2SC1j299sBCnWjss'],
  ['an encrypted one', '6PYNKZ1EAgYgmQfmNVamxyXVWHzK5s6DGhwP4J5o44cvXdoY7sRzhtpUeo'],
  ['bare digits', 'e9873d79c6d87dc0fb6a5778633389f4453213303da61f20bd67fc233aa33262'],
  [
    'recovery words',
    'abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about',
  ],
] as const

test.each(secrets)(
  'a private key is refused wherever it stands, and never repeated: %s [security 4]',
  (_, secret) => {
    const around = fc.constantFrom(
      ['', ''],
      ['wpkh(', ')'],
      ['wpkh(', ')#lxek0ef2'],
      ['wpkh([73c5da0a/84h/0h/0h]', '/<0;1>/*)'],
      ['tr(', `,pk(${account.xpub86}))`],
      [`wpkh(${account.xpub84}/0/*)#`, ''],
      ['multi(1,', ')'],
      ['{"key":"', '"}'],
      [`${account.zpub84} `, ''],
      ['  ', '\n'],
    )
    fc.assert(
      fc.property(
        around,
        fc.constantFrom<NetworkName>('mainnet', 'testnet4', 'signet', 'regtest'),
        ([before, after], network) => {
          const message = messageOf(() => parseDescriptor(`${before}${secret}${after}`, network))
          for (let at = 0; at + 8 <= secret.length; at++)
            expect(message).not.toContain(secret.slice(at, at + 8))
          expect(message).toContain('no private key belongs here')
        },
      ),
      { seed: 32, numRuns: 60 },
    )
  },
)

test('a damaged private key is not repeated either', () => {
  const damage = fc.tuple(fc.nat(110), fc.constantFrom('', '0', 'l', ' ', '-', 'é', '('))
  fc.assert(
    fc.property(
      fc.constantFrom(...secrets.slice(0, 6).map(([, secret]) => secret)),
      damage,
      fc.boolean(),
      (secret, [at, letter], within) => {
        const damaged = secret.slice(0, at) + letter + secret.slice(at + 1)
        const message = messageOf(() => parseDescriptor(within ? `wpkh(${damaged}/0/*)` : damaged, 'mainnet'))
        for (let from = 0; from + 10 <= secret.length; from++)
          expect(message).not.toContain(secret.slice(from, from + 10))
      },
    ),
    { seed: 84, numRuns: 400 },
  )
})

function messageOf(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    if (error instanceof BadInput) return error.message
    throw error
  }
  throw new Error('it was not refused')
}
