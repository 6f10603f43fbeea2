/** One's own account: language, password, sessions. */
import { instant } from '../../../base/world.ts'
import { isAddress } from '../../../base/mailAddress.ts'
import { barOf, approverStatus, type Bar } from '../../../ledger/ledger.ts'
import {
  changeEmail,
  changeLanguage,
  changePassword,
  findUser,
  stepUp,
  endSession,
  endSessionsOf,
  languages,
  listSessions,
  may,
  type Person,
} from '../../../people/people.ts'
import { moment, show, type Language } from '../../page/page.ts'
import { Facts, Faults, Field, Notice, Select } from '../../page/parts.tsx'
import type { PageParts } from '../../context.ts'
import { ActForm, Frame, FreshCode } from '../frame/frame.tsx'
import type { ConsoleContext, ConsoleRoutes } from '../guard.ts'
import { languageOptions } from './page.tsx'
import { Sessions, type ShownSession } from './sessions.tsx'
import { barText } from '../schedules/barsWords.ts'
import { done } from '../refusals.ts'
import { frameWords } from '../frame/words.ts'
import { passkeyWords } from './passkeysWords.ts'
import { peopleWords } from './words.ts'

interface MeParts {
  lang: Language
  person: Person
  sessions: readonly ShownSession[]
  /** Where they are written to, where they said. */
  email: string
  /** Why they may approve nothing now. */
  bar: Bar | undefined
  done?: string | undefined
  faults?: Readonly<Record<string, string>>
}

function MePage({ lang, person, sessions, email, bar, done, faults = {} }: MeParts) {
  const say = peopleWords[lang].me
  const welcome = peopleWords[lang].welcome
  return (
    <Frame lang={lang} person={person} title={say.title}>
      {done !== undefined && <Notice tone="good">{done}</Notice>}
      <Faults title={frameWords[lang].faults} faults={faults} />
      {bar && <Notice tone={bar.is === 'waits' ? 'wait' : 'bad'}>{barText(lang, bar)}</Notice>}
      <Facts
        facts={[
          [say.name, person.name],
          [say.role, peopleWords[lang].people.rolesTold[person.role]],
        ]}
      />
      <p class="actions">
        <a class="button plain" href="/console/me/keys">
          {passkeyWords[lang].link}
        </a>
      </p>
      {/* Where there is no side, which has the same button. */}
      <form class="narrow" method="post" action="/console/sign-out">
        <input type="hidden" name="csrf" value={person.csrf} />
        <button class="plain">{frameWords[lang].signOut}</button>
      </form>
      <h2>{say.language}</h2>
      <ActForm lang={lang} person={person} act="me" action="/console/me/language">
        <Select name="language" label={say.language} value={person.language} options={languageOptions} />
        <button class="plain">{say.save}</button>
      </ActForm>
      <h2>{say.emailTitle}</h2>
      <ActForm lang={lang} person={person} act="me" action="/console/me/email">
        <Field
          {...{
            name: 'email',
            label: peopleWords[lang].people.email,
            hint: say.emailHint,
            value: email,
            fault: faults['email'],
          }}
          type="email"
          maxLength={254}
        />
        {!person.steppedUp && <FreshCode lang={lang} id="code-email" />}
        <button class="plain">{say.save}</button>
      </ActForm>
      <h2>{say.sessions}</h2>
      <Sessions {...{ lang, person, sessions }} act="me" path="/console/me" />
      {sessions.some(session => session.open && session.id !== person.sessionId) && (
        <ActForm lang={lang} person={person} act="me" action="/console/me/sessions/end-others">
          <p class="actions">
            <button class="plain">{say.endOthers}</button>
          </p>
        </ActForm>
      )}
      <h2>{say.passwordTitle}</h2>
      <ActForm lang={lang} person={person} act="me" action="/console/me/password">
        <input type="hidden" name="username" value={person.name} autocomplete="username" />
        <Field
          {...{ name: 'old', label: say.old, fault: faults['old'] }}
          type="password"
          required
          autoComplete="current-password"
        />
        <Field
          {...{
            name: 'password',
            label: welcome.password,
            hint: welcome.passwordHint,
            fault: faults['password'],
          }}
          type="password"
          required
          autoComplete="new-password"
        />
        <Field
          {...{ name: 'again', label: welcome.again, fault: faults['again'] }}
          type="password"
          required
          autoComplete="new-password"
        />
        <Field
          {...{
            name: 'code',
            label: frameWords[lang].codeLabel,
            required: true,
            inputMode: 'numeric',
            maxLength: 7,
          }}
          autoComplete="one-time-code"
        />
        <p class="actions">
          <button>{say.change}</button>
        </p>
      </ActForm>
    </Frame>
  )
}

