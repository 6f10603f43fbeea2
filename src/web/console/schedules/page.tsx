/** One schedule: what it says, when it is due, how its slots went, and what may be done about it. */
import { parseCron } from '../../../base/cron.ts'
import { describeCron } from '../../../base/describe.ts'
import type { Judged } from '../../../approvals/approvals.ts'
import { formatDuration } from '../../../base/duration.ts'
import type { Instant, Millis } from '../../../base/world.ts'
import { assetOf, hasPayTerms, isOnChain } from '../../../base/rails.ts'
import { type HeldSlots, type LatestSlot, type ScheduleRow } from '../../../schedule/schedule.ts'
import type { AccountRow, Stop } from '../../../payout/payout.ts'
import { may, type Person } from '../../../people/people.ts'
import type { Transition } from '../../../db/db.ts'
import { amount, type Language } from '../../page/page.ts'
import { Facts, Notice, Time, type Tone } from '../../page/parts.tsx'
import { ActForm, Frame, Reason } from '../frame/frame.tsx'
import { Because, Said } from '../list/parts.tsx'
import { WholeRoster } from '../privacy/parts.tsx'
import { Bars, SlotsTable } from './bars.tsx'
import { pathOf, StateBadge } from './list.tsx'
import { ClockNotes, NextTimes } from './preview.tsx'
import { Steps } from '../frame/steps.tsx'
import { signWords } from '../accounts/signWords.ts'
import { scheduleWords } from './words.ts'

export interface Roster {
  rows: number
  at: Instant
  by: string
  file: string | undefined
}

interface Parts {
  lang: Language
  person: Person
  stopped: Stop | undefined
  now: Millis
  row: ScheduleRow
  account: AccountRow | undefined
  roster: Roster | undefined
  slots: readonly LatestSlot[]
  steps: readonly Transition[]
  /** Late slots that wait for a person's word. */
  held: HeldSlots
  /** Whether it is what its makers stated, and how that was proven. */
  stated: Judged
  why: string | undefined
  railIsThere: boolean
  notice: { tone: Tone; text: string } | undefined
  /** What is wrong with the reason that was sent. */
  fault?: string
}

export function SchedulePage(parts: Parts) {
  const { lang, person, stopped, now, row, slots, steps, railIsThere, notice, stated } = parts
  const say = scheduleWords[lang].one
  const asset = assetOf(row.rail)
  const when = {
    ...{ cron: row.cron, timeZone: row.time_zone },
    ...{ startsAt: row.starts_at ?? undefined, endsAt: row.ends_at ?? undefined },
  }
  return (
    <Frame {...{ lang, person, stopped, here: 'schedules', title: row.name }}>
      {notice && <Notice tone={notice.tone}>{notice.text}</Notice>}
      {stated.is === 'changed' && (
        <Notice tone="bad">
          {say.changed} <Said>{stated.why}</Said>
        </Notice>
      )}
      {!railIsThere && <Notice tone="bad">{say.noRail}</Notice>}
      <CatchUp {...parts} />
      <ScheduleFacts {...parts} />
      <Acts {...parts} />
      <h2>{say.next}</h2>
      {row.state === 'active' ? <NextTimes {...{ lang, now, when }} /> : <p>{scheduleWords[lang].noNext}</p>}
      <ClockNotes {...{ lang, now, when }} />
      <h2>{say.runs}</h2>
      <Bars {...{ lang, slots, asset, zone: row.time_zone }} />
      {slots.length > 0 && <SlotsTable {...{ lang, slots, asset, zone: row.time_zone }} />}
      <h2>{say.history}</h2>
      <Steps {...{ lang, steps, words: say.historyHeads, states: scheduleWords[lang].states }} />
    </Frame>
  )
}

