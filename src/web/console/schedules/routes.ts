/** The routes of schedules: list, one, new, edit, preview, trial run, run now, pause and resume. */
import { renderToString } from 'preact-render-to-string'
import type { Proof } from '../../../approvals/approvals.ts'
import { inBitcoin, moneyIn, type Money } from '../../../base/money.ts'
import { BadInput } from '../../../base/answer.ts'
import { maskTaxId } from '../../../base/brazil.ts'
import { readRoster, writeRoster, type RosterRow } from '../../../base/roster.ts'
import { noteExport } from '../../../privacy/privacy.ts'
import { rosterText } from '../../../base/rosterFile.ts'
import { instant, millis } from '../../../base/world.ts'
import { accountKindOf, assetOf, isOnChain, railNames } from '../../../base/rails.ts'
import { railFlows, railsHere } from '../../../jobs/jobs.ts'
import { rateNow } from '../../../invoice/invoice.ts'
import {
  addSchedule,
  changeSchedule,
  decideCatchUp,
  dryRun,
  heldSlots,
  findSchedule,
  judgeSchedule,
  latestSlots,
  rosterOrigin,
  runNow,
  setScheduleState,
  type ScheduleRow,
  type Unfit,
} from '../../../schedule/schedule.ts'
import { findAccount, listAccounts, stopOf, type AccountRow } from '../../../payout/payout.ts'
import { history, identitiesOf } from '../../../db/db.ts'
import { pageOfSchedules, whyPaused } from '../../../queries/schedules.ts'
import { show, type Form } from '../../page/page.ts'
import type { PageParts } from '../../context.ts'
import type { ConsoleContext, ConsoleRoutes } from '../guard.ts'
import { styleOf } from '../list/list.ts'
import { done } from '../refusals.ts'
import { reasonIn, readWhen, type FieldFaults, type Values } from './when.ts'
import { SchedulePage } from './page.tsx'
import { ScheduleForm } from './form.tsx'
import { pathOf, SchedulesPage } from './list.tsx'
import { Preview } from './preview.tsx'
import { firstValues, readSchedule, valuesOf, type FormContext } from './readForm.ts'
import { DryRunPage, RunPage } from './run.tsx'
import { frameWords } from '../frame/words.ts'
import { scheduleWords } from './words.ts'
import { scheduleFormWords } from './formWords.ts'

const path = '/console/schedules'
const atOnce = 20
const bars = 30
/** How old a page may be that asks for a run. */
const freshMs = 10 * 60_000
/** The routes below ask for a code before they are reached. */
const byCode: Proof = { is: 'code' }
const looksOnly = (form: Form) => form.has('preview')
const limits = { fileBytes: 900 * 1024, textBytes: 1024 * 1024 }

