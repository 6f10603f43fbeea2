/**
 * After a restore: invoices at the bank that bear our tags and that these books have forgotten. They are read
 * and listed before anything else is issued there; and until a person has looked at them each slot of the
 * bank's asks first, by hand or by its schedule, for it may be among them: the schedule may have been changed
 * since the backup, and today's slot have been issued at another time of day.
 */
import { because, type Reason } from '../../base/reasons.ts'
import type { Instant, World } from '../../base/world.ts'
import { audit } from '../../ledger/ledger.ts'
import type { BatchInvoice, Rail } from '../../rails/rail.ts'
import { usesBank } from '../../payout/payout.ts'
import { readInSets, sql, type Reader, type Db, type Tx, valuesOf } from '../../db/db.ts'
import { answering, refuse, type InvoiceRefusal } from '../refusals.ts'
import { walkOn } from './walk.ts'

/** Under `settings`, from a restore until the bank's invoices since the backup were read. */
const unread = 'bank invoices unread'
/** Under `settings`, while that is so and the last reading failed: why. */
const unlisted = 'bank invoices unlisted'
/** Under `cursors` and `walks`. */
const list = 'starkbank invoices'

export type ForgottenInvoice = {
  provider_id: string
  invoice_tag: string
  batch_tag: string | null
  units: bigint
  status: BatchInvoice['status']
  made_at: Instant
}

/**
 * From a restore on, before it writes anything itself: the newest thing that the database knows is then about
 * as old as the backup, unless a clock that was ahead wrote it. Each walk begins two days before. Where an
 * earlier restore is still to be read from, that goes further back. Where no bank is used there is nothing to
 * read, and nobody would ever read it.
 */
export async function readInvoicesSinceBackup(tx: Tx): Promise<void> {
  if (!(await usesBank(tx))) return
  const row = await tx.one<{ at: Instant | null }>(sql`
    select coalesce(max(case when at <= ${await tx.now()} then at end), min(at)) as at from transitions`)
  const before = await tx.one<{ value: Instant }>(sql`select value from settings where name = ${unread}`)
  const newest = before && row?.at != null && before.value < row.at ? before.value : row?.at
  if (newest == null) return
  await tx.run(sql`delete from walks where name = ${list}`)
  await tx.run(sql`delete from settings where name = ${unlisted}`)
  for (const table of ['cursors', 'settings'] as const)
    await tx.run(sql`
      insert into ${{ texts: [table], values: [] }} (name, value)
        values (${table === 'cursors' ? list : unread}, ${newest})
      on conflict (name) do update set value = excluded.value`)
}

/** Whether nothing may be issued at the bank yet. */
export const areInvoicesUnread = async (reader: Reader): Promise<boolean> =>
  (await reader.one(sql`select 1 as yes from settings where name = ${unread}`)) !== undefined

/** Reads on, where that is still to be done. Answers how many were found. */
export async function findForgotten({
  db,
  rail,
  world,
}: {
  db: Db
  rail: Rail
  world: World
}): Promise<number> {
  if (!(await areInvoicesUnread(db))) return 0
  let found = 0
  const walked = await walkOn<BatchInvoice>(db, world, {
    name: list,
    from: 'now',
    read: (since, place) => rail.invoicesSince(since, place),
    async take(items) {
      found += await db.tx(tx => keep(tx, rail.name, items))
    },
    async last(tx) {
      await tx.run(sql`delete from settings where name in (${unread}, ${unlisted})`)
      const why = await forgottenWhy(tx)
      if (why !== undefined)
        await tx.run(sql`
          update slots set (held, held_reason, held_detail) = (${valuesOf(why)}) where state = 'due'
            and held is null
            and schedule_id in (select id from schedules where rail = ${rail.name})`)
    },
  })
  if (walked.is === 'failed') {
    await db.tx(tx =>
      tx.run(sql`
        insert into settings (name, value) values (${unlisted}, ${walked.why}) on conflict (name) do update
          set value = excluded.value`),
    )
    world.log.warn(
      { why: walked.why },
      'the bank did not list its invoices since the backup: nothing is issued there',
    )
  }
  if (found > 0)
    world.log.error({ count: found }, 'the bank has invoices of ours that this database has forgotten')
  return found
}

