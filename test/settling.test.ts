/**
 * What becomes of each event: in order and out of it, twice, late, foreign, of unknown kinds, and reversals
 * before and after the payout.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { bodyOf } from '../sim/events.ts'
import type { BankEvent } from '../sim/event.ts'
import { applyPayout, letGo, stopAll } from '../src/payout/payout.ts'
import { payoutsStopped, stopPayouts } from '../src/payout/row.ts'
import { sql } from '../src/db/db.ts'
import { pollEvents, settleInbox } from '../src/webhooks/webhooks.ts'
import { openTown, type Town } from './testbed/town.ts'

const second = 1_000
let town: Town

beforeEach(async () => {
  town = await openTown()
})
afterEach(async () => {
  // Whatever the story was, its books add up and the bank's agree.
  expect(await town.audit()).toEqual([])
  await town.close()
})

/** The payer pays, and the bank has told of both. */
function paid(): { paid: BankEvent; credited: BankEvent } {
  town.bank.pay(town.atBank.id)
  town.pass(5 * second)
  return { paid: town.event('invoice.paid'), credited: town.event('invoice.credited') }
}

/** An event as the bank writes them, with something changed before it is signed. */
function altered(
  event: BankEvent,
  change: (event: BankEvent) => void,
  id = `${event.id}9`,
): { id: string; raw: Buffer } {
  const copy = structuredClone({ ...event, id })
  change(copy)
  return { id, raw: bodyOf(copy) }
}

describe('an invoice of R$ 100.00 is paid', () => {
  test('paid alone owes nothing: only credited does, less the bank’s fee and the commission', async () => {
    const events = paid()
    await town.hear(events.paid)
    expect(await town.invoice()).toMatchObject({ state: 'paid' })
    expect(await town.payout()).toBeUndefined()
    await town.hear(events.credited)
    expect(await town.invoice()).toMatchObject({ state: 'credited', paid_units: 10_000n })
    expect(await town.payout()).toMatchObject({ state: 'owed', units: 10_000n - 50n - 150n })
  })

  test('credited before paid owes the same, and the late paid is nothing new', async () => {
    const events = paid()
    await town.hear(events.credited)
    await town.hear(events.paid)
    expect(await town.invoice()).toMatchObject({ state: 'credited' })
    expect(await town.fate(events.paid)).toBe('done: paid came after credited')
  })

  test('the same event twice, and another event of the same credit, owe one payout', async () => {
    const { credited } = paid()
    await town.hear(credited, credited)
    const again = altered(credited, () => undefined)
    await town.hear(again)
    expect(await town.fate(again)).toBe('done: it was credited before')
    await town.send()
    expect(town.transfers()).toHaveLength(1)
  })

  test('one that fails with a surprise waits and says so, and keeps back no other', async () => {
    const rail = town.app.rails.starkbank!
    const { credited, paid: told } = paid()
    const broken = altered(told, ({ log }) => Object.assign(log, { type: 'reversed' }))
    const surprise = async () => {
      throw new TypeError('a surprise')
    }
    town.app.rails = {
      starkbank: { ...rail, readInvoice: surprise, readInvoices: surprise, invoiceLogs: surprise },
    }
    await expect(town.hear(broken)).rejects.toThrow('a surprise')
    expect(await town.fate(broken)).toBe('waiting: it could not be applied: a surprise')
    town.app.rails = { starkbank: { ...rail, invoiceLogs: surprise } }
    await town.hear(credited)
    expect(await town.invoice()).toMatchObject({ state: 'credited' })
  })

  test('the bank is asked before it is believed: a credit it does not show waits, and is applied once it does [security 2]', async () => {
    const template = paid().credited
    await town.close()
    town = await openTown()
    const early = altered(template, event => {
      Object.assign(event.log, { invoice: { ...town.atBank, status: 'paid', amount: 10_000 } })
    })
    await town.hear(early)
    expect(await town.fate(early)).toBe('waiting: the bank shows it as created')
    expect(await town.payout()).toBeUndefined()
    town.bank.pay(town.atBank.id)
    town.pass(60 * second)
    await settleInbox(town.app)
    expect(await town.fate(early)).toBe('done: credited')
    expect(await town.payout()).toMatchObject({ state: 'owed', units: 9_800n })
    const steps = await town.historyOf(1n)
    expect(steps.map(({ to_state: to }) => to)).toEqual(['waiting', 'done'])
  })

  test('what the bank charged is taken as it shows it when asked, not as an event has it [security 2]', async () => {
    const { credited } = paid()
    const greedy = altered(credited, event =>
      Object.assign((event.log as unknown as { invoice: object }).invoice, { fee: 0 }),
    )
    await town.hear(greedy)
    expect(await town.payout()).toMatchObject({ units: 9_800n })
  })

  test('a push that never came is found by the next poll, and pays once', async () => {
    paid()
    expect(
      (await pollEvents(town.db, town.app.rails.starkbank!, town.app.inbox, town.app.world)).fresh,
    ).toBeGreaterThan(0)
    await settleInbox(town.app)
    await town.send()
    await town.hear(town.event('invoice.credited'))
    await town.send()
    expect(town.transfers()).toHaveLength(1)
  })
})

