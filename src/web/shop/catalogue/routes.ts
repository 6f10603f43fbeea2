/** The routes of who looks around: what is sold, the photos, and the basket. */
import type Router from '@koa/router'
import { isId } from '../../../base/id.ts'
import { findProduct, maxLines, maxOfOne } from '../../../shop/shop.ts'
import { readForm, show, type PageState } from '../../page/page.ts'
import type { PageParts } from '../../context.ts'
import { basketOf, keepBasket, readQuantity, withAdded, withQuantity } from '../basket/cookie.ts'
import { BasketPage } from '../basket/page.tsx'
import { CataloguePage, ProductPage } from './page.tsx'
import { photoNamed, priced, shownProduct, shownProducts } from '../../../queries/products.ts'
import { shopOf } from '../shopOf.ts'
import { shopWords } from '../words.ts'

export function browseRoutes(router: Router<PageState>, parts: PageParts): void {
  const { db } = parts.app

  router.get('/', async ctx => {
    const after = ctx.query['after']
    const { products, next } = await shownProducts(db, typeof after === 'string' ? after : undefined)
    show(ctx, CataloguePage({ shop: shopOf(ctx, parts), products, next, isFirst: after === undefined }))
  })

  router.get('/products/:slug', async ctx => {
    const product = await shownProduct(db, ctx.params['slug']!)
    if (product) show(ctx, ProductPage({ shop: shopOf(ctx, parts), product }))
  })

  router.get('/photos/:file', async ctx => {
    const photo = await photoNamed(db, ctx.params['file']!)
    if (!photo) return
    ctx.type = photo.mediaType
    // The name is made of what is in it, so it never is anything else.
    ctx.set('cache-control', 'public, max-age=31536000, immutable')
    ctx.body = Buffer.from(photo.bytes)
  })

  router.get('/basket', async ctx => {
    const basket = await priced(db, basketOf(ctx))
    const added = basket.lines.find(({ productId }) => productId === ctx.query['added'])?.product
    const say = shopWords[ctx.state.lang]
    const trouble =
      ctx.query['full'] === 'yes'
        ? say.basketFull(maxLines)
        : ctx.query['quantity'] === 'odd'
          ? say.oddQuantity(`${maxOfOne}`)
          : undefined
    show(ctx, BasketPage({ shop: shopOf(ctx, parts), basket, trouble, news: added && say.added(added.name) }))
  })

  router.post('/basket', async ctx => {
    const form = await readForm(ctx)
    const product = form.text('product')
    if (!isId('product', product)) return ctx.throw(400, 'no product')
    const lines = basketOf(ctx)
    switch (form.text('act')) {
      case 'add': {
        const known = await findProduct(db, product)
        if (known?.state !== 'listed') return ctx.throw(404, 'no such product')
        const added = withAdded(lines, product, readQuantity(form.text('quantity')) ?? 1n)
        if (added.is === 'full') return seeOther(ctx, '/basket?full=yes')
        keepBasket(ctx, added.lines)
        return seeOther(ctx, `/basket?added=${product}`)
      }
      case 'remove':
        keepBasket(ctx, withQuantity(lines, product, 0n))
        return seeOther(ctx, '/basket')
      case 'change': {
        const quantity = readQuantity(form.text('quantity'))
        if (quantity === undefined) return seeOther(ctx, '/basket?quantity=odd')
        keepBasket(ctx, withQuantity(lines, product, quantity))
        return seeOther(ctx, '/basket')
      }
      default:
        return ctx.throw(400, 'nothing to do')
    }
  })
}

/** After a POST: reloading what comes then posts nothing again. */
export function seeOther(ctx: { redirect(url: string): void; status: number }, url: string): void {
  ctx.redirect(url)
  ctx.status = 303
}
