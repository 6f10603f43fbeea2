/**
 * Limits on both databases and both rails: what is above one waits, goes by itself when there is room, or
 * once two people say so; and never more leaves in any sliding window.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { unsure } from '../src/base/answer.ts'
import { refuse } from '../src/ledger/ledger.ts'
import {
  changeLimits,
  checkApprovals,
  proposeBeyond,
  sendPayouts,
  waitingForLimits,
  withinLimits,
  type LimitsChanged,
  type PayoutRow,
  type WantedLimits,
} from '../src/payout/payout.ts'
import { openDb, sql, type Db } from '../src/db/db.ts'
import { bitcoindAvailable, startBitcoind, type Bitcoind } from './testbed/bitcoind.ts'
import { openChainInstallation, type ChainInstallation } from './testbed/chainInstallation.ts'
import { collect } from './testbed/collecting.ts'
import { openAccount, owing } from './testbed/owing.ts'
import { postgresAvailable, startPostgres, type Postgres } from './testbed/postgres.ts'
import { openTestInstallation, type TestInstallation } from './testbed/testInstallation.ts'
import { trialAccount } from './testbed/trial.ts'
import { until } from './testbed/until.ts'
import { addAccount, approveAccount, approveAndDo, retryPayout } from './testbed/acts.ts'

const minute = 60_000
const hour = 60 * minute

type TestApp = TestInstallation['app']

/** As a person lowers or raises limits; where it takes two, a second person approves. */
async function limit(
  { db, world, rails }: TestApp,
  wanted: WantedLimits,
  of: { accountId?: string; asset?: 'BRL' | 'BTC' } = {},
) {
  const asset = of.asset ?? 'BRL'
  const changed = await db.tx(tx =>
    changeLimits(tx, world, { ...of, asset, wanted, by: 'ana', why: 'a test' }),
  )
  if ('proposal' in changed) await approveAndDo({ db, world, rails }, changed.proposal.id, { by: 'bruno' })
  return changed.is
}
const letBeyond = async ({ db, world, rails }: TestApp, id: string) => {
  const proposed = await db.tx(tx => proposeBeyond(tx, world, id, { by: 'ana', why: 'the yearly one' }))
  if (!('proposal' in proposed)) return proposed.is
  return (await approveAndDo({ db, world, rails }, proposed.proposal.id, { by: 'bruno' })).is
}

