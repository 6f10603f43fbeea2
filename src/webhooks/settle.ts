/** Settling: one inbox row at a time, claimed, and applied by the rail it came on. */
import { later } from '../base/world.ts'
import { eachApart, isUnreadable, skipLocked, sql, throwFirst, type Fault, type Db } from '../db/db.ts'
import { finish, usualChainTerms, type Settling } from './apply.ts'
import { proofsOf, settleBankEvent } from './bank/events.ts'
import { settleChainEvent } from './chain/events.ts'
import type { InboxRow } from './inbox.ts'
import { noProofs, type Proofs } from './bank/proofs.ts'

export type { Settling } from './apply.ts'

/** While one worker asks the bank about an event, others leave it alone this long. */
const claimMs = 60_000
const atOnce = 8
/** As many as the bank can be asked about in one call. */
const maxClaimed = 100n

/** Applies every event that is due, a few at once, and lets everything else have its turn between them. Answers how many were settled. */
export async function settleInbox(app: Settling): Promise<number> {
  let settled = 0
  for (;;) {
    const rows = await claim(app.db)
    if (rows.length === 0) return settled
    await app.world.at('events claimed')
    const ofBank = rows.filter(({ rail }) => rail === 'starkbank')
    const { starkbank } = app.rails
    const proofs = starkbank?.readInvoices && ofBank.length > 1 ? await proofsOf({ ...app, rail: starkbank }, ofBank) : noProofs
    const queue = rows.values()
    const faults: Fault<InboxRow>[] = []
    const worker = async () => {
      for (const row of queue) {
        faults.push(...(await eachApart([row], async () => void ((await settleOne(app, row, proofs)) && (settled += 1)))))
        // An embedded database answers at once, and without this no socket would be read until the whole claim is settled.
        if (app.world.clock.turn) await app.world.clock.turn()
      }
    }
    await Promise.all(Array.from({ length: atOnce }, worker))
    // What fails with one keeps back no other: it waits, is tried again, and is set aside in the end, as what the bank does not confirm.
    for (const { of: row, why } of faults)
      await finish(app, row, row.kind ?? undefined, async () => ({ is: 'again', why: `it could not be applied: ${why}`.slice(0, 500) }))
    throwFirst(faults)
    // What came meanwhile is few, and each look costs a call of the bank: it shares the next one, within a second. A simulation, on a
    // clock without turns, looks until nothing is left.
    if (app.world.clock.turn && rows.length < Number(maxClaimed)) return settled
  }
}

function claim(db: Db): Promise<InboxRow[]> {
  return db.tx(async tx => {
    const now = await tx.now()
    return tx.all<InboxRow>(sql`
      update inbox set next_at = ${later(now, claimMs)}, tries = tries + 1 where id in (
        select id from inbox where state in ('new', 'waiting') and next_at <= ${now} order by next_at, id limit ${maxClaimed} ${skipLocked})
      returning *`)
  }, 'locks')
}

/** It is no try: once its key is there it is applied, however late. */
const undecipherable = { is: 'again', why: 'it cannot be decrypted: see "repasse keys status"', unheard: true } as const

/** Settles one claimed row; false when it waits. */
export async function settleOne(app: Settling, row: InboxRow, proofs: Proofs = noProofs): Promise<boolean> {
  if (isUnreadable(row.raw)) return finish(app, row, row.kind ?? undefined, async () => undecipherable)
  const { starkbank, bitcoin } = app.rails
  if (row.rail === 'starkbank' && starkbank) return settleBankEvent({ ...app, rail: starkbank }, row, proofs)
  if (row.rail === 'bitcoin' && bitcoin) return settleChainEvent({ ...app, rail: bitcoin, chain: app.chain ?? usualChainTerms }, row)
  return finish(app, row, undefined, async () => ({ is: 'again', why: `the rail ${row.rail} is not configured here` }))
}
