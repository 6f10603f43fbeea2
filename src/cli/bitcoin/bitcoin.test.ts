/**
 * `repasse bitcoin`, and what doctor, status, reconcile and the books' check say of a chain: on an
 * installation with a real node.
 */
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { Psbt } from 'bitcoinjs-lib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bitcoindAvailable, freePort, startBitcoind, type Bitcoind } from '../../../test/testbed/bitcoind.ts'
import { openChainInstallation, type ChainInstallation } from '../../../test/testbed/chainInstallation.ts'
import { openTerminal } from '../../../test/testbed/terminal.ts'
import { wallet } from '../../../test/testbed/wallet.ts'
import type { InvoiceRow } from '../../invoice/invoice.ts'
import { sql } from '../../db/db.ts'
import { readiness, status } from '../../queries/status.ts'

const there = bitcoindAvailable()

describe.skipIf(!there)(there ? 'on a real bitcoind' : 'no bitcoind is to be had on this machine', () => {
  const { at, env, repasse: say } = openTerminal()
  let node: Bitcoind
  let installation: ChainInstallation
  let paid: InvoiceRow
  let zmq: { both: string; blocks: string }
  beforeAll(async () => {
    const [both, blocks] = [await freePort(), await freePort()]
    zmq = { both: `tcp://127.0.0.1:${both}`, blocks: `tcp://127.0.0.1:${blocks}` }
    const extra = [
      `-zmqpubhashblock=${zmq.both}`,
      `-zmqpubhashtx=${zmq.both}`,
      `-zmqpubhashblock=${zmq.blocks}`,
    ]
    node = await startBitcoind({ extra })
    installation = await openChainInstallation({
      node,
      databaseUrl: env.DATABASE_URL,
      signer: 'psbt',
      count: 2,
    })
  })
  afterAll(async () => {
    await installation?.close()
    await node?.stop()
  })
  const settings = () => ({
    ...{
      BITCOIN_NETWORK: 'regtest',
      BITCOIN_DESCRIPTOR: installation.wallet.account.text,
      BITCOIN_RPC_URL: node.url,
      LOG_LEVEL: 'silent',
    },
    ...{ BITCOIN_RPC_COOKIE_FILE: node.cookieFile, RATE_FIXED: 'BTC-BRL 600000.00' },
  })
  const repasse = (words: string[], more: Record<string, string> = {}) =>
    say(words, { ...settings(), ...more })
  // oxlint-disable-next-line typescript/no-explicit-any -- a test knows what it asked for
  const told = async (...words: string[]): Promise<any> =>
    JSON.parse((await repasse([...words, '--json'])).out)
  type Check = { check: string; is: string; says: string; run?: string }
  const doctor = async (more: Record<string, string> = {}): Promise<Record<string, Check>> => {
    const checks = JSON.parse((await repasse(['doctor', '--json'], more)).out) as Check[]
    return Object.fromEntries(checks.map(check => [check.check, check]))
  }
  const waiting = async (): Promise<string> => (await told('bitcoin', 'psbt', 'list'))[0].bundle

  test('an installation without a bank is well, and its first addresses are shown to be compared', async () => {
    const found = await doctor()
    expect([found['bank'], found['key file'], found['webhook']]).toEqual([undefined, undefined, undefined])
    expect(found['account']!.says).toContain(
      `receive 1: ${installation.rail.derive('receive', 1).address} (${installation.rail.derive('receive', 1).path})`,
    )
    expect(found['account']!.says).toContain(`change 0: ${installation.rail.derive('change', 0).address}`)
    expect(found).toMatchObject({
      node: { is: 'ok' },
      chain: { is: 'ok' },
      signer: { is: 'ok' },
      'fee rate': { is: 'ok' },
      rate: { is: 'warn' },
    })
    expect(
      await installation.db.all(sql`select 1 as yes from settings where name = 'bitcoin identity'`),
    ).toEqual([])
  })

  test('doctor compares where hints are listened to with where the node gives them', async () => {
    const hints = async (url: string) => (await doctor({ BITCOIN_ZMQ_URL: url }))['hints']
    expect(await hints(zmq.both)).toMatchObject({ is: 'ok' })
    expect(await hints(zmq.blocks)).toMatchObject({
      is: 'warn',
      says: expect.stringContaining('does not publish hashtx at port'),
    })
    expect(await hints('tcp://127.0.0.1:1')).toMatchObject({
      is: 'warn',
      says: expect.stringContaining('does not publish hashblock and hashtx at port 1'),
      run: expect.stringContaining('-zmqpubhashblock=tcp://ADDRESS:1 -zmqpubhashtx=tcp://ADDRESS:1'),
    })
  })

  test('doctor names the wrong network, another account’s node, a wallet that is not there and a policy that is missing', async () => {
    expect((await doctor({ BITCOIN_NETWORK: 'testnet4' }))['node']).toMatchObject({
      is: 'error',
      says: expect.stringContaining('follows the chain "regtest"'),
      run: expect.stringContaining('BITCOIN_NETWORK'),
    })
    const found = await doctor({ BITCOIN_SIGNER: 'wallet', BITCOIN_WALLET: 'nobody’s' })
    expect(found['signer']).toMatchObject({ is: 'error', says: expect.stringContaining('nobody’s') })
    expect(found['signing policy']).toMatchObject({ is: 'warn' })
    const [unquoted] = installation.wallet.account.text.split('#')
    expect((await doctor({ BITCOIN_DESCRIPTOR: unquoted! }))['bitcoin']).toMatchObject({
      is: 'error',
      says: expect.stringMatching(
        /^BITCOIN_DESCRIPTOR: the descriptor has no checksum.*put quotes around the whole$/,
      ),
    })
    expect((await doctor({ BITCOIN_RPC_URL: 'http://127.0.0.1:1' }))['node']).toMatchObject({ is: 'error' })
    expect((await doctor({ RATE_FIXED: '', RATES_FILE: at('nothing.json') }))['rate']).toMatchObject({
      is: 'error',
      says: expect.stringContaining('file: RATES_FILE cannot be read'),
    })
  })

  test('doctor tells a wallet that has other keys, and one that does not know the next addresses yet', async () => {
    const signer = async (wallet: string) =>
      (await doctor({ BITCOIN_SIGNER: 'wallet', BITCOIN_WALLET: wallet }))['signer']
    await node.rpc('createwallet', ['other keys'])
    expect(await signer('other keys')).toMatchObject({
      is: 'error',
      says: expect.stringContaining(
        `does not know our first address ${installation.rail.derive('receive', 0).address}`,
      ),
      run: expect.stringContaining('importdescriptors'),
    })

    await node.rpc('createwallet', ['short', false, true])
    const wanted = await Promise.all(
      (['receive', 'change'] as const).map(async branch => {
        const text = installation.wallet.privateText(branch)
        const { checksum } = await node.rpc('getdescriptorinfo', [text])
        return {
          desc: `${text}#${checksum}`,
          timestamp: 'now',
          active: true,
          internal: branch === 'change',
          range: [0, 9],
        }
      }),
    )
    expect(await node.rpc('importdescriptors', [wanted], 'short')).toMatchObject([
      { success: true },
      { success: true },
    ])
    expect(await signer('short')).toMatchObject({ is: 'ok' })
    await installation.db.tx(tx =>
      tx.run(sql`update chain_branches set next_index = next_index + 5000 where branch = 'change'`),
    )
    const told = (await signer('short'))!
    expect(told).toMatchObject({
      is: 'error',
      says: expect.stringContaining('does not know our next address'),
    })
    expect(told.says).toContain(installation.rail.derive('change', 5000).path)

    const size = Number(/keypoolrefill (\d+)/.exec(told.run!)![1])
    await node.rpc('keypoolrefill', [size], 'short')
    expect(await signer('short')).toMatchObject({ is: 'ok' })
    await installation.db.tx(tx =>
      tx.run(sql`update chain_branches set next_index = next_index - 5000 where branch = 'change'`),
    )
  })

  test('a last block the node does not know is an error, and far behind is a warning', async () => {
    const tip = (await installation.db.one<{ hash: string }>(
      sql`select hash from chain_blocks where active = 1 order by height desc limit 1`,
    ))!
    await installation.db.tx(tx =>
      tx.run(sql`update chain_blocks set hash = ${'00'.repeat(32)} where hash = ${tip.hash}`),
    )
    expect((await doctor())['chain']).toMatchObject({
      is: 'error',
      says: expect.stringContaining('does not know block'),
    })
    await installation.db.tx(tx =>
      tx.run(sql`update chain_blocks set hash = ${tip.hash} where hash = ${'00'.repeat(32)}`),
    )
    await installation.mine(4)
    expect((await doctor())['chain']).toMatchObject({
      is: 'warn',
      says: expect.stringContaining('4 behind the node'),
    })
    await installation.look()
    expect((await doctor())['chain']).toMatchObject({ is: 'ok' })
  })

  test('the origin of our key may be left out or added later, and another account is refused', async () => {
    const { text } = installation.wallet.account
    expect((await repasse(['reconcile'])).code).toBe(0)
    const [key] = /tpub\w+/.exec(text)!
    expect(await repasse(['bitcoin', 'status'], { BITCOIN_DESCRIPTOR: key })).toMatchObject({
      code: 0,
      err: '',
    })
    const other = await repasse(['bitcoin', 'status'], {
      BITCOIN_DESCRIPTOR: wallet('tr', 'regtest', 4711).account.text,
    })
    expect([other.code, other.err]).toEqual([
      2,
      expect.stringContaining(`this database belongs to regtest/${text}`),
    ])
  })

  test('addresses are listed with what came to each, and one that was changed is told', async () => {
    const [first] = (await installation.issue()) as [InvoiceRow]
    paid = first
    await installation.pay(paid.provider_id!, paid.units)
    await installation.bury(1)
    expect(await told('bitcoin', 'address', 'list', '--limit', '1')).toEqual([
      {
        ...{
          number: 0,
          branch: 'receive',
          address: paid.provider_id,
          path: installation.rail.derive('receive', 0).path,
          derivesTheSame: true,
        },
        ...{ invoice: paid.id, received: { amount: '0.00016667', units: '16667', asset: 'BTC' } },
      },
    ])
    expect(await told('bitcoin', 'address', 'list', '--branch', 'change')).toEqual([])
    await installation.db.tx(tx =>
      tx.run(sql`update chain_scripts set address = 'bcrt1qother' where number = 1 and branch = 'receive'`),
    )
    const { code, out, err } = await repasse(['bitcoin', 'address', 'list', '--from', '1'])
    expect([code, out, err]).toEqual([
      1,
      expect.stringContaining('DIFFERS'),
      expect.stringContaining('is BITCOIN_DESCRIPTOR the one'),
    ])
    await installation.db.tx(tx =>
      tx.run(
        sql`update chain_scripts set address = ${installation.rail.derive('receive', 1).address}
          where address = 'bcrt1qother'`,
      ),
    )
    expect((await repasse(['bitcoin', 'address', 'list', '--from', 'x'])).err).toContain(
      '--from "x" is not a whole number',
    )
  })

  test('status has the chain’s sums beside the bank’s, of which none is in the other', async () => {
    const now = await told('status')
    expect(now).toMatchObject({
      ...{ addsUp: true, invoices: { asked: { units: '0' }, counts: {} }, payouts: {} },
      bitcoin: {
        requests: {
          asked: { units: '33334' },
          paid: { units: '16667' },
          open: { units: '16667' },
          lost: { units: '0' },
        },
        money: { pending: { units: '16667' }, credited: { units: '0' }, onChain: { units: '16667' } },
        ...{ trouble: null, rate: { none: expect.any(String) } },
      },
    })
    const { out } = await repasse(['status'])
    expect(out).toMatch(/asked in BTC +0\.00033334 BTC = 0\.00016667 BTC open \+ 0\.00016667 BTC paid/)
    expect(out).not.toContain('at the bank')
  })

  test('what is planned waits for a person, who is shown whom it pays, and nothing else is taken back', async () => {
    await installation.bury(5)
    expect(await installation.send()).toMatchObject({ bundled: 1 })
    const bundle = await waiting()
    expect((await told('status')).needsPerson).toContain(
      `bundle ${bundle} waits for a signature: repasse bitcoin psbt export ${bundle}`,
    )

    const shown = await told('bitcoin', 'psbt', 'export', bundle)
    const { out, err } = await repasse(['bitcoin', 'psbt', 'export', bundle])
    expect(out).toBe(`${shown.psbt}\n`)
    expect(shown.lack).toBeNull()
    for (const { nonWitnessUtxo } of Psbt.fromBase64(out).data.inputs) expect(nonWitnessUtxo).toBeDefined()
    const alone = await repasse(['bitcoin', 'psbt', 'export', bundle], {
      BITCOIN_RPC_URL: 'http://127.0.0.1:1',
    })
    expect([alone.code, Psbt.fromBase64(alone.out).data.inputs[0]!.nonWitnessUtxo]).toEqual([0, undefined])
    expect(alone.err).toMatch(
      /without the transactions its coins come from, which some signers ask for: the connection to the node broke/,
    )
    expect(err).toMatch(
      new RegExp(`main +${shown.pays[0].address} +${shown.pays[0].amount} BTC .*an address of that account`),
    )
    expect((await repasse(['bitcoin', 'psbt', 'export', shown.txid, '--file', at('p.psbt')])).out).toBe('')
    expect([readFileSync(at('p.psbt'), 'utf8'), statSync(at('p.psbt')).mode & 0o777]).toEqual([
      `${shown.psbt}\n`,
      0o600,
    ])
    expect((await repasse(['bitcoin', 'psbt', 'export', bundle, '--file', at('p.psbt')])).err).toContain(
      'exists already',
    )
    expect((await repasse(['bitcoin', 'psbt', 'export', 'bun_x'])).code).toBe(2)

    expect(await repasse(['bitcoin', 'psbt', 'import', at('p.psbt')])).toMatchObject({
      code: 2,
      err: expect.stringContaining('not every input is signed'),
    })
    expect(await repasse(['bitcoin', 'psbt', 'import', at('none.psbt')])).toMatchObject({
      code: 2,
      err: expect.stringContaining('cannot be read (ENOENT)'),
    })
    writeFileSync(at('key.txt'), installation.wallet.privateText('receive'))
    const pasted = await repasse(['bitcoin', 'psbt', 'import', at('key.txt')])
    expect([pasted.code, pasted.err]).toEqual([
      2,
      expect.stringContaining('holds a private key, which belongs nowhere here'),
    ])
    writeFileSync(at('signed.psbt'), Buffer.from(installation.wallet.sign(shown.psbt), 'base64'))
    expect((await repasse(['payout', 'stop', '--why', 'a look', '--by', 'ana'])).code).toBe(0)
    const taken = await repasse(['bitcoin', 'psbt', 'import', at('signed.psbt'), '--by', 'ana'])
    expect([taken.code, taken.out]).toEqual([0, expect.stringContaining(`${shown.txid} is signed and kept`)])
    expect(taken.err).toContain('payouts are stopped, so it is not sent yet: ana: a look')
    expect(await told('bitcoin', 'psbt', 'import', at('signed.psbt'))).toMatchObject({
      bundle,
      txid: shown.txid,
      already: true,
    })

    // One switch for every payout, bundles among them.
    expect(await installation.send()).toMatchObject({ sent: 0 })
    expect((await repasse(['payout', 'go', '--why', 'looked', '--by', 'ana'])).code).toBe(0)
    expect(await installation.send()).toMatchObject({ sent: 1 })
    expect(await told('bitcoin', 'psbt', 'list')).toEqual([])
  })

  test('who would be paid otherwise than was approved is not put before a signer', async () => {
    const [, second] = await installation.db.all<InvoiceRow>(
      sql`select * from invoices order by address_index`,
    )
    await installation.pay(second!.provider_id!, second!.units)
    await installation.bury(6)
    expect(await installation.send()).toMatchObject({ bundled: 1 })
    const bundle = await waiting()
    const kept = (await installation.db.one<{ destination: string }>(sql`select destination from accounts`))!
      .destination
    await installation.db.tx(tx =>
      tx.run(sql`update accounts set destination = ${installation.rail.derive('change', 77).address}`),
    )
    const { code, out, err } = await repasse([
      'bitcoin',
      'psbt',
      'export',
      bundle,
      '--file',
      at('forged.psbt'),
    ])
    expect([code, out, existsSync(at('forged.psbt'))]).toEqual([1, '', false])
    expect(err).toContain('is not as it was approved')
    await installation.db.tx(tx => tx.run(sql`update accounts set destination = ${kept}`))
    expect((await repasse(['bitcoin', 'psbt', 'export', bundle])).code).toBe(0)
  })

  test('bundles are listed and shown with each of their transactions', async () => {
    expect(await told('bitcoin', 'bundle', 'list', '--state', 'paid')).toMatchObject([
      { state: 'paid', payouts: 1 },
    ])
    const { id } = (await told('bitcoin', 'bundle', 'list', '--state', 'paid'))[0]
    const { transactions, history } = await told('bitcoin', 'bundle', 'show', id)
    expect(transactions).toMatchObject([{ state: 'mined', number: 1, pays: [{ units: '16417' }] }])
    expect(history.map(({ to }: { to: string }) => to)).toEqual([
      'planned',
      'signed',
      'sent',
      'mined',
      'paid',
    ])
    expect((await repasse(['bitcoin', 'bundle', 'show', id])).out).toContain(
      `${transactions[0].txid} is mined in block`,
    )
    expect((await repasse(['bitcoin', 'bundle', 'show', 'bun_x'])).code).toBe(2)
  })

  test('the chain is read again from a block, and what was looked for is told for another wallet', async () => {
    const from = (await node.rpc<number>('getblockcount')) - 20
    expect(await told('bitcoin', 'scan', '--from', `${from}`)).toMatchObject({
      ...{
        descriptor: installation.rail.descriptor,
        range: { receive: [0, 1001] },
        from,
        to: from + 20,
        prunedBelow: null,
        coinsFound: 0,
        spendingsFound: 0,
      },
    })
    expect(await repasse(['bitcoin', 'scan', '--from', '999999'])).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringContaining('above the node’s tip'),
    })
    expect(await told('run', 'list', '--job', 'follow-chain')).toMatchObject([
      { outcome: 'done', summary: expect.stringContaining('read again, 0 news') },
    ])
  })

  test('reconcile reads the chain itself, and agrees to the satoshi; a difference stops payouts and ends with 1', async () => {
    await installation.mine(2)
    expect(await told('reconcile')).toMatchObject({
      agrees: true,
      bitcoin: { agrees: true, blocksRead: 2, differing: [], stopped: null },
    })
    const coin = (await installation.db.one<{ id: string }>(
      sql`select id from coins where spent_height is null`,
    ))!
    await installation.db.tx(tx => tx.run(sql`update coins set units = units + 1 where id = ${coin.id}`))
    const { code, out } = await repasse(['reconcile'])
    expect([code, out]).toEqual([1, expect.stringContaining(coin.id)])
    expect((await told('status')).stopped).toContain('the chain holds')
    await installation.db.tx(tx => tx.run(sql`update coins set units = units - 1 where id = ${coin.id}`))
    expect((await repasse(['reconcile'])).code).toBe(0)
    expect((await told('status')).stopped).toBe(null)
  })

  test('the check of the books can have the node search for our account', async () => {
    expect(await told('ledger', 'check', '--scan')).toMatchObject({ ok: true, scan: { agrees: true } })
    const coin = (await installation.db.one<{ id: string }>(
      sql`select id from coins where spent_height is null`,
    ))!
    await installation.db.tx(tx => tx.run(sql`update coins set spent_height = 1 where id = ${coin.id}`))
    const away = await repasse(['ledger', 'check', '--scan'], { BITCOIN_RPC_URL: 'http://127.0.0.1:1' })
    expect([away.code, away.err]).toEqual([1, expect.stringContaining('our account was not searched for: ')])
    const { code, out } = await repasse(['ledger', 'check', '--scan'])
    expect([code, out]).toEqual([
      1,
      expect.stringContaining(`we do not know ${coin.id}: "repasse bitcoin scan --from HEIGHT"`),
    ])
    await installation.db.tx(tx => tx.run(sql`update coins set spent_height = null where id = ${coin.id}`))
    expect(await told('ledger', 'check')).toMatchObject({ ok: true })
  }, 300_000)

  test('a node that is gone is said by bitcoin status, doctor and readiness, and requests are answered', async () => {
    const gone = { BITCOIN_RPC_URL: 'http://127.0.0.1:1' }
    expect(await repasse(['bitcoin', 'status'])).toMatchObject({
      code: 0,
      out: expect.stringContaining('as far as the node'),
    })
    expect(await repasse(['reconcile'], gone)).toMatchObject({
      code: 1,
      out: expect.stringContaining('was not compared'),
    })
    expect(await repasse(['bitcoin', 'status'], gone)).toMatchObject({
      code: 1,
      out: expect.stringContaining('trouble'),
    })
    expect(await readiness(installation.db)).toMatchObject({
      ready: true,
      checks: { chain: 'not followed: see repasse status' },
    })
    expect((await status(installation.db)).needsPerson).toContainEqual(
      expect.stringContaining('the chain cannot be followed'),
    )
    await installation.look()
    expect(await readiness(installation.db)).toMatchObject({ ready: true, checks: { chain: 'ok' } })
  })

  test('without a node each command says what to set', async () => {
    expect(
      await repasse(['bitcoin', 'psbt', 'list'], { BITCOIN_RPC_URL: '', BITCOIN_RPC_COOKIE_FILE: '' }),
    ).toMatchObject({
      code: 2,
      err: expect.stringContaining('BITCOIN_RPC_URL is not set'),
    })
  })
})
