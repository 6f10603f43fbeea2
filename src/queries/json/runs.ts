/** Runs as programs read them. */
import type { RunRow } from '../../jobs/jobs.ts'

export const runJson = (row: RunRow) => ({
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
