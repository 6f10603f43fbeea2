/** Receiving over the counter, on the invoice's page. */
import { BadInput } from '../../../base/answer.ts'
import { readTyped } from '../../../base/typedAmount.ts'
import type { InvoiceRow } from '../../../invoice/invoice.ts'
import { may, type Person } from '../../../people/people.ts'
import { receiveCash, type ReceiptRefusal } from '../../../webhooks/webhooks.ts'
import { amount, type Language } from '../../page/page.ts'
import { Field } from '../../page/parts.tsx'
import type { PageParts } from '../../context.ts'
import { ActForm } from '../frame/frame.tsx'
import type { ConsoleRoutes } from '../guard.ts'
import { pathTo } from '../links.ts'
import { faultOfAmount } from '../list/amounts.ts'
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
}

interface Parts {
  lang: Language
  person: Person
  row: InvoiceRow
  /** Why nothing can be received for it. */
  against: ReceiptRefusal | undefined
}

/** Nothing where nothing can be received. */
export function Receive({ lang, person, row, against }: Parts) {
  const say = receiveWords[lang]
  if (against !== undefined || !may(person.role, 'invoice.receive')) return null
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
