/**
 * Requests on a real chain, as the command line tells them: what came, what is missing, what a person takes
 * on, and how it is paid on.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bitcoindAvailable, startBitcoind, type Bitcoind } from '../../test/testbed/bitcoind.ts'
import { openChainInstallation, type ChainInstallation } from '../../test/testbed/chainInstallation.ts'
import { accountAdd, openTerminal, scheduleAdd } from '../../test/testbed/terminal.ts'
import type { InvoiceRow } from '../invoice/invoice.ts'
import { derive } from '../rails/bitcoin/descriptor.ts'
import { sql } from '../db/db.ts'

const there = bitcoindAvailable()

describe.skipIf(!there)(there ? 'on a real bitcoind' : 'no bitcoind is to be had on this machine', () => {
  const { env, repasse: say } = openTerminal()
  let node: Bitcoind
  let installation: ChainInstallation
  beforeAll(async () => {
    node = await startBitcoind()
    installation = await openChainInstallation({ node, databaseUrl: env.DATABASE_URL, count: 2 })
  })
  afterAll(async () => {
    await installation?.close()
    await node?.stop()
  })
  const settings = () => ({
    BITCOIN_NETWORK: 'regtest',
    BITCOIN_DESCRIPTOR: installation.wallet.account.text,
    LOG_LEVEL: 'silent',
  })
  const repasse = (words: string[], more: Record<string, string> = {}) =>
    say(words, { ...settings(), ...more })
  // oxlint-disable-next-line typescript/no-explicit-any -- a test knows what it asked for
  const told = async (...words: string[]): Promise<any> =>
    JSON.parse((await repasse([...words, '--json'])).out)

  let invoice: InvoiceRow
  let late: InvoiceRow
  let txid: string

  test('a request shows its address derived again, its number, its link, and what it was priced at', async () => {
    ;[invoice, late] = (await installation.issue()) as [InvoiceRow, InvoiceRow]
    const { address, path } = derive(installation.wallet.account, 'receive', 0)
    const shown = await told('invoice', 'show', invoice.id)
    expect(shown).toMatchObject({
      ...{ state: 'issued', asset: 'BTC', amount: '0.00016667', units: '16667', paid: null, bankFee: null },
      ...{ address, addressChecked: true, addressIndex: 0, path, confirmations: 1, payoutDepth: 6 },
      quote: {
        asked: { amount: '100.00', asset: 'BRL' },
        rate: { amount: '600000.00', asset: 'BRL' },
        sources: ['installation'],
      },
      uri: `bitcoin:${address}?amount=0.00016667&label=trial`,
      received: { units: '0' },
      missing: { units: '16667', asset: 'BTC' },
      ...{ payments: [], payout: null, payouts: [] },
    })
    const { out } = await repasse(['invoice', 'show', address])
    expect(out).toMatch(
      /asked +0\.00016667 BTC for R\$ 100\.00\nat +R\$ 600000\.00 a BTC, said \S+ by installation\n/,
    )
    expect(out).toContain(`number         0 (${path})`)
    expect((await repasse(['invoice', 'list'])).out).toMatch(
      new RegExp(`${invoice.id} .* issued +0\\.00016667 BTC`),
    )
  })

  test('an address that the descriptor does not derive is shown to nobody, and without a descriptor it says that none was derived', async () => {
    const other = derive(installation.wallet.account, 'receive', 999).address
    await installation.db.tx(tx => tx.run(sql`update invoices set address_index = 998 where id = ${late.id}`))
    const { code, out, err } = await repasse(['invoice', 'show', late.id])
    expect([code, out]).toEqual([1, ''])
    expect(err).toContain(
      `number 998 of BITCOIN_DESCRIPTOR is ${derive(installation.wallet.account, 'receive', 998).address}: show neither to a payer`,
    )
    expect(err).not.toContain(other)
    await installation.db.tx(tx => tx.run(sql`update invoices set address_index = 1 where id = ${late.id}`))
    const plain = await repasse(['invoice', 'show', late.id], { BITCOIN_DESCRIPTOR: '' })
    expect([plain.code, plain.out]).toEqual([
      0,
      expect.stringContaining('not derived again: BITCOIN_DESCRIPTOR and BITCOIN_NETWORK'),
    ])
  })

  test('nothing is accepted where nothing came', async () => {
    const { code, err } = await repasse(['invoice', 'accept', invoice.id, '--why', 'hurry', '--by', 'ana'])
    expect([code, err]).toEqual([
      2,
      expect.stringContaining('is issued and nothing came, so there is nothing to accept'),
    ])
    expect((await repasse(['invoice', 'accept', 'inv_x', '--why', 'hurry'])).err).toContain(
      'there is no invoice "inv_x"',
    )
    expect((await repasse(['invoice', 'accept', invoice.id])).err).toContain('--why')
  })

  test('what is too little shows the exact rest, and a person accepts it in one act', async () => {
    txid = await installation.pay(invoice.provider_id!, 10_000n)
    await installation.look()
    const shown = await told('invoice', 'show', invoice.id)
    expect(shown).toMatchObject({
      state: 'underpaid',
      received: { units: '10000' },
      missing: { units: '6667' },
    })
    expect(shown.payments).toMatchObject([
      { units: '10000', asset: 'BTC', state: 'seen', confirmations: 0, counts: true, block: null },
    ])
    expect(shown.payments[0].coin).toMatch(new RegExp(`^${txid}:\\d+$`))
    const { out } = await repasse(['invoice', 'show', invoice.id])
    expect(shown.uri).toBe(`bitcoin:${invoice.provider_id}?amount=0.00006667&label=trial`)
    expect(out).toContain('underpaid: 6667 satoshis are missing')
    expect(out).toMatch(/received +0\.00010000 BTC; missing: 0\.00006667 BTC, to the same address\n/)
    expect(out).toMatch(new RegExp(`${shown.payments[0].coin} +0\\.00010000 BTC  seen +0/1 `))

    const taken = await repasse(['invoice', 'accept', invoice.id, '--why', 'the payer called', '--by', 'ana'])
    expect([taken.code, taken.err]).toEqual([0, ''])
    expect(taken.out).toContain(`is seen: 0.00010000 BTC of 0.00016667 BTC taken on by ana`)
    expect(await told('invoice', 'show', invoice.id)).toMatchObject({ state: 'seen', takenOnBy: 'ana' })
    const act = await installation.db.one<{ actor: string; act: string; detail: string }>(
      sql`select * from audit order by seq desc limit 1`,
    )
    expect(act).toMatchObject({ actor: 'ana', act: 'payment taken on' })
    // Beside it stand the channel, the system's user and the host.
    expect(JSON.parse(act!.detail)).toMatchObject({
      why: 'the payer called',
      from: 'underpaid',
      received: '0.00010000 BTC',
      asked: '0.00016667 BTC',
    })
    expect((await repasse(['invoice', 'accept', invoice.id, '--why', 'again'])).err).toContain(
      'was accepted already, by ana',
    )
  })

  test('what came late waits for a person, and is credited once taken on', async () => {
    await installation.pass(2 * 86_400_000)
    await installation.setPrice(90_000_000n)
    await installation.pay(late.provider_id!, late.units)
    await installation.look()
    await installation.bury(6)
    const shown = await told('invoice', 'show', late.id)
    expect([shown.state, shown.payments[0].counts]).toEqual(['late', false])
    expect((await repasse(['invoice', 'show', late.id])).out).toMatch(/mined, waits for a person +6\/1 /)
    expect((await told('invoice', 'list', '--state', 'late')).map(({ id }: { id: string }) => id)).toEqual([
      late.id,
    ])
    expect(
      (await repasse(['invoice', 'accept', late.provider_id!, '--why', 'he is a friend', '--by', 'ana'])).out,
    ).toContain(' is credited: ')
    expect(await told('invoice', 'show', late.id)).toMatchObject({
      state: 'credited',
      paid: { units: '16667', asset: 'BTC' },
    })
  })

  test('all that came counts: then there is nothing to take on', async () => {
    const [paid] = await installation.issue()
    await installation.pay(paid!.provider_id!, paid!.units)
    await installation.look()
    expect((await repasse(['invoice', 'accept', paid!.id, '--why', 'x'])).err).toContain(
      'is seen and all that came counts: ',
    )
  })

  test('what comes late beside a paid request waits too, and is passed on once taken on', async () => {
    const [request] = await installation.issue({ units: 20_000n, payTo: 'main' })
    await installation.pay(request!.provider_id!, 20_000n)
    await installation.look()
    await installation.bury(6)
    await installation.pass(40 * 86_400_000)
    await installation.pay(request!.provider_id!, 5_000n)
    await installation.look()
    await installation.bury(6)
    const shown = await told('invoice', 'show', request!.id)
    expect(shown).toMatchObject({
      state: 'credited',
      paid: { units: '20000' },
      received: { units: '25000' },
      missing: { units: '0' },
    })
    expect(shown.payments.map(({ counts }: { counts: boolean }) => counts)).toEqual([true, false])
    expect((await repasse(['invoice', 'accept', request!.id, '--why', 'his tip', '--by', 'ana'])).code).toBe(
      0,
    )
    const after = await told('invoice', 'show', request!.id)
    expect(after).toMatchObject({ state: 'credited', paid: { units: '25000' } })
    expect(after.payouts.map(({ units }: { units: string }) => units).sort()).toEqual(['19700', '4925'])
    expect(await installation.audit()).toEqual([])
  })

  test('a payout says what its bundle waits for, and cannot be held once it is in one', async () => {
    const [first] = await told('payout', 'list', '--invoice', invoice.id)
    expect(first).toMatchObject({
      state: 'owed',
      rail: 'bitcoin',
      units: '9850',
      asset: 'BTC',
      withheld: { units: '0', asset: 'BTC' },
    })
    expect((await repasse(['payout', 'hold', first.id, '--why', 'wait'])).out).toBe(
      `payout ${first.id} of 0.00009850 BTC is held\n`,
    )
    expect((await repasse(['payout', 'release', first.id, '--why', 'go'])).out).toContain('is owed')

    expect(await installation.send()).toMatchObject({ bundled: 5, sent: 1 })
    const sent = await told('payout', 'show', first.id)
    const [transaction] = sent.attempts[0].transactions
    expect(sent).toMatchObject({
      state: 'sent',
      why: expect.stringMatching(/^its bundle bun_\w+ waits to be mined$/),
    })
    expect(sent.nextAt).toBeUndefined()
    expect(transaction).toMatchObject({ state: 'sent', asset: 'BTC', height: null })
    expect(BigInt(transaction.units) + BigInt(transaction.feeShare.units)).toBe(9_850n)
    const { out } = await repasse(['payout', 'show', first.id])
    expect(out).toContain(transaction.txid)
    expect(out).toMatch(/network fee +\d\.\d{8} BTC, so \d\.\d{8} BTC reach the payee\n/)
    expect(out).not.toContain('R$')
    expect((await repasse(['payout', 'list'])).out).toContain('waits to be mined')

    const held = await repasse(['payout', 'hold', first.id, '--why', 'too late'])
    expect([held.code, held.err]).toEqual([
      2,
      expect.stringMatching(/is sent in bundle bun_\w+, whose transaction is sent and pays it with others/),
    ])
    expect((await told('invoice', 'show', invoice.id)).payouts).toMatchObject([
      { id: first.id, transactions: [{ txid: transaction.txid, state: 'sent' }] },
    ])
    expect((await repasse(['invoice', 'show', invoice.id])).out).toContain(`${transaction.txid} (sent)`)

    await installation.bury(6)
    const paid = await told('payout', 'show', first.id)
    expect(paid).toMatchObject({
      state: 'paid',
      why: null,
      attempts: [{ bundle: { state: 'paid' }, transactions: [{ state: 'mined' }] }],
    })
    expect(paid.postings.map(({ movement }: { movement: string }) => movement)).toEqual(
      expect.arrayContaining(['payout ordered', 'payout mined', 'network fee']),
    )
  })

  test('a payout whose payment is in no block is not released by hand', async () => {
    const [payout] = await told('payout', 'list', '--invoice', invoice.id)
    const [coin] = await installation.coins(invoice.id)
    await installation.db.tx(async tx => {
      await tx.run(
        sql`update payouts set state = 'held', why = 'the chain left its payment behind'
          where id = ${payout.id}`,
      )
      await tx.run(sql`update attempts set state = 'refunded' where payout_id = ${payout.id}`)
      await tx.run(sql`update coins set state = 'orphaned' where id = ${coin!.id}`)
    })
    const { code, err } = await repasse(['payout', 'release', payout.id, '--why', 'never mind'])
    expect([code, err]).toEqual([
      2,
      expect.stringContaining(`the payment ${coin!.id}, which is orphaned and in no block`),
    ])
    await installation.db.tx(async tx => {
      await tx.run(sql`update payouts set state = 'paid', why = null where id = ${payout.id}`)
      await tx.run(sql`update attempts set state = 'success' where payout_id = ${payout.id}`)
      await tx.run(sql`update coins set state = 'mined' where id = ${coin!.id}`)
    })
  })

  test('events of the chain are listed and shown as followed from the node, and replayed without being done again', async () => {
    const events = await told('event', 'list', '--state', 'done', '--limit', '1000')
    const seen = events.find(({ id }: { id: string }) => id.startsWith(`coin.seen/${txid}`))
    expect(seen).toMatchObject({ rail: 'bitcoin', via: 'poll', kind: 'coin.seen' })
    const { out } = await repasse(['event', 'show', seen.id])
    expect(out).toContain('verdict   followed from the node, which signs nothing')
    expect(out).toMatch(/rail +bitcoin\n/)

    const before = await told('ledger', 'balances')
    expect((await repasse(['event', 'replay', seen.id, '--why', 'look again', '--by', 'ana'])).code).toBe(0)
    await installation.look()
    expect(await told('event', 'show', seen.id)).toMatchObject({ state: 'done' })
    expect(await told('ledger', 'balances')).toEqual(before)
    expect(await installation.audit()).toEqual([])
  })

  test('the books are told in both assets, and the export names each amount’s own', async () => {
    const rows = (await told('ledger', 'balances')) as {
      account: string
      asset: string
      amount: string
      says: string
    }[]
    expect(rows.slice(0, 7).every(({ asset, amount }) => asset === 'BRL' && amount === '0.00')).toBe(true)
    const bank = rows.find(({ account, asset }) => account === 'bank' && asset === 'BTC')
    expect([bank!.amount.length, bank!.says]).toEqual([10, 'our coins on the chain'])
    expect((await repasse(['ledger', 'balances'])).out).toMatch(
      /bank +R\$ 0\.00 .*\n[^]*bank +\d\.\d{8} BTC +our coins on the chain\n/,
    )
    const { out } = await repasse(['ledger', 'export', '--format', 'csv'])
    expect(out).toMatch(/,coin received,[0-9a-f]{64}:\d+\/1,1,bank,BTC,0\.00010000,inv_/)
    expect(out).toMatch(/,payable,BTC,-0\.00010000,/)
  })

  test('ledger check holds our coins against the node’s, and says where it could not', async () => {
    const more = { BITCOIN_RPC_URL: node.url, BITCOIN_RPC_COOKIE_FILE: node.cookieFile }
    const held = (await told('ledger', 'balances')).find(
      (row: { account: string; asset: string }) => row.account === 'bank' && row.asset === 'BTC',
    )
    const { code, out, err } = await repasse(['ledger', 'check'], more)
    expect([code, err]).toEqual([0, ''])
    expect(out).toMatch(
      new RegExp(`^OK: .*; the node has our coins, ${held.amount.replace('.', '\\.')} BTC at block \\d+\\n$`),
    )

    await node.rpc('generatetodescriptor', [1, 'raw(51)'])
    const apart = await repasse(['ledger', 'check'], more)
    expect([apart.code, apart.err]).toEqual([
      0,
      expect.stringMatching(/not compared with the node: the node is at block \d+ and the books are at/),
    ])
    await installation.look()

    await installation.db.tx(tx =>
      tx.run(sql`update coins set units = units + 1 where spent_height is null and state = 'mined'`),
    )
    const wrong = await repasse(['ledger', 'check'], more)
    expect([wrong.code, wrong.out]).toEqual([
      1,
      expect.stringMatching(/WRONG: the chain holds .*the node differs about [0-9a-f]{64}:\d/),
    ])
    await installation.db.tx(tx =>
      tx.run(sql`update coins set units = units - 1 where spent_height is null and state = 'mined'`),
    )
    expect((await repasse(['ledger', 'check'], more)).code).toBe(0)
  })

  test('a run is waited for by doing the work, and tells addresses and satoshis', async () => {
    const more = {
      BITCOIN_RPC_URL: node.url,
      BITCOIN_RPC_COOKIE_FILE: node.cookieFile,
      RATE_FIXED: 'BTC-BRL 500000.00',
    }
    const { code, out, err } = await repasse(['schedule', 'run', 'trial', '--wait', '--timeout', '60s'], more)
    expect([code, err]).toEqual([0, ''])
    expect(out).toMatch(/^INVOICE +STATE +AMOUNT +PAYER +ADDRESS\n/)
    expect(out).toMatch(/issued +0\.00020000 BTC .* bcrt1/)
    expect(out).toMatch(/slot slo_\w+ is done: 0\.00040000 BTC asked for in 2 invoices\n$/)

    await repasse(accountAdd({ name: 'bank' }))
    await repasse(scheduleAdd({ name: 'banked', 'pay-to': 'bank' }))
    const other = await repasse(['schedule', 'run', 'banked', '--wait'], more)
    expect([other.code, other.err]).toEqual([
      2,
      expect.stringContaining('is of the rail starkbank, which is not configured: set STARKBANK_PROJECT_ID'),
    ])
  })
})
