/** Materialising slots for 10 000 schedules: what a tick costs when nothing is due, and when all are. */
import { materialise } from '../src/schedule/schedule.ts'
import { fakeBank } from './fakeBank.ts'
import { median, type BenchOptions, type Figure } from './figure.ts'
import { openApp, timed, trial } from './installation.ts'
import { addSchedule } from '../test/testbed/acts.ts'

export async function slots({ quick, tiny }: BenchOptions): Promise<Figure[]> {
  const count = tiny ? 50 : quick ? 1_000 : 10_000
  const app = await openApp(fakeBank({ remember: false }))
  const { db, world, ahead } = app
  try {
    // One is there already.
    for (let number = 1; number < count; number++)
      await addSchedule(db, world, { ...trial, name: `trial-${number}` }, 'maker')
    const idle: number[] = []
    for (let tick = 0; tick < 50; tick++) idle.push((await timed(() => materialise(db, world)))[0])
    ahead.ms = 3 * 3_600_000
    const [due, inserted] = await timed(() => materialise(db, world))
    if (inserted !== count) throw new Error(`${count} slots were to be inserted, ${inserted} were`)
    return [
      {
        bench: 'slots',
        name: `a tick of ${count} schedules, none due`,
        value: median(idle) * 1_000,
        unit: 'ms',
      },
      { bench: 'slots', name: `a tick of ${count} schedules, all due`, value: due * 1_000, unit: 'ms' },
    ]
  } finally {
    await app.close()
  }
}
