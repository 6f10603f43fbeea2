/** Pix invoices: asked for in batches, paid by most, credited, and now and then given back. */
import { brcode } from './brcode.ts'
import { readInvoices, type InvoiceOrder } from './invoiceOrders.ts'
import type { Ledger } from './ledger.ts'
import type { Office } from './office.ts'
import { type Fields, readWhen } from './orders.ts'
import { stampOf } from './python.ts'
import { refuse } from './refusal.ts'
import { makeTable, type Row, type Table } from './table.ts'

export type InvoiceStatus = 'created' | 'paid' | 'overdue' | 'expired' | 'canceled' | 'voided'
const statuses: InvoiceStatus[] = ['created', 'paid', 'overdue', 'expired', 'canceled', 'voided']

export interface Invoice extends Row, Omit<InvoiceOrder, 'dueMs'> {
  nominalAmount: number
  fineAmount: number
  interestAmount: number
  discountAmount: number
  fee: number
  brcode: string
  link: string
  pdf: string
  due: string
  status: InvoiceStatus
  transactionIds: string[]
  updated: string
}

export interface InvoiceLog extends Row {
  errors: string[]
  type: string
  invoice: Invoice
}

export interface Invoices {
  table: Table<Invoice>
  logs: Table<InvoiceLog>
  create(body: Buffer): Invoice[]
  get(id: string): Invoice
  patch(id: string, change: Fields): Invoice
  /** Pays now what is open; false where it cannot be paid any more. */
  pay(id: string): boolean
  /**
   * Gives a credited invoice's money back to its payer, all but `left`; false where there is none, or some is
   * on its way back.
   */
  reverse(id: string, left?: number): boolean
  credited(id: string): boolean
}

