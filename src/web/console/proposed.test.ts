/**
 * What a proposal keeps of itself, as its page shows it: amounts and times of the page, and a word for each
 * value.
 */
import { describe, expect, test } from 'vitest'
import { shownNowhere } from '../../payout/payout.ts'
import { proposedDetail } from './proposals/words.ts'

describe.each([
  ['a refund', { amount: '60.00', left: '1480.00' }, ['R$ 60,00', 'R$ 1.480,00'], ['R$60.00', 'R$1,480.00']],
  [
    'how a reversal ended',
    { returned: '40.00', before: '0.00' },
    ['R$ 40,00', 'R$ 0,00'],
    ['R$40.00', 'R$0.00'],
  ],
  [
    'a debt that was returned',
    { account: 'main', amount: '40.00', as: 'returned' },
    ['main', 'R$ 40,00', 'devolvida por outro meio'],
    ['main', 'R$40.00', 'returned by other means'],
  ],
  [
    'a statement line',
    { amount: '-R$ 1234.56', description: 'Pix para FULANO', at: '2026-11-29T15:25:12.468Z' },
    ['-R$ 1.234,56', 'Pix para FULANO', '29/11/2026, 12:25:12 BRT'],
    ['-R$1,234.56', 'Pix para FULANO', '11/29/2026, 12:25:12 GMT-3'],
  ],
  [
    'a rule, each amount once',
    {
      text: 'Pix',
      most: 'R$ 3500.00',
      period: 'month',
      mostInPeriod: 'R$ 7000.00',
      mostUnits: '350000',
      periodUnits: '700000',
    },
    ['Pix', 'mês', 'R$ 3.500,00', 'R$ 7.000,00'],
    ['Pix', 'month', 'R$3,500.00', 'R$7,000.00'],
  ],
  [
    'a bitcoin refund',
    { satoshis: '12345', amount: '0.00012345 BTC' },
    ['12345', '0,00012345 BTC'],
    ['12345', '0.00012345 BTC'],
  ],
  [
    'a limit in bitcoin',
    { asset: 'BTC', perHour: '0.50000000', perDay: 'none' },
    ['0,50000000 BTC', 'sem limite'],
    ['0.50000000 BTC', 'no limit'],
  ],
  [
    'a transfer as the bank shows it',
    { verdict: 'not-ours', status: 'success', amount: 'R$ 473.00', paidTo: '20018183 0001 5678' },
    ['não é nossa', 'concluída', 'R$ 473,00', '20018183 0001 5678'],
    ['not ours', 'succeeded', 'R$473.00', '20018183 0001 5678'],
  ],
])('%s', (_, detail, pt, en) => {
  test.each([
    ['Portuguese', 'pt-BR', pt],
    ['English', 'en', en],
  ] as const)('in %s', (_language, lang, values) => {
    const shown = proposedDetail(lang, detail as unknown as Record<string, string>)
    expect(shown.map(([, value]) => value.replaceAll(/\s/g, ' '))).toEqual(values)
  })
})

test('a transfer of which the bank has no trace is said so in either language', () => {
  expect(proposedDetail('pt-BR', { shown: shownNowhere })).toEqual([
    ['o que o banco mostra', expect.stringContaining('nada: nem transferência')],
  ])
  expect(proposedDetail('en', { shown: shownNowhere })).toEqual([
    ['what the bank shows', expect.stringContaining('nothing: no transfer')],
  ])
})
