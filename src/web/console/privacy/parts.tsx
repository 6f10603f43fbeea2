/**
 * Personal data on a page: a tax id that is masked until it is asked for, a file with whole ones, and what an
 * admin does about a person.
 */
import { maskTaxId } from '../../../base/brazil.ts'
import type { Instant } from '../../../base/world.ts'
import type { InvoiceRow } from '../../../invoice/invoice.ts'
import { may, type Person } from '../../../people/people.ts'
import type { Language } from '../../page/page.ts'
import { Field, Time } from '../../page/parts.tsx'
import { ActForm } from '../frame/frame.tsx'
import { Why } from '../list/parts.tsx'
import { privacyWords } from './words.ts'

export const Forgotten = ({ lang, at }: { lang: Language; at: Instant }) => (
  <span>
    {privacyWords[lang].forgotten} <Time {...{ lang, at }} />
  </span>
)

interface Parts {
  lang: Language
  person: Person
  row: InvoiceRow
}

/** Masked, until somebody asks for it: that is written down. */
export function TaxId({ lang, person, row, whole }: Parts & { whole: boolean }) {
  const masked = maskTaxId(row.payer_tax_id)
  if (whole || masked === row.payer_tax_id) return <span>{row.payer_tax_id}</span>
  return (
    <>
      <span>{masked}</span>
      <ActForm {...{ lang, person, act: 'taxId.see', action: `/console/invoices/${row.id}/tax-id` }}>
        <button class="plain">{privacyWords[lang].show}</button>
      </ActForm>
    </>
  )
}

/** For whoever is asked by a person what is held on them, or to forget them. */
export function PersonalData({ lang, person, row }: Parts) {
  const say = privacyWords[lang]
  if (row.forgotten_at !== null || !may(person.role, 'payer.forget')) return null
  const at = `/console/invoices/${row.id}`
  const forgetting = (act: 'forget-buyer' | 'forget-payer', words: string) => (
    <details class="act">
      <summary>{words}</summary>
      <ActForm {...{ lang, person, act: 'payer.forget', action: `${at}/${act}` }}>
        <p>{say.forgetHint}</p>
        <Why {...{ lang, id: act }} />
        <Field
          {...{
            id: `elsewhere-${act}`,
            name: 'keptElsewhere',
            label: say.keptElsewhere,
            hint: say.keptElsewhereHint,
          }}
        />
        <button class="danger">{words}</button>
      </ActForm>
    </details>
  )
  return (
    <section aria-labelledby="personal">
      <h2 id="personal">{say.title}</h2>
      <ActForm {...{ lang, person, act: 'payer.export', action: `${at}/export-payer` }}>
        <p>{say.exportHint}</p>
        <button class="plain">{say.export}</button>
      </ActForm>
      {row.order_id !== null && forgetting('forget-buyer', say.forgetOrder)}
      {forgetting('forget-payer', say.forgetPayer)}
    </section>
  )
}

/** Beside the list's own file, which has tax ids masked. */
export function WholeCsv({
  lang,
  person,
  action,
  query,
}: {
  lang: Language
  person: Person
  action: string
  query: Record<string, string>
}) {
  const { after: _, ...set } = query
  const say = privacyWords[lang]
  return (
    <ActForm
      {...{ lang, person, act: 'taxId.see', action: `${action}?${new URLSearchParams(set).toString()}` }}
    >
      <button class="plain">{say.wholeCsv}</button>
      <p class="quiet">{say.wholeHint}</p>
    </ActForm>
  )
}

/** The same of a schedule's roster, as it can be taken in again. */
export function WholeRoster({ lang, person, action }: { lang: Language; person: Person; action: string }) {
  return (
    <ActForm {...{ lang, person, act: 'taxId.see', action }}>
      <button class="plain">{privacyWords[lang].rosterHint}</button>
    </ActForm>
  )
}
