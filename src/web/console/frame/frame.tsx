/**
 * The console's frame, and the parts its pages share: acts as forms, fresh codes, links to the next rows of a
 * list.
 */
import type { ComponentChildren } from 'preact'
import type { Stop } from '../../../payout/payout.ts'
import { may, needsStepUp, type Act, type Person } from '../../../people/people.ts'
import { Document, Main } from '../../page/document.tsx'
import { Icon, Mark, type IconName } from '../../page/icon.tsx'
import { Request, type Language } from '../../page/page.ts'
import { Field } from '../../page/parts.tsx'
import { whyIn } from '../list/reasonWords.ts'
import { frameWords } from './words.ts'

type PageName = keyof (typeof frameWords)['en']['pages']
type Group = keyof (typeof frameWords)['en']['groups']

/** The pages of the navigation, in the groups they are read in. */
const pages: readonly (readonly [Group | undefined, readonly (readonly [PageName, IconName])[]])[] = [
  [undefined, [['overview', 'home']]],
  [
    'receive',
    [
      ['invoices', 'invoice'],
      ['schedules', 'schedule'],
      ['products', 'box'],
    ],
  ],
  [
    'pay',
    [
      ['payouts', 'payout'],
      ['accounts', 'bank'],
      ['bitcoin', 'btc'],
      ['limits', 'scale'],
    ],
  ],
  [
    'check',
    [
      ['proposals', 'check'],
      ['reconciliation', 'chart'],
      ['audit', 'audit'],
    ],
  ],
  [
    'system',
    [
      ['events', 'event'],
      ['runs', 'run'],
      ['people', 'people'],
    ],
  ],
]
/** What a thumb reaches: the rest is behind *More*. */
const thumb: readonly PageName[] = ['overview', 'invoices', 'payouts', 'proposals']
const icons = Object.fromEntries(pages.flatMap(([, links]) => links)) as Record<PageName, IconName>
const pathOf = (name: PageName) => (name === 'overview' ? '/console' : `/console/${name}`)

interface FrameParts {
  lang: Language
  /** Undefined on the pages before sign-in. */
  person: Person | undefined
  /** Why payouts are stopped, where they are: said on every page. */
  stopped?: Stop | undefined
  here?: PageName
  title: string
  /** What was searched for, on the page that shows what was found. */
  searched?: string | undefined
  scripts?: readonly string[]
  children: ComponentChildren
}

/** A page of the console. `title` is also its heading. */
export function Frame({ lang, person, stopped, here, title, searched, scripts = [], children }: FrameParts) {
  const say = frameWords[lang]
  const content = (
    <Main>
      {stopped !== undefined && (
        <div class="notice bad" role="status">
          <strong>{say.stopped}.</strong>{' '}
          {stopped.code === 'hold' ? whyIn(lang, stopped) : say.stops[stopped.code]}{' '}
          {person && <a href="/console/stop">{say.seeWhy}</a>}
        </div>
      )}
      <h1>{title}</h1>
      {children}
    </Main>
  )
  return (
    <Document
      {...{
        lang,
        title: `${title} · Repasse`,
        scripts,
        skip: say.skip,
        styles: ['console.css'],
        noindex: true,
      }}
    >
      {person === undefined ? (
        <div class="bare-page">
          <Entrance lang={lang} />
          {content}
        </div>
      ) : (
        <>
          <div class="app">
            <Side {...{ lang, person, here }} />
            <div>
              <Top {...{ lang, person, stopped, searched }} />
              {content}
            </div>
          </div>
          <Bottom {...{ lang, here }} />
        </>
      )}
    </Document>
  )
}

/** Before sign-in: whose console it is, and the other language. */
function Entrance({ lang }: { lang: Language }) {
  const say = frameWords[lang]
  const other = lang === 'en' ? 'pt-BR' : 'en'
  return (
    <header class="top">
      <a class="brand" href="/console">
        <Mark /> Repasse · {say.console}
      </a>
      <span class="grow" />
      <a href={`?lang=${other}`} lang={other} hreflang={other}>
        {say.otherLanguage}
      </a>
    </header>
  )
}

type SideParts = { lang: Language; person: Person; here: PageName | undefined }

function Side({ lang, person, here }: SideParts) {
  const say = frameWords[lang]
  return (
    <div class="side">
      <a class="brand" href="/console">
        <Mark /> Repasse
      </a>
      <nav class="nav" id="nav" popover="auto" aria-label={say.nav}>
        {pages.map(([group, links]) => (
          <>
            {group !== undefined && <p>{say.groups[group]}</p>}
            {links
              .filter(([name]) => name !== 'people' || may(person.role, 'user.see'))
              .map(([name]) => (
                <PageLink {...{ lang, name, here }} />
              ))}
          </>
        ))}
        <a class="narrow" href="/console/me">
          <Icon name="pen" />
          {say.me}
        </a>
      </nav>
      <div class="me">
        <span class="face" aria-hidden="true">
          {person.name.slice(0, 2)}
        </span>
        <a href="/console/me">
          {person.name}
          <span class="role">{say.roles[person.role]}</span>
        </a>
        <form method="post" action="/console/sign-out">
          <input type="hidden" name="csrf" value={person.csrf} />
          <button class="bare icon" title={say.signOut}>
            <Icon name="leave" />
            <span class="hidden-text">{say.signOut}</span>
          </button>
        </form>
      </div>
    </div>
  )
}