export function scheduleRoutes(routes: ConsoleRoutes, { app }: PageParts): void {
  const { db, world, bitcoin, terms } = app
  const now = () => world.clock.now()
  const framed = async (ctx: ConsoleContext) => ({
    lang: ctx.state.lang,
    person: ctx.state.person,
    stopped: await stopOf(db),
  })
  /** The schedule of the path, or 404. */
  const the = async (ctx: ConsoleContext): Promise<ScheduleRow> =>
    (await findSchedule(db, ctx.params['name']!)) ?? ctx.throw(404)
  const accountOf = (row: ScheduleRow) => findAccount(db, row.account_id)
  const railIsThere = ({ rail }: ScheduleRow) => railFlows[rail].isHere(app)

  routes.page(path, 'see', async ctx => {
    const after = typeof ctx.query['after'] === 'string' ? ctx.query['after'] : ''
    const { schedules, next } = await pageOfSchedules(db, after, { limit: atOnce, bars })
    show(
      ctx,
      SchedulesPage({
        ...(await framed(ctx)),
        now: now(),
        schedules,
        query: after === '' ? {} : { after },
        next,
      }),
    )
  })

  /** The fields that say when, in the address: what is shown is of nobody and changes nothing. */
  routes.page(`${path}/preview`, 'see', ctx => {
    const { lang } = ctx.state
    const values = Object.fromEntries(
      Object.entries(ctx.query).map(([name, value]) => [name, String(value).slice(0, 200)]),
    )
    ctx.set('cache-control', 'no-store')
    ctx.type = 'text/html; charset=utf-8'
    ctx.body = renderToString(Preview({ lang, now: now(), when: readWhen(values, lang).when }))
  })

  formRoutes(routes)

  routes.page(`${path}/:name`, 'see', async ctx => {
    const row = await the(ctx)
    const said = ctx.query['said']
    const say = scheduleWords[ctx.state.lang].one
    const notices = {
      ran: say.ran,
      saved: say.saved,
      same: say.same,
      paused: say.pausedNow,
      resumed: say.resumedNow,
      caughtUp: say.caughtUpNow,
      skipped: say.skippedNow,
    } as const
    const text =
      typeof said === 'string' && Object.hasOwn(notices, said)
        ? notices[said as keyof typeof notices]
        : undefined
    await showOne(ctx, row, text === undefined ? {} : { notice: { tone: 'good', text } })
  })

  const noteRoster = (ctx: ConsoleContext, { name, count_low: rows }: ScheduleRow) =>
    noteExport(app, { of: `roster of ${name}`, by: ctx.state.person.name, rows: Number(rows) })
  /** What was taken in, as a spreadsheet of the reader's country reads it and as it can be taken in again. */
  const sendRoster = (ctx: ConsoleContext, row: ScheduleRow, rows: RosterRow[]) => {
    ctx.type = 'text/csv; charset=utf-8'
    ctx.set('cache-control', 'no-store')
    ctx.attachment(`${row.name}.csv`)
    ctx.body = `\ufeff${writeRoster(rows, row.currency, styleOf(ctx.state.lang))}`
  }
  routes.page(`${path}/:name/roster.csv`, 'see', async ctx => {
    const row = await the(ctx)
    if (row.roster === null) return ctx.throw(404)
    sendRoster(
      ctx,
      row,
      readRoster(row.roster, row.currency).map(payer => ({ ...payer, taxId: maskTaxId(payer.taxId) })),
    )
  })
  // As it can be taken in again; that somebody took it is written down.
  routes.post(`${path}/:name/roster.csv`, 'taxId.see', async ctx => {
    const row = await the(ctx)
    if (row.roster === null) return ctx.throw(404)
    const rows = readRoster(row.roster, row.currency)
    await noteRoster(ctx, row)
    sendRoster(ctx, row, rows)
  })

  async function showOne(
    ctx: ConsoleContext,
    row: ScheduleRow,
    more: { notice?: { tone: 'good' | 'bad'; text: string }; fault?: string },
    status = 200,
  ): Promise<void> {
    const roster =
      row.roster === null ? undefined : { rows: Number(row.count_low), ...(await rosterOrigin(db, row)) }
    const parts = {
      ...(await framed(ctx)),
      ...{ now: now(), row, account: await accountOf(row), roster, railIsThere: railIsThere(row) },
      held: await heldSlots(db, row.id),
      stated: await judgeSchedule(db, row),
      ...{
        slots: await latestSlots(db, row.id, bars),
        steps: await history(db, row.id),
        why: await whyPaused(db, row),
      },
      notice: more.notice,
      ...(more.fault !== undefined && { fault: more.fault }),
    }
    show(ctx, SchedulePage(parts), status)
  }

  for (const [verb, to, said] of [
    ['pause', 'paused', 'paused'],
    ['resume', 'active', 'resumed'],
  ] as const)
    routes.post(`${path}/:name/${verb}`, `schedule.${verb}`, async (ctx, form) => {
      const row = await the(ctx)
      const why = reasonIn(form)
      if (why === '') return showOne(ctx, row, { fault: frameWords[ctx.state.lang].reasonMissing }, 400)
      // The same again, as when a button is pressed twice, is no fault.
      if (row.state !== to)
        done(ctx.state.lang, await setScheduleState(db, row.id, to, ctx.state.person.name, why))
      return `${pathOf(row)}?said=${said}`
    })

  for (const [verb, said] of [
    ['go', 'caughtUp'],
    ['skip', 'skipped'],
  ] as const)
    routes.post(`${path}/:name/catch-up/${verb}`, 'schedule.catch-up', async (ctx, form) => {
      const row = await the(ctx)
      const why = reasonIn(form)
      if (why === '') return showOne(ctx, row, { fault: frameWords[ctx.state.lang].reasonMissing }, 400)
      done(ctx.state.lang, await decideCatchUp(db, row.id, verb, ctx.state.person.name, why))
      return `${pathOf(row)}?said=${said}`
    })

  routes.page(`${path}/:name/dry-run`, 'see', async ctx => {
    const row = await the(ctx)
    const rate =
      row.currency === assetOf(row.rail) ? undefined : bitcoin ? await rateNow(db, bitcoin, world) : noBitcoin
    const price =
      rate?.is === 'rate' ? (said: Money) => inBitcoin(moneyIn(said, 'BRL'), rate.price) : undefined
    const plan =
      rate?.is === 'none' ? undefined : done(ctx.state.lang, await dryRun(row, world, terms, price))
    show(ctx, DryRunPage({ ...(await framed(ctx)), row, account: await accountOf(row), plan, rate }))
  })

  const showRun = async (ctx: ConsoleContext, row: ScheduleRow, faults?: { why?: string; page?: string }) => {
    const account = await accountOf(row)
    const parts = { ...(await framed(ctx)), row, account, at: instant(now()), railIsThere: railIsThere(row) }
    show(ctx, RunPage({ ...parts, ...(faults && { faults }) }), faults ? 400 : 200)
  }
  routes.page(`${path}/:name/run`, 'schedule.run', async ctx => showRun(ctx, await the(ctx)))
  routes.post(`${path}/:name/run`, 'schedule.run', async (ctx, form) => {
    const row = await the(ctx)
    const { lang, person } = ctx.state
    const say = scheduleWords[lang].run
    if (!railIsThere(row)) return showRun(ctx, row, { page: say.noRail })
    const at = form.text('at')
    const age = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(at) ? now() - millis(at) : NaN
    if (!(age >= 0 && age <= freshMs)) return showRun(ctx, row, { page: say.stale })
    const why = reasonIn(form)
    if (why === '') return showRun(ctx, row, { why: frameWords[lang].reasonMissing })
    await db.tx(tx => runNow(tx, world, row, person.name, { at, why }))
    return `${pathOf(row)}?said=ran`
  })

  function formRoutes(routes: ConsoleRoutes): void {
    interface Filled {
      values: Values
      faults?: FieldFaults
      edited?: ScheduleRow
      theirs?: Values
      codeFault?: string
    }
    const showForm = async (
      ctx: ConsoleContext,
      filled: Filled,
      accounts: readonly AccountRow[],
      status = 200,
    ) => {
      const rail = filled.edited?.rail
      const mayMakeUp = await makingUp()
      if (filled.edited && filled.edited.roster !== null) await noteRoster(ctx, filled.edited)
      const parts = { ...(await framed(ctx)), now: now(), accounts, ...filled }
      show(
        ctx,
        ScheduleForm({ ...parts, mayMakeUp: rail ? mayMakeUp(rail) : railNames.some(mayMakeUp) }),
        status,
      )
    }
    /**
     * What was sent, with the file's text in the field it stands for, so that nothing has to be chosen twice.
     */
    const sent = async (form: Form): Promise<{ values: Values; file: FormContext['file'] }> => {
      const upload = form.file('rosterFile')
      const file = upload && { name: upload.name.split(/[/\\]/).at(-1)!, text: await textOf(upload.bytes) }
      return { values: { ...form.values(), ...(file?.text !== undefined && { roster: file.text }) }, file }
    }
    const showAgain = async (ctx: ConsoleContext, form: Form, more: Pick<Filled, 'codeFault' | 'edited'>) =>
      showForm(ctx, { values: (await sent(form)).values, ...more }, await listAccounts(db), 400)
    const contextOf = async (ctx: ConsoleContext, accounts: readonly AccountRow[]): Promise<FormContext> => {
      const rate = bitcoin && (await rateNow(db, bitcoin, world))
      return {
        lang: ctx.state.lang,
        accounts,
        mayMakeUp: await makingUp(),
        price: rate?.is === 'rate' ? rate.price : undefined,
      }
    }

    routes.page(`${path}/new`, 'schedule.add', async ctx => {
      const accounts = await listAccounts(db)
      const rail = railsHere(app)[0] ?? railNames[0]!
      const fit = accounts.filter(({ kind, state }) => state !== 'closed' && kind === accountKindOf(rail))
      await showForm(
        ctx,
        { values: firstValues(ctx.state.lang, rail, fit.length === 1 ? fit[0]!.id : undefined) },
        accounts,
      )
    })

    routes.post(
      `${path}/new`,
      'schedule.add',
      async (ctx, form) => {
        const { lang, person } = ctx.state
        const accounts = await listAccounts(db)
        const { values, file } = await sent(form)
        if (form.has('preview'))
          return showForm(ctx, { values, faults: readWhen(values, lang).faults }, accounts)
        const { rule, faults } = readSchedule(values, {
          ...(await contextOf(ctx, accounts)),
          ...(file && { file }),
        })
        if (!rule) return showForm(ctx, { values, faults }, accounts, 400)
        const opened = await addSchedule(db, world, rule, person.name, byCode)
        if (opened.is === 'unfit')
          return showForm(ctx, { values, faults: unfitFaults(opened.why, lang) }, accounts, 400)
        return `${pathOf(opened.schedule)}?said=saved`
      },
      { ...limits, looksOnly, wrongCode: (ctx, form, codeFault) => showAgain(ctx, form, { codeFault }) },
    )

    routes.page(`${path}/:name/edit`, 'schedule.edit', async ctx => {
      const edited = await the(ctx)
      await showForm(ctx, { values: valuesOf(edited, ctx.state.lang), edited }, await listAccounts(db))
    })

    routes.post(
      `${path}/:name/edit`,
      'schedule.edit',
      async (ctx, form) => {
        const { lang, person } = ctx.state
        const edited = await the(ctx)
        const accounts = await listAccounts(db)
        const { values, file } = await sent(form)
        const version = /^\d{1,9}$/.test(form.text('version')) ? BigInt(form.text('version')) : 0n
        // A version made meanwhile is told of before anything else is looked at: whoever reads the faults
        // should know what they edit.
        const theirs = version === edited.version ? {} : { theirs: valuesOf(edited, lang) }
        if (form.has('preview'))
          return showForm(ctx, { values, faults: readWhen(values, lang).faults, edited, ...theirs }, accounts)
        const { rule, faults } = readSchedule(values, {
          ...(await contextOf(ctx, accounts)),
          edited,
          ...(file && { file }),
        })
        if (!rule) return showForm(ctx, { values, faults, edited, ...theirs }, accounts, 400)
        const outcome = await changeSchedule(db, world, bitcoin, {
          id: edited.id,
          version,
          rule,
          by: person.name,
          proof: byCode,
        })
        switch (outcome.is) {
          case 'changed':
            return `${pathOf(outcome.schedule)}?said=saved`
          case 'same':
            return `${pathOf(outcome.schedule)}?said=same`
          case 'stale':
            return showForm(
              ctx,
              { values, edited: outcome.schedule, theirs: valuesOf(outcome.schedule, lang) },
              accounts,
              409,
            )
          case 'unfit':
            return showForm(ctx, { values, faults: unfitFaults(outcome.why, lang), edited }, accounts, 400)
          case 'waiting':
            return showForm(
              ctx,
              { values, faults: { currency: scheduleFormWords[lang].faults.waiting }, edited },
              accounts,
              409,
            )
          case 'held':
            return showForm(
              ctx,
              { values, faults: { cron: scheduleFormWords[lang].faults.held }, edited },
              accounts,
              409,
            )
          case 'gone':
            return ctx.throw(404)
        }
      },
      {
        ...limits,
        looksOnly,
        wrongCode: async (ctx, form, codeFault) =>
          showAgain(ctx, form, { codeFault, edited: await the(ctx) }),
      },
    )
  }

  /**
   * Payers are made up for demonstrations alone: not where the database belongs to a bank or a chain whose
   * money is real.
   */
  async function makingUp(): Promise<FormContext['mayMakeUp']> {
    const identities = await identitiesOf(db)
    const bankIsReal = identities.some(identity => identity.startsWith('production/'))
    const chainIsReal = identities.some(identity => identity.startsWith('mainnet/'))
    return rail => !bankIsReal && !(isOnChain(rail) && chainIsReal)
  }
}

/** Undefined where it is neither text nor a workbook: the page has words of its own for that. */
async function textOf(bytes: Uint8Array): Promise<string | undefined> {
  try {
    return await rosterText(bytes)
  } catch (error) {
    if (!(error instanceof BadInput)) throw error
    return undefined
  }
}

const noBitcoin = { is: 'none', why: 'the Bitcoin rail is not configured' } as const

function unfitFaults(why: Unfit, lang: 'pt-BR' | 'en'): FieldFaults {
  const say = scheduleFormWords[lang].faults
  const faults: Record<Unfit, FieldFaults> = {
    'name taken': { name: say.nameTaken },
    'no account': { account: say.account },
    'closed account': { account: say.accountClosed },
    'other kind': { account: say.accountKind },
    'ends first': { ends: say.endsFirst },
  }
  return faults[why]
}
