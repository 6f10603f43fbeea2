/** What needs a person, as commands and `/ready` say it, in English. */
import { formatMoney, type Asset } from '../base/money.ts'
import { isOnChain } from '../base/rails.ts'
import { unreadSentence, type LimitPer, type Stop } from '../payout/payout.ts'
import type { AttentionGroup, AttentionItem, AttentionKind } from './attention.ts'

/**
 * Each reason of the first kind of stop by itself: whoever lets go of one must have seen the others. What the
 * program stopped is mended first.
 */
export const stopSentences = (stops: readonly Stop[]): string[] =>
  stops
    .filter(({ code }, place) => place === 0 || (code === 'hold' && stops[0]?.code === 'hold'))
    .map(({ why }, place) =>
      place === 0 ? `payouts are stopped: ${why}` : `they were stopped before that: ${why}`,
    )

/** As commands say them all: the first of each kind, and how many more there are of it. */
export const sentences = (groups: readonly AttentionGroup[]): string[] =>
  groups.flatMap(({ kind, total, asks }) => [
    ...asks.map(sentence),
    ...(total > asks.length ? [more(kind, total - asks.length)] : []),
  ])

const more = (kind: AttentionKind, count: number) =>
  `and ${count} more of this kind (${kind})${listing[kind] === undefined ? '' : `: repasse ${listing[kind]}`}`

/** The command that lists them all. */
const listing: Partial<Record<AttentionKind, string>> = {
  'payout held': 'payout list --state held',
  'payout returned': 'payout list --state returned',
  'payout unsure': 'payout list --state unsure',
  'payout sent': 'payout list --state sent',
  'payout waiting': 'payout list --state waiting',
  'payout owed': 'payout list --state owed',
  'handover unconfirmed': 'payout list --rail cash --state sent',
  'handover waits': 'payout list --rail cash --state owed',
  'invoices forgotten': 'invoice forgotten',
  'invoice refused': 'invoice list --state refused',
  'invoice unsure': 'invoice list --state unsure',
  'invoice not issued': 'invoice list --state draft',
  'event quarantined': 'event list --state quarantined',
  'event waits': 'event list --state waiting',
  'line out': 'reconcile lines',
  'line in': 'reconcile lines',
  suspense: 'suspense list',
  'payout over limit': 'limits show',
  'proposal open': 'proposal list',
}

const limitPer = { payout: 'for one payout', hour: 'an hour', day: 'a day' } as const satisfies Record<
  LimitPer,
  string
>