describe('an event is not for us', () => {
  test('of another workspace it is kept and changes nothing [security 20]', async () => {
    const { credited } = paid()
    const foreign = altered(credited, event => (event.workspaceId = '1'))
    await town.hear(foreign)
    expect(await town.fate(foreign)).toBe('ignored: of another workspace (1)')
    expect(await town.payout()).toBeUndefined()
    await town.hear(credited)
  })

  test('of an invoice we did not issue, or a transfer we did not order, it changes nothing', async () => {
    const { credited } = paid()
    const stranger = altered(credited, event =>
      Object.assign((event.log as unknown as { invoice: object }).invoice, {
        id: '4242424242424242',
        tags: ['inv_elsewhere'],
      }),
    )
    await town.hear(stranger)
    expect(await town.fate(stranger)).toBe('ignored: invoice 4242424242424242 is not one we issued')
    await town.hear(credited)
    await town.send()
    town.pass(20 * second)
    const transfer = altered(town.event('transfer.success'), event =>
      Object.assign((event.log as unknown as { transfer: object }).transfer, {
        id: '4343434343434343',
        externalId: 'theirs',
        tags: [],
      }),
    )
    await town.hear(transfer)
    expect(await town.fate(transfer)).toBe('ignored: transfer 4343434343434343 is not one we ordered')
  })

  test('of an unknown kind it is ignored, of an unknown log it is done, and what is no event is quarantined with its bytes', async () => {
    const { credited } = paid()
    const kinds = altered(credited, event => Object.assign(event, { subscription: 'boleto-holmes' }), '901')
    const logs = altered(credited, event => (event.log.type = 'blessed'), '902')
    const junk = { id: '903', raw: Buffer.from('{"event": 7}') }
    await town.hear(kinds, logs, junk)
    expect(await town.fate(kinds)).toBe('ignored: of a kind this house has no use for')
    expect(await town.fate(logs)).toBe('done: blessed changes nothing here')
    expect(await town.fate(junk)).toBe('quarantined: it cannot be read as an event')
    expect(await town.payout()).toBeUndefined()
    await town.hear(credited)
  })
})

describe('the payer gets money back', () => {
  const reversal = () => {
    town.bank.reverse(town.atBank.id)
    town.pass(20 * second)
    return { reversed: town.event('invoice.reversed'), voided: town.event('invoice.voided') }
  }

  test('before the payout went out: it is canceled, and the commission given back', async () => {
    await town.hear(paid().credited)
    const { reversed, voided } = reversal()
    await town.hear(reversed, voided)
    expect(await town.invoice()).toMatchObject({ state: 'reversed' })
    expect(await town.payout()).toMatchObject({ state: 'canceled' })
    await town.send()
    expect(town.transfers()).toHaveLength(0)
  })

  test('after it was paid on: the payee owes it, and the event says so', async () => {
    town.bank.deposit(20_000)
    await town.hear(paid().credited)
    await town.send()
    town.pass(20 * second)
    await town.hear(town.event('transfer.success'))
    expect(await town.payout()).toMatchObject({ state: 'paid' })
    const { reversed } = reversal()
    await town.hear(reversed)
    expect(await town.fate(reversed)).toBe('done: reversed after it was passed on: the payee owes it')
    expect(town.transfers()).toHaveLength(1)
  })

  test('before its credit was heard of: the reversal waits, the credit is booked whole, and nothing is paid', async () => {
    const { credited } = paid()
    const { reversed } = reversal()
    await town.hear(reversed)
    expect(await town.fate(reversed)).toMatch(/^waiting: it is \w+ here, and its credit has not come yet$/)
    await town.hear(credited)
    await town.send()
    town.pass(60 * second)
    await settleInbox(town.app)
    expect(await town.invoice()).toMatchObject({ state: 'reversed' })
    expect(await town.payout()).toMatchObject({ state: 'canceled' })
    expect(town.transfers()).toHaveLength(0)
  })
})

