/**
 * The shop on PostgreSQL: the same pages and forms, from the list to the receipt, and the last one wanted by
 * many.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { formTo } from '../sim/visitor.ts'
import { editProduct } from '../src/shop/shop.ts'
import { postgresAvailable, startPostgres, type Postgres } from './testbed/postgres.ts'
import { buyer, openShopTown, type ShopTown } from './testbed/shopTown.ts'

describe.skipIf(!postgresAvailable())('with a PostgreSQL', () => {
  let postgres: Postgres
  let town: ShopTown
  beforeAll(async () => {
    postgres = await startPostgres({ durable: false })
    town = await openShopTown({ env: { DATABASE_URL: await postgres.migratedDatabase() } })
  })
  afterAll(async () => {
    await town?.close()
    await postgres?.stop()
  })

  test('a visitor buys, pays by Pix, and is shown a receipt', async () => {
    const who = town.visitor()
    expect((await who.get('/?after=adesivos')).text).not.toContain('Adesivos')
    const page = await town.order(who, 'starkbank', ['coffee', 'mug'])
    const news = await fetch(`${town.origin}${page.path}/events?version=of-old`)
    const reader = news.body!.pipeThrough(new TextDecoderStream()).getReader()
    let heard = ''
    while (!heard.includes('event: changed')) heard += (await reader.read()).value ?? ''
    await reader.cancel()
    town.bank.pay(town.bank.invoices().at(-1)!.id)
    await town.skip(0)
    const paid = await town.becomes(who, page.path, /Pagamento recebido/)
    expect(paid.text).toMatch(/Valor pago R\$\s94,90/)
  })

  test('over its time it is asked for anew, once, however often that is pressed', async () => {
    const who = town.visitor()
    const page = await town.order(who)
    await town.skip(15 * 60_000 + 5_000)
    const over = await town.becomes(who, page.path, /O código expirou/)
    const before = town.bank.invoices().length
    await Promise.all(
      [1, 2, 3].map(() => who.raw(formTo(over, `${page.path}/code`).action, { form: { rail: 'starkbank' } })),
    )
    await town.becomes(who, page.path, /Pague com Pix/)
    expect(town.bank.invoices()).toHaveLength(before + 1)
  })

  test('the last one is sold once, and a form sent twice at once is one order', async () => {
    await editProduct(town.running.app.db, 'caneca-de-ceramica', { stock: 1n }, 'maker')
    const forms = []
    for (let each = 0; each < 4; each++) {
      const who = town.visitor()
      forms.push({
        who,
        form: { ...formTo(await town.toCheckout(who, ['mug']), '/checkout').fields, ...buyer },
      })
    }
    const answers = await Promise.all(
      forms.flatMap(({ who, form }) => [who.raw('/checkout', { form }), who.raw('/checkout', { form })]),
    )
    const led = answers
      .map(answer => answer.headers.get('location'))
      .filter(to => to !== null && to.startsWith('/orders/'))
    expect([led.length, new Set(led).size]).toEqual([2, 1])
  })
})
