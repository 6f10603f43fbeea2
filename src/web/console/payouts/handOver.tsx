/** The list of what people hand over: ticked off by one person, confirmed by another. */
import type { ComponentChildren } from 'preact'
import { BadInput } from '../../../base/answer.ts'
import { isByHand } from '../../../base/rails.ts'
import {
  confirmHandOver,
  handOver,
  takeBackHandOver,
  type Handed,
  type HandingOver,
  type PayoutRow,
} from '../../../payout/payout.ts'
import { may, type Person } from '../../../people/people.ts'
import { handOvers, maxHandOvers, type HandOverRow, type HandOvers } from '../../../queries/handOver.ts'
import { stopOf } from '../../../payout/payout.ts'
import { show, type Language } from '../../page/page.ts'
import { Badge, Field, Notice, Time } from '../../page/parts.tsx'
import type { PageParts } from '../../context.ts'
import type { Form } from '../../page/form.ts'
import { ActForm, Frame } from '../frame/frame.tsx'
import type { ConsoleRoutes } from '../guard.ts'
import { pathTo } from '../links.ts'
import { Because, Money, Ref, Rows, Why } from '../list/parts.tsx'
import type { Column } from '../list/list.ts'
import { barText } from '../schedules/barsWords.ts'
import { listWords } from '../list/words.ts'
import { frameWords } from '../frame/words.ts'
import { done } from '../refusals.ts'
import { handOverWords } from './handOverWords.ts'

export const handOverPath = '/console/payouts/hand-over'

export function handOverRoutes(routes: ConsoleRoutes, { app: { db, world, terms } }: PageParts): void {
  routes.page(handOverPath, 'see', async ctx => {
    const { lang, person } = ctx.state
    const [seen, stopped] = await Promise.all([handOvers(db), stopOf(db)])
    show(ctx, <HandOverPage {...{ lang, person, seen, stopped }} />)
  })

  /** Each ticked one, as it was shown; what is refused keeps back no other, and all of it is said. */
  const each = async (
    form: Form,
    lang: Language,
    act: (id: string, shown: string) => Promise<HandingOver | Handed>,
  ) => {
    const ticked = Object.entries(form.values()).filter(([name]) => name.startsWith('pay_'))
    const say = handOverWords[lang]
    if (ticked.length === 0) throw new BadInput(say.nonePicked)
    const refused: string[] = []
    for (const [id, shown] of ticked) {
      const answer = await act(id, shown)
      if (answer.is === 'barred') throw new BadInput(barText(lang, answer.bar))
      if (answer.is === 'unknown') refused.push(`${listWords[lang].foundNothing} ${id}`)
      if (answer.is === 'impossible') refused.push(`${id}: ${say.refusals[answer.code](answer.why ?? '')}`)
    }
    if (refused.length > 0)
      throw new BadInput(say.notAll(ticked.length - refused.length, refused.join(' · ')))
    return handOverPath
  }

  routes.post(handOverPath, 'payout.hand-over', (ctx, form) => {
    const { lang, person } = ctx.state
    const act = { by: person.name, note: form.text('note').slice(0, 200) }
    return each(form, lang, (id, shown) =>
      handOver(db, world, id, { ...act, shown: centsIn(shown) }, terms.approvals),
    )
  })
  routes.post(`${handOverPath}/confirm`, 'payout.handed', (ctx, form) => {
    const { lang, person } = ctx.state
    return each(form, lang, (id, order) =>
      confirmHandOver(db, world, id, { by: person.name, why: '', order }),
    )
  })
  routes.post('/console/payouts/:id/not-handed', 'payout.not-handed', async (ctx, form) => {
    const { lang, person } = ctx.state
    const why = form.text('why')
    if (why === '') throw new BadInput(frameWords[lang].reasonMissing)
    const answer = await takeBackHandOver(db, world, ctx.params['id']!, { by: person.name, why })
    if (answer.is === 'unknown') return ctx.throw(404)
    if (answer.is === 'impossible')
      throw new BadInput(handOverWords[lang].refusals[answer.code](answer.why ?? ''))
    return pathTo('payout', done(lang, answer).payout.id)
  })
}

/** Of a box: what its row showed. A value that is no number is of no payout's amount. */
const centsIn = (shown: string): bigint => (/^\d{1,18}$/.test(shown) ? BigInt(shown) : -1n)

interface Parts {
  lang: Language
  person: Person
  seen: HandOvers
  stopped: Parameters<typeof Frame>[0]['stopped']
}

