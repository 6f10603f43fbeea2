/**
 * The tables of this room that have states: what moves their rows. Invoices at a bank and requests on a chain
 * are rows of one table, each with its own machine.
 */
import { stateTable } from '../db/db.ts'
import { twinMachine } from './bank/twinStates.ts'
import { invoiceMachine, refundMachine, requestMachine } from './states.ts'

export const invoices = stateTable('invoices', invoiceMachine)
export const requests = stateTable('invoices', requestMachine)
export const twins = stateTable('invoice_twins', twinMachine)
export const refunds = stateTable('invoice_refunds', refundMachine)
