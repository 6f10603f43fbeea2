/**
 * The simulated bank itself, in one process on a clock of its own: what it promises to those who test against
 * it.
 */
import { createHash, createPublicKey, verify } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { seededRandom } from '../src/base/clock.ts'
import { makeBank, type Delivery, type Faults, type Outcome, type Settings } from './bank.ts'
import type { BankResponse } from './exchange.ts'
import { brcode, crc16 } from './brcode.ts'
import { pythonJson } from './python.ts'
import { maskedTaxId } from './taxId.ts'

const start = Date.parse('2026-11-21T03:00:00Z')
const minute = 60_000
const arya = { amount: 4000, taxId: '012.345.678-90', name: 'Arya Stärk – ção' }
const payee = {
  amount: 100,
  name: 'Stark Bank S.A.',
  taxId: '20.018.183/0001-80',
  bankCode: '20018183',
  branchCode: '0001',
  accountNumber: '6341320293482496',
}

interface Entry {
  id: string
  status: string
  amount: number
  fee: number
  type: string
  errors: string[]
  tags: string[]
  transactionIds: string[]
  isDelivered: boolean
}

/** A bank on a clock that only moves when told, with a webhook and no credentials. */
function newBank(settings: Partial<Settings> = {}, faults: Partial<Faults> = {}, seed = 1) {
  let now = start
  const bank = makeBank({
    clock: { now: () => now },
    random: seededRandom(seed),
    settings: { skipAuth: true, payRate: 1, ...settings },
    faults,
  })
  bank.addWebhook('http://worker/webhooks/starkbank')
  const pushed: (Delivery & { at: number })[] = []

  const ask = (method: string, path: string, body?: unknown): BankResponse => {
    const { pathname, searchParams } = new URL(path, 'http://bank')
    return bank.handle({
      method,
      path: `/v2${pathname}`,
      query: searchParams,
      headers: {},
      body: Buffer.from(JSON.stringify(body ?? '')),
    })
  }
  return {
    bank,
    pushed,
    ask,
    /** The answer's JSON, whatever its status. */
    json<T = Record<string, Entry[]>>(method: string, path: string, body?: unknown): T {
      const answer = ask(method, path, body)
      return JSON.parse(answer.is === 'answer' ? answer.body : '{}') as T
    },
    codes(method: string, path: string, body?: unknown): string[] {
      return (
        this.json<{ errors?: { code: string }[] }>(method, path, body).errors?.map(({ code }) => code) ?? []
      )
    },
    /** Lets `ms` pass, stopping at each thing that is due; every push is answered with `outcome`. */
    pass(ms: number, outcome: (delivery: Delivery) => Outcome = () => ({ status: 200 })) {
      const end = now + ms
      for (let next = bank.nextDueAt(); next !== undefined && next <= end; next = bank.nextDueAt()) {
        now = Math.max(now, next)
        bank.advance()
        for (const delivery of bank.takeDeliveries()) {
          pushed.push({ ...delivery, at: now - start })
          bank.delivered(delivery.deliveryId, outcome(delivery))
        }
      }
      now = end
    },
    types: () => pushed.map(({ body }) => eventOf(body).log.type),
  }
}

type PushedEvent = {
  id: string
  workspaceId: string
  created: string
  log: { type: string; invoice: Entry; transfer: Entry; errors: string[] }
}
const eventOf = (body: Buffer) => (JSON.parse(body.toString()) as { event: PushedEvent }).event
const checksOut = ({ body, headers }: Delivery, pem: string) =>
  verify('sha256', body, createPublicKey(pem), Buffer.from(headers['Digital-Signature']!, 'base64'))

