/**
 * With `--json` what went wrong is JSON too: one line, the last on stderr, so that stdout holds answers
 * alone.
 */
import { jsonLine, tame } from './print.ts'
import type { Outlet } from './context.ts'

/**
 * `bad-input`: the same words will not do next time either, exit 2. `failed`: it could not be done, or a
 * check found something, exit 1.
 */
type Kind = 'bad-input' | 'failed'

export interface JsonFaults {
  outlet: Outlet
  tell(kind: Kind, message: string, exitCode: number): void
  /** For a command that failed without throwing: what it said of it, unless its answer says so. */
  unlessAnswered(exitCode: number): void
}

const maxLines = 20

export function jsonFaults(outlet: Outlet): JsonFaults {
  let hasAnswered = false
  let said: string[] = []
  const tell = (kind: Kind, message: string, exitCode: number) =>
    outlet.err(jsonLine({ error: { kind, message: message.split('\n').map(tame).join('\n') }, exitCode }))
  return {
    tell,
    unlessAnswered(exitCode) {
      if (!hasAnswered) tell('failed', said.join('').trim(), exitCode)
    },
    outlet: {
      ...outlet,
      out(text) {
        hasAnswered = true
        return outlet.out(text)
      },
      err(text) {
        said = [...said, text].slice(-maxLines)
        outlet.err(text)
      },
    },
  }
}
