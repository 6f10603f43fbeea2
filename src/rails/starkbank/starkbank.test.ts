/** The rail over a bank of values: what it asks, what it believes, what it asks again. */
import { generateKeyPairSync } from 'node:crypto'
import { beforeEach, describe, expect, test } from 'vitest'
import { eventually } from '../../../test/testbed/eventually.ts'
import { BadInput, done, refused, unsure } from '../../base/answer.ts'
import { startBank } from '../../../sim/server.ts'
import { seededRandom, systemClock } from '../../base/clock.ts'
import { silentLog } from '../../base/log.ts'
import type { InvoiceOrder, PayoutOrder, Rail } from '../rail.ts'
import type { Bank, BankInvoice, BankTransfer } from './bank.ts'
import { connectStarkbank, starkbankRail } from './starkbank.ts'

const inTime = { leftMs: () => 20_000 }

const created = '2026-11-21T03:00:00.000001+00:00'
const inv = (digit: string) => `inv_${digit.repeat(26)}`
const order = (digit: string): InvoiceOrder => ({
  id: inv(digit),
  units: 4000n,
  payerName: 'Ana',
  payerTaxId: '012.345.678-90',
  description: 'Lunch',
  dueAt: '2026-11-23T03:00:00.000Z',
  batchTag: 'slo_1',
})
const made = (tag: string, more: Partial<BankInvoice> = {}): BankInvoice => ({
  id: `9${tag.slice(-8)}`,
  status: 'created',
  amount: 4000,
  nominalAmount: 4000,
  fee: 0,
  tags: [tag, 'slo_1'],
  brcode: 'b',
  link: 'l',
  created,
  ...more,
})
const externalId = `pay_${'a'.repeat(26)}-1`
const payout: PayoutOrder = {
  invoiceId: inv('1'),
  externalId,
  units: 3950n,
  description: 'Net',
  to: {
    holder: 'Stark',
    taxId: '20.018.183/0001-80',
    bank: '20018183',
    branch: '0001',
    number: '6341320293482496',
    type: 'payment',
  },
}
const sent = (more: Partial<BankTransfer> = {}): BankTransfer => ({
  id: '77',
  status: 'created',
  amount: 3950,
  fee: 0,
  tags: [externalId],
  externalId: undefined,
  taxId: '20.018.183/0001-80',
  bankCode: '20018183',
  branchCode: '0001',
  accountNumber: '6341320293482496',
  transactionIds: [],
  created,
  ...more,
})

let calls: [string, unknown][]
let slept: number[]
/** A bank that answers from lists: the next answer of the call, the last one for ever. */
const rail = (answers: { [Name in keyof Bank]?: unknown[] }): Rail => {
  const bank = new Proxy({} as Bank, {
    get: (_, name: keyof Bank) => async (given: unknown) => {
      calls.push([name, given])
      const list = answers[name] ?? []
      const next = list.length > 1 ? list.shift() : list[0]
      return typeof next === 'function' ? next(given) : next
    },
  })
  let now = 0
  const clock = { now: () => now, sleep: async (ms: number) => void (slept.push(ms), (now += ms)) }
  return starkbankRail({ bank, workspaceId: '42', clock, random: seededRandom(1), log: silentLog })
}
const page = <T>(items: T[], cursor?: string) => done({ items, cursor })
const text = (raw: Uint8Array) => JSON.parse(Buffer.from(raw).toString())

beforeEach(() => {
  calls = []
  slept = []
})

