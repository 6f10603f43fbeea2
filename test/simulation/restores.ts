/**
 * Restores in the middle of a storm: a backup of any age takes the database's place while the bank lives on,
 * and people let payouts go in a hurry.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Transfer } from '../../sim/bank.ts'
import type { Chain } from '../../sim/chain/chain.ts'
import { because } from '../../src/base/reasons.ts'
import { BadInput } from '../../src/base/answer.ts'
import { nextNumbers } from '../../src/chain/chain.ts'
import { takeUpRestored, type App } from '../../src/jobs/jobs.ts'
import { listStrangers, reconcile } from '../../src/reconcile/reconcile.ts'
import { checkLedger, refuse } from '../../src/ledger/ledger.ts'
import type { ChainRail } from '../../src/rails/chain.ts'
import { openSqlite } from '../../src/db/sqlite.ts'
import { sql, DbUnavailable, type Db } from '../../src/db/db.ts'
import { status } from '../../src/queries/status.ts'
import { hasAbsence } from './absences.ts'
import { hasCancels } from './cancels.ts'
import { hasDenials } from './denials.ts'
import { hasEdits } from './edits.ts'
import { hasGivers } from './givers.ts'
import { hasJumps } from './jumps.ts'
import { hasLimits } from './limits.ts'
import { hasReturns } from './returns.ts'
import type { RoomParts } from './room.ts'
import type { Visit } from './shoppers.ts'
import { hasStrangers } from './strangers.ts'
import { hasVerdicts } from './verdicts.ts'
import {
  approveAndDo,
  letGo,
  proposeVerdict,
  releasePayout,
  retryPayout,
  settlePaidElsewhere,
  proposeAccept,
  proposeClose,
} from '../testbed/acts.ts'

/** Others who remember what they did would not understand that it was forgotten. */
const remembers = [
  hasAbsence,
  hasDenials,
  hasEdits,
  hasJumps,
  hasLimits,
  hasReturns,
  hasStrangers,
  hasVerdicts,
]

/**
 * In one seed of ninety beyond the first five hundred, which stay the stories they were; on both rails, and
 * without a shop.
 */
export const hasChainRestores = (seed: number): boolean =>
  seed > 500 && seed % 90 === 0 && ![...remembers, hasCancels, hasGivers].some(has => has(seed))

/** On the bank's rail alone in one seed of twenty-three, without a shop. */
export const hasRestores = (seed: number): boolean =>
  hasChainRestores(seed) ||
  (seed % 23 === 11 && seed % 5 !== 0 && seed % 9 !== 4 && !remembers.some(has => has(seed)))

export interface Restores {
  /** Makes a backup now and then; answers whether somebody restores one now. */
  step(): Promise<boolean>
  /** The database as it was when some backup was made, on hold. Nobody may be at work. */
  restore(): Promise<void>
  /** What people do after it. */
  visits(): Promise<Visit[]>
  /** Once the storm is over, until nothing is held any more. */
  attend(): Promise<Visit[]>
  /** Whether every event of the bank came in, or the bank's logs were read since it was forgotten. */
  allHeard(): Promise<boolean>
  judge(app: App): Promise<string[]>
  figures: { restores: number; forgotten: number; adopted: number; elsewhere: number }
}

/** The chain beside the bank, as people look at it: it has forgotten nothing. */
export interface RestoredChain {
  chain: Chain
  rail: ChainRail
  /** Told of each transaction that the restored database has forgotten. */
  strange: { add(txid: string): unknown }
}

/** A database whose place another can take. */
export function replaceable(first: Db): { db: Db; replace(by: Db): Promise<void> } {
  let now = first
  return {
    db: {
      engine: first.engine,
      store: first.store,
      all: statement => now.all(statement),
      one: statement => now.one(statement),
      tx: (work, how) => now.tx(work, how),
      script: text => now.script(text),
      backup: (file, environment) => now.backup(file, environment),
      compact: tables => now.compact(tables),
      close: () => now.close(),
    },
    async replace(by) {
      await now.close()
      now = by
    },
  }
}

const maxRestores = 2
const maxBackups = 8
const hasty = { by: 'ana', why: 'in a hurry' }

