/** Settling: one inbox row at a time, claimed, and applied by the rail it came on. */
import { because } from '../base/reasons.ts'
import { later } from '../base/world.ts'
import { eachApart, isUnreadable, skipLocked, sql, throwFirst, type Fault, type Db } from '../db/db.ts'
import { finish, type Settling, type Settler } from './apply.ts'
import { bankSettler } from './bank/events.ts'
import { cashSettler } from './cash/events.ts'
import { chainSettler } from './chain/events.ts'
import type { InboxRow } from './inbox.ts'

export type { Settling } from './apply.ts'

/** While one worker asks the bank about an event, others leave it alone this long. */
const claimMs = 60_000
const atOnce = 8
/** As many as the bank can be asked about in one call. */
const maxClaimed = 100n

/**
 * Applies every event that is due, a few at once, and lets everything else have its turn between them.
 * Answers how many were settled.
 */
export async function settleInbox(app: Settling): Promise<number> {
  let settled = 0
  for (;;) {
    const rows = await claim(app.db)
    if (rows.length === 0) return settled
    await app.world.at('events claimed')
    const settle = await settling(app, rows)
    const queue = rows.values()
    const faults: Fault<InboxRow>[] = []
    const worker = async () => {
      for (const row of queue) {
        faults.push(...(await eachApart([row], async () => void ((await settle(row)) && (settled += 1)))))
        // An embedded database answers at once, and without this no socket would be read until the whole
        // claim is settled.
        if (app.world.clock.turn) await app.world.clock.turn()
      }
    }
    await Promise.all(Array.from({ length: atOnce }, worker))
    // What fails with one keeps back no other: it waits, is tried again, and is set aside in the end, as what
    // the bank does not confirm.
    for (const { of: row, why } of faults)
      await finish(app, row, row.kind ?? undefined, async () => ({
        is: 'again',
        why: because('cannot-be-applied', { fault: why.slice(0, 500) }),
      }))
    throwFirst(faults)
    // What came meanwhile is few, and each look costs a call of the bank: it shares the next one, within a
    // second. A simulation, on a clock without turns, looks until nothing is left.
    if (app.world.clock.turn && rows.length < Number(maxClaimed)) return settled
  }
}

function claim(db: Db): Promise<InboxRow[]> {
  return db.tx(async tx => {
    const now = await tx.now()
    return tx.all<InboxRow>(sql`
      update inbox set next_at = ${later(now, claimMs)}, tries = tries + 1 where id in (
        select id from inbox where state in ('new', 'waiting') and next_at <= ${now} order by next_at, id
          limit ${maxClaimed} ${skipLocked})
      returning *`)
  }, 'locks')
}

/** It is no try: once its key is there it is applied, however late. */
const undecipherable = {
  is: 'again',
  why: because('undecryptable'),
  unheard: true,
} as const

/** The half of each rail; one that this process does not run on answers none. */
const halves: readonly ((app: Settling) => Settler | undefined)[] = [bankSettler, chainSettler, cashSettler]

/** How claimed rows are settled, each by the rail it came on. */
async function settling(
  app: Settling,
  rows: readonly InboxRow[],
): Promise<(row: InboxRow) => Promise<boolean>> {
  const ways = new Map<string, (row: InboxRow) => Promise<boolean>>()
  for (const half of halves) {
    const settler = half(app)
    if (settler)
      ways.set(settler.rail, await settler.together(rows.filter(({ rail }) => rail === settler.rail)))
  }
  return row => {
    if (isUnreadable(row.raw)) return finish(app, row, row.kind ?? undefined, async () => undecipherable)
    const settle = ways.get(row.rail)
    return settle
      ? settle(row)
      : finish(app, row, undefined, async () => ({
          is: 'again',
          why: because('rail-not-configured', { rail: row.rail }),
        }))
  }
}

/** Settles one claimed row; false when it waits. */
export const settleOne = async (app: Settling, row: InboxRow): Promise<boolean> =>
  (await settling(app, [row]))(row)
