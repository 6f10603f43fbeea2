/**
 * The day on one screen: every job but the rails' own (`bank.ts`, `chain.ts`), when it wakes, and how long it
 * may take. node-cron only wakes; what is due stands in the database.
 */
import type { Retention } from '../base/retentionSettings.ts'
import { addUpTallies, anchorAudit, type Anchoring } from '../ledger/ledger.ts'
import { checkBooksByAndBy } from '../reconcile/reconcile.ts'
import { settleInbox } from '../webhooks/webhooks.ts'
import { queueAnchorMails } from './anchorMail.ts'
import type { DaySettings, Job, MailParts } from './app.ts'
import { runDueSlots } from './issue-slot.ts'
import { moveOrders, sendDueMails } from './orders.ts'
import { railFlows, railsHere } from './rails.ts'
import { counted, say } from './result.ts'
import { dropOld } from './retention.ts'

const minute = 60_000

/** What this installation wakes for: everyone's jobs, and those of each rail it runs on. */
export function timetable(day: DaySettings): Job[] {
  const { post, anchoring, anchorTo = [], retention } = day
  return [
    ...common,
    ...railsHere(day).flatMap(name => railFlows[name].jobs(day)),
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
    work: async (app, world) => void (await runDueSlots({ ...app, world })),
  },
  {
    name: 'settle',
    wakes: '* * * * * *',
    limitMs: 10 * minute,
    among: 'any',
    atStart: true,
    work: async ({ bitcoin, ...app }, world) =>
      say(
        await settleInbox({ ...app, world, ...(bitcoin && { chain: bitcoin.terms }) }),
        'event settled',
        'events settled',
      ),
  },
  {
    name: 'orders',
    wakes: '* * * * * *',
    limitMs: 5 * minute,
    among: 'any',
    work: async (app, world) => say(await moveOrders({ ...app, world }), 'order moved', 'orders moved'),
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

const postJobs = (post: MailParts): Job[] => [
  {
    name: 'send-mail',
    wakes: '*/5 * * * * *',
    limitMs: 10 * minute,
    among: 'one',
    work: async (app, world) => counted(await sendDueMails({ ...app, world }, post)),
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
  work: async (app, world) => {
    const queued = await queueAnchorMails({ ...app, world }, addresses)
    return queued === 'differs'
      ? { less: 'the audit log is not the one that was anchored: nothing is mailed' }
      : say(queued, 'anchor mailed', 'anchors mailed')
  },
})
