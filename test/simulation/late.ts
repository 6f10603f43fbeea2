/**
 * Payers who pay after the due time, and early ones who get a discount: what was asked is not what is paid.
 */
import { plainTerms, type PayTerms } from '../../src/base/payTerms.ts'
import type { Invoice } from '../../sim/bank.ts'
import { sql, type Db } from '../../src/db/db.ts'
import type { Scenario } from './scenario.ts'

/**
 * In one seed of thirteen payers are late; in every second of them that costs something, and paying early is
 * cheaper.
 */
export const paysLate = (seed: number): boolean => seed % 13 === 6
export const lateTerms = (seed: number): PayTerms =>
  paysLate(seed) && seed % 2 === 0
    ? {
        fineBp: 200n,
        interestBp: 133n,
        expiresInMs: 20 * 60_000,
        discounts: [{ basisPoints: 550n, beforeMs: 60_000 }],
      }
    : plainTerms

/** Due after two minutes, and then most pay after all. */
export const lateChange = (scenario: Scenario): Scenario => ({
  ...scenario,
  dueInMs: 2 * 60_000,
  settings: { ...scenario.settings, latePayRate: 0.7 },
})

/** What a payer paid is what the schedule's terms come to, to the centavo, and the books have it so. */
export async function judgeLate(db: Db, invoices: readonly Invoice[], terms: PayTerms): Promise<string[]> {
  const rows = await db.all<{
    id: string
    provider_id: string | null
    units: bigint
    paid_units: bigint | null
  }>(
    sql`select id, provider_id, units, paid_units from invoices where rail = 'starkbank'
      and slot_id is not null`,
  )
  const there = new Map(invoices.map(invoice => [invoice.id, invoice]))
  return rows.flatMap(({ id, provider_id: providerId, units, paid_units: paid }) => {
    const invoice = there.get(providerId ?? '')
    if (!invoice) return []
    const {
      fine,
      interest,
      expiration,
      nominalAmount,
      fineAmount,
      interestAmount,
      discountAmount,
      discounts,
    } = invoice
    const faults: string[] = []
    const asked = [terms.fineBp, terms.interestBp, terms.expiresInMs / 1_000].join()
    const has = [Math.round(fine * 100), Math.round(interest * 100), expiration].join()
    if (has !== asked) faults.push(`${id} is late at ${has}, and its schedule says ${asked}`)
    if (terms.discounts.length === 0 && discounts.length > 0) faults.push(`${id} has a discount nobody gave`)
    const comesTo = BigInt(nominalAmount + fineAmount + interestAmount - discountAmount)
    if (paid !== null && paid !== comesTo)
      faults.push(`${id} of ${units} was paid with ${comesTo}, and ${paid} is in the books`)
    return faults
  })
}
