/**
 * Who orders too much at the shop's own pages: refused with when to come again, in both languages, and
 * nothing is asked of the bank.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { formTo } from '../sim/visitor.ts'
import { buyer, openShopInstallation, type ShopInstallation } from './testbed/shopInstallation.ts'

let installation: ShopInstallation
beforeAll(async () => {
  installation = await openShopInstallation({
    env: {
      SHOP_LIMIT_TAX_ID: '2 an hour, 9 a day',
      SHOP_LIMIT_ORDER: '1 an hour, 9 a day',
      SHOP_LIMIT_HELD: '3 an order, 9 a buyer',
    },
  })
})
afterAll(() => installation?.close())

test('the third order under one CPF is refused with 429, in the buyer’s language, and is not charged', async () => {
  for (const email of ['one@example.com', 'two@example.com']) {
    const who = installation.visitor()
    const page = await who.send(formTo(await installation.toCheckout(who), '/checkout'), {
      ...buyer,
      email,
      rail: 'starkbank',
    })
    expect(page.path).toMatch(/^\/orders\//)
  }
  const before = installation.bank.invoices().length
  const words = {
    'pt-BR':
      /Já houve muitos pedidos com este CPF ou CNPJ\. Tente de novo depois de \d\d\/\d\d, \d\d:\d\d (BRT|GMT-3)\./,
    en: /There were many orders with this CPF or CNPJ already\. Try again after \d\d\/\d\d, \d\d:\d\d (BRT|GMT-3)\./,
  }
  for (const [language, says] of Object.entries(words)) {
    const who = installation.visitor({ language })
    const form = formTo(await installation.toCheckout(who), '/checkout')
    const answer = await who.raw(form.action, {
      form: { ...form.fields, ...buyer, email: `${language}@example.com`, rail: 'starkbank' },
    })
    expect([answer.status, Number(answer.headers.get('retry-after')) > 3_000]).toEqual([429, true])
    expect(await answer.text()).toMatch(says)
  }
  expect(installation.bank.invoices()).toHaveLength(before)
})

test('more than one order may keep is refused, and status says what is kept', async () => {
  const who = installation.visitor()
  const page = await who.send(
    formTo(await installation.toCheckout(who, ['coffee', 'coffee', 'coffee', 'coffee']), '/checkout'),
    {
      ...{ name: buyer.name, email: 'three@example.com', taxId: '111.444.777-35', rail: 'starkbank' },
    },
  )
  expect(page.text).toContain('Um pedido reserva no máximo 3 unidades até ser pago.')
  expect(await installation.repasse('status')).toMatch(/held +2 items by 2 unpaid orders/)
  expect(JSON.parse(await installation.repasse('status', '--json'))).toMatchObject({
    held: { orders: 2, items: 2 },
  })
})
