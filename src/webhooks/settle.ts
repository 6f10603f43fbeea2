/** Settling: one inbox row at a time, claimed, and applied by the rail it came on. */
import { later } from '../base/world.ts'
import { eachApart, isUnreadable, skipLocked, sql, throwFirst, type Fault, type Db } from '../db/db.ts'
import { finish, usualChainTerms, type Desk } from './apply.ts'
import { proofsOf, settleBankEvent } from './bank/events.ts'
import { settleChainEvent } from './chain/events.ts'
import type { InboxRow } from './inbox.ts'
import { noProofs, type Proofs } from './bank/proofs.ts'

export type { Desk } from './apply.ts'

/** While one worker asks the bank about an event, others leave it alone this long. */
const claimMs = 60_000
const atOnce = 8
/** As many as the bank can be asked about in one call. */
const mostClaimed = 100n

/** Applies every event that is due, a few at once, and lets everything else have its turn between them. Answers how many were settled. */
export async function settleInbox(desk: Desk): Promise<number> {
  let settled = 0
  for (;;) {
    const rows = await claim(desk.db)
    if (rows.length === 0) return settled
    await desk.world.at('events claimed')
    const ofBank = rows.filter(({ rail }) => rail === 'starkbank')
    const { starkbank } = desk.rails
    const proofs = starkbank?.readInvoices && ofBank.length > 1 ? await proofsOf({ ...desk, rail: starkbank }, ofBank) : noProofs
    const queue = rows.values()
    const faults: Fault<InboxRow>[] = []
    const worker = async () => {
      for (const row of queue) {
        faults.push(...(await eachApart([row], async () => void ((await settleOne(desk, row, proofs)) && (settled += 1)))))
        // An embedded database answers at once, and without this no socket would be read until the whole claim is settled.
        if (desk.world.clock.turn) await desk.world.clock.turn()
      }
    }
    await Promise.all(Array.from({ length: atOnce }, worker))
    // What fails with one keeps back no other: it waits, is tried again, and is set aside in the end, as what the bank does not confirm.
    for (const { of: row, why } of faults)
      await finish(desk, row, row.kind ?? undefined, async () => ({ is: 'again', why: `it could not be applied: ${why}`.slice(0, 500) }))
    throwFirst(faults)
    // What came meanwhile is few, and each look costs a call of the bank: it shares the next one, within a second. A simulation, on a
    // clock without turns, looks until nothing is left.
    if (desk.world.clock.turn && rows.length < Number(mostClaimed)) return settled
  }
}

function claim(db: Db): Promise<InboxRow[]> {
  return db.tx(async tx => {
    const now = await tx.now()
    return tx.all<InboxRow>(sql`
      update inbox set next_at = ${later(now, claimMs)}, tries = tries + 1 where id in (
        select id from inbox where state in ('new', 'waiting') and next_at <= ${now} order by next_at, id limit ${mostClaimed} ${skipLocked})
      returning *`)
  }, 'locks')
}

/** It is no try: once its key is there it is applied, however late. */
const undecipherable = { is: 'again', why: 'it cannot be decrypted: see "repasse keys status"', unheard: true } as const

/** Settles one claimed row; false when it waits. */
export async function settleOne(desk: Desk, row: InboxRow, proofs: Proofs = noProofs): Promise<boolean> {
  if (isUnreadable(row.raw)) return finish(desk, row, row.kind ?? undefined, async () => undecipherable)
  const { starkbank, bitcoin } = desk.rails
  if (row.rail === 'starkbank' && starkbank) return settleBankEvent({ ...desk, rail: starkbank }, row, proofs)
  if (row.rail === 'bitcoin' && bitcoin) return settleChainEvent({ ...desk, rail: bitcoin, chain: desk.chain ?? usualChainTerms }, row)
  return finish(desk, row, undefined, async () => ({ is: 'again', why: `the rail ${row.rail} is not configured here` }))
}
