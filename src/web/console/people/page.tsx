/**
 * People: the list with the form that invites, the link shown once, and one person with what may be done
 * about them.
 */
import type { ComponentChildren } from 'preact'
import type { Objection } from '../../../ledger/ledger.ts'
import {
  type Act,
  type Language as PersonLanguage,
  type listUsers,
  type Person,
  type UserRow,
  addressOf,
  languages,
  may,
  needsTwo,
  roles,
} from '../../../people/people.ts'
import type { Transition } from '../../../db/db.ts'
import { moment, type Language } from '../../page/page.ts'
import { Badge, Facts, Faults, Field, Notice, Select, Time, type Tone } from '../../page/parts.tsx'
import { ActForm, Frame, Reason } from '../frame/frame.tsx'
import { hasObjected, OpenObjections } from '../objections.tsx'
import { StepUpForm } from '../signIn/page.tsx'
import { Sessions, type ShownSession } from './sessions.tsx'
import { Steps } from '../frame/steps.tsx'
import { frameWords } from '../frame/words.ts'
import { peopleWords } from './words.ts'

const tones: Record<UserRow['state'], Tone> = {
  invited: 'wait',
  active: 'good',
  locked: 'bad',
  removed: 'still',
}
const languageNames: Record<PersonLanguage, string> = { 'pt-BR': 'Português', en: 'English' }
export const languageOptions = languages.map(each => [each, languageNames[each]] as const)

interface PeopleParts {
  lang: Language
  person: Person
  rows: Awaited<ReturnType<typeof listUsers>>
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
                <span>
                  <Badge tone={tones[row.state]}>{say.states[row.state]}</Badge>{' '}
                  {row.objected_by !== null && <Badge tone="bad">{say.objected}</Badge>}
                </span>
              </td>
              <td data-label={say.seen}>
                {row.seen_at === null ? say.never : <Time lang={lang} at={row.seen_at} />}
              </td>
              <td data-label={say.added}>
                <span>
                  <Time lang={lang} at={row.added_at} /> {say.addedBy(row.added_by)}
                </span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {may(person.role, 'user.add') && <h2>{say.add}</h2>}
      <ActForm lang={lang} person={person} act="user.add" action="/console/people">
        <p>{say.addTold}</p>
        <Field
          {...{
            name: 'name',
            label: say.name,
            hint: say.nameHint,
            value: values['name'],
            fault: faults['name'],
          }}
          required
          maxLength={127}
        />
        <Select
          {...{ name: 'role', label: say.role, value: values['role'] ?? 'viewer' }}
          options={roles.map(role => [role, say.rolesTold[role]])}
        />
        <Select
          {...{ name: 'language', label: say.language, value: values['language'] ?? 'pt-BR' }}
          options={languageOptions}
        />
        <Field
          {...{
            name: 'email',
            label: say.email,
            hint: say.emailHint,
            value: values['email'],
            fault: faults['email'],
          }}
          type="email"
          maxLength={254}
        />
        <Field
          {...{
            name: 'why',
            label: frameWords[lang].reason,
            hint: frameWords[lang].reasonHint,
            value: values['why'],
          }}
          maxLength={500}
        />
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
  now: string
  objections: readonly Objection[]
  sessions: readonly ShownSession[]
  steps: readonly Transition[]
}

