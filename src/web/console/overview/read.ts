/** Reads the overview: what is next, what needs a person, how the books stand, what failed. Each is a step along an index. */
import type { Instant } from '../../../base/world.ts'
import { chainTrouble, tipOf } from '../../../chain/chain.ts'
import type { App, RunRow } from '../../../jobs/jobs.ts'
import { readBalanced, type Balanced, type HeldAgainst } from '../../../ledger/ledger.ts'
import { beforeThat, chainUnread, stopsOf, type Stop } from '../../../payout/payout.ts'
import { sql, type Reader } from '../../../db/db.ts'
import { attentionOf, askToRead, grouped, type AttentionItem, type AttentionGroup, type AttentionKind } from '../../../queries/attention.ts'
import { chainAsks } from '../../../queries/chainAttention.ts'
import { pathTo } from '../links.ts'

export interface Overview {
  stopped: Stop | undefined
  /** Each reason why payouts are stopped; of a hold's, the newest first. */
  stops: Stop[]
  next: { name: string; next_at: Instant; time_zone: string }[]
  /** By kind, worst first. */
  asks: (Omit<AttentionGroup, 'asks'> & { href: string | undefined; asks: (AttentionItem & { href: string | undefined })[] })[]
  books: { against: HeldAgainst; found: Balanced; why: string | undefined }[]
  failed: RunRow[]
}

const usualDepth = 6

export async function seeOverview({ db, bitcoin, rails, silentMs, terms }: App): Promise<Overview> {
  const now = await db.tx(tx => tx.now(), 'locks')
  const [tip, trouble, stops, next, balanced, failed, others] = await Promise.all([
    tipOf(db),
    chainTrouble(db),
    stopsOf(db),
    nextSlots(db),
    books(db),
    lastFailed(db),
    attentionOf(db, now, silentMs, terms.approvals),
  ])
  const onChain = rails.bitcoin !== undefined || tip !== undefined || trouble !== undefined
  const unread = onChain ? await chainUnread(db) : undefined
  const asks = [
    ...(unread === undefined ? [] : [askToRead(unread)]),
    ...(onChain ? await chainAsks(db, trouble, tip?.height, { now, payoutDepth: bitcoin?.terms.payoutDepth ?? usualDepth }) : []),
    ...others,
  ]
  return {
    stopped: stops[0],
    stops: stops.flatMap(stop => stop.why.split(beforeThat).map(why => ({ ...stop, why }))),
    next,
    asks: grouped(asks).map(group => ({
      ...group,
      href: listOf[group.kind],
      asks: group.asks.slice(0, maxShown).map(ask => ({ ...ask, href: hrefOf(ask) })),
    })),
    books: balanced,
    failed,
  }
}

const nextSlots = (reader: Reader): Promise<Overview['next']> =>
  reader.all(sql`
    select name, next_at, time_zone from schedules where state = 'active' and next_at is not null order by next_at, name limit 5`)

/** By outcome, because each has its own stretch of the index. */
const lastFailed = (reader: Reader): Promise<RunRow[]> =>
  reader.all<RunRow>(sql`
    select * from (select * from runs where outcome = 'failed' order by started_at desc, id desc limit 5) as f
    union all select * from (select * from runs where outcome = 'lost' order by started_at desc, id desc limit 5) as l
    order by started_at desc, id desc limit 5`)

async function books(reader: Reader): Promise<Overview['books']> {
  const whys = await reader.all<{ name: string; value: string }>(
    sql`select name, value from settings where name in ('books', 'bank', 'chain')`,
  )
  const found: Overview['books'] = []
  for (const against of ['books', 'bank', 'chain'] as const) {
    const balanced = await readBalanced(reader, against)
    if (balanced) found.push({ against, found: balanced, why: whys.find(({ name }) => name === against)?.value })
  }
  return found
}

/** What is shown of one kind before the rest is counted, with a link to all of it. */
const maxShown = 8

