/** One invoice as its page shows it: what the database knows, and beside it what the chain does. */
import { instant } from '../../../base/world.ts'
import type { App } from '../../../jobs/jobs.ts'
import { showInvoice, type ShownInvoice } from '../../../queries/invoices.ts'
import { showRequest, type ShownRequest } from '../../../queries/requests.ts'

export type SeenInvoice = ShownInvoice & ShownRequest

export async function seeInvoice(app: App, id: string): Promise<SeenInvoice | undefined> {
  const shown = await showInvoice(app.db, id, instant(app.world.clock.now()))
  return shown && { ...shown, ...(await showRequest(app, shown.row)) }
}
