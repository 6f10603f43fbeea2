/**
 * The whole installation with its scheduler, a simulated bank and a real mail server: who buys is written to
 * by itself, once for each reason.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readConfig } from '../src/base/config.ts'
import { openBase, serve, type Running } from '../src/app.ts'
import { placeOrder } from '../src/jobs/jobs.ts'
import { newKey, type OrderRow } from '../src/shop/shop.ts'
import { sql } from '../src/db/db.ts'
import { eventually } from './testbed/eventually.ts'
import { evidence, recentLog } from './testbed/evidence.ts'
import { startSmtpSink, type SmtpSink } from './testbed/smtpSink.ts'
import { accountAdd, openBankTerminal } from './testbed/terminal.ts'
import { until } from './testbed/until.ts'

const { bank, env, repasse } = await openBankTerminal({ payRate: 0, fee: 50, creditDelayMs: [0, 1] })
let sink: SmtpSink
let app: Running

beforeAll(async () => {
  sink = await startSmtpSink()
  const mail = {
    SMTP_URL: `smtp://127.0.0.1:${sink.port}`,
    MAIL_FROM: 'Loja <loja@example.com>',
    PUBLIC_URL: 'http://127.0.0.1:9/',
  }
  for (const words of [
    accountAdd(),
    ['account', 'approve', 'main', '--by', 'checker'],
    ['shop', 'pay-to', '--rail', 'starkbank', '--account', 'main'],
    ['product', 'add', '--name', 'Café', '--price', '39.90', '--stock', '3'],
  ])
    expect((await repasse(words)).code).toBe(0)
  const { log, recent } = recentLog()
  evidence.keep('repasse', recent)
  app = await serve(await openBase(readConfig({ ...env, ...mail, STARKBANK_POLL_SECONDS: '1' }), log), [
    'worker',
  ])
})
afterAll(async () => {
  await app?.stop()
  await sink?.close()
})

test(
  'an order is confirmed by mail when it is placed and when it is paid, each with the way to its page',
  { timeout: 300_000 },
  async () => {
    const { db, world } = app.app
    const { id } = (await db.one<{ id: string }>(sql`select id from products`))!
    const buy = async (name: string, email: string) => {
      const placed = await placeOrder(app.app, {
        basketKey: newKey(world),
        lines: [{ productId: id, quantity: 1n }],
        buyer: { name, email, taxId: '012.345.678-90' },
        rail: 'starkbank',
        language: 'en',
      })
      return (placed as { order: OrderRow }).order
    }
    const order = await buy('Ana Lima', 'ana@example.com')
    await eventually(() => sink.taken.length).toBe(1)
    expect(sink.taken[0]).toMatchObject({ from: 'loja@example.com', to: ['ana@example.com'] })
    // Quoted-printable breaks lines where it likes.
    expect(sink.taken[0]!.raw.replace(/=\r\n/g, '')).toContain(`http://127.0.0.1:9/orders/${order.token}`)

    const atBank = await until(
      () => bank.invoices().find(({ tags }) => tags.includes(order.id)),
      'its invoice at the bank',
    )
    expect(bank.pay(atBank.id)).toBe(true)
    await eventually(() => sink.taken.length).toBe(2)
    expect(sink.taken[1]!.raw).toContain('payment confirmed for order')
    expect(await db.one(sql`select state from orders`)).toEqual({ state: 'paid' })
    // By the time somebody else is written to, the outbox was looked through again, and nothing in it was for
    // her.
    await buy('Rui Sá', 'rui@example.com')
    await eventually(() => sink.taken.length).toBeGreaterThan(2)
    expect(sink.taken.map(({ to }) => to)).toEqual([
      ['ana@example.com'],
      ['ana@example.com'],
      ['rui@example.com'],
    ])
  },
)
