/** What jobs are done with, and what a job is. */
import type { Retention } from '../base/retentionSettings.ts'
import type { ShopLimits } from '../base/shopSettings.ts'
import type { World } from '../base/world.ts'
import type { Anchoring } from '../ledger/ledger.ts'
import type { Mailer } from '../mail/mail.ts'
import type { Terms } from '../payout/payout.ts'
import type { Rails } from '../rails/rail.ts'
import type { CheckBeside } from '../reconcile/reconcile.ts'
import type { Sheet } from '../shop/shop.ts'
import type { Inbox } from '../webhooks/webhooks.ts'
import type { BitcoinSetup } from './bitcoin.ts'
import type { JobResult, Runner } from './runner.ts'

/** The rails there are, and what the Bitcoin rail needs beside itself. */
export interface OnRails {
  rails: Rails
  bitcoin?: BitcoinSetup
}

/** Who carries letters, and what stands in all of them. */
export interface MailParts extends Sheet {
  mailer: Mailer
}

/** What decides which jobs there are. */
export interface DaySettings extends OnRails {
  /** Seconds between two polls of the bank. */
  pollSeconds: number
  /** There where letters can be sent. */
  post?: MailParts
  /** There where the audit log is anchored outside the database. */
  anchoring?: Anchoring
  /** Whom the audit log's anchors are mailed to. */
  anchorTo?: readonly string[]
  /** How long what is personal is kept; for ever where nobody says. */
  retention?: Retention
}

export interface App extends Runner, DaySettings {
  shopLimits?: ShopLimits
  inbox: Inbox
  terms: Terms
  /** How long a rail may fail to answer before it is said. */
  silentMs?: number
  /** There where all the books can be checked beside this thread; without it that is done here. */
  checkBeside?: CheckBeside
  /** The key that requests to the bank are signed with now, by its fingerprint. */
  ownKeyId?: () => string
}

export interface Job {
  name: string
  /** node-cron's six fields, in UTC, or every so many seconds. */
  wakes: string | { everySeconds: number }
  limitMs: number
  /**
   * `one`: a lease in the database lets one process at a time do it. `any`: its rows are claimed one by one.
   */
  among: 'any' | 'one'
  /** At start too, not only when it next wakes. */
  atStart?: true
  /**
   * It issues, pays, expires, prices or judges by the clock, so it rests while the clocks disagree. What only
   * hears and books goes on.
   */
  byTime?: true
  work(app: App, world: World): Promise<JobResult>
}
