/**
 * A house that dies between any two effects while it pays: on either database, and as a real process under
 * kill -9.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { done } from '../src/base/answer.ts'
import { Crash, sendCoins } from '../src/jobs/jobs.ts'
import { balances } from '../src/ledger/ledger.ts'
import { openDb, sql } from '../src/db/db.ts'
import { bitcoindAvailable, startBitcoind, type Bitcoind } from './testbed/bitcoind.ts'
import { openChainTown, type ChainTown } from './testbed/chainTown.ts'
import { bundlesOf, heldAt, mineOnly, owing } from './testbed/owing.ts'
import { postgresAvailable, startPostgres, type Postgres } from './testbed/postgres.ts'

/** Between planning and the sixth block, each as often as it is passed. */
const points = [
  'fee rate asked',
  'bundle planned',
  'bundle signed',
  'bundle bytes kept',
  'bundle chosen',
  'bundle sent',
  'bundle bumped',
  'block read',
  'block kept',
  'block left behind',
  'events claimed',
  'event settled',
]

describe.skipIf(!bitcoindAvailable())('a house that dies while it pays', () => {
  let node: Bitcoind
  let postgres: Postgres | undefined
  let town: ChainTown
  const folder = mkdtempSync(join(tmpdir(), 'repasse-crashes-'))
  beforeAll(async () => {
    node = await startBitcoind()
    if (postgresAvailable()) postgres = await startPostgres({ durable: false })
  }, 120_000)
  afterAll(async () => {
    await node?.stop()
    await postgres?.stop()
    rmSync(folder, { recursive: true, force: true })
  })
  afterEach(() => town?.close())
  const databaseOf = async (engine: 'sqlite' | 'postgres') =>
    engine === 'sqlite' ? `sqlite:${join(folder, 'house.db')}` : postgres!.migratedDatabase()
  const engines = ['sqlite', ...(postgresAvailable() ? (['postgres'] as const) : [])] as const

  test.each(engines)(
    'at every point on %s, and again wherever it comes by again, has paid once in the end',
    async engine => {
      const armed = new Map<string, number>()
      const died: string[] = []
      const at = (name: string) => {
        const left = armed.get(name) ?? 0
        if (left === 0) return
        armed.set(name, left - 1)
        died.push(name)
        throw new Crash(name)
      }
      town = await openChainTown({ node, commissionBp: 100n, databaseUrl: await databaseOf(engine), at })
      const rate = (units: bigint) => void (town.rail.feeRate = async () => done(units))
      rate(2_000n)
      const payee = (await town.db.one<{ destination: string }>(sql`select destination from accounts`))!
        .destination
      await owing(town, [{ units: 60_000n }, { units: 150_000n, parts: [100_000n, 50_000n] }])
      for (const name of points) armed.set(name, 2)

      /** As the scheduler would, again and again, with another process after each death. */
      const through = async (step: () => Promise<unknown>) => {
        for (;;) {
          const before = died.length
          await step().catch(async (error: unknown) => {
            if (!(error instanceof Crash)) throw error
            await town.reopen()
            // What a dead worker had claimed is free after a minute.
            await town.pass(61_000)
          })
          if (died.length === before) return
        }
      }
      const states = async () => new Set((await town.payouts()).map(({ state }) => state))
      await through(town.send)
      expect(await states()).toEqual(new Set(['sent']))
      await mineOnly(town, 6, [], false)
      await through(town.look)
      rate(8_000n)
      await through(town.send)
      const [, second] = (await bundlesOf(town))[0]!.offers
      await mineOnly(town, 1, [second!.id], false)
      await through(town.look)
      await node.rpc('invalidateblock', [await node.rpc('getbestblockhash')])
      await mineOnly(town, 2, [], false)
      await through(town.look)
      await through(town.send)
      await town.pass(60_000)
      await town.mine()
      await through(town.look)
      for (let block = 0; block < 5; block++) {
        await mineOnly(town, 1, [], false)
        await through(town.look)
      }

      expect(new Set(died)).toEqual(new Set(points))
      // An offer that was made and a block that was left behind are not passed again.
      expect(died).toHaveLength(2 * points.length - 2)
      expect(await states()).toEqual(new Set(['paid']))
      const bundles = await bundlesOf(town)
      expect(bundles).toMatchObject([{ state: 'paid', offers: [{ state: 'replaced' }, { state: 'mined' }] }])
      expect(await heldAt(town, payee)).toBe(
        bundles[0]!.offers[1]!.outputs.reduce((sum, { units }) => sum + units, 0n),
      )
      expect(await town.db.all(sql`select id from attempts`)).toHaveLength(2)
      expect(await balances(town.db, 'BTC')).toMatchObject({ payable: 0n, 'in-transit': 0n, external: 0n })
      expect(await town.audit()).toEqual([])
    },
  )

  test.runIf(postgresAvailable())(
    'two workers on PostgreSQL at once bundle each payout once, and spend each coin once',
    async () => {
      const databaseUrl = await postgres!.migratedDatabase()
      town = await openChainTown({ node, commissionBp: 0n, databaseUrl })
      town.rail.feeRate = async () => done(2_000n)
      const other = await openDb(databaseUrl, {
        clock: town.clock,
        random: { ...town.world.random, next: Math.random },
        virtual: true,
      })
      try {
        for (let round = 0; round < 4; round++) {
          await owing(
            town,
            Array.from({ length: 6 }, (_, place) => ({ units: 50_000n + BigInt(place) })),
          )
          await town.pass(61_000)
          const workers = [town.db, other, town.db, other].map(db => sendCoins({ ...town, db }))
          const told = await Promise.all(workers)
          expect(told.reduce((sum, { bundled }) => sum + bundled!, 0)).toBe(6)
        }
        const bundles = await bundlesOf(town)
        const coins = bundles.flatMap(({ offers }) => offers[0]!.read.inputs.map(({ outpoint }) => outpoint))
        expect(new Set(coins).size).toBe(coins.length)
        expect(await town.db.all(sql`select payout_id from attempts group by payout_id`)).toHaveLength(24)
        expect(await town.db.all(sql`select id from attempts`)).toHaveLength(24)
        await town.send()
        await town.bury(6)
        expect(new Set((await town.payouts()).map(({ state }) => state))).toEqual(new Set(['paid']))
        expect(await town.audit()).toEqual([])
      } finally {
        await other.close()
      }
    },
  )
})
