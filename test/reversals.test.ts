/**
 * Money that goes back to payers, on both databases: the payout is of what is owed now, and what was paid on
 * too much the payee owes.
 */
import { because } from '../src/base/reasons.ts'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { done, unsure, type Answer } from '../src/base/answer.ts'
import {
  checkApprovals,
  proposeTerms,
  receivableOf,
  receivables,
  resolvePayouts,
  sendPayouts,
} from '../src/payout/payout.ts'
import { resolveRefunds } from '../src/invoice/invoice.ts'
import { checkLedger, post, totalsFor } from '../src/ledger/ledger.ts'
import {
  pollEvents,
  proposeRefund,
  proposeReversalEnd,
  readUnlisted,
  settleInbox,
  settleReversal,
  watchReversals,
} from '../src/webhooks/webhooks.ts'
import { sql } from '../src/db/db.ts'
import { readiness, status } from '../src/queries/status.ts'
import { brl } from '../src/base/money.ts'
import type { ProviderInvoice, Rail } from '../src/rails/rail.ts'
import { collect } from './testbed/collecting.ts'
import { postgresAvailable, startPostgres, type Postgres } from './testbed/postgres.ts'
import { railThatListsLittle } from './testbed/unlisted.ts'
import {
  openTestInstallation,
  type TestInstallation,
  type TestInstallationOptions,
} from './testbed/testInstallation.ts'
import { approveAndDo, holdPayout, releasePayout, retryPayout } from './testbed/acts.ts'

const second = 1_000

