/**
 * The basket as the browser keeps it across visits: which products and how many, and nothing else. Prices are
 * the server's.
 */
import { isId, type Id } from '../../../base/id.ts'
import { maxLines, maxOfOne, type BasketLine } from '../../../shop/shop.ts'
import type { PageContext } from '../../page/page.ts'

const keptMs = 30 * 86_400_000
/** What `maxLines` lines come to, each `01j…z.99~`: a longer cookie is not ours. */
const maxBytes = maxLines * 30
const prefix = 'prd_'

const nameOf = (ctx: PageContext) => (ctx.state.secure ? '__Host-basket' : 'basket')

/** What is in the basket; a line that cannot be read is left out. */
export const basketOf = (ctx: PageContext): BasketLine[] => readBasket(ctx.cookies.get(nameOf(ctx)) ?? '')

/** Reads `<product>.<quantity>~<product>.<quantity>`. Pure. */
export function readBasket(text: string): BasketLine[] {
  if (text.length > maxBytes) return []
  const lines = new Map<string, bigint>()
  for (const line of text.split('~')) {
    const [, name, digits] = /^([0-9a-z]{26})\.([1-9]\d?)$/.exec(line) ?? []
    if (name !== undefined && digits !== undefined && isId('product', prefix + name))
      lines.set(prefix + name, BigInt(digits))
  }
  return [...lines].map(([productId, quantity]) => ({ productId, quantity }))
}

/** The text `readBasket` reads. */
export const writtenBasket = (lines: readonly BasketLine[]): string =>
  lines.map(({ productId, quantity }) => `${productId.slice(prefix.length)}.${quantity}`).join('~')

/** Keeps the basket for 30 days from now; an empty one is forgotten. */
export function keepBasket(ctx: PageContext, lines: readonly BasketLine[]): void {
  // Whether people reach us by https is decided once for all pages, not by what this one connection is.
  ctx.cookies.secure = ctx.state.secure
  ctx.cookies.set(nameOf(ctx), lines.length === 0 ? null : writtenBasket(lines), {
    ...{ httpOnly: true, sameSite: 'lax', overwrite: true, path: '/' },
    ...{ secure: ctx.state.secure, maxAge: lines.length === 0 ? 0 : keptMs },
  })
}

export type BasketChange = { is: 'changed'; lines: BasketLine[] } | { is: 'full' }

/** One more of a product, or `quantity` more; never above what one order takes. Pure. */
export function withAdded(
  lines: readonly BasketLine[],
  productId: Id<'product'>,
  quantity: bigint,
): BasketChange {
  const there = lines.find(line => line.productId === productId)
  if (!there && lines.length >= maxLines) return { is: 'full' }
  const sum = (there?.quantity ?? 0n) + quantity
  const changed = { productId, quantity: sum > maxOfOne ? maxOfOne : sum }
  return {
    is: 'changed',
    lines: there ? lines.map(line => (line === there ? changed : line)) : [...lines, changed],
  }
}

/** So many of a product from now on; 0 takes it out. Pure. */
export const withQuantity = (
  lines: readonly BasketLine[],
  productId: string,
  quantity: bigint,
): BasketLine[] =>
  lines.flatMap(line => {
    if (line.productId !== productId) return [line]
    return quantity < 1n ? [] : [{ productId, quantity: quantity > maxOfOne ? maxOfOne : quantity }]
  })

/** 0 to 99 as people type it; undefined for anything else. */
export function readQuantity(text: string): bigint | undefined {
  return /^\d{1,3}$/.test(text) && BigInt(text) <= maxOfOne ? BigInt(text) : undefined
}
