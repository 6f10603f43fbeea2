/**
 * One event: what was said, whether the bytes still bear their signature, what it moved; and what a replay
 * would do.
 */
import { holdsTaxId, withoutTaxIds } from '../../../base/brazil.ts'
import type { Stop } from '../../../payout/payout.ts'
import { type Person, may } from '../../../people/people.ts'
import { replayRefusal, type Rehearsal } from '../../../webhooks/webhooks.ts'
import type { Language } from '../../page/page.ts'
import { Badge, Notice, Time, type Tone } from '../../page/parts.tsx'
import { DuplicateState } from '../invoices/duplicates.tsx'
import type { ShownEvent } from '../../../queries/events.ts'
import type { Subject } from '../../../queries/links.ts'
import { hrefOf } from '../links.ts'
import { indented, tame, textOf } from '../../../queries/eventText.ts'
import { ActForm, Frame, Reason } from '../frame/frame.tsx'
import {
  Because,
  Known,
  Mono,
  railWord,
  Ref,
  Rows,
  Said,
  State,
  Timeline,
  type Stated,
} from '../list/parts.tsx'
import { Postings } from '../postings/parts.tsx'
import { eventWords } from './words.ts'
import { listWords } from '../list/words.ts'
import { privacyWords } from '../privacy/words.ts'

interface Parts {
  lang: Language
  person: Person
  seen: ShownEvent
  stopped: Stop | undefined
}

const tones: Record<ShownEvent['verdict']['is'], Tone> = {
  ...{
    genuine: 'good',
    forged: 'bad',
    unknown: 'wait',
    followed: 'still',
    polled: 'still',
    recorded: 'still',
  },
  ...{ 'no signature': 'bad', 'no bank': 'wait', dropped: 'still', unreadable: 'bad' },
} as const

/** `whole`: with the CPFs that somebody asked to see, which is written down. */
export function EventPage({ lang, person, seen, stopped, whole }: Parts & { whole: boolean }) {
  const [say, lists] = [eventWords[lang], listWords[lang]]
  const { row, verdict, steps, conflicts } = seen
  const seconds = (ms: number | undefined) =>
    ms !== undefined &&
    `${new Intl.NumberFormat(lang, { maximumFractionDigits: 3 }).format(ms / 1_000)} ${say.seconds}`
  const isMasked = !whole && [row, ...conflicts].some(({ raw }) => holdsTaxId(textOf(raw)))
  const shown = (text: string) => tame(whole ? text : withoutTaxIds(text))
  return (
    <Frame {...{ lang, person, stopped, here: 'events', title: `${say.one} ${row.kind ?? ''}`.trim() }}>
      <p class="headline">
        <State {...{ lang, of: 'event', state: row.state }} /> <Mono>{row.event_id}</Mono>
      </p>
      <Known
        facts={[
          [lists.why, row.why !== null && <Because {...{ lang, of: row }} />],
          [
            say.verdict,
            <>
              <Badge tone={tones[verdict.is]}>
                {say.verdicts[verdict.is]}
                {verdict.is === 'genuine' && ` ${verdict.keyId}`}
              </Badge>{' '}
              {(verdict.is === 'forged' || verdict.is === 'unknown') && <Said>({verdict.why})</Said>}
            </>,
          ],
          [say.signature, row.signature !== null && <Mono>{row.signature}</Mono>],
          [say.key, row.key_id !== null && <Mono>{row.key_id}</Mono>],
          [lists.rail, railWord(lang, row.rail)],
          [say.via, say.vias[row.via]],
          [say.said, seen.saidAt !== undefined && <Time lang={lang} at={seen.saidAt} />],
          [say.received, <Time lang={lang} at={row.received_at} />],
          [say.latency, seconds(seen.latencyMs)],
          [say.settled, seconds(seen.settledMs)],
          [say.tries, `${row.tries}`],
          [say.bytes, row.dropped_digest === null && `${row.raw.length} ${say.bytesUnit}`],
          [say.digest, <Mono>{seen.digest}</Mono>],
        ]}
      />
      {row.dropped_digest !== null && <Notice tone="wait">{say.dropped}</Notice>}
      {may(person.role, 'event.replay') && row.dropped_digest === null && (
        <p class="actions">
          <a class="button plain" href={`/console/events/${row.id}/replay`}>
            {say.replaySee}
          </a>
        </p>
      )}
      <Moves {...{ lang, title: say.moved, empty: say.movedNothing, moves: seen.moved }} />
      <Timeline {...{ lang, of: 'event', steps }} />
      {isMasked && <Masked {...{ lang, person, id: row.id }} />}
      {row.dropped_digest === null && <Body {...{ lang, person, row, shown }} />}
      <section aria-labelledby="conflicts">
        <h2 id="conflicts">{say.conflicts}</h2>
        {conflicts.length === 0 ? <p>{say.noConflicts}</p> : <Notice tone="bad">{say.conflictHint}</Notice>}
        {conflicts.map(each => (
          <article class="card">
            <p>
              <Time lang={lang} at={each.received_at} /> · <Mono>{each.digest}</Mono>
            </p>
            <pre>{shown(indented(each.raw))}</pre>
          </article>
        ))}
      </section>
    </Frame>
  )
}

