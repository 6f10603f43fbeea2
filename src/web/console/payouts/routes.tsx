/**
 * The console's payouts: the list with its filters, each with its causes, and what a person may do to one.
 */
import { BadInput } from '../../../base/answer.ts'
import { instant } from '../../../base/world.ts'
import {
  approvingRelease,
  holdPayout,
  mayHold,
  mayRelease,
  mayRetry,
  stopOf,
  releasePayout,
  retryPayout,
} from '../../../payout/payout.ts'
import { may } from '../../../people/people.ts'
import { payoutFilters } from '../../../queries/filters.ts'
import { show, type Form, type Language } from '../../page/page.ts'
import type { PageParts } from '../../context.ts'
import { Frame } from '../frame/frame.tsx'
import type { ConsoleContext, ConsoleRoutes } from '../guard.ts'
import { namesOf } from '../../../queries/names.ts'
import {
  keyOfPayout,
  listPayouts,
  paidAtOf,
  showPayout,
  payoutWaits,
  whyOfPayout,
  type ListedPayout,
} from '../../../queries/payouts.ts'
import { limitsPath } from '../limits/page.tsx'
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
import {
  Because,
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
import { proofIn, signable } from '../people/passkeys.tsx'
import { done } from '../refusals.ts'
import { payoutActs, PayoutPage, type PayoutAct } from './page.tsx'
import { otherAccounts, verdictRoutes } from './verdicts.tsx'
import { handOverPath, handOverRoutes } from './handOver.tsx'
import { handOverWords } from './handOverWords.ts'
import { stopPages } from './stop.tsx'
import { frameWords } from '../frame/words.ts'
import { limitWords } from '../limits/words.ts'
import { listWords } from '../list/words.ts'
import { reasonIn } from '../list/reasonWords.ts'
import { payoutWords } from './words.ts'

const path = '/console/payouts'

export function payoutPages(routes: ConsoleRoutes, parts: PageParts): void {
  const { db, world } = parts.app
  const { settings } = parts
  const read = (filters: AskedFilters, limit: number) => listPayouts(db, filters, limit)

  routes.page(path, 'see', async ctx => {
    const { lang, person } = ctx.state
    const say = listWords[lang]
    const filters = await filtersOf(db, ctx, payoutFilters)
    const [{ rows, next }, accounts, stopped] = await Promise.all([
      pageAsked(read, filters, keyOfPayout),
      namesOf(db, 'accounts'),
      stopOf(db),
    ])
    const any: [string, string][] = [
      ['', frameWords[lang].all],
      ...accounts.map((name): [string, string] => [name, name]),
    ]
    show(
      ctx,
      <Frame {...{ lang, person, here: 'payouts', title: payoutWords[lang].title, stopped }}>
        <p class="actions">
          <a class="button plain" href={limitsPath}>
            {limitWords[lang].title}
          </a>{' '}
          <a class="button plain" href={handOverPath}>
            {handOverWords[lang].title}
          </a>
        </p>
        <FilterForm {...{ lang, path, filters }}>
          <Choice
            {...{
              name: 'state',
              label: say.state,
              options: stateOptions(lang, 'payout', payoutFilters.choices.state),
              filters,
            }}
          />
          <Choice {...{ name: 'rail', label: say.rail, options: railOptions(lang), filters }} />
          <Choice {...{ name: 'account', label: say.account, options: any, filters }} />
        </FilterForm>
        <Only {...{ lang, path, filters, names: { invoice: payoutWords[lang].invoice } }} />
        <List
          {...{ lang, path, filters, next, rows, columns: columnsOf(lang) }}
          empty={payoutWords[lang].empty}
        />
      </Frame>,
    )
  })

  routes.page(`${path}.csv`, 'see', async ctx =>
    sendCsv(ctx, 'payouts', columnsOf(ctx.state.lang), {
      read,
      filters: await filtersOf(db, ctx, payoutFilters),
      keyOf: keyOfPayout,
      clock: world.clock,
    }),
  )

  handOverRoutes(routes, parts)

  routes.page(`${path}/:id`, 'see', async ctx => {
    const { lang, person } = ctx.state
    const [seen, stopped] = await Promise.all([showPayout(db, ctx.params['id']!), stopOf(db)])
    if (!seen) return ctx.throw(404)
    const others = await otherAccounts(db, seen.row)
    const { facts } = seen
    const refusals = {
      hold: mayHold(facts),
      release: mayRelease(facts),
      retry: mayRetry(facts, instant(world.clock.now())),
    }
    const acts = payoutActs.filter(act => !refusals[act] && may(person.role, `payout.${act}`))
    const sign = acts.some(act => act !== 'hold')
      ? await signable(ctx, db, settings, approvingRelease(seen.row))
      : undefined
    show(ctx, <PayoutPage {...{ lang, person, seen, stopped, others, acts, sign }} />)
  })

  const act = (verb: PayoutAct, work: typeof holdPayout) => {
    const handle = async (ctx: ConsoleContext, form: Form): Promise<string> => {
      const id = ctx.params['id']!
      const why = form.text('why')
      if (why === '') throw new BadInput(frameWords[ctx.state.lang].reasonMissing)
      const proof = await proofIn(ctx, form, db, settings)
      done(ctx.state.lang, await work(db, id, { by: ctx.state.person.name, why, proof }))
      return `${path}/${id}`
    }
    routes.post(`${path}/:id/${verb}`, `payout.${verb}`, handle, verb === 'hold' ? {} : { passkey: true })
  }
  act('hold', holdPayout)
  act('release', releasePayout)
  act('retry', retryPayout)
  verdictRoutes(routes, parts)
  stopPages(routes, parts)
}

function columnsOf(lang: Language): Column<ListedPayout>[] {
  const [say, own] = [listWords[lang], payoutWords[lang]]
  return [
    {
      head: say.id,
      cell: ({ id }) => <Ref {...{ id, href: pathTo('payout', id) }} />,
      plain: ({ id }) => id,
    },
    {
      head: say.addedHe,
      cell: ({ added_at: at }) => <When {...{ lang, at }} />,
      plain: ({ added_at: at }) => csvTime(at),
    },
    {
      head: say.state,
      cell: ({ state }) => <State {...{ lang, of: 'payout', state }} />,
      plain: ({ state }) => stateWord(lang, 'payout', state),
    },
    {
      head: say.amount,
      number: true,
      cell: ({ units, asset }) => <Money {...{ lang, units, asset }} />,
      plain: ({ units, asset }, style) => csvAmount(units, asset, style),
    },
    { head: say.asset, plain: ({ asset }) => asset },
    { head: say.rail, plain: ({ rail }) => railWord(lang, rail) },
    {
      head: own.paidAt,
      cell: row => (paidAtOf(row) === null ? '–' : <When {...{ lang, at: paidAtOf(row)! }} />),
      plain: row => csvTime(paidAtOf(row)),
    },
    {
      head: own.to,
      cell: ({ account }) => <a href={pathTo('account', account)}>{account}</a>,
      plain: ({ account }) => account,
    },
    {
      head: own.invoice,
      cell: ({ invoice_id: id }) => <Ref {...{ id, href: pathTo('invoice', id) }} />,
      plain: ({ invoice_id: id }) => id,
    },
    {
      head: say.why,
      cell: row => (row.why === null ? waitsIn(lang, row) : <Because {...{ lang, of: row }} />),
      plain: row => whyOfPayout(row) ?? '',
    },
  ]
}

function waitsIn(lang: Language, row: ListedPayout): string {
  const waits = payoutWaits(row)
  return waits === undefined ? '–' : reasonIn(lang, waits)
}
