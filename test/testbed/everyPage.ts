/** Every page there is, by a name, with who sees it: what the tests of the pages visit and the screenshots show. */
import type { Page } from 'playwright-core'
import type { SeededTown, StandingName } from './seededTown.ts'
import { standings } from './seededTown.ts'

export interface Visited {
  /** Of its screenshot too: `console-invoice`. */
  name: string
  /** Whose session it takes; nobody's where left out. */
  as?: keyof SeededTown['folk']
  /** Where it is; asked once the town stands. */
  path(town: SeededTown): string | Promise<string>
  /** What is done before it stands as its name says. */
  first?(page: Page): Promise<unknown>
  status?: number
}

const at = (name: string, path: string, more: Partial<Visited> = {}): Visited => ({ name, path: () => path, ...more })

const intoBasket = async (page: Page) => {
  await page.goto('/products/caneca-esmaltada')
  await page.locator('form[action="/basket"] button').first().click()
}

const shop: Visited[] = [
  at('shop', '/'),
  at('shop-product', '/products/rede-de-algodao'),
  at('shop-sold-out', '/products/caderno-pautado'),
  at('shop-basket-empty', '/basket'),
  at('shop-basket', '/basket', { first: intoBasket }),
  at('shop-checkout', '/checkout', { first: intoBasket }),
  at('shop-not-found', '/products/nada', { status: 404 }),
  ...standings.map((standing): Visited => ({ name: `order-${kebab(standing)}`, path: ({ orders }) => `/orders/${orders[standing]}` })),
]

export const everyPage: readonly Visited[] = [...shop]

function kebab(name: StandingName): string {
  return name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)
}
