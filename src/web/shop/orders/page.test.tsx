/**
 * The order's page in every standing and both languages: what it says, what can be done, and that nothing
 * from outside becomes a link.
 */
import { renderToString } from 'preact-render-to-string'
import { describe, expect, test } from 'vitest'
import {
  type BitcoinCode,
  type OrderRow,
  type OrderStatus,
  type Paid,
  type PixCode,
  languages,
} from '../../../shop/shop.ts'
import { OrderPage, type OrderParts } from './page.tsx'

const order: OrderRow = {
  ...{
    id: 'ord_01k9zq3f5c8wxy2m7n4p6r8s0t',
    store_id: 'sto_default',
    token: 'T'.repeat(32),
    basket_key: 'k',
  },
  ...{
    name: 'Ana Prado',
    email: 'ana@example.com',
    tax_id: '012.345.678-90',
    language: 'pt-BR',
    rail: 'starkbank',
    units: 3_990n,
  },
  ...{
    state: 'awaiting',
    paid_by: null,
    paid_late: 0n,
    paid_at: null,
    attention: null,
    attention_reason: null,
    attention_detail: null,
    forgotten_at: null,
  },
  ...{ added_at: '2026-11-21T23:00:00.000Z', changed_at: '2026-11-21T23:00:00.000Z' },
}
const lines = [{ line: 0n, product_id: 'prd_1', name: 'Café', units: 3_990n, quantity: 1n }]
const until = '2026-11-21T23:15:00.000Z'
const pix: PixCode = { rail: 'starkbank', brcode: '00020101', link: 'https://bank.example/i', units: 3_990n }
const coins: BitcoinCode = {
  ...{
    rail: 'bitcoin',
    address: 'bcrt1qnqlk9psgk4h4zg9vg7u82lhlppt2erfzut2e46',
    uri: 'bitcoin:bcrt1q?amount=0.00006650',
    units: 6_650n,
  },
  quote: { units: 3_990n, rateUnits: 60_000_000n, at: '2026-11-21T23:00:00.000Z', sources: ['one', 'two'] },
}
const paid: Paid = { rail: 'starkbank', invoiceId: 'inv_1', units: 3_990n, proofs: ['4711'] }

const page = (standing: OrderStatus, parts: Partial<OrderParts> = {}) =>
  renderToString(
    OrderPage({
      shop: { lang: 'pt-BR', name: 'Loja', sandbox: false, count: 0n },
      ...{
        seen: { order, lines, standing },
        version: 'v',
        now: Date.parse(order.added_at),
        others: [],
        simulate: false,
      },
      ...parts,
    }),
  )

const standings: [OrderStatus, heading: string, says: RegExp][] = [
  [{ is: 'preparing' }, 'Preparando o código de pagamento', /Não é preciso fazer nada/],
  [{ is: 'waiting', code: pix, until }, 'Pague com Pix', /Vale até 21\/11\/2026, 20:15:00/],
  [{ is: 'waiting', code: coins, until }, 'Pague com Bitcoin', /1 BTC = R\$.600\.000,00 · Fonte: one, two/],
  [{ is: 'waiting', code: { ...coins, quote: undefined }, until }, 'Pague com Bitcoin', /0,00006650 BTC/],
  [{ is: 'seen', received: 6_650n, txids: ['aa11'] }, 'Pagamento a caminho', /Não pague de novo.*aa11/s],
  [
    { is: 'confirming', depth: 1, needed: 1, received: 6_650n, txids: [] },
    'Pagamento na rede, confirmando',
    /1 de 1 confirmação\./,
  ],
  [
    { is: 'confirming', depth: 2, needed: 3, received: 6_650n, txids: [] },
    'Pagamento na rede, confirmando',
    /2 de 3 confirmações\./,
  ],
  [
    {
      is: 'underpaid',
      received: 6_000n,
      missing: 650n,
      code: { ...coins, units: 650n },
      until,
      txids: ['bb22'],
    },
    'Falta uma parte do pagamento',
    /0,00006000 BTC.*0,00000650 BTC.*O pedido todo, em reais/s,
  ],
  [{ is: 'paid', at: until, late: false, paid }, 'Pagamento recebido', /Recibo.*inv_1.*4711/s],
  [
    { is: 'paid', at: until, late: true, paid },
    'Pagamento recebido, depois do prazo',
    /valeu: o pedido está feito/,
  ],
  [{ is: 'expired' }, 'O código expirou', /Nada foi cobrado.*Gerar um novo código Pix/s],
  [{ is: 'refused' }, 'O código não pôde ser gerado', /Gerar um novo código Pix/],
  [{ is: 'attention', why: 'late' }, 'Uma pessoa vai conferir este pedido', /depois do prazo ou em parte/],
  [{ is: 'attention', why: 'returned' }, 'Uma pessoa vai conferir este pedido', /devolvido a quem pagou/],
  [{ is: 'attention', why: 'gone' }, 'Uma pessoa vai conferir este pedido', /saiu da rede/],
]

