/** The Stark Bank rail: the installation’s orders in the bank's words, and the bank's answers in ours. */
import { BadInput, done, refused, unsure, type Answer } from '../../base/answer.ts'
import type { Log } from '../../base/log.ts'
import { percentText, usualExpiresInMs } from '../../base/payTerms.ts'
import type { Clock, Instant, Random } from '../../base/world.ts'
import type { InvoiceOrder, PayoutOrder, Portion, Rail } from '../rail.ts'
import { parseApiUrl } from './agent.ts'
import type {
  Bank,
  BankInvoiceLog,
  BankTransaction,
  BankTransferLog,
  InvoiceBody,
  ListedInvoice,
  Page,
  TransferBody,
} from './bank.ts'
import { keyRing, type KeyRingParts } from './keys.ts'
import { provingBeside } from './proving.ts'
import {
  eventBytes,
  logBytes,
  readEvent,
  toBatchInvoice,
  toInvoice,
  toInvoiceLog,
  toLine,
  toPayout,
} from './read.ts'
import { paced, usualPace, type OnDenied, type Pace } from './pace.ts'
import { patiently } from './retry.ts'
import { sdkBank } from './sdk.ts'
import type { PemSource } from './sign.ts'
import { provenBy } from './verify.ts'

export interface RailParts {
  bank: Bank
  workspaceId: string
  clock: Clock
  random: Random
  log: Log
  /**
   * Public keys kept from an earlier run, what to do with what the bank publishes, and where signatures are
   * proven.
   */
  keys?: Omit<KeyRingParts, 'fetch' | 'clock' | 'log'>
  /** How fast the bank may be asked; without one, as fast as it answers. */
  pace?: Pace
  onDenied?: OnDenied
}

export interface ConnectParts extends Omit<RailParts, 'bank' | 'keys' | 'pace'> {
  environment: 'sandbox' | 'production'
  projectId: string
  privateKeyPem: PemSource
  /** Another base URL than the bank's; refused in production. */
  apiUrl?: string
  keys?: Omit<KeyRingParts, 'fetch' | 'clock' | 'log' | 'proving'>
}

/** How old what the bank said of its keys may be: a key it no longer publishes is noticed within a day. */
const askKeysAgainMs = 86_400_000

const maxOrders = 100
const pageSize = 100
const maxPages = 200
/** Of each list in one portion: two thousand rows. */
const portionPages = 20

// What became of an invoice after it was asked; `created` and `paid` say nothing that `credited` does not.
const creditLogs = ['credited']
const fateLogs = ['overdue', 'expired', 'canceled', 'reversing', 'reversed', 'voided', 'refunded']
const transferLogs = ['success', 'failed', 'canceled']
// A transfer that comes back after it succeeded.
const returnLogs = ['refunded']

/** The rail over the official SDK. One at a time in a process: the SDK has one agent. */
export function connectStarkbank({
  environment,
  projectId,
  privateKeyPem,
  apiUrl,
  keys,
  ...parts
}: ConnectParts): Rail {
  if (apiUrl !== undefined) {
    parseApiUrl(apiUrl)
    if (environment === 'production')
      throw new BadInput(
        'STARKBANK_API_URL is for simulated banks: leave it out with STARKBANK_ENVIRONMENT=production',
      )
  }
  if (provenBy === 'OpenSSL')
    parts.log.warn(
      { platform: process.platform, arch: process.arch },
      'secp256k1 has no native build for this machine: signatures are verified by OpenSSL, at a sixth of the rate',
    )
  const bank = sdkBank({
    environment,
    projectId,
    privateKeyPem,
    clock: parts.clock,
    ...(apiUrl !== undefined && { apiUrl }),
  })
  return starkbankRail({
    ...parts,
    bank,
    pace: usualPace,
    keys: { askAgainMs: askKeysAgainMs, ...keys, proving: provingBeside(parts) },
  })
}

