/**
 * What a story of the shop begins with: goods on the table, a rule where the money goes, and a buyer with a
 * basket.
 */
import type { RailName } from '../../src/base/rails.ts'
import type { World } from '../../src/base/world.ts'
import type { Mail, Mailer } from '../../src/mail/mail.ts'
import { newKey, type Placing, type ProductRow } from '../../src/shop/shop.ts'
import type { Db } from '../../src/db/db.ts'
import { addProduct, payShopTo } from './acts.ts'

export interface ShopFloor {
  /** R$ 39.90, ten of them. */
  coffee: ProductRow
  /** R$ 25.00, one of it. */
  cup: ProductRow
  /** One coffee by Pix, of Ana, with a basket key of its own. */
  placing(change?: Partial<Placing>): Placing
}

/** Goods, and `rails` offered; their money goes to the account `main`. */
export async function furnishShop(
  db: Db,
  world: World,
  rails: RailName[],
  commissionBp = 150n,
): Promise<ShopFloor> {
  for (const rail of rails)
    await payShopTo(db, { rail, account: 'main', commissionBp, minPayoutUnits: 0n }, 'maker')
  const goods = { description: '', photo: undefined }
  const coffee = await addProduct(
    db,
    world,
    { ...goods, name: 'Café 250 g', units: 3_990n, stock: 10n },
    'maker',
  )
  const cup = await addProduct(db, world, { ...goods, name: 'Xícara', units: 2_500n, stock: 1n }, 'maker')
  return {
    coffee,
    cup,
    placing: change => ({
      basketKey: newKey(world),
      lines: [{ productId: coffee.id, quantity: 1n }],
      buyer: { name: 'Ana Lima', email: 'ana@example.com', taxId: '012.345.678-90' },
      rail: rails[0]!,
      language: 'pt-BR',
      ...change,
    }),
  }
}

/** Letters are laid on the table, where a story reads them. */
export function openMail(): {
  letters: Mail[]
  post: { mailer: Mailer; shopName: string; publicUrl: string }
} {
  const letters: Mail[] = []
  const mailer: Mailer = {
    async send(letter) {
      letters.push(letter)
      return { is: 'done', value: 'taken' }
    },
  }
  return { letters, post: { mailer, shopName: 'Loja', publicUrl: 'https://loja.example.com' } }
}
