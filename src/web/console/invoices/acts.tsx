/**
 * What a person does about an invoice itself on its page: propose a refund, say how a reversal ended, cancel
 * it, ask for it again; and what became of each.
 */
import { BadInput } from '../../../base/answer.ts'
import { isByHand } from '../../../base/rails.ts'
import { readTyped } from '../../../base/typedAmount.ts'
import { cancelAsked } from '../../../jobs/jobs.ts'
import { mayCancel, type RefundRow } from '../../../invoice/invoice.ts'
import { may, type Person } from '../../../people/people.ts'
import { proposeRefund, proposeReversalEnd, reissueInvoice } from '../../../webhooks/webhooks.ts'
import { amount, type Language } from '../../page/page.ts'
import { Badge, Field, Notice, Time, type Tone } from '../../page/parts.tsx'
import type { PageParts } from '../../context.ts'
import { ActForm } from '../frame/frame.tsx'
import type { ConsoleRoutes } from '../guard.ts'
import { pathTo } from '../links.ts'
import type { InvoiceActs } from '../../../queries/invoiceActs.ts'
import { Known, Money, Ref, Rows, Said, Why } from '../list/parts.tsx'
import { proposalPath } from '../proposals/page.tsx'
import { faultOfAmount } from '../list/amounts.ts'
import { frameWords } from '../frame/words.ts'
import { invoiceActWords } from './actsWords.ts'
import { done } from '../refusals.ts'
import { listWords } from '../list/words.ts'

const path = '/console/invoices/:id'

export function invoiceActRoutes(routes: ConsoleRoutes, { app }: PageParts): void {
  const { db, world, rails } = app
  const reasonOf = (why: string, lang: Language): string => {
    if (why === '') throw new BadInput(frameWords[lang].reasonMissing)
    return why
  }

  routes.post(`${path}/refund`, 'refund.propose', async (ctx, form) => {
    const { lang, person } = ctx.state
    const say = invoiceActWords[lang]
    const why = reasonOf(form.text('why'), lang)
    const typed = form.text('amount')
    const read = readTyped(typed, 'BRL')
    if (typed !== '' && read.is !== 'amount') throw new BadInput(faultOfAmount(read, lang, say.amountWrong))
    const units = typed === '' || read.is !== 'amount' ? undefined : read.units
    const proposed = await proposeRefund(db, world, ctx.params['id']!, { units, by: person.name, why })
    if (proposed.is === 'unknown') return ctx.throw(404)
    if (proposed.is === 'impossible') throw new BadInput(say.refusals[proposed.code])
    if (proposed.is === 'another') throw new BadInput(say.another)
    return proposalPath(done(lang, proposed).proposal.id)
  })

  routes.post(`${path}/reversal`, 'refund.propose', async (ctx, form) => {
    const { lang, person } = ctx.state
    const say = invoiceActWords[lang]
    const why = reasonOf(form.text('why'), lang)
    const read = readTyped(form.text('returned'), 'BRL')
    if (read.is !== 'amount') throw new BadInput(faultOfAmount(read, lang, say.returnedWrong))
    const proposed = await proposeReversalEnd(db, world, ctx.params['id']!, {
      returned: read.units,
      by: person.name,
      why,
    })
    if (proposed.is === 'unknown') return ctx.throw(404)
    if (proposed.is === 'impossible') throw new BadInput(say.reversalRefusals[proposed.code])
    if (proposed.is === 'another') throw new BadInput(say.another)
    return proposalPath(done(lang, proposed).proposal.id)
  })

  routes.post(`${path}/cancel`, 'invoice.cancel', async (ctx, form) => {
    const { lang, person } = ctx.state
    const say = invoiceActWords[lang]
    const why = reasonOf(form.text('why'), lang)
    const canceling = await cancelAsked(app, ctx.params['id']!, { by: person.name, why })
    if (canceling.is === 'not-here') throw new BadInput(say.noBank)
    if (canceling.is === 'unknown') return ctx.throw(404)
    if (canceling.is === 'impossible') throw new BadInput(say.cancelRefusals[canceling.code])
    return `${pathTo('invoice', canceling.invoice.id)}?said=${canceling.is}`
  })

  routes.post(`${path}/reissue`, 'invoice.reissue', async (ctx, form) => {
    const { lang, person } = ctx.state
    const say = invoiceActWords[lang]
    const why = reasonOf(form.text('why'), lang)
    const as = form.text('as') || undefined
    const made = await reissueInvoice({ db, rail: rails.starkbank, world }, ctx.params['id']!, {
      by: person.name,
      why,
      as,
    })
    if (made.is === 'unknown') return ctx.throw(404)
    if (made.is === 'impossible')
      throw new BadInput(
        say.reissueRefusals[made.code] +
          (made.code === 'asked-there'
            ? ` (${made.there!.map(({ providerId }) => providerId).join(', ')})`
            : ''),
      )
    return `${pathTo('invoice', made.invoice.id)}?said=${made.adopted ? 'adopted' : 'reissued'}`
  })
}

