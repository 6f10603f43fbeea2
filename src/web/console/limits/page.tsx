/**
 * Limits as a page: what is in force and how much of it is used, what waits for one, and the form that
 * changes them.
 */
import type { Asset } from '../../../base/money.ts'
import {
  type LimitPer,
  type ObjectedLimits,
  type ShownLimit,
  type WaitingForLimit,
  limitPers,
  type Stop,
} from '../../../payout/payout.ts'
import { may, type Person } from '../../../people/people.ts'
import { amount, type Language } from '../../page/page.ts'
import { Faults, Field, Notice, Select, Time, type Tone } from '../../page/parts.tsx'
import { ActForm, Frame, Reason } from '../frame/frame.tsx'
import { pathTo } from '../links.ts'
import { ObjectionForms, OpenObjections } from '../objections.tsx'
import { Money, Ref, Rows, When, Why } from '../list/parts.tsx'
import type { FieldFaults, Values } from '../schedules/when.ts'
import { frameWords } from '../frame/words.ts'
import { limitWords } from './words.ts'

/** Whose limits may be changed: all payouts of an asset, or one account's. */
export interface Limited {
  scope: string
  asset: Asset
  /** Of an account. */
  account?: { id: string; name: string }
}

interface Parts {
  lang: Language
  person: Person
  stopped: Stop | undefined
  limits: readonly ShownLimit[]
  waiting: readonly WaitingForLimit[]
  choices: readonly Limited[]
  /** The form that is open: of whom, as it is filled in, and what it was made from. */
  form: { of: Limited; values: Values; seen: string; faults?: FieldFaults } | undefined
  objections: readonly ObjectedLimits[]
  /** Whose they are whom nobody ends an objection to what is chosen with. */
  objectionFault?: string | undefined
  notice: { tone: Tone; text: string } | undefined
}

export const limitsPath = '/console/limits'

export function LimitsPage({
  lang,
  person,
  stopped,
  limits,
  waiting,
  choices,
  form,
  objections,
  objectionFault: fault,
  notice,
}: Parts) {
  const say = limitWords[lang]
  return (
    <Frame {...{ lang, person, stopped, here: 'limits', title: say.title }}>
      {notice && <Notice tone={notice.tone}>{notice.text}</Notice>}
      {form?.faults && <Faults title={frameWords[lang].faults} faults={form.faults} />}
      <p>{say.told}</p>
      {objections.map(objection => (
        <OpenObjections
          {...{ lang, objections: [objection], holds: say.objection.holds }}
          by={name => say.objection.by(name, nameOf(lang, objection))}
        />
      ))}
      {form && <ChangeForm {...{ lang, person, form }} />}
      {form && (
        <ObjectionForms
          {...{ lang, person, fault, words: say.objection, of: form.of.scope }}
          objections={objections.filter(({ scope }) => scope === form.of.scope)}
          acts={{ object: 'limits.object', clear: 'limits.clear' }}
          actions={{ object: `${limitsPath}/object`, clear: `${limitsPath}/clear` }}
        />
      )}
      <Rows {...{ lang, caption: say.caption, rows: limits, empty: say.none, columns: limitColumns(lang) }} />
      {!form && may(person.role, 'limits.object') && (
        <form method="get" action={limitsPath} class="filters">
          <Select
            {...{
              name: 'of',
              label: say.change.of,
              options: choices.map(each => [each.scope, nameOf(lang, each)] as const),
            }}
          />
          <button>{say.change.choose}</button>
        </form>
      )}
      <h2>{say.waiting}</h2>
      <Rows {...{ lang, caption: '', rows: waiting, empty: say.noWaiting, columns: waitColumns(lang) }} />
    </Frame>
  )
}

const nameOf = (
  lang: Language,
  { asset, account }: { asset: Asset; account?: { name: string } | string | null },
): string => (typeof account === 'object' ? account?.name : account) ?? limitWords[lang].whole[asset]