export function starkbankRail({
  bank: wire,
  workspaceId,
  clock,
  random,
  log,
  keys = {},
  pace,
  onDenied,
}: RailParts): Rail {
  const bank = paced(wire, clock, pace, onDenied)
  const patience = { clock, random }
  // One try only: the ring itself says when the next one is due.
  const fetchKeys = async () => mapped(await bank.publicKeys(), list => list.map(({ content }) => content))
  const ring = keyRing({ fetch: fetchKeys, clock, log, ...keys })

  return {
    name: 'starkbank',
    asset: 'BRL',
    workspaceId,

    // Never tried twice here: an invoice has no key, so a second POST makes a second invoice.
    async issue(orders, deadline) {
      const answer = await bank.createInvoices(checked(orders).map(invoiceBody), deadline)
      if (answer.is !== 'done') return answer
      return mapped(
        matched(orders, answer.value, ({ id }, { tags }) => tags.includes(id)),
        list => list.map(toInvoice),
      )
    },
    findInvoices: (tag, payerTaxId) =>
      everyTagged(
        tag,
        cursor => bank.pageInvoices({ tags: [tag], ...cursor }),
        toInvoice,
        ofPayer(payerTaxId),
      ),
    async invoicesSince(after, place) {
      const ask: Ask<ListedInvoice> = cursor =>
        bank.pageInvoices({ after: dayOf(after), limit: pageSize, ...cursor })
      return mapped(await portion([ask], after, place), ({ items, next }) => ({
        items: items.map(toBatchInvoice),
        next,
      }))
    },
    readInvoice: async id => mapped(await patiently(() => bank.getInvoice(id), patience), toInvoice),
    readInvoices: async ids =>
      mapped(await every(cursor => bank.pageInvoices({ ids, limit: pageSize, ...cursor })), items =>
        items.map(toInvoice),
      ),
    cancelInvoice: async id => mapped(await bank.patchInvoice(id, { status: 'canceled' }), toInvoice),
    refundInvoice: async (id, leftUnits, deadline) =>
      mapped(await bank.patchInvoice(id, { amount: Number(leftUnits) }, deadline), toInvoice),
    async invoiceLogs(id) {
      const answer = await every(cursor =>
        bank.pageInvoiceLogs({ invoiceIds: [id], limit: pageSize, ...cursor }),
      )
      return mapped(answer, logs =>
        oldestFirst(logs.filter(({ invoice }) => invoice.id === id)).map(toInvoiceLog),
      )
    },

    // Safe to try again in time: the bank fails a second transfer with the same externalId.
    async pay(orders, deadline) {
      const bodies = checked(orders).map(transferBody)
      const answer = await patiently(() => bank.createTransfers(bodies, deadline), patience)
      if (answer.is !== 'done') return answer
      return mapped(
        matched(orders, answer.value, ({ externalId }, { tags }) => tags.includes(externalId)),
        list => list.map(toPayout),
      )
    },
    findPayouts: tag => everyTagged(tag, cursor => bank.pageTransfers({ tags: [tag], ...cursor }), toPayout),
    async findPayoutsOfAll(tags) {
      const answer = await every(cursor => bank.pageTransfers({ tags, limit: pageSize, ...cursor }))
      return mapped(answer, items => {
        const found = oldestFirst(items)
        return new Map(tags.map(tag => [tag, found.filter(item => item.tags.includes(tag)).map(toPayout)]))
      })
    },
    readPayout: async id => mapped(await patiently(() => bank.getTransfer(id), patience), toPayout),
    async hasComeBack(id) {
      const answer = await every(cursor =>
        bank.pageTransferLogs({ transferIds: [id], limit: pageSize, ...cursor }),
      )
      return mapped(answer, logs =>
        logs.some(({ type, transfer }) => transfer.id === id && returnLogs.includes(type)),
      )
    },

    verify: (raw, signatures) => ring.verify(raw, signatures),
    publishedKeys: fetchKeys,
    read: readEvent,

    async undelivered(place) {
      const answer = await portion(
        [cursor => bank.pageEvents({ isDelivered: false, limit: pageSize, ...cursor })],
        undefined,
        place,
      )
      return mapped(answer, ({ items, next }) => ({
        items: items.map(event => ({ eventId: event.id, raw: eventBytes(event, workspaceId) })),
        next,
      }))
    },
    markDelivered: id => patiently(() => bank.markDelivered(id), patience),
    missedLogs,

    // The balance bears the workspace's id (seen on the sandbox; not documented).
    workspace: async () => mapped(await patiently(() => bank.balance(), patience), ({ id }) => id),
    balance: async () =>
      mapped(await patiently(() => bank.balance(), patience), ({ amount }) => BigInt(amount)),
    async statement(after, place) {
      const ask: Ask<BankTransaction> = cursor =>
        bank.pageTransactions({ after: dayOf(after), limit: pageSize, ...cursor })
      return mapped(await portion([ask], after, place), ({ items, next }) => ({
        items: items.map(toLine),
        next,
      }))
    },
    taggedLines: tag => everyTagged(tag, cursor => bank.pageTransactions({ tags: [tag], ...cursor }), toLine),

    webhooks: () => patiently(() => bank.webhooks(), patience),
    registerWebhook: url => bank.createWebhook({ url, subscriptions: ['invoice', 'transfer'] }),
    close() {
      keys.proving?.close()
      bank.close()
    },
  }

  async function missedLogs(after: Instant, place?: string): ReturnType<Rail['missedLogs']> {
    type Entry = {
      subscription: 'invoice' | 'transfer'
      entry: BankInvoiceLog | BankTransferLog
      created: string
    }
    const of =
      <T extends BankInvoiceLog | BankTransferLog>(
        subscription: Entry['subscription'],
        ask: Ask<T>,
      ): Ask<Entry> =>
      async cursor =>
        mapped(await ask(cursor), ({ items, cursor: next }) => ({
          items: items.map(entry => ({ subscription, entry, created: entry.created })),
          cursor: next,
        }))
    const invoiceLogs = (types: string[]) =>
      of('invoice', cursor =>
        bank.pageInvoiceLogs({ types, after: dayOf(after), limit: pageSize, ...cursor }),
      )
    const transferLogsOf = (types: string[]) =>
      of('transfer', cursor =>
        bank.pageTransferLogs({ types, after: dayOf(after), limit: pageSize, ...cursor }),
      )
    let lacksReversals = false
    const lists = [
      invoiceLogs(creditLogs),
      transferLogsOf(transferLogs),
      ifListed(
        invoiceLogs(fateLogs),
        'what became of unpaid invoices, and which were given back',
        () => (lacksReversals = true),
      ),
      ifListed(transferLogsOf(returnLogs), 'which transfers came back'),
    ]
    return mapped(await portion(lists, after, place), ({ items, next }) => ({
      items: items.map(({ subscription, entry }) => ({
        eventId: `log-${entry.id}`,
        raw: logBytes(subscription, entry, workspaceId),
      })),
      next,
      ...(lacksReversals && { lacksReversals }),
    }))
  }

  /**
   * Some types are seen but not documented: should the bank refuse them as a filter, credits and ends must
   * still come through.
   */
  function ifListed<T>(ask: Ask<T>, what: string, onRefused?: () => void): Ask<T> {
    return async cursor => {
      const answer = await ask(cursor)
      if (answer.is !== 'refused' || answer.again) return answer
      log.warn({ why: answer.why }, `the bank does not list ${what}`)
      onRefused?.()
      return done({ items: [], cursor: undefined })
    }
  }

  /**
   * What bears `tag` itself, oldest first: whether the bank's filter takes part of a tag for it is not
   * documented.
   */
  async function everyTagged<T extends { tags: string[]; created: string }, R>(
    tag: string,
    ask: (cursor: Cursor & { limit: number }) => Promise<Answer<Page<T>>>,
    read: (item: T) => R,
    wanted: (item: T) => boolean = () => true,
  ): Promise<Answer<R[]>> {
    const answer = await every(cursor => ask({ limit: pageSize, ...cursor }))
    return mapped(answer, items =>
      oldestFirst(items.filter(item => item.tags.includes(tag) && wanted(item))).map(read),
    )
  }

  /**
   * Some pages of each list, from `place` on, as one list, oldest first: the bank answers newest first, and
   * filters by day only, so what is older than `after` is left out. A list of any length is read so, portion
   * after portion, however long that takes.
   */
  async function portion<T extends { created: string }>(
    lists: readonly Ask<T>[],
    after: Instant | undefined,
    place: string | undefined,
  ): Promise<Answer<Portion<T>>> {
    const from = after === undefined ? -Infinity : Date.parse(after)
    const places = place === undefined ? lists.map(() => '') : placesOf(place, lists.length)
    if (!places) return refused('this is no place in a list of the bank', false)
    const items: T[] = []
    for (const [index, ask] of lists.entries()) {
      for (let pages = 0; places[index] !== null && pages < portionPages; pages++) {
        const cursor = places[index]!
        const answer = await patiently(() => ask(cursor === '' ? {} : { cursor }), patience)
        if (answer.is !== 'done') return answer
        const wanted = answer.value.items.filter(({ created }) => Date.parse(created) >= from)
        items.push(...wanted)
        const isOver = answer.value.cursor === undefined || (after !== undefined && wanted.length === 0)
        places[index] = isOver ? null : answer.value.cursor!
      }
    }
    return done({
      items: oldestFirst(items),
      next: places.every(each => each === null) ? undefined : JSON.stringify(places),
    })
  }

  /**
   * Every page until the last. What bears one tag is little: a list too long to walk is refused rather than
   * cut, for what is cut is lost.
   */
  async function every<T>(ask: Ask<T>): Promise<Answer<T[]>> {
    const items: T[] = []
    let cursor: string | undefined
    for (let pages = 0; pages < maxPages; pages++) {
      const answer = await patiently(() => ask(cursor === undefined ? {} : { cursor }), patience)
      if (answer.is !== 'done') return answer
      items.push(...answer.value.items)
      cursor = answer.value.cursor
      if (cursor === undefined) return done(items)
    }
    return refused(`the bank has more than ${maxPages * pageSize} entries under one tag`)
  }
}

