/** Lines of the statement about our own transfers and invoices that no event told of, on both databases: the bank is asked, and what it cannot explain two people end. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { done } from '../src/base/answer.ts'
import { instant } from '../src/base/world.ts'
import { approveAndDo, holdAgainstBank, reconcile } from '../src/jobs/jobs.ts'
import { openSuspense, proposeClose } from '../src/ledger/ledger.ts'
import { payoutsStopped, receivables, retryPayout } from '../src/payout/payout.ts'
import type { Rail, StatementLine } from '../src/rails/rail.ts'
import { status } from '../src/web/status.ts'
import { postgresAvailable, startPostgres, type Postgres } from './testbed/postgres.ts'
import { openTown, type Town } from './testbed/town.ts'

const second = 1_000
const minute = 60 * second

describe.each(['SQLite', 'PostgreSQL'])('on %s', engine => {
  describe.skipIf(engine === 'PostgreSQL' && !postgresAvailable())('with a server where one is needed', () => {
    let postgres: Postgres | undefined
    let town: Town
    let rail: Rail
    let ref: string
    /** How far our clock is from the bank's. */
    let offMs = 0
    beforeAll(async () => {
      if (engine === 'PostgreSQL') postgres = await startPostgres({ durable: false })
    })
    afterAll(() => postgres?.stop())
    afterEach(() => town?.close())

    /** A payout that was paid, with a charge of R$ 1.00. */
    beforeEach(async () => {
      town = await openTown({
        settings: { startingBalance: 100_000, transferFee: 100 },
        databaseUrl: await postgres?.migratedDatabase(),
        houseClock: clock => ({ ...clock, now: () => clock.now() + offMs }),
      })
      rail = town.desk.rails.starkbank!
      town.bank.pay(town.atBank.id)
      town.pass(5 * second)
      await town.hear(town.event('invoice.credited'))
      await town.send()
      town.pass(20 * second)
      await town.hear(town.event('transfer.success'))
      ref = town.transfers()[0]!.id
      await look()
    })

    const look = async (at: Rail = rail, ms = 5 * minute) => {
      town.pass(ms)
      const found = await reconcile(town.store, at, town.desk.world)
      if (typeof found === 'string') throw new Error(found)
      return holdAgainstBank(town.store, found)
    }
    const needsPerson = async () => (await status(town.store, { now: await town.store.tx(tx => tx.now()) })).needsPerson
    const close = async () => {
      const { proposal } = await town.store.tx(tx => proposeClose(tx, town.desk.world, ref, { by: 'ana', why: 'the bank’s own' }))
      return (await approveAndDo(town.desk, proposal.id, { by: 'bruno' })).is
    }
    /** The bank, with one more line about the transfer. */
    const withLine = (units: bigint): Rail => {
      const createdAt = instant(town.clock.now())
      const about = { is: 'payout', providerId: ref } as const
      const line: StatementLine = { id: '777', units, feeUnits: 0n, about, description: 'Charge', source: '', tags: [], createdAt }
      return {
        ...rail,
        async balance() {
          const answer = await rail.balance()
          return answer.is === 'done' ? done(answer.value + units) : answer
        },
        async statement(after, place) {
          const answer = await rail.statement(after, place)
          return answer.is === 'done' ? done({ ...answer.value, items: [...answer.value.items, line] }) : answer
        },
      }
    }

    test.each([
      ['and is shown so', false, true],
      ['and is still shown as a success', true, true],
      ['and only its second line says so', true, false],
    ])('a transfer that came back %s is returned at the next look, and paid again', async (_, keepStatus, isLogged) => {
      town.bank.sendBack(ref, { keepStatus })
      const at = isLogged ? rail : { ...rail, hasComeBack: async () => done(false) }
      expect([await look(at), await town.payout()]).toMatchObject([undefined, { state: 'returned' }])
      await retryPayout(town.store, (await town.payout())!.id, { by: 'ana', why: 'it came back' })
      await town.send()
      town.pass(20 * second)
      await town.hear(town.event('transfer.success'))
      expect([(await town.payout())!.state, await look(), await town.audit(), await needsPerson()]).toEqual(['paid', undefined, [], []])
    })

    test('one of which the statement alone says so is returned after an hour', async () => {
      town.bank.sendBack(ref, { keepStatus: true })
      const mute: Rail = {
        ...rail,
        hasComeBack: async () => done(false),
        async readPayout(id) {
          const answer = await rail.readPayout(id)
          return answer.is === 'done' ? done({ ...answer.value, lineIds: [] }) : answer
        },
      }
      expect([await look(mute), (await town.payout())!.state]).toEqual([undefined, 'paid'])
      expect([await look(mute, 60 * minute), (await town.payout())!.state, await town.audit()]).toEqual([undefined, 'returned', []])
    })

    test('money of an invoice that went back is booked at the next look, and the payee owes it', async () => {
      town.bank.reverse(town.atBank.id, 4_000)
      town.pass(minute)
      expect([await look(), await payoutsStopped(town.store), (await receivables(town.store))[0]?.units]).toEqual([
        undefined,
        undefined,
        5_910n,
      ])
      expect(await town.audit()).toEqual([])
    })

    test('what went back and was booked while our clock was hours behind is not missed', async () => {
      town.bank.reverse(town.atBank.id, 4_000)
      town.pass(minute)
      offMs = -3 * 60 * minute
      await town.hear(town.event('invoice.reversed'))
      offMs = 0
      expect([await look(rail, 120 * minute), await openSuspense(town.store)]).toEqual([undefined, []])
    })

    test('a charge that the bank gives back waits in suspense after an hour, stops nothing, and two people close it', async () => {
      const odd = withLine(100n)
      expect([await look(odd), await needsPerson()]).toEqual([undefined, []])
      expect([await look(odd, 60 * minute), await openSuspense(town.store)]).toMatchObject([undefined, [{ provider_id: ref, units: 100n }]])
      expect(await needsPerson()).toEqual([expect.stringMatching(`^R\\$ 1.00 moved at the bank .* repasse suspense close ${ref} `)])
      expect([await close(), await look(odd), await look(odd), await needsPerson()]).toEqual(['approved', undefined, undefined, []])
    })

    test('one more charge stops payouts until two people have closed it', async () => {
      const odd = withLine(-50n)
      await look(odd)
      expect(await look(odd)).toContain('the books say')
      await look(odd, 60 * minute)
      expect(await look(odd)).toMatch(/^R\$ 0\.50 left the bank under our tag inv_\w+ by no order of these books \(\d+\)$/)
      expect([await close(), await payoutsStopped(town.store), await look(odd)]).toEqual(['approved', undefined, undefined])
    })
  })
})
