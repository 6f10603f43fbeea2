/**
 * Money at the bank that is none of ours: the lines, what two people say about each, and the rules that cover
 * what comes again.
 */
import { BadInput } from '../../../base/answer.ts'
import { withoutTaxIds } from '../../../base/brazil.ts'
import { isName } from '../../../base/id.ts'
import { typedAmount } from '../../../base/typedAmount.ts'
import {
  closeRule,
  listRules,
  listStrangers,
  proposeAccept,
  proposeRule,
  type ExternalRule,
  type ExternalRuleRow,
  type ReconcileRefusal,
  type StrangerRow,
} from '../../../reconcile/reconcile.ts'
import { proposeClose, suspendedMoney, type Proposed, type SuspendedMoney } from '../../../ledger/ledger.ts'
import { stopOf, type Stop } from '../../../payout/payout.ts'
import { may, type Person } from '../../../people/people.ts'
import { show, type Form, type Language } from '../../page/page.ts'
import { Field, Select } from '../../page/parts.tsx'
import type { PageParts } from '../../context.ts'
import { ActForm, Frame } from '../frame/frame.tsx'
import type { ConsoleRoutes } from '../guard.ts'
import { pathTo } from '../links.ts'
import { Mono, Money, Rows, Said, When, Why } from '../list/parts.tsx'
import { frameWords } from '../frame/words.ts'
import { done } from '../refusals.ts'
import { reconciliationWords } from './words.ts'

export const reconciliationPath = '/console/reconciliation'
const maxLines = 200

export function reconciliationRoutes(routes: ConsoleRoutes, { app: { db, world } }: PageParts): void {
  routes.page(reconciliationPath, 'see', async ctx => {
    const { lang, person } = ctx.state
    const [open, waiting, ruled, accepted, rules, stopped] = await Promise.all([
      listStrangers(db, { state: 'open', limit: maxLines }),
      suspendedMoney(db, maxLines),
      listStrangers(db, { state: 'ruled', limit: 50 }),
      listStrangers(db, { state: 'accepted', limit: 50 }),
      listRules(db),
      stopOf(db),
    ])
    const decided = [...ruled, ...accepted].toSorted((a, b) => (a.at < b.at ? 1 : -1))
    show(ctx, <ReconciliationPage {...{ lang, person, stopped, open, waiting, decided, rules }} />)
  })

  routes.post(`${reconciliationPath}/accept`, 'line.accept', async (ctx, form) => {
    const { person, lang } = ctx.state
    const act = { by: person.name, why: reasonOf(form, lang) }
    return leadTo(lang, await proposeAccept(db, world, form.text('line'), act))
  })
  routes.post(`${reconciliationPath}/suspense`, 'suspense.close', async (ctx, form) => {
    const { person, lang } = ctx.state
    const act = { by: person.name, why: reasonOf(form, lang) }
    return leadTo(lang, await db.tx(tx => proposeClose(tx, world, form.text('id'), act)))
  })
  routes.post(`${reconciliationPath}/rule`, 'rule.add', async (ctx, form) => {
    const { person, lang } = ctx.state
    const name = form.text('name')
    if (!isName(name)) throw new BadInput(reconciliationWords[lang].badName)
    const act = { by: person.name, why: reasonOf(form, lang) }
    return leadTo(lang, await proposeRule(db, world, name, readRule(form, lang), act))
  })
  routes.post(`${reconciliationPath}/rule/close`, 'rule.close', async (ctx, form) => {
    const { person, lang } = ctx.state
    done(lang, await closeRule(db, form.text('name'), { by: person.name, why: reasonOf(form, lang) }))
    return reconciliationPath
  })
}

/** The proposal itself, where somebody else has made another one too. */
const leadTo = (lang: Language, answer: Proposed | ReconcileRefusal) =>
  pathTo('proposal', (answer.is === 'another' ? answer : done(lang, answer)).proposal.id)

function reasonOf(form: Form, lang: Language): string {
  const why = form.text('why')
  if (why === '') throw new BadInput(frameWords[lang].reasonMissing)
  return why
}