describe('bytes', () => {
  test('a CRC16 is the CCITT one, and a Pix code gets the one the real bank gave it', () => {
    expect(crc16('123456789')).toBe('29B1')
    expect(brcode('ea937a2753cb47579b655b6a5cc2a535')).toBe(
      '00020101021226890014br.gov.bcb.pix2567brcode-h.sandbox.starkinfra.com/v2/ea937a2753cb47579b655b6a5cc2a5355204000053039865802BR5925Stark Bank S.A. - Institu6009Sao Paulo62070503***630482E8',
    )
  })

  test('JSON is written as Python writes it: sorted keys, spaces, floats that stay floats, ASCII only', () => {
    expect(
      pythonJson({
        name: 'ção "–"\n\u007f',
        fine: 2,
        interest: 1.5,
        amount: 2,
        tags: [],
        discounts: [{ percentage: 10 }],
        a: null,
        b: true,
      }),
    ).toBe(
      '{"a": null, "amount": 2, "b": true, "discounts": [{"percentage": 10.0}], "fine": 2.0, "interest": 1.5, "name": "\\u00e7\\u00e3o \\"\\u2013\\"\\n\\u007f", "tags": []}',
    )
  })

  const vectors = new URL('../../shared/vectors/starkbank-signed-events.json', import.meta.url)
  test.skipIf(!existsSync(vectors))(
    'a genuine invoice event, read and written again, is the same bytes',
    () => {
      const { vectors: samples } = JSON.parse(readFileSync(vectors, 'utf8')) as {
        vectors: { name: string; content: string }[]
      }
      const { content } = samples.find(({ name }) => name === 'invoice/created')!
      expect(pythonJson(JSON.parse(content))).toBe(content)
    },
  )

  test.each([
    ['01234567890', '012.345.678-90'],
    ['20.018.183/0001-80', '20.018.183/0001-80'],
    ['012.345.678-91', undefined],
    ['000.000.000-00', undefined],
    ['20.018.183/0001-81', undefined],
    ['abc', undefined],
  ])('the tax id %s is read as %s', (given, masked) => expect(maskedTaxId(given)).toBe(masked))

  test('one seed gives the same bytes, another seed others', () => {
    const digest = (seed: number) => {
      const sim = newBank(
        { reversalRate: 0.3, startingBalance: 500 },
        { duplicate: 0.3, delay: 0.2, tampered: 0.2, status500: 0.2 },
        seed,
      )
      for (let round = 0; round < 10; round++) sim.ask('POST', '/invoice', { invoices: [arya, arya] })
      sim.pass(10 * minute)
      const hash = createHash('sha256')
      for (const { body, headers, at } of sim.pushed)
        hash.update(`${at} ${headers['Digital-Signature']} `).update(body)
      return hash.update(pythonJson(sim.bank.transactions())).digest('hex')
    }
    expect(digest(7)).toBe(digest(7))
    expect(digest(7)).not.toBe(digest(8))
  })

  test('every push checks out against the published key, and about half have a high s', () => {
    const sim = newBank()
    sim.ask('POST', '/invoice', { invoices: Array.from({ length: 50 }, () => arya) })
    sim.pass(minute)
    expect(sim.pushed).toHaveLength(150)
    expect(sim.pushed.every(push => checksOut(push, sim.bank.publicKeyPem))).toBe(true)
    // DER writes 33 bytes for an s of the upper half, and the last 34 bytes then begin with its length and a
    // zero.
    const high = sim.pushed.filter(({ headers }) =>
      Buffer.from(headers['Digital-Signature']!, 'base64')
        .subarray(-34, -32)
        .equals(Buffer.from([33, 0])),
    )
    expect(high.length).toBeGreaterThan(50)
    expect(high.length).toBeLessThan(100)
  })

  test('a rotated key signs what follows, and stands first in the list before the old one', () => {
    const sim = newBank()
    const old = sim.bank.publicKeyPem
    sim.bank.rotateKey()
    sim.ask('POST', '/invoice', { invoices: [arya] })
    sim.pass(minute)
    expect(checksOut(sim.pushed[0]!, old)).toBe(false)
    expect(checksOut(sim.pushed[0]!, sim.bank.publicKeyPem)).toBe(true)
    const { publicKeys } = sim.json<{ publicKeys: { content: string }[] }>('GET', '/public-key')
    expect(publicKeys.map(({ content }) => content)).toEqual([sim.bank.publicKeyPem, old])
  })
})

