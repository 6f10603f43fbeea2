/**
 * What a buyer is written: exact sums, the way to the order's page, and nothing that somebody else could have
 * put there.
 */
import { expect, test } from 'vitest'
import { written } from './mails.ts'
import type { Language, OrderLineRow } from './order.ts'

const order = (language: Language) => ({
  id: 'ord_01kc9zq3f5c8wxy2m7n4p6r8s0',
  token: 'T-_token',
  units: 1_234_567n,
  language,
})
const line = (name: string): OrderLineRow => ({
  line: 0n,
  product_id: 'prd_1',
  name,
  units: 1_234_567n,
  quantity: 1n,
})
const sheet = { shopName: 'Loja & Cia', publicUrl: 'https://loja.example.com' }

test.each([
  ['pt-BR', 'placed', 'Loja & Cia: recebemos o pedido N4P6R8S0', 'R$ 12.345,67'],
  ['pt-BR', 'paid', 'Loja & Cia: pagamento confirmado do pedido N4P6R8S0', 'R$ 12.345,67'],
  ['pt-BR', 'late', 'Loja & Cia: pagamento recebido do pedido N4P6R8S0', 'R$ 12.345,67'],
  ['en', 'placed', 'Loja & Cia: we have your order N4P6R8S0', 'R$12,345.67'],
  ['en', 'paid', 'Loja & Cia: payment confirmed for order N4P6R8S0', 'R$12,345.67'],
  ['en', 'late', 'Loja & Cia: payment received for order N4P6R8S0', 'R$12,345.67'],
] as const)('in %s, %s', (language, kind, subject, total) => {
  const letter = written(order(language), [line('Café')], kind, sheet)
  expect([letter.language, letter.subject]).toEqual([language, subject])
  for (const part of [letter.text, letter.html]) {
    expect(part).toContain('1 × Café')
    expect(part).toContain(total)
    expect(part).toContain('https://loja.example.com/orders/T-_token')
  }
  expect(letter.html).toContain(`<html lang="${language}">`)
  expect(letter.html).toContain('Loja &amp; Cia')
})

test('a product’s name is text in HTML too', () => {
  const { html, text } = written(
    order('en'),
    [line('<img src=x onerror="alert(1)"> & \'more\'')],
    'placed',
    sheet,
  )
  expect(html).not.toContain('<img')
  expect(html).toContain('&lt;img src=x onerror=&quot;alert(1)&quot;&gt; &amp; &#39;more&#39;')
  expect(text).toContain('<img src=x onerror="alert(1)">')
})