function HandOverPage({ lang, person, seen, stopped }: Parts) {
  const say = handOverWords[lang]
  const common = { lang, person }
  return (
    <Frame {...{ lang, person, stopped, here: 'payouts', title: say.title }}>
      <p>{say.told}</p>
      {seen.isCut && <Notice tone="wait">{say.isCut(maxHandOvers)}</Notice>}
      <Ticks {...common} title={say.owed} told={say.owedTold} rows={seen.owed} verb="hand-over" go={say.go}>
        <Field {...{ id: 'note', name: 'note', label: say.note, hint: say.noteHint, maxLength: 200 }} />
      </Ticks>
      <Ticks
        {...common}
        title={say.handed}
        told={say.handedTold}
        rows={seen.handed}
        verb="handed"
        go={say.confirm}
      />
    </Frame>
  )
}

interface TickParts {
  lang: Language
  person: Person
  title: string
  told: string
  rows: ListParts['rows']
  verb: 'hand-over' | 'handed'
  go: string
  children?: ComponentChildren
}

/** A list, with boxes for whoever may tick them. */
function Ticks({ lang, person, title, told, rows, verb, go, children }: TickParts) {
  const act = `payout.${verb}` as const
  const mayPick = rows.length > 0 && may(person.role, act)
  const list = <List {...{ lang, caption: title, rows, mayPick }} />
  return (
    <>
      <h2>{title}</h2>
      {mayPick ? (
        <ActForm
          {...{ lang, person, act, action: verb === 'handed' ? `${handOverPath}/confirm` : handOverPath }}
        >
          <p>{told}</p>
          {list}
          {children}
          <button>{go}</button>
        </ActForm>
      ) : (
        list
      )}
    </>
  )
}

interface ListParts {
  lang: Language
  caption: string
  rows: readonly (HandOverRow & { by?: string | undefined })[]
  mayPick: boolean
}

function List({ lang, caption, rows, mayPick }: ListParts) {
  const [say, lists] = [handOverWords[lang], listWords[lang]]
  const columns: Column<ListParts['rows'][number]>[] = [
    ...(mayPick
      ? [
          {
            head: say.pick,
            cell: ({ id, state, units, order_id: order, objected }: HandOverRow) =>
              state !== 'sent' && objected > 0n ? (
                '–'
              ) : (
                <input
                  type="checkbox"
                  name={id}
                  value={state === 'sent' ? (order ?? '') : `${units}`}
                  aria-label={`${say.pick} ${id}`}
                />
              ),
          },
        ]
      : []),
    { head: lists.id, cell: ({ id }) => <Ref {...{ id, href: pathTo('payout', id) }} /> },
    { head: say.holder, cell: ({ holder }) => holder },
    { head: say.place, cell: ({ place }) => place },
    { head: lists.amount, number: true, cell: ({ units, asset }) => <Money {...{ lang, units, asset }} /> },
    {
      head: say.since,
      cell: row => <Time {...{ lang, at: row.state === 'sent' ? row.changed_at : row.added_at }} />,
    },
    ...(rows.some(({ why, objected }) => why !== null || objected > 0n)
      ? [
          {
            head: say.why,
            cell: (row: HandOverRow) =>
              row.objected > 0n ? (
                <Badge tone="bad">{say.objected}</Badge>
              ) : (
                row.why !== null && <Because {...{ lang, of: row }} />
              ),
          },
        ]
      : []),
    ...(rows.some(({ by }) => by !== undefined)
      ? [{ head: say.by, cell: ({ by }: { by?: string | undefined }) => by }]
      : []),
  ]
  return <Rows {...{ lang, caption, rows, columns, empty: say.nothing }} />
}

/** On the page of one that is handed over: the list, and that it was not. */
export function HandOver({ lang, person, row }: { lang: Language; person: Person; row: PayoutRow }) {
  const say = handOverWords[lang]
  if (!isByHand(row.rail)) return null
  return (
    <>
      <p>
        <a href={handOverPath}>{say.title}</a>
      </p>
      {row.state === 'sent' && may(person.role, 'payout.not-handed') && (
        <details class="act">
          <summary>{say.notHanded}</summary>
          <ActForm
            {...{ lang, person, act: 'payout.not-handed', action: `/console/payouts/${row.id}/not-handed` }}
          >
            <p>{say.notHandedHint}</p>
            <Why {...{ lang, id: 'not-handed' }} />
            <button>{say.notHanded}</button>
          </ActForm>
        </details>
      )}
    </>
  )
}
