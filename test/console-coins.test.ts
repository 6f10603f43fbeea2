/**
 * The console's schedules on the Bitcoin rail, with a simulated node: amounts in reais or satoshis, priced
 * before anybody is asked.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { satsFor } from '../src/base/money.ts'
import { amount } from '../src/web/page/page.ts'
import { rateNow } from '../src/invoice/invoice.ts'
import { sql } from '../src/db/db.ts'
import { consoleVisitor, type ConsoleVisitor } from './testbed/consoleVisitor.ts'
import { openPageInstallation, type PageInstallation } from './testbed/pageInstallation.ts'
import { until } from './testbed/until.ts'
import { trialAccountFlags } from './testbed/trial.ts'

let installation: PageInstallation
let maria: ConsoleVisitor
let coins: string
let bank: string

beforeAll(async () => {
  installation = await openPageInstallation({ chain: 'simulated' })
  maria = await consoleVisitor(installation, 'maria', 'maker')
  await installation.repasse('account', 'add', ...trialAccountFlags)
  const address = 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080'
  await installation.repasse(
    'account',
    'add',
    '--name',
    'coins',
    '--kind',
    'bitcoin',
    '--address',
    address,
    '--by',
    'bruno',
  )
  const { db } = installation.running.app
  const idOf = async (name: string) =>
    (await db.one<{ id: string }>(sql`select id from accounts where name = ${name}`))!.id
  ;[coins, bank] = [await idOf('coins'), await idOf('main')]
  await until(async () => (await rate()) !== undefined, 'there is a rate')
}, 300_000)
afterAll(() => installation.close())

const rate = async () => {
  const { db, bitcoin, world } = installation.running.app
  const found = await rateNow(db, bitcoin!, world)
  return found.is === 'rate' ? found.price : undefined
}
const filled = (more: Record<string, string> = {}) => ({
  ...{
    name: 'clube',
    preset: 'monthly',
    at: '09:00',
    day: '5',
    zone: 'America/Sao_Paulo',
    rail: 'bitcoin',
    currency: 'BRL',
  },
  ...{
    payers: 'roster',
    roster: 'name,tax_id,amount,description\nAna,123.456.789-09,120.00,\nBia,123.456.789-09,60.00,\n',
  },
  ...{
    due: '2',
    dueUnit: 'days',
    watch: '7',
    account: coins,
    commission: '1',
    least: '1000 sats',
    catchUp: 'latest',
    code: '',
  },
  ...more,
})
const faultsIn = (text: string) =>
  Object.fromEntries(
    [...text.matchAll(/<p class="fault" id="([\w-]+)-fault">([^<]*)</g)].map(([, name, why]) => [name, why!]),
  )

test('what the network would not pass on is refused at the rate of now, and so is an account of the other rail', async () => {
  const dust = filled({ roster: 'name,tax_id,amount,description\nAna,123.456.789-09,0.50,\n' })
  expect(faultsIn((await maria.post('/console/schedules/new', dust)).text)['roster']).toContain(
    'menos de 546 satoshis',
  )
  expect(
    faultsIn((await maria.post('/console/schedules/new', filled({ account: bank }))).text)['account'],
  ).toContain('não serve para este meio')
  const sats = filled({ payers: 'random', currency: 'sats', countLow: '2', low: '545', roster: '' })
  expect(faultsIn((await maria.post('/console/schedules/new', sats)).text)['low']).toContain(
    'Abaixo de 546 satoshis',
  )
})

test('reais are told with the satoshis they would be, at which rate and of which sources', async () => {
  expect((await maria.post('/console/schedules/new', filled())).status).toBe(303)
  const price = (await rate())!
  const { text } = await maria.get('/console/schedules/clube/dry-run')
  const spaces = (told: string) => told.replace(/\s/g, ' ')
  const shown = spaces(text)
  expect(shown).toContain(spaces(amount('pt-BR', satsFor(12_000n, price), 'BTC')))
  expect(shown).toContain(spaces(amount('pt-BR', 12_000n, 'BRL')))
  expect(shown).toContain(`Pela cotação de ${spaces(amount('pt-BR', price, 'BRL'))} por BTC`)
  expect(shown).toContain('A tarifa da rede')
  expect(await installation.running.app.db.all(sql`select id from invoices`)).toEqual([])
})

test('it is run, asked for in satoshis, and edited from then on', async () => {
  const { db } = installation.running.app
  const at = /name="at" value="([^"]+)"/.exec((await maria.get('/console/schedules/clube/run')).text)![1]!
  expect((await maria.post('/console/schedules/clube/run', { at, why: 'a pedido', code: '' })).status).toBe(
    303,
  )
  await until(
    async () => (await db.one(sql`select id from slots where state = 'done'`)) !== undefined,
    'the slot is done',
  )
  expect((await maria.get('/console/schedules/clube')).text).toMatch(/0,00\d{6} BTC/)
  const edit = filled({
    version: '1',
    currency: 'BTC',
    roster: 'name,tax_id,amount,description\nAna,123.456.789-09,20000sats,\n',
  })
  expect((await maria.post('/console/schedules/clube/edit', edit)).status).toBe(303)
  expect(
    await db.one(sql`select version, currency, units_low, watch_ms, min_payout_units from schedules`),
  ).toEqual({
    ...{
      version: 2n,
      currency: 'BTC',
      units_low: 20_000n,
      watch_ms: 7n * 86_400_000n,
      min_payout_units: 1_000n,
    },
  })
  const form = (await maria.get('/console/schedules/clube/edit')).text
  expect(form).toMatch(/<option[^>]*value="BTC"[^>]*selected|<option selected[^>]*value="BTC"/)
  expect(form).not.toContain('id="rail"')
})
