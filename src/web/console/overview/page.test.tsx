/**
 * What needs attention, line by line: amounts, times and acts are those of the page, and every reason of a
 * stop is listed.
 */
import { renderToString } from 'preact-render-to-string'
import { expect, test } from 'vitest'
import { systemClock } from '../../../base/clock.ts'
import type { Person } from '../../../people/people.ts'
import { askOf, grouped, type AttentionItem } from '../../../queries/attention.ts'
import type { Language } from '../../page/page.ts'
import { OverviewPage } from './page.tsx'
import type { Overview } from './read.ts'

const at = '2026-11-29T20:20:43.025Z'
const person = { name: 'ana', role: 'maker', csrf: 'x' } as Person

function linesOf(
  lang: Language,
  ask: Partial<AttentionItem> & Pick<AttentionItem, 'kind'>,
  stops: Overview['stops'] = [],
): string[] {
  const asks = grouped([{ ...askOf(ask.kind, ''), ...ask }]).map(group => ({
    ...{ ...group, href: undefined },
    asks: group.asks.map(each => ({ ...each, href: undefined })),
  }))
  const seen: Overview = { stopped: stops[0], stops, next: [], asks, books: [], failed: [] }
  const html = renderToString(
    <OverviewPage
      {...{ lang, person, seen, counted: { is: 'counting', upTo: undefined }, clock: systemClock }}
    />,
  )
  const list = /<ul class="rows">(.*?)<\/ul>/s.exec(html)![1]!
  return [...list.matchAll(/<li(?: class="bad")?>(.*?)<\/li>/gs)].map(([, line]) =>
    line!
      // Beside the sentence stands how long ago that is, which the clock of this test does not hold still.
      .replaceAll(/<time class="beside".*?<\/time>/gs, '')
      .replaceAll(/<[^>]+>/g, '')
      .replaceAll(/\s+/g, ' ')
      .trim(),
  )
}

test.each<[string, Partial<AttentionItem> & Pick<AttentionItem, 'kind'>, pt: string, en: string]>([
  [
    'a rail that is silent says since when',
    { kind: 'rail silent', of: 'starkbank', since: at, why: 'no route' },
    'Pix (Stark Bank) não responde desde 29/11/2026, 17:20:43 BRT, então nada anda por lá: no route',
    'Pix (Stark Bank) has not answered since 11/29/2026, 17:20:43 GMT-3, so nothing moves there: no route',
  ],
  [
    'money that left is said without a sign',
    { kind: 'line out', id: '1001', of: 'Pix', units: -123_456n },
    'A linha do extrato 1001 é de R$ 1.234,56 que saíram do banco sem ordem nossa (Pix): os repasses estão parados.',
    'Statement line 1001 is of R$1,234.56 that left the bank by no order of ours (Pix): payouts are stopped.',
  ],
  [
    'a bundle says since when it has not moved',
    { kind: 'bundle slow', id: 'bun_1', of: 'sent', why: at },
    'O pacote bun_1 está parado desde 29/11/2026, 17:20:43 BRT, e ninguém diz por quê.',
    'The bundle bun_1 has not moved since 11/29/2026, 17:20:43 GMT-3, and nothing says why.',
  ],
  [
    'slots that wait say since when',
    { kind: 'catch-up waits', id: 'clube', of: at, number: 7n, why: 'more than usual' },
    'O agendamento clube tem disparos (7, desde 29/11/2026, 17:20:43 BRT) que esperam a decisão de uma pessoa: more than usual',
    'Schedule clube has slots (7, since 11/29/2026, 17:20:43 GMT-3) that wait for a person: more than usual',
  ],
  [
    'a reason of ours is said in the language of the page',
    {
      ...{ kind: 'event quarantined', id: '9001', number: 7n, why: 'it cannot be read as an event' },
      because: { reason: 'unreadable', detail: null },
    },
    'O evento 9001 está em quarentena: não pode ser lido como evento',
    'The event 9001 is quarantined: it cannot be read as an event',
  ],
  [
    'a proposal names its act and what it is about',
    { kind: 'proposal open', id: 'pro_1', of: 'limits.set', why: 'installation BRL' },
    'A proposta pro_1 espera uma segunda pessoa: mudar os limites de repasse (toda a instalação, em reais).',
    'The proposal pro_1 awaits a second person: change the limits of payouts (the whole installation, in reais).',
  ],
])('%s', (_, ask, pt, en) => {
  expect([linesOf('pt-BR', ask), linesOf('en', ask)]).toEqual([[pt], [en]])
})

test('payouts that are stopped for several reasons list them all', () => {
  const stops: Overview['stops'] = [
    { code: 'bank', why: 'R$ 5.00 left', reason: null, detail: null },
    {
      ...{ code: 'hold', why: 'ana: a police request', reason: 'stopped-by-person' },
      detail: JSON.stringify({ by: 'ana', said: 'a police request' }),
    },
  ]
  expect(linesOf('en', { kind: 'foreign events' }, stops).slice(0, 2)).toEqual([
    'Payouts are stopped: The bank does not agree with the books: money left by no order of ours, or the balance differs. R$ 5.00 left',
    'Payouts are stopped: ana: a police request',
  ])
  expect(linesOf('pt-BR', { kind: 'foreign events' }, stops)[1]).toMatch(/: ana: “a police request”$/)
})
