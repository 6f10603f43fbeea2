/**
 * From events in the inbox to payout orders at the bank: settled one by one in transactions, then ordered a
 * hundred a call.
 */
import { issueDrafts } from '../src/invoice/invoice.ts'
import { runNow, needSchedule } from '../src/schedule/schedule.ts'
import { runDueSlots } from '../src/jobs/issue-slot.ts'
import { sendPayouts } from '../src/payout/payout.ts'
import { sql } from '../src/db/db.ts'
import { makeInbox, settleInbox } from '../src/webhooks/webhooks.ts'
import { makeEvent } from './events.ts'
import { fakeBank } from './fakeBank.ts'
import type { BenchOptions, Figure } from './figure.ts'
import { openApp, timed, trial } from './installation.ts'

export async function settle({ quick, tiny, say }: BenchOptions): Promise<Figure[]> {
  const count = tiny ? 100 : quick ? 500 : 3_000
  const bank = fakeBank({ remember: true })
  const app = await openApp(bank, { ...trial, countLow: count, countHigh: count })
  const { db, rail, world } = app
  const terms = { transferFeeBy: 'receiver', transferFeeUnits: 0n } as const
  try {
    await db.tx(async tx => runNow(tx, world, await needSchedule(tx, 'trial'), 'bench'))
    await runDueSlots({ db, world, worker: 'bench', rails: { starkbank: rail } })
    await issueDrafts(db, rail, world)
    const issued = await db.all<{ id: string; provider_id: string; units: bigint }>(
      sql`select id, provider_id, units from invoices where state = 'issued'`,
    )
    const inbox = makeInbox(db, world)
    const arrivals = issued.map(({ id, provider_id: providerId, units }, index) =>
      makeEvent(index, { id: providerId, tag: id, units: Number(units) }),
    )
    await Promise.all(
      arrivals.map(({ body, signature }, index) =>
        inbox.keep({
          rail: rail.name,
          eventId: `bench-${index}`,
          raw: body,
          via: 'push',
          signature,
          keyId: 'bench',
        }),
      ),
    )
    say(`  ${issued.length} invoices issued, as many events in the inbox`)

    const [settling] = await timed(() => settleInbox({ db, rails: { starkbank: rail }, world, terms }))
    const [ordering] = await timed(() => sendPayouts(db, rail, world))
    if (bank.calls.ordered !== count)
      throw new Error(`${count} payouts were to be ordered, ${bank.calls.ordered} were`)
    return [
      { bench: 'settle', name: 'event to payout order', value: count / (settling + ordering), unit: '/s' },
      { bench: 'settle', name: 'of it, settling', value: count / settling, unit: '/s' },
      { bench: 'settle', name: 'of it, ordering', value: count / ordering, unit: '/s' },
    ]
  } finally {
    await app.close()
  }
}