describe('asking for invoices', () => {
  test("orders go out in the bank's words, and answers are matched by tag, wherever they stand", async () => {
    const answer = await rail({ createInvoices: [done([made(inv('2')), made(inv('1'))])] }).issue(
      [order('1'), order('2')],
      inTime,
    )
    expect(answer).toMatchObject({ is: 'done', value: [{ tag: inv('1'), units: 4000n }, { tag: inv('2') }] })
    expect(calls[0]).toEqual([
      'createInvoices',
      [
        {
          amount: 4000,
          name: 'Ana',
          taxId: '012.345.678-90',
          due: '2026-11-23T03:00:00.000+00:00',
          ...{ expiration: 5_097_600, fine: 0, interest: 0 },
          tags: [inv('1'), 'slo_1'],
          descriptions: [{ key: 'Lunch' }],
        },
        expect.objectContaining({ tags: [inv('2'), 'slo_1'] }),
      ],
    ])
  })

  test('what paying late or early costs is said in full, and shown to the payer', async () => {
    const terms = {
      graceSeconds: 864_000,
      fineBp: 200n,
      interestBp: 133n,
      discounts: [{ basisPoints: 550n, until: '2026-11-22T03:00:00.000Z' }],
    }
    await rail({ createInvoices: [done([made(inv('1'))])] }).issue([{ ...order('1'), ...terms }], inTime)
    expect(calls[0]![1]).toMatchObject([
      {
        ...{ expiration: 864_000, fine: 2, interest: 1.33 },
        discounts: [{ percentage: 5.5, due: '2026-11-22T03:00:00.000+00:00' }],
        descriptions: [
          { key: 'Lunch' },
          { key: 'Multa após o vencimento', value: '2,00%' },
          { key: 'Juros ao mês após o vencimento', value: '1,33%' },
        ],
      },
    ])
  })

  for (const answer of [unsure('timeout'), refused('429', true, 10)])
    test(`a POST that is ${answer.is} is never sent again`, async () => {
      expect(await rail({ createInvoices: [answer] }).issue([order('1')], inTime)).toEqual(answer)
      expect(calls).toHaveLength(1)
    })

  for (const [name, list] of [
    ['too few', [made(inv('1'))]],
    ['too many', [made(inv('1')), made(inv('2')), made(inv('3'))]],
    ['others', [made(inv('1')), made(inv('3'))]],
    ['one twice', [made(inv('1')), made(inv('1'))]],
    ['untagged ones', [made(inv('1')), made('x')]],
  ] as const)
    test(`an answer with ${name} is unsure`, async () => {
      expect(
        await rail({ createInvoices: [done(list)] }).issue([order('1'), order('2')], inTime),
      ).toMatchObject({ is: 'unsure' })
    })

  test('no orders, more than a hundred, and amounts the bank cannot count are bad input, and nothing is sent', async () => {
    const stark = rail({})
    await expect(stark.issue([], inTime)).rejects.toThrow(BadInput)
    await expect(
      stark.issue(
        Array.from({ length: 101 }, () => order('1')),
        inTime,
      ),
    ).rejects.toThrow(BadInput)
    for (const units of [0n, -1n, 2n ** 53n])
      await expect(stark.issue([{ ...order('1'), units }], inTime)).rejects.toThrow(BadInput)
    expect(calls).toEqual([])
  })

  test('finding by tag walks every page, keeps whole matches only, and gives the oldest first', async () => {
    const old = made(inv('1'), { id: '1', created: '2026-11-21T02:59:59.999999+00:00' })
    const answer = await rail({
      pageInvoices: [page([made(inv('1'), { id: '2' }), made(inv('10'))], 'c'), page([old])],
    }).findInvoices(inv('1'))
    expect(answer.is === 'done' && answer.value.map(({ providerId }) => providerId)).toEqual(['1', '2'])
    expect(calls).toEqual([
      ['pageInvoices', { tags: [inv('1')], limit: 100 }],
      ['pageInvoices', { tags: [inv('1')], limit: 100, cursor: 'c' }],
    ])
  })
})

