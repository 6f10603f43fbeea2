/**
 * `repasse schedule`: when to ask, whom, for how much, and where it is paid on. Running one now is in
 * `run-now.ts`.
 */
import { some } from '../../base/text.ts'
import type { Command } from 'commander'
import { BadInput } from '../../base/answer.ts'
import { formatDuration } from '../../base/duration.ts'
import { percentText } from '../../base/payTerms.ts'
import { instant, millis } from '../../base/world.ts'
import { hasPayTerms, isOnChain } from '../../base/rails.ts'
import type { ScheduleRow } from '../../schedule/schedule.ts'
import type { Base } from '../../app.ts'
import { countFlag, personFlag, textFlag } from '../flags.ts'
import { example, historyJson, historyTable, json, sheet, table, formatMoney } from '../print.ts'
import { payersCommand, rosterCommand } from '../payers.ts'
import { runCommand } from './runNow.ts'
import { addCommand, skippedMonths } from './add.ts'
import { done, inBase, operator } from '../shell.ts'
import type { Shell } from '../context.ts'
import { payoutAsset, scheduleJson, watchOf } from '../../queries/json/schedules.ts'

export function scheduleCommands(repasse: Command, shell: Shell): void {
  const schedule = repasse
    .command('schedule')
    .description('schedules: when invoices are issued, and to whom')
    .addHelpText('after', example('schedule list'))
  addCommand(schedule, shell)

  schedule
    .command('list')
    .description('every schedule')
    .option('--json', 'as JSON')
    .addHelpText('after', example('schedule list --json'))
    .action(({ json: asJson }: { json?: true }) =>
      inBase(shell, async base => {
        const { listSchedules } = await import('../../schedule/schedule.ts')
        const rows = await listSchedules(base.db)
        const names = await accountNames(base)
        const line = (row: ScheduleRow) => [
          row.name,
          row.state,
          row.rail,
          row.cron,
          row.time_zone,
          row.next_at ?? 'none',
          sizeOf(row),
          names.get(row.account_id) ?? '',
        ]
        await shell.out(
          asJson
            ? json(rows.map(row => scheduleJson(row, names)))
            : table(
                ['NAME', 'STATE', 'RAIL', 'CRON', 'ZONE', 'NEXT (UTC)', 'ASKS FOR', 'PAY TO'],
                rows.map(line),
              ),
        )
      }),
    )

  schedule
    .command('show')
    .description('one schedule, its last slots and its history')
    .argument('<name>', 'the schedule')
    .option('--json', 'as JSON')
    .addHelpText('after', example('schedule show trial'))
    .action((name: string, { json: asJson }: { json?: true }) =>
      inBase(shell, async base => {
        const [{ scheduleCalled, rosterOrigin }, { showSlots }] = await Promise.all([
          import('../../schedule/schedule.ts'),
          import('../../queries/schedules.ts'),
        ])
        const { schedule: row } = await done(await scheduleCalled(base.db, name))
        const { slots, steps } = await showSlots(base.db, row)
        const names = await accountNames(base)
        const roster =
          row.roster === null ? null : { rows: Number(row.count_low), ...(await rosterOrigin(base.db, row)) }
        if (asJson) {
          const seen = slots.map(slot => ({
            id: slot.id,
            dueAt: slot.due_at,
            cause: slot.cause,
            state: slot.state,
            invoices: Number(slot.invoices),
            notIssued: Number(slot.open),
          }))
          return shell.out(
            json({ ...scheduleJson(row, names), roster, slots: seen, history: historyJson(steps) }),
          )
        }
        const slotTable = table(
          ['SLOT', 'DUE (UTC)', 'CAUSE', 'STATE', '>INVOICES'],
          slots.map(slot => [
            ...[
              slot.id,
              slot.due_at,
              slot.cause,
              slot.state === 'done' && slot.open > 0n ? `done, ${slot.open} not issued` : slot.state,
            ],
            `${slot.invoices}`,
          ]),
        )
        await shell.out(
          `${sheet(sheetOf(row, names, roster, await skippedMonths(row.cron)))}\n${slots.length === 0 ? 'no slot yet\n' : slotTable}\n${historyTable(steps)}`,
        )
      }),
    )

  payersCommand(schedule, shell)
  rosterCommand(schedule, shell)
  stateCommand(
    schedule,
    shell,
    'pause',
    'paused',
    'stops a schedule: what falls due meanwhile is not caught up',
  )
  stateCommand(schedule, shell, 'resume', 'active', 'lets a paused schedule go on')

  catchUpCommand(schedule, shell)

  schedule
    .command('next')
    .description(
      'the next times it is due, in its own zone and in UTC, with what daylight saving does to them',
    )
    .argument('<name>', 'the schedule')
    .option('--count <n>', 'how many', countFlag(1000)('--count'), 10)
    .option('--json', 'as JSON')
    .addHelpText('after', example('schedule next trial --count 10'))
    .action((name: string, { count, json: asJson }: { count: number; json?: true }) =>
      inBase(shell, async ({ db, world }) => {
        const { nextDue, scheduleCalled } = await import('../../schedule/schedule.ts')
        const { schedule: row } = await done(await scheduleCalled(db, name))
        const due = nextDue(row, instant(world.clock.now()), count).map(({ at, local, note, skipped }) => ({
          local,
          utc: instant(at),
          note:
            note &&
            (skipped === undefined
              ? notes[note]
              : `the clock skips ${skipped} times that were due: all are this one, the first instant after them`),
        }))
        if (row.state === 'paused')
          shell.err(
            `schedule ${row.name} is paused: none of these is issued until "repasse schedule resume ${row.name}"\n`,
          )
        const skips = await skippedMonths(row.cron)
        if (skips !== undefined) shell.err(skips)
        if (due.length < count)
          shell.err(
            `${due.length === 0 ? 'nothing more is due' : 'nothing is due after these'}: ${endOf(row, world.clock.now())}\n`,
          )
        if (asJson || due.length > 0)
          await shell.out(
            asJson
              ? json(due)
              : table(
                  [row.time_zone, 'UTC', 'NOTE'],
                  due.map(({ local, utc, note }) => [local, utc, note ?? '']),
                ),
          )
      }),
    )

  runCommand(schedule, shell)
}

