/**
 * An invoice's duplicates on its page, and the two decisions about one that was paid: give the money back, or
 * say how it was settled.
 */
import { BadInput } from '../../../base/answer.ts'
import {
  approveRefund,
  keepTwin,
  mayDecide,
  sendRefund,
  type Decided,
  type TwinRow,
} from '../../../invoice/invoice.ts'
import { payoutsStopped, type Stop } from '../../../payout/payout.ts'
import { may, type Person } from '../../../people/people.ts'
import type { Language } from '../../page/page.ts'
import { Badge, Time, type Tone } from '../../page/parts.tsx'
import type { PageParts } from '../../context.ts'
import { ActForm } from '../frame/frame.tsx'
import type { ConsoleRoutes } from '../guard.ts'
import type { Step } from '../../../queries/step.ts'
import type { ShownTwin } from '../../../queries/twins.ts'
import { hrefOf } from '../links.ts'
import { Because, Known, Money, Mono, Ref, Rows, Why } from '../list/parts.tsx'
import { duplicateWords } from './duplicatesWords.ts'
import { frameWords } from '../frame/words.ts'
import { done } from '../refusals.ts'
import { listWords } from '../list/words.ts'

const path = '/console/invoices/:id/duplicates/:duplicate'

export function duplicateRoutes(routes: ConsoleRoutes, { app: { db, world, rails } }: PageParts): void {
  const backTo = (id: string) => `/console/invoices/${id}#duplicates`
  const decisionOf = (params: Record<string, string>, by: string, why: string) => ({
    ...{ invoiceId: params['id']!, providerId: params['duplicate']!, by, why },
  })

  routes.post(`${path}/refund`, 'invoice.refund', async (ctx, form) => {
    const { lang, person } = ctx.state
    const why = reasonOf(form.text('why'), lang)
    const rail = rails.starkbank
    if (!rail) throw new BadInput(duplicateWords[lang].refusals['not-found'])
    const twin = accepted(await approveRefund(db, rail.name, decisionOf(ctx.params, person.name, why)), lang)
    await sendRefund({ db, rail, world, stopped: payoutsStopped }, twin)
    return backTo(twin.invoice_id)
  })

  routes.post(`${path}/keep`, 'invoice.refund', async (ctx, form) => {
    const { lang, person } = ctx.state
    const why = reasonOf(form.text('why'), lang)
    return backTo(
      accepted(await keepTwin(db, world, decisionOf(ctx.params, person.name, why)), lang).invoice_id,
    )
  })
}

function reasonOf(why: string, lang: Language): string {
  if (why === '') throw new BadInput(frameWords[lang].reasonMissing)
  return why
}

function accepted(answer: Decided, lang: Language): TwinRow {
  if (answer.is === 'refused') throw new BadInput(duplicateWords[lang].refusals[answer.code])
  return done(lang, answer).twin
}

interface Parts {
  lang: Language
  person: Person
  twins: readonly ShownTwin[]
  stopped: Stop | undefined
}

/** Nothing where there are none, which is nearly always. */
export function Duplicates({ lang, person, twins, stopped }: Parts) {
  const say = duplicateWords[lang]
  if (twins.length === 0) return null
  return (
    <section aria-labelledby="duplicates">
      <h2 id="duplicates">{say.title}</h2>
      <p>{say.hint}</p>
      {twins.map(({ twin, steps }) => (
        <article class="card">
          <p class="headline">
            <DuplicateState {...{ lang, state: twin.state }} /> <Mono>{twin.provider_id}</Mono>
          </p>
          <Known facts={factsOf(lang, twin)} />
          {twin.state === 'approved' && stopped !== undefined && <p>{say.stopped}</p>}
          <Acts {...{ lang, person, twin }} />
          <Steps {...{ lang, steps }} />
        </article>
      ))}
    </section>
  )
}

export function DuplicateState({ lang, state }: { lang: Language; state: string }) {
  return (
    <Badge tone={toneOf(state)}>
      {(duplicateWords[lang].states as Record<string, string>)[state] ?? state}
    </Badge>
  )
}

function toneOf(state: string): Tone {
  if (state === 'credited' || state === 'paid' || state === 'unsure') return 'bad'
  if (state === 'refunded') return 'good'
  return state === 'canceled' || state === 'kept' ? 'still' : 'wait'
}

function factsOf(lang: Language, twin: TwinRow): Parameters<typeof Known>[0]['facts'] {
  const say = duplicateWords[lang]
  const money = (units: bigint) => <Money {...{ lang, units, asset: 'BRL' }} />
  return [
    [say.asked, money(twin.units)],
    [say.paid, twin.paid_units !== null && money(twin.paid_units)],
    [say.fee, twin.fee_units !== null && money(twin.fee_units)],
    [say.returned, twin.returned_units > 0n && money(twin.returned_units)],
    [say.owed, mayDecide(twin) === undefined && money(twin.paid_units! - twin.returned_units)],
    [say.decidedBy, twin.decided_by !== null && twin.decided_by],
    [say.reason, twin.decided_why !== null && twin.decided_why !== '' && twin.decided_why],
    [say.found, <Time lang={lang} at={twin.added_at} />],
  ]
}

function Acts({ lang, person, twin }: Pick<Parts, 'lang' | 'person'> & { twin: TwinRow }) {
  const say = duplicateWords[lang]
  if (mayDecide(twin) !== undefined || !may(person.role, 'invoice.refund')) return null
  const action = `/console/invoices/${twin.invoice_id}/duplicates/${encodeURIComponent(twin.provider_id)}`
  return (
    <>
      <details class="act" open>
        <summary>{say.refundTitle}</summary>
        <ActForm {...{ lang, person, act: 'invoice.refund', action: `${action}/refund` }}>
          <p>
            {say.refundHint} {say.owed}:{' '}
            <Money {...{ lang, units: twin.paid_units! - twin.returned_units, asset: 'BRL' }} />
          </p>
          <Why {...{ lang, id: `refund-${twin.id}` }} />
          <button>{say.refund}</button>
        </ActForm>
      </details>
      <details class="act">
        <summary>{say.keepTitle}</summary>
        <ActForm {...{ lang, person, act: 'invoice.refund', action: `${action}/keep` }}>
          <p>{say.keepHint}</p>
          <Why {...{ lang, id: `keep-${twin.id}` }} />
          <button class="plain">{say.keep}</button>
        </ActForm>
      </details>
    </>
  )
}

function Steps({ lang, steps }: { lang: Language; steps: readonly Step[] }) {
  const lists = listWords[lang]
  return (
    <Rows
      lang={lang}
      caption={lists.tz}
      rows={steps}
      empty={lists.none}
      columns={[
        { head: lists.when, cell: ({ at }) => <Time lang={lang} at={at} /> },
        { head: lists.toState, cell: ({ to: state }) => <DuplicateState {...{ lang, state }} /> },
        { head: lists.why, cell: step => <Because {...{ lang, of: step }} /> },
        {
          head: lists.behind,
          cell: ({ ref, cause }) => (ref === null ? '–' : <Ref {...{ id: ref, href: hrefOf(cause) }} />),
        },
      ]}
    />
  )
}
