/** Events of the bank's own making, polled ones, missed ones, and what is no event at all. */
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { BadInput } from '../../base/answer.ts'
import { invoiceLogShape } from './bank.ts'
import { eventBytes, logBytes, readEvent, toLine } from './read.ts'

const file = new URL('../../../../shared/vectors/starkbank-signed-events.json', import.meta.url)
const absent = !existsSync(file)
const bytes = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))

const ours = 'inv_01jd0000000000000000000000'
const invoice = {
  id: '5166945473134592',
  amount: 3669,
  nominalAmount: 4100,
  fee: 50,
  status: 'paid',
  brcode: '000201',
  link: 'https://x',
  taxId: '012.345.678-90',
  tags: ['e34471744202402290500ivhivwiq2kp', ours],
  created: '2024-02-29T04:51:21.066899+00:00',
  fine: 2.5,
  rules: [],
  name: 'Ana',
}
const log = {
  id: '6417929088270336',
  created: '2024-02-29T05:00:11.794243+00:00',
  errors: [],
  type: 'credited',
  invoice,
}
const event = {
  id: '5813904772956160',
  created: '2024-02-29T05:00:12.051456+00:00',
  log,
  subscription: 'invoice',
  workspaceId: '6010044957065216',
}
const read = {
  eventId: event.id,
  workspaceId: event.workspaceId,
  kind: 'invoice.credited',
  createdAt: '2024-02-29T05:00:12.051Z',
  about: 'invoice',
  logId: log.id,
  log: 'credited',
  loggedAt: '2024-02-29T05:00:11.794Z',
  invoice: {
    providerId: invoice.id,
    tag: ours,
    status: 'paid',
    units: 3669n,
    nominalUnits: 4100n,
    feeUnits: 50n,
    brcode: '000201',
    link: 'https://x',
    createdAt: '2024-02-29T04:51:21.066Z',
  },
}

describe('events', () => {
  test('a credited invoice reads the same pushed, bare and polled', () => {
    expect(readEvent(bytes({ event }))).toEqual(read)
    expect(readEvent(bytes(event))).toEqual(read)
    const { workspaceId, ...polled } = event
    expect(readEvent(eventBytes(polled, workspaceId))).toEqual(read)
    expect(readEvent(eventBytes(event, 'another'))).toEqual(read)
  })

  test('a log whose event never came reads as an event named after it, without the payer', () => {
    const raw = logBytes('invoice', invoiceLogShape.parse(log), event.workspaceId)
    expect(readEvent(raw)).toEqual({
      ...read,
      eventId: `log-${log.id}`,
      createdAt: '2024-02-29T05:00:11.794Z',
    })
    expect(Buffer.from(raw).toString()).not.toMatch(/Ana|012\.345/)
  })

  test('a failed transfer tells its errors, as words or as objects', () => {
    const transfer = {
      id: '1',
      amount: 100,
      fee: 200,
      status: 'failed',
      tags: ['pay_01jd0000000000000000000000-2'],
      taxId: '1',
      bankCode: '01',
      branchCode: '2',
      accountNumber: '3',
      created: log.created,
    }
    const errors = ['invalidbalance', { code: 'duplicated', message: 'Duplicated transfer' }]
    const failed = {
      ...event,
      subscription: 'transfer',
      log: { id: '9', created: log.created, type: 'failed', errors, transfer },
    }
    expect(readEvent(bytes({ event: failed }))).toMatchObject({
      kind: 'transfer.failed',
      about: 'payout',
      logId: '9',
      log: 'failed',
      errors: ['invalidbalance', 'duplicated: Duplicated transfer'],
      payout: {
        externalId: 'pay_01jd0000000000000000000000-2',
        status: 'failed',
        units: 100n,
        feeUnits: 200n,
        to: { bank: '01', number: '3' },
      },
    })
  })

  test('a status and a subscription of next year are unknown and other', () => {
    const odd = {
      ...event,
      log: { ...log, type: 'melted', invoice: { ...invoice, status: 'melting', tags: null } },
    }
    expect(readEvent(bytes({ event: odd }))).toMatchObject({
      kind: 'invoice.melted',
      invoice: { status: 'unknown', tag: undefined },
    })
    expect(readEvent(bytes({ event: { ...event, subscription: 'pix-melt' } }))).toMatchObject({
      kind: 'pix-melt.credited',
      about: 'other',
    })
    expect(readEvent(bytes({ event: { ...event, subscription: 'pix-melt', log: null } }))).toMatchObject({
      kind: 'pix-melt.unknown',
    })
  })

  const near = (change: object) => ({
    event: { ...event, log: { ...log, invoice: { ...invoice, ...change } } },
  })
  const wrong: [string, unknown][] = [
    ['no JSON', '{"event":'],
    ['nothing', ''],
    ['null', null],
    ['a list', [event]],
    ['an empty object', {}],
    ['an empty event', { event: {} }],
    ['text for an event', { event: 'x' }],
    ['a number for an id', { event: { ...event, id: 5813904772956160 } }],
    ['no log', { event: { ...event, log: null } }],
    ['a time that is none', { event: { ...event, created: 'yesterday' } }],
    ['an amount below zero', near({ amount: -1 })],
    ['an amount with cents of a cent', near({ amount: 1.5 })],
    ['an amount as text', near({ amount: '100' })],
    ['an amount beyond counting', near({ amount: 2 ** 53 })],
    ['a fee below zero', near({ fee: -1 })],
    ['an invoice id as a number', near({ id: 1 })],
  ]
  for (const [name, value] of wrong)
    test(`${name} is bad input, and the message repeats none of it [security 1]`, () => {
      expect(() => readEvent(bytes(value))).toThrow(BadInput)
      expect(() => readEvent(bytes(value))).not.toThrow(/Ana|012\.345|5813904772956160/)
    })

  test('bytes that are not UTF-8 are bad input', () => {
    expect(() => readEvent(Buffer.from([0x7b, 0xff, 0x7d]))).toThrow(BadInput)
  })
})

