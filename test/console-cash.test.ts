/**
 * Cash as people meet it: an account, a receipt on its invoice's page, and the list that two people tick off.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { consoleVisitor, type ConsoleVisitor } from './testbed/consoleVisitor.ts'
import { openPageInstallation, type PageInstallation } from './testbed/pageInstallation.ts'
import { until } from './testbed/until.ts'

type Listed = { id: string; state: string }
let installation: PageInstallation
let maria: ConsoleVisitor
let chico: ConsoleVisitor

beforeAll(async () => {
  installation = await openPageInstallation()
  maria = await consoleVisitor(installation, 'maria', 'maker')
  chico = await consoleVisitor(installation, 'chico', 'checker', 'en')
}, 300_000)
afterAll(() => installation?.close())

test('one receives and hands over, another confirms, and the pages say what is refused', async () => {
  const { repasse, ask } = installation
  const account = { name: 'rent', kind: 'cash', holder: 'Ana Lima', place: '' }
  const faulty = await maria.post('/console/accounts/new', account)
  expect([faulty.status, faulty.text]).toEqual([400, expect.stringContaining('Escreva como é entregue')])
  await maria.post('/console/accounts/new', { ...account, place: 'recepção' })
  expect((await maria.get('/console/accounts/rent')).text).toContain('dinheiro em espécie')
  await repasse('account', 'approve', 'rent', '--by', 'checker')
  const when = ['--cron', '0 9 1 1 *', '--time-zone', 'UTC', '--due-in', '2d', '--pay-to', 'rent']
  const what = ['--rail', 'cash', '--payers', 'random', '--count', '1', '--amount', '100.00']
  await repasse('schedule', 'add', '--name', 'counter', ...what, ...when)
  await repasse('schedule', 'run', 'counter')
  const asked = await until(
    async () =>
      (await ask<Listed[]>('invoice', 'list', '--rail', 'cash')).find(({ state }) => state === 'issued'),
    'the invoice is asked for',
  )
  const path = `/console/invoices/${asked.id}`

  const shown = (await maria.get(path)).text
  expect(shown).toContain('Registrar recebimento')
  expect(shown).not.toMatch(/No banco|Etiqueta no banco/)
  expect((await chico.get(path)).text).not.toContain('Record a receipt')
  const receive = (amount: string) => maria.post(`${path}/receive`, { amount, note: 'nº 7' })
  expect((await receive('99,00')).text).toContain('O valor não é o da cobrança')
  expect((await receive('100,00')).status).toBe(303)
  expect((await receive('100,00')).text).toContain('já foi recebida')
  expect((await maria.get(path)).text).not.toContain('Registrar recebimento')

  expect((await chico.get(path)).text).not.toContain('Take back the receipt')
  expect((await maria.get(path)).text).toContain('Desfazer o recebimento')
  expect((await maria.post(`${path}/not-received`, {})).text).toContain('motivo')
  const proposed = await maria.post(`${path}/not-received`, { why: 'era outra cobrança' })
  expect((await maria.get(proposed.to)).text).toMatch(
    /desfazer um recebimento em espécie[^]*Recebido por[^]*maria/,
  )
  await repasse('proposal', 'approve', proposed.to.split('/').at(-1)!, '--by', 'checker')
  expect((await maria.get(path)).text).toMatch(/Registrar recebimento[^]*Recebimento desfeito/)
  expect((await receive('100,00')).status).toBe(303)

  const [{ id }] = await ask<[Listed]>('payout', 'list', '--rail', 'cash')
  const list = '/console/payouts/hand-over'
  expect((await maria.get(list)).text).toContain(`name="${id}"`)
  expect((await maria.post(list, {})).text).toContain('Marque ao menos um repasse')
  const ticked = async (by: typeof maria) =>
    new RegExp(`name="${id}" value="([^"]+)"`).exec((await by.get(list)).text)![1]!
  const units = await ticked(maria)
  // One that is not handed over keeps back no other.
  const part = await maria.post(list, { pay_01jd0000000000000000000000: '1', [id]: units, note: 'nº 31' })
  expect(part.text).toMatch(/Registrados: 1\. Não registrados:[^]*pay_01jd0000000000000000000000/)
  expect((await maria.get(list)).text).toMatch(/Entregue por[^]*maria/)
  expect((await maria.post(`${list}/confirm`, { [id]: 'x' })).status).toBe(403)
  expect((await chico.post(`${list}/confirm`, { [id]: 'another' })).text).toContain('Recorded: 0')
  expect((await chico.post(`${list}/confirm`, { [id]: await ticked(chico) })).status).toBe(303)
  expect((await chico.get(`/console/payouts/${id}`)).text).toMatch(/Paid[^]*handed over by maria/i)
})
