/** That tax ids were read or taken away, in the audit log: who, what, how many; and never whose. */
import { holdsTaxId } from '../base/brazil.ts'
import { later, type World } from '../base/world.ts'
import { audit } from '../ledger/ledger.ts'
import { sql, type Db, type Tx } from '../db/db.ts'
import { filterDigest } from './digest.ts'

type Parts = { db: Db; world: Pick<World, 'random'> }

export interface Shown {
  /** The one invoice, order or event that was shown whole: by its id. */
  of: string
  by: string
  /**
   * What was shown of it. Where that holds nothing that is masked elsewhere (a CNPJ is public), nothing was
   * read.
   */
  texts: readonly string[]
}

/**
 * Written before it is shown, by each surface that shows a CPF whole, whether it was asked to or does so by
 * itself (`--json`).
 */
export async function noteShown({ db }: Pick<Parts, 'db'>, { of, by, texts }: Shown): Promise<void> {
  if (texts.some(holdsTaxId))
    await db.tx(tx => noteOnce(tx, { actor: by, act: shownAct, subject: of, detail: {} }, () => true))
}

export interface Export {
  /** What was taken: `invoices`, `orders`, `roster of rent`. */
  of: string
  by: string
  /** By what it was chosen. Who searched for a tax id has it here, so only a digest is kept. */
  filter?: Readonly<Record<string, string>>
  rows: number
}

/** Written before the first row leaves, so that a reader who goes away early is written down as well. */
export const noteExport = ({ db, world }: Parts, { of, by, filter = {}, rows }: Export): Promise<void> =>
  db.tx(async tx => {
    const chosen = Object.keys(filter).length === 0 ? undefined : await filterDigest(tx, world.random, filter)
    const detail: Record<string, string> = {
      rows: `${rows}`,
      ...(chosen !== undefined && { filter: chosen }),
    }
    const covers = (before: Record<string, string>) =>
      before['filter'] === chosen && Number(before['rows']) >= rows
    await noteOnce(tx, { actor: by, act: exportAct, subject: of, detail }, covers)
  })

interface Reading {
  actor: string
  act: string
  subject: string
  detail: Record<string, string>
}

/**
 * A script that reads the same every minute is written down once an hour, and whenever it reads more than the
 * records of that hour cover.
 */
async function noteOnce(
  tx: Tx,
  reading: Reading,
  covers: (before: Record<string, string>) => boolean,
): Promise<void> {
  const { actor, act, subject } = reading
  const since = later(await tx.now(), -hourMs)
  const lately = await tx.all<{ detail: string }>(sql`
    select detail from audit where actor = ${actor} and act = ${act} and subject = ${subject}
      and at > ${since} order by seq desc limit 20`)
  if (!lately.some(({ detail }) => covers(JSON.parse(detail) as Record<string, string>)))
    await audit(tx, reading)
}

const shownAct = 'tax id shown'
const exportAct = 'tax ids exported'
const hourMs = 3_600_000
