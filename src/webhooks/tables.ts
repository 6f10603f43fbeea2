/** The inbox as a table with states: what moves its rows. */
import { stateTable } from '../db/db.ts'
import { inboxMachine } from './states.ts'

export const inbox = stateTable('inbox', inboxMachine)
