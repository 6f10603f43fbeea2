/** Payouts that a person signs elsewhere, and the policy that is asked again whoever signs. */
import { Psbt } from 'bitcoinjs-lib'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { BadInput, done } from '../src/base/answer.ts'
import { changeLimits, handOut, minedIn, waitingTransactions } from '../src/payout/payout.ts'
import type { Plan, PlanOrder } from '../src/rails/chain.ts'
import { sql } from '../src/db/db.ts'
import { bitcoindAvailable, startBitcoind, type Bitcoind } from './testbed/bitcoind.ts'
import {
  openChainInstallation,
  type ChainInstallation,
  type ChainInstallationOptions,
} from './testbed/chainInstallation.ts'
import { bundlesOf, mineOnly, openAccount, owing, paysOnNode, reorganise } from './testbed/owing.ts'
import { signByScure } from './testbed/wallet.ts'
import {
  approveAndDo,
  holdPayout,
  objectToAccount,
  objectToLimits,
  proposeAccountClear,
  proposeLimitsClear,
  importSigned,
} from './testbed/acts.ts'

const hour = 3_600_000

describe.skipIf(!bitcoindAvailable())('a bundle', () => {
  let node: Bitcoind
  let installation: ChainInstallation
  beforeAll(async () => {
    node = await startBitcoind()
  })
  afterAll(() => node?.stop())
  afterEach(() => installation?.close())
  const open = async (options: Partial<ChainInstallationOptions> = {}) => {
    installation = await openChainInstallation({ node, signer: 'psbt', commissionBp: 0n, ...options })
    installation.rail.feeRate = async () => done(feeRate)
    return installation
  }
  const address = () => node.rpc<string>('getnewaddress', ['payee', 'bech32'], 'payer')
  const feeRate = 5_000n
  const bring = (text: string) => importSigned(installation.db, installation.rail, text, 'signer')
  const newest = async () => (await bundlesOf(installation)).at(-1)!
  const psbtOf = async () => (await newest()).offers.at(-1)!.read.psbt

  /** As `bitcoin psbt export` hands it out. */
  const forSigner = async (bundleId: string, plan: Pick<Plan, 'psbt'>) => {
    const answer = await installation.rail.forSigner(plan, await minedIn(installation.db, bundleId))
    return answer.is === 'done' ? answer.value : expect.unreachable(answer.why)
  }

  const byNode = async (psbt: string) => {
    const wallets = await node.rpc<string[]>('listwallets')
    const apps = wallets
      .filter(name => name.startsWith('own'))
      .sort((a, b) => Number.parseInt(a.slice(5)) - Number.parseInt(b.slice(5)))
    return (await node.rpc<{ psbt: string }>('walletprocesspsbt', [psbt], apps.at(-1)!)).psbt
  }
  const signers = {
    bitcoinjs: (psbt: string) => installation.wallet.sign(psbt),
    'a node': byNode,
    '@scure/btc-signer': (psbt: string) => signByScure(installation.wallet, psbt),
  }
  test('is not signed while somebody objects to an account in it, and is once that is cleared', async () => {
    await open()
    await openAccount(installation, 'other', await address())
    const [certain, doubted] = await owing(installation, [
      { units: 200_000n },
      { units: 150_000n, payTo: 'other' },
    ])
    await installation.send()
    const signed = await byNode(await psbtOf())
    await objectToAccount(installation.db, installation.world, 'other', { by: 'ana', why: 'who is that' })
    await expect(bring(signed)).rejects.toThrow('somebody objects to its account other (ana): who is that')
    const [waiting] = await waitingTransactions(installation.db)
    expect((await handOut(installation.db, installation.rail, waiting!)).is).toBe('objected')
    const { proposal } = await proposeAccountClear(installation.db, installation.world, 'other', {
      by: 'bruno',
      why: 'the payee was called',
    })
    await approveAndDo(installation.app, proposal.id, { by: 'carla' })
    expect(await bring(signed)).toMatchObject({ already: false })
    await installation.send()
    await installation.bury(6)
    const states = new Map((await installation.payouts()).map(({ id, state }) => [id, state]))
    expect([certain!, doubted!].map(({ id }) => states.get(id))).toEqual(['paid', 'paid'])
  })

  test('is not signed while somebody objects to the limits that let it go, and is once that is cleared', async () => {
    await open()
    const limit = async (payout: bigint) => {
      const change = { asset: 'BTC', wanted: { payout }, by: 'maker', why: 'a test' } as const
      const changed = await installation.db.tx(tx => changeLimits(tx, installation.world, change))
      if ('proposal' in changed) await approveAndDo(installation.app, changed.proposal.id, { by: 'checker' })
    }
    await limit(100_000n)
    await limit(300_000n)
    await owing(installation, [{ units: 200_000n }])
    await installation.send()
    const signed = await byNode(await psbtOf())
    await objectToLimits(installation.db, installation.world, 'installation BTC', {
      by: 'ana',
      why: 'nobody decided that',
    })
    await expect(bring(signed)).rejects.toThrow(
      'ana objects to the limits of all payouts in BTC, so 0.00100000 BTC for one payout counts',
    )
    const { proposal } = await proposeLimitsClear(installation.db, installation.world, 'installation BTC', {
      by: 'bruno',
      why: 'the board did',
    })
    await approveAndDo(installation.app, proposal.id, { by: 'carla' })
    expect(await bring(signed)).toMatchObject({ already: false })
  })

  test.each(['wpkh', 'tr'] as const)(
    'of a %s account waits for its signature, and is sent and paid whichever program signed it',
    async kind => {
      await open({ kind })
      for (const sign of Object.values(signers)) {
        await owing(installation, [{ units: 60_000n }, { units: 200_000n, parts: [120_000n, 80_000n] }])
        expect(await installation.send()).toMatchObject({ bundled: 2, signed: 0, sent: 0, later: 0 })
        expect(await installation.send()).toMatchObject({ bundled: 0, signed: 0, sent: 0, later: 0 })
        const { id: bundleId, offers, state } = await newest()
        expect(state).toBe('planned')
        expect(await node.rpc('getrawmempool')).toEqual([])

        const handed = await forSigner(bundleId, offers[0]!.read)
        expect(handed.without).toEqual([])
        for (const { nonWitnessUtxo } of Psbt.fromBase64(handed.psbt).data.inputs)
          expect(nonWitnessUtxo !== undefined).toBe(kind === 'wpkh')
        expect(await bring(await sign(handed.psbt))).toEqual({
          is: 'imported',
          bundleId,
          txid: offers[0]!.id,
          already: false,
        })
        expect(await installation.send()).toMatchObject({ sent: 1 })
        expect(await node.rpc('getrawmempool')).toEqual([offers[0]!.id])
      }
      await installation.bury(6)
      expect((await installation.payouts()).map(({ state }) => state)).toEqual(Array(6).fill('paid'))
      expect(await installation.audit()).toEqual([])
    },
  )

  test('takes nothing back but what was asked for, whole, and says what is wrong', async () => {
    await open()
    await owing(installation, [{ units: 200_000n, parts: [120_000n, 80_000n] }])
    await owing(installation, [{ units: 300_000n, parts: [290_000n, 10_000n] }])
    await installation.send()
    const { read } = (await newest()).offers[0]!
    const theirs = await address()
    const payees = read.outputs.flatMap(({ key, units, feeShare, script }) =>
      key ? [{ key, units: units + feeShare, script }] : [],
    )
    const order: PlanOrder = {
      ...{
        coins: read.inputs,
        payees,
        feeRate,
        mostFeeRate: 100_000n,
        change: { index: 0 },
        lockTime: read.lockTime,
      },
    }
    const altered = (other: Partial<PlanOrder>) => {
      const planned = installation.rail.plan({ ...order, ...other })
      return planned.is === 'planned'
        ? installation.wallet.sign(planned.plan.psbt)
        : expect.unreachable(planned.is)
    }
    const script = installation.rail.destination(theirs, 0).script
    const wrong: [string, string | RegExp][] = [
      [
        altered({ payees: payees.map((payee, place) => (place === 0 ? { ...payee, script } : payee)) }),
        theirs,
      ],
      [altered({ feeRate: 4n * feeRate }), /too few|too many|pays \d+ satoshis/],
      [altered({ lockTime: read.lockTime - 1 }), /lock time is \d+/],
      [installation.wallet.sign(read.psbt, [0]), 'not every input is signed'],
      [read.psbt, 'not every input is signed'],
      ['', 'not what was asked for'],
      ['cHNidP8BAHE=', 'not what was asked for'],
      ['what is this?', 'not what was asked for'],
    ]
    for (const [text, why] of wrong) {
      const refused = await bring(text).catch((error: unknown) => error)
      expect(refused).toBeInstanceOf(BadInput)
      expect((refused as BadInput).message).toMatch(why)
    }
    expect(await newest()).toMatchObject({ state: 'planned', offers: [{ raw: null }] })

    const right = installation.wallet.sign(read.psbt)
    expect(await bring(right)).toMatchObject({ already: false })
    expect(await bring(right)).toMatchObject({ already: true })
    await installation.send()
    expect(await bring(right)).toMatchObject({ already: true })
    expect(await installation.db.all(sql`select act from audit where act = 'bundle signed'`)).toHaveLength(1)
    await installation.bury(6)
    expect(await bring(right)).toMatchObject({ already: true })
    expect(await installation.audit()).toEqual([])
  })

  test('is known among several by what it spends, and whose change comes back to another number is refused', async () => {
    await open()
    await openAccount(installation, 'other', await address())
    const [large] = await owing(installation, [
      { units: 200_000n },
      { units: 90_000n, parts: [45_000n, 45_000n] },
    ])
    // Held, so that its coin alone covers the other, and comes back in part.
    await holdPayout(installation.db, large!.id, { by: 'someone', why: 'the story says so' })
    await installation.send()
    await owing(installation, [{ units: 70_000n, payTo: 'other' }])
    await installation.send()
    const [first, second] = await bundlesOf(installation)
    const { read } = first!.offers[0]!
    expect(read.outputs.some(({ key }) => key === undefined)).toBe(true)
    const payees = read.outputs.flatMap(({ key, units, feeShare, script }) =>
      key ? [{ key, units: units + feeShare, script }] : [],
    )
    const elsewhere = installation.rail.plan({
      ...{
        coins: read.inputs,
        payees,
        feeRate,
        mostFeeRate: 100_000n,
        change: { index: 5 },
        lockTime: read.lockTime,
      },
    })
    if (elsewhere.is !== 'planned') return expect.unreachable(elsewhere.is)
    await expect(bring(installation.wallet.sign(elsewhere.plan.psbt))).rejects.toThrow(
      installation.rail.derive('change', 5).address,
    )

    expect(await bring(installation.wallet.sign(second!.offers[0]!.read.psbt))).toMatchObject({
      bundleId: second!.id,
    })
    expect(await bring(installation.wallet.sign(read.psbt))).toMatchObject({ bundleId: first!.id })
    expect(await installation.send()).toMatchObject({ sent: 2 })
    await installation.bury(6)
    expect(await installation.audit()).toEqual([])
  })

  test('that a person sent without bringing it back is booked as the chain has it', async () => {
    await open()
    await owing(installation, [{ units: 60_000n }])
    await installation.send()
    const { id: txid, read } = (await newest()).offers[0]!
    const raw = signByScure(installation.wallet, read.psbt)
    await node.rpc('sendrawtransaction', [raw])
    await installation.look()
    await mineOnly(installation, 1, [txid])
    expect(await newest()).toMatchObject({ state: 'mined', booked: txid })
    expect(await bring(raw)).toMatchObject({ txid, already: true })

    // Left behind, it is again one that waits for its signature.
    await reorganise(installation, 1)
    expect(await newest()).toMatchObject({
      state: 'sent',
      booked: null,
      offers: [{ state: 'planned', raw: null }],
    })
    expect(await bring(raw)).toMatchObject({ txid, already: false })
    await installation.send()
    await installation.bury(6)
    expect(await installation.payouts()).toMatchObject([{ state: 'paid' }])
    expect(await installation.audit()).toEqual([])
  })

  test('that comes back signed while payouts are stopped is kept, and sent once they go on', async () => {
    await open()
    await owing(installation, [{ units: 60_000n }])
    await installation.send()
    await installation.db.tx(tx =>
      tx.run(sql`insert into settings (name, value) values ('hold', 'a person stopped them')`),
    )
    expect(await bring(installation.wallet.sign(await psbtOf()))).toMatchObject({ already: false })
    expect(await installation.send()).toMatchObject({ sent: 0, later: 1 })
    expect(await node.rpc('getrawmempool')).toEqual([])
    await installation.db.tx(tx => tx.run(sql`delete from settings where name = 'hold'`))
    expect(await installation.send()).toMatchObject({ sent: 1 })
    await installation.bury(6)
    expect(await installation.audit()).toEqual([])
  })

  test.each(['wallet', 'psbt'] as const)(
    'above what the policy allows in a day is not signed by %s before the day is over',
    async signer => {
      await open({ signer, policy: () => '{"maxPerDay": "0.001", "maxPerTransaction": "0.0009"}' })
      const sign = async () =>
        signer === 'psbt' ? bring(installation.wallet.sign(await psbtOf())) : undefined
      await owing(installation, [{ units: 60_000n }])
      await installation.send()
      await sign()
      await installation.send()
      await owing(installation, [{ units: 50_000n }])
      // Nothing is planned that could not be signed: it waits, and says for what.
      expect(await installation.send()).toMatchObject({ bundled: 0, signed: 0 })
      const why =
        'it spends 0.00050000 BTC with its fee, 0.00060000 BTC were spent today, and the signing policy allows 0.00100000 BTC a day'
      expect((await installation.payouts())[1]).toMatchObject({ state: 'owed', why })

      await installation.pass(24 * hour)
      expect(await installation.send()).toMatchObject({ bundled: 1, signed: signer === 'wallet' ? 1 : 0 })
      await sign()
      await installation.send()
      await installation.bury(6)
      expect((await installation.payouts()).map(({ state }) => state)).toEqual(['paid', 'paid'])

      await owing(installation, [{ units: 95_000n }])
      await installation.pass(24 * hour)
      await installation.send()
      expect((await installation.payouts())[2]).toMatchObject({
        state: 'owed',
        why: expect.stringContaining('allows 0.00090000 BTC at once'),
      })
      expect(await installation.audit()).toEqual([])
    },
  )

  test('is held against the policy as it stands at that moment, and waits while it cannot be read', async () => {
    const asked = vi.fn(() => '{}')
    await open({ signer: 'wallet', policy: asked })
    await owing(installation, [{ units: 60_000n }])
    // Made stricter between the plan and the signature.
    const { sign } = installation.rail
    installation.rail.sign = async () => ({ is: 'refused', why: 'not now', again: true })
    expect(await installation.send()).toMatchObject({ bundled: 1, signed: 0 })
    installation.rail.sign = sign
    asked.mockReturnValue('{"maxPerTransaction": "0.0001"}')
    await installation.pass(hour)
    expect(await installation.send()).toMatchObject({ signed: 0 })
    expect(await newest()).toMatchObject({ why: expect.stringContaining('allows 0.00010000 BTC at once') })
    for (const broken of ['{"maxPerTransaction": ', '{"mostPerTransaction": "1"}']) {
      asked.mockReturnValue(broken)
      await installation.pass(hour)
      expect(await installation.send()).toMatchObject({ signed: 0 })
      expect(await newest()).toMatchObject({
        why: expect.stringContaining('nothing is signed without the signing policy: '),
      })
    }
    asked.mockImplementation(() => {
      throw new BadInput('BITCOIN_POLICY_FILE cannot be read (ENOENT)')
    })
    await installation.pass(hour)
    expect(await installation.send()).toMatchObject({ signed: 0 })
    expect(await newest()).toMatchObject({ why: expect.stringContaining('ENOENT') })
    asked.mockReturnValue('{"maxPerTransaction": "0.01"}')
    await installation.pass(hour)
    expect(await installation.send()).toMatchObject({ signed: 1, sent: 1 })
    await installation.bury(6)
    expect(await installation.audit()).toEqual([])
  })

  test('to whom the policy does not allow is not signed, whoever approved the account [security 4]', async () => {
    const allowed = await address()
    await open({ signer: 'wallet', destination: allowed, policy: () => JSON.stringify({ allow: [allowed] }) })
    const stranger = await address()
    await openAccount(installation, 'stranger', stranger)
    const [right] = await owing(installation, [{ units: 60_000n }])
    expect(await installation.send()).toMatchObject({ signed: 1, sent: 1 })
    expect(await paysOnNode(installation, (await newest()).offers[0]!.id)).toMatchObject([
      { address: allowed },
    ])
    await owing(installation, [{ units: 70_000n, payTo: 'stranger' }])
    // The newest of a batch, and the one that is refused alone waits alone.
    await owing(installation, [{ units: 80_000n }])
    expect(await installation.send()).toMatchObject({ bundled: 1, signed: 1, sent: 1 })
    const waiting = (await installation.payouts()).find(({ state }) => state === 'owed')
    expect(waiting).toMatchObject({
      units: 70_000n,
      why: expect.stringContaining(`to ${stranger}, which the signing policy`),
    })
    expect((await installation.payouts()).find(({ id }) => id === right!.id)).toMatchObject({ state: 'paid' })
    expect(await installation.audit()).toEqual([])
  })
})
