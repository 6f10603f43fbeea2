/**
 * Payouts that cannot go out now, on both databases: they wait longer each time, ask the bank little, keep
 * back no other, and never go in circles.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { refused, unsure } from '../src/base/answer.ts'
import { reconcile } from '../src/reconcile/reconcile.ts'
import { brl } from '../src/base/money.ts'
import { checkLedger, post } from '../src/ledger/ledger.ts'
import { closeAccount, resolvePayouts, sendPayouts } from '../src/payout/payout.ts'
import type { Rail } from '../src/rails/rail.ts'
import { history, sql, type Sql } from '../src/db/db.ts'
import { collect } from './testbed/collecting.ts'
import { postgresAvailable, startPostgres, type Postgres } from './testbed/postgres.ts'
import { orderByHand } from './testbed/strangers.ts'
import { openTestInstallation, type TestInstallation } from './testbed/testInstallation.ts'
import { addAccount, approveAccount, releasePayout, retryPayout } from './testbed/acts.ts'

const second = 1_000
const minute = 60 * second
const act = { by: 'checker', why: 'looked at it' }

describe.each(['SQLite', 'PostgreSQL'])('on %s', engine => {
  describe.skipIf(engine === 'PostgreSQL' && !postgresAvailable())(
    'with a server where one is needed',
    () => {
      let postgres: Postgres | undefined
      let installation: TestInstallation
      let rail: Rail
      beforeAll(async () => {
        if (engine === 'PostgreSQL') postgres = await startPostgres({ durable: false })
      })
      afterAll(() => postgres?.stop())
      beforeEach(async () => {
        installation = await openTestInstallation({ databaseUrl: await postgres?.migratedDatabase() })
        rail = installation.app.rails.starkbank!
        installation.bank.pay(installation.atBank.id)
        installation.pass(5 * second)
        await installation.hear(installation.event('invoice.credited'))
      })
      afterEach(() => installation.close())

      const send = (by: Partial<Rail> = {}) =>
        sendPayouts(installation.db, { ...rail, ...by }, installation.app.world)
      const payout = async () => (await installation.payout())!
      const drift = async () => {
        const found = await reconcile(installation.db, rail, installation.app.world)
        if (typeof found === 'string') throw new Error(found)
        return found.bankUnits - found.bookUnits
      }

      test('without balance for two days, one transfer is made and the balance is asked for less and less', async () => {
        orderByHand(installation.bank, { units: 9_900, tags: [] })
        installation.pass(5 * second)
        await send()
        installation.pass(5 * second)
        await installation.hear(installation.event('transfer.failed'))
        const before = installation.bank.requestCounts()
        for (let minutes = 0; minutes < 48 * 60; minutes += 5) {
          installation.pass(5 * minute)
          await send()
        }
        const asked = (name: string) => (installation.bank.requestCounts()[name] ?? 0) - (before[name] ?? 0)
        expect(installation.transfers()).toHaveLength(2)
        expect(asked('GET /v2/transfer')).toBe(0)
        expect(asked('GET /v2/balance')).toBeGreaterThan(40)
        expect(asked('GET /v2/balance')).toBeLessThan(60)
        expect(await payout()).toMatchObject({
          state: 'waiting',
          why: 'insufficient balance: the bank holds R$ 0.50',
        })
        expect(await history(installation.db, (await payout()).id)).toHaveLength(4)

        installation.bank.deposit(20_000)
        installation.pass(60 * minute)
        await send()
        installation.pass(5 * second)
        await installation.hear(installation.event('transfer.success'))
        expect((await payout()).state).toBe('paid')
        expect(asked('GET /v2/transfer')).toBeLessThan(4)
        expect(await drift()).toBe(0n)
      })

      test('while the bank refuses for now, tries are further and further apart and one line each of the history', async () => {
        const { id } = await payout()
        for (let minutes = 0; minutes < 120; minutes++) {
          await send({ pay: async () => refused('too many requests', true) })
          installation.pass(minute)
        }
        const steps = (await history(installation.db, id)).map(
          ({ from_state: from, to_state: to, times }) => `${from} ${to} ${times ?? 1n}`,
        )
        expect(steps).toEqual([' owed 1', 'owed sending 11', 'sending owed 11'])
      })

      test('many earlier orders are looked up by one question', async () => {
        installation.bank.setSettings({ transferFailRate: 1 })
        for (let tries = 0; tries < 5; tries++) {
          await send()
          installation.pass(20 * second)
          await installation.hear(installation.event('transfer.failed'))
          installation.pass(60 * minute)
        }
        expect((await payout()).state).toBe('held')
        await releasePayout(installation.db, (await payout()).id, act)
        const before = installation.bank.requestCounts()['GET /v2/transfer']!
        await send()
        expect(installation.bank.requestCounts()['GET /v2/transfer']! - before).toBe(1)
      })

      test('while the bank does not answer it is asked less and less, and answers bring the payout out', async () => {
        await installation.db.tx(tx =>
          tx.run(sql`insert into settings (name, value) values ('restored', '9999')`),
        )
        let asked = 0
        for (let minutes = 0; minutes < 60; minutes++) {
          await send({ findPayouts: async () => (asked++, unsure('no answer')) })
          installation.pass(minute)
        }
        expect(asked).toBeGreaterThan(5)
        expect(asked).toBeLessThan(10)
        installation.pass(15 * minute)
        await send()
        expect((await payout()).state).toBe('sent')
      })

      test('a bank that takes longer for its answers than a look counts is asked less and less', async () => {
        const { id } = await payout()
        await installation.db.tx(async tx => {
          const now = await tx.now()
          await tx.run(sql`
          insert into attempts (id, payout_id, number, external_id, units, state, provider_id, asked_at,
            changed_at)
          values ('att_1', ${id}, 1, ${`${id}-1`}, 9800, 'failed', '771', ${now}, ${now})`)
        })
        let asked = 0
        const slow = async (tag: string) => (asked++, installation.pass(25 * second), rail.findPayouts(tag))
        for (let round = 0; round < 100; round++) {
          installation.pass(minute)
          await send({ findPayouts: slow })
        }
        expect(asked).toBeGreaterThan(5)
        expect(asked).toBeLessThan(60)
        installation.pass(60 * minute)
        await send()
        expect(installation.transfers()).toHaveLength(1)
      })

      test('an order that was given up and was paid after all is taken up again, and the books are right', async () => {
        const { id } = await payout()
        await send({
          pay: async (orders, deadline) => (await rail.pay(orders, deadline), refused('no such account')),
        })
        expect((await payout()).state).toBe('held')
        installation.pass(20 * second)
        expect(installation.transfers()).toMatchObject([{ status: 'success' }])
        await releasePayout(installation.db, id, act)
        await send()
        expect(await payout()).toMatchObject({ state: 'paid', why: null })
        expect(installation.transfers()).toHaveLength(1)
        expect([await drift(), await checkLedger(installation.db)]).toEqual([0n, []])
      })

      test('one that was given up, is under way after all and fails then, is ordered again, and every movement is booked', async () => {
        installation.bank.setSettings({ transferDelayMs: [minute, minute], transferFailRate: 1 })
        await send({
          pay: async (orders, deadline) => (await rail.pay(orders, deadline), refused('no such account')),
        })
        await releasePayout(installation.db, (await payout()).id, act)
        await send()
        expect((await payout()).state).toBe('sent')
        installation.pass(3 * minute)
        await installation.hear(installation.event('transfer.failed'))
        expect((await payout()).state).toBe('owed')
        installation.bank.setSettings({ transferFailRate: 0 })
        installation.pass(10 * minute)
        await send()
        installation.pass(3 * minute)
        await installation.hear(installation.event('transfer.success'))
        expect((await payout()).state).toBe('paid')
        expect([await drift(), await checkLedger(installation.db)]).toEqual([0n, []])
      })

      test('an event that proves a given-up order paid takes it up without a person', async () => {
        await send({
          pay: async (orders, deadline) => (await rail.pay(orders, deadline), refused('no such account')),
        })
        installation.pass(20 * second)
        await installation.hear(installation.event('transfer.success'))
        expect((await payout()).state).toBe('paid')
        expect([await drift(), await checkLedger(installation.db)]).toEqual([0n, []])
      })

      test('a bank that writes the branch its own way contradicts nothing', async () => {
        const asBankWrites = (shown: Awaited<ReturnType<Rail['findPayouts']>>) =>
          shown.is === 'done'
            ? { ...shown, value: shown.value.map(each => ({ ...each, to: { ...each.to, branch: '1' } })) }
            : shown
        await send()
        installation.pass(20 * minute)
        await resolvePayouts(
          installation.db,
          { ...rail, findPayouts: async tag => asBankWrites(await rail.findPayouts(tag)) },
          installation.app.world,
        )
        expect((await payout()).state).toBe('paid')
      })

      const addOther = () => {
        const mallory = {
          kind: 'bank',
          holder: 'Mallory',
          taxId: '012.345.678-90',
          bank: '20018183',
          branch: '0001',
          number: '6666666',
        } as const
        return addAccount(
          installation.db,
          installation.app.world,
          'other',
          { ...mallory, type: 'payment' },
          'maker',
        )
      }
      const toOther = (table: Sql) =>
        sql`update ${table} set account_id = (select id from accounts where name = 'other')`
      const notHis = /^it goes to account other, and is owed to another one: /

      test('one of which somebody has exchanged the account for another approved one is held', async () => {
        await addOther()
        await approveAccount(installation.db, 'other', 'checker')
        await installation.db.tx(tx => tx.run(toOther(sql`payouts`)))
        await expect(installation.db.tx(tx => tx.run(toOther(sql`invoices`)))).rejects.toThrow(
          'the account of an invoice is kept',
        )
        await send()
        expect([await payout(), installation.transfers()]).toMatchObject([
          { state: 'held', why: expect.stringMatching(notHis) },
          [],
        ])
      })

      test.each([
        ['nobody approved', () => undefined],
        ['was closed', () => closeAccount(installation.db, 'other', 'maker', 'a mistake')],
      ])('one to an account that %s and somebody has written down as approved is held', async (_, before) => {
        await addOther()
        await before()
        await installation.db.tx(tx =>
          tx.run(sql`update accounts set state = 'approved', approved_by = 'checker' where name = 'other'`),
        )
        await installation.db.tx(tx => tx.run(toOther(sql`payouts`)))
        await send()
        const why = expect.stringMatching(/^account other is approved, and nobody approved it: /)
        expect([await payout(), installation.transfers()]).toMatchObject([{ state: 'held', why }, []])
      })

      test.each([
        [
          'the amount',
          sql`update attempts set units = 980000`,
          /^order pay_\w+-1 is of R\$ 9.?800\.00, and the books ordered R\$ 98\.00: /,
        ],
        [
          'the account',
          sql`update payouts set account_id = (select id from accounts where name = 'other')`,
          notHis,
        ],
      ])('nor is an order repeated of which somebody has edited %s', async (_, edit, why) => {
        await addOther()
        await approveAccount(installation.db, 'other', 'checker')
        await send({ pay: async () => unsure('no answer') })
        await installation.db.tx(tx => tx.run(edit))
        for (let look = 0; look < 4; look++) {
          installation.pass(4 * minute)
          await resolvePayouts(installation.db, rail, installation.app.world)
        }
        expect([await payout(), installation.transfers()]).toMatchObject([
          { state: 'unsure', why: expect.stringMatching(why) },
          [],
        ])
      })

      test.each([
        [
          'the amount',
          sql`update payouts set units = 980000`,
          /^it is of R\$ 9.?800\.00, and the books owe R\$ 98\.00: /,
        ],
        [
          'the account',
          sql`update accounts set number = '6666666'`,
          /^account main is not as it was approved: /,
        ],
      ])('one of which somebody has edited %s past the program is held', async (_, edit, why) => {
        await installation.db.tx(tx => tx.run(edit))
        await send()
        expect([await payout(), installation.transfers()]).toMatchObject([
          { state: 'held', why: expect.stringMatching(why) },
          [],
        ])
      })

      test('nor is an order repeated to an account that somebody has edited', async () => {
        await send({ pay: async () => unsure('no answer') })
        await installation.db.tx(tx => tx.run(sql`update accounts set number = '6666666'`))
        for (let look = 0; look < 4; look++) {
          installation.pass(4 * minute)
          await resolvePayouts(installation.db, rail, installation.app.world)
        }
        const why = expect.stringMatching(/^account main is not as it was approved: /)
        expect([await payout(), installation.transfers()]).toMatchObject([{ state: 'unsure', why }, []])
      })

      describe('a look at the bank', () => {
        /** A first order was refused for a while: from now on the bank is looked at before the next one. */
        beforeEach(async () => {
          await send({ pay: async () => refused('too many requests', true) })
          installation.pass(2 * minute)
        })
        const succeeded = () => installation.transfers().filter(({ status }) => status === 'success')

        test.each([0, 19 * second, 3 * minute])(
          'is not ordered from after another worker ordered, however long ago: %i ms',
          async ms => {
            let looks = 0
            await send({
              async findPayouts(tag) {
                const answer = await rail.findPayouts(tag)
                // The other one is told no, and the bank has taken it on all the same.
                if (looks++ === 0)
                  await send({
                    pay: async (orders, deadline) => (
                      await rail.pay(orders, deadline),
                      refused('too many requests', true)
                    ),
                  })
                installation.pass(ms)
                return answer
              },
            })
            for (let look = 0; look < 6; look++) {
              installation.pass(minute)
              await send()
            }
            expect(succeeded()).toHaveLength(1)
            expect(await drift()).toBe(0n)
          },
        )

        test.each(['payout looked at', 'payout may be ordered'])(
          'is not ordered from by a worker that stalled at "%s"',
          async point => {
            let stalls = 0
            const at = (name: string) => {
              if (name === point && stalls++ === 0) installation.pass(3 * minute)
            }
            const outcome = await sendPayouts(installation.db, rail, { ...installation.app.world, at })
            expect([outcome.later, installation.transfers()]).toEqual([1, []])
            installation.pass(5 * minute)
            await send()
            expect((await payout()).state).toBe('sent')
          },
        )

        test('at an order without an answer changes nothing once another worker has made it again', async () => {
          await send({ pay: async () => unsure('no answer') })
          const resolve = (by: Partial<Rail> = {}) =>
            resolvePayouts(installation.db, { ...rail, ...by }, installation.app.world)
          installation.pass(2 * minute)
          await resolve()
          installation.pass(2 * minute)
          let looks = 0
          await resolve({
            async findPayouts(tag) {
              const answer = await rail.findPayouts(tag)
              if (looks++ === 0) {
                await resolve({
                  pay: async (orders, deadline) => (await rail.pay(orders, deadline), unsure('no answer')),
                })
                // What is owed changes meanwhile, so that an order of which the bank shows no trace would be
                // given up.
                await installation.db.tx(tx =>
                  post(tx, installation.app.world, {
                    movement: 'commission again',
                    source: 'a test',
                    amount: brl(100n),
                    invoiceId: installation.id,
                    memo: '',
                  }),
                )
              }
              return answer
            },
          })
          expect(await payout()).toMatchObject({ state: 'unsure', why: 'no answer' })
        })
      })

      test('a payout that the bank cannot be asked about is held, says why, and keeps back no other', async () => {
        const [cursed, third] = await collect(installation, [5_000n, 6_000n])
        await send({ pay: async () => refused('too many requests', true) })
        installation.pass(2 * minute)
        const odd = async (tag: string) => {
          if (tag === cursed!.invoice_id) throw new Error('an odd answer')
          return rail.findPayouts(tag)
        }
        expect(await send({ findPayouts: odd })).toEqual({ sent: 2, held: 1, later: 0, unsure: 0 })
        const states = await installation.db.all(
          sql`select id, state, why from payouts where id in (${cursed!.id}, ${third!.id}) order by id`,
        )
        expect(states).toEqual(
          expect.arrayContaining([
            { id: cursed!.id, state: 'held', why: 'it cannot be looked up: an odd answer' },
            { id: third!.id, state: 'sent', why: null },
          ]),
        )
        await releasePayout(installation.db, cursed!.id, act)
        await send()
        expect(
          (await installation.db.one(sql`select state from payouts where id = ${cursed!.id}`))!['state'],
        ).toBe('sent')
      })

      test('an order that the bank cannot be asked about is put off, says why, and keeps back no other', async () => {
        const [other] = await collect(installation, [5_000n])
        await send({ pay: async () => unsure('no answer') })
        const { id } = await payout()
        const odd = async (tag: string) => {
          if (tag.startsWith(id)) throw new Error('an odd answer')
          return rail.findPayouts(tag)
        }
        for (let look = 0; look < 3; look++) {
          installation.pass(2 * minute)
          const resolved = resolvePayouts(
            installation.db,
            { ...rail, findPayouts: odd },
            installation.app.world,
          )
          if (look === 0) await expect(resolved).rejects.toThrow('an odd answer')
          else await resolved
        }
        const otherState = (await installation.db.one(
          sql`select state from payouts where id = ${other!.id}`,
        ))!['state']
        expect([await payout(), otherState]).toMatchObject([
          { state: 'unsure', why: 'it cannot be asked about: an odd answer' },
          'sent',
        ])
      })

      describe('with another payout that is due', () => {
        let other: string
        /** A copy of it for an invoice of its own, `units` of it. */
        beforeEach(async () => {
          other = 'pay_01k9zq3f5c8wxy2m7n4p6r8s0t'
          await installation.db.tx(async tx => {
            const copy = 'inv_01k9zq3f5c8wxy2m7n4p6r8s0t'
            await tx.run(sql`
            insert into invoices (id, store_id, slot_id, ordinal, rail, asset, units, payer_name,
              payer_tax_id, description, due_at, account_id,
              commission_bp, min_payout_units, state, batch_tag, added_at, changed_at)
            select ${copy}, store_id, slot_id, 2, rail, asset, units, payer_name, payer_tax_id, description,
              due_at, account_id,
              commission_bp, min_payout_units, 'issued', batch_tag, added_at, changed_at from invoices`)
            await tx.run(sql`
            insert into payouts (id, store_id, invoice_id, rule, account_id, asset, units, withheld_units,
              state, why, next_at, added_at, changed_at)
            select ${other}, store_id, ${copy}, rule, account_id, asset, -10, 0, 'held',
              'nothing is left after fees', next_at, '2000', changed_at from payouts`)
          })
        })
        const stateOf = async (id: string) =>
          (await installation.db.one<{ state: string }>(sql`select state from payouts where id = ${id}`))!
            .state

        test.each([
          ['retry', retryPayout],
          ['release', releasePayout],
        ])('%s refuses one with nothing left', async (_, work) => {
          await expect(work(installation.db, other, act)).rejects.toThrow(
            `payout ${other} cannot go out, for it is of -R$ 0.10: nothing is left to pay on`,
          )
          expect(await stateOf(other)).toBe('held')
        })

        test('one with nothing left that is owed all the same is held, and the others go out', async () => {
          await installation.db.tx(tx => tx.run(sql`update payouts set state = 'owed' where id = ${other}`))
          expect(await send()).toMatchObject({ sent: 1, held: 1 })
          expect([await stateOf(other), (await payout()).state]).toEqual(['held', 'sent'])
        })

        test('one that the database itself refuses to order is held with what it said, and the others go out', async () => {
          const { id } = await payout()
          await installation.db.tx(async tx => {
            await tx.run(sql`update payouts set state = 'owed', units = 10 where id = ${other}`)
            const invoiceId = 'inv_01k9zq3f5c8wxy2m7n4p6r8s0t'
            await post(tx, installation.app.world, {
              movement: 'invoice credited',
              source: invoiceId,
              amount: brl(10n),
              invoiceId,
              memo: 'a test',
            })
            // Its key is taken by an order of another payout.
            await tx.run(sql`
            insert into attempts (id, payout_id, number, external_id, units, state, asked_at, changed_at)
            values ('att_1', ${id}, 7, ${`${other}-1`}, 1, 'failed', '', '')`)
          })
          await send()
          expect([await stateOf(other), (await payout()).state]).toEqual(['held', 'sent'])
          const held = await installation.db.one<{ why: string }>(
            sql`select why from payouts where id = ${other}`,
          )
          expect(held!.why).toBe(`it cannot be ordered: order ${other}-1 is kept as one of payout ${id}`)
        })
      })
    },
  )
})
