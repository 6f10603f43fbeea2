/**
 * Refunding, canceling and asking again over real HTTP, on the console and by commands: who may, what is
 * shown, and what a payee owes on its account's page.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { postReceivable } from '../src/payout/receivable.ts'
import { sql } from '../src/db/db.ts'
import { consoleVisitor, type ConsoleVisitor } from './testbed/consoleVisitor.ts'
import { openPageInstallation, type PageInstallation } from './testbed/pageInstallation.ts'
import { trialAccountFlags } from './testbed/trial.ts'
import { until } from './testbed/until.ts'

let installation: PageInstallation
let people: Record<'maker' | 'checker' | 'admin' | 'viewer', ConsoleVisitor>
let ids: string[]

const why = 'o cliente devolveu'
const invoice = (place: number) => `/console/invoices/${ids[place]}`
type ShownInvoice = {
  state: string
  payout: { id: string; state: string; amount: string } | null
  refunds: { state: string; amount: string }[]
}
const show = (place: number) =>
  installation.ask<ShownInvoice & { reissuedAs: string | null; returned: { amount: string } }>(
    'invoice',
    'show',
    ids[place]!,
  )
const stored = (id: string) =>
  installation.running.app.db.one<{ state: string }>(sql`select state from invoices where id = ${id}`)

beforeAll(async () => {
  installation = await openPageInstallation()
  // Transfers and refunds cost more than came in.
  installation.bank.deposit(50_000)
  const { repasse, ask } = installation
  await repasse('account', 'add', ...trialAccountFlags)
  await repasse('account', 'approve', 'main', '--by', 'checker')
  const rule = [
    '--name',
    'clube',
    '--cron',
    '0 9 1 1 *',
    '--time-zone',
    'UTC',
    '--payers',
    'random',
    '--count',
    '4',
  ]
  await repasse('schedule', 'add', ...rule, '--amount', '100', '--due-in', '2d', '--pay-to', 'main')
  await repasse('schedule', 'run', 'clube')
  const issued = await until(async () => {
    const rows = await ask<{ id: string; state: string }[]>('invoice', 'list')
    return rows.length === 4 && rows.every(({ state }) => state === 'issued') && rows
  }, 'the invoices')
  ids = issued.map(({ id }) => id)
  people = {
    maker: await consoleVisitor(installation, 'maria', 'maker'),
    checker: await consoleVisitor(installation, 'chico', 'checker'),
    admin: await consoleVisitor(installation, 'alda', 'admin', 'en'),
    viewer: await consoleVisitor(installation, 'vera', 'viewer'),
  }
}, 300_000)
afterAll(() => installation?.close())

/** The proposal that a form led to, approved by the checker on its page. */
async function approve(to: string): Promise<void> {
  expect(to).toMatch(/^\/console\/proposals\/pro_/)
  const page = (await people.checker.get(to)).text
  const seen = /name="seen" value="([^"]+)"/.exec(page)![1]!
  const answer = await people.checker.post(`${to}/approve`, { seen })
  expect([answer.status, answer.to]).toEqual([303, expect.stringContaining(to)])
}

test('a maker proposes a refund in reais as they are typed, a checker approves it, and the invoice shows what became of it', async () => {
  await installation.pay(ids[0]!)
  await until(async () => (await stored(ids[0]!))?.state === 'credited', 'the credit')
  for (const wrong of ['checker', 'admin', 'viewer'] as const) {
    expect((await people[wrong].get(invoice(0))).text).not.toContain(`action="${invoice(0)}/refund"`)
    expect((await people[wrong].post(`${invoice(0)}/refund`, { why, amount: '60,00' })).status).toBe(403)
  }
  expect((await people.maker.get(invoice(0))).text).toContain(`action="${invoice(0)}/refund"`)
  for (const amount of ['0', '100,01', '1.234', 'x'])
    expect((await people.maker.post(`${invoice(0)}/refund`, { why, amount })).status).toBe(400)
  expect((await people.maker.post(`${invoice(0)}/refund`, { amount: '60,00' })).status).toBe(400)

  const { to } = await people.maker.post(`${invoice(0)}/refund`, { why, amount: 'R$ 60,00' })
  expect((await people.viewer.get(to)).text).toContain('estornar uma cobrança ao pagador')
  await approve(to)
  await until(async () => (await show(0)).refunds[0]?.state === 'refunded', 'the refund')
  expect(await show(0)).toMatchObject({
    state: 'credited',
    returned: { amount: '60.00' },
    refunds: [{ amount: '60.00' }],
  })
  expect((await people.viewer.get(invoice(0))).text).toMatch(/Estornado ao pagador[\s\S]*60,00/)
})

