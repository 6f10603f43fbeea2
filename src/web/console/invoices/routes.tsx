/**
 * The console's invoices: the list with its filters, each with its causes, and the act that takes on what
 * came late.
 */
import { BadInput } from '../../../base/answer.ts'
import { maskTaxId } from '../../../base/brazil.ts'
import { stopOf } from '../../../payout/payout.ts'
import { noteExport } from '../../../privacy/privacy.ts'
import { acceptPayment, usualChainTerms } from '../../../webhooks/webhooks.ts'
import { invoiceFilters } from '../../../queries/filters.ts'
import { show, type Language } from '../../page/page.ts'
import type { PageParts } from '../../context.ts'
import { duplicateRoutes } from './duplicates.tsx'
import { Frame } from '../frame/frame.tsx'
import type { ConsoleRoutes } from '../guard.ts'
import { invoiceActRoutes } from './acts.tsx'
import { done } from '../refusals.ts'
import { InvoicePage } from './page.tsx'
import { receiveRoutes } from './receive.tsx'
import { namesOf } from '../../../queries/names.ts'
import { countInvoices, keyOfInvoice, listInvoices, type ListedInvoice } from '../../../queries/invoices.ts'
import { seeInvoice } from './see.ts'
import {
  csvAmount,
  csvTime,
  filtersOf,
  pageAsked,
  sendCsv,
  type AskedFilters,
  type Column,
} from '../list/list.ts'
import {
  Choice,
  FilterForm,
  List,
  Money,
  Only,
  railOptions,
  railWord,
  Ref,
  State,
  stateOptions,
  stateWord,
  When,
} from '../list/parts.tsx'
import { coinRefundRoutes } from './coinRefunds.tsx'
import { WholeCsv } from '../privacy/parts.tsx'
import { privacyRoutes } from '../privacy/routes.tsx'
import { frameWords } from '../frame/words.ts'
import { invoiceWords } from './words.ts'
import { listWords } from '../list/words.ts'

const path = '/console/invoices'

export function invoicePages(routes: ConsoleRoutes, parts: PageParts): void {
  const { app } = parts
  const { db, world } = app
  const read = (filters: AskedFilters, limit: number) => listInvoices(db, filters, limit)

  routes.page(path, 'see', async ctx => {
    const { lang, person } = ctx.state
    const say = listWords[lang]
    const filters = await filtersOf(db, ctx, invoiceFilters)
    const [{ rows, next }, accounts, schedules, stopped] = await Promise.all([
      pageAsked(read, filters, keyOfInvoice),
      namesOf(db, 'accounts'),
      namesOf(db, 'schedules'),
      stopOf(db),
    ])
    const any = (all: string[]): [string, string][] => [
      ['', frameWords[lang].all],
      ...all.map((name): [string, string] => [name, name]),
    ]
    show(
      ctx,
      <Frame {...{ lang, person, here: 'invoices', title: invoiceWords[lang].title, stopped }}>
        <FilterForm {...{ lang, path, filters }}>
          <Choice
            {...{
              name: 'state',
              label: say.state,
              options: stateOptions(lang, 'invoice', invoiceFilters.choices.state),
              filters,
            }}
          />
          <Choice {...{ name: 'rail', label: say.rail, options: railOptions(lang), filters }} />
          <Choice {...{ name: 'account', label: say.account, options: any(accounts), filters }} />
          <Choice {...{ name: 'schedule', label: say.schedule, options: any(schedules), filters }} />
        </FilterForm>
        <Only {...{ lang, path, filters, names: { slot: say.slot, order: say.order } }} />
        <List
          {...{ lang, path, filters, next, rows, columns: columnsOf(lang) }}
          empty={<Empty lang={lang} />}
        />
        {rows.length > 0 && <WholeCsv {...{ lang, person, action: `${path}.csv`, query: filters.query }} />}
      </Frame>,
    )
  })

  routes.page(`${path}.csv`, 'see', async ctx =>
    sendCsv(ctx, 'invoices', columnsOf(ctx.state.lang), {
      read,
      filters: await filtersOf(db, ctx, invoiceFilters),
      keyOf: keyOfInvoice,
      clock: world.clock,
    }),
  )

  routes.post(`${path}.csv`, 'taxId.see', async ctx => {
    const { lang, person } = ctx.state
    const filters = await filtersOf(db, ctx, invoiceFilters)
    const { after: _, ...filter } = filters.query
    if (Object.keys(filters.faults).length === 0)
      await noteExport(app, {
        of: 'invoices',
        by: person.name,
        filter,
        rows: await countInvoices(db, filters),
      })
    sendCsv(ctx, 'invoices', columnsOf(lang, true), {
      read,
      filters,
      keyOf: keyOfInvoice,
      clock: world.clock,
    })
  })

  routes.page(`${path}/:id`, 'see', async ctx => {
    const { lang, person } = ctx.state
    const [seen, stopped] = await Promise.all([seeInvoice(app, ctx.params['id']!), stopOf(db)])
    if (!seen) return ctx.throw(404)
    show(
      ctx,
      <InvoicePage {...{ lang, person, seen, bitcoin: app.bitcoin, stopped, said: ctx.query['said'] }} />,
    )
  })

  routes.post(`${path}/:id/accept`, 'invoice.accept', async (ctx, form) => {
    const { lang, person } = ctx.state
    const why = form.text('why')
    if (why === '') throw new BadInput(frameWords[lang].reasonMissing)
    const seen = await seeInvoice(app, ctx.params['id']!)
    if (!seen) return ctx.throw(404)
    const terms = app.bitcoin?.terms ?? usualChainTerms
    done(lang, await acceptPayment(db, world, terms, seen.row.id, { by: person.name, why }))
    return `${path}/${seen.row.id}`
  })

  duplicateRoutes(routes, parts)
  coinRefundRoutes(routes, parts)
  invoiceActRoutes(routes, parts)
  receiveRoutes(routes, parts)
  privacyRoutes(routes, parts)
}

