/**
 * The shop on PostgreSQL: the same pages and forms, from the list to the receipt, and the last one wanted by
 * many.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { formTo } from '../sim/visitor.ts'
import { postgresAvailable, startPostgres, type Postgres } from './testbed/postgres.ts'
import { buyer, openShopInstallation, type ShopInstallation } from './testbed/shopInstallation.ts'
import { editProduct } from './testbed/acts.ts'

describe.skipIf(!postgresAvailable())('with a PostgreSQL', () => {
  let postgres: Postgres
  let installation: ShopInstallation
  beforeAll(async () => {
    postgres = await startPostgres({ durable: false })
    installation = await openShopInstallation({ env: { DATABASE_URL: await postgres.migratedDatabase() } })
  })
  afterAll(async () => {
    await installation?.close()
    await postgres?.stop()
  })

  test('a visitor buys, pays by Pix, and is shown a receipt', async () => {
    const who = installation.visitor()
    expect((await who.get('/?after=adesivos')).text).not.toContain('Adesivos')
    const page = await installation.order(who, 'starkbank', ['coffee', 'mug'])
    const news = await fetch(`${installation.origin}${page.path}/events?version=of-old`)
    const reader = news.body!.pipeThrough(new TextDecoderStream()).getReader()
    let heard = ''
    while (!heard.includes('event: changed')) heard += (await reader.read()).value ?? ''
    await reader.cancel()
    installation.bank.pay(installation.bank.invoices().at(-1)!.id)
    await installation.skip(0)
    const paid = await installation.becomes(who, page.path, /Pagamento recebido/)
    expect(paid.text).toMatch(/Valor pago R\$\s94,90/)
  })

  test('over its time it is asked for again, once, however often that is pressed', async () => {
    const who = installation.visitor()
    const page = await installation.order(who)
    await installation.skip(15 * 60_000 + 5_000)
    const over = await installation.becomes(who, page.path, /O código expirou/)
    const before = installation.bank.invoices().length
    await Promise.all(
      [1, 2, 3].map(() => who.raw(formTo(over, `${page.path}/code`).action, { form: { rail: 'starkbank' } })),
    )
    await installation.becomes(who, page.path, /Pague com Pix/)
    expect(installation.bank.invoices()).toHaveLength(before + 1)
  })

  test('the last one is sold once, and a form sent twice at once is one order', async () => {
    await editProduct(installation.running.app.db, 'caneca-de-ceramica', { stock: 1n }, 'maker')
    const forms = []
    for (let each = 0; each < 4; each++) {
      const who = installation.visitor()
      forms.push({
        who,
        form: { ...formTo(await installation.toCheckout(who, ['mug']), '/checkout').fields, ...buyer },
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