const endOf = (row: ScheduleRow, now: number): string =>
  row.ends_at === null
    ? `${row.cron} does not come again`
    : `its window ${millis(row.ends_at) <= now ? 'was over' : 'is over'} at ${row.ends_at}, --ends`

const notes = {
  gap: 'the clock skips a time that was due: this is the first instant after it',
  overlap: 'the clock shows this time twice: only the first counts',
} as const

function stateCommand(
  schedule: Command,
  shell: Shell,
  verb: 'pause' | 'resume',
  to: 'active' | 'paused',
  says: string,
): void {
  schedule
    .command(verb)
    .description(says)
    .argument('<name>', 'the schedule')
    .option('--why <words>', 'the reason, for the audit log', textFlag('--why'))
    .option('--by <person>', 'who does it (default: the user of this system)', personFlag('--by'))
    .addHelpText('after', example(`schedule ${verb} trial --why "bank holiday"`))
    .action((name: string, { why = 'no reason given', by = operator() }: { why?: string; by?: string }) =>
      inBase(shell, async ({ db }) => {
        const { setScheduleState } = await import('../../schedule/schedule.ts')
        const { schedule: row } = await done(await setScheduleState(db, name, to, by, why))
        await shell.out(
          `schedule ${row.name} is ${row.state}${row.state === 'active' ? `; next: ${row.next_at ?? 'none'}` : ''}\n`,
        )
      }),
    )
}

