/**
 * The order's page in a real browser: it hears by stream, by asking, or not at all; it counts by the server's
 * clock, and says aloud what matters.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Visitor as Shopper } from '../sim/visitor.ts'
import {
  browserAvailable,
  openBrowser,
  phone,
  visit,
  type Browser,
  type Look,
  type Visitor,
} from './testbed/browser.ts'
import { openShopInstallation, type ShopInstallation } from './testbed/shopInstallation.ts'

describe.skipIf(!browserAvailable())('in Chromium', () => {
  let installation: ShopInstallation
  let browser: Browser
  let who: Shopper
  let visitor: Visitor | undefined
  /** What a test brings about itself, and the browser tells as a fault. */
  let expected: RegExp | undefined
  beforeAll(async () => {
    installation = await openShopInstallation()
    browser = await openBrowser()
  })
  afterAll(async () => {
    await browser?.close()
    await installation?.close()
  })
  beforeEach(() => {
    who = installation.visitor()
  })
  afterEach(async () => {
    const faults = visitor?.watched.faults.filter(fault => !expected?.test(fault)) ?? []
    await visitor?.leave()
    visitor = expected = undefined
    expect(faults).toEqual([])
  })
  const come = async (look: Look = {}) => (visitor = await visit(browser, installation.origin, look)).page
  const pay = async () => {
    installation.bank.pay(installation.bank.invoices().at(-1)!.id)
    await installation.skip(0)
  }

  test('a page that listens shows the receipt without being loaded again, and brings its reader to the heading', async () => {
    const { path } = await installation.order(who)
    const page = await come({ device: phone })
    await page.goto(path)
    let loads = 0
    page.on('request', request => (loads += request.isNavigationRequest() ? 1 : 0))
    await page.waitForSelector('#left:not([hidden])')
    await pay()
    await page.waitForSelector('text=Recibo')
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('standing')
    expect(await page.textContent('#announce')).toBe('Pagamento recebido')
    expect(await page.title()).toContain('Pagamento recebido')
    expect([loads, await page.locator('.qr').count()]).toEqual([0, 0])
  })

  test('where no stream can be had the page asks, and finds it out too', async () => {
    const { path } = await installation.order(who)
    const page = await come()
    let refused = 0
    await page.route('**/events?*', route => (refused++, route.fulfill({ status: 503, body: '' })))
    await page.goto(path)
    await page.waitForSelector('#left:not([hidden])')
    await pay()
    await page.waitForSelector('text=Recibo')
    expect(refused).toBe(1)
    expected = /\/events\?.* answered with 503$/
  })

  test('without scripts the page loads itself again, shows nothing that would do nothing, and its code can be selected', async () => {
    const { path } = await installation.order(who)
    const page = await come({ javaScript: false })
    await page.goto(path)
    expect(await page.locator('button[data-copy]').isVisible()).toBe(false)
    expect(await page.locator('#left').isVisible()).toBe(false)
    expect(await page.locator('#brcode').inputValue()).toBe(installation.bank.invoices().at(-1)!.brcode)
    expect(await page.locator('noscript p').isVisible()).toBe(true)
    await pay()
    await page.waitForSelector('text=Recibo')
  })

  test('the code is copied, which is shown and said aloud', async () => {
    const { path } = await installation.order(who)
    const page = await come({ device: phone })
    await page.goto(path)
    await page.getByRole('button', { name: 'Copiar código Pix' }).click()
    await page.waitForSelector('button:has-text("✓ Copiado")')
    expect(await page.textContent('#announce')).toBe('Copiado')
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(
      installation.bank.invoices().at(-1)!.brcode,
    )
    await page.waitForSelector('button:has-text("Copiar código Pix")')
  })

  test('what is left is counted from the server’s clock whatever this machine’s says, and said aloud at five minutes and at one', async () => {
    const { path } = await installation.order(who)
    const page = await come()
    await page.clock.install({ time: new Date('2031-01-01T00:00:00Z') })
    await page.goto(path)
    expect(await page.textContent('#left-time')).toMatch(/^1[45]:\d\d$/)
    const said = () => page.textContent('#announce')
    await page.clock.fastForward('09:00')
    await page.clock.runFor(2_000)
    expect([await page.textContent('#left-time'), await said()]).toEqual([
      expect.stringMatching(/^05:[45]\d$/),
      '',
    ])
    await page.clock.fastForward('01:00')
    await page.clock.runFor(2_000)
    expect(await said()).toBe('Faltam 5 minutos para o código expirar.')
    await page.clock.fastForward('04:00')
    await page.clock.runFor(2_000)
    expect(await said()).toBe('Falta 1 minuto para o código expirar.')
  })

  test('at its end the page says so by itself, and a new code is one button away', async () => {
    const { path } = await installation.order(who)
    const page = await come()
    await page.goto(path)
    await page.waitForSelector('#left:not([hidden])')
    await installation.skip(15 * 60_000 + 5_000)
    await page.waitForSelector('h1:has-text("O código expirou")')
    expect(await page.locator('.qr, textarea').count()).toBe(0)
    await page.getByRole('button', { name: 'Gerar um novo código Pix' }).click()
    await page.waitForSelector('.qr')
    expect(page.url()).toBe(`${installation.origin}${path}`)
  })
})
