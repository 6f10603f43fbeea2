/**
 * Every parser of a text from outside is given 16 kB of the worst kinds, and may use 50 ms of processor for
 * each, whatever it answers.
 */
import { expect, test } from 'vitest'
import { checkTaxId } from '../src/base/brazil.ts'
import { parseCron } from '../src/base/cron.ts'
import { asAddress } from '../src/base/mailAddress.ts'
import { networkOf, readNetworks } from '../src/base/network.ts'
import { readRoster } from '../src/base/roster.ts'
import { typedAmount } from '../src/base/typedAmount.ts'
import { shortAgent } from '../src/people/session.ts'
import { parseAddress } from '../src/rails/bitcoin/address.ts'
import { parseDescriptor } from '../src/rails/bitcoin/descriptor.ts'
import { readHanded } from '../src/rails/bitcoin/handed.ts'
import { readUri } from '../src/rails/bitcoin/uri.ts'
import { readEvent } from '../src/rails/starkbank/read.ts'
import { parseDer, parseSignature } from '../src/rails/starkbank/verify.ts'
import { checkBuyer } from '../src/shop/shop.ts'
import { readBasket } from '../src/web/shop/basket/cookie.ts'

const bytes = 16 * 1_024
const maxMs = 50

const parsers: Record<string, (text: string) => unknown> = {
  'a User-Agent': shortAgent,
  'a basket’s cookie': readBasket,
  'who buys': text => [
    checkBuyer({ name: text, email: 'a@example.com', taxId: '' }),
    checkBuyer({ name: '', email: text, taxId: text }),
  ],
  'an e-mail': asAddress,
  'a tax id': checkTaxId,
  'an amount': text => [typedAmount(text, 'BRL'), typedAmount(text, 'BTC')],
  'a roster': readRoster,
  'an address of the net': networkOf,
  'a list of networks': readNetworks,
  'a rule of times': parseCron,
  'a Bitcoin address': text => parseAddress(text, 'mainnet'),
  'a descriptor': text => parseDescriptor(text, 'mainnet'),
  'a payment link': text => readUri(text, 'mainnet'),
  'a signed transaction': readHanded,
  'an event': text => readEvent(Buffer.from(text)),
  'a signature': parseSignature,
  DER: text => parseDer(Buffer.from(text)),
  'a question': text => [...new URL(`http://x/?q=${text}`).searchParams],
}

/** Runs, nesting, what nearly ends, and the beginnings of what is meant. */
const worst = [
  ...[
    ' ',
    'a',
    '0',
    '9',
    '.',
    ',',
    '-',
    '+',
    '@',
    '%',
    '/',
    ';',
    '"',
    '(',
    '[',
    '{',
    '\\',
    '\n',
    '\u0301',
    '𝒶',
    '=',
    '&',
  ],
  ...[
    'a@',
    'a.',
    '0.',
    '1,',
    '; ',
    '[{',
    '{"a":',
    '""',
    '\r\n',
    ' a',
    '%2',
    '&a=',
    'abc ',
    'Mozilla/5.0 (',
    'Version/1 ',
    '::',
    ':0',
  ],
  ...['wpkh(', 'xpub', 'bc1q', 'bitcoin:', 'cHNidP8', '0\u0002!', '1/', '*/'],
].flatMap(part => {
  const run = part.repeat(Math.ceil(bytes / part.length))
  return [run, `${run}\u0001`, `a@b.${run}!`, `{"event":{"id":"${run}`]
})

test.each(Object.entries(parsers))('%s [security A1]', (_, parse) => {
  const spentMs = (text: string) => {
    const before = process.cpuUsage()
    try {
      parse(text)
    } catch {
      // Refused, which is as good as read.
    }
    return process.cpuUsage(before).user / 1_000
  }
  // What took long is tried again: a collection of garbage, or the first compilation, may have come between.
  const slow = worst.filter(text => [1, 2, 3, 4].every(() => spentMs(text) > maxMs))
  expect(slow.map(text => text.slice(0, 20))).toEqual([])
})
