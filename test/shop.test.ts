/**
 * The shop over real HTTP, by visitors without scripts: what is in the basket, what it costs, what is
 * ordered, and what the order's page tells.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from './testbed/eventually.ts'
import { formTo, type Page } from '../sim/visitor.ts'
import { sql } from '../src/db/db.ts'
import { openNews } from './testbed/news.ts'
import { qrInPage } from './testbed/qrInPage.ts'
import { buyer, openShopInstallation, wares, type ShopInstallation } from './testbed/shopInstallation.ts'
import { addProduct, editProduct, stopOffering, payShopTo } from './testbed/acts.ts'

let installation: ShopInstallation
beforeAll(async () => {
  installation = await openShopInstallation()
})
afterAll(() => installation.close())

const count = async (what: 'orders' | 'invoices') => {
  const { db } = installation.running.app
  const query =
    what === 'orders'
      ? sql`select count(*) as count from orders`
      : sql`select count(*) as count from invoices`
  return Number((await db.one<{ count: bigint }>(query))!.count)
}
const edit = (name: string, change: Parameters<typeof editProduct>[2]) =>
  editProduct(installation.running.app.db, name, change, 'maker')
const totalOf = (page: Page) => formTo(page, '/checkout').fields['total']
const minute = 60_000

test('the list shows each product with its price, its stock and a photo that may be kept for ever', async () => {
  const who = installation.visitor()
  const page = await who.get('/')
  expect(page.status).toBe(200)
  expect(page.text).toMatch(/Café torrado 250 g\s+R\$\s39,90/)
  expect(page.text).toMatch(/Caneca de cerâmica R\$\s55,00 Restam 3/)
  expect(page.text).toMatch(/Adesivos R\$\s9,00 Esgotado/)
  // What is sold out comes last, whatever its name, and cannot be put in the basket.
  const names = ['Café torrado 250 g', 'Caneca de cerâmica', 'Adesivos'].map(name => page.text.indexOf(name))
  expect(names).toEqual(names.toSorted((a, b) => a - b))
  expect(page.forms.filter(({ action }) => action === '/basket')).toHaveLength(3)
  const [photo] = /\/photos\/[\w-]+\.png/.exec(page.html)!
  const answer = await who.raw(photo)
  expect([answer.status, answer.headers.get('content-type'), answer.headers.get('cache-control')]).toEqual([
    200,
    'image/png',
    'public, max-age=31536000, immutable',
  ])
  expect(
    Buffer.from(await answer.arrayBuffer())
      .subarray(1, 4)
      .toString(),
  ).toBe('PNG')
  for (const wrong of [
    photo.replace('.png', '.jpg'),
    photo.replace('.png', ''),
    '/photos/..%2Fx.png',
    `/photos/${'a'.repeat(64)}.png`,
  ])
    expect((await who.raw(wrong)).status, wrong).toBe(404)
})

test('a product has a page of its own, and what is not sold has none', async () => {
  const who = installation.visitor()
  const page = await who.get(`/products/${installation.products.coffee.slug}`)
  expect(page.text).toContain('Moído na hora.')
  expect((await who.get('/products/nothing')).status).toBe(404)
})

describe('the basket', () => {
  test('is kept by the browser for 30 days, as products and quantities alone, and found again on the next visit', async () => {
    const who = installation.visitor()
    const shop = await who.get('/')
    const answer = await who.raw('/basket', { form: { product: installation.products.mug.id, act: 'add' } })
    expect([answer.status, answer.headers.get('location')]).toEqual([
      303,
      `/basket?added=${installation.products.mug.id}`,
    ])
    const [cookie] = answer.headers.getSetCookie().filter(line => line.startsWith('basket='))
    expect(cookie).toMatch(
      new RegExp(
        `^basket=${installation.products.mug.id.slice(4)}\\.1; path=/; expires=.*; samesite=lax; httponly$`,
        'i',
      ),
    )
    const days = (Date.parse(/expires=([^;]+)/i.exec(cookie!)![1]!) - Date.now()) / 86_400_000
    expect(days).toBeGreaterThan(29.9)
    expect(days).toBeLessThan(30.1)

    const again = installation.visitor()
    for (const [name, value] of who.cookies) again.cookies.set(name, value)
    expect((await again.get('/')).text).toContain('Cesta (1)')
    expect((await again.get('/basket')).text).toMatch(/Caneca de cerâmica .*R\$\s55,00/)
    expect(shop.text).toContain('Cesta (0)')
  })

  test('takes one more, another quantity, and out again; what is too much becomes what an order takes', async () => {
    const who = installation.visitor()
    const { id } = installation.products.coffee
    const add = async () =>
      who.send(formTo(await who.get('/'), '/basket', { product: id }), {}, { name: 'act', value: 'add' })
    const change = async (quantity: string) =>
      who.send(
        formTo(await who.get('/basket'), '/basket', { product: id }),
        { quantity },
        { name: 'act', value: 'change' },
      )
    await add()
    expect((await add()).text).toMatch(/Café torrado 250 g está na cesta\..*Total R\$\s79,80/)
    expect((await change('3')).text).toMatch(/Total R\$\s119,70/)
    // What is no quantity changes nothing.
    for (const odd of ['', '-1', '1.5', '100', 'many', '1e1'])
      expect((await change(odd)).text, odd).toMatch(/A quantidade vai de 0 a 99;.*Total R\$\s119,70/)
    expect((await change('99')).text).toContain('Só restam 20. Diminua a quantidade.')
    await add()
    expect(who.cookies.get('basket')).toBe(`${id.slice(4)}.99`)
    expect((await change('0')).text).toContain('A cesta está vazia.')
    await add()
    const form = formTo(await who.get('/basket'), '/basket', { product: id })
    expect((await who.send(form, {}, { name: 'act', value: 'remove' })).text).toContain('A cesta está vazia.')
    expect(who.cookies.has('basket')).toBe(false)
    // Taken out twice is taken out.
    expect((await who.send(form, {}, { name: 'act', value: 'remove' })).status).toBe(200)
  })

  test.each([
    ['garbage', 'x'],
    ['a price', '01hqzzzzzzzzzzzzzzzzzzzzzz.1.1'],
    ['no quantity', '01hqzzzzzzzzzzzzzzzzzzzzzz.0'],
    ['too long', '01hqzzzzzzzzzzzzzzzzzzzzzz.1~'.repeat(60)],
    ['markup', '<script>alert(1)</script>'],
  ])('made up as %s is an empty one', async (_, cookie) => {
    const who = installation.visitor()
    who.cookies.set('basket', cookie)
    expect((await who.get('/basket')).text).toContain('A cesta está vazia.')
    expect((await who.get('/checkout')).path).toBe('/basket')
  })

  test('with a product that does not exist says so, and does not lead to checkout', async () => {
    const who = installation.visitor()
    who.cookies.set('basket', '01hqzzzzzzzzzzzzzzzzzzzzzz.1')
    const page = await who.get('/basket')
    expect(page.text).toContain('Não é mais vendido. Remova para continuar.')
    expect(page.forms.some(({ action }) => action === '/checkout')).toBe(false)
  })

  test('refuses what is no form of it', async () => {
    const who = installation.visitor()
    const { id } = installation.products.coffee
    for (const form of [{}, { product: id }, { product: id, act: 'steal' }, { product: 'inv_1', act: 'add' }])
      expect((await who.raw('/basket', { form: form as Record<string, string> })).status).toBe(400)
    expect(
      (await who.raw('/basket', { form: { product: 'prd_01hqzzzzzzzzzzzzzzzzzzzzzz', act: 'add' } })).status,
    ).toBe(404)
    for (const site of ['cross-site', 'same-site', 'none'])
      expect(
        (await who.raw('/basket', { form: { product: id, act: 'add' }, headers: { 'sec-fetch-site': site } }))
          .status,
      ).toBe(403)
    expect(who.cookies.has('basket')).toBe(false)
  })

  test('shop and basket are found in English too, by the browser’s wish and by the link, which is kept', async () => {
    const who = installation.visitor({ language: 'en-GB,en;q=0.9' })
    expect((await who.get('/')).html).toContain('<html lang="en">')
    const other = installation.visitor({ language: 'pt-BR' })
    expect((await other.get('/?lang=en')).text).toContain('Sold out')
    expect((await other.get('/basket')).text).toContain('The basket is empty.')
  })
})

describe('checkout', () => {
  test('asks for three things, and says of each what is wrong with it, keeping what was typed; nothing is ordered', async () => {
    const who = installation.visitor()
    const before = await count('orders')
    const page = await installation.toCheckout(who)
    const wrong = await who.send(formTo(page, '/checkout'), {
      name: '<b>',
      email: 'ana@',
      taxId: '012.345.678-91',
    })
    expect(wrong.status).toBe(422)
    const said = [
      ['name', 'Use letras no nome, sem sinais como &lt; e >.'],
      ['email', 'O e-mail parece incompleto. Um exemplo: maria@exemplo.com.br.'],
      ['taxId', 'Os números do CPF ou CNPJ não conferem. Compare com o documento.'],
    ]
    for (const [field, says] of said) {
      // At the top with a way to the field, and beside the field itself.
      expect(wrong.html).toContain(`<a href="#${field}">${says}</a>`)
      expect(wrong.html).toContain(`<p class="fault" id="${field}-fault">${says}</p>`)
    }
    const { fields } = formTo(wrong, '/checkout')
    expect([fields['name'], fields['email'], fields['taxId']]).toEqual(['<b>', 'ana@', '012.345.678-91'])
    expect(await count('orders')).toBe(before)
  })

  test.each(['', '1', '111.111.111-11', '012.345.678-9', '20.018.183/0001-81', 'abc', "0123456789' or 1=1"])(
    'refuses the tax id %j',
    async taxId => {
      const who = installation.visitor()
      const before = await count('orders')
      const wrong = await who.send(formTo(await installation.toCheckout(who), '/checkout'), {
        ...buyer,
        taxId,
      })
      expect(wrong.status).toBe(422)
      expect(wrong.html).toContain('id="taxId-fault"')
      expect(await count('orders')).toBe(before)
    },
  )

  test('takes no price from a browser: another total is answered with the true one, and nothing is ordered [security prices]', async () => {
    const who = installation.visitor()
    const before = await count('orders')
    const form = formTo(await installation.toCheckout(who, ['coffee', 'mug']), '/checkout')
    expect(form.fields['total']).toBe('9490')
    for (const total of ['1', '0', '-9490', '9490.00', 'free', '']) {
      const answer = await who.send(form, { ...buyer, total })
      expect([answer.status, totalOf(answer)], total).toEqual([422, '9490'])
      expect(answer.text).toMatch(/Um preço mudou: o total agora é R\$\s94,90/)
    }
    const extra = await who.raw('/checkout', {
      form: { ...form.fields, ...buyer, units: '1', price: '1', [installation.products.mug.id]: '1' },
    })
    expect(extra.status).toBe(303)
    expect(await count('orders')).toBe(before + 1)
    const made = await installation.running.app.db.one<{ units: bigint }>(
      sql`select units from orders order by added_at desc, id desc limit 1`,
    )
    expect(made!.units).toBe(9_490n)
  })

  test('says when a price changed on the way, and orders at the new one only after it was shown [security prices]', async () => {
    const who = installation.visitor()
    const basket = formTo(await installation.toCheckout(who, ['notebook']), '/checkout')
    await edit('caderno-pautado', { units: 2_600n })
    try {
      const seenBefore = await who.get('/checkout?total=2450')
      expect(seenBefore.text).toMatch(/o total era R\$\s24,50 e agora é R\$\s26,00/)
      const answer = await who.send(basket, buyer)
      expect(answer.status).toBe(422)
      expect(answer.text).toMatch(/o total agora é R\$\s26,00\. Nada foi pedido ainda/)
      const placed = await who.send(formTo(answer, '/checkout'))
      expect(placed.path).toMatch(/^\/orders\//)
      await installation.becomes(who, placed.path, /A pagar R\$\s26,00/)
    } finally {
      await edit('caderno-pautado', { units: wares.notebook.units })
    }
  })

  test('sent twice, at once or again, is one order, and its basket is empty then', async () => {
    const who = installation.visitor()
    const before = await count('orders')
    const form = { ...formTo(await installation.toCheckout(who), '/checkout').fields, ...buyer }
    const cookies = new Map(who.cookies)
    const answers = await Promise.all([1, 2, 3, 4].map(() => who.raw('/checkout', { form })))
    const [first, ...others] = answers.map(answer => answer.headers.get('location'))
    expect(first).toMatch(/^\/orders\/[\w-]{32}$/)
    expect(others).toEqual([first, first, first])
    // Again later, by a browser that had not heard that the basket is empty.
    who.cookies.set('basket', cookies.get('basket')!)
    const later = await who.raw('/checkout', { form })
    expect([later.headers.get('location'), who.cookies.has('basket')]).toEqual([first, false])
    expect(await count('orders')).toBe(before + 1)
  })

  test('says what was sold out meanwhile, and what is left', async () => {
    const [quick, slow] = [installation.visitor(), installation.visitor()]
    await edit('caneca-de-ceramica', { stock: 1n })
    const form = formTo(await installation.toCheckout(slow, ['mug', 'coffee']), '/checkout')
    await installation.order(quick, 'starkbank', ['mug'])
    const before = await count('orders')
    const answer = await slow.send(form, buyer)
    expect(answer.status).toBe(422)
    expect(answer.text).toContain('Caneca de cerâmica acabou de esgotar. Abrir a cesta para acertar.')
    expect(await count('orders')).toBe(before)
    const basket = await slow.get('/checkout')
    expect([basket.path, basket.text]).toEqual([
      '/basket',
      expect.stringContaining('Esgotou desde que foi para a cesta. Remova para continuar.'),
    ])
    await edit('caneca-de-ceramica', { stock: 3n })
  })

  test('of the last one, wanted by many at once, sells one', async () => {
    await edit('caneca-de-ceramica', { stock: 1n })
    const forms = []
    for (let each = 0; each < 5; each++) {
      const who = installation.visitor()
      forms.push({
        who,
        form: { ...formTo(await installation.toCheckout(who, ['mug']), '/checkout').fields, ...buyer },
      })
    }
    const answers = await Promise.all(forms.map(({ who, form }) => who.raw('/checkout', { form })))
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([303, 422, 422, 422, 422])
    await edit('caneca-de-ceramica', { stock: 3n })
  })

  test('refuses a rail that is not offered, and orders nothing while none is', async () => {
    const who = installation.visitor()
    const form = formTo(await installation.toCheckout(who), '/checkout')
    for (const rail of ['bitcoin', 'monero', '']) {
      const answer = await who.send(form, { ...buyer, rail })
      expect([answer.status, answer.text]).toEqual([
        422,
        expect.stringContaining('Esta forma de pagamento não é oferecida agora'),
      ])
    }
    const { db } = installation.running.app
    await stopOffering(db, 'starkbank', 'maker')
    const shut = await who.get('/checkout')
    expect(shut.text).toContain('A loja não está recebendo pedidos agora.')
    expect((await who.send(form, buyer)).status).toBe(422)
    await payShopTo(
      db,
      { rail: 'starkbank', account: 'main', commissionBp: 150n, minPayoutUnits: 0n },
      'maker',
    )
    expect((await who.send(form, buyer)).path).toMatch(/^\/orders\//)
  })

  test('refuses a form that is too large, or no form at all', async () => {
    const who = installation.visitor()
    const { fields } = formTo(await installation.toCheckout(who), '/checkout')
    expect(
      (await who.raw('/checkout', { form: { ...fields, ...buyer, name: 'a'.repeat(10_000) } })).status,
    ).toBe(413)
    const headers = { 'sec-fetch-site': 'same-origin', 'content-type': 'application/json' }
    expect((await who.raw('/checkout', { method: 'POST', headers })).status).toBe(415)
    const stale = await who.send(formTo(await who.get('/checkout'), '/checkout'), { ...buyer, key: 'short' })
    expect([stale.status, stale.text]).toEqual([
      422,
      expect.stringContaining('A página ficou aberta por tempo demais.'),
    ])
    expect(formTo(stale, '/checkout').fields['key']).toMatch(/^[\w-]{32}$/)
  })
})

describe('the page of an order', () => {
  test('shows the bank’s own code, as text and as a QR code that reads the same, and is for nobody else', async () => {
    const who = installation.visitor()
    const page = await installation.order(who)
    const atBank = installation.bank.invoices().at(-1)!
    expect(atBank.amount).toBe(3_990)
    expect(page.html).toContain(`>${atBank.brcode}</textarea>`)
    expect(qrInPage(page.html)).toBe(atBank.brcode)
    expect(page.text).toMatch(/Pague com Pix A pagar R\$\s39,90|Pague com Pix .*A pagar R\$\s39,90/)
    expect(
      Object.fromEntries(
        ['cache-control', 'referrer-policy', 'x-robots-tag'].map(name => [name, page.headers.get(name)]),
      ),
    ).toEqual({
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-robots-tag': 'noindex, nofollow',
    })
    expect(page.html).toContain('<meta name="robots" content="noindex, nofollow"/>')
    // A browser without scripts asks again by itself.
    expect(page.html).toContain('<noscript><meta http-equiv="refresh" content="15"/></noscript>')
    // Nothing that the policy would stop, and nothing of the buyer: whoever has the link sees the order, not
    // the person.
    expect(page.html).not.toMatch(
      / style=|<style|<script(?! type="module" src="\/assets\/)|javascript:| on\w+=/,
    )
    for (const mine of Object.values(buyer)) expect(page.html).not.toContain(mine)
    // 15 minutes, by the server's clock.
    const [, now, until] = /data-now="(\d+)" data-until="(\d+)"/.exec(page.html)!
    expect(Number(until) - Number(now)).toBeGreaterThan(14 * minute)
    expect(Number(until) - Number(now)).toBeLessThanOrEqual(15 * minute)
    expect(Buffer.byteLength(page.html)).toBeLessThan(30_000)
  })

  test('is found by its token alone [security roles]', async () => {
    const who = installation.visitor()
    const { path } = await installation.order(who)
    const token = path.split('/').at(-1)!
    const wrong = [
      `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`,
      token.toLowerCase(),
      'x',
      'ord_1',
      `${token}x`,
      '%27%20or%201=1',
    ]
    for (const each of wrong) {
      expect((await who.raw(`/orders/${each}`)).status, each).toBe(404)
      expect((await who.raw(`/orders/${each}/events`)).status, each).toBe(404)
      expect((await who.raw(`/orders/${each}/code`, { form: {} })).status, each).toBe(404)
    }
    expect((await who.raw(`${path}/simulate`, { form: { share: 'all' } })).status).toBe(404)
    expect((await who.get(path)).html).not.toContain('/simulate"')
  })

  test('says by itself that it was paid, and then shows a receipt; the money is passed on like any other', async () => {
    const who = installation.visitor()
    const page = await installation.order(who, 'starkbank', ['coffee', 'notebook'])
    const news = await openNews(installation.origin, page)
    const { id, amount } = installation.bank.invoices().at(-1)!
    expect(amount).toBe(6_440)
    installation.bank.pay(id)
    await installation.skip(0)
    expect(await news.next('changed')).toMatch(/^[\w-]{12}$/)
    const paid = await installation.becomes(who, page.path, /Pagamento recebido/)
    expect(paid.text).toMatch(/O pagamento foi confirmado e o pedido está feito\./)
    expect(paid.text).toMatch(/Valor pago R\$\s64,40 Cobrança inv_\w{26} Número no banco \d+/)
    expect(paid.html).toContain('<h1 id="standing" tabindex="-1">')
    // Nothing left to pay with, to wait for, or to ask for.
    expect(paid.html).not.toMatch(/class="qr"|http-equiv="refresh"|data-live|\/code"/)
    await news.close()

    const { db } = installation.running.app
    const payout = () =>
      db.one<{ state: string }>(sql`
      select p.state from payouts p join invoices i on i.id = p.invoice_id where i.provider_id = ${id}
        and p.state = 'paid'`)
    await eventually(payout).toBeDefined()
  })

  test('is told of nothing while nothing happens, and a page that missed something is told at once', async () => {
    const page = await installation.order(installation.visitor())
    const quiet = await openNews(installation.origin, page)
    expect(await quiet.next('changed', 2_500)).toBeUndefined()
    await quiet.close()
    const late = await openNews(installation.origin, page, 'of-old')
    expect(await late.next('changed')).toMatch(/^[\w-]{12}$/)
    await late.close()
  })

  test('over its time shows no code but a button for a new one on the same order; pressed twice it is one', async () => {
    const who = installation.visitor()
    const page = await installation.order(who)
    const [number] = /Pedido (\w{8})/.exec(page.text)!
    await installation.skip(15 * minute + 5_000)
    const over = await installation.becomes(who, page.path, /O código expirou/)
    expect(over.html).not.toMatch(/class="qr"|copia e cola|<textarea/)
    expect(over.text).toContain('Nada foi cobrado.')
    const form = formTo(over, `${page.path}/code`)
    expect(form.buttons.map(({ says }) => says)).toEqual(['Gerar um novo código Pix'])

    const before = await count('invoices')
    const answers = await Promise.all(
      [1, 2, 3].map(() => who.raw(form.action, { form: { rail: 'starkbank' } })),
    )
    expect(answers.map(answer => [answer.status, answer.headers.get('location')])).toEqual(
      Array(3).fill([303, page.path]),
    )
    expect(await count('invoices')).toBe(before + 1)
    const renewed = await installation.becomes(who, page.path, /Pague com Pix/)
    expect(renewed.text).toContain(number)
    expect(qrInPage(renewed.html)).toBe(installation.bank.invoices().at(-1)!.brcode)
    expect(qrInPage(renewed.html)).not.toBe(qrInPage(page.html))
    installation.bank.pay(installation.bank.invoices().at(-1)!.id)
    await installation.skip(0)
    await installation.becomes(who, page.path, /Pagamento recebido/)
    // Asked for after it was paid it changes nothing.
    expect((await who.raw(form.action, { form: { rail: 'starkbank' } })).headers.get('location')).toBe(
      page.path,
    )
    expect(await count('invoices')).toBe(before + 1)
  })

  test('names products and buyers as they are written, never as marks of the page', async () => {
    const { db, world } = installation.running.app
    const name = `<script>alert(1)</script>"><img src=x onerror=alert(2)>`
    const product = await addProduct(
      db,
      world,
      { name, units: 100n, stock: 9n, description: name, photo: undefined },
      'maker',
    )
    const who = installation.visitor()
    for (const path of ['/', `/products/${product.slug}`])
      expect((await who.get(path)).html).not.toMatch(/<script>|<img src=x/)
    const shop = await who.get('/')
    expect(shop.text).toContain(name)
    await who.send(formTo(shop, '/basket', { product: product.id }), {}, { name: 'act', value: 'add' })
    const checkout = await who.get('/checkout')
    const page = await who.send(formTo(checkout, '/checkout'), buyer)
    for (const each of [await who.get('/basket'), checkout, page])
      expect(each.html).not.toMatch(/<script>|<img src=x/)
    expect(page.text).toContain(name)
    await edit(product.slug, { state: 'removed' })
  })

  test('every page of the shop says that it is not in earnest, where it is not', async () => {
    const who = installation.visitor()
    for (const path of ['/', '/basket']) expect((await who.get(path)).text).toContain('Ambiente de teste')
  })
})

test('a long list goes over several pages, each product on one of them', async () => {
  const { db, world } = installation.running.app
  const slugs: string[] = []
  for (let one = 0; one < 80; one++) {
    const name = `Vela ${String(one).padStart(2, '0')}`
    slugs.push(
      (
        await addProduct(
          db,
          world,
          { name, units: 500n, stock: 1n, description: '', photo: undefined },
          'maker',
        )
      ).slug,
    )
  }
  const who = installation.visitor()
  const seen: string[] = []
  let path: string | undefined = '/'
  while (path !== undefined) {
    const page: Page = await who.get(path)
    expect(Buffer.byteLength(page.html)).toBeLessThan(33_000)
    seen.push(...[...page.html.matchAll(/<h2><a href="\/products\/([^"]+)"/g)].map(([, slug]) => slug!))
    path = /rel="next" href="([^"]+)"/.exec(page.html)?.[1]
  }
  expect(seen.filter(slug => slugs.includes(slug))).toEqual(slugs)
  expect(new Set(seen).size).toBe(seen.length)
  // One that is not there (any more) begins at the start.
  expect((await who.get('/?after=nothing')).html).toContain(`/products/${seen[0]}"`)
  expect((await who.get('/?after=a&after=b')).status).toBe(200)
  for (const slug of slugs) await edit(slug, { state: 'removed' })
})
