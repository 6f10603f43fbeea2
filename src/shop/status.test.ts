/**
 * Where an order stands, as tables: every state of both rails, what time makes of it, and which of several
 * codes is told.
 */
import { because } from '../base/reasons.ts'
import { describe, expect, test } from 'vitest'
import { millis } from '../base/world.ts'
import type { invoiceMachine, InvoiceRow, InvoiceState, requestMachine } from '../invoice/invoice.ts'
import type { OrderRow } from './order.ts'
import { orderStatus, type LookedAt, type OrderStatus } from './status.ts'

const due = '2026-11-21T12:15:00.000Z'
const watchUntil = '2026-11-22T12:15:00.000Z'
const inTime = millis(due)
const over = millis(due) + 1

const order = {
  id: 'ord_1',
  rail: 'starkbank',
  units: 3_990n,
  state: 'awaiting',
  paid_by: null,
  paid_late: 0n,
  paid_at: null,
} as OrderRow

const pix = (state: InvoiceState, more: Partial<InvoiceRow> = {}) =>
  ({
    ...{
      id: 'inv_pix',
      rail: 'starkbank',
      asset: 'BRL',
      units: 3_990n,
      state,
      description: 'Pedido 1',
      due_at: due,
      changed_at: due,
    },
    ...{
      brcode: '000201',
      link: null,
      provider_id: '5166',
      paid_units: null,
      watch_until: null,
      confirmations: null,
    },
    ...more,
  }) as InvoiceRow

const coins = (state: InvoiceState, more: Partial<InvoiceRow> = {}) =>
  pix(state, {
    ...{
      id: 'inv_btc',
      rail: 'bitcoin',
      asset: 'BTC',
      units: 6_650n,
      provider_id: 'bcrt1qx',
      brcode: 'bitcoin:bcrt1qx?old',
    },
    ...{
      quote_units: 3_990n,
      rate_units: 60_000_000n,
      rate_at: due,
      rate_sources: 'one, two',
      confirmations: 3n,
      watch_until: watchUntil,
    },
    ...more,
  })

const looked = (
  state: LookedAt['standing']['state'],
  more: Partial<LookedAt['standing']> = {},
): LookedAt => ({
  standing: {
    state,
    why: because('nothing-yet'),
    received: 6_650n,
    missing: 0n,
    depth: 0,
    counts: [],
    ...more,
  },
  txids: ['aa'],
})

const uri = (address: string, units: bigint, label: string) =>
  `bitcoin:${address}?units=${units}&label=${label}`

interface Story {
  of?: Partial<OrderRow>
  now?: number
  seen?: Record<string, LookedAt>
}
const tell = (invoices: InvoiceRow[], { of = {}, now = inTime, seen = {} }: Story = {}): OrderStatus =>
  orderStatus({ ...order, ...of }, invoices, { now, looked: new Map(Object.entries(seen)), uri })

describe('by Pix', () => {
  const waiting = {
    is: 'waiting',
    code: { rail: 'starkbank', brcode: '000201', link: undefined, units: 3_990n },
    until: due,
  }
  const paid = {
    is: 'paid',
    at: due,
    late: false,
    paid: { rail: 'starkbank', invoiceId: 'inv_pix', units: 3_990n, proofs: ['5166'] },
  }
  const table: Record<keyof typeof invoiceMachine, [atDue: object, afterIt: object]> = {
    draft: [{ is: 'preparing' }, { is: 'expired' }],
    issuing: [{ is: 'preparing' }, { is: 'expired' }],
    unsure: [{ is: 'preparing' }, { is: 'expired' }],
    issued: [waiting, { is: 'expired' }],
    overdue: [waiting, { is: 'expired' }],
    paid: [paid, paid],
    credited: [paid, paid],
    expired: [{ is: 'expired' }, { is: 'expired' }],
    canceled: [{ is: 'expired' }, { is: 'expired' }],
    reversed: [
      { is: 'attention', why: 'returned' },
      { is: 'attention', why: 'returned' },
    ],
    refused: [{ is: 'refused' }, { is: 'expired' }],
  }
  test.each(Object.entries(table))('%s, at its time and after it', (state, [atDue, afterIt]) => {
    expect(tell([pix(state as InvoiceState)])).toEqual(atDue)
    expect(tell([pix(state as InvoiceState)], { now: over })).toEqual(afterIt)
  })

  test('what was really paid is told, and when the order was', () => {
    const of = { state: 'paid', paid_by: 'inv_pix', paid_late: 1n, paid_at: watchUntil } as const
    expect(tell([pix('credited', { paid_units: 4_000n })], { of })).toMatchObject({
      is: 'paid',
      at: watchUntil,
      late: true,
      paid: { units: 4_000n },
    })
  })

  test('paid before the order was told of it, it is late where the order had expired', () => {
    expect(tell([pix('paid')], { of: { state: 'expired' } })).toMatchObject({ is: 'paid', late: true })
  })

  test('a code without its text is shown to nobody', () => {
    expect(tell([pix('issued', { brcode: null })])).toEqual({ is: 'expired' })
  })
})

