/**
 * The preview of when a schedule is due: the sentence, the next times in three ways of telling, and what
 * clock changes do to it.
 */
import { parseCron, slotsBetween } from '../../../base/cron.ts'
import { describeCron } from '../../../base/describe.ts'
import { clockChanges, type ClockChange } from '../../../base/describeClock.ts'
import { instant, millis, type Millis } from '../../../base/world.ts'
import { instantToLocal, type Wall } from '../../../base/zone.ts'
import { nextDue } from '../../../schedule/schedule.ts'
import { relative, type Language } from '../../page/page.ts'
import { Notice } from '../../page/parts.tsx'
import type { When } from './when.ts'
import { scheduleFormWords } from './formWords.ts'

const shown = 5
const maxCounted = 1_000
/** Thirteen months: a year's changes, wherever in it one stands. */
const aheadMs = 400 * 86_400_000

interface Parts {
  lang: Language
  now: Millis
  /** Undefined while the fields cannot be read. */
  when: When | undefined
}

/** A part of a page, and by itself what the page's module puts in its place while somebody types. */
export function Preview({ lang, now, when }: Parts) {
  const say = scheduleFormWords[lang].previewed
  return (
    <section id="preview" class="card preview" aria-live="polite" aria-label={say.title}>
      <h2>{say.title}</h2>
      {when === undefined ? <p class="quiet">{say.waits}</p> : <Whole {...{ lang, now, when }} />}
    </section>
  )
}

function Whole({ lang, now, when }: Parts & { when: When }) {
  const say = scheduleFormWords[lang].previewed
  const cron = parseCron(when.cron)
  const { sentence, warnings } = describeCron(cron, lang)
  const total = when.endsAt === undefined ? undefined : countIn(when, now, when.endsAt)
  return (
    <>
      <p>
        <strong>{sentence}</strong> <span class="quiet">({when.timeZone})</span>
      </p>
      {warnings.map(warning => (
        <Notice tone="wait">{say.warnings[warning]}</Notice>
      ))}
      <NextTimes {...{ lang, now, when }} />
      {total !== undefined && total > 0 && <p>{total > maxCounted ? say.manyInAll : say.inAll(total)}</p>}
      <ClockNotes {...{ lang, now, when }} />
    </>
  )
}

/** The next times as a table; also the page of one schedule shows it. */
export function NextTimes({ lang, now, when, count = shown }: Parts & { when: When; count?: number }) {
  const say = scheduleFormWords[lang].previewed
  const window = {
    cron: when.cron,
    time_zone: when.timeZone,
    starts_at: when.startsAt ?? null,
    ends_at: when.endsAt ?? null,
  }
  const due = nextDue(window, instant(now), count)
  if (due.length === 0) return <Notice tone="wait">{say.none}</Notice>
  return (
    <table class="cards">
      <caption>{say.caption}</caption>
      <thead>
        <tr>
          <th scope="col">
            {say.heads.local} ({when.timeZone})
          </th>
          <th scope="col">{say.heads.utc}</th>
          <th scope="col">{say.heads.relative}</th>
        </tr>
      </thead>
      <tbody>
        {due.map(({ at }) => (
          <tr>
            <th scope="row" data-label={say.heads.local}>
              <time dateTime={instant(at)}>{localTold(lang, at, when.timeZone)}</time>
            </th>
            <td data-label={say.heads.utc}>{instant(at).slice(0, 16).replace('T', ' ')}</td>
            <td data-label={say.heads.relative}>{relative(lang, instant(at), now)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function countIn({ cron, timeZone, startsAt }: When, now: Millis, endsAt: string): number {
  const from = startsAt && millis(startsAt) > now ? millis(startsAt) - 1 : now
  return slotsBetween(parseCron(cron), timeZone, from, millis(endsAt) - 1, maxCounted + 1).length
}

/** What the clock's own changes do within thirteen months of the window. */
export function ClockNotes({ lang, now, when }: Parts & { when: When }) {
  const say = scheduleFormWords[lang].previewed
  const from = when.startsAt && millis(when.startsAt) > now ? millis(when.startsAt) : now
  const until = Math.min(from + aheadMs, when.endsAt ? millis(when.endsAt) : Infinity)
  const changes = clockChanges(parseCron(when.cron), when.timeZone, from, until)
  return (
    <>
      <h3>{say.clock}</h3>
      {changes.length === 0 ? (
        <p class="quiet">{say.clockNone(when.timeZone)}</p>
      ) : (
        <ul>
          {changes.map(change => (
            <li>{noteOf(change, lang)}</li>
          ))}
        </ul>
      )}
    </>
  )
}

/** One change in words. */
export function noteOf({ is, from, until, due, alsoAfter, restMs }: ClockChange, lang: Language): string {
  const say = scheduleFormWords[lang].previewed
  const day = new Intl.DateTimeFormat(lang, { dateStyle: 'long', timeZone: 'UTC' }).format(from)
  const [first, low, high] = [due[0], hour(from), hour(until)]
  if (first === undefined) return say.clockCalm(day)
  if (is === 'gap') {
    const told =
      due.length === 1 ? say.gapOne(day, low, high, hour(first)) : say.gapMany(day, low, high, due.length)
    return alsoAfter ? `${told} ${say.gapMerged(high)}` : told
  }
  const told =
    due.length === 1
      ? say.overlapOne(day, low, high, hour(first))
      : say.overlapMany(day, low, high, due.length)
  if (restMs === undefined || due.length === 1) return told
  const minutes = Math.round(restMs / 60_000)
  return `${told} ${say.rest(say.hours(Math.floor(minutes / 60), minutes % 60))}`
}

const hour = (wall: Wall) => new Date(wall).toISOString().slice(11, 16)

/** `sáb., 21/11/2026 09:00 -03:00`: the offset is told, for on two days of a year it decides. */
function localTold(lang: Language, at: Millis, zone: string): string {
  const day = new Intl.DateTimeFormat(lang, {
    weekday: 'short',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    timeZone: zone,
  }).format(at)
  const [, time, offset] = /^\S+ (\d\d:\d\d):\d\d(.+)$/.exec(instantToLocal(at, zone)) ?? []
  return `${day} ${time} (${offset})`
}