/** The list that has them all. */
const listOf: Partial<Record<AttentionKind, string>> = {
  'payout held': '/console/payouts?state=held',
  'payout returned': '/console/payouts?state=returned',
  'payout unsure': '/console/payouts?state=unsure',
  'payout sent': '/console/payouts?state=sent',
  'payout waiting': '/console/payouts?state=waiting',
  'payout owed': '/console/payouts?state=owed',
  'invoice refused': '/console/invoices?state=refused',
  'request too small': '/console/invoices?state=refused',
  'invoice unsure': '/console/invoices?state=unsure',
  'invoice not issued': '/console/invoices?state=draft',
  'request late': '/console/invoices?state=late',
  'request underpaid': '/console/invoices?state=underpaid',
  'event quarantined': '/console/events?state=quarantined',
  'event waits': '/console/events?state=waiting',
  'line out': '/console/reconciliation',
  'line in': '/console/reconciliation',
  'proposal open': '/console/proposals',
  'account unsigned': '/console/accounts/sign',
  'schedule unsigned': '/console/accounts/sign',
  'account awaits': '/console/accounts',
  'bundle waits': '/console/bitcoin',
  'bundle slow': '/console/bitcoin',
  'bundle unsigned': '/console/bitcoin',
}

/** Where the thing that a person is asked about is seen. */
function hrefOf({ kind, id, number, of }: AttentionItem): string | undefined {
  switch (kind) {
    case 'account unsigned':
    case 'account awaits':
    case 'account waits':
    case 'account objected':
    case 'account notice failed':
    case 'payee owes':
    case 'payee is owed':
      return pathTo('account', id)
    case 'person objected':
    case 'invitation opened twice':
    case 'person new':
    case 'notice failed':
      return `/console/people/${encodeURIComponent(id)}`
    case 'retention failed':
      return pathTo('run', id)
    case 'nobody signs':
      return '/console/people'
    case 'anchor mail failed':
      return '/console/audit'
    case 'payout over limit':
      return pathTo('payout', id)
    case 'limit used up':
    case 'limits objected':
    case 'limits notice failed':
      return '/console/limits'
    case 'proposal open':
      return pathTo('proposal', id)
    case 'payout held':
    case 'payout returned':
    case 'payout unsure':
    case 'payout sent':
    case 'payout waiting':
    case 'payout owed':
      return pathTo('payout', id)
    case 'event quarantined':
    case 'event conflict':
    case 'event waits':
      return number === null ? undefined : pathTo('event', `${number}`)
    case 'invoice refused':
    case 'invoice unsure':
    case 'invoice not issued':
    case 'request too small':
    case 'reversal slow':
    case 'refund failed':
    case 'refund late':
    case 'cancel refused':
    case 'cancel late':
    case 'reissue paid twice':
    case 'request late':
    case 'request underpaid':
      return pathTo('invoice', id)
    case 'duplicate paid':
    case 'duplicate paid alone':
    case 'duplicate paid reversed':
    case 'duplicate not credited':
    case 'duplicate open':
    case 'duplicate refund late':
    case 'duplicate returned':
      return `${pathTo('invoice', id)}#duplicates`
    case 'order':
    case 'letter failed':
      return pathTo('order', id)
    case 'bundle waits':
    case 'bundle slow':
    case 'bundle unsigned':
      return pathTo('bundle', id)
    case 'suspense':
      return of === null ? '/console/reconciliation#suspense' : pathTo('payout', of)
    case 'coin not counted':
    case 'coin gone':
      return of === null ? undefined : pathTo('invoice', of)
    case 'invoices unread':
    case 'invoices forgotten':
      return undefined
    case 'foreign events':
      return '/console/events?state=ignored'
    case 'catch-up waits':
    case 'schedule held':
    case 'schedule unsigned':
      return pathTo('schedule', id)
    case 'slot late':
    case 'slot failed':
      return pathTo('slot', id)
    case 'line out':
    case 'line in':
      return '/console/reconciliation'
    case 'rail silent':
    case 'chain unread':
    case 'bank unread':
    case 'chain trouble':
    case 'bank denies':
    case 'own key retired':
    case 'clock off':
    case 'coin of no request':
      return undefined
  }
}

/** The words that name it: the invoice of a coin, the coin where there is none. */
export const nameOf = ({ kind, id, of }: AttentionItem): string => (kind.startsWith('coin') ? (of ?? id) : id)
