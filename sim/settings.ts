/** How the simulated bank behaves, and what may go wrong: every default in one place. */

/** Least and most, both included. */
export type Range = [low: number, high: number]

export interface Settings {
  workspaceId: string
  /** No credentials or signatures are looked at: for use inside one process. */
  skipAuth: boolean
  /**
   * The code with which every request is refused, as if the key, the project or the address were wrong; also
   * where no credentials are looked at.
   */
  refuseAll: 'invalidCredentials' | 'invalidProject' | 'invalidIp' | undefined
  /** Access-Time further than this from the bank's clock is refused. */
  skewSeconds: number
  /** The only address requests may come from, where one is set. */
  allowedIp: string | undefined
  /** Share of invoices that are paid at all. */
  payRate: number
  payDelayMs: Range
  /** Invoices with a tag that begins so are paid only by `pay`: somebody stands before their code. */
  waitsTag: string | undefined
  /** Between an invoice's `paid` and `credited`, whichever comes first. */
  creditDelayMs: Range
  /** Share of payments whose `credited` comes before `paid` (4 of 11 measured on the sandbox). */
  creditedFirstRate: number
  /** Cents the bank keeps of each credited invoice. */
  fee: number
  /** The bank adds the Pix end-to-end id to a paid invoice's tags. */
  endToEndTag: boolean
  /** Share of overdue invoices that are paid after all, with what is added by then. */
  latePayRate: number
  /** Share of credited invoices that are given back to the payer later. */
  reversalRate: number
  reversalDelayMs: Range
  /** Share of those that are of a part of it only. */
  reversalPartRate: number
  /** Share of reversals that the payer's bank sends back. */
  reversalFailRate: number
  /**
   * Share of reversals of which the invoice's amount falls only when the money leaves, not when they begin.
   */
  reversalLateFallRate: number
  /** Cents on top of each transfer. */
  transferFee: number
  /**
   * Between a transfer's creation and the bank's look at it (balance, duplicates), and again to its outcome.
   */
  transferDelayMs: Range
  /** Share of transfers the receiver's bank sends back instead of taking. */
  transferFailRate: number
  /** Share of successful transfers that come back afterwards. */
  refundRate: number
  startingBalance: number
  /**
   * Between a log and its event. Less than creditDelayMs, so that the order of paid and credited is
   * creditedFirstRate's alone.
   */
  eventDelayMs: Range
  /**
   * After each failed push, how long until the next: 5, 30 and 120 minutes, then never (Stark Bank docs,
   * Webhook).
   */
  retryDelaysMs: number[]
  /** Every wait above is divided by this; due and expiry dates are not, they are the client's. */
  timeScale: number
}

const minute = 60_000

export const defaultSettings: Settings = {
  workspaceId: '6010044957065216',
  skipAuth: false,
  refuseAll: undefined,
  skewSeconds: 300,
  allowedIp: undefined,
  payRate: 0.85,
  payDelayMs: [2_000, 10_000],
  waitsTag: undefined,
  creditDelayMs: [500, 1_500],
  creditedFirstRate: 1 / 3,
  fee: 0,
  endToEndTag: true,
  latePayRate: 0,
  reversalRate: 0,
  reversalDelayMs: [5_000, 20_000],
  reversalPartRate: 0,
  reversalFailRate: 0,
  reversalLateFallRate: 0,
  transferFee: 0,
  transferDelayMs: [500, 3_000],
  transferFailRate: 0,
  refundRate: 0,
  startingBalance: 0,
  eventDelayMs: [100, 400],
  retryDelaysMs: [5 * minute, 30 * minute, 120 * minute],
  timeScale: 1,
}

/** Each is the probability of that fault at its occasion, 0 to 1. */
export interface WebhookFaults {
  /** The same event is pushed twice. */
  duplicate: number
  /** Pushed up to a minute late. */
  delay: number
  /** Held back some seconds, so that later events overtake it. */
  reorder: number
  /** Never pushed; `isDelivered` stays false. */
  drop: number
  /** One attempt bears a signature by a key that is not the bank's; the retry is right. */
  wrongSignature: number
  /** One more push, genuine, of another workspace's invoice that bears the same tags. */
  foreignWorkspace: number
  /** One more push whose amount was changed after signing. */
  tampered: number
}

export interface ApiFaults {
  /** With Retry-After. */
  status429: number
  /** Half of these happen after the request took effect, as do status502Html and html200. */
  status500: number
  status502Html: number
  html200: number
  hang: number
  hangAfterCommit: number
  resetBefore: number
  resetAfterCommit: number
  /**
   * Something on the way sends the request twice, and the second answer comes back: of an invoice there are
   * two then.
   */
  repeated: number
  error400WithoutErrors: number
  /** 307 to another host. */
  redirect: number
}

export interface Faults extends WebhookFaults, ApiFaults {
  /**
   * A pattern that `POST /v2/invoice` (method and path) must match for an API fault to apply, e.g. `POST` or
   * `^GET .*log`.
   */
  only: string | undefined
  retryAfterSeconds: number
}

export const noFaults: Faults = {
  duplicate: 0,
  delay: 0,
  reorder: 0,
  drop: 0,
  wrongSignature: 0,
  foreignWorkspace: 0,
  tampered: 0,
  status429: 0,
  status500: 0,
  status502Html: 0,
  html200: 0,
  hang: 0,
  hangAfterCommit: 0,
  resetBefore: 0,
  resetAfterCommit: 0,
  repeated: 0,
  error400WithoutErrors: 0,
  redirect: 0,
  only: undefined,
  retryAfterSeconds: 1,
}
