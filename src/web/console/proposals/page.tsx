/**
 * Proposals as pages: the open ones and the decided ones, and one with what is to be done, its approval and
 * its end.
 */
import type { Stop } from '../../../payout/payout.ts'
import { samePerson } from '../../../base/person.ts'
import { digestOfProposal, type Bar, type ProposalRow } from '../../../ledger/ledger.ts'
import { may, personActs, type Act, type Person } from '../../../people/people.ts'
import type { Transition } from '../../../db/db.ts'
import type { Language } from '../../page/page.ts'
import { Badge, Notice, Time, type Tone } from '../../page/parts.tsx'
import { ActForm, Frame, Pages, Reason } from '../frame/frame.tsx'
import type { Column } from '../list/list.ts'
import { Known, Mono, Ref, Rows, Said, When } from '../list/parts.tsx'
import { SignButton, type Signable } from '../people/passkeys.tsx'
import { Steps } from '../frame/steps.tsx'
import { barText } from '../schedules/barsWords.ts'
import { proposalWords, proposedAct, proposedDetail, proposedSubject } from './words.ts'

const tones: Record<ProposalRow['state'], Tone> = {
  open: 'wait',
  approved: 'good',
  refused: 'bad',
  withdrawn: 'still',
}
export const proposalPath = (id: string): string => `/console/proposals/${id}`

/** What a proposal is about, where it has a page: its name, and where that is. */
export interface About {
  name: string
  href: string
}

/** What each proposal says, by its id. */
export type Details = ReadonlyMap<string, Readonly<Record<string, string>>>

interface Shared {
  lang: Language
  person: Person
  stopped: Stop | undefined
  details: Details
}

interface ListParts extends Shared {
  open: readonly ProposalRow[]
  decided: readonly ProposalRow[]
  abouts: ReadonlyMap<string, About>
  /** The key after which more of the decided ones come. */
  next: string | undefined
  query: Record<string, string>
}

export function ProposalsPage({
  lang,
  person,
  stopped,
  details,
  open,
  decided,
  abouts,
  next,
  query,
}: ListParts) {
  const say = proposalWords[lang]
  const yours = open.filter(
    row => may(person.role, approval(row).act) && !samePerson(row.made_by, person.name),
  ).length
  const columns = columnsOf(lang, abouts, details)
  return (
    <Frame {...{ lang, person, stopped, here: 'proposals', title: say.title }}>
      {yours > 0 && <Notice tone="wait">{say.yours(yours)}</Notice>}
      <p>{say.told}</p>
      <h2>{say.open}</h2>
      <Rows {...{ lang, caption: '', columns, rows: open, empty: say.noneOpen }} />
      <h2>{say.decided}</h2>
      <Rows
        {...{
          lang,
          caption: '',
          columns: [...columns, ...decidedColumns(lang)],
          rows: decided,
          empty: say.noneDecided,
        }}
      />
      <Pages {...{ lang, path: '/console/proposals', query, next }} />
    </Frame>
  )
}

function columnsOf(
  lang: Language,
  abouts: ReadonlyMap<string, About>,
  details: Details,
): Column<ProposalRow>[] {
  const say = proposalWords[lang]
  return [
    { head: say.act, cell: ({ id, act }) => <a href={proposalPath(id)}>{proposedAct(lang, act)}</a> },
    { head: say.about, cell: ({ subject }) => <AboutLink {...{ lang, subject, abouts }} /> },
    {
      head: say.what,
      cell: row => (
        <span class="long">
          {proposedDetail(lang, details.get(row.id)!)
            .map(([name, value]) => `${name}: ${value}`)
            .join(' · ')}
        </span>
      ),
    },
    { head: say.by, cell: ({ made_by: by }) => by },
    { head: say.why, cell: ({ why }) => why },
    { head: say.made, cell: ({ added_at: at }) => <When {...{ lang, at }} /> },
  ]
}

function decidedColumns(lang: Language): Column<ProposalRow>[] {
  const say = proposalWords[lang]
  return [
    { head: say.state, cell: ({ state }) => <ProposalState {...{ lang, state }} /> },
    { head: say.decidedBy, cell: ({ decided_by: by }) => by },
  ]
}

const ProposalState = ({ lang, state }: { lang: Language; state: ProposalRow['state'] }) => (
  <Badge tone={tones[state]}>{proposalWords[lang].states[state]}</Badge>
)