/** A notice that CPFs below are masked, with the button for those who may see them. */
const Masked = ({ lang, person, id }: { lang: Language; person: Person; id: bigint }) => (
  <Notice tone="still">
    <p>{eventWords[lang].masked}</p>
    <ActForm {...{ lang, person, act: 'taxId.see', action: `/console/events/${id}/tax-id` }}>
      <button class="plain">{privacyWords[lang].show}</button>
    </ActForm>
  </Notice>
)

interface BodyParts {
  lang: Language
  person: Person
  row: ShownEvent['row']
  shown: (text: string) => string
}

const Body = ({ lang, person, row, shown }: BodyParts) => {
  const say = eventWords[lang]
  const text = textOf(row.raw)
  return (
    <>
      <section aria-labelledby="pretty">
        <h2 id="pretty">{say.pretty}</h2>
        <pre tabIndex={0} role="region" aria-labelledby="pretty">
          {shown(indented(row.raw))}
        </pre>
      </section>
      <section aria-labelledby="raw">
        <h2 id="raw">{say.raw}</h2>
        <pre tabIndex={0} role="region" aria-labelledby="raw">
          {shown(text)}
        </pre>
        {holdsTaxId(text) ? (
          <ActForm {...{ lang, person, act: 'taxId.see', action: `/console/events/${row.id}/raw` }}>
            <button class="plain">{say.download}</button>
            <p class="quiet">{privacyWords[lang].wholeHint}</p>
          </ActForm>
        ) : (
          <p class="actions">
            <a class="button plain" href={`/console/events/${row.id}/raw`}>
              {say.download}
            </a>
          </p>
        )}
      </section>
    </>
  )
}

const statedBy: Record<string, Stated> = {
  ...{ invoices: 'invoice', payouts: 'payout', attempts: 'attempt', coins: 'coin', bundles: 'bundle' },
  ...{ bundle_candidates: 'candidate', inbox: 'event' },
}

const twins = 'invoice_twins'
const Moved = ({ lang, about, state }: { lang: Language; about: string; state: string }) =>
  about === twins ? (
    <DuplicateState {...{ lang, state }} />
  ) : (
    <State {...{ lang, of: statedBy[about] ?? 'run', state }} />
  )

interface MovesParts {
  lang: Language
  title: string
  empty: string
  moves: readonly {
    subject: string
    about: string
    from_state: string
    to_state: string
    why: string
    reason: string | null
    detail: string | null
    seen?: Subject | undefined
  }[]
}

function Moves({ lang, title, empty, moves }: MovesParts) {
  const say = listWords[lang]
  return (
    <section aria-labelledby="moved">
      <h2 id="moved">{title}</h2>
      <Rows
        lang={lang}
        caption={title}
        rows={moves}
        empty={empty}
        columns={[
          {
            head: eventWords[lang].subject,
            cell: ({ subject, seen }) => <Ref {...{ id: subject, href: hrefOf(seen) }} />,
          },
          {
            head: say.fromState,
            cell: ({ about, from_state: state }) =>
              state === '' ? '–' : <Moved {...{ lang, about, state }} />,
          },
          { head: say.toState, cell: ({ about, to_state: state }) => <Moved {...{ lang, about, state }} /> },
          {
            head: say.why,
            cell: move => <Because {...{ lang, of: move }} />,
          },
        ]}
      />
    </section>
  )
}

interface ReplayParts extends Parts {
  rehearsal: Rehearsal | undefined
  subjects: ReadonlyMap<string, Subject>
}

export function ReplayPage({ lang, person, seen: { row }, rehearsal, subjects, stopped }: ReplayParts) {
  const say = eventWords[lang]
  const refusal = replayRefusal(row)
  return (
    <Frame {...{ lang, person, stopped, here: 'events', title: say.replayTitle }}>
      <p class="headline">
        <State {...{ lang, of: 'event', state: row.state }} />{' '}
        <a class="mono" href={`/console/events/${row.id}`}>
          {row.event_id}
        </a>
      </p>
      {refusal !== undefined && (
        <Notice tone="wait">{refusal === 'dropped' ? say.bodyDropped : say.notSettled}</Notice>
      )}
      {refusal === undefined && !rehearsal && <Notice tone="wait">{say.cannotRehearse}</Notice>}
      {rehearsal && (
        <>
          <p>{say.replayHint}</p>
          <Known
            facts={[
              [say.would, <State {...{ lang, of: 'event', state: rehearsal.state }} />],
              [listWords[lang].why, <Because {...{ lang, of: rehearsal }} />],
            ]}
          />
          <Moves
            {...{ lang, title: say.wouldMove, empty: say.wouldMoveNothing }}
            moves={rehearsal.moves.map(each => ({ ...each, seen: subjects.get(each.subject) }))}
          />
          {rehearsal.postings.length > 0 && (
            <Postings {...{ lang, postings: rehearsal.postings, title: say.wouldPost, linked: false }} />
          )}
        </>
      )}
      {refusal === undefined && (
        <ActForm {...{ lang, person, act: 'event.replay', action: `/console/events/${row.id}/replay` }}>
          <Reason lang={lang} />
          <button>{say.doReplay}</button>
        </ActForm>
      )}
    </Frame>
  )
}
