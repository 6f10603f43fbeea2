/** Invoices that wait for their money, written in bulk, and the event of each. */
import { instant, type World } from '../src/base/world.ts'
import { needSchedule } from '../src/schedule/schedule.ts'
import { sql, type Db } from '../src/db/db.ts'
import { openTrialAccount } from '../test/testbed/trial.ts'
import { makeEvent, scatter, type SignedEvent } from './events.ts'
import { trial } from './installation.ts'
import { idOf } from './pagesPast.ts'
import { addSchedule } from '../test/testbed/acts.ts'

/** `count` issued invoices of R$ 100.00 in a migrated, empty database. */
export async function writeIssued(db: Db, world: World, count: number): Promise<void> {
  await openTrialAccount(db, world)
  await addSchedule(db, world, { ...trial, cron: '0 0 1 1 *', catchUp: 'none' }, 'maker')
  const { id: schedule, account_id: account } = await needSchedule(db, 'trial')
  const now = instant(world.clock.now())
  await db.tx(async tx => {
    const slot = idOf('slo', 1)
    await tx.run(sql`
      insert into slots (id, schedule_id, schedule_version, due_at, cause, state, next_at, changed_at)
      values (${slot}, ${schedule}, 1, ${now}, 'manual', 'done', ${now}, ${now})`)
    for (let number = 0; number < count; number++)
      await tx.run(sql`
        insert into invoices (id, store_id, slot_id, ordinal, rail, asset, units, payer_name, payer_tax_id,
          description, due_at, account_id, commission_bp,
          min_payout_units, state, batch_tag, provider_id, added_at, changed_at)
        values (${idOf('inv', number)}, 'sto_default', ${slot}, ${number}, 'starkbank', 'BRL', 10000,
          'Ana Prado', '012.345.678-90', '', ${now},
          ${account}, 150, 0, 'issued', ${slot}, ${scatter(number)}, ${now}, ${now})`)
  })
}

/** The credit of invoice `number`. */
export const creditOf = (number: number): SignedEvent =>
  makeEvent(number, { id: scatter(number), tag: idOf('inv', number), units: 10_000 })
