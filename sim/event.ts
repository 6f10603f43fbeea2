/** An event of the bank, and the log entry it tells of. */
import type { Row } from './table.ts'

export interface Log extends Row {
  type: string
  errors: string[]
}

export interface BankEvent extends Row {
  subscription: 'invoice' | 'transfer'
  log: Log
  workspaceId: string
  isDelivered: boolean
}
