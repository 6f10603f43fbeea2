/**
 * The pages of schedules, accounts and products in a real Chromium: the preview while somebody types, both
 * themes, a phone, and no script at all.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sql } from '../src/db/db.ts'
import {
  axe,
  browserAvailable,
  desktop,
  layout,
  openBrowser,
  phone,
  visit,
  type Browser,
  type Look,
  type Visitor,
} from './testbed/browser.ts'
import { addTestPerson, carry, tokenOf } from './testbed/testPerson.ts'
import { openPageInstallation, type PageInstallation } from './testbed/pageInstallation.ts'
import { until } from './testbed/until.ts'
import { trialAccountFlags } from './testbed/trial.ts'

const there = browserAvailable()
describe.skipIf(!there)(there ? 'in a browser' : 'no browser is to be had on this machine', () => {
  let installation: PageInstallation
  let browser: Browser
  const tokens: Record<string, string> = {}

  beforeAll(async () => {
    installation = await openPageInstallation({ chain: 'simulated' })
    browser = await openBrowser()
    await installation.repasse('account', 'add', ...trialAccountFlags)
    await installation.repasse('account', 'approve', 'main', '--by', 'bruno')
    await installation.repasse(
      'account',
      'add',
      '--name',
      'second',
      ...trialAccountFlags.slice(2, -2),
      '--by',
      'bruno',
    )
    const rule = [
      '--payers',
      'random',
      '--count',
      '3',
      '--amount',
      '20..30',
      '--due-in',
      '2d',
      '--pay-to',
      'main',
      '--commission',
      '1.5%',
    ]
    const zone = ['--time-zone', 'America/New_York']
    await installation.repasse(
      'schedule',
      'add',
      '--name',
      'clube',
      '--cron',
      '*/30 1-3 * * *',
      ...zone,
      ...rule,
    )
    await installation.repasse('schedule', 'run', 'clube')
    await installation.repasse('product', 'add', '--name', 'Café', '--price', '39.90', '--stock', '3')
    const { db } = installation.running.app
    await until(
      async () => (await db.one(sql`select id from slots where state = 'done'`)) !== undefined,
      'the slot is done',
    )
    const [maria, chico] = [
      await addTestPerson(installation, 'maria', 'maker'),
      await addTestPerson(installation, 'chico', 'checker', 'en'),
    ]
    tokens['maria'] = await tokenOf(installation, maria)
    tokens['chico'] = await tokenOf(installation, chico)
  }, 300_000)
  afterAll(async () => {
    await browser?.close()
    await installation?.close()
  })

  async function arrive(name: string, look: Look = {}): Promise<Visitor> {
    const visitor = await visit(browser, installation.origin, look)
    await carry(visitor.context, installation, tokens[name]!)
    return visitor
  }

  test('while somebody types, the preview follows, and fields that do not count are out of the way', async () => {
    const { page, watched, leave } = await arrive('maria')
    await page.goto('/console/schedules/new')
    const preview = page.locator('#preview')
    expect(await preview.innerText()).toContain('Às 09:00')
    expect(await page.locator('#cron').isVisible()).toBe(false)

    await page.locator('#at').fill('17:45')
    await preview.getByText('Às 17:45').waitFor()
    await page.getByText('Outra regra (cron)').click()
    expect(await page.locator('#at').isVisible()).toBe(false)
    await page.locator('#cron').fill('*/15 * * * *')
    await preview.getByText('A cada 15 minutos').waitFor()
    await page.locator('#zone').fill('America/New_York')
    await preview.getByText('o relógio salta de 02:00 para 03:00').waitFor()
    await page.locator('#cron').fill('0 0 13 * 5')
    await preview.getByText('basta um dos dois').waitFor()
    await page.locator('#cron').fill('0 0 13')
    await preview.getByText('Preencha quando e o fuso').waitFor()

    expect(await page.locator('#zones option').count()).toBeGreaterThan(300)
    expect(await page.locator('#low').isVisible()).toBe(false)
    await page.getByLabel('Pagadores inventados, para').check()
    expect(await page.locator('#low').isVisible()).toBe(true)
    expect(await page.locator('#roster').isVisible()).toBe(false)
    expect(watched.faults).toEqual([])
    await leave()
  })

  test('without scripts a button shows the same, and the form is sent', async () => {
    const { page, leave } = await arrive('maria', { javaScript: false })
    await page.goto('/console/schedules/new')
    await page.locator('#name').fill('sem-scripts')
    await page.getByText('Outra regra (cron)').click()
    await page.locator('#cron').fill('0 9 1 * *')
    await page.getByRole('button', { name: 'Pré-visualizar' }).click()
    expect(await page.locator('#preview').innerText()).toContain('Às 09:00, no dia 1 do mês')
    await page.getByLabel('Pagadores inventados, para').check()
    await page.locator('#countLow').fill('2')
    await page.locator('#low').fill('20,00')
    await page.locator('#account').selectOption({ label: 'main · banco (Pix ou TED)' })
    await page.getByRole('button', { name: 'Criar o agendamento' }).click()
    expect(await page.locator('h1').innerText()).toBe('sem-scripts')
    expect(await page.getByText('O agendamento está salvo.').isVisible()).toBe(true)
    await leave()
  })

  const looks: [string, Look][] = [
    ['on a desktop, in the light', { device: desktop, theme: 'light' }],
    ['on a phone, in the dark', { device: phone, theme: 'dark' }],
  ]
  test.each(looks)(
    '%s every page is read by everybody',
    async (_, look) => {
      const { db } = installation.running.app
      const product = (await db.one<{ id: string }>(sql`select id from products`))!.id
      const pages: [string, string][] = [
        ...['', '/new', '/clube', '/clube/edit', '/clube/dry-run', '/clube/run'].map(
          (path): [string, string] => ['maria', `schedules${path}`],
        ),
        ...['', '/new', '/main', '/banks?q=itau'].map((path): [string, string] => [
          'maria',
          `accounts${path}`,
        ]),
        ['chico', 'accounts/second'],
        ...['', '/new', `/${product}`].map((path): [string, string] => ['maria', `products${path}`]),
      ]
      const { page, watched, leave, context } = await arrive('maria', look)
      const found: string[] = []
      for (const [name, path] of pages) {
        await carry(context, installation, tokens[name]!)
        const answer = await page.goto(`/console/${path}`)
        if (answer?.status() !== 200) found.push(`${path}: ${answer?.status()}`)
        for (const fault of [...(await axe(page)), ...(await layout(page))]) found.push(`${path}: ${fault}`)
      }
      // A form that is full of faults is a page too.
      for (const [path, button] of [
        ['schedules/new', 'Criar o agendamento'],
        ['accounts/new', 'Cadastrar para aprovação'],
        ['products/new', 'Pôr na loja'],
      ] as const) {
        await carry(context, installation, tokens['maria']!)
        await page.goto(`/console/${path}`)
        await page.evaluate("document.querySelectorAll('form').forEach(form => (form.noValidate = true))")
        await page.getByRole('button', { name: button }).click()
        await page.locator('.faults').waitFor()
        for (const fault of [...(await axe(page)), ...(await layout(page))])
          found.push(`${path} with faults: ${fault}`)
      }
      expect(found).toEqual([])
      expect(watched.faults).toEqual([])
      await leave()
    },
    300_000,
  )
})
