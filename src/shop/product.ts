/** Products: what the shop sells, at what price, and how many there are. */
import { because } from '../base/reasons.ts'
import { newId } from '../base/id.ts'
import { formatUnits } from '../base/money.ts'
import type { Instant, World } from '../base/world.ts'
import { audit } from '../ledger/ledger.ts'
import { stateTable, forUpdate, join, remember, sql, type Reader, type Db, type Tx } from '../db/db.ts'
import { readPhoto, type Photo } from './photo.ts'
import { answering, refuse, refuseIf, type ProductRefusal, type ShopRefusal } from './refusals.ts'
import { productMachine, type ProductState } from './states.ts'

export { productMachine, type ProductState }
const products = stateTable('products', productMachine)

export type ProductRow = {
  id: string
  /** Of its page's address. */
  slug: string
  name: string
  /** Plain text; empty where nothing is said. */
  description: string
  /** BRL cents. */
  units: bigint
  /** How many can be ordered now. */
  stock: bigint
  state: ProductState
  /** The photo's digest: `/photos/<digest>`. */
  photo: string | null
  added_at: Instant
  changed_at: Instant
}

export interface ProductInput {
  name: string
  units: bigint
  stock: bigint
  description: string
  /** The picture's own bytes, as somebody handed them in. */
  photo: Uint8Array | undefined
}

export const allProducts = (reader: Reader) =>
  reader.all<ProductRow>(
    sql`select * from products where store_id = ${reader.store} order by state, name, id`,
  )

/** By id, slug or name; removed ones too. */
export const findProduct = (reader: Reader, name: string) =>
  reader.one<ProductRow>(sql`
    select * from products where store_id = ${reader.store} and (id = ${name} or slug = ${name}
      or name = ${name})
    order by case when id = ${name} or slug = ${name} then 0 else 1 end, id limit 1`)

export async function photoOf(reader: Reader, digest: string): Promise<Photo | undefined> {
  const row = await reader.one<{
    media_type: Photo['mediaType']
    width: bigint
    height: bigint
    bytes: Uint8Array
  }>(sql`
    select media_type, width, height, bytes from product_photos where digest = ${digest}`)
  return (
    row && {
      mediaType: row.media_type,
      width: Number(row.width),
      height: Number(row.height),
      bytes: row.bytes,
    }
  )
}

/** A product as it is after an act. */
export type ProductKept = { is: 'kept'; product: ProductRow }

/** Adds a product that is listed from then on. */
export const addProduct = (
  db: Db,
  world: World,
  input: ProductInput,
  by: string,
): Promise<ProductKept | ShopRefusal> =>
  answering(() =>
    db.tx(async tx => {
      const slug = slugOf(input.name) ?? refuse({ is: 'product-name-unusable', name: input.name })
      const twin = await tx.one<ProductRow>(
        sql`select * from products where store_id = ${tx.store} and slug = ${slug}`,
      )
      if (twin) refuse({ is: 'product-name-taken', name: twin.name, slug, state: twin.state })
      const id = newId('product', world)
      const now = await tx.now()
      const photo = input.photo === undefined ? null : await keepPhoto(tx, input.photo)
      await tx.run(sql`
        insert into products (id, store_id, slug, name, description, units, stock, state, photo, added_by,
          added_at, changed_at)
        values (${id}, ${tx.store}, ${slug}, ${input.name}, ${input.description}, ${input.units},
          ${input.stock}, 'listed', ${photo}, ${by}, ${now}, ${now})`)
      await remember(tx, 'products', id, '', 'listed', { why: because('added-by', { by }) }, now)
      const detail = { slug, ...factsOf(input), ...(photo && { photo }) }
      await audit(tx, { actor: by, act: 'product added', subject: id, detail })
      return { is: 'kept', product: (await findProduct(tx, id))! } as const
    }),
  )

/**
 * What may be changed of a product; what is undefined stays. `stock` replaces what there is, `addStock` is
 * added to it.
 */
export type ProductChange = Partial<ProductInput> & {
  addStock?: bigint
  state?: ProductState
  /**
   * When it was last changed, as whoever changes it saw it: where somebody did since, nothing is changed. A
   * sale is no change.
   */
  seenAt?: Instant
}