function AboutLink({
  lang,
  subject,
  abouts,
}: {
  lang: Language
  subject: string
  abouts: ReadonlyMap<string, About>
}) {
  const about = abouts.get(subject)
  if (!about) return <span>{proposedSubject(lang, subject)}</span>
  return <Ref {...{ id: about.name, href: about.href }} />
}

interface OneParts extends Shared {
  row: ProposalRow
  abouts: ReadonlyMap<string, About>
  steps: readonly Transition[]
  /** Why who looks may not approve it, now or at all. */
  bar: Bar | undefined
  /** What a passkey signs. */
  sign: Signable | undefined
  /** `said`: what the program wrote down, which is English in either language. */
  notice?: { tone: Tone; text: string; said?: string } | undefined
  /** What is wrong with the reason that was sent. */
  fault?: string
}

export function ProposalPage({
  lang,
  person,
  stopped,
  details,
  row,
  abouts,
  steps,
  bar,
  sign,
  notice,
  fault,
}: OneParts) {
  const say = proposalWords[lang]
  return (
    <Frame
      {...{
        lang,
        person,
        stopped,
        here: 'proposals',
        title: `${say.one}: ${proposedAct(lang, row.act)}`,
        scripts: sign ? ['consolePasskey.js'] : [],
      }}
    >
      {notice && (
        <Notice tone={notice.tone}>
          {notice.text} {notice.said !== undefined && <Said>{notice.said}</Said>}
        </Notice>
      )}
      <Known
        facts={[
          [say.state, <ProposalState {...{ lang, state: row.state }} />],
          [say.act, proposedAct(lang, row.act)],
          [say.about, <AboutLink {...{ lang, subject: row.subject, abouts }} />],
          ...proposedDetail(lang, details.get(row.id)!).map(([name, value]): [string, string] => [
            capital(name),
            value,
          ]),
          [say.by, row.made_by],
          [say.made, <Time {...{ lang, at: row.added_at }} />],
          [say.why, row.why],
          [say.decidedBy, row.decided_by],
          [say.decidedAt, row.state !== 'open' && <Time {...{ lang, at: row.changed_at }} />],
          [say.decidedWhy, row.decided_why],
          [say.id, <Mono>{row.id}</Mono>],
        ]}
      />
      {row.state === 'open' && (
        <Decision {...{ lang, person, row, bar, sign }} {...(fault !== undefined && { fault })} />
      )}
      <h2>{say.history}</h2>
      <Steps {...{ lang, steps, words: say.heads, states: say.states }} />
    </Frame>
  )
}

const capital = (text: string) => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`

/** What approving it is, as an act: of what is about people, admins may. */
const approval = ({ act }: ProposalRow): { act: Act; verb: string } =>
  personActs.includes(act)
    ? { act: 'user.approve', verb: 'approve-person' }
    : { act: 'proposal.approve', verb: 'approve' }

function Decision({
  lang,
  person,
  row,
  bar,
  fault,
  sign,
}: Pick<OneParts, 'lang' | 'person' | 'row' | 'bar' | 'fault' | 'sign'>) {
  const say = proposalWords[lang]
  const isOwn = samePerson(row.made_by, person.name)
  const { act, verb } = approval(row)
  const end = isOwn ? say.withdraw : say.refuse
  return (
    <>
      <section class="card">
        <h2>{say.approve.title}</h2>
        {may(person.role, act) && !isOwn && !bar ? (
          <ActForm {...{ lang, person, act, action: `${proposalPath(row.id)}/${verb}` }}>
            <input type="hidden" name="seen" value={digestOfProposal(row)} />
            <SignButton {...{ lang, sign }} />
            <p>{say.approve.told}</p>
            <p class="actions">
              <button>{say.approve.go}</button>
            </p>
          </ActForm>
        ) : (
          <p>
            {isOwn
              ? say.approve.own(row.made_by)
              : bar && may(person.role, act)
                ? barText(lang, bar)
                : say.approve.others}
          </p>
        )}
      </section>
      {may(person.role, 'proposal.refuse') && (
        <section class="card">
          <h2>{end.title}</h2>
          <ActForm {...{ lang, person, act: 'proposal.refuse', action: `${proposalPath(row.id)}/refuse` }}>
            <p>{end.told}</p>
            <Reason {...{ lang, ...(fault !== undefined && { fault }) }} />
            <button class="danger">{end.go}</button>
          </ActForm>
        </section>
      )}
    </>
  )
}
