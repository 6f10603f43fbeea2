/**
 * `expect.poll` with the patience of `until`: vitest's own gives up after a second, which a loaded machine
 * needs for less.
 */
import { expect } from 'vitest'

/**
 * `await eventually(() => states()).toEqual(['paid'])`, inside a test; in a hook there is only `until`.
 * `what` is said when it fails.
 */
export const eventually = <T>(look: () => T, what?: string, withinMs = 90_000) =>
  expect.poll(look, { timeout: withinMs, interval: 25, ...(what !== undefined && { message: what }) })
