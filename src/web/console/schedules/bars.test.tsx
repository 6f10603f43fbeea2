/**
 * Pages of schedules that have run for long weigh no more than any page may, and the list shows each of the
 * last slots.
 */
import { renderToString } from 'preact-render-to-string'
import { describe, expect, test } from 'vitest'
import { instant } from '../../../base/world.ts'
import type { LatestSlot, ScheduleRow } from '../../../schedule/schedule.ts'
import type { Person } from '../../../people/people.ts'
import { BarsInBrief } from './bars.tsx'
import { SchedulePage } from './page.tsx'
import { SchedulesPage } from './list.tsx'

const maxBytes = 50_000
const now = Date.UTC(2026, 10, 22, 12)
const states = ['done', 'done', 'done', 'failed', 'missed', 'running'] as const

const slots: LatestSlot[] = Array.from({ length: 30 }, (_, number) => ({
  id: `slo_${String(number).padStart(26, '0')}`,
  dueAt: instant(now - (30 - number) * 3_600_000),
  cause: number % 7 === 0 ? 'manual' : 'cron',
  state: states[number % states.length]!,
  run: {
    id: `run_${String(number).padStart(26, '0')}`,
    startedAt: instant(now - (30 - number) * 3_600_000 + 1_000),
    endedAt: instant(now - (30 - number) * 3_600_000 + 1_000 + number * 700),
    outcome: 'done',
    summary: '12 issued, 0 refused, 0 unsure, in one batch',
  },
  isShort: false,
  tries: 1,
  invoices: 12,
  units: 1_234_567_89n,
}))

const row = {
  ...{
    id: 'sch_00000000000000000000000001',
    name: 'mensalidades-do-colegio',
    rail: 'starkbank',
    currency: 'BRL',
    state: 'active',
  },
  ...{
    cron: '30 9 1,15 * *',
    time_zone: 'America/Sao_Paulo',
    next_at: instant(now),
    starts_at: null,
    ends_at: null,
    roster: null,
  },
  ...{
    version: 1n,
    count_low: 8n,
    count_high: 12n,
    units_low: 2_000n,
    units_high: 100_000n,
    due_in_ms: 86_400_000n,
    watch_ms: null,
  },
  ...{ account_id: 'acc_1', commission_bp: 150n, min_payout_units: 0n, catch_up: 'all', added_by: 'ana' },
  ...{ added_at: instant(now), changed_at: instant(now) },
} as unknown as ScheduleRow
const person = { id: 'usr_1', name: 'ana', role: 'admin', language: 'pt-BR' } as unknown as Person

describe.each(['pt-BR', 'en'] as const)('in %s', lang => {
  test('a list of twenty schedules, each with thirty slots, is a page like any other', () => {
    const schedules = Array.from({ length: 20 }, (_, number) => ({
      row: { ...row, name: `${row.name}-${number}` },
      slots,
      why: undefined,
    }))
    const html = renderToString(
      SchedulesPage({ lang, person, stopped: undefined, now, schedules, query: {}, next: 'more' }),
    )
    expect(html).toContain('mensalidades-do-colegio-19')
    expect(Buffer.byteLength(html)).toBeLessThan(maxBytes)
  })

  test('so is the page of one of them', () => {
    const html = renderToString(
      SchedulePage({
        ...{
          lang,
          person,
          stopped: undefined,
          now,
          row,
          account: undefined,
          roster: undefined,
          slots,
          steps: [],
          stated: { is: 'approved', proof: 'code' },
          held: { count: 0, first: undefined, last: undefined, why: null, reason: null, detail: null },
        },
        ...{ why: undefined, railIsThere: true, notice: undefined },
      }),
    )
    expect(html.match(/<a href="\/console\/runs\/run_\d+" class="slot/g)).toHaveLength(30)
    expect(Buffer.byteLength(html)).toBeLessThan(maxBytes)
  })
})

test('in brief, each slot is a bar and a mark of its state, the newest to the right', () => {
  const html = renderToString(BarsInBrief({ lang: 'en', slots: slots.slice(0, 6) }))
  const marks = [
    ...html.matchAll(/<g class="slot (\w+)"><path d="([^"]*)"><\/path><text x="([^"]*)"[^>]*>([^<]*)</g),
  ].map(([, tone, drawn, places, text]) => [tone, drawn!.match(/M/g)!.length, places, text])
  expect(marks).toEqual([
    ['good', 3, '2 14 26', '✓✓✓'],
    ['bad', 1, '38', '!'],
    ['still', 1, '50', '–'],
    ['wait', 1, '62', '…'],
  ])
  expect(html).toContain('The last 6 slots, the newest last')
})
