/** Why an act on a schedule was not done, as commands say it. */
import { accountKindOf, accountKinds } from '../../base/rails.ts'
import type { WordsOf } from '../../base/refusal.ts'
import type { RosterRefusal } from '../../base/roster.ts'
import type { NewSchedule, ScheduleRefusal, Unfit } from '../../schedule/schedule.ts'

export const scheduleRefusals: WordsOf<Exclude<ScheduleRefusal, RosterRefusal>> = {
  'schedule-unknown': ({ name }) => `there is no schedule "${name}": "repasse schedule list" shows them`,
  'schedule-state': ({ name, state }) => `schedule "${name}" is ${state} already`,
  'schedule-slots-held': ({ name }) =>
    `schedule "${name}" has slots that wait for a person: first "repasse schedule catch-up ${name} --go|--skip --why …"`,
  'schedule-slots-unread': ({ name }) =>
    `schedule "${name}" has slots that fell due and wait until the bank's invoices since the backup are read, which "repasse serve" does: change its payers then`,
  'schedule-slots-unpriced': ({ name }) =>
    `schedule "${name}" has slots that fell due and wait for a rate: change its payers when they are issued`,
}

/** What only the database knows against a rule that was read. */
export function unfitText(why: Unfit, { name, rail, payTo, startsAt, endsAt }: NewSchedule): string {
  const kind = accountKindOf(rail)
  switch (why) {
    case 'ends first':
      return `--ends ${endsAt} is not after --starts ${startsAt}`
    case 'name taken':
      return `--name "${name}" is taken by another schedule: choose another name`
    case 'no account':
      return `--pay-to "${payTo}" is not an account: add it first with "repasse account add --name ${payTo} …"`
    case 'closed account':
      return `--pay-to "${payTo}" is closed: "repasse account list" shows the others`
    case 'other kind':
      return `--pay-to "${payTo}" is a ${accountKinds.find(each => each !== kind)} account, and --rail ${rail} pays to a ${kind} account: "repasse account list" shows them`
  }
}
