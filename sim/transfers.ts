/** Transfers: always taken on, looked at a little later, and only then refused, sent, or sent back. */
import type { Ledger } from './ledger.ts'
import type { Office } from './office.ts'
import { readBatch, readWhen } from './orders.ts'
import { stampOf } from './python.ts'
import { refuse } from './refusal.ts'
import { makeTable, type Row, type Table } from './table.ts'

export type TransferStatus = 'created' | 'processing' | 'success' | 'failed' | 'canceled'
const statuses: TransferStatus[] = ['created', 'processing', 'success', 'failed', 'canceled']
const accountTypes = ['checking', 'payment', 'savings', 'salary']

interface TransferOrder {
  amount: number
  name: string
  taxId: string
  bankCode: string
  branchCode: string
  accountNumber: string
  accountType: string
  externalId: string
  scheduled: string
  description: string
  displayDescription: string
  tags: string[]
  rules: unknown[]
}

export interface Transfer extends Row, TransferOrder {
  fee: number
  status: TransferStatus
  transactionIds: string[]
  metadata: Record<string, never>
  updated: string
}

export interface TransferLog extends Row {
  errors: string[]
  type: string
  transfer: Transfer
}

export interface Transfers {
  table: Table<Transfer>
  logs: Table<TransferLog>
  create(body: Buffer): Transfer[]
  get(id: string): Transfer
  cancel(id: string): Transfer
  /**
   * The receiver's bank sends a successful transfer back now; its status may go on saying that it succeeded.
   * False where it cannot.
   */
  sendBack(id: string, how?: { keepStatus?: boolean }): boolean
}

/**
 * `isInvoice` says whether an id is one of this bank's invoices, whose own ledger lines are called
 * `invoice-<id>`.
 */
export function makeTransfers(
  office: Office,
  ledger: Ledger,
  tell: (log: TransferLog) => void,
  isInvoice: (id: string) => boolean,
): Transfers {
  const { settings } = office
  const table = makeTable<Transfer>({
    tags: { of: row => row.tags, indexed: true },
    // Not a filter of the real API, which has none: the bank's own index, and `sameOrder` stands in where a
    // transfer has no externalId.
    duplicateKeys: { of: row => [duplicateKey(row)], indexed: true },
    status: { of: row => [row.status], allowed: statuses },
    taxId: { of: row => [row.taxId] },
    transactionIds: { of: row => row.transactionIds },
  })
  const logs = makeTable<TransferLog>({
    transferIds: { of: row => [row.transfer.id], indexed: true },
    types: {
      of: row => [row.type],
      allowed: ['created', 'sending', 'processing', 'success', 'failed', 'canceled', 'refunded'],
    },
  })

  function record(transfer: Transfer, type: string, change: Partial<Transfer> = {}, errors: string[] = []) {
    const created = office.stamp()
    Object.assign(transfer, change, { updated: office.stamp() })
    tell(logs.add({ id: office.id(), created, errors, type, transfer: { ...transfer } }))
  }

  function open(order: TransferOrder): Transfer {
    const created = office.stamp()
    const transfer = table.add({
      ...order,
      id: office.id(),
      fee: settings.transferFee,
      status: 'created',
      transactionIds: [],
      metadata: {},
      created,
      updated: created,
    })
    record(transfer, 'created')
    const start = Date.parse(transfer.scheduled)
    const look = () => office.after(settings.transferDelayMs, () => inspect(transfer))
    if (start > office.now()) office.at(start, look)
    else look()
    return transfer
  }

  function inspect(transfer: Transfer) {
    if (transfer.status !== 'created') return
    if (isDuplicate(transfer))
      return record(transfer, 'failed', { status: 'failed' }, ['Duplicated transfer'])
    if (ledger.balance() < transfer.amount + transfer.fee) {
      return record(transfer, 'failed', { status: 'failed', transactionIds: ['invalidBalance'] }, [
        'invalidbalance',
      ])
    }
    send(transfer)
  }

  function isDuplicate(transfer: Transfer): boolean {
    if (transfer.externalId.startsWith('invoice-') && isInvoice(transfer.externalId.slice('invoice-'.length)))
      return true
    for (const other of table.having('duplicateKeys', duplicateKey(transfer))) {
      if (other === transfer) return false
      if (other.status !== 'failed' && other.status !== 'canceled') return true
    }
    return false
  }

  function send(transfer: Transfer) {
    const { id, amount, fee, tags } = transfer
    const debit = ledger.post({
      amount: -amount,
      fee,
      tags,
      externalId: transfer.externalId || `transfer-${id}`,
      source: `transfer/${id}`,
      description: transfer.description || `Transfer ${id}`,
    })
    if (fee > 0)
      ledger.post({
        amount: -fee,
        tags,
        externalId: `transfer-fee-${id}`,
        source: `transfer/${id}/fee`,
        description: `Fee of transfer ${id}`,
      })
    record(transfer, 'sending', { status: 'processing', transactionIds: [debit.id] })
    office.after(settings.eventDelayMs, () => record(transfer, 'processing'))
    office.after(
      [
        settings.eventDelayMs[1] + settings.transferDelayMs[0],
        settings.eventDelayMs[1] + settings.transferDelayMs[1],
      ],
      () => {
        if (office.chance(settings.transferFailRate))
          return bringBack(transfer, 'failed', ['Receiver bank internal error'])
        record(transfer, 'success', { status: 'success' })
        if (office.chance(settings.refundRate))
          office.after(
            settings.transferDelayMs,
            () => isBack(transfer) || bringBack(transfer, 'refunded', []),
          )
      },
    )
  }

  /** Whoever sends it back, it comes back once. */
  const isBack = ({ transactionIds }: Transfer) => transactionIds.length > 1

  /**
   * The money and the fee are put back; the second transaction id is the chargeback (Stark Bank SDK,
   * Transfer).
   */
  function bringBack(
    transfer: Transfer,
    type: 'failed' | 'refunded',
    errors: string[],
    status: TransferStatus = 'failed',
  ) {
    const { id, amount, fee, tags } = transfer
    const line = ledger.post({
      amount,
      tags,
      externalId: `transfer-chargeback-${id}`,
      source: `transfer/${id}/chargeback`,
      description: `Chargeback of transfer ${id}`,
    })
    if (fee > 0) {
      ledger.post({
        amount: fee,
        tags,
        externalId: `transfer-fee-chargeback-${id}`,
        source: `transfer/${id}/fee/chargeback`,
        description: `Fee of transfer ${id} returned`,
      })
    }
    record(transfer, type, { status, transactionIds: [...transfer.transactionIds, line.id] }, errors)
  }

  const get = (id: string) => table.get(id) ?? refuse('invalidTransfer', `Transfer not found: ${id}`)

  return {
    table,
    logs,
    get,
    sendBack(id, { keepStatus = false } = {}) {
      const transfer = get(id)
      if (transfer.status !== 'success' || isBack(transfer)) return false
      bringBack(transfer, 'refunded', [], keepStatus ? 'success' : 'failed')
      return true
    },
    create: body => readTransfers(body, office.now()).map(open),
    cancel(id) {
      const transfer = get(id)
      if (transfer.status !== 'created')
        refuse('invalidOperation', `a transfer that is ${transfer.status} cannot be canceled`)
      record(transfer, 'canceled', { status: 'canceled' })
      return transfer
    },
  }
}