export function openRestores(
  { db, world: common, clock, bank, random, trace }: RoomParts,
  replace: (by: Db) => Promise<void>,
  onChain: RestoredChain | undefined,
): Restores {
  const world = { ...common, random }
  /** `sent`: transactions that were signed by then. */
  const backups: { contents: Buffer; sent: bigint }[] = []
  const forgotten = new Set<string>()
  const figures = { restores: 0, forgotten: 0, adopted: 0, elsewhere: 0 }
  /** Payouts by each transaction that some database made. */
  const paidBy = new Map<string, Set<string>>()
  const one = <T>(list: readonly T[]): T => list[random.between(0, list.length - 1)]!
  const heard = async () =>
    (await db.all<{ id: string }>(sql`select event_id as id from inbox`)).map(({ id }) => id)

  const sent = async () =>
    (await db.one<{ count: bigint }>(
      sql`select count(*) as count from bundle_candidates where raw is not null`,
    ))!.count
  /**
   * A storm is long before the first coin is passed on: on the chain the newest one that lacks a transaction
   * which was sent since.
   */
  const restorable = async () => {
    const now = await sent()
    return backups.findLast(each => each.sent < now)
  }

  async function backup(): Promise<void> {
    // Where the chain was never followed, a restored database follows it from where it is then, and what came
    // before is for a scan.
    if (onChain && !(await db.one(sql`select 1 as yes from chain_blocks limit 1`))) return
    const folder = mkdtempSync(join(tmpdir(), 'repasse-storm-'))
    await db.backup(join(folder, 'backup.db'), {})
    backups.push({ contents: readFileSync(join(folder, 'backup.db')), sent: onChain ? await sent() : 0n })
    if (backups.length > maxBackups) backups.splice(random.between(0, maxBackups - 1), 1)
    rmSync(folder, { recursive: true })
  }

  async function go(): Promise<void> {
    if (await letGo(db, hasty.why, 'bruno')) trace('restores: payouts are let go')
  }

  /** A person is told no, or the program dies under them: either way they go home. */
  const trying = (what: string, does: (app: App) => Promise<unknown>): Visit => ({
    twice: random.next() < 0.2,
    async does(app) {
      try {
        await does(app)
        trace(`restores: ${what}`)
      } catch (error) {
        if (!(error instanceof BadInput) && !(error instanceof DbUnavailable) && !isSilent(error)) throw error
        trace(`restores: not ${what}: ${error.message.slice(0, 120)}`)
      }
    },
  })

  /** Two people say that the transfer which the bank shows under the invoice's tag has paid it. */
  const adopt = (payoutId: string, { id }: Transfer): Visit =>
    trying(`${id} is said to be ours for ${payoutId}`, async app => {
      const { is, proposal } = await proposeVerdict(app, payoutId, { ...hasty, transfer: id, as: 'ours' })
      if (is === 'another') {
        await app.db.tx(tx => refuse(tx, proposal.id, { by: 'bruno', why: 'it cannot be' }))
        throw new BadInput('another verdict was proposed')
      }
      await approveAndDo(app, proposal.id, { by: 'bruno' })
      figures.adopted += 1
    })

  /** What the present database made. */
  async function noteMade(): Promise<ReadonlySet<string>> {
    const rows = await db.all<{ txid: string; payout_id: string }>(sql`
      select c.id as txid, a.payout_id from bundle_candidates c join bundle_outputs o on o.candidate_id = c.id
        join attempts a on a.id = o.attempt_id
      order by c.id, a.payout_id`)
    for (const { txid, payout_id: id } of rows) paidBy.set(txid, (paidBy.get(txid) ?? new Set()).add(id))
    return new Set(rows.map(({ txid }) => txid))
  }

  const madeFor = (payoutId: string) =>
    [...paidBy].filter(([, ids]) => ids.has(payoutId)).map(([txid]) => txid)
  const blocksOf = (txid: string) => onChain?.chain.confirmations(txid)

  /**
   * Whoever looks at the chain sees what was paid since the backup; what may still be mined is waited for.
   */
  async function attendChain(app: App): Promise<void> {
    const known = await noteMade()
    const rows = await db.all<{ id: string }>(sql`
      select id from payouts where asset = 'BTC' and state = 'held' and units > 0
        and (why like '%which this installation does not know%' or why like 'a coin of its transaction%')
          order by id`)
    for (const { id } of rows) {
      const forgottenOnes = madeFor(id).filter(txid => !known.has(txid))
      const paying = forgottenOnes.find(txid => (blocksOf(txid) ?? 0) > 0)
      if (paying === undefined && forgottenOnes.some(txid => blocksOf(txid) !== undefined)) continue
      try {
        if (paying === undefined) await releasePayout(db, id, { by: 'ana', why: 'nobody paid it otherwise' })
        else
          await settlePaidElsewhere(db, app.rails, app.world, id, {
            by: 'ana',
            why: 'it was paid before the restore',
            ref: paying,
          })
        if (paying !== undefined) figures.elsewhere += 1
        trace(
          `restores: ${id} is ${paying === undefined ? 'released' : `settled with ${paying.slice(0, 8)}`}`,
        )
      } catch (error) {
        if (!(error instanceof BadInput)) throw error
        trace(`restores: not settled ${id}: ${error.message.slice(0, 120)}`)
      }
    }
  }

  /** Each payout was paid by one transaction at most, whichever database made it. */
  async function judgeOnce(): Promise<string[]> {
    if (!onChain) return []
    await noteMade()
    const ids = new Set([...paidBy.values()].flatMap(each => [...each]))
    return [...ids].flatMap(id => {
      const mined = madeFor(id).filter(txid => (blocksOf(txid) ?? 0) > 0)
      return mined.length > 1 ? [`${id} was paid by ${mined.join(' and ')}`] : []
    })
  }

  const stuck = () =>
    db.all<{ id: string; state: string; invoice_id: string }>(sql`
      select p.id, p.state, p.invoice_id from payouts p join invoices i on i.id = p.invoice_id
      where p.asset = 'BRL' and p.state in ('held', 'returned') and p.units > 0 and i.state = 'credited'
        and p.invoice_id not in (
        select invoice_id from invoice_reversals where under_way_since is not null or holds_payout = 1)
          order by p.id`)

  const push = ({ id, state }: { id: string; state: string }): Visit =>
    trying(`${id} is ${state === 'held' ? 'released' : 'tried again'}`, app =>
      (state === 'held' ? releasePayout : retryPayout)(app.db, id, hasty),
    )

  return {
    figures,
    async step() {
      if (random.next() < 0.12) await backup()
      if (backups.length === 0 || figures.restores >= maxRestores) return false
      return onChain ? (await restorable()) !== undefined && random.next() < 0.1 : random.next() < 0.03
    },
    async restore() {
      for (const id of await heard()) forgotten.add(id)
      await noteMade()
      const { contents } = onChain ? (await restorable())! : one(backups)
      const replaced = await nextNumbers(db)
      await replace(openSqlite(':memory:', { clock, random, contents }))
      figures.forgotten += forgotten.size - (await heard()).length
      figures.restores += 1
      const { slots, drafts } = await takeUpRestored(db, world, {
        why: because('said', { said: 'restored in a storm' }),
        by: 'ana',
        replaced,
      })
      trace(`restores: a backup took its place; ${slots} slots and ${drafts} drafts are set aside`)
      const known = await noteMade()
      for (const txid of paidBy.keys()) if (!known.has(txid)) onChain?.strange.add(txid)
    },
    async visits() {
      if (figures.restores === 0) return []
      const chance = random.next()
      if (chance < 0.08) await go()
      if (chance < 0.9) return []
      const rows = await stuck()
      return rows.length === 0 ? [] : [push(one(rows))]
    },
    async attend() {
      await go()
      const act = { by: 'ana', why: 'it was before the restore' }
      for (const { id } of await listStrangers(db, { state: 'open', limit: 1_000 })) {
        const { proposal } = await proposeAccept(db, world, id, act)
        await approveAndDo({ db, world, rails: {} }, proposal.id, { by: 'bruno' })
      }
      const waiting = await db.all<{ id: string; tag: string | null }>(sql`
        select distinct provider_id as id, invoice_tag as tag from suspense_lines where cleared_at is null
          order by 1`)
      const known = new Set((await db.all<{ id: string }>(sql`select id from invoices`)).map(({ id }) => id))
      for (const { id } of waiting.filter(({ tag }) => tag === null || !known.has(tag))) {
        const { proposal } = await db.tx(tx => proposeClose(tx, world, id, act))
        await approveAndDo({ db, world, rails: {} }, proposal.id, { by: 'bruno' })
        trace(`restores: suspense of ${id} is closed`)
      }
      const keys = new Set(
        (await db.all<{ key: string }>(sql`select external_id as key from attempts`)).map(({ key }) => key),
      )
      const chainVisit: Visit[] = onChain ? [{ twice: false, does: attendChain }] : []
      return chainVisit.concat(
        (await stuck()).map(row => {
          const lost = bank
            .transfers()
            .find(
              ({ tags, status: is, externalId }) =>
                is === 'success' && tags.includes(row.invoice_id) && !keys.has(externalId),
            )
          return row.state === 'held' && lost ? adopt(row.id, lost) : push(row)
        }),
      )
    },
    async allHeard() {
      // What was forgotten is told by the bank's logs, once they were read again.
      if (await db.one(sql`select 1 as yes from settings where name = 'bank unread'`)) return false
      const kept = new Set(await heard())
      return bank.eventsCreated().every(({ id }) => kept.has(id) || forgotten.has(id))
    },
    judge: async app => [...(await judgeRestored({ db, bank }, app)), ...(await judgeOnce())],
  }
}

