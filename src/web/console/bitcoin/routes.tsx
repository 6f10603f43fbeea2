/** The console's Bitcoin page: bundles, and the signatures that are handed out and back. */
import { BadInput } from '../../../base/answer.ts'
import { wordRefusal } from '../../../base/refusal.ts'
import { cancelBitcoinBundle } from '../../../jobs/jobs.ts'
import {
  handedText,
  handOut,
  importSigned,
  type PayoutRefusal,
  markHanded,
  stopOf,
  waitingTransactions,
} from '../../../payout/payout.ts'
import { bundleFilters } from '../../../queries/filters.ts'
import { show, type Language } from '../../page/page.ts'
import type { PageParts } from '../../context.ts'
import { BitcoinPage, BundlePage } from './page.tsx'
import { keyOfBundle, listBundles, showBundle, type ListedBundle } from '../../../queries/bundles.ts'
import { seeChain } from './see.ts'
import type { ConsoleContext, ConsoleRoutes } from '../guard.ts'
import { pathTo } from '../links.ts'
import {
  csvAmount,
  csvTime,
  filtersOf,
  pageAsked,
  sendCsv,
  type Column,
  type AskedFilters,
} from '../list/list.ts'
import { Because, Money, Ref, State, stateWord, When } from '../list/parts.tsx'
import { frameWords } from '../frame/words.ts'
import { againstSigning } from './signedWords.ts'
import { bitcoinWords } from './words.ts'
import { done, refusalText } from '../refusals.ts'
import { listWords } from '../list/words.ts'

const path = '/console/bitcoin'
/** A PSBT with its previous transactions may be large; as text it has a third more. */
const maxBytes = 4 * 1024 * 1024

export function bitcoinPages(routes: ConsoleRoutes, { app }: PageParts): void {
  const { db, world, rails } = app
  const read = (filters: AskedFilters, limit: number) => listBundles(db, filters, limit)

  const page = async (
    ctx: ConsoleContext,
    told: { refused?: { lead: string; why?: string }; done?: string } = {},
  ) => {
    const { lang, person } = ctx.state
    const filters = await filtersOf(db, ctx, bundleFilters)
    const { rows, next } = await pageAsked(read, filters, keyOfBundle)
    const parts = { lang, person, rail: rails.bitcoin, seen: await seeChain(app), stopped: await stopOf(db) }
    show(
      ctx,
      <BitcoinPage
        {...{
          ...parts,
          ...told,
          path,
          filters,
          next,
          rows,
          columns: columnsOf(lang),
          states: bundleFilters.choices.state,
        }}
      />,
      told.refused ? 400 : 200,
    )
  }

  routes.page(path, 'see', ctx => page(ctx))

  routes.page(`${path}.csv`, 'see', async ctx =>
    sendCsv(ctx, 'bundles', columnsOf(ctx.state.lang), {
      ...{ read, filters: await filtersOf(db, ctx, bundleFilters), keyOf: keyOfBundle },
      clock: world.clock,
    }),
  )

  routes.page(`${path}/:id`, 'see', async ctx => {
    const { lang, person } = ctx.state
    const seen = await showBundle(db, ctx.params['id']!, rails.bitcoin)
    if (!seen) return ctx.throw(404)
    show(ctx, <BundlePage {...{ lang, person, seen, stopped: await stopOf(db) }} />)
  })

  routes.page(`${path}/:id/psbt`, 'psbt.export', async ctx => {
    const say = bitcoinWords[ctx.state.lang]
    if (!rails.bitcoin) throw new BadInput(say.off)
    const waiting = (await waitingTransactions(db)).find(each => each.bundle_id === ctx.params['id'])
    if (!waiting) throw new BadInput(say.gone)
    const handed = await handOut(db, rails.bitcoin, waiting)
    if (handed.is === 'strange') throw new BadInput(`${say.notHanded} “${handed.what.join(', ')}”`)
    if (handed.is === 'objected')
      throw new BadInput(`${say.objected} ${wordRefusal(againstSigning[ctx.state.lang], handed)!}`)
    if (!(await db.tx(tx => markHanded(tx, waiting)))) throw new BadInput(say.gone)
    ctx.type = 'text/plain; charset=us-ascii'
    ctx.set('cache-control', 'no-store')
    ctx.attachment(`${waiting.bundle_id}.psbt`)
    ctx.body = `${handed.psbt}\n`
  })

  routes.post(`${path}/:id/cancel`, 'bundle.cancel', async (ctx, form) => {
    const { lang, person } = ctx.state
    const why = form.text('why')
    if (why === '') throw new BadInput(frameWords[lang].reasonMissing)
    if (!rails.bitcoin || !app.bitcoin) throw new BadInput(bitcoinWords[lang].off)
    const id = ctx.params['id']!
    const parts = { db, world: app.world, rail: rails.bitcoin, bitcoin: app.bitcoin }
    done(lang, await cancelBitcoinBundle(parts, id, { by: person.name, why }))
    return `${path}/${id}`
  })

  routes.post(
    path,
    'psbt.import',
    async (ctx, form) => {
      const say = bitcoinWords[ctx.state.lang]
      const refuse = (lead: string, why?: string) =>
        page(ctx, { refused: { lead, ...(why !== undefined && { why }) } })
      if (!rails.bitcoin) return refuse(say.off)
      const bytes = form.file('signed')?.bytes ?? Buffer.from(form.text('text'))
      if (bytes.length === 0) return refuse(say.nothingHanded)
      const handed = handedText(bytes)
      if (handed.is === 'too large') return refuse(say.tooLarge)
      if (handed.is === 'private key') return refuse(say.privateKey)
      const imported = await importSigned(db, rails.bitcoin, handed.text, ctx.state.person.name)
      return imported.is === 'imported'
        ? page(ctx, { done: imported.already ? say.already : say.taken })
        : refuse(leadOf(ctx.state.lang, imported), refusalText(ctx.state.lang, imported))
    },
    { fileBytes: maxBytes, textBytes: maxBytes },
  )
}

