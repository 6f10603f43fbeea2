/** One box finds a thing by whatever belongs to it, on both databases, encrypted or not. */
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dataKey, keysOf } from '../src/base/cipher.ts'
import { placeOrder } from '../src/jobs/jobs.ts'
import { everything, soughtInvoices, soughtPayouts } from '../src/queries/lookup.ts'
import { invoicesOf, numberOf, type OrderRow } from '../src/shop/shop.ts'
import { postgresAvailable, startPostgres, type Postgres } from './testbed/postgres.ts'
import { furnishShop } from './testbed/shopFloor.ts'
import { openTestInstallation, type TestInstallation } from './testbed/testInstallation.ts'

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
        (await everything(installation.db, text)).map(({ kind, id }) => `${kind} ${id}`)

      test('an order’s number and its buyer’s e-mail lead to the order', async () => {
        const number = numberOf(order.id)
        for (const text of [order.id, number, number.toLowerCase(), 'ana@example.com', 'Ana@Example.com'])
          expect([text, await found(text)]).toEqual([text, [`order ${order.id}`]])
        for (const text of [number, 'ana@example.com'])
          expect((await soughtInvoices(installation.db, text)).ids).toEqual([ofOrder])
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
          expect([text, (await soughtPayouts(installation.db, text)).ids]).toEqual([text, [payout]])
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
    },
  )
})
