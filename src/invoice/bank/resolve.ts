/**
 * Settles unsure invoices by asking: found by tag they are issued; absent twice, `absenceMs` apart, they are
 * asked for again.
 */
import { because } from '../../base/reasons.ts'
import { deadlineIn } from '../../base/deadline.ts'
import { later, type World } from '../../base/world.ts'
import { absenceMs, callMs, type ProviderInvoice, type Rail } from '../../rails/rail.ts'
import { eachApart, sql, throwFirst, type Db, type Tx } from '../../db/db.ts'
import { takeAsIssued } from './issued.ts'
import { bestOf, takeTwins, watchForTwins } from './twins.ts'
import { invoices } from '../tables.ts'

const absencesNeeded = 2n

/** Answers how many were settled one way or the other. */
export async function resolveUnsureInvoices(db: Db, rail: Rail, world: World): Promise<number> {
  const batches = await db.tx(async tx => {
    const now = await tx.now()
    await abandonIssuing(tx, rail.name, now)
    return tx.all<{ batch_tag: string }>(sql`
      select distinct batch_tag from invoices where state = 'unsure' and rail = ${rail.name}
        and next_at <= ${now} order by batch_tag limit 20`)
  })

  let settled = 0
  const faults = await eachApart(batches, async ({ batch_tag: tag }) => {
    const lookBy = deadlineIn(callMs, world.clock)
    const answer = await rail.findInvoices(tag)
    if (answer.is !== 'done')
      return world.log.warn({ batch: tag, why: answer.why }, 'the bank did not say which invoices it has')
    await world.at('invoices looked up')
    const compared = await db.tx(async tx =>
      lookBy.leftMs() > 0 ? compare(tx, rail.name, tag, answer.value) : undefined,
    )
    // Another worker may have asked for them since: they are due still, and looked up again.
    if (compared === undefined)
      return world.log.warn({ batch: tag }, 'this worker stalled after the bank showed its invoices')
    settled += compared
    await takeTwins({ db, rail, world }, tag, answer.value)
  })
  for (const { of: batch, why } of faults) {
    world.log.error({ batch: batch.batch_tag, why }, 'the invoices of a batch could not be looked up')
    await db.tx(async tx =>
      tx.run(sql`
        update invoices set next_at = ${later(await tx.now(), absenceMs)} where batch_tag = ${batch.batch_tag}
          and state = 'unsure'`),
    )
  }
  throwFirst(faults)
  return settled
}

/**
 * A worker that died while asking leaves `issuing` behind: past the grace, whether it happened is unknown.
 */
async function abandonIssuing(tx: Tx, rail: string, now: string): Promise<void> {
  const rows = await tx.all<{ id: string }>(
    sql`select id from invoices where state = 'issuing' and rail = ${rail} and next_at <= ${now} limit 1000`,
  )
  for (const { id } of rows)
    await invoices.move(
      tx,
      { id, state: 'issuing' },
      'unsure',
      { why: because('answer-not-written-down'), again: true },
      [sql`next_at = ${now}`],
    )
}

async function compare(tx: Tx, rail: string, batchTag: string, found: ProviderInvoice[]): Promise<number> {
  const now = await tx.now()
  const rows = await tx.all<{ id: string; absences: bigint }>(sql`
    select id, absences from invoices where state = 'unsure' and batch_tag = ${batchTag}
      and next_at <= ${now}`)
  let settled = 0
  for (const { id, absences } of rows) {
    const made = bestOf(found.filter(invoice => invoice.tag === id))
    if (made) {
      await takeAsIssued(tx, id, made, { why: because('found-by-tag'), ref: made.providerId })
    } else if (absences + 1n >= absencesNeeded) {
      await invoices.move(
        tx,
        { id, state: 'unsure' },
        'draft',
        { why: because('not-at-bank'), again: true },
        [sql`next_at = ${now}`],
      )
      await watchForTwins(tx, rail, batchTag)
    } else {
      await tx.run(
        sql`update invoices set absences = absences + 1, next_at = ${later(now, absenceMs)} where id = ${id}`,
      )
      continue
    }
    settled += 1
  }
  return settled
}
