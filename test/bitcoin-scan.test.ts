/**
 * Reading the chain again: what was not seen when its block was read is found, once, and the tip never moves
 * back.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../src/base/clock.ts'
import { newWatching, tipOf, type CoinRow } from '../src/chain/chain.ts'
import { follow, scan } from '../src/jobs/jobs.ts'
import { compareScan, reconcileChain } from '../src/reconcile/reconcile.ts'
import { migrate } from '../src/db/migrate.ts'
import { openDb, sql, type Db } from '../src/db/db.ts'
import { settleInbox, type Scanned } from '../src/webhooks/webhooks.ts'
import { bitcoindAvailable, startBitcoind, type Bitcoind } from './testbed/bitcoind.ts'
import { openChainInstallation, type ChainInstallation } from './testbed/chainInstallation.ts'

describe.skipIf(!bitcoindAvailable())('a scan', () => {
  let node: Bitcoind
  let installation: ChainInstallation
  const stores: Db[] = []
  beforeAll(async () => {
    node = await startBitcoind()
  })
  afterAll(() => node?.stop())
  afterEach(async () => {
    await installation?.close()
    for (const db of stores.splice(0)) await db.close()
  })

  const height = () => node.rpc<number>('getblockcount')
  const coinsIn = (db: Db) => db.all<CoinRow>(sql`select * from coins order by id`)
  const quiet = () => undefined
  const partsOf = (db: Db) => ({
    db,
    rail: installation.rail,
    bitcoin: { ...installation.bitcoin, watching: newWatching(installation.rail) },
    world: installation.world,
  })
  const settle = (db: Db) => settleInbox({ ...installation.app, db, chain: installation.bitcoin.terms })

  /** An installation that knows the account and begins at the tip. */
  async function newApp(): Promise<Db> {
    const db = await openDb('sqlite::memory:', { ...installation.world, virtual: true })
    stores.push(db)
    await migrate(db, systemClock)
    await follow(partsOf(db))
    return db
  }

  test('from below the first block read finds what came and went before it, and leaves a chain without a gap', async () => {
    installation = await openChainInstallation({ node })
    const from = (await height()) - 2
    const [request] = await installation.issue()
    await installation.pay(request!.provider_id!, request!.units)
    await installation.bury(6)
    await installation.send()
    await installation.bury(2)
    const [second] = await installation.issue()
    await installation.pay(second!.provider_id!, second!.units)
    await installation.bury(3)

    const db = await newApp()
    expect(await coinsIn(db)).toEqual([])
    const tip = await tipOf(db)
    const scanned = (await scan(partsOf(db), from, quiet)) as Scanned
    expect(scanned).toMatchObject({
      from,
      to: await height(),
      prunedBelow: undefined,
      coins: 2,
      spendings: 1,
      numbers: { receive: 1000, change: 1000 },
    })
    expect(await tipOf(db)).toEqual(tip)
    expect(await settle(db)).toBe(3)
    const blocks = await db.all<{ height: bigint; hash: string; previous: string }>(
      sql`select height, hash, previous from chain_blocks where active = 1 order by height`,
    )
    expect(Number(blocks[0]!.height)).toBe(from)
    expect(blocks.slice(1).every(({ previous }, place) => previous === blocks[place]!.hash)).toBe(true)
    expect(await coinsIn(db)).toMatchObject(
      await installation.db.all(
        sql`select id, units, state, height, spent_by, spent_height from coins order by id`,
      ),
    )
    expect(await reconcileChain(db, installation.rail, installation.world)).toMatchObject({ agrees: true })
    expect(await compareScan(db, installation.rail)).toMatchObject({ agrees: true, unknown: [], missing: [] })

    // Again: nothing is new, and nothing is told twice.
    const before = await db.all(sql`select event_id from inbox order by id`)
    expect(await scan(partsOf(db), from, quiet)).toMatchObject({ entered: 0, coins: 0, spendings: 0 })
    expect(await db.all(sql`select event_id from inbox order by id`)).toEqual(before)

    // Blocks that were entered are left behind like any others.
    const first = Number(tip!.height)
    await node.rpc('invalidateblock', [await node.rpc<string>('getblockhash', [first - 3])])
    await installation.mine(6)
    expect(await follow(partsOf(db))).toMatchObject({ trouble: undefined, left: 4 })
  })

  test('finds a payment that came before its address was known, and credits it as if it had been seen', async () => {
    installation = await openChainInstallation({ node })
    const [request] = await installation.issue()
    const from = (await height()) + 1
    await installation.db.tx(tx =>
      tx.run(sql`delete from chain_scripts where invoice_id is null and branch = 'receive'`),
    )
    await installation.db.tx(tx =>
      tx.run(
        sql`update chain_scripts set script = ${Buffer.from('ff', 'hex')} where invoice_id = ${request!.id}`,
      ),
    )
    installation.restart()
    await installation.pay(request!.provider_id!, request!.units)
    await installation.bury(7)
    expect(await coinsIn(installation.db)).toEqual([])
    expect(await reconcileChain(installation.db, installation.rail, installation.world)).toMatchObject({
      agrees: true,
    })
    expect(await compareScan(installation.db, installation.rail)).toMatchObject({
      agrees: false,
      coinUnits: 0n,
      scannedUnits: request!.units,
      unknown: [expect.any(String)],
    })

    const { script } = installation.rail.derive('receive', Number(request!.address_index))
    await installation.db.tx(tx =>
      tx.run(sql`update chain_scripts set script = ${script} where invoice_id = ${request!.id}`),
    )
    expect(await scan(partsOf(installation.db), from, quiet)).toMatchObject({
      coins: 1,
      spendings: 0,
      entered: 0,
    })
    await settle(installation.db)
    expect(await installation.invoice(request!.id)).toMatchObject({ state: 'credited' })
    expect(await installation.payouts()).toMatchObject([{ state: 'owed' }])
    expect(await installation.audit()).toEqual([])
  })

  test('on a pruned node begins where its blocks begin, and says so', async () => {
    installation = await openChainInstallation({ node })
    const db = await newApp()
    const best = await height()
    const info = async () =>
      ({
        ...(await installation.rail.info()),
        value: { ...((await installation.rail.info()) as { value: object }).value, prunedBelow: best - 5 },
      }) as never
    const parts = partsOf(db)
    expect(await scan({ ...parts, rail: { ...parts.rail, info } }, best - 20, quiet)).toMatchObject({
      from: best - 5,
      prunedBelow: best - 5,
      entered: 5,
    })
  })

  test('says what keeps it from going on', async () => {
    installation = await openChainInstallation({ node })
    const parts = partsOf(installation.db)
    expect(await scan(parts, (await height()) + 1, quiet)).toMatch(/above the node’s tip/)
    const block = async () => ({ is: 'refused', why: 'the block is not there', again: true }) as const
    expect(await scan({ ...parts, rail: { ...parts.rail, block } }, await height(), quiet)).toMatch(
      /^block \d+ cannot be read: the block is not there$/,
    )
  })
})
