/** The routes of checkout: the form, and placing what it says. */
import type Router from '@koa/router'
import { satsFor } from '../../../base/money.ts'
import { isOnChain, isRailName, type RailName } from '../../../base/rails.ts'
import { rateNow } from '../../../invoice/invoice.ts'
import { offers, placeOrder, type App, type Offer } from '../../../jobs/jobs.ts'
import {
  linesOf,
  newKey,
  type BasketLine,
  type Buyer,
  type OrderFault,
  type OrderRow,
} from '../../../shop/shop.ts'
import { amount, readForm, show, type PageContext, type PageState } from '../../page/page.ts'
import type { PageParts } from '../../context.ts'
import { basketOf, keepBasket } from '../basket/cookie.ts'
import { seeOther } from '../catalogue/routes.ts'
import { CheckoutPage } from './page.tsx'
import { faultsInWords, statusOf } from '../faultWords.ts'
import { priced, type PricedBasket } from '../../../queries/products.ts'
import { shopOf } from '../shopOf.ts'
import { shopWords } from '../words.ts'

const nobody: Buyer = { name: '', email: '', taxId: '' }

export function checkoutRoutes(router: Router<PageState>, parts: PageParts): void {
  const { app } = parts

  router.get('/checkout', async ctx => {
    const basket = await priced(app.db, basketOf(ctx))
    // What cannot be ordered is mended in the basket, where it is said.
    if (!basket.isOrderable) return seeOther(ctx, '/basket')
    const before = readTotal(String(ctx.query['total'] ?? ''))
    const { lang } = ctx.state
    const news =
      before !== undefined && before !== basket.units
        ? shopWords[lang].priceMoved(amount(lang, before, 'BRL'), amount(lang, basket.units, 'BRL'))
        : undefined
    await showForm(ctx, parts, {
      basket,
      buyer: nobody,
      rail: undefined,
      key: newKey(app.world),
      faults: [],
      news,
    })
  })

  router.post('/checkout', async ctx => {
    const form = await readForm(ctx, { fields: 20, textBytes: 8 * 1024 })
    const lines = basketOf(ctx)
    const buyer = { name: form.text('name'), email: form.text('email'), taxId: form.text('taxId') }
    const rail = railOf(form.text('rail'))
    const key = form.text('key')
    const placed = await placeOrder(app, {
      ...{ basketKey: key, lines, buyer, language: ctx.state.lang },
      // A rail that does not exist is refused as one that is not offered.
      rail: rail ?? ('' as RailName),
      // A form without a total is none of ours: it is shown the total first.
      unitsShown: readTotal(form.text('total')) ?? 0n,
      address: ctx.ip,
    })
    if (placed.is === 'placed') {
      if (!placed.again || (await isOf(app, placed.order, lines))) keepBasket(ctx, [])
      return seeOther(ctx, `/orders/${placed.order.token}`)
    }
    if (placed.faults.some(({ is }) => is === 'empty')) return seeOther(ctx, '/basket')
    const basket = await priced(app.db, lines)
    const isStale = placed.faults.some(({ field }) => field === 'basketKey')
    await showForm(
      ctx,
      parts,
      { basket, buyer, rail, key: isStale ? newKey(app.world) : key, faults: placed.faults },
      statusOf(ctx, placed.faults, app.world),
    )
  })
}

interface Filled {
  basket: PricedBasket
  buyer: Buyer
  rail: RailName | undefined
  key: string
  faults: readonly OrderFault[]
  news?: string | undefined
}

async function showForm(ctx: PageContext, parts: PageParts, filled: Filled, status = 200): Promise<void> {
  const offered = await offers(parts.app)
  const page = CheckoutPage({
    ...filled,
    shop: shopOf(ctx, parts),
    offers: offered,
    coins: await coinsFor(parts.app, offered, filled.basket.units),
    faults: faultsInWords(ctx.state.lang, filled.faults),
  })
  show(ctx, page, status)
}

/** What it comes to in satoshis, where Bitcoin can be paid with now. */
async function coinsFor(
  { db, bitcoin, world }: App,
  offered: readonly Offer[],
  units: bigint,
): Promise<bigint | undefined> {
  if (!bitcoin || !offered.some(({ rail, why }) => isOnChain(rail) && why === undefined)) return undefined
  const rate = await rateNow(db, bitcoin, world)
  return rate.is === 'rate' ? satsFor(units, rate.price) : undefined
}

const railOf = (text: string): RailName | undefined => (isRailName(text) ? text : undefined)

const readTotal = (text: string): bigint | undefined => (/^\d{1,13}$/.test(text) ? BigInt(text) : undefined)

/** Whether the basket still is what was ordered: a form sent twice at once answers the second time alone. */
async function isOf({ db }: App, order: OrderRow, basket: readonly BasketLine[]): Promise<boolean> {
  const lines = await linesOf(db, order.id)
  const told = (all: readonly [string, bigint][]) =>
    all
      .map(([id, quantity]) => `${id} ${quantity}`)
      .toSorted()
      .join()
  return (
    told(lines.map(line => [line.product_id, line.quantity])) ===
    told(basket.map(line => [line.productId, line.quantity]))
  )
}