test('a maker says how a reversal ended of which the bank does not say so, and where it does, no approval counts', async () => {
  const { db } = installation.running.app
  const since = (at: string | null) =>
    db.tx(tx =>
      // The worker, which looks every quarter of a minute, would end it between two pages.
      tx.run(sql`update invoice_reversals set under_way_since = ${at}, next_at = '2100-01-01T00:00:00.000Z'
        where invoice_id = ${ids[0]!}`),
    )
  expect((await people.maker.post(`${invoice(0)}/reversal`, { why, returned: '60,00' })).text).toContain(
    'Não há dinheiro',
  )
  await since(await db.tx(tx => tx.now()))
  const soon = (await people.maker.get(invoice(0))).text
  expect(soon).toContain('há menos de meia hora')
  expect(soon).not.toContain(`action="${invoice(0)}/reversal"`)
  // A worker that had begun to look when its time was put off writes once more what it saw.
  await until(async () => {
    await since('2026-01-01T00:00:00.000Z')
    return (await people.maker.get(invoice(0))).text.includes(`action="${invoice(0)}/reversal"`)
  }, 'the form')
  expect((await people.checker.post(`${invoice(0)}/reversal`, { why, returned: '60,00' })).status).toBe(403)
  const { to } = await people.maker.post(`${invoice(0)}/reversal`, { why, returned: '60,00' })
  const page = (await people.checker.get(to)).text
  expect(page).toMatch(/dizer como terminou um estorno[\s\S]*Voltou ao todo<\/dt><dd>R\$\s60,00/)
  const seen = /name="seen" value="([^"]+)"/.exec(page)![1]!
  expect((await people.checker.post(`${to}/approve`, { seen })).text).toMatch(
    // The worker may have read by now what the bank says.
    /O banco já disse como o estorno terminou|Não há dinheiro desta cobrança voltando/,
  )
  await installation.repasse(
    'proposal',
    'refuse',
    /pro_\w+/.exec(to)![0],
    '--why',
    'the bank said',
    '--by',
    'ana',
  )
  await since(null)
})

test('by commands, whole, after it was paid on: the payee owes it, on its account’s page and in what needs attention', async () => {
  const payer = ids[1]!
  await installation.pay(payer)
  await until(async () => (await show(1)).payout?.state === 'paid', 'the payout')
  const proposed = await installation.repasse('invoice', 'refund', payer, '--why', 'returned', '--by', 'ana')
  expect(proposed).toContain('what was passed on of it, the payee will owe')
  const id = /pro_\w+/.exec(proposed)![0]
  expect(await installation.repasse('proposal', 'approve', id, '--by', 'bruno')).toContain('is approved')
  await until(async () => (await stored(payer))?.state === 'reversed', 'the reversal')
  const owes = await until(async () => {
    const { owes: owed } = await installation.ask<{ owes: { amount: string } }>('account', 'show', 'main')
    return owed.amount !== '0.00' && owed.amount
  }, 'the debt')
  expect(await installation.repasse('account', 'show', 'main')).toContain(`R$ ${owes}`)
  expect(await installation.repasse('account', 'list')).toContain(`R$ ${owes} (never)`)
  expect(await installation.repasse('status')).toContain(`account main owes R$ ${owes}`)
  expect((await people.viewer.get('/console')).text).toContain('/console/accounts/main')
  expect((await people.viewer.get('/console/accounts/main')).text).toContain('valor a receber do favorecido')

  const account = '/console/accounts/main'
  for (const wrong of ['checker', 'admin', 'viewer'] as const)
    expect((await people[wrong].post(`${account}/terms`, { why, recover: 'next-payouts' })).status).toBe(403)
  await approve((await people.maker.post(`${account}/terms`, { why, recover: 'next-payouts' })).to)
  expect(await installation.ask<object>('account', 'show', 'main')).toMatchObject({ recover: 'next-payouts' })
  expect((await people.maker.post(`${account}/debt`, { why, amount: '1000000', as: 'paid' })).status).toBe(
    400,
  )
  await approve(
    (await people.maker.post(`${account}/debt`, { why, amount: owes.replace('.', ','), as: 'forgiven' })).to,
  )
  expect(await installation.ask<object>('account', 'show', 'main')).toMatchObject({
    owes: { amount: '0.00' },
  })
  expect((await people.viewer.get('/console/audit')).text).toContain('dívida de favorecido perdoada')

  expect((await people.maker.post(`${account}/debt`, { why, amount: '5,00', as: 'returned' })).status).toBe(
    400,
  )
  const { db, world } = installation.running.app
  const { id: accountId } = (await db.one<{ id: string }>(sql`select id from accounts where name = 'main'`))!
  const tooMuch = {
    movement: 'receivable paid',
    accountId,
    source: 'a test',
    units: 500n,
    memo: why,
  } as const
  await db.tx(tx => postReceivable(tx, world, tooMuch))
  expect((await people.maker.get(account)).text).toMatch(
    /Retido a mais[\s\S]*5,00[\s\S]*Dar por devolvido[\s\S]*value="5,00"/,
  )
  await approve((await people.maker.post(`${account}/debt`, { why, amount: '5,00', as: 'returned' })).to)
  expect(await installation.ask<object>('account', 'show', 'main')).toMatchObject({
    owes: { amount: '0.00' },
  })
  expect(await installation.repasse('ledger', 'check')).toContain('OK')
})

