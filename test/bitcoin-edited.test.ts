/**
 * Rows that somebody edited past the program, on a real node and both databases: a payout in bitcoin that is
 * not what the books owe is held, and nothing else is signed or sent.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { done, unsure } from '../src/base/answer.ts'
import { systemClock } from '../src/base/clock.ts'
import { sendCoins } from '../src/jobs/jobs.ts'
import { planText, readPlan } from '../src/payout/bundle/bundle.ts'
import { handOut, waitingTransactions } from '../src/payout/payout.ts'
import { connectBitcoin } from '../src/rails/bitcoin/bitcoin.ts'
import type { ChainRail, Plan } from '../src/rails/chain.ts'
import { sql, type Sql } from '../src/db/db.ts'
import { bitcoindAvailable, startBitcoind, type Bitcoind } from './testbed/bitcoind.ts'
import {
  openChainInstallation,
  type ChainInstallation,
  type ChainInstallationOptions,
} from './testbed/chainInstallation.ts'
import { bundlesOf, heldAt, openAccount, owing } from './testbed/owing.ts'
import { postgresAvailable, startPostgres, type Postgres } from './testbed/postgres.ts'
import { addAccount, releasePayout, cancelBitcoinBundle, importSigned } from './testbed/acts.ts'

describe.skipIf(!bitcoindAvailable()).each(['SQLite', 'PostgreSQL'])('on %s', engine => {
  describe.skipIf(engine === 'PostgreSQL' && !postgresAvailable())(
    'with a server where one is needed',
    () => {
      let node: Bitcoind
      let postgres: Postgres | undefined
      let installation: ChainInstallation
      let evil: string
      let theirs: string
      beforeAll(async () => {
        node = await startBitcoind()
        if (engine === 'PostgreSQL') postgres = await startPostgres({ durable: false })
      })
      afterAll(async () => {
        await node?.stop()
        await postgres?.stop()
      })
      afterEach(() => installation?.close())

      /** Two accounts that are owed 100 000 and 300 000 satoshis. Answers their payouts. */
      async function openOwing(options: Partial<ChainInstallationOptions> = {}): Promise<[string, string]> {
        const databaseUrl = await postgres?.migratedDatabase()
        installation = await openChainInstallation({
          node,
          commissionBp: 0n,
          ...options,
          ...(databaseUrl !== undefined && { databaseUrl }),
        })
        evil = await node.rpc<string>('getnewaddress', ['evil', 'bech32'], 'payer')
        theirs = await node.rpc<string>('getnewaddress', ['theirs', 'bech32'], 'payer')
        await openAccount(installation, 'other', theirs)
        const [edited, untouched] = await owing(installation, [
          { units: 100_000n },
          { units: 300_000n, payTo: 'other' },
        ])
        return [edited!.id, untouched!.id]
      }
      const edit = (what: Sql) => installation.db.tx(tx => tx.run(what))
      const toEvil = () => edit(sql`update accounts set destination = ${evil} where name = 'main'`)
      const payout = async (id: string) => (await installation.payouts()).find(each => each.id === id)!
      const send = async (over: Partial<ChainRail> = {}) => {
        await installation.pass(120_000)
        return sendCoins({
          db: installation.db,
          bitcoin: installation.bitcoin,
          world: installation.world,
          rail: { ...installation.rail, ...over },
        })
      }
      const whyOfBundle = async () => (await bundlesOf(installation)).at(-1)!.why
      const notSent = async () => {
        await installation.mine()
        expect([await heldAt(installation, evil), await node.rpc<string[]>('getrawmempool')]).toEqual([
          0n,
          [],
        ])
      }
      /**
       * The plan as it would be with the payees' money, and whatever else is said, going to another address.
       */
      async function editPlan(change: (plan: Plan) => Plan): Promise<void> {
        const [bundle] = await bundlesOf(installation)
        const { id, read } = bundle!.offers.at(-1)!
        await edit(sql`update bundle_candidates set plan = ${planText(change(read))} where id = ${id}`)
      }
      const planned = (plan: Plan, payees: string, change = { index: 0 }): Plan => {
        const { script } = installation.rail.destination(payees, 0)
        const answer = installation.rail.plan({
          coins: plan.inputs,
          payees: plan.outputs.flatMap(({ key, units, feeShare }) =>
            key === undefined ? [] : [{ key, units: units + feeShare, script }],
          ),
          ...{ feeRate: 1_000n, mostFeeRate: 100_000n, change, lockTime: 1 },
        })
        if (answer.is !== 'planned') throw new Error(answer.is)
        return answer.plan
      }

      const exchange = sql`update payouts set account_id = (select id from accounts where name = 'other')
        where units = 100000`
      const unapproved = sql`update accounts set state = 'approved', approved_by = 'checker'
        where name = 'new'`
      test.each([
        ['its destination', () => toEvil(), /^account main is not as it was approved: /],
        [
          'its amount',
          () => edit(sql`update payouts set units = 350000 where units = 100000`),
          /^it is of 0\.0035\d* BTC, and the books owe 0\.001/,
        ],
        ['its account', () => edit(exchange), /^it goes to account other, and is owed to another one: /],
      ])(
        'a payout of which %s was edited is held, released or not, and the other goes',
        async (_, change, why) => {
          const [edited, untouched] = await openOwing()
          await change()
          expect(await send()).toMatchObject({ bundled: 1, sent: 1 })
          expect([await payout(edited), await payout(untouched)]).toMatchObject([
            { state: 'held', why: expect.stringMatching(why) },
            { state: 'sent' },
          ])
          await releasePayout(installation.db, edited, { by: 'checker', why: 'let it go' })
          expect(await send()).toMatchObject({ bundled: 0 })
          expect(await payout(edited)).toMatchObject({ state: 'held', why: expect.stringMatching(why) })
          await installation.bury(6)
          const bundle = (await bundlesOf(installation))[0]!
          expect([await heldAt(installation, evil), await heldAt(installation, theirs)]).toEqual([
            0n,
            300_000n - bundle.offers[0]!.fee_units,
          ])
        },
      )

      test('a payout to an account that nobody approved is held', async () => {
        const [edited] = await openOwing()
        await addAccount(
          installation.db,
          installation.world,
          'new',
          { kind: 'bitcoin', holder: 'Mallory', destination: evil },
          'maker',
        )
        await edit(unapproved)
        await edit(
          sql`update payouts set account_id = (select id from accounts where name = 'new')
            where id = ${edited}`,
        )
        await send()
        expect(await payout(edited)).toMatchObject({
          state: 'held',
          why: expect.stringMatching(/^account new is approved, and nobody approved it: /),
        })
      })

      test('an account edited between the plan and the signature: the bundle ends, that payout is held, and the other goes', async () => {
        const [edited, untouched] = await openOwing()
        expect(await send({ signer: 'psbt' })).toMatchObject({ bundled: 2, sent: 0 })
        await toEvil()
        await send()
        expect((await bundlesOf(installation)).map(({ state }) => state)).toEqual(['void'])
        expect(await send()).toMatchObject({ bundled: 1, sent: 1 })
        expect([(await payout(edited)).state, (await payout(untouched)).state]).toEqual(['held', 'sent'])
      })

      test.each([
        ['other payees', (plan: Plan) => planned(plan, evil)],
        ['other payees under its own txid', (plan: Plan) => ({ ...planned(plan, evil), txid: plan.txid })],
        ['another PSBT alone', (plan: Plan) => ({ ...plan, psbt: planned(plan, evil).psbt })],
        ['one output left to the miners', (plan: Plan) => ({ ...plan, outputs: plan.outputs.slice(1) })],
        ['other coins', (plan: Plan) => ({ ...plan, inputs: plan.inputs.slice(1) })],
      ])('a plan edited to %s is signed by nobody, handed out or not [security 4]', async (_, change) => {
        await openOwing()
        // The wallet is locked for a while, so a signature may exist, and the bundle cannot just end.
        await send({ sign: async () => unsure('the wallet is locked') })
        await editPlan(change)
        expect(await send()).toMatchObject({ signed: 0, sent: 0 })
        expect(await whyOfBundle()).toMatch(/^it is not what the books owe and people approved: /)
        const [waiting] = await waitingTransactions(installation.db)
        expect((await handOut(installation.db, installation.rail, waiting!)).is).toBe('strange')
        await notSent()
      })

      test('a plan that nobody was given ends when it was edited, and its payouts go by another', async () => {
        const payouts = await openOwing()
        await send({ signer: 'psbt' })
        await editPlan(plan => planned(plan, evil))
        await send()
        expect(await send()).toMatchObject({ bundled: 2, sent: 1 })
        expect((await Promise.all(payouts.map(payout))).map(({ state }) => state)).toEqual(['sent', 'sent'])
        await installation.mine()
        expect(await heldAt(installation, evil)).toBe(0n)
      })

      test('an edited plan that a person signed is not taken in', async () => {
        await openOwing({ signer: 'psbt' })
        await send()
        await editPlan(plan => planned(plan, evil))
        const [bundle] = await bundlesOf(installation)
        const signed = installation.wallet.sign(readPlan(bundle!.offers[0]!.plan).psbt)
        await expect(importSigned(installation.db, installation.rail, signed, 'ana')).rejects.toThrow(
          'it is not what the books owe and people approved',
        )
        await send()
        await notSent()
      })

      test.each([
        ['the account', () => toEvil()],
        ['what the books ordered', () => edit(sql`update attempts set units = 350000 where units = 100000`)],
        ['its bytes', () => edit(sql`update bundle_candidates set raw = ${Buffer.from('00', 'hex')}`)],
      ])(
        'signed bytes are not sent once somebody edited %s, nor is more offered for them',
        async (_, change) => {
          await openOwing({ bumpAfterBlocks: 1 })
          await send({ broadcast: async () => unsure('the node is away') })
          await change()
          expect(await send()).toMatchObject({ sent: 0 })
          expect(await whyOfBundle()).toMatch(/^it is not what the books owe and people approved: /)
          await installation.bury(2)
          expect(await send({ feeRate: async () => done(20_000n) })).toMatchObject({ bumped: 0, sent: 0 })
          await notSent()
        },
      )

      describe('once BITCOIN_MAX_FEE_RATE was lowered', () => {
        const dear = async () => done(50_000n)
        /** From now on 2 sat/vB at most. */
        function lowerCap() {
          const { plan, planCancel, planFault } = connectBitcoin({
            ...{
              network: 'regtest',
              descriptor: installation.rail.descriptor,
              rpcUrl: node.url,
              signer: 'wallet',
              feeBlocks: 6,
              mostFeeRate: 2_000n,
            },
            ...{ cookieFile: node.cookieFile, clock: systemClock, log: installation.world.log },
          })
          installation.bitcoin.bundles.mostFeeRate = 2_000n
          Object.assign(installation.rail, { plan, planCancel, planFault, feeRate: async () => done(2_000n) })
        }
        const cancel = async () =>
          cancelBitcoinBundle(installation, (await bundlesOf(installation)).at(-1)!.id, {
            by: 'checker',
            why: 'too dear',
          })
        const notPaid = async (ids: string[]) => {
          await installation.bury(6)
          expect((await Promise.all(ids.map(payout))).map(({ state }) => state)).toEqual(['owed', 'owed'])
          expect(await installation.audit()).toEqual([])
        }

        test('bytes that were signed before are sent and paid', async () => {
          const ids = await openOwing()
          expect(
            await send({ feeRate: dear, broadcast: async () => unsure('the node is away') }),
          ).toMatchObject({ signed: 1, sent: 0 })
          lowerCap()
          expect(await send()).toMatchObject({ sent: 1 })
          await installation.bury(6)
          expect((await Promise.all(ids.map(payout))).map(({ state }) => state)).toEqual(['paid', 'paid'])
          expect(await installation.audit()).toEqual([])
        })

        test('bytes that were sent before can be canceled, by more than they paid', async () => {
          const ids = await openOwing()
          expect(await send({ feeRate: dear })).toMatchObject({ sent: 1 })
          lowerCap()
          const canceling = await cancel()
          expect(await send()).toMatchObject({ signed: 1, sent: 1 })
          expect(await node.rpc('getrawmempool')).toEqual([canceling.is === 'canceling' && canceling.txid])
          await notPaid(ids)
        })

        test('a cancellation that a person asked for before is signed and sent', async () => {
          const ids = await openOwing()
          await send({ feeRate: dear, sign: async () => unsure('the wallet is locked') })
          installation.rail.feeRate = dear
          await cancel()
          lowerCap()
          expect(await send()).toMatchObject({ signed: 1, sent: 1 })
          await notPaid(ids)
        })

        test('what is not signed yet is signed no more, and says why; it can be canceled within the new cap', async () => {
          const ids = await openOwing()
          await send({ feeRate: dear, sign: async () => unsure('the wallet is locked') })
          lowerCap()
          expect(await send()).toMatchObject({ signed: 0, sent: 0 })
          expect(await whyOfBundle()).toMatch(
            /: it leaves \d+ satoshis to the miners, and BITCOIN_MAX_FEE_RATE, 2 sat\/vB, allows \d+$/,
          )
          await cancel()
          expect(await send()).toMatchObject({ signed: 1, sent: 1 })
          await notPaid(ids)
        })
      })

      test.each([
        ['planned', async () => unsure('the wallet is locked'), undefined],
        ['signed', undefined, async () => unsure('the node is away')],
      ])(
        'a %s plan edited to leave more to the miners than the cap allows is not sent, and its cancellation pays no more',
        async (_, sign, broadcast) => {
          await openOwing()
          await send({ ...(sign && { sign }), ...(broadcast && { broadcast }) })
          const [{ id, offers }] = (await bundlesOf(installation)) as [
            Awaited<ReturnType<typeof bundlesOf>>[number],
          ]
          const [offer] = offers as [(typeof offers)[number]]
          const dearer = installation.rail.plan({
            coins: offer.read.inputs,
            payees: offer.read.outputs.flatMap(({ key, units, feeShare, script }) =>
              key === undefined ? [] : [{ key, units: units + feeShare, script }],
            ),
            ...{ feeRate: 500_000n, mostFeeRate: 500_000n, change: { index: 0 }, lockTime: 1 },
          })
          if (dearer.is !== 'planned') throw new Error(dearer.is)
          await edit(
            sql`update bundle_candidates
              set plan = ${planText({ ...dearer.plan })}, fee_units = ${dearer.plan.feeUnits}
                where id = ${offer.id}`,
          )
          expect(await send()).toMatchObject({ signed: 0, sent: 0 })
          expect(await whyOfBundle()).toMatch(/BITCOIN_MAX_FEE_RATE, 100 sat\/vB, allows/)
          await notSent()
          await cancelBitcoinBundle(installation, id, { by: 'checker', why: 'somebody edited it' })
          expect(await send()).toMatchObject({ signed: 1, sent: 1 })
          const cancellation = (await bundlesOf(installation))[0]!.offers.at(-1)!
          expect(Number(cancellation.fee_units)).toBeLessThanOrEqual(101 * Number(offer.size))
        },
      )
    },
  )
})
