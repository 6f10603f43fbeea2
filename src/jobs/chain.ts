/** The chain's flow: its part of the day, and how slots and orders are issued on it. */
import type { World } from '../base/world.ts'
import { chainTrouble, tipOf } from '../chain/chain.ts'
import { sql } from '../db/db.ts'
import { priceNow, pricingAt, rateNow } from '../invoice/invoice.ts'
import { holdAgainstChain, reconcileChain } from '../reconcile/reconcile.ts'
import type { Followed } from '../webhooks/webhooks.ts'
import { askRates, follow, issueRequests, passTime, sendCoins, type BitcoinSetup } from './bitcoin.ts'
import type { Job } from './app.ts'
import type { FlowParts, RailFlow } from './railFlow.ts'
import { counted, say } from './result.ts'
import type { JobResult } from './runner.ts'

const minute = 60_000

const jobs = ({ pollSeconds }: BitcoinSetup): Job[] => [
  {
    name: 'rates',
    byTime: true,
    wakes: '20 * * * * *',
    limitMs: minute,
    among: 'one',
    atStart: true,
    work: async (app, world) => void (await askRates(onChain(app, world))),
  },
  {
    name: 'follow-chain',
    wakes: { everySeconds: pollSeconds },
    limitMs: 60 * minute,
    among: 'one',
    atStart: true,
    work: async (app, world) => followed(await follow(onChain(app, world))),
  },
  {
    name: 'request-left',
    byTime: true,
    wakes: '*/10 * * * * *',
    limitMs: 5 * minute,
    among: 'any',
    work: async (app, world) =>
      say(await issueRequests(onChain(app, world)), 'request issued', 'requests issued'),
  },
  {
    name: 'pass-time',
    byTime: true,
    wakes: '*/10 * * * * *',
    limitMs: 5 * minute,
    among: 'one',
    work: async (app, world) =>
      say(await passTime(onChain(app, world)), 'request is over', 'requests are over'),
  },
  {
    name: 'send-coins',
    byTime: true,
    wakes: '*/5 * * * * *',
    limitMs: 10 * minute,
    among: 'one',
    work: async (app, world) => counted(await sendCoins(onChain(app, world))),
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

const onChain = ({ db, rails, bitcoin }: Omit<FlowParts, 'world'>, world: World) => ({
  db,
  rail: rails.bitcoin!,
  bitcoin: bitcoin!,
  world,
})

const followed = ({ blocks, left, news, trouble }: Followed): JobResult =>
  trouble !== undefined || left > 0 || news > 0
    ? [`${blocks} blocks read`, left > 0 && `${left} left behind`, `${news} news`, trouble]
        .filter(Boolean)
        .join(', ')
    : undefined

export const chainFlow: RailFlow = {
  isHere: ({ rails, bitcoin }) => rails.bitcoin !== undefined && bitcoin !== undefined,
  jobs: ({ bitcoin }) => jobs(bitcoin!),
  mayIssue: async parts => chainFlow.isHere(parts),
  async claiming(tx, { bitcoin, world }) {
    // Asked once: a rate that ages out between two looks must not leave a slot claimed and without a price.
    const rate = await rateNow(tx, bitcoin!, world)
    // Before the chain was first looked at, what is paid to an address of ours could be in a block that is
    // never read.
    if (!(await tipOf(tx))) return undefined
    return {
      // Without a good rate what is priced in reais waits, and the others do not.
      which: rate.is === 'rate' ? sql`rail = 'bitcoin'` : sql`(rail = 'bitcoin' and currency = 'BTC')`,
      price: schedule => pricingAt(rate, bitcoin!, schedule),
    }
  },
  issue: async (parts, batchTag) => `${await issueRequests(onChain(parts, parts.world), batchTag)} issued`,
  async notNow(reader, { bitcoin, world }) {
    // What is paid to an address of ours must be seen while its time runs.
    if (!(await tipOf(reader)) || (await chainTrouble(reader)) !== undefined) return 'not followed'
    return (await rateNow(reader, bitcoin!, world)).is === 'rate' ? undefined : 'no rate'
  },
  price: (tx, { bitcoin, world }, terms) => priceNow(tx, bitcoin!, world, terms),
}
