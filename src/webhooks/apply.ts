/**
 * Applying: what an event changes and the mark on its inbox row are one transaction, so both happen or
 * neither.
 */
import { because, type Reason } from '../base/reasons.ts'
import type { LatePolicy } from '../base/bitcoinSettings.ts'
import type { Answer } from '../base/answer.ts'
import { later, millis, type Millis, type World } from '../base/world.ts'
import type { RailName } from '../base/rails.ts'
import type { Terms } from '../payout/payout.ts'
import type { Rails } from '../rails/rail.ts'
import { setWhy, forUpdate, sql, type Db, type Tx } from '../db/db.ts'
import { dropBody, othersEvents, type InboxRow } from './inbox.ts'
import { inbox } from './tables.ts'

export interface Settling {
  db: Db
  rails: Rails
  world: World
  terms: Terms
  /** How what comes on a chain is judged; asked only where there is one. */
  chain?: ChainTerms
  /**
   * How long the bodies of other programs' events are kept: nothing of them is where it is 0, everything
   * where nobody says.
   */
  retention?: { othersMs?: Millis | undefined }
}

export interface ChainTerms {
  /** How deep a coin lies before it is passed on, and a payout before it is `paid`. */
  payoutDepth: number
  late: LatePolicy
}

/**
 * What is usual: six blocks, and late money taken at the locked rate while the price has moved by 2 % at
 * most.
 */
export const usualChainTerms: ChainTerms = { payoutDepth: 6, late: { is: 'accept', within: 200n } }

/** How the events of one rail are settled. */
export interface Settler {
  rail: RailName
  /**
   * Settles rows that were claimed together, one by one, with what the provider can be asked about all of
   * them at once. False: it waits.
   */
  together(rows: readonly InboxRow[]): Promise<(row: InboxRow) => Promise<boolean>>
}

/**
 * How an event ended. `again`: it can be applied later. `unheard`: the bank could not be asked, which is no
 * try.
 */
export type Outcome =
  | { is: 'done' | 'quarantined'; why: Reason }
  /** `others`: it is another workspace's or another program's, and bears no tag of ours. */
  | { is: 'ignored'; why: Reason; others?: true }
  | { is: 'again'; why: Reason; unheard?: true }

/**
 * The bank did not say what an event is about. While it does not answer or does not know us, the event waits
 * for as long as that lasts.
 */
export function unconfirmed(answer: Exclude<Answer<unknown>, { is: 'done' }>): Outcome {
  const why = because('not-confirmed', { said: answer.why })
  return answer.is === 'unsure' || answer.again ? { is: 'again', why, unheard: true } : { is: 'again', why }
}

const pauseMs = 15_000
const longestPauseMs = 20 * pauseMs
const maxTries = 40n

/** `isForgotten`: the payer of what it is about was forgotten, so its body goes as soon as it is settled. */
export type Claimed = InboxRow & { isForgotten?: boolean }

/**
 * Applies and marks the row in one transaction: both happen, or neither. A row someone else settled meanwhile
 * is left. False when it waits.
 */
export async function finish(
  { db, world, retention }: Pick<Settling, 'db' | 'world' | 'retention'>,
  row: Claimed,
  kind: string | undefined,
  apply: (tx: Tx) => Promise<Outcome>,
): Promise<boolean> {
  const outcome = await db.tx(async tx => {
    const current = await tx.one<{ state: InboxRow['state'] }>(
      sql`select state from inbox where id = ${row.id} ${forUpdate}`,
    )
    if (!current || (current.state !== 'new' && current.state !== 'waiting')) return undefined
    const result = await apply(tx)
    const isUnheard = result.is === 'again' && result.unheard === true
    const giveUp = result.is === 'again' && !isUnheard && row.tries >= maxTries
    const state = giveUp ? 'quarantined' : result.is === 'again' ? 'waiting' : result.is
    const now = await tx.now()
    // An outage that has lasted for long is not over in the next seconds.
    const pause = isUnheard ? millis(now) - millis(row.received_at) : pauseMs * Number(row.tries)
    const next = later(now, Math.min(Math.max(pause, pauseMs), longestPauseMs))
    const tries = isUnheard ? row.tries - 1n : row.tries
    const isOthers = result.is === 'ignored' && result.others === true
    const about = isOthers ? othersEvents : row.about
    const also = [
      ...[setWhy(result.why), sql`kind = ${kind ?? null}`, sql`next_at = ${next}`, sql`tries = ${tries}`],
      sql`about = ${about}`,
    ]
    await inbox.move(
      tx,
      { id: row.id, state: current.state },
      state,
      { why: result.why, ...(state === 'waiting' && { again: true }) },
      also,
    )
    if ((isOthers && retention?.othersMs === 0) || row.isForgotten) await dropBody(tx, row.id)
    return result
  }, 'locks')
  await world.at('event settled')
  if (!outcome) return false
  const level = outcome.is === 'quarantined' ? 'error' : outcome.is === 'again' ? 'warn' : 'info'
  world.log[level](
    { event: row.event_id, kind, via: row.via, why: outcome.why },
    `event ${outcome.is === 'again' ? 'waits' : outcome.is}`,
  )
  return outcome.is !== 'again'
}
