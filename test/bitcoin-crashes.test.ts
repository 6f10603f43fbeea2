/**
 * An installation that dies between any two effects while it pays: on either database, and as a real process
 * under kill -9.
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
import { openChainInstallation, type ChainInstallation } from './testbed/chainInstallation.ts'
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

describe.skipIf(!bitcoindAvailable())('an installation that dies while it pays', () => {
  let node: Bitcoind
  let postgres: Postgres | undefined
  let installation: ChainInstallation
  const folder = mkdtempSync(join(tmpdir(), 'repasse-crashes-'))
  beforeAll(async () => {
    node = await startBitcoind()
    if (postgresAvailable()) postgres = await startPostgres({ durable: false })
  }, 300_000)
  afterAll(async () => {
    await node?.stop()
    await postgres?.stop()
    rmSync(folder, { recursive: true, force: true })
  })
  afterEach(() => installation?.close())
  const databaseOf = async (engine: 'sqlite' | 'postgres') =>
    engine === 'sqlite' ? `sqlite:${join(folder, 'repasse.db')}` : postgres!.migratedDatabase()
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
      installation = await openChainInstallation({
        node,
        commissionBp: 100n,
        databaseUrl: await databaseOf(engine),
        at,
      })
      const rate = (units: bigint) => void (installation.rail.feeRate = async () => done(units))
      rate(2_000n)
      const payee = (await installation.db.one<{ destination: string }>(
        sql`select destination from accounts`,
      ))!.destination
      await owing(installation, [{ units: 60_000n }, { units: 150_000n, parts: [100_000n, 50_000n] }])
      for (const name of points) armed.set(name, 2)

      /** As the scheduler would, again and again, with another process after each death. */
      const through = async (step: () => Promise<unknown>) => {
        for (;;) {
          const before = died.length
          await step().catch(async (error: unknown) => {
            if (!(error instanceof Crash)) throw error
            await installation.reopen()
            // What a dead worker had claimed is free after a minute.
            await installation.pass(61_000)
          })
          if (died.length === before) return
        }
      }
      const states = async () => new Set((await installation.payouts()).map(({ state }) => state))
      await through(installation.send)
      expect(await states()).toEqual(new Set(['sent']))
      await mineOnly(installation, 6, [], false)
      await through(installation.look)
      rate(8_000n)
      await through(installation.send)
      const [, second] = (await bundlesOf(installation))[0]!.offers
      await mineOnly(installation, 1, [second!.id], false)
      await through(installation.look)
      await node.rpc('invalidateblock', [await node.rpc('getbestblockhash')])
      await mineOnly(installation, 2, [], false)
      await through(installation.look)
      await through(installation.send)
      await installation.pass(60_000)
      await installation.mine()
      await through(installation.look)
      for (let block = 0; block < 5; block++) {
        await mineOnly(installation, 1, [], false)
        await through(installation.look)
      }

      expect(new Set(died)).toEqual(new Set(points))
      // An offer that was made and a block that was left behind are not passed again.
      expect(died).toHaveLength(2 * points.length - 2)
      expect(await states()).toEqual(new Set(['paid']))
      const bundles = await bundlesOf(installation)
      expect(bundles).toMatchObject([{ state: 'paid', offers: [{ state: 'replaced' }, { state: 'mined' }] }])
      expect(await heldAt(installation, payee)).toBe(
        bundles[0]!.offers[1]!.outputs.reduce((sum, { units }) => sum + units, 0n),
      )
      expect(await installation.db.all(sql`select id from attempts`)).toHaveLength(2)
      expect(await balances(installation.db, 'BTC')).toMatchObject({
        payable: 0n,
        'in-transit': 0n,
        external: 0n,
      })
      expect(await installation.audit()).toEqual([])
    },
  )

  test.runIf(postgresAvailable())(
    'two workers on PostgreSQL at once bundle each payout once, and spend each coin once',
    async () => {
      const databaseUrl = await postgres!.migratedDatabase()
      installation = await openChainInstallation({ node, commissionBp: 0n, databaseUrl })
      installation.rail.feeRate = async () => done(2_000n)
      const other = await openDb(databaseUrl, {
        clock: installation.clock,
        random: { ...installation.world.random, next: Math.random },
        virtual: true,
      })
      try {
        for (let round = 0; round < 4; round++) {
          await owing(
            installation,
            Array.from({ length: 6 }, (_, place) => ({ units: 50_000n + BigInt(place) })),
          )
          await installation.pass(61_000)
          const workers = [installation.db, other, installation.db, other].map(db =>
            sendCoins({ ...installation, db }),
          )
          const told = await Promise.all(workers)
          expect(told.reduce((sum, { bundled }) => sum + bundled!, 0)).toBe(6)
        }
        const bundles = await bundlesOf(installation)
        const coins = bundles.flatMap(({ offers }) => offers[0]!.read.inputs.map(({ outpoint }) => outpoint))
        expect(new Set(coins).size).toBe(coins.length)
        expect(
          await installation.db.all(sql`select payout_id from attempts group by payout_id`),
        ).toHaveLength(24)
        expect(await installation.db.all(sql`select id from attempts`)).toHaveLength(24)
        await installation.send()
        await installation.bury(6)
        expect(new Set((await installation.payouts()).map(({ state }) => state))).toEqual(new Set(['paid']))
        expect(await installation.audit()).toEqual([])
      } finally {
        await other.close()
      }
    },
  )
})
