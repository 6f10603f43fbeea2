/** Receiving over the counter, and taking a receipt back, on the invoice's page. */
import { BadInput } from '../../../base/answer.ts'
import { readTyped } from '../../../base/typedAmount.ts'
import { may, type Person } from '../../../people/people.ts'
import { proposeTakeBack, receiveCash } from '../../../webhooks/webhooks.ts'
import { amount, type Language } from '../../page/page.ts'
import { Field, Notice } from '../../page/parts.tsx'
import type { PageParts } from '../../context.ts'
import type { InvoiceActs } from '../../../queries/invoiceActs.ts'
import { ActForm } from '../frame/frame.tsx'
import { frameWords } from '../frame/words.ts'
import type { ConsoleRoutes } from '../guard.ts'
import { pathTo } from '../links.ts'
import { faultOfAmount } from '../list/amounts.ts'
import { Why } from '../list/parts.tsx'
import { proposalPath } from '../proposals/page.tsx'
import { done } from '../refusals.ts'
import { receiveWords } from './receiveWords.ts'

export function receiveRoutes(routes: ConsoleRoutes, { app }: PageParts): void {
  routes.post('/console/invoices/:id/receive', 'invoice.receive', async (ctx, form) => {
    const { lang, person } = ctx.state
    const say = receiveWords[lang]
    const read = readTyped(form.text('amount'), 'BRL')
    if (read.is !== 'amount') throw new BadInput(faultOfAmount(read, lang, say.amountWrong))
    const settling = { ...app, ...(app.bitcoin && { chain: app.bitcoin.terms }) }
    const act = { units: read.units, by: person.name, note: form.text('note').slice(0, 200) }
    const received = await receiveCash(settling, ctx.params['id']!, act)
    if (received.is === 'unknown') return ctx.throw(404)
    if (received.is === 'impossible') throw new BadInput(say.refusals[received.code])
    return pathTo('invoice', done(lang, received).invoice.id)
  })

  routes.post('/console/invoices/:id/not-received', 'refund.propose', async (ctx, form) => {
    const { lang, person } = ctx.state
    const say = receiveWords[lang].takeBack
    const why = form.text('why')
    if (why === '') throw new BadInput(frameWords[lang].reasonMissing)
    const proposed = await proposeTakeBack(app.db, app.world, ctx.params['id']!, { by: person.name, why })
    if (proposed.is === 'unknown') return ctx.throw(404)
    if (proposed.is === 'impossible') throw new BadInput(say.refusals[proposed.code])
    if (proposed.is === 'another') throw new BadInput(say.another)
    return proposalPath(done(lang, proposed).proposal.id)
  })
}

interface Parts {
  lang: Language
  person: Person
  acts: InvoiceActs
}

/** Nothing where nothing can be received. */
export function Receive({ lang, person, acts: { row, receiptAgainst } }: Parts) {
  const say = receiveWords[lang]
  if (receiptAgainst !== undefined || !may(person.role, 'invoice.receive')) return null
  return (
    <section aria-labelledby="receive">
      <h2 id="receive">{say.title}</h2>
      <ActForm {...{ lang, person, act: 'invoice.receive', action: `${pathTo('invoice', row.id)}/receive` }}>
        <p>{say.hint(amount(lang, row.units, row.asset))}</p>
        <Field
          {...{
            id: 'receive-amount',
            name: 'amount',
            label: say.amount,
            inputMode: 'decimal',
            required: true,
            maxLength: 30,
          }}
        />
        <Field
          {...{ id: 'receive-note', name: 'note', label: say.note, hint: say.noteHint, maxLength: 200 }}
        />
        <button>{say.go}</button>
      </ActForm>
    </section>
  )
}

/** Nothing where there is no receipt to take back. */
export function TakeBack({ lang, person, acts: { row, takeBackAgainst, isPassedOn } }: Parts) {
  const say = receiveWords[lang].takeBack
  if (takeBackAgainst !== undefined || !may(person.role, 'refund.propose')) return null
  const action = `${pathTo('invoice', row.id)}/not-received`
  return (
    <section aria-labelledby="take-back">
      <h2 id="take-back">{say.title}</h2>
      <ActForm {...{ lang, person, act: 'refund.propose', action }}>
        <p>{say.hint}</p>
        {isPassedOn && <Notice tone="wait">{say.passedOn}</Notice>}
        <Why {...{ lang, id: 'take-back' }} />
        <button class="danger">{say.go}</button>
      </ActForm>
    </section>
  )
}
