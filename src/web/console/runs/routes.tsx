/** The console's runs: the list, each with its log, and the log as it grows. */
import { findRun, linesAfter } from '../../../jobs/jobs.ts'
import { millis } from '../../../base/world.ts'
import { stopOf } from '../../../payout/payout.ts'
import { renderToString } from 'preact-render-to-string'
import { eventStream, show, type Language, type Send } from '../../page/page.ts'
import type { PageParts } from '../../context.ts'
import { Frame } from '../frame/frame.tsx'
import type { ConsoleContext, ConsoleRoutes } from '../guard.ts'
import { namesOf } from '../../../queries/names.ts'
import { pathTo } from '../links.ts'
import { csvTime, filtersOf, pageAsked, sendCsv, type Column, type AskedFilters } from '../list/list.ts'
import {
  Choice,
  FilterForm,
  List,
  Only,
  Ref,
  Said,
  State,
  stateOptions,
  stateWord,
  When,
} from '../list/parts.tsx'
import { LogLine, RunPage } from './page.tsx'
import { runFilters } from '../../../queries/filters.ts'
import {
  shownOutcome,
  isAt,
  jobsRun,
  keyOfRun,
  levels,
  lineOf,
  listRuns,
  showRun,
  type Level,
  type ListedRun,
} from '../../../queries/runs.ts'
import { frameWords } from '../frame/words.ts'
import { listWords } from '../list/words.ts'
import { runWords } from './words.ts'

const path = '/console/runs'

export function runPages(routes: ConsoleRoutes, { app, over }: PageParts): void {
  const { db, world } = app
  const read = (filters: AskedFilters, limit: number) => listRuns(db, filters, limit)

  routes.page(path, 'see', async ctx => {
    const { lang, person } = ctx.state
    const [say, own] = [listWords[lang], runWords[lang]]
    const filters = await filtersOf(db, ctx, runFilters)
    const [{ rows, next }, jobs, schedules, stopped] = await Promise.all([
      pageAsked(read, filters, keyOfRun),
      jobsRun(db),
      namesOf(db, 'schedules'),
      stopOf(db),
    ])
    const any = (all: string[]): [string, string][] => [
      ['', frameWords[lang].all],
      ...all.map((name): [string, string] => [name, name]),
    ]
    show(
      ctx,
      <Frame {...{ lang, person, here: 'runs', title: own.title, stopped }}>
        <FilterForm {...{ lang, path, filters }}>
          <Choice
            {...{
              name: 'state',
              label: own.outcome,
              options: stateOptions(lang, 'run', runFilters.choices.state),
              filters,
            }}
          />
          <Choice {...{ name: 'job', label: own.job, options: any(jobs), filters }} />
          <Choice {...{ name: 'schedule', label: own.schedule, options: any(schedules), filters }} />
        </FilterForm>
        <Only {...{ lang, path, filters, names: { slot: say.slot } }} />
        <List {...{ lang, path, filters, next, rows, columns: columnsOf(lang) }} empty={own.empty} />
      </Frame>,
    )
  })

  routes.page(`${path}.csv`, 'see', async ctx =>
    sendCsv(ctx, 'runs', columnsOf(ctx.state.lang), {
      read,
      filters: await filtersOf(db, ctx, runFilters),
      keyOf: keyOfRun,
      clock: world.clock,
    }),
  )

  routes.page(`${path}/:id`, 'see', async ctx => {
    const { lang, person } = ctx.state
    const level = levelOf(ctx)
    const seen = await showRun(db, ctx.params['id']!, level)
    if (!seen) return ctx.throw(404)
    show(ctx, <RunPage {...{ lang, person, seen, level, stopped: await stopOf(db) }} />)
  })

  routes.page(`${path}/:id/log.ndjson`, 'see', async ctx => {
    const row = await findRun(db, ctx.params['id']!)
    if (!row) return ctx.throw(404)
    ctx.type = 'application/x-ndjson; charset=utf-8'
    ctx.set('cache-control', 'no-store')
    ctx.attachment(`${row.id}.ndjson`)
    ctx.body = (await linesAfter(db, row.id, -1n)).map(({ line }) => `${line}\n`).join('')
  })

  // Each new line as the page would show it, under its number, so that a reader who was cut off goes on where
  // they were.
  routes.page(`${path}/:id/tail`, 'see', async ctx => {
    const row = await findRun(db, ctx.params['id']!)
    if (!row) return ctx.throw(404)
    const [level, { lang }] = [levelOf(ctx), ctx.state]
    const heard = ctx.get('last-event-id') || String(ctx.query['after'] ?? '')
    const after = /^\d{1,9}$/.test(heard) ? BigInt(heard) : -1n
    const parts = { clock: world.clock, over, part: 'console', one: ctx.state.person.sessionId } as const
    eventStream(ctx, parts, (send, left) => tail(app, { id: row.id, after, level, lang }, send, left))
  })
}

const levelOf = ({ query: { level } }: ConsoleContext): Level => levels.find(each => each === level) ?? 'all'

const lookMs = 500

async function tail(
  { db, world }: PageParts['app'],
  { id, after, level, lang }: { id: string; after: bigint; level: Level; lang: Language },
  send: Send,
  left: AbortSignal,
): Promise<void> {
  for (let last = after; !left.aborted;) {
    // Asked before its lines are read: what ends a run writes its last lines in the same transaction.
    const row = await findRun(db, id)
    for (const kept of await linesAfter(db, id, last, 500)) {
      last = kept.seq
      const line = lineOf(kept)
      if (isAt(level, line))
        send({ name: 'line', id: `${last}`, data: renderToString(<LogLine {...{ lang, line }} />) })
    }
    if (!row || row.outcome !== null) return send({ name: 'end', id: `${last}`, data: row?.outcome ?? '' })
    await world.clock.sleep(lookMs, left)
  }
}

const secondsOf = ({ started_at: from, ended_at: to }: ListedRun): number | undefined =>
  to === null ? undefined : Math.max(0, millis(to) - millis(from)) / 1_000

function columnsOf(lang: Language): Column<ListedRun>[] {
  const [say, own] = [listWords[lang], runWords[lang]]
  const number = new Intl.NumberFormat(lang, { maximumFractionDigits: 1 })
  const lasted = (row: ListedRun) => (secondsOf(row) === undefined ? '' : number.format(secondsOf(row)!))
  return [
    { head: say.id, cell: ({ id }) => <Ref {...{ id, href: pathTo('run', id) }} />, plain: ({ id }) => id },
    { head: own.job, cell: ({ job }) => job, plain: ({ job }) => job },
    {
      head: own.started,
      cell: ({ started_at: at }) => <When {...{ lang, at }} />,
      plain: ({ started_at: at }) => csvTime(at),
    },
    {
      head: own.outcome,
      cell: row => <State {...{ lang, of: 'run', state: shownOutcome(row) }} />,
      plain: row => stateWord(lang, 'run', shownOutcome(row)),
    },
    {
      head: own.lasted,
      number: true,
      cell: row => (lasted(row) === '' ? '–' : `${lasted(row)} ${own.seconds}`),
      plain: lasted,
    },
    {
      head: own.schedule,
      cell: ({ schedule }) =>
        schedule === null ? '–' : <a href={pathTo('schedule', schedule)}>{schedule}</a>,
      plain: ({ schedule }) => schedule ?? '',
    },
    {
      head: own.summary,
      cell: ({ summary }) => (summary ? <Said>{summary}</Said> : '–'),
      plain: ({ summary }) => summary ?? '',
    },
    { head: own.worker, plain: ({ worker }) => worker },
  ]
}
