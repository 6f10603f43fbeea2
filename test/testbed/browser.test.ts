/**
 * The browser of the tests sees what it is there to see: each kind of fault, put into a page, is found and
 * named.
 */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import encodeQR from 'qr'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import {
  axe,
  browserAvailable,
  desktop,
  layout,
  openBrowser,
  phone,
  visit,
  type Browser,
  type Look,
  type Visitor,
} from './browser.ts'
import { readQr } from './qr.ts'

// As long as a Pix code with its link is.
const pixCode = `00020101021226890014br.gov.bcb.pix2567${'invoice.example/v2/'.repeat(3)}5204000053039865802BR6304ABCD`
const good = (body: string, head = '') =>
  `<!doctype html><html lang="pt-BR"><head><title>Loja</title><meta name="viewport" content="width=device-width">${head}</head><body><main><h1>Loja</h1>${body}</main></body></html>`

const pages: Record<string, string> = {
  '/good': good(
    '<p>Nada a comprar.</p><img src="/photo.png" alt="Um ponto"><link rel="stylesheet" href="/style.css">',
  ),
  '/pale': good('<p style="color:#aaa;background:#fff">Quase invisível</p>'),
  '/unnamed': good('<form><input name="cpf"></form>'),
  '/inline': good('<p>Um roteiro</p><script>document.title = "mudou"</script>'),
  '/abroad': good('<img src="http://127.0.0.2:9/pixel.png" alt="Um ponto">'),
  '/broken': good('<script src="/gone.js"></script>'),
  '/throws': good('<script src="/throws.js"></script><noscript><p>Sem JavaScript</p></noscript>'),
  '/wide': good('<div id="sheet" style="width:900px">Largo demais</div>'),
  '/headless':
    '<!doctype html><html><body><h1>Um</h1><h1>Dois</h1><p id="a"></p><p id="a"></p></body></html>',
  '/code': good(
    `<figure style="width:240px;background:#fff">${encodeQR(pixCode, 'svg', { border: 4 })}</figure>`,
    '<style>:root{background:black}</style>',
  ),
  '/themed': good(
    '<p>Cores</p>',
    '<style>:root{color-scheme:light dark;background:light-dark(white,black)}</style>',
  ),
}

