/** Sessions as a table: where somebody is signed in, and a button that ends it. */
import type { Act, listSessions, Person } from '../../../people/people.ts'
import type { Language } from '../../page/page.ts'
import { Badge, Time } from '../../page/parts.tsx'
import { ActForm } from '../frame/frame.tsx'
import { peopleWords } from './words.ts'

export type ShownSession = Awaited<ReturnType<typeof listSessions>>[number]

interface SessionsParts {
  lang: Language
  /** Who looks; their present session is told apart. */
  person: Person
  sessions: readonly ShownSession[]
  act: Act
  /** Under which `/sessions/:id/end` ends one. */
  path: string
}

export function Sessions({ lang, person, sessions, act, path }: SessionsParts) {
  const say = peopleWords[lang].sessions
  if (sessions.length === 0) return <p>{say.none}</p>
  return (
    <table class="cards">
      <caption>{say.caption}</caption>
      <thead>
        <tr>
          {[say.state, say.began, say.seen, say.address, say.agent, say.act].map(head => (
            <th scope="col">{head}</th>
          ))}
        </tr>
      </thead>
      <tbody>
        {sessions.map(session => (
          <tr>
            <td data-label={say.state}>
              <State lang={lang} session={session} />
            </td>
            <td data-label={say.began}>
              <Time lang={lang} at={session.added_at} />
            </td>
            <td data-label={say.seen}>
              <Time lang={lang} at={session.seen_at} />
            </td>
            <td data-label={say.address}>{session.address}</td>
            <td data-label={say.agent}>{session.agent}</td>
            <td data-label={say.act}>
              {session.id === person.sessionId ? (
                say.here
              ) : session.open ? (
                <ActForm lang={lang} person={person} act={act} action={`${path}/sessions/${session.id}/end`}>
                  <button class="plain">
                    {say.end}
                    <span class="hidden-text"> {session.address}</span>
                  </button>
                </ActForm>
              ) : (
                '–'
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function State({ lang, session }: { lang: Language; session: ShownSession }) {
  const say = peopleWords[lang].sessions
  if (session.open) return <Badge tone="good">{say.open}</Badge>
  return (
    <Badge tone="still">{session.revoked_by === null ? say.ranOut : say.endedBy(session.revoked_by)}</Badge>
  )
}
