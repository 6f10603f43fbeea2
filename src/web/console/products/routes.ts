/** The routes of products: list, add, edit, off the shop and back. */
import { formatUnits, mostUnits } from '../../../base/money.ts'
import { readTyped } from '../../../base/typedAmount.ts'
import { stopOf } from '../../../payout/payout.ts'
import {
  addProduct,
  editProduct,
  findProduct,
  readPhoto,
  removeProduct,
  shopRules,
  slugOf,
  type ProductInput,
  type ProductKept,
  type ProductRow,
  type ShopRefusal,
} from '../../../shop/shop.ts'
import { show, type Form, type Language } from '../../page/page.ts'
import type { Tone } from '../../page/parts.tsx'
import type { PageParts } from '../../context.ts'
import { keptProduct, keptProducts, type Shown } from '../../../queries/products.ts'
import type { ConsoleContext, ConsoleRoutes } from '../guard.ts'
import { ProductForm, ProductsPage } from './page.tsx'
import { type FieldFaults, type Values } from '../schedules/when.ts'
import { faultOfAmount } from '../list/amounts.ts'
import { done, refusalText } from '../refusals.ts'
import { productWords } from './words.ts'

const path = '/console/products'
/** Somewhat more than a photo may have, so that one just too large is told of at its field. */
const limits = { fileBytes: 900 * 1024 }
const maxStock = 999_999n

export function productRoutes(routes: ConsoleRoutes, { app }: PageParts): void {
  const { db, world } = app
  const framed = async (ctx: ConsoleContext) => ({
    lang: ctx.state.lang,
    person: ctx.state.person,
    stopped: await stopOf(db),
  })
  const pathOf = (row: Pick<ProductRow, 'id'>) => `${path}/${row.id}`
  /** The product of the path, or 404. */
  const the = async (ctx: ConsoleContext): Promise<Shown> =>
    (await keptProduct(db, ctx.params['id']!)) ?? ctx.throw(404)

  routes.page(path, 'see', async ctx => {
    show(
      ctx,
      ProductsPage({ ...(await framed(ctx)), products: await keptProducts(db), rules: await shopRules(db) }),
    )
  })

  interface Filled {
    values: Values
    faults?: FieldFaults
    edited?: Shown
    notice?: { tone: Tone; text: string }
  }
  const showForm = async (ctx: ConsoleContext, filled: Filled, status = 200) =>
    show(ctx, ProductForm({ ...(await framed(ctx)), ...filled }), status)

  routes.page(`${path}/new`, 'product.add', ctx => showForm(ctx, { values: {} }))
  routes.post(
    `${path}/new`,
    'product.add',
    async (ctx, form) => {
      const { lang, person } = ctx.state
      const { input, faults } = readProduct(form, lang)
      const values = form.values()
      if (!input) return showForm(ctx, { values, faults }, 400)
      const answer = await addProduct(db, world, input, person.name)
      if (answer.is === 'product-name-taken') {
        const twin = await findProduct(db, answer.slug)
        // Sent twice, the same product is one.
        if (twin?.state === 'listed' && isSame(twin, input)) return `${pathOf(twin)}?said=saved`
        return showForm(ctx, { values, faults: { name: refusalText(lang, answer) } }, 400)
      }
      return `${pathOf(done(lang, answer).product)}?said=saved`
    },
    limits,
  )

  routes.page(`${path}/:id`, 'see', async ctx => {
    const edited = await the(ctx)
    const { lang } = ctx.state
    const say = productWords[lang]
    const said = ctx.query['said']
    const text =
      said === 'saved'
        ? say.saved
        : said === 'removed'
          ? say.removed
          : said === 'listed'
            ? say.listed
            : undefined
    await showForm(ctx, {
      values: valuesOf(edited, lang),
      edited,
      ...(text !== undefined && { notice: { tone: 'good', text } }),
    })
  })

  routes.post(
    `${path}/:id`,
    'product.edit',
    async (ctx, form) => {
      const edited = await the(ctx)
      const { lang, person } = ctx.state
      const { input, faults } = readProduct(form, lang)
      const values = form.values()
      if (!input) return showForm(ctx, { values, faults, edited }, 400)
      // The same again, as when a button is pressed twice, is no fault.
      if (isSame(edited, input)) return `${pathOf(edited)}?said=saved`
      const { stock, photo, ...rest } = input
      // What is sold meanwhile is not given back: the difference is what was meant.
      const addStock = stock - BigInt(/^\d{1,9}$/.exec(form.text('seenStock'))?.[0] ?? edited.stock)
      const change = {
        ...rest,
        ...(addStock !== 0n && { addStock }),
        ...(photo && { photo }),
        seenAt: form.text('seenAt'),
      }
      const answer = await editProduct(db, edited.id, change, person.name)
      if (answer.is === 'product-changed')
        return showForm(
          ctx,
          { values, edited, notice: { tone: 'bad', text: refusalText(lang, answer) } },
          409,
        )
      if (answer.is === 'product-stock-short')
        return showForm(ctx, { values, faults: { stock: refusalText(lang, answer) }, edited }, 409)
      return `${pathOf(done(lang, answer).product)}?said=saved`
    },
    limits,
  )

  routes.post(`${path}/:id/remove`, 'product.remove', async ctx => {
    const { lang, person } = ctx.state
    const row = await the(ctx)
    doneOrSo(lang, await removeProduct(db, row.id, person.name))
    return `${pathOf(row)}?said=removed`
  })

  routes.post(`${path}/:id/list`, 'product.edit', async ctx => {
    const { lang, person } = ctx.state
    const row = await the(ctx)
    doneOrSo(lang, await editProduct(db, row.id, { state: 'listed' }, person.name))
    return `${pathOf(row)}?said=listed`
  })
}

