/** Cron expressions as people read them, in both languages, held against what they are really due at. */
import { expect, test } from 'vitest'
import { parseCron, slotsBetween } from './cron.ts'
import { describeCron } from './describe.ts'

test.each([
  ['0 9 * * *', 'Às 09:00', 'At 09:00', []],
  ['@daily', 'Às 00:00', 'At 00:00', []],
  ['0 9 * * 1-5', 'Às 09:00, de segunda-feira a sexta-feira', 'At 09:00, Monday through Friday', []],
  ['0 */3 * * *', 'Na hora certa, a cada 3 horas', 'On the hour, every 3 hours', []],
  ['0 */5 * * *', 'Na hora certa, a cada 5 horas', 'On the hour, every 5 hours', ['steps']],
  ['0 9 31 * *', 'Às 09:00, no dia 31 do mês', 'At 09:00, on day 31 of the month', ['short months']],
  [
    '0 9 29-31 * *',
    'Às 09:00, entre os dias 29 e 31 do mês',
    'At 09:00, between day 29 and 31 of the month',
    ['short months'],
  ],
  ['0 9 28,31 * *', 'Às 09:00, no dia 28 e 31 do mês', 'At 09:00, on day 28 and 31 of the month', []],
  ['0 9 L * *', 'Às 09:00, no último dia do mês', 'At 09:00, on the last day of the month', []],
  [
    '0 9 31,L * *',
    'Às 09:00, no dia 31 do mês e no último dia do mês',
    'At 09:00, on day 31 of the month and on the last day of the month',
    [],
  ],
  [
    '0 9 30W * *',
    'Às 09:00, no dia útil mais próximo do dia 30',
    'At 09:00, on the bank day nearest to day 30',
    ['short months'],
  ],
  [
    '0 9 1,LW 6 *',
    'Às 09:00, somente em junho, no dia 1 do mês e no último dia útil do mês',
    'At 09:00, only in June, on day 1 of the month and on the last bank day of the month',
    [],
  ],
  [
    '0 0 13 * 5',
    'Às 00:00, no dia 13 do mês ou a cada sexta-feira: basta um dos dois',
    'At 00:00, on day 13 of the month or every Friday: either one suffices',
    ['either'],
  ],
  [
    '30 8 1-3,15 6 mon,sun',
    'Às 08:30, somente em junho, nos dias 1 a 3 e 15 do mês ou a cada segunda-feira e domingo: basta um dos dois',
    'At 08:30, only in June, on days 1 to 3 and 15 of the month or every Monday and Sunday: either one suffices',
    ['either'],
  ],
  [
    '0 0 */10 * 1,5',
    'Às 00:00, nos dias 1, 11, 21 e 31 do mês, e só quando caem em segunda-feira ou sexta-feira',
    'At 00:00, on days 1, 11, 21, and 31 of the month, and only where they fall on Monday or Friday',
    ['both'],
  ],
])('%s', (text, pt, en, warnings) => {
  const cron = parseCron(text)
  expect(describeCron(cron, 'pt-BR')).toEqual({ sentence: pt, warnings })
  expect(describeCron(cron, 'en')).toEqual({ sentence: en, warnings })
})

test.each([
  ['0 0 13 * 5', 'either'],
  ['0 0 */13 * 5', 'both'],
])('what is said of both day fields is what %s is due at', (text, said) => {
  const cron = parseCron(text)
  expect(describeCron(cron, 'en').warnings).toEqual([said])
  const days = slotsBetween(cron, 'UTC', Date.UTC(2026, 0), Date.UTC(2028, 0), 1_000).map(at => new Date(at))
  const holds = days.map(day => [cron.days.has(day.getUTCDate()), cron.weekdays.has(day.getUTCDay())])
  expect(holds.every(([date, weekday]) => (said === 'both' ? date && weekday : date || weekday))).toBe(true)
  expect(holds.some(([date, weekday]) => date && weekday)).toBe(true)
  expect(holds.some(([date, weekday]) => date !== weekday)).toBe(said === 'either')
})
