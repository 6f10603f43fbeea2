/** The overview as its page shows it: what needs attention with where each thing is seen. */
import type { App } from '../../../jobs/jobs.ts'
import type { AttentionGroup, AttentionItem, AttentionKind } from '../../../queries/attention.ts'
import { showOverview, type Overview as Shown } from '../../../queries/overview.ts'
import { pathTo } from '../links.ts'

type Linked = { href: string | undefined }

export interface Overview extends Omit<Shown, 'asks'> {
  asks: (Omit<AttentionGroup, 'asks'> & Linked & { asks: (AttentionItem & Linked)[] })[]
}

export async function seeOverview(app: App): Promise<Overview> {
  const shown = await showOverview(app)
  return {
    ...shown,
    asks: shown.asks.map(group => ({
      ...group,
      href: listOf[group.kind],
      asks: group.asks.slice(0, maxShown).map(ask => ({ ...ask, href: hrefOf(ask) })),
    })),
  }
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
  'handover unconfirmed': '/console/payouts?rail=cash&state=sent',
  'handover waits': '/console/payouts?rail=cash&state=owed',
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
    case 'handover unconfirmed':
    case 'handover waits':
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
