/**
 * Bought with bitcoin, over real HTTP and a chain: what is asked, what is seen of it, the exact rest, and the
 * end of it.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { formTo, type Page } from '../sim/visitor.ts'
import { refused } from '../src/base/answer.ts'
import { parseUnits } from '../src/base/money.ts'
import { askRates } from '../src/jobs/bitcoin.ts'
import { sql } from '../src/db/db.ts'
import { openNews } from './testbed/news.ts'
import { qrInPage } from './testbed/qrInPage.ts'
import { buyer, openShopInstallation, type ShopInstallation } from './testbed/shopInstallation.ts'

let installation: ShopInstallation
beforeAll(async () => {
  installation = await openShopInstallation({ chain: 'simulated', simulates: true })
})
afterAll(() => installation.close())

const inputOf = (page: Page, id: string) =>
  new RegExp(`<input id="${id}"[^>]*value="([^"]*)"`).exec(page.html)![1]!
const addressOf = (page: Page) =>
  (/id="address">(.*?)<\/p>/s.exec(page.html)![1]!.match(/<span>(\w{1,4})<\/span>/g) ?? [])
    .join('')
    .replace(/<\/?span>/g, '')

test('checkout offers both, Pix first, and says about how much bitcoin it is', async () => {
  const page = await installation.toCheckout(installation.visitor())
  const [pix, coins] = ['starkbank', 'bitcoin'].map(rail => page.html.indexOf(`value="${rail}"`)) as [
    number,
    number,
  ]
  expect(pix).toBeGreaterThan(0)
  expect(coins).toBeGreaterThan(pix)
  expect(page.text).toMatch(
    /Pix Código para o app do seu banco.* Bitcoin Cotação travada por 15 minutos\. Cerca de 0,00006650 BTC/,
  )
  expect(formTo(page, '/checkout').fields['rail']).toBe('starkbank')
})

test('a request shows amount, address, rate and a code that all say the same', async () => {
  const page = await installation.order(installation.visitor(), 'bitcoin')
  // R$ 39.90 at R$ 600 000.00 for one.
  expect(inputOf(page, 'btc-amount')).toBe('0.00006650')
  expect(page.text).toMatch(/Pague com Bitcoin .*A pagar 0,00006650 BTC/)
  expect(page.text).toMatch(
    /Em reais R\$\s39,90 Cotação 1 BTC = R\$\s600\.000,00 · Fonte: fixed Travada em \d\d\/\d\d\/\d{4}, \d\d:\d\d:\d\d/i,
  )
  const uri = qrInPage(page.html)
  expect(uri).toMatch(new RegExp(`^bitcoin:${addressOf(page)}\\?amount=0\\.0000665`, 'i'))
  expect(page.html).toContain(`href="${uri.replaceAll('&', '&amp;')}"`)
  // In groups of four, with nothing between them that would be copied along.
  expect(page.html).toMatch(/id="address">(<span>\w{1,4}<\/span><wbr\/>)+<\/p>/)
})

test('too little is told with the exact rest at the same address; then it is seen, confirmed, and paid', async () => {
  const who = installation.visitor()
  const page = await installation.order(who, 'bitcoin', ['mug'])
  const [address, whole] = [addressOf(page), parseUnits(inputOf(page, 'btc-amount'), 'BTC')!]
  await installation.sendCoins(address, 4_000n)
  const short = await installation.becomes(who, page.path, /Falta uma parte do pagamento/)
  expect(addressOf(short)).toBe(address)
  expect(parseUnits(inputOf(short, 'btc-amount'), 'BTC')).toBe(whole - 4_000n)
  expect(short.text).toMatch(/Recebido 0,00004000 BTC Falta 0,00005167 BTC/)
  expect(qrInPage(short.html)).toMatch(new RegExp(`^bitcoin:${address}\\?amount=0\\.00005167`, 'i'))

  const rest = await installation.sendCoins(address, whole - 4_000n)
  const seen = await installation.becomes(who, page.path, /Pagamento a caminho/)
  expect(seen.text).toContain('ainda não está em um bloco. Não pague de novo.')
  expect(seen.text).toContain(rest)
  // Nothing to pay with is shown any more.
  expect(seen.html).not.toMatch(/class="qr"|href="bitcoin:|btc-amount/)
  await installation.chain!.mine()
  await installation.becomes(who, page.path, /[12] de 2 confirmações|Pagamento recebido/)
  await installation.chain!.mine()
  const paid = await installation.becomes(who, page.path, /Pagamento recebido/)
  expect(paid.text).toMatch(/Pago com Bitcoin Valor pago 0,00009167 BTC Cobrança inv_\w{26} Transações/)
  expect(paid.text).toContain(rest)
})

test('a page that listens is told of each step on the chain: seen, one block deeper, paid', async () => {
  const who = installation.visitor()
  const page = await installation.order(who, 'bitcoin', ['notebook', 'mug', 'coffee'])
  const news = await openNews(installation.origin, page)
  expect(await news.next('changed', 2_500)).toBeUndefined()
  await installation.sendCoins(addressOf(page), parseUnits(inputOf(page, 'btc-amount'), 'BTC')!)
  expect(await news.next('changed')).toBeDefined()
  expect((await who.get(page.path)).text).toContain('Pagamento a caminho')
  await installation.chain!.mine()
  expect(await news.next('changed')).toBeDefined()
  await installation.chain!.mine()
  await installation.becomes(who, page.path, /Pagamento recebido/)
  await news.close()
})

test('the button of the demonstration pays a part, and then the rest; and a Pix in one', async () => {
  const who = installation.visitor()
  const coins = await installation.order(who, 'bitcoin')
  expect(coins.text).toContain('Só existe na demonstração')
  const panel = formTo(coins, `${coins.path}/simulate`)
  await who.send(panel, {}, { name: 'share', value: 'part' })
  const short = await installation.becomes(who, coins.path, /Falta uma parte do pagamento/)
  await who.send(formTo(short, `${coins.path}/simulate`), {}, { name: 'share', value: 'all' })
  const seen = await installation.becomes(who, coins.path, /Pagamento a caminho/)
  expect(seen.html).not.toContain('/simulate')
  // Pressed on an old page it pays nothing more.
  const txids = async () => (await installation.chain!.rpc<string[]>('getrawmempool')).length
  const before = await txids()
  await who.send(panel, {}, { name: 'share', value: 'all' })
  expect(await txids()).toBe(before)

  const pix = await installation.order(who, 'starkbank')
  const after = await who.send(formTo(pix, `${pix.path}/simulate`), {}, { name: 'share', value: 'all' })
  expect(after.path).toBe(pix.path)
  await installation.becomes(who, pix.path, /Pagamento recebido/)
})

test('without a good rate Bitcoin is shown as not there now, and refused; Pix works', async () => {
  const { bitcoin } = installation.running.app
  const agreement = bitcoin!.agreement
  const who = installation.visitor({ language: 'en' })
  const form = formTo(await installation.toCheckout(who), '/checkout')
  Object.assign(bitcoin!, { agreement: { ...agreement, maxAgeMs: -1 } })
  try {
    const page = await who.get('/checkout')
    expect(page.text).toContain('There is no reliable rate now. Use Pix, or try again in some minutes.')
    const refused = await who.send(form, { ...buyer, rail: 'bitcoin' })
    expect([refused.status, refused.text]).toEqual([
      422,
      expect.stringContaining('There is no reliable Bitcoin rate now. Pix works'),
    ])
    expect((await who.send(formTo(refused, '/checkout'), { rail: 'starkbank' })).text).toContain(
      'Pay with Pix',
    )
  } finally {
    Object.assign(bitcoin!, { agreement })
  }
})

test('an order whose time is over can be asked for again, at the rate of then, at an address of its own', async () => {
  const who = installation.visitor()
  const page = await installation.order(who, 'bitcoin')
  const { db, rails, bitcoin, world } = installation.running.app
  // Or the job that asks for rates, once a minute, may have a new one before the buyer presses.
  const { sources } = bitcoin!
  const away = async () => refused('away')
  Object.assign(bitcoin!, { sources: sources.map(source => ({ ...source, quote: away })) })
  await installation.skip(15 * 60_000 + 5_000)
  const over = await installation.becomes(who, page.path, /O código expirou/)
  expect(over.html).not.toMatch(/class="qr"|href="bitcoin:/)
  // The rates of a quarter of an hour ago are too old.
  const form = formTo(over, `${page.path}/code`)
  const asked = await who.send(form, {}, { name: 'rail', value: 'bitcoin' })
  expect([asked.status, asked.text]).toEqual([
    422,
    expect.stringContaining('Não há cotação de Bitcoin confiável agora.'),
  ])
  expect(formTo(asked, form.action).buttons.map(({ value }) => value)).toEqual(['bitcoin', 'starkbank'])
  Object.assign(bitcoin!, { sources })
  await askRates({ db, rail: rails.bitcoin!, bitcoin: bitcoin!, world })
  await who.send(form, {}, { name: 'rail', value: 'bitcoin' })
  const renewed = await installation.becomes(who, page.path, /Pague com Bitcoin/)
  expect(addressOf(renewed)).not.toBe(addressOf(page))
  const { orders } = (await db.one<{ orders: bigint }>(sql`
    select count(distinct order_id) as orders from invoices
      where provider_id in (${addressOf(page)}, ${addressOf(renewed)})`))!
  expect(orders).toBe(1n)
})