describe('paying', () => {
  test('an order goes out under its externalId, as key and as tag', async () => {
    expect(await rail({ createTransfers: [done([sent()])] }).pay([payout], inTime)).toMatchObject({
      is: 'done',
      value: [
        {
          providerId: '77',
          externalId,
          units: 3950n,
          status: 'created',
          to: { bank: '20018183', number: '6341320293482496' },
        },
      ],
    })
    expect(calls[0]![1]).toEqual([
      {
        amount: 3950,
        name: 'Stark',
        taxId: '20.018.183/0001-80',
        bankCode: '20018183',
        branchCode: '0001',
        accountNumber: '6341320293482496',
        accountType: 'payment',
        externalId,
        description: 'Net',
        tags: [externalId, inv('1')],
      },
    ])
  })

  test('a lost answer is asked for again under the same key, at most three times, with growing jitter', async () => {
    expect(
      await rail({ createTransfers: [unsure('timeout'), unsure('502'), done([sent()])] }).pay(
        [payout],
        inTime,
      ),
    ).toMatchObject({
      is: 'done',
    })
    expect(new Set(calls.map(([, given]) => JSON.stringify(given))).size).toBe(1)
    expect(slept).toHaveLength(2)
    calls = []
    expect(await rail({ createTransfers: [unsure('timeout')] }).pay([payout], inTime)).toEqual(
      unsure('timeout'),
    )
    expect(calls).toHaveLength(3)
  })

  test('once a try was unsure, a later refusal does not make it undone', async () => {
    for (const later of [refused('unreachable', true), refused('invalidAmount')])
      expect(await rail({ createTransfers: [unsure('timeout'), later] }).pay([payout], inTime)).toEqual(
        unsure('timeout'),
      )
  })

  test('a plain refusal is not tried again', async () => {
    expect(await rail({ createTransfers: [refused('invalidAmount')] }).pay([payout], inTime)).toEqual(
      refused('invalidAmount'),
    )
    expect(calls).toHaveLength(1)
  })

  test('finding by externalId asks by tag', async () => {
    expect(
      await rail({ pageTransfers: [page([sent({ status: 'failed' })])] }).findPayouts(externalId),
    ).toMatchObject({
      is: 'done',
      value: [{ externalId, status: 'failed' }],
    })
    expect(calls).toEqual([['pageTransfers', { tags: [externalId], limit: 100 }]])
  })
})

describe('patience', () => {
  test('a read waits as long as the bank asks, and leaves a longer wait to who asked', async () => {
    expect(await rail({ balance: [refused('429', true, 2_000), done({ amount: -7 })] }).balance()).toEqual(
      done(-7n),
    )
    expect(slept[0]).toBeGreaterThanOrEqual(2_000)
    expect(slept[0]).toBeLessThanOrEqual(2_500)
    calls = []
    expect(await rail({ balance: [refused('429', true, 60_000)] }).balance()).toEqual(
      refused('429', true, 60_000),
    )
    expect(calls).toHaveLength(1)
  })

  test('marking delivered is tried again; canceling and registering are not', async () => {
    const stark = rail({
      markDelivered: [unsure('502'), done(undefined)],
      patchInvoice: [unsure('502')],
      createWebhook: [unsure('502')],
    })
    expect(await stark.markDelivered('1')).toEqual(done(undefined))
    expect(await stark.cancelInvoice('2')).toEqual(unsure('502'))
    expect(await stark.registerWebhook('https://here.example/w')).toEqual(unsure('502'))
    expect(calls.map(([name]) => name)).toEqual([
      'markDelivered',
      'markDelivered',
      'patchInvoice',
      'createWebhook',
    ])
  })

  test('two rails with one seed wait alike', async () => {
    const waits = async () => {
      slept = []
      await rail({ balance: [unsure('x')] }).balance()
      return slept
    }
    expect(await waits()).toEqual(await waits())
  })
})

