/** What does not move in its time is said, on both databases: a bank that is away leaves one line of history a retry, and not one a try. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { issueDrafts } from '../src/invoice/invoice.ts'
import { sql } from '../src/store/store.ts'
import { settleInbox } from '../src/webhooks/webhooks.ts'
import { postgresAvailable, startPostgres, type Postgres } from './testbed/postgres.ts'
import { openTown, type Town } from './testbed/town.ts'

const minute = 60_000

describe.each(['SQLite', 'PostgreSQL'])('on %s', engine => {
  describe.skipIf(engine === 'PostgreSQL' && !postgresAvailable())('with a server where one is needed', () => {
    let postgres: Postgres | undefined
    let town: Town
    beforeAll(async () => {
      if (engine === 'PostgreSQL') postgres = await startPostgres()
      town = await openTown({ databaseUrl: postgres ? await postgres.freshDatabase() : 'sqlite::memory:' })
    })
    afterAll(async () => {
      await town?.close()
      await postgres?.stop()
    })

    const linesOf = async (id: string) =>
      (await town.historyOf(id)).map(({ from_state: from, to_state: to, times }) => [from, to, Number(times ?? 1)])

    test('an invoice that the bank cannot take for an hour has one line a step, with how often and why the last time', async () => {
      const { store, bank, desk } = town
      await store.tx(tx =>
        tx.run(sql`
          insert into invoices (id, store_id, slot_id, ordinal, rail, asset, units, payer_name, payer_tax_id, description, due_at, account_id,
            commission_bp, min_payout_units, state, batch_tag, next_at, added_at, changed_at, order_id, told_state)
          select 'inv_00000000000000000000000009', store_id, slot_id, 9, rail, asset, units, payer_name, payer_tax_id, description, due_at, account_id,
            commission_bp, min_payout_units, 'draft', 'batch-9', added_at, added_at, changed_at, order_id, told_state from invoices where id = ${town.id}`),
      )
      const id = 'inv_00000000000000000000000009'
      for (let time = 0; time < 30; time++) {
        bank.failNext('status429', 'POST /v2/invoice')
        await issueDrafts(store, desk.rails.starkbank!, desk.world)
        town.pass(2 * minute)
      }
      expect(await linesOf(id)).toEqual([
        ['draft', 'issuing', 30],
        ['issuing', 'draft', 30],
      ])
      await issueDrafts(store, desk.rails.starkbank!, desk.world)
      expect((await linesOf(id)).at(-1)).toEqual(['issuing', 'issued', 1])
    })

    test('an event that waits has one line for its waiting, and another for what became of it', async () => {
      const { bank, store, desk } = town
      bank.pay(town.atBank.id)
      town.pass(minute)
      const event = town.event('invoice.credited')
      bank.setFaults({ status429: 1, retryAfterSeconds: 60 })
      await town.hear(event)
      for (let time = 0; time < 4; time++) {
        town.pass(10 * minute)
        await settleInbox(desk)
      }
      bank.setFaults({ status429: 0 })
      const row = (await store.one<{ id: bigint; tries: bigint }>(sql`select id, tries from inbox where event_id = ${event.id}`))!
      expect(Number(row.tries)).toBeGreaterThan(3)
      const lines = await linesOf(`${row.id}`)
      expect(lines.slice(0, 2)).toEqual([
        ['new', 'waiting', 1],
        ['waiting', 'waiting', expect.any(Number)],
      ])
      expect(lines.length).toBeLessThanOrEqual(3)
    })
  })
})