describe.skipIf(!browserAvailable())('a browser of the tests', () => {
  let browser: Browser
  let server: Server
  let origin: string
  let asked: { language: string | undefined }[]
  let visitor: Visitor | undefined

  beforeAll(async () => {
    asked = []
    server = createServer(({ url = '', headers }, answer) => {
      asked.push({ language: headers['accept-language'] })
      const policy =
        url === '/inline' ? { 'content-security-policy': "default-src 'none'; style-src 'self'" } : {}
      if (url in pages)
        answer.writeHead(200, { 'content-type': 'text/html; charset=utf-8', ...policy }).end(pages[url])
      else if (url === '/photo.png')
        answer.writeHead(200, { 'content-type': 'image/png' }).end(Buffer.alloc(90_000))
      else if (url === '/style.css')
        answer.writeHead(200, { 'content-type': 'text/css' }).end(`/*${'x'.repeat(3_000)}*/`)
      else if (url === '/throws.js')
        answer.writeHead(200, { 'content-type': 'text/javascript' }).end('throw new Error("o roteiro caiu")')
      else if (url === '/favicon.ico') answer.writeHead(204).end()
      else answer.writeHead(404, { 'content-type': 'text/html' }).end(good('<p>Não existe</p>'))
    }).listen(0, '127.0.0.1')
    await new Promise(resolve => server.once('listening', resolve))
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    browser = await openBrowser()
  })
  afterAll(async () => {
    await browser?.close()
    server?.close()
  })
  afterEach(() => visitor?.leave())

  const at = async (path: string, look?: Look) => {
    visitor = await visit(browser, origin, look)
    await visitor.page.goto(path, { waitUntil: 'networkidle' })
    return visitor
  }

  test('finds nothing in a page that has nothing wrong, and weighs it without its photo', async () => {
    const { page, watched } = await at('/good', { device: phone })
    expect(await axe(page)).toEqual([])
    expect(await layout(page)).toEqual([])
    expect(watched.faults).toEqual([])
    expect(watched.bytes()).toBeGreaterThan(3_000)
    expect(watched.bytes()).toBeLessThan(6_000)
  })

  test('weighs a page again when it is visited again, and takes nothing from a cache', async () => {
    const { page, watched } = await at('/good')
    const first = watched.bytes()
    await page.reload({ waitUntil: 'networkidle' })
    expect(watched.bytes()).toBe(first)
  })

  test.each([
    ['/pale', /^color-contrast: .*p: .*insufficient color contrast of 2\.3/],
    ['/unnamed', /^label: .*input: .*does not have/i],
  ])('axe names what is wrong with %s', async (path, says) => {
    const { page } = await at(path)
    expect(await axe(page)).toEqual([expect.stringMatching(says)])
  })

  test('axe can be asked of a page whose policy allows no script', async () => {
    const { page, watched } = await at('/inline')
    expect(await axe(page)).toEqual([])
    expect(watched.faults.toSorted()).toEqual([
      expect.stringMatching(/^the console says: .*inline script/),
      expect.stringMatching(/script-src-elem forbids inline/),
    ])
  })

  test.each([
    ['/inline', /script-src-elem forbids inline/],
    ['/abroad', /asked another for http:\/\/127\.0\.0\.2:9\/pixel\.png/],
    ['/broken', /gone\.js was answered with 404/],
    ['/throws', /a script threw: o roteiro caiu/],
  ])('the watch names what %s does', async (path, says) => {
    const { watched } = await at(path)
    expect(watched.faults).toContainEqual(expect.stringMatching(says))
  })

  test('with scripts off none runs, what stands in for them is shown, and what is asked elsewhere is seen all the same', async () => {
    const { page, watched } = await at('/throws', { javaScript: false })
    expect(await page.locator('noscript p').isVisible()).toBe(true)
    expect(watched.faults).toEqual([])
    await visitor!.leave()
    expect((await at('/abroad', { javaScript: false })).watched.faults).toContainEqual(
      expect.stringMatching(/asked another/),
    )
  })

  test('a page that is not there is no fault: who asked for it sees it', async () => {
    const { watched, page } = await at('/nowhere')
    expect(await page.title()).toBe('Loja')
    expect(watched.faults).toEqual([])
  })

  test('a page too wide for a phone names what makes it so; on a desktop it fits', async () => {
    const { page } = await at('/wide', { device: phone })
    expect(await layout(page)).toEqual([expect.stringMatching(/wide in a window of 360: div#sheet/)])
    await visitor!.leave()
    expect(await layout((await at('/wide')).page)).toEqual([])
  })

  test('a page without language and title, with two headings and one id twice, has four faults', async () => {
    const { page } = await at('/headless')
    expect(await layout(page)).toEqual([
      'the page has 2 h1',
      'the page does not say its language',
      'the page has no title',
      'the id a is there twice',
    ])
  })

  test('a code is read from what is seen, on a desktop and a phone; where there is none nothing is read', async () => {
    for (const device of [desktop, phone]) {
      const { page } = await at('/code', { device })
      expect(await readQr(page.locator('figure'))).toBe(pixCode)
      await expect(readQr(page.locator('h1'))).rejects.toThrow()
      await visitor!.leave()
    }
  })

  test('a look is what the page is asked for: language and theme', async () => {
    const { page } = await at('/themed', { theme: 'dark', language: 'en' })
    expect(asked.at(-1)?.language).toMatch(/^en/)
    expect(await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor)).toBe(
      'rgb(0, 0, 0)',
    )
  })
})
