/**
 * An installation on a chain that was restored from before a payout: the chain has paid, the books do not
 * know it, and nothing is paid twice.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { newWatching, nextOf } from '../src/chain/chain.ts'
import { runCli } from '../src/cli/cli.ts'
import type { InvoiceRow } from '../src/invoice/invoice.ts'
import { follow, runDueSlots, sendCoins, type BitcoinSetup, type App } from '../src/jobs/jobs.ts'
import { reconcileChain } from '../src/reconcile/reconcile.ts'
import { runNow } from '../src/schedule/schedule.ts'
import { balances, checkLedger } from '../src/ledger/ledger.ts'
import { latestOf, readPlan, type PayoutRow } from '../src/payout/payout.ts'
import { openDb, sql, type Db } from '../src/db/db.ts'
import { makeInbox, settleInbox } from '../src/webhooks/webhooks.ts'
import { status } from '../src/queries/status.ts'
import { bitcoindAvailable, startBitcoind, type Bitcoind } from './testbed/bitcoind.ts'
import { openChainInstallation, type ChainInstallation } from './testbed/chainInstallation.ts'
import { reasonsSeen } from './testbed/reasonsSeen.ts'
import { settlePaidElsewhere, importSigned } from './testbed/acts.ts'

describe.skipIf(!bitcoindAvailable())('a restored installation', () => {
  let node: Bitcoind
  let installation: ChainInstallation
  let folder: string
  let restored: Db
  beforeAll(async () => {
    node = await startBitcoind()
  })
  afterAll(() => node?.stop())
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'repasse-restored-'))
    installation = await openChainInstallation({ node, signer: 'psbt' })
  })
  afterEach(async () => {
    await installation.close()
    await restored.close()
    rmSync(folder, { recursive: true })
  })

  async function run(expected: number, ...words: string[]): Promise<string> {
    let said = ''
    const outlet = {
      out: async (text: string) => void (said += text),
      err: (text: string) => void (said += text),
      colours: false,
    }
    const code = await runCli(
      ['node', 'repasse', ...words],
      { DATABASE_URL: `sqlite:${join(folder, 'repasse.db')}` },
      outlet,
    )
    expect(code, said).toBe(expected)
    return said
  }

  const repasse = (...words: string[]) => run(0, ...words)
  const refused = (...words: string[]) => run(2, ...words)

  interface Restored {
    /** Follows the chain, and settles nothing. */
    read(): Promise<unknown>
    look(): Promise<void>
    bury(blocks: number): Promise<void>
    send(): Promise<Record<string, number>>
    issue(): Promise<InvoiceRow>
    payouts(): Promise<PayoutRow[]>
  }

  /** What is in the backup goes on in an installation of its own, on the same chain. */
  async function restoreFrom(backup: string): Promise<Restored> {
    await repasse('restore', backup)
    restored = await openDb(`sqlite:${join(folder, 'repasse.db')}`, { ...installation.world, virtual: true })
    const bitcoin: BitcoinSetup = { ...installation.bitcoin, watching: newWatching(installation.rail) }
    const restoredApp: App = {
      ...installation.app,
      db: restored,
      bitcoin,
      inbox: makeInbox(restored, installation.world),
    }
    const parts = { db: restored, rail: installation.rail, bitcoin, world: installation.world }
    const app: Restored = {
      read: () => follow(parts),
      async look() {
        await follow(parts)
        await settleInbox({ ...restoredApp, chain: bitcoin.terms })
      },
      async bury(blocks) {
        for (let count = 0; count < blocks; count++) {
          await installation.pass(60_000)
          await installation.mine()
          await app.look()
        }
      },
      async send() {
        await installation.pass(61_000)
        return sendCoins(parts)
      },
      async issue() {
        const schedule = (await restored.one<{ id: string }>(sql`select * from schedules`))!
        await installation.pass(1_000)
        const slot = await restored.tx(tx =>
          runNow(tx, installation.world, schedule as never, 'installation'),
        )
        await runDueSlots(restoredApp)
        return (await restored.one<InvoiceRow>(sql`select * from invoices where slot_id = ${slot}`))!
      },
      payouts: () => restored.all<PayoutRow>(sql`select * from payouts order by added_at, id`),
    }
    return app
  }

  async function signNewest(db: Db): Promise<void> {
    const bundle = (await db.one<{ id: string }>(sql`select id from bundles order by id desc limit 1`))!
    const { psbt } = readPlan((await latestOf(db, bundle.id)).plan)
    await importSigned(db, installation.rail, installation.wallet.sign(psbt), 'signer')
  }

  const received = async () => (await node.rpc<string[]>('getrawmempool')).length
  const holdOf = async () =>
    (await restored.one<{ value: string }>(sql`select value from settings where name = 'hold'`))?.value

  test.each([
    { moment: 'owed', blocks: 6 },
    { moment: 'not even confirmed', blocks: 0 },
  ])(
    'what was $moment at the backup and paid after it is held, and is not paid twice when payouts go',
    async ({ blocks }) => {
      const [request] = await installation.issue()
      await installation.pay(request!.provider_id!, request!.units)
      await installation.bury(blocks)
      const backup = join(folder, 'backup.db')
      await installation.db.backup(backup, {})
      await installation.bury(6 - blocks)
      expect(await installation.send()).toMatchObject({ bundled: 1 })
      await signNewest(installation.db)
      expect(await installation.send()).toMatchObject({ sent: 1 })
      const [txid] = await node.rpc<string[]>('getrawmempool')
      await installation.bury(2)
      // Shown to a payer by the installation that is gone.
      const [forgotten] = await installation.issue()

      const app = await restoreFrom(backup)
      await app.look()
      expect(await holdOf()).toMatch(
        new RegExp(
          `${txid} spends coins of ours, and is none of ours: .*the backup that was restored.*restored from`,
        ),
      )
      await repasse('payout', 'go', '--why', 'nobody compared anything', ...(await reasonsSeen(restored)))
      expect(await app.send()).toMatchObject({ bundled: 0, sent: 0 })
      expect(await app.payouts()).toMatchObject([
        {
          state: 'held',
          why: expect.stringContaining(`${txid}, which this installation does not know, pays its account`),
        },
      ])
      await app.bury(3)
      expect(await holdOf()).toBeUndefined()
      expect(await app.send()).toMatchObject({ bundled: 0, sent: 0 })
      expect(await received()).toBe(0)

      // A person who has compared says which transaction it was.
      const [held] = await app.payouts()
      const settle = (ref: string) =>
        settlePaidElsewhere(restored, { bitcoin: installation.rail }, installation.world, held!.id, {
          by: 'checker',
          why: 'compared',
          ref,
        })
      await expect(settle('ab'.repeat(32))).rejects.toThrow('is no transaction that spends coins of ours')
      expect(await settle(txid!)).toMatchObject({ is: 'settled', payout: { state: 'paid' } })
      // The commission was too little for an output of its own, and went to the miners.
      expect((await balances(restored, 'BTC')).external).toBe(250n)

      // What is asked for again has an address that nobody was shown, and goes its way.
      const request2 = await app.issue()
      expect(request2.provider_id).not.toBe(forgotten!.provider_id)
      expect(Number(request2.address_index)).toBeGreaterThanOrEqual(1_000)
      await installation.pay(request2.provider_id!, request2.units)
      await app.bury(6)
      expect(await app.send()).toMatchObject({ bundled: 1 })
      await signNewest(restored)
      expect(await app.send()).toMatchObject({ sent: 1 })
      await app.bury(6)
      expect((await app.payouts()).map(({ state }) => state).sort()).toEqual(['paid', 'paid'])

      // What the forgotten request's payer sends is seen, though nothing here asked for it.
      await installation.pay(forgotten!.provider_id!, forgotten!.units)
      await app.bury(1)
      const now = await status(restored)
      expect(now.needsPerson).toContainEqual(
        expect.stringMatching(/^0\.00016667 BTC came to address 1 of ours, which no request has/),
      )
      expect(now.addsUp).toBe(true)
      expect(await checkLedger(restored)).toEqual([])
      expect(await reconcileChain(restored, installation.rail, installation.world)).toMatchObject({
        agrees: true,
        differing: [],
      })
      expect(await nextOf(restored, 'receive')).toBeGreaterThan(1_000)
    },
  )

  test('a restored database plans, signs and sends nothing before the chain was read to its end, whatever a person lets go', async () => {
    const requests = [...(await installation.issue()), ...(await installation.issue())]
    for (const { provider_id: address, units } of requests) await installation.pay(address!, units)
    await installation.bury(6)
    const backup = join(folder, 'backup.db')
    await installation.db.backup(backup, {})
    await installation.send()
    await signNewest(installation.db)
    expect(await installation.send()).toMatchObject({ sent: 1 })
    await installation.bury(2)

    const app = await restoreFrom(backup)
    expect(await repasse('payout', 'go', '--why', 'in a hurry')).toMatch(
      /Bitcoin payouts wait after the restore .*: it is read up to block \d+, and neither every block since nor the mempool was looked at/,
    )
    expect(await app.send()).toMatchObject({ bundled: 0, signed: 0, sent: 0 })
    expect((await status(restored)).needsPerson).toContainEqual(
      expect.stringMatching(/^Bitcoin payouts wait after the restore/),
    )

    // Read, and what it told not settled yet.
    await app.read()
    expect(await app.send()).toMatchObject({ bundled: 0, sent: 0 })
    expect(await refused('payout', 'go', '--why', 'still in a hurry')).toMatch(
      /nothing is left to let go.*\d+ of its events are not settled yet/,
    )
    await app.look()
    expect(await app.payouts()).toMatchObject([{ state: 'held' }, { state: 'held' }])
    await repasse('payout', 'go', '--why', 'compared', ...(await reasonsSeen(restored)))
    expect(await app.send()).toMatchObject({ bundled: 0, sent: 0 })
    expect((await status(restored)).needsPerson).not.toContainEqual(
      expect.stringMatching(/^Bitcoin payouts wait/),
    )
  })

  test('a transaction handed back signed after a restore is not taken before the chain was read', async () => {
    const [request] = await installation.issue()
    await installation.pay(request!.provider_id!, request!.units)
    await installation.bury(6)
    expect(await installation.send()).toMatchObject({ bundled: 1 })
    const backup = join(folder, 'backup.db')
    await installation.db.backup(backup, {})

    const app = await restoreFrom(backup)
    await repasse('payout', 'go', '--why', 'in a hurry')
    await expect(signNewest(restored)).rejects.toThrow('Bitcoin payouts wait after the restore')
    await app.look()
    expect(await app.send()).toMatchObject({ sent: 0 })
    await signNewest(restored)
    expect(await app.send()).toMatchObject({ sent: 1 })
  })
})
