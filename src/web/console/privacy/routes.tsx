/**
 * Personal data on the console: a tax id shown whole, a file with tax ids, what is held on a person, and
 * forgetting them. Each is written down.
 */
import { BadInput } from '../../../base/answer.ts'
import { findInvoice, type InvoiceRow } from '../../../invoice/invoice.ts'
import { stopOf, type Stop } from '../../../payout/payout.ts'
import type { Person } from '../../../people/people.ts'
import {
  exportPayer,
  forgetOrder,
  forgetPayer,
  noteShown,
  type Held,
  type PayerForgotten,
} from '../../../privacy/privacy.ts'
import { day, show, type Form, type Language } from '../../page/page.ts'
import type { PageParts } from '../../context.ts'
import { Frame } from '../frame/frame.tsx'
import type { ConsoleContext, ConsoleRoutes } from '../guard.ts'
import { InvoicePage } from '../invoices/page.tsx'
import { seeInvoice } from '../invoices/see.ts'
import { pathTo } from '../links.ts'
import { Ref, Rows } from '../list/parts.tsx'
import { frameWords } from '../frame/words.ts'
import { done } from '../refusals.ts'
import { privacyWords } from './words.ts'

const path = '/console/invoices/:id'

export function privacyRoutes(routes: ConsoleRoutes, { app }: PageParts): void {
  const { db, world } = app
  const invoiceOf = async (ctx: ConsoleContext): Promise<InvoiceRow> =>
    (await findInvoice(db, ctx.params['id']!)) ?? ctx.throw(404)
  const actOf = ({ state }: ConsoleContext, form: Form) => {
    const why = form.text('why')
    if (why === '') throw new BadInput(frameWords[state.lang].reasonMissing)
    const elsewhere = form.text('keptElsewhere')
    return { by: state.person.name, why, ...(elsewhere !== '' && { keptElsewhere: elsewhere }) }
  }

  routes.post(`${path}/tax-id`, 'taxId.see', async ctx => {
    const { lang, person } = ctx.state
    const seen = await seeInvoice(app, ctx.params['id']!)
    if (!seen) return ctx.throw(404)
    await noteShown(app, { of: seen.row.id, by: person.name, texts: [seen.row.payer_tax_id] })
    show(
      ctx,
      <InvoicePage
        {...{ lang, person, seen, bitcoin: app.bitcoin, stopped: await stopOf(db), whole: true }}
      />,
    )
  })

  routes.post(`${path}/export-payer`, 'payer.export', async ctx => {
    const { lang, person } = ctx.state
    const { id, payer_tax_id: taxId } = await invoiceOf(ctx)
    if (taxId === '') throw new BadInput(privacyWords[lang].unknown)
    const answer = done(lang, await exportPayer(db, world, taxId, person.name))
    if (answer.is === 'unknown') throw new BadInput(privacyWords[lang].unknown)
    ctx.type = 'application/json; charset=utf-8'
    ctx.set('cache-control', 'no-store')
    ctx.attachment(`payer-of-${id}.json`)
    ctx.body = JSON.stringify(
      answer.found,
      (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value),
      2,
    )
  })

  routes.post(`${path}/forget-buyer`, 'payer.forget', async (ctx, form) => {
    const { lang, person } = ctx.state
    const { order_id: orderId } = await invoiceOf(ctx)
    if (orderId === null) return ctx.throw(404)
    const { outcome } = done(lang, await forgetOrder(db, world, orderId, actOf(ctx, form)))
    const { order, forgotten, held } = outcome
    if (forgotten === 'nothing') throw new BadInput(`${order.id}: ${privacyWords[lang].held[held!.why]}`)
    show(
      ctx,
      <Outcome
        {...{
          lang,
          person,
          stopped: await stopOf(db),
          kept: held ? [{ id: order.id, kind: 'order', held }] : [],
        }}
      />,
    )
  })

  routes.post(`${path}/forget-payer`, 'payer.forget', async (ctx, form) => {
    const { lang, person } = ctx.state
    const say = privacyWords[lang]
    const { payer_tax_id: taxId } = await invoiceOf(ctx)
    const act = actOf(ctx, form)
    if (taxId === '') throw new BadInput(say.unknown)
    const found = done(lang, await forgetPayer(db, world, taxId, act))
    if (found.is === 'unknown') throw new BadInput(say.unknown)
    if (found.is === 'in-roster')
      throw new BadInput(say.inRoster(found.rosters.map(({ schedule }) => schedule).join(', ')))
    show(ctx, <Outcome {...{ lang, person, stopped: await stopOf(db), kept: keptOf(found), found }} />)
  })
}

/** What stays of an order or an invoice; undefined `part`: all of it. */
interface Kept {
  id: string
  kind: 'order' | 'invoice'
  held: Held
  whole?: boolean
}

const keptOf = ({ orders, invoices }: PayerForgotten & { is: 'forgotten' }): Kept[] => [
  ...orders.flatMap(({ order: { id }, forgotten, held }) =>
    held ? [{ id, kind: 'order' as const, held, whole: forgotten === 'nothing' }] : [],
  ),
  ...invoices.flatMap(({ id, held }) => (held ? [{ id, kind: 'invoice' as const, held }] : [])),
]

interface OutcomeParts {
  lang: Language
  person: Person
  stopped: Stop | undefined
  kept: readonly Kept[]
  found?: PayerForgotten & { is: 'forgotten' }
}

function Outcome({ lang, person, stopped, kept, found }: OutcomeParts) {
  const say = privacyWords[lang]
  const share = (some: number, all: number) => `${some} ${say.of} ${all}`
  return (
    <Frame {...{ lang, person, stopped, here: 'invoices', title: say.done }}>
      {found && (
        <p>
          {say.counts(
            share(found.orders.filter(({ forgotten }) => forgotten === 'all').length, found.orders.length),
            share(found.invoices.filter(({ forgotten }) => forgotten).length, found.invoices.length),
          )}
        </p>
      )}
      {found && found.accounts.length > 0 && (
        <p>{say.accounts(found.accounts.map(({ name }) => name).join(', '))}</p>
      )}
      <h2>{say.kept}</h2>
      <Rows
        lang={lang}
        caption=""
        rows={kept}
        empty={say.keptNone}
        columns={[
          { head: say.what, cell: ({ id, kind }) => <Ref {...{ id, href: pathTo(kind, id) }} /> },
          { head: say.title, cell: ({ whole }) => (whole ? say.all : say.identity) },
          { head: say.why, cell: ({ held }) => say.held[held.why] },
          { head: say.until, cell: ({ held }) => (held.until === undefined ? '–' : day(lang, held.until)) },
        ]}
      />
    </Frame>
  )
}