/** What it comes to; the refusal's own words are behind it. */
function leadOf(lang: Language, { is }: PayoutRefusal): string {
  const say = bitcoinWords[lang]
  switch (is) {
    case 'nothing-to-sign':
      return say.noneWaits
    case 'signed-in-part':
      return say.incomplete
    case 'signed-another':
      return say.wrong
    case 'signed-replaced':
      return say.replaced
    default:
      return say.refused
  }
}

function columnsOf(lang: Language): Column<ListedBundle>[] {
  const [say, own] = [listWords[lang], bitcoinWords[lang]]
  return [
    {
      head: say.id,
      cell: ({ id }) => <Ref {...{ id, href: pathTo('bundle', id) }} />,
      plain: ({ id }) => id,
    },
    {
      head: own.planned,
      cell: ({ added_at: at }) => <When {...{ lang, at }} />,
      plain: ({ added_at: at }) => csvTime(at),
    },
    {
      head: say.state,
      cell: ({ state }) => <State {...{ lang, of: 'bundle', state }} />,
      plain: ({ state }) => stateWord(lang, 'bundle', state),
    },
    {
      head: own.payouts,
      number: true,
      cell: ({ payouts }) => `${payouts}`,
      plain: ({ payouts }) => `${payouts}`,
    },
    {
      head: own.owed,
      number: true,
      cell: ({ units }) => <Money {...{ lang, units, asset: 'BTC' }} />,
      plain: ({ units }, style) => csvAmount(units, 'BTC', style),
    },
    {
      head: say.why,
      cell: row => (row.why === null ? '–' : <Because {...{ lang, of: row }} />),
      plain: ({ why }) => why ?? '',
    },
  ]
}
