/**
 * What the payee of an account owes us, on the account's page: what made it, and the two proposals about it.
 */
import { BadInput } from '../../../base/answer.ts'
import { readTyped } from '../../../base/typedAmount.ts'
import {
  debtEnds,
  proposeDebtEnd,
  proposeTerms,
  receivableMoves,
  receivableOf,
  recoveries,
  type AccountProposed,
  type AccountRow,
  type ReceivableMove,
} from '../../../payout/payout.ts'
import { may, type Person } from '../../../people/people.ts'
import type { Reader } from '../../../db/db.ts'
import type { Language } from '../../page/page.ts'
import { Field, Select, Time } from '../../page/parts.tsx'
import type { PageParts } from '../../context.ts'
import { ActForm } from '../frame/frame.tsx'
import type { ConsoleContext, ConsoleRoutes } from '../guard.ts'
import { pathTo } from '../links.ts'
import { csvAmount, styleOf } from '../list/list.ts'
import { Known, Money, Ref, Rows, Why } from '../list/parts.tsx'
import { proposalPath } from '../proposals/page.tsx'
import { reasonIn } from '../schedules/when.ts'
import { debtWords } from './debtWords.ts'
import { faultOfAmount } from '../list/amounts.ts'
import { frameWords } from '../frame/words.ts'
import { ledgerWords } from '../postings/words.ts'
import { done } from '../refusals.ts'
import { listWords } from '../list/words.ts'

export interface SeenDebt {
  owes: bigint
  moves: ReceivableMove[]
}

export const seeDebt = async (reader: Reader, accountId: string): Promise<SeenDebt> => ({
  owes: await receivableOf(reader, accountId),
  moves: await receivableMoves(reader, accountId),
})

const path = '/console/accounts/:name'

export function debtRoutes(routes: ConsoleRoutes, { app: { db, world } }: PageParts): void {
  const told = (ctx: ConsoleContext, proposed: AccountProposed): string => {
    const say = debtWords[ctx.state.lang]
    if (proposed.is === 'unknown') return ctx.throw(404)
    if (proposed.is === 'impossible') throw new BadInput(say.refusals[proposed.code])
    if (proposed.is === 'another') throw new BadInput(say.another)
    return proposalPath(done(ctx.state.lang, proposed).proposal.id)
  }
  const needReason = (why: string, lang: Language): string => {
    if (why === '') throw new BadInput(frameWords[lang].reasonMissing)
    return why
  }

  routes.post(`${path}/terms`, 'account.terms', async (ctx, form) => {
    const { lang, person } = ctx.state
    const why = needReason(reasonIn(form), lang)
    const recover = recoveries.find(each => each === form.text('recover')) ?? ctx.throw(400)
    return told(ctx, await proposeTerms(db, world, ctx.params['name']!, recover, { by: person.name, why }))
  })

  routes.post(`${path}/debt`, 'account.debt', async (ctx, form) => {
    const { lang, person } = ctx.state
    const why = needReason(reasonIn(form), lang)
    const as = debtEnds.find(each => each === form.text('as')) ?? ctx.throw(400)
    const typed = readTyped(form.text('amount'), 'BRL')
    if (typed.is !== 'amount') throw new BadInput(faultOfAmount(typed, lang, debtWords[lang].amountWrong))
    return told(
      ctx,
      await proposeDebtEnd(db, world, ctx.params['name']!, { units: typed.units, as, by: person.name, why }),
    )
  })
}

interface Parts {
  lang: Language
  person: Person
  row: AccountRow
  debt: SeenDebt
  path: string
}

export function Debt({ lang, person, row, debt: { owes, moves }, path: action }: Parts) {
  const say = debtWords[lang]
  const lists = listWords[lang]
  if (row.kind !== 'bank' || (row.state === 'closed' && moves.length === 0)) return null
  const other = recoveries.find(each => each !== row.recover)!
  return (
    <section aria-labelledby="debt">
      <h2 id="debt">{say.title}</h2>
      <Known
        facts={[
          [say.owes, owes >= 0n && <Money {...{ lang, units: owes, asset: 'BRL' }} />],
          [say.tooMuch, owes < 0n && <Money {...{ lang, units: -owes, asset: 'BRL' }} />],
          [say.recover, say.recoveries[row.recover]],
        ]}
      />
      {moves.length > 0 && (
        <Rows
          lang={lang}
          caption={lists.tz}
          rows={moves}
          empty={lists.none}
          columns={[
            { head: lists.when, cell: ({ at }) => <Time lang={lang} at={at} /> },
            { head: say.what, cell: ({ movement }) => ledgerWords[lang].movements[movement] },
            {
              head: lists.amount,
              number: true,
              cell: ({ units }) => <Money {...{ lang, units, asset: 'BRL' }} />,
            },
            {
              head: say.invoice,
              cell: ({ invoice_id: id }) =>
                id === null ? '–' : <Ref {...{ id, href: pathTo('invoice', id) }} />,
            },
          ]}
        />
      )}
      {row.state !== 'closed' && may(person.role, 'account.terms') && (
        <details class="act">
          <summary>{say.termsTitle}</summary>
          <ActForm {...{ lang, person, act: 'account.terms', action: `${action}/terms` }}>
            <p>{say.termsHint}</p>
            <input type="hidden" name="recover" value={other} />
            <Known facts={[[say.becomes, say.recoveries[other]]]} />
            <Why {...{ lang, id: 'terms' }} />
            <button>{say.terms}</button>
          </ActForm>
        </details>
      )}
      {owes !== 0n && may(person.role, 'account.debt') && (
        <details class="act">
          <summary>{owes > 0n ? say.endTitle : say.returnTitle}</summary>
          <ActForm {...{ lang, person, act: 'account.debt', action: `${action}/debt` }}>
            <p>{owes > 0n ? say.endHint : say.returnHint}</p>
            <Field
              {...{
                id: 'debt-amount',
                name: 'amount',
                label: say.amount,
                value: csvAmount(owes > 0n ? owes : -owes, 'BRL', styleOf(lang)),
                required: true,
                inputMode: 'decimal',
              }}
            />
            {owes < 0n ? (
              <input type="hidden" name="as" value="returned" />
            ) : (
              <Select
                {...{ name: 'as', label: say.as }}
                options={debtEnds
                  .filter(end => end !== 'returned')
                  .map((end): [string, string] => [end, say.ends[end]])}
              />
            )}
            <Why {...{ lang, id: 'debt' }} />
            <button>{say.end}</button>
          </ActForm>
        </details>
      )}
    </section>
  )
}
