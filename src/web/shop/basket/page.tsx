/** The basket: each line with what is wrong with it now, and a way on. */
import { maxOfOne } from '../../../shop/shop.ts'
import { amount } from '../../page/page.ts'
import { Notice } from '../../page/parts.tsx'
import { Of } from '../of.tsx'
import { ShopFrame, type Shop } from '../frame.tsx'
import type { PricedBasket, PricedLine } from '../../../queries/products.ts'
import { shopWords, type ShopWords } from '../words.ts'

interface BasketParts {
  shop: Shop
  basket: PricedBasket
  /** What to say above it. */
  news?: string | undefined
  /** Why it did not change. */
  trouble?: string | undefined
}

export function BasketPage({ shop, basket, news, trouble }: BasketParts) {
  const { lang } = shop
  const say = shopWords[lang]
  return (
    <ShopFrame {...{ shop, title: say.basket, here: 'basket', noindex: true }}>
      <h1>{say.basket}</h1>
      {news !== undefined && <Notice tone="good">{news}</Notice>}
      {trouble !== undefined && <Notice tone="bad">{trouble}</Notice>}
      {basket.lines.length === 0 ? (
        <>
          <p class="quiet">{say.emptyBasket}</p>
          <p class="actions">
            <a class="button" href="/">
              {say.toProducts}
            </a>
          </p>
        </>
      ) : (
        <>
          <ul class="lines">
            {basket.lines.map(line => (
              <Line {...{ say, shop, line }} />
            ))}
          </ul>
          <p class="sum">
            {say.total} <strong>{amount(lang, basket.units, 'BRL')}</strong>
          </p>
          <div class="actions">
            {basket.isOrderable && (
              // The total goes along, so that the next page can say if it changed.
              <form method="get" action="/checkout">
                <input type="hidden" name="total" value={`${basket.units}`} />
                <button>{say.toCheckout}</button>
              </form>
            )}
            <a class="button plain" href="/">
              {say.keepShopping}
            </a>
          </div>
        </>
      )}
    </ShopFrame>
  )
}

function Line({ say, shop: { lang }, line }: { say: ShopWords; shop: Shop; line: PricedLine }) {
  const { productId, product, quantity, units, wrong } = line
  const name = product?.name ?? say.product
  const field = `quantity-${productId}`
  const most = product && product.stock < maxOfOne ? product.stock : maxOfOne
  return (
    <li class="card">
      <form method="post" action="/basket" class="line" noValidate>
        <input type="hidden" name="product" value={productId} />
        <div>
          <h2>{product?.state === 'listed' ? <a href={`/products/${product.slug}`}>{name}</a> : name}</h2>
          {wrong !== 'gone' && product && <p class="quiet">{amount(lang, product.units, 'BRL')}</p>}
        </div>
        {wrong !== undefined && (
          <p class="fault">{wrong === 'gone' ? say.goneLine : say.fewLine(`${product?.stock ?? 0n}`)}</p>
        )}
        {wrong !== 'gone' && (
          <div class="quantity">
            <label for={field}>{say.quantity}</label>
            <input
              {...{
                id: field,
                name: 'quantity',
                value: `${quantity}`,
                min: 0,
                max: `${most > 0n ? most : 1n}`,
                required: true,
              }}
              type="number"
              inputMode="numeric"
              autocomplete="off"
            />
            <button class="plain" name="act" value="change">
              {say.change}
              <Of name={name} />
            </button>
          </div>
        )}
        <button class="plain" name="act" value="remove">
          {say.remove}
          <Of name={name} />
        </button>
        {wrong !== 'gone' && (
          <p class="number">
            <span class="hidden-text">{say.sum} </span>
            {amount(lang, units, 'BRL')}
          </p>
        )}
      </form>
    </li>
  )
}
