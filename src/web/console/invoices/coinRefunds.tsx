/**
 * An invoice's refunds in bitcoin on its page: to propose one, to record one that was made by hand, and to
 * withdraw one that was not ordered.
 */
import { BadInput } from '../../../base/answer.ts'
import { typedAmount } from '../../../base/typedAmount.ts'
import type { Proposed } from '../../../ledger/ledger.ts'
import { isRefund, type PayoutRow } from '../../../payout/payout.ts'
import { may, type Person } from '../../../people/people.ts'
import {
  proposeCoinRefund,
  proposeCoinRefundMade,
  usualChainTerms,
  withdrawCoinRefund,
  type InvoiceRefusal,
} from '../../../webhooks/webhooks.ts'
import type { InvoiceRow } from '../../../invoice/invoice.ts'
import type { Language } from '../../page/page.ts'
import { Field } from '../../page/parts.tsx'
import type { PageParts } from '../../context.ts'
import { ActForm } from '../frame/frame.tsx'
import type { ConsoleRoutes } from '../guard.ts'
import type { CoinRefunds } from '../../../queries/requests.ts'
import { Money, Mono, Why } from '../list/parts.tsx'
import { proposalPath } from '../proposals/page.tsx'
import { done } from '../refusals.ts'
import { frameWords } from '../frame/words.ts'
import { coinRefundWords } from './coinRefundsWords.ts'

const path = '/console/invoices/:id'

export function coinRefundRoutes(routes: ConsoleRoutes, { app }: PageParts): void {
  const { db, world, rails } = app
  const parts = () => ({ db, world, chain: app.bitcoin?.terms ?? usualChainTerms })

  routes.post(`${path}/coin-refund`, 'refund.propose', async (ctx, form) => {
    const { lang, person } = ctx.state
    const say = coinRefundWords[lang]
    const why = reasonOf(form.text('why'), lang)
    const typed = form.text('amount')
    const units = typed === '' ? undefined : typedAmount(typed, 'BTC')
    if (typed !== '' && units === undefined) throw new BadInput(say.amountWrong)
    const asked = { to: form.text('to'), units, by: person.name, why }
    return proposed(await proposeCoinRefund(parts(), rails.bitcoin, ctx.params['id']!, asked), lang)
  })

  routes.post(`${path}/coin-refund-made`, 'refund.propose', async (ctx, form) => {
    const { lang, person } = ctx.state
    const why = reasonOf(form.text('why'), lang)
    return proposed(
      await proposeCoinRefundMade(parts(), ctx.params['id']!, {
        txid: form.text('txid'),
        by: person.name,
        why,
      }),
      lang,
    )
  })

  routes.post(`${path}/coin-refunds/:payout/withdraw`, 'refund.propose', async (ctx, form) => {
    const { lang, person } = ctx.state
    const why = reasonOf(form.text('why'), lang)
    const act = { by: person.name, why }
    const { payout } = done(lang, await withdrawCoinRefund(parts(), ctx.params['payout']!, act))
    return `/console/invoices/${payout.invoice_id}`
  })
}

const proposed = (answer: Proposed | InvoiceRefusal, lang: Language): string =>
  proposalPath(done(lang, answer).proposal.id)

function reasonOf(why: string, lang: Language): string {
  if (why === '') throw new BadInput(frameWords[lang].reasonMissing)
  return why
}

interface Parts {
  lang: Language
  person: Person
  row: InvoiceRow
  refunds: CoinRefunds | undefined
  payouts: readonly PayoutRow[]
}

export function CoinRefunds({ lang, person, row, refunds, payouts }: Parts) {
  const say = coinRefundWords[lang]
  if (!refunds || !may(person.role, 'refund.propose')) return null
  const waiting = payouts.filter(
    payout => isRefund(payout) && ['owed', 'waiting', 'held'].includes(payout.state),
  )
  if (refunds.units === 0n && refunds.elsewhere.length + waiting.length === 0) return null
  const action = `/console/invoices/${row.id}`
  return (
    <section aria-labelledby="refund">
      <h2 id="refund">{say.title}</h2>
      {refunds.units > 0n && (
        <ActForm {...{ lang, person, act: 'refund.propose', action: `${action}/coin-refund` }}>
          <p>
            {say.hint} {say.can}: <Money {...{ lang, units: refunds.units, asset: 'BTC' }} />
          </p>
          <Field {...{ name: 'to', label: say.to, required: true }} />
          <Field {...{ name: 'amount', label: say.amount, hint: say.amountHint, maxLength: 40 }} />
          <Why {...{ lang, id: 'refund-why' }} />
          <button>{say.propose}</button>
        </ActForm>
      )}
      {refunds.elsewhere.map(txid => (
        <details class="act">
          <summary>{say.madeTitle}</summary>
          <ActForm {...{ lang, person, act: 'refund.propose', action: `${action}/coin-refund-made` }}>
            <p>
              {say.madeHint} <Mono>{txid}</Mono>
            </p>
            <input type="hidden" name="txid" value={txid} />
            <Why {...{ lang, id: `made-${txid.slice(0, 12)}` }} />
            <button class="plain">{say.made}</button>
          </ActForm>
        </details>
      ))}
      {waiting.map(({ id, units }) => (
        <details class="act">
          <summary>
            {say.withdrawTitle}: <Money {...{ lang, units, asset: 'BTC' }} />
          </summary>
          <ActForm
            {...{ lang, person, act: 'refund.propose', action: `${action}/coin-refunds/${id}/withdraw` }}
          >
            <p>{say.withdrawHint}</p>
            <Why {...{ lang, id: `withdraw-${id}` }} />
            <button class="plain">{say.withdraw}</button>
          </ActForm>
        </details>
      ))}
    </section>
  )
}
