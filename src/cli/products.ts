/** `repasse product`: what the shop sells. */
import { readFileSync, statSync } from 'node:fs'
import type { Command } from 'commander'
import { BadInput } from '../base/answer.ts'
import type { ProductChange, ProductKept, ProductRow } from '../shop/shop.ts'
import { alsoCheck } from './faults.ts'
import { amountIn, personFlag, textFlag } from './flags.ts'
import { example, json, formatReais, table } from './print.ts'
import { done, inBase, operator } from './shell.ts'
import type { Shell } from './context.ts'
import { productJson } from '../queries/json/products.ts'

interface Flags {
  name?: string
  price?: bigint
  stock?: Stock
  description?: string
  photo?: Uint8Array
  listed?: true
  by?: string
  json?: true
}

export function productCommands(repasse: Command, shell: Shell): void {
  const product = repasse
    .command('product')
    .description('products: what the shop sells')
    .addHelpText('after', example('product list'))

  const add = product
    .command('add')
    .description('adds a product, which is on sale from then on')
    .requiredOption('--name <name>', 'what it is called, e.g. "Café 250 g"', textFlag('--name'))
    .requiredOption('--price <amount>', 'what one costs, in reais, e.g. 39.90', priceFlag)
    .requiredOption('--stock <n>', 'how many there are', wholeStockFlag)
    .option('--description <words>', 'a few sentences, plain text', descriptionFlag)
    .option('--photo <file>', 'JPEG, PNG or WebP, at most 512 kB', photoFlag)
    .option('--by <person>', 'who adds it (default: the user of this system)', personFlag('--by'))
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      example('product add --name "Café 250 g" --price 39.90 --stock 20 --photo cafe.jpg'),
    )
    .action((flags: Flags & Required<Pick<Flags, 'name' | 'price' | 'stock'>>) =>
      inBase(shell, async ({ db, world }) => {
        const { addProduct } = await import('../shop/shop.ts')
        const { name, price: units, stock, description = '', photo, by = operator() } = flags
        await tell(
          shell,
          flags,
          'is on sale',
          await done(
            await addProduct(db, world, { name, units, stock: stock.units, description, photo }, by),
          ),
        )
      }),
    )
  alsoCheck(add, faultsOfPhoto)

  const edit = product
    .command('edit')
    .description('changes a product; orders that were placed keep their names and prices')
    .argument('<product>', 'its name, short name or id')
    .option('--name <name>', 'what it is called', textFlag('--name'))
    .option('--price <amount>', 'what one costs, in reais, e.g. 39.90', priceFlag)
    .option('--stock <n>', 'how many there are, or how many more or fewer: 20, +5, -2', stockFlag)
    .option('--description <words>', 'a few sentences, plain text', descriptionFlag)
    .option('--photo <file>', 'JPEG, PNG or WebP, at most 512 kB', photoFlag)
    .option('--listed', 'puts a product that was removed on sale again')
    .option('--by <person>', 'who changes it (default: the user of this system)', personFlag('--by'))
    .option('--json', 'as JSON')
    .addHelpText('after', example('product edit cafe-250-g --price 42.00 --stock +10'))
    .action((name: string, flags: Flags) =>
      inBase(shell, async ({ db }) => {
        const { editProduct } = await import('../shop/shop.ts')
        await tell(
          shell,
          flags,
          'is changed',
          await done(await editProduct(db, name, changeOf(flags), flags.by ?? operator())),
        )
      }),
    )
  alsoCheck(edit, async given =>
    ['name', 'price', 'stock', 'description', 'photo', 'listed'].some(flag => given[flag] !== undefined)
      ? faultsOfPhoto(given)
      : ['nothing to change: say --name, --price, --stock, --description, --photo or --listed'],
  )

  product
    .command('remove')
    .description('takes a product off the shop; orders that have it keep it')
    .argument('<product>', 'its name, short name or id')
    .option('--by <person>', 'who removes it (default: the user of this system)', personFlag('--by'))
    .option('--json', 'as JSON')
    .addHelpText('after', example('product remove cafe-250-g'))
    .action((name: string, flags: Flags) =>
      inBase(shell, async ({ db }) => {
        const { removeProduct } = await import('../shop/shop.ts')
        await tell(
          shell,
          flags,
          'is off the shop',
          await done(await removeProduct(db, name, flags.by ?? operator())),
        )
      }),
    )

  product
    .command('list')
    .description('every product')
    .option('--json', 'as JSON')
    .addHelpText('after', example('product list --json'))
    .action(({ json: asJson }: Flags) =>
      inBase(shell, async ({ db }) => {
        const { allProducts } = await import('../shop/shop.ts')
        const rows = await allProducts(db)
        const line = (row: ProductRow) => [
          row.slug,
          row.name,
          row.state,
          formatReais(row.units),
          `${row.stock}`,
          row.photo === null ? 'none' : 'yes',
        ]
        await shell.out(
          asJson
            ? json(rows.map(productJson))
            : table(['PRODUCT', 'NAME', 'STATE', '>PRICE', '>STOCK', 'PHOTO'], rows.map(line)),
        )
      }),
    )
}