export function meRoutes(routes: ConsoleRoutes, { app: { db, world } }: PageParts): void {
  const path = '/console/me'
  const present = async (ctx: ConsoleContext, more: Partial<MeParts> = {}, status = 200) => {
    const { lang, person } = ctx.state
    const found = await db.tx(
      async tx => barOf(await approverStatus(tx, person.name), await tx.now()),
      'locks',
    )
    const bar = found?.is === 'objected' || may(person.role, 'user.approve') ? found : undefined
    const email = (await findUser(db, person.id))?.email ?? ''
    show(
      ctx,
      MePage({ lang, person, sessions: await listSessions(db, world, person.id), email, bar, ...more }),
      status,
    )
  }

  routes.page(path, 'me', ctx => {
    const say = peopleWords[ctx.state.lang].me
    const done =
      ctx.query['changed'] !== undefined
        ? say.changed
        : ctx.query['saved'] !== undefined
          ? say.saved
          : undefined
    return present(ctx, { done })
  })

  routes.post(`${path}/language`, 'me', async (ctx, form) => {
    const language = languages.find(each => each === form.text('language')) ?? ctx.throw(400)
    done(ctx.state.lang, await changeLanguage(db, ctx.state.person.id, language))
    return `${path}?saved`
  })

  // Letters about other people go there, so whoever took a session over does not turn them away.
  routes.post(`${path}/email`, 'me', async (ctx, form) => {
    const { lang, person } = ctx.state
    const email = form.text('email')
    const fail = (fault: string, status = 400) => present(ctx, { email, faults: { email: fault } }, status)
    if (email !== '' && !isAddress(email)) return fail(peopleWords[lang].people.badEmail)
    if (!person.steppedUp) {
      const { is } = await stepUp(db, world, person, form.text('code'))
      if (is !== 'stepped up') return fail(frameWords[lang].code[is])
    }
    done(ctx.state.lang, await changeEmail(db, person.id, email, person.name))
    return `${path}?saved`
  })

  routes.post(`${path}/sessions/end-others`, 'me', async ctx => {
    const { person } = ctx.state
    await endSessionsOf(db, person.id, person.name, person.sessionId)
    return path
  })

  routes.post(`${path}/sessions/:session/end`, 'me', async ctx => {
    const { person } = ctx.state
    done(ctx.state.lang, await endSession(db, person.id, ctx.params['session']!, person.name))
    return path
  })

  routes.post(`${path}/password`, 'me', async (ctx, form) => {
    const { lang, person } = ctx.state
    const say = peopleWords[lang]
    const [old = '', fresh = '', again = ''] = ['old', 'password', 'again'].map(
      name => form.all(name)[0] ?? '',
    )
    if (fresh !== again) return present(ctx, { faults: { again: say.welcome.different } }, 400)
    const answer = await changePassword(db, world, person, { old, fresh, code: form.text('code') })
    switch (answer.is) {
      case 'done':
        return `${path}?changed`
      case 'weak':
        return present(ctx, { faults: { password: say.weak[answer.why] } }, 400)
      case 'refused':
        return present(ctx, { faults: { old: say.me.wrong } }, 400)
      case 'throttled':
        return present(ctx, { faults: { old: say.me.throttled(moment(lang, instant(answer.untilMs))) } }, 429)
    }
  })
}
