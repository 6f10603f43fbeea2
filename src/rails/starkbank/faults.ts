/**
 * What a failed call means: refused, and nothing happened there, or unsure. What it says is short and holds
 * no one's data.
 */
import { refused, denied, unsure, type Answer } from '../../base/answer.ts'
import type { Millis } from '../../base/world.ts'
import { neverSent } from './agent.ts'

// Codes Node gives before a connection is there.
const notReached = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'])
// Refusals of who and when we are, not of what was asked, with status 400 like all the others: true again
// once the key, the project, the allow-list or the clock is mended. The skew's own code is nowhere
// documented.
const ofUs =
  /^(invalid-?(credentials|project|ip|access-?(id|time|signature|key))|unauthori[sz]ed|forbidden)$/i
const skewed = /access-?time|clock skew|skewed/i

/**
 * Reads what the SDK threw, by its shape: its error classes exist twice, and the rest are axios's, which hold
 * headers and payers' data. Nothing of them is passed on but a status and codes.
 */
export function faultOf(error: unknown, now: Millis): Answer<never> {
  const { status, code, errors, response } = fieldsOf(error)
  if (status === 400 && Array.isArray(errors)) return inputErrors(errors)
  const answered = response?.status ?? status
  if (typeof answered === 'number') return statusFault(answered, () => retryAfterMs(response?.headers, now))
  if (code === 'ETOOLATE') return refused('too late to ask the bank: nothing was sent', true)
  if (unreached(error)) return refused(`the bank could not be reached${ofCode(code)}`, true)
  // Anything else broke after the request left, a TypeError of the SDK on an answer it could not read
  // included.
  return unsure(`the bank did not answer as it should${ofCode(code)}`)
}

/** Whether no connection was made, so that nothing can have been asked. */
export function unreached(error: unknown): boolean {
  const { code } = fieldsOf(error)
  return neverSent(error) || (code !== undefined && notReached.has(code))
}

/** What an HTTP status alone says. */
export function statusFault(
  status: number,
  afterMs: () => Millis | undefined = () => undefined,
): Answer<never> {
  if (status === 429) return refused('the bank asks for fewer requests (429)', true, afterMs())
  if (status === 401 || status === 403 || status === 407)
    return denied(`the bank refused who we are (${status})`)
  if (status >= 300 && status < 400)
    return refused(`the bank answered with a redirect (${status}), which is never followed`)
  // 400 without its list of errors, and 408, come from something in front of the bank: what is behind it may
  // have acted.
  if (status >= 400 && status < 500 && status !== 400 && status !== 408)
    return refused(`the bank refused the request (${status})`)
  return unsure(`the bank answered ${status}`)
}

/** The bank's own refusal: `{errors: [{code, message}]}` with status 400. Nothing was done. */
export function inputErrors(errors: unknown[]): Answer<never> {
  const told = errors
    .map(item => fieldsOf(item))
    .map(({ code = 'error', message = '' }) => ({ code, message }))
  const why = [...new Set(told.map(({ code, message }) => (message ? `${code}: ${message}` : code)))].map(
    withoutData,
  )
  const more = why.length > 5 ? [`and ${why.length - 5} more`] : []
  const said = cut([...why.slice(0, 5), ...more].join('; ')) || 'the bank refused'
  // Whoever was not let in was not heard either: one such code is about the whole request.
  const isOfUs =
    told.some(({ code }) => ofUs.test(code)) ||
    (told.length > 0 && told.every(({ message }) => skewed.test(message)))
  return isOfUs ? denied(said) : refused(said)
}

/** Tax ids, account numbers, addresses, keys: whatever is long and not prose. */
const withoutData = (text: string): string =>
  cut(text, 160)
    .replace(/(?<![^\s@])[^\s@]+@[^\s@]+/g, '…')
    .replace(/\d[\d./-]{4,}/g, '…')
    .replace(/[A-Za-z0-9+/=_-]{28,}/g, '…')

const cut = (text: string, most = 500): string => {
  const line = text.replace(/\s+/g, ' ').trim()
  return line.length > most ? `${line.slice(0, most - 1)}…` : line
}

// Only codes of the shape Node and axios use: a stranger's text is not repeated.
const ofCode = (code: string | undefined): string =>
  code !== undefined && /^[A-Z][A-Z0-9_]{1,40}$/.test(code) ? ` (${code})` : ''

/** Retry-After (RFC 9110 §10.2.3): seconds, or a date. */
export function retryAfterMs(headers: unknown, now: Millis): Millis | undefined {
  const value =
    typeof headers === 'object' && headers !== null
      ? (headers as Record<string, unknown>)['retry-after']
      : undefined
  if (typeof value !== 'string') return undefined
  if (/^\d{1,6}$/.test(value.trim())) return Number(value) * 1000
  const at = Date.parse(value)
  return Number.isNaN(at) ? undefined : Math.max(0, at - now)
}

interface Fields {
  status?: number
  code?: string
  message?: string
  errors?: unknown
  response?: { status?: number; headers?: unknown }
}

function fieldsOf(value: unknown): Fields {
  if (typeof value === 'string') return { message: value }
  if (typeof value !== 'object' || value === null) return {}
  const { status, code, message, errors, response } = value as Record<string, unknown>
  return {
    ...(typeof status === 'number' && { status }),
    ...(typeof code === 'string' && { code }),
    ...(typeof message === 'string' && { message }),
    ...(typeof response === 'object' && response !== null && { response }),
    errors,
  }
}
