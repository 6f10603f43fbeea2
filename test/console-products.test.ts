/**
 * The console's products over real HTTP: what is put in the shop is sold there as it was typed, photo and
 * all.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findProduct } from '../src/shop/shop.ts'
import { sql } from '../src/db/db.ts'
import { consoleVisitor, type ConsoleVisitor } from './testbed/consoleVisitor.ts'
import { openPageInstallation, type PageInstallation } from './testbed/pageInstallation.ts'
import { png } from './testbed/photos.ts'

let installation: PageInstallation
let maria: ConsoleVisitor
let vera: ConsoleVisitor

beforeAll(async () => {
  installation = await openPageInstallation()
  // No act of these pages asks for a fresh code, so nobody waits for one.
  const arrives = async (
    name: string,
    role: 'maker' | 'viewer',
    language: string,
  ): Promise<ConsoleVisitor> => {
    const { post, upload, ...visitor } = await consoleVisitor(installation, name, role, language)
    return {
      ...visitor,
      post: (path, fields) => post(path, { code: '', ...fields }),
      upload: (path, fields, file) => upload(path, { code: '', ...fields }, file),
    }
  }
  maria = await arrives('maria', 'maker', 'pt-BR')
  vera = await arrives('vera', 'viewer', 'en')
})
afterAll(() => installation.close())

const filled = (more: Record<string, string> = {}) => ({
  name: 'Café Ético 250 g',
  price: '39,90',
  stock: '20',
  description: 'Torrado aqui.',
  ...more,
})
const product = () => findProduct(installation.running.app.db, 'cafe-etico-250-g')
const faultsIn = (text: string) =>
  Object.fromEntries(
    [...text.matchAll(/<p class="fault" id="([\w-]+)-fault">([^<]*)</g)].map(([, name, why]) => [name, why!]),
  )
const photo = (bytes: Uint8Array, name = 'cafe.png') => ({ field: 'photo', name, bytes })
const shop = async (path = '/') => (await fetch(`${installation.origin}${path}`)).text()
const seen = async (path: string) => {
  const { text } = await maria.get(path)
  const of = (name: string) => new RegExp(`name="${name}" value="([^"]+)"`).exec(text)![1]!
  return { seenAt: of('seenAt'), seenStock: of('seenStock') }
}

test('the empty list says so, and that the shop has nowhere to send its money yet', async () => {
  const { text } = await maria.get('/console/products')
  expect(text).toContain('A loja ainda não tem produtos')
  expect(text).toContain('Nenhum meio está definido')
  expect(text).toContain('href="/console/products/new"')
  expect((await vera.get('/console/products')).text).not.toContain('href="/console/products/new"')
  expect((await vera.get('/console/products/new')).status).toBe(403)
  expect((await vera.post('/console/products/new', filled())).status).toBe(403)
})

describe('a new product', () => {
  test.each([
    ['no name', 'name', ''],
    ['a name without a letter', 'name', '!!!'],
    ['a price of nothing', 'price', '0'],
    ['a price below nothing', 'price', '-1'],
    ['a price of three decimals', 'price', '39,901'],
    ['a price above ten million', 'price', '10.000.000,01'],
    ['a stock below nothing', 'stock', '-1'],
    ['a stock of one and a half', 'stock', '1,5'],
    ['a stock of a million', 'stock', '1000000'],
    ['a description of 2,001 letters', 'description', 'x'.repeat(2_001)],
  ])('%s is refused at its field', async (_, field, value) => {
    const { status, text } = await maria.post('/console/products/new', filled({ [field]: value }))
    expect(status).toBe(400)
    expect(Object.keys(faultsIn(text))).toEqual([field])
    expect(await product()).toBeUndefined()
  })

  test.each<[string, Uint8Array, string]>([
    [
      'a page that says it is a picture',
      Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'),
      'não é uma foto',
    ],
    [
      'a picture with something behind it',
      Buffer.concat([png(32, 32), Buffer.from('<script>')]),
      'não é uma foto',
    ],
    ['a picture too small to see', png(2, 2), 'de 16 a 8.000 pixels'],
    ['a picture too large', Buffer.concat([png(32, 32), Buffer.alloc(600 * 1024)]), 'passa de 512 kB'],
  ])('%s is refused at its field', async (_, bytes, why) => {
    const { status, text } = await maria.upload('/console/products/new', filled(), photo(bytes))
    expect(status).toBe(400)
    expect(faultsIn(text)).toEqual({ photo: expect.stringContaining(why) })
    expect(await product()).toBeUndefined()
  })

  test('a file far too large is not taken in at all', async () => {
    expect(
      (await maria.upload('/console/products/new', filled(), photo(Buffer.alloc(2 * 1024 * 1024)))).status,
    ).toBe(413)
  })

  test('it is in the shop with its photo, price and words; sent twice it is one', async () => {
    const added = await maria.upload('/console/products/new', filled(), photo(png(64, 48)))
    expect(added.status).toBe(303)
    const row = (await product())!
    expect(added.to).toBe(`/console/products/${row.id}?said=saved`)
    expect(row).toMatchObject({ units: 3_990n, stock: 20n, description: 'Torrado aqui.', state: 'listed' })
    expect((await maria.post('/console/products/new', filled())).to).toBe(added.to)
    const image = /src="(\/photos\/[^"]+)"/.exec((await maria.get('/console/products')).text)![1]!
    const served = await fetch(`${installation.origin}${image}`)
    expect([served.status, served.headers.get('content-type')]).toEqual([200, 'image/png'])
    expect(await shop()).toContain('Café Ético 250 g')
    expect(
      faultsIn((await maria.post('/console/products/new', filled({ price: '1' }))).text)['name'],
    ).toContain('Já existe o produto')
  })
})

describe('editing', () => {
  const path = async () => `/console/products/${(await product())!.id}`

  test('changes what is sold from then on; sent twice it is one change', async () => {
    const sent = { ...filled({ price: '42', stock: '25' }), ...(await seen(await path())) }
    expect((await maria.post(await path(), sent)).to).toBe(`${await path()}?said=saved`)
    expect(await product()).toMatchObject({ units: 4_200n, stock: 25n })
    expect((await maria.post(await path(), sent)).status).toBe(303)
    expect(await product()).toMatchObject({ units: 4_200n, stock: 25n })
    expect(
      await installation.running.app.db.all(sql`select seq from audit where act = 'product changed'`),
    ).toHaveLength(1)
  })

  test('what is sold meanwhile stays sold', async () => {
    const sent = { ...filled({ price: '42', stock: '30' }), ...(await seen(await path())) }
    await installation.running.app.db.tx(tx => tx.run(sql`update products set stock = stock - 4`))
    expect((await maria.post(await path(), sent)).status).toBe(303)
    expect(await product()).toMatchObject({ stock: 26n })
    const none = { ...filled({ price: '42', stock: '0' }), ...(await seen(await path())) }
    await installation.running.app.db.tx(tx => tx.run(sql`update products set stock = stock - 1`))
    const { status, text } = await maria.post(await path(), none)
    expect(status).toBe(409)
    expect(faultsIn(text)['stock']).toContain('foram vendidos mais')
  })

  test('over another’s change nothing is written', async () => {
    const before = await seen(await path())
    await installation.repasse('product', 'edit', 'cafe-etico-250-g', '--price', '50.00', '--by', 'bia')
    const { status, text } = await maria.post(await path(), { ...filled({ price: '45' }), ...before })
    expect(status).toBe(409)
    expect(text).toContain('Outra pessoa mudou este produto')
    expect(await product()).toMatchObject({ units: 5_000n })
  })

  test('it goes off the shop and comes back, each twice', async () => {
    for (const [verb, state] of [
      ['remove', 'removed'],
      ['remove', 'removed'],
      ['list', 'listed'],
      ['list', 'listed'],
    ] as const) {
      expect((await maria.post(`${await path()}/${verb}`)).status).toBe(303)
      expect(await product()).toMatchObject({ state })
      expect((await shop()).includes('Café Ético')).toBe(state === 'listed')
    }
    expect((await vera.post(`${await path()}/remove`)).status).toBe(403)
    expect((await maria.post('/console/products/prd_nowhere/remove')).status).toBe(404)
  })

  test('a viewer sees it in English, without the form', async () => {
    const { text } = await vera.get(await path())
    expect(text).toContain('in the shop')
    expect(text).not.toContain('name="price"')
  })
})

test('words that look like a page stay words', async () => {
  const name = '<script>alert(1)</script> café'
  const { to } = await maria.post(
    '/console/products/new',
    filled({ name, description: '"><img src=x onerror=alert(1)>' }),
  )
  for (const path of ['/console/products', to]) {
    const { text } = await maria.get(path)
    expect(text).toContain('&lt;script>alert(1)&lt;/script> café')
    expect(text).not.toContain('<script>alert')
    expect(text).not.toContain('<img src=x')
  }
})
