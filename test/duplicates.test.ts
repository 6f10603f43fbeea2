/**
 * Duplicate invoices at the bank: found, canceled while nobody paid, and refunded or kept once somebody did;
 * the books add up at every step.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Bank, Invoice } from '../sim/bank.ts'
import { bodyOf } from '../sim/events.ts'
import type { BankEvent } from '../sim/event.ts'
import { watchForTwins } from '../src/invoice/bank/twins.ts'
import {
  findTwin,
  resolveTwins,
  resolveUnsureInvoices,
  sendRefund,
  type TwinRow,
} from '../src/invoice/invoice.ts'
import { setAsideAfterRestore } from '../src/jobs/jobs.ts'
import { checkBooks, holdAgainstBank, reconcile } from '../src/reconcile/reconcile.ts'
import { balances, checkLedger } from '../src/ledger/ledger.ts'
import { payoutsStopped } from '../src/payout/payout.ts'
import type { Rail } from '../src/rails/rail.ts'
import { history, sql, type Db } from '../src/db/db.ts'
import { status } from '../src/queries/status.ts'
import { pollEvents, settleInbox } from '../src/webhooks/webhooks.ts'
import { doubleAtBank } from './testbed/duplicate.ts'
import { postgresAvailable, startPostgres, type Postgres } from './testbed/postgres.ts'
import { openTestInstallation, type TestInstallation } from './testbed/testInstallation.ts'
import { stopAll, approveRefund, keepTwin } from './testbed/acts.ts'

const second = 1_000
const minute = 60 * second

describe.each([
  { engine: 'sqlite', there: true },
  { engine: 'postgres', there: postgresAvailable() },
])('$engine', ({ engine, there }) => {
  describe.skipIf(!there)(there ? 'keeps track of duplicates' : 'is not to be had on this machine', () => {
    let server: Postgres | undefined
    let installation: TestInstallation

    beforeAll(async () => {
      if (engine === 'postgres') server = await startPostgres({ durable: false })
    }, 300_000)
    afterAll(() => server?.stop())
    const open = async (settings = {}) =>
      openTestInstallation({ settings, ...(server && { databaseUrl: await server.migratedDatabase() }) })
    beforeEach(async () => {
      installation = await open()
    })
    afterEach(async () => {
      await agree(installation)
      await installation.close()
    })

    /** What a job would do now. */
    const resolve = () => resolveTwins({ ...atBank(installation), stopped: payoutsStopped })
    const refund = async (twin: Invoice, by = 'chico') => {
      const answer = await approveRefund(installation.db, 'starkbank', {
        invoiceId: installation.id,
        providerId: twin.id,
        by,
        why: 'paid twice',
      })
      return answer.is === 'done'
        ? sendRefund({ ...atBank(installation), stopped: payoutsStopped }, answer.twin)
        : answer.code
    }
    const keep = async (twin: Invoice) => {
      const decision = {
        invoiceId: installation.id,
        providerId: twin.id,
        by: 'chico',
        why: 'taken off the next bill',
      }
      const answer = await keepTwin(installation.db, installation.app.world, decision)
      return answer.is === 'done' ? answer.twin.state : answer.code
    }
    const told = (twin: Invoice, type: string) => eventOf(installation.bank, twin, type)
    const twinOf = async ({ id }: Invoice): Promise<TwinRow> =>
      (await findTwin(installation.db, 'starkbank', id))!
    const stateOf = async (twin: Invoice) => (await findTwin(installation.db, 'starkbank', twin.id))?.state
    const approved = async (twin: Invoice): Promise<TwinRow> => {
      const answer = await approveRefund(installation.db, 'starkbank', {
        invoiceId: installation.id,
        providerId: twin.id,
        by: 'chico',
        why: '',
      })
      if (answer.is === 'refused') throw new Error(answer.code)
      return answer.twin
    }
    /** A worker that claims a refund and stands still before its call; `go` lets it go on. */
    const stalledRefund = async (
      twin: Invoice,
      ask: Rail['refundInvoice'] = installation.app.rails.starkbank!.refundInvoice,
    ) => {
      const { promise: gate, resolve: go } = Promise.withResolvers<void>()
      const { promise: isClaimed, resolve: claimed } = Promise.withResolvers<void>()
      const rail: Rail = {
        ...installation.app.rails.starkbank!,
        refundInvoice: async (...asked) => (claimed(), await gate, ask(...asked)),
      }
      const ended = sendRefund(
        { ...atBank(installation), rail, stopped: payoutsStopped },
        (await findTwin(installation.db, 'starkbank', twin.id))!,
      )
      await isClaimed
      return { go: () => (go(), ended) }
    }
    /** A duplicate that somebody paid before it could be canceled, and the bank has credited. */
    const paidTwin = async () => {
      const twin = double(installation)
      installation.bank.pay(twin.id)
      installation.pass(5 * second)
      await installation.hear(told(twin, 'credited'))
      return twin
    }

    describe('while nobody paid it', () => {
      test.each(['created', 'overdue'])(
        'its event %s has it canceled at once, and the same event again does nothing',
        async log => {
          const twin = double(installation)
          installation.pass(log === 'created' ? 5 * second : 3 * 86_400 * second)
          const event = told(twin, log)
          await installation.hear(event)
          expect(twin.status).toBe('canceled')
          expect(await stateOf(twin)).toBe('canceled')
          await installation.hear(event)
          await resolve()
          expect(patches(installation.bank)).toBe(1)
          expect(
            (await history(installation.db, (await twinOf(twin)).id)).map(({ to_state: to, why }) => [
              to,
              why,
            ]),
          ).toEqual([
            ['open', 'seen-in-event'],
            ['canceled', 'canceled-here'],
          ])
          expect((await status(installation.db)).needsPerson).toEqual([])
          expect(await installation.invoice()).toMatchObject({ provider_id: installation.atBank.id })
        },
      )

      test('the bank is away, and the job cancels it later', async () => {
        const twin = double(installation)
        installation.pass(5 * second)
        installation.bank.failNext('resetBefore', 'PATCH')
        await installation.hear(told(twin, 'created'))
        expect([twin.status, await stateOf(twin)]).toEqual(['created', 'open'])
        await resolve()
        expect(twin.status).toBe('created')
        installation.pass(minute)
        await resolve()
        expect([twin.status, await stateOf(twin)]).toEqual(['canceled', 'canceled'])
      })

      test('an answer to the cancelation is lost, and the next look finds it canceled', async () => {
        const twin = double(installation)
        installation.pass(5 * second)
        installation.bank.failNext('resetAfterCommit', 'PATCH')
        await installation.hear(told(twin, 'created'))
        expect([twin.status, await stateOf(twin)]).toEqual(['canceled', 'open'])
        installation.pass(minute)
        await resolve()
        expect(await stateOf(twin)).toBe('canceled')
      })

      test('it is canceled wherever the program dies on the way', { timeout: 300_000 }, async () => {
        for (let place = 1; ; place++) {
          await installation.close()
          installation = await open()
          const twin = double(installation)
          installation.pass(5 * second)
          await keepEvent(installation, told(twin, 'created'))
          const died = await dieAfter(place, installation, async at => {
            await settleInbox({ ...installation.app, db: at.db, rails: { starkbank: at.rail } })
          })
          for (let round = 0; round < 5 && (await stateOf(twin)) !== 'canceled'; round++) {
            installation.pass(2 * minute)
            await settleInbox(installation.app)
            await resolve()
          }
          expect([place, await stateOf(twin), twin.status]).toEqual([place, 'canceled', 'canceled'])
          if (!died) return expect(place).toBeGreaterThan(5)
        }
      })

      test('it is paid before it can be canceled, and is taken as paid', async () => {
        const twin = double(installation)
        installation.pass(5 * second)
        const created = told(twin, 'created')
        const rail: Rail = {
          ...installation.app.rails.starkbank!,
          // The payer is quicker by a moment.
          cancelInvoice: id => (
            installation.bank.pay(id),
            installation.app.rails.starkbank!.cancelInvoice(id)
          ),
        }
        await keepEvent(installation, created)
        await settleInbox({ ...installation.app, rails: { starkbank: rail } })
        expect(await stateOf(twin)).toBe('paid')
        expect(await refund(twin)).toBe('not-credited')
        installation.pass(5 * second)
        await installation.hear(told(twin, 'credited'))
        expect(await stateOf(twin)).toBe('credited')
        expect(await refund(twin)).toBe('sent')
      })

      test('nothing is to be given back or kept of one that was canceled', async () => {
        const twin = double(installation)
        installation.pass(5 * second)
        await installation.hear(told(twin, 'created'))
        expect([await refund(twin), await keep(twin), await refund(installation.atBank)]).toEqual([
          'not-paid',
          'not-paid',
          'not-found',
        ])
      })
    })

    describe('once somebody paid it', () => {
      test('beside the invoice: what came is owed to the payer, owes no payout, and waits for a person', async () => {
        installation.bank.pay(installation.atBank.id)
        const twin = await paidTwin()
        await installation.hear(told(installation.atBank, 'credited'))
        const { owed, cost } = await owedToPayers(installation.db)
        expect([owed, cost]).toEqual([10_000n, 50n])
        expect(await installation.invoice()).toMatchObject({
          state: 'credited',
          provider_id: installation.atBank.id,
        })
        expect(await installation.db.all(sql`select invoice_id from payouts`)).toEqual([
          { invoice_id: installation.id },
        ])
        const now = await status(installation.db)
        expect(now.money).toMatchObject({ credited: 10_000n, duplicates: 10_000n, toPayers: 10_000n })
        expect(now.needsPerson).toEqual([
          expect.stringMatching(
            new RegExp(`paid invoice ${installation.id} twice: R\\$ 100\\.00.*--twin ${twin.id}`),
          ),
        ])
      })

      test('alone: the invoice stays unpaid under its own id at the bank, and a person decides', async () => {
        const twin = await paidTwin()
        expect(await installation.invoice()).toMatchObject({
          state: 'issued',
          provider_id: installation.atBank.id,
        })
        expect(await installation.payout()).toBeUndefined()
        expect((await status(installation.db)).needsPerson).toEqual([
          expect.stringMatching(
            new RegExp(`to duplicate ${twin.id} of invoice ${installation.id}, which itself is not paid`),
          ),
        ])
      })

      test('told of by paid, credited, once more and by the poll, it is booked once', async () => {
        const twin = await paidTwin()
        await installation.hear(told(twin, 'paid'), told(twin, 'credited'), told(twin, 'created'))
        await pollEvents(
          installation.db,
          installation.app.rails.starkbank!,
          installation.app.inbox,
          installation.app.world,
        )
        await settleInbox(installation.app)
        expect((await owedToPayers(installation.db)).owed).toBe(10_000n)
        expect(await stateOf(twin)).toBe('credited')
      })

      test('it is refunded once, however often that is asked for, and the payer has it when the bank says so', async () => {
        const twin = await paidTwin()
        const answers = await Promise.all([refund(twin, 'chico'), refund(twin, 'chica')])
        expect(answers.toSorted()).toEqual(['decided', 'sent'])
        expect((await status(installation.db)).needsPerson).toEqual([])
        await agree(installation)
        while (twin.status !== 'voided') {
          installation.pass(second)
          await agree(installation)
        }
        installation.pass(5 * second)
        await installation.hear(
          told(twin, 'reversing'),
          told(twin, 'reversed'),
          told(twin, 'voided'),
          told(twin, 'reversed'),
        )
        expect(await twinOf(twin)).toMatchObject({ state: 'refunded', returned_units: 10_000n })
        expect((await owedToPayers(installation.db)).owed).toBe(0n)
        expect(await refund(twin)).toBe('decided')
        expect(reversals(installation.bank, twin)).toBe(1)
        expect(
          await installation.db.all(sql`select actor, act from audit where act like 'duplicate%'`),
        ).toHaveLength(1)
      })

      test('it is kept: nothing leaves the bank, and the payer is owed nothing', async () => {
        const twin = await paidTwin()
        expect([await keep(twin), await keep(twin), await refund(twin)]).toEqual([
          'kept',
          'decided',
          'decided',
        ])
        expect((await owedToPayers(installation.db)).owed).toBe(0n)
        await agree(installation)
        // The bank gives it back all the same.
        installation.bank.reverse(twin.id)
        installation.pass(20 * second)
        await installation.hear(told(twin, 'reversed'))
        expect(await stateOf(twin)).toBe('refunded')
        expect((await balances(installation.db)).external).toBe(0n)
      })

      test('a row of it that says otherwise than the books is a finding', async () => {
        const twin = await paidTwin()
        const returned = (units: bigint) =>
          installation.db.tx(tx => tx.run(sql`update invoice_twins set returned_units = ${units}`))
        await returned(1n)
        expect((await checkLedger(installation.db)).map(({ says }) => says)).toEqual([
          expect.stringMatching(
            /^duplicates of inv_\w+: .*R\$ 0\.01 refunded, R\$ 99\.99 owed, but .*R\$ 100\.00 owed in the books$/,
          ),
        ])
        await returned(0n)
        expect(await keep(twin)).toBe('kept')
      })

      test('the bank gives it back by itself, and nobody has to decide', async () => {
        const twin = await paidTwin()
        installation.bank.reverse(twin.id)
        installation.pass(20 * second)
        const [reversed, credited] = [told(twin, 'reversed'), told(twin, 'credited')]
        await installation.hear(reversed, credited)
        expect(await stateOf(twin)).toBe('refunded')
        expect((await status(installation.db)).needsPerson).toEqual([])
      })

      test('its reversal is heard of before its credit, and both are booked', async () => {
        const twin = double(installation)
        installation.bank.pay(twin.id)
        installation.pass(5 * second)
        installation.bank.reverse(twin.id)
        installation.pass(20 * second)
        await installation.hear(told(twin, 'voided'))
        expect(await installation.fate(told(twin, 'voided'))).toMatch(
          /^waiting: .*whose credit has not come yet$/,
        )
        await installation.hear(told(twin, 'credited'))
        installation.pass(minute)
        await settleInbox(installation.app)
        expect(await twinOf(twin)).toMatchObject({ state: 'refunded', paid_units: 10_000n })
      })
    })

    describe('of an invoice that has no id at the bank', () => {
      const forget = async (state: string) => {
        installation.pass(5 * second)
        await installation.db.tx(tx =>
          tx.run(sql`update invoices set state = ${state}, provider_id = null, next_at = ''`),
        )
      }

      test.each(['refused', 'canceled'])(
        'and is %s: what the bank has is canceled, or a person’s once it was paid',
        async state => {
          await forget(state)
          const paid = double(installation)
          installation.bank.pay(paid.id)
          installation.pass(5 * second)
          await installation.hear(told(installation.atBank, 'created'), told(paid, 'credited'))
          expect([
            installation.atBank.status,
            await stateOf(installation.atBank),
            await stateOf(paid),
          ]).toEqual(['canceled', 'canceled', 'credited'])
          expect(
            (await status(installation.db)).needsPerson.filter(says => says.includes(paid.id)),
          ).toHaveLength(1)
          expect(await installation.invoice()).toMatchObject({ state, provider_id: null })
        },
      )

      test.each(['refused', 'canceled'])(
        'and is %s: what is found by its tag is canceled too',
        async state => {
          await forget(state)
          const { batch_tag: tag } = (await installation.db.one<{ batch_tag: string }>(
            sql`select batch_tag from invoices`,
          ))!
          await installation.db.tx(tx => watchForTwins(tx, 'starkbank', tag))
          installation.pass(3 * minute)
          await resolve()
          expect([installation.atBank.status, await stateOf(installation.atBank)]).toEqual([
            'canceled',
            'canceled',
          ])
        },
      )
    })

    describe('asks a person', () => {
      const asked = async () =>
        (await status(installation.db, { now: await installation.db.tx(tx => tx.now()) })).needsPerson

      test('about one that cannot be canceled, after ten minutes', async () => {
        const twin = double(installation)
        installation.pass(5 * second)
        installation.app.rails = {
          starkbank: {
            ...installation.app.rails.starkbank!,
            cancelInvoice: async () => ({ is: 'refused', why: 'no', again: false }),
          },
        }
        await installation.hear(told(twin, 'created'))
        expect(await asked()).toEqual([])
        installation.pass(11 * minute)
        await resolve()
        expect(await asked()).toEqual([
          expect.stringMatching(new RegExp(`^duplicate ${twin.id} of .* has not canceled it`)),
        ])
      })

      test('about a refund that has not arrived after thirty minutes', async () => {
        const twin = await paidTwin()
        installation.bank.failNext('resetBefore', 'PATCH')
        await refund(twin)
        expect(await asked()).toEqual([])
        installation.pass(31 * minute)
        expect(await asked()).toEqual([
          expect.stringMatching(/^the refund of R\$ 100\.00 to .* more than 30 minutes$/),
        ])
      })

      test('about one that was settled otherwise, and that the bank gave back all the same', async () => {
        const twin = await paidTwin()
        await keep(twin)
        expect(await asked()).toEqual([])
        installation.bank.reverse(twin.id)
        installation.pass(20 * second)
        await installation.hear(told(twin, 'reversed'))
        expect(await asked()).toEqual([
          expect.stringMatching(
            /^R\$ 100\.00 of duplicate .* went back to .* though it was settled otherwise/,
          ),
        ])
        installation.pass(31 * 24 * 60 * minute)
        expect(await asked()).toEqual([])
      })

      test('not about a part that went back before a person settled the rest', async () => {
        const twin = await paidTwin()
        giveBackAtBank(installation.bank, twin, 6_000)
        installation.pass(minute)
        await installation.hear(told(twin, 'reversed'))
        expect(await asked()).toEqual([expect.stringMatching(/R\$ 60\.00 paid to duplicate/)])
        expect(await keep(twin)).toBe('kept')
        expect(await asked()).toEqual([])
      })

      test('in other words where the invoice itself was reversed, and without a command before the money is there', async () => {
        installation.bank.pay(installation.atBank.id)
        installation.pass(5 * second)
        await installation.hear(told(installation.atBank, 'credited'))
        const twin = double(installation)
        installation.bank.pay(twin.id)
        installation.pass(5 * second)
        const [paid, credited] = [told(twin, 'paid'), told(twin, 'credited')]
        await installation.hear(paid)
        expect(await asked()).toEqual([expect.stringMatching(/and the bank has not credited it yet$/)])
        await installation.hear(credited)
        expect(await asked()).toEqual([expect.stringMatching(/ twice: /)])
        installation.bank.reverse(installation.atBank.id)
        installation.pass(minute)
        await installation.hear(told(installation.atBank, 'reversed'))
        expect(await asked()).toEqual([
          expect.stringMatching(/which itself was reversed \(repasse invoice refund/),
        ])
      })
    })

    describe('in the bank’s statement', () => {
      test('is known by its id, without tags', async () => {
        const twin = await paidTwin()
        expect(await keep(twin)).toBe('kept')
        const rail = installation.app.rails.starkbank!
        const bare: Rail = {
          ...rail,
          async statement(after) {
            const answer = await rail.statement(after)
            return answer.is === 'done'
              ? {
                  ...answer,
                  value: { ...answer.value, items: answer.value.items.map(line => ({ ...line, tags: [] })) },
                }
              : answer
          },
        }
        expect(await reconcile(installation.db, bare, installation.app.world)).toMatchObject({
          imported: 0,
          agrees: true,
        })
      })

      test.each(['credited', 'kept'])(
        'leaves while it is %s, and payouts go on until the push comes',
        async state => {
          const twin = await paidTwin()
          if (state === 'kept') await keep(twin)
          installation.bank.reverse(twin.id)
          installation.pass(20 * second)
          for (const _ of [1, 2]) {
            const found = await reconcile(
              installation.db,
              installation.app.rails.starkbank!,
              installation.app.world,
            )
            if (typeof found === 'string') throw new Error(found)
            expect(await holdAgainstBank(installation.db, found)).toBeUndefined()
          }
          await installation.hear(told(twin, 'reversed'))
          expect(await stateOf(twin)).toBe('refunded')
        },
      )
    })

    test.each(['approved', 'refunding', 'unsure'])(
      'a refund that is %s in a backup is a person’s to decide again after a restore',
      async state => {
        const twin = await paidTwin()
        await approved(twin)
        await installation.db.tx(tx => tx.run(sql`update invoice_twins set state = ${state}`))
        installation.pass(60 * minute)
        await setAsideAfterRestore(installation.db, installation.app.world)
        await resolve()
        expect([await stateOf(twin), patches(installation.bank)]).toEqual(['credited', 0])
        expect((await history(installation.db, (await twinOf(twin)).id)).at(-1)).toMatchObject({
          to_state: 'credited',
          why: 'restored',
        })
        expect(await refund(twin)).toBe('sent')
      },
    )

    describe('a refund', () => {
      test('waits while payouts are stopped, and is made once they go on', async () => {
        const twin = await paidTwin()
        await stopAll(installation.db, 'the bank looks wrong', 'ana')
        expect(await refund(twin)).toBe('approved')
        installation.pass(minute)
        await resolve()
        expect([await stateOf(twin), twin.amount]).toEqual(['approved', 10_000])
        await installation.db.tx(tx => tx.run(sql`delete from settings where name = 'hold'`))
        await resolve()
        expect([await stateOf(twin), twin.amount]).toEqual(['sent', 0])
      })

      test('whose answer is lost is looked up, and not asked for again', async () => {
        const twin = await paidTwin()
        installation.bank.failNext('resetAfterCommit', 'PATCH')
        expect(await refund(twin)).toBe('unsure')
        installation.pass(2 * minute)
        await resolve()
        expect(await stateOf(twin)).toBe('refunded')
        expect([patches(installation.bank), reversals(installation.bank, twin)]).toEqual([1, 1])
      })

      test('that never reached the bank is asked for again once it was absent twice', async () => {
        const twin = await paidTwin()
        installation.bank.failNext('resetBefore', 'PATCH')
        expect(await refund(twin)).toBe('unsure')
        installation.pass(2 * minute)
        await resolve()
        expect([await stateOf(twin), patches(installation.bank)]).toEqual(['unsure', 1])
        installation.pass(2 * minute)
        await resolve()
        expect(await stateOf(twin)).toBe('approved')
        await resolve()
        expect([await stateOf(twin), patches(installation.bank)]).toEqual(['sent', 2])
      })

      test('that the bank wants later is asked for later', async () => {
        const twin = await paidTwin()
        installation.bank.failNext('status429', 'PATCH')
        expect(await refund(twin)).toBe('approved')
        installation.pass(2 * minute)
        await resolve()
        expect(await stateOf(twin)).toBe('sent')
      })

      test('that the bank refuses is a person’s to decide again', async () => {
        const twin = await paidTwin()
        const rail: Rail = {
          ...installation.app.rails.starkbank!,
          refundInvoice: async () => ({ is: 'refused', why: 'no', again: false }),
        }
        const answer = await approveRefund(installation.db, 'starkbank', {
          invoiceId: installation.id,
          providerId: twin.id,
          by: 'chico',
          why: '',
        })
        if (answer.is === 'refused') throw new Error(answer.code)
        expect(
          await sendRefund({ ...atBank(installation), rail, stopped: payoutsStopped }, answer.twin),
        ).toBe('credited')
        expect((await status(installation.db)).needsPerson).toHaveLength(1)
        expect((await history(installation.db, answer.twin.id)).at(-1)).toMatchObject({
          to_state: 'credited',
          why: 'refused: no',
        })
      })

      test('that the payer’s bank sends back is a person’s to decide again', async () => {
        await installation.close()
        installation = await open({ reversalFailRate: 1 })
        const twin = await paidTwin()
        expect(await refund(twin)).toBe('sent')
        installation.pass(20 * second)
        await installation.hear(told(twin, 'failed'), told(twin, 'refunded'))
        expect(await stateOf(twin)).toBe('credited')
        expect((await status(installation.db)).needsPerson).toHaveLength(1)
        installation.bank.setSettings({ reversalFailRate: 0 })
        expect(await refund(twin)).toBe('sent')
      })

      test('leaves no more once its worker stood still past its deadline', async () => {
        const twin = await paidTwin()
        await approved(twin)
        const stalled = await stalledRefund(twin)
        for (const _ of [1, 2]) {
          installation.pass(100 * second)
          await resolve()
        }
        expect(await stateOf(twin)).toBe('approved')
        await stopAll(installation.db, 'the bank looks wrong', 'ana')
        installation.pass(60 * minute)
        expect(await stalled.go()).toBe('approved')
        expect([patches(installation.bank), twin.amount]).toEqual([0, 10_000])
        await installation.db.tx(tx => tx.run(sql`delete from settings where name = 'hold'`))
      })

      test('is not written about by a worker whose claim is over', async () => {
        const twin = await paidTwin()
        await approved(twin)
        const first = await stalledRefund(twin, async () => ({ is: 'refused', why: 'no', again: false }))
        for (const _ of [1, 2]) {
          installation.pass(100 * second)
          await resolve()
        }
        const next = await stalledRefund(twin)
        expect([await first.go(), await stateOf(twin)]).toEqual(['refunding', 'refunding'])
        expect(await next.go()).toBe('sent')
      })

      test('a late log of one that failed says nothing about the next', async () => {
        await installation.close()
        installation = await open({ reversalFailRate: 1 })
        const twin = await paidTwin()
        await refund(twin)
        installation.pass(minute)
        const [failed, refunded] = [told(twin, 'failed'), told(twin, 'refunded')]
        await installation.hear(failed)
        expect(await stateOf(twin)).toBe('credited')
        installation.bank.setSettings({ reversalFailRate: 0 })
        expect(await refund(twin)).toBe('sent')
        await installation.hear(refunded)
        expect([await stateOf(twin), await keep(twin)]).toEqual(['sent', 'decided'])
      })

      test('a part that went back is booked as that part, though the rest is being asked for', async () => {
        const twin = await paidTwin()
        giveBackAtBank(installation.bank, twin, 6_000)
        installation.pass(minute)
        installation.bank.setSettings({ reversalFailRate: 1 })
        expect(await refund(twin)).toBe('sent')
        await installation.hear(told(twin, 'reversed'))
        expect(await twinOf(twin)).toMatchObject({ state: 'sent', returned_units: 4_000n })
        installation.pass(minute)
        await installation.hear(told(twin, 'failed'), told(twin, 'refunded'))
        expect(await twinOf(twin)).toMatchObject({ state: 'credited', returned_units: 4_000n })
      })

      test.each(['refunded', 'kept'])(
        '%s, and the money comes back to the bank: it is owed, or settled, as before',
        async before => {
          await installation.close()
          installation = await open({ reversalFailRate: 1 })
          const twin = await paidTwin()
          if (before === 'kept') await keep(twin)
          for (const round of [1, 2]) {
            if (before === 'kept') installation.bank.reverse(twin.id)
            else expect(await refund(twin)).toBe('sent')
            // The bank says that it is done, and then that it is not.
            const reversing = nextTold(installation, twin, 'reversing', round)
            await installation.hear({
              ...reversing,
              id: `9${round}`,
              log: { ...reversing.log, type: 'reversed' },
            })
            expect(await twinOf(twin)).toMatchObject({ state: 'refunded', returned_units: 10_000n })
            installation.pass(minute)
            await installation.hear(told(twin, 'failed'), told(twin, 'refunded'))
            expect(await twinOf(twin)).toMatchObject({ state: 'credited', returned_units: 0n })
            expect((await owedToPayers(installation.db)).owed).toBe(10_000n)
            await agree(installation)
            if (before === 'kept') expect(await keep(twin)).toBe('kept')
          }
        },
      )

      test.each(['reversing', 'sending'])('whose answer is lost is known by the log %s', async log => {
        const twin = await paidTwin()
        installation.bank.failNext('resetAfterCommit', 'PATCH')
        expect(await refund(twin)).toBe('unsure')
        await installation.hear(nextTold(installation, twin, log, 1))
        expect(await stateOf(twin)).toBe('sent')
      })

      test('whose amount falls only when the money has left is asked for once', async () => {
        const twin = await paidTwin()
        const rail = installation.app.rails.starkbank!
        await approved(twin)
        const late: Rail['refundInvoice'] = async id => rail.readInvoice(id)
        expect(await (await stalledRefund(twin, late)).go()).toBe('sent')
        installation.pass(2 * minute)
        await resolve()
        expect(await stateOf(twin)).toBe('sent')
      })

      test('that is unsure for long is said in the log', async () => {
        const twin = await paidTwin()
        installation.bank.failNext('resetBefore', 'PATCH')
        await refund(twin)
        installation.pass(31 * minute)
        const said: unknown[] = []
        const log = {
          ...installation.app.world.log,
          error: (fields: object, message: string) => void said.push([fields, message]),
        }
        await checkBooks(installation.db, { ...installation.app.world, log })
        expect(said).toEqual([[{ id: twin.id }, 'unsure for more than 30 minutes']])
      })

      test('is made once wherever the program dies on the way', { timeout: 300_000 }, async () => {
        for (let place = 1; ; place++) {
          await installation.close()
          installation = await open()
          const twin = double(installation)
          installation.bank.pay(twin.id)
          installation.pass(5 * second)
          await keepEvent(installation, told(twin, 'credited'))
          const died = await dieAfter(place, installation, async at => {
            await settleInbox({ ...installation.app, db: at.db, rails: { starkbank: at.rail } })
            const answer = await approveRefund(at.db, 'starkbank', {
              invoiceId: installation.id,
              providerId: twin.id,
              by: 'chico',
              why: '',
            })
            if (answer.is === 'done') await sendRefund({ ...at, stopped: payoutsStopped }, answer.twin)
          })
          for (let round = 0; round < 20 && (await stateOf(twin)) !== 'refunded'; round++) {
            installation.pass(2 * minute)
            for (const event of installation.bank.eventsCreated()) await keepEvent(installation, event)
            await settleInbox(installation.app)
            await resolve()
            if ((await stateOf(twin)) === 'credited') await refund(twin)
          }
          expect([place, await stateOf(twin), reversals(installation.bank, twin)]).toEqual([
            place,
            'refunded',
            1,
          ])
          await agree(installation)
          if (!died) return expect(place).toBeGreaterThan(6)
        }
      })

      test('is made once by two programs that both go on with it', async () => {
        const twin = await paidTwin()
        await stopAll(installation.db, 'wait', 'ana')
        await refund(twin)
        await installation.db.tx(tx => tx.run(sql`delete from settings where name = 'hold'`))
        await Promise.all([resolve(), resolve(), resolve()])
        expect([await stateOf(twin), patches(installation.bank)]).toEqual(['sent', 1])
      })
    })

    describe('whose push was lost', () => {
      /**
       * As if the bank had shown no trace of it twice, and it was asked for again: the first turns up later.
       */
      const askedAgain = async () => {
        const { batch_tag: tag } = (await installation.db.one<{ batch_tag: string }>(
          sql`select batch_tag from invoices`,
        ))!
        await installation.db.tx(tx =>
          tx.run(sql`update invoices set state = 'unsure', provider_id = null, next_at = ''`),
        )
        const absent = {
          ...installation.app.rails.starkbank!,
          findInvoices: async () => ({ is: 'done' as const, value: [] }),
        }
        await resolveUnsureInvoices(installation.db, absent, installation.app.world)
        installation.pass(2 * minute)
        await resolveUnsureInvoices(installation.db, absent, installation.app.world)
        expect(await installation.invoice()).toMatchObject({ state: 'draft' })
        return tag
      }
      const isWatched = async () =>
        (await installation.db.one(sql`select looks from twin_watches`)) !== undefined

      test('is found by its tag at growing intervals after the invoice was asked for again', async () => {
        await askedAgain()
        await installation.db.tx(tx =>
          tx.run(sql`update invoices set state = 'issued', provider_id = ${installation.atBank.id}`),
        )
        const looks: number[] = []
        const startedAt = installation.clock.now()
        const before = () =>
          Object.entries(installation.bank.requestCounts()).find(
            ([name]) => name === 'GET /v2/invoice',
          )?.[1] ?? 0
        for (let passed = 0; passed < 26 * 60; passed += 1) {
          const count = before()
          installation.pass(minute)
          await resolve()
          if (before() > count) looks.push((installation.clock.now() - startedAt) / minute)
          if (looks.length === 2 && installation.bank.invoices().length === 1) double(installation)
        }
        expect(looks).toEqual([2, 10, 60, 1440])
        expect(installation.bank.invoices()[1]!.status).toBe('canceled')
        expect(await isWatched()).toBe(false)
      })

      test('is looked for until the bank answers', async () => {
        await askedAgain()
        await installation.db.tx(tx =>
          tx.run(sql`update invoices set state = 'issued', provider_id = ${installation.atBank.id}`),
        )
        const twin = double(installation)
        installation.pass(3 * minute)
        const away: Rail = {
          ...installation.app.rails.starkbank!,
          findInvoices: async () => ({ is: 'unsure', why: 'no answer' }),
        }
        await resolveTwins({ ...atBank(installation), rail: away, stopped: payoutsStopped })
        expect(await stateOf(twin)).toBeUndefined()
        installation.pass(minute)
        await resolve()
        expect(await stateOf(twin)).toBe('canceled')
      })

      test('turns up before the invoice is asked for again, and is taken for it', async () => {
        await askedAgain()
        installation.pass(3 * minute)
        await resolve()
        expect(await installation.invoice()).toMatchObject({
          state: 'issued',
          provider_id: installation.atBank.id,
        })
        expect(installation.bank.invoices()).toHaveLength(1)
      })
    })
  })
})

