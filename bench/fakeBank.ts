/**
 * A bank that answers at once and keeps only what it is asked for again: what is measured with it is the
 * installation alone.
 */
import { done } from '../src/base/answer.ts'
import type { Bank, BankInvoice, BankTransfer } from '../src/rails/starkbank/bank.ts'
import { publicKeyPem, scatter } from './events.ts'

export interface FakeBank extends Bank {
  calls: { invoices: number; reads: number; transfers: number; ordered: number }
}

const created = '2026-11-21T03:00:00.123456+00:00'

/** `remember`: whether invoices can be read again, as paid. */
export function fakeBank({
  remember,
  onCall = () => undefined,
}: {
  remember: boolean
  onCall?: () => void
}): FakeBank {
  const calls = { invoices: 0, reads: 0, transfers: 0, ordered: 0 }
  const kept = new Map<string, BankInvoice>()
  const paid = (id: string): BankInvoice => ({ ...kept.get(id)!, status: 'paid', fee: 50, updated: created })
  let made = 0
  const answers: Partial<FakeBank> = {
    calls,
    async createInvoices(bodies) {
      calls.invoices += 1
      onCall()
      return done(
        bodies.map(({ amount, tags }) => {
          const id = scatter(made++)
          const invoice: BankInvoice = {
            id,
            status: 'created',
            amount,
            nominalAmount: amount,
            fee: 0,
            tags,
            brcode: '0002',
            link: `https://bench.example/${id}`,
            created,
          }
          if (remember) kept.set(id, invoice)
          return invoice
        }),
      )
    },
    getInvoice: async id => (calls.reads++, done(paid(id))),
    pageInvoices: async ({ ids = [] }) => (
      calls.reads++,
      done({ items: ids.filter(id => kept.has(id)).map(paid), cursor: undefined })
    ),
    async createTransfers(bodies) {
      calls.transfers += 1
      calls.ordered += bodies.length
      return done(
        bodies.map((body): BankTransfer => ({
          ...body,
          id: scatter(made++),
          status: 'created',
          fee: 0,
          transactionIds: [],
          created,
        })),
      )
    },
    publicKeys: async () => done([{ content: publicKeyPem }]),
    close: () => undefined,
  }
  return answers as FakeBank
}