/** What an act that was just done came to. */
export function ActNotice({ lang, said }: { lang: Language; said: unknown }) {
  const say = invoiceActWords[lang]
  const notices: Readonly<Record<string, [Tone, string]>> = {
    canceled: ['good', say.canceled],
    later: ['wait', say.cancelLater],
    paid: ['wait', say.cancelPaid],
    over: ['still', say.cancelOver],
    'not-canceled': ['bad', say.notCanceled],
    reissued: ['good', say.reissued],
    adopted: ['good', say.adopted],
  }
  const notice = typeof said === 'string' && Object.hasOwn(notices, said) ? notices[said] : undefined
  return notice ? <Notice tone={notice[0]}>{notice[1]}</Notice> : null
}

interface Parts {
  lang: Language
  person: Person
  acts: InvoiceActs
}

/** Nothing where nothing was done and nothing can be. */
export function InvoiceActs({ lang, person, acts }: Parts) {
  const say = invoiceActWords[lang]
  const { row, refunds, cancel, reissues } = acts
  const mayPropose = acts.mayRefund && may(person.role, 'refund.propose')
  const mayTakeBack = mayCancel(row) === undefined && may(person.role, 'invoice.cancel')
  const mayAskAgain = acts.mayReissue && may(person.role, 'invoice.reissue')
  const hasFacts =
    acts.returnedUnits > 0n ||
    acts.underWaySince !== null ||
    refunds.length + reissues.length > 0 ||
    cancel !== undefined
  if (!hasFacts && !mayPropose && !mayTakeBack && !mayAskAgain) return null
  const action = pathTo('invoice', row.id)
  return (
    <section aria-labelledby="acts">
      <h2 id="acts">{say.title}</h2>
      {acts.underWaySince !== null && (
        <Notice tone="wait">{acts.isPassedOn ? say.goingBackPassedOn : say.goingBackHint}</Notice>
      )}
      <Known facts={factsOf(lang, acts)} />
      {refunds.length > 0 && <Refunds {...{ lang, refunds }} />}
      {mayPropose && (
        <details class="act">
          <summary>{say.refundTitle}</summary>
          <ActForm {...{ lang, person, act: 'refund.propose', action: `${action}/refund` }}>
            <p>{say.refundHint(amount(lang, acts.leftUnits, 'BRL'))}</p>
            {acts.isPassedOn && <Notice tone="wait">{say.refundPassedOn}</Notice>}
            <Field
              {...{
                id: 'refund-amount',
                name: 'amount',
                label: say.amount,
                hint: say.amountHint,
                inputMode: 'decimal',
              }}
            />
            <Why {...{ lang, id: 'refund' }} />
            <button>{say.refund}</button>
          </ActForm>
        </details>
      )}
      {acts.underWaySince !== null &&
        acts.reversalAgainst !== undefined &&
        may(person.role, 'refund.propose') && (
          <p class="quiet">{say.reversalRefusals[acts.reversalAgainst]}</p>
        )}
      {acts.underWaySince !== null &&
        acts.reversalAgainst === undefined &&
        may(person.role, 'refund.propose') && (
          <details class="act">
            <summary>{say.reversalTitle}</summary>
            <ActForm {...{ lang, person, act: 'refund.propose', action: `${action}/reversal` }}>
              <p>{say.reversalHint}</p>
              <Field
                {...{
                  id: 'reversal-returned',
                  name: 'returned',
                  label: say.returned,
                  hint: say.returnedHint,
                  inputMode: 'decimal',
                }}
              />
              <Why {...{ lang, id: 'reversal' }} />
              <button>{say.reversal}</button>
            </ActForm>
          </details>
        )}
      {mayTakeBack && (
        <details class="act">
          <summary>{say.cancelTitle}</summary>
          <ActForm {...{ lang, person, act: 'invoice.cancel', action: `${action}/cancel` }}>
            <p>{say.cancelHint}</p>
            <Why {...{ lang, id: 'cancel' }} />
            <button class="danger">{say.cancel}</button>
          </ActForm>
        </details>
      )}
      {mayAskAgain && (
        <details class="act">
          <summary>{say.reissueTitle}</summary>
          <ActForm {...{ lang, person, act: 'invoice.reissue', action: `${action}/reissue` }}>
            <p>{say.reissueHint}</p>
            <Field
              {...{
                id: 'reissue-as',
                name: 'as',
                label: say.reissueAs,
                hint: say.reissueAsHint,
                inputMode: 'numeric',
              }}
            />
            <Why {...{ lang, id: 'reissue' }} />
            <button>{say.reissue}</button>
          </ActForm>
        </details>
      )}
    </section>
  )
}

