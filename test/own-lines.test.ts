/**
 * Lines of the statement about our own transfers and invoices that no event told of, on both databases: the
 * bank is asked, and what it cannot explain two people end.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { done, unsure } from '../src/base/answer.ts'
import { instant } from '../src/base/world.ts'
import { runDueSlots } from '../src/jobs/jobs.ts'
import { holdAgainstBank, reconcile } from '../src/reconcile/reconcile.ts'
import { balances, checkLedger, openSuspense } from '../src/ledger/ledger.ts'
import { payoutsStopped, receivables, sendPayouts } from '../src/payout/payout.ts'
import type { Rail, StatementLine } from '../src/rails/rail.ts'
import { sql } from '../src/db/db.ts'
import { status } from '../src/queries/status.ts'
import { pollEvents, proposeReversalEnd, settleInbox } from '../src/webhooks/webhooks.ts'
import { postgresAvailable, startPostgres, type Postgres } from './testbed/postgres.ts'
import { openTestInstallation, type TestInstallation } from './testbed/testInstallation.ts'
import { approveAndDo, retryPayout, proposeClose } from './testbed/acts.ts'

const second = 1_000
const minute = 60 * second
const hour = 60 * minute

describe.each(['SQLite', 'PostgreSQL'])('on %s', engine => {
  describe.skipIf(engine === 'PostgreSQL' && !postgresAvailable())(
    'with a server where one is needed',
    () => {
      let postgres: Postgres | undefined
      let installation: TestInstallation
      let rail: Rail
      let ref: string
      /** How far our clock is from the bank's. */
      let offMs = 0
      /** Lines that the bank shows besides. */
      let extra: StatementLine[] = []
      beforeAll(async () => {
        if (engine === 'PostgreSQL') postgres = await startPostgres({ durable: false })
      })
      afterAll(() => postgres?.stop())
      afterEach(() => installation?.close())

      /** A payout that was paid, with a charge of R$ 1.00. */
      beforeEach(async () => {
        extra = []
        offMs = 0
        installation = await openTestInstallation({
          settings: { startingBalance: 100_000, transferFee: 100 },
          databaseUrl: await postgres?.migratedDatabase(),
          appClock: clock => ({ ...clock, now: () => clock.now() + offMs }),
        })
        rail = installation.app.rails.starkbank!
        installation.bank.pay(installation.atBank.id)
        installation.pass(5 * second)
        await installation.hear(installation.event('invoice.credited'))
        await installation.send()
        installation.pass(20 * second)
        await installation.hear(installation.event('transfer.success'))
        ref = installation.transfers()[0]!.id
        await look()
      })

      const look = async (at: Rail = rail, ms = 5 * minute) => {
        installation.pass(ms)
        const found = await reconcile(installation.db, at, installation.app.world)
        if (typeof found === 'string') throw new Error(found)
        return holdAgainstBank(installation.db, found)
      }
      const needsPerson = async () =>
        (await status(installation.db, { now: await installation.db.tx(tx => tx.now()) })).needsPerson
      const close = async (providerId = ref, app = installation.app) => {
        const { proposal } = await installation.db.tx(tx =>
          proposeClose(tx, installation.app.world, providerId, { by: 'ana', why: 'the bank’s own' }),
        )
        return (await approveAndDo(app, proposal.id, { by: 'bruno' })).is
      }
      const looks = async (count: number, at: Rail = rail) => {
        let stop: string | undefined
        for (let round = 0; round < count; round++) stop = await look(at)
        return stop
      }
      /** So long that nothing from before is in the statement that is read. */
      const passDays = async (count: number, at: Rail = rail) => {
        for (let day = 0; day < count; day++) {
          await look(at, 24 * hour)
          await looks(2, at)
        }
      }
      const hearAll = async () => {
        await pollEvents(installation.db, rail, installation.app.inbox, installation.app.world)
        await settleInbox(installation.app)
      }
      const suspended = async () => (await openSuspense(installation.db)).map(({ units }) => units)
      /** Nothing waits, nothing stops payouts, and bank and books agree to the cent. */
      const isClear = async () =>
        expect([
          await suspended(),
          await looks(3),
          await installation.audit(),
          (await balances(installation.db)).suspense,
        ]).toEqual([[], undefined, [], 0n])

      /** The bank moves money of the transfer, and says no more about it. */
      const moves = (units: bigint) => {
        const [id, createdAt] = [`${777 + extra.length}`, instant(installation.clock.now())]
        const about = { is: 'payout', providerId: ref } as const
        extra.push({
          id,
          units,
          feeUnits: 0n,
          about,
          description: 'Correction',
          source: '',
          tags: [],
          createdAt,
        })
      }
      const withExtra = (): Rail => ({
        ...rail,
        async balance() {
          const answer = await rail.balance()
          return answer.is === 'done'
            ? done(extra.reduce((sum, { units }) => sum + units, answer.value))
            : answer
        },
        async statement(after, place) {
          const answer = await rail.statement(after, place)
          const items = extra.filter(({ createdAt }) => createdAt >= after)
          return answer.is === 'done'
            ? done({ ...answer.value, items: [...answer.value.items, ...items] })
            : answer
        },
      })
      /** The bank, with one more line about the transfer. */
      const withLine = (units: bigint): Rail => {
        moves(units)
        return withExtra()
      }
      /** A bank whose log of an invoice says no more than it does now. */
      const muteLog = async (providerId = installation.atBank.id): Promise<Rail> => {
        const logs = await rail.invoiceLogs(providerId)
        return { ...rail, invoiceLogs: async () => logs }
      }

      test.each([
        ['and is shown so', false, true],
        ['and is still shown as a success', true, true],
        ['and only its second line says so', true, false],
      ])(
        'a transfer that came back %s is returned at the next look, and paid again',
        async (_, keepStatus, isLogged) => {
          installation.bank.sendBack(ref, { keepStatus })
          const at = isLogged ? rail : { ...rail, hasComeBack: async () => done(false) }
          expect([await look(at), await installation.payout()]).toMatchObject([
            undefined,
            { state: 'returned' },
          ])
          await retryPayout(installation.db, (await installation.payout())!.id, {
            by: 'ana',
            why: 'it came back',
          })
          await installation.send()
          installation.pass(20 * second)
          await installation.hear(installation.event('transfer.success'))
          expect([
            (await installation.payout())!.state,
            await look(),
            await installation.audit(),
            await needsPerson(),
          ]).toEqual(['paid', undefined, [], []])
        },
      )

      test('one of which the statement alone says so is returned after an hour', async () => {
        installation.bank.sendBack(ref, { keepStatus: true })
        const mute: Rail = {
          ...rail,
          hasComeBack: async () => done(false),
          async readPayout(id) {
            const answer = await rail.readPayout(id)
            return answer.is === 'done' ? done({ ...answer.value, lineIds: [] }) : answer
          },
        }
        expect([await look(mute), (await installation.payout())!.state]).toEqual([undefined, 'paid'])
        expect([
          await look(mute, 60 * minute),
          (await installation.payout())!.state,
          await installation.audit(),
        ]).toEqual([undefined, 'returned', []])
      })

      test('money of an invoice that went back is booked at the next look, and the payee owes it', async () => {
        installation.bank.reverse(installation.atBank.id, 4_000)
        installation.pass(minute)
        expect([
          await look(),
          await payoutsStopped(installation.db),
          (await receivables(installation.db))[0]?.units,
        ]).toEqual([undefined, undefined, 5_910n])
        expect(await installation.audit()).toEqual([])
      })

      test('what went back and was booked while our clock was hours behind is not missed', async () => {
        installation.bank.reverse(installation.atBank.id, 4_000)
        installation.pass(minute)
        offMs = -3 * 60 * minute
        await installation.hear(installation.event('invoice.reversed'))
        offMs = 0
        expect([await look(rail, 120 * minute), await openSuspense(installation.db)]).toEqual([undefined, []])
      })

      test('a charge that the bank gives back waits in suspense after an hour, stops nothing, and two people close it', async () => {
        const odd = withLine(100n)
        expect([await look(odd), await needsPerson()]).toEqual([undefined, []])
        expect([await look(odd, 60 * minute), await openSuspense(installation.db)]).toMatchObject([
          undefined,
          [{ provider_id: ref, units: 100n }],
        ])
        expect(await needsPerson()).toEqual([
          expect.stringMatching(`^R\\$ 1.00 moved at the bank .* repasse suspense close ${ref} `),
        ])
        expect([await close(), await look(odd), await look(odd), await needsPerson()]).toEqual([
          'approved',
          undefined,
          undefined,
          [],
        ])
      })

      test('one more charge stops payouts until two people have closed it', async () => {
        const odd = withLine(-50n)
        await look(odd)
        expect(await look(odd)).toContain('the books say')
        await look(odd, 60 * minute)
        expect(await look(odd)).toMatch(
          /^R\$ 0\.50 left the bank under our tag inv_\w+ by no order of these books \(\d+\)$/,
        )
        expect([await close(), await payoutsStopped(installation.db), await look(odd)]).toEqual([
          'approved',
          undefined,
          undefined,
        ])
      })

      describe('what the bank takes twice and gives back', () => {
        test.each([0, 4])(
          'is no transfer that came back, %i days later: nothing waits, and nobody pays again',
          async days => {
            const odd = withLine(-9_800n)
            expect(await looks(20, odd)).toContain('R$ 98.00 left the bank under our tag')
            await passDays(days, odd)
            moves(9_800n)
            expect([await looks(20, odd), await needsPerson(), (await installation.payout())!.state]).toEqual(
              [undefined, [], 'paid'],
            )
            await isClear()
          },
        )

        test('nor after two people closed it: it is external no more', async () => {
          const before = await balances(installation.db)
          const odd = withLine(-9_800n)
          await looks(20, odd)
          expect([await close(), await look(odd)]).toEqual(['approved', undefined])
          await passDays(2, odd)
          moves(9_800n)
          expect([await looks(20, odd), (await installation.payout())!.state]).toEqual([undefined, 'paid'])
          expect(await balances(installation.db)).toEqual(before)
          await isClear()
        })

        test('and what comes beyond that means that it came back', async () => {
          const odd = withLine(-9_800n)
          await looks(20, odd)
          moves(9_800n)
          await looks(2, odd)
          installation.bank.sendBack(ref, { keepStatus: true })
          const mute: Rail = { ...odd, hasComeBack: async () => done(false) }
          expect([await looks(3, mute), (await installation.payout())!.state]).toEqual([
            undefined,
            'returned',
          ])
          await isClear()
        })

        test('but where its log says that it came back, what it took twice waits again', async () => {
          const odd = withLine(-9_800n)
          await looks(20, odd)
          moves(9_800n)
          expect([await looks(20, odd), await suspended()]).toEqual([undefined, []])
          await look({ ...odd, hasComeBack: async () => done(true) })
          // One more line, for the bank is asked about what is odd alone.
          moves(-50n)
          await looks(20, { ...odd, hasComeBack: async () => done(true) })
          expect([(await installation.payout())!.state, new Set(await suspended())]).toEqual([
            'returned',
            new Set([-50n, -9_800n]),
          ])
          expect([await close(), await looks(3, odd), await checkLedger(installation.db)]).toEqual([
            'approved',
            undefined,
            [],
          ])
        })
      })

      test.each([
        [0, -100n],
        [4, -100n],
        [4, -9_800n],
        [4, -9_900n],
      ])(
        '%i days later one more line of %s is in suspense after an hour, and two people close it',
        async (days, units) => {
          await passDays(days)
          const odd = withLine(units)
          await looks(20, odd)
          expect(await suspended()).toEqual([units])
          expect(await needsPerson()).toContainEqual(
            expect.stringContaining(`repasse suspense close ${ref} `),
          )
          expect([await close(), await looks(3, odd), await needsPerson()]).toEqual([
            'approved',
            undefined,
            [],
          ])
          await passDays(3, odd)
          expect([await suspended(), await looks(3, odd)]).toEqual([[], undefined])
        },
      )

      test('where the bank does not give what it moved before, a line as large as that is named once it does', async () => {
        await passDays(4)
        const odd = withLine(-100n)
        const silent: Rail = { ...odd, taggedLines: async () => unsure('no answer') }
        expect([await looks(20, silent), await suspended()]).toEqual([
          expect.stringContaining('the books say'),
          [],
        ])
        await look(odd)
        expect(await suspended()).toEqual([-100n])
      })

      describe('what went back to a payer is in the books once', () => {
        const reversed = () => expect(installation.bank.reverse(installation.atBank.id, 4_000)).toBe(true)

        test.each([0, 4])(
          'where two people say so and its line comes later, of a credit %i days old',
          async days => {
            await passDays(days)
            installation.bank.setSettings({ creditDelayMs: [hour, hour] })
            reversed()
            installation.pass(30 * second)
            await installation.hear(installation.event('invoice.reversing'))
            installation.pass(125 * minute)
            await hearAll()
            const said = { returned: 6_000n, by: 'ana', why: 'the bank said so on the phone' }
            const proposed = await proposeReversalEnd(
              installation.db,
              installation.app.world,
              installation.id,
              said,
            )
            if (!('proposal' in proposed)) throw new Error(proposed.is)
            await approveAndDo(
              { ...installation.app, rails: { starkbank: await muteLog() } },
              proposed.proposal.id,
              {
                by: 'bruno',
              },
            )
            for (let round = 0; round < 5; round++) {
              await look(rail, hour)
              await hearAll()
            }
            await isClear()
          },
        )

        test('where it was booked while our clock was hours behind, and the credit is days old', async () => {
          await passDays(4)
          reversed()
          installation.pass(minute)
          offMs = -3 * hour
          await installation.hear(installation.event('invoice.reversed'))
          offMs = 0
          await looks(20)
          await isClear()
        })

        test.each([
          ['two people closed its line', 0],
          ['two people closed its line days ago', 3],
        ])('where %s, and the log tells of it then', async (_, days) => {
          const mute = await muteLog()
          reversed()
          installation.pass(minute)
          await looks(20, mute)
          expect([
            await close(installation.atBank.id, { ...installation.app, rails: { starkbank: mute } }),
            await looks(3, mute),
          ]).toEqual(['approved', undefined])
          await passDays(days, mute)
          await hearAll()
          await isClear()
          expect(await receivables(installation.db)).toMatchObject([{ units: 5_910n }])
        })

        test('where nobody closed its line, and the log tells of it after three days', async () => {
          const mute = await muteLog()
          reversed()
          installation.pass(minute)
          await looks(20, mute)
          await passDays(3, mute)
          expect(await suspended()).toEqual([-6_000n])
          await hearAll()
          await isClear()
        })

        test('where it went in two parts, one was closed, and the log tells of both at once', async () => {
          const mute = await muteLog()
          installation.bank.reverse(installation.atBank.id, 7_000)
          installation.pass(minute)
          await looks(20, mute)
          await close(installation.atBank.id, { ...installation.app, rails: { starkbank: mute } })
          installation.bank.reverse(installation.atBank.id, 4_000)
          installation.pass(minute)
          await looks(3)
          await isClear()
          expect(await receivables(installation.db)).toMatchObject([{ units: 5_910n }])
        })

        test('where the bank tells of it at last: it is asked before two people close the line', async () => {
          const mute = await muteLog()
          reversed()
          installation.pass(minute)
          await looks(20, mute)
          await expect(close(installation.atBank.id)).rejects.toThrow(
            'is booked by now: nothing is left to close',
          )
          await isClear()
        })
      })

      test.each([0, 3])(
        'a transfer that came back, whose line two people closed, is in the books once when its log tells %i days later',
        async days => {
          const mute: Rail = { ...rail, readPayout: async () => unsure('no answer') }
          installation.bank.sendBack(ref, { keepStatus: true })
          await looks(20, mute)
          expect(new Set(await suspended())).toEqual(new Set([100n, 9_800n]))
          await close(ref, { ...installation.app, rails: { starkbank: mute } })
          await passDays(days, mute)
          await hearAll()
          expect((await installation.payout())!.state).toBe('returned')
          await isClear()
        },
      )

      test('a payout is held as soon as the statement shows that its payer has the money, though the log is silent', async () => {
        installation.pass(24 * hour)
        await runDueSlots(installation.app)
        const later = installation.bank.invoices()[1]!
        installation.bank.pay(later.id)
        installation.pass(5 * second)
        await hearAll()
        const held = () =>
          installation.db.one<{ state: string; why: string | null }>(
            sql`select p.state, p.why from payouts p join invoices i on i.id = p.invoice_id
              where i.provider_id = ${later.id}`,
          )
        const mute = await muteLog(later.id)
        installation.bank.reverse(later.id, 0)
        installation.pass(minute)
        const lookAndSend = async () => {
          const stop = await look(mute)
          await sendPayouts(installation.db, mute, installation.app.world)
          return stop
        }
        await lookAndSend()
        expect(await held()).toMatchObject({ state: 'held', why: 'its payer is being given money back' })
        let stop: string | undefined
        for (let round = 0; round < 40; round++) stop = await lookAndSend()
        expect([stop, await held(), installation.transfers().length]).toMatchObject([
          expect.stringMatching(/^R\$ 100\.00 left the bank under our tag/),
          { state: 'held' },
          1,
        ])
        // When the log tells, it is as after any reversal.
        await hearAll()
        expect((await held())!.state).toBe('canceled')
        await isClear()
      })
    },
  )
})