describe('a payout’s own end', () => {
  const ordered = async () => {
    await town.hear(paid().credited)
    await town.send()
    town.pass(20 * second)
  }

  test('success settles it; told twice, or after the end, it is nothing new', async () => {
    await ordered()
    const success = town.event('transfer.success')
    const late = town.event('transfer.processing')
    await town.hear(success)
    expect(await town.payout()).toMatchObject({ state: 'paid' })
    const again = altered(success, () => undefined)
    await town.hear(again, late)
    expect(await town.fate(again)).toBe('done: success was nothing new')
    expect(await town.payout()).toMatchObject({ state: 'paid' })
  })

  test('failed at the receiver’s bank: its money is owed again, and a new order goes out under a new key', async () => {
    town.bank.setSettings({ transferFailRate: 1 })
    await ordered()
    await town.hear(town.event('transfer.failed'))
    const first = await town.payout()
    expect(['owed', 'waiting']).toContain(first!.state)
    town.bank.setSettings({ transferFailRate: 0 })
    town.pass(3_600 * second)
    await town.send()
    town.pass(20 * second)
    await town.hear(town.event('transfer.success'))
    expect(await town.payout()).toMatchObject({ state: 'paid', units: first!.units })
    expect(town.transfers().map(({ status }) => status)).toEqual(['failed', 'success'])
    expect(new Set(town.transfers().map(({ externalId }) => externalId)).size).toBe(2)
  })

  test('without balance it waits, and goes out once there is some', async () => {
    await town.hear(paid().credited)
    // Somebody empties the account before we order.
    town.bank.deposit(-9_900)
    await town.send()
    town.pass(20 * second)
    await town.hear(town.event('transfer.failed'))
    expect(await town.payout()).toMatchObject({ state: 'waiting' })
    town.bank.deposit(9_900)
    town.pass(3_600 * second)
    await town.send()
    town.pass(20 * second)
    await town.hear(town.event('transfer.success'))
    expect(await town.payout()).toMatchObject({ state: 'paid' })
  })

  test('a success that comes back afterwards is returned, and a person decides', async () => {
    town.bank.setSettings({ refundRate: 1 })
    await town.hear(paid().credited)
    await town.send()
    const told = (type: string) => town.bank.eventsCreated().some(({ log }) => log.type === type)
    while (!told('success')) town.pass(50)
    await town.hear(town.event('transfer.success'))
    expect(await town.payout()).toMatchObject({ state: 'paid' })
    while (!told('refunded')) town.pass(50)
    await town.hear(town.event('transfer.refunded'))
    expect(await town.payout()).toMatchObject({ state: 'returned' })
    town.pass(3_600 * second)
    await town.send()
    expect(town.transfers()).toHaveLength(1)
  })

  test('others under its key that the bank refused as doubles say nothing of one that was paid and is not among them', async () => {
    await town.hear(paid().credited)
    await town.send()
    town.pass(20 * second)
    await town.hear(town.event('transfer.success'))
    const [{ external_id: externalId, units }] = (await town.db.all<{ external_id: string; units: bigint }>(
      sql`select * from attempts`,
    )) as [{ external_id: string; units: bigint }]
    const shown = await town.app.rails.starkbank!.findPayouts(externalId)
    if (shown.is !== 'done') throw new Error(shown.why)
    const doubles = ['1', '2'].map(providerId => ({
      ...shown.value[0]!,
      providerId,
      status: 'failed' as const,
    }))
    const news = { externalId, found: doubles, errors: ['Duplicated transfer'] }
    expect(await town.db.tx(tx => applyPayout(tx, town.app.world, news, { why: 'told' }))).toBe('again')
    expect(await town.payout()).toMatchObject({ state: 'paid', units })
  })
})

describe('little money', () => {
  test('below the schedule’s smallest payout it is held, and nothing is sent', async () => {
    await town.close()
    town = await openTown({ minPayoutUnits: 9_801n })
    await town.hear(paid().credited)
    await town.send()
    expect(await town.payout()).toMatchObject({
      state: 'held',
      why: 'below the smallest payout of its schedule',
    })
    expect(town.transfers()).toHaveLength(0)
  })

  test('where fees eat all of it, nothing is left to pay, and a person looks', async () => {
    await town.close()
    town = await openTown({ settings: { fee: 10_000 } })
    await town.hear(paid().credited)
    await town.send()
    expect(await town.payout()).toMatchObject({ state: 'held', why: 'nothing is left after fees' })
    expect(town.transfers()).toHaveLength(0)
  })

  test('the transfer’s fee is the receiver’s or the house’s, as it is set', async () => {
    for (const [transferFeeBy, units] of [
      ['receiver', 9_700n],
      ['house', 9_800n],
    ] as const) {
      await town.close()
      town = await openTown({
        settings: { transferFee: 100 },
        terms: { transferFeeBy, transferFeeUnits: 100n },
      })
      town.bank.deposit(1_000)
      await town.hear(paid().credited)
      expect(await town.payout()).toMatchObject({ units })
      await town.send()
      town.pass(20 * second)
      await town.hear(town.event('transfer.success'))
      expect(await town.payout()).toMatchObject({ state: 'paid' })
    }
  })
})

test('while a person has stopped payouts none is ordered; let go, it is [security 3]', async () => {
  await town.hear(paid().credited)
  await stopAll(town.db, 'ana: something is wrong', 'ana')
  await town.send()
  expect([town.transfers(), (await town.payout())!.state]).toEqual([[], 'owed'])
  await letGo(town.db, 'seen', 'carla', () => true)
  await town.send()
  expect(town.transfers()).toHaveLength(1)
})

test('a halt of the program and a stop of a person stand together, each once [security 3]', async () => {
  const stop = (why: string) => town.db.tx(tx => stopPayouts(tx, why))
  for (const why of ['lunch', 'pay_1: paid twice', 'pay_1: paid twice']) await stop(why)
  expect(await payoutsStopped(town.db)).toBe('pay_1: paid twice · before that: lunch')
})
