/**
 * Time and price on a real node, as stories: requests that nobody pays in time, and what is made of money
 * that comes late.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { InvoiceRow } from '../src/invoice/invoice.ts'
import { passTime } from '../src/jobs/bitcoin.ts'
import { balances } from '../src/ledger/ledger.ts'
import { sql } from '../src/db/db.ts'
import { bitcoindAvailable, startBitcoind, type Bitcoind } from './testbed/bitcoind.ts'
import {
  openChainInstallation,
  type ChainInstallation,
  type ChainInstallationOptions,
} from './testbed/chainInstallation.ts'
import { acceptPayment } from './testbed/acts.ts'

const there = bitcoindAvailable()
const [hour, day] = [3_600_000, 86_400_000]
/** R$ 600 000.00 a BTC. */
const price = 60_000_000n

describe.skipIf(!there)(there ? 'on a real bitcoind' : 'no bitcoind is to be had on this machine', () => {
  let node: Bitcoind
  let installation: ChainInstallation
  beforeAll(async () => {
    node = await startBitcoind()
  })
  afterAll(() => node?.stop())
  afterEach(() => installation?.close())
  const open = async (options: Partial<ChainInstallationOptions> = {}) =>
    (installation = await openChainInstallation({ node, dueInMs: hour, commissionBp: 0n, price, ...options }))
  const stateOf = async (id: string) => (await installation.invoice(id)).state
  const whyOf = async (id: string) =>
    (await installation.db.one<{ why: string }>(
      sql`select why from transitions where subject = ${id} order by seq desc limit 1`,
    ))!.why
  const clockAlone = () =>
    passTime({
      db: installation.db,
      rail: installation.rail,
      bitcoin: installation.bitcoin,
      world: installation.world,
    })
  const time = async () => (await installation.look(), clockAlone())

  /** A request whose time is over, unpaid. */
  async function expired(): Promise<InvoiceRow & { provider_id: string }> {
    const [request] = await installation.issue()
    expect(await time()).toBe(0)
    await installation.pass(hour + 1)
    expect(await time()).toBe(1)
    expect(await stateOf(request!.id)).toBe('expired')
    return { ...request!, provider_id: request!.provider_id! }
  }

  /** What a person does who takes on what came. */
  const accept = (id: string) =>
    acceptPayment(installation.db, installation.world, installation.bitcoin.terms, id, {
      by: 'maria',
      why: 'the payer called',
    })

  test.each([
    { says: 'the price has not moved', now: price, state: 'seen' },
    { says: 'it rose by the very 2 % that are allowed', now: 61_200_000n, state: 'seen' },
    { says: 'it rose by a centavo more', now: 61_200_001n, state: 'late' },
    { says: 'it fell by the very 2 % that are allowed', now: 58_800_000n, state: 'seen' },
    { says: 'it fell by a centavo more', now: 58_799_999n, state: 'late' },
  ])('late money is $state at the locked rate when $says', async ({ now, state }) => {
    await open()
    const request = await expired()
    await installation.setPrice(now)
    await installation.pay(request.provider_id, request.units)
    await installation.look()
    expect(await stateOf(request.id)).toBe(state)
    await installation.bury(6)
    expect(await stateOf(request.id)).toBe(state === 'late' ? 'late' : 'credited')
    expect(await installation.payouts()).toHaveLength(state === 'late' ? 0 : 1)
    // What a person must decide about is in the installation, and nobody's yet.
    expect((await balances(installation.db, 'BTC')).pending).toBe(state === 'late' ? -request.units : 0n)
    expect(await installation.audit()).toEqual([])
  })

  test('what a person takes on is credited as it lies, however the price moved', async () => {
    await open()
    const request = await expired()
    await installation.setPrice(price / 2n)
    await installation.pay(request.provider_id, request.units)
    await installation.bury(2)
    expect(await stateOf(request.id)).toBe('late')
    await accept(request.id)
    expect(await stateOf(request.id)).toBe('paid')
    await installation.bury(4)
    expect(await stateOf(request.id)).toBe('credited')
    expect(await installation.payouts()).toMatchObject([{ units: request.units, state: 'owed' }])
    expect(await installation.audit()).toEqual([])
  })

  test('what a person takes on long after it lies deep is credited at once', async () => {
    await open()
    const request = await expired()
    await installation.setPrice(price / 2n)
    await installation.pay(request.provider_id, 10_000n)
    await installation.bury(20)
    expect(await stateOf(request.id)).toBe('late')
    await accept(request.id)
    expect(await stateOf(request.id)).toBe('credited')
    expect(await installation.payouts()).toMatchObject([{ units: 10_000n, state: 'owed' }])
    expect(await installation.audit()).toEqual([])
  })

  test('priced again, the same satoshis are enough when the price rose, and too little when it fell', async () => {
    await open({ terms: { late: { is: 'reprice' } }, count: 2 })
    const [rose, fell] = await installation.issue()
    await installation.pass(hour + 1)
    await installation.setPrice(66_000_000n)
    await installation.pay(rose!.provider_id!, rose!.units)
    await installation.look()
    expect(await stateOf(rose!.id)).toBe('seen')

    await installation.setPrice(54_000_000n)
    await installation.pay(fell!.provider_id!, fell!.units)
    await installation.look()
    expect(await stateOf(fell!.id)).toBe('underpaid')
    // 16 667 at nine tenths of the price cover 15 000 of them.
    expect(await whyOf(fell!.id)).toMatch(/: 1667 satoshis are missing/)
    // 1 852 at nine tenths are 1 666.8, and a satoshi more does it.
    await installation.pay(fell!.provider_id!, 1_853n)
    await installation.bury(6)
    expect([await stateOf(rose!.id), await stateOf(fell!.id)]).toEqual(['credited', 'credited'])
    expect((await balances(installation.db, 'BTC')).payable).toBe(-16_667n - 18_520n)
    expect(await installation.audit()).toEqual([])
  })

  test('where late money is held a person decides about all of it, satoshis asked for as satoshis too', async () => {
    await open({ terms: { late: { is: 'hold' } }, amount: { units: 50_000n, currency: 'BTC' } })
    const request = await expired()
    await installation.pay(request.provider_id, request.units)
    await installation.bury(6)
    expect(await stateOf(request.id)).toBe('late')
    await accept(request.id)
    expect(await stateOf(request.id)).toBe('credited')
    expect(await installation.audit()).toEqual([])
  })

  test('satoshis asked for are satoshis at any price, until the watch is over', async () => {
    await open({ amount: { units: 50_000n, currency: 'BTC' }, count: 2 })
    const [soon, never] = await installation.issue()
    await installation.pass(29 * day)
    await installation.setPrice(price * 3n)
    await installation.pay(soon!.provider_id!, 50_000n)
    await installation.bury(6)
    expect(await stateOf(soon!.id)).toBe('credited')
    await installation.pass(2 * day)
    await installation.pay(never!.provider_id!, 50_000n)
    await installation.bury(6)
    expect(await stateOf(never!.id)).toBe('late')
    expect(await installation.payouts()).toHaveLength(1)
    expect(await installation.audit()).toEqual([])
  })

  test('without a good rate nobody can say what late money is worth, so a person does', async () => {
    await open()
    const request = await expired()
    installation.bitcoin.agreement = { ...installation.bitcoin.agreement, maxAgeMs: 1 }
    await installation.pay(request.provider_id, request.units)
    await installation.bury(1)
    expect(await stateOf(request.id)).toBe('late')
    expect(await installation.audit()).toEqual([])
  })

  test('what was seen in its time counts, however late it is mined', async () => {
    await open()
    const [request] = await installation.issue()
    await installation.pay(request!.provider_id!, request!.units)
    await installation.look()
    await installation.pass(3 * day)
    await installation.setPrice(price * 2n)
    expect(await time()).toBe(0)
    await installation.bury(6)
    expect(await stateOf(request!.id)).toBe('credited')
    expect(await installation.audit()).toEqual([])
  })

  test('what is paid in part waits for the rest until the watch ends, and then for a person', async () => {
    await open()
    const [request] = await installation.issue()
    await installation.pay(request!.provider_id!, 10_000n)
    await installation.bury(6)
    await installation.pass(30 * day)
    expect(await time()).toBe(0)
    expect(await stateOf(request!.id)).toBe('underpaid')
    await installation.pass(2 * hour)
    expect(await time()).toBe(1)
    expect(await stateOf(request!.id)).toBe('late')
    await installation.pay(request!.provider_id!, 6_667n)
    await installation.bury(6)
    expect(await stateOf(request!.id)).toBe('late')
    expect(await installation.payouts()).toEqual([])
    await accept(request!.id)
    expect(await installation.payouts()).toMatchObject([{ units: 16_667n }])
    expect(await installation.audit()).toEqual([])
  })

  test('money that comes late to a request that is credited waits for a person, and holds up nothing that is', async () => {
    await open({ terms: { late: { is: 'hold' } } })
    const [request] = await installation.issue()
    await installation.pay(request!.provider_id!, request!.units)
    await installation.bury(6)
    await installation.pass(hour)
    await installation.pay(request!.provider_id!, 7_000n)
    await installation.bury(6)
    expect(await stateOf(request!.id)).toBe('credited')
    expect(await installation.payouts()).toHaveLength(1)
    expect((await balances(installation.db, 'BTC')).pending).toBe(-7_000n)
    await accept(request!.id)
    expect(await installation.payouts()).toMatchObject([{ units: request!.units }, { units: 7_000n }])
    expect(await installation.audit()).toEqual([])
  })

  test('nobody is told that a request is over while the chain cannot be read: its payment may lie there', async () => {
    await open()
    const [request] = await installation.issue()
    await installation.pay(request!.provider_id!, request!.units)
    await installation.mine()
    await installation.pass(2 * hour)
    await installation.db.tx(tx =>
      tx.run(sql`insert into cursors (name, value) values ('chain trouble', 'the node does not answer')
      on conflict (name) do update set value = excluded.value`),
    )
    expect(await clockAlone()).toBe(0)
    expect(await stateOf(request!.id)).toBe('issued')
    await installation.look()
    expect(await stateOf(request!.id)).toBe('paid')
    expect(await installation.audit()).toEqual([])
  })

  test.each([
    { where: 'waits in the mempool', mined: false, state: 'seen' },
    { where: 'is in a block', mined: true, state: 'paid' },
  ])(
    'a payment that came in time and $where is in time, however long nobody looked',
    async ({ mined, state }) => {
      await open({ terms: { late: { is: 'hold' } } })
      const [request] = await installation.issue()
      await installation.pass(hour / 2)
      await installation.pay(request!.provider_id!, request!.units)
      if (mined) await installation.mine()
      await installation.pass(5 * hour)
      // The worker is back, and this comes before the chain is read.
      expect(await clockAlone()).toBe(0)
      await installation.look()
      expect(await stateOf(request!.id)).toBe(state)
      expect(await clockAlone()).toBe(0)
      await installation.bury(6)
      expect(await stateOf(request!.id)).toBe('credited')
      expect(await installation.audit()).toEqual([])
    },
  )

  test('late money is worth what it was when the node saw it, however long nobody looked', async () => {
    await open({ terms: { late: { is: 'reprice' } } })
    const request = await expired()
    await installation.setPrice(66_000_000n)
    await installation.pass(60_000)
    await installation.pay(request.provider_id, request.units)
    await installation.pass(3 * hour)
    await installation.setPrice(30_000_000n)
    await installation.look()
    expect(await stateOf(request.id)).toBe('seen')
    expect(await installation.coins(request.id)).toMatchObject([{ rate_units: 66_000_000n }])
  })
})
