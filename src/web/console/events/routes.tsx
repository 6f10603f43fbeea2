/**
 * The console's events: the list, each with its bytes and verdict, and its replay, shown before it is done.
 */
import { BadInput } from '../../../base/answer.ts'
import { holdsTaxId } from '../../../base/brazil.ts'
import { stopOf } from '../../../payout/payout.ts'
import { noteShown } from '../../../privacy/privacy.ts'
import { rehearse, replayEvent, replayRefusal, type InboxRow } from '../../../webhooks/webhooks.ts'
import { eventFilters } from '../../../queries/filters.ts'
import { show, type Language } from '../../page/page.ts'
import type { PageParts } from '../../context.ts'
import { EventPage, ReplayPage } from './page.tsx'
import { findByNumber, keyOfEvent, listEvents, showEvent, type ListedEvent } from '../../../queries/events.ts'
import { Frame } from '../frame/frame.tsx'
import { textOf } from '../../../queries/eventText.ts'
import type { ConsoleContext, ConsoleRoutes } from '../guard.ts'
import { subjectsOf } from '../../../queries/links.ts'
import { pathTo } from '../links.ts'
import { csvTime, filtersOf, pageAsked, sendCsv, type Column, type AskedFilters } from '../list/list.ts'
import {
  Because,
  Choice,
  FilterForm,
  List,
  Only,
  railOptions,
  railWord,
  Ref,
  State,
  stateOptions,
  stateWord,
  When,
} from '../list/parts.tsx'
import { eventWords } from './words.ts'
import { frameWords } from '../frame/words.ts'
import { listWords } from '../list/words.ts'

const path = '/console/events'

