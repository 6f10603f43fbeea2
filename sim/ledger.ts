/** The workspace's statement: every movement is a line, and the balance is their sum. */
import type { Office } from './office.ts'
import { makeTable, type Row, type Table } from './table.ts'

export interface Transaction extends Row {
  /** Signed cents: what entered is positive. */
  amount: number
  /** The balance once this line is in. */
  balance: number
  description: string
  externalId: string
  /** Cents the operation cost, told here and moved by a line of its own. */
  fee: number
  receiverId: string
  senderId: string
  /** `invoice/<id>`, `transfer/<id>`, `transfer/<id>/chargeback`, `…/fee`, or `self`. */
  source: string
  tags: string[]
}

export type Movement = Pick<Transaction, 'amount' | 'description' | 'externalId' | 'source' | 'tags'> & {
  fee?: number
}

export interface Ledger {
  post(movement: Movement): Transaction
  balance(): number
  /** When the balance last changed. */
  updated(): string
  table: Table<Transaction>
}

export function makeLedger(office: Office): Ledger {
  const table = makeTable<Transaction>({
    tags: { of: row => row.tags, indexed: true },
    externalIds: { of: row => [row.externalId], indexed: true },
  })
  let balance = 0
  let updated = office.stamp()

  return {
    table,
    balance: () => balance,
    updated: () => updated,
    post({ fee = 0, ...movement }) {
      balance += movement.amount
      updated = office.stamp()
      const others = '5651751147405312'
      const [senderId, receiverId] =
        movement.amount < 0 ? [office.settings.workspaceId, others] : [others, office.settings.workspaceId]
      return table.add({
        ...movement,
        id: office.digits(32),
        created: updated,
        balance,
        fee,
        senderId,
        receiverId,
      })
    },
  }
}
