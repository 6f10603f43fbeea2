/**
 * The audit log as a page: every act with who did it and to what, and whether the chain of its records holds.
 */
import type { Person } from '../../../people/people.ts'
import type { AuditRow } from '../../../ledger/ledger.ts'
import type { Walked } from '../../../queries/audit.ts'
import type { Language } from '../../page/page.ts'
import { Badge, Faults, Field, Notice, Select, Time } from '../../page/parts.tsx'
import { Frame, Pages } from '../frame/frame.tsx'
import { actsInPortuguese } from './words.ts'
import { frameWords } from '../frame/words.ts'
import { peopleWords } from '../people/words.ts'

interface AuditParts {
  lang: Language
  person: Person
  rows: readonly AuditRow[]
  /** Every act there is, to choose from. */
  acts: readonly string[]
  /** The filters as they were given. */
  query: Record<string, string>
  faults: Record<string, string>
  next: string | undefined
  walked: Walked
}

export function AuditPage({ lang, person, rows, acts, query, faults, next, walked }: AuditParts) {
  const say = peopleWords[lang].audit
  const frame = frameWords[lang]
  return (
    <Frame lang={lang} person={person} here="audit" title={say.title}>
      <Notice tone={walked.broken ? 'bad' : 'good'}>
        {verdictOf(lang, walked)}
        {walked.after > 0n && !walked.broken && (
          <>
            {' '}
            <a href="/console/audit?whole">{say.whole}</a>
          </>
        )}
      </Notice>
      <Faults title={frame.faults} faults={faults} />
      <form method="get" action="/console/audit" class="filters">
        <Field name="actor" label={say.actor} value={query['actor']} fault={faults['actor']} />
        <Select
          name="act"
          label={say.act}
          value={query['act'] ?? ''}
          options={[['', frame.all], ...acts.map(act => [act, actTold(lang, act)] as const)]}
        />
        <Field name="subject" label={say.subject} value={query['subject']} />
        <button class="plain">{frame.filter}</button>
      </form>
      {rows.length === 0 ? (
        <p>{frame.nothing}</p>
      ) : (
        <table class="cards">
          <caption>{say.caption}</caption>
          <thead>
            <tr>
              {[say.number, say.at, say.actor, say.act, say.subject, say.detail].map(head => (
                <th scope="col">{head}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(row => (
              <tr id={`n${row.seq}`}>
                <td data-label={say.number}>
                  <span title={`${say.hash}: ${row.hash}`}>{`${row.seq}`}</span>{' '}
                  {walked.broken?.seq === row.seq && <Badge tone="bad">{say.broken}</Badge>}
                </td>
                <td data-label={say.at}>
                  <Time lang={lang} at={row.at} />
                </td>
                <td data-label={say.actor}>{row.actor}</td>
                <td data-label={say.act}>{actTold(lang, row.act)}</td>
                <td data-label={say.subject}>
                  <Subject act={row.act} text={row.subject} isAdmin={person.role === 'admin'} />
                </td>
                <td data-label={say.detail}>{detailOf(row.detail)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <Pages lang={lang} path="/console/audit" query={query} next={next} />
    </Frame>
  )
}

const actTold = (lang: Language, act: string): string =>
  lang === 'pt-BR' ? (actsInPortuguese[act] ?? act) : act

function verdictOf(lang: Language, { upTo, broken, after }: Walked): string {
  const say = peopleWords[lang].audit
  if (broken) return say[broken.how](`${broken.seq}`)
  if (upTo === 0n) return say.empty
  return after === 0n ? say.intactAll(`${upTo}`) : say.intact(`${after}`, `${upTo}`)
}

/** Where the page of something is, by how its id begins. */
const pages: Readonly<Record<string, string>> = {
  acc: '/console/accounts/',
  sch: '/console/schedules/',
  inv: '/console/invoices/',
  pay: '/console/payouts/',
  pro: '/console/proposals/',
  run: '/console/runs/',
  usr: '/console/people/',
}

/** What an act was about, as a link where there is a page of it. */
export function subjectPath(act: string, subject: string, isAdmin: boolean): string | undefined {
  if (subject === 'payouts') return '/console/payouts'
  // A number may be a bank's too, of an invoice or of a line of its statement.
  if (/^\d+$/.test(subject)) return act.startsWith('event ') ? `/console/events/${subject}` : undefined
  const prefix = /^([a-z]{3})_[0-9a-z]{26}$/.exec(subject)?.[1]
  const page = prefix === undefined ? undefined : pages[prefix]
  return page === undefined || (prefix === 'usr' && !isAdmin) ? undefined : `${page}${subject}`
}

function Subject({ act, text, isAdmin }: { act: string; text: string; isAdmin: boolean }) {
  const path = subjectPath(act, text, isAdmin)
  return path === undefined ? <>{text}</> : <a href={path}>{text}</a>
}

/** `name: main, role: maker`: the record's own words. */
function detailOf(detail: string): string {
  let parsed: unknown
  try {
    parsed = JSON.parse(detail)
  } catch {
    return detail
  }
  if (typeof parsed !== 'object' || parsed === null) return detail
  return Object.entries(parsed)
    .map(([name, value]) => `${name}: ${String(value)}`)
    .join(', ')
}
