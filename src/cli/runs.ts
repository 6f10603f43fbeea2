/** `repasse run`: what the jobs did, each with the log it kept. */
import type { Command } from 'commander'
import { BadInput } from '../base/answer.ts'
import type { RunRow } from '../jobs/jobs.ts'
import { runFilters, type FilterOf } from '../queries/filters.ts'
import { listFlags, readFilters, sayMore, type ListFlags } from './listFlags.ts'
import { example, json, jsonLine, table, tame } from './print.ts'
import { inBase } from './shell.ts'
import type { Shell } from './context.ts'
import { runJson } from '../queries/json/runs.ts'

// Written here so that --help need not load the installation; a test holds it against the timetable. A slot's
// own runs are `issue`.
export const jobNames = [
  'issue',
  'slots',
  'settle',
  'orders',
  'send-mail',
  'send-payouts',
  'issue-left',
  'own-key',
  'anchor-audit',
  'mail-anchors',
  'resolve-invoices',
  'resolve-payouts',
  'poll',
  'check-books',
  'add-up',
  'reconcile',
  'rates',
  'follow-chain',
  'request-left',
  'counter',
  'pass-time',
  'send-coins',
  'reconcile-chain',
  'retention',
] as const

/** A job is one that there is. */
const filters = { ...runFilters, choices: { ...runFilters.choices, job: jobNames } }

export function runCommands(repasse: Command, shell: Shell): void {
  const run = repasse
    .command('run')
    .description('runs: what the jobs did')
    .addHelpText('after', example('run list --job issue'))

  listFlags(
    run.command('list').description('runs, newest first; those that found nothing to do are not kept'),
    filters,
    'run',
  )
    .addHelpText(
      'after',
      example('run list --job issue --limit 20', 'run list --state failed --from 2026-11-01'),
    )
    .action((flags: ListFlags<FilterOf<typeof runFilters>>) =>
      inBase(shell, async ({ db }) => {
        const { listRuns, placeOfRun } = await import('../queries/runs.ts')
        const asked = await readFilters(db, flags, filters, async id => {
          const place = await placeOfRun(db, id, flags.schedule)
          if (!place) throw new BadInput(`--before "${id}" is not a run: "repasse run list" shows them`)
          return place
        })
        const rows = await listRuns(db, asked, flags.limit)
        const line = (row: RunRow) => [
          row.id,
          row.job,
          row.started_at,
          row.lacks === null ? (row.outcome ?? 'running') : 'done in part',
          row.summary ?? '',
          row.worker,
        ]
        await shell.out(
          flags.json
            ? json(rows.map(runJson))
            : table(['RUN', 'JOB', 'STARTED (UTC)', 'OUTCOME', 'SUMMARY', 'WORKER'], rows.map(line)),
        )
        sayMore(
          shell,
          flags,
          rows.map(({ id }) => id),
        )
      }),
    )

  run
    .command('log')
    .description('the log one run kept')
    .argument('<id>', 'the run')
    .option('--json', 'as it was written, one JSON object a line')
    .addHelpText('after', example('run log run_01k9zq3f5c8wxy2m7n4p6r8s0t'))
    .action((id: string, { json: asJson }: { json?: true }) =>
      inBase(shell, async ({ db }) => {
        const { findRun, linesAfter } = await import('../jobs/jobs.ts')
        const row = await findRun(db, id)
        if (!row) throw new BadInput(`there is no run "${id}": "repasse run list" shows them`)
        const lines = await linesAfter(db, id, -1n)
        if (!asJson)
          shell.err(
            `${row.job}, ${row.lacks === null ? (row.outcome ?? 'running') : 'done in part'}${row.summary ? `: ${tame(row.summary)}` : ''}${lines.length === 0 ? ' (it logged nothing)' : ''}\n`,
          )
        for (const { line } of lines) await shell.out(asJson ? jsonLine(JSON.parse(line)) : readable(line))
      }),
    )
}

/** `time level message key=value …`, one line however many lines a value has. */
function readable(text: string): string {
  const { time, level, msg, ...fields } = JSON.parse(text) as Record<string, unknown>
  const pairs = Object.entries(fields).map(
    ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  )
  return `${tame(`${String(time)} ${String(level).padEnd(5)} ${String(msg)} ${pairs.join(' ')}`.trimEnd())}\n`
}