export function eventPages(routes: ConsoleRoutes, { app }: PageParts): void {
  const { db, world } = app
  const read = (filters: AskedFilters, limit: number) => listEvents(db, filters, limit)

  routes.page(path, 'see', async ctx => {
    const { lang, person } = ctx.state
    const [say, own] = [listWords[lang], eventWords[lang]]
    const filters = await filtersOf(db, ctx, eventFilters)
    const [{ rows, next }, stopped] = await Promise.all([pageAsked(read, filters, keyOfEvent), stopOf(db)])
    const vias: [string, string][] = [['', frameWords[lang].all], ...Object.entries(own.vias)]
    show(
      ctx,
      <Frame {...{ lang, person, here: 'events', title: own.title, stopped }}>
        <FilterForm {...{ lang, path, filters }}>
          <Choice
            {...{
              name: 'state',
              label: say.state,
              options: stateOptions(lang, 'event', eventFilters.choices.state),
              filters,
            }}
          />
          <Choice {...{ name: 'rail', label: say.rail, options: railOptions(lang), filters }} />
          <Choice {...{ name: 'via', label: own.via, options: vias, filters }} />
        </FilterForm>
        <Only {...{ lang, path, filters, names: { kind: own.kind } }} />
        <List {...{ lang, path, filters, next, rows, columns: columnsOf(lang) }} empty={own.empty} />
      </Frame>,
    )
  })

  routes.page(`${path}.csv`, 'see', async ctx =>
    sendCsv(ctx, 'events', columnsOf(ctx.state.lang), {
      read,
      filters: await filtersOf(db, ctx, eventFilters),
      keyOf: keyOfEvent,
      clock: world.clock,
    }),
  )

  routes.page(`${path}/:id`, 'see', async ctx => {
    const { lang, person } = ctx.state
    const seen = await showEvent(app, ctx.params['id']!)
    if (!seen) return ctx.throw(404)
    show(ctx, <EventPage {...{ lang, person, seen, stopped: await stopOf(db), whole: false }} />)
  })

  routes.post(`${path}/:id/tax-id`, 'taxId.see', async ctx => {
    const { lang, person } = ctx.state
    const seen = await showEvent(app, ctx.params['id']!)
    if (!seen) return ctx.throw(404)
    await noteBodies(ctx, seen.row, ...seen.conflicts)
    show(ctx, <EventPage {...{ lang, person, seen, stopped: await stopOf(db), whole: true }} />)
  })

  const noteBodies = (
    { state }: ConsoleContext,
    { event_id: id, raw }: InboxRow,
    ...others: { raw: Uint8Array }[]
  ) =>
    noteShown(app, {
      of: id,
      by: state.person.name,
      texts: [raw, ...others.map(each => each.raw)].map(textOf),
    })
  const sendBytes = (ctx: ConsoleContext, row: InboxRow) => {
    // Whoever sent it chose these bytes, so no browser is to read more than a file into them.
    ctx.type = 'application/octet-stream'
    ctx.set('cache-control', 'no-store')
    ctx.attachment(`event-${row.id}.json`)
    ctx.body = Buffer.from(row.raw)
  }

  routes.page(`${path}/:id/raw`, 'see', async ctx => {
    const row = await findByNumber(db, ctx.params['id']!)
    if (!row) return ctx.throw(404)
    // Bytes with a CPF are for those who may read one, and that they took them is written down: the event's
    // page has the button.
    if (holdsTaxId(textOf(row.raw))) return ctx.redirect(`${path}/${row.id}`)
    sendBytes(ctx, row)
  })
  routes.post(`${path}/:id/raw`, 'taxId.see', async ctx => {
    const row = await findByNumber(db, ctx.params['id']!)
    if (!row) return ctx.throw(404)
    await noteBodies(ctx, row)
    sendBytes(ctx, row)
  })

  routes.page(`${path}/:id/replay`, 'event.replay', async ctx => {
    const { lang, person } = ctx.state
    const seen = await showEvent(app, ctx.params['id']!)
    if (!seen) return ctx.throw(404)
    const { bitcoin, ...rest } = app
    const rehearsal = await rehearse({ ...rest, ...(bitcoin && { chain: bitcoin.terms }) }, seen.row)
    const subjects = await subjectsOf(db, rehearsal?.moves.map(({ subject }) => subject) ?? [])
    show(ctx, <ReplayPage {...{ lang, person, seen, rehearsal, subjects, stopped: await stopOf(db) }} />)
  })

  routes.post(`${path}/:id/replay`, 'event.replay', async (ctx, form) => {
    const { lang, person } = ctx.state
    const why = form.text('why')
    if (why === '') throw new BadInput(frameWords[lang].reasonMissing)
    const row = await findByNumber(db, ctx.params['id']!)
    if (!row) return ctx.throw(404)
    if (replayRefusal(row) === 'dropped') throw new BadInput(eventWords[lang].bodyDropped)
    if (!(await db.tx(tx => replayEvent(tx, row, { by: person.name, why }))))
      throw new BadInput(eventWords[lang].notSettled)
    return `${path}/${row.id}`
  })
}

function columnsOf(lang: Language): Column<ListedEvent>[] {
  const [say, own] = [listWords[lang], eventWords[lang]]
  return [
    {
      head: say.id,
      cell: ({ id, event_id: name }) => <Ref {...{ id: name, href: pathTo('event', `${id}`) }} />,
      plain: ({ event_id: name }) => name,
    },
    {
      head: own.received,
      cell: ({ received_at: at }) => <When {...{ lang, at }} />,
      plain: ({ received_at: at }) => csvTime(at),
    },
    {
      head: say.state,
      cell: ({ state }) => <State {...{ lang, of: 'event', state }} />,
      plain: ({ state }) => stateWord(lang, 'event', state),
    },
    {
      head: own.kind,
      cell: ({ kind }) =>
        kind === null ? '–' : <a href={`${path}?${new URLSearchParams({ kind }).toString()}`}>{kind}</a>,
      plain: ({ kind }) => kind ?? '',
    },
    { head: say.rail, cell: ({ rail }) => railWord(lang, rail), plain: ({ rail }) => rail },
    { head: own.via, cell: ({ via }) => own.vias[via], plain: ({ via }) => own.vias[via] },
    {
      head: say.why,
      cell: row => (row.why === null ? '–' : <Because {...{ lang, of: row }} />),
      plain: ({ why }) => why ?? '',
    },
  ]
}
