/**
 * Statement lines that bear our tags and belong to nothing these books know, on both databases: they are
 * never a stranger's.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { reconcile } from '../src/reconcile/reconcile.ts'
import { brl } from '../src/base/money.ts'
import {
  balances,
  checkLedger,
  clearBooked,
  clearSuspense,
  keepBankStop,
  openSuspense,
  ourTags,
  post,
  suspend,
} from '../src/ledger/ledger.ts'
import { payoutsStopped } from '../src/payout/payout.ts'
import { sql } from '../src/db/db.ts'
import { status } from '../src/queries/status.ts'
import { orderByHand } from './testbed/strangers.ts'
import { postgresAvailable, startPostgres, type Postgres } from './testbed/postgres.ts'
import { openTestInstallation, type TestInstallation } from './testbed/testInstallation.ts'
import { holdPayout, proposeClose } from './testbed/acts.ts'

const second = 1_000

describe.each(['SQLite', 'PostgreSQL'])('on %s', engine => {
  describe.skipIf(engine === 'PostgreSQL' && !postgresAvailable())(
    'with a server where one is needed',
    () => {
      let postgres: Postgres | undefined
      let installation: TestInstallation
      beforeAll(async () => {
        if (engine === 'PostgreSQL') postgres = await startPostgres({ durable: false })
      })
      afterAll(() => postgres?.stop())
      beforeEach(async () => {
        installation = await openTestInstallation({
          settings: { startingBalance: 100_000, transferFee: 100 },
          databaseUrl: await postgres?.migratedDatabase(),
        })
      })
      afterEach(() => installation.close())

      const look = async () => {
        const found = await reconcile(
          installation.db,
          installation.app.rails.starkbank!,
          installation.app.world,
        )
        if (typeof found === 'string') throw new Error(found)
        return found
      }
      const standing = async () => {
        const { bank, external, suspense } = await balances(installation.db)
        return { bank, external, suspense }
      }
      const lost = 'inv_01k9zq3f5c8wxy2m7n4p6r8s0t'

      test('a transfer under the tag of an invoice, with its fee, waits in suspense', async () => {
        const { id } = orderByHand(installation.bank, { units: 5_000, tags: [installation.id] })
        installation.pass(20 * second)
        expect((await look()).agrees).toBe(true)
        expect(await look()).toMatchObject({ agrees: true, imported: 0 })
        expect(await standing()).toEqual({ bank: 94_900n, external: -100_000n, suspense: 5_100n })
        expect(await openSuspense(installation.db)).toMatchObject([
          { provider_id: id, invoice_tag: installation.id, order_key: null, about: 'payout' },
          { provider_id: id, invoice_tag: installation.id, order_key: null, about: 'payout' },
        ])
        const now = await installation.db.tx(tx => tx.now())
        expect((await status(installation.db, { now })).needsPerson).toContain(
          `-R$ 51.00 moved at the bank under our tag ${installation.id} (${id}), for nothing these books know: repasse suspense close ${id} --why …`,
        )
        expect(
          await installation.db.all(sql`select provider_id, invoice_tag, verdict from strange_transfers`),
        ).toEqual([{ provider_id: id, invoice_tag: installation.id, verdict: null }])
      })

      test('one under the key of an order that this database never made does too, and an untagged one is a stranger’s', async () => {
        orderByHand(installation.bank, {
          units: 5_000,
          tags: ['pay_01k9zq3f5c8wxy2m7n4p6r8s0t-2', lost],
          externalId: 'pay_01k9zq3f5c8wxy2m7n4p6r8s0t-2',
        })
        orderByHand(installation.bank, { units: 700, tags: [] })
        installation.pass(20 * second)
        expect((await look()).agrees).toBe(true)
        expect(await standing()).toEqual({ bank: 94_100n, external: -99_200n, suspense: 5_100n })
      })

      test('a transfer under the key of an order alone stands in the way of the payout it names', async () => {
        installation.bank.pay(installation.atBank.id)
        installation.pass(5 * second)
        await installation.hear(installation.event('invoice.credited'))
        const payout = (await installation.payout())!
        const { id } = orderByHand(installation.bank, { units: 9_800, tags: [`${payout.id}-1`] })
        installation.pass(20 * second)
        await installation.hear(installation.event('transfer.success'))
        await look()
        const { needsPerson } = await status(installation.db)
        expect(needsPerson).toEqual([
          expect.stringContaining(`repasse payout adjudicate ${payout.id} --transfer ${id} `),
        ])
        await expect(
          installation.db.tx(tx => proposeClose(tx, installation.app.world, id, { by: 'ana', why: 'old' })),
        ).rejects.toThrow('payout adjudicate')

        await installation.send()
        expect(await installation.payout()).toMatchObject({ state: 'paid', why: null })
        expect([
          installation.transfers().length,
          (await balances(installation.db)).suspense,
          await installation.audit(),
        ]).toEqual([1, 0n, []])
      })

      test('what left under a tag of ours stops payouts, beyond what came under it and what its payout is held against before it is ordered', async () => {
        installation.bank.pay(installation.atBank.id)
        installation.pass(5 * second)
        await installation.hear(installation.event('invoice.credited'))
        const { id, units: owed } = (await installation.payout())!
        let count = 0
        /** Why lines of these cents under a tag stop payouts; they are gone again then. */
        const stops = (tag: string, ...units: bigint[]) => stopsBy('payout', tag, units)
        const stopsBy = (about: 'payout' | 'invoice', tag: string, units: readonly bigint[]) =>
          installation.db.tx(async tx => {
            const line = {
              rail: 'starkbank',
              about,
              provider_id: tag,
              tags: ourTags([tag]),
              memo: '',
            } as const
            for (const each of units)
              await suspend(tx, installation.app.world, { ...line, id: `line ${(count += 1)}`, units: each })
            const why = await keepBankStop(tx)
            await clearSuspense(tx, installation.app.world, tag, 'looked at')
            return why
          })
        expect(await stops(lost, -900_000n)).toBe(
          `R$ 9000.00 left the bank under our tag ${lost} by no order of these books (${lost})`,
        )
        expect(await stops('pay_01k9zq3f5c8wxy2m7n4p6r8s0t-1', -100n)).toContain('R$ 1.00 left')
        // An invoice that was lost, and its transfer.
        expect(await stops(lost, 10_000n, -50n, -9_850n, -100n)).toBeUndefined()
        expect(await stops(lost, 10_000n, -50n, -9_950n, -100n)).toContain('R$ 1.00 left')
        for (const tag of [installation.id, `${id}-1`]) {
          expect(await stops(tag, -owed, -100n)).toBeUndefined()
          expect(await stops(tag, -owed, -100_000n)).toContain('left')
        }
        // What left of the invoice itself is no transfer, which is all that its payout is held against.
        expect(await stopsBy('invoice', installation.id, [-owed])).toContain('left')
        await holdPayout(installation.db, id, { by: 'ana', why: 'a look' })
        expect(await stops(installation.id, -owed)).toContain('left')
        expect(await payoutsStopped(installation.db)).toBeUndefined()
      })

      test('what is booked undoes that two people closed its lines, each or all in one, and leaves other lines alone', async () => {
        const { world } = installation.app
        let count = 0
        /**
         * What is external of lines about one transfer that were closed, once these parts of it were booked.
         */
        const external = (lines: readonly bigint[], parts: readonly bigint[]) =>
          installation.db.tx(async tx => {
            const before = (await balances(tx)).external
            const [provider, ids] = [`transfer ${(count += 1)}`, lines.map((_, at) => `${count}/${at}`)]
            const line = {
              rail: 'starkbank',
              about: 'payout',
              provider_id: provider,
              tags: ourTags([lost]),
              memo: '',
            } as const
            for (const [at, units] of lines.entries())
              await suspend(tx, world, { ...line, id: ids[at]!, units })
            await clearSuspense(tx, world, provider, 'ana and bruno')
            for (const [at, units] of lines.entries())
              await post(tx, world, {
                movement: units > 0n ? 'external in' : 'external out',
                source: ids[at]!,
                amount: brl(units < 0n ? -units : units),
                memo: '',
              })
            for (const _ of ['once', 'twice'])
              await clearBooked(tx, world, provider, parts, 'the bank paid it')
            return (await balances(tx)).external - before
          })
        expect(await external([-9_800n, -100n], [-9_800n, -100n])).toBe(0n)
        expect(await external([-9_900n], [-9_800n, -100n])).toBe(0n)
        expect(await external([9_800n, -50n], [9_800n])).toBe(50n)
        expect(await external([-3_000n, -3_000n, -50n], [-6_000n])).toBe(50n)
        expect(await external([-50n], [-6_000n])).toBe(50n)
      })

      test('what is cleared leaves no trace in the balances, and clearing twice is clearing once', async () => {
        const { id } = orderByHand(installation.bank, { units: 5_000, tags: [installation.id] })
        installation.pass(20 * second)
        await look()
        for (const count of [2, 0])
          expect(
            await installation.db.tx(tx =>
              clearSuspense(tx, installation.app.world, id, 'it was known after all'),
            ),
          ).toHaveLength(count)
        expect(await standing()).toEqual({ bank: 100_000n, external: -100_000n, suspense: 0n })
        expect(await checkLedger(installation.db)).toEqual([])
      })
    },
  )
})
