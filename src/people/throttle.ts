/**
 * Slows down who guesses: after five failures a name, or an address, waits 1, 2, 4 … 15 minutes. Kept in the
 * database, so every process and the next start know it.
 */
import { networkOf } from '../base/network.ts'
import { later, millis, type Instant, type Millis } from '../base/world.ts'
import { forUpdate, sql, type Db, type Tx } from '../db/db.ts'
import { digestOf } from './token.ts'

const free = 5
const longestMs = 15 * 60_000
/** After a day without a failure it is forgotten. */
const memoryMs = 24 * 3_600_000

type FailureRow = { failures: bigint; wait_until: Instant }

export type Guessing = { is: 'allowed'; bursts: string[] } | { is: 'throttled'; untilMs: Millis }

/** How long to wait after so many failures in a row. */
export const waitAfter = (failures: number): Millis =>
  failures < free ? 0 : Math.min(60_000 * 2 ** (failures - free), longestMs)

/** A name is kept as a digest: people type passwords where the name belongs. */
export const ofName = (folded: string): string => `name:${digestOf(folded)}`
/** Codes asked for again in an open session: who stole one session guesses in it alone. */
export const ofSession = (sessionId: string): string => `session:${sessionId}`
export const ofAddress = (address: string): string => `address:${networkOf(address)}`

/**
 * Takes one guess for all `subjects`, and counts it as failed before anyone looks whether it was: a hundred
 * at the same moment are a hundred failures. `forgive` takes that back. `bursts` are the subjects that have
 * to wait from now on.
 */
export const takeGuess = (db: Db, subjects: readonly string[]): Promise<Guessing> =>
  db.tx(async tx => {
    const now = await tx.now()
    // Rows nobody needs go first, so there are never more than a day's.
    await tx.run(sql`delete from sign_in_failures where last_at < ${later(now, -memoryMs)}`)
    const rows: { subject: string; failures: number }[] = []
    // Always in the same order, so that two never wait for each other; and an address that waits adds no row
    // for any name.
    for (const subject of subjects) {
      const row = await hold(tx, subject, now)
      if (row.wait_until > now) return { is: 'throttled', untilMs: millis(row.wait_until) }
      rows.push({ subject, failures: Number(row.failures) })
    }
    const bursts: string[] = []
    for (const { subject, failures } of rows) {
      const waitMs = waitAfter(failures + 1)
      if (waitMs > 0) bursts.push(subject)
      await tx.run(sql`
        update sign_in_failures
          set failures = ${BigInt(failures + 1)}, last_at = ${now}, wait_until = ${later(now, waitMs)}
        where subject = ${subject}`)
    }
    return { is: 'allowed', bursts }
  }, 'locks')

async function hold(tx: Tx, subject: string, now: Instant): Promise<FailureRow> {
  await tx.run(sql`
    insert into sign_in_failures (subject, failures, last_at, wait_until)
      values (${subject}, 0, ${now}, ${now}) on conflict (subject) do nothing`)
  return (await tx.one<FailureRow>(
    sql`select failures, wait_until from sign_in_failures where subject = ${subject} ${forUpdate}`,
  ))!
}

/**
 * The guess was right: what stands for the person begins again, and the address gets back the one guess, for
 * others may guess from there.
 */
export async function forgive(tx: Tx, own: string, address?: string): Promise<void> {
  await tx.run(sql`delete from sign_in_failures where subject = ${own}`)
  if (address === undefined) return
  const now = await tx.now()
  await tx.run(sql`
    update sign_in_failures set failures = failures - 1, wait_until = ${now} where subject = ${address}
      and failures > 0`)
}
