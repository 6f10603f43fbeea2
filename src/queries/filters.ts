/**
 * What each list can be narrowed by, under the names that the console's addresses and the command line's
 * flags share. It imports tables alone, so that `--help` loads no database.
 */
import { railNames } from '../base/rails.ts'
import { invoiceMachine, requestMachine, type InvoiceState } from '../invoice/states.ts'
import { proposalMachine } from '../ledger/proposalStates.ts'
import { bundleMachine, payoutMachine, type BundleState, type PayoutState } from '../payout/states.ts'
import { orderMachine, type OrderState } from '../shop/states.ts'
import { inboxMachine, type EventState } from '../webhooks/states.ts'

/** `choices`: what a filter may be; one without an entry is free text. */
export interface ListFilters<Name extends string> {
  names: readonly Name[]
  choices: { readonly [name in Name]?: readonly string[] }
  /** Its search reads events for an end-to-end id: see `searchIsCut`. */
  searchesEvents?: true
}

/** The names of a list's filters. */
export type FilterOf<F extends ListFilters<string>> = F['names'][number]

const statesOf = <State extends string>(...machines: Partial<Record<State, unknown>>[]): State[] => [
  ...new Set(machines.flatMap(machine => Object.keys(machine) as State[])),
]

export const invoiceFilters = {
  names: ['q', 'state', 'rail', 'account', 'schedule', 'slot', 'order'],
  choices: { state: statesOf<InvoiceState>(invoiceMachine, requestMachine), rail: railNames },
  searchesEvents: true,
} as const

export const payoutFilters = {
  names: ['q', 'state', 'rail', 'account', 'invoice'],
  choices: { state: statesOf<PayoutState>(payoutMachine), rail: railNames },
  searchesEvents: true,
} as const

export const eventFilters = {
  names: ['q', 'state', 'rail', 'kind', 'via'],
  choices: { state: statesOf<EventState>(inboxMachine), rail: railNames, via: ['push', 'poll'] },
  searchesEvents: true,
} as const

export const runFilters = {
  names: ['q', 'state', 'job', 'schedule', 'slot'],
  choices: { state: ['running', 'done', 'failed', 'lost'] },
} as const

export const bundleFilters = {
  names: ['state'],
  choices: { state: statesOf<BundleState>(bundleMachine) },
} as const

export const orderFilters = {
  names: ['q', 'state', 'rail'],
  choices: { state: statesOf<OrderState>(orderMachine), rail: railNames },
} as const

export const proposalFilters = {
  names: ['state', 'act', 'subject', 'by'],
  choices: { state: statesOf<keyof typeof proposalMachine>(proposalMachine) },
} as const

export const auditFilters = { names: ['actor', 'act', 'subject'], choices: {} } as const
