/**
 * What the lists and detail pages show alike: filters, rows that become cards on a phone, states, links,
 * timelines, postings.
 */
import type { ComponentChildren } from 'preact'
import type { Asset } from '../../../base/money.ts'
import type { Instant } from '../../../base/world.ts'
import { isSaidAgain, reasonBehind } from '../../../base/reasons.ts'
import type { HistoryLine, Step } from '../../../queries/step.ts'
import { amount, moment, type Language } from '../../page/page.ts'
import type { IconName } from '../../page/icon.tsx'
import { Badge, Facts, Faults, Field, Notice, Select, Time, type Tone } from '../../page/parts.tsx'
import { Pages } from '../frame/frame.tsx'
import { hrefOf } from '../links.ts'
import type { Column, AskedFilters } from './list.ts'
import { frameWords } from '../frame/words.ts'
import { reasonIn } from './reasonWords.ts'
import { listWords } from './words.ts'

export type Stated = 'invoice' | 'payout' | 'attempt' | 'event' | 'run' | 'bundle' | 'candidate' | 'coin'

const tones: Record<string, Tone> = {
  ...{ credited: 'good', paid: 'good', done: 'good', success: 'good', mined: 'good' },
  ...{ held: 'wait', late: 'wait', underpaid: 'wait' },
  ...{
    unsure: 'bad',
    refused: 'bad',
    returned: 'bad',
    quarantined: 'bad',
    failed: 'bad',
    lost: 'bad',
  },
  ...{ reversed: 'bad', refunded: 'bad', conflicted: 'bad', orphaned: 'bad' },
  ...{
    draft: 'still',
    expired: 'still',
    canceled: 'still',
    ignored: 'still',
    replaced: 'still',
    dropped: 'still',
    void: 'still',
  },
}

/** Where the tone's own icon would say less. */
const icons: Record<string, IconName> = {
  ...{ unsure: 'ask', underpaid: 'ask', returned: 'back', reversed: 'back', refunded: 'back' },
  ...{ refused: 'fail', failed: 'fail', late: 'clock', draft: 'pen', expired: 'clock', sent: 'payout' },
}

/** A state of one of the installation’s machines, as icon and word. */
export const State = ({ lang, of, state }: { lang: Language; of: Stated; state: string }) => (
  <Badge tone={tones[state] ?? 'info'} {...(icons[state] && { icon: icons[state] })}>
    {stateWord(lang, of, state)}
  </Badge>
)

export const stateWord = (lang: Language, of: Stated, state: string): string =>
  (listWords[lang][of] as Record<string, string>)[state] ?? state

export const stateOptions = (lang: Language, of: Stated, states: readonly string[]): [string, string][] => [
  ['', frameWords[lang].all],
  ...states.map((state): [string, string] => [state, stateWord(lang, of, state)]),
]

export const railOptions = (lang: Language): [string, string][] => [
  ['', frameWords[lang].all],
  ...Object.entries(listWords[lang].rails),
]
export const railWord = (lang: Language, rail: string): string =>
  (listWords[lang].rails as Record<string, string>)[rail] ?? rail

export const Money = ({ lang, units, asset }: { lang: Language; units: bigint; asset: Asset }) => (
  <span class="money">{amount(lang, units, asset)}</span>
)

/** A time in a list: the installation’s zone, which the caption names once. */
export const When = ({ lang, at }: { lang: Language; at: Instant }) => (
  <time dateTime={at}>{moment(lang, at).replace(/ [^ ]+$/, '')}</time>
)

/** A row's \`why\`, with its code and values. */
export interface Reasoned {
  why: string | null
  reason: string | null
  detail: string | null
}

/** Why, in the language of the page; of words that are no reason of ours, as they were written down. */
export function Because({ lang, of }: { lang: Language; of: Reasoned }) {
  const reason = reasonBehind(of)
  return reason === undefined ? <Said>{of.why}</Said> : <>{reasonIn(lang, reason)}</>
}