const atBank = ({ db, app }: TestInstallation) => ({ db, rail: app.rails.starkbank!, world: app.world })

const double = ({ bank, atBank: invoice }: TestInstallation) => doubleAtBank(bank, invoice)

function eventOf(bank: Bank, { id }: Invoice, type: string): BankEvent {
  const found = bank
    .eventsCreated()
    .findLast(({ log }) => log.type === type && (log as unknown as { invoice: Invoice }).invoice?.id === id)
  if (!found) throw new Error(`the bank has told of no ${type} of ${id}`)
  return found
}

/** The `count`th event of this type, as soon as the bank tells of it. */
function nextTold(installation: TestInstallation, { id }: Invoice, type: string, count: number): BankEvent {
  for (let waits = 0; waits < 200; waits++, installation.pass(100)) {
    const all = installation.bank
      .eventsCreated()
      .filter(({ log }) => (log as unknown as { invoice?: Invoice }).invoice?.id === id)
    const found = all.filter(({ log }) => log.type === type)[count - 1]
    if (found) return found
  }
  throw new Error(`the bank tells of no ${type} of ${id}`)
}

const keepEvent = (installation: TestInstallation, event: BankEvent) =>
  installation.app.inbox.keep({
    rail: 'starkbank',
    eventId: event.id,
    raw: bodyOf(event),
    via: 'push',
    signature: 'proven elsewhere',
  })

