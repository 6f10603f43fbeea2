/**
 * What people do about an invoice, on both databases: refund it in part or whole with two of them, cancel it,
 * ask for it again; and what payees owe.
 */
import { because } from '../src/base/reasons.ts'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { refused, unsure } from '../src/base/answer.ts'
import { deadlineIn } from '../src/base/deadline.ts'
import { newId } from '../src/base/id.ts'
import {
  cancelInvoice,
  findInvoice,
  findTwin,
  issueDrafts,
  refundsOf,
  resolveCancels,
  resolveRefunds,
  sendRefund,
} from '../src/invoice/invoice.ts'
import { runDueSlots, setAsideAfterRestore } from '../src/jobs/jobs.ts'
import { reconcile } from '../src/reconcile/reconcile.ts'
import { balances, checkLedger, openSuspense, totalsFor } from '../src/ledger/ledger.ts'
import {
  findAccount,
  payoutsStopped,
  proposeDebtEnd,
  proposeTerms,
  receivableOf,
} from '../src/payout/payout.ts'
import type { Rail } from '../src/rails/rail.ts'
import { sql } from '../src/db/db.ts'
import {
  pollEvents,
  proposeRefund,
  reissueInvoice,
  settleInbox,
  settleReversal,
  watchReversals,
} from '../src/webhooks/webhooks.ts'
import { status } from '../src/queries/status.ts'
import { postgresAvailable, startPostgres, type Postgres } from './testbed/postgres.ts'
import { doubleAtBank } from './testbed/duplicate.ts'
import { openTestInstallation, type TestInstallation } from './testbed/testInstallation.ts'
import { approveAndDo, releasePayout, proposeClose, approveRefund } from './testbed/acts.ts'