describe('hearing what a push lost', () => {
  const credit = (id: string, at: string) => ({
    id,
    type: 'credited',
    created: at,
    errors: [],
    invoice: made(inv('1'), { fee: 50, status: 'paid' }),
  })
  const final = (id: string, at: string) => ({
    id,
    type: 'success',
    created: at,
    errors: [],
    transfer: sent({ status: 'success' }),
  })

  test('undelivered events become the bytes a push would have brought, oldest first', async () => {
    const event = (id: string, at: string) => ({
      id,
      created: at,
      subscription: 'invoice',
      workspaceId: undefined,
      log: credit(`l${id}`, at),
    })
    const stark = rail({
      pageEvents: [page([event('2', '2026-11-21T03:00:02+00:00')], 'c'), page([event('1', created)])],
    })
    const answer = await stark.undelivered()
    if (answer.is !== 'done') throw new Error(answer.why)
    expect(answer.value.items.map(({ eventId }) => eventId)).toEqual(['1', '2'])
    expect(stark.read(answer.value.items[0]!.raw)).toMatchObject({
      eventId: '1',
      workspaceId: '42',
      kind: 'invoice.credited',
      logId: 'l1',
    })
  })

  test('undelivered events without end come in portions: what is left stays undelivered', async () => {
    const stark = rail({
      pageEvents: [page([{ id: '1', created, subscription: 'x', workspaceId: '42', log: {} }], 'again')],
    })
    const answer = await stark.undelivered()
    if (answer.is !== 'done') throw new Error(answer.why)
    expect(answer.value.items).toHaveLength(20)
    expect(await stark.undelivered(answer.value.next)).toMatchObject({ is: 'done' })
    expect(calls.at(-1)![1]).toMatchObject({ cursor: 'again' })
    expect(await stark.undelivered('["a","b"]')).toMatchObject({ is: 'refused', again: false })
  })

  test('missed logs of both kinds come oldest first, only those since the time asked, as events named after them', async () => {
    const stark = rail({
      pageInvoiceLogs: [
        page([credit('3', '2026-11-21T03:00:03+00:00'), credit('1', '2026-11-21T02:00:00+00:00')]),
        page([{ ...credit('4', '2026-11-21T03:00:04+00:00'), type: 'voided' }]),
      ],
      pageTransferLogs: [
        page([final('2', '2026-11-21T02:30:00+00:00'), final('0', '2026-11-21T01:59:59.999+00:00')]),
        page([]),
      ],
    })
    const answer = await stark.missedLogs('2026-11-21T02:00:00.000Z')
    if (answer.is !== 'done') throw new Error(answer.why)
    expect(answer.value.items.map(({ eventId }) => eventId)).toEqual(['log-1', 'log-2', 'log-3', 'log-4'])
    expect(stark.read(answer.value.items[1]!.raw)).toMatchObject({
      eventId: 'log-2',
      logId: '2',
      workspaceId: '42',
      about: 'payout',
      payout: { externalId, status: 'success' },
    })
    expect(text(answer.value.items[2]!.raw).event.log.invoice.fee).toBe(50)
    // The bank's days may be Brazil's: 02:00 UTC is still the day before there.
    expect(calls.map(([name, given]) => [name, (given as { after: string }).after])).toEqual([
      ['pageInvoiceLogs', '2026-11-20'],
      ['pageTransferLogs', '2026-11-20'],
      ['pageInvoiceLogs', '2026-11-20'],
      ['pageTransferLogs', '2026-11-20'],
    ])
  })

  test('the walk ends at the first page that is wholly too old', async () => {
    const old = page([credit('1', '2026-11-20T23:00:00+00:00')], 'more')
    const answer = await rail({ pageInvoiceLogs: [old], pageTransferLogs: [page([])] }).missedLogs(
      '2026-11-21T02:00:00.000Z',
    )
    expect(answer).toEqual(done({ items: [], next: undefined }))
    expect(calls.filter(([name]) => name === 'pageInvoiceLogs')).toHaveLength(2)
  })

  test('credits and ends come through though the bank refuses to list what it does not document', async () => {
    const answer = await rail({
      pageInvoiceLogs: [page([credit('1', created)]), refused('invalidInvoiceLog')],
      pageTransferLogs: [page([final('2', created)]), refused('invalidTransferLog')],
    }).missedLogs('2026-11-21T02:00:00.000Z')
    expect(answer).toMatchObject({
      is: 'done',
      value: { items: [{ eventId: 'log-1' }, { eventId: 'log-2' }], next: undefined },
    })
    expect(calls.at(-1)![1]).toMatchObject({ types: ['refunded'] })
  })

  test.each([['what became of invoices'], ['which transfers came back']])(
    'a list of %s that may come later fails the whole',
    async what => {
      const later = refused('429', true, 60_000)
      const answer = await rail({
        pageInvoiceLogs: [page([credit('1', created)]), what.startsWith('what') ? later : page([])],
        pageTransferLogs: [page([]), later],
      }).missedLogs('2026-11-21T02:00:00.000Z')
      expect(answer).toEqual(later)
    },
  )

  test('a transfer that came back after its success is heard of though nothing was pushed', async () => {
    const privateKey = generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey
    const soon: [number, number] = [1, 5]
    const sim = await startBank({
      settings: {
        skipAuth: true,
        startingBalance: 10_000,
        refundRate: 1,
        transferDelayMs: soon,
        eventDelayMs: soon,
      },
    })
    const stark = connectStarkbank({
      environment: 'sandbox',
      projectId: '1',
      workspaceId: '42',
      apiUrl: sim.url,
      privateKeyPem: privateKey.export({ type: 'sec1', format: 'pem' }).toString(),
      clock: systemClock,
      random: seededRandom(1),
      log: silentLog,
    })
    try {
      expect(await stark.pay([payout], inTime)).toMatchObject({ is: 'done' })
      const heard = async () => {
        const answer = await stark.missedLogs(new Date(Date.now() - 60_000).toISOString())
        return answer.is === 'done' ? answer.value.items.map(({ raw }) => stark.read(raw).kind) : answer
      }
      await eventually(heard).toEqual(['transfer.success', 'transfer.refunded'])
    } finally {
      stark.close()
      await sim.close()
    }
  })

  test('a page that fails fails the whole: a list with a hole would look complete', async () => {
    const stark = rail({
      pageInvoiceLogs: [page([credit('1', created)], 'c'), unsure('502')],
      pageTransferLogs: [page([])],
    })
    expect(await stark.missedLogs('2026-11-21T02:00:00.000Z')).toEqual(unsure('502'))
  })

  test('a list without end is refused, not cut', async () => {
    expect(await rail({ pageTransfers: [page([sent()], 'again')] }).findPayouts(externalId)).toMatchObject({
      is: 'refused',
    })
  })
})

