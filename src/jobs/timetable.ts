/** The day on one screen: every job, when it wakes, and how long it may take. node-cron only wakes; what is due stands in the database. */
import { addUpTallies, anchorAudit, type Anchoring } from '../ledger/ledger.ts'
import { issueDrafts, resolveCancels, resolveRefunds, resolveTwins, resolveUnsureInvoices } from '../invoice/invoice.ts'
import { payoutsStopped, resolvePayouts, sendPayouts, type Terms } from '../payout/payout.ts'
import type { Rails } from '../rails/rail.ts'
import {
  findForgotten,
  pollEvents,
  readUnlisted,
  settleInbox,
  watchReversals,
  type Followed,
  type Inbox,
  type Polled,
} from '../webhooks/webhooks.ts'
import { queueAnchorMails } from './anchorMail.ts'
import { askRates, follow, issueRequests, passTime, sendCoins, type BitcoinDesk } from './bitcoin.ts'
import {
  checkBooksByAndBy,
  holdAgainstBank,
  reconcile,
  type CheckBeside,
  holdAgainstChain,
  reconcileChain,
} from '../reconcile/reconcile.ts'
import { runDueSlots } from './issue-slot.ts'
import { moveOrders, sendPost, type Post } from './orders.ts'
import { watchOwnKey } from './ownKey.ts'
import { dropOld } from './retention.ts'
import type { JobResult, Runner } from './runner.ts'
import type { Retention } from '../base/retentionSettings.ts'
import type { ShopLimits } from '../base/shopSettings.ts'
import type { World } from '../base/world.ts'
import { eachApart, throwFirst } from '../db/db.ts'

export interface Desk extends Runner {
  shopLimits?: ShopLimits
  rails: Rails
  inbox: Inbox
  terms: Terms
  /** Seconds between two polls of the bank. */
  pollSeconds: number
  /** How long a rail may fail to answer before it is said. */
  silentMs?: number
  /** There with the Bitcoin rail. */
  bitcoin?: BitcoinDesk
  /** There where letters can be sent. */
  post?: Post
  /** There where all the books can be checked beside this thread; without it that is done here. */
  checkBeside?: CheckBeside
  /** There where the audit log is anchored outside the database. */
  anchoring?: Anchoring
  /** Whom the audit log's anchors are mailed to. */
  anchorTo?: readonly string[]
  /** The key that requests to the bank are signed with now, by its fingerprint. */
  ownKeyId?: () => string
  /** How long what is personal is kept; for ever where nobody says. */
  retention?: Retention
}

export interface Job {
  name: string
  /** node-cron's six fields, in UTC, or every so many seconds. */
  wakes: string | { everySeconds: number }
  limitMs: number
  /** `one`: a lease in the database lets one process at a time do it. `any`: its rows are claimed one by one. */
  among: 'any' | 'one'
  /** At start too, not only when it next wakes. */
  atStart?: true
  /** It issues, pays, expires, prices or judges by the clock, so it rests while the clocks disagree. What only hears and books goes on. */
  byTime?: true
  work(desk: Desk, world: World): Promise<JobResult>
}

const minute = 60_000
const say = (count: number, one: string, many: string): string | undefined =>
  count === 0 ? undefined : `${count} ${count === 1 ? one : many}`

/** What this house wakes for: everyone's jobs, and those of each rail it runs on. */
export function timetable({
  rails,
  pollSeconds,
  bitcoin,
  post,
  anchoring,
  anchorTo = [],
  retention,
}: Pick<Desk, 'rails' | 'pollSeconds' | 'bitcoin' | 'post' | 'anchoring' | 'anchorTo' | 'retention'>): Job[] {
  return [
    ...common,
    ...(rails.starkbank ? bankJobs(pollSeconds) : []),
    ...(rails.bitcoin && bitcoin ? bitcoinJobs(bitcoin.pollSeconds) : []),
    ...(post ? postJobs(post) : []),
    ...(anchoring ? anchorJobs(anchoring) : []),
    ...(retention ? retentionJobs(retention) : []),
    ...(post && anchorTo.length > 0 ? [anchorMailJob(anchorTo)] : []),
  ]
}

