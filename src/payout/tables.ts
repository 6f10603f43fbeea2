/** The tables of this room that have states: what moves their rows. */
import { stateTable } from '../db/db.ts'
import { accountMachine, attemptMachine, bundleMachine, candidateMachine, payoutMachine } from './states.ts'

export const payouts = stateTable('payouts', payoutMachine)
export const attempts = stateTable('attempts', attemptMachine)
export const accounts = stateTable('accounts', accountMachine)
export const bundles = stateTable('bundles', bundleMachine)
export const candidates = stateTable('bundle_candidates', candidateMachine)