/** `tell` hands a log over to become an event. */
export function makeInvoices(office: Office, ledger: Ledger, tell: (log: InvoiceLog) => void): Invoices {
  const { settings } = office
  const credited = new Set<string>()
  /** Invoices of which money is going back: one change at a time. */
  const goingBack = new Set<string>()
  const table = makeTable<Invoice>({
    tags: { of: row => row.tags, indexed: true },
    status: { of: row => [row.status], allowed: statuses },
    transactionIds: { of: row => row.transactionIds },
  })
  const logs = makeTable<InvoiceLog>({
    invoiceIds: { of: row => [row.invoice.id], indexed: true },
    types: { of: row => [row.type] },
  })

  /**
   * Changes fields, and keeps what the invoice looked like in a log of `type`. Lists are replaced, never
   * altered, so a log stays true.
   */
  function record(invoice: Invoice, type: string, change: Partial<Invoice> = {}, errors: string[] = []) {
    const created = office.stamp()
    Object.assign(invoice, change, { updated: office.stamp() })
    tell(logs.add({ id: office.id(), created, errors, type, invoice: { ...invoice } }))
  }

  function open({ dueMs, ...order }: InvoiceOrder): Invoice {
    const [created, uuid] = [office.stamp(), office.hex(16)]
    const invoice = table.add({
      ...order,
      id: office.id(),
      nominalAmount: order.amount,
      fineAmount: 0,
      interestAmount: 0,
      discountAmount: 0,
      fee: 0,
      brcode: brcode(uuid),
      link: `https://simulated.sandbox.starkbank.com/invoicelink/${uuid}`,
      pdf: `https://sandbox.api.starkbank.com/v2/invoice/${uuid}.pdf`,
      due: stampOf(dueMs),
      status: 'created',
      transactionIds: [],
      created,
      updated: created,
    })
    record(invoice, 'created')
    if (!waits(order.tags) && office.chance(settings.payRate))
      office.after(settings.payDelayMs, () => void (invoice.status === 'created' && settle(invoice)))
    lapse(invoice)
    return invoice
  }

  const waits = (tags: readonly string[]) =>
    settings.waitsTag !== undefined && tags.some(tag => tag.startsWith(settings.waitsTag!))

  /** Overdue at its due date, expired after its time of grace; a due date that moved is followed. */
  function lapse(invoice: Invoice) {
    const { due, expiration } = invoice
    const unchanged = () => invoice.due === due && invoice.expiration === expiration
    office.at(Date.parse(due) + 1, () => {
      if (!unchanged() || invoice.status !== 'created') return
      record(invoice, 'overdue', { status: 'overdue' })
      if (settings.latePayRate > 0 && office.chance(settings.latePayRate))
        office.after(settings.payDelayMs, () => void (invoice.status === 'overdue' && settle(invoice)))
    })
    office.at(Date.parse(due) + expiration * 1000 + 2, () => {
      if (unchanged() && invoice.status === 'overdue') record(invoice, 'expired', { status: 'expired' })
    })
  }

  function settle(invoice: Invoice) {
    const discount = invoice.discounts.find(({ due }) => Date.parse(due) >= office.now())
    const discountAmount = discount ? Math.round((invoice.nominalAmount * discount.percentage) / 100) : 0
    if (settings.endToEndTag) {
      const tag = `e34471744${stampOf(office.now()).replace(/\D/g, '').slice(0, 12)}${office.hex(6).slice(0, 11)}`
      invoice.tags = [...invoice.tags, tag]
      table.mark(invoice, 'tags', tag)
    }
    // A fine once, and interest for each day that was begun, a month having thirty.
    const lateDays = Math.max(0, Math.ceil((office.now() - Date.parse(invoice.due)) / 86_400_000))
    const fineAmount = lateDays > 0 ? Math.round((invoice.nominalAmount * invoice.fine) / 100) : 0
    const interestAmount = Math.round((invoice.nominalAmount * invoice.interest * lateDays) / 3_000)
    const amount = invoice.nominalAmount - discountAmount + fineAmount + interestAmount
    const paid: Partial<Invoice> = { status: 'paid', amount, discountAmount, fineAmount, interestAmount }
    if (office.chance(settings.creditedFirstRate)) {
      Object.assign(invoice, paid)
      credit(invoice)
      office.after(settings.creditDelayMs, () => record(invoice, 'paid'))
    } else {
      record(invoice, 'paid', paid)
      office.after(settings.creditDelayMs, () => credit(invoice))
    }
  }

  function credit(invoice: Invoice) {
    const [{ fee }, { id, amount, tags }] = [settings, invoice]
    const line = ledger.post({
      amount,
      fee,
      tags,
      externalId: `invoice-${id}`,
      source: `invoice/${id}`,
      description: `Invoice ${id}`,
    })
    if (fee > 0)
      ledger.post({
        amount: -fee,
        tags,
        externalId: `invoice-fee-${id}`,
        source: `invoice/${id}/fee`,
        description: `Fee of invoice ${id}`,
      })
    credited.add(id)
    record(invoice, 'credited', { fee, transactionIds: [line.id] })
    if (!office.chance(settings.reversalRate)) return
    const left = office.chance(settings.reversalPartRate) ? office.random.between(1, amount - 1) : 0
    office.after(settings.reversalDelayMs, () => void giveBack(invoice, left))
  }

  /**
   * The amount falls to `left` at once, or when the money leaves, at `reversed`. Answers false where it may
   * not, or one is under way.
   */
  function giveBack(invoice: Invoice, left: number): boolean {
    const back = invoice.amount - left
    if (invoice.status !== 'paid' || !credited.has(invoice.id) || back <= 0 || goingBack.has(invoice.id))
      return false
    goingBack.add(invoice.id)
    const { id, tags } = invoice
    const fallsLate = settings.reversalLateFallRate > 0 && office.chance(settings.reversalLateFallRate)
    record(invoice, 'reversing', fallsLate ? {} : { amount: left })
    const underWay = [() => record(invoice, 'sending'), () => record(invoice, 'sent')]
    // Seen on the sandbox; that the amount rises again is our guess.
    const failing = [
      () => record(invoice, 'failed', {}, ['Receiver bank internal error']),
      () => record(invoice, 'refunded', { amount: left + back }),
    ]
    const arriving = [
      () => {
        const line = ledger.post({
          amount: -back,
          tags,
          externalId: `invoice-reversal-${id}-${left}`,
          source: `invoice/${id}/reversal`,
          description: `Reversal of invoice ${id}`,
        })
        record(invoice, 'reversed', { amount: left, transactionIds: [...invoice.transactionIds, line.id] })
      },
      ...(left === 0 ? [() => record(invoice, 'voided', { status: 'voided' as const })] : []),
    ]
    const steps = [...underWay, ...(office.chance(settings.reversalFailRate) ? failing : arriving)]
    const next = () => {
      steps.shift()?.()
      if (steps.length > 0) office.after(settings.creditDelayMs, next)
      else goingBack.delete(id)
    }
    office.after(settings.creditDelayMs, next)
    return true
  }

  const get = (id: string) => table.get(id) ?? refuse('invalidInvoice', `Invoice not found: ${id}`)

  return {
    table,
    logs,
    get,
    create: body => readInvoices(body, office.now()).map(open),
    credited: id => credited.has(id),
    reverse: (id, left = 0) => giveBack(get(id), left),
    pay(id) {
      const invoice = get(id)
      const may = invoice.status === 'created' || invoice.status === 'overdue'
      if (may) settle(invoice)
      return may
    },
    patch(id, { status, amount, due, expiration }) {
      const invoice = get(id)
      const unpaid = invoice.status === 'created' || invoice.status === 'overdue'
      const isAmount = typeof amount === 'number' && Number.isInteger(amount) && amount >= 0
      if (status !== undefined && status !== null) {
        if (status !== 'canceled') refuse('invalidOperation', 'status can only be set to canceled')
        if (!unpaid) refuse('invalidOperation', `an invoice that is ${invoice.status} cannot be canceled`)
        record(invoice, 'canceled', { status: 'canceled' })
        return invoice
      }
      if (invoice.status === 'paid') {
        if (!isAmount || !giveBack(invoice, amount))
          refuse('invalidOperation', 'the amount of a paid invoice can only be lowered, and once at a time')
        return invoice
      }
      if (!unpaid) refuse('invalidOperation', `an invoice that is ${invoice.status} cannot be changed`)
      const dueMs =
        due === undefined || due === null
          ? Date.parse(invoice.due)
          : (readWhen(due) ?? refuse('invalidDate', `due is no date: ${JSON.stringify(due)}`))
      if (amount !== undefined && amount !== null) {
        if (!isAmount) refuse('invalidAmount', 'amount must be an integer of cents, 0 or more')
        Object.assign(invoice, { amount, nominalAmount: amount })
      }
      if (dueMs < office.now()) refuse('invalidDate', 'due is in the past')
      Object.assign(
        invoice,
        { due: stampOf(dueMs), updated: office.stamp() },
        typeof expiration === 'number' ? { expiration } : {},
      )
      if (invoice.status === 'overdue') invoice.status = 'created'
      lapse(invoice)
      return invoice
    },
  }
}
