/**
 * What is shown before and around sign-in: the form, the welcome to who was invited, and the question for a
 * fresh code.
 */
import { groups, otpauthUri, type Invitation, type Person } from '../../../people/people.ts'
import { moment, type Language } from '../../page/page.ts'
import { Facts, Faults, Field, Notice } from '../../page/parts.tsx'
import { QrCode } from '../../page/qrCode.tsx'
import { Frame, FreshCode } from '../frame/frame.tsx'
import { frameWords } from '../frame/words.ts'
import { peopleWords } from '../people/words.ts'

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
        <Field
          name="password"
          label={say.password}
          type="password"
          required
          autoComplete="current-password"
        />
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
  token: string
}

/** Before an invitation is begun: all that the link alone shows. */
export function BeginPage({
  lang,
  invitation: { user, endsAt, openedAt },
  token,
  fault,
}: WelcomeParts & { fault?: string | undefined }) {
  const say = peopleWords[lang].welcome
  return (
    <Frame lang={lang} person={undefined} title={say.title(user.name)}>
      {fault !== undefined && <Notice tone="bad">{fault}</Notice>}
      {openedAt !== null && <Notice tone="bad">{say.begunElsewhere(moment(lang, openedAt))}</Notice>}
      <Facts
        facts={[
          [say.role, peopleWords[lang].people.rolesTold[user.role]],
          [say.until, moment(lang, endsAt)],
        ]}
      />
      {openedAt === null && <p>{say.beginTold}</p>}
      <form method="post" action={`/console/welcome/${token}`}>
        <p class="actions">
          <button class={openedAt === null ? undefined : 'danger'}>
            {openedAt === null ? say.begin : say.beginAnyway}
          </button>
        </p>
      </form>
    </Frame>
  )
}

interface BegunParts extends WelcomeParts {
  /** What authenticator apps show above the code. */
  issuer: string
  /** Of the authenticator, in base 32; shown once. */
  secret: string | undefined
  faults?: Readonly<Record<string, string>>
}

/** In the browser in which it was begun. */
export function WelcomePage({
  lang,
  invitation: { user, endsAt },
  secret,
  issuer,
  token,
  faults = {},
}: BegunParts) {
  const say = peopleWords[lang].welcome
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
      {secret === undefined ? (
        <p>{say.shownOnce}</p>
      ) : (
        <Authenticator {...{ lang, secret, name: user.name, issuer }} />
      )}
      <h2>{say.stepTwo}</h2>
      <form method="post" action={`/console/welcome/${token}`}>
        <input type="hidden" name="username" value={user.name} autocomplete="username" />
        <Field
          {...{ name: 'password', label: say.password, hint: say.passwordHint, fault: faults['password'] }}
          type="password"
          required
          autoComplete="new-password"
        />
        <Field
          {...{ name: 'again', label: say.again, fault: faults['again'] }}
          type="password"
          required
          autoComplete="new-password"
        />
        <Field name="code" label={say.code} fault={faults['code']} {...code} />
        <p class="actions">
          <button>{say.go}</button>
        </p>
      </form>
    </Frame>
  )
}

function Authenticator({
  lang,
  secret,
  name,
  issuer,
}: {
  lang: Language
  secret: string
  name: string
  issuer: string
}) {
  const say = peopleWords[lang].welcome
  const uri = otpauthUri(secret, name, issuer)
  return (
    <>
      <p>{say.scan}</p>
      <QrCode text={uri} label={say.qr} />
      <Facts facts={[[say.secret, <code class="mono">{groups(secret)}</code>]]} />
      <p>
        <a href={uri}>{say.openApp}</a>
      </p>
    </>
  )
}

export const WithdrawnPage = ({ lang }: { lang: Language }) => (
  <Frame lang={lang} person={undefined} title={peopleWords[lang].welcome.withdrawnTitle}>
    <p>{peopleWords[lang].welcome.withdrawn}</p>
  </Frame>
)

export const GonePage = ({ lang }: { lang: Language }) => (
  <Frame lang={lang} person={undefined} title={peopleWords[lang].welcome.goneTitle}>
    <p>{peopleWords[lang].welcome.gone}</p>
    <p>
      <a href="/console/sign-in">{peopleWords[lang].signIn.title}</a>
    </p>
  </Frame>
)

export function StepUpPage({
  lang,
  person,
  next,
  fault,
}: {
  lang: Language
  person: Person
  next: string
  fault?: string
}) {
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
