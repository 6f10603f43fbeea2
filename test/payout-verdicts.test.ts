/**
 * What people say of transfers, on both databases: settled, adjudicated, redirected, and every time the books
 * equal the bank afterwards.
 */
import { because } from '../src/base/reasons.ts'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { done, refused } from '../src/base/answer.ts'
import { brl } from '../src/base/money.ts'
import { reconcile } from '../src/reconcile/reconcile.ts'
import { balances, checkLedger, openSuspense, post, type Proposed } from '../src/ledger/ledger.ts'
import {
  findPayout,
  payoutsStopped,
  receivables,
  resolvePayouts,
  sendPayouts,
  type Settled,
  type NewDestination,
} from '../src/payout/payout.ts'
import { adopt } from '../src/payout/bank/adopt.ts'
import type { ProviderPayout, Rail } from '../src/rails/rail.ts'
import { sql } from '../src/db/db.ts'
import { status } from '../src/queries/status.ts'
import { replayEvent, settleInbox, type InboxRow } from '../src/webhooks/webhooks.ts'
import { collect } from './testbed/collecting.ts'
import { postgresAvailable, startPostgres, type Postgres } from './testbed/postgres.ts'
import { orderByHand, type ByHand } from './testbed/strangers.ts'
import { openTestInstallation, type TestInstallation } from './testbed/testInstallation.ts'
import { trialAccount } from './testbed/trial.ts'
import {
  addAccount,
  approveAccount,
  approveAndDo,
  letGo,
  proposeRedirect,
  proposeVerdict,
  releasePayout,
  retryPayout,
  settlePaidElsewhere,
  proposeAccept,
  proposeClose,
} from './testbed/acts.ts'

const second = 1_000
const minute = 60 * second