const common: Job[] = [
  {
    name: 'slots',
    byTime: true,
    wakes: '* * * * * *',
    limitMs: 30 * minute,
    among: 'any',
    atStart: true,
    work: async (desk, world) => void (await runDueSlots({ ...desk, world })),
  },
  {
    name: 'settle',
    wakes: '* * * * * *',
    limitMs: 10 * minute,
    among: 'any',
    atStart: true,
    work: async ({ bitcoin, ...desk }, world) =>
      say(await settleInbox({ ...desk, world, ...(bitcoin && { chain: bitcoin.terms }) }), 'event settled', 'events settled'),
  },
  {
    name: 'orders',
    wakes: '* * * * * *',
    limitMs: 5 * minute,
    among: 'any',
    work: async (desk, world) => say(await moveOrders({ ...desk, world }), 'order moved', 'orders moved'),
  },
  {
    name: 'check-books',
    byTime: true,
    wakes: '0 */5 * * * *',
    // Once a night it is everything, which takes a minute with a million invoices, beside.
    limitMs: 30 * minute,
    among: 'one',
    atStart: true,
    work: async ({ db, checkBeside, anchoring }, world) =>
      (await checkBooksByAndBy(db, world, checkBeside, anchoring?.file))?.join(' · ') || undefined,
  },
  {
    name: 'add-up',
    wakes: '*/10 * * * * *',
    limitMs: 5 * minute,
    among: 'one',
    work: async ({ db }) => void (await addUpTallies(db)),
  },
]

const bankJobs = (pollSeconds: number): Job[] => [
  {
    name: 'send-payouts',
    byTime: true,
    wakes: '* * * * * *',
    limitMs: 10 * minute,
    among: 'any',
    work: async ({ db, rails, terms }, world) => counted(await sendPayouts(db, rails.starkbank!, world, terms.approvals)),
  },
  {
    name: 'issue-left',
    byTime: true,
    wakes: '*/10 * * * * *',
    limitMs: 10 * minute,
    among: 'any',
    work: async ({ db, rails }, world) => counted(await issueDrafts(db, rails.starkbank!, world)),
  },
  {
    name: 'resolve-invoices',
    byTime: true,
    wakes: '*/15 * * * * *',
    limitMs: 5 * minute,
    among: 'one',
    work: async ({ db, rails }, world) => {
      const rail = rails.starkbank!
      const at = { db, rail, world, stopped: payoutsStopped }
      const parts: [work: () => Promise<number>, one: string, many: string][] = [
        [() => findForgotten({ db, rail, world }), 'forgotten invoice found', 'forgotten invoices found'],
        [() => resolveUnsureInvoices(db, rail, world), 'unsure invoice settled', 'unsure invoices settled'],
        [() => resolveTwins(at), 'duplicate invoice looked at', 'duplicate invoices looked at'],
        [() => resolveRefunds(at), 'refund looked at', 'refunds looked at'],
        [() => watchReversals(at), 'reversal looked at', 'reversals looked at'],
        [() => readUnlisted(at), 'log of an invoice read', 'logs of invoices read'],
        [() => resolveCancels(at), 'cancelation gone on with', 'cancelations gone on with'],
      ]
      const said: (string | undefined)[] = []
      const faults = await eachApart(parts, async ([partWork, one, many]) => void said.push(say(await partWork(), one, many)))
      throwFirst(faults)
      return said.filter(Boolean).join(', ') || undefined
    },
  },
  {
    name: 'resolve-payouts',
    byTime: true,
    wakes: '*/15 * * * * *',
    limitMs: 5 * minute,
    among: 'one',
    work: async ({ db, rails }, world) => say(await resolvePayouts(db, rails.starkbank!, world), 'order asked about', 'orders asked about'),
  },
  {
    name: 'poll',
    wakes: { everySeconds: pollSeconds },
    limitMs: 5 * minute,
    among: 'one',
    atStart: true,
    // A hasty clock wakes it every second of its machine.
    work: async ({ db, rails, inbox }, world) =>
      polled(await pollEvents(db, rails.starkbank!, inbox, world, 1_000 * Math.max(pollSeconds, world.clock.speed ?? 0))),
  },
  {
    name: 'own-key',
    wakes: '45 * * * * *',
    limitMs: minute,
    among: 'any',
    atStart: true,
    work: async ({ ownKeyId, ...desk }, world) => {
      if (ownKeyId) await watchOwnKey({ ...desk, world }, ownKeyId())
    },
  },
  {
    name: 'reconcile',
    wakes: '30 */5 * * * *',
    limitMs: 5 * minute,
    among: 'one',
    work: async ({ db, rails }, world) => {
      const result = await reconcile(db, rails.starkbank!, world)
      return typeof result === 'string' ? { less: result } : holdAgainstBank(db, result)
    },
  },
]

