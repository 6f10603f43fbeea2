/** Settings of how long what is personal is kept. What is still needed cannot be set to go earlier. */
import { formatDuration, parseDuration } from './duration.ts'
import { parsedOr } from './setting.ts'
import type { Millis } from './world.ts'

/** Undefined: kept for ever. */
export interface Retention {
  /** The bodies of events of other workspaces and programs. */
  othersMs: Millis | undefined
  /** The bodies of events that were settled. */
  eventsMs: Millis | undefined
  /** The words of statement lines that are about nothing of ours, once they are covered or looked at. */
  linesMs: Millis | undefined
  /** Who placed an order that nothing came for. */
  buyersMs: Millis | undefined
  /** Whoever was asked by a schedule, or paid. */
  payersMs: Millis | undefined
  /** Letters to people of the console, and what mail servers said. */
  mailMs: Millis | undefined
  sessionsMs: Millis | undefined
  runLogsMs: Millis | undefined
  /** How often the job does it. */
  everyMs: Millis
}

const forever = ['forever', 'keep']

const atLeast = (fallback: string, least: string, why: string) => {
  const minMs = parseDuration(least)!
  const expected = `a length of time of ${least} or more, like ${fallback}, or forever${why === '' ? '' : `: ${why}`}`
  return parsedOr(
    fallback,
    (text): { ms: Millis | undefined } | undefined => {
      if (forever.includes(text)) return { ms: undefined }
      const ms = parseDuration(text)
      return ms === undefined || ms < minMs ? undefined : { ms }
    },
    expected,
  ).transform(({ ms }) => ms)
}

const reversible = 'a Pix can be given back for 90 days'

export const retentionSettings = {
  RETAIN_EVENTS_OF_OTHERS: atLeast('0s', '0s', ''),
  // Six years cover the five that are counted from the first day of the next year.
  RETAIN_EVENTS: atLeast('2192d', '90d', reversible),
  RETAIN_STATEMENT_LINES: atLeast('2192d', '90d', reversible),
  RETAIN_BUYERS: atLeast('365d', '90d', reversible),
  RETAIN_PAYERS: atLeast('2192d', '1826d', 'the tax authority may ask for five years'),
  RETAIN_MAIL: atLeast('180d', '7d', 'letters are tried for three days'),
  RETAIN_SESSIONS: atLeast('90d', '1d', 'a session lasts eight hours'),
  RETAIN_RUN_LOGS: atLeast('180d', '7d', 'an alarm sends people to them'),
}

/** `2192d`, or `forever`. */
export const formatRetention = (ms: Millis | undefined): string =>
  ms === undefined ? 'forever' : formatDuration(ms)
