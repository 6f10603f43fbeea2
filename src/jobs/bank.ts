/** The bank's flow: its part of the day, and how slots and orders are issued there. */
import { throwFirst, eachApart, sql } from '../db/db.ts'
import {
  cancelInvoice,
  inReaisAsSaid,
  issueDrafts,
  resolveCancels,
  resolveRefunds,
  resolveTwins,
  resolveUnsureInvoices,
} from '../invoice/invoice.ts'
import { bankMayBeAsked } from '../ledger/ledger.ts'
import { payoutsStopped, resolvePayouts, sendPayouts } from '../payout/payout.ts'
import { holdAgainstBank, reconcile } from '../reconcile/reconcile.ts'
import {
  areInvoicesUnread,
  findForgotten,
  pollEvents,
  readUnlisted,
  watchReversals,
  type Polled,
} from '../webhooks/webhooks.ts'
import type { DaySettings, Job } from './app.ts'
import { watchOwnKey } from './ownKey.ts'
import type { RailFlow } from './railFlow.ts'
import { counted, say } from './result.ts'
import type { JobResult } from './runner.ts'

const minute = 60_000

const jobs = ({ pollSeconds }: DaySettings): Job[] => [
  {
    name: 'send-payouts',
    byTime: true,
    wakes: '* * * * * *',
    limitMs: 10 * minute,
    among: 'any',
    work: async ({ db, rails, terms }, world) =>
      counted(await sendPayouts(db, rails.starkbank!, world, terms.approvals)),
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
      const faults = await eachApart(
        parts,
        async ([partWork, one, many]) => void said.push(say(await partWork(), one, many)),
      )
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
    work: async ({ db, rails }, world) =>
      say(await resolvePayouts(db, rails.starkbank!, world), 'order asked about', 'orders asked about'),
  },
  {
    name: 'poll',
    wakes: { everySeconds: pollSeconds },
    limitMs: 5 * minute,
    among: 'one',
    atStart: true,
    // A hasty clock wakes it every second of its machine.
    work: async ({ db, rails, inbox }, world) =>
      polled(
        await pollEvents(
          db,
          rails.starkbank!,
          inbox,
          world,
          1_000 * Math.max(pollSeconds, world.clock.speed ?? 0),
        ),
      ),
  },
  {
    name: 'own-key',
    wakes: '45 * * * * *',
    limitMs: minute,
    among: 'any',
    atStart: true,
    work: async ({ ownKeyId, ...app }, world) => {
      if (ownKeyId) await watchOwnKey({ ...app, world }, ownKeyId())
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

function polled({ fresh, lacks }: Polled): JobResult {
  const said = say(fresh, 'polled event was new to the inbox', 'polled events were new to the inbox')
  return lacks === undefined ? said : { less: [said, lacks].filter(Boolean).join('; ') }
}

export const bankFlow: RailFlow = {
  isHere: ({ rails }) => rails.starkbank !== undefined,
  jobs,
  // After a restore the bank's invoices are read first, for those of a slot may be among them.
  mayIssue: async ({ db, rails, world }) =>
    rails.starkbank !== undefined &&
    (await bankMayBeAsked(db, rails.starkbank, world)) &&
    !(await areInvoicesUnread(db)),
  claiming: async () => ({ which: sql`rail = 'starkbank'`, price: () => inReaisAsSaid('starkbank') }),
  async issue({ db, rails, world }, batchTag) {
    const { issued, unsure, refused, later } = await issueDrafts(db, rails.starkbank!, world, batchTag)
    const said = [
      `${issued} issued`,
      unsure && `${unsure} unsure`,
      refused && `${refused} refused`,
      later && `${later} later`,
    ]
      .filter(Boolean)
      .join(', ')
    return unsure + refused + later > 0 ? { less: said } : said
  },
  notNow: async () => undefined,
  price: async () => inReaisAsSaid('starkbank'),
  cancel: ({ db, rails, world }, id, act) => cancelInvoice({ db, rail: rails.starkbank!, world }, id, act),
  async isPaidThere({ rails }, providerId) {
    const answer = await rails.starkbank?.readInvoice(providerId)
    return answer?.is === 'done' && answer.value.status === 'paid'
  },
}
