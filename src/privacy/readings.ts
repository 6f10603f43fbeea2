/** That tax ids were read or taken away, in the audit log: who, what, how many; and never whose. */
import { later, type World } from '../base/world.ts'
import { audit } from '../ledger/ledger.ts'
import { sql, type Store } from '../store/store.ts'
import { filterDigest } from './digest.ts'

type Parts = { store: Store; world: Pick<World, 'random'> }

/** `subject`: the one invoice or order whose tax id was shown whole. */
export const noteShown = ({ store }: Pick<Parts, 'store'>, subject: string, by: string): Promise<void> =>
  store.tx(tx => audit(tx, { actor: by, act: 'tax id shown', subject, detail: {} }))

export interface Export {
  /** What was taken: `invoices`, `orders`, `roster of rent`, `event 515…`. */
  of: string
  by: string
  /** By what it was chosen. Who searched for a tax id has it here, so only a digest is kept. */
  filter?: Readonly<Record<string, string>>
  rows: number
}

/**
 * Written before the first row leaves, so that a reader who goes away early is written down as well. A script that takes the same list every minute
 * is written down once an hour, and whenever it takes more rows than that record says.
 */
export const noteExport = ({ store, world }: Parts, { of, by, filter = {}, rows }: Export): Promise<void> =>
  store.tx(async tx => {
    const chosen = Object.keys(filter).length === 0 ? undefined : await filterDigest(tx, world.random, filter)
    const detail = { rows: `${rows}`, ...(chosen !== undefined && { filter: chosen }) }
    const since = later(await tx.now(), -hourMs)
    const lately = await tx.all<{ detail: string }>(sql`
      select detail from audit where actor = ${by} and act = ${exportAct} and subject = ${of} and at > ${since} order by seq desc limit 20`)
    const known = lately
      .map(row => JSON.parse(row.detail) as { rows: string; filter?: string })
      .some(before => before.filter === chosen && Number(before.rows) >= rows)
    if (!known) await audit(tx, { actor: by, act: exportAct, subject: of, detail })
  })

const exportAct = 'tax ids exported'
const hourMs = 3_600_000