function limitColumns(lang: Language): Parameters<typeof Rows<ShownLimit>>[0]['columns'] {
  const say = limitWords[lang]
  const money = (units: bigint, asset: Asset) => <Money {...{ lang, units, asset }} />
  return [
    {
      head: say.heads.of,
      cell: ({ account, asset }) =>
        account === null ? say.whole[asset] : <a href={pathTo('account', account)}>{account}</a>,
    },
    { head: say.heads.per, cell: ({ per }) => say.pers[per] },
    {
      head: say.heads.limit,
      number: true,
      cell: ({ units, asset, next_units: next, next_from: from }) => (
        <>
          {money(units, asset)}
          {from !== null && (
            <>
              {' '}
              ({next === null ? say.ends : money(next, asset)} {say.from} <When {...{ lang, at: from }} />)
            </>
          )}
        </>
      ),
    },
    {
      head: say.heads.used,
      number: true,
      cell: ({ used, asset }) => (used === undefined ? '–' : money(used, asset)),
    },
    {
      head: say.heads.left,
      number: true,
      cell: ({ used, units, asset }) =>
        used === undefined ? '–' : money(units > used ? units - used : 0n, asset),
    },
    { head: say.heads.setBy, cell: ({ set_by: by }) => by },
    { head: say.heads.approvedBy, cell: ({ approved_by: by }) => by ?? '–' },
    { head: say.heads.at, cell: ({ set_at: at }) => <When {...{ lang, at }} /> },
  ]
}

function waitColumns(lang: Language): Parameters<typeof Rows<WaitingForLimit>>[0]['columns'] {
  const say = limitWords[lang]
  return [
    {
      head: say.waitHeads.payout,
      cell: ({ payout_id: id }) => <Ref {...{ id, href: pathTo('payout', id) }} />,
    },
    {
      head: say.waitHeads.amount,
      number: true,
      cell: ({ units, asset }) => <Money {...{ lang, units, asset }} />,
    },
    {
      head: say.waitHeads.account,
      cell: ({ account }) => <a href={pathTo('account', account)}>{account}</a>,
    },
    {
      head: say.waitHeads.for,
      cell: ({ needs, cap_units: units, asset, per }) =>
        `${say.needs[needs]} (${amount(lang, units, asset)} ${say.per[per]})`,
    },
    {
      head: say.waitHeads.next,
      cell: ({ needs, next_at: at }) => (needs === 'person' ? '–' : <When {...{ lang, at }} />),
    },
  ]
}

function ChangeForm({
  lang,
  person,
  form: { of, values, seen, faults = {} },
}: Pick<Parts, 'lang' | 'person'> & { form: NonNullable<Parts['form']> }) {
  const say = limitWords[lang]
  if (!may(person.role, 'limits.set')) return null
  return (
    <section class="card">
      <h2>
        {say.change.title}: {nameOf(lang, of)}
      </h2>
      <ActForm {...{ lang, person, act: 'limits.set', action: limitsPath }}>
        <input type="hidden" name="of" value={of.scope} />
        <input type="hidden" name="seen" value={seen} />
        <p>{say.change.told}</p>
        {limitPers.map(per => (
          <Field
            {...{
              name: per,
              label: `${say.pers[per]} (${of.asset})`,
              hint: say.change.empty,
              value: values[per],
              fault: faults[per],
              inputMode: 'decimal',
            }}
          />
        ))}
        <Reason {...{ lang, ...(faults['why'] !== undefined && { fault: faults['why'] }) }} />
        <p class="actions">
          <button>{say.change.go}</button>
          <a class="button plain" href={limitsPath}>
            {say.change.cancel}
          </a>
        </p>
      </ActForm>
    </section>
  )
}

interface BeyondParts {
  lang: Language
  person: Person
  wait: WaitingForLimit | undefined
  /** The open proposal to let it go. */
  proposalId: string | undefined
}

/**
 * On a payout's page: that it waits for a limit, and how it goes all the same. Nothing where it waits for
 * none.
 */
export function BeyondLimits({ lang, person, wait, proposalId }: BeyondParts) {
  const say = limitWords[lang]
  if (!wait) return null
  return (
    <>
      <Notice tone="wait">
        {say.beyond.waits[wait.needs](
          `${amount(lang, wait.cap_units, wait.asset)} ${say.per[wait.per satisfies LimitPer]}`,
        )}{' '}
        <a href={limitsPath}>{say.title}</a>.{' '}
        {wait.needs === 'room' && (
          <>
            {say.waitHeads.next} <Time {...{ lang, at: wait.next_at }} />.
          </>
        )}
      </Notice>
      {proposalId !== undefined && (
        <p>
          {say.beyond.open} <Ref {...{ id: proposalId, href: pathTo('proposal', proposalId) }} />
        </p>
      )}
      {proposalId === undefined && may(person.role, 'payout.beyond') && (
        <details class="act">
          <summary>{say.beyond.title}</summary>
          <ActForm
            {...{ lang, person, act: 'payout.beyond', action: `/console/payouts/${wait.payout_id}/beyond` }}
          >
            <p>{say.beyond[wait.needs]}</p>
            <Why {...{ lang, id: 'beyond' }} />
            <button>{say.beyond.go}</button>
          </ActForm>
        </details>
      )}
    </>
  )
}
