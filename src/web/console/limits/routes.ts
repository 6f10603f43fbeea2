/** The routes of limits: what is in force, changing them, and proposing that one payout goes beyond them. */
import { createHash } from 'node:crypto'
import { BadInput } from '../../../base/answer.ts'
import type { Asset } from '../../../base/money.ts'
import { readTyped } from '../../../base/typedAmount.ts'
import { assetOfKind } from '../../../base/rails.ts'
import {
  changeLimits,
  everyLimitObjection,
  installationScope,
  limitObjections,
  limitPers,
  limitsIn,
  listAccounts,
  objectToLimits,
  proposeLimitsClear,
  stopOf,
  proposeBeyond,
  showLimits,
  type WantedLimits,
} from '../../../payout/payout.ts'
import { show, type Language } from '../../page/page.ts'
import type { Tone } from '../../page/parts.tsx'
import type { PageParts } from '../../context.ts'
import type { ConsoleContext, ConsoleRoutes } from '../guard.ts'
import { LimitsPage, limitsPath, type Limited } from './page.tsx'
import { pathTo } from '../links.ts'
import { csvAmount, styleOf } from '../list/list.ts'
import { reasonIn, type FieldFaults, type Values } from '../schedules/when.ts'
import { faultOfAmount } from '../list/amounts.ts'
import { frameWords } from '../frame/words.ts'
import { done, refusalText } from '../refusals.ts'
import { limitWords } from './words.ts'

