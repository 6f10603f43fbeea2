/**
 * What becomes of each event: in order and out of it, twice, late, foreign, of unknown kinds, and reversals
 * before and after the payout.
 */
import { because } from '../src/base/reasons.ts'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { bodyOf } from '../sim/events.ts'
import type { BankEvent } from '../sim/event.ts'
import { applyPayout } from '../src/payout/payout.ts'
import { payoutsStopped, stopPayouts } from '../src/payout/stops.ts'
import { sql } from '../src/db/db.ts'
import { pollEvents, settleInbox } from '../src/webhooks/webhooks.ts'
import { openTestInstallation, type TestInstallation } from './testbed/testInstallation.ts'
import { letGo, stopAll } from './testbed/acts.ts'

const second = 1_000
let installation: TestInstallation

beforeEach(async () => {
  installation = await openTestInstallation()
})
afterEach(async () => {
  // Whatever the story was, its books add up and the bank's agree.
  expect(await installation.audit()).toEqual([])
  await installation.close()
})

/** The payer pays, and the bank has told of both. */
function paid(): { paid: BankEvent; credited: BankEvent } {
  installation.bank.pay(installation.atBank.id)
  installation.pass(5 * second)
  return { paid: installation.event('invoice.paid'), credited: installation.event('invoice.credited') }
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
    await installation.hear(events.paid)
    expect(await installation.invoice()).toMatchObject({ state: 'paid' })
    expect(await installation.payout()).toBeUndefined()
    await installation.hear(events.credited)
    expect(await installation.invoice()).toMatchObject({ state: 'credited', paid_units: 10_000n })
    expect(await installation.payout()).toMatchObject({ state: 'owed', units: 10_000n - 50n - 150n })
  })

  test('credited before paid owes the same, and the late paid is nothing new', async () => {
    const events = paid()
    await installation.hear(events.credited)
    await installation.hear(events.paid)
    expect(await installation.invoice()).toMatchObject({ state: 'credited' })
    expect(await installation.fate(events.paid)).toBe('done: paid came after credited')
  })

  test('the same event twice, and another event of the same credit, owe one payout', async () => {
    const { credited } = paid()
    await installation.hear(credited, credited)
    const again = altered(credited, () => undefined)
    await installation.hear(again)
    expect(await installation.fate(again)).toBe('done: it was credited before')
    await installation.send()
    expect(installation.transfers()).toHaveLength(1)
  })

  test('one that fails with a surprise waits and says so, and keeps back no other', async () => {
    const rail = installation.app.rails.starkbank!
    const { credited, paid: told } = paid()
    const broken = altered(told, ({ log }) => Object.assign(log, { type: 'reversed' }))
    const surprise = async () => {
      throw new TypeError('a surprise')
    }
    installation.app.rails = {
      starkbank: { ...rail, readInvoice: surprise, readInvoices: surprise, invoiceLogs: surprise },
    }
    await expect(installation.hear(broken)).rejects.toThrow('a surprise')
    expect(await installation.fate(broken)).toBe('waiting: it could not be applied: a surprise')
    installation.app.rails = { starkbank: { ...rail, invoiceLogs: surprise } }
    await installation.hear(credited)
    expect(await installation.invoice()).toMatchObject({ state: 'credited' })
  })

  test('the bank is asked before it is believed: a credit it does not show waits, and is applied once it does [security 2]', async () => {
    const template = paid().credited
    await installation.close()
    installation = await openTestInstallation()
    const early = altered(template, event => {
      Object.assign(event.log, { invoice: { ...installation.atBank, status: 'paid', amount: 10_000 } })
    })
    await installation.hear(early)
    expect(await installation.fate(early)).toBe('waiting: the bank shows it as created')
    expect(await installation.payout()).toBeUndefined()
    installation.bank.pay(installation.atBank.id)
    installation.pass(60 * second)
    await settleInbox(installation.app)
    expect(await installation.fate(early)).toBe('done: credited')
    expect(await installation.payout()).toMatchObject({ state: 'owed', units: 9_800n })
    const steps = await installation.historyOf(1n)
    expect(steps.map(({ to_state: to }) => to)).toEqual(['waiting', 'done'])
  })

  test('what the bank charged is taken as it shows it when asked, not as an event has it [security 2]', async () => {
    const { credited } = paid()
    const greedy = altered(credited, event =>
      Object.assign((event.log as unknown as { invoice: object }).invoice, { fee: 0 }),
    )
    await installation.hear(greedy)
    expect(await installation.payout()).toMatchObject({ units: 9_800n })
  })

  test('a push that never came is found by the next poll, and pays once', async () => {
    paid()
    expect(
      (
        await pollEvents(
          installation.db,
          installation.app.rails.starkbank!,
          installation.app.inbox,
          installation.app.world,
        )
      ).fresh,
    ).toBeGreaterThan(0)
    await settleInbox(installation.app)
    await installation.send()
    await installation.hear(installation.event('invoice.credited'))
    await installation.send()
    expect(installation.transfers()).toHaveLength(1)
  })
})

