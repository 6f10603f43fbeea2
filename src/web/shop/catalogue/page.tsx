/** What the shop sells: everything on one page, and a page for each product. */
import { amount, type Language } from '../../page/page.ts'
import { Badge } from '../../page/parts.tsx'
import { Of } from '../of.tsx'
import { ShopFrame, type Shop } from '../frame.tsx'
import type { Shown } from '../../../queries/products.ts'
import { shopWords } from '../words.ts'

interface CatalogueParts {
  shop: Shop
  products: readonly Shown[]
  /** After which slug the next page begins. */
  next: string | undefined
  isFirst: boolean
}

export const CataloguePage = ({ shop, products, next, isFirst }: CatalogueParts) => {
  const say = shopWords[shop.lang]
  return (
    <ShopFrame {...{ shop, title: say.products, here: 'products' }}>
      <h1>{say.products}</h1>
      {products.length === 0 && <p class="quiet">{say.emptyShop}</p>}
      <ul class="catalogue">
        {products.map((product, place) => (
          <li class="card product">
            <Picture product={product} isFirst={place < 4} />
            <h2>
              <a href={`/products/${product.slug}`}>{product.name}</a>
            </h2>
            <Buying {...{ lang: shop.lang, product }} />
          </li>
        ))}
      </ul>
      {(next !== undefined || !isFirst) && (
        <nav class="actions" aria-label={say.products}>
          {!isFirst && <a href="/">{say.fromStart}</a>}
          {next !== undefined && (
            <a class="button plain" rel="next" href={`/?after=${encodeURIComponent(next)}`}>
              {say.more}
            </a>
          )}
        </nav>
      )}
    </ShopFrame>
  )
}

export const ProductPage = ({ shop, product }: { shop: Shop; product: Shown }) => (
  <ShopFrame {...{ shop, title: product.name, here: 'products' }}>
    <div class="one product">
      <Picture product={product} isFirst />
      <div>
        <h1>{product.name}</h1>
        {product.description !== '' && <p class="told">{product.description}</p>}
        <Buying {...{ lang: shop.lang, product }} />
      </div>
    </div>
  </ShopFrame>
)

/** The name stands beside it in text, so to whoever cannot see it the photo adds nothing. */
const Picture = ({ product: { image }, isFirst }: { product: Shown; isFirst: boolean }) =>
  image ? (
    <img
      class="photo"
      src={image.url}
      width={image.width}
      height={image.height}
      alt=""
      loading={isFirst ? 'eager' : 'lazy'}
      decoding="async"
    />
  ) : (
    <div class="photo" aria-hidden="true" />
  )

const few = 5n

const Buying = ({ lang, product: { id, name, units, stock } }: { lang: Language; product: Shown }) => {
  const say = shopWords[lang]
  return (
    <>
      <p class="price">{amount(lang, units, 'BRL')}</p>
      <p>
        {stock === 0n ? (
          <Badge tone="bad">{say.soldOut}</Badge>
        ) : (
          <Badge tone={stock <= few ? 'wait' : 'good'}>
            {stock <= few ? say.left(`${stock}`) : say.inStock}
          </Badge>
        )}
      </p>
      {stock > 0n && (
        <form method="post" action="/basket">
          <input type="hidden" name="product" value={id} />
          <button name="act" value="add">
            {say.add}
            <Of name={name} />
          </button>
        </form>
      )}
    </>
  )
}