/** Off the shop, or back, twice is once. */
function doneOrSo(lang: Language, answer: ProductKept | ShopRefusal): void {
  if (answer.is !== 'product-state') done(lang, answer)
}

const valuesOf = (row: ProductRow, lang: Language): Values => {
  const price = formatUnits(row.units, 'BRL')
  const typed = { price: lang === 'en' ? price : price.replace('.', ','), stock: row.stock.toString() }
  return { name: row.name, description: row.description, ...typed }
}

/** A photo that was sent is a change of its own: whether it is the one that is there is not asked. */
const isSame = (row: ProductRow, input: ProductInput) =>
  input.photo === undefined &&
  row.name === input.name &&
  row.units === input.units &&
  row.stock === input.stock &&
  row.description === input.description

function readProduct(form: Form, lang: Language): { input: ProductInput | undefined; faults: FieldFaults } {
  const say = productWords[lang].faults
  const faults: FieldFaults = {}
  const name = form.text('name')
  if (name.length > 200 || /[\n\t]/.test(name) || slugOf(name) === undefined) faults['name'] = say.name
  const price = readTyped(form.text('price'), 'BRL')
  const units =
    price.is === 'amount' && price.units > 0n && price.units <= mostUnits.BRL ? price.units : undefined
  if (units === undefined) faults['price'] = faultOfAmount(price, lang, say.price)
  const stock = /^\d{1,6}$/.test(form.text('stock')) ? BigInt(form.text('stock')) : maxStock + 1n
  if (stock > maxStock) faults['stock'] = say.stock
  const description = form.text('description').replaceAll('\t', ' ')
  if (description.length > 2_000) faults['description'] = say.description
  const photo = form.file('photo')?.bytes
  const photoFault = photo && faultOfPhoto(photo, lang)
  if (photoFault !== undefined) faults['photo'] = photoFault
  const isWhole = Object.keys(faults).length === 0
  return { input: isWhole ? { name, units: units!, stock, description, photo } : undefined, faults }
}

function faultOfPhoto(bytes: Uint8Array, lang: Language): string | undefined {
  const read = readPhoto(bytes)
  return read.is === 'photo' ? undefined : refusalText(lang, read)
}