describe('an event is not for us', () => {
  test('of another workspace it is kept and changes nothing [security 20]', async () => {
    const { credited } = paid()
    const foreign = altered(credited, event => (event.workspaceId = '1'))
    await installation.hear(foreign)
    expect(await installation.fate(foreign)).toBe('ignored: of another workspace (1)')
    expect(await installation.payout()).toBeUndefined()
    await installation.hear(credited)
  })

  test('of an invoice we did not issue, or a transfer we did not order, it changes nothing', async () => {
    const { credited } = paid()
    const stranger = altered(credited, event =>
      Object.assign((event.log as unknown as { invoice: object }).invoice, {
        id: '4242424242424242',
        tags: ['inv_elsewhere'],
      }),
    )
    await installation.hear(stranger)
    expect(await installation.fate(stranger)).toBe('ignored: invoice 4242424242424242 is not one we issued')
    await installation.hear(credited)
    await installation.send()
    installation.pass(20 * second)
    const transfer = altered(installation.event('transfer.success'), event =>
      Object.assign((event.log as unknown as { transfer: object }).transfer, {
        id: '4343434343434343',
        externalId: 'theirs',
        tags: [],
      }),
    )
    await installation.hear(transfer)
    expect(await installation.fate(transfer)).toBe('ignored: transfer 4343434343434343 is not one we ordered')
  })

  test('of an unknown kind it is ignored, of an unknown log it is done, and what is no event is quarantined with its bytes', async () => {
    const { credited } = paid()
    const kinds = altered(credited, event => Object.assign(event, { subscription: 'boleto-holmes' }), '901')
    const logs = altered(credited, event => (event.log.type = 'blessed'), '902')
    const junk = { id: '903', raw: Buffer.from('{"event": 7}') }
    await installation.hear(kinds, logs, junk)
    expect(await installation.fate(kinds)).toBe('ignored: of a kind this house has no use for')
    expect(await installation.fate(logs)).toBe('done: blessed changes nothing here')
    expect(await installation.fate(junk)).toBe('quarantined: it cannot be read as an event')
    expect(await installation.payout()).toBeUndefined()
    await installation.hear(credited)
  })
})

