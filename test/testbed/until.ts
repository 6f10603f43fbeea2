/**
 * Waits for a condition and not for a time, so that a fact holds on a machine that is busy with something
 * else.
 */
import { setTimeout as timer } from 'node:timers/promises'

export interface Patience {
  /**
   * How long to wait before the test fails. A loaded machine is slow, so it is far more than a good run
   * needs.
   */
  withinMs?: number
  everyMs?: number
}

// What timers take at most.
const longestTimerMs = 2 ** 31 - 1

type Falsy = undefined | null | false | 0 | 0n | ''

/**
 * Asks `condition` again and again until it answers something truthy, and answers that. A condition that
 * throws is not met yet. When the time is over it throws, naming `what` was waited for and the last answer or
 * error.
 */
export async function until<T>(
  condition: () => T | Promise<T>,
  what: string,
  { withinMs = 90_000, everyMs = 40 }: Patience = {},
): Promise<Exclude<T, Falsy>> {
  const end = performance.now() + withinMs
  let before: Look<unknown> | undefined
  for (;;) {
    // Taken before it is asked: who was kept from running until the time was over still gets one look.
    const isLast = performance.now() >= end
    const look = await within(condition, Math.min(Math.max(end - performance.now(), 1_000), longestTimerMs))
    if ('seen' in look && look.seen) return look.seen as Exclude<T, Falsy>
    if (isLast || 'silent' in look) {
      const told =
        before && 'silent' in look
          ? `${words(look)}, and of the one before it: ${words(before)}`
          : words(look)
      throw new Error(`waited ${withinMs / 1_000} s for ${what}; ${told}`, {
        cause: causeOf(look) ?? (before && causeOf(before)),
      })
    }
    before = look
    await timer(Math.min(everyMs, Math.max(end - performance.now(), 0)))
  }
}

/**
 * Lets time pass where time itself is what the test is about; the second word tells the reader why, and is
 * read by nobody else.
 */
export const pause = (ms: number, _why: string): Promise<void> => timer(ms)

type Look<T> = { seen: T } | { thrown: unknown } | { silent: true }

async function within<T>(condition: () => T | Promise<T>, ms: number): Promise<Look<T>> {
  const over = new AbortController()
  const late = timer(ms, { silent: true as const }, { signal: over.signal }).catch(() => ({
    silent: true as const,
  }))
  const asked = (async (): Promise<Look<T>> => {
    try {
      return { seen: await condition() }
    } catch (thrown) {
      return { thrown }
    }
  })()
  const look = await Promise.race([asked, late])
  over.abort()
  return look
}

const causeOf = (look: Look<unknown>): unknown => ('thrown' in look ? look.thrown : undefined)

function words(look: Look<unknown>): string {
  if ('silent' in look) return 'the last look at it never ended'
  if ('thrown' in look)
    return `the last look at it threw: ${look.thrown instanceof Error ? look.thrown.message : String(look.thrown)}`
  return `last seen: ${typeof look.seen === 'bigint' ? `${look.seen}n` : (JSON.stringify(look.seen) ?? 'undefined')}`
}
