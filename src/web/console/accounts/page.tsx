/** Payout accounts: the list, and one with its history, what waits for it, and its approval. */
import { bankName, failsBankDigit } from '../../../base/brazil.ts'
import { samePerson } from '../../../base/person.ts'
import { assetOfKind, isAddressKind } from '../../../base/rails.ts'
import type { Bar, Objection } from '../../../ledger/ledger.ts'
import {
  digestOfAccount,
  type AccountRow,
  type OpenObjection,
  type Owing,
  type PayoutState,
  type Stop,
} from '../../../payout/payout.ts'
import type { Judged } from '../../../approvals/approvals.ts'
import { may, type Person } from '../../../people/people.ts'
import type { Transition } from '../../../db/db.ts'
import { amount, type Language } from '../../page/page.ts'
import { Badge, Facts, Notice, Time, type Tone } from '../../page/parts.tsx'
import { underivedText } from './readForm.ts'
import { Debt, type SeenDebt } from './debt.tsx'
import type { LatestPayout, WaitingPayouts } from '../../../queries/accounts.ts'
import { ActForm, Frame, Reason } from '../frame/frame.tsx'
import { Mono, Said, State } from '../list/parts.tsx'
import { ObjectionForms, OpenObjections } from '../objections.tsx'
import { SignButton, type Signable } from '../people/passkeys.tsx'
import { Steps } from '../frame/steps.tsx'
import { debtWords } from './debtWords.ts'
import { refusalText } from '../refusals.ts'
import { accountWords } from './words.ts'
import { signWords } from './signWords.ts'
import { barText } from '../schedules/barsWords.ts'

const tones: Record<AccountRow['state'], Tone> = { awaiting: 'wait', approved: 'good', closed: 'still' }

/** Names that are pages too are reached by their id. */
export const accountPath = ({ id, name }: Pick<AccountRow, 'id' | 'name'>): string =>
  `/console/accounts/${['new', 'banks', 'sign'].includes(name) ? id : encodeURIComponent(name)}`

interface Shared {
  lang: Language
  person: Person
  stopped: Stop | undefined
}

