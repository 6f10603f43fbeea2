/** The states of an event, and which may follow which. Imports nothing that runs. */
import type { Machine } from '../base/machine.ts'

/** `waiting`: asked again later. `quarantined`: a person looks; nothing is lost. */
export const inboxMachine = {
  new: ['waiting', 'done', 'ignored', 'quarantined'],
  waiting: ['waiting', 'done', 'ignored', 'quarantined'],
  done: ['new'],
  ignored: ['new'],
  quarantined: ['new'],
} as const satisfies Machine
export type EventState = keyof typeof inboxMachine