describe('invoices', () => {
  test('a batch with bad elements creates nothing and tells each fault', () => {
    const sim = newBank()
    const batch = [
      arya,
      { ...arya, taxId: '000.000.000-00' },
      { ...arya, amount: -5, due: '2020-01-01' },
      { amount: 1 },
    ]
    expect(sim.codes('POST', '/invoice', { invoices: batch })).toEqual([
      'invalidTaxId',
      'invalidDate',
      'invalidAmount',
      'invalidJson',
      'invalidJson',
    ])
    expect(sim.bank.invoices()).toEqual([])
  })

  test.each([[[]], [Array.from({ length: 101 }, () => arya)], ['x'], [undefined]])(
    'a batch must be a list of 1 to 100',
    invoices => {
      expect(newBank().codes('POST', '/invoice', { invoices })).toEqual(['invalidJson'])
    },
  )

  test('a paid invoice has two events, credited first in about a third, and its money and fee are on the statement', () => {
    const sim = newBank({ fee: 50 })
    sim.ask('POST', '/invoice', {
      invoices: Array.from({ length: 90 }, () => ({ ...arya, tags: ['Slot-1'] })),
    })
    sim.pass(minute)
    const order = new Map<string, string[]>()
    for (const { body } of sim.pushed) {
      const { log } = eventOf(body)
      order.set(log.invoice.id, [...(order.get(log.invoice.id) ?? []), log.type])
    }
    const creditedFirst = [...order.values()].filter(types => types.join() === 'created,credited,paid').length
    expect([...order.values()].filter(types => types.join() === 'created,paid,credited')).toHaveLength(
      90 - creditedFirst,
    )
    expect(creditedFirst).toBeGreaterThan(15)
    expect(creditedFirst).toBeLessThan(45)
    expect(sim.bank.balanceUnits()).toBe(90n * 3950n)

    const { id, tags } = sim.bank.invoices()[0]!
    const { transactions } = sim.json<{
      transactions: { amount: number; source: string; externalId: string; fee: number; tags: string[] }[]
    }>('GET', `/transaction?tags=${tags.at(-1)}`)
    expect(tags).toEqual(['slot-1', expect.stringMatching(/^e34471744\d{12}[0-9a-f]{11}$/)])
    expect(transactions).toMatchObject([
      { amount: -50, source: `invoice/${id}/fee` },
      { amount: 4000, source: `invoice/${id}`, externalId: `invoice-${id}`, fee: 50, tags },
    ])
  })

  test('what is not paid goes overdue, then expires, and is never paid', () => {
    const sim = newBank({ payRate: 0 })
    const due = new Date(start + 10 * minute).toISOString()
    sim.ask('POST', '/invoice', { invoices: [{ ...arya, due, expiration: 600 }] })
    sim.pass(30 * minute)
    expect(sim.types()).toEqual(['created', 'overdue', 'expired'])
    expect(sim.bank.pay(sim.bank.invoices()[0]!.id)).toBe(false)
  })

  test('an unpaid invoice can be canceled once and is not paid after, a paid one cannot', () => {
    const sim = newBank()
    const [open] = sim.json('POST', '/invoice', { invoices: [arya] }).invoices!
    expect(
      sim.json<{ invoice: Entry }>('PATCH', `/invoice/${open!.id}`, { status: 'canceled' }).invoice.status,
    ).toBe('canceled')
    sim.pass(minute)
    expect(sim.types()).toEqual(['created', 'canceled'])
    const [paid] = sim.json('POST', '/invoice', { invoices: [arya] }).invoices!
    sim.pass(minute)
    expect(sim.codes('PATCH', `/invoice/${paid!.id}`, { status: 'canceled' })).toEqual(['invalidOperation'])
    expect(sim.codes('PATCH', `/invoice/${open!.id}`, { status: 'canceled' })).toEqual(['invalidOperation'])
  })

  test('a reversal takes the amount to 0 and the money off the balance', () => {
    const sim = newBank({ reversalRate: 1, creditedFirstRate: 0 })
    sim.ask('POST', '/invoice', { invoices: [arya] })
    sim.pass(minute)
    expect(sim.types()).toEqual([
      'created',
      'paid',
      'credited',
      'reversing',
      'sending',
      'sent',
      'reversed',
      'voided',
    ])
    expect(sim.bank.invoices()[0]).toMatchObject({ status: 'voided', amount: 0, nominalAmount: 4000 })
    expect(sim.bank.balanceUnits()).toBe(0n)
  })

  test('lists are newest first, found by lower-case tag, and read through a cursor to the end', () => {
    const sim = newBank({ payRate: 0 })
    for (let batch = 0; batch < 3; batch++) {
      sim.ask('POST', '/invoice', {
        invoices: Array.from({ length: 100 }, (_, place) => ({
          ...arya,
          amount: batch * 100 + place,
          tags: [`Batch-${batch % 2}`],
        })),
      })
    }
    const read: number[] = []
    let cursor: string | null = ''
    let pages = 0
    do {
      const page: { invoices: Entry[]; cursor: string | null } = sim.json(
        'GET',
        `/invoice?tags=batch-0&limit=60&cursor=${encodeURIComponent(cursor)}`,
      )
      read.push(...page.invoices.map(({ amount }) => amount))
      cursor = page.cursor
      pages++
    } while (cursor)
    expect(pages).toBe(4)
    expect(read).toEqual([
      ...Array.from({ length: 100 }, (_, place) => 299 - place),
      ...Array.from({ length: 100 }, (_, place) => 99 - place),
    ])
    expect(sim.json('GET', '/invoice?tags=Batch-0').invoices).toEqual([])
    expect(sim.json('GET', '/invoice?after=2026-11-22').invoices).toEqual([])
    expect(sim.json('GET', '/invoice?after=2026-11-21&before=2026-11-21&limit=5').invoices).toHaveLength(5)
    expect(sim.codes('GET', '/invoice?limit=101')).toEqual(['invalidLimit'])
    expect(sim.codes('GET', '/invoice?status=credited')).toEqual(['invalidStatus'])
    expect(sim.codes('GET', '/invoice/123')).toEqual(['invalidInvoice'])
  })
})

