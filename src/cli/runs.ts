/** `repasse run`: what the jobs did, each with the log it kept. */
import type { Command } from 'commander'
import { BadInput } from '../base/answer.ts'
import type { RunRow } from '../jobs/jobs.ts'
import { countFlag, oneOf } from './flags.ts'
import { example, json, jsonLine, table, tame } from './print.ts'
import { inBase } from './shell.ts'
import type { Shell } from './context.ts'

// Written here so that --help need not load the house; a test holds it against the timetable. A slot's own runs are `issue`.
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
  'pass-time',
  'send-coins',
  'reconcile-chain',
  'retention',
] as const

export function runCommands(repasse: Command, shell: Shell): void {
  const run = repasse.command('run').description('runs: what the jobs did').addHelpText('after', example('run list --job issue'))

  run
    .command('list')
    .description('runs, newest first; those that found nothing to do are not kept')
    .option('--job <name>', `only of this job: ${jobNames.join(', ')}`, oneOf(jobNames)('--job'))
    .option('--limit <n>', 'how many at most', countFlag(10_000)('--limit'), 50)
    .option('--json', 'as JSON')
    .addHelpText('after', example('run list --job issue --limit 20'))
    .action(({ job, limit, json: asJson }: { job?: string; limit: number; json?: true }) =>
      inBase(shell, async ({ db }) => {
        const { sql } = await import('../db/db.ts')
        const ofJob = job === undefined ? sql`` : sql`where job = ${job}`
        const rows = await db.all<RunRow>(sql`select * from runs ${ofJob} order by started_at desc, id desc limit ${limit}`)
        const line = (row: RunRow) => [
          row.id,
          row.job,
          row.started_at,
          row.lacks === null ? (row.outcome ?? 'running') : 'done in part',
          row.summary ?? '',
          row.worker,
        ]
        await shell.out(
          asJson ? json(rows.map(viewOf)) : table(['RUN', 'JOB', 'STARTED (UTC)', 'OUTCOME', 'SUMMARY', 'WORKER'], rows.map(line)),
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

const viewOf = (row: RunRow) => ({
  id: row.id,
  job: row.job,
  slot: row.slot_id,
  worker: row.worker,
  startedAt: row.started_at,
  endedAt: row.ended_at,
  outcome: row.outcome,
  lacks: row.lacks,
  summary: row.summary,
})

/** `time level message key=value …`, one line however many lines a value has. */
function readable(text: string): string {
  const { time, level, msg, ...fields } = JSON.parse(text) as Record<string, unknown>
  const pairs = Object.entries(fields).map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
  return `${tame(`${String(time)} ${String(level).padEnd(5)} ${String(msg)} ${pairs.join(' ')}`.trimEnd())}\n`
}
