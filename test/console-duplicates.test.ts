/**
 * A payer pays a duplicate, over real HTTP: the overview and `status` say so, a checker refunds it on the
 * console or by a command, and nobody else can.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Invoice } from '../sim/bank.ts'
import { sql } from '../src/db/db.ts'
import { consoleVisitor, type ConsoleVisitor } from './testbed/consoleVisitor.ts'
import { doubleAtBank } from './testbed/duplicate.ts'
import { openPageInstallation, type PageInstallation } from './testbed/pageInstallation.ts'
import { trialAccountFlags } from './testbed/trial.ts'
import { until } from './testbed/until.ts'

let installation: PageInstallation
let people: Record<'maker' | 'checker' | 'admin' | 'viewer', ConsoleVisitor>
/** Ours, of three invoices. */
let ids: string[]

const why = 'o cliente pagou duas vezes'
const stateOf = async ({ id }: Invoice) =>
  (
    await installation.running.app.db.one<{ state: string }>(
      sql`select state from invoice_twins where provider_id = ${id}`,
    )
  )?.state

beforeAll(async () => {
  installation = await openPageInstallation()
  const { repasse, ask } = installation
  await repasse('account', 'add', ...trialAccountFlags)
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
    '3',
  ]
  await repasse('schedule', 'add', ...rule, '--amount', '20..30', '--due-in', '2d', '--pay-to', 'main')
  await repasse('schedule', 'run', 'clube')
  const issued = await until(async () => {
    const rows = await ask<{ id: string; state: string }[]>('invoice', 'list')
    return rows.length === 3 && rows.every(({ state }) => state === 'issued') && rows
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

/** One more invoice at the bank under the tags of ours; `paid` before the program has heard of it. */
async function double(place: number, { paid }: { paid: boolean }): Promise<Invoice> {
  const { bank } = installation
  const twin = doubleAtBank(
    bank,
    bank.invoices().find(({ tags }) => tags.includes(ids[place]!))!,
  )
  if (paid) bank.pay(twin.id)
  await installation.skip(1_000)
  return twin
}

test('one that nobody paid is canceled at the bank by itself', async () => {
  const twin = await double(0, { paid: false })
  await until(async () => (await stateOf(twin)) === 'canceled', 'the duplicate to be canceled')
  expect(twin.status).toBe('canceled')
  const page = (await people.viewer.get(`/console/invoices/${ids[0]}`)).text
  expect(page).toContain('Cobranças duplicadas')
  expect(page).toContain('cancelada por nós no banco')
  expect((await people.viewer.get('/console')).text).not.toContain(twin.id)
})

test('one that was paid is shown as what it is, and a checker alone refunds it, once, with a reason and a fresh code', async () => {
  await installation.pay(ids[1]!)
  const twin = await double(1, { paid: true })
  await until(async () => (await stateOf(twin)) === 'credited', 'the duplicate to be credited')
  await until(
    async () => (await installation.ask<{ state: string }>('invoice', 'show', ids[1]!)).state === 'credited',
    'the invoice to be credited',
  )
  const path = `/console/invoices/${ids[1]}`
  const act = `${path}/duplicates/${twin.id}`

  expect((await people.viewer.get('/console')).text).toMatch(
    new RegExp(`${path}#duplicates.*foi paga duas vezes por`),
  )
  expect((await people.admin.get('/console')).text).toMatch(
    /was paid twice by .*: R\$\s?2\d\.\d\d of its duplicate/,
  )
  const found = await installation.repasse('status')
  expect(found).toContain(`repasse invoice refund ${ids[1]} --twin ${twin.id} gives it back`)
  expect(found).toContain('all of it adds up')

  for (const wrong of ['maker', 'admin', 'viewer'] as const) {
    expect((await people[wrong].get(path)).text).not.toContain(`action="${act}`)
    expect((await people[wrong].post(`${act}/refund`, { why })).status).toBe(403)
    expect((await people[wrong].post(`${act}/keep`, { why })).status).toBe(403)
  }
  expect((await people.checker.get(path)).text).toContain(`action="${act}/refund"`)
  expect((await people.checker.post(`${act}/refund`, {})).status).toBe(400)
  await installation.skip(6 * 60_000)
  expect((await people.checker.post(`${act}/refund`, { why, code: '000000' })).status).toBe(400)
  expect(await stateOf(twin)).toBe('credited')

  expect(await people.checker.post(`${act}/refund`, { why })).toMatchObject({
    status: 303,
    to: `${path}#duplicates`,
  })
  const again = await people.checker.post(`${act}/refund`, { why })
  expect([again.status, again.text]).toEqual([400, expect.stringContaining('Já foi decidido')])
  await until(async () => {
    await installation.skip(1_000)
    return (await stateOf(twin)) === 'refunded'
  }, 'the payer to have it back')
  expect(twin).toMatchObject({ status: 'voided', amount: 0 })
  const page = (await people.viewer.get(path)).text
  for (const words of [
    'estornada',
    why,
    'chico',
    'cobrança duplicada estornada',
    'o pagador recebeu de volta',
  ])
    expect(page).toContain(words)
  expect((await people.viewer.get('/console')).text).not.toContain(twin.id)
  expect((await people.viewer.get('/console/audit')).text).toContain('estorno de cobrança duplicada aprovado')
  expect((await people.viewer.get(`/console/search?any=${twin.id}`)).to).toBe(path)
  // What moved it says so too.
  const seen = (await installation.running.app.db.one<{ id: bigint }>(sql`
    select i.id from inbox i join transitions t on t.ref = i.event_id where t.about = 'invoice_twins'
      and t.to_state = 'credited'`))!
  expect((await people.viewer.get(`/console/events/${seen.id}`)).text).toContain(
    'o banco creditou o dinheiro',
  )
  expect(await installation.ask('status')).toMatchObject({ addsUp: true, stopped: null })
  expect(
    (await installation.ask<{ duplicates: object[] }>('invoice', 'show', ids[1]!)).duplicates,
  ).toMatchObject([{ id: twin.id, state: 'refunded', decidedBy: 'chico', why }])
})

test('a command refunds one, and another says that it was settled otherwise; both say why they cannot', async () => {
  const [first, other] = [await double(2, { paid: true }), await double(2, { paid: true })]
  await until(
    async () => (await stateOf(first)) === 'credited' && (await stateOf(other)) === 'credited',
    'both to be credited',
  )
  expect(await installation.repasse('status')).toContain(`which itself is not paid`)
  const refund = (...words: string[]) => installation.repasse('invoice', 'refund', ids[2]!, ...words)
  await expect(refund()).rejects.toThrow(/ended with 2: .*--why is missing: another person has to know/s)
  await expect(refund('--why', 'paid twice')).rejects.toThrow(/ended with 2: /)
  await expect(refund('--twin', '1')).rejects.toThrow(/ended with 2: .*--twin "1" is no duplicate of inv_/)
  await expect(refund('--twin', other.id, '--keep')).rejects.toThrow(
    /ended with 2: .*--keep needs how it was settled/,
  )

  expect(await refund('--twin', first.id, '--by', 'chico')).toMatch(
    /^duplicate \d+ of inv_\w+, R\$ 2\d\.\d\d: being refunded by the bank\n$/,
  )
  expect(await refund('--twin', other.id, '--keep', '--why', 'off the next bill')).toMatch(
    /: settled otherwise\n$/,
  )
  await expect(refund('--twin', other.id)).rejects.toThrow(
    /ended with 2: .*was decided before: settled otherwise/,
  )
  await until(async () => {
    await installation.skip(1_000)
    return (await stateOf(first)) === 'refunded'
  }, 'the payer to have it back')
  const shown = await installation.repasse('invoice', 'show', ids[2]!)
  expect(shown).toMatch(new RegExp(`${first.id} .*refunded to the payer +chico`))
  expect(await installation.repasse('ledger', 'check')).toMatch(/^OK: /)
  await installation.repasse('reconcile')
  expect(await installation.ask('status')).toMatchObject({
    addsUp: true,
    stopped: null,
    needsPerson: [expect.stringContaining('account main awaits')],
  })
})