/** Somebody has a part of it given back at the bank: what is left of it, in cents. */
function giveBackAtBank(bank: Bank, { id }: Invoice, amount: number): void {
  const { skipAuth } = bank.settings
  bank.setSettings({ skipAuth: true })
  const body = Buffer.from(JSON.stringify({ amount }))
  bank.handle({ method: 'PATCH', path: `/v2/invoice/${id}`, query: new URLSearchParams(), headers: {}, body })
  bank.setSettings({ skipAuth })
}

const patches = (bank: Bank) => bank.requestCounts()['PATCH /v2/invoice/:id'] ?? 0
const reversals = (bank: Bank, { id }: Invoice) =>
  bank.transactions().filter(({ source }) => source === `invoice/${id}/reversal`).length

async function owedToPayers(db: Db): Promise<{ owed: bigint; cost: bigint }> {
  const { 'owed-to-payers': owed, 'bank-fee': cost } = await balances(db)
  return { owed: -owed, cost }
}

/**
 * Ledger, status and the bank’s statement say the same, and nothing of a duplicate is booked as another’s.
 */
async function agree(installation: TestInstallation): Promise<void> {
  expect(await installation.audit()).toEqual([])
  expect(await status(installation.db)).toMatchObject({
    addsUp: true,
    stopped: expect.toSatisfy(isNotOfBooks),
  })
  const found = await reconcile(installation.db, installation.app.rails.starkbank!, installation.app.world)
  expect(found).toMatchObject({ agrees: true, imported: 0 })
}

const isNotOfBooks = (stopped: unknown) => stopped === undefined || stopped === 'the bank looks wrong'

class Died extends Error {
  override name = 'Died'
}

/**
 * Does `work` and dies after its `place`th effect: a committed transaction, or a call of the bank whose
 * answer is never heard. False when it lived.
 */
async function dieAfter(
  place: number,
  installation: TestInstallation,
  work: (at: { db: Db; rail: Rail; world: TestInstallation['app']['world'] }) => Promise<void>,
) {
  let effects = 0
  const done = <T>(value: T): T => {
    if (++effects === place) throw new Died()
    return value
  }
  const { db, rail, world } = atBank(installation)
  const mortal: Db = { ...db, tx: async (act, how) => done(await db.tx(act, how)) }
  const asked: Rail = {
    ...rail,
    readInvoice: async id => done(await rail.readInvoice(id)),
    cancelInvoice: async id => done(await rail.cancelInvoice(id)),
    refundInvoice: async (...asked) => done(await rail.refundInvoice(...asked)),
  }
  try {
    await work({ db: mortal, rail: asked, world })
    return false
  } catch (error) {
    if (error instanceof Died) return true
    throw error
  }
}