function factsOf(
  lang: Language,
  { row, returnedUnits, underWaySince, cancel, reissues }: InvoiceActs,
): Parameters<typeof Known>[0]['facts'] {
  const say = invoiceActWords[lang]
  const invoice = (id: string | undefined) =>
    id !== undefined && <Ref {...{ id, href: pathTo('invoice', id) }} />
  return [
    [
      isByHand(row.rail) ? say.takenBack : say.back,
      returnedUnits > 0n && <Money {...{ lang, units: returnedUnits, asset: 'BRL' }} />,
    ],
    [say.goingBack, underWaySince !== null && <Time lang={lang} at={underWaySince} />],
    [say.cancelAsked, cancel && `${cancel.asked_by}: ${cancel.asked_why}`],
    [say.bankSaid, cancel?.why != null && cancel.why !== '' && <Said>{cancel.why}</Said>],
    [say.reissuedAs, invoice(reissues.find(({ reissue_of: of }) => of === row.id)?.invoice_id)],
    [say.reissuedBy, reissues.length > 0 && `${reissues[0]!.asked_by}: ${reissues[0]!.asked_why}`],
    [say.reissueOf, invoice(reissues.find(({ invoice_id: of }) => of === row.id)?.reissue_of)],
  ]
}

function toneOf(state: RefundRow['state']): Tone {
  if (state === 'refunded') return 'good'
  return state === 'failed' || state === 'unsure' ? 'bad' : 'wait'
}

function Refunds({ lang, refunds }: { lang: Language; refunds: readonly RefundRow[] }) {
  const [say, lists] = [invoiceActWords[lang], listWords[lang]]
  return (
    <>
      <h3>{say.refunds}</h3>
      <Rows
        lang={lang}
        caption={lists.tz}
        rows={refunds}
        empty={lists.none}
        columns={[
          { head: say.approved, cell: ({ decided_at: at }) => <Time lang={lang} at={at} /> },
          {
            head: lists.amount,
            number: true,
            cell: ({ units }) => <Money {...{ lang, units, asset: 'BRL' }} />,
          },
          { head: lists.state, cell: ({ state }) => <Badge tone={toneOf(state)}>{say.states[state]}</Badge> },
          { head: say.madeBy, cell: ({ made_by: by }) => by },
          { head: say.approvedBy, cell: ({ decided_by: by }) => by },
          { head: say.reason, cell: ({ decided_why: why }) => why },
        ]}
      />
    </>
  )
}
