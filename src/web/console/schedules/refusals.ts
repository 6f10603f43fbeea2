/** Why an act on a schedule was not done, in the page's words. */
import type { WordsOf } from '../../../base/refusal.ts'
import type { RosterRefusal } from '../../../base/roster.ts'
import type { ScheduleRefusal } from '../../../schedule/schedule.ts'
import type { Both } from '../../page/page.ts'

type Words = WordsOf<Exclude<ScheduleRefusal, RosterRefusal>>

const pt: Words = {
  'schedule-unknown': ({ name }) => `Não há agendamento com o nome ${name}.`,
  'schedule-state': ({ state }) =>
    state === 'active' ? 'O agendamento já está ativo.' : 'O agendamento já está pausado.',
  'schedule-slots-held': () =>
    'O agendamento tem horários que esperam a decisão de uma pessoa: decida-os antes.',
  'schedule-slots-unread': () =>
    'O agendamento tem horários que esperam a leitura das cobranças do banco desde o backup: mude os pagadores depois dela.',
  'schedule-slots-unpriced': () =>
    'O agendamento tem horários que esperam uma cotação: mude os pagadores quando forem emitidos.',
}

const en: Words = {
  'schedule-unknown': ({ name }) => `There is no schedule called ${name}.`,
  'schedule-state': ({ state }) => `The schedule is ${state} already.`,
  'schedule-slots-held': () => 'The schedule has slots that wait for a person: decide them first.',
  'schedule-slots-unread': () =>
    'The schedule has slots that wait until the bank’s invoices since the backup are read: change the payers then.',
  'schedule-slots-unpriced': () =>
    'The schedule has slots that wait for a rate: change the payers when they are issued.',
}

export const scheduleRefusals: Both<Words> = { 'pt-BR': pt, en }