function readRule(form: Form, lang: Language): ExternalRule {
  const amountOf = (name: string): bigint => {
    const units = typedAmount(form.text(name), 'BRL')
    if (units === undefined || units <= 0n) throw new BadInput(reconciliationWords[lang].badAmount)
    return units
  }
  return {
    direction: form.text('direction') === 'in' ? 'in' : 'out',
    field: form.text('field') === 'source' ? 'source' : 'description',
    match: form.text('match') === 'starts' ? 'starts' : 'equals',
    text: form.text('text'),
    maxUnits: amountOf('most'),
    period: form.text('period') === 'day' ? 'day' : 'month',
    periodUnits: amountOf('inAll'),
  }
}

interface Parts {
  lang: Language
  person: Person
  stopped: Stop | undefined
  open: readonly StrangerRow[]
  waiting: readonly SuspendedMoney[]
  decided: readonly StrangerRow[]
  rules: readonly ExternalRuleRow[]
}

function ReconciliationPage({ lang, person, stopped, open, waiting, decided, rules }: Parts) {
  const say = reconciliationWords[lang]
  const acts = { head: say.accept.title, cell: (row: StrangerRow) => <Accept {...{ lang, person, row }} /> }
  const columns = lineColumns(lang)
  // Of an open line nobody has said anything yet.
  const undecided = columns.slice(0, -1)
  return (
    <Frame {...{ lang, person, stopped, here: 'reconciliation', title: say.title }}>
      <p>{say.told}</p>
      <h2>{say.open}</h2>
      <Rows
        {...{
          lang,
          caption: '',
          rows: open,
          empty: say.noneOpen,
          columns: may(person.role, 'line.accept') ? [...undecided, acts] : undecided,
        }}
      />
      <h2 id="suspense">{say.suspense.title}</h2>
      {waiting.length > 0 && <p>{say.suspense.told}</p>}
      <Rows
        {...{
          lang,
          caption: '',
          rows: waiting,
          empty: say.suspense.none,
          columns: suspenseColumns(lang, person),
        }}
      />
      <h2>{say.rules}</h2>
      <Rows {...{ lang, caption: '', rows: rules, empty: say.noRules, columns: ruleColumns(lang, person) }} />
      <AddRule {...{ lang, person }} />
      <h2>{say.decided}</h2>
      <Rows {...{ lang, caption: '', rows: decided, empty: say.noneDecided, columns }} />
    </Frame>
  )
}

function lineColumns(lang: Language): Parameters<typeof Rows<StrangerRow>>[0]['columns'] {
  const { heads, states } = reconciliationWords[lang]
  return [
    { head: heads.line, cell: ({ id }) => <Mono>{id}</Mono> },
    { head: heads.at, cell: ({ at }) => <When {...{ lang, at }} /> },
    { head: heads.state, cell: ({ state }) => states[state] },
    { head: heads.amount, number: true, cell: ({ units }) => <Money {...{ lang, units, asset: 'BRL' }} /> },
    { head: heads.description, cell: ({ description }) => withoutTaxIds(description) },
    { head: heads.source, cell: ({ source }) => <Mono>{withoutTaxIds(source)}</Mono> },
    {
      head: heads.why,
      cell: ({ why, decided_by: by }) =>
        why === null ? '–' : <span>{[<Said>{why}</Said>, by === null ? '' : ` (${by})`]}</span>,
    },
  ]
}

function suspenseColumns(
  lang: Language,
  person: Person,
): Parameters<typeof Rows<SuspendedMoney>>[0]['columns'] {
  const { heads, suspense } = reconciliationWords[lang]
  return [
    {
      head: suspense.atBank,
      cell: ({ provider_id: id, about }) => [`${suspense.abouts[about]} `, <Mono>{id}</Mono>],
    },
    { head: heads.at, cell: ({ added_at: at }) => <When {...{ lang, at }} /> },
    { head: heads.amount, number: true, cell: ({ units }) => <Money {...{ lang, units, asset: 'BRL' }} /> },
    { head: suspense.bears, cell: ({ bears }) => <Mono>{bears}</Mono> },
    { head: suspense.act, cell: row => <CloseSuspense {...{ lang, person, row }} /> },
  ]
}

