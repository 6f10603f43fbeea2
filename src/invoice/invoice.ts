/** An invoice: an amount asked from a payer on a rail. */
export { findInvoice, findOurs, invoiceMachine, type InvoiceRow, type InvoiceState } from './row.ts'
export { draftBatch, planBatch, type BatchRule, type BatchTerms, type Draft } from './draft.ts'
export { issueDrafts, takeAsIssued } from './issue.ts'
export { resolveUnsureInvoices } from './resolve.ts'
