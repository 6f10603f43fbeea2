/**
 * What a person may say on a payout's page about transfers: what paid it, what one is, and to which other
 * account of its payee it goes.
 */
import type { ComponentChildren } from 'preact'
import { BadInput } from '../../../base/answer.ts'
import { paysBy } from '../../../base/rails.ts'
import type { Proposed } from '../../../ledger/ledger.ts'
import {
  findPayout,
  listAccounts,
  mayAdjudicate,
  mayGoTo,
  mayRedirect,
  maySettle,
  proposeRedirect,
  proposeVerdict,
  settlePaidElsewhere,
  verdicts,
  type AccountRow,
  type PayoutFacts,
  type PayoutRefusal,
  type PayoutRow,
} from '../../../payout/payout.ts'
import { may, type Person } from '../../../people/people.ts'
import type { Reader } from '../../../db/db.ts'
import type { Form } from '../../page/form.ts'
import type { Language } from '../../page/page.ts'
import { Field, Select } from '../../page/parts.tsx'
import type { PageParts } from '../../context.ts'
import { ActForm } from '../frame/frame.tsx'
import type { ConsoleRoutes } from '../guard.ts'
import { Why } from '../list/parts.tsx'
import { done } from '../refusals.ts'
import { proposalPath } from '../proposals/page.tsx'
import { frameWords } from '../frame/words.ts'
import { payoutWords } from './words.ts'

const path = '/console/payouts/:id'

/** Approved accounts of a payout's payee, besides the one it goes to. */
export async function otherAccounts(
  reader: Reader,
  payout: Pick<PayoutRow, 'id' | 'account_id'>,
): Promise<AccountRow[]> {
  const accounts = await listAccounts(reader)
  const from = accounts.find(({ id }) => id === payout.account_id)
  return accounts.filter(to => from && !mayGoTo(payout, from, to))
}

export function verdictRoutes(routes: ConsoleRoutes, { app: { db, world, rails } }: PageParts): void {
  const read = (form: Form, lang: Language, name: string, missing: string): string => {
    const text = form.text(name)
    if (text === '') throw new BadInput(missing)
    if (form.text('why') === '') throw new BadInput(frameWords[lang].reasonMissing)
    return text
  }
  const pageOf = (answer: Proposed | PayoutRefusal, lang: Language): string =>
    proposalPath(done(lang, answer).proposal.id)

  routes.post(`${path}/settle`, 'payout.settle', async (ctx, form) => {
    const { lang, person } = ctx.state
    const ref = read(form, lang, 'ref', payoutWords[lang].transferMissing)
    const act = { by: person.name, why: form.text('why'), ref }
    const settled = done(lang, await settlePaidElsewhere(db, rails, world, ctx.params['id']!, act))
    return settled.is === 'settled' ? `/console/payouts/${settled.payout.id}` : pageOf(settled, lang)
  })

  routes.post(`${path}/adjudicate`, 'payout.adjudicate', async (ctx, form) => {
    const { lang, person } = ctx.state
    const transfer = read(form, lang, 'transfer', payoutWords[lang].transferMissing)
    const as = verdicts.find(verdict => verdict === form.text('as'))
    if (!as) throw new BadInput(payoutWords[lang].verdictMissing)
    const act = { transfer, as, by: person.name, why: form.text('why') }
    return pageOf(await proposeVerdict({ db, rails, world }, ctx.params['id']!, act), lang)
  })

  routes.post(`${path}/redirect`, 'payout.redirect', async (ctx, form) => {
    const { lang, person } = ctx.state
    const to = read(form, lang, 'to', payoutWords[lang].noOtherAccount)
    if (!(await findPayout(db, ctx.params['id']!))) return ctx.throw(404)
    return pageOf(
      await proposeRedirect(db, world, ctx.params['id']!, { to, by: person.name, why: form.text('why') }),
      lang,
    )
  })
}

interface Parts {
  lang: Language
  person: Person
  facts: PayoutFacts
  others: readonly AccountRow[]
}

/** The forms that fit how it stands. */
export function Verdicts({ lang, person, facts, others }: Parts) {
  const { id, rail } = facts.payout
  const say = payoutWords[lang]
  const isAtBank = paysBy(rail) === 'transfer'
  const form = { lang, person, id }
  return (
    <>
      {!maySettle(facts.payout) && (
        <ActDetails {...form} verb="settle" title={say.settleTitle} hint={say.settleHint} go={say.settle}>
          <Field
            {...{
              name: 'ref',
              id: 'settle-ref',
              label: isAtBank ? say.transfer : say.transaction,
              required: true,
              maxLength: 80,
            }}
          />
        </ActDetails>
      )}
      {!mayAdjudicate(facts.payout) && (
        <ActDetails
          {...form}
          verb="adjudicate"
          title={say.adjudicateTitle}
          hint={say.adjudicateHint}
          go={say.adjudicate}
        >
          <Field
            {...{
              name: 'transfer',
              id: 'adjudicate-transfer',
              label: say.transfer,
              required: true,
              maxLength: 80,
            }}
          />
          <Select
            {...{ name: 'as', label: say.verdict, value: '', required: true }}
            options={[
              ['', say.choose],
              ['ours', say.ours],
              ['not-ours', say.notOurs],
            ]}
          />
        </ActDetails>
      )}
      {!mayRedirect(facts) && others.length > 0 && (
        <ActDetails
          {...form}
          verb="redirect"
          title={say.redirectTitle}
          hint={say.redirectHint}
          go={say.redirect}
        >
          <Select
            {...{ name: 'to', label: say.toAccount, value: others[0]!.name }}
            options={others.map(({ name, holder }): [string, string] => [name, `${name} · ${holder}`])}
          />
        </ActDetails>
      )}
    </>
  )
}

interface DetailsParts {
  lang: Language
  person: Person
  id: string
  verb: 'settle' | 'adjudicate' | 'redirect'
  title: string
  hint: string
  go: string
  children: ComponentChildren
}

const ActDetails = ({ lang, person, id, verb, title, hint, go, children }: DetailsParts) =>
  may(person.role, `payout.${verb}`) ? (
    <details class="act">
      <summary>{title}</summary>
      <ActForm {...{ lang, person, act: `payout.${verb}`, action: `/console/payouts/${id}/${verb}` }}>
        <p>{hint}</p>
        {children}
        <Why {...{ lang, id: verb }} />
        <button>{go}</button>
      </ActForm>
    </details>
  ) : null
