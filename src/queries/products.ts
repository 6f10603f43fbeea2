/**
 * What the pages of the shop read: products with the facts of their photos, and the basket priced as it is
 * now.
 */
import { photoOf, type BasketLine, type Photo, type ProductRow } from '../shop/shop.ts'
import { join, sql, type Reader } from '../db/db.ts'

export interface Shown extends ProductRow {
  image: { url: string; width: number; height: number } | undefined
}

type PhotoFacts = {
  photo_type: Photo['mediaType'] | null
  photo_width: bigint | null
  photo_height: bigint | null
}

const endings = { 'image/jpeg': 'jpg', 'image/png': 'png', 'image/webp': 'webp' } as const satisfies Record<
  Photo['mediaType'],
  string
>

const withPhotos = sql`select p.*, f.media_type as photo_type, f.width as photo_width,
  f.height as photo_height
  from products p left join product_photos f on f.digest = p.photo`

/** On one page of the list, which is to stay below 50 kB with its styles. */
const atOnce = 40

export interface ShownPage {
  products: Shown[]
  /** The slug after which the next page begins; undefined where this is the last. */
  next: string | undefined
}

/** What can be had is shown before what is sold out. */
const rank = sql`case when p.stock > 0 then 0 else 1 end`

/**
 * What is listed, by name, the sold out last; from the one after `after` on, a slug. One that is unknown
 * begins at the start.
 */
export async function shownProducts(reader: Reader, after?: string): Promise<ShownPage> {
  const from = after === undefined ? undefined : await shownProduct(reader, after)
  const past =
    from === undefined
      ? sql``
      : sql`and (${rank}, p.name, p.id) > (${from.stock > 0n ? 0 : 1}, ${from.name}, ${from.id})`
  const rows = await reader.all<ProductRow & PhotoFacts>(sql`
    ${withPhotos} where p.store_id = ${reader.store} and p.state = 'listed' ${past}
      order by ${rank}, p.name, p.id limit ${atOnce + 1}`)
  const products = rows.slice(0, atOnce).map(withImage)
  return { products, next: rows.length > atOnce ? products.at(-1)!.slug : undefined }
}

/** A listed product by its slug. */
export async function shownProduct(reader: Reader, slug: string): Promise<Shown | undefined> {
  const row = await reader.one<ProductRow & PhotoFacts>(
    sql`${withPhotos} where p.store_id = ${reader.store} and p.slug = ${slug} and p.state = 'listed'`,
  )
  return row && withImage(row)
}

/** Every product, those that are sold first, for who keeps the shop. */
export const keptProducts = async (reader: Reader): Promise<Shown[]> =>
  (
    await reader.all<ProductRow & PhotoFacts>(
      sql`${withPhotos} where p.store_id = ${reader.store} order by p.state, p.name, p.id`,
    )
  ).map(withImage)

/** One of them by its id. */
export async function keptProduct(reader: Reader, id: string): Promise<Shown | undefined> {
  const row = await reader.one<ProductRow & PhotoFacts>(
    sql`${withPhotos} where p.store_id = ${reader.store} and p.id = ${id}`,
  )
  return row && withImage(row)
}

function withImage(row: ProductRow & PhotoFacts): Shown {
  const { photo, photo_type: type, photo_width: width, photo_height: height } = row
  if (photo === null || type === null) return { ...row, image: undefined }
  return {
    ...row,
    image: { url: `/photos/${photo}.${endings[type]}`, width: Number(width), height: Number(height) },
  }
}

/**
 * The photo that `<digest>.<ending>` names; undefined where there is none, or of another kind than the name
 * says.
 */
export async function photoNamed(reader: Reader, file: string): Promise<Photo | undefined> {
  const [, digest, ending] = /^([\w-]{16,64})\.(jpg|png|webp)$/.exec(file) ?? []
  const photo = digest === undefined ? undefined : await photoOf(reader, digest)
  return photo && endings[photo.mediaType] === ending ? photo : undefined
}

/** A line of the basket as it stands now. */
export interface PricedLine {
  productId: string
  /** Undefined where nobody knows the product. */
  product: ProductRow | undefined
  quantity: bigint
  /** BRL cents, of all of the line; 0 where it cannot be bought. */
  units: bigint
  /** Why it cannot be ordered so: not sold, or fewer left. */
  wrong: undefined | 'gone' | 'too few left'
}

export interface PricedBasket {
  lines: PricedLine[]
  /** BRL cents, of what can be bought. */
  units: bigint
  isOrderable: boolean
}

/** Prices a basket from the database, in the order things were put in. */
export async function priced(reader: Reader, basket: readonly BasketLine[]): Promise<PricedBasket> {
  if (basket.length === 0) return { lines: [], units: 0n, isOrderable: false }
  const products = await reader.all<ProductRow>(sql`
    select * from products where store_id = ${reader.store}
      and id in (${join(basket.map(line => line.productId))})`)
  const lines = basket.map(({ productId, quantity }): PricedLine => {
    const product = products.find(({ id }) => id === productId)
    const wrong = product?.state !== 'listed' ? 'gone' : product.stock < quantity ? 'too few left' : undefined
    return {
      productId,
      product,
      quantity,
      wrong,
      units: product?.state === 'listed' ? product.units * quantity : 0n,
    }
  })
  return {
    lines,
    units: lines.reduce((sum, line) => sum + line.units, 0n),
    isOrderable: lines.every(({ wrong }) => wrong === undefined),
  }
}