describe('transfers', () => {
  const order = (sim: ReturnType<typeof newBank>, more: object = {}) =>
    sim.json('POST', '/transfer', { transfers: [{ ...payee, ...more }] }).transfers![0]!.id
  const read = (sim: ReturnType<typeof newBank>, id: string) =>
    sim.json<{ transfer: Entry }>('GET', `/transfer/${id}`).transfer
  const errors = (sim: ReturnType<typeof newBank>, id: string) =>
    sim.json('GET', `/transfer/log?transferIds=${id}&types=failed`).logs?.[0]?.errors

  test('a transfer is debited when it is sent, and its tags go with the money', () => {
    const sim = newBank({ startingBalance: 1000, transferFee: 3 })
    const id = order(sim, { externalId: 'pay-1', tags: ['Pay-1'] })
    expect(read(sim, id)).toMatchObject({ status: 'created', fee: 3 })
    expect(sim.bank.balanceUnits()).toBe(1000n)
    sim.pass(minute)
    expect(sim.types()).toEqual(['created', 'sending', 'processing', 'success'])
    expect(sim.bank.balanceUnits()).toBe(897n)
    expect(
      sim
        .json<{ transactions: { source: string }[] }>('GET', '/transaction?tags=pay-1')
        .transactions.map(({ source }) => source),
    ).toEqual([`transfer/${id}/fee`, `transfer/${id}`])
  })

  test('a second one under the same externalId is taken on, and fails later', () => {
    const sim = newBank({ startingBalance: 1000 })
    const [first, second] = [
      order(sim, { externalId: 'pay-1' }),
      order(sim, { externalId: 'pay-1', amount: 200 }),
    ]
    expect(read(sim, second).status).toBe('created')
    sim.pass(minute)
    expect([read(sim, first).status, read(sim, second).status]).toEqual(['success', 'failed'])
    expect(errors(sim, second)).toEqual(['Duplicated transfer'])
    expect(sim.bank.balanceUnits()).toBe(900n)
  })

  test('without an externalId the same amount to the same account is a duplicate for that day only', () => {
    const sim = newBank({ startingBalance: 1000 })
    const ids = [order(sim), order(sim), order(sim, { amount: 101 })]
    sim.pass(24 * 60 * minute)
    ids.push(order(sim))
    sim.pass(minute)
    expect(ids.map(id => read(sim, id).status)).toEqual(['success', 'failed', 'success', 'success'])
  })

  test('the name invoice-<id> belongs to the bank once the id is known', () => {
    const sim = newBank({ startingBalance: 1000, payRate: 0 })
    const invoiceId = sim.json('POST', '/invoice', { invoices: [arya] }).invoices![0]!.id
    const [taken, free] = [
      order(sim, { externalId: `invoice-${invoiceId}` }),
      order(sim, { externalId: 'invoice-1' }),
    ]
    sim.pass(minute)
    expect(errors(sim, taken)).toEqual(['Duplicated transfer'])
    expect(read(sim, free).status).toBe('success')
  })

  test('without the money for amount and fee it fails, and the same externalId may be tried again', () => {
    const sim = newBank({ startingBalance: 102, transferFee: 3 })
    const poor = order(sim, { externalId: 'pay-1' })
    sim.pass(minute)
    expect(errors(sim, poor)).toEqual(['invalidbalance'])
    expect(read(sim, poor).transactionIds).toEqual(['invalidBalance'])
    sim.bank.deposit(1)
    const again = order(sim, { externalId: 'pay-1' })
    sim.pass(minute)
    expect(read(sim, again).status).toBe('success')
    expect(sim.bank.balanceUnits()).toBe(0n)
  })

  test.each([
    ['the receiver’s bank fails', { transferFailRate: 1 }, ['created', 'sending', 'processing', 'failed']],
    [
      'it comes back after success',
      { refundRate: 1 },
      ['created', 'sending', 'processing', 'success', 'refunded'],
    ],
  ])('when %s the money and the fee return', (_, settings, types) => {
    const sim = newBank({ startingBalance: 1000, transferFee: 3, ...settings })
    const id = order(sim)
    sim.pass(minute)
    expect(sim.types()).toEqual(types)
    expect(read(sim, id)).toMatchObject({
      status: 'failed',
      transactionIds: [expect.any(String), expect.any(String)],
    })
    expect(sim.bank.balanceUnits()).toBe(1000n)
  })

  test('sent back by hand, it does not come back once more by itself', () => {
    const sim = newBank({
      startingBalance: 1000,
      transferFee: 3,
      refundRate: 1,
      transferDelayMs: [minute, minute],
    })
    const id = order(sim)
    for (let waits = 0; waits < 100 && read(sim, id).status !== 'success'; waits++) sim.pass(10_000)
    expect(sim.bank.sendBack(id)).toBe(true)
    sim.pass(10 * minute)
    expect(sim.bank.balanceUnits()).toBe(1000n)
  })

  test('a scheduled one waits, and can be taken back until then', () => {
    const sim = newBank({ startingBalance: 1000 })
    const scheduled = new Date(start + 10 * minute).toISOString()
    const [kept, dropped] = [
      order(sim, { scheduled, externalId: 'a' }),
      order(sim, { scheduled, externalId: 'b' }),
    ]
    expect(sim.json<{ transfer: Entry }>('DELETE', `/transfer/${dropped}`).transfer.status).toBe('canceled')
    sim.pass(9 * minute)
    expect(read(sim, kept).status).toBe('created')
    sim.pass(2 * minute)
    expect([read(sim, kept).status, read(sim, dropped).status]).toEqual(['success', 'canceled'])
    expect(sim.codes('DELETE', `/transfer/${kept}`)).toEqual(['invalidOperation'])
  })

  test('the balance is the sum of the statement, whatever happened', () => {
    const sim = newBank({
      fee: 50,
      transferFee: 7,
      transferFailRate: 0.3,
      refundRate: 0.3,
      reversalRate: 0.2,
      startingBalance: 12_345,
    })
    sim.ask('POST', '/invoice', { invoices: Array.from({ length: 100 }, () => arya) })
    sim.pass(minute)
    for (let place = 0; place < 60; place++) order(sim, { externalId: `pay-${place % 50}`, amount: 3000 })
    sim.pass(minute)
    const lines = sim.bank.transactions()
    expect(lines.reduce((sum, { amount }) => sum + BigInt(amount), 0n)).toBe(sim.bank.balanceUnits())
    expect(
      lines.every(({ balance, amount }, place) => balance === (lines[place - 1]?.balance ?? 0) + amount),
    ).toBe(true)
    expect(new Set(lines.map(({ externalId }) => externalId)).size).toBe(lines.length)
  })
})