/** What a program wrote down, which is English in either language. */
export const Said = ({ children }: { children: ComponentChildren }) => <span lang="en">{children}</span>

export const Mono = ({ children }: { children: ComponentChildren }) => <span class="mono">{children}</span>

interface FilterParts {
  lang: Language
  path: string
  filters: AskedFilters
  /** Between the search and the dates. */
  children: ComponentChildren
}

/** The filters of a list, as a form that writes them into the address. */
export function FilterForm({ lang, path, filters: { query, faults }, children }: FilterParts) {
  const say = listWords[lang]
  const { after: _, ...set } = query
  return (
    <>
      <Faults title={frameWords[lang].faults} faults={faults} />
      <form method="get" action={path} class="filters" role="search" aria-label={say.apply}>
        <Field
          {...{
            name: 'q',
            label: say.search,
            placeholder: say.searchHint,
            value: query['q'],
            type: 'search',
          }}
        />
        {children}
        <Field
          {...{ name: 'from', label: say.from, value: query['from'], fault: faults['from'], type: 'date' }}
        />
        <Field {...{ name: 'to', label: say.to, value: query['to'], fault: faults['to'], type: 'date' }} />
        <button>{say.apply}</button>
        {Object.keys(set).length > 0 && (
          <a class="button plain" href={path}>
            {say.clear}
          </a>
        )}
      </form>
    </>
  )
}

export const Choice = ({
  name,
  label,
  options,
  filters: { query, faults },
}: {
  name: string
  label: string
  options: readonly (readonly [string, string])[]
  filters: AskedFilters
}) => <Select {...{ name, label, options, value: query[name] ?? '', fault: faults[name] }} />

/** A filter that came by a link and that no field shows: said, with a way out of it. */
export function Only({
  lang,
  path,
  filters,
  names,
}: {
  lang: Language
  path: string
  filters: AskedFilters
  names: Record<string, string>
}) {
  const { after: _, ...query } = filters.query
  const set = Object.keys(names).filter(name => query[name] !== undefined)
  if (set.length === 0) return null
  return (
    <ul class="only">
      {set.map(name => {
        const { [name]: value, ...rest } = query
        return (
          <li>
            {names[name]}: <Mono>{value}</Mono>{' '}
            <a href={`${path}?${new URLSearchParams(rest).toString()}`}>{listWords[lang].clear}</a>
          </li>
        )
      })}
    </ul>
  )
}

interface TableParts<R> {
  lang: Language
  caption: string
  columns: readonly Column<R>[]
  rows: readonly R[]
  /** Said where there is no row. */
  empty: ComponentChildren
}