describe('the payer gets money back', () => {
  const reversal = () => {
    installation.bank.reverse(installation.atBank.id)
    installation.pass(20 * second)
    return { reversed: installation.event('invoice.reversed'), voided: installation.event('invoice.voided') }
  }

  test('before the payout went out: it is canceled, and the commission given back', async () => {
    await installation.hear(paid().credited)
    const { reversed, voided } = reversal()
    await installation.hear(reversed, voided)
    expect(await installation.invoice()).toMatchObject({ state: 'reversed' })
    expect(await installation.payout()).toMatchObject({ state: 'canceled' })
    await installation.send()
    expect(installation.transfers()).toHaveLength(0)
  })

  test('after it was paid on: the payee owes it, and the event says so', async () => {
    installation.bank.deposit(20_000)
    await installation.hear(paid().credited)
    await installation.send()
    installation.pass(20 * second)
    await installation.hear(installation.event('transfer.success'))
    expect(await installation.payout()).toMatchObject({ state: 'paid' })
    const { reversed } = reversal()
    await installation.hear(reversed)
    expect(await installation.fate(reversed)).toBe('done: reversed after it was passed on: the payee owes it')
    expect(installation.transfers()).toHaveLength(1)
  })

  test('before its credit was heard of: the reversal waits, the credit is booked whole, and nothing is paid', async () => {
    const { credited } = paid()
    const { reversed } = reversal()
    await installation.hear(reversed)
    expect(await installation.fate(reversed)).toMatch(
      /^waiting: it is \w+ here, and its credit has not come yet$/,
    )
    await installation.hear(credited)
    await installation.send()
    installation.pass(60 * second)
    await settleInbox(installation.app)
    expect(await installation.invoice()).toMatchObject({ state: 'reversed' })
    expect(await installation.payout()).toMatchObject({ state: 'canceled' })
    expect(installation.transfers()).toHaveLength(0)
  })
})

describe('a payout’s own end', () => {
  const ordered = async () => {
    await installation.hear(paid().credited)
    await installation.send()
    installation.pass(20 * second)
  }

  test('success settles it; told twice, or after the end, it is nothing new', async () => {
    await ordered()
    const success = installation.event('transfer.success')
    const late = installation.event('transfer.processing')
    await installation.hear(success)
    expect(await installation.payout()).toMatchObject({ state: 'paid' })
    const again = altered(success, () => undefined)
    await installation.hear(again, late)
    expect(await installation.fate(again)).toBe('done: success was nothing new')
    expect(await installation.payout()).toMatchObject({ state: 'paid' })
  })

  test('failed at the receiver’s bank: its money is owed again, and a new order goes out under a new key', async () => {
    installation.bank.setSettings({ transferFailRate: 1 })
    await ordered()
    await installation.hear(installation.event('transfer.failed'))
    const first = await installation.payout()
    expect(['owed', 'waiting']).toContain(first!.state)
    installation.bank.setSettings({ transferFailRate: 0 })
    installation.pass(3_600 * second)
    await installation.send()
    installation.pass(20 * second)
    await installation.hear(installation.event('transfer.success'))
    expect(await installation.payout()).toMatchObject({ state: 'paid', units: first!.units })
    expect(installation.transfers().map(({ status }) => status)).toEqual(['failed', 'success'])
    expect(new Set(installation.transfers().map(({ externalId }) => externalId)).size).toBe(2)
  })

  test('without balance it waits, and goes out once there is some', async () => {
    await installation.hear(paid().credited)
    // Somebody empties the account before we order.
    installation.bank.deposit(-9_900)
    await installation.send()
    installation.pass(20 * second)
    await installation.hear(installation.event('transfer.failed'))
    expect(await installation.payout()).toMatchObject({ state: 'waiting' })
    installation.bank.deposit(9_900)
    installation.pass(3_600 * second)
    await installation.send()
    installation.pass(20 * second)
    await installation.hear(installation.event('transfer.success'))
    expect(await installation.payout()).toMatchObject({ state: 'paid' })
  })

  test('a success that comes back afterwards is returned, and a person decides', async () => {
    installation.bank.setSettings({ refundRate: 1 })
    await installation.hear(paid().credited)
    await installation.send()
    const told = (type: string) => installation.bank.eventsCreated().some(({ log }) => log.type === type)
    while (!told('success')) installation.pass(50)
    await installation.hear(installation.event('transfer.success'))
    expect(await installation.payout()).toMatchObject({ state: 'paid' })
    while (!told('refunded')) installation.pass(50)
    await installation.hear(installation.event('transfer.refunded'))
    expect(await installation.payout()).toMatchObject({ state: 'returned' })
    installation.pass(3_600 * second)
    await installation.send()
    expect(installation.transfers()).toHaveLength(1)
  })

  test('others under its key that the bank refused as doubles say nothing of one that was paid and is not among them', async () => {
    await installation.hear(paid().credited)
    await installation.send()
    installation.pass(20 * second)
    await installation.hear(installation.event('transfer.success'))
    const [{ external_id: externalId, units }] = (await installation.db.all<{
      external_id: string
      units: bigint
    }>(sql`select * from attempts`)) as [{ external_id: string; units: bigint }]
    const shown = await installation.app.rails.starkbank!.findPayouts(externalId)
    if (shown.is !== 'done') throw new Error(shown.why)
    const doubles = ['1', '2'].map(providerId => ({
      ...shown.value[0]!,
      providerId,
      status: 'failed' as const,
    }))
    const news = { externalId, found: doubles, errors: ['Duplicated transfer'] }
    expect(
      await installation.db.tx(tx =>
        applyPayout(tx, installation.app.world, news, { why: because('said', { said: 'told' }) }),
      ),
    ).toBe('again')
    expect(await installation.payout()).toMatchObject({ state: 'paid', units })
  })
})