const Empty = ({ lang }: { lang: Language }) => (
  <>
    {invoiceWords[lang].empty} <a href="/console/schedules/new">{invoiceWords[lang].emptyAct}</a>
  </>
)

/** `whole`: CPFs too, for whoever asked for that. */
function columnsOf(lang: Language, whole = false): Column<ListedInvoice>[] {
  const [say, own] = [listWords[lang], invoiceWords[lang]]
  return [
    {
      head: say.id,
      cell: ({ id }) => <Ref {...{ id, href: `${path}/${id}` }} />,
      plain: ({ id }) => id,
    },
    {
      head: say.added,
      cell: ({ added_at: at }) => <When {...{ lang, at }} />,
      plain: ({ added_at: at }) => csvTime(at),
    },
    {
      head: say.state,
      cell: ({ state }) => <State {...{ lang, of: 'invoice', state }} />,
      plain: ({ state }) => stateWord(lang, 'invoice', state),
    },
    {
      head: say.amount,
      number: true,
      cell: ({ units, asset }) => <Money {...{ lang, units, asset }} />,
      plain: ({ units, asset }, style) => csvAmount(units, asset, style),
    },
    { head: say.rail, cell: ({ rail }) => railWord(lang, rail) },
    { head: say.asset, plain: ({ asset }) => asset },
    { head: own.payer, cell: ({ payer_name: name }) => name, plain: ({ payer_name: name }) => name },
    {
      head: own.due,
      cell: ({ due_at: at }) => <When {...{ lang, at }} />,
      plain: ({ due_at: at }) => csvTime(at),
    },
    // What a sheet has room for and a page has not.
    ...fileOnly(lang, whole),
  ]
}

const fileOnly = (lang: Language, whole: boolean): Column<ListedInvoice>[] => {
  const own = invoiceWords[lang]
  const column = (
    head: string,
    plain: NonNullable<Column<ListedInvoice>['plain']>,
  ): Column<ListedInvoice> => ({ head, plain })
  return [
    column(own.taxId, ({ payer_tax_id: id }) => (whole ? id : maskTaxId(id))),
    column(own.paid, (row, style) => csvAmount(row.paid_units, row.asset, style)),
    column(own.fee, (row, style) => csvAmount(row.fee_units, row.asset, style)),
    column(own.account, row => row.account),
    column(own.schedule, row => row.schedule ?? ''),
    column(own.order, row => row.order_id ?? ''),
    column(own.provider, row => row.provider_id ?? ''),
    column(own.description, row => row.description),
  ]
}