/** Rows with their heads; on a phone each row is a card. */
export function Rows<R>({ lang, caption, columns: all, rows, empty }: TableParts<R>) {
  const columns = all.filter(({ cell }) => cell !== undefined)
  if (rows.length === 0) return <p class="empty">{empty}</p>
  return (
    <div class="wide">
      <table class="cards">
        <caption>{caption === '' ? listWords[lang].rows(rows.length) : caption}</caption>
        <thead>
          <tr>
            {columns.map(({ head, number }) => (
              <th scope="col" class={number && 'number'}>
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(row => (
            <tr>
              {columns.map(({ head, cell, number }, place) =>
                place === 0 ? (
                  <th scope="row" data-label={head}>
                    {cell!(row)}
                  </th>
                ) : (
                  <td data-label={head} class={number && 'number'}>
                    {cell!(row)}
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

interface ListParts<R> extends Omit<TableParts<R>, 'caption' | 'empty'> {
  path: string
  filters: AskedFilters
  next: string | undefined
  /** Said where nothing was ever there, with what to do. */
  empty?: ComponentChildren
}

/** A page of a list, the way to the next one, and the way to have all of it as a file. */
export function List<R>({ lang, path, filters, next, columns, rows, empty }: ListParts<R>) {
  const say = listWords[lang]
  const { after: _, ...set } = filters.query
  const unfiltered = Object.keys(set).length === 0
  return (
    <>
      <Rows
        {...{ lang, columns, rows, caption: `${say.rows(rows.length)}. ${say.tz}` }}
        empty={(unfiltered && empty) || frameWords[lang].nothing}
      />
      <Pages {...{ lang, path, query: filters.query, next }} />
      {filters.isCut && <Notice tone="wait">{say.searchCut}</Notice>}
      {rows.length > 0 && (
        <p class="actions">
          <a class="button plain" href={`${path}.csv?${new URLSearchParams(set).toString()}`}>
            {say.csv}
          </a>
        </p>
      )}
    </>
  )
}

/** One part, so that a cell that is a flex box on a phone does not set its words side by side. */
export const Told = ({ lang, step }: { lang: Language; step: HistoryLine }) => (
  <span>
    <Because {...{ lang, of: step }} />
    <Repeated {...{ lang, ...step }} />
  </span>
)

const Repeated = ({ lang, repeats, why }: Pick<HistoryLine, 'repeats' | 'why'> & { lang: Language }) =>
  repeats && (
    <>
      {' '}
      ({`${repeats.times}`} × {listWords[lang].lastTime} <Time lang={lang} at={repeats.lastAt} />
      {!isSaidAgain(repeats.lastWhy, why) && (
        <>
          :{' '}
          <Because
            {...{ lang }}
            of={{ why: repeats.lastWhy, reason: repeats.lastReason, detail: repeats.lastDetail }}
          />
        </>
      )}
      )
    </>
  )

/** What became of it, oldest first. */
export function Timeline({
  lang,
  of,
  steps,
  id = 'history',
}: {
  lang: Language
  of: Stated
  steps: readonly Step[]
  id?: string
}) {
  const say = listWords[lang]
  return (
    <section aria-labelledby={id}>
      <h2 id={id}>{say.history}</h2>
      <Rows
        lang={lang}
        caption={say.tz}
        rows={steps}
        empty={say.none}
        columns={[
          { head: say.when, cell: ({ at }) => <Time lang={lang} at={at} /> },
          {
            head: say.fromState,
            cell: ({ from }) => <span class="kept">{from === '' ? '–' : stateWord(lang, of, from)}</span>,
          },
          { head: say.toState, cell: ({ to }) => <State {...{ lang, of, state: to }} /> },
          { head: say.why, cell: step => <Told {...{ lang, step }} /> },
          {
            head: say.behind,
            cell: ({ ref, cause }) => (ref === null ? '–' : <Ref {...{ id: ref, href: hrefOf(cause) }} />),
          },
        ]}
      />
    </section>
  )
}

/**
 * An id, as a link where there is a page of it. A long one shows its end in a list, which tells it from
 * others; the rest is a name that somebody chose.
 */
export const Ref = ({ id, href }: { id: string; href: string | undefined }) => {
  const isLong = /^[\w:/.-]{16,}$/.test(id)
  const title = isLong ? id : undefined
  return href === undefined ? (
    <span class={isLong ? 'mono id' : 'mono'} title={title}>
      {id}
    </span>
  ) : (
    // Its address says the whole id; said once more, fifty of them are two kilobytes.
    <a class={isLong ? 'mono id' : undefined} href={href}>
      {id}
    </a>
  )
}

type FactList = Parameters<typeof Facts>[0]['facts']
/** Names and values; what is not there is left out. */
export const Known = ({ facts }: { facts: FactList }) => (
  <Facts facts={facts.filter(([, value]) => value !== false)} />
)

/** The reason of one act among several on a page. */
export const Why = ({ lang, id }: { lang: Language; id: string }) => (
  <Field
    {...{
      id: `why-${id}`,
      name: 'why',
      label: frameWords[lang].reason,
      hint: frameWords[lang].reasonHint,
      required: true,
      maxLength: 500,
    }}
  />
)
