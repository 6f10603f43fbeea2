/** Payment links: BIP 321's examples, round trips, and what may not be paid. */
import { Address } from '@scure/btc-signer'
import { address as bitcoin } from 'bitcoinjs-lib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BadInput } from '../../base/answer.ts'
import { paymentUri, readUri } from './uri.ts'

const address = '1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa'

test('the address of the BIP’s own examples is mistyped, which two libraries say too, and is refused', () => {
  const examples = '175tWpb8K1S7NmH4Zx6rewF9WQrcZv245W'
  expect(() => Address().decode(examples)).toThrow('checksum')
  expect(() => bitcoin.fromBase58Check(examples)).toThrow('checksum')
  expect(() => readUri(`bitcoin:${examples}`, 'mainnet')).toThrow('has a wrong checksum')
})

// BIP 321 (and BIP 21), examples, with the first address there ever was in place of theirs.
test.each([
  [`bitcoin:${address}`, { address }],
  [`bitcoin:${address}?label=Luke-Jr`, { address, label: 'Luke-Jr' }],
  [`bitcoin:${address}?amount=20.3&label=Luke-Jr`, { address, units: 2_030_000_000n, label: 'Luke-Jr' }],
  [
    `bitcoin:${address}?amount=50&label=Luke-Jr&message=Donation%20for%20project%20xyz`,
    { address, units: 5_000_000_000n, label: 'Luke-Jr', message: 'Donation for project xyz' },
  ],
])('%s is read, and written the same', (text, payment) => {
  expect(readUri(text, 'mainnet')).toEqual({
    units: undefined,
    label: undefined,
    message: undefined,
    ...payment,
  })
  expect(paymentUri(payment)).toBe(text)
})

test.each([
  [1n, '0.00000001'],
  [20_000n, '0.0002'],
  [100_000_000n, '1'],
  [1_000_000_000n, '10'],
  [123_456_789n, '1.23456789'],
  [2_100_000_000_000_000n, '21000000'],
])('%i satoshis are asked for as %s BTC', (units, amount) => {
  expect(paymentUri({ address, units })).toBe(`bitcoin:${address}?amount=${amount}`)
})

test('capitals, missing digits and what is not known are read as they are meant', () => {
  const upper =
    'BITCOIN:BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4?AMOUNT=.5&LABEL=A+B&SOMETHINGYOUDONTUNDERSTAND=50&'
  expect(readUri(upper, 'mainnet')).toEqual({
    address: 'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4',
    units: 50_000_000n,
    label: 'A+B',
  })
  expect(readUri(`bitcoin:${address}?amount=7.&label=a=b`, 'mainnet')).toMatchObject({
    units: 700_000_000n,
    label: 'a=b',
  })
})

test.each([
  [
    'a required part that is not known',
    `bitcoin:${address}?req-somethingyoudontunderstand=50&req-somethingelseyoudontget=999`,
    'requires "req-somethingyoudontunderstand"',
  ],
  ['one that hides in capitals and percents', `bitcoin:${address}?%52EQ-x=1`, 'requires "req-x"'],
  [
    'thousands',
    `bitcoin:${address}?amount=50,000.00`,
    'amount is "50,000.00": expected BTC with at most 8 decimals',
  ],
  ['a ninth decimal', `bitcoin:${address}?amount=0.000000001`, 'at most 8 decimals'],
  ['an exponent', `bitcoin:${address}?amount=1e3`, 'at most 8 decimals'],
  ['a sign', `bitcoin:${address}?amount=-1`, 'at most 8 decimals'],
  ['a point alone', `bitcoin:${address}?amount=.`, 'at most 8 decimals'],
  ['no amount', `bitcoin:${address}?amount=`, 'at most 8 decimals'],
  ['more than there will be', `bitcoin:${address}?amount=21000000.00000001`, 'at most 8 decimals'],
  ['two amounts', `bitcoin:${address}?amount=1&amount=2`, 'names amount twice'],
  ['a broken percent', `bitcoin:${address}?label=%E0%A4%A`, 'a % that is not followed by UTF-8 in hex'],
  ['a mistyped address', `bitcoin:${address.replace('QGe', 'QGf')}?amount=1`, 'has a wrong checksum'],
  [
    'an address of another network',
    'bitcoin:bcrt1q6rz28mcfaxtmd6v789l9rrlrusdprr9pz3cppk',
    'is an address of regtest, and BITCOIN_NETWORK is mainnet',
  ],
  ['no address', 'bitcoin:?amount=1', 'is no Bitcoin address'],
  [
    'a private key',
    'bitcoin:KyZpNDKnfs94vbrwhJneDi77V6jF64PWPF8x5cdJb8ifgg2DUc9d',
    'no private key belongs here',
  ],
  ['another scheme', `litecoin:${address}`, 'this is no payment link'],
])('refused: %s', (_, text, why) => {
  const read = () => readUri(text, 'mainnet')
  expect(read).toThrow(BadInput)
  expect(read).toThrow(why)
})

test('an amount nobody can pay is not asked for', () => {
  for (const units of [0n, -1n, 2_100_000_000_000_001n])
    expect(() => paymentUri({ address, units })).toThrow(BadInput)
})

test('whatever is written is read back, to the satoshi and the letter', () => {
  const text = fc.string({ minLength: 1, unit: 'binary' })
  const payment = fc.record({ units: fc.bigInt(1n, 2_100_000_000_000_000n), label: text, message: text })
  fc.assert(
    fc.property(payment, asked => {
      const uri = paymentUri({ address, ...asked })
      expect(uri).toMatch(/^[\x21-\x7e]+$/)
      expect(readUri(uri, 'mainnet')).toEqual({ address, ...asked })
    }),
    { seed: 321, numRuns: 1_000 },
  )
})

test('half a surrogate pair in a label does not keep anybody from paying', () => {
  expect(readUri(paymentUri({ address, label: 'a\ud800b' }), 'mainnet').label).toBe('a\ufffdb')
})
