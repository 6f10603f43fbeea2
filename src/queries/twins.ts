/** Duplicates of an invoice at the bank, with what became of each. */
import { history, type Reader } from '../db/db.ts'
import { twinsOfInvoice, type TwinRow } from '../invoice/invoice.ts'
import { stepsOf } from './history.ts'
import type { Step } from './step.ts'

export interface ShownTwin {
  twin: TwinRow
  steps: Step[]
}

export async function showTwins(reader: Reader, invoiceId: string): Promise<ShownTwin[]> {
  const shown: ShownTwin[] = []
  for (const twin of await twinsOfInvoice(reader, invoiceId))
    shown.push({ twin, steps: await stepsOf(reader, await history(reader, twin.id)) })
  return shown
}
