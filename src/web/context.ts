/** What every page is handed. */
import type { App } from '../jobs/jobs.ts'

export interface PageSettings {
  /** As people reach us, without a slash at the end; undefined where nobody said. */
  publicUrl: string | undefined
  /** What the shop is called. */
  shopName: string
  /** Where a payment can be simulated; there in the demonstration alone. */
  simulateUrl: string | undefined
  /**
   * Money here is play money: the bank's sandbox, or a chain that is not the real one. Said on every page of
   * the shop.
   */
  sandbox: boolean
}

export interface PageParts {
  app: App
  settings: PageSettings
  /** Aborts when the server closes: what streams ends then. */
  over: AbortSignal
}