function ScheduleFacts({ lang, person, row, account, roster, why, stated }: Parts) {
  const say = scheduleWords[lang]
  const { one } = say
  const money = (units: bigint) => amount(lang, units, row.currency)
  const asks = `${one.counts(Number(row.count_low), Number(row.count_high))}, ${one.amounts(money(row.units_low), money(row.units_high))}`
  const accountState =
    account?.state === 'awaiting' ? one.awaiting : account?.state === 'closed' ? one.closed : undefined
  return (
    <Facts
      facts={[
        [
          one.facts.state,
          <>
            <StateBadge {...{ lang, state: row.state }} /> {why}
          </>,
        ],
        [one.facts.rail, say.rails[row.rail]],
        [one.facts.when, `${describeCron(parseCron(row.cron), lang).sentence} (${row.cron})`],
        [one.facts.zone, row.time_zone],
        [one.facts.from, row.starts_at && <Time {...{ lang, at: row.starts_at, zone: row.time_zone }} />],
        [one.facts.until, row.ends_at && <Time {...{ lang, at: row.ends_at, zone: row.time_zone }} />],
        [one.facts.asks, row.currency === assetOf(row.rail) ? asks : `${asks}, ${one.priced}`],
        [
          one.facts.payers,
          roster === undefined ? (
            one.madeUp
          ) : (
            <>
              <a href={`${pathOf(row)}/roster.csv`}>{one.roster(roster.rows, roster.file)}</a>,{' '}
              <Time {...{ lang, at: roster.at }} /> {one.by(roster.by)}
              <WholeRoster {...{ lang, person, action: `${pathOf(row)}/roster.csv` }} />
            </>
          ),
        ],
        [one.facts.due, formatDuration(Number(row.due_in_ms))],
        [one.facts.watched, isOnChain(row.rail) ? formatDuration(Number(row.watch_ms)) : undefined],
        [
          one.facts.payTo,
          account && (
            <>
              <a href={`/console/accounts/${encodeURIComponent(account.name)}`}>{account.name}</a>
              {accountState && ` (${accountState})`}
            </>
          ),
        ],
        [one.facts.commission, percent(lang, row.commission_bp)],
        [one.facts.least, amount(lang, row.min_payout_units, assetOf(row.rail))],
        [
          one.facts.late,
          hasPayTerms(row.rail)
            ? one.late(
                percent(lang, row.fine_bp),
                percent(lang, row.interest_bp),
                formatDuration(Number(row.expires_in_ms)),
              )
            : undefined,
        ],
        [one.facts.early, row.discounts],
        [one.facts.catchUp, one.catchUp[row.catch_up]],
        [
          one.facts.version,
          stated.is === 'approved'
            ? `${row.version} (${signWords[lang].proofs[stated.proof]})`
            : `${row.version}`,
        ],
        [
          one.facts.added,
          <>
            <Time {...{ lang, at: row.added_at }} /> {one.by(row.added_by)}
          </>,
        ],
      ]}
    />
  )
}

/** `1,50 %`: basis points, exactly. */
export const percent = (lang: Language, basisPoints: bigint): string => {
  const text = `${basisPoints}E-4` as Intl.StringNumericLiteral
  return new Intl.NumberFormat(lang, { style: 'percent', minimumFractionDigits: 2 }).format(text)
}

function CatchUp({ lang, person, row, held, fault }: Parts) {
  if (held.count === 0) return null
  const say = scheduleWords[lang].one.catchingUp
  const act = 'schedule.catch-up'
  return (
    <section class="card">
      <h2>{say.title}</h2>
      <p>
        {say.told(held.count)} <Time {...{ lang, at: held.first! }} /> –{' '}
        <Time {...{ lang, at: held.last! }} />
      </p>
      {held.why !== null && (
        <p>
          <Because {...{ lang, of: held }} />
        </p>
      )}
      {may(person.role, act) &&
        (['go', 'skip'] as const).map(verb => (
          <ActForm {...{ lang, person, act }} action={`${pathOf(row)}/catch-up/${verb}`}>
            <p>{say[`${verb}Told`]}</p>
            <Reason {...{ lang, ...(fault !== undefined && { fault }) }} />
            <button class={verb === 'skip' ? 'danger' : undefined}>{say[verb]}</button>
          </ActForm>
        ))}
    </section>
  )
}

function Acts({ lang, person, row, fault }: Parts) {
  const say = scheduleWords[lang].one
  const path = pathOf(row)
  const links = [
    may(person.role, 'schedule.edit') && (['edit', say.edit] as const),
    ['dry-run', say.dryRun] as const,
    may(person.role, 'schedule.run') && (['run', say.runNow] as const),
  ].filter(link => link !== false)
  const isActive = row.state === 'active'
  const act = isActive ? 'schedule.pause' : 'schedule.resume'
  return (
    <>
      <h2>{say.acts}</h2>
      <p class="actions">
        {links.map(([name, words]) => (
          <a class="button plain" href={`${path}/${name}`}>
            {words}
          </a>
        ))}
      </p>
      {may(person.role, act) && (
        <section class="card">
          <ActForm {...{ lang, person, act }} action={`${path}/${isActive ? 'pause' : 'resume'}`}>
            <p>{isActive ? say.pauseTold : say.resumeTold}</p>
            <Reason {...{ lang, ...(fault !== undefined && { fault }) }} />
            <button class={isActive ? 'danger' : undefined}>{isActive ? say.pause : say.resume}</button>
          </ActForm>
        </section>
      )}
    </>
  )
}
