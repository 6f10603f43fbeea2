/** The list of schedules: how each stands, when it is due next, and how its last slots went. */
import type { Stop } from '../../../payout/payout.ts'
import { parseCron } from '../../../base/cron.ts'
import { describeCron } from '../../../base/describe.ts'
import { instant, type Millis } from '../../../base/world.ts'
import { nextDue, type ScheduleRow } from '../../../schedule/schedule.ts'
import type { ListedSchedule } from '../../../queries/schedules.ts'
import { may, type Person } from '../../../people/people.ts'
import { relative, type Language } from '../../page/page.ts'
import { Badge, Time } from '../../page/parts.tsx'
import { Frame, Pages } from '../frame/frame.tsx'
import { BarsInBrief } from './bars.tsx'
import { scheduleWords } from './words.ts'

interface Parts {
  lang: Language
  person: Person
  stopped: Stop | undefined
  now: Millis
  schedules: readonly ListedSchedule[]
  query: Record<string, string>
  next: string | undefined
}

/** Names that are pages too are reached by their id. */
export const pathOf = ({ id, name }: Pick<ScheduleRow, 'id' | 'name'>): string =>
  `/console/schedules/${['new', 'preview'].includes(name) ? id : encodeURIComponent(name)}`

export function SchedulesPage({ lang, person, stopped, now, schedules, query, next }: Parts) {
  const say = scheduleWords[lang]
  const mayAdd = may(person.role, 'schedule.add')
  const add = (
    <p class="actions">
      <a class="button" href="/console/schedules/new">
        {say.add}
      </a>
    </p>
  )
  return (
    <Frame {...{ lang, person, stopped, here: 'schedules', title: say.title }}>
      {schedules.length === 0 && <p>{mayAdd ? say.none : say.noneViewer}</p>}
      {mayAdd && add}
      {schedules.length > 0 && (
        <table class="cards schedules">
          <caption>{say.caption}</caption>
          <thead>
            <tr>
              {[say.heads.name, say.heads.state, say.heads.next, say.heads.runs].map(head => (
                <th scope="col">{head}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {schedules.map(schedule => (
              <Line {...{ lang, now, schedule }} />
            ))}
          </tbody>
        </table>
      )}
      <Pages {...{ lang, path: '/console/schedules', query, next }} />
    </Frame>
  )
}

function Line({
  lang,
  now,
  schedule: { row, slots, why },
}: {
  lang: Language
  now: Millis
  schedule: ListedSchedule
}) {
  const say = scheduleWords[lang]
  const due = row.state === 'active' ? nextDue(row, instant(now), 2) : []
  return (
    <tr>
      <th scope="row" data-label={say.heads.name}>
        <span>
          <a href={pathOf(row)}>{row.name}</a>
          <br />
          <span class="quiet">
            {say.rails[row.rail]} · {describeCron(parseCron(row.cron), lang).sentence} ({row.time_zone})
          </span>
        </span>
      </th>
      <td data-label={say.heads.state}>
        <span>
          <StateBadge {...{ lang, state: row.state }} />{' '}
          {why !== undefined && <span class="quiet">{why}</span>}
        </span>
      </td>
      <td data-label={say.heads.next}>
        <span>
          {due.length === 0
            ? say.noNext
            : due.map(({ at }) => (
                <span class="due">
                  <Time {...{ lang, at: instant(at), zone: row.time_zone }} />{' '}
                  <span class="quiet">{relative(lang, instant(at), now)}</span>
                </span>
              ))}
        </span>
      </td>
      <td data-label={say.heads.runs}>
        <BarsInBrief {...{ lang, slots }} />
      </td>
    </tr>
  )
}

export const StateBadge = ({ lang, state }: { lang: Language; state: ScheduleRow['state'] }) => (
  <Badge tone={state === 'active' ? 'good' : 'wait'}>{scheduleWords[lang].states[state]}</Badge>
)
