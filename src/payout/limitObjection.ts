/**
 * Objections to limits: while one is open, the strictest of what they were before and after what was changed
 * counts, and nobody raises them. Lowering them, and letting one payout go beyond them by two people, go on.
 */
import { formatMoney, type Asset } from '../base/money.ts'
import type { World } from '../base/world.ts'
import {
  clearObjections,
  objectionsOf,
  openObjections,
  openObjectionTo,
  proposeClearing,
  type Clearing,
  type Objection,
  type ProposalRow,
  type Proposed,
} from '../ledger/ledger.ts'
import { tellOfLimits } from '../people/people.ts'
import { join, sql, type Reader, type Db, type Tx } from '../db/db.ts'
import { lookAgain } from './limitActs.ts'
import { installationScope, usedIn } from './limits.ts'
import { limitedBy, nameOfScope, type LimitScope } from './limitScope.ts'
import {
  changesObjectedTo,
  limitChanges,
  limitsClearAct,
  objectedLimits,
  toLimits,
  wasLetBeyond,
} from './limitsSaid.ts'
import { afterClaims } from './objection.ts'
import { answering, refuse, type PayoutRefusal } from './refusals.ts'
import type { PayoutRow } from './row.ts'

interface Said {
  by: string
  why: string
}

/** The open ones to the limits of a scope. */
export const limitObjections = (reader: Reader, scope: string): Promise<Objection[]> =>
  objectionsOf(reader, toLimits, scope)

/** An objection that counts, and what it is to. */
export type ObjectedLimits = Objection & { scope: string; asset: Asset; account: string | null }

/** Every open one, by what it is to. */
export async function everyLimitObjection(reader: Reader): Promise<ObjectedLimits[]> {
  const found: ObjectedLimits[] = []
  for (const [id, objections] of await openObjections(reader, toLimits)) {
    const { asset, account } = await limitedBy(reader, id)
    found.push(...objections.map(objection => ({ ...objection, scope: id, asset, account })))
  }
  return found
}

/** From now on what was raised counts no longer; refused where no limit was ever set there. */
export const objectToLimits = (
  db: Db,
  world: World,
  scopeId: string,
  { by, why }: Said,
): Promise<{ is: 'done'; objection: Objection } | PayoutRefusal> =>
  answering(async () => {
    const opened = await db.tx(async tx => {
      const scope = await limitedBy(tx, scopeId)
      const name = nameOfScope(scope)
      if (!(await limitChanges(tx)).some(change => change.scope === scopeId))
        refuse({ is: 'limits-never-set', name })
      const { isNew, objection } = await openObjectionTo(
        tx,
        world,
        toLimits,
        { id: scopeId, name },
        { by, why },
      )
      if (isNew) await tellOfLimits(tx, { kind: 'limits objected', scope, by, why })
      return { objection, asset: scope.asset }
    })
    await afterClaims(db, sql`asset = ${opened.asset}`)
    return { is: 'done', objection: opened.objection } as const
  })

/** Who proposed what is objected to ends no objection to it. */
async function clearing(reader: Reader, scope: LimitScope): Promise<Clearing> {
  const { id } = scope
  const [first] = await limitObjections(reader, id)
  const changes = first ? changesObjectedTo(await limitChanges(reader), id, first) : []
  const authors = [...new Set(changes.filter(({ raised }) => raised).map(({ by }) => by))]
  return {
    ...{ kind: toLimits, act: limitsClearAct, id, name: nameOfScope(scope), authors, about: 'limits' },
  }
}

/**
 * Proposes that the open objections end; another person approves it, and neither of them proposed the limits.
 */
export const proposeLimitsClear = (
  db: Db,
  world: World,
  scopeId: string,
  { by, why }: Said,
): Promise<Proposed | PayoutRefusal> =>
  answering(() =>
    db.tx(async tx =>
      proposeClearing(tx, world, await clearing(tx, await limitedBy(tx, scopeId)), { by, why }),
    ),
  )

/**
 * In the transaction of the approval. What was raised counts from its time on, and what waits is looked at
 * again.
 */
export async function carryOutLimitsClear(tx: Tx, proposal: ProposalRow): Promise<void> {
  const scope = await limitedBy(tx, proposal.subject)
  await lookAgain(tx, scope.asset)
  await clearObjections(tx, await clearing(tx, scope), proposal)
  const { made_by: by, decided_by: approvedBy, why } = proposal
  await tellOfLimits(tx, { kind: 'limits cleared', scope, by, approvedBy: approvedBy!, why })
}

/**
 * Why these payouts, which were claimed before somebody objected, do not go now: they are above what counts
 * meanwhile. Those that two people let go beyond the limits do.
 */
export async function aboveObjected(
  reader: Reader & Pick<Tx, 'now'>,
  asset: Asset,
  payouts: readonly Pick<PayoutRow, 'id' | 'account_id' | 'units'>[],
): Promise<string | undefined> {
  const { open, caps } = await objectedLimits(reader)
  const scopes = new Set([installationScope(asset), ...payouts.map(({ account_id: id }) => id)])
  const own = caps.filter(({ scope }) => scopes.has(scope))
  if (own.length === 0) return undefined
  const beyond = await reader.all<{ payout_id: string }>(sql`
    select payout_id from limit_approvals l where payout_id in (${join(payouts.map(({ id }) => id))})
      and ${wasLetBeyond}`)
  const going = payouts.filter(({ id }) => beyond.every(each => each.payout_id !== id))
  for (const { scope, per, units } of own) {
    const here = going.filter(({ account_id: id }) => scope === installationScope(asset) || scope === id)
    if (here.length === 0) continue
    const isOver =
      per === 'payout'
        ? here.some(payout => payout.units > units)
        : (await usedIn(reader, asset, scope, await reader.now()))[per] > units
    if (!isOver) continue
    const { made_by: by, why } = open.get(scope)![0]!
    const name = nameOfScope(await limitedBy(reader, scope))
    return `${by} objects to the limits of ${name}, so ${formatMoney(units, asset)} ${per === 'payout' ? 'for one payout' : `a${per === 'hour' ? 'n' : ''} ${per}`} counts: ${why}`
  }
  return undefined
}
