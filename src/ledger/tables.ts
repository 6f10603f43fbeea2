/** The tables of this room that have states: what moves their rows. */
import { stateTable } from '../db/db.ts'
import { strangerMachine } from './strangerStates.ts'

export const strangers = stateTable('strangers', strangerMachine)
