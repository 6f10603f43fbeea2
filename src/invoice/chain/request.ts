/**
 * Payment requests: drafts on a chain are given an address of their own. Nobody is asked for it, so nothing
 * here can be unsure.
 */
import { because } from '../../base/reasons.ts'
import { minRequest } from '../../base/money.ts'
import type { World } from '../../base/world.ts'
import type { Destination } from '../../rails/chain.ts'
import { encrypted, skipLocked, sql, type Db, type Tx } from '../../db/db.ts'
import type { InvoiceRow } from '../row.ts'
import { putOffDrafts } from '../unreadable.ts'
import { requests } from '../tables.ts'

/** Hands out the next address of our account to an invoice, in the caller's transaction. */
export type TakeAddress = (tx: Tx, invoiceId: string) => Promise<Destination & { number: number }>

export interface Requesting {
  takeAddress: TakeAddress
  /** What a wallet reads: BIP 321. */
  uri: (address: string, units: bigint, label: string) => string
}

const atOnce = 100

/** Makes requests of every draft that is due (of one slot or order, if named). Answers how many. */
export async function requestDrafts(
  db: Db,
  { takeAddress, uri }: Requesting,
  world: World,
  batchTag?: string,
): Promise<number> {
  for (let made = 0; ;) {
    const count = await db.tx(async tx => {
      const now = await tx.now()
      const only = batchTag === undefined ? sql`` : sql`and batch_tag = ${batchTag}`
      const rows = await tx.all<InvoiceRow>(sql`
        select * from invoices where state = 'draft' and rail = 'bitcoin' and next_at <= ${now} ${only}
        order by batch_tag, ordinal limit ${atOnce} ${skipLocked}`)
      for (const row of await putOffDrafts(tx, rows)) {
        // A price that rose since the schedule was added makes of few reais what no node passes on.
        if (row.units < minRequest) {
          const why = because('below-dust', { units: `${row.units}`, least: `${minRequest}` })
          await requests.move(tx, { id: row.id, state: 'draft' }, 'refused', { why })
          world.log.warn({ invoice: row.id, why }, 'a request was refused')
          continue
        }
        const { address, number } = await takeAddress(tx, row.id)
        const cause = { why: because('address-its-own', { number: `${number}` }), ref: address }
        await requests.move(tx, { id: row.id, state: 'draft' }, 'issued', cause, [
          sql`provider_id = ${address}`,
          sql`address_index = ${number}`,
          sql`brcode = ${encrypted('invoices.brcode', row.id, uri(address, row.units, row.description))}`,
        ])
      }
      return rows.length
    }, 'locks')
    await world.at('requests made')
    made += count
    if (count < atOnce) return made
  }
}
