/** A zpub as Electrum shows it for its own seeds, with the address that Electrum derives from it. */
import { expect, test } from 'vitest'
import { derive, parseDescriptor } from './descriptor.ts'
import { readExtendedKey, writeExtendedKey } from './extendedKey.ts'

// Electrum, tests/test_wallet.py, test_restore_wallet_from_text_xpub.
const zpub =
  'zpub6nydoME6CFdJtMpzHW5BNoPz6i6XbeT9qfz72wsRqGdgGEYeivso6xjfw8cGcCyHwF7BNW4LDuHF35XrZsovBLWMF4qXSjmhTXYiHbWqGLt'

test('of one of its own seeds, depth 1, it is taken, and derives to Electrum’s address', () => {
  const account = parseDescriptor(zpub, 'mainnet')
  expect(account.kind).toBe('wpkh')
  expect(derive(account, 'receive', 0).address).toBe('bc1q2ccr34wzep58d4239tl3x3734ttle92a8srmuw')
  // As it is kept, it is read again.
  expect(parseDescriptor(account.text, 'mainnet').text).toBe(account.text)
})

test('of another depth, or of another account than the one Electrum has, it is not', () => {
  const key = readExtendedKey(zpub, 'mainnet')
  expect(() => parseDescriptor(writeExtendedKey({ ...key, depth: 2 }, 'mainnet'), 'mainnet')).toThrow(
    'has depth 2',
  )
  // An xpub of that depth says nothing of what it is for.
  expect(() => parseDescriptor(writeExtendedKey(key, 'mainnet'), 'mainnet')).toThrow('has depth 1')
})
