/** Signing approvals that were only said: a checker is shown each account whole, and signs all of them in one act. */
import { samePerson } from '../../base/person.ts'
import { accountsOnlySaid, digestOfAccount, signAccount, stopOf, type AccountRow, type Stop } from '../../payout/payout.ts'
import type { Person } from '../../people/people.ts'
import { show, type Language } from '../page/page.ts'
import { Notice } from '../page/parts.tsx'
import type { PageParts } from '../pages.ts'
import { AccountFacts, accountPath } from './accountsPage.tsx'
import { firstOf } from './accountsRead.ts'
import { ActForm, Frame } from './frame.tsx'
import type { ConsoleContext, Doors } from './guard.ts'
import { signWords } from './words/accountsSign.ts'

const path = '/console/accounts/sign'

interface Parts {
  lang: Language
  person: Person
  stopped: Stop | undefined
  rows: readonly { row: AccountRow; first: ReturnType<typeof firstOf> }[]
  notice?: { tone: 'good' | 'bad'; text: string } | undefined
}

function SignPage({ lang, person, stopped, rows, notice }: Parts) {
  const say = signWords[lang]
  const theirs = rows.filter(({ row }) => !samePerson(row.added_by, person.name))
  return (
    <Frame {...{ lang, person, stopped, here: 'accounts', title: say.title }}>
      {notice && <Notice tone={notice.tone}>{notice.text}</Notice>}
      {rows.length === 0 ? (
        <p>{say.none}</p>
      ) : (
        <>
          <p>{say.told}</p>
          <p>{say.waits}</p>
        </>
      )}
      {rows.map(({ row, first }) => (
        <section class="card">
          <h2>
            <a href={accountPath(row)}>{row.name}</a>
          </h2>
          <AccountFacts {...{ lang, row, first }} />
          {samePerson(row.added_by, person.name) && <p>{say.own(row.added_by)}</p>}
        </section>
      ))}
      {theirs.length > 0 && (
        <ActForm {...{ lang, person, act: 'account.approve', action: path }}>
          {theirs.map(({ row }) => (
            <input type="hidden" name="seen" value={`${row.id} ${digestOfAccount(row)}`} />
          ))}
          <p class="actions">
            <button>{say.go(theirs.length)}</button>
          </p>
        </ActForm>
      )}
    </Frame>
  )
}

export function signRoutes(doors: Doors, { desk: { store, rails } }: PageParts): void {
  const present = async (ctx: ConsoleContext, notice?: Parts['notice'], status = 200) => {
    const { lang, person } = ctx.state
    const rows = (await accountsOnlySaid(store)).map(row => ({ row, first: firstOf(row, rails.bitcoin) }))
    show(ctx, SignPage({ lang, person, stopped: await stopOf(store), rows, notice }), status)
  }

  doors.page(path, 'account.approve', ctx => {
    const count = Number(ctx.query['signed'])
    return present(ctx, count > 0 ? { tone: 'good', text: signWords[ctx.state.lang].done(count) } : undefined)
  })

  doors.post(path, 'account.approve', async (ctx, form) => {
    const { lang, person } = ctx.state
    let count = 0
    let left = 0
    for (const [id = '', seen] of form.all('seen').map(each => each.split(' '))) {
      const signing = await signAccount(store, id, person.name, { is: 'code' }, seen)
      if (signing.is === 'signed') count += 1
      else left += 1
    }
    if (left > 0) return present(ctx, { tone: 'bad', text: signWords[lang].left }, 409)
    return `${path}?signed=${count}`
  })
}
