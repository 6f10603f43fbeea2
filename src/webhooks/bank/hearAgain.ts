/**
 * Asking again for an invoice. Where the bank has it already, as after a restore, what it told of it while
 * these books did not know it is applied now.
 */
import { because } from '../../base/reasons.ts'
import { BadInput } from '../../base/answer.ts'
import type { Instant, World } from '../../base/world.ts'
import { askAgain, type Reissued } from '../../invoice/invoice.ts'
import type { ProviderInvoice, Rail } from '../../rails/rail.ts'
import { sql, type Db, type Tx } from '../../db/db.ts'
import { type InboxRow } from '../inbox.ts'
import { inbox } from '../tables.ts'

/** `as`: the bank's id of the invoice that it was asked for again as, where a person has to say. */
export const reissueInvoice = (
  { db, rail, world }: { db: Db; rail: Rail | undefined; world: World },
  id: string,
  act: { by: string; why: string; as?: string | undefined },
): Promise<Reissued> =>
  askAgain({ db, rail, world, hearAgain: (tx, made, since) => hearAgain(tx, rail!, made, since) }, id, act)

const atOnce = 500n

/** `since`: nothing was told of it before. */
async function hearAgain(tx: Tx, rail: Rail, { providerId }: ProviderInvoice, since: Instant): Promise<void> {
  for (let after = 0n; ;) {
    const rows = await tx.all<Pick<InboxRow, 'id' | 'raw'>>(sql`
      select id, rail, event_id, raw from inbox where rail = ${rail.name} and state = 'ignored'
        and kind like 'invoice.%' and received_at >= ${since} and id > ${after}
      order by id limit ${atOnce}`)
    if (rows.length === 0) return
    after = rows.at(-1)!.id
    for (const { id, raw } of rows) {
      if (invoiceIn(rail, raw) !== providerId) continue
      const also = [sql`tries = 0`, sql`next_at = ${await tx.now()}`]
      await inbox.move(
        tx,
        { id, state: 'ignored' },
        'new',
        { why: because('invoice-known-by-now'), ref: providerId },
        also,
      )
    }
  }
}

function invoiceIn(rail: Rail, raw: Uint8Array): string | undefined {
  try {
    const event = rail.read(raw)
    return event.about === 'invoice' ? event.invoice.providerId : undefined
  } catch (error) {
    if (error instanceof BadInput) return undefined
    throw error
  }
}
