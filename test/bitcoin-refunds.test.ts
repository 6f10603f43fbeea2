/**
 * Payments in bitcoin that are given back: by a payout of ours that two people decide, or by hand with the
 * same keys, on a real node and both databases.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { BadInput, done } from '../src/base/answer.ts'
import { balances } from '../src/ledger/ledger.ts'
import type { InvoiceRow } from '../src/invoice/invoice.ts'
import { sql } from '../src/db/db.ts'
import { status } from '../src/queries/status.ts'
import { bitcoindAvailable, startBitcoind, type Bitcoind } from './testbed/bitcoind.ts'
import { openChainInstallation, type ChainInstallation } from './testbed/chainInstallation.ts'
import { bundlesOf, heldAt, mineOnly, openAccount, owing, reorganise } from './testbed/owing.ts'
import { postgresAvailable, startPostgres, type Postgres } from './testbed/postgres.ts'
import {
  acceptPayment,
  approveAndDo,
  objectToAccount,
  proposeAccountClear,
  proposeCoinRefund,
  proposeCoinRefundMade,
  releasePayout,
  withdrawCoinRefund,
} from './testbed/acts.ts'

const hour = 3_600_000

describe.each(['SQLite', 'PostgreSQL'])('on %s', engine => {
  describe.skipIf(!bitcoindAvailable() || (engine === 'PostgreSQL' && !postgresAvailable()))(
    'a payment that counts for nothing',
    () => {
      let node: Bitcoind
      let installation: ChainInstallation
      let postgres: Postgres | undefined
      beforeAll(async () => {
        node = await startBitcoind()
        if (engine === 'PostgreSQL') postgres = await startPostgres({ durable: false })
      })
      afterAll(async () => {
        await node?.stop()
        await postgres?.stop()
      })
      afterEach(() => installation?.close())

      const open = async (signer: 'wallet' | 'psbt' = 'wallet') => {
        const databaseUrl = await postgres?.migratedDatabase()
        installation = await openChainInstallation({
          ...{ node, signer, commissionBp: 0n, dueInMs: hour, terms: { late: { is: 'hold' } } },
          ...(databaseUrl !== undefined && { databaseUrl }),
        })
      }
      const payer = () => node.rpc<string>('getnewaddress', ['refunds', 'bech32'], 'payer')
      const app = () => ({
        db: installation.db,
        world: installation.world,
        chain: installation.bitcoin.terms,
      })
      const proposals = () => ({
        db: installation.db,
        world: installation.world,
        rails: { bitcoin: installation.rail },
        bitcoin: installation.bitcoin,
      })
      const stopped = async () =>
        (await installation.db.one<{ value: string }>(sql`select value from settings where name = 'hold'`))
          ?.value
      const propose = (id: string, to: string, units?: bigint) =>
        proposeCoinRefund(app(), installation.rail, id, { to, units, by: 'ana', why: 'a week late' })
      const approve = async ({ proposal }: { proposal: { id: string } }, by = 'bruno') =>
        (await approveAndDo(proposals(), proposal.id, { by })).is
      const accept = (id: string) =>
        acceptPayment(installation.db, installation.world, installation.bitcoin.terms, id, {
          by: 'bruno',
          why: 'why not',
        })
      const refundsOf = (id: string) =>
        installation.db.all<{ id: string; state: string; rule: string; units: bigint; why: string | null }>(
          sql`select id, state, rule, units, why from payouts where invoice_id = ${id} order by added_at, id`,
        )

      /** Paid after its time, and six blocks deep. */
      async function paidLate(units = 60_000n, depth = 6): Promise<InvoiceRow> {
        const [request] = await installation.issue({ units, payTo: 'main' })
        await installation.pass(2 * hour)
        await installation.pay(request!.provider_id!, units)
        await installation.look()
        await installation.bury(depth)
        const row = await installation.invoice(request!.id)
        expect(row.state).toBe('late')
        return row
      }

      test('is given back by two people, and the books end at nothing', async () => {
        await open()
        const { id } = await paidLate()
        const to = await payer()
        const proposed = await propose(id, to)
        expect(proposed).toMatchObject({ is: 'proposed', proposal: { subject: id } })
        expect((await propose(id, to)).is).toBe('there')
        expect(await approve(proposed, 'ANA')).toBe('own')
        expect(await refundsOf(id)).toEqual([])

        expect(await approve(proposed)).toBe('approved')
        expect(await refundsOf(id)).toMatchObject([{ state: 'owed', rule: 'refund', units: 60_000n }])
        expect(await installation.invoice(id)).toMatchObject({ state: 'expired' })
        await expect(accept(id)).rejects.toThrow('had its payment given back')
        await expect(propose(id, to)).rejects.toThrow('nothing of it can be given back')
        expect((await status(installation.db)).addsUp).toBe(true)

        expect(await installation.send()).toMatchObject({ bundled: 1, sent: 1 })
        await installation.bury(6)
        expect(await refundsOf(id)).toMatchObject([{ state: 'paid' }])
        const [bundle] = await bundlesOf(installation)
        expect(await heldAt(installation, to)).toBe(60_000n - bundle!.offers[0]!.outputs[0]!.fee_units)
        expect(await balances(installation.db, 'BTC')).toMatchObject({
          pending: 0n,
          payable: 0n,
          'in-transit': 0n,
          external: 0n,
        })
        expect((await status(installation.db)).addsUp).toBe(true)
        expect(await installation.audit()).toEqual([])
        // The address is for this alone.
        const accounts = await installation.db.all(
          sql`select state, added_by, approved_by from accounts where destination = ${to}`,
        )
        expect(accounts).toEqual([{ state: 'closed', added_by: 'ana', approved_by: 'bruno' }])
      })

      test.each([
        [
          'the address',
          (to: string) => sql`update accounts set destination = ${to} where name like 'refund %'`,
        ],
        ['the amount', () => sql`update payouts set units = 50000 where rule = 'refund'`],
      ])('is held once somebody has edited %s that two people approved', async (_, edit) => {
        await open()
        const { id } = await paidLate()
        await approve(await propose(id, await payer(), 20_000n))
        const evil = await payer()
        await installation.db.tx(tx => tx.run(edit(evil)))
        expect(await installation.send()).toMatchObject({ bundled: 0 })
        const why = expect.stringMatching(
          /^this refund is not what two people approved: |^it is of 0\.0005\d* BTC, and the books owe 0\.0002/,
        )
        expect((await refundsOf(id))[0]).toMatchObject({ state: 'held', why })
      })

      test('is not given back to the address of an account that somebody objects to, until that is cleared', async () => {
        await open()
        const { id } = await paidLate()
        const to = await payer()
        await openAccount(installation, 'doubted', to)
        await objectToAccount(installation.db, installation.world, 'doubted', {
          by: 'dora',
          why: 'who is that',
        })
        await approve(await propose(id, to, 20_000n))
        expect([(await installation.send()).bundled, (await refundsOf(id))[0]?.why]).toEqual([
          0,
          expect.stringContaining('account doubted (dora)'),
        ])
        const { proposal } = await proposeAccountClear(installation.db, installation.world, 'doubted', {
          by: 'dora',
          why: 'it is the payer’s',
        })
        await approveAndDo(proposals(), proposal.id, { by: 'carla' })
        expect(await installation.send()).toMatchObject({ bundled: 1 })
      })

      test('is given back in part, and the rest can be accepted, or given back too', async () => {
        await open()
        const { id } = await paidLate()
        const to = await payer()
        await approve(await propose(id, to, 20_000n))
        expect(await installation.invoice(id)).toMatchObject({ state: 'late' })
        await approve(await propose(id, to, 10_000n))
        expect(await accept(id)).toMatchObject({ standing: { state: 'credited', received: 30_000n } })
        expect(Object.fromEntries((await refundsOf(id)).map(({ rule, units }) => [rule, units]))).toEqual({
          ...{ net: 30_000n, refund: 20_000n, 'refund/2': 10_000n },
        })
        expect(await installation.send()).toMatchObject({ bundled: 3, sent: 1 })
        await installation.bury(6)
        expect((await refundsOf(id)).map(({ state }) => state)).toEqual(['paid', 'paid', 'paid'])
        expect(await balances(installation.db, 'BTC')).toMatchObject({
          pending: 0n,
          payable: 0n,
          'in-transit': 0n,
        })
        expect(await installation.audit()).toEqual([])
      })

      test('is not given back to ourselves, to nobody, beyond what came, before it is deep, or once it counts', async () => {
        await open()
        const { id } = await paidLate(60_000n, 3)
        const to = await payer()
        await expect(propose(id, to)).rejects.toThrow('only what lies 6 blocks deep')
        await installation.bury(3)
        await expect(propose(id, installation.rail.derive('receive', 0).address)).rejects.toThrow(
          'is of our own account',
        )
        await expect(propose(id, 'bcrt1pfeesnyr2tx')).rejects.toThrow('pay-to-anchor')
        await expect(propose(id, 'somewhere')).rejects.toThrow(BadInput)
        await expect(propose(id, to, 60_001n)).rejects.toThrow('is more than can be given back')
        await expect(propose(id, to, 999n)).rejects.toThrow('would be lost in fees')
        await expect(propose('inv_none', to)).rejects.toThrow('there is no invoice')

        // Approved too late: it was accepted meanwhile, and then nothing is approved.
        const proposed = await propose(id, to)
        await accept(id)
        await expect(approve(proposed)).rejects.toThrow('nothing of it can be given back')
        expect(await refundsOf(id)).toMatchObject([{ rule: 'net' }])
        expect(await installation.audit()).toEqual([])
      })

      test('is there again when its refund is withdrawn, which only one that is not ordered can be', async () => {
        await open()
        const { id } = await paidLate()
        const to = await payer()
        await approve(await propose(id, to))
        const [first] = await refundsOf(id)
        await withdrawCoinRefund(app(), first!.id, { by: 'ana', why: 'she wants the goods' })
        expect(await installation.invoice(id)).toMatchObject({ state: 'late' })
        expect(await refundsOf(id)).toMatchObject([{ state: 'canceled' }])
        await approve(await propose(id, to))
        expect(await installation.send()).toMatchObject({ bundled: 1 })
        const [, second] = await refundsOf(id)
        await expect(withdrawCoinRefund(app(), second!.id, { by: 'ana', why: 'again' })).rejects.toThrow(
          'only one that is not ordered',
        )
        await installation.bury(6)
        expect(await balances(installation.db, 'BTC')).toMatchObject({
          pending: 0n,
          payable: 0n,
          'in-transit': 0n,
        })
        expect(await installation.audit()).toEqual([])
      })

      test('whose block is left behind holds its refund until it is back', async () => {
        await open()
        const { id } = await paidLate()
        await approve(await propose(id, await payer()))
        const [coin] = await installation.coins(id)
        await reorganise(installation, 6)
        expect(await refundsOf(id)).toMatchObject([{ state: 'held' }])
        await expect(
          releasePayout(installation.db, (await refundsOf(id))[0]!.id, { by: 'bruno', why: 'no' }),
        ).rejects.toThrow('in no block')
        expect(await installation.send()).toMatchObject({ bundled: 0 })
        await mineOnly(installation, 6, [coin!.txid])
        expect(await refundsOf(id)).toMatchObject([{ state: 'owed' }])
        expect(await installation.send()).toMatchObject({ bundled: 1, sent: 1 })
        await installation.bury(6)
        expect(await installation.audit()).toEqual([])
      })

      /** The operator's own wallet spends that very coin. */
      async function byHand(id: string): Promise<{ txid: string; hex: string }> {
        const [coin] = await installation.coins(id)
        const to = installation.rail.destination(await payer(), 0)
        const planned = installation.rail.plan({
          coins: [
            { outpoint: coin!.id, units: coin!.units, branch: coin!.branch, index: Number(coin!.number) },
          ],
          payees: [{ key: 'payer', units: coin!.units, script: to.script }],
          ...{ feeRate: 3_000n, mostFeeRate: 100_000n, change: { index: 900 }, lockTime: 0 },
        })
        if (planned.is !== 'planned') throw new Error(planned.is)
        const signed = installation.rail.readSigned(installation.wallet.sign(planned.plan.psbt), planned.plan)
        if (signed.is !== 'signed') throw new Error(signed.is)
        return { txid: planned.plan.txid, hex: Buffer.from(signed.raw).toString('hex') }
      }

      test('and was given back by hand cannot be accepted, is recorded by two people, and its stop goes with it', async () => {
        await open('psbt')
        const { id } = await paidLate()
        const { txid, hex } = await byHand(id)
        const record = () =>
          proposeCoinRefundMade(app(), id, { txid, by: 'ana', why: 'sent from the wallet' })
        await expect(record()).rejects.toThrow('spends no payment of')
        await node.rpc('sendrawtransaction', [hex])
        await installation.look()
        expect(await stopped()).toContain(`${txid} spends coins of ours`)
        await expect(accept(id)).rejects.toThrow('had its payment given back, or spent')
        expect(await installation.invoice(id)).toMatchObject({ state: 'expired' })
        await installation.bury(1)
        await expect(accept(id)).rejects.toThrow('had its payment given back, or spent')
        expect(await balances(installation.db, 'BTC')).toMatchObject({ pending: -60_000n, external: 60_000n })

        // What else stops them stays.
        await installation.db.tx(tx =>
          tx.run(
            sql`update settings set value = value || ' · before that: another reason' where name = 'hold'`,
          ),
        )
        expect(await approve(await record())).toBe('approved')
        expect(await stopped()).toBe('another reason')
        await installation.db.tx(tx => tx.run(sql`delete from settings where name = 'hold'`))
        expect(await balances(installation.db, 'BTC')).toMatchObject({ pending: 0n, external: 0n })
        await expect(record()).rejects.toThrow('in the books already')
        expect(await installation.audit()).toEqual([])

        // And the chain thinks again: what was booked is taken back, and booked again.
        await reorganise(installation, 1)
        expect(await balances(installation.db, 'BTC')).toMatchObject({ pending: -60_000n, external: 0n })
        await installation.bury(1)
        expect(await balances(installation.db, 'BTC')).toMatchObject({ pending: 0n, external: 0n })
        expect(await stopped()).toBeUndefined()
        expect(await installation.audit()).toEqual([])
      })

      test('that came in time, in part, and was given back by hand is not passed on when the payer pays all of it again', async () => {
        await open('psbt')
        const [request] = await installation.issue({ units: 60_000n, payTo: 'main' })
        const { id, provider_id: address } = request!
        await installation.pay(address!, 30_000n)
        await installation.look()
        await installation.bury(6)
        const { txid, hex } = await byHand(id)
        await node.rpc('sendrawtransaction', [hex])
        await installation.look()
        await approve(await proposeCoinRefundMade(app(), id, { txid, by: 'ana', why: 'they asked for it' }))
        await installation.pay(address!, 60_000n)
        await installation.look()
        await installation.bury(6)
        expect(await installation.invoice(id)).toMatchObject({ state: 'credited', paid_units: 60_000n })
        expect(await refundsOf(id)).toMatchObject([{ units: 60_000n }])
        expect(await balances(installation.db, 'BTC')).toMatchObject({ pending: 0n, external: 0n })
        expect(await installation.audit()).toEqual([])
      })

      test('recorded while it waits in the mempool stops nothing when it is mined, and other payouts go on', async () => {
        await open('psbt')
        const { id } = await paidLate()
        await owing(installation, [{ units: 80_000n }])
        const { txid, hex } = await byHand(id)
        await node.rpc('sendrawtransaction', [hex])
        await installation.look()
        await approve(
          await proposeCoinRefundMade(app(), id, { txid, by: 'ana', why: 'sent from the wallet' }),
        )
        expect(await stopped()).toBeUndefined()
        await installation.bury(2)
        expect(await stopped()).toBeUndefined()
        expect(await balances(installation.db, 'BTC')).toMatchObject({ pending: 0n, external: 0n })
        expect(await installation.send()).toMatchObject({ bundled: 1 })
        expect(await installation.audit()).toEqual([])
      })

      test('and whose spending was forgotten by the node is there again to be decided about', async () => {
        await open('psbt')
        const { id } = await paidLate()
        const { hex } = await byHand(id)
        await node.rpc('sendrawtransaction', [hex])
        await installation.look()
        expect(await installation.invoice(id)).toMatchObject({ state: 'expired' })
        installation.rail.mempool = async () => done([])
        installation.restart()
        await installation.look()
        expect(await installation.invoice(id)).toMatchObject({ state: 'late' })
      })
    },
  )
})
