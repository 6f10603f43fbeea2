/** Products: what the shop sells, at what price, and how many there are. */
import { because } from '../base/reasons.ts'
import { BadInput } from '../base/answer.ts'
import { newId } from '../base/id.ts'
import type { Machine, StateOf } from '../base/machine.ts'
import { formatUnits } from '../base/money.ts'
import type { Instant, World } from '../base/world.ts'
import { audit } from '../ledger/ledger.ts'
import { stateTable, forUpdate, join, remember, sql, type Reader, type Db, type Tx } from '../db/db.ts'
import { readPhoto, type Photo } from './photo.ts'

export const productMachine = {
  listed: ['removed'],
  removed: ['listed'],
} as const satisfies Machine
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
  state: StateOf<typeof productMachine>
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

/** Adds a product that is listed from then on. Throws `BadInput`. */
export async function addProduct(db: Db, world: World, input: ProductInput, by: string): Promise<ProductRow> {
  return db.tx(async tx => {
    const slug = slugOf(input.name)
    const twin = await tx.one<ProductRow>(
      sql`select * from products where store_id = ${tx.store} and slug = ${slug}`,
    )
    if (twin)
      throw new BadInput(
        `there is a product "${twin.name}" already (${twin.slug}${twin.state === 'removed' ? ', removed' : ''}): edit that one, or choose another name`,
      )
    const id = newId('product', world)
    const now = await tx.now()
    const photo = input.photo === undefined ? null : await keepPhoto(tx, input.photo)
    await tx.run(sql`
      insert into products (id, store_id, slug, name, description, units, stock, state, photo, added_by,
        added_at, changed_at)
      values (${id}, ${tx.store}, ${slug}, ${input.name}, ${input.description}, ${input.units},
        ${input.stock}, 'listed', ${photo}, ${by}, ${now}, ${now})`)
    await remember(tx, 'products', id, '', 'listed', { why: because('added-by', { by }) }, now)
    await audit(tx, {
      actor: by,
      act: 'product added',
      subject: id,
      detail: { slug, ...told(input), ...(photo && { photo }) },
    })
    return (await findProduct(tx, id))!
  })
}

/**
 * What may be changed of a product; what is undefined stays. `stock` replaces what there is, `addStock` is
 * added to it.
 */
export type ProductChange = Partial<ProductInput> & {
  addStock?: bigint
  state?: ProductRow['state']
  /**
   * When it was last changed, as whoever changes it saw it: where somebody did since, nothing is changed. A
   * sale is no change.
   */
  seenAt?: Instant
}

/** Changes a product. Orders that were placed keep their names and prices. Throws `BadInput`. */
export async function editProduct(
  db: Db,
  name: string,
  change: ProductChange,
  by: string,
): Promise<ProductRow> {
  return db.tx(async tx => {
    const product = await needProduct(tx, name)
    if (change.seenAt !== undefined && change.seenAt !== product.changed_at)
      throw new BadInput(`product "${product.name}" was changed meanwhile: look at it again`)
    const stock = change.addStock === undefined ? change.stock : product.stock + change.addStock
    if (stock !== undefined && stock < 0n)
      throw new BadInput(
        `there are ${product.stock} of "${product.name}", so ${-change.addStock!} cannot be taken away`,
      )
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
    const detail = { slug: product.slug, ...told(changed), ...(photo && { photo }) }
    if (set.length > 0) await audit(tx, { actor: by, act: 'product changed', subject: product.id, detail })
    return (await findProduct(tx, product.id))!
  })
}

/** Takes a product off the shop; it stays in the orders that have it, and may be listed again. */
export const removeProduct = (db: Db, name: string, by: string): Promise<ProductRow> =>
  editProduct(db, name, { state: 'removed' }, by)

async function setState(tx: Tx, product: ProductRow, state: ProductRow['state'], by: string): Promise<void> {
  if (product.state === state) throw new BadInput(`product "${product.name}" is ${state} already`)
  await products.move(tx, product, state, {
    why: because('became-by', { state, by }),
  })
  await audit(tx, { actor: by, act: `product ${state}`, subject: product.id, detail: { slug: product.slug } })
}

async function needProduct(tx: Tx, name: string): Promise<ProductRow> {
  const found = await tx.one<{ id: string }>(sql`
    select id from products where id = ${(await findProduct(tx, name))?.id ?? ''} ${forUpdate}`)
  if (!found) throw new BadInput(`there is no product "${name}": "repasse product list" shows them`)
  return (await findProduct(tx, found.id))!
}

async function keepPhoto(tx: Tx, bytes: Uint8Array): Promise<string> {
  const { digest, mediaType, width, height, bytes: kept } = readPhoto(bytes)
  await tx.run(sql`
    insert into product_photos (digest, media_type, width, height, bytes, added_at)
    values (${digest}, ${mediaType}, ${width}, ${height}, ${kept}, ${await tx.now()})
      on conflict (digest) do nothing`)
  return digest
}

/** What the audit log says of an input. */
const told = ({ name, units, stock, description }: ProductChange): Record<string, string> => ({
  ...(name !== undefined && { name }),
  ...(units !== undefined && { price: formatUnits(units, 'BRL') }),
  ...(stock !== undefined && { stock: `${stock}` }),
  ...(description !== undefined && { description }),
})

/** `Café Ético 250 g` is `cafe-etico-250-g`. */
export function slugOf(name: string): string {
  const slug = name
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|(?<!-)-+$/g, '')
    .slice(0, 60)
    .replace(/(?<!-)-+$/, '')
  if (slug === '')
    throw new BadInput(
      `"${name}" has no letter or digit that an address could be made of: choose another name`,
    )
  return slug
}