/** Where each list is to go on: its cursor, '' at its beginning, null once it is over. */
function placesOf(place: string, count: number): (string | null)[] | undefined {
  const read = JSON.parse(place) as unknown
  const isPlaces =
    Array.isArray(read) &&
    read.length === count &&
    read.every(each => each === null || typeof each === 'string')
  return isPlaces ? (read as (string | null)[]) : undefined
}

type Cursor = { cursor?: string }
type Ask<T> = (cursor: Cursor) => Promise<Answer<Page<T>>>

const mapped = <T, R>(answer: Answer<T>, map: (value: T) => R): Answer<R> =>
  answer.is === 'done' ? done(map(answer.value)) : answer

/** One that shows no payer may be anybody's. The bank and we may punctuate a tax id otherwise. */
const ofPayer =
  (taxId: string | undefined) =>
  (invoice: ListedInvoice): boolean =>
    taxId === undefined || !invoice.taxId || bare(invoice.taxId) === bare(taxId)
const bare = (taxId: string): string => taxId.replace(/[^0-9a-z]/gi, '').toUpperCase()

/**
 * Microseconds count: the bank's times all have one shape and one zone, so within a millisecond the text
 * decides.
 */
const oldestFirst = <T extends { created: string }>(items: T[]): T[] =>
  items.toSorted(
    (a, b) =>
      Date.parse(a.created) - Date.parse(b.created) ||
      (a.created < b.created ? -1 : a.created > b.created ? 1 : 0),
  )

