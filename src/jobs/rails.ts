/**
 * The registry: what each rail does, by its name. A rail joins here, with its facts in `base/rails.ts` and
 * its words.
 */
import { railNames, type RailName } from '../base/rails.ts'
import { bankFlow } from './bank.ts'
import { cashFlow } from './cash.ts'
import { chainFlow } from './chain.ts'
import type { OnRails } from './app.ts'
import type { RailFlow } from './railFlow.ts'

export const railFlows: Readonly<Record<RailName, RailFlow>> = {
  starkbank: bankFlow,
  bitcoin: chainFlow,
  cash: cashFlow,
}

/** The rails this process runs on, in the order in which they are offered. */
export const railsHere = (parts: OnRails): RailName[] =>
  railNames.filter(name => railFlows[name].isHere(parts))
