/** Reading what a client asks for: a batch of up to 100, each field checked, all complaints told at once. */
import { maskedTaxId } from './taxId.ts'
import { Refusal, refuse, type Complaint } from './refusal.ts'

export type Fields = Record<string, unknown>

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The JSON object in a request's body. */
export function readFields(body: Buffer): Fields {
  let value: unknown
  try {
    value = JSON.parse(body.toString('utf8'))
  } catch {
    return refuse('invalidJson', 'the request body is not JSON')
  }
  return isFields(value) ? value : refuse('invalidJson', 'the request body must be a JSON object')
}

/** One element under inspection: what is wrong is noted, and what is right is handed back. */
export interface Inspection {
  fields: Fields
  complain(code: string, message: string): void
  /** A string that must be there. */
  needed(name: string): string
  optional(name: string): string | undefined
  taxId(): string
  amount(least: number): number
  tags(): string[]
}

/** Reads `{ [name]: [1 to 100 elements] }` with `read`; one bad element refuses the whole batch. */
export function readBatch<T>(
  body: Buffer,
  name: string,
  required: string[],
  read: (inspection: Inspection) => T,
): T[] {
  const elements = readFields(body)[name]
  if (!Array.isArray(elements) || elements.length === 0 || elements.length > 100) {
    return refuse('invalidJson', `${name} must be a list of 1 to 100 elements`)
  }
  const complaints: Complaint[] = []
  const orders = elements.map((element: unknown, place) => {
    const complain = (code: string, message: string) =>
      void complaints.push({ code, message: `Element ${place}: ${message}` })
    if (!isFields(element)) return complain('invalidJson', 'must be an object')
    const missing = required.filter(field => element[field] === undefined || element[field] === null)
    for (const field of missing) complain('invalidJson', `missing ${field}`)
    return missing.length === 0 ? read(inspect(element, complain)) : undefined
  })
  if (complaints.length > 0) throw new Refusal(complaints)
  return orders as T[]
}

function inspect(fields: Fields, complain: Inspection['complain']): Inspection {
  const optional = (name: string) => {
    const value = fields[name]
    if (value === undefined || value === null || typeof value === 'string') return value ?? undefined
    complain('invalidJson', `${name} must be a string`)
    return undefined
  }
  return {
    fields,
    complain,
    optional,
    needed(name) {
      const value = optional(name) ?? ''
      if (value.trim() === '') complain('invalidJson', `${name} must not be empty`)
      return value
    },
    taxId() {
      const masked = maskedTaxId(fields.taxId)
      if (masked === undefined)
        complain('invalidTaxId', `${JSON.stringify(fields.taxId)} is not a CPF or CNPJ`)
      return masked ?? ''
    },
    amount(least) {
      const { amount } = fields
      if (typeof amount === 'number' && Number.isInteger(amount) && amount >= least && amount < 1e15)
        return amount
      complain('invalidAmount', `amount must be an integer of cents, ${least} or more`)
      return 0
    },
    tags() {
      const tags = fields.tags ?? []
      if (Array.isArray(tags) && tags.every(tag => typeof tag === 'string'))
        return tags.map(tag => tag.toLowerCase())
      complain('invalidTags', 'tags must be a list of strings')
      return []
    },
  }
}

/** A date or an instant as milliseconds; a bare date means the end of that day in Brasilia. */
export function readWhen(text: unknown): number | undefined {
  if (typeof text !== 'string') return undefined
  const ms = /^\d{4}-\d\d-\d\d$/.test(text)
    ? Date.parse(`${text}T23:59:59.999-03:00`)
    : /^\d{4}-\d\d-\d\dT/.test(text)
      ? Date.parse(text)
      : NaN
  return Number.isNaN(ms) ? undefined : ms
}
