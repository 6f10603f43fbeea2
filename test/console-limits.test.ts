/**
 * Limits as people meet them, over real HTTP and by commands: lowered by one, raised by two, and a payout
 * that two people let go beyond them.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sql } from '../src/db/db.ts'
import { consoleVisitor, type ConsoleVisitor } from './testbed/consoleVisitor.ts'
import { openPageInstallation, type PageInstallation } from './testbed/pageInstallation.ts'
import { trialAccountFlags } from './testbed/trial.ts'
import { until } from './testbed/until.ts'

let installation: PageInstallation
let maria: ConsoleVisitor
let chico: ConsoleVisitor
let vera: ConsoleVisitor

beforeAll(async () => {
  installation = await openPageInstallation()
  const { repasse } = installation
  await repasse('account', 'add', ...trialAccountFlags)
  await repasse('account', 'approve', 'main', '--by', 'checker')
  const rule = [
    '--cron',
    '0 9 1 1 *',
    '--time-zone',
    'UTC',
    '--payers',
    'random',
    '--count',
    '1',
    '--due-in',
    '2d',
    '--pay-to',
    'main',
  ]
  await repasse('schedule', 'add', '--name', 'large', '--amount', '900.00', ...rule)
  maria = await consoleVisitor(installation, 'maria', 'maker')
  chico = await consoleVisitor(installation, 'chico', 'checker', 'en')
  vera = await consoleVisitor(installation, 'vera', 'viewer')
}, 300_000)
afterAll(() => installation?.close())

const whole = 'installation BRL'
const form = async (visitor: ConsoleVisitor, of = whole) =>
  (await visitor.get(`/console/limits?of=${encodeURIComponent(of)}`)).text
const seenIn = (text: string) => /name="seen" value="([^"]+)"/.exec(text)?.[1] ?? ''
const faultsIn = (text: string) =>
  [...text.matchAll(/<p class="fault" id="([\w-]+)-fault">/g)].map(([, name]) => name!)
const set = async (fields: Record<string, string>, of = whole) =>
  maria.post('/console/limits', {
    of,
    seen: seenIn(await form(maria, of)),
    payout: '',
    hour: '',
    day: '',
    why: 'o combinado',
    ...fields,
  })
const limits = () =>
  installation.running.app.db.all(
    sql`select scope, per, units, set_by, approved_by from limits order by scope, per`,
  )

test('with none set the page, the command and the doctor say what that means', async () => {
  expect((await vera.get('/console/limits')).text).toContain('Nenhum limite foi definido')
  expect(await installation.repasse('limits', 'show')).toBe(
    'no limit is set: whatever is owed to an approved account leaves by itself\n',
  )
  expect(await installation.ask('limits', 'show')).toEqual({ limits: [], waiting: [], objections: [] })
})

test('a maker alone is offered the form, and what cannot be read is said at its field', async () => {
  expect(await form(vera)).not.toContain('name="seen"')
  expect((await vera.post('/console/limits', { of: whole })).status).toBe(403)
  expect((await chico.post('/console/limits', { of: whole })).status).toBe(403)
  const { status, text } = await set({ payout: '1.234', hour: 'muito', day: '10 BTC', why: '' })
  expect([status, faultsIn(text)]).toEqual([400, ['payout', 'hour', 'day', 'why']])
  expect((await set({ payout: '1' }, 'acc_nobody')).status).toBe(404)
  expect(await limits()).toEqual([])
})

test('lowering is done at once, as it is typed in Portuguese; sent twice it changes nothing', async () => {
  const fields = {
    of: whole,
    seen: seenIn(await form(maria)),
    payout: '500,00',
    hour: '1.000,00',
    day: '',
    why: 'o combinado',
  }
  expect((await maria.post('/console/limits', fields)).to).toBe('/console/limits?said=lowered')
  const again = await maria.post('/console/limits', fields)
  expect([again.status, again.text.includes('Os limites mudaram desde que')]).toEqual([409, true])
  expect(await limits()).toEqual([
    { scope: whole, per: 'hour', units: 100_000n, set_by: 'maria', approved_by: null },
    { scope: whole, per: 'payout', units: 50_000n, set_by: 'maria', approved_by: null },
  ])
  const { text } = await vera.get('/console/limits')
  for (const shown of ['R$ 500,00', 'R$ 1.000,00', 'Toda a instalação, em reais', 'maria'])
    expect(text.replaceAll('\u00a0', ' ')).toContain(shown)
  expect((await set({ payout: '500,00', hour: '1.000,00' })).text).toContain('Os limites já são estes')
})

test('a payout above the limit waits, is said everywhere, and goes once two people said so', async () => {
  const { db } = installation.running.app
  await installation.repasse('schedule', 'run', 'large', '--by', 'maria')
  const { id: invoice } = await until(
    () => db.one<{ id: string }>(sql`select id from invoices where state = 'issued'`),
    'the invoice',
  )
  await installation.pay(invoice)
  const { id } = await until(
    () => db.one<{ id: string }>(sql`select payout_id as id from limit_waits`),
    'the payout to wait for its limit',
  )
  expect(await installation.repasse('status')).toContain(`repasse payout approve ${id} --why`)
  expect(await installation.repasse('limits', 'show')).toContain(
    `two people: repasse payout approve ${id} --why …`,
  )
  expect((await vera.get('/console')).text.replaceAll('\u00a0', ' ')).toMatch(
    new RegExp(
      `href="/console/payouts/${id}".*está acima do limite de R\\$ 500,00 por repasse: precisa de duas pessoas`,
    ),
  )
  expect((await vera.get('/console/limits')).text).toContain(`href="/console/payouts/${id}"`)

  const path = `/console/payouts/${id}`
  expect((await vera.get(path)).text).toMatch(
    /Está acima do limite de R\$\s[^<]* por repasse: só sai se duas pessoas aprovarem\. <a[^>]*>Limites de repasse</,
  )
  for (const visitor of [vera, chico]) {
    expect((await visitor.get(path)).text).not.toContain(`${path}/beyond`)
    expect((await visitor.post(`${path}/beyond`, { why: 'x' })).status).toBe(403)
  }
  expect((await maria.get(path)).text).toContain(`action="${path}/beyond"`)
  expect((await maria.post(`${path}/beyond`, { why: '' })).status).toBe(400)
  expect((await maria.post('/console/payouts/pay_none/beyond', { why: 'x' })).status).toBe(404)
  const proposed = await maria.post(`${path}/beyond`, { why: 'três meses de uma vez' })
  expect((await maria.post(`${path}/beyond`, { why: 'três meses de uma vez' })).to).toBe(proposed.to)
  expect((await maria.get(path)).text).toContain(`href="${proposed.to}"`)

  const page = (await chico.get(proposed.to)).text
  expect(page.replaceAll('\u00a0', ' ')).toMatch(
    /pay beyond the limits.*R\$\s?899\.50.*três meses de uma vez/s,
  )
  expect((await chico.post(`${proposed.to}/approve`, { seen: seenIn(page) })).to).toBe(
    `${proposed.to}?said=approved`,
  )
  await until(async () => {
    await installation.skip(1_000)
    return (await installation.ask<{ state: string }>('payout', 'show', id)).state === 'paid'
  }, 'the payout to be paid')
  const late = await maria.post(`${path}/beyond`, { why: 'de novo' })
  expect([late.status, late.text.includes('não espera por nenhum limite')]).toEqual([400, true])
  expect((await vera.get('/console/audit')).text).toContain('repasse liberado além dos limites')
  expect(await installation.ask('status')).toMatchObject({ addsUp: true, stopped: null, needsPerson: [] })
})

test('raising and removing are proposed, and approved by another; so they are by commands', async () => {
  const raised = await set({ payout: '800,00', hour: '' })
  expect(raised.to).toMatch(/^\/console\/proposals\/pro_/)
  expect((await set({ payout: '900,00' })).text).toContain('Já há uma proposta em aberto')
  expect(await limits()).toMatchObject([{ units: 100_000n }, { units: 50_000n }])
  await maria.post(`${raised.to}/refuse`, { why: 'engano' })

  const cli = (...words: string[]) =>
    installation.repasse('limits', 'set', '--why', 'a test', '--by', 'maria', ...words)
  await expect(cli()).rejects.toThrow('--asset BRL or BTC says of which payouts')
  await expect(cli('--asset', 'BRL')).rejects.toThrow(
    '--per-payout, --per-hour or --per-day says what the limit is',
  )
  await expect(cli('--asset', 'BTC', '--account', 'main', '--per-day', '1')).rejects.toThrow('which is BRL')
  await expect(cli('--account', 'nobody', '--per-day', '1')).rejects.toThrow('is not an account')
  await expect(cli('--asset', 'BRL', '--per-day', '1.234')).rejects.toThrow(
    '--per-day "1.234" is neither an amount in reais',
  )
  expect(await cli('--account', 'main', '--per-day', '700.00')).toBe(
    'the limits are lowered: "repasse limits show"\n',
  )
  expect(await cli('--account', 'main', '--per-day', '700.00')).toBe('the limits are so already\n')
  const said = await cli('--asset', 'BRL', '--per-hour', 'none')
  const id = /proposal approve (pro_\w+)/.exec(said)![1]!
  await expect(installation.repasse('proposal', 'approve', id, '--by', 'MARIA')).rejects.toThrow(
    'maria is maker: this takes checker',
  )
  expect(await installation.repasse('proposal', 'approve', id, '--by', 'chico')).toContain('is approved')
  expect(await installation.ask('limits', 'show')).toMatchObject({
    limits: [
      { account: null, per: 'payout', amount: '500.00', used: null },
      // What two people let go beyond the limits counts against none.
      {
        account: 'main',
        per: 'day',
        amount: '700.00',
        used: { amount: '0.00' },
        setBy: 'maria',
        approvedBy: null,
      },
    ],
  })
  await expect(installation.repasse('payout', 'approve', 'pay_none', '--why', 'x')).rejects.toThrow(
    'there is no payout "pay_none"',
  )
  const { id: paid } = (await installation.ask<{ id: string }[]>('payout', 'list'))[0]!
  await expect(installation.repasse('payout', 'approve', paid, '--why', 'x')).rejects.toThrow(
    'waits for no limit',
  )
})