function catchUpCommand(schedule: Command, shell: Shell): void {
  schedule
    .command('catch-up')
    .description(
      'decides about slots that wait for a person: more than usual fell due while nothing was running, or a restore came between',
    )
    .argument('<name>', 'the schedule')
    .addOption(schedule.createOption('--go', 'runs them all, as they fell due').conflicts('skip'))
    .option('--skip', 'runs none of them: they are kept as missed')
    .requiredOption('--why <words>', 'the reason, for the audit log', textFlag('--why'))
    .option('--by <person>', 'who decides it (default: the user of this system)', personFlag('--by'))
    .addHelpText('after', example('schedule catch-up trial --skip --why "billed by hand"'))
    .action(
      (
        name: string,
        { go, skip, why, by = operator() }: { go?: true; skip?: true; why: string; by?: string },
      ) =>
        inBase(shell, async ({ db }) => {
          const { decideCatchUp } = await import('../../schedule/schedule.ts')
          if (!go && !skip)
            throw new BadInput('--go or --skip is missing: one of them says what becomes of the slots')
          const { count } = await done(await decideCatchUp(db, name, go ? 'go' : 'skip', by, why))
          if (count === 0) throw new BadInput(`schedule "${name}" has no slots that wait for a person`)
          const [them, are] = count === 1 ? ['it', 'is'] : ['them', 'are']
          const fate = go ? `may run: "repasse serve" runs ${them}` : `${are} kept as missed`
          await shell.out(`${some(count, 'slot')} of schedule ${name} ${fate}\n`)
        }),
    )
}

async function accountNames({ db }: Base): Promise<Map<string, string>> {
  const { listAccounts } = await import('../../payout/payout.ts')
  return new Map((await listAccounts(db)).map(({ id, name }) => [id, name]))
}

const span = (low: string, high: string) => (low === high ? low : `${low}..${high}`)
const sizeOf = (row: ScheduleRow) =>
  `${span(`${row.count_low}`, `${row.count_high}`)} × ${span(formatMoney(row.units_low, row.currency), formatMoney(row.units_high, row.currency))}`

const pricedOf = ({ rail, currency }: ScheduleRow) =>
  !isOnChain(rail) ? '' : currency === 'BRL' ? ', priced in satoshis when it is asked for' : ', in bitcoin'

type Roster = { rows: number; at: string; by: string; file: string | undefined }

const sheetOf = (
  row: ScheduleRow,
  names: Map<string, string>,
  roster: Roster | null,
  skips: string | undefined,
): [string, string | null | undefined][] => [
  ['schedule', `${row.name} (${row.id})`],
  ['state', row.state],
  ['rail', row.rail],
  ['when', `${row.cron} in ${row.time_zone}`],
  ['months', skips?.trim()],
  ['from', row.starts_at],
  ['until', row.ends_at],
  ['next', row.next_at ?? 'none'],
  ['asks for', `${sizeOf(row)}, due in ${formatDuration(Number(row.due_in_ms))}${pricedOf(row)}`],
  ['watched', watchOf(row) && `for ${watchOf(row)} after it was due`],
  [
    'payers',
    roster === null
      ? 'random'
      : `${roster.rows} of ${roster.file ?? 'a roster'}, taken in ${roster.at} by ${roster.by}; "repasse schedule payers ${row.name} FILE" takes others`,
  ],
  ['version', `${row.version}`],
  ['pays on to', names.get(row.account_id)],
  ['commission', `${percentText(row.commission_bp)} %`],
  ['least payout', formatMoney(row.min_payout_units, payoutAsset(row))],
  ['paid late', hasPayTerms(row.rail) ? lateOf(row) : undefined],
  ['paid early', row.discounts === '' ? undefined : `less ${row.discounts}, so long before it is due`],
  ['after downtime', `catches up ${row.catch_up}`],
  ['added', `${row.added_at} by ${row.added_by}`],
]

const lateOf = ({ fine_bp: fine, interest_bp: interest, expires_in_ms: expires }: ScheduleRow): string =>
  `fine ${percentText(fine)} %, interest ${percentText(interest)} % a month, for ${formatDuration(Number(expires))} after it was due`