test.each(standings.map(([standing, heading, says]) => [standing.is, heading, says, standing] as const))(
  '%s reads “%s”, and says %s',
  (_, heading, says, standing) => {
    const html = page(standing)
    expect(html).toContain(`>${heading}</h1>`)
    expect(html).toMatch(says)
    // Where there is nothing to pay, nothing is shown to pay with; and a code is never asked for while one
    // can be paid.
    const isPayable = standing.is === 'waiting' || standing.is === 'underpaid'
    expect(html.includes('class="qr"')).toBe(isPayable)
    expect(html.includes('/code"')).toBe(standing.is === 'expired' || standing.is === 'refused')
    expect(html.includes('http-equiv="refresh"')).toBe(
      ['preparing', 'waiting', 'seen', 'confirming', 'underpaid'].includes(standing.is),
    )
    expect(html.includes('data-live')).toBe(standing.is !== 'paid')
    expect(html).not.toMatch(/undefined|\[object|NaN/)
  },
)

test.each(languages)('in %s every standing is told in words of that language alone', lang => {
  const shop = { lang, name: 'Loja', sandbox: true, count: 0n }
  for (const [standing] of standings) {
    const html = page(standing, { shop, simulate: true, others: ['bitcoin'] })
    expect(html).toContain(`<html lang="${lang}">`)
    expect(html).not.toMatch(
      lang === 'en' ? /Pedido|Pague|Valor|Não |código/ : /Order |Pay |Amount|Do not|code to/,
    )
  }
})

describe('what comes from outside', () => {
  const evil = 'javascript:alert(1)'
  test('is no link unless it is one to a bank’s page, or to a wallet', () => {
    expect(page({ is: 'waiting', code: pix, until })).toContain('href="https://bank.example/i"')
    for (const link of [evil, 'http://bank.example/i', 'data:text/html,x', '//evil.example'])
      expect(page({ is: 'waiting', code: { ...pix, link }, until })).not.toContain(`href="${link}"`)
    expect(page({ is: 'waiting', code: { ...coins, uri: evil }, until })).not.toContain('href="javascript:')
  })

  test('is text, wherever it stands', () => {
    const mark = '"><script>alert(1)</script>'
    const named = [{ ...lines[0]!, name: mark }]
    const standing: OrderStatus = { is: 'seen', received: 1n, txids: [mark] }
    expect(page(standing, { seen: { order, lines: named, standing } })).not.toContain('<script>')
    expect(page({ is: 'paid', at: until, late: false, paid: { ...paid, proofs: [mark] } })).not.toContain(
      '<script>',
    )
    expect(page({ is: 'waiting', code: { ...pix, brcode: mark }, until })).not.toContain('<script>')
  })
})

test('the button that pays is there where it is asked for, and a code waits', () => {
  expect(page({ is: 'waiting', code: pix, until })).not.toContain('/simulate"')
  expect(page({ is: 'waiting', code: pix, until }, { simulate: true })).toContain('/simulate"')
  for (const is of ['preparing', 'expired', 'refused'] as const)
    expect(page({ is }, { simulate: true })).not.toContain('/simulate"')
})
