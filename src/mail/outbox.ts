/**
 * The outbox: letters that wait to be sent, queued in the transaction that is their reason; to buyers each
 * kind once for an order.
 */
import { because } from '../base/reasons.ts'
import { newId } from '../base/id.ts'
import { refused } from '../base/answer.ts'
import type { Machine, StateOf } from '../base/machine.ts'
import { later, millis, type Instant, type World } from '../base/world.ts'
import {
  stateTable,
  isUnreadable,
  remember,
  sql,
  type Reader,
  type Sql,
  type Db,
  type Tx,
  type Why,
} from '../db/db.ts'
import type { Mail, Mailer } from './mailer.ts'

export const mailMachine = {
  queued: ['sent', 'failed'],
  sent: [],
  failed: ['queued'],
} as const satisfies Machine
export const mails = stateTable('mails', mailMachine)
const outboxes = {
  mails,
  person_mails: stateTable('person_mails', mailMachine),
  anchor_mails: stateTable('anchor_mails', mailMachine),
} as const

export type MailKind = 'placed' | 'paid' | 'late'

export type MailRow = OutboxRow & { order_id: string; kind: MailKind }

/** What every letter has that waits, whoever it is to. */
export type OutboxRow = {
  id: string
  state: StateOf<typeof mailMachine>
  tries: bigint
  why: string | null
  next_at: Instant
  added_at: Instant
  changed_at: Instant
}

const atOnce = 50
const firstAgainMs = 60_000
const longestAgainMs = 3_600_000
/**
 * After this nobody waits for it any more. Without a mail server nothing is tried, and the nightly job drops
 * it (`RETAIN_MAIL`).
 */
export const giveUpMs = 3 * 86_400_000

/**
 * Queues a letter; a kind that the order has had is not written again, and nothing is to a buyer who was
 * forgotten.
 */
export async function queueMail(
  tx: Tx,
  world: Pick<World, 'clock' | 'random'>,
  orderId: string,
  kind: MailKind,
): Promise<void> {
  const id = newId('mail', world)
  const now = await tx.now()
  const queued = await tx.run(sql`
    insert into mails (id, order_id, kind, state, next_at, added_at, changed_at)
    select ${id}, o.id, ${kind}, 'queued', ${now}, ${now}, ${now} from orders o where o.id = ${orderId}
      and o.email <> ''
    on conflict (order_id, kind) do nothing`)
  if (queued > 0)
    await remember(
      tx,
      'mails',
      id,
      '',
      'queued',
      { why: because('order-is', { state: kind }), ref: orderId },
      now,
    )
}

/** Takes the letters of an order that wait out of the outbox, as ones that were not sent. */
export async function withdrawMails(tx: Tx, orderId: string, why: Why): Promise<void> {
  const waiting = await tx.all<{ id: string }>(
    sql`select id from mails where order_id = ${orderId} and state = 'queued' order by id`,
  )
  for (const { id } of waiting) await mails.move(tx, { id, state: 'queued' }, 'failed', { why })
}

/** Puts the letters of an order that failed back into the outbox, as new ones. Answers how many. */
export async function writeAgain(tx: Tx, orderId: string, why: Why): Promise<number> {
  const failed = await tx.all<{ id: string }>(
    sql`select id from mails where order_id = ${orderId} and state = 'failed' order by id`,
  )
  const now = await tx.now()
  for (const { id } of failed) {
    const also = [sql`tries = 0`, sql`why = null`, sql`added_at = ${now}`, sql`next_at = ${now}`]
    await mails.move(tx, { id, state: 'failed' }, 'queued', { why }, also)
  }
  return failed.length
}

/** How a row becomes a letter, when it is sent. */
export type Compose<R extends OutboxRow> = (reader: Reader, row: R) => Promise<Mail> | Mail

/**
 * `mails`: to buyers; `person_mails`: to people of the console; `anchor_mails`: to mailboxes that keep
 * anchors of the audit log.
 */
export type OutboxTable = keyof typeof outboxes

/** Sends what is due, one after the other; one process at a time does it. Answers how many went which way. */
export async function sendMails<R extends OutboxRow>(
  db: Db,
  mailer: Mailer,
  world: World,
  table: OutboxTable,
  compose: Compose<R>,
): Promise<Record<'sent' | 'failed' | 'later', number>> {
  const counts = { sent: 0, failed: 0, later: 0 }
  const name: Sql = { texts: [table], values: [] }
  const due = await db.tx(async tx =>
    tx.all<R>(
      sql`select * from ${name} where state = 'queued' and next_at <= ${await tx.now()} order by next_at, id
        limit ${atOnce}`,
    ),
  )
  for (const row of due) {
    // Counted before it is tried: whoever dies over it does not try it at once again.
    await db.tx(async tx => {
      const nextAt = later(await tx.now(), againMs(row.tries))
      await tx.run(
        sql`update ${name} set tries = tries + 1, next_at = ${nextAt} where id = ${row.id}
          and state = 'queued'`,
      )
    }, 'locks')
    const letter = Object.values(row).some(each => typeof each === 'string' && isUnreadable(each))
      ? undefined
      : await compose(db, row)
    const answer = letter === undefined || isUnreadable(letter.to) ? unknownReader : await mailer.send(letter)
    counts[await db.tx(tx => record(tx, table, row, answer), 'locks')] += 1
    if (answer.is !== 'done') world.log.warn({ mail: row.id, why: answer.why }, 'a letter was not sent')
  }
  return counts
}

const unknownReader = refused('who it is to cannot be decrypted: see "repasse keys status"', true)

/** A minute, two, four, up to an hour. */
const againMs = (tries: bigint): number => Math.min(firstAgainMs * 2 ** Number(tries), longestAgainMs)

async function record(
  tx: Tx,
  table: OutboxTable,
  row: OutboxRow,
  answer: Awaited<ReturnType<Mailer['send']>>,
): Promise<'sent' | 'failed' | 'later'> {
  if (answer.is === 'done') {
    await outboxes[table].move(
      tx,
      { id: row.id, state: 'queued' },
      'sent',
      { why: because('mail-server-accepted') },
      [sql`why = null`],
    )
    return 'sent'
  }
  const isTooOld = millis(await tx.now()) - millis(row.added_at) > giveUpMs
  if ((answer.is === 'refused' && !answer.again) || isTooOld) {
    await outboxes[table].move(
      tx,
      { id: row.id, state: 'queued' },
      'failed',
      { why: because('said', { said: answer.why }) },
      [sql`why = ${answer.why}`],
    )
    return 'failed'
  }
  const name: Sql = { texts: [table], values: [] }
  await tx.run(sql`update ${name} set why = ${answer.why} where id = ${row.id} and state = 'queued'`)
  return 'later'
}