export function limitRoutes(routes: ConsoleRoutes, { app: { db, world } }: PageParts): void {
  const choicesNow = async (): Promise<Limited[]> => [
    ...(['BRL', 'BTC'] as const).map(asset => ({ scope: installationScope(asset), asset })),
    ...(await listAccounts(db))
      .filter(({ state }) => state !== 'closed')
      .map(({ id, name, kind }) => ({ scope: id, asset: assetOfKind(kind), account: { id, name } })),
  ]
  /** Those in force as the form holds them. */
  const valuesOf = async ({ scope, asset }: Limited, lang: Language): Promise<Values> => {
    const now = await db.tx(async tx => limitsIn(tx, scope, await tx.now()), 'locks')
    return Object.fromEntries(
      limitPers.map(per => [per, now[per] === undefined ? '' : csvAmount(now[per], asset, styleOf(lang))]),
    )
  }

  async function showPage(
    ctx: ConsoleContext,
    { of, values, faults, notice, objectionFault, status = 200 }: Shown,
  ): Promise<void> {
    const { lang, person } = ctx.state
    const seen = of && (await valuesOf(of, lang))
    const [{ limits, waiting }, choices, stopped] = [
      await db.tx(async tx => showLimits(tx, await tx.now()), 'locks'),
      await choicesNow(),
      await stopOf(db),
    ]
    const form = of && seen && { of, values: values ?? seen, seen: digestOf(seen), ...(faults && { faults }) }
    const objections = await everyLimitObjection(db)
    show(
      ctx,
      LimitsPage({
        lang,
        person,
        stopped,
        limits,
        waiting,
        choices,
        form,
        objections,
        objectionFault,
        notice,
      }),
      status,
    )
  }

  routes.page(limitsPath, 'see', async ctx => {
    const say = limitWords[ctx.state.lang]
    const wanted = ctx.query['of']
    const of = (await choicesNow()).find(({ scope }) => scope === wanted)
    const { lowered, objected } = say.done
    const text =
      ctx.query['said'] === 'lowered' ? lowered : ctx.query['said'] === 'objected' ? objected : undefined
    await showPage(ctx, { of, notice: text === undefined ? undefined : { tone: 'good', text } })
  })

  /** Whose limits the form is about; an account that was closed since may still have some. */
  const chosen = async (ctx: ConsoleContext, scope: string): Promise<Limited> =>
    (await choicesNow()).find(each => each.scope === scope) ?? ctx.throw(404)

  routes.post(`${limitsPath}/object`, 'limits.object', async (ctx, form) => {
    const { lang, person } = ctx.state
    const of = await chosen(ctx, form.text('of'))
    const why = reasonIn(form)
    if (why === '')
      return showPage(ctx, {
        of,
        notice: undefined,
        objectionFault: frameWords[lang].reasonMissing,
        status: 400,
      })
    const { limits } = await db.tx(async tx => showLimits(tx, await tx.now()), 'locks')
    if (!limits.some(({ scope }) => scope === of.scope) && (await limitObjections(db, of.scope)).length === 0)
      return showPage(ctx, {
        of,
        notice: { tone: 'bad', text: limitWords[lang].objection.noLimit },
        status: 409,
      })
    done(lang, await objectToLimits(db, world, of.scope, { by: person.name, why }))
    return `${limitsPath}?said=objected`
  })

  routes.post(`${limitsPath}/clear`, 'limits.clear', async (ctx, form) => {
    const { lang, person } = ctx.state
    const of = await chosen(ctx, form.text('of'))
    const why = reasonIn(form)
    if (why === '')
      return showPage(ctx, {
        of,
        notice: undefined,
        objectionFault: frameWords[lang].reasonMissing,
        status: 400,
      })
    const answer = await proposeLimitsClear(db, world, of.scope, { by: person.name, why })
    // Ended meanwhile, as when two people press the button.
    if (answer.is === 'no-objection') return limitsPath
    if (answer.is === 'proposed' || answer.is === 'there') return pathTo('proposal', answer.proposal.id)
    return showPage(ctx, { of, notice: { tone: 'bad', text: refusalText(lang, answer) }, status: 409 })
  })

  routes.post(limitsPath, 'limits.set', async (ctx, form) => {
    const { lang, person } = ctx.state
    const say = limitWords[lang]
    const of = (await choicesNow()).find(({ scope }) => scope === form.text('of')) ?? ctx.throw(404)
    const values = form.values()
    const refused = (text: string) =>
      showPage(ctx, { of, values, notice: { tone: 'bad', text }, status: 409 })
    if (form.text('seen') !== digestOf(await valuesOf(of, lang)))
      return showPage(ctx, { of, notice: { tone: 'bad', text: say.faults.changed }, status: 409 })
    const { wanted, faults } = readLimits(values, of.asset, lang)
    const why = reasonIn(form)
    if (why === '') faults['why'] = frameWords[lang].reasonMissing
    if (Object.keys(faults).length > 0)
      return showPage(ctx, { of, values, faults, notice: undefined, status: 400 })
    const change = { asset: of.asset, accountId: of.account?.id, wanted, by: person.name, why }
    const changed = await db.tx(tx => changeLimits(tx, world, change))
    switch (changed.is) {
      case 'lowered':
        return `${limitsPath}?said=lowered`
      case 'same':
        return refused(say.faults.nothing)
      case 'objected':
        return refused(say.faults.objected(changed.by))
      case 'another':
        return refused(say.faults.another)
      case 'barred':
        return refused(refusalText(lang, changed))
      case 'proposed':
      case 'there':
        return pathTo('proposal', changed.proposal.id)
    }
  })

  routes.post('/console/payouts/:id/beyond', 'payout.beyond', async (ctx, form) => {
    const { lang, person } = ctx.state
    const why = reasonIn(form)
    if (why === '') throw new BadInput(frameWords[lang].reasonMissing)
    const beyond = await db.tx(tx => proposeBeyond(tx, world, ctx.params['id']!, { by: person.name, why }))
    switch (beyond.is) {
      case 'unknown':
        return ctx.throw(404)
      case 'waits for no limit':
        throw new BadInput(limitWords[lang].beyond.notWaiting)
      case 'barred':
        throw new BadInput(refusalText(lang, beyond))
      // Another person's is what there is to approve.
      case 'another':
      case 'there':
      case 'proposed':
        return pathTo('proposal', beyond.proposal.id)
    }
  })
}

interface Shown {
  of: Limited | undefined
  values?: Values
  faults?: FieldFaults
  notice: { tone: Tone; text: string } | undefined
  objectionFault?: string
  status?: number
}

const digestOf = (values: Values): string =>
  createHash('sha256')
    .update(JSON.stringify(limitPers.map(per => values[per])))
    .digest('base64url')

/** An empty field is no limit. */
function readLimits(
  values: Values,
  asset: Asset,
  lang: Language,
): { wanted: WantedLimits; faults: FieldFaults } {
  const wanted: WantedLimits = {}
  const faults: FieldFaults = {}
  for (const per of limitPers) {
    const text = (values[per] ?? '').trim()
    const typed = readTyped(text, asset)
    if (text === '') wanted[per] = null
    else if (typed.is === 'amount') wanted[per] = typed.units
    else faults[per] = faultOfAmount(typed, lang, limitWords[lang].faults.amount)
  }
  return { wanted, faults }
}
