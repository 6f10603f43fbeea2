/**
 * Operators take an empty installation to its first payout, each in a browser of their own: who prepares does
 * so with scripts off, who approves does on a phone.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Page } from 'playwright-core'
import { checkLedger } from '../src/ledger/ledger.ts'
import { codeAt, stepAt } from '../src/people/totp.ts'
import {
  axe,
  browserAvailable,
  openBrowser,
  phone,
  visit,
  type Browser,
  type Look,
  type Visitor,
} from './testbed/browser.ts'
import { openPageInstallation, type PageInstallation } from './testbed/pageInstallation.ts'
import { until } from './testbed/until.ts'
import { readQr } from './testbed/qr.ts'
import { trialAccount } from './testbed/trial.ts'

const stepMs = 30_000
const passwords = {
  carla: 'o gato dorme no telhado',
  ana: 'sete pedras na calçada',
  bruno: 'chuva fina de domingo',
}
type Name = keyof typeof passwords
const students = `name,tax_id,amount,description
Beatriz Nogueira,318.274.950-14,480.00,Mensalidade de dezembro
Davi Lacerda,529.641.873-55,520.00,Mensalidade de dezembro`

describe.skipIf(!browserAvailable())('operators', { timeout: 240_000 }, () => {
  let browser: Browser
  let installation: PageInstallation
  let visitors: Visitor[]
  const secrets = new Map<Name, string>()

  beforeAll(async () => {
    browser = await openBrowser()
  })
  afterAll(() => browser?.close())
  beforeEach(async () => {
    visitors = []
    secrets.clear()
    installation = await openPageInstallation()
    // What is told is pushed and signed; its logs, which a poll reads, the bank does not show.
    installation.bank.setFaults({ redirect: 1, only: '^GET /v2/(invoice|transfer)/log' })
  })
  afterEach(async () => {
    for (const { watched } of visitors) expect.soft(watched.faults).toEqual([])
    expect.soft(await installation.running.app.db.tx(checkLedger)).toEqual([])
    for (const visitor of visitors) await visitor.leave()
    await installation.close()
  })

  const come = async (look?: Look): Promise<Page> => {
    const visitor = await visit(browser, installation.origin, look)
    visitors.push(visitor)
    return visitor.page
  }
  const heading = (page: Page, name: string | RegExp) =>
    page.getByRole('heading', { level: 1, name }).waitFor()
  /** What their authenticator shows next: each code is taken once. */
  const nextCode = async (name: Name): Promise<string> => {
    await installation.skip(stepMs)
    return codeAt(secrets.get(name)!, stepAt(installation.clock.now()))
  }

  /**
   * Opens the link, takes the secret from the QR code as a phone does, sets a password, and signs in with the
   * code after.
   */
  async function accept(page: Page, name: Name, link: string): Promise<void> {
    await page.goto(link)
    await heading(page, `Boas-vindas, ${name}`)
    await page.getByRole('button', { name: 'Começar' }).click()
    const uri = new URL(
      await readQr(page.getByRole('img', { name: 'QR code para o aplicativo autenticador' })),
    )
    expect(uri.protocol + uri.host).toBe('otpauth:totp')
    secrets.set(name, uri.searchParams.get('secret')!)
    await page.getByLabel('Nova senha').fill(passwords[name])
    await page.getByLabel('A senha outra vez').fill(passwords[name])
    await page.getByLabel('Código que o aplicativo mostra').fill(await nextCode(name))
    await page.getByRole('button', { name: 'Concluir' }).click()
    await heading(page, 'Entrar')
    await page.getByText('Tudo pronto').waitFor()
    await signIn(page, name)
  }

  async function signIn(page: Page, name: Name): Promise<void> {
    await page.getByLabel('Nome').fill(name)
    await page.getByLabel('Senha').fill(passwords[name])
    await page.getByLabel('Código do autenticador').fill(await nextCode(name))
    await page.getByRole('button', { name: 'Entrar' }).click()
    await heading(page, 'Visão geral')
  }

  test('from nothing to the first payout: an admin invites, a maker prepares, a checker approves, and every cent is explained', async () => {
    const link = (
      await installation.repasse('user', 'add', 'carla', '--role', 'admin', '--by', 'root')
    ).trim()
    const carla = await come()
    await accept(carla, 'carla', link)
    expect(await axe(carla)).toEqual([])

    // The first people come in from the server: until somebody is there, nobody could approve them.
    const bruno = await come({ device: phone, theme: 'dark' })
    await accept(
      bruno,
      'bruno',
      (await installation.repasse('user', 'add', 'bruno', '--role', 'checker', '--by', 'root')).trim(),
    )

    // From then on access takes two: Carla proposes it, Bruno approves it, and Carla makes the link.
    await carla.getByRole('navigation').getByRole('link', { name: 'Pessoas' }).click()
    await heading(carla, 'Pessoas')
    await carla.getByLabel('Nome').fill('ana')
    await carla.getByLabel('Papel').selectOption({ value: 'maker' })
    await carla.getByRole('button', { name: 'Convidar' }).click()
    await heading(carla, 'Proposta: dar acesso a uma pessoa')
    await carla.getByText('outra pessoa precisa aprová-la').waitFor()
    await bruno.goto(carla.url())
    await bruno.getByRole('button', { name: 'Aprovar e fazer' }).click()
    await bruno.getByText('A proposta foi aprovada e feita.').waitFor()
    await carla.goto('/console/people/ana')
    await carla.getByRole('button', { name: 'Fazer o link do convite' }).click()
    await heading(carla, 'Convite para ana')
    const anas = (await carla.locator('code').innerText()).trim()

    // An admin manages people and moves no money: there is no button, and the address alone does not help.
    await carla.goto('/console/accounts')
    expect(await carla.getByRole('link', { name: 'Nova conta' }).count()).toBe(0)
    expect((await carla.goto('/console/accounts/new'))?.status()).toBe(403)

    const ana = await come({ javaScript: false })
    await accept(ana, 'ana', anas)
    // A link that was used is of no use to whoever finds it.
    const finder = await come()
    expect((await finder.goto(anas))?.status()).toBe(410)

    await addAccount(ana)
    await addSchedule(ana)

    await approve(bruno)

    await runNow(ana)
    const [first, second] = await until(async () => {
      const rows = await installation.ask<{ id: string; state: string }[]>('invoice', 'list')
      return rows.length === 2 && rows.every(({ state }) => state === 'issued') && rows
    }, 'both invoices at the bank')
    await installation.pay(first!.id)
    await installation.pay(second!.id)
    await until(async () => {
      const rows = await installation.ask<{ state: string }[]>('payout', 'list')
      return rows.length === 2 && rows.every(({ state }) => state === 'paid')
    }, 'both payouts paid')
    await explain(ana)
  })

  async function addAccount(ana: Page): Promise<void> {
    await ana.getByRole('navigation').getByRole('link', { name: 'Contas de repasse' }).click()
    await ana.getByRole('link', { name: 'Nova conta' }).click()
    await ana.getByLabel('Nome no sistema').fill('escola')
    await ana.getByLabel('Titular', { exact: true }).fill(trialAccount.holder)
    await ana.getByLabel('CPF ou CNPJ do titular').fill('20.018.183/0001-81')
    await ana.getByLabel('Banco', { exact: true }).fill(trialAccount.bank)
    await ana.getByLabel('Agência').fill(trialAccount.branch)
    await ana.getByLabel('Número da conta').fill(trialAccount.number)
    await ana.getByLabel('Tipo de conta').selectOption({ value: trialAccount.type })
    const go = () => ana.getByRole('button', { name: 'Cadastrar para aprovação' }).click()
    await go()
    // The check digits are wrong: it is said beside the field, and nothing else was lost.
    await ana.locator('#taxId-fault').waitFor()
    expect(await ana.getByLabel('Número da conta').inputValue()).toBe(trialAccount.number)
    await ana.getByLabel('CPF ou CNPJ do titular').fill(trialAccount.taxId)
    await go()
    await ana.getByText('A conta está cadastrada e espera a aprovação de outra pessoa.').waitFor()
    expect(await ana.getByRole('button', { name: 'Aprovar esta conta' }).count()).toBe(0)
  }

  async function addSchedule(ana: Page): Promise<void> {
    await ana.getByRole('navigation').getByRole('link', { name: 'Agendamentos' }).click()
    await ana.getByRole('link', { name: 'Novo agendamento' }).click()
    await ana.getByLabel('Nome', { exact: true }).fill('mensalidades')
    await ana.getByRole('radio', { name: 'Todo mês no dia' }).check()
    // Without scripts the fields of every choice are there, or the preview brings those of this one.
    await ana.getByRole('button', { name: 'Pré-visualizar' }).click()
    await ana.getByLabel('Dia do mês').fill('5')
    await ana.getByLabel('Hora', { exact: true }).fill('09:00')
    await ana.getByLabel('Lista, colada aqui').fill(students)
    const escola = ana
      .getByLabel('Conta de repasse')
      .getByRole('option', { name: /^escola.*aguarda aprovação/ })
    await ana.getByLabel('Conta de repasse').selectOption((await escola.getAttribute('value'))!)
    await ana.getByLabel('Comissão (%)').fill('1,5')
    await ana.getByRole('button', { name: 'Pré-visualizar' }).click()
    await ana.getByText('Às 09:00, no dia 5 do mês').first().waitFor()
    expect(await ana.getByLabel('Lista, colada aqui').inputValue()).toContain('Beatriz Nogueira')
    await ana.getByRole('button', { name: 'Criar o agendamento' }).click()
    await ana.getByText('O agendamento está salvo.').waitFor()
    await heading(ana, 'mensalidades')
  }

  async function approve(bruno: Page): Promise<void> {
    await bruno.goto('/console/accounts')
    await bruno.getByText('1 conta espera a sua aprovação.').waitFor()
    await bruno.getByRole('link', { name: 'escola' }).click()
    expect(await axe(bruno)).toEqual([])
    await bruno.getByText('20.018.183/0001-80').first().waitFor()
    const used = codeAt(secrets.get('bruno')!, stepAt(installation.clock.now()))
    // Signing in showed a code, but that was a while ago. Wrong first: one that was used is refused, and
    // nothing is approved.
    await installation.skip(6 * 60_000)
    await bruno.reload()
    const form = bruno.locator('form', { has: bruno.getByRole('button', { name: 'Aprovar esta conta' }) })
    const enter = async (code: string) => {
      await form.getByLabel('Código do autenticador').fill(code)
      await form.getByRole('button', { name: 'Aprovar esta conta' }).click()
    }
    await enter(used)
    await bruno.getByText('O código do autenticador não confere ou já foi usado.').waitFor()
    expect(await installation.ask('account', 'list')).toMatchObject([{ state: 'awaiting' }])
    await bruno.goto('/console/accounts/escola')
    await enter(await nextCode('bruno'))
    await bruno.getByText('A conta está aprovada.').waitFor()
    expect(await installation.ask('account', 'list')).toMatchObject([{ state: 'approved' }])
  }

  async function runNow(ana: Page): Promise<void> {
    await ana.goto('/console/schedules/mensalidades')
    await ana.getByRole('link', { name: 'Ver como seria' }).click()
    await ana.getByText('Nada é gravado nem enviado.').waitFor()
    await ana.getByText('R$ 1.000,00').first().waitFor()
    expect(await installation.ask('invoice', 'list')).toEqual([])
    await ana.getByRole('link', { name: 'Voltar ao agendamento' }).click()
    await ana.getByRole('link', { name: 'Disparar agora' }).click()
    await ana.getByLabel('Motivo').fill('primeira cobrança')
    await ana.getByRole('button', { name: /^Disparar/ }).click()
    await ana.getByText('O disparo está na fila.').waitFor()
  }

  async function explain(ana: Page): Promise<void> {
    await ana.goto('/console')
    await heading(ana, 'Visão geral')
    await ana.getByText('R$ 1.000,00').first().waitFor()
    await ana.getByRole('navigation').getByRole('link', { name: 'Cobranças' }).click()
    await ana.getByRole('link', { name: /^inv_/ }).first().click()
    // From the invoice to its payout, and from there to the event that settled it.
    await ana.getByRole('link', { name: /^pay_/ }).first().click()
    await heading(ana, /^Repasse R\$/)
    await ana.getByText('Líquido a repassar').waitFor()
    await ana.locator('main a[href^="/console/events/"]').first().click()
    await heading(ana, /^Evento/)
    await ana.getByText('Assinatura conferida agora').waitFor()
    await ana.getByText(/autêntica: estes bytes foram assinados pelo banco/).waitFor()
  }
})