describe('by Bitcoin', () => {
  const code = {
    rail: 'bitcoin',
    address: 'bcrt1qx',
    uri: 'bitcoin:bcrt1qx?units=6650&label=Pedido 1',
    units: 6_650n,
    quote: { units: 3_990n, rateUnits: 60_000_000n, at: due, sources: ['one', 'two'] },
  }
  const confirming = (depth: number) => ({
    is: 'confirming',
    depth,
    needed: 3,
    received: 6_650n,
    txids: ['aa'],
  })
  const paid = {
    is: 'paid',
    at: due,
    late: false,
    paid: { rail: 'bitcoin', invoiceId: 'inv_btc', units: 6_650n, proofs: ['aa'] },
  }
  const half = { received: 3_000n, missing: 3_650n }
  const rest = { ...code, uri: 'bitcoin:bcrt1qx?units=3650&label=Pedido 1', units: 3_650n }
  const table: Record<keyof typeof requestMachine, [LookedAt | undefined, object]> = {
    draft: [undefined, { is: 'preparing' }],
    issued: [looked('issued', { received: 0n }), { is: 'waiting', code, until: due }],
    seen: [looked('seen'), { is: 'seen', received: 6_650n, txids: ['aa'] }],
    underpaid: [
      looked('underpaid', half),
      { is: 'underpaid', ...half, code: rest, until: due, txids: ['aa'] },
    ],
    confirming: [looked('confirming', { depth: 2 }), confirming(2)],
    late: [looked('late'), { is: 'attention', why: 'late' }],
    paid: [looked('paid', { depth: 3 }), paid],
    credited: [looked('credited', { depth: 6 }), paid],
    expired: [looked('expired', { received: 0n }), { is: 'expired' }],
    canceled: [undefined, { is: 'expired' }],
    refused: [undefined, { is: 'refused' }],
  }
  test.each(Object.entries(table))('%s', (state, [seen, told]) => {
    expect(tell([coins(state as InvoiceState)], seen && { seen: { inv_btc: seen } })).toEqual(told)
  })

  test.each<[string, InvoiceState, LookedAt, object]>([
    [
      'a payment that the books do not have yet is seen',
      'issued',
      looked('seen'),
      { is: 'seen', received: 6_650n, txids: ['aa'] },
    ],
    [
      'deep enough on the chain and not yet in the books it is n of n',
      'confirming',
      looked('paid', { depth: 3 }),
      confirming(3),
    ],
    ['deeper than needed it is still n of n', 'confirming', looked('credited', { depth: 7 }), confirming(3)],
    [
      'what left the chain waits again',
      'seen',
      looked('issued', { received: 0n }),
      { is: 'waiting', code, until: due },
    ],
  ])('%s', (_, state, seen, told) => {
    expect(tell([coins(state)], { seen: { inv_btc: seen } })).toEqual(told)
  })

  test('after its time nothing is asked for, and the rest counts while the address is watched', () => {
    expect(tell([coins('issued')], { now: over })).toEqual({ is: 'expired' })
    const seen = { inv_btc: looked('underpaid', half) }
    expect(tell([coins('underpaid')], { now: over, seen })).toMatchObject({
      is: 'underpaid',
      until: watchUntil,
    })
  })

  test('a rest that no node passes on is asked for as the least that one does', () => {
    const seen = { inv_btc: looked('underpaid', { received: 6_640n, missing: 10n }) }
    expect(tell([coins('underpaid')], { seen })).toMatchObject({
      missing: 10n,
      code: { units: 546n, uri: expect.stringContaining('units=546') as string },
    })
  })

  test('a payment that left the chain after the order was paid is not told as paid', () => {
    const of = { state: 'paid', paid_by: 'inv_btc', paid_at: due } as const
    expect(tell([coins('expired')], { of })).toEqual({ is: 'attention', why: 'gone' })
    const seen = { inv_btc: looked('confirming', { depth: 1 }) }
    expect(tell([coins('confirming')], { of, seen })).toEqual(confirming(1))
  })
})

describe('with several codes', () => {
  const first = pix('expired', { id: 'inv_1' })
  test.each<[string, InvoiceRow[], object]>([
    ['the newest is told where nothing came', [first, pix('issued')], { is: 'waiting' }],
    [
      'what came for an older one is told before a newer one that waits',
      [coins('seen'), pix('issued')],
      { is: 'seen' },
    ],
    [
      'paid comes before all',
      [coins('underpaid'), pix('paid', { id: 'inv_2' }), coins('seen')],
      { is: 'paid', paid: { invoiceId: 'inv_2' } },
    ],
    [
      'what a person decides is told before asking for more',
      [coins('late'), pix('issued')],
      { is: 'attention', why: 'late' },
    ],
  ])('%s', (_, invoices, told) => {
    expect(tell(invoices)).toMatchObject(told)
  })

  test('where two paid, the one that is written down is told', () => {
    const of = { state: 'paid', paid_by: 'inv_1', paid_at: due } as const
    expect(tell([pix('credited', { id: 'inv_1' }), pix('credited', { id: 'inv_2' })], { of })).toMatchObject({
      paid: { invoiceId: 'inv_1' },
    })
  })

  test('an order without any is a surprise', () => {
    expect(() => tell([])).toThrow('order ord_1 has no invoice')
  })
})
