/**
 * The day of `test/day.test.ts` on real processes: four workers and one PostgreSQL, killed now and then,
 * through twenty-four hours of their clock.
 */
import { expect, test } from 'vitest'
import { instant, millis } from '../../src/base/world.ts'
import { balances } from '../../src/ledger/ledger.ts'
import { sql, type Db } from '../../src/db/db.ts'
import { allHeard, nextDue } from '../simulation/settled.ts'
import { postgresAvailable, startPostgres } from '../testbed/postgres.ts'
import { maxFound, play, weather, type Scene } from './run.ts'
import { pause } from './stage.ts'

const minute = 60_000
const hour = 60 * minute
/** Before what comes next, a second of the machine: in it every job of every worker wakes once. */
const marginMs = 20_000
const seed = Number(process.env['SEED'] ?? 20_261_121)

test.skipIf(!postgresAvailable())(
  'four processes on one PostgreSQL live through a day of eight slots, and the books end at zero',
  async () => {
    // Workers die, the server does not: what its disk keeps is judged by nobody here.
    const postgres = await startPostgres({ durable: false, own: true })
    try {
      let perSlot: bigint[] = []
      let standing: Partial<Awaited<ReturnType<typeof balances>>> = {}
      const { faults, figures, deaths, evidence } = await play({
        ...weather,
        seed,
        databaseUrl: await postgres.freshDatabase(),
        workers: 4,
        rule: ['--cron', '0 */3 * * *', '--time-zone', 'America/Sao_Paulo', '--count', '8..12'],
        fate: () => '*:0.005',
        meanwhile: throughTheDay,
        async last({ db }) {
          const rows = await db.all<{ count: bigint }>(sql`
            select count(i.id) as count from slots s left join invoices i on i.slot_id = s.id group by s.id
              order by s.id`)
          perSlot = rows.map(({ count }) => count)
          standing = await balances(db)
        },
      })
      expect(faults, evidence.join('\n')).toEqual([])
      expect(perSlot).toHaveLength(8)
      for (const count of perSlot) expect(count >= 8n && count <= 12n).toBe(true)
      expect(figures.credited).toBeGreaterThan(45)
      expect(deaths.size).toBeGreaterThan(0)
      expect(standing).toMatchObject({ payable: 0n, 'in-transit': 0n })
    } finally {
      await postgres.stop()
    }
  },
  1_800_000,
)

/** Kills someone every seven seconds, and leaves out the time in which there is nothing to do. */
async function throughTheDay({ stage, found, killOne }: Scene): Promise<void> {
  const { bank, db, startedAt, kept, world } = stage
  const end = startedAt + 24 * hour
  for (let turn = 1; world.clock.now() < end && found.length <= maxFound; turn++) {
    await pause(world, 500)
    if (turn % 14 === 0) killOne()
    const next = millis((await nextDue(db)) ?? instant(end))
    const quietMs = Math.min(next, end, bank.nextDueAt() ?? end) - world.clock.now()
    if (quietMs > 2 * marginMs && !(await isUnderWay(db)) && (await allHeard(db, bank)))
      kept!.skip(quietMs - marginMs)
  }
}

/** Whether a worker may be in the midst of a call, whose claim must not run out sooner than its deadline. */
async function isUnderWay(db: Db): Promise<boolean> {
  const row = await db.one(sql`
    select 1 as yes from slots where state = 'running'
    union all select 1 as yes from invoices where state in ('draft', 'issuing', 'unsure')
    union all select 1 as yes from payouts where state in ('sending', 'unsure') limit 1`)
  return row !== undefined
}