/**
 * Without an externalId the bank takes the same amount to the same account on one day of Brasilia for the
 * same order.
 */
function duplicateKey(transfer: Transfer): string {
  if (transfer.externalId) return `externalId ${transfer.externalId}`
  const day = stampOf(Date.parse(transfer.created) - 3 * 3_600_000).slice(0, 10)
  return [
    'same',
    day,
    transfer.amount,
    transfer.taxId,
    transfer.bankCode,
    transfer.branchCode,
    transfer.accountNumber,
  ].join(' ')
}

const required = ['amount', 'name', 'taxId', 'bankCode', 'branchCode', 'accountNumber']

const readTransfers = (body: Buffer, now: number): TransferOrder[] =>
  readBatch(body, 'transfers', required, ({ fields, complain, needed, optional, ...inspection }) => {
    const bankCode = needed('bankCode')
    if (!/^\d{1,8}$/.test(bankCode))
      complain('invalidBankCode', `${bankCode} is neither an ISPB nor a COMPE code`)
    const accountType = optional('accountType') ?? 'checking'
    if (!accountTypes.includes(accountType))
      complain('invalidAccountType', `accountType must be one of ${accountTypes.join(', ')}`)
    const externalId = optional('externalId') ?? ''
    if (!/^[\w.~-]*$/.test(externalId)) complain('invalidExternalId', 'externalId must be safe in a URL')
    const scheduled =
      fields.scheduled === undefined || fields.scheduled === null ? now : readWhen(fields.scheduled)
    if (scheduled === undefined || scheduled < now)
      complain('invalidDate', 'scheduled must be a date or an instant, not past')
    return {
      amount: inspection.amount(1),
      name: needed('name'),
      taxId: inspection.taxId(),
      bankCode,
      branchCode: needed('branchCode'),
      accountNumber: needed('accountNumber'),
      accountType,
      externalId,
      scheduled: stampOf(scheduled ?? now),
      description: optional('description') ?? '',
      displayDescription: optional('displayDescription') ?? '',
      tags: inspection.tags(),
      rules: Array.isArray(fields.rules) ? fields.rules : [],
    }
  })