function ruleColumns(lang: Language, person: Person): Parameters<typeof Rows<ExternalRuleRow>>[0]['columns'] {
  const say = reconciliationWords[lang]
  return [
    { head: say.ruleHeads.name, cell: ({ name }) => name },
    { head: say.ruleHeads.state, cell: ({ state }) => say.ruleStates[state] },
    { head: say.ruleHeads.when, cell: row => `${say.when(row)} “${row.text}”` },
    {
      head: say.ruleHeads.most,
      number: true,
      cell: ({ max_units: units }) => <Money {...{ lang, units, asset: 'BRL' }} />,
    },
    {
      head: say.ruleHeads.inAll,
      number: true,
      cell: ({ period_units: units, period }) => [
        <Money {...{ lang, units, asset: 'BRL' }} />,
        ` ${say.periods[period]}`,
      ],
    },
    {
      head: say.ruleHeads.by,
      cell: ({ added_by: by, approved_by: approved, why }) => (
        <span>{[`${by}, ${approved}: `, <Said>{why}</Said>]}</span>
      ),
    },
    { head: say.close, cell: row => (row.state === 'active' ? <Close {...{ lang, person, row }} /> : '–') },
  ]
}

const Accept = ({ lang, person, row: { id } }: { lang: Language; person: Person; row: StrangerRow }) => {
  const say = reconciliationWords[lang].accept
  return (
    <details class="act">
      <summary>{say.title}</summary>
      <ActForm {...{ lang, person, act: 'line.accept', action: `${reconciliationPath}/accept` }}>
        <input type="hidden" name="line" value={id} />
        <p>{say.told}</p>
        <Why {...{ lang, id: `line-${id}` }} />
        <button>{say.go}</button>
      </ActForm>
    </details>
  )
}

/** Of a transfer under the tag of a payout of these books, the page of that payout says what it is. */
function CloseSuspense({
  lang,
  person,
  row: { provider_id: id, payout_id: payout },
}: {
  lang: Language
  person: Person
  row: SuspendedMoney
}) {
  const say = reconciliationWords[lang].suspense
  if (payout !== null) return <a href={pathTo('payout', payout)}>{say.ofPayout}</a>
  if (!may(person.role, 'suspense.close')) return <>–</>
  return (
    <details class="act">
      <summary>{say.close}</summary>
      <ActForm {...{ lang, person, act: 'suspense.close', action: `${reconciliationPath}/suspense` }}>
        <input type="hidden" name="id" value={id} />
        <p>{say.closeTold}</p>
        <Why {...{ lang, id: `suspense-${id}` }} />
        <button>{say.go}</button>
      </ActForm>
    </details>
  )
}

const Close = ({
  lang,
  person,
  row: { id, name },
}: {
  lang: Language
  person: Person
  row: ExternalRuleRow
}) =>
  may(person.role, 'rule.close') ? (
    <details class="act">
      <summary>{reconciliationWords[lang].close}</summary>
      <ActForm {...{ lang, person, act: 'rule.close', action: `${reconciliationPath}/rule/close` }}>
        <input type="hidden" name="name" value={name} />
        <Why {...{ lang, id: `close-${id}` }} />
        <button class="danger">{reconciliationWords[lang].close}</button>
      </ActForm>
    </details>
  ) : null

function AddRule({ lang, person }: { lang: Language; person: Person }) {
  const say = reconciliationWords[lang]
  if (!may(person.role, 'rule.add')) return null
  const options = <K extends string>(words: Record<K, string>) => Object.entries(words) as [string, string][]
  return (
    <details class="act">
      <summary>{say.add.title}</summary>
      <ActForm {...{ lang, person, act: 'rule.add', action: `${reconciliationPath}/rule` }}>
        <p>{say.add.told}</p>
        <Field {...{ name: 'name', label: say.add.name, required: true, maxLength: 63 }} />
        <Select {...{ name: 'direction', label: say.add.direction, options: options(say.directions) }} />
        <Select {...{ name: 'field', label: say.add.field, options: options(say.fields) }} />
        <Select {...{ name: 'match', label: say.add.match, options: options(say.matches) }} />
        <Field {...{ name: 'text', label: say.add.text, required: true, maxLength: 200 }} />
        <Field {...{ name: 'most', label: say.add.most, required: true, inputMode: 'decimal' }} />
        <Select {...{ name: 'period', label: say.add.period, options: options(say.periods) }} />
        <Field {...{ name: 'inAll', label: say.add.inAll, required: true, inputMode: 'decimal' }} />
        <Why {...{ lang, id: 'rule' }} />
        <button>{say.add.go}</button>
      </ActForm>
    </details>
  )
}
