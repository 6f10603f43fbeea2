/**
 * Money that came to an installation with its bank: one invoice for each amount, asked, paid and credited, so
 * that its payout is owed.
 */
import type { Proof } from '../../src/approvals/approvals.ts'
import { runDueSlots } from '../../src/jobs/jobs.ts'
import { runNow } from '../../src/schedule/schedule.ts'
import type { PayoutRow } from '../../src/payout/payout.ts'
import { sql } from '../../src/db/db.ts'
import type { TestInstallation } from './testInstallation.ts'
import { addSchedule } from './acts.ts'

let schedules = 0

/**
 * Answers the payouts, in the order of the amounts; what the bank and the installation keep of each is taken
 * off them.
 */
export async function collect(
  installation: TestInstallation,
  amounts: readonly bigint[],
  payTo = 'main',
  proof: Proof = { is: 'code' },
): Promise<PayoutRow[]> {
  const { db, app, bank } = installation
  const found: PayoutRow[] = []
  for (const units of amounts) {
    const name = `collect${++schedules}`
    const when = {
      cron: '0 0 1 1 *',
      timeZone: 'UTC',
      startsAt: undefined,
      endsAt: undefined,
      dueInMs: 172_800_000,
    }
    const what = { countLow: 1, countHigh: 1, unitsLow: units, unitsHigh: units, roster: undefined, payTo }
    const rule = { name, rail: 'starkbank', commissionBp: 0n, minPayoutUnits: 0n, catchUp: 'all' } as const
    const schedule = await addSchedule(db, app.world, { ...rule, ...when, ...what }, 'maker', proof)
    const slot = await db.tx(tx => runNow(tx, app.world, schedule, 'a story'))
    await runDueSlots(app)
    const { id } = (await db.one<{ id: string }>(sql`select id from invoices where slot_id = ${slot}`))!
    const invoice = bank.invoices().find(({ tags }) => tags.includes(id))!
    bank.pay(invoice.id)
    installation.pass(60_000)
    const credited = bank
      .eventsCreated()
      .filter(({ subscription, log }) => subscription === 'invoice' && log.type === 'credited')
    await installation.hear(...credited)
    found.push((await db.one<PayoutRow>(sql`select * from payouts where invoice_id = ${id}`))!)
  }
  return found
}
