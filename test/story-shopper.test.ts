/**
 * Someone buys something, told in a real browser: with Pix on a phone, with Bitcoin on a desktop, too little,
 * too late, and with scripts off.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Page } from 'playwright-core'
import { eventually } from './testbed/eventually.ts'
import { checkLedger } from '../src/ledger/ledger.ts'
import { bitcoindAvailable } from './testbed/bitcoind.ts'
import {
  axe,
  browserAvailable,
  openBrowser,
  phone,
  visit,
  type Browser,
  type Look,
  type Visitor,
} from './testbed/browser.ts'
import { photograph } from './testbed/drawn.ts'
import { openPageInstallation, type PageInstallation } from './testbed/pageInstallation.ts'
import { until } from './testbed/until.ts'
import { readQr } from './testbed/qr.ts'
import { send } from './testbed/seededInstallation.ts'
import { trialAccountFlags } from './testbed/trial.ts'
import { addProduct, payShopTo } from './testbed/acts.ts'

const minute = 60_000
const buyer = { name: 'Lia Monteiro', email: 'lia@example.com', taxId: '318.274.950-14' }

/** A shop that sells two things, for Pix, and for Bitcoin where there is a chain. */
async function openShop(browser: Browser, chain?: 'real' | 'simulated'): Promise<PageInstallation> {
  const installation = await openPageInstallation(chain ? { chain } : {})
  const { repasse, running: app } = installation
  const { db, world } = app.app
  await repasse('account', 'add', ...trialAccountFlags)
  await repasse('account', 'approve', 'main', '--by', 'checker')
  await payShopTo(db, { rail: 'starkbank', account: 'main', commissionBp: 100n, minPayoutUnits: 0n }, 'maker')
  if (installation.chain) {
    await repasse(
      'account',
      'add',
      '--kind',
      'bitcoin',
      '--name',
      'carteira',
      '--address',
      installation.chain.payee,
      '--by',
      'maker',
    )
    await repasse('account', 'approve', 'carteira', '--by', 'checker')
    await payShopTo(
      db,
      { rail: 'bitcoin', account: 'carteira', commissionBp: 100n, minPayoutUnits: 0n },
      'maker',
    )
  }
  const add = (name: string, units: bigint, photo: Uint8Array) =>
    addProduct(db, world, { name, units, stock: 5n, description: 'Feita à mão.', photo }, 'maker')
  await add('Caneca esmaltada', 5_600n, await photograph(browser, 'mug'))
  await add('Rede de algodão', 60_000n, await photograph(browser, 'hammock'))
  return installation
}

const heading = (page: Page, name: string) => page.getByRole('heading', { level: 1, name, exact: true })
/** Waits for the order's page to say this by itself. */
const says = (page: Page, title: string) => heading(page, title).waitFor({ timeout: 40_000 })

/** From the list to the order's page. */
async function buy(page: Page, product: string, rail: 'Pix' | 'Bitcoin' = 'Pix'): Promise<void> {
  await page.goto('/')
  await page.getByRole('button', { name: new RegExp(`^Adicionar.* ${product}`) }).click()
  await heading(page, 'Cesta').waitFor()
  await page.getByRole('button', { name: 'Finalizar a compra' }).click()
  await fillIn(page, buyer)
  await page.getByRole('radio', { name: rail }).check()
  await page.getByRole('button', { name: /^Fazer o pedido/ }).click()
  await says(page, `Pague com ${rail}`)
}

async function fillIn(page: Page, { name, email, taxId }: typeof buyer): Promise<void> {
  await page.getByLabel('Nome completo').fill(name)
  await page.getByLabel('E-mail').fill(email)
  await page.getByLabel('CPF ou CNPJ').fill(taxId)
}

const brcodeOn = (page: Page): Promise<string> => page.getByLabel('Pix copia e cola').inputValue()

