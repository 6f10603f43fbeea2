/**
 * The counter's flow: nobody is asked, so its part of the day is to issue what is drafted and to end what is
 * due.
 */
import { cancelCash, expireCash, inReaisAsSaid, issueCash } from '../invoice/invoice.ts'
import { sql } from '../db/db.ts'
import { holdAfterRestore } from '../payout/payout.ts'
import type { Job } from './app.ts'
import type { RailFlow } from './railFlow.ts'
import { say } from './result.ts'

const minute = 60_000

const jobs: Job[] = [
  {
    name: 'counter',
    byTime: true,
    wakes: '*/10 * * * * *',
    limitMs: 5 * minute,
    among: 'any',
    async work({ db }, world) {
      const issued = say(await issueCash(db, world), 'invoice issued', 'invoices issued')
      const expired = say(await expireCash(db), 'invoice expired', 'invoices expired')
      return [issued, expired].filter(Boolean).join(', ') || undefined
    },
  },
]

export const cashFlow: RailFlow = {
  // There is nothing to be connected with: it is used where an account of its kind is.
  isHere: () => true,
  jobs: () => jobs,
  mayIssue: async () => true,
  claiming: async () => ({ which: sql`rail = 'cash'`, price: () => inReaisAsSaid('cash') }),
  issue: async ({ db, world }, batchTag) => `${await issueCash(db, world, batchTag)} issued`,
  notNow: async () => undefined,
  price: async () => inReaisAsSaid('cash'),
  cancel: ({ db }, id, act) => cancelCash(db, id, act),
  afterRestore: tx => holdAfterRestore(tx),
}
