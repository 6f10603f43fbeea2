/** A person of the console: states, languages, and the row. */
import type { Machine, StateOf } from '../base/machine.ts'
import { stateTable } from '../db/db.ts'
import type { Instant } from '../base/world.ts'
import type { Role } from './roles.ts'

export const userMachine = {
  invited: ['active', 'removed'],
  active: ['invited', 'locked', 'removed'],
  locked: ['active', 'invited', 'removed'],
  removed: [],
} as const satisfies Machine
export const users = stateTable('users', userMachine)

export const languages = ['pt-BR', 'en'] as const
export type Language = (typeof languages)[number]

export type UserRow = {
  id: string
  store_id: string
  name: string
  folded: string
  role: Role
  language: Language
  state: StateOf<typeof userMachine>
  password: string | null
  totp_secret: string | null
  totp_step: bigint
  /** Where they are written to; null where their name says it, or nobody did. */
  email: string | null
  /** Who made the link by which they came in last. */
  given_by: string | null
  /** Before it they approve nothing. */
  approves_from: Instant | null
  added_by: string
  added_at: Instant
  changed_at: Instant
}