describe.skipIf(!browserAvailable())('a shopper', { timeout: 300_000 }, () => {
  let browser: Browser
  let installation: PageInstallation
  let visitors: Visitor[]

  beforeAll(async () => {
    browser = await openBrowser()
  })
  afterAll(() => browser?.close())
  beforeEach(() => {
    visitors = []
  })
  afterEach(async () => {
    // Whatever the story was, no page of it did what it may not, and the books add up.
    for (const { watched } of visitors) expect.soft(watched.faults).toEqual([])
    if (installation) expect.soft(await installation.running.app.db.tx(checkLedger)).toEqual([])
    for (const visitor of visitors) await visitor.leave()
    await installation?.close()
  })

  const come = async (look?: Look) => {
    const visitor = await visit(browser, installation.origin, look)
    visitors.push(visitor)
    return visitor.page
  }
  /** The payer's bank takes the code, wherever it was read. */
  const payBrcode = async (brcode: string) => {
    const found = installation.bank.invoices().find(invoice => invoice.brcode === brcode)
    if (!found) throw new Error('the bank knows no such code')
    expect(installation.bank.pay(found.id)).toBe(true)
    await installation.skip(0)
  }
  const orders = () => installation.ask<{ state: string; token: string }[]>('order', 'list')

  test('pays with Pix on a phone: what was mistyped is said, the code is copied, and the page confirms by itself', async () => {
    installation = await openShop(browser)
    const page = await come({ device: phone })
    await page.goto('/')
    await page.getByRole('link', { name: 'Caneca esmaltada' }).click()
    await page.getByRole('button', { name: /Adicionar à cesta/ }).click()
    await heading(page, 'Cesta').waitFor()
    await page.getByLabel('Quantidade', { exact: true }).fill('2')
    await page.getByRole('button', { name: /Atualizar/ }).click()
    await page.getByText('Total R$ 112,00', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Finalizar a compra' }).click()

    await fillIn(page, { ...buyer, email: 'lia@', taxId: '318.274.950-15' })
    await page.getByRole('button', { name: /^Fazer o pedido/ }).click()
    await page.getByText('Confira o que foi preenchido').waitFor()
    expect(await page.getByLabel('CPF ou CNPJ').getAttribute('aria-invalid')).toBe('true')
    expect(await page.getByLabel('E-mail').getAttribute('aria-invalid')).toBe('true')
    expect(await page.getByLabel('Nome completo').inputValue()).toBe(buyer.name)
    expect(await axe(page)).toEqual([])
    expect(await orders()).toEqual([])

    await fillIn(page, buyer)
    expect(await page.getByRole('radio', { name: 'Pix' }).isChecked()).toBe(true)
    await page.getByRole('button', { name: /^Fazer o pedido · R\$\s112,00/ }).click()
    await says(page, 'Pague com Pix')

    // On the phone that pays nobody reads a QR code from its own screen: the button comes first.
    const copy = page.getByRole('button', { name: 'Copiar código Pix' })
    const qr = page.getByRole('img', { name: 'QR code do Pix' })
    expect((await copy.boundingBox())!.y).toBeLessThan((await qr.boundingBox())!.y)
    const brcode = await brcodeOn(page)
    expect(brcode).toMatch(/^000201.*br\.gov\.bcb\.pix.*6304[0-9A-F]{4}$/)
    expect(await readQr(qr)).toBe(brcode)
    await copy.click()
    await page.locator('#announce', { hasText: 'Copiado' }).waitFor({ state: 'attached' })
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(brcode)
    expect(await page.locator('#left-time').textContent()).toMatch(/^1[45]:\d\d$/)

    await payBrcode(brcode)
    await says(page, 'Pagamento recebido')
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('standing')
    expect(await page.title()).toMatch(/^Pagamento recebido · Pedido /)
    await page.getByText('Valor pagoR$ 112,00').or(page.getByText('R$ 112,00').first()).first().waitFor()

    // The link alone leads there, from the letter too, and nobody guesses it.
    const address = page.url()
    const letters = await until(() => installation.letters.length >= 2 && installation.letters, 'two letters')
    expect(letters.map(({ to }) => to)).toEqual([[buyer.email], [buyer.email]])
    expect(letters[0]!.subject).toMatch(/^Armazém Jatobá: recebemos o pedido /)
    expect(letters[1]!.subject).toMatch(/^Armazém Jatobá: pagamento confirmado do pedido /)
    for (const { text } of letters) expect(text).toContain(address)
    const stranger = await come()
    await stranger.goto(address)
    await heading(stranger, 'Pagamento recebido').waitFor()
    expect((await stranger.goto(address.replace(/.$/, last => (last === 'A' ? 'B' : 'A'))))?.status()).toBe(
      404,
    )

    // It is money like any other: credited, less the bank's fee and the commission, and passed on.
    const [payout] = await until(async () => {
      const found = await installation.ask<{ state: string; units: string }[]>('payout', 'list')
      return found[0]?.state === 'paid' && found
    }, 'the payout')
    expect(payout!.units).toBe(String(11_200 - 50 - 112))
  })

  test('who presses twice, or goes back and presses again, has ordered once', async () => {
    installation = await openShop(browser)
    const page = await come()
    await page.goto('/')
    await page.getByRole('button', { name: /^Adicionar.* Caneca esmaltada/ }).click()
    await page.goto('/checkout')
    await fillIn(page, buyer)
    await page.getByRole('button', { name: /^Fazer o pedido/ }).dblclick()
    await says(page, 'Pague com Pix')
    const address = page.url()
    await page.goBack()
    if (new URL(page.url()).pathname === '/checkout') {
      await page.getByRole('button', { name: /^Fazer o pedido/ }).click()
      await page.waitForURL(/\/orders\/|\/basket/)
      if (page.url().includes('/orders/')) expect(page.url()).toBe(address)
    }
    expect(await orders()).toHaveLength(1)
  })

  test('comes back after the code has expired, gets a new one on the same order, and pays that', async () => {
    installation = await openShop(browser)
    const page = await come({ theme: 'dark' })
    await buy(page, 'Caneca esmaltada')
    const [address, first] = [page.url(), await brcodeOn(page)]
    await page.goto('about:blank')
    await installation.skip(16 * minute)
    await page.goto(address)
    await says(page, 'O código expirou')
    expect(await page.getByRole('img', { name: 'QR code do Pix' }).count()).toBe(0)
    expect(await page.content()).not.toContain(first)

    await page.getByRole('button', { name: 'Gerar um novo código Pix' }).dblclick()
    await says(page, 'Pague com Pix')
    expect(page.url()).toBe(address)
    const second = await brcodeOn(page)
    expect(second).not.toBe(first)
    expect(await readQr(page.getByRole('img', { name: 'QR code do Pix' }))).toBe(second)
    await payBrcode(second)
    await says(page, 'Pagamento recebido')
    // The page tells what the invoice is; the order itself follows a moment later.
    await eventually(orders).toMatchObject([{ state: 'paid' }])
    expect(await installation.ask('invoice', 'list')).toHaveLength(2)
  })

  test('watches the code expire: the page says so by itself', async () => {
    installation = await openShop(browser)
    const page = await come()
    await buy(page, 'Caneca esmaltada')
    await installation.skip(16 * minute)
    await says(page, 'O código expirou')
    await page.getByRole('button', { name: 'Gerar um novo código Pix' }).waitFor()
  })

  test('where no stream of events comes through, the page asks, and confirms all the same', async () => {
    installation = await openShop(browser)
    const page = await come()
    await page.route('**/events?*', route => route.fulfill({ status: 503, body: '' }))
    await buy(page, 'Caneca esmaltada')
    await payBrcode(await brcodeOn(page))
    await says(page, 'Pagamento recebido')
    // That it was refused is what this story is about.
    visitors[0]!.watched.faults.splice(0)
    expect(visitors.pop()!.watched.faults.filter(fault => !/events.*503|EventSource/.test(fault))).toEqual([])
    await page.context().close()
  })

  test('buys with scripts off: every step is a form or a link, and the page asks again by itself', async () => {
    installation = await openShop(browser)
    const page = await come({ javaScript: false, device: phone, theme: 'dark' })
    await buy(page, 'Caneca esmaltada')
    // A button that could not do anything is not there.
    expect(await page.getByRole('button', { name: 'Copiar código Pix' }).isVisible()).toBe(false)
    expect(await page.locator('#left').isVisible()).toBe(false)
    const brcode = await brcodeOn(page)
    expect(await readQr(page.getByRole('img', { name: 'QR code do Pix' }))).toBe(brcode)
    expect(await page.locator('main noscript').innerText()).toMatch(/se atualiza sozinha a cada 15 segundos/)
    await payBrcode(brcode)
    await says(page, 'Pagamento recebido')
  })

  describe.skipIf(!bitcoindAvailable())('with Bitcoin, on regtest', () => {
    const uriOn = async (page: Page) => {
      const uri = (await page.getByRole('link', { name: 'Abrir na carteira' }).getAttribute('href'))!
      expect(await readQr(page.getByRole('img', { name: 'QR code do pedido em Bitcoin' }))).toBe(uri)
      const [, address, amount] = /^bitcoin:(bcrt1[a-z0-9]+)\?amount=([\d.]+)/.exec(uri) ?? []
      expect(await page.locator('#address').textContent()).toBe(address)
      const units = BigInt(Math.round(Number(amount) * 1e8))
      expect(Number(await page.getByLabel('Valor exato em BTC').inputValue())).toBe(Number(amount))
      return { address: address!, units }
    }

    test('pays on a desktop: seen, one block after another, paid, and passed on six deep', async () => {
      installation = await openShop(browser, 'real')
      const page = await come()
      await buy(page, 'Rede de algodão', 'Bitcoin')
      expect(await axe(page)).toEqual([])
      const { address, units } = await uriOn(page)
      // 600 reais, at the rate that is shown and locked.
      expect(units).toBe(100_000n)
      await page.getByText('R$ 600.000,00').waitFor()

      await send(installation, address, units)
      await says(page, 'Pagamento a caminho')
      await page.getByText('Não pague de novo').waitFor()
      expect(await page.getByRole('img').count()).toBe(0)
      await installation.chain!.mine()
      await says(page, 'Pagamento na rede, confirmando')
      await page.getByText('1 de 3 confirmações').waitFor()
      await installation.chain!.mine()
      await page.getByText('2 de 3 confirmações').waitFor({ timeout: 40_000 })
      await installation.chain!.mine()
      await says(page, 'Pagamento recebido')
      expect(await page.evaluate(() => document.activeElement?.id)).toBe('standing')

      for (let block = 0; block < 3; block++) await installation.chain!.mine()
      await until(async () => {
        const [payout] = await installation.ask<{ state: string }[]>('payout', 'list')
        return payout?.state === 'sent'
      }, 'the payout on its way')
    })

    test('pays too little, is told the exact rest, and tops it up at the same address', async () => {
      installation = await openShop(browser, 'real')
      const page = await come({ device: phone, theme: 'dark' })
      await buy(page, 'Caneca esmaltada', 'Bitcoin')
      const { address, units } = await uriOn(page)
      expect(units).toBe(9_334n)
      await send(installation, address, 4_000n)
      await says(page, 'Falta uma parte do pagamento')
      expect(await axe(page)).toEqual([])
      const rest = await uriOn(page)
      expect(rest).toEqual({ address, units: 5_334n })
      await page.getByText('0,00004000 BTC').first().waitFor()

      await send(installation, rest.address, rest.units)
      await says(page, 'Pagamento a caminho')
      await installation.chain!.mine()
      await says(page, 'Pagamento recebido')
      // The order follows its invoice a moment later.
      await until(async () => (await orders())[0]!.state === 'paid', 'the order paid')
    })

    test('pays after the code has expired, and it counts: the page says that it came late', async () => {
      installation = await openShop(browser, 'real')
      const page = await come()
      await buy(page, 'Caneca esmaltada', 'Bitcoin')
      const { address, units } = await uriOn(page)
      await installation.skip(16 * minute)
      await says(page, 'O código expirou')
      // The node's first sight of a payment says whether it was in time, so it lives in ours time too.
      await installation.chain!.rpc('setmocktime', [Math.floor(installation.clock.now() / 1_000)])
      await until(
        async () => (await orders())[0]!.state === 'expired',
        'the order expired, once the chain was looked at after its time',
      )
      await send(installation, address, units)
      await installation.chain!.mine()
      await says(page, 'Pagamento recebido, depois do prazo')
      await until(
        () => installation.letters.some(({ subject }) => subject.includes('pagamento recebido do pedido')),
        'the letter about it',
      )
    })
  })
})
