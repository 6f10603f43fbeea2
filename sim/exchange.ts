/** What the bank's API is asked, and how a request can end. */
export interface BankRequest {
  method: string
  /** From `/v2/` on, without the query. */
  path: string
  query: URLSearchParams
  headers: Record<string, string>
  body: Buffer
  /** The client's address, where settings.allowedIp is to be held against it. */
  ip?: string
}

export type BankResponse =
  | { is: 'answer'; status: number; headers?: Record<string, string>; body: string }
  /** No answer ever comes. */
  | { is: 'hang' }
  /** The connection drops. */
  | { is: 'reset' }