describe('pushes', () => {
  const issueOne = (sim: ReturnType<typeof newBank>) => sim.ask('POST', '/invoice', { invoices: [arya] })

  test('only 200 counts: 5, 30 and 120 minutes after a failure it is tried again, then never', () => {
    const sim = newBank({ payRate: 0 })
    issueOne(sim)
    const outcomes: Outcome[] = [{ status: 204 }, 'timeout', 'badConnection', { status: 503 }]
    sim.pass(24 * 60 * minute, () => outcomes.shift()!)
    const [first, ...later] = sim.pushed.map(({ at }) => at)
    expect(later.map((at, place) => at - [first!, ...later][place]!)).toEqual([
      5 * minute,
      30 * minute,
      120 * minute,
    ])
    expect(new Set(sim.pushed.map(({ body }) => body.toString())).size).toBe(1)
    expect(sim.json('GET', '/event?isDelivered=false').events).toHaveLength(1)
    const { attempts } = sim.json<{ attempts: { code: string; message: string }[] }>('GET', '/event/attempt')
    expect(attempts.map(({ code }) => code)).toEqual([
      'badHttpStatus',
      'badConnection',
      'timeout',
      'badHttpStatus',
    ])
    expect(attempts[0]!.message).toBe('HTTP POST request returned status 503')
  })

  test('an event marked as delivered is not tried again', () => {
    const sim = newBank({ payRate: 0 })
    issueOne(sim)
    sim.pass(minute, () => ({ status: 500 }))
    const { events } = sim.json('GET', '/event?isDelivered=false')
    sim.ask('PATCH', `/event/${events![0]!.id}`, { isDelivered: true })
    sim.pass(60 * minute)
    expect(sim.pushed).toHaveLength(1)
    expect(sim.json('GET', '/event?isDelivered=true').events).toHaveLength(1)
  })

  test('the time scale shortens the waits', () => {
    const sim = newBank({ payRate: 0, timeScale: 60 })
    issueOne(sim)
    sim.pass(4 * minute, () => ({ status: 500 }))
    expect(sim.pushed).toHaveLength(4)
  })

  test('each webhook gets its own push, and the event is delivered when both took it', () => {
    const sim = newBank({ payRate: 0 })
    sim.bank.addWebhook('http://other/', ['invoice'])
    issueOne(sim)
    sim.pass(minute, ({ url }) => (url === 'http://other/' ? { status: 500 } : { status: 200 }))
    expect(sim.bank.eventsCreated()[0]!.isDelivered).toBe(false)
    sim.pass(10 * minute)
    expect(sim.pushed.map(({ url }) => url)).toEqual([
      'http://worker/webhooks/starkbank',
      'http://other/',
      'http://other/',
    ])
    expect(sim.bank.eventsCreated()[0]!.isDelivered).toBe(true)
  })

  test('dropped: never pushed, and still listed as undelivered', () => {
    const sim = newBank({ payRate: 0 }, { drop: 1 })
    issueOne(sim)
    sim.pass(24 * 60 * minute)
    expect(sim.pushed).toEqual([])
    expect(sim.json('GET', '/event?isDelivered=false').events).toHaveLength(1)
  })

  test('duplicated: the same event twice', () => {
    const sim = newBank({ payRate: 0 }, { duplicate: 1 })
    issueOne(sim)
    sim.pass(minute)
    expect(sim.pushed).toHaveLength(2)
    expect(sim.pushed[0]!.body).toEqual(sim.pushed[1]!.body)
  })

  test.each(['delay', 'reorder'] as const)(
    '%s: everything arrives once, not in the order it was created',
    fault => {
      const sim = newBank({}, { [fault]: 0.5 })
      sim.ask('POST', '/invoice', { invoices: Array.from({ length: 20 }, () => arya) })
      sim.pass(5 * minute)
      const created = sim.pushed.map(({ body }) => eventOf(body).created)
      expect(created).toHaveLength(60)
      expect(created).not.toEqual(created.toSorted())
    },
  )

  test('a wrong signature does not check out, and the retry does; who answers it with 200 is told on', () => {
    const sim = newBank({ payRate: 0 }, { wrongSignature: 1 })
    issueOne(sim)
    sim.pass(minute, () => ({ status: 401 }))
    sim.bank.setFaults({ wrongSignature: 0 })
    sim.pass(10 * minute)
    expect(sim.pushed.map(push => checksOut(push, sim.bank.publicKeyPem))).toEqual([false, true])
    expect(sim.bank.forgeriesAccepted()).toBe(0)
    sim.bank.setFaults({ wrongSignature: 1 })
    issueOne(sim)
    sim.pass(minute)
    expect(sim.bank.forgeriesAccepted()).toBe(1)
  })

  test('a tampered push comes besides the genuine one, with another amount under the same signature', () => {
    const sim = newBank({ payRate: 0 }, { tampered: 1 })
    issueOne(sim)
    sim.pass(minute)
    expect(
      sim.pushed.map(push => [eventOf(push.body).log.invoice.amount, checksOut(push, sim.bank.publicKeyPem)]),
    ).toEqual([
      [400_000, false],
      [4000, true],
    ])
    expect(sim.bank.forgeriesAccepted()).toBe(1)
  })

  test('a foreign event is genuine, bears our tags, and is of another workspace and invoice', () => {
    const sim = newBank({ payRate: 0 }, { foreignWorkspace: 1 })
    sim.ask('POST', '/invoice', { invoices: [{ ...arya, tags: ['inv_1'] }] })
    sim.pass(minute, () => ({ status: 500 }))
    const [theirs, ours] = sim.pushed.map(({ body }) => eventOf(body))
    expect(sim.pushed.slice(0, 2).every(push => checksOut(push, sim.bank.publicKeyPem))).toBe(true)
    expect(theirs!.log.invoice.tags).toEqual(['inv_1'])
    expect(theirs!.workspaceId).not.toBe(ours!.workspaceId)
    expect(theirs!.log.invoice.id).not.toBe(ours!.log.invoice.id)
    sim.pass(10 * minute)
    expect(sim.pushed).toHaveLength(3)
  })
})

