/** One box finds a thing by whatever belongs to it, on both databases, encrypted or not. */
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dataKey, keysOf } from '../src/base/cipher.ts'
import { placeOrder } from '../src/jobs/jobs.ts'
import { join, sql } from '../src/db/db.ts'
import { listEvents } from '../src/queries/events.ts'
import { listInvoices } from '../src/queries/invoices.ts'
import { everything, searchIsCut } from '../src/queries/lookup.ts'
import { listPayouts } from '../src/queries/payouts.ts'
import { invoicesOf, numberOf, type OrderRow } from '../src/shop/shop.ts'
import { postgresAvailable, startPostgres, type Postgres } from './testbed/postgres.ts'
import { keepAll } from '../src/webhooks/inbox.ts'
import { furnishShop } from './testbed/shopFloor.ts'
import { openTestInstallation, type TestInstallation } from './testbed/testInstallation.ts'

const all = { from: undefined, until: undefined, after: undefined }

describe.each(['SQLite', 'SQLite, encrypted', 'PostgreSQL'])('on %s', engine => {
  const there = engine !== 'PostgreSQL' || postgresAvailable()
  describe.skipIf(!there)(
    there ? 'the search' : 'no PostgreSQL is to be had on this machine, so the search',
    () => {
      let server: Postgres | undefined
      let installation: TestInstallation
      let order: OrderRow
      let ofOrder: string
      let payout: string

      beforeAll(async () => {
        server = engine === 'PostgreSQL' ? await startPostgres({ durable: false }) : undefined
        const keys = engine === 'SQLite, encrypted' ? { keys: keysOf([dataKey(randomBytes(32))]) } : {}
        installation = await openTestInstallation({ ...keys, databaseUrl: await server?.migratedDatabase() })
        installation.bank.pay(installation.atBank.id)
        installation.pass(60_000)
        await installation.hear(installation.event('invoice.credited'))
        payout = (await installation.payout())!.id
        const floor = await furnishShop(installation.db, installation.app.world, ['starkbank'])
        const placed = await placeOrder(installation.app, floor.placing())
        if (placed.is !== 'placed') throw new Error('the order was not placed')
        ;({ order } = placed)
        ofOrder = (await invoicesOf(installation.db, order.id))[0]!.id
      })
      afterAll(async () => {
        await installation?.close()
        await server?.stop()
      })

      const found = async (text: string) =>
        (await everything(installation.db, text)).found.map(({ kind, id }) => `${kind} ${id}`)
      const listed = async (list: typeof listInvoices | typeof listPayouts | typeof listEvents, q: string) =>
        (await list(installation.db, { ...all, query: { q } }, 10_000)).map(({ id }) => `${id}`)

      test('an order’s number and its buyer’s e-mail lead to the order', async () => {
        const number = numberOf(order.id)
        for (const text of [order.id, number, number.toLowerCase(), 'ana@example.com', 'Ana@Example.com'])
          expect([text, await found(text)]).toEqual([text, [`order ${order.id}`]])
        for (const text of [number, 'ana@example.com'])
          expect(await listed(listInvoices, text)).toEqual([ofOrder])
      })

      test('a tax id leads to what its payer was asked for, an amount to invoices and payouts of it', async () => {
        for (const text of ['012.345.678-90', '01234567890'])
          expect([text, await found(text)]).toEqual([text, [`invoice ${ofOrder}`]])
        for (const text of ['100,00', 'R$ 100,00', '100.00'])
          expect([text, await found(text)]).toEqual([text, [`invoice ${installation.id}`]])
        expect(await found('98,00')).toEqual([`payout ${payout}`])
        expect(await found('39,90')).toEqual([`invoice ${ofOrder}`])
      })

      test('a payout is found by whatever its invoice is found by', async () => {
        for (const text of [payout, installation.id, installation.atBank.id])
          expect([text, await listed(listPayouts, text)]).toEqual([text, [payout]])
      })

      test('nothing else is found', async () => {
        const none = [
          'abcdefgh',
          'bruno@example.com',
          '529.641.873-55',
          '100,01',
          '0',
          '%',
          '________',
          "' or 1=1 --",
          '@',
          'a@',
          '',
        ]
        for (const text of none) expect([text, await found(text)]).toEqual([text, []])
      })

      test('a slot of more than five hundred invoices is found whole, the newest first', async () => {
        const { db, id } = installation
        const columns = sql`store_id, slot_id, rail, asset, units, payer_name, payer_tax_id, description, due_at,
          account_id, commission_bp, min_payout_units, state, batch_tag, changed_at`
        const copies = Array.from({ length: 600 }, (_, place) => `inv_${`${place}`.padStart(26, '0')}`)
        const rows = copies.map(copy => sql`(${copy})`)
        await db.tx(tx =>
          tx.run(sql`
            insert into invoices (id, ordinal, added_at, ${columns})
              select column1, cast(substr(column1, 5) as bigint) + 10,
                '2020-01-01T00:00:00.' || substr(column1, 28) || 'Z', ${columns}
              from invoices, (values ${join(rows)}) as copies where id = ${id}`),
        )
        const { slot_id: slot } = (await db.one<{ slot_id: string }>(
          sql`select slot_id from invoices where id = ${id}`,
        ))!
        expect(await listed(listInvoices, slot)).toEqual([id, ...copies.toReversed()])
        expect(await listed(listPayouts, slot)).toEqual([payout])
        const twenty = await everything(db, '100,00')
        expect(twenty.found.map(each => each.id)).toEqual([id, ...copies.toReversed().slice(0, 19)])
        expect(twenty.cut).toBe('in lists')
      })

      test('a search that does not read all events of its hours says so', async () => {
        const { db, app } = installation
        const minute = new Date(app.world.clock.now()).toISOString().replaceAll(/\D/g, '').slice(0, 12)
        const endToEnd = `E34471744${minute}abcdefghijk`
        const arrive = (count: number, raw: Uint8Array) =>
          db.tx(tx =>
            keepAll(
              tx,
              Array.from({ length: count }, (_, place) => ({
                ...{ rail: 'starkbank', eventId: `${count} ${place}`, raw, via: 'push' as const },
              })),
            ),
          )
        await arrive(2, Buffer.from(endToEnd))
        expect(await searchIsCut(db, endToEnd)).toBe(false)
        const seen = await everything(db, endToEnd)
        expect(seen).toMatchObject({ cut: undefined, found: [{ name: '2 1' }, { name: '2 0' }] })
        await arrive(4_000, Buffer.from('{}'))
        expect(await searchIsCut(db, endToEnd)).toBe(true)
        expect(await everything(db, endToEnd)).toEqual({ ...seen, cut: 'in events' })
        expect(await listed(listEvents, endToEnd)).toEqual(seen.found.map(each => each.id))
      })
    },
  )
})
