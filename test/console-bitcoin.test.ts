/**
 * The console's Bitcoin pages on a simulated node: a payout that a person signs elsewhere, and money that
 * comes in part and is taken on.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ownWallet, payerWallet } from '../sim/demoChain.ts'
import { tipOf } from '../src/chain/chain.ts'
import { formatUnits } from '../src/base/money.ts'
import { sql } from '../src/db/db.ts'
import { consoleVisitor, type ConsoleVisitor } from './testbed/consoleVisitor.ts'
import { openPageInstallation, type PageInstallation } from './testbed/pageInstallation.ts'
import { eventually } from './testbed/eventually.ts'
import { until } from './testbed/until.ts'

let installation: PageInstallation
let maker: ConsoleVisitor
let checker: ConsoleVisitor
let requests: { id: string; address: string; units: bigint }[]

const pay = (address: string, units: bigint) =>
  installation.chain!.rpc('sendtoaddress', [address, formatUnits(units, 'BTC')], payerWallet)
const stateOf = async (id: string) =>
  (await installation.running.app.db.one<{ state: string }>(
    sql`select state from invoices where id = ${id}`,
  ))!.state
const bury = async (blocks: number) => {
  for (let block = 0; block < blocks; block++) {
    await installation.chain!.mine()
    const height = await installation.chain!.height()
    await until(
      async () => Number((await tipOf(installation.running.app.db))?.height ?? 0n) >= height,
      `block ${height} being read`,
    )
  }
}

beforeAll(async () => {
  installation = await openPageInstallation({
    chain: 'simulated',
    env: { BITCOIN_SIGNER: 'psbt', BITCOIN_WALLET: '' },
  })
  await until(() => tipOf(installation.running.app.db), 'the chain being followed')
  const { repasse, ask, chain } = installation
  await repasse(
    'account',
    'add',
    '--kind',
    'bitcoin',
    '--name',
    'carteira',
    '--address',
    chain!.payee,
    '--by',
    'maria',
  )
  await repasse('account', 'approve', 'carteira', '--by', 'chico')
  const what = [
    '--rail',
    'bitcoin',
    '--payers',
    'random',
    '--count',
    '3',
    '--amount',
    '300',
    '--due-in',
    '2h',
    '--pay-to',
    'carteira',
  ]
  await repasse(
    'schedule',
    'add',
    '--name',
    'apoio',
    '--cron',
    '0 8 1 1 *',
    '--time-zone',
    'UTC',
    '--commission',
    '2%',
    ...what,
  )
  await repasse('schedule', 'run', 'apoio')
  requests = await until(async () => {
    const rows = await ask<{ id: string; state: string; providerId: string; units: string }[]>(
      'invoice',
      'list',
    )
    return (
      rows.length === 3 &&
      rows.every(({ state }) => state === 'issued') &&
      rows.map(row => ({ ...row, address: row.providerId, units: BigInt(row.units) }))
    )
  }, 'the requests')
  maker = await consoleVisitor(installation, 'maria', 'maker')
  checker = await consoleVisitor(installation, 'chico', 'checker')
}, 300_000)
afterAll(() => installation?.close())

test('a payment is seen on its request’s page, at an address derived again, with how deep it lies', async () => {
  const [{ id, address, units }] = requests as [(typeof requests)[0]]
  const before = (await maker.get(`/console/invoices/${id}`)).text
  expect(before).toContain(address)
  expect(before).toContain('derivado de novo da nossa conta: confere')
  expect(before).toContain('600.000,00')
  await pay(address, units)
  await until(async () => (await stateOf(id)) === 'seen', 'it being seen')
  expect((await maker.get(`/console/invoices/${id}`)).text).toContain('0/6')
  await bury(6)
  await until(async () => (await stateOf(id)) === 'credited', 'its credit')
  const after = (await maker.get(`/console/invoices/${id}`)).text
  expect(after).toContain('6/6')
  const [coin] = /[0-9a-f]{64}:\d+/.exec(after)!
  for (const any of [coin, coin.split(':')[0]!, address])
    expect((await maker.get(`/console/search?any=${any}`)).to).toBe(`/console/invoices/${id}`)
})

test('an address that somebody changed where it is kept is called out', async () => {
  const { db } = installation.running.app
  const [{ id, address }] = requests as [(typeof requests)[0]]
  await db.tx(tx => tx.run(sql`update invoices set provider_id = 'bcrt1qother' where id = ${id}`))
  const { text } = await maker.get(`/console/invoices/${id}`)
  expect(text).toContain('NÃO é o que a nossa conta deriva')
  expect(text).not.toContain('bitcoin:bcrt1')
  await db.tx(tx => tx.run(sql`update invoices set provider_id = ${address} where id = ${id}`))
})

test('a transaction is handed out to be signed and taken back once it is whole, and nothing else is', async () => {
  const bundle = await until(
    async () => (await installation.ask<{ bundle: string }[]>('bitcoin', 'psbt', 'list'))[0]?.bundle,
    'a bundle',
  )
  const path = `/console/bitcoin/${bundle}`
  expect((await maker.get('/console/bitcoin')).text).toContain(bundle)
  const page = (await maker.get(path)).text
  expect(page).toContain('um endereço dessa conta')
  expect(page).not.toContain('NÃO CONFERE')
  expect((await (await consoleVisitor(installation, 'alda', 'admin')).get(`${path}/psbt`)).status).toBe(403)
  const psbt = (await maker.get(`${path}/psbt`)).text.trim()
  expect(psbt).toMatch(/^cHNidP/)

  const key =
    'tprv8ZgxMBicQKsPd7Uf69XL1XwhmjHopUGep8GuEiJDZmbQz6o58LninorQAfcKZWARbtRtfnLcJ5MQ2AtHcQJCCRUcMRvmDUjyEmNUWwx8UbK'
  for (const [text, words] of [
    ['', 'Escolha um arquivo'],
    ['what is this?', 'Não é o que foi pedido'],
    ['what is this?', 'não é hex nem base64'],
    [psbt, 'nem todas as entradas estão assinadas'],
    [key, 'chave privada'],
  ] as const) {
    const refused = await checker.upload(
      '/console/bitcoin',
      { text },
      { field: 'none', name: '', bytes: new Uint8Array() },
    )
    expect([text, refused.status, refused.text]).toEqual([text, 400, expect.stringContaining(words)])
    expect(refused.text).not.toContain(key)
  }
  expect(
    (
      await maker.upload(
        '/console/bitcoin',
        { text: psbt },
        { field: 'none', name: '', bytes: new Uint8Array() },
      )
    ).status,
  ).toBe(403)

  const signed = await installation.chain!.rpc<{ psbt: string; complete: boolean }>(
    'walletprocesspsbt',
    [psbt],
    ownWallet,
  )
  expect(signed.complete).toBe(true)
  const file = { field: 'signed', name: 'assinado.psbt', bytes: Buffer.from(signed.psbt, 'base64') }
  const taken = await checker.upload('/console/bitcoin', {}, file)
  expect([taken.status, taken.text]).toEqual([200, expect.stringContaining('Recebido e guardado')])
  expect((await checker.upload('/console/bitcoin', {}, file)).text).toContain('Já tinha sido entregue antes')
  expect((await maker.get(`${path}/psbt`)).status).toBe(400)
  await until(
    async () => (await installation.ask<{ state: string }[]>('payout', 'list'))[0]?.state === 'sent',
    'it being sent',
  )
  await bury(6)
  const payout = await until(async () => {
    const [row] = await installation.ask<{ id: string; state: string }[]>('payout', 'list')
    return row?.state === 'paid' && row.id
  }, 'it being paid')
  const paid = (await maker.get(`/console/payouts/${payout}`)).text
  expect(paid).toContain('Chega à conta')
  expect(paid).not.toContain('A soma dos lançamentos não é')
  // The overview says that it still counts where that takes longer than a person waits for a page.
  await eventually(async () => (await maker.get('/console')).text).toContain('Em bitcoin, pela rede')
}, 300_000)

test('what came in part and too late is taken on by a checker, once, with a reason', async () => {
  const [, { id, address, units }] = requests as [unknown, (typeof requests)[0]]
  const path = `/console/invoices/${id}`
  const post = (who: ConsoleVisitor, why: string) => who.post(`${path}/accept`, { why })
  expect((await checker.get(path)).text).not.toContain(`${path}/accept`)
  const early = await post(checker, 'nada ainda')
  expect([early.status, early.text]).toEqual([400, expect.stringContaining('Nada desta cobrança espera')])

  await pay(address, units / 2n)
  await until(async () => (await stateOf(id)) === 'underpaid', 'it being underpaid')
  expect((await maker.get(path)).text).not.toContain(`${path}/accept`)
  expect((await checker.get(path)).text).toContain(`${path}/accept`)
  expect((await post(maker, 'o pagador ligou')).status).toBe(403)
  expect((await post(checker, '')).status).toBe(400)
  expect(await post(checker, 'o pagador ligou')).toMatchObject({ status: 303, to: path })
  const again = await post(checker, 'outra vez')
  expect([again.status, again.text]).toEqual([400, expect.stringContaining('já foi aceita por chico')])
  await bury(6)
  await until(async () => (await stateOf(id)) === 'credited', 'its credit')
  expect((await maker.get(path)).text).toContain('chico')
})

test('what came in part is given back: a maker proposes it, a checker approves it, and until it is ordered it can be withdrawn', async () => {
  const [, , { id, address, units }] = requests as [unknown, unknown, (typeof requests)[0]]
  const path = `/console/invoices/${id}`
  const to = await installation.chain!.rpc<string>('getnewaddress', ['', 'bech32'], payerWallet)
  await pay(address, units / 2n)
  await until(async () => (await stateOf(id)) === 'underpaid', 'it being underpaid')
  expect((await maker.get(path)).text).not.toContain(`${path}/coin-refund`)
  await bury(6)
  await until(
    async () => (await maker.get(path)).text.includes(`${path}/coin-refund`),
    'what can be given back',
  )
  expect((await checker.get(path)).text).not.toContain(`action="${path}/coin-refund"`)

  const post = (form: Record<string, string>, who = maker) => who.post(`${path}/coin-refund`, form)
  expect((await post({ to, why: 'desistiu' }, checker)).status).toBe(403)
  expect((await post({ to, why: '' })).status).toBe(400)
  expect(await post({ to, amount: 'tudo', why: 'desistiu' })).toMatchObject({
    status: 400,
    text: expect.stringContaining('não pode ser lido'),
  })
  expect(await post({ to: address, why: 'desistiu' })).toMatchObject({
    status: 400,
    text: expect.stringContaining('da nossa própria carteira'),
  })
  const proposed = await post({ to, why: 'desistiu' })
  expect(proposed).toMatchObject({ status: 303, to: expect.stringContaining('/console/proposals/pro_') })
  const shown = (await checker.get(proposed.to!)).text
  expect(shown).toContain('devolver um pagamento em bitcoin')
  expect(shown).toContain(to)
  const [, seen] = /name="seen" value="([^"]+)"/.exec(shown)!
  await installation.repasse('payout', 'stop', '--why', 'para olhar', '--by', 'maria')
  expect((await checker.post(`${proposed.to}/approve`, { seen: seen! })).status).toBe(303)
  const [refund] = (
    await installation.ask<{ id: string; rule?: string; state: string; invoice: string }[]>('payout', 'list')
  ).filter(({ invoice }) => invoice === id)
  expect(refund).toMatchObject({ state: 'owed' })
  expect(await stateOf(id)).toBe('issued')

  const withdraw = `${path}/coin-refunds/${refund!.id}/withdraw`
  expect((await maker.get(path)).text).toContain(withdraw)
  expect(await maker.post(withdraw, { why: 'voltou atrás' })).toMatchObject({ status: 303, to: path })
  expect(await stateOf(id)).toBe('underpaid')
  await installation.repasse('payout', 'go', '--why', 'visto', '--by', 'chico')
})