describe('faults of the API', () => {
  const post = (sim: ReturnType<typeof newBank>) => sim.ask('POST', '/invoice', { invoices: [arya] })

  test.each([
    ['resetBefore', 'reset', 0],
    ['resetAfterCommit', 'reset', 1],
    ['hang', 'hang', 0],
    ['hangAfterCommit', 'hang', 1],
    ['status429', 429, 0],
    ['error400WithoutErrors', 400, 0],
    ['redirect', 307, 0],
  ] as const)('%s answers %s and leaves %i invoices', (fault, answer, invoices) => {
    const sim = newBank()
    sim.bank.failNext(fault, 'POST /v2/invoice')
    expect(sim.ask('GET', '/balance')).toMatchObject({ is: 'answer', status: 200 })
    expect(post(sim)).toMatchObject(
      typeof answer === 'number' ? { is: 'answer', status: answer } : { is: answer },
    )
    expect(sim.bank.invoices()).toHaveLength(invoices)
    expect(post(sim)).toMatchObject({ status: 200 })
  })

  test.each([
    ['status500', 500],
    ['status502Html', 502],
    ['html200', 200],
  ] as const)('%s says nothing of whether it took effect', (fault, status) => {
    const sim = newBank({}, { [fault]: 1 })
    for (let round = 0; round < 40; round++) expect(post(sim)).toMatchObject({ is: 'answer', status })
    expect(sim.bank.invoices().length).toBeGreaterThan(8)
    expect(sim.bank.invoices().length).toBeLessThan(32)
  })

  test('a fault can be kept to some requests, and its rate is its probability', () => {
    const sim = newBank({}, { status429: 0.25, only: '^POST', retryAfterSeconds: 9 })
    const statuses = Array.from({ length: 200 }, () => post(sim)).map(answer =>
      answer.is === 'answer' ? answer.status : 0,
    )
    expect(statuses.filter(status => status === 429).length).toBeGreaterThan(25)
    expect(statuses.filter(status => status === 200).length).toBeGreaterThan(125)
    for (let round = 0; round < 50; round++) expect(sim.ask('GET', '/balance')).toMatchObject({ status: 200 })
    sim.bank.failNext('status429')
    expect(sim.ask('GET', '/balance')).toMatchObject({ headers: { 'Retry-After': '9' } })
    expect(sim.bank.requestCounts()).toEqual({ 'POST /v2/invoice': 200, 'GET /v2/balance': 51 })
  })
})
