/** Issuing 10 000 invoices of one slot: calls, seconds, and a heap that stays where it was. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { runDueSlots } from '../src/jobs/issue-slot.ts'
import { needSchedule, runNow } from '../src/schedule/schedule.ts'
import { sql } from '../src/db/db.ts'
import { fakeBank } from './fakeBank.ts'
import type { BenchOptions, Figure } from './figure.ts'
import { openApp, timed, trial } from './installation.ts'

export async function issue({ quick, tiny }: BenchOptions): Promise<Figure[]> {
  const count = tiny ? 1_000 : quick ? 2_000 : 10_000
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const heapMb = () => (collect(), process.memoryUsage().heapUsed / 1_048_576)

  const heaps: number[] = []
  const bank = fakeBank({
    remember: false,
    onCall: () => void (bank.calls.invoices % 10 === 0 && heaps.push(heapMb())),
  })
  const app = await openApp(bank, { ...trial, countLow: count, countHigh: count })
  const { db, rail, world } = app
  try {
    await db.tx(async tx => runNow(tx, world, await needSchedule(tx, 'trial'), 'bench'))
    const [seconds] = await timed(() =>
      runDueSlots({ db, world, worker: 'bench', rails: { starkbank: rail } }),
    )
    const issued = await db.one<{ count: bigint }>(
      sql`select count(*) as count from invoices where state = 'issued'`,
    )
    if (issued!.count !== BigInt(count))
      throw new Error(`${count} invoices were to be issued, ${issued!.count} were`)
    return [
      { bench: 'issue', name: `${count} invoices`, value: seconds, unit: 's' },
      {
        bench: 'issue',
        name: 'calls',
        value: bank.calls.invoices,
        unit: 'calls',
        target: { most: count / 100 },
      },
      // Between the first calls and the last, each after a collection.
      {
        bench: 'issue',
        name: 'heap, from the first calls to the last',
        value: heaps.at(-1)! - heaps[0]!,
        unit: 'MB',
        target: { most: 5 },
      },
    ]
  } finally {
    await app.close()
  }
}