test('one that nobody paid is canceled by a maker and asked for again once, and each page names the other', async () => {
  for (const wrong of ['admin', 'viewer'] as const)
    expect((await people[wrong].post(`${invoice(2)}/cancel`, { why })).status).toBe(403)
  expect((await people.maker.post(`${invoice(2)}/reissue`, { why })).status).toBe(400)
  const canceled = await people.maker.post(`${invoice(2)}/cancel`, { why })
  expect(canceled.to).toBe(`${invoice(2)}?said=canceled`)
  expect((await people.maker.get(canceled.to)).text).toContain('A cobrança foi cancelada.')
  const { to } = await people.maker.post(`${invoice(2)}/reissue`, { why })
  const again = /inv_\w+/.exec(to)![0]
  expect((await people.viewer.get(`/console/invoices/${again}`)).text).toContain(invoice(2))
  expect((await people.viewer.get(invoice(2))).text).toContain(`/console/invoices/${again}`)
  expect((await people.maker.post(`${invoice(2)}/reissue`, { why })).status).toBe(400)
  expect(await show(2)).toMatchObject({ state: 'canceled', reissuedAs: again })
  await until(async () => (await stored(again))?.state === 'issued', 'the new one')
})

test('by commands: what cannot be done says why', async () => {
  const refuses = async (...words: string[]) =>
    installation.repasse(...words).catch((error: unknown) => String(error))
  const says = await Promise.all([
    refuses('invoice', 'cancel', ids[0]!, '--why', 'x'),
    refuses('invoice', 'reissue', ids[3]!, '--why', 'x'),
    refuses('invoice', 'refund', ids[3]!, '--why', 'x'),
    refuses('invoice', 'refund', ids[0]!, '--amount', '60.00', '--why', 'x'),
    refuses('invoice', 'refund', ids[0]!),
    refuses('invoice', 'reversal', ids[0]!, '--returned', '60.00', '--why', 'x'),
  ])
  expect(says).toEqual([
    expect.stringContaining('is credited: "repasse invoice refund'),
    expect.stringContaining('may still be paid'),
    expect.stringContaining('is not credited'),
    expect.stringContaining('less than that is left'),
    expect.stringContaining('--why is missing'),
    expect.stringContaining('is going back'),
  ])
  expect(await installation.repasse('invoice', 'cancel', ids[3]!, '--why', 'the wrong month')).toContain(
    'is canceled',
  )
  expect(await installation.repasse('invoice', 'reissue', ids[3]!, '--why', 'the right month')).toContain(
    `${ids[3]} is asked for again as inv_`,
  )
})
