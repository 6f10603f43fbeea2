/**
 * One payout in Bitcoin that cannot go out: it is held and says why, the others go out, and what is signed is
 * sent all the same.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { done } from '../src/base/answer.ts'
import { waitingTransactions } from '../src/payout/payout.ts'
import { sql } from '../src/db/db.ts'
import { status } from '../src/queries/status.ts'
import { bitcoindAvailable, startBitcoind, type Bitcoind } from './testbed/bitcoind.ts'
import { openChainInstallation, type ChainInstallation } from './testbed/chainInstallation.ts'
import { importSigned } from './testbed/acts.ts'
import { bundlesOf, mineOnly, owing } from './testbed/owing.ts'

describe.skipIf(!bitcoindAvailable())('of two payouts that are due', () => {
  let node: Bitcoind
  let installation: ChainInstallation
  let bad: string
  let good: string
  beforeAll(async () => {
    node = await startBitcoind()
  })
  afterAll(() => node?.stop())
  beforeEach(async () => {
    installation = await openChainInstallation({ node, commissionBp: 0n })
    ;[bad, good] = (await owing(installation, [{ units: 60_000n }, { units: 70_000n }])).map(
      ({ id }) => id,
    ) as [string, string]
  })
  afterEach(() => installation?.close())
  const seen = async (id: string) => {
    const { state, why } = (await installation.payouts()).find(payout => payout.id === id)!
    return [state, why]
  }

  test('one of which nothing is left is held, and the other goes out', async () => {
    await installation.db.tx(tx => tx.run(sql`update payouts set units = -5 where id = ${bad}`))
    expect(await installation.send()).toMatchObject({ bundled: 1, sent: 1 })
    expect(await seen(bad)).toEqual(['held', 'it is of -0.00000005 BTC: nothing is left to pay on'])
    expect((await seen(good))[0]).toBe('sent')
  })

  test('one that the database refuses to order is held with what it said, and the other goes out', async () => {
    await installation.db.tx(tx =>
      tx.run(sql`
        insert into attempts (id, payout_id, number, external_id, units, state, asked_at, changed_at)
        values ('att_1', ${good}, 9, ${`${bad}-1`}, 1, 'failed', '', '')`),
    )
    expect(await installation.send()).toMatchObject({ bundled: 1, sent: 1 })
    expect(await seen(bad)).toEqual(['held', expect.stringMatching(/^it cannot be planned: .*external_id/)])
    expect((await seen(good))[0]).toBe('sent')
  })

  describe('in two bundles, of which the plan of one cannot be read any more,', () => {
    /** The one whose plan is spoiled. Two bundles, the bad payout in the first. */
    const spoilFirst = async () => {
      const { id } = (await bundlesOf(installation))[0]!
      await installation.db.tx(tx =>
        tx.run(sql`update bundle_candidates set plan = '{' where bundle_id = ${id}`),
      )
      return id
    }
    const whyOf = async (id: string) =>
      (await installation.db.one<{ why: string }>(sql`select why from bundles where id = ${id}`))!.why
    const inTwo = async () => {
      const apart = async (id: string, at: string) =>
        installation.db.tx(tx => tx.run(sql`update payouts set next_at = ${at} where id = ${id}`))
      await apart(good, '2999-01-01T00:00:00.000000Z')
      await installation.send()
      await apart(good, '')
    }

    test('the other is sent, and that one says why it is not', async () => {
      const { broadcast } = installation.rail
      installation.rail.broadcast = async () => ({ is: 'refused', why: 'not now', again: true })
      await inTwo()
      const spoiled = await spoilFirst()
      installation.rail.broadcast = broadcast
      await expect(installation.send()).rejects.toThrow(SyntaxError)
      expect((await seen(good))[0]).toBe('sent')
      expect(await whyOf(spoiled)).toMatch(/^it can be neither signed nor sent: /)
      expect(
        (await status(installation.db, { now: await installation.db.tx(tx => tx.now()), payoutDepth: 6 }))
          .needsPerson,
      ).toContainEqual(expect.stringContaining(spoiled))
    })

    test('the other is offered more, and that one says why it is not', async () => {
      installation.rail.feeRate = async () => done(2_000n)
      await inTwo()
      await installation.send()
      const spoiled = await spoilFirst()
      await mineOnly(installation, 7, [], false)
      await expect(installation.look()).rejects.toThrow(SyntaxError)
      installation.rail.feeRate = async () => done(20_000n)
      await expect(installation.send()).rejects.toThrow(SyntaxError)
      const offers = await installation.db.all<{ count: bigint }>(
        sql`select count(*) as count from bundle_candidates group by bundle_id order by 1`,
      )
      expect(offers.map(({ count }) => count)).toEqual([1n, 2n])
      expect(await whyOf(spoiled)).not.toBeNull()
    })

    test('what a person signed of the other is taken in', async () => {
      Object.assign(installation.rail, { signer: 'psbt' })
      await inTwo()
      await installation.send()
      await spoilFirst()
      const [waiting, ...others] = await waitingTransactions(installation.db)
      expect(others).toEqual([])
      expect(
        await importSigned(
          installation.db,
          installation.rail,
          installation.wallet.sign(waiting!.read.psbt),
          'ana',
        ),
      ).toMatchObject({ txid: waiting!.id })
    })
  })

  test('where every plan fails nobody is held, and what is signed is sent', async () => {
    const { broadcast, plan } = installation.rail
    installation.rail.broadcast = async () => ({ is: 'refused', why: 'not now', again: true })
    await installation.send()
    expect(await bundlesOf(installation)).toMatchObject([{ state: 'signed' }])
    await owing(installation, [{ units: 80_000n }, { units: 90_000n }])

    installation.rail.broadcast = broadcast
    installation.rail.plan = () => {
      throw new TypeError('a surprise')
    }
    await installation.pass(10 * 60_000)
    await expect(installation.send()).rejects.toThrow('a surprise')
    expect(await bundlesOf(installation)).toMatchObject([{ state: 'sent' }])
    expect((await installation.payouts()).map(({ state }) => state).sort()).toEqual([
      'owed',
      'owed',
      'sent',
      'sent',
    ])
    installation.rail.plan = plan
  })
})
