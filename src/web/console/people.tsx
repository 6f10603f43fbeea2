/** People: the list with the form that invites, the link shown once, and one person with what may be done about them. */
import type { ComponentChildren } from 'preact'
import type { Act, Language as PersonLanguage, Person, UserRow } from '../../people/people.ts'
import { languages, roles } from '../../people/people.ts'
import type { Transition } from '../../store/store.ts'
import { moment, type Language } from '../page/page.ts'
import { Badge, Facts, Faults, Field, Notice, Select, Time, type Tone } from '../page/parts.tsx'
import { ActForm, Frame } from './frame.tsx'
import { StepUpForm } from './signIn.tsx'
import { Sessions, type ShownSession } from './peopleSessions.tsx'
import { Steps } from './steps.tsx'
import { frameWords } from './words/frame.ts'
import { peopleWords } from './words/people.ts'

const tones: Record<UserRow['state'], Tone> = { invited: 'wait', active: 'good', locked: 'bad', removed: 'still' }
const languageNames: Record<PersonLanguage, string> = { 'pt-BR': 'Português', en: 'English' }
export const languageOptions = languages.map(each => [each, languageNames[each]] as const)

interface PeopleParts {
  lang: Language
  person: Person
  rows: readonly (UserRow & { seen_at: string | null })[]
  values?: Readonly<Record<string, string>>
  faults?: Readonly<Record<string, string>>
}

export function PeoplePage({ lang, person, rows, values = {}, faults = {} }: PeopleParts) {
  const say = peopleWords[lang].people
  return (
    <Frame lang={lang} person={person} here="people" title={say.title}>
      <Faults title={frameWords[lang].faults} faults={faults} />
      <table class="cards">
        <caption>{say.caption}</caption>
        <thead>
          <tr>
            {[say.name, say.role, say.state, say.seen, say.added].map(head => (
              <th scope="col">{head}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(row => (
            <tr>
              <th scope="row" data-label={say.name}>
                <a href={`/console/people/${row.id}`}>{row.name}</a>
              </th>
              <td data-label={say.role}>{frameWords[lang].roles[row.role]}</td>
              <td data-label={say.state}>
                <Badge tone={tones[row.state]}>{say.states[row.state]}</Badge>
              </td>
              <td data-label={say.seen}>{row.seen_at === null ? say.never : <Time lang={lang} at={row.seen_at} />}</td>
              <td data-label={say.added}>
                <span>
                  <Time lang={lang} at={row.added_at} /> {say.addedBy(row.added_by)}
                </span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <h2>{say.add}</h2>
      <ActForm lang={lang} person={person} act="user.add" action="/console/people">
        <Field
          {...{ name: 'name', label: say.name, hint: say.nameHint, value: values['name'], fault: faults['name'] }}
          required
          maxLength={127}
        />
        <Select
          {...{ name: 'role', label: say.role, value: values['role'] ?? 'viewer' }}
          options={roles.map(role => [role, say.rolesTold[role]])}
        />
        <Select {...{ name: 'language', label: say.language, value: values['language'] ?? 'pt-BR' }} options={languageOptions} />
        <p class="actions">
          <button>{say.go}</button>
        </p>
      </ActForm>
    </Frame>
  )
}

/** The link of an invitation, the one time it is shown. */
export function LinkPage({
  lang,
  person,
  user,
  link,
  endsAt,
}: {
  lang: Language
  person: Person
  user: UserRow
  link: string
  endsAt: string
}) {
  const say = peopleWords[lang].people
  return (
    <Frame lang={lang} person={person} here="people" title={say.linkTitle(user.name)}>
      <Notice tone="wait">
        {say.linkOnce} {moment(lang, endsAt)}.
      </Notice>
      <Facts facts={[[say.link, <code class="mono">{link}</code>]]} />
      <p class="actions">
        <a class="button plain" href="/console/people">
          {say.back}
        </a>
      </p>
    </Frame>
  )
}

interface PersonParts {
  lang: Language
  /** Who looks. */
  person: Person
  user: UserRow
  sessions: readonly ShownSession[]
  steps: readonly Transition[]
}

export function PersonPage({ lang, person, user, sessions, steps }: PersonParts) {
  const say = peopleWords[lang].people
  const path = `/console/people/${user.id}`
  const isSelf = user.id === person.id
  const act = (name: Act, verb: string, told: string, button: ComponentChildren) => (
    <section class="card">
      <ActForm lang={lang} person={person} act={name} action={`${path}/${verb}`}>
        <p>{told}</p>
        {button}
      </ActForm>
    </section>
  )
  return (
    <Frame lang={lang} person={person} here="people" title={user.name}>
      <Facts
        facts={[
          [say.state, <Badge tone={tones[user.state]}>{say.states[user.state]}</Badge>],
          [say.role, say.rolesTold[user.role]],
          [say.language, languageNames[user.language]],
          [
            say.added,
            <>
              <Time lang={lang} at={user.added_at} /> {say.addedBy(user.added_by)}
            </>,
          ],
        ]}
      />
      <p>
        <a href={`/console/audit?actor=${encodeURIComponent(user.name)}`}>{say.audit}</a>
      </p>
      {user.state !== 'removed' && <h2>{say.acts}</h2>}
      {isSelf && <Notice tone="still">{say.self}</Notice>}
      {!isSelf && user.state !== 'removed' && (
        <>
          {/* One question for a code rather than one in each act. */}
          {!person.steppedUp && <StepUpForm lang={lang} person={person} next={path} />}
          <div class="tiles">
            {user.state === 'active' && act('user.lock', 'lock', say.lockTold, <button class="danger">{say.lock}</button>)}
            {person.steppedUp && (
              <>
                <section class="card">
                  <ActForm lang={lang} person={person} act="user.role" action={`${path}/role`}>
                    <Select
                      {...{ name: 'role', label: say.role, value: user.role }}
                      options={roles.map(role => [role, frameWords[lang].roles[role]])}
                    />
                    <button>{say.changeRole}</button>
                  </ActForm>
                </section>
                {act('user.reset', 'reset', say.resetTold, <button class="plain">{say.reset}</button>)}
                {user.state === 'locked' && act('user.unlock', 'unlock', say.unlockTold, <button class="plain">{say.unlock}</button>)}
                {act('user.remove', 'remove', say.removeTold, <button class="danger">{say.remove}</button>)}
              </>
            )}
          </div>
        </>
      )}
      <h2>{say.sessions}</h2>
      <Sessions {...{ lang, person, sessions }} act="session.revoke" path={path} />
      {sessions.some(session => session.open) && (
        <ActForm lang={lang} person={person} act="session.revoke" action={`${path}/sign-out`}>
          <p class="actions">
            <button class="plain">{say.endAll}</button>
          </p>
        </ActForm>
      )}
      <h2>{say.history}</h2>
      <Steps {...{ lang, steps, words: say, states: say.states }} />
    </Frame>
  )
}
