/** What is shown before and around sign-in: the form, the welcome to who was invited, and the question for a fresh code. */
import { groups, otpauthUri, type Invitation, type Person } from '../../people/people.ts'
import { moment, type Language } from '../page/page.ts'
import { Facts, Faults, Field, Notice } from '../page/parts.tsx'
import { QrCode } from '../page/qrCode.tsx'
import { Frame, FreshCode } from './frame.tsx'
import { frameWords } from './words/frame.ts'
import { peopleWords } from './words/people.ts'

interface SignInParts {
  lang: Language
  /** Where to go afterwards: a path of the console. */
  next: string
  name?: string
  /** What went wrong, or well, before. */
  notice?: { tone: 'bad' | 'good' | 'wait'; text: string } | undefined
}

const code = { required: true, inputMode: 'numeric', maxLength: 7, autoComplete: 'one-time-code' } as const

export function SignInPage({ lang, next, name = '', notice }: SignInParts) {
  const say = peopleWords[lang].signIn
  return (
    <Frame lang={lang} person={undefined} title={say.title}>
      {notice && <Notice tone={notice.tone}>{notice.text}</Notice>}
      <form method="post" action="/console/sign-in">
        <input type="hidden" name="next" value={next} />
        <Field name="name" label={say.name} value={name} required autoComplete="username" maxLength={130} />
        <Field name="password" label={say.password} type="password" required autoComplete="current-password" />
        <Field name="code" label={say.code} hint={say.codeHint} {...code} />
        <p class="actions">
          <button>{say.go}</button>
        </p>
      </form>
      <p class="quiet">{say.lost}</p>
    </Frame>
  )
}

interface WelcomeParts {
  lang: Language
  invitation: Invitation
  /** What authenticator apps show above the code. */
  issuer: string
  token: string
  faults?: Readonly<Record<string, string>>
}

export function WelcomePage({ lang, invitation: { user, secret, endsAt }, issuer, token, faults = {} }: WelcomeParts) {
  const say = peopleWords[lang].welcome
  const uri = otpauthUri(secret, user.name, issuer)
  return (
    <Frame lang={lang} person={undefined} title={say.title(user.name)}>
      <Faults title={frameWords[lang].faults} faults={faults} />
      <Facts
        facts={[
          [say.role, peopleWords[lang].people.rolesTold[user.role]],
          [say.until, moment(lang, endsAt)],
        ]}
      />
      <h2>{say.stepOne}</h2>
      <p>{say.scan}</p>
      <QrCode text={uri} label={say.qr} />
      <Facts facts={[[say.secret, <code class="mono">{groups(secret)}</code>]]} />
      <p>
        <a href={uri}>{say.openApp}</a>
      </p>
      <h2>{say.stepTwo}</h2>
      <form method="post" action={`/console/welcome/${token}`}>
        <input type="hidden" name="username" value={user.name} autocomplete="username" />
        <Field
          {...{ name: 'password', label: say.password, hint: say.passwordHint, fault: faults['password'] }}
          type="password"
          required
          autoComplete="new-password"
        />
        <Field {...{ name: 'again', label: say.again, fault: faults['again'] }} type="password" required autoComplete="new-password" />
        <Field name="code" label={say.code} fault={faults['code']} {...code} />
        <p class="actions">
          <button>{say.go}</button>
        </p>
      </form>
    </Frame>
  )
}

export const GonePage = ({ lang }: { lang: Language }) => (
  <Frame lang={lang} person={undefined} title={peopleWords[lang].welcome.goneTitle}>
    <p>{peopleWords[lang].welcome.gone}</p>
    <p>
      <a href="/console/sign-in">{peopleWords[lang].signIn.title}</a>
    </p>
  </Frame>
)

export function StepUpPage({ lang, person, next, fault }: { lang: Language; person: Person; next: string; fault?: string }) {
  const say = peopleWords[lang].stepUp
  return (
    <Frame lang={lang} person={person} title={say.title}>
      {fault !== undefined && <Notice tone="bad">{fault}</Notice>}
      {person.steppedUp && <Notice tone="good">{say.done}</Notice>}
      <StepUpForm {...{ lang, person, next }} />
    </Frame>
  )
}

/** Asks for a fresh code, and comes back to `next`. */
export function StepUpForm({ lang, person, next }: { lang: Language; person: Person; next: string }) {
  const say = peopleWords[lang].stepUp
  return (
    <form method="post" action="/console/step-up">
      <p>{say.why}</p>
      <input type="hidden" name="csrf" value={person.csrf} />
      <input type="hidden" name="next" value={next} />
      <FreshCode lang={lang} />
      <p class="actions">
        <button>{say.go}</button>
      </p>
    </form>
  )
}