async function keep(tx: Tx, rail: string, items: readonly BatchInvoice[]): Promise<number> {
  const tagged = items.filter(
    ({ status, tag }) => tag !== undefined && status !== 'expired' && status !== 'canceled',
  )
  const known = await readInSets(
    tagged.map(({ tag }) => tag!),
    set => tx.all<{ id: string }>(sql`select id from invoices where id in (${set})`),
  )
  const ids = new Set(known.map(({ id }) => id))
  const now = await tx.now()
  let kept = 0
  for (const { providerId, tag, batchTag, nominalUnits, status, createdAt } of tagged.filter(
    each => !ids.has(each.tag!),
  ))
    kept += await tx.run(sql`
      insert into forgotten_invoices (rail, provider_id, store_id, invoice_tag, batch_tag, units, status,
        made_at, seen_at)
      values (${rail}, ${providerId}, ${tx.store}, ${tag!}, ${batchTag ?? null}, ${nominalUnits}, ${status},
        ${createdAt}, ${now})
      on conflict (rail, provider_id) do nothing`)
  return kept
}

// One that was taken in since is forgotten no more.
const open = sql`decided_at is null and not exists (select 1 from invoices i where i.id = invoice_tag)`

/** Those that nobody looked at yet, oldest first. */
export const forgottenInvoices = (reader: Reader, limit = 1_000): Promise<ForgottenInvoice[]> =>
  reader.all<ForgottenInvoice>(
    sql`select * from forgotten_invoices where ${open} order by made_at, provider_id limit ${limit}`,
  )

/** How many of those there are. */
export const countForgotten = async (reader: Reader): Promise<number> =>
  Number(
    (await reader.one<{ count: bigint }>(
      sql`select count(*) as count from forgotten_invoices where ${open}`,
    ))!.count,
  )

/** Why a slot at the bank asks a person first; undefined where nothing is forgotten. */
export async function forgottenWhy(reader: Reader): Promise<Reason | undefined> {
  const row = (await reader.one<{ count: bigint; units: bigint; batches: bigint }>(sql`
    select count(*) as count, cast(coalesce(sum(units), 0) as bigint) as units,
      count(distinct batch_tag) as batches
    from forgotten_invoices where ${open}`))!
  if (row.count === 0n) return undefined
  return because('invoices-forgotten', {
    count: Number(row.count),
    batches: Number(row.batches),
    units: `${row.units}`,
  })
}

/**
 * A person has looked at all that are listed, and slots may be run again; and where the bank does not list
 * its invoices, has compared them there, so that it is issued again. Answers how many were listed. Refused
 * while they are still being read, for there may be more.
 */
export const lookAtForgotten = (
  db: Db,
  { by, why }: { by: string; why: string },
): Promise<{ is: 'done'; count: number } | InvoiceRefusal> =>
  answering(() =>
    db.tx(async tx => {
      if (
        (await areInvoicesUnread(tx)) &&
        !(await tx.one(sql`select 1 as yes from settings where name = ${unlisted}`))
      )
        refuse({ is: 'invoices-unread' })
      const count = await tx.run(sql`
      update forgotten_invoices set decided_by = ${by}, decided_why = ${why}, decided_at = ${await tx.now()}
        where ${open}`)
      const wereUnread = (await tx.run(sql`delete from settings where name in (${unread}, ${unlisted})`)) > 0
      if (count > 0 || wereUnread)
        await audit(tx, {
          actor: by,
          act: 'forgotten invoices looked at',
          subject: 'starkbank',
          detail: { count: String(count), why },
        })
      return { is: 'done', count } as const
    }, 'locks'),
  )
