/**
 * The console's frame, and the parts its pages share: acts as forms, fresh codes, links to the next rows of a
 * list.
 */
import type { ComponentChildren } from 'preact'
import { eachReason, type Stop } from '../../../payout/payout.ts'
import { may, needsStepUp, type Act, type Person } from '../../../people/people.ts'
import { Document } from '../../page/document.tsx'
import { Request, type Language } from '../../page/page.ts'
import { Field } from '../../page/parts.tsx'
import { frameWords } from './words.ts'

type PageName = keyof (typeof frameWords)['en']['pages']
const order: readonly PageName[] = [
  'overview',
  'schedules',
  'accounts',
  'products',
  'invoices',
  'payouts',
  'proposals',
  'events',
  'runs',
  'bitcoin',
  'audit',
  'people',
]
const pathOf = (name: PageName) => (name === 'overview' ? '/console' : `/console/${name}`)

interface FrameParts {
  lang: Language
  /** Undefined on the pages before sign-in. */
  person: Person | undefined
  /** Why payouts are stopped, where they are: said on every page. */
  stopped?: Stop | undefined
  here?: PageName
  title: string
  scripts?: readonly string[]
  children: ComponentChildren
}

/** A page of the console. `title` is also its heading. */
export function Frame({ lang, person, stopped, here, title, scripts = [], children }: FrameParts) {
  const say = frameWords[lang]
  const other = lang === 'en' ? 'pt-BR' : 'en'
  const header = (
    <header>
      <div class="bar">
        <a class="brand" href="/console">
          Repasse · {say.console}
        </a>
        <span class="grow" />
        {person && (
          <a href="/console/me">
            {person.name} ({say.roles[person.role]})
          </a>
        )}
        {!person && (
          <a href={`?lang=${other}`} lang={other} hreflang={other}>
            {say.otherLanguage}
          </a>
        )}
        {person && (
          <form method="post" action="/console/sign-out">
            <input type="hidden" name="csrf" value={person.csrf} />
            <button class="plain">{say.signOut}</button>
          </form>
        )}
      </div>
      {person && (
        <nav class="bar" aria-label={say.nav}>
          {order
            .filter(name => name !== 'people' || may(person.role, 'user.see'))
            .map(name => (
              <a href={pathOf(name)} aria-current={name === here ? 'page' : undefined}>
                {say.pages[name]}
                <Count page={name} />
              </a>
            ))}
        </nav>
      )}
    </header>
  )
  return (
    <Document
      {...{
        lang,
        title: `${title} · Repasse`,
        header,
        scripts,
        skip: say.skip,
        styles: ['console.css'],
        noindex: true,
      }}
    >
      {stopped !== undefined && (
        <div class="notice bad" role="status">
          <strong>{say.stopped}.</strong>{' '}
          {stopped.code === 'hold' ? eachReason(stopped)[0] : say.stops[stopped.code]}{' '}
          {person && <a href="/console/stop">{say.seeWhy}</a>}
        </div>
      )}
      <h1>{title}</h1>
      {children}
    </Document>
  )
}

/** How much waits on a page, behind its name. */
const Count = ({ page }: { page: PageName }) => (
  <Request.Consumer>
    {request => {
      const count = request?.counts?.[page] ?? 0
      return count > 0 ? ` (${count})` : null
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
