/**
 * Those who buy in the shop of the demonstration: at browsers without scripts, over its pages and forms, and
 * paid by its button.
 */
import { systemClock, systemRandom } from '../src/base/clock.ts'
import { formTo, visitor, type Page, type Visitor } from './visitor.ts'

/** How somebody pays. */
export type Manner = 'pix' | 'coins' | 'coins in two parts' | 'never'

export interface Order {
  /** `/orders/<token>`. */
  path: string
  /** What it is called: the end of its id. */
  number: string
  manner: Manner
  /** The shopper has seen the receipt. */
  isPaid: boolean
}

export interface Shoppers {
  orders(): readonly Order[]
  /** Everyone who was to come has come, and whoever pays has seen a receipt. */
  isDone(): boolean
  /** Nobody comes any more; resolves when those who are here have left. */
  rest(): Promise<void>
  /** Rejects with what went wrong at the shop. */
  broken: Promise<never>
}

export interface ShoppersOptions {
  /** Where the shop is. */
  url: string
  /** In this order, and again from the start where `everyMs` is given. */
  manners: readonly Manner[]
  /** Between two of them; undefined: each comes once, at once. */
  everyMs?: number | undefined
}

const lookMs = 500
const patienceMs = 150_000

/** Begins at once. */
export function startShoppers({ url, manners, everyMs }: ShoppersOptions): Shoppers {
  const over = new AbortController()
  const orders: Order[] = []
  const here = new Set<Promise<void>>()
  let fault: ((why: unknown) => void) | undefined
  const broken = new Promise<never>((_, reject) => (fault = reject))
  // Whoever does not wait for it hears of it by `isDone`.
  broken.catch(() => undefined)
  let come = 0

  function send(manner: Manner): void {
    come++
    const shopping = shop({ who: visitor(url), manner, over: over.signal, orders })
      .catch((why: unknown) => (over.signal.aborted ? undefined : fault?.(why)))
      .finally(() => here.delete(shopping))
    here.add(shopping)
  }

  async function live(): Promise<void> {
    if (everyMs === undefined) return manners.forEach(send)
    for (let next = 0; !over.signal.aborted; next++) {
      send(manners[next % manners.length]!)
      await systemClock.sleep(everyMs, over.signal)
    }
  }
  const living = live()
  return {
    broken,
    orders: () => orders,
    isDone: () =>
      come === manners.length &&
      here.size === 0 &&
      orders.every(({ manner, isPaid }) => isPaid || manner === 'never'),
    async rest() {
      over.abort()
      await living
      await Promise.all(here)
    },
  }
}

interface Shopping {
  who: Visitor
  manner: Manner
  over: AbortSignal
  orders: Order[]
}

/** From the list to the receipt. */
async function shop({ who, manner, over, orders }: Shopping): Promise<void> {
  await fill(who)
  const rail = manner.startsWith('coins') ? 'bitcoin' : 'starkbank'
  // What cannot be paid with at the moment is shown so, and may be there a moment later.
  const isThere = (page: Page) => new RegExp(`value="${rail}"(?![^>]*disabled)`).test(page.html)
  const checkout = await until(who, '/checkout', isThere, over)
  const buyer = {
    name: names[systemRandom.between(0, names.length - 1)]!,
    email: 'shopper@example.com',
    taxId: '012.345.678-90',
  }
  const placed = await who.send(formTo(checkout, '/checkout'), { ...buyer, rail })
  if (!placed.path.startsWith('/orders/')) throw new Error(`the shop took no order: ${placed.text}`)
  const { path } = placed
  const order: Order = { path, manner, number: /Pedido (\w{8})/.exec(placed.text)?.[1] ?? '', isPaid: false }
  orders.push(order)
  if (manner === 'never') return

  const press = async (page: Page, share: 'all' | 'part') => {
    // Who pays may be out of coins until the next block: the page says so then, and to try again.
    while (
      (await who.send(formTo(page, `${path}/simulate`), {}, { name: 'share', value: share })).status >= 500
    ) {
      over.throwIfAborted()
      await systemClock.sleep(lookMs, over)
    }
  }
  const asked = await until(who, path, page => page.html.includes(`${path}/simulate`), over)
  if (manner === 'coins in two parts') {
    await press(asked, 'part')
    await press(
      await until(who, path, ({ text }) => text.includes('Falta uma parte do pagamento'), over),
      'all',
    )
  } else await press(asked, 'all')
  await until(who, path, ({ text }) => text.includes('Pagamento recebido'), over)
  order.isPaid = true
}

const names = ['Ana Prado', 'João Batista Nunes', 'Marina Souza', 'Caio Almeida', 'Teresa Lima']

/** One to three things that are not sold out, as the list shows them. */
async function fill(who: Visitor): Promise<void> {
  for (let more = systemRandom.between(1, 3); more > 0; more--) {
    const offered = (await who.get('/')).forms.filter(({ action }) => action === '/basket')
    const form = offered[systemRandom.between(0, offered.length - 1)]
    if (!form) throw new Error('the shop has nothing to sell')
    await who.send(form, {}, { name: 'act', value: 'add' })
  }
}

/** Loads a page again until it is `right`. */
async function until(
  who: Visitor,
  path: string,
  right: (page: Page) => boolean,
  over: AbortSignal,
): Promise<Page> {
  for (const end = systemClock.now() + patienceMs; ;) {
    const page = await who.get(path)
    if (right(page)) return page
    over.throwIfAborted()
    if (systemClock.now() > end)
      throw new Error(
        `the page ${path.slice(0, 12)}… never came to what was waited for: ${page.text.slice(0, 200)}`,
      )
    await systemClock.sleep(lookMs, over)
  }
}