const tell = (shell: Shell, { json: asJson }: Flags, what: string, { product: row }: ProductKept) =>
  shell.out(
    asJson
      ? json(productJson(row))
      : `product ${row.slug} ${what}: "${row.name}", ${formatReais(row.units)}, ${row.stock} in stock, ${row.state}\n`,
  )

const changeOf = ({ name, price, stock, description, photo, listed }: Flags): ProductChange => ({
  ...(name !== undefined && { name }),
  ...(price !== undefined && { units: price }),
  ...(stock !== undefined && (stock.is === 'change' ? { addStock: stock.units } : { stock: stock.units })),
  ...(description !== undefined && { description }),
  ...(photo !== undefined && { photo }),
  ...(listed && { state: 'listed' as const }),
})

interface Stock {
  is: 'all' | 'change'
  units: bigint
}

const priceFlag = (text: string): bigint => {
  const units = amountIn('BRL')('--price')(text)
  if (units === 0n) throw new BadInput(`--price "${text}" is nothing: a price is above zero, e.g. 39.90`)
  return units
}

function stockFlag(text: string): Stock {
  const [, sign, digits] = /^([+-]?)(\d{1,6})$/.exec(text.trim()) ?? []
  if (digits === undefined)
    throw new BadInput(`--stock "${text}" is not a whole number up to 999999: write e.g. 20`)
  const units = BigInt(digits)
  return sign === '' ? { is: 'all', units } : { is: 'change', units: sign === '-' ? -units : units }
}

/** Of a product that is new, and has none that could become more or fewer. */
function wholeStockFlag(text: string): Stock {
  const stock = stockFlag(text)
  if (stock.is === 'change')
    throw new BadInput(`--stock "${text}" has a sign, which only "product edit" takes: write e.g. 20`)
  return stock
}

/** May have line breaks, and be empty. */
function descriptionFlag(text: string): string {
  const plain = text.replace(/\r\n?/g, '\n').trim()
  // eslint-disable-next-line no-control-regex
  if (plain.length <= 2_000 && !/[\u0000-\u0009\u000b-\u001f\u007f]/.test(plain)) return plain
  throw new BadInput(
    '--description is longer than 2000 characters, or has control characters: write a few sentences',
  )
}

/** Looked at before it is read, for a file of gigabytes is no photo. */
function photoFlag(file: string): Uint8Array {
  try {
    const { size } = statSync(file)
    if (size > maxFileBytes)
      throw new BadInput(
        `--photo ${file} has ${Math.ceil(size / 1024)} kB, and may have 512: save it smaller`,
      )
    return readFileSync(file)
  } catch (error) {
    if (error instanceof BadInput) throw error
    throw new BadInput(`--photo names ${file}, which cannot be read (${(error as { code?: string }).code})`, {
      cause: error,
    })
  }
}

/** Told with what else is wrong, though only the shop can read a photo. */
async function faultsOfPhoto({ photo }: Flags): Promise<string[]> {
  // Empty where the file could not be read, which is told already.
  if (!photo?.length) return []
  const { readPhoto } = await import('../shop/shop.ts')
  const read = readPhoto(photo)
  return read.is === 'photo' ? [] : [(await import('./refusals.ts')).refusalText(read)]
}

const maxFileBytes = 512 * 1024