describe.each(['SQLite', 'PostgreSQL'])('on %s', engine => {
  describe.skipIf(engine === 'PostgreSQL' && !postgresAvailable())(
    'with a server where one is needed',
    () => {
      let postgres: Postgres | undefined
      let installation: TestInstallation
      let rail: Rail
      let id: string
      beforeAll(async () => {
        if (engine === 'PostgreSQL') postgres = await startPostgres({ durable: false })
      })
      afterAll(() => postgres?.stop())
      beforeEach(async () => {
        installation = await openTestInstallation({
          databaseUrl: await postgres?.migratedDatabase(),
          settings: { transferFee: 100, startingBalance: 100_000 },
        })
        rail = installation.app.rails.starkbank!
        installation.bank.pay(installation.atBank.id)
        installation.pass(5 * second)
        await installation.hear(installation.event('invoice.credited'))
        id = (await installation.payout())!.id
      })
      afterEach(() => installation.close())

      const send = (by: Partial<Rail> = {}) =>
        sendPayouts(installation.db, { ...rail, ...by }, installation.app.world)
      const state = async () => (await installation.payout())!.state
      const byHand = (change: Partial<ByHand> = {}) => {
        const transfer = orderByHand(installation.bank, { units: 9_800, tags: [], ...change })
        installation.pass(20 * second)
        return transfer
      }
      const settle = (ref: string) =>
        settlePaidElsewhere(installation.db, installation.app.rails, installation.app.world, id, {
          by: 'checker',
          why: 'seen at the bank',
          ref,
        })
      const hold = () =>
        installation.db.tx(tx =>
          tx.run(sql`update payouts set state = 'held', why = 'a test' where id = ${id}`),
        )
      /** The database is older than every line of the bank's. */
      const linesAreNew = () =>
        installation.db.tx(tx => tx.run(sql`update migrations set applied_at = '2026-11-21T00:00:00.000Z'`))
      /** Nothing between the bank and the books, and nothing wrong in them. */
      const wrong = async (): Promise<unknown[]> => {
        const found = await reconcile(installation.db, rail, installation.app.world)
        if (typeof found === 'string') throw new Error(found)
        const drift = found.bankUnits - found.bookUnits
        return [...(drift === 0n ? [] : [drift]), ...(await checkLedger(installation.db))]
      }
      const agree = async (proposed: Proposed | Settled) => {
        if (proposed.is !== 'proposed') throw new Error(`it is ${proposed.is}, not proposed`)
        const { proposal } = proposed
        return (await approveAndDo(installation.app, proposal.id, { by: 'bruno' })).is
      }
      const say = (transfer: string, as: 'ours' | 'not-ours') =>
        proposeVerdict(installation.app, id, { transfer, as, by: 'ana', why: 'asked the bank' })

      describe('settle', () => {
        test.each([
          ['before the statement was read', async () => undefined],
          ['after it was read, and booked as external', async () => void (await wrong())],
        ])(
          'takes a transfer that was made by hand and bears no tag once a second person approves it, %s',
          async (_, before) => {
            await hold()
            const { id: ref } = byHand()
            await before()
            expect(await agree(await settle(ref))).toBe('approved')
            expect([await state(), await wrong()]).toEqual(['paid', []])
            await expect(settle(ref)).rejects.toThrow('is paid: this is for one that is held or returned')
          },
        )

        test('takes none of which the statement shows that it came back, whatever its status', async () => {
          await hold()
          const { id: ref } = byHand()
          installation.bank.sendBack(ref, { keepStatus: true })
          await wrong()
          await expect(settle(ref)).rejects.toThrow('came back, and the bank shows it as success')
        })

        test('takes one that was a stranger’s: it stops nothing any more, and comes back as any order does', async () => {
          await hold()
          await linesAreNew()
          const { id: ref } = byHand()
          await wrong()
          expect(await payoutsStopped(installation.db)).toContain('by no order of ours')
          expect(await agree(await settle(ref))).toBe('approved')
          expect(await payoutsStopped(installation.db)).toBeUndefined()
          installation.bank.sendBack(ref)
          installation.pass(5 * second)
          await installation.hear(installation.event('transfer.refunded'))
          expect([await state(), await wrong(), (await balances(installation.db)).external]).toEqual([
            'returned',
            [],
            -100_000n,
          ])
          await expect(say(ref, 'not-ours')).rejects.toThrow('has paid payout')
          await retryPayout(installation.db, id, { by: 'checker', why: 'again' })
          await send()
          installation.pass(20 * second)
          await installation.hear(installation.event('transfer.success'))
          expect([await state(), await wrong()]).toEqual(['paid', []])
        })

        test('of which an older version kept no order, and which came back, is taken back by two people, and what is owed goes out again', async () => {
          await hold()
          const { id: ref } = byHand({ tags: [installation.id] })
          const statement = await rail.statement('2020-01-01T00:00:00.000Z')
          if (statement.is !== 'done') throw new Error(statement.why)
          const lines = statement.value.items.filter(
            ({ about }) => about.is === 'payout' && about.providerId === ref,
          )
          await installation.db.tx(async tx => {
            for (const line of lines)
              await post(tx, installation.app.world, {
                movement: 'external out',
                source: line.id,
                amount: brl(-line.units),
                memo: 'as it did',
              })
            await post(tx, installation.app.world, {
              movement: 'payout paid elsewhere',
              source: id,
              amount: brl(9_800n),
              invoiceId: installation.id,
              memo: ref,
            })
            await tx.run(sql`update payouts set state = 'paid', why = null where id = ${id}`)
          })
          expect(await wrong()).toEqual([])
          installation.bank.sendBack(ref)
          installation.pass(5 * second)
          await installation.hear(installation.event('transfer.refunded'))
          expect([await wrong(), await state()]).toEqual([[], 'paid'])
          expect((await status(installation.db)).needsPerson).toEqual([
            expect.stringContaining(`repasse payout adjudicate ${id} --transfer ${ref} --as ours|not-ours`),
          ])
          expect(await agree(await say(ref, 'not-ours'))).toBe('approved')
          expect([await wrong(), await state()]).toEqual([[], 'held'])
          await releasePayout(installation.db, id, { by: 'checker', why: 'it is owed' })
          await send()
          installation.pass(20 * second)
          await installation.hear(installation.event('transfer.success'))
          expect([await wrong(), await state(), (await balances(installation.db)).suspense]).toEqual([
            [],
            'paid',
            0n,
          ])
        })

        test('takes none that people have explained already', async () => {
          await hold()
          await linesAreNew()
          const rent = byHand()
          await wrong()
          const accepted = await proposeAccept(
            installation.db,
            installation.app.world,
            rent.transactionIds[0]!,
            {
              by: 'ana',
              why: 'rent of October',
            },
          )
          expect(await agree(accepted)).toBe('approved')
          await expect(settle(rent.id)).rejects.toThrow('is accepted: rent of October; if it has paid')

          const tagged = byHand({ tags: [installation.id] })
          expect(await agree(await say(tagged.id, 'not-ours'))).toBe('approved')
          await expect(settle(tagged.id)).rejects.toThrow('two people said that transfer')
          expect(await agree(await say(rent.id, 'ours'))).toBe('approved')
          expect([await state(), await wrong()]).toEqual(['paid', []])
        })

        test('takes none that was made before the payment came', async () => {
          await hold()
          const { id: ref } = byHand()
          await installation.db.tx(async tx => tx.run(sql`update invoices set paid_at = ${await tx.now()}`))
          await expect(settle(ref)).rejects.toThrow('before the payment that is passed on came')
        })

        test('takes none that came back though its status still says that it succeeded, and nothing stops', async () => {
          await send()
          installation.pass(20 * second)
          await installation.hear(installation.event('transfer.success'))
          const { id: ref } = installation.transfers()[0]!
          installation.bank.sendBack(ref, { keepStatus: true })
          installation.pass(5 * second)
          await installation.hear(installation.event('transfer.refunded'))
          await expect(settle(ref)).rejects.toThrow('came back')
          await expect(say(ref, 'ours').then(agree)).rejects.toThrow('came back')
          expect([await state(), await payoutsStopped(installation.db)]).toEqual(['returned', undefined])
        })

        test('takes one under the tag of its invoice out of suspense', async () => {
          const { id: ref } = byHand({ tags: [installation.id] })
          expect(await wrong()).toEqual([])
          expect((await balances(installation.db)).suspense).toBe(9_900n)
          await send()
          expect(await installation.payout()).toMatchObject({
            state: 'held',
            why: expect.stringContaining('by no order of these books'),
          })
          expect(await settle(ref)).toMatchObject({ is: 'settled', payout: { state: 'paid' } })
          expect([
            await wrong(),
            (await balances(installation.db)).suspense,
            await openSuspense(installation.db),
          ]).toEqual([[], 0n, []])
        })

        test('takes one as the order of what the books owe, though the amount of its payout was edited', async () => {
          const { id: ref } = byHand({ tags: [installation.id] })
          await wrong()
          await send()
          await installation.db.tx(tx => tx.run(sql`update payouts set units = units - 30 where id = ${id}`))
          expect(await agree(await say(ref, 'ours'))).toBe('approved')
          // Its row is put right afterwards.
          await installation.db.tx(tx => tx.run(sql`update payouts set units = 9800 where id = ${id}`))
          expect([await state(), await wrong()]).toEqual(['paid', []])
        })

        test('takes the order of its own that was given up', async () => {
          await send({
            pay: async (orders, deadline) => (await rail.pay(orders, deadline), refused('no such account')),
          })
          installation.pass(20 * second)
          expect(await settle(`${id}-1`)).toMatchObject({ is: 'settled', payout: { state: 'paid' } })
          expect(await wrong()).toEqual([])
        })

        test.each<[string, Partial<ByHand>, RegExp]>([
          [
            'of another amount',
            { units: 9_700 },
            /shows it as success, of R\$ 97\.00 to .*, and R\$ 98\.00 is owed to/,
          ],
          [
            'to another account',
            { to: { accountNumber: '99' } },
            /to 20018183 0001 99, and R\$ 98\.00 is owed/,
          ],
          [
            'for another invoice',
            { tags: ['inv_01k9zq3f5c8wxy2m7n4p6r8s0t'] },
            /is for invoice inv_01k9zq3f5c8wxy2m7n4p6r8s0t/,
          ],
        ])('refuses one %s', async (_, change, says) => {
          await hold()
          const { id: ref } = byHand(change)
          await expect(settle(ref)).rejects.toThrow(says)
          expect(await state()).toBe('held')
        })

        test('refuses one that has settled something else, or is not there', async () => {
          await send()
          installation.pass(20 * second)
          await installation.hear(installation.event('transfer.success'))
          const other = 'pay_01k9zq3f5c8wxy2m7n4p6r8s0t'
          await installation.db.tx(tx =>
            tx.run(sql`
            insert into payouts (id, store_id, invoice_id, rule, account_id, asset, units, withheld_units,
              state, why, next_at, added_at, changed_at)
            select ${other}, store_id, invoice_id, 'other', account_id, asset, units, 0, 'held', 'a test',
              next_at, added_at, changed_at from payouts`),
          )
          const act = { by: 'checker', why: 'seen', ref: installation.transfers()[0]!.id }
          const settleOther = (ref: string) =>
            settlePaidElsewhere(installation.db, installation.app.rails, installation.app.world, other, {
              ...act,
              ref,
            })
          await expect(settleOther(act.ref)).rejects.toThrow(`is for order ${id}-1 of payout ${id}`)
          await expect(settleOther('123')).rejects.toThrow('the bank has no such transfer')
        })
      })

      describe('adjudicate', () => {
        /** The bank shows the first transfer in another way than it was ordered. */
        const showing = (change: (shown: ProviderPayout) => ProviderPayout): Partial<Rail> => ({
          findPayouts: async tag => {
            const answer = await rail.findPayouts(tag)
            return answer.is === 'done' ? { ...answer, value: answer.value.map(change) } : answer
          },
          readPayout: async ref => {
            const answer = await rail.readPayout(ref)
            return answer.is === 'done' ? { ...answer, value: change(answer.value) } : answer
          },
        })
        const elsewhere = (shown: ProviderPayout): ProviderPayout => ({
          ...shown,
          to: { ...shown.to, number: '77' },
        })
        const strangely = (by: Partial<Rail>) => ({
          ...installation.app,
          rails: { starkbank: { ...rail, ...by } },
        })
        const resolve = (by: Partial<Rail>) =>
          resolvePayouts(installation.db, { ...rail, ...by }, installation.app.world)
        const go = () => letGo(installation.db, 'decided', 'ana')

        test('what contradicts its order is asked about again only after a while', async () => {
          await send()
          installation.pass(20 * minute)
          let asked = 0
          const { findPayouts } = showing(elsewhere) as Rail
          for (let look = 0; look < 20; look++) {
            await resolve({ findPayouts: tag => ((asked += 1), findPayouts(tag)) })
            installation.pass(15 * second)
          }
          expect([asked, await payoutsStopped(installation.db)]).toEqual([
            1,
            expect.stringContaining('differs from what was ordered'),
          ])
        })

        /** Its transfer is shown to another account: everything stops. */
        async function stop(): Promise<string> {
          await send()
          installation.pass(20 * minute)
          await resolve(showing(elsewhere))
          expect(await payoutsStopped(installation.db)).toContain(
            'differs from what was ordered in amount or receiver',
          )
          return installation.transfers()[0]!.id
        }

        test('ours: a transfer that the bank shows otherwise than ordered is the order, and nothing stops any more', async () => {
          const transfer = await stop()
          const app = strangely(showing(elsewhere))
          const { proposal } = await proposeVerdict(app, id, {
            transfer,
            as: 'ours',
            by: 'ana',
            why: 'the bank moved the account',
          })
          await expect(approveAndDo(app, proposal.id, { by: 'Ana ' })).resolves.toMatchObject({ is: 'own' })
          expect(await approveAndDo(app, proposal.id, { by: 'bruno' })).toMatchObject({ is: 'approved' })
          expect(await state()).toBe('paid')
          await go()
          await resolve(showing(elsewhere))
          expect(await payoutsStopped(installation.db)).toBeUndefined()
          expect(await wrong()).toEqual([])
        })

        test('ours: what it paid beyond or below the order is booked too', async () => {
          const { id: transfer } = byHand({
            units: 9_950,
            tags: [`${id}-1`, installation.id],
            externalId: `${id}-1`,
          })
          await wrong()
          await send()
          expect(await state()).toBe('held')
          expect(await agree(await say(transfer, 'ours'))).toBe('approved')
          expect([await state(), await wrong()]).toEqual(['paid', []])
          expect((await balances(installation.db)).external).toBe(-100_000n + 150n)
        })

        test.each([
          ['all', 0, 5_000n],
          ['a part', 4_000, 1_110n],
        ])(
          'ours: of one that paid less, and then %s goes back to the payer, the payee owes no more than it got',
          async (_, left, owes) => {
            const { id: transfer } = byHand({ units: 5_000, tags: [installation.id] })
            await hold()
            expect(await agree(await say(transfer, 'ours'))).toBe('approved')
            installation.bank.reverse(installation.atBank.id, left)
            installation.pass(20 * second)
            await installation.hear(installation.event('invoice.reversed'))
            expect([
              await state(),
              (await receivables(installation.db)).map(({ units }) => units),
              await wrong(),
            ]).toEqual(['paid', [owes], []])
            expect((await status(installation.db)).addsUp).toBe(true)
          },
        )

        test('not ours: its money is a stranger’s, the order is held, and once released it is made under a new key', async () => {
          const transfer = await stop()
          expect(await agree(await say(transfer, 'not-ours'))).toBe('approved')
          expect(await installation.payout()).toMatchObject({
            state: 'held',
            why: `transfer ${transfer} is not this order`,
          })
          expect(await wrong()).toEqual([])
          await go()
          await releasePayout(installation.db, id, { by: 'checker', why: 'again' })
          await send()
          installation.pass(20 * second)
          await installation.hear(installation.event('transfer.success'))
          expect([await state(), await wrong()]).toEqual(['paid', []])
          expect(installation.transfers().map(({ externalId }) => externalId)).toEqual([`${id}-1`, `${id}-2`])
        })

        test('not ours: an order of which the bank has no trace is given up, and is what it was should it turn up', async () => {
          await send()
          const { id: transfer } = installation.transfers()[0]!
          const statement: Rail['statement'] = async (...since) => {
            const answer = await rail.statement(...since)
            return answer.is === 'done'
              ? done({
                  ...answer.value,
                  items: answer.value.items.filter(({ about }) => about.is !== 'payout'),
                })
              : answer
          }
          const blank = {
            findPayouts: async () => done([]),
            readPayout: async () => refused('the bank refused the request (404)'),
          }
          const [lost, moved] = [strangely({ ...blank, statement }), strangely(blank)]
          const say_ = (app: typeof lost, as: 'ours' | 'not-ours') =>
            proposeVerdict(app, id, { transfer, as, by: 'ana', why: 'the bank has lost it' })

          await expect(say_(lost, 'not-ours')).rejects.toThrow('wait for a quarter of an hour')
          installation.pass(20 * minute)
          await expect(say_(lost, 'ours')).rejects.toThrow('no such transfer')
          await expect(say_(moved, 'not-ours')).rejects.toThrow('so money was moved for it')
          const proposed = await say_(lost, 'not-ours')
          await expect(agree(proposed)).rejects.toThrow(`shows order ${id}-1 as transfer ${transfer}`)
          expect(await state()).toBe('sent')
          expect(await approveAndDo(lost, proposed.proposal.id, { by: 'bruno' })).toMatchObject({
            is: 'approved',
          })
          expect(await installation.payout()).toMatchObject({
            state: 'held',
            why: `the bank has no trace of order ${id}-1`,
          })

          await releasePayout(installation.db, id, { by: 'checker', why: 'again' })
          await send()
          expect([await state(), installation.transfers().length, await wrong()]).toEqual(['paid', 1, []])
        })

        test('not ours: of two that were paid under one key the other is the order', async () => {
          await send()
          installation.pass(20 * second)
          const [first] = installation.transfers()
          // The bank paid twice what it should have failed as a duplicate.
          const second_ = byHand({ tags: [installation.id], externalId: 'by-hand-7' })
          const doubled = showing(shown =>
            shown.providerId === second_.id ? { ...shown, externalId: `${id}-1` } : shown,
          )
          const underKey: Partial<Rail> = {
            ...doubled,
            findPayouts: async tag => doubled.findPayouts!(tag === `${id}-1` ? installation.id : tag),
          }
          installation.pass(20 * minute)
          await resolve(underKey)
          expect(await payoutsStopped(installation.db)).toContain('the bank paid 2 transfers under one key')
          const app = strangely(underKey)
          const { proposal } = await proposeVerdict(app, id, {
            transfer: first!.id,
            as: 'not-ours',
            by: 'ana',
            why: 'it went twice',
          })
          await approveAndDo(app, proposal.id, { by: 'bruno' })
          expect([await state(), await wrong()]).toEqual(['paid', []])
          expect(await installation.db.all(sql`select provider_id, state from attempts`)).toEqual([
            { provider_id: second_.id, state: 'success' },
          ])
        })

        test('not ours: a stranger’s transfer under the tag does not hold the payout any more', async () => {
          const { id: transfer } = byHand({ units: 500, tags: [installation.id] })
          expect(await wrong()).toEqual([])
          await send()
          expect(await state()).toBe('held')
          expect(await agree(await say(transfer, 'not-ours'))).toBe('approved')
          expect((await balances(installation.db)).suspense).toBe(0n)
          await releasePayout(installation.db, id, { by: 'checker', why: 'it was not ours' })
          await send()
          installation.pass(20 * second)
          await installation.hear(installation.event('transfer.success'))
          expect([await state(), await wrong()]).toEqual(['paid', []])
        })

        test.each([
          ['before its lines were read', async () => undefined],
          ['when they are in suspense', async () => void (await wrong())],
        ])('not ours while the statement cannot be had, %s: its fee is booked once', async (_, before) => {
          await hold()
          const { id: ref } = byHand({ tags: [installation.id] })
          await before()
          const { starkbank } = installation.app.rails
          installation.app.rails.starkbank = {
            ...rail,
            statement: async () => refused('no statement is given', false),
          }
          expect(await agree(await say(ref, 'not-ours'))).toBe('approved')
          installation.app.rails.starkbank = starkbank!
          expect(await wrong()).toEqual([])
        })

        describe('a transfer that was made for another payout', () => {
          let other: string
          let transfer: { id: string }
          const verdict = (payout: string, as: 'ours' | 'not-ours') =>
            proposeVerdict(installation.app, payout, {
              transfer: transfer.id,
              as,
              by: 'ana',
              why: 'asked the bank',
            })
          const states = () => installation.db.all(sql`select id, state from payouts order by id`)
          const whyOf = async (payout: string) =>
            (await installation.db.one<{ why: string | null }>(
              sql`select why from payouts where id = ${payout}`,
            ))!.why
          const key = () => `${other}-1`
          beforeEach(async () => {
            const [owed] = await collect(installation, [10_000n])
            other = owed!.id
            await hold()
            transfer = byHand({
              units: Number(owed!.units),
              tags: [key(), owed!.invoice_id],
              externalId: key(),
            })
          })

          test('is not said to have paid this one, nor that it is not this one’s', async () => {
            await expect(verdict(id, 'ours')).rejects.toThrow(/is for invoice .* it has not paid this one/)
            await expect(verdict(id, 'not-ours')).rejects.toThrow('say of that one what it is')
            await expect(settle(transfer.id)).rejects.toThrow('is for invoice')
          })

          test('nor where it bears the other one’s key alone', async () => {
            const showingIt = {
              ...rail,
              readPayout: async () => done({ ...(await readIt()), invoiceId: undefined }),
            }
            const readIt = async () => {
              const answer = await rail.readPayout(transfer.id)
              if (answer.is !== 'done') throw new Error(answer.why)
              return answer.value
            }
            const proposed = proposeVerdict(strangely(showingIt), id, {
              transfer: transfer.id,
              as: 'ours',
              by: 'ana',
              why: 'asked the bank',
            })
            await expect(proposed).rejects.toThrow(`is for order ${key()} of payout ${other} by its tags`)
          })

          test.each(['success', 'sent'] as const)(
            'and that an older version took for this one’s (%s) is taken back, and is the other one’s then',
            async was => {
              const shown = await rail.readPayout(transfer.id)
              if (shown.is !== 'done') throw new Error(shown.why)
              await installation.db.tx(async tx => {
                await tx.run(sql`
                insert into strange_transfers (rail, provider_id, store_id, payout_id, verdict, decided_by,
                  decided_why, decided_at, seen_at)
                values ('starkbank', ${transfer.id}, 'sto_default', ${id}, 'ours', 'bruno', 'mistaken', '',
                  '')`)
                const payout = (await findPayout(tx, id))!
                await adopt(
                  tx,
                  installation.app.world,
                  payout,
                  { ...shown.value, status: was === 'sent' ? 'processing' : 'success' },
                  1n,
                  {
                    why: because('said', { said: 'ana and bruno' }),
                  },
                )
              })
              // The other one was refused for a while before, so it is looked up.
              for (let round = 0; round < 3; round++) {
                await send(round === 0 ? { pay: async () => refused('too many requests', true) } : {})
                installation.pass(3 * minute)
              }
              const why = `order ${key()} is kept as one of payout ${id}, and "repasse payout adjudicate ${id} --transfer ${transfer.id} --as not-ours --why …" takes that back`
              expect(await whyOf(other)).toContain(why)
              expect(await agree(await verdict(id, 'not-ours'))).toBe('approved')
              expect(await checkLedger(installation.db)).toEqual([])
              expect(await agree(await verdict(other, 'ours'))).toBe('approved')
              await reconcile(installation.db, rail, installation.app.world)
              expect([await states(), await wrong()]).toEqual([
                [
                  { id, state: was === 'success' ? 'returned' : 'held' },
                  { id: other, state: 'paid' },
                ].toSorted((one, two) => one.id.localeCompare(two.id)),
                [],
              ])
              await retryPayout(installation.db, id, { by: 'checker', why: 'it was not paid' })
              await send()
              installation.pass(20 * second)
              await installation.hear(installation.event('transfer.success'))
              expect([(await states()).map(row => row['state']), await wrong()]).toEqual([
                ['paid', 'paid'],
                [],
              ])
            },
          )
        })

        test('what cannot be is refused', async () => {
          await send()
          installation.pass(20 * second)
          await installation.hear(installation.event('transfer.success'))
          const [paid] = installation.transfers()
          const other = byHand({ tags: [installation.id] })
          await expect(say(paid!.id, 'not-ours')).rejects.toThrow('has paid payout')
          await expect(say(other.id, 'ours')).rejects.toThrow(`was paid by ${paid!.id}`)
          await expect(say('123', 'ours')).rejects.toThrow('the bank has no such transfer')
          expect(await agree(await say(other.id, 'not-ours'))).toBe('approved')
          expect(await wrong()).toEqual([])
        })
      })

      describe('a transfer that came back', () => {
        test('is booked so though its status still says that it succeeded, and can be paid by hand', async () => {
          await send()
          installation.pass(20 * second)
          await installation.hear(installation.event('transfer.success'))
          installation.bank.sendBack(installation.transfers()[0]!.id, { keepStatus: true })
          installation.pass(5 * second)
          expect(installation.transfers()[0]!.status).toBe('success')
          await installation.hear(installation.event('transfer.refunded'))
          // The word that it had succeeded comes once more, late.
          const late = (await installation.db.one<InboxRow>(
            sql`select * from inbox where kind = 'transfer.success'`,
          ))!
          await installation.db.tx(tx => replayEvent(tx, late, { by: 'ana', why: 'read it again' }))
          await settleInbox(installation.app)
          expect([await state(), await payoutsStopped(installation.db), await wrong()]).toEqual([
            'returned',
            undefined,
            [],
          ])
          const { id: ref } = byHand()
          expect(await agree(await settle(ref))).toBe('approved')
          expect([await state(), await wrong()]).toEqual(['paid', []])
        })

        test('the same where nobody had heard that it succeeded', async () => {
          await send()
          installation.pass(20 * second)
          installation.bank.sendBack(installation.transfers()[0]!.id, { keepStatus: true })
          installation.pass(5 * second)
          await installation.hear(installation.event('transfer.refunded'))
          expect([await state(), await wrong()]).toEqual(['returned', []])
          await retryPayout(installation.db, id, { by: 'checker', why: 'again' })
          await send()
          installation.pass(20 * second)
          await installation.hear(installation.event('transfer.success'))
          expect([await state(), await wrong()]).toEqual(['paid', []])
        })
      })

      describe('redirect', () => {
        const open = async (
          name: string,
          change: Partial<NewDestination & { kind?: 'bank' }> = {},
          approve = true,
        ) => {
          await addAccount(
            installation.db,
            installation.app.world,
            name,
            { ...trialAccount, number: '4242', ...change } as NewDestination,
            'maker',
          )
          if (approve) await approveAccount(installation.db, name, 'checker')
        }
        const redirect = (to: string) =>
          proposeRedirect(installation.db, installation.app.world, id, {
            to,
            by: 'ana',
            why: 'the old account is closed',
          })

        test('a payout whose receiver’s account is gone goes to another one of its payee, and what is late is held against the old one', async () => {
          await open('second')
          installation.bank.setSettings({ transferFailRate: 1 })
          await send()
          installation.pass(20 * second)
          await installation.hear(installation.event('transfer.failed'))
          expect(await agree(await redirect('second'))).toBe('approved')
          installation.bank.setSettings({ transferFailRate: 0 })
          await send()
          installation.pass(20 * second)
          // Told again of the first order, which went to the old account.
          await resolvePayouts(installation.db, rail, installation.app.world)
          await installation.hear(installation.event('transfer.success'))
          expect(
            installation.transfers().map(({ accountNumber, status }) => [accountNumber, status]),
          ).toEqual([
            [trialAccount.number, 'failed'],
            ['4242', 'success'],
          ])
          expect([await state(), await payoutsStopped(installation.db), await wrong()]).toEqual([
            'paid',
            undefined,
            [],
          ])
        })

        test.each<[string, Partial<NewDestination & { kind?: 'bank' }>, boolean, RegExp]>([
          ['is another payee’s', { taxId: '012.345.678-90' }, true, /a payout goes to its payee only/],
          ['nobody approved', {}, false, /is awaiting: nothing is paid to one that is not approved/],
        ])('not to an account that %s', async (_, change, approve, says) => {
          await open('second', change, approve)
          await expect(redirect('second')).rejects.toThrow(says)
        })

        test('not while an order may still arrive, and not where the account was exchanged meanwhile', async () => {
          await open('second')
          const { proposal } = await redirect('second')
          await send()
          await expect(approveAndDo(installation.app, proposal.id, { by: 'bruno' })).rejects.toThrow(
            `payout ${id} is sent`,
          )
          installation.pass(20 * second)
          expect(await state()).toBe('sent')
        })

        test('not where it is of another amount than the one that was proposed', async () => {
          await open('second')
          const { proposal } = await redirect('second')
          installation.bank.reverse(installation.atBank.id, 4_000)
          installation.pass(20 * second)
          await installation.hear(installation.event('invoice.reversed'))
          await expect(approveAndDo(installation.app, proposal.id, { by: 'bruno' })).rejects.toThrow(
            'is of R$ 38.90 by now, and of R$ 98.00',
          )
        })
      })

      test('what is in suspense for nothing these books have is closed by two people, and is external then', async () => {
        const { id: transfer } = byHand({ tags: ['inv_01k9zq3f5c8wxy2m7n4p6r8s0t'] })
        await wrong()
        const proposed = await installation.db.tx(tx =>
          proposeClose(tx, installation.app.world, transfer, { by: 'ana', why: 'lost with the old disk' }),
        )
        expect(await agree(proposed)).toBe('approved')
        expect([await wrong(), await openSuspense(installation.db)]).toEqual([[], []])
        expect(await balances(installation.db)).toMatchObject({ suspense: 0n, external: -100_000n + 9_900n })
      })

      test('what bears the tag of a payout of these books is adjudicated, not closed', async () => {
        const { id: transfer } = byHand({ tags: [installation.id] })
        await wrong()
        const close = installation.db.tx(tx =>
          proposeClose(tx, installation.app.world, transfer, { by: 'ana', why: 'whatever' }),
        )
        await expect(close).rejects.toThrow(`repasse payout adjudicate ${id} --transfer ${transfer}`)
      })
    },
  )
})