/** As commands say it. */
export function sentence({ kind, id, number, of, why, units, since, unread }: AttentionItem): string {
  const ofOrder = of === null ? '' : ` of order ${of}`
  const came = formatMoney(units ?? 0n, 'BTC')
  switch (kind) {
    case 'payout over limit':
      return `payout ${id} of ${formatMoney(units ?? 0n, of as Asset)} is above the limit of ${formatMoney(number ?? 0n, of as Asset)} ${limitPer[why as LimitPer]}: repasse payout approve ${id} --why … proposes to pay it all the same`
    case 'limit used up':
      return `limits of ${id}: ${number} ${number === 1n ? 'payout has' : 'payouts have'} waited for more than an hour for that of ${formatMoney(units ?? 0n, of as Asset)} ${limitPer[why as LimitPer]}: repasse limits show`
    case 'account unsigned':
      return `account ${id}: its approval was said and not proven, and ${number} ${number === 1n ? 'payout waits' : 'payouts wait'} until a checker signs it: repasse account sign ${id} --key FILE`
    case 'schedule held':
      return `schedule ${id} issues nothing since ${of}: ${why} (put the row right, or make another version of it on the console)`
    case 'schedule unsigned':
      return `schedule ${id}: its terms were said and not proven, and ${number} ${number === 1n ? 'payout waits' : 'payouts wait'} until a checker signs them: repasse account sign --all --key FILE`
    case 'account waits':
      return `account ${id} was approved lately: ${number} ${number === 1n ? 'payout waits' : 'payouts wait'} until ${since} (COOLING_OFF)`
    case 'account awaits':
      return `account ${id} awaits approval`
    case 'account objected':
      return `${of} objects to account ${id}, so nothing is paid there and ${number} ${number === 1n ? 'payout waits' : 'payouts wait'}: ${why} (repasse account clear ${id} --why … proposes that it ends)`
    case 'limits objected':
      return `${of} objects to the limits of ${id}, so the strictest of what they were before and after counts: ${why} (repasse limits clear ${limitFlagOf(id)} --why … proposes that it ends)`
    case 'person objected':
      return `${of} objects to ${id}, who neither approves nor proposes: ${why} (repasse user clear ${id} --why … proposes that it ends)`
    case 'invitation opened twice':
      return `the invitation of ${id}, made by ${of}, was opened in two browsers and is withdrawn: ask them, then repasse user reset ${id}`
    case 'person new':
      return `${id} is ${of} now, let in by ${why}, and approves from ${since}: repasse user object ${id} --why … if that is not right`
    case 'notice failed':
      return `the mail about ${id} to ${of} could not be sent: ${why}`
    case 'account notice failed':
      return `the mail about account ${id} to ${of} could not be sent: ${why}`
    case 'limits notice failed':
      return `the mail about the limits of ${id} to ${of} could not be sent: ${why}`
    case 'anchor mail failed':
      return `the anchor of the audit log of ${of} could not be sent to ${id} (AUDIT_ANCHOR_EMAIL): ${why}`
    case 'proposal open':
      return `proposal ${id} (${of} of ${why}) awaits a second person: repasse proposal show ${id}`
    case 'payout held':
      return `payout ${id} is held: ${why}`
    case 'payout returned':
      return `payout ${id} is returned: ${why}`
    case 'event quarantined':
      return `event ${id} is quarantined: ${why}`
    case 'event conflict':
      return `event ${id} came with two bodies`
    case 'invoice refused':
      return `invoice ${id}${ofOrder} was refused by the bank`
    case 'request too small':
      return `invoice ${id}${ofOrder} is too small for the chain, and nobody was asked`
    case 'payee owes':
      return why === 'next-payouts'
        ? `account ${id} owes ${formatMoney(units ?? 0n, 'BRL')} for money that went back to payers: it is kept back from its next payouts`
        : `account ${id} owes ${formatMoney(units ?? 0n, 'BRL')} for money that went back to payers (repasse account show ${id})`
    case 'payee is owed':
      return `${formatMoney(units ?? 0n, 'BRL')} too much was kept back from account ${id}: it goes out with its next payout, or is returned by other means (repasse account debt ${id} --as returned)`
    case 'refund failed':
      return `the bank did not give ${formatMoney(units ?? 0n, 'BRL')} of invoice ${id} back to ${of}: ask for the refund again, or release its payout, which is held if it had not gone out`
    case 'refund late':
      return `the refund of ${formatMoney(units ?? 0n, 'BRL')} of invoice ${id} to ${of} is approved since ${why}, and the bank has not taken it on: is there balance, are payouts stopped? Its payout waits (repasse invoice show ${id})`
    case 'reversal slow':
      return `money of invoice ${id} has been going back to ${of} since ${why}, and the bank has not said what became of it: its payout waits (repasse invoice reversal ${id} --returned … --why … proposes how it ended)`
    case 'cancel refused':
      return `the bank does not cancel invoice ${id}, and ${of} can still pay it: ${why}`
    case 'cancel late':
      return `invoice ${id} was to be canceled at ${why}, and the bank has not answered: ${of} can still pay it`
    case 'reissue paid twice':
      return `${of} paid invoice ${why} and also ${id}, which was asked for in its place: repasse invoice refund gives one back`
    case 'duplicate paid':
      return `${of} paid invoice ${id} twice: ${formatMoney(units ?? 0n, 'BRL')} of its duplicate ${why} is owed back (${decide(id, why)})`
    case 'duplicate paid alone':
      return `${of} is owed ${formatMoney(units ?? 0n, 'BRL')} paid to duplicate ${why} of invoice ${id}, which itself is not paid (${decide(id, why)})`
    case 'duplicate paid reversed':
      return `${of} is owed ${formatMoney(units ?? 0n, 'BRL')} paid to duplicate ${why} of invoice ${id}, which itself was reversed (${decide(id, why)})`
    case 'duplicate not credited':
      return `${of} paid ${formatMoney(units ?? 0n, 'BRL')} to duplicate ${why} of invoice ${id}, and the bank has not credited it yet`
    case 'duplicate open':
      return `duplicate ${why} of invoice ${id} can still be paid by ${of}, and the bank has not canceled it for more than 10 minutes`
    case 'duplicate refund late':
      return `the refund of ${formatMoney(units ?? 0n, 'BRL')} to ${of} for duplicate ${why} of invoice ${id} has not arrived for more than 30 minutes`
    case 'duplicate returned':
      return `${formatMoney(units ?? 0n, 'BRL')} of duplicate ${why} of invoice ${id} went back to ${of} though it was settled otherwise: perhaps ${of} has it twice`
    case 'order':
      return `order ${id}: ${why}`
    case 'letter failed':
      return `the mail "${of}" of order ${id} could not be sent: ${why}`
    case 'retention failed':
      return `old personal data is not all dropped since ${since}: the nightly job failed with: ${why} (repasse run show ${id})`
    case 'foreign events':
      return 'events of another workspace come, and none of ours: is STARKBANK_WORKSPACE_ID right? "repasse doctor" asks the bank'
    case 'chain unread':
    case 'bank unread':
      return unread === undefined ? '' : unreadSentence(unread)
    case 'rail silent':
      return `${isOnChain(of ?? '') ? 'the Bitcoin node' : 'the bank'} has not answered since ${since}: ${why}, so nothing moves there`
    case 'line out':
      return `${formatMoney(-(units ?? 0n), 'BRL')} left the bank by no order of ours (line ${id}: ${of}), so payouts are stopped: repasse reconcile accept ${id} --why …, or repasse reconcile rule add`
    case 'suspense': {
      const act =
        of === null
          ? `suspense close ${id} --why …`
          : `payout adjudicate ${of} --transfer ${id} --as ours|not-ours --why …`
      return `${formatMoney(units ?? 0n, 'BRL')} moved at the bank under our tag ${why} (${id}), for nothing these books know: repasse ${act}`
    }
    case 'line in':
      return `${formatMoney(units ?? 0n, 'BRL')} came to the bank for nothing of ours (line ${id}: ${of}): repasse reconcile accept ${id} --why …`
    case 'payout unsure':
      return `payout ${id} has been unsure for more than 30 minutes: ${why}`
    case 'payout sent':
      return `payout ${id} was sent at ${of}, and nobody has said that it arrived`
    case 'payout waiting':
      return `payout ${id} has been waiting since ${of}: ${why}`
    case 'payout owed':
      return `payout ${id} has been owed since ${of} and is not ordered${why === '' ? '' : `: ${why}`}`
    case 'handover unconfirmed':
      return `payout ${id} was handed over at ${of}, and nobody else has confirmed it (repasse payout handed ${id})`
    case 'handover waits':
      return `payout ${id} of ${formatMoney(units ?? 0n, 'BRL')} waits to be handed over since ${of}${why === '' ? '' : `: ${why}`} (repasse payout hand-over ${id})`
    case 'invoice unsure':
      return `invoice ${id}${ofOrder} has been unsure for more than 30 minutes`
    case 'invoice not issued':
      return `invoice ${id}${ofOrder} is not issued yet, after more than 15 minutes`
    case 'event waits':
      return `event ${id} has been waiting for more than 15 minutes${why === '' ? '' : `: ${why}`}`
    case 'catch-up waits':
      return `${number} ${number === 1n ? 'slot' : 'slots'} of schedule ${id} since ${of} ${number === 1n ? 'waits' : 'wait'} for a person: ${why} (repasse schedule catch-up ${id} --go|--skip --why …)`
    case 'invoices unread':
      return `the bank’s invoices since the backup restored here are not read yet, so nothing is issued there${why === null ? '' : ` (${why})`}; where it does not list them, compare them there: repasse invoice forgotten --looked-at --why …`
    case 'invoices forgotten':
      return `${number} ${number === 1n ? 'invoice was' : 'invoices were'} asked for since the backup restored here, ${formatMoney(units ?? 0n, 'BRL')} in all, that these books have forgotten: repasse invoice forgotten lists them, and slots at the bank wait for a person until repasse invoice forgotten --looked-at --why …`
    case 'slot late':
      return `slot ${id} of schedule ${of} fell due at ${why} and is not run yet`
    case 'slot failed':
      return `slot ${id} of schedule ${of}, due at ${why}, failed and is not tried again`
    case 'chain trouble':
      return `the chain cannot be followed, so nothing is credited: ${why}`
    case 'bank denies':
      return `the bank does not know us, so nothing is issued or paid there until it does: ${why} ("repasse doctor" asks it)`
    case 'nobody signs':
      return 'approvals have to be proven, and no checker has an authenticator, a passkey or a key file: payouts wait until one signs (repasse user add NAME --role checker; repasse user key NAME --out FILE)'
    case 'own key retired':
      return `${of} signs its requests to the bank with key ${why}, which was retired: bring it the key file that "repasse bank-key status" shows in use`
    case 'clock off':
      return `the clocks disagree on ${of}, so nothing is issued, paid, expired or priced there until they agree: ${why}`
    case 'request late':
      return `request ${id} is late: ${why} (repasse invoice accept ${id} takes it on)`
    case 'request underpaid':
      return `request ${id} was paid in part, and its time is over: it is watched until ${why}`
    case 'bundle waits':
      return `bundle ${id} waits: ${why}`
    case 'bundle slow':
      return `bundle ${id} has been ${of} since ${why}, and neither the node nor the program says why it does not go on`
    case 'bundle unsigned':
      return `bundle ${id} waits for a signature: repasse bitcoin psbt export ${id}`
    case 'coin not counted':
      return `${came} more came to request ${of} after it was credited, and are not counted: coin ${id}`
    case 'coin gone':
      return `the credited payment of ${came} to request ${of} left the chain: coin ${id}`
    case 'coin of no request':
      return `${came} came to address ${number} of ours, which no request has: coin ${id} is booked as external`
  }
}

const limitFlagOf = (id: string) => (id === 'BRL' || id === 'BTC' ? `--asset ${id}` : `--account ${id}`)

const decide = (id: string, duplicate: string | null) =>
  `repasse invoice refund ${id} --twin ${duplicate} gives it back; with --keep --why … it was settled otherwise`
