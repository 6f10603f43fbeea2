/**
 * One run: why it failed at the top, what it was for, and its log, which grows by itself while the run lasts.
 */
import type { Stop } from '../../../payout/payout.ts'
import type { Person } from '../../../people/people.ts'
import type { Language } from '../../page/page.ts'
import { Notice, Time } from '../../page/parts.tsx'
import { tame } from '../../../queries/eventText.ts'
import { Frame } from '../frame/frame.tsx'
import { pathTo } from '../links.ts'
import { Known, Mono, Ref, Said, State } from '../list/parts.tsx'
import { shownOutcome, levels, type Level, type Line, type ShownRun } from '../../../queries/runs.ts'
import { runWords } from './words.ts'

interface Parts {
  lang: Language
  person: Person
  seen: ShownRun
  level: Level
  stopped: Stop | undefined
}

export function RunPage({ lang, person, seen, level, stopped }: Parts) {
  const say = runWords[lang]
  const { row, slot } = seen
  return (
    <Frame
      {...{
        lang,
        person,
        stopped,
        here: 'runs',
        title: `${say.one} ${row.job}`,
        scripts: row.outcome === null ? ['consoleTail.js'] : [],
      }}
    >
      {row.outcome === 'failed' && (
        <Notice tone="bad">
          <strong>{say.failed}:</strong> <Said>{tame(row.summary ?? '')}</Said>
        </Notice>
      )}
      {row.outcome === 'lost' && <Notice tone="bad">{say.lost}</Notice>}
      <p class="headline">
        <State {...{ lang, of: 'run', state: shownOutcome(row) }} /> <Mono>{row.id}</Mono>
      </p>
      <Known
        facts={[
          [say.summary, row.summary && <Said>{tame(row.summary)}</Said>],
          [say.started, <Time lang={lang} at={row.started_at} />],
          [say.ended, row.ended_at !== null && <Time lang={lang} at={row.ended_at} />],
          [say.worker, <Mono>{row.worker}</Mono>],
          [say.schedule, slot && <a href={pathTo('schedule', slot.schedule)}>{slot.schedule}</a>],
          [
            say.slot,
            slot && (
              <>
                <Ref {...{ id: slot.id, href: pathTo('slot', slot.id) }} /> {say.slotDue}{' '}
                <Time lang={lang} at={slot.due_at} />
              </>
            ),
          ],
          [say.slotState, slot && say.slotStates[slot.state]],
        ]}
      />
      {slot && (
        <p class="actions">
          <a class="button plain" href={pathTo('slot', slot.id)}>
            {say.invoices}
          </a>
          <a class="button plain" href={`/console/runs?slot=${slot.id}`}>
            {say.slotRuns}
          </a>
        </p>
      )}
      <Log {...{ lang, seen, level }} />
    </Frame>
  )
}

function Log({ lang, seen: { row, lines, last, cut }, level }: Pick<Parts, 'lang' | 'seen' | 'level'>) {
  const say = runWords[lang]
  const path = `/console/runs/${row.id}`
  const lasts = row.outcome === null
  return (
    <section aria-labelledby="log">
      <h2 id="log">{say.log}</h2>
      <nav class="bar plain" aria-label={say.level}>
        {levels.map(each => (
          <a
            href={each === 'all' ? path : `${path}?level=${each}`}
            aria-current={each === level ? 'true' : undefined}
          >
            {say.levels[each]}
          </a>
        ))}
      </nav>
      {cut && <p class="quiet">{say.cut}</p>}
      <p class="quiet" id="log-empty" hidden={lines.length > 0}>
        {say.noLines}
      </p>
      <div
        class="log"
        tabIndex={0}
        role={lasts ? 'log' : 'region'}
        aria-labelledby="log"
        {...(lasts && { 'data-tail': `${path}/tail?level=${level}&after=${last}` })}
      >
        <ol>
          {lines.map(line => (
            <LogLine {...{ lang, line }} />
          ))}
        </ol>
      </div>
      {lasts && (
        <p class="quiet" id="log-state" data-ended={say.ended2}>
          <noscript>{say.reload}</noscript>
          <span hidden>{say.following}</span>
        </p>
      )}
      <p class="actions">
        <a class="button plain" href={`${path}/log.ndjson`}>
          {say.download}
        </a>
      </p>
    </section>
  )
}

export const LogLine = ({ lang, line: { level, time, msg, fields } }: { lang: Language; line: Line }) => (
  <li class={`line ${['warn', 'error'].includes(level) ? level : ''}`.trim()}>
    {time !== '' && <Time lang={lang} at={time} />} <strong>{level}</strong> <Said>{tame(msg)}</Said>{' '}
    <span class="quiet" lang="en">
      {tame(fields)}
    </span>
  </li>
)
