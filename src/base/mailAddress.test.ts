/** Addresses of mail: what is one, and what a domain with accents is to mail servers. */
import { expect, test } from 'vitest'
import { asAddress, readSender } from './mailAddress.ts'

test.each([
  ['ana@example.com', 'ana@example.com'],
  [' Ana.B@Example.COM ', 'Ana.B@Example.COM'],
  ['ana@padaria-são.com.br', 'ana@xn--padaria-so-n5a.com.br'],
  ['ana@SÃO.example', 'ana@xn--so-sia.example'],
  // The same letters, composed of two characters each.
  ['ana@sa\u0303o.example', 'ana@xn--so-sia.example'],
  ['ana@xn--so-sia.example', 'ana@xn--so-sia.example'],
  ['ana@são/x.example', undefined],
  ['ana@são x.example', undefined],
  ['ana@são@x.example', undefined],
  ['ana@são', undefined],
  ['josé@example.com', undefined],
  ['ana@', undefined],
  ['ana@são.example\r\nBcc: x@y.example', undefined],
])('%j is %s', (text, address) => expect(asAddress(text)).toBe(address))

test('a sender’s domain is converted too', () => {
  expect(readSender('Padaria São <loja@padaria-são.com.br>')).toEqual({
    name: 'Padaria São',
    address: 'loja@xn--padaria-so-n5a.com.br',
  })
})
