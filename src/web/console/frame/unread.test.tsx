/** What payouts wait for after a restore or an absence is said in the page's language, with its own times. */
import { renderToString } from 'preact-render-to-string'
import { expect, test } from 'vitest'
import { unreadSentence, type Unread } from '../../../payout/payout.ts'
import { UnreadWhy } from './unread.tsx'

const missing: [title: string, Unread, pt: string, en: string, command: RegExp][] = [
  [
    'a bank that was read before',
    { rail: 'starkbank', code: 'not-read', readAt: '2026-11-29T20:20:43.025Z' },
    'Última leitura completa: 29/11/2026, 17:20:43 BRT.',
    'Last read to the end: 11/29/2026, 17:20:43 GMT-3.',
    /^payouts wait until the bank's logs .* at 2026-11-29T20:20:43.025Z/,
  ],
  [
    'a bank that was never read',
    { rail: 'starkbank', code: 'not-read', readAt: undefined },
    'Ainda não houve leitura',
    'never read to the end',
    /read to their end never/,
  ],
  [
    'one event of the bank left',
    { rail: 'starkbank', code: 'unsettled', events: 1n },
    'falta 1.',
    '1 left.',
    /1 of the events they told is not settled yet$/,
  ],
  [
    'two payouts whose invoices the bank does not list',
    { rail: 'starkbank', code: 'unlisted', payouts: 2n },
    'faltam 2.',
    '2 left.',
    /^2 payouts wait until the bank's log of each one's invoice is read/,
  ],
  [
    'a chain read up to a block',
    { rail: 'bitcoin', code: 'not-read', tip: 168n, trouble: undefined },
    'Lida até o bloco 168;',
    'read up to block 168;',
    /^Bitcoin payouts wait after the restore .* up to block 168,/,
  ],
  [
    'a chain of which no block is read',
    { rail: 'bitcoin', code: 'not-read', tip: null, trouble: undefined },
    'Nenhum bloco',
    'No block',
    /up to block none/,
  ],
  [
    'three events of the chain left',
    { rail: 'bitcoin', code: 'unsettled', events: 3n },
    'faltam 3.',
    '3 left.',
    /3 of its events are not settled yet$/,
  ],
]

test.each(missing)('%s', (_, unread, pt, en, command) => {
  const shown = (lang: 'pt-BR' | 'en') =>
    renderToString(<UnreadWhy {...{ lang, unread }} />).replaceAll(/<[^>]+>/g, '')
  expect(shown('pt-BR')).toContain(pt)
  expect(shown('en')).toContain(en)
  // The command's own words, which name commands and write times as programs do, stay out of the page.
  expect(unreadSentence(unread)).toMatch(command)
  expect(shown('pt-BR') + shown('en')).not.toMatch(/repasse serve|\dT\d/)
})
