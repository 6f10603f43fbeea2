/** Private keys typed where a command takes something else. */
import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { openTerminal } from '../../test/testbed/terminal.ts'
import { refuseKeys } from './secrets.ts'

// The first vector of BIP 32, its key in wallet import format, and the first of BIP 39: known to everybody,
// and of no use.
const xprv =
  'xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi'
const wif = 'L1aW4aubDFB7yfras2S1mN3bqg9nwySY8nkoLmJebSLD5BWv3ENZ'
const words = `${'abandon '.repeat(11)}about`

const { repasse, at } = openTerminal()

test.each([
  ['as the name of an account', ['account', 'show', xprv], /an argument holds a private key/],
  ['as an invoice', ['invoice', 'show', wif], /an argument holds/],
  ['inside a descriptor', ['bitcoin', 'bundle', 'show', `wpkh(${xprv}/0/*)`], /an argument holds/],
  ['as a file to write', ['backup', xprv], /an argument holds/],
  ['behind a flag', ['bitcoin', 'scan', '--from', xprv], /^repasse: --from holds a private key/],
  ['behind a flag, with =', ['invoice', 'show', `--id=${xprv}`], /an argument holds/],
  ['as a command', [xprv], /an argument holds/],
  ['as recovery words in quotes', ['invoice', 'show', words], /recovery words/],
  ['as recovery words without quotes', ['invoice', 'show', ...words.split(' ')], /recovery words/],
])(
  'a private key %s is refused before anything is done, and not repeated [security 5]',
  async (_, args, says) => {
    const { code, out, err } = await repasse(args)
    expect([code, out]).toEqual([2, ''])
    expect(err).toMatch(says)
    expect(err).not.toMatch(/xprv9|L1aW4|abandon/)
    expect(existsSync(at('repasse.db'))).toBe(false)
  },
)

test.each([
  [
    'an extended public key',
    [
      'account',
      'show',
      'xpub6CUGRUonZSQ4TWtTMmzXdrXDtypWKiKrhko4egpiMZbpiaQL2jkwSB1icqYh2cfDfVxdx4df189oLKnC5fSwqPfgyP3hooxujYzAu3fDVmz',
    ],
  ],
  ['a number of 64 digits', ['bitcoin', 'psbt', 'export', 'e'.repeat(64)]],
  [
    'twelve English words',
    ['invoice', 'accept', 'x', '--why', 'customer sent money after due date but before the rate had moved'],
  ],
  [
    'thirteen others',
    ['invoice', 'accept', 'x', '--why', 'he told us on the phone that it is fine as it came'],
  ],
])('what only looks a little like a key goes on to its command: %s', (_, args) => {
  expect(() => refuseKeys(args)).not.toThrow()
})