describe('connecting', () => {
  const privateKeyPem = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
    .privateKey.export({ type: 'sec1', format: 'pem' })
    .toString()
  const clock = { now: () => 0, sleep: async () => {} }
  const parts = {
    projectId: '1',
    workspaceId: '2',
    privateKeyPem,
    clock,
    random: seededRandom(1),
    log: silentLog,
  }

  test("another address than the bank's is refused in production", () => {
    expect(() =>
      connectStarkbank({ ...parts, environment: 'production', apiUrl: 'http://127.0.0.1:9' }),
    ).toThrow(/STARKBANK_API_URL/)
  })

  test('an address that is not one is bad input, and a login in it is not repeated', () => {
    for (const apiUrl of [
      '127.0.0.1:9',
      'ftp://x',
      'http://',
      'http://x/v3',
      'http://x/?a=1',
      'http://me:secret@x',
    ])
      expect(() => connectStarkbank({ ...parts, environment: 'sandbox', apiUrl })).toThrow(BadInput)
    expect(() =>
      connectStarkbank({ ...parts, environment: 'sandbox', apiUrl: 'http://me:secret@x' }),
    ).not.toThrow(/secret/)
  })

  test('a forged event is judged by the keys handed in, without a call', async () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
    const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
    const stark = connectStarkbank({
      ...parts,
      environment: 'sandbox',
      apiUrl: 'http://127.0.0.1:9/v2',
      keys: { initial: [{ pem }] },
    })
    expect(await stark.verify(Buffer.from('{}'), ['junk'])).toMatchObject({ is: 'forged' })
    stark.close()
  })
})