export function AccountsPage({
  lang,
  person,
  stopped,
  rows,
  owing,
}: Shared & { rows: readonly AccountRow[]; owing: readonly Owing[] }) {
  const say = accountWords[lang]
  const mine = may(person.role, 'account.approve')
    ? rows.filter(row => row.state === 'awaiting' && !samePerson(row.added_by, person.name)).length
    : 0
  return (
    <Frame {...{ lang, person, stopped, here: 'accounts', title: say.title }}>
      {mine > 0 && <Notice tone="wait">{say.yours(mine)}</Notice>}
      {owing
        .filter(({ units }) => units > 0n)
        .map(account => (
          <Notice tone="wait">
            <a href={`${accountPath({ id: account.account_id, name: account.name })}#debt`}>{account.name}</a>{' '}
            {debtWords[lang].owes.toLowerCase()} {amount(lang, account.units, 'BRL')}
          </Notice>
        ))}
      {rows.length === 0 && <p>{say.none}</p>}
      {may(person.role, 'account.add') && (
        <p class="actions">
          <a class="button" href="/console/accounts/new">
            {say.add}
          </a>
        </p>
      )}
      {rows.length > 0 && (
        <table class="cards">
          <caption>{say.caption}</caption>
          <thead>
            <tr>
              {[say.heads.name, say.heads.state, say.heads.holder, say.heads.place].map(head => (
                <th scope="col">{head}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(row => (
              <tr>
                <th scope="row" data-label={say.heads.name}>
                  <a href={accountPath(row)}>{row.name}</a>
                </th>
                <td data-label={say.heads.state}>
                  <Badge tone={tones[row.state]}>{say.states[row.state]}</Badge>
                </td>
                <td data-label={say.heads.holder}>{row.holder}</td>
                <td data-label={say.heads.place}>
                  <span>{placeOf(lang, row)}</span>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Frame>
  )
}

function placeOf(lang: Language, row: AccountRow) {
  const say = accountWords[lang].one
  if (!isAddressKind(row.kind) && row.kind !== 'bank') return row.destination
  if (row.kind !== 'bank') return <Mono>{row.destination}</Mono>
  return `${bankName(row.bank) ?? ''} ${row.bank} · ${say.branch} ${row.branch} · ${say.number} ${row.number}`
}

interface AccountParts extends Shared {
  row: AccountRow
  /** There where it was approved. */
  approval: Judged | undefined
  /** What a passkey signs. */
  sign: Signable | undefined
  first: { address: string } | { why: string } | undefined
  twins: readonly AccountRow[]
  waiting: readonly WaitingPayouts[]
  latest: readonly LatestPayout[]
  schedules: readonly { id: string; name: string }[]
  debt: SeenDebt
  /** The open one. */
  placeObjection: OpenObjection | undefined
  objections: readonly Objection[]
  /** Why who looks may not approve it, now or at all. */
  bar: Bar | undefined
  steps: readonly Transition[]
  notice: { tone: Tone; text: string } | undefined
  /** What is wrong with the reason that was sent. */
  fault?: string
  objectionFault?: string
}

export function AccountPage(parts: AccountParts) {
  const { lang, person, stopped, row, twins, waiting, latest, schedules, steps, notice } = parts
  const say = accountWords[lang].one
  const asset = assetOfKind(row.kind)
  return (
    <Frame
      {...{
        lang,
        person,
        stopped,
        here: 'accounts',
        title: row.name,
        scripts: parts.sign ? ['consolePasskey.js'] : [],
      }}
    >
      {notice && <Notice tone={notice.tone}>{notice.text}</Notice>}
      <OpenObjections
        {...{
          lang,
          objections: parts.objections,
          by: accountWords[lang].objection.by,
          holds: accountWords[lang].objection.holds,
        }}
      />
      <ObjectedPlace {...parts} />
      <Doubts {...parts} />
      <Unproven {...parts} />
      <AccountFacts {...parts} />
      {twins.length > 0 && (
        <Notice tone="wait">
          {say.twins}{' '}
          {twins.map(twin => (
            <>
              <a href={accountPath(twin)}>{twin.name}</a>{' '}
            </>
          ))}
        </Notice>
      )}
      <ApprovalOf {...parts} />
      <h2>{say.waits}</h2>
      {waiting.length === 0 ? (
        <p>{say.waitsNothing}</p>
      ) : (
        <table class="cards">
          <thead>
            <tr>
              {[say.waitsHeads.state, say.waitsHeads.count, say.waitsHeads.amount].map(head => (
                <th scope="col">{head}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {waiting.map(({ state, count, units }) => (
              <tr>
                <th scope="row" data-label={say.waitsHeads.state}>
                  <State {...{ lang, of: 'payout', state }} />
                </th>
                <td data-label={say.waitsHeads.count}>
                  <a href={payoutsPath(row, state)}>{count.toString()}</a>
                </td>
                <td data-label={say.waitsHeads.amount} class="number">
                  {amount(lang, units, asset)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <Debt {...{ lang, person, row, debt: parts.debt, path: accountPath(row) }} />
      <h2>{say.schedules}</h2>
      {schedules.length === 0 ? (
        <p>{say.noSchedules}</p>
      ) : (
        <ul>
          {schedules.map(schedule => (
            <li>
              <a href={`/console/schedules/${schedule.id}`}>{schedule.name}</a>
            </li>
          ))}
        </ul>
      )}
      <Latest {...{ lang, row, latest }} />
      <ObjectionTo {...parts} />
      <ClosingOf {...parts} />
      <h2>{say.history}</h2>
      <Steps {...{ lang, steps, words: say.historyHeads, states: accountWords[lang].states }} />
    </Frame>
  )
}

const payoutsPath = ({ name }: AccountRow, state?: PayoutState) =>
  `/console/payouts?${new URLSearchParams({ account: name, ...(state && { state }) }).toString()}`

function Latest({ lang, row, latest }: Pick<AccountParts, 'lang' | 'row' | 'latest'>) {
  const say = accountWords[lang].one
  const heads = say.latestHeads
  return (
    <>
      <h2>{say.latest}</h2>
      {latest.length === 0 ? (
        <p>{say.noPayouts}</p>
      ) : (
        <>
          <table class="cards">
            <thead>
              <tr>
                {[heads.payout, heads.state, heads.amount, heads.at].map(head => (
                  <th scope="col">{head}</th>
                ))}
              </tr>
            </thead>
            <tbody>
              {latest.map(payout => (
                <tr>
                  <th scope="row" data-label={heads.payout}>
                    <a href={`/console/payouts/${payout.id}`}>{payout.id}</a>
                  </th>
                  <td data-label={heads.state}>
                    <State {...{ lang, of: 'payout', state: payout.state }} />
                  </td>
                  <td data-label={heads.amount} class="number">
                    {amount(lang, payout.units, payout.asset)}
                  </td>
                  <td data-label={heads.at}>
                    <Time {...{ lang, at: payout.added_at }} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
          <p>
            <a href={payoutsPath(row)}>{say.allPayouts}</a>
          </p>
        </>
      )}
    </>
  )
}

/** An objection to another account holds this one as well, where both pay to one place. */
function ObjectedPlace({ lang, objections, placeObjection: objection }: AccountParts) {
  if (!objection || objections.length > 0) return null
  return (
    <Notice tone="wait">
      {accountWords[lang].objection.place(objection.made_by, objection.account)} <Said>{objection.why}</Said>
    </Notice>
  )
}

/** What an approver should look at twice. */
function Doubts({ lang, row, first }: Pick<AccountParts, 'lang' | 'row' | 'first'>) {
  if (row.kind === 'bank')
    return failsBankDigit(row) ? <Notice tone="wait">{accountWords[lang].one.digit}</Notice> : null
  if (!first || !('why' in first)) return null
  return <Notice tone="bad">{underivedText(lang, first.why)}</Notice>
}

/** An approval that was only said can be signed; one that does not hold cannot. */
function Unproven({ lang, person, row, approval }: AccountParts) {
  const say = signWords[lang]
  if (approval?.is === 'changed')
    return (
      <Notice tone="bad">
        {say.changed} <Said>{approval.why}</Said>
      </Notice>
    )
  const maySign = may(person.role, 'account.approve') && !samePerson(row.added_by, person.name)
  if (approval?.proof !== 'said' || !maySign) return null
  return (
    <p>
      <a href="/console/accounts/sign">{say.link}</a>
    </p>
  )
}

export function AccountFacts({
  lang,
  row,
  first,
  approval,
}: Pick<AccountParts, 'lang' | 'row' | 'first'> & { approval?: Judged | undefined }) {
  const words = accountWords[lang]
  const say = words.one
  const address = first && 'address' in first ? first.address : undefined
  const place =
    row.kind === 'bank'
      ? ([
          [say.taxId, row.tax_id],
          [
            say.bank,
            `${bankName(row.bank) ?? ''} (${row.bank}, ${row.bank.length === 8 ? say.ways.pix : say.ways.ted})`,
          ],
          [say.branch, row.branch],
          [say.number, row.number],
          [say.type, words.types[row.type]],
        ] as const)
      : !isAddressKind(row.kind)
        ? ([[words.form.place, row.destination]] as const)
        : row.destination.includes('(')
          ? ([
              [say.descriptor, <Mono>{row.destination}</Mono>],
              [
                say.first,
                address && (
                  <>
                    <Grouped>{address}</Grouped> ({say.firstHint})
                  </>
                ),
              ],
              [say.next, say.nextNumber(`${row.next_index}`)],
            ] as const)
          : ([[say.address, <Grouped>{row.destination}</Grouped>]] as const)
  const proven = approval?.is === 'approved' ? ` (${signWords[lang].proofs[approval.proof]})` : ''
  return (
    <Facts
      facts={[
        [say.state, <Badge tone={tones[row.state]}>{words.states[row.state]}</Badge>],
        [say.kind, words.kinds[row.kind]],
        [say.holder, row.holder],
        ...place,
        [
          say.added,
          <>
            <Time {...{ lang, at: row.added_at }} /> {say.by(row.added_by)}
          </>,
        ],
        [say.approved, row.approved_by === null ? undefined : `${say.by(row.approved_by)}${proven}`],
        [say.id, <Mono>{row.id}</Mono>],
      ]}
    />
  )
}

/** An address in groups of four, as people compare them; copied it has no blanks. */
const Grouped = ({ children }: { children: string }) => (
  <span class="mono groups">
    {children.match(/.{1,4}/g)!.map(group => (
      <span>{group}</span>
    ))}
  </span>
)

function ApprovalOf({ lang, person, row, first, bar, sign, placeObjection }: AccountParts) {
  const say = accountWords[lang].approve
  if (row.state !== 'awaiting') return null
  const isTheirs = samePerson(row.added_by, person.name)
  const isPayable = !placeObjection && !(first && 'why' in first)
  const mayApprove = may(person.role, 'account.approve') && !isTheirs && !bar && isPayable
  return (
    <section class="card">
      <h2>{say.title}</h2>
      {mayApprove ? (
        <ActForm {...{ lang, person, act: 'account.approve', action: `${accountPath(row)}/approve` }}>
          <input type="hidden" name="seen" value={digestOfAccount(row)} />
          <SignButton {...{ lang, sign }} />
          <p>{say.told}</p>
          <p class="actions">
            <button>{say.go}</button>
          </p>
        </ActForm>
      ) : (
        <p>
          {isTheirs
            ? say.own(row.added_by)
            : bar && may(person.role, 'account.approve')
              ? barText(lang, bar)
              : placeObjection
                ? refusalText(lang, { is: 'account-place-objected', account: row, objection: placeObjection })
                : say.others}
        </p>
      )}
    </section>
  )
}

/**
 * A closed account is objected to no more; what is open there also holds other accounts at the same place.
 */
function ObjectionTo({ lang, person, row, objections, objectionFault: fault }: AccountParts) {
  const words = accountWords[lang].objection
  return (
    <ObjectionForms
      {...{ lang, person, objections, words, fault }}
      acts={{ object: 'account.object', clear: 'account.clear' }}
      actions={{
        object: row.state === 'closed' ? null : `${accountPath(row)}/object`,
        clear: `${accountPath(row)}/clear`,
      }}
      theirs={samePerson(row.added_by, person.name) ? words.own(row.added_by) : undefined}
    />
  )
}

/** Not offered where something names the account already. */
function ClosingOf({ lang, person, row, schedules, waiting, latest, fault }: AccountParts) {
  const say = accountWords[lang].close
  const isUsed = schedules.length > 0 || waiting.length > 0 || latest.length > 0
  if (row.state === 'closed' || isUsed || !may(person.role, 'account.close')) return null
  return (
    <section class="card">
      <h2>{say.title}</h2>
      <ActForm {...{ lang, person, act: 'account.close', action: `${accountPath(row)}/close` }}>
        <p>{say.told}</p>
        <Reason {...{ lang, ...(fault !== undefined && { fault }) }} />
        <button class="danger">{say.go}</button>
      </ActForm>
    </section>
  )
}
