/** The same intake with a million past events in the database, in turns with an empty one. */
import Database from 'better-sqlite3'
import { systemClock, systemRandom } from '../src/base/clock.ts'
import { migrate } from '../src/db/migrate.ts'
import { openDb } from '../src/db/db.ts'
import { makeEvent } from './events.ts'
import type { BenchOptions, Figure } from './figure.ts'
import { compete, type Contender } from './intake.ts'

export async function past({ quick, say }: BenchOptions): Promise<Figure[]> {
  const events = quick ? 100_000 : 1_000_000
  const contenders: Contender[] = [
    { name: 'empty', kind: 'ours', count: quick ? 4_000 : 10_000 },
    { name: 'full', kind: 'ours', count: quick ? 4_000 : 10_000, prepare: file => fill(file, events, say) },
  ]
  const results = await compete(contenders, quick ? 3 : 7, say)
  const [empty, full] = [results.get('empty')!, results.get('full')!]
  return [
    { bench: 'past', name: 'into an empty database', value: empty.perSecond, unit: '/s' },
    {
      bench: 'past',
      name: `with ${events.toLocaleString('en-US')} past events`,
      value: full.perSecond,
      unit: '/s',
    },
    {
      bench: 'past',
      name: 'full against empty',
      value: (100 * full.perSecond) / empty.perSecond,
      unit: '%',
      target: { least: 90 },
    },
  ]
}

/** Past events as large and as scattered as real ones; built fast, because how is not what is measured. */
async function fill(file: string, count: number, say: (line: string) => void): Promise<void> {
  const db = await openDb(`sqlite:${file}`, { clock: systemClock, random: systemRandom })
  await migrate(db, systemClock)
  await db.close()
  const startedAt = performance.now()
  const sqlite = new Database(file)
  sqlite.pragma('synchronous = OFF')
  sqlite.pragma('cache_size = -500000')
  const { body, signature } = makeEvent(0)
  const at = '2026-10-01T00:00:00.000Z'
  sqlite
    .prepare(`
    with recursive numbers (number) as (select 1 union all select number + 1 from numbers where number < ?)
    insert into inbox (rail, event_id, raw, signature, key_id, via, received_at, state, kind, why, tries, next_at, changed_at)
    select 'starkbank', 'past-' || ((number * 2862933555777) & 0x7ffffffffffff), ?, ?, 'bench', 'push', '${at}', 'done', 'invoice.credited', 'credited', 1, '${at}', '${at}' from numbers`)
    .run(count, body, signature)
  sqlite.pragma('wal_checkpoint(TRUNCATE)')
  sqlite.close()
  say(`  ${count} past events written in ${((performance.now() - startedAt) / 1_000).toFixed(0)} s`)
}
