/** The form that adds a payout account, and the list of banks to look a number up in. */
import type { Stop } from '../../../payout/payout.ts'
import type { ComponentChildren } from 'preact'
import type { Bank } from '../../../base/brazil.ts'
import { accountKinds, isAddressKind } from '../../../base/rails.ts'
import type { Person } from '../../../people/people.ts'
import type { Language } from '../../page/page.ts'
import { Faults, Field, Notice, Select, TextArea } from '../../page/parts.tsx'
import { typeOptions } from './readForm.ts'
import { ActForm, Frame } from '../frame/frame.tsx'
import type { FieldFaults, Values } from '../schedules/when.ts'
import { accountWords } from './words.ts'
import { frameWords } from '../frame/words.ts'

interface Parts {
  lang: Language
  person: Person
  stopped: Stop | undefined
  values: Values
  faults?: FieldFaults
  /** Whether a Bitcoin account can be checked here. */
  bitcoin: boolean
  /** Those offered while somebody types. */
  banks: readonly Bank[]
}

export function AccountForm({ lang, person, stopped, values, faults = {}, bitcoin, banks }: Parts) {
  const say = accountWords[lang].form
  const field = (name: string) => ({ name, value: values[name], fault: faults[name] })
  return (
    <Frame {...{ lang, person, stopped, here: 'accounts', title: say.title }}>
      <Faults title={frameWords[lang].faults} faults={faults} />
      <Notice tone="still">
        {say.told} {!bitcoin && say.noBitcoin}
      </Notice>
      <ActForm {...{ lang, person, act: 'account.add', action: '/console/accounts/new' }}>
        <Field {...field('name')} label={say.name} hint={say.nameHint} required maxLength={63} />
        <Field {...field('holder')} label={say.holder} hint={say.holderHint} maxLength={200} />
        <Kind {...{ lang, bitcoin, value: values['kind'], fault: faults['kind'] }} />
        <Group legend={say.bankGroup}>
          <Field {...field('taxId')} label={say.taxId} maxLength={30} />
          <BankField {...{ lang, ...field('bank'), banks }} />
          <div class="pair">
            <Field {...field('branch')} label={say.branch} hint={say.branchHint} maxLength={10} />
            <Field {...field('number')} label={say.number} hint={say.numberHint} maxLength={30} />
          </div>
          <Select
            {...field('type')}
            label={say.type}
            options={typeOptions.map(type => [type, accountWords[lang].types[type]])}
          />
        </Group>
        {bitcoin && (
          <Group legend={say.bitcoinGroup}>
            <TextArea
              {...field('destination')}
              label={say.destination}
              hint={say.destinationHint}
              maxLength={1_000}
              rows={3}
            />
          </Group>
        )}
        <Group legend={accountWords[lang].kinds.cash}>
          <Field {...field('place')} label={say.place} hint={say.placeHint} maxLength={200} />
        </Group>
        <p class="actions">
          <button>{say.go}</button>
          <a class="button plain" href="/console/accounts">
            {say.cancel}
          </a>
        </p>
      </ActForm>
    </Frame>
  )
}

const Group = ({ legend, children }: { legend: string; children: ComponentChildren }) => (
  <fieldset>
    <legend>{legend}</legend>
    {children}
  </fieldset>
)

function Kind({
  lang,
  bitcoin,
  value,
  fault,
}: {
  lang: Language
  bitcoin: boolean
  value: string | undefined
  fault: string | undefined
}) {
  const say = accountWords[lang]
  const kinds = accountKinds.filter(kind => bitcoin || !isAddressKind(kind))
  return (
    <Group legend={say.form.kind}>
      {kinds.map((kind, place) => (
        <p>
          <label class="choice">
            <input
              type="radio"
              id={place === 0 ? 'kind' : `kind-${kind}`}
              name="kind"
              value={kind}
              checked={(value ?? 'bank') === kind}
              aria-describedby={fault ? 'kind-fault' : undefined}
            />{' '}
            {say.kinds[kind]}
          </label>
        </p>
      ))}
      {fault && (
        <p class="fault" id="kind-fault">
          {fault}
        </p>
      )}
    </Group>
  )
}

interface BankParts {
  lang: Language
  name: string
  value: string | undefined
  fault: string | undefined
  banks: readonly Bank[]
}

function BankField({ lang, name, value, fault, banks }: BankParts) {
  const say = accountWords[lang].form
  return (
    <div class={fault ? 'field wrong' : 'field'}>
      <label for={name}>{say.bank}</label>
      <p class="hint" id={`${name}-hint`}>
        {say.bankHint} <a href="/console/accounts/banks">{say.allBanks}</a>
      </p>
      <input
        {...{ type: 'text', id: name, name, value, maxLength: 200, list: 'banks' }}
        autocomplete="off"
        aria-invalid={fault ? 'true' : undefined}
        aria-describedby={fault ? `${name}-hint ${name}-fault` : `${name}-hint`}
      />
      <datalist id="banks">
        {banks.map(({ ispb, name: told }) => (
          <option value={ispb}>{told}</option>
        ))}
      </datalist>
      {fault && (
        <p class="fault" id={`${name}-fault`}>
          {fault}
        </p>
      )}
    </div>
  )
}

interface BanksParts extends Pick<Parts, 'lang' | 'person' | 'stopped'> {
  banks: readonly Bank[]
  query: string
}

export function BanksPage({ lang, person, stopped, banks, query }: BanksParts) {
  const say = accountWords[lang].banks
  return (
    <Frame {...{ lang, person, stopped, here: 'accounts', title: say.title }}>
      <form method="get" action="/console/accounts/banks" class="filters" role="search">
        <Field {...{ name: 'q', label: say.search, value: query, type: 'search', maxLength: 60 }} />
        <button>{say.go}</button>
        <a class="button plain" href="/console/accounts/new">
          {say.back}
        </a>
      </form>
      {banks.length === 0 ? (
        <p>{say.none}</p>
      ) : (
        <table class="cards">
          <caption>{say.caption(banks.length)}</caption>
          <thead>
            <tr>
              {[say.name, say.ispb, say.code].map(head => (
                <th scope="col">{head}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {banks.map(({ name, ispb, code }) => (
              <tr>
                <th scope="row" data-label={say.name}>
                  {name}
                </th>
                <td data-label={say.ispb} class="mono">
                  {ispb}
                </td>
                <td data-label={say.code} class="mono">
                  {code}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Frame>
  )
}
