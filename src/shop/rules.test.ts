/** What may be done with an order, a product and a rule of the shop: pure, and answered as a code. */
import { expect, test } from 'vitest'
import type { InvoiceState } from '../invoice/invoice.ts'
import { mayEnd } from './person.ts'
import { mayEdit, slugOf, type ProductChange } from './product.ts'
import type { ShopRefusal } from './refusals.ts'
import { mayPayTo } from './rules.ts'

type Code = ShopRefusal['is'] | undefined
const [before, now, after] = [
  '2026-11-30T11:59:59.999Z',
  '2026-11-30T12:00:00.000Z',
  '2026-11-30T12:00:01.000Z',
]

test.each<[InvoiceState, due: string, Code]>([
  ['issued', now, 'order-payable'],
  ['issued', before, undefined],
  ['unsure', after, 'order-payable'],
  ['seen', before, 'order-being-paid'],
  ['credited', before, 'order-being-paid'],
  ['expired', after, undefined],
  ['refused', after, undefined],
])('an order whose invoice is %s, due %s, is ended or not: %s', (state, due, code) => {
  const invoices = [
    { id: 'inv_1', state: 'canceled', due_at: after } as const,
    { id: 'inv_2', state, due_at: due },
  ]
  expect(mayEnd({ id: 'ord_1', state: 'awaiting' }, invoices, now)?.is).toBe(code)
})

test('an order that is over or paid is not ended', () => {
  expect(mayEnd({ id: 'ord_1', state: 'paid' }, [], now)).toEqual({
    ...{ is: 'order-state', id: 'ord_1', state: 'paid' },
  })
})

test.each<[title: string, ProductChange, Code]>([
  ['nothing that is seen to be as it is', { seenAt: now, units: 1n }, undefined],
  ['what somebody changed since', { seenAt: before, addStock: -9n }, 'product-changed'],
  ['all of the stock', { addStock: -3n }, undefined],
  ['more than the stock', { addStock: -4n }, 'product-stock-short'],
  ['the state it has', { state: 'listed' }, 'product-state'],
  ['the other state', { state: 'removed' }, undefined],
])('a change of %s', (_, change, code) => {
  const product = { name: 'Xícara', stock: 3n, state: 'listed', changed_at: now } as const
  expect(mayEdit(product, change)?.is).toBe(code)
})

test('a rail pays to an account of its kind that is open', () => {
  const account = { name: 'main', kind: 'bank', state: 'awaiting' } as const
  expect(mayPayTo(account, 'starkbank')).toBeUndefined()
  expect(mayPayTo(account, 'bitcoin')).toMatchObject({ is: 'shop-account-kind', takes: 'bitcoin' })
  expect(mayPayTo({ ...account, state: 'closed' }, 'starkbank')?.is).toBe('shop-account-closed')
})

test('a name makes an address, or none', () => {
  expect(slugOf('Café Ético 250 g')).toBe('cafe-etico-250-g')
  expect(slugOf('*** !')).toBeUndefined()
})
