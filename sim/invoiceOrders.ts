/** What an invoice may be asked with: the limits of POST /v2/invoice (Stark Bank docs, Invoice). */
import { readBatch, readWhen, type Inspection } from './orders.ts'
import { stampOf } from './python.ts'

export interface InvoiceOrder {
  amount: number
  taxId: string
  name: string
  dueMs: number
  /** Seconds after due. */
  expiration: number
  fine: number
  interest: number
  discounts: { percentage: number; due: string }[]
  descriptions: { key: string; value: string }[]
  tags: string[]
  rules: unknown[]
  splits: unknown[]
  displayDescription: string
}

const day = 86_400_000

export const readInvoices = (body: Buffer, now: number): InvoiceOrder[] =>
  readBatch(body, 'invoices', ['amount', 'taxId', 'name'], inspection => {
    const { fields, optional, needed, complain } = inspection
    const dueMs = readDue(inspection, now)
    return {
      amount: inspection.amount(0),
      taxId: inspection.taxId(),
      name: needed('name'),
      dueMs,
      expiration: seconds(inspection),
      fine: percentage(fields.fine, 2, 'fine', complain),
      interest: percentage(fields.interest, 1, 'interest', complain),
      discounts: readDiscounts(inspection, now, dueMs),
      descriptions: readDescriptions(inspection),
      tags: inspection.tags(),
      rules: Array.isArray(fields.rules) ? fields.rules : [],
      splits: Array.isArray(fields.splits) ? fields.splits : [],
      displayDescription: optional('displayDescription') ?? '',
    }
  })

function readDue({ fields: { due }, complain }: Inspection, now: number): number {
  if (due === undefined || due === null) return now + 2 * day
  const dueMs = readWhen(due)
  if (dueMs === undefined) complain('invalidDate', `due is not a date or an instant: ${JSON.stringify(due)}`)
  else if (dueMs < now) complain('invalidDate', 'due is in the past')
  return dueMs ?? now
}

function seconds({ fields: { expiration }, complain }: Inspection): number {
  if (expiration === undefined || expiration === null) return 5_097_600
  if (typeof expiration === 'number' && Number.isInteger(expiration) && expiration >= 0) return expiration
  complain('invalidExpiration', 'expiration must be an integer of seconds')
  return 0
}

function percentage(
  value: unknown,
  fallback: number,
  name: string,
  complain: Inspection['complain'],
): number {
  if (value === undefined || value === null) return fallback
  if (typeof value === 'number' && value >= 0 && value <= 100) return value
  complain(name === 'fine' ? 'invalidFine' : 'invalidInterest', `${name} must be a percentage`)
  return 0
}

function readDiscounts({ fields: { discounts }, complain }: Inspection, now: number, dueMs: number) {
  const list = (discounts ?? []) as { percentage: number; due: unknown }[]
  if (!Array.isArray(list) || list.length > 5)
    return (complain('invalidDiscount', 'discounts must be a list of at most 5'), [])
  return list.map(({ percentage, due }, place) => {
    const ms = readWhen(due) ?? NaN
    if (!(percentage > 0 && percentage < 100) || (place > 0 && percentage >= list[place - 1]!.percentage)) {
      complain('invalidDiscount', 'percentages must be between 0 and 100, each less than the one before')
    }
    if (!(ms >= now - day && ms <= dueMs))
      complain('invalidDiscountDate', 'a discount ends between today and the due date')
    return { percentage, due: Number.isNaN(ms) ? '' : stampOf(ms) }
  })
}

function readDescriptions({ fields: { descriptions }, complain }: Inspection) {
  const list = (descriptions ?? []) as { key: string; value?: string }[]
  const right =
    Array.isArray(list) &&
    list.length <= 15 &&
    list.every(({ key, value }) => typeof key === 'string' && typeof (value ?? '') === 'string')
  if (right) return list.map(({ key, value }) => ({ key, value: value ?? '' }))
  complain('invalidDescription', 'descriptions must be at most 15 pairs of key and value')
  return []
}
