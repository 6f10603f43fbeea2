/**
 * Signing what was only said: a checker is shown each account and the terms of each schedule whole, and signs
 * all of them in one act.
 */
import { formatDuration } from '../../../base/duration.ts'
import { samePerson } from '../../../base/person.ts'
import { hasPayTerms } from '../../../base/rails.ts'
import {
  approvingTerms,
  digestOfSaid,
  schedulesOnlySaid,
  signSchedule,
  type OnlySaid,
} from '../../../schedule/schedule.ts'
import {
  accountsOnlySaid,
  approvingAccount,
  digestOfAccount,
  listAccounts,
  signAccount,
  stopOf,
  type AccountRow,
  type Stop,
} from '../../../payout/payout.ts'
import type { Person } from '../../../people/people.ts'
import { amount, show, type Form, type Language } from '../../page/page.ts'
import { Facts, Notice } from '../../page/parts.tsx'
import type { PageParts } from '../../context.ts'
import { AccountFacts, accountPath } from './page.tsx'
import { firstOf } from './readForm.ts'
import { ActForm, Frame } from '../frame/frame.tsx'
import type { ConsoleContext, ConsoleRoutes } from '../guard.ts'
import { proofIn, signable, SignButton, type Signable } from '../people/passkeys.tsx'
import { percent } from '../schedules/page.tsx'
import { signWords } from './signWords.ts'
import { scheduleWords } from '../schedules/words.ts'

const path = '/console/accounts/sign'

interface Parts {
  lang: Language
  person: Person
  stopped: Stop | undefined
  rows: readonly { row: AccountRow; first: ReturnType<typeof firstOf>; sign: Signable | undefined }[]
  schedules: readonly { said: OnlySaid; sign: Signable | undefined }[]
  /** By their ids. */
  accountNames: ReadonlyMap<string, string>
  notice?: { tone: 'good' | 'bad'; text: string } | undefined
}

function SignPage({ lang, person, stopped, rows, schedules, accountNames, notice }: Parts) {
  const say = signWords[lang]
  const theirs = rows.filter(({ row }) => !samePerson(row.added_by, person.name))
  const isOwn = ({ madeBy }: OnlySaid) => madeBy.some(maker => samePerson(maker, person.name))
  const terms = schedules.map(({ said }) => said).filter(said => !isOwn(said))
  const one = (name: 'seen' | 'terms', value: string, sign: Signable | undefined) =>
    sign && <SignOne {...{ lang, person, name, value, sign }} />
  return (
    <Frame {...{ lang, person, stopped, here: 'accounts', title: say.title, scripts: ['consolePasskey.js'] }}>
      {notice && <Notice tone={notice.tone}>{notice.text}</Notice>}
      {rows.length + schedules.length === 0 && <p>{say.none}</p>}
      {rows.length > 0 && (
        <>
          <p>{say.told}</p>
          <p>{say.waits}</p>
        </>
      )}
      {rows.map(({ row, first, sign }) => (
        <section class="card">
          <h2>
            <a href={accountPath(row)}>{row.name}</a>
          </h2>
          <AccountFacts {...{ lang, row, first }} />
          {samePerson(row.added_by, person.name) ? (
            <p>{say.own(row.added_by)}</p>
          ) : (
            one('seen', `${row.id} ${digestOfAccount(row)}`, sign)
          )}
        </section>
      ))}
      {schedules.length > 0 && (
        <>
          <h2>{say.terms}</h2>
          <p>{say.termsTold}</p>
          <p>{say.termsWait}</p>
        </>
      )}
      {schedules.map(({ said: each, sign }) => (
        <section class="card">
          <h3>
            <a href={`/console/schedules/${encodeURIComponent(each.row.name)}`}>{each.row.name}</a>
          </h3>
          <TermsFacts {...{ lang, accountNames, said: each }} />
          {isOwn(each) ? <p>{say.termsOwn}</p> : one('terms', `${each.row.id} ${digestOfSaid(each)}`, sign)}
        </section>
      ))}
      {theirs.length + terms.length > 0 && (
        <ActForm {...{ lang, person, act: 'account.approve', action: path }}>
          {theirs.map(({ row }) => (
            <input type="hidden" name="seen" value={`${row.id} ${digestOfAccount(row)}`} />
          ))}
          {terms.map(each => (
            <input type="hidden" name="terms" value={`${each.row.id} ${digestOfSaid(each)}`} />
          ))}
          <p class="actions">
            <button>{say.go(theirs.length + terms.length)}</button>
          </p>
        </ActForm>
      )}
    </Frame>
  )
}

