/** What stops every payout: reasons that a person lets go (`holds`), and what heals (`settings`). */
import { createHash } from 'node:crypto'
import { reasonOf, type Code, type DetailOf, type Reason } from '../base/reasons.ts'
import type { Instant } from '../base/world.ts'
import { forUpdate, sql, valuesOf, type Reader, type Tx } from '../db/db.ts'

/**
 * One reason: a `hold` until a person lets it go; the others until the books, the bank's account or the coins
 * are explained, and these are words.
 */
export type Stop = {
  code: 'hold' | 'books' | 'bank' | 'chain'
  why: string
  reason: string | null
  detail: string | null
}

export type HoldRow = {
  seq: bigint
  why: string
  reason: string
  detail: string | null
  /** Null where the program stopped them. */
  held_by: string | null
  /** Null where an older release stopped them. */
  since: Instant | null
}

/**
 * Everything for which nothing is paid out now: what no person can let go comes first, then the holds, the
 * newest first.
 */
export const stopsOf = (reader: Reader): Promise<Stop[]> =>
  reader.all<Stop>(sql`
    select name as code, value as why, null as reason, null as detail, 0 as seq from settings
      where name in ('books', 'bank', 'chain')
    union all select 'hold', why, reason, detail, seq from holds
    order by code, seq desc`)

/** The first of them. */
export const stopOf = async (reader: Reader): Promise<Stop | undefined> => (await stopsOf(reader))[0]

/** The same as a sentence. */
export const payoutsStopped = async (reader: Reader): Promise<string | undefined> =>
  stopSentence(await stopsOf(reader))

/** The first of these as a sentence; of holds all of them. */
export const stopSentence = (stops: readonly Stop[]): string | undefined =>
  stops[0]?.code === 'hold' ? joined(stops) : stops[0]?.why

/** As one text, which is what the audit log, a signed statement and older releases have. */
export const joined = (reasons: readonly { why: string }[]): string =>
  reasons.map(({ why }) => why).join(' · before that: ')

/** The newest first. */
export const holdsOf = (reader: Reader): Promise<HoldRow[]> =>
  reader.all<HoldRow>(sql`
    select seq, why, reason, detail, held_by, since from holds order by seq desc`)

/**
 * Stops every payout until a person lets go of it, beside what stops them already. The same reason is kept
 * once, also where a process of an older release wrote its words.
 */
export async function stopPayouts(tx: Tx, why: Reason, by: string | null = null): Promise<void> {
  const mark = createHash('sha256')
    .update(JSON.stringify([why.code, why.detail]))
    .digest('base64url')
  // Whoever lets it go at this moment is waited for: their row is still seen until they are done.
  await lockHolds(tx)
  await tx.run(sql`
    insert into holds (mark, why, reason, detail, held_by, since)
      select ${mark}, ${valuesOf(why)}, ${by}, ${await tx.now()}
      where not exists (select 1 from holds where why = ${why.toString()})
    on conflict (mark) do nothing`)
}

/** Holds those who let go, one after another, and older releases: the text that these lock is theirs too. */
export const lockHolds = async (tx: Tx): Promise<void> =>
  void (await tx.one(sql`select value from settings where name = 'hold' ${forUpdate}`))

/** Reasons of this code that were answered for themselves go, and every other one stays. */
export async function dropStops<C extends Code>(
  tx: Tx,
  code: C,
  isAnswered: (detail: DetailOf<C>) => boolean,
): Promise<void> {
  await lockHolds(tx)
  for (const hold of await holdsOf(tx)) {
    const reason = reasonOf(hold)
    if (reason?.code === code && isAnswered(reason.detail as DetailOf<C>))
      await tx.run(sql`delete from holds where seq = ${hold.seq}`)
  }
}