/**
 * Nothing paid twice, nothing lost, books and bank agree: of invoices that the backup knew. What it never
 * knew was paid on once at most.
 */
async function judgeRestored({ db, bank }: Pick<RoomParts, 'db' | 'bank'>, app: App): Promise<string[]> {
  const faults: string[] = []
  const found = await reconcile(db, app.rails.starkbank!, app.world)
  if (typeof found === 'string') faults.push(found)
  else if (found.bankUnits !== found.bookUnits)
    faults.push(`the bank holds ${found.bankUnits}, the books say ${found.bookUnits}`)
  const arrived = (tag: string) =>
    bank.transfers().filter(({ status: is, tags }) => is === 'success' && tags.includes(tag))
  for (const { tags } of bank.invoices()) {
    const tag = tags.find(each => each.startsWith('inv_'))!
    if (arrived(tag).length > 1) faults.push(`${tag} was paid on ${arrived(tag).length} times`)
  }
  const rows = await db.all<{
    id: string
    provider_id: string | null
    state: string
    payout: string | null
    payout_state: string | null
    why: string
    units: bigint | null
  }>(sql`
    select i.id, i.provider_id, i.state, p.id as payout, p.state as payout_state, p.why, p.units
    from invoices i left join payouts p on p.invoice_id = i.id where i.rail = 'starkbank' order by i.id`)
  const byId = new Map(bank.invoices().map(invoice => [invoice.id, invoice]))
  for (const { id, provider_id: there, state, payout, payout_state: payoutState, why, units } of rows) {
    if (['draft', 'issuing', 'unsure'].includes(state)) faults.push(`${id} is still ${state}`)
    const isCredited = there !== null && bank.isCredited(there)
    if (isCredited !== (state === 'credited' || state === 'reversed'))
      faults.push(`${id} was ${isCredited ? '' : 'never '}credited and is ${state}`)
    if (there !== null && (byId.get(there)?.status === 'voided') !== (state === 'reversed'))
      faults.push(`${id} is ${state} here, and at the bank ${byId.get(there)?.status}`)
    if (state === 'credited' && payout === null) faults.push(`${id} is credited and nothing is owed for it`)
    if (
      state === 'credited' &&
      units !== null &&
      units > 0n &&
      (payoutState === 'paid') !== (arrived(id).length === 1)
    )
      faults.push(`${payout} is ${payoutState} here (${why}), and the bank paid ${arrived(id).length}`)
    if (state === 'credited' && units !== null && units > 0n && payoutState !== 'paid')
      faults.push(`${payout} is ${payoutState}: ${why}`)
  }
  const events = await db.all<{ id: string; state: string; why: string }>(sql`
    select event_id as id, state, why from inbox where state in ('new', 'waiting', 'quarantined')
      order by inbox.id`)
  for (const { id, state, why } of events) faults.push(`event ${id} is ${state}: ${why}`)
  const standing = await status(db)
  return [
    ...faults,
    ...(await checkLedger(db)).map(({ invariant, says }) => `${invariant}: ${says}`),
    ...(standing.addsUp ? [] : ['the status does not add up']),
    ...(standing.stopped === undefined ? [] : [`payouts are stopped: ${standing.stopped}`]),
  ]
}

/** The bank did not say what it was asked: whoever asked asks later. */
const isSilent = (error: unknown): error is Error =>
  error instanceof Error && error.message.startsWith('the bank did not')