export function PersonPage({ lang, person, user, now, objections, sessions, steps }: PersonParts) {
  const say = peopleWords[lang].people
  const isSelf = user.id === person.id
  const isWaiting = user.approves_from !== null && user.approves_from > now
  return (
    <Frame lang={lang} person={person} here="people" title={user.name}>
      <OpenObjections {...{ lang, objections, by: say.objectedBy, holds: say.objectedTold }} />
      <Facts
        facts={[
          [say.state, <Badge tone={tones[user.state]}>{say.states[user.state]}</Badge>],
          [say.role, say.rolesTold[user.role]],
          [say.language, languageNames[user.language]],
          [say.email, addressOf(user) ?? say.noEmail],
          [
            say.added,
            <>
              <Time lang={lang} at={user.added_at} /> {say.addedBy(user.added_by)}
            </>,
          ],
          [say.givenBy, user.given_by ?? say.noLink],
          ...(isWaiting
            ? [
                [say.approvesFrom, <Time lang={lang} at={user.approves_from!} />] as [
                  string,
                  ComponentChildren,
                ],
              ]
            : []),
        ]}
      />
      {may(person.role, 'session.revoke') && (
        <p>
          <a href={`/console/audit?actor=${encodeURIComponent(user.name)}`}>{say.audit}</a>
        </p>
      )}
      {user.state !== 'removed' && <h2>{say.acts}</h2>}
      {isSelf && <Notice tone="still">{say.self}</Notice>}
      {!isSelf && user.state !== 'removed' && <ActsOn {...{ lang, person, user, objections }} />}
      {may(person.role, 'session.revoke') && (
        <>
          <h2>{say.sessions}</h2>
          <Sessions
            {...{ lang, person, sessions }}
            act="session.revoke"
            path={`/console/people/${user.id}`}
          />
          {sessions.some(session => session.open) && (
            <ActForm
              lang={lang}
              person={person}
              act="session.revoke"
              action={`/console/people/${user.id}/sign-out`}
            >
              <p class="actions">
                <button class="plain">{say.endAll}</button>
              </p>
            </ActForm>
          )}
        </>
      )}
      <h2>{say.history}</h2>
      <Steps {...{ lang, steps, words: say, states: say.states }} />
    </Frame>
  )
}

function ActsOn({
  lang,
  person,
  user,
  objections,
}: Pick<PersonParts, 'lang' | 'person' | 'user' | 'objections'>) {
  const say = peopleWords[lang].people
  const path = `/console/people/${user.id}`
  const card = (name: Act, verb: string, told: ComponentChildren, button: ComponentChildren) =>
    may(person.role, name) && (
      <section class="card">
        <ActForm lang={lang} person={person} act={name} action={`${path}/${verb}`}>
          <p>{told}</p>
          {button}
        </ActForm>
      </section>
    )
  const reason = (id: string) => (
    <Field
      {...{ id, name: 'why', label: frameWords[lang].reason, hint: frameWords[lang].reasonHint }}
      maxLength={500}
    />
  )
  // Somebody who never came in has nothing to be forgotten: one admin gives them a link.
  const isForgotten = user.state !== 'invited'
  return (
    <>
      {/* One question for a code rather than one in each act. */}
      {!person.steppedUp && <StepUpForm lang={lang} person={person} next={path} />}
      <div class="tiles">
        {!hasObjected(objections, person) &&
          card(
            'user.object',
            'object',
            say.objectTold,
            <>
              <Reason lang={lang} />
              <button class="danger">{say.object}</button>
            </>,
          )}
        {user.state === 'active' &&
          card('user.lock', 'lock', say.lockTold, <button class="danger">{say.lock}</button>)}
        {person.steppedUp && (
          <>
            {objections.length > 0 &&
              card(
                'user.clear',
                'clear',
                say.clearTold,
                <>
                  <Reason lang={lang} />
                  <button class="plain">{say.clear}</button>
                </>,
              )}
            {card(
              'user.role',
              'role',
              say.roleTold,
              <>
                <Select
                  {...{ name: 'role', label: say.role, value: user.role }}
                  options={roles.map(role => [role, frameWords[lang].roles[role]])}
                />
                {reason('role-why')}
                <button>{say.changeRole}</button>
              </>,
            )}
            {card(
              'user.reset',
              'reset',
              isForgotten ? `${say.resetTold} ${needsTwo(user.role) ? say.resetByTwo : ''}` : say.linkTold,
              <>
                {isForgotten && needsTwo(user.role) && reason('reset-why')}
                <button class="plain">{isForgotten ? say.reset : say.makeLink}</button>
              </>,
            )}
            {user.state === 'locked' &&
              card('user.unlock', 'unlock', say.unlockTold, <button class="plain">{say.unlock}</button>)}
            {card('user.remove', 'remove', say.removeTold, <button class="danger">{say.remove}</button>)}
          </>
        )}
      </div>
    </>
  )
}