const PageLink = ({ lang, name, here }: { lang: Language; name: PageName; here: PageName | undefined }) => (
  <a href={pathOf(name)} aria-current={name === here ? 'page' : undefined}>
    <Icon name={icons[name]} />
    {frameWords[lang].pages[name]}
    <Count {...{ lang, page: name }} />
  </a>
)

type TopParts = Pick<FrameParts, 'lang' | 'stopped' | 'searched'> & { person: Person }

/** On every page: the one box that knows every id, and the switch that stops payouts. */
function Top({ lang, person, stopped, searched }: TopParts) {
  const say = frameWords[lang]
  return (
    <header class="top">
      <a class="brand" href="/console">
        <Mark />
        <span class="hidden-text">Repasse, {say.pages.overview}</span>
      </a>
      <form class="find" method="get" action="/console/search" role="search" aria-label={say.find}>
        <label class="hidden-text" for="find">
          {say.find}
        </label>
        <Icon name="search" />
        <input
          {...{ id: 'find', name: 'any', type: 'search', value: searched, required: true, maxLength: 200 }}
          placeholder={say.findHint}
          autocomplete="off"
        />
      </form>
      <span class="grow" />
      {stopped === undefined && may(person.role, 'payouts.stop') && (
        <a class="button danger" href="/console/stop">
          <Icon name="stop" />
          <span class="far">{say.stop}</span>
          <span class="near">{say.stopBriefly}</span>
        </a>
      )}
    </header>
  )
}

function Bottom({ lang, here }: Pick<SideParts, 'lang' | 'here'>) {
  const say = frameWords[lang]
  return (
    <nav class="bottom" aria-label={say.shortcuts}>
      {thumb.map(name => (
        <PageLink {...{ lang, name, here }} />
      ))}
      <button type="button" popovertarget="nav">
        <Icon name="menu" />
        {say.more}
      </button>
    </nav>
  )
}

/** How much waits on a page, behind its name. */
const Count = ({ lang, page }: { lang: Language; page: PageName }) => (
  <Request.Consumer>
    {request => {
      const count = request?.counts?.[page] ?? 0
      return count > 0 ? (
        <span class="count">
          <span class="hidden-text">, {frameWords[lang].waiting}: </span>
          {count}
        </span>
      ) : null
    }}
  </Request.Consumer>
)

interface ActParts {
  lang: Language
  person: Person
  act: Act
  action: string
  children: ComponentChildren
  /** A form with a file. */
  file?: boolean
}

/**
 * The form of one act: nothing where the role does not allow it. Its fields and its button are the children.
 */
export const ActForm = ({ lang, person, act, action, file, children }: ActParts) =>
  may(person.role, act) ? (
    <form method="post" action={action} {...(file && { enctype: 'multipart/form-data' as const })}>
      <input type="hidden" name="csrf" value={person.csrf} />
      {needsStepUp(act) && !person.steppedUp && <FreshCode lang={lang} id={`code-${action}`} />}
      {children}
    </form>
  ) : null

export const FreshCode = ({ lang, id = 'code' }: { lang: Language; id?: string }) => (
  <Field
    {...{
      id,
      name: 'code',
      label: frameWords[lang].codeLabel,
      hint: frameWords[lang].codeHint,
      required: true,
      inputMode: 'numeric',
      maxLength: 6,
    }}
    autoComplete="one-time-code"
  />
)

export const Reason = ({ lang, fault }: { lang: Language; fault?: string }) => (
  <Field
    {...{
      name: 'why',
      label: frameWords[lang].reason,
      hint: frameWords[lang].reasonHint,
      required: true,
      fault,
    }}
  />
)

/**
 * Links to the first and the next rows of a list, with its filters kept. `next` is the key after which they
 * begin.
 */
export function Pages({
  lang,
  path,
  query,
  next,
}: {
  lang: Language
  path: string
  query: Record<string, string>
  next: string | undefined
}) {
  const say = frameWords[lang]
  const link = (after: string | undefined) => {
    const { after: _, ...filters } = query
    const text = new URLSearchParams({ ...filters, ...(after !== undefined && { after }) }).toString()
    return text === '' ? path : `${path}?${text}`
  }
  return (
    <nav class="pages" aria-label={say.nextPage}>
      {query['after'] !== undefined && <a href={link(undefined)}>{say.firstPage}</a>}
      {next !== undefined && (
        <a rel="next" href={link(next)}>
          {say.nextPage}
        </a>
      )}
    </nav>
  )
}