describe('little money', () => {
  test('below the schedule’s smallest payout it is held, and nothing is sent', async () => {
    await installation.close()
    installation = await openTestInstallation({ minPayoutUnits: 9_801n })
    await installation.hear(paid().credited)
    await installation.send()
    expect(await installation.payout()).toMatchObject({
      state: 'held',
      why: 'below the smallest payout of its schedule',
    })
    expect(installation.transfers()).toHaveLength(0)
  })

  test('where fees eat all of it, nothing is left to pay, and a person looks', async () => {
    await installation.close()
    installation = await openTestInstallation({ settings: { fee: 10_000 } })
    await installation.hear(paid().credited)
    await installation.send()
    expect(await installation.payout()).toMatchObject({ state: 'held', why: 'nothing is left after fees' })
    expect(installation.transfers()).toHaveLength(0)
  })

  test('the transfer’s fee is the receiver’s or the installation’s, as it is set', async () => {
    for (const [transferFeeBy, units] of [
      ['receiver', 9_700n],
      ['house', 9_800n],
    ] as const) {
      await installation.close()
      installation = await openTestInstallation({
        settings: { transferFee: 100 },
        terms: { transferFeeBy, transferFeeUnits: 100n },
      })
      installation.bank.deposit(1_000)
      await installation.hear(paid().credited)
      expect(await installation.payout()).toMatchObject({ units })
      await installation.send()
      installation.pass(20 * second)
      await installation.hear(installation.event('transfer.success'))
      expect(await installation.payout()).toMatchObject({ state: 'paid' })
    }
  })
})

test('while a person has stopped payouts none is ordered; let go, it is [security 3]', async () => {
  await installation.hear(paid().credited)
  await stopAll(installation.db, 'something is wrong', 'ana')
  await installation.send()
  expect([installation.transfers(), (await installation.payout())!.state]).toEqual([[], 'owed'])
  await letGo(installation.db, 'seen', 'carla', () => true)
  await installation.send()
  expect(installation.transfers()).toHaveLength(1)
})

test('a halt of the program and a stop of a person stand together, each once [security 3]', async () => {
  const stop = (why: string) => installation.db.tx(tx => stopPayouts(tx, because('said', { said: why })))
  for (const why of ['lunch', 'pay_1: paid twice', 'pay_1: paid twice']) await stop(why)
  expect(await payoutsStopped(installation.db)).toBe('pay_1: paid twice · before that: lunch')
  // A reason that is a part of another is one of its own, and is let go for itself.
  for (const why of ['pay_1: paid', 'pay_1: paid']) await stop(why)
  await letGo(installation.db, 'seen', 'carla', ({ why }) => why !== 'pay_1: paid')
  expect(await payoutsStopped(installation.db)).toBe('pay_1: paid')
})