const second = 1_000
const minute = 60 * second

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
          databaseUrl: postgres ? await postgres.migratedDatabase() : 'sqlite::memory:',
        })
        installation.bank.deposit(50_000)
      })
      afterEach(async () => {
        expect(await checkLedger(installation.db)).toEqual([])
        expect((await status(installation.db)).addsUp).toBe(true)
        await installation.close()
      })

      const rail = (): Rail => installation.app.rails.starkbank!
      const at = (over: Partial<Rail> = {}) => ({
        ...{
          db: installation.db,
          rail: { ...rail(), ...over },
          world: installation.app.world,
          stopped: payoutsStopped,
        },
      })
      const pay = async () => {
        installation.bank.pay(installation.atBank.id)
        installation.pass(5 * second)
        await installation.hear(installation.event('invoice.credited'))
      }
      const payOn = async () => {
        await installation.send()
        installation.pass(20 * second)
        await installation.hear(installation.event('transfer.success'))
      }
      const propose = (units?: bigint, by = 'ana') =>
        proposeRefund(installation.db, installation.app.world, installation.id, {
          units,
          by,
          why: 'it was returned',
        })
      const approve = (id: string, by = 'bruno') =>
        approveAndDo(
          { db: installation.db, rails: installation.app.rails, world: installation.app.world },
          id,
          { by },
        )
      const refund = async (units?: bigint) => {
        const proposed = await propose(units)
        if (proposed.is !== 'proposed') throw new Error(`it is ${proposed.is}`)
        expect((await approve(proposed.proposal.id)).is).toBe('approved')
      }
      const payout = async () => (await installation.payout())!
      const notRefunded = { state: 'held', why: 'two people wanted it refunded, and the bank did not do it' }
      const refunds = async () =>
        (await refundsOf(installation.db, installation.id)).map(({ state, units }) => [state, units])
      const owing = async () =>
        receivableOf(installation.db, (await findAccount(installation.db, 'main'))!.id)
      const acts = async () =>
        (await installation.db.all<{ act: string }>(sql`select act from audit order by seq`)).map(
          ({ act }) => act,
        )
      const sent = () =>
        installation
          .transfers()
          .filter(({ status: is }) => is === 'success')
          .map(({ amount }) => amount)

      describe('a refund', () => {
        test('of a part: two people, then the bank is asked once, and the payout is of what is left', async () => {
          await pay()
          await refund(6_000n)
          expect(await payout()).toMatchObject({ state: 'held' })
          await resolveRefunds(at())
          expect(installation.atBank.amount).toBe(4_000)
          expect(await refunds()).toEqual([['sent', 6_000n]])
          await installation.send()
          expect(installation.transfers()).toHaveLength(0)
          installation.pass(20 * second)
          await installation.hear(installation.event('invoice.reversed'))
          expect(await refunds()).toEqual([['refunded', 6_000n]])
          expect(await payout()).toMatchObject({ state: 'owed', units: 3_890n })
          await payOn()
          expect(sent()).toEqual([3_890])
          expect(await acts()).toEqual(
            expect.arrayContaining(['proposal made', 'proposal approved', 'invoice refund approved']),
          )
          expect(await installation.audit()).toEqual([])
        })

        test.each([
          ['its amount', sql`update invoice_refunds set units = 9000, left_units = 1000`],
          ['what it leaves', sql`update invoice_refunds set left_units = 0`],
          ['the invoice it is of', sql`update invoice_refunds set provider_id = '4711'`],
          ['the proposal it is by', sql`update proposals set decided_by = 'mallory'`],
        ])(
          'of which somebody has edited %s past the program is not asked for: a person is told',
          async (_, edit) => {
            await pay()
            await refund(6_000n)
            await installation.db.tx(tx => tx.run(edit))
            await resolveRefunds(at())
            expect(installation.atBank.amount).toBe(10_000)
            expect([(await refunds()).map(([state]) => state), await payout()]).toMatchObject([
              ['failed'],
              { state: 'held' },
            ])
            expect((await status(installation.db)).needsPerson).toContainEqual(
              expect.stringMatching(/held|did not give/),
            )
          },
        )

        test('of all after it was paid on: the payee owes it', async () => {
          await pay()
          await payOn()
          await refund()
          await resolveRefunds(at())
          installation.pass(20 * second)
          await installation.hear(
            installation.event('invoice.reversed'),
            installation.event('invoice.voided'),
          )
          expect(await installation.invoice()).toMatchObject({ state: 'reversed' })
          expect([await refunds(), await owing()]).toEqual([[['refunded', 10_000n]], 9_800n])
          expect(await installation.audit()).toEqual([])
        })

        test('that the bank cannot make: its payout stays held, a person is told, and it can be asked for again', async () => {
          installation.bank.setSettings({ reversalFailRate: 1 })
          await pay()
          await refund(6_000n)
          await resolveRefunds(at())
          installation.pass(20 * second)
          await installation.hear(
            installation.event('invoice.failed'),
            installation.event('invoice.refunded'),
          )
          expect(await refunds()).toEqual([['failed', 6_000n]])
          expect(await payout()).toMatchObject({ ...notRefunded, units: 9_800n })
          const { needsPerson } = await status(installation.db, {
            now: new Date(installation.clock.now()).toISOString(),
          })
          expect(needsPerson).toContainEqual(expect.stringContaining('the bank did not give R$ 60.00'))
          installation.bank.setSettings({ reversalFailRate: 0 })
          await refund(1_000n)
          await resolveRefunds(at())
          installation.pass(20 * second)
          await installation.hear(installation.event('invoice.reversed'))
          expect(await refunds()).toEqual([
            ['failed', 6_000n],
            ['refunded', 1_000n],
          ])
          await releasePayout(installation.db, (await payout()).id, {
            by: 'ana',
            why: 'it is of what is left',
          })
          expect(await payout()).toMatchObject({ state: 'owed', units: 8_815n })
        })

        test.each([
          ['is lost after the bank took it on', true],
          ['is lost before the bank had it', false],
        ])('whose answer %s: it is asked about, and made once', async (_, isTaken) => {
          await pay()
          await refund(6_000n)
          const lost: Rail['refundInvoice'] = async (...asked) => {
            if (isTaken) await rail().refundInvoice(...asked)
            return { is: 'unsure', why: 'no answer' }
          }
          await resolveRefunds(at({ refundInvoice: lost }))
          expect(await refunds()).toEqual([['unsure', 6_000n]])
          for (let round = 0; round < 6; round++) {
            installation.pass(2 * minute)
            await resolveRefunds(at())
            await watchReversals(at())
          }
          expect(await refunds()).toEqual([['refunded', 6_000n]])
          expect(
            installation.bank
              .transactions()
              .filter(({ source }) => source.endsWith('/reversal'))
              .map(({ amount }) => amount),
          ).toEqual([-6_000])
          expect(await payout()).toMatchObject({ state: 'owed', units: 3_890n })
        })

        test('that the bank refuses: a person is told, and the payout stays held', async () => {
          await pay()
          await refund(6_000n)
          await resolveRefunds(
            at({ refundInvoice: async () => ({ is: 'refused', why: 'not allowed', again: false }) }),
          )
          expect(await refunds()).toEqual([['failed', 6_000n]])
          await watchReversals(at())
          expect(await payout()).toMatchObject({ ...notRefunded, units: 9_800n })
        })

        test('that the bank has no balance for now is asked for until it has, and the payee is not paid meanwhile', async () => {
          await pay()
          await refund()
          for (let round = 0; round < 3; round++) {
            await resolveRefunds(
              at({
                refundInvoice: async () => ({
                  is: 'refused',
                  why: 'invalidBalance: Insufficient balance',
                  again: false,
                }),
              }),
            )
            installation.pass(2 * minute)
            await watchReversals(at())
            await installation.send()
          }
          expect([await refunds(), installation.transfers()]).toEqual([[['approved', 10_000n]], []])
          installation.pass(30 * minute)
          const { needsPerson } = await status(installation.db, {
            now: new Date(installation.clock.now()).toISOString(),
          })
          expect(needsPerson.filter(says => says.includes('has not taken it on'))).toHaveLength(1)
          await resolveRefunds(at())
          expect(await refunds()).toEqual([['sent', 10_000n]])
        })

        test('that was not made while an order was under way, which then dies: nothing is ordered again until a person says', async () => {
          await pay()
          installation.bank.setSettings({ transferFee: 1_000_000 })
          await installation.send()
          await refund()
          await resolveRefunds(
            at({ refundInvoice: async () => ({ is: 'refused', why: 'not allowed', again: false }) }),
          )
          await watchReversals(at())
          installation.pass(20 * second)
          await installation.hear(installation.event('transfer.failed'))
          expect(await payout()).toMatchObject({ ...notRefunded, units: 9_800n })
        })

        test('is approved only of what was left when it was proposed', async () => {
          await pay()
          const proposed = await propose(3_000n)
          if (proposed.is !== 'proposed') throw new Error(`it is ${proposed.is}`)
          installation.bank.reverse(installation.atBank.id, 7_000)
          installation.pass(20 * second)
          await installation.hear(installation.event('invoice.reversed'))
          await expect(approve(proposed.proposal.id)).rejects.toThrow('R$ 70.00 of invoice')
          expect([await refunds(), installation.atBank.amount]).toEqual([[], 7_000])
        })

        test('waits while payouts are stopped, and a worker that stalled after its claim asks for nothing', async () => {
          await pay()
          await refund(6_000n)
          await installation.db.tx(tx =>
            tx.run(sql`insert into settings (name, value) values ('hold', 'a person looks')`),
          )
          await resolveRefunds(at())
          expect(await refunds()).toEqual([['approved', 6_000n]])
          await installation.db.tx(tx => tx.run(sql`delete from settings where name = 'hold'`))
          const stalled = {
            ...installation.app.world,
            at: (point: string) => void (point === 'refund claimed' && installation.pass(30 * second)),
          }
          await resolveRefunds({ ...at(), world: stalled })
          expect(await refunds()).toEqual([['approved', 6_000n]])
          expect(installation.atBank.amount).toBe(10_000)
        })

        test.each<[string, bigint | undefined, string]>([
          ['more than was paid', 10_001n, 'too-much'],
          ['nothing', 0n, 'nothing-left'],
        ])('of %s is no refund', async (_, units, code) => {
          await pay()
          expect(await propose(units)).toEqual({ is: 'impossible', code })
        })

        test.each([0, 3 * minute])(
          'that another worker asked for since the bank was looked at is not taken for failed: %i ms later',
          async ms => {
            await pay()
            await refund(6_000n)
            await resolveRefunds(at({ refundInvoice: async () => unsure('no answer') }))
            installation.pass(2 * minute)
            await resolveRefunds(at())
            installation.pass(2 * minute)
            await resolveRefunds(
              at({
                async invoiceLogs(id) {
                  const answer = await rail().invoiceLogs(id)
                  // The other one finds no trace either, and asks again.
                  await resolveRefunds(at())
                  await resolveRefunds(at())
                  installation.pass(ms)
                  return answer
                },
              }),
            )
            expect(await refunds()).toEqual([['sent', 6_000n]])
            installation.pass(20 * second)
            await installation.hear(installation.event('invoice.reversed'))
            expect(await refunds()).toEqual([['refunded', 6_000n]])
          },
        )

        test('of what nobody paid, or while money is going back already, is no refund; nor is one the bank knows more about', async () => {
          expect(await propose()).toEqual({ is: 'impossible', code: 'not-credited' })
          await pay()
          const proposed = await propose(6_000n)
          installation.bank.reverse(installation.atBank.id, 5_000)
          installation.pass(450)
          if (proposed.is !== 'proposed') throw new Error(`it is ${proposed.is}`)
          await expect(approve(proposed.proposal.id)).rejects.toThrow('is going back already')
          await installation.hear(installation.event('invoice.reversing'))
          expect(await propose(1_000n)).toEqual({ is: 'impossible', code: 'under-way' })
        })

        test('approved by who proposed it is refused, and nothing happens', async () => {
          await pay()
          const proposed = await propose(6_000n)
          if (proposed.is !== 'proposed') throw new Error(`it is ${proposed.is}`)
          expect((await approve(proposed.proposal.id, ' ANA ')).is).toBe('own')
          expect(await refunds()).toEqual([])
        })

        test('after a restore it is a person’s again, and what the bank did of it is read', async () => {
          await pay()
          await refund(6_000n)
          await setAsideAfterRestore(installation.db, installation.app.world)
          expect(await refunds()).toEqual([['failed', 6_000n]])
          await watchReversals(at())
          expect(await payout()).toMatchObject({ ...notRefunded, units: 9_800n })
        })

        test('after a restore one that the bank had made is made, and its payout goes on', async () => {
          await pay()
          await refund(6_000n)
          await rail().refundInvoice(installation.atBank.id, 4_000n, deadlineIn(minute, installation.clock))
          await setAsideAfterRestore(installation.db, installation.app.world)
          installation.pass(20 * second)
          await watchReversals(at())
          expect(await refunds()).toEqual([['refunded', 6_000n]])
          expect(await payout()).toMatchObject({ state: 'owed', units: 3_890n })
        })
      })

      describe('what a payee owes', () => {
        const owe = async () => {
          await pay()
          await payOn()
          installation.bank.reverse(installation.atBank.id, 4_000)
          installation.pass(20 * second)
          await installation.hear(installation.event('invoice.reversed'))
          expect(await owing()).toBe(5_910n)
        }
        /** One more invoice of the same account, paid. */
        const another = async () => {
          installation.pass(24 * 60 * minute)
          await runDueSlots(installation.app)
          const made = installation.bank.invoices().at(-1)!
          expect(made.id).not.toBe(installation.atBank.id)
          installation.bank.pay(made.id)
          installation.pass(5 * second)
          await installation.hear(installation.event('invoice.credited'))
          return (await installation.db.one<{ id: string }>(
            sql`select id from invoices where provider_id = ${made.id}`,
          ))!.id
        }
        /** The payer's bank sends back what had left. */
        const comeAgain = async () => {
          const logs = (await rail().invoiceLogs(installation.atBank.id)) as {
            is: 'done'
            value: { logId: string }[]
          }
          const back = {
            logId: 'again',
            log: 'refunded',
            units: 10_000n,
            createdAt: new Date(installation.clock.now()).toISOString(),
          }
          await installation.db.tx(tx =>
            settleReversal(tx, installation.app.world, installation.id, [...(logs.value as never[]), back], {
              why: because('said', { said: 'it came again' }),
            }),
          )
        }
        const payoutOf = (invoice: string) =>
          installation.db.one<{ state: string; units: bigint }>(
            sql`select state, units from payouts where invoice_id = ${invoice}`,
          )
        const decide = async (proposed: Awaited<ReturnType<typeof proposeTerms>>) => {
          if (proposed.is !== 'proposed') throw new Error(`it is ${proposed.is}`)
          expect((await approve(proposed.proposal.id)).is).toBe('approved')
        }
        const act = { by: 'ana', why: 'agreed with the payee' }

        test('is never kept back unless its account’s terms say so', async () => {
          await owe()
          const next = await another()
          await payOn()
          expect(await payoutOf(next)).toEqual({ state: 'paid', units: 9_800n })
          expect(await owing()).toBe(5_910n)
        })

        test('is kept back from the next payouts of its account where two people said so, and no more than that', async () => {
          await owe()
          await decide(
            await proposeTerms(installation.db, installation.app.world, 'main', 'next-payouts', act),
          )
          expect(
            await proposeTerms(installation.db, installation.app.world, 'main', 'next-payouts', act),
          ).toEqual({
            is: 'impossible',
            code: 'same',
          })
          const next = await another()
          await payOn()
          expect(await payoutOf(next)).toEqual({ state: 'paid', units: 3_890n })
          expect(sent()).toEqual([9_800, 3_890])
          expect([await owing(), (await totalsFor(installation.db, next))['receivable set off']]).toEqual([
            0n,
            5_910n,
          ])
          expect(await acts()).toContain('account terms changed')
          expect(await installation.audit()).toEqual([])
        })

        test('kept back, and then its money came again: what was kept back goes out with the next payout, unless it was returned by other means', async () => {
          await owe()
          await decide(
            await proposeTerms(installation.db, installation.app.world, 'main', 'next-payouts', act),
          )
          await another()
          await payOn()
          await comeAgain()
          expect(await owing()).toBe(-5_910n)
          const { world } = installation.app
          expect(
            await proposeDebtEnd(installation.db, world, 'main', { units: 1n, as: 'paid', ...act }),
          ).toMatchObject({ code: 'too-much' })
          expect(
            await proposeDebtEnd(installation.db, world, 'main', { units: 5_911n, as: 'returned', ...act }),
          ).toMatchObject({
            code: 'not-kept',
          })
          await decide(
            await proposeDebtEnd(installation.db, world, 'main', { units: 10n, as: 'returned', ...act }),
          )
          expect(await acts()).toContain('account set-off returned')
          const last = await another()
          await installation.send()
          expect(await payoutOf(last)).toMatchObject({ units: 15_700n })
          expect(await owing()).toBe(0n)
        })

        test.each(['paid', 'forgiven'] as const)(
          'that two people say is %s is owed no more; more than is owed cannot be',
          async as => {
            await owe()
            const world = installation.app.world
            expect(
              await proposeDebtEnd(installation.db, world, 'main', { units: 5_911n, as, ...act }),
            ).toEqual({
              is: 'impossible',
              code: 'too-much',
            })
            await decide(await proposeDebtEnd(installation.db, world, 'main', { units: 5_910n, as, ...act }))
            expect(await owing()).toBe(0n)
            expect(await acts()).toContain(`account debt ${as}`)
          },
        )

        test('is another debt once what was proposed to end is owed no more', async () => {
          await owe()
          const proposed = await proposeDebtEnd(installation.db, installation.app.world, 'main', {
            units: 5_910n,
            as: 'forgiven',
            ...act,
          })
          await comeAgain()
          await another()
          await payOn()
          installation.bank.reverse(installation.bank.invoices().at(-1)!.id, 4_000)
          installation.pass(20 * second)
          await installation.hear(installation.event('invoice.reversed'))
          expect(await owing()).toBe(5_910n)
          if (proposed.is !== 'proposed') return expect.unreachable(proposed.is)
          await expect(approve(proposed.proposal.id)).rejects.toThrow(
            'R$ 59.10 by now, R$ 59.10 of it since this was proposed',
          )
        })

        test.each([
          ['its money comes again', comeAgain],
          [
            'its transfer comes back',
            async () => {
              installation.bank.sendBack(installation.transfers()[0]!.id)
              installation.pass(minute)
              await installation.hear(installation.event('transfer.refunded'))
            },
          ],
        ])('that was forgiven is not paid out when %s', async (_, happens) => {
          await owe()
          await decide(
            await proposeDebtEnd(installation.db, installation.app.world, 'main', {
              units: 5_910n,
              as: 'forgiven',
              ...act,
            }),
          )
          await happens()
          expect([await owing(), (await balances(installation.db))['given-up']]).toEqual([0n, 0n])
          const next = await another()
          await installation.send()
          expect(await payoutOf(next)).toMatchObject({ units: 9_800n })
        })
      })

      describe('a cancelation', () => {
        const cancel = (over: Partial<Rail> = {}) =>
          cancelInvoice(at(over), installation.id, { by: 'ana', why: 'the wrong month' })

        test('of an unpaid invoice: nobody can pay it any more', async () => {
          expect((await cancel()).is).toBe('canceled')
          expect(await installation.invoice()).toMatchObject({ state: 'canceled' })
          expect(installation.atBank.status).toBe('canceled')
          expect(await cancel()).toMatchObject({ is: 'impossible', code: 'over' })
          expect(await acts()).toContain('invoice cancelation asked')
        })

        test('of one that is paid at that moment: the bank’s word wins, and its money comes as any other', async () => {
          installation.bank.pay(installation.atBank.id)
          installation.pass(5 * second)
          expect((await cancel()).is).toBe('paid')
          expect(await installation.invoice()).toMatchObject({ state: 'issued' })
          await installation.hear(installation.event('invoice.credited'))
          expect(await installation.invoice()).toMatchObject({ state: 'credited' })
          expect(await cancel()).toMatchObject({ is: 'impossible', code: 'paid' })
        })

        test.each([
          ['took it on', true],
          ['never had it', false],
        ])(
          'whose answer is lost goes on by itself until the bank has said, whether it %s',
          async (_, isTaken) => {
            const lost: Rail['cancelInvoice'] = async id => {
              if (isTaken) await rail().cancelInvoice(id)
              return { is: 'unsure', why: 'no answer' }
            }
            expect((await cancel({ cancelInvoice: lost })).is).toBe('later')
            installation.pass(minute)
            expect(await resolveCancels(at())).toBe(1)
            expect(await installation.invoice()).toMatchObject({ state: 'canceled' })
            installation.pass(minute)
            expect(await resolveCancels(at())).toBe(0)
          },
        )
      })

      describe('what needs attention', () => {
        const told = async () =>
          (await status(installation.db, { now: new Date(installation.clock.now()).toISOString() }))
            .needsPerson
        const cancel = (over: Partial<Rail>) =>
          cancelInvoice(at(over), installation.id, { by: 'ana', why: 'the wrong month' })

        test('a cancelation that the bank does not answer, and one that it refuses', async () => {
          await cancel({ cancelInvoice: async () => unsure('no answer') })
          expect(await told()).toEqual([])
          installation.pass(31 * minute)
          expect(await told()).toEqual([
            expect.stringMatching(/was to be canceled at .* and the bank has not answered/),
          ])
          await resolveCancels(at({ cancelInvoice: async () => refused('invalidOperation: not now') }))
          expect(await told()).toEqual([
            expect.stringMatching(/does not cancel invoice .* can still pay it: invalidOperation/),
          ])
          await cancel({})
          expect(await told()).toEqual([])
        })

        test('no duplicate of it that was paid and given back: it may be asked for again', async () => {
          const twin = doubleAtBank(installation.bank, installation.atBank)
          expect(installation.bank.pay(twin.id)).toBe(true)
          installation.pass(5 * second)
          await pollEvents(installation.db, rail(), installation.app.inbox, installation.app.world)
          await settleInbox(installation.app)
          await cancel({})
          const reissue = () => reissueInvoice(at(), installation.id, { by: 'ana', why: 'asked again' })
          expect(await reissue()).toMatchObject({ is: 'impossible', code: 'paid-there' })
          const answer = await approveRefund(installation.db, 'starkbank', {
            invoiceId: installation.id,
            providerId: twin.id,
            by: 'bruno',
            why: 'paid',
          })
          if (answer.is !== 'done') throw new Error(answer.code)
          await sendRefund({ ...at(), stopped: payoutsStopped }, answer.twin)
          installation.pass(minute)
          await pollEvents(installation.db, rail(), installation.app.inbox, installation.app.world)
          await settleInbox(installation.app)
          expect((await findTwin(installation.db, 'starkbank', twin.id))!.state).toBe('refunded')
          expect((await reissue()).is).toBe('reissued')
        })

        test('an invoice paid beside the one that was asked for in its place, until one is given back', async () => {
          await cancel({})
          expect((await reissueInvoice(at(), installation.id, { by: 'ana', why: 'asked again' })).is).toBe(
            'reissued',
          )
          await issueDrafts(installation.db, rail(), installation.app.world)
          installation.atBank.status = 'created'
          for (const { id } of installation.bank.invoices()) expect(installation.bank.pay(id)).toBe(true)
          installation.pass(5 * second)
          await installation.hear(
            ...installation.bank.eventsCreated().filter(({ log }) => log.type === 'credited'),
          )
          expect(await told()).toEqual([
            expect.stringMatching(`paid invoice ${installation.id} and also inv_`),
          ])
          await refund()
          await resolveRefunds(at())
          installation.pass(20 * second)
          await installation.hear(installation.event('invoice.voided'))
          expect((await told()).filter(says => says.includes('and also'))).toEqual([])
        })
      })

      describe('a reissue', () => {
        const reissue = () => reissueInvoice(at(), installation.id, { by: 'ana', why: 'asked again' })

        test('of a canceled invoice: one new one of its slot, which names it, and never a second', async () => {
          await cancelInvoice(at(), installation.id, { by: 'ana', why: 'the wrong month' })
          const made = await reissue()
          if (made.is !== 'reissued') throw new Error(`it is ${made.is}`)
          expect(await reissue()).toMatchObject({ is: 'impossible', code: 'reissued', by: made.invoice.id })
          await issueDrafts(installation.db, rail(), installation.app.world)
          const ofSlot = await installation.db.all<{ id: string; state: string; units: bigint }>(
            sql`select i.id, i.state, i.units from invoices i join slots s on s.id = i.slot_id
              order by i.ordinal`,
          )
          expect(ofSlot).toEqual([
            { id: installation.id, state: 'canceled', units: 10_000n },
            { id: made.invoice.id, state: 'issued', units: 10_000n },
          ])
          expect(installation.bank.invoices()).toHaveLength(2)
          expect(await acts()).toContain('invoice reissued')
        })

        test('asked for twice at once is one', async () => {
          await cancelInvoice(at(), installation.id, { by: 'ana', why: 'the wrong month' })
          const answers = await Promise.all([reissue(), reissue()])
          expect(answers.map(({ is }) => is).sort()).toEqual(['impossible', 'reissued'])
        })

        test('of one that may still be paid, or that the bank shows as paid, is none', async () => {
          expect(await reissue()).toMatchObject({ is: 'impossible', code: 'not-over' })
          installation.bank.pay(installation.atBank.id)
          installation.pass(5 * second)
          await installation.db.tx(tx =>
            tx.run(sql`update invoices set state = 'expired' where id = ${installation.id}`),
          )
          expect(await reissue()).toMatchObject({ is: 'impossible', code: 'paid-there' })
        })

        /** As the backup has it. */
        const forget = async (id: string) => {
          await installation.db.tx(tx => tx.run(sql`delete from invoice_reissues where invoice_id = ${id}`))
          await installation.db.tx(tx => tx.run(sql`delete from invoices where id = ${id}`))
        }
        /** What it was asked for again as after the backup, at the bank. */
        const askedAfterBackup = async (of = installation.id) => {
          await cancelInvoice(at(), of, { by: 'ana', why: 'the wrong month' })
          const made = await reissueInvoice(at(), of, { by: 'ana', why: 'asked again' })
          if (made.is !== 'reissued') throw new Error(`it is ${made.is}`)
          await issueDrafts(installation.db, rail(), installation.app.world)
          await forget(made.invoice.id)
          return {
            id: made.invoice.id,
            providerId: installation.bank.invoices().find(({ tags }) => tags.includes(made.invoice.id))!.id,
          }
        }

        test('of one that was asked again after the backup restored here is that one, and nobody is asked twice', async () => {
          const { id, providerId } = await askedAfterBackup()
          expect(await reissue()).toMatchObject({
            is: 'reissued',
            adopted: true,
            invoice: { id, provider_id: providerId, state: 'issued', units: 10_000n },
          })
          expect(await reissue()).toMatchObject({ is: 'impossible', code: 'reissued', by: id })
          await issueDrafts(installation.db, rail(), installation.app.world)
          expect(installation.bank.invoices()).toHaveLength(2)
        })

        test('of one that was asked again after the backup, and paid: its money, told of before, is passed on', async () => {
          const { id, providerId } = await askedAfterBackup()
          expect(installation.bank.pay(providerId)).toBe(true)
          installation.pass(5 * second)
          const told = installation.event('invoice.credited')
          await installation.hear(told)
          expect(await installation.fate(told)).toMatch(/^ignored: /)
          expect(await reissue()).toMatchObject({ is: 'reissued', adopted: true, invoice: { id } })
          await settleInbox(installation.app)
          expect(await findInvoice(installation.db, id)).toMatchObject({
            state: 'credited',
            paid_units: 10_000n,
          })
          expect(await installation.db.all(sql`select invoice_id, state, units from payouts`)).toEqual([
            { invoice_id: id, state: 'owed', units: 9_800n },
          ])
        })

        test.each(['waits in suspense', 'was closed there'])(
          'of one whose money %s is in the books once',
          async where => {
            const { db, rails, world } = installation.app
            const { providerId } = await askedAfterBackup()
            installation.bank.pay(providerId)
            installation.pass(5 * second)
            await installation.hear(installation.event('invoice.credited'))
            await reconcile(db, rail(), world)
            expect(await openSuspense(db)).toMatchObject([
              { provider_id: providerId },
              { provider_id: providerId },
            ])
            if (where === 'was closed there') {
              const { proposal } = await db.tx(tx =>
                proposeClose(tx, world, providerId, { by: 'ana', why: 'lost' }),
              )
              await approveAndDo({ db, rails, world }, proposal.id, { by: 'bruno' })
            }
            await reissue()
            await settleInbox(installation.app)
            expect([await openSuspense(db), await installation.audit()]).toEqual([[], []])
          },
        )

        test('of one that was asked again after the backup, and is canceled at the bank, is a new one', async () => {
          await rail().cancelInvoice((await askedAfterBackup()).providerId)
          expect(await reissue()).toMatchObject({ is: 'reissued', adopted: false })
          await issueDrafts(installation.db, rail(), installation.app.world)
          expect(installation.bank.invoices()).toHaveLength(3)
        })

        test('of one of two rows alike: a person says which of them the bank has, and the other is asked for again', async () => {
          const row = (await findInvoice(installation.db, installation.id))!
          const alike = newId('invoice', installation.app.world)
          await installation.db.tx(tx =>
            tx.run(sql`
            insert into invoices (id, store_id, slot_id, ordinal, rail, asset, units, payer_name,
              payer_tax_id, description, due_at, account_id, commission_bp,
              min_payout_units, state, batch_tag, next_at, added_at, changed_at)
            values (${alike}, ${row.store_id}, ${row.slot_id}, 1, 'starkbank', 'BRL', ${row.units},
              ${row.payer_name}, ${row.payer_tax_id}, 'the other flat',
              ${row.due_at}, ${row.account_id}, ${row.commission_bp}, 0, 'refused', ${row.batch_tag},
                ${row.added_at}, ${row.added_at}, ${row.added_at})`),
          )
          const { id, providerId } = await askedAfterBackup()
          const ask = (of: string, as?: string) =>
            reissueInvoice(at(), of, { by: 'ana', why: 'asked again', as })
          for (const of of [installation.id, alike])
            expect(await ask(of)).toMatchObject({
              is: 'impossible',
              code: 'asked-there',
              there: [{ providerId }],
            })
          expect(await ask(installation.id, installation.atBank.id)).toMatchObject({
            is: 'impossible',
            code: 'not-there',
          })
          expect(await ask(installation.id, providerId)).toMatchObject({
            is: 'reissued',
            adopted: true,
            invoice: { id },
          })
          expect(await ask(alike, providerId)).toMatchObject({ is: 'impossible', code: 'not-there' })
          expect(await ask(alike)).toMatchObject({ is: 'reissued', adopted: false })
          await issueDrafts(installation.db, rail(), installation.app.world)
          expect(installation.bank.invoices()).toHaveLength(3)
        })

        test('of one whose slot has a forgotten invoice of another payer or amount at the bank is made', async () => {
          await cancelInvoice(at(), installation.id, { by: 'ana', why: 'the wrong month' })
          const row = (await findInvoice(installation.db, installation.id))!
          const order = {
            payerName: row.payer_name,
            description: '',
            dueAt: row.due_at,
            batchTag: row.batch_tag,
          }
          const others = [
            {
              ...order,
              id: newId('invoice', installation.app.world),
              units: 5_000n,
              payerTaxId: row.payer_tax_id,
            },
            {
              ...order,
              id: newId('invoice', installation.app.world),
              units: row.units,
              payerTaxId: '20.018.183/0001-80',
            },
          ]
          expect((await rail().issue(others, deadlineIn(minute, installation.clock))).is).toBe('done')
          expect((await reissue()).is).toBe('reissued')
        })

        test('is none while the bank does not say what it has of its slot', async () => {
          await cancelInvoice(at(), installation.id, { by: 'ana', why: 'the wrong month' })
          const mute = at({ findInvoices: async () => ({ is: 'unsure', why: 'no answer' }) })
          expect(await reissueInvoice(mute, installation.id, { by: 'ana', why: 'again' })).toMatchObject({
            is: 'impossible',
            code: 'not-known',
          })
        })

        test('of one that the bank refused: asked again without the others of its slot', async () => {
          await installation.db.tx(tx =>
            tx.run(
              sql`update invoices set state = 'refused', provider_id = null where id = ${installation.id}`,
            ),
          )
          // The bank has it all the same.
          expect(await reissue()).toMatchObject({ is: 'impossible', code: 'not-over' })
          installation.atBank.status = 'canceled'
          const told = async () =>
            (await status(installation.db)).needsPerson.filter(says => says.includes('refused'))
          expect(await told()).toHaveLength(1)
          expect((await reissue()).is).toBe('reissued')
          expect(await told()).toEqual([])
        })
      })
    },
  )
})