interface One {
  lang: Language
  person: Person
  name: 'seen' | 'terms'
  value: string
  sign: Signable
}

/** A passkey signs one statement at a time; a code is asked once, below, for all. */
const SignOne = ({ lang, person, name, value, sign }: One) => (
  <form method="post" action={path}>
    <input type="hidden" name="csrf" value={person.csrf} />
    <input type="hidden" name={name} value={value} />
    <SignButton {...{ lang, sign, label: signWords[lang].byPasskey }} />
  </form>
)

function TermsFacts({
  lang,
  accountNames,
  said: { row, earlier },
}: Pick<Parts, 'lang' | 'accountNames'> & { said: OnlySaid }) {
  const { heads, earlier: ofVersion } = signWords[lang]
  const { one } = scheduleWords[lang]
  const money = (units: bigint) => amount(lang, units, row.currency)
  const asks = `${one.counts(Number(row.count_low), Number(row.count_high))}, ${one.amounts(money(row.units_low), money(row.units_high))}`
  const late = one.late(
    percent(lang, row.fine_bp),
    percent(lang, row.interest_bp),
    formatDuration(Number(row.expires_in_ms)),
  )
  const accountOf = (id: string) => accountNames.get(id) ?? id
  return (
    <Facts
      facts={[
        [heads.asks, asks],
        [heads.payTo, accountOf(row.account_id)],
        [heads.commission, percent(lang, row.commission_bp)],
        [heads.late, hasPayTerms(row.rail) ? late : undefined],
        ...earlier.map(({ version, terms }): [string, string] => [
          ofVersion(`${version}`),
          `${accountOf(terms['account'] as string)}, ${percent(lang, BigInt(terms['commissionBp'] as string))}`,
        ]),
      ]}
    />
  )
}

export function signRoutes(routes: ConsoleRoutes, { app: { db, rails }, settings }: PageParts): void {
  const present = async (ctx: ConsoleContext, notice?: Parts['notice'], status = 200) => {
    const { lang, person } = ctx.state
    const rows: Parts['rows'][number][] = []
    for (const row of await accountsOnlySaid(db))
      rows.push({
        row,
        first: firstOf(row, rails.bitcoin, lang),
        sign: await signable(ctx, db, settings, approvingAccount(row)),
      })
    const schedules: Parts['schedules'][number][] = []
    for (const said of await schedulesOnlySaid(db)) {
      const approving = approvingTerms(said)
      schedules.push({ said, sign: approving && (await signable(ctx, db, settings, approving)) })
    }
    const accountNames = new Map((await listAccounts(db)).map(({ id, name }) => [id, name]))
    show(
      ctx,
      SignPage({ lang, person, stopped: await stopOf(db), rows, schedules, accountNames, notice }),
      status,
    )
  }

  routes.page(path, 'account.approve', ctx => {
    const count = Number(ctx.query['signed'])
    return present(ctx, count > 0 ? { tone: 'good', text: signWords[ctx.state.lang].done(count) } : undefined)
  })

  const signAll = async (ctx: ConsoleContext, form: Form) => {
    const { lang, person } = ctx.state
    const proof = await proofIn(ctx, form, db, settings)
    let count = 0
    let left = 0
    for (const [id = '', seen] of form.all('seen').map(each => each.split(' '))) {
      const signing = await signAccount(db, id, person.name, proof, seen)
      if (signing.is === 'signed') count += 1
      else left += 1
    }
    for (const [id = '', seen] of form.all('terms').map(each => each.split(' '))) {
      const signing = await signSchedule(db, id, person.name, proof, seen)
      if (signing.is === 'signed') count += 1
      else left += 1
    }
    if (left > 0) return present(ctx, { tone: 'bad', text: signWords[lang].left }, 409)
    return `${path}?signed=${count}`
  }
  routes.post(path, 'account.approve', signAll, { passkey: true })
}