const bitcoinJobs = (pollSeconds: number): Job[] => [
  {
    name: 'rates',
    byTime: true,
    wakes: '20 * * * * *',
    limitMs: minute,
    among: 'one',
    atStart: true,
    work: async (desk, world) => void (await askRates(onChain(desk, world))),
  },
  {
    name: 'follow-chain',
    wakes: { everySeconds: pollSeconds },
    limitMs: 60 * minute,
    among: 'one',
    atStart: true,
    work: async (desk, world) => followed(await follow(onChain(desk, world))),
  },
  {
    name: 'request-left',
    byTime: true,
    wakes: '*/10 * * * * *',
    limitMs: 5 * minute,
    among: 'any',
    work: async (desk, world) => say(await issueRequests(onChain(desk, world)), 'request issued', 'requests issued'),
  },
  {
    name: 'pass-time',
    byTime: true,
    wakes: '*/10 * * * * *',
    limitMs: 5 * minute,
    among: 'one',
    work: async (desk, world) => say(await passTime(onChain(desk, world)), 'request is over', 'requests are over'),
  },
  {
    name: 'send-coins',
    byTime: true,
    wakes: '*/5 * * * * *',
    limitMs: 10 * minute,
    among: 'one',
    work: async (desk, world) => counted(await sendCoins(onChain(desk, world))),
  },
  {
    name: 'reconcile-chain',
    wakes: '40 */10 * * * *',
    limitMs: 10 * minute,
    among: 'one',
    work: async ({ db, rails }, world) => {
      const result = await reconcileChain(db, rails.bitcoin!, world)
      return typeof result === 'string' ? result : holdAgainstChain(db, result)
    },
  },
]

const postJobs = (post: Post): Job[] => [
  {
    name: 'send-mail',
    wakes: '*/5 * * * * *',
    limitMs: 10 * minute,
    among: 'one',
    work: async (desk, world) => counted(await sendPost({ ...desk, world }, post)),
  },
]

const anchorJobs = ({ file }: Anchoring): Job[] => [
  {
    name: 'anchor-audit',
    wakes: '*/10 * * * * *',
    limitMs: 5 * minute,
    among: 'one',
    atStart: true,
    work: async ({ db, world: { log } }) =>
      (await anchorAudit(db, file, log)) === 'differs'
        ? { less: 'the audit log is not the one that was anchored: "repasse ledger check" says where' }
        : undefined,
  },
]

// Every hour it is asked whether a night has passed, so that a machine that is off at night is reached too.
const retentionJobs = (retention: Retention): Job[] => [
  {
    name: 'retention',
    byTime: true,
    wakes: '0 25 * * * *',
    limitMs: 60 * minute,
    among: 'one',
    atStart: true,
    work: ({ db }, world) => dropOld({ db, retention }, world),
  },
]

const anchorMailJob = (addresses: readonly string[]): Job => ({
  name: 'mail-anchors',
  wakes: '50 * * * * *',
  limitMs: 5 * minute,
  among: 'one',
  work: async (desk, world) => {
    const queued = await queueAnchorMails({ ...desk, world }, addresses)
    return queued === 'differs'
      ? { less: 'the audit log is not the one that was anchored: nothing is mailed' }
      : say(queued, 'anchor mailed', 'anchors mailed')
  },
})

const onChain = ({ db, rails, bitcoin }: Desk, world: World) => ({ db, rail: rails.bitcoin!, bitcoin: bitcoin!, world })

const followed = ({ blocks, left, news, trouble }: Followed): JobResult =>
  trouble !== undefined || left > 0 || news > 0
    ? [`${blocks} blocks read`, left > 0 && `${left} left behind`, `${news} news`, trouble].filter(Boolean).join(', ')
    : undefined

function polled({ fresh, lacks }: Polled): JobResult {
  const said = say(fresh, 'polled event was new to the inbox', 'polled events were new to the inbox')
  return lacks === undefined ? said : { less: [said, lacks].filter(Boolean).join('; ') }
}

/** What was left for later, refused or not answered is less than it should have been. */
const short = ['unsure', 'later', 'refused', 'failed']

function counted(counts: Record<string, number>): JobResult {
  const told = Object.entries(counts).filter(([, count]) => count > 0)
  if (told.length === 0) return undefined
  const said = told.map(([what, count]) => `${count} ${what}`).join(', ')
  return told.some(([what]) => short.includes(what)) ? { less: said } : said
}