describe.each(['SQLite', 'PostgreSQL'])('at the bank, on %s', engine => {
  describe.skipIf(engine === 'PostgreSQL' && !postgresAvailable())(
    'with a server where one is needed',
    () => {
      let postgres: Postgres | undefined
      let databaseUrl: string
      let installation: TestInstallation
      beforeAll(async () => {
        if (engine === 'PostgreSQL') postgres = await startPostgres({ durable: false })
      })
      afterAll(() => postgres?.stop())
      beforeEach(async () => {
        databaseUrl = postgres ? await postgres.migratedDatabase() : 'sqlite::memory:'
        installation = await openTestInstallation({ databaseUrl, commissionBp: 0n, settings: { fee: 0 } })
      })
      afterEach(() => installation?.close())

      const payoutOf = async ({ id }: PayoutRow) =>
        (await installation.db.one<PayoutRow>(sql`select * from payouts where id = ${id}`))!
      const states = (payouts: readonly PayoutRow[]) =>
        Promise.all(payouts.map(async payout => (await payoutOf(payout)).state))
      /** All that has left, the oldest first, as the bank has it. */
      const left = () =>
        installation
          .transfers()
          .filter(({ status }) => status !== 'failed' && status !== 'canceled')
          .map(({ amount }) => amount)
      /** Lets the bank finish what it took on, and hears of it. */
      const finish = async (ms = minute) => {
        installation.pass(ms)
        await installation.hear(
          ...installation.bank.eventsCreated().filter(({ subscription }) => subscription === 'transfer'),
        )
      }
      /** What waits for a limit, and why. */
      const waiting = async () =>
        (await waitingForLimits(installation.db, { limit: 100 })).map(({ payout_id: id, per, needs }) => ({
          id,
          per,
          needs,
        }))

      test('with none set, everything goes at once', async () => {
        await collect(installation, [10_000n, 900_000n, 10_000n])
        await installation.send()
        expect(left()).toEqual([10_000, 900_000, 10_000])
        expect(await waiting()).toEqual([])
      })

      test.each([
        ['raised', sql`update limits set units = 90000`],
        ['deleted', sql`delete from limits`],
        ['of another asset', sql`update limits set asset = 'BTC'`],
        ['got round by an approval that nobody gave', undefined],
      ])('a limit whose row is %s past the program still counts, and is a finding', async (_, edit) => {
        await limit(installation.app, { payout: 50_000n })
        const [large] = await collect(installation, [60_000n])
        // One person has asked, and nobody has approved it.
        await installation.db.tx(tx =>
          proposeBeyond(tx, installation.app.world, large!.id, { by: 'ana', why: 'mine' }),
        )
        await installation.db.tx(tx =>
          changeLimits(tx, installation.app.world, {
            asset: 'BRL',
            wanted: { payout: null },
            by: 'ana',
            why: 'mine',
          }),
        )
        const forged = sql`
        insert into limit_approvals (payout_id, units, proposal_id, added_at)
          select ${large!.id}, 60000, min(id), '' from proposals`
        await installation.db.tx(tx => tx.run(edit ?? forged))
        await installation.send()
        expect(left()).toEqual([])
        expect(await waiting()).toEqual([{ id: large!.id, per: 'payout', needs: 'person' }])
        const found = (await checkApprovals(installation.db)).map(({ says }) => says)
        expect(found).toEqual(
          edit
            ? [expect.stringContaining('people set R$ 500.00: somebody has changed it past this program')]
            : [],
        )
      })

      test('one above the limit of a payout waits for two people, while the others go; let go, it goes once beyond the limits [security 3]', async () => {
        await limit(installation.app, { payout: 50_000n, hour: 100_000n })
        const [small, large, other] = (await collect(installation, [10_000n, 60_000n, 20_000n])) as [
          PayoutRow,
          PayoutRow,
          PayoutRow,
        ]
        await installation.send()
        expect(left()).toEqual([10_000, 20_000])
        expect(await waiting()).toEqual([{ id: large.id, per: 'payout', needs: 'person' }])
        expect((await payoutOf(large)).why).toMatch(
          /^R\$ 600.00 is above the limit of R\$ 500.00 for one payout/,
        )
        installation.pass(48 * hour)
        await installation.send()
        expect(await states([large])).toEqual(['owed'])

        expect(await letBeyond(installation.app, small.id)).toBe('waits for no limit')
        expect(await letBeyond(installation.app, 'pay_01k9zq3f5c8wxy2m7n4p6r8s0t')).toBe('unknown')
        expect(await letBeyond(installation.app, large.id)).toBe('approved')
        await installation.send()
        expect(left()).toEqual([10_000, 20_000, 60_000])
        expect(await letBeyond(installation.app, large.id)).toBe('waits for no limit')
        await finish()
        expect(await states([small, large, other])).toEqual(['paid', 'paid', 'paid'])
        expect(await installation.audit()).toEqual([])
        // What two people let go takes no room from the others.
        await collect(installation, [50_000n, 50_000n])
        await installation.send()
        expect(left()).toEqual([10_000, 20_000, 60_000, 50_000, 50_000])
      })

      test('what is let beyond once is not let again after it came back', async () => {
        await limit(installation.app, { payout: 50_000n })
        const [large] = (await collect(installation, [60_000n])) as [PayoutRow]
        await installation.send()
        await letBeyond(installation.app, large.id)
        // The first order fails: the approval is for the payout, not for an order.
        installation.bank.setSettings({ transferFailRate: 1 })
        await installation.send()
        await finish()
        installation.bank.setSettings({ transferFailRate: 0, refundRate: 1 })
        expect(await states([large])).toEqual(['owed'])
        await finish(20 * minute)
        await installation.send()
        expect(left()).toEqual([60_000])
        for (const kind of ['success', 'refunded']) {
          while (!installation.bank.eventsCreated().some(({ log }) => log.type === kind))
            installation.pass(50)
          await finish(0)
        }
        expect(await states([large])).toEqual(['returned'])
        await retryPayout(installation.db, large.id, { by: 'ana', why: 'a test' })
        await installation.send()
        expect(installation.transfers()).toHaveLength(2)
        expect(await waiting()).toEqual([{ id: large.id, per: 'payout', needs: 'person' }])
      })

      test.each(['hour', 'day'] as const)(
        'within an %s no more leaves than its limit, and the rest goes by itself [security 3]',
        async window => {
          const windowMs = window === 'hour' ? hour : 24 * hour
          await limit(installation.app, { [window]: 50_000n })
          const payouts = await collect(installation, [20_000n, 20_000n, 20_000n, 20_000n, 10_000n])
          await installation.send()
          expect(left()).toEqual([20_000, 20_000])
          expect((await waiting()).map(({ per, needs }) => [per, needs])).toEqual(
            Array(3).fill([window, 'room']),
          )
          await finish(windowMs - 10 * minute)
          await installation.send()
          expect(left()).toHaveLength(2)
          await finish(11 * minute)
          await installation.send()
          expect(left()).toEqual([20_000, 20_000, 20_000, 20_000, 10_000])
          await finish()
          expect(new Set(await states(payouts))).toEqual(new Set(['paid']))
          expect(await waiting()).toEqual([])
          expect(await installation.audit()).toEqual([])
        },
      )

      test('one that is larger than what may leave in a whole window needs two people', async () => {
        await limit(installation.app, { day: 50_000n })
        const [large] = (await collect(installation, [50_001n])) as [PayoutRow]
        await installation.send()
        expect(await waiting()).toEqual([{ id: large.id, per: 'day', needs: 'person' }])
      })

      test('a large one is not kept waiting by small ones that come after it', async () => {
        await limit(installation.app, { hour: 50_000n })
        await collect(installation, [20_000n])
        await installation.send()
        const [large] = (await collect(installation, [45_000n])) as [PayoutRow]
        for (let count = 0; count < 8; count++) {
          await installation.send()
          await collect(installation, [20_000n])
          await installation.send()
          installation.pass(9 * minute)
        }
        expect(left().slice(0, 2)).toEqual([20_000, 45_000])
        expect(await states([large])).toEqual(['sent'])
      })

      test('an order that failed gives its room back; one that is unsure keeps it', async () => {
        await limit(installation.app, { hour: 50_000n })
        const [first, second] = (await collect(installation, [40_000n, 40_000n])) as [PayoutRow, PayoutRow]
        installation.bank.setSettings({ transferFailRate: 1 })
        await installation.send()
        await finish()
        installation.bank.setSettings({ transferFailRate: 0 })
        expect(await states([first, second])).toEqual(['owed', 'owed'])
        // The failed one waits its own while, and keeps nobody behind it.
        installation.pass(16 * minute)
        const rail = installation.app.rails.starkbank!
        const { pay } = rail
        rail.pay = async () => unsure('no answer came')
        await installation.send()
        rail.pay = pay
        expect((await states([first, second])).toSorted()).toEqual(['owed', 'unsure'])
        installation.pass(3 * hour)
        await installation.send()
        expect((await states([first, second])).toSorted()).toEqual(['owed', 'unsure'])
      })

      test('an account may have limits of its own, which bind nobody else', async () => {
        await addAccount(
          installation.db,
          installation.app.world,
          'second',
          { ...trialAccount, number: '6341320293482497' },
          'maker',
        )
        await approveAccount(installation.db, 'second', 'checker')
        const { id: accountId } = (await installation.db.one<{ id: string }>(
          sql`select id from accounts where name = 'main'`,
        ))!
        await limit(installation.app, { hour: 30_000n }, { accountId })
        await limit(installation.app, { hour: 70_000n })
        await collect(installation, [20_000n, 20_000n])
        await collect(installation, [40_000n, 40_000n], 'second')
        await installation.send()
        expect(left()).toEqual([20_000, 40_000])
      })

      test('lowering takes one person, raising and removing two; a change behind the back is not approved', async () => {
        const { db, world, rails } = installation.app
        const change = (wanted: WantedLimits, by = 'ana'): Promise<LimitsChanged> =>
          db.tx(tx => changeLimits(tx, world, { asset: 'BRL', wanted, by, why: 'a test' }))
        const limits = () => db.all(sql`select per, units, set_by, approved_by from limits order by per`)
        expect((await change({ payout: 50_000n, hour: 90_000n })).is).toBe('lowered')
        expect((await change({ payout: 40_000n })).is).toBe('lowered')
        expect((await change({ payout: 40_000n })).is).toBe('same')
        const raised = await change({ payout: 60_000n, hour: 80_000n })
        expect(raised.is).toBe('proposed')
        expect(await limits()).toMatchObject([
          { per: 'hour', units: 90_000n },
          { per: 'payout', units: 40_000n },
        ])
        const approve = (by: string) =>
          approveAndDo({ db, world, rails }, (raised as { proposal: { id: string } }).proposal.id, { by })
        expect((await approve('Ana')).is).toBe('own')
        await change({ payout: 30_000n }, 'carla')
        await expect(approve('bruno')).rejects.toThrow(
          'the limit for each payout is 300.00 now, and was 400.00',
        )
        expect(await limits()).toMatchObject([{ units: 90_000n }, { units: 30_000n }])
        const { proposal } = (await change({ payout: 60_000n, hour: 80_000n })) as {
          proposal: { id: string }
        }
        expect((await change({ payout: null })).is).toBe('another')
        await db.tx(tx => refuse(tx, proposal.id, { by: 'bruno', why: 'a test' }))
        const removed = (await change({ payout: null })) as { proposal: { id: string } }
        expect((await approveAndDo({ db, world, rails }, removed.proposal.id, { by: 'bruno' })).is).toBe(
          'approved',
        )
        expect(await limits()).toMatchObject([
          { per: 'hour', units: 90_000n, set_by: 'ana', approved_by: null },
        ])
        const acts = await db.all<{ act: string; actor: string }>(
          sql`select act, actor from audit where act like 'limits %' order by seq`,
        )
        expect(acts.map(({ act, actor }) => `${act} by ${actor}`)).toEqual([
          'limits lowered by ana',
          'limits lowered by ana',
          'limits lowered by carla',
          'limits set by bruno',
        ])
      })

      test.each([
        ['long gone', sql`changed_at = '2000-01-01T00:00:00.000Z', asked_at = '2000-01-01T00:00:00.000Z'`],
        ['failed', sql`state = 'failed'`],
        ['of a cent', sql`units = 1`],
      ])('an order whose row is edited to be %s gives no room [security 3]', async (_, edit) => {
        await limit(installation.app, { day: 15_000n })
        const [first] = await collect(installation, [10_000n])
        await installation.send()
        await finish()
        expect((await payoutOf(first!)).state).toBe('paid')
        await installation.db.tx(tx => tx.run(sql`update attempts set ${edit}`))
        await collect(installation, [9_000n])
        await installation.send()
        expect(left()).toEqual([10_000])
        expect(await waiting()).toMatchObject([{ per: 'day', needs: 'room' }])
      })

      test('a limit raised, or a payout let beyond it, by an edit of their rows alone lets nothing more go [security 3]', async () => {
        await limit(installation.app, { payout: 50_000n })
        const [large] = (await collect(installation, [60_000n])) as [PayoutRow]
        await installation.db.tx(tx => tx.run(sql`update limits set units = 90000`))
        await installation.send()
        const { proposal } = (await installation.db.tx(tx =>
          proposeBeyond(tx, installation.app.world, large.id, { by: 'ana', why: 'the yearly one' }),
        )) as {
          proposal: { id: string }
        }
        await installation.db.tx(tx =>
          tx.run(
            sql`insert into limit_approvals (payout_id, units, proposal_id, added_at)
              values (${large.id}, 60000, ${proposal.id}, '')`,
          ),
        )
        installation.pass(hour)
        await installation.send()
        expect([left(), (await payoutOf(large)).state]).toEqual([[], 'owed'])
      })

      test('raised, it lets those go at once that waited for it', async () => {
        await limit(installation.app, { payout: 50_000n })
        await collect(installation, [60_000n])
        await installation.send()
        expect(left()).toEqual([])
        expect(await limit(installation.app, { payout: 60_000n })).toBe('proposed')
        await installation.send()
        expect(left()).toEqual([60_000])
        expect(await waiting()).toEqual([])
      })

      test('several workers at once stay within the limit together [security 3]', async () => {
        await limit(installation.app, { hour: 100_000n })
        await collect(installation, Array(8).fill(20_000n))
        const { world, rails } = installation.app
        const stores = postgres
          ? await Promise.all([1, 2].map(() => openDb(databaseUrl, { ...world, virtual: true })))
          : []
        await Promise.all([installation.db, ...stores].map(db => sendPayouts(db, rails.starkbank!, world)))
        await Promise.all(stores.map(db => db.close()))
        expect(left()).toEqual(Array(5).fill(20_000))
      })

      test.runIf(engine === 'PostgreSQL')(
        'who claims waits for whoever claims others at the same moment, and then sees what they took',
        async () => {
          await limit(installation.app, { hour: 100_000n })
          const payouts = await collect(installation, Array(8).fill(20_000n))
          const other = await openDb(databaseUrl, { ...installation.app.world, virtual: true })
          const claim = (db: Db, due: PayoutRow[], before: () => Promise<unknown>) =>
            db.tx(async tx => {
              const going = await withinLimits(tx, 'BRL', due)
              for (const { id, units } of going)
                await tx.run(sql`
              insert into attempts (id, payout_id, number, external_id, units, state, asked_at, changed_at)
              values (${`${id}-a`}, ${id}, 1, ${`${id}-1`}, ${units}, 'sending', ${await tx.now()},
                ${await tx.now()})`)
              await before()
              return going.length
            }, 'locks')
          let isDone = false
          const second = Promise.withResolvers<number>()
          const first = await claim(installation.db, payouts.slice(0, 4), async () => {
            second.resolve(
              claim(other, payouts.slice(4), async () => undefined).finally(() => (isDone = true)),
            )
            const waits = sql`select 1 as yes from pg_stat_activity where datname = current_database()
              and wait_event_type = 'Lock'`
            await until(
              async () => isDone || (await installation.db.one(waits)) !== undefined,
              'the second one to wait, or to be through',
            )
          })
          expect([first, await second.promise]).toEqual([4, 1])
          await other.close()
        },
      )
    },
  )
})