describe.skipIf(absent)(
  `the bank's own samples${absent ? ' (skipped: ../shared/vectors is absent)' : ''}`,
  () => {
    test('all 13 are read, each as what it is', () => {
      const { vectors } = JSON.parse(readFileSync(file, 'utf8')) as {
        vectors: { name: string; content: string }[]
      }
      const samples = vectors.map(({ name, content }) => ({ name, ...readEvent(Buffer.from(content)) }))
      expect(samples).toHaveLength(13)
      for (const sample of samples) {
        expect(sample.eventId).toMatch(/^\S{10,40}$/)
        const kind =
          sample.name === 'corporate-purchase authorization request'
            ? 'corporate-purchase.authorization'
            : sample.name.replace('/', '.')
        expect(sample.kind).toBe(kind)
        expect(sample.about).toBe(
          sample.name.startsWith('invoice/')
            ? 'invoice'
            : sample.name.startsWith('transfer/')
              ? 'payout'
              : 'other',
        )
      }
      expect(samples.find(({ kind }) => kind === 'transfer.failed')).toMatchObject({
        errors: ['invalidbalance'],
        payout: { units: 295136516n },
      })
      expect(samples.find(({ kind }) => kind === 'invoice.created')).toMatchObject({
        invoice: { units: 256n, status: 'created' },
      })
    })
  },
)

describe('lines of the statement', () => {
  const line = {
    id: '1',
    amount: -3950,
    fee: 0,
    description: 'd',
    externalId: 'x',
    source: 'self',
    tags: ['t'],
    created: log.created,
  }
  for (const [more, about] of [
    [{ source: 'transfer/19381639871263' }, { is: 'payout', providerId: '19381639871263' }],
    [
      { source: 'transfer/19381639871263/chargeback', amount: 3950 },
      { is: 'payout', providerId: '19381639871263' },
    ],
    [{ externalId: 'invoice-5166945473134592' }, { is: 'invoice', providerId: '5166945473134592' }],
    [{ source: 'charge/18276318736' }, { is: 'other' }],
    [{}, { is: 'other' }],
  ] as const)
    test(`${JSON.stringify(more)} is about ${JSON.stringify(about)}`, () => {
      const read = toLine({ ...line, ...more })
      expect(read.about).toEqual(about)
      expect(read.units).toBe(BigInt({ ...line, ...more }.amount))
    })
})
