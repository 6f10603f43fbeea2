/**
 * What on a chain needs a person, as status says it, on both databases: money that is late, too little, too
 * much, gone, or spent by others.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { newWatching, tipOf } from '../src/chain/chain.ts'
import { passTime } from '../src/jobs/bitcoin.ts'
import { follow, scan } from '../src/jobs/jobs.ts'
import { sql } from '../src/db/db.ts'
import { status } from '../src/queries/status.ts'
import { bitcoindAvailable, startBitcoind, type Bitcoind } from './testbed/bitcoind.ts'
import { coinsText, reorganise, turnBack } from './testbed/chainActs.ts'
import {
  openChainInstallation,
  type ChainInstallation,
  type ChainInstallationOptions,
} from './testbed/chainInstallation.ts'
import { heldAt, mineOnly, openAccount, owing } from './testbed/owing.ts'
import { postgresAvailable, startPostgres, type Postgres } from './testbed/postgres.ts'
import { wallet } from './testbed/wallet.ts'
import { releasePayout, settlePaidElsewhere } from './testbed/acts.ts'

const hour = 3_600_000

describe.skipIf(!bitcoindAvailable()).each(['sqlite', 'postgres'] as const)('on %s', engine => {
  const here = engine === 'sqlite' || postgresAvailable()
  describe.skipIf(!here)(here ? 'on a real bitcoind' : 'no PostgreSQL is to be had on this machine', () => {
    let node: Bitcoind
    let postgres: Postgres | undefined
    let installation: ChainInstallation
    beforeAll(async () => {
      node = await startBitcoind()
      if (engine === 'postgres') postgres = await startPostgres({ durable: false })
    })
    afterAll(async () => {
      await node?.stop()
      await postgres?.stop()
    })
    afterEach(() => installation?.close())
    const open = async (options: Partial<ChainInstallationOptions>) => {
      const databaseUrl = await postgres?.migratedDatabase()
      installation = await openChainInstallation({
        node,
        ...options,
        ...(databaseUrl !== undefined && { databaseUrl }),
      })
    }
    const needed = async () => {
      const now = await installation.db.tx(async tx => status(tx, { now: await tx.now(), payoutDepth: 6 }))
      expect(now.addsUp).toBe(true)
      return now.needsPerson
    }

    test('a request paid in part, or late, or once more after it was credited, is said with what a person may do', async () => {
      await open({ count: 3, dueInMs: hour })
      const [part, late, twice] = await installation.issue()
      await installation.pay(part!.provider_id!, 10_000n)
      await installation.pay(twice!.provider_id!, twice!.units)
      await installation.bury(6)
      expect(await needed()).toEqual([])

      await installation.pass(2 * hour)
      await installation.setPrice(66_000_000n)
      await installation.pay(late!.provider_id!, late!.units)
      await installation.pay(twice!.provider_id!, 5_000n)
      await installation.bury(5)
      const before = await needed()
      expect(before).toContainEqual(
        expect.stringMatching(
          new RegExp(`^request ${part!.id} was paid in part, and its time is over: it is watched until 2`),
        ),
      )
      expect(before).toContainEqual(
        expect.stringMatching(
          new RegExp(
            `^request ${late!.id} is late: .*a person decides \\(repasse invoice accept ${late!.id} takes it on\\)$`,
          ),
        ),
      )
      expect(before).toHaveLength(2)
      await installation.bury(1)
      expect(await needed()).toContainEqual(
        expect.stringMatching(
          new RegExp(
            `^0\\.00005000 BTC more came to request ${twice!.id} after it was credited, and are not counted: coin [0-9a-f]{64}:\\d$`,
          ),
        ),
      )

      await installation.pass(40 * 24 * hour)
      await installation.look()
      await passTime({
        db: installation.db,
        rail: installation.rail,
        bitcoin: installation.bitcoin,
        world: installation.world,
      })
      expect(await needed()).toContainEqual(
        expect.stringMatching(new RegExp(`^request ${part!.id} is late: .*in part`)),
      )
    })

    test('who else holds our keys stops payouts, once, and what we owe to whom he paid is held until a person releases it', async () => {
      await open({ count: 2 })
      const [first, second] = await installation.issue()
      for (const request of [first, second]) await installation.pay(request!.provider_id!, request!.units)
      await installation.bury(6)
      const [account] = await installation.db.all<{ destination: string }>(
        sql`select destination from accounts`,
      )
      const app = (await node.rpc<string[]>('listwallets')).filter(name => name.startsWith('own')).at(-1)!
      const [coin] = await installation.coins(first!.id)
      const spent = [{ txid: coin!.txid, vout: Number(coin!.id.split(':')[1]) }]
      const raw = await node.rpc<string>('createrawtransaction', [
        spent,
        [{ [account!.destination]: coinsText(coin!.units - 1_000n) }],
      ])
      const { hex } = await node.rpc<{ hex: string }>('signrawtransactionwithwallet', [raw], app)
      const txid = await node.rpc<string>('sendrawtransaction', [hex])
      // Nobody looked while a block came, so whether it was paid meanwhile is not known.
      await installation.mine()
      expect(await installation.send()).toMatchObject({ bundled: 0 })
      // Nor while it is read and not settled.
      await follow({
        db: installation.db,
        rail: installation.rail,
        bitcoin: installation.bitcoin,
        world: installation.world,
      })
      expect(await installation.send()).toMatchObject({ bundled: 0 })
      await installation.look()
      const said = await needed()
      expect(said[0]).toBe(
        `payouts are stopped: ${txid} spends coins of ours, and is none of ours: does somebody else hold the keys?`,
      )
      expect(said.filter(says => says.includes('is held: '))).toHaveLength(2)
      expect(await installation.payouts()).toMatchObject([{ state: 'held' }, { state: 'held' }])

      // A person has looked: no block of the same transaction stops or holds anything again.
      await installation.db.tx(tx => tx.run(sql`delete from settings where name = 'hold'`))
      const [paid, mine] = await installation.payouts()
      const settle = ({ id }: { id: string }) =>
        settlePaidElsewhere(installation.db, installation.app.rails, installation.world, id, {
          by: 'ana',
          why: 'he paid it',
          ref: txid,
        })
      await installation.bury(2)
      expect(await settle(paid!)).toMatchObject({ is: 'settled' })
      await expect(settle(mine!)).rejects.toThrow(
        /pays 0\.00015667 BTC to the account of payout .* were settled with it before$/,
      )
      await releasePayout(installation.db, mine!.id, { by: 'ana', why: 'it was the other one' })
      expect(await installation.send()).toMatchObject({ bundled: 1, sent: 1 })
      expect((await needed()).filter(says => says.startsWith('payouts are stopped'))).toEqual([])
      await installation.bury(1)
      await installation.pass(25 * hour)
      expect(await needed()).toContainEqual(expect.stringMatching(/^bundle bun_\w+ has been mined since /))
      await installation.bury(5)
      expect((await installation.payouts()).map(({ state }) => state)).toEqual(['paid', 'paid'])
      expect(await installation.audit()).toEqual([])
    })

    const payees = wallet('wpkh', 'regtest', 900)
    test.each([
      ['one address in two spellings', (address: string) => [address, address.toUpperCase()], 1],
      ['an address and the descriptor it is of', (address: string) => [address, payees.account.text], 1],
      ['the descriptor and an address of it', (address: string) => [payees.account.text, address], 1],
      [
        'the descriptor, which is paid twice, and an address of it',
        (address: string) => [payees.account.text, address],
        2,
      ],
    ])(
      'where two accounts are %s, what a transaction paid settles each satoshi once',
      async (_, accounts, outputs) => {
        await open({ commissionBp: 0n })
        const { address } = installation.rail.destination(payees.account.text, 0)
        for (const [number, destination] of accounts(address).entries())
          await openAccount(installation, `payee${number}`, destination)
        const owed = await owing(installation, [
          { units: 50_000n, payTo: 'payee0' },
          { units: 50_000n, payTo: 'payee1' },
        ])
        const coins = await installation.db.all<{ id: string; txid: string }>(
          sql`select id, txid from coins order by id`,
        )
        const spent = coins
          .slice(0, outputs)
          .map(({ id, txid }) => ({ txid, vout: Number(id.split(':')[1]) }))
        const pays = [address, installation.rail.destination(payees.account.text, 1).address]
          .slice(0, outputs)
          .map(to => ({ [to]: coinsText(49_500n) }))
        const app = (await node.rpc<string[]>('listwallets')).filter(name => name.startsWith('own')).at(-1)!
        const raw = await node.rpc<string>('createrawtransaction', [spent, pays])
        const { hex } = await node.rpc<{ hex: string }>('signrawtransactionwithwallet', [raw], app)
        const { txid } = await node.rpc<{ txid: string }>('decoderawtransaction', [hex])
        await mineOnly(installation, 1, [hex])
        expect(await installation.send()).toMatchObject({ bundled: 0 })
        const settle = ({ id }: { id: string }) =>
          settlePaidElsewhere(installation.db, installation.app.rails, installation.world, id, {
            by: 'ana',
            why: 'he paid it',
            ref: txid,
          })
        expect(await settle(owed[0]!)).toMatchObject({ is: 'settled' })
        if (outputs === 2) expect(await settle(owed[1]!)).toMatchObject({ is: 'settled' })
        else await expect(settle(owed[1]!)).rejects.toThrow(/ were settled with it before$/)
        expect(await installation.audit()).toEqual([])
      },
    )

    test('what a transaction paid the miners settles once, however many accounts it paid', async () => {
      await open({ commissionBp: 0n })
      const pays = [47_000n, 47_000n, 47_000n, 20_000n].map((units, number) => ({
        units,
        address: installation.rail.destination(payees.account.text, number).address,
      }))
      for (const [number, { address }] of pays.entries())
        await openAccount(installation, `payee${number}`, address)
      const owed = await owing(installation, [
        { units: 50_000n, payTo: 'payee0' },
        { units: 50_000n, payTo: 'payee1' },
        { units: 50_000n, payTo: 'payee2', parts: [48_000n, 2_000n] },
        // Of what it was paid, half stays to be settled: that is not for the others.
        { units: 10_000n, payTo: 'payee3' },
        { units: 10_000n, payTo: 'payee3' },
      ])
      const coins = await installation.db.all<{ id: string; txid: string }>(
        sql`select id, txid from coins where units <> 2000`,
      )
      const spent = coins.map(({ id, txid }) => ({ txid, vout: Number(id.split(':')[1]) }))
      const app = (await node.rpc<string[]>('listwallets')).filter(name => name.startsWith('own')).at(-1)!
      const to = pays.map(({ address, units }) => ({ [address]: coinsText(units) }))
      const raw = await node.rpc<string>('createrawtransaction', [spent, to])
      const { hex } = await node.rpc<{ hex: string }>('signrawtransactionwithwallet', [raw], app)
      const { txid } = await node.rpc<{ txid: string }>('decoderawtransaction', [hex])
      await mineOnly(installation, 1, [hex])
      await installation.send()
      const settle = ({ id }: { id: string }) =>
        settlePaidElsewhere(installation.db, installation.app.rails, installation.world, id, {
          by: 'ana',
          why: 'he paid it',
          ref: txid,
        })
      for (const payout of [owed[0]!, owed[3]!, owed[1]!])
        expect(await settle(payout)).toMatchObject({ is: 'settled' })
      await expect(settle(owed[2]!)).rejects.toThrow(/ were settled with it before$/)
      expect(await settle(owed[4]!)).toMatchObject({ is: 'settled' })
      expect(await installation.audit()).toEqual([])
    })

    describe('a payout that was settled by a transaction of one block, which is left behind,', () => {
      let destination: string
      let paying: { txid: string; hex: string }
      let other: { txid: string; hex: string }
      /**
       * Two more that would pay it from the same coin, of a smaller number than its own and of a larger one.
       */
      const alike: Partial<Record<'before' | 'after', { txid: string; hex: string }>> = {}
      const payout = async () => (await installation.payouts())[0]!
      const settle = async (ref: string) =>
        settlePaidElsewhere(
          installation.db,
          installation.app.rails,
          installation.world,
          (await payout()).id,
          {
            by: 'ana',
            why: 'he paid it',
            ref,
          },
        )
      /** The last block is left for two others, which have these transactions. */
      const leave = async (hex: string[]) => {
        const height = await node.rpc<number>('getblockcount')
        await node.rpc('invalidateblock', [await node.rpc<string>('getblockhash', [height])])
        await mineOnly(installation, 2, hex, false)
        await installation.look()
      }
      const letGo = () => installation.db.tx(tx => tx.run(sql`delete from settings where name = 'hold'`))
      beforeEach(async () => {
        await open({})
        const [request] = await installation.issue()
        await installation.pay(request!.provider_id!, request!.units)
        await installation.bury(6)
        destination = (await installation.db.one<{ destination: string }>(
          sql`select destination from accounts`,
        ))!.destination
        const app = (await node.rpc<string[]>('listwallets')).filter(name => name.startsWith('own')).at(-1)!
        const [coin] = await installation.coins(request!.id)
        const spent = [{ txid: coin!.txid, vout: Number(coin!.id.split(':')[1]) }]
        const sign = async (to: string, fee = 1_000n) => {
          const raw = await node.rpc<string>('createrawtransaction', [
            spent,
            [{ [to]: coinsText(coin!.units - fee) }],
          ])
          const { hex } = await node.rpc<{ hex: string }>('signrawtransactionwithwallet', [raw], app)
          return { hex, txid: (await node.rpc<{ txid: string }>('decoderawtransaction', [hex])).txid }
        }
        paying = await sign(destination)
        Object.assign(alike, { before: undefined, after: undefined })
        for (let fee = 1_001n; !alike.before || !alike.after; fee++) {
          const one = await sign(destination, fee)
          alike[one.txid < paying.txid ? 'before' : 'after'] = one
        }
        other = await sign(await node.rpc<string>('getnewaddress', ['other', 'bech32'], 'payer'))
        await mineOnly(installation, 1, [paying.hex])
        expect(await settle(paying.txid)).toMatchObject({ is: 'settled' })
        expect((await payout()).state).toBe('paid')
        await letGo()
      })
      const leftWhy = () =>
        expect.stringMatching(new RegExp(`^${paying.txid}, by which it was settled, has left the chain: `))

      test.each([
        ['for nothing', () => []],
        ['for another that spends its coin', () => [other.hex]],
      ])('%s, is held: nobody has been paid', async (_, instead) => {
        await leave(instead())
        expect(await payout()).toMatchObject({ state: 'held', why: leftWhy() })
        await mineOnly(installation, 8)
        expect([(await payout()).state, await heldAt(installation, destination)]).toEqual(['held', 0n])
        expect(await needed()).toContainEqual(expect.stringContaining((await payout()).id))
        expect(await installation.audit()).toEqual([])
      })

      test.each(['before', 'after'] as const)(
        'for one that pays it as well and stands %s it in the order of numbers, is paid by whichever the chain has',
        async place => {
          const instead = alike[place]!
          await leave([instead.hex])
          expect((await payout()).state).toBe('held')
          await settle(instead.txid)
          await letGo()
          const height = await node.rpc<number>('getblockcount')
          await node.rpc('invalidateblock', [await node.rpc<string>('getblockhash', [height - 1])])
          await mineOnly(installation, 3, [paying.hex], false)
          await installation.look()
          expect(await payout()).toMatchObject({ state: 'paid', why: null })
          expect(await installation.audit()).toEqual([])
        },
      )

      test('is paid again once a block has it, as often as that happens', async () => {
        for (let times = 0; times < 2; times++) {
          await leave([])
          expect((await payout()).state).toBe('held')
          await mineOnly(installation, 1, [paying.hex])
          expect(await payout()).toMatchObject({ state: 'paid', why: null })
        }
        await letGo()
        await installation.bury(6)
        const { id } = await payout()
        expect((await needed()).filter(says => says.includes(id))).toEqual([])
        expect(await installation.audit()).toEqual([])
      })
    })

    test('a credited payment that is in no block any more is said', async () => {
      await open({})
      const [request] = await installation.issue()
      await installation.pay(request!.provider_id!, request!.units)
      await installation.bury(6)
      const [coin] = await installation.coins(request!.id)
      const turned = await reorganise(node, 6)
      await installation.look()
      expect(await needed()).toContainEqual(
        `the credited payment of 0.00016667 BTC to request ${request!.id} left the chain: coin ${coin!.id}`,
      )
      await turnBack(node, turned)
      await installation.look()
      expect(await needed()).toEqual([])
    })

    test('blocks below the first one read are entered, and nothing is found twice', async () => {
      await open({})
      const tip = Number((await tipOf(installation.db))!.height)
      const parts = {
        db: installation.db,
        rail: installation.rail,
        bitcoin: { ...installation.bitcoin, watching: newWatching(installation.rail) },
        world: installation.world,
      }
      expect(await scan(parts, tip - 10, () => undefined)).toMatchObject({
        from: tip - 10,
        to: tip,
        entered: 10,
      })
      expect(await scan(parts, tip - 10, () => undefined)).toMatchObject({ entered: 0 })
    })
  })
})
