/** The day on one screen: every job, when it wakes, and how long it may take. node-cron only wakes; what is due stands in the database. */
import { issueDrafts, resolveUnsureInvoices } from '../invoice/invoice.ts'
import { resolvePayouts, sendPayouts, type Terms } from '../payout/payout.ts'
import type { Rail } from '../rails/rail.ts'
import { pollEvents, settleInbox, type Inbox } from '../webhooks/webhooks.ts'
import { checkBooks, holdAgainstBank, reconcile } from './books.ts'
import { runDueSlots } from './issue-slot.ts'
import type { JobResult, Runner } from './runner.ts'
import type { World } from '../base/world.ts'

export interface Desk extends Runner {
  rail: Rail
  inbox: Inbox
  terms: Terms
  /** Seconds between two polls of the bank. */
  pollSeconds: number
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
  work(desk: Desk, world: World): Promise<JobResult>
}

const minute = 60_000
const say = (count: number, one: string, many: string): JobResult => (count === 0 ? undefined : `${count} ${count === 1 ? one : many}`)

export const timetable = (pollSeconds: number): Job[] => [
  {
    name: 'slots',
    wakes: '* * * * * *',
    limitMs: 30 * minute,
    among: 'any',
    atStart: true,
    work: async (desk, world) => void (await runDueSlots({ ...desk, world }, desk.rail)),
  },
  {
    name: 'settle',
    wakes: '* * * * * *',
    limitMs: 10 * minute,
    among: 'any',
    atStart: true,
    work: async (desk, world) => say(await settleInbox({ ...desk, world }), 'event settled', 'events settled'),
  },
  {
    name: 'send-payouts',
    wakes: '* * * * * *',
    limitMs: 10 * minute,
    among: 'any',
    work: async ({ store, rail }, world) => counted(await sendPayouts(store, rail, world)),
  },
  {
    name: 'issue-left',
    wakes: '*/10 * * * * *',
    limitMs: 10 * minute,
    among: 'any',
    work: async ({ store, rail }, world) => counted(await issueDrafts(store, rail, world)),
  },
  {
    name: 'resolve-invoices',
    wakes: '*/15 * * * * *',
    limitMs: 5 * minute,
    among: 'one',
    work: async ({ store, rail }, world) =>
      say(await resolveUnsureInvoices(store, rail, world), 'unsure invoice settled', 'unsure invoices settled'),
  },
  {
    name: 'resolve-payouts',
    wakes: '*/15 * * * * *',
    limitMs: 5 * minute,
    among: 'one',
    work: async ({ store, rail }, world) => say(await resolvePayouts(store, rail, world), 'order asked about', 'orders asked about'),
  },
  {
    name: 'poll',
    wakes: { everySeconds: pollSeconds },
    limitMs: 5 * minute,
    among: 'one',
    atStart: true,
    work: async ({ store, rail, inbox }, world) =>
      say(await pollEvents(store, rail, inbox, world), 'polled event was new to the inbox', 'polled events were new to the inbox'),
  },
  {
    name: 'check-books',
    wakes: '0 */5 * * * *',
    limitMs: 5 * minute,
    among: 'one',
    atStart: true,
    work: async ({ store }, world) => (await checkBooks(store, world)).join(' · ') || undefined,
  },
  { name: 'reconcile', wakes: '30 */5 * * * *', limitMs: 5 * minute, among: 'one', work: reconcileOnce },
]

async function reconcileOnce({ store, rail }: Desk, world: World): Promise<JobResult> {
  const result = await reconcile(store, rail, world)
  return typeof result === 'string' ? result : holdAgainstBank(store, result)
}

function counted(counts: Record<string, number>): JobResult {
  const told = Object.entries(counts).filter(([, count]) => count > 0)
  return told.length === 0 ? undefined : told.map(([what, count]) => `${count} ${what}`).join(', ')
}