/** Changes a product. Orders that were placed keep their names and prices. */
export const editProduct = (
  db: Db,
  name: string,
  change: ProductChange,
  by: string,
): Promise<ProductKept | ShopRefusal> =>
  answering(() =>
    db.tx(async tx => {
      const product = await needProduct(tx, name)
      refuseIf(mayEdit(product, change))
      const stock = stockAfter(product, change)
      const photo = change.photo === undefined ? undefined : await keepPhoto(tx, change.photo)
      const changed = { ...change, ...(stock !== undefined && { stock }) }
      const set = [
        changed.name !== undefined && sql`name = ${changed.name}`,
        changed.description !== undefined && sql`description = ${changed.description}`,
        changed.units !== undefined && sql`units = ${changed.units}`,
        stock !== undefined && sql`stock = ${stock}`,
        photo !== undefined && sql`photo = ${photo}`,
      ].filter(part => part !== false)
      const now = await tx.now()
      if (set.length > 0)
        await tx.run(sql`update products set ${join(set)}, changed_at = ${now} where id = ${product.id}`)
      if (change.state !== undefined) await setState(tx, product, change.state, by)
      const detail = { slug: product.slug, ...factsOf(changed), ...(photo && { photo }) }
      if (set.length > 0) await audit(tx, { actor: by, act: 'product changed', subject: product.id, detail })
      return { is: 'kept', product: (await findProduct(tx, product.id))! } as const
    }),
  )

const stockAfter = (product: Pick<ProductRow, 'stock'>, { stock, addStock }: ProductChange) =>
  addStock === undefined ? stock : product.stock + addStock

/** Pure. */
export function mayEdit(
  product: Pick<ProductRow, 'name' | 'stock' | 'state' | 'changed_at'>,
  change: ProductChange,
): ProductRefusal | undefined {
  const { name, stock, state, changed_at: changedAt } = product
  if (change.seenAt !== undefined && change.seenAt !== changedAt) return { is: 'product-changed', name }
  const { addStock = 0n } = change
  if (stock + addStock < 0n) return { is: 'product-stock-short', name, stock, less: -addStock }
  return change.state === state ? { is: 'product-state', name, state } : undefined
}

/** Takes a product off the shop; it stays in the orders that have it, and may be listed again. */
export const removeProduct = (db: Db, name: string, by: string): Promise<ProductKept | ShopRefusal> =>
  editProduct(db, name, { state: 'removed' }, by)

async function setState(tx: Tx, product: ProductRow, state: ProductState, by: string): Promise<void> {
  await products.move(tx, product, state, {
    why: because('became-by', { state, by }),
  })
  await audit(tx, { actor: by, act: `product ${state}`, subject: product.id, detail: { slug: product.slug } })
}

async function needProduct(tx: Tx, name: string): Promise<ProductRow> {
  const found = await tx.one<{ id: string }>(sql`
    select id from products where id = ${(await findProduct(tx, name))?.id ?? ''} ${forUpdate}`)
  if (!found) return refuse({ is: 'product-unknown', name })
  return (await findProduct(tx, found.id))!
}

async function keepPhoto(tx: Tx, bytes: Uint8Array): Promise<string> {
  const read = readPhoto(bytes)
  if (read.is !== 'photo') return refuse(read)
  const { mediaType, width, height, bytes: kept } = read.photo
  await tx.run(sql`
    insert into product_photos (digest, media_type, width, height, bytes, added_at)
    values (${read.digest}, ${mediaType}, ${width}, ${height}, ${kept}, ${await tx.now()})
      on conflict (digest) do nothing`)
  return read.digest
}

/** What the audit log says of an input. */
const factsOf = ({ name, units, stock, description }: ProductChange): Record<string, string> => ({
  ...(name !== undefined && { name }),
  ...(units !== undefined && { price: formatUnits(units, 'BRL') }),
  ...(stock !== undefined && { stock: `${stock}` }),
  ...(description !== undefined && { description }),
})

/** `Café Ético 250 g` is `cafe-etico-250-g`; undefined where the name has no letter or digit. */
export const slugOf = (name: string): string | undefined =>
  name
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|(?<!-)-+$/g, '')
    .slice(0, 60)
    .replace(/(?<!-)-+$/, '') || undefined