/** A bank whose amount falls only when the money has left. */
const unfallen = (shown: Answer<ProviderInvoice>): Answer<ProviderInvoice> =>
  shown.is === 'done' ? done({ ...shown.value, status: 'paid', units: 10_000n }) : shown

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
      afterEach(() => installation?.close())

      const open = async (options: TestInstallationOptions = {}) => {
        installation = await openTestInstallation({
          ...options,
          databaseUrl: postgres ? await postgres.migratedDatabase() : 'sqlite::memory:',
        })
        installation.bank.deposit(50_000)
      }
      const rail = () => installation.app.rails.starkbank!
      const pay = async () => {
        installation.bank.pay(installation.atBank.id)
        installation.pass(5 * second)
        await installation.hear(installation.event('invoice.credited'))
      }
      const giveBack = (left: number) => {
        expect(installation.bank.reverse(installation.atBank.id, left)).toBe(true)
      }
      const payOn = async () => {
        await installation.send()
        installation.pass(20 * second)
        await installation.hear(installation.event('transfer.success'))
      }
      const sentUnits = () =>
        installation
          .transfers()
          .filter(({ status: at }) => at === 'success')
          .map(({ amount }) => amount)
      const payout = async () => (await installation.payout())!
      const accountId = async () =>
        (await installation.db.one<{ id: string }>(sql`select id from accounts where name = 'main'`))!.id
      const owing = async () => receivableOf(installation.db, await accountId())
      const holds = async () => {
        expect(await checkLedger(installation.db)).toEqual([])
        const stands = await status(installation.db)
        expect([stands.addsUp, stands.stopped]).toEqual([true, undefined])
      }
      const act = { by: 'bruno', why: 'a test' }

      beforeEach(() => open())

      test('R$ 60 of R$ 100 back before the payout: it is of what is left of R$ 40, and goes out by itself', async () => {
        await pay()
        expect((await payout()).units).toBe(9_800n)
        giveBack(4_000)
        installation.pass(20 * second)
        await installation.hear(installation.event('invoice.reversed'))
        // R$ 40.00 less the bank's R$ 0.50, less 1.5 % of R$ 40.00.
        expect(await payout()).toMatchObject({ state: 'owed', units: 3_890n })
        expect(await totalsFor(installation.db, installation.id)).toMatchObject({
          'invoice reversed': 6_000n,
          commission: 150n,
          'commission returned': 90n,
        })
        expect((await installation.historyOf((await payout()).id)).map(({ why }) => why)).toContainEqual(
          expect.stringContaining('of R$ 38.90 now, it was R$ 98.00'),
        )
        await payOn()
        expect(sentUnits()).toEqual([3_890])
        await holds()
        expect(await installation.audit()).toEqual([])
      })

      test('one that a person had held is of what is left, and a release sends no more', async () => {
        await pay()
        await installation.db.tx(tx =>
          tx.run(
            sql`update payouts set state = 'held', why = 'a person looks'
              where invoice_id = ${installation.id}`,
          ),
        )
        giveBack(4_000)
        installation.pass(20 * second)
        await installation.hear(installation.event('invoice.reversed'))
        expect(await payout()).toMatchObject({ state: 'held', units: 3_890n })
        await releasePayout(installation.db, (await payout()).id, act)
        await payOn()
        expect(sentUnits()).toEqual([3_890])
        await holds()
      })

      test('while a reversal is under way its payout is held, nothing lets it go, and when it fails it goes on by itself', async () => {
        installation.bank.setSettings({ reversalFailRate: 1 })
        await pay()
        giveBack(0)
        installation.pass(450)
        await installation.hear(installation.event('invoice.reversing'))
        expect(await payout()).toMatchObject({ state: 'held', why: 'its payer is being given money back' })
        const { id } = await payout()
        await expect(releasePayout(installation.db, id, act)).rejects.toThrow(
          'may be going back to its payer',
        )
        await expect(retryPayout(installation.db, id, act)).rejects.toThrow('may be going back to its payer')
        await installation.send()
        expect(installation.transfers()).toHaveLength(0)
        installation.pass(30 * second)
        await installation.hear(installation.event('invoice.refunded'))
        expect(await payout()).toMatchObject({ state: 'owed', units: 9_800n })
        await payOn()
        expect(sentUnits()).toEqual([9_800])
        await holds()
      })

      test('while the bank does not tell what became of it, its payout is held all the same', async () => {
        installation.bank.setSettings({ reversalFailRate: 1 })
        await pay()
        giveBack(0)
        installation.pass(450)
        const { starkbank } = installation.app.rails
        installation.app.rails.starkbank = { ...starkbank!, invoiceLogs: async () => unsure('no answer') }
        await installation.hear(installation.event('invoice.reversing'))
        await installation.send()
        expect([(await payout()).state, installation.transfers()]).toEqual(['held', []])
        installation.app.rails.starkbank = starkbank!
        installation.pass(30 * second)
        await installation.hear(installation.event('invoice.refunded'))
        expect(await payout()).toMatchObject({ state: 'owed', units: 9_800n })
      })

      test('one that waits for a reversal and that a person holds meanwhile stays held when it fails, until it is released', async () => {
        installation.bank.setSettings({ reversalFailRate: 1 })
        await pay()
        giveBack(0)
        installation.pass(450)
        await installation.hear(installation.event('invoice.reversing'))
        const { id } = await payout()
        await holdPayout(installation.db, id, { by: 'ana', why: 'the police asked' })
        await expect(holdPayout(installation.db, id, act)).rejects.toThrow(
          'is held: this is for one that is owed or waiting',
        )
        installation.pass(30 * second)
        await installation.hear(installation.event('invoice.refunded'))
        expect(await payout()).toMatchObject({ state: 'held', units: 9_800n, why: 'the police asked' })
        expect((await installation.historyOf(id)).at(-1)).toMatchObject({
          to_state: 'held',
          why: 'ana: the police asked',
        })
        await releasePayout(installation.db, id, act)
        await payOn()
        expect(sentUnits()).toEqual([9_800])
        await holds()
      })

      test.each([
        ['part of it went back', 4_000, 20_000, { state: 'held', units: 3_890n }, [3_890]],
        ['all of it went back', 0, 20_000, { state: 'canceled' }, []],
        ['it may be going back', 0, 450, { state: 'unsure', units: 9_800n }, []],
      ])(
        'an order that the bank never took on is not repeated: %s',
        async (_, left, passMs, stands, sent) => {
          await pay()
          await sendPayouts(
            installation.db,
            { ...rail(), pay: async () => unsure('no answer') },
            installation.app.world,
          )
          giveBack(left)
          installation.pass(passMs)
          await installation.hear(
            ...installation.bank.eventsCreated().filter(({ subscription }) => subscription === 'invoice'),
          )
          for (let look = 0; look < 4; look++) {
            await resolvePayouts(installation.db, rail(), installation.app.world)
            installation.pass(4 * 60 * second)
          }
          expect([await payout(), installation.transfers()]).toMatchObject([stands, []])
          if (stands.state === 'held') await releasePayout(installation.db, (await payout()).id, act)
          await installation.send()
          installation.pass(20 * second)
          expect(sentUnits()).toEqual(sent)
          await holds()
        },
      )

      test('its reversal is heard before its credit, and the bank’s amount has not fallen: the payout waits all the same', async () => {
        installation.bank.setSettings({ reversalFailRate: 1 })
        installation.bank.pay(installation.atBank.id)
        installation.pass(5 * second)
        giveBack(0)
        installation.pass(450)
        const reversing = installation.event('invoice.reversing')
        await installation.hear(reversing)
        expect(await installation.fate(reversing)).toMatch(/^waiting/)
        const { starkbank } = installation.app.rails
        installation.app.rails.starkbank = {
          ...starkbank!,
          readInvoice: async id => unfallen(await starkbank!.readInvoice(id)),
        }
        await installation.hear(installation.event('invoice.credited'))
        expect(await payout()).toMatchObject({ state: 'held', why: 'its payer is being given money back' })
        await installation.send()
        expect(installation.transfers()).toHaveLength(0)
        installation.pass(30 * second)
        await installation.hear()
        expect(await installation.fate(reversing)).toMatch(/^done/)
        expect(await payout()).toMatchObject({ state: 'owed', units: 9_800n })
      })

      test('back while nobody was at work: nothing is ordered before the bank’s logs are read and settled', async () => {
        const poll = (change = {}) =>
          pollEvents(
            installation.db,
            { ...rail(), ...change },
            installation.app.inbox,
            installation.app.world,
          )
        const says = async () =>
          (await status(installation.db, { now: await installation.db.tx(tx => tx.now()) })).needsPerson
        const ready = async () => (await readiness(installation.db)).checks['payouts']
        const waits = expect.stringMatching(
          /^payouts wait until the bank's logs are read as far as they go, .* read to their end at 20/,
        )
        await poll()
        await pay()
        giveBack(0)
        installation.pass(24 * 3_600 * second)
        await installation.send()
        expect([await says(), await ready()]).toEqual([
          expect.arrayContaining([waits]),
          'waiting: see repasse status',
        ])
        await poll({ missedLogs: async () => unsure('no answer') })
        await installation.send()
        expect(await says()).toContainEqual(waits)
        // They are in the inbox by now, and not settled yet.
        await poll()
        await installation.send()
        expect([await payout(), installation.transfers()]).toMatchObject([{ state: 'owed' }, []])
        await settleInbox(installation.app)
        await installation.send()
        expect([await payout(), installation.transfers(), await says()]).toMatchObject([
          { state: 'canceled' },
          [],
          [],
        ])
        expect(await ready()).toBe('ok')
        await holds()
      })

      test.each([
        ['all of it went back', 0, { state: 'canceled' }, []],
        ['nothing did', 10_000, { state: 'owed', units: 9_800n }, [9_800]],
      ])(
        'while nobody was at work %s, and the bank does not list it: the log of its invoice is read before it is ordered',
        async (_, left, ends, sent) => {
          const poll = () =>
            pollEvents(installation.db, rail(), installation.app.inbox, installation.app.world)
          const at = () => ({ db: installation.db, rail: rail(), world: installation.app.world })
          const says = async () =>
            (await status(installation.db, { now: await installation.db.tx(tx => tx.now()) })).needsPerson
          await poll()
          await pay()
          if (left < 10_000) giveBack(left)
          installation.pass(24 * 3_600 * second)
          for (const { id } of installation.bank.eventsCreated()) await rail().markDelivered(id)
          installation.app.rails.starkbank = railThatListsLittle(installation)
          await poll()
          await settleInbox(installation.app)
          await installation.send()
          expect([await payout(), installation.transfers()]).toMatchObject([{ state: 'owed' }, []])
          expect(await says()).toContainEqual(
            expect.stringMatching(/^a payout waits until the bank's log of each one's invoice is read/),
          )
          // The bank does not show it at once.
          installation.app.rails.starkbank = { ...rail(), invoiceLogs: async () => unsure('no answer') }
          expect(await readUnlisted(at())).toBe(1)
          await installation.send()
          expect(installation.transfers()).toEqual([])
          installation.app.rails.starkbank = railThatListsLittle(installation)
          expect(await readUnlisted(at())).toBe(1)
          expect(await payout()).toMatchObject(ends)
          await installation.send()
          installation.pass(20 * second)
          expect([sentUnits(), await readUnlisted(at())]).toEqual([sent, 0])
          await holds()
        },
      )

      test('where the bank does not list what goes back, and nothing was missed, no log is read by itself', async () => {
        installation.app.rails.starkbank = railThatListsLittle(installation)
        await pollEvents(installation.db, rail(), installation.app.inbox, installation.app.world)
        await pay()
        await pollEvents(installation.db, rail(), installation.app.inbox, installation.app.world)
        expect(await readUnlisted({ db: installation.db, rail: rail(), world: installation.app.world })).toBe(
          0,
        )
        await payOn()
        expect(sentUnits()).toEqual([9_800])
      })

      test('an order that the bank never took on is not repeated before the log of its invoice is read', async () => {
        await pollEvents(installation.db, rail(), installation.app.inbox, installation.app.world)
        await pay()
        await sendPayouts(
          installation.db,
          { ...rail(), pay: async () => unsure('no answer') },
          installation.app.world,
        )
        giveBack(0)
        installation.pass(24 * 3_600 * second)
        for (const { id } of installation.bank.eventsCreated()) await rail().markDelivered(id)
        installation.app.rails.starkbank = railThatListsLittle(installation)
        await pollEvents(installation.db, rail(), installation.app.inbox, installation.app.world)
        await settleInbox(installation.app)
        for (let look = 0; look < 4; look++) {
          await resolvePayouts(installation.db, rail(), installation.app.world)
          installation.pass(4 * 60 * second)
        }
        expect([await payout(), installation.transfers()]).toMatchObject([{ state: 'unsure' }, []])
        await readUnlisted({ db: installation.db, rail: rail(), world: installation.app.world })
        await resolvePayouts(installation.db, rail(), installation.app.world)
        expect([await payout(), installation.transfers()]).toMatchObject([{ state: 'canceled' }, []])
        await holds()
      })

      test('no event tells how it ended: the bank’s log is read, and it goes on', async () => {
        installation.bank.setSettings({ reversalFailRate: 1 })
        await pay()
        giveBack(0)
        installation.pass(450)
        await installation.hear(installation.event('invoice.reversing'))
        installation.pass(6 * 60 * second)
        expect(
          await watchReversals({ db: installation.db, rail: rail(), world: installation.app.world }),
        ).toBe(1)
        expect(await payout()).toMatchObject({ state: 'owed' })
      })

      test.each([
        ['nothing went back', 0n, { state: 'owed', units: 9_800n }],
        ['a part did', 6_000n, { state: 'owed', units: 3_890n }],
      ])(
        'the bank never says how it ended: two people say that %s, and it goes on',
        async (_, returned, stands) => {
          await pay()
          giveBack(4_000)
          installation.pass(450)
          await installation.hear(installation.event('invoice.reversing'))
          const mute = await rail().invoiceLogs(installation.atBank.id)
          const bank: Rail = { ...rail(), invoiceLogs: async () => mute }
          const approve = (id: string, starkbank = bank) =>
            approveAndDo({ db: installation.db, rails: { starkbank }, world: installation.app.world }, id, {
              by: 'ana',
            })
          const propose = () =>
            proposeReversalEnd(installation.db, installation.app.world, installation.id, { returned, ...act })
          expect(await propose()).toEqual({ is: 'impossible', code: 'too-soon' })
          installation.pass(31 * 60 * second)
          const proposed = await propose()
          if (!('proposal' in proposed)) throw new Error(`it is ${proposed.is}`)
          await expect(approve(proposed.proposal.id, rail())).rejects.toThrow('the bank has said by now')
          expect((await approve(proposed.proposal.id)).is).toBe('approved')
          expect(await payout()).toMatchObject(stands)
          // The same log, read again, says no more; what comes into it later is believed.
          await installation.db.tx(tx =>
            tx.run(sql`update invoice_reversals set next_at = '2026-11-21T00:00:00.000Z'`),
          )
          await watchReversals({ db: installation.db, rail: bank, world: installation.app.world })
          expect(await payout()).toMatchObject(stands)
          await installation.hear(installation.event('invoice.reversed'))
          expect(await payout()).toMatchObject({ state: 'owed', units: 3_890n })
          await holds()
        },
      )

      /** Two people end the reversal of R$ 60 of which the bank never says how it ended. */
      const endSilent = async (returned: bigint) => {
        await pay()
        giveBack(4_000)
        installation.pass(450)
        await installation.hear(installation.event('invoice.reversing'))
        installation.pass(31 * 60 * second)
        const bank = rail()
        const all = await bank.invoiceLogs(installation.atBank.id)
        const end = all.is === 'done' && all.value.find(({ log }) => log === 'reversed')
        const invoiceLogs: Rail['invoiceLogs'] = async id => {
          const answer = await bank.invoiceLogs(id)
          return answer.is === 'done'
            ? done(answer.value.filter(({ logId }) => !end || logId !== end.logId))
            : answer
        }
        installation.app.rails.starkbank = { ...bank, invoiceLogs }
        const proposed = await proposeReversalEnd(installation.db, installation.app.world, installation.id, {
          returned,
          ...act,
        })
        if (!('proposal' in proposed)) throw new Error(`it is ${proposed.is}`)
        await approveAndDo(installation.app, proposed.proposal.id, { by: 'ana' })
      }

      test.each([['invoice.reversing'], ['invoice.refunded']])(
        'two people said how a silent one ended, and a later one comes to nothing, heard by %s: their word stands',
        async kind => {
          await endSilent(6_000n)
          expect(await payout()).toMatchObject({ state: 'owed', units: 3_890n })
          installation.bank.setSettings({ reversalFailRate: 1 })
          giveBack(2_000)
          installation.pass(60 * second)
          await installation.hear(installation.event(kind))
          expect(await payout()).toMatchObject({ state: 'owed', units: 3_890n })
          expect(
            (await totalsFor(installation.db, installation.id))['invoice reversal undone'],
          ).toBeUndefined()
          await payOn()
          expect(sentUnits()).toEqual([3_890])
          await holds()
          expect(await installation.audit()).toEqual([])
        },
      )

      test('two people said how a silent one ended, and a later one arrives: the payout is less by what that one took', async () => {
        await endSilent(0n)
        expect(await payout()).toMatchObject({ state: 'owed', units: 9_800n })
        giveBack(2_000)
        installation.pass(20 * second)
        await installation.hear(installation.event('invoice.reversed'))
        // R$ 80.00 less the bank's R$ 0.50, less 1.5 % of R$ 80.00.
        expect(await payout()).toMatchObject({ state: 'owed', units: 7_830n })
        await holds()
      })

      test('two people said how a silent one ended, and a refund asked for later is lost: its logs do not make the bank have taken it on', async () => {
        await endSilent(6_000n)
        const proposed = await proposeRefund(installation.db, installation.app.world, installation.id, {
          units: 2_000n,
          ...act,
        })
        if (!('proposal' in proposed)) throw new Error(`it is ${proposed.is}`)
        await approveAndDo(installation.app, proposed.proposal.id, { by: 'ana' })
        const at = { db: installation.db, world: installation.app.world, stopped: async () => undefined }
        await resolveRefunds({ ...at, rail: { ...rail(), refundInvoice: async () => unsure('no answer') } })
        const state = async () =>
          (await installation.db.one<{ state: string }>(sql`select state from invoice_refunds`))!.state
        expect(await state()).toBe('unsure')
        for (let round = 0; round < 6; round++) {
          installation.pass(2 * 60 * second)
          await resolveRefunds({ ...at, rail: rail() })
          await watchReversals({ ...at, rail: rail() })
        }
        expect(await state()).toBe('refunded')
        expect(await payout()).toMatchObject({ state: 'owed', units: 1_920n })
        await holds()
      })

      test('late and repeated logs change nothing: what the bank’s whole log says counts', async () => {
        await pay()
        giveBack(4_000)
        installation.pass(20 * second)
        const [reversing, sent, reversed] = ['invoice.reversing', 'invoice.sent', 'invoice.reversed'].map(
          kind => installation.event(kind),
        )
        await installation.hear(reversed!, sent!, reversing!)
        expect(await payout()).toMatchObject({ state: 'owed', units: 3_890n })
        expect(await totalsFor(installation.db, installation.id)).toMatchObject({
          'invoice reversed': 6_000n,
        })
        await holds()
      })

      test('one that an older version held at its first size is brought to what is left, and a release sends no more', async () => {
        await pay()
        giveBack(4_000)
        installation.pass(20 * second)
        // What that version wrote, and what the migration makes of it.
        await installation.db.tx(async tx => {
          const reversed = {
            movement: 'invoice reversed',
            source: `${installation.id}/6000`,
            amount: brl(6_000n),
            invoiceId: installation.id,
            memo: '',
          } as const
          await post(tx, installation.app.world, reversed)
          await tx.run(
            sql`update payouts set state = 'held', why = 'part of its payment was taken back'
              where invoice_id = ${installation.id}`,
          )
          await tx.run(
            sql`insert into invoice_reversals (invoice_id, returned_units, next_at)
              values (${installation.id}, 6000, '2026-11-21T00:00:00.000Z')`,
          )
        })
        expect(await checkLedger(installation.db)).toEqual([])
        expect(
          await watchReversals({ db: installation.db, rail: rail(), world: installation.app.world }),
        ).toBe(1)
        expect(await payout()).toMatchObject({ state: 'held', units: 3_890n })
        await releasePayout(installation.db, (await payout()).id, act)
        await payOn()
        expect(sentUnits()).toEqual([3_890])
        await holds()
        expect(await installation.audit()).toEqual([])
      })

      test('what was read of its log before what is known changes nothing', async () => {
        await pay()
        giveBack(4_000)
        installation.pass(450)
        const before = await rail().invoiceLogs(installation.atBank.id)
        installation.pass(20 * second)
        await installation.hear(installation.event('invoice.reversed'))
        const known = await payout()
        if (before.is !== 'done') throw new Error(before.why)
        const late = await installation.db.tx(tx =>
          settleReversal(tx, installation.app.world, installation.id, before.value, {
            why: because('said', { said: 'a slow worker' }),
          }),
        )
        expect(late).toEqual({ is: 'done', why: because('more-known-before') })
        expect([
          await payout(),
          (await totalsFor(installation.db, installation.id))['invoice reversal undone'],
        ]).toEqual([known, undefined])
        await holds()
      })

      test('twice in part: each is booked once, and the payout is of what is left in the end', async () => {
        await pay()
        giveBack(7_000)
        installation.pass(20 * second)
        giveBack(4_000)
        installation.pass(20 * second)
        const all = installation.bank
          .eventsCreated()
          .filter(({ log: { type } }) => type === 'reversed' || type === 'reversing')
        await installation.hear(...all.toReversed())
        expect(await payout()).toMatchObject({ state: 'owed', units: 3_890n })
        await holds()
      })

      test.each([
        ['part', 4_000, 5_910n],
        ['all', 0, 9_800n],
      ])(
        '%s of it back after it was paid on: the payee owes it, by account, listed and alarmed',
        async (_, left, owed) => {
          await pay()
          await payOn()
          giveBack(left)
          installation.pass(20 * second)
          await installation.hear(installation.event('invoice.reversed'))
          expect(await payout()).toMatchObject({ state: 'paid', units: 9_800n })
          expect(await receivables(installation.db)).toMatchObject([
            { name: 'main', recover: 'never', units: owed },
          ])
          expect((await status(installation.db)).needsPerson).toContainEqual(
            expect.stringContaining('main owes R$'),
          )
          await holds()
          expect(await installation.audit()).toEqual([])
        },
      )

      test('back while the order is under way: its end decides whether it is owed less or the payee owes it', async () => {
        await pay()
        await installation.send()
        giveBack(4_000)
        installation.pass(20 * second)
        await installation.hear(installation.event('invoice.reversed'))
        await holds()
        expect(await owing()).toBe(0n)
        await installation.hear(installation.event('transfer.success'))
        expect(await owing()).toBe(5_910n)
        await holds()
      })

      test('back while an order that fails is under way: the next one is of what is left', async () => {
        installation.bank.setSettings({ transferFailRate: 1 })
        await pay()
        await installation.send()
        giveBack(4_000)
        installation.pass(20 * second)
        await installation.hear(installation.event('invoice.reversed'), installation.event('transfer.failed'))
        expect(await payout()).toMatchObject({ units: 3_890n })
        expect(await owing()).toBe(0n)
        installation.bank.setSettings({ transferFailRate: 0 })
        installation.pass(10 * 60 * second)
        await payOn()
        expect(sentUnits()).toEqual([3_890])
        await holds()
      })

      test('paid on, given back, and then the transfer came back too: nothing is owed by anybody but what is left', async () => {
        await pay()
        installation.bank.setSettings({ refundRate: 1, transferDelayMs: [30 * second, 30 * second] })
        await installation.send()
        installation.pass(62 * second)
        await installation.hear(installation.event('transfer.success'))
        giveBack(4_000)
        installation.pass(20 * second)
        await installation.hear(installation.event('invoice.reversed'))
        expect(await owing()).toBe(5_910n)
        installation.pass(60 * second)
        await installation.hear(installation.event('transfer.refunded'))
        expect(await payout()).toMatchObject({ state: 'returned', units: 3_890n })
        expect(await owing()).toBe(0n)
        await holds()
      })

      test('the bank shows less before the credit is heard of: it is booked whole, held, and then of what is left', async () => {
        installation.bank.pay(installation.atBank.id)
        installation.pass(5 * second)
        const credited = installation.event('invoice.credited')
        giveBack(4_000)
        installation.pass(100)
        await installation.hear(credited)
        expect(await payout()).toMatchObject({ state: 'held' })
        installation.pass(20 * second)
        await installation.hear(installation.event('invoice.reversed'))
        await settleInbox(installation.app)
        expect(await payout()).toMatchObject({ state: 'owed', units: 3_890n })
        await holds()
      })

      test.each([
        ['more than a payout and its fee', 0, 9_700n - 4_950n],
        ['less, but more than the payout', 5_025, -50n],
      ])(
        'the payee owes %s: the whole payout is set off, and nothing is kept for a transfer',
        async (_, left, owes) => {
          await installation.close()
          await open({ terms: { transferFeeBy: 'receiver', transferFeeUnits: 100n } })
          await pay()
          await payOn()
          giveBack(left)
          installation.pass(20 * second)
          await installation.hear(installation.event('invoice.reversed'))
          const terms = await proposeTerms(installation.db, installation.app.world, 'main', 'next-payouts', {
            by: 'bruno',
            why: 'agreed with the payee',
          })
          expect(
            terms.is === 'proposed' &&
              (await approveAndDo(installation.app, terms.proposal.id, { by: 'ana' })).is,
          ).toBe('approved')
          const [next] = await collect(installation, [5_000n])
          expect(next!.units).toBe(4_850n)
          await payOn()
          expect(sentUnits()).toEqual([9_700])
          expect(await totalsFor(installation.db, next!.invoice_id)).toMatchObject({
            'transfer fee returned': 100n,
            'receivable set off': 4_950n,
          })
          expect(await owing()).toBe(owes)
          await holds()
        },
      )

      test.each([
        [
          'for nothing any more',
          sql`delete from receivable_moves where transaction_id in (select id from ledger_transactions
            where movement = 'receivable booked')`,
        ],
        [
          'for another account',
          sql`update receivable_moves set account_id = 'acc_other' where transaction_id in (select id
            from ledger_transactions where movement = 'receivable booked')`,
        ],
      ])('a debt whose row is edited to be %s makes no payout larger [security 3]', async (_, edit) => {
        await pay()
        await payOn()
        giveBack(9_000)
        installation.pass(20 * second)
        await installation.hear(installation.event('invoice.reversed'))
        const { db, app } = installation
        const act = { by: 'bruno', why: 'agreed with the payee' }
        const terms = await proposeTerms(db, app.world, 'main', 'next-payouts', act)
        if (terms.is === 'proposed') await approveAndDo(app, terms.proposal.id, { by: 'ana' })
        const owed = await owing()
        await collect(installation, [5_000n])
        await payOn()
        expect([owed > 0n, await owing()]).toEqual([true, 0n])
        const before = sentUnits()
        await db.tx(async tx => {
          await tx.run(sql`
            insert into accounts (id, store_id, name, kind, holder, destination, state, added_by, added_at,
              changed_at)
            select 'acc_other', store_id, 'other', 'bitcoin', holder, 'x', 'closed', added_by, added_at,
              changed_at
            from accounts where name = 'main'`)
          await tx.run(edit)
        })
        const [next] = await collect(installation, [6_000n])
        await payOn()
        expect(sentUnits()).toEqual(before)
        expect(await db.one(sql`select state, units from payouts where id = ${next!.id}`)).toEqual({
          state: 'held',
          units: next!.units,
        })
        expect((await checkApprovals(db)).map(({ says }) => says)).toContainEqual(
          expect.stringMatching(/^what account acc_\w+ owes us is not kept as it is booked/),
        )
      })

      test('less is left than the smallest payout of its schedule: a person decides', async () => {
        await installation.close()
        await open({ minPayoutUnits: 5_000n })
        await pay()
        giveBack(4_000)
        installation.pass(20 * second)
        await installation.hear(installation.event('invoice.reversed'))
        expect(await payout()).toMatchObject({
          state: 'held',
          units: 3_890n,
          why: 'below the smallest payout of its schedule',
        })
        await holds()
      })
    },
  )
})