/**
 * The day to filter from. Whether the bank's days are Brazil's or UTC is not documented: three hours back
 * covers both.
 */
const dayOf = (after: Instant): string =>
  new Date(Date.parse(after) - 3 * 3_600_000).toISOString().slice(0, 10)

/**
 * One answer for each order, in the orders' order. The bank made something else than was asked when they do
 * not pair.
 */
function matched<O, T>(
  orders: readonly O[],
  made: readonly T[],
  pair: (order: O, item: T) => boolean,
): Answer<T[]> {
  const found = orders.map(order => made.find(item => pair(order, item))).filter(item => item !== undefined)
  if (made.length === orders.length && found.length === made.length) return done(found)
  return unsure(
    `${orders.length} were asked for, the bank answered ${made.length}, of which ${found.length} are ours`,
  )
}

function checked<O extends { units: bigint }>(orders: O[]): O[] {
  if (orders.length < 1 || orders.length > maxOrders)
    throw new BadInput(`one call takes 1 to ${maxOrders} orders, got ${orders.length}`)
  for (const { units } of orders)
    if (units <= 0n || units > BigInt(Number.MAX_SAFE_INTEGER))
      throw new BadInput(`an amount must be above zero and at most ${Number.MAX_SAFE_INTEGER}, got ${units}`)
  return orders
}

const invoiceBody = (order: InvoiceOrder): InvoiceBody => ({
  amount: Number(order.units),
  name: order.payerName,
  taxId: order.payerTaxId,
  due: offsetOf(order.dueAt),
  // The bank has a rule of its own wherever nothing is said.
  expiration: order.graceSeconds ?? usualExpiresInMs / 1_000,
  fine: percentOf(order.fineBp ?? 0n),
  interest: percentOf(order.interestBp ?? 0n),
  ...(order.discounts?.length && {
    discounts: order.discounts.map(({ basisPoints, until }) => ({
      percentage: percentOf(basisPoints),
      due: offsetOf(until),
    })),
  }),
  tags: [order.id, order.batchTag],
  ...withDescriptions([...(order.description ? [{ key: order.description }] : []), ...termsTold(order)]),
})

const offsetOf = (at: Instant): string => at.replace(/Z$/, '+00:00')
const percentOf = (basisPoints: bigint): number => Number(basisPoints) / 100
const withDescriptions = (descriptions: { key: string; value?: string }[]) =>
  descriptions.length > 0 ? { descriptions } : {}

/**
 * What the bank's page shows the payer besides: what is added to an amount should be read before it is paid.
 */
const termsTold = ({ fineBp = 0n, interestBp = 0n }: InvoiceOrder): { key: string; value: string }[] => [
  ...(fineBp > 0n ? [{ key: 'Multa após o vencimento', value: `${comma(fineBp)}%` }] : []),
  ...(interestBp > 0n ? [{ key: 'Juros ao mês após o vencimento', value: `${comma(interestBp)}%` }] : []),
]
const comma = (basisPoints: bigint): string => percentText(basisPoints).replace('.', ',')

const transferBody = ({ externalId, invoiceId, units, to, description }: PayoutOrder): TransferBody => ({
  amount: Number(units),
  name: to.holder,
  taxId: to.taxId,
  bankCode: to.bank,
  branchCode: to.branch,
  accountNumber: to.number,
  accountType: to.type,
  externalId,
  ...(description && { description }),
  tags: [externalId, invoiceId],
})