describe.skipIf(!bitcoindAvailable())('on the chain', () => {
  let node: Bitcoind
  let installation: ChainInstallation
  beforeAll(async () => {
    node = await startBitcoind()
    installation = await openChainInstallation({ node, commissionBp: 0n })
  })
  afterAll(async () => {
    await installation?.close()
    await node?.stop()
  })
  const states = async (payouts: readonly PayoutRow[]) => {
    const rows = await installation.payouts()
    return payouts.map(({ id }) => rows.find(row => row.id === id)!.state)
  }

  test('a bundle is planned within the limits; the rest waits for room, or for two people', async () => {
    await limit(installation.app, { payout: 300_000n, hour: 400_000n }, { asset: 'BTC' })
    const payee = await node.rpc<string>('getnewaddress', ['payee', 'bech32'], 'payer')
    await openAccount(installation, 'other', payee)
    const payouts = await owing(installation, [
      { units: 200_000n },
      { units: 500_000n },
      { units: 150_000n, payTo: 'other' },
      { units: 100_000n },
      { units: 50_000n, payTo: 'other' },
    ])
    const large = payouts[1]!
    const others = payouts.filter(({ id }) => id !== large.id)
    const sent = async () => {
      const rows = (await installation.payouts()).filter(
        ({ id, state }) => id !== large.id && state !== 'owed',
      )
      return rows.reduce((sum, { units }) => sum + units, 0n)
    }
    await installation.send()
    expect((await sent()) <= 400_000n && (await sent()) > 200_000n).toBe(true)
    expect(await states([large])).toEqual(['owed'])
    await installation.bury(6)
    await installation.send()
    expect((await sent()) <= 400_000n).toBe(true)
    await installation.pass(hour)
    await installation.send()
    expect(await sent()).toBe(500_000n)
    expect(await letBeyond(installation.app, large.id)).toBe('approved')
    await installation.send()
    expect(await states([large])).toEqual(['sent'])
    await installation.bury(6)
    expect(new Set(await states(others))).toEqual(new Set(['paid']))
    expect(await installation.audit()).toEqual([])
  })
})
