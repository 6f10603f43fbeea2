/**
 * The world is handed in: what a function needs of time, chance and the log comes as an argument, so any
 * failure replays from a seed.
 */
import type { Log } from './log.ts'

/** Milliseconds since 1970-01-01T00:00Z, from the clock handed in. */
export type Millis = number

/** UTC instant as text, `2026-11-21T03:00:00.000Z`: sorts as it reads, and is what the database keeps. */
export type Instant = string

export interface Clock {
  now(): Millis
  /** Resolves after `ms`, or at once when `signal` aborts. */
  sleep(ms: Millis, signal?: AbortSignal): Promise<void>
  /** How many of its seconds pass in one of the machine's; 1 where it does not say. */
  readonly speed?: number
  /**
   * Milliseconds since some start that nobody can set, and that go on while the process is stopped or the
   * machine sleeps.
   */
  uptimeMs?(): Millis
  /**
   * Resolves once whatever else waits in this process has had its turn: sockets, timers, other work. Whoever
   * has much to do asks for it between two pieces. A clock that only moves when it is told to has none, so
   * that a simulation is told the same.
   */
  turn?(): Promise<void>
  /** Why the time it shows is not to be believed now; undefined while it is. */
  trouble?(): string | undefined
  /**
   * Whether no clock that is surely another's was heard yet, so that one that was wrong from the start cannot
   * be known.
   */
  isAlone?(): boolean
  /** Takes note of what another clock says. */
  hear?(word: ClockWord): void
}

/**
 * What another clock said. `weight`: whether it is surely of another machine, may be our own machine's, or is
 * believed only with others.
 */
export interface ClockWord {
  whose: string
  weight: 'surely another' | 'perhaps ours' | 'one of many'
  atMs: Millis
  /** Our uptime when it was asked. */
  askedMs: Millis
}

/** Hands on the `Date` of an HTTP answer (RFC 9110 §6.6.1); one that is missing or no date says nothing. */
export function hearDate(clock: Clock, word: Omit<ClockWord, 'atMs'>, date: string | null | undefined): void {
  const atMs = Date.parse(date ?? '')
  if (!Number.isNaN(atMs)) clock.hear?.({ ...word, atMs })
}

/**
 * Why nothing may be issued, paid, expired or priced now: the clocks disagree. Undefined while they agree,
 * and where nobody watches.
 */
export const clockTrouble = ({ clock }: { clock: Clock }): string | undefined => clock.trouble?.()

export interface Random {
  bytes(count: number): Uint8Array
  /** A float in [0, 1). */
  next(): number
  /** An integer in [low, high], both ends included. */
  between(low: number, high: number): number
}

/**
 * Named places between two effects. In production they do nothing; a storm kills the process there,
 * the deterministic simulation throws there.
 */
export type CrashPoint = (name: string) => void | Promise<void>

/** A crash of the simulation stands for the process's end, so nothing catches it. */
export class Crash extends Error {
  override name = 'Crash'
}

export interface World {
  clock: Clock
  random: Random
  log: Log
  at: CrashPoint
  /**
   * How long people, roles, accounts and limits that are new or changed wait before money can use them
   * (COOLING_OFF); left out, they do not.
   */
  coolingOffMs?: Millis
}

export const instant = (ms: Millis): Instant => new Date(ms).toISOString()
export const millis = (at: Instant): Millis => Date.parse(at)
export const later = (at: Instant, ms: Millis): Instant => instant(millis(at) + ms)
