/**
 * Passkeys in a real browser with its virtual authenticator, behind the real nginx and the host's public
 * name: registered in a session, they sign what is approved, and it is judged again when money is ordered.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { CDPSession, Page } from 'playwright-core'
import { freePort } from '../sim/port.ts'
import { checkBooks } from '../src/reconcile/reconcile.ts'
import { approvalOf, findAccount } from '../src/payout/payout.ts'
import { judgeSchedule, needSchedule } from '../src/schedule/schedule.ts'
import { sql } from '../src/db/db.ts'
import { axe, browserAvailable, openBrowser, visit, type Browser, type Visitor } from './testbed/browser.ts'
import { addTestPerson, carry, codeOf, tokenOf, type TestPerson } from './testbed/testPerson.ts'
import { bringNginx, letNginxIn, nginxes, startNginx, type Nginx } from './testbed/nginx.ts'
import { openPageInstallation, type PageInstallation } from './testbed/pageInstallation.ts'
import { trialAccount } from './testbed/trial.ts'
import { addAccount, addSchedule, approveAccount, stopAll } from './testbed/acts.ts'

describe.skipIf(!browserAvailable())('a passkey', { timeout: 240_000 }, () => {
  let browser: Browser
  let installation: PageInstallation
  let visitor: Visitor
  let page: Page
  let devices: CDPSession
  let authenticatorId: string
  let carla: TestPerson
  let token: string
  let nginx: Nginx | undefined
  let folder: string | undefined
  /** Where people come to. */
  let origin: string

  beforeAll(async () => {
    const program = bringNginx(nginxes[1])
    if (program) {
      folder = mkdtempSync(join(tmpdir(), 'repasse-passkeys-'))
      letNginxIn(folder)
      const [socket, httpsPort] = [join(folder, 'web.sock'), await freePort()]
      origin = `https://pay.localhost:${httpsPort}`
      installation = await openPageInstallation({ env: { LISTEN: `unix:${socket}`, PUBLIC_URL: origin } })
      nginx = await startNginx({ program, socket, publicHost: 'pay.localhost', httpsPort })
    } else {
      installation = await openPageInstallation({ host: 'localhost' })
      origin = installation.origin
    }
    browser = await openBrowser(nginx ? [nginx.certificate] : [])
    carla = await addTestPerson(installation, 'carla', 'checker')
    visitor = await visit(browser, origin)
    page = visitor.page
    token = await tokenOf(installation, carla)
    await carry(visitor.context, installation, token, origin)
    devices = await visitor.context.newCDPSession(page)
    await devices.send('WebAuthn.enable')
    const options = {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
    } as const
    ;({ authenticatorId } = await devices.send('WebAuthn.addVirtualAuthenticator', {
      options: { ...options, automaticPresenceSimulation: true },
    }))
  }, 300_000)
  // That another address is asked is what one of these is about.
  afterEach(() =>
    expect.soft(visitor.watched.faults.filter(fault => !fault.includes('//shop.pay.localhost'))).toEqual([]),
  )
  afterAll(async () => {
    await visitor?.leave()
    await browser?.close()
    await nginx?.stop()
    await installation?.close()
    if (folder) rmSync(folder, { recursive: true, force: true })
  })

  const db = () => installation.running.app.db
  const account = async (name: string) => (await findAccount(db(), name))!
  const add = (name: string, number: string) =>
    addAccount(db(), installation.running.app.world, name, { ...trialAccount, number }, 'maria')
  /** So long after the last code that an act asks for one again. */
  const later = () => installation.skip(6 * 60_000)

  test('is registered on one’s own page, after a code', async () => {
    await later()
    await page.goto('/console/me')
    await page.getByRole('link', { name: 'Chaves e passkeys com que você assina' }).click()
    await page.getByText('Nenhuma chave ainda.').waitFor()
    expect(await axe(page)).toEqual([])
    await page.getByLabel('Nome da passkey').fill('notebook')
    await page.getByLabel('Código do autenticador').fill(codeOf(installation, carla.secret))
    await page.getByRole('button', { name: 'Registrar uma passkey' }).click()
    await page.getByText('A passkey está registrada.').waitFor()
    expect(await db().all(sql`select kind, label from signing_keys`)).toEqual([
      { kind: 'passkey', label: 'notebook' },
    ])
  })

  test('signs the approval of what was shown, without a code, and the books hold it [security B1]', async () => {
    await add('escola', '1')
    await later()
    await page.goto('/console/accounts/escola')
    await page.getByRole('button', { name: 'Aprovar com passkey' }).click()
    await page.getByText('A conta está aprovada.').waitFor()
    await page.getByText('por carla (assinada com passkey)').waitFor()
    expect(await approvalOf(db(), await account('escola'))).toEqual({ is: 'approved', proof: 'passkey' })
    expect(await checkBooks(db(), installation.running.app.world)).toEqual([])
  })

  test('signs nothing that was changed after it was shown [security B1]', async () => {
    await add('aluguel', '2')
    await later()
    await page.goto('/console/accounts/aluguel')
    await db().tx(tx => tx.run(sql`update accounts set number = '3' where name = 'aluguel'`))
    await page.getByRole('button', { name: 'Aprovar com passkey' }).click()
    await page.getByText('A conta mudou desde que você abriu a página').waitFor()
    expect((await account('aluguel')).state).toBe('awaiting')
  })

  test('that was shown too long ago, or whose device does not verify its person, approves nothing', async () => {
    await page.goto('/console/accounts/aluguel')
    await later()
    await later()
    await page.getByRole('button', { name: 'Aprovar com passkey' }).click()
    await page.getByText('a página ficou aberta por mais de dez minutos').waitFor()
    await page.goto('/console/accounts/aluguel')
    await devices.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: false })
    await page.getByRole('button', { name: 'Aprovar com passkey' }).click()
    await page.getByText('O aparelho não respondeu ou recusou.').waitFor()
    await devices.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: true })
    expect((await account('aluguel')).state).toBe('awaiting')
  })

  test('signs nothing on a page of another address, though that is of the same site', async ctx => {
    if (!nginx) return ctx.skip()
    const elsewhere = origin.replace('pay.', 'shop.pay.')
    await carry(visitor.context, installation, token, elsewhere)
    await page.goto(`${elsewhere}/console/accounts/aluguel`)
    await page.getByRole('button', { name: 'Aprovar com passkey' }).click()
    await page.getByText('A assinatura da passkey não confere.').waitFor()
    expect((await account('aluguel')).state).toBe('awaiting')
  })

  test('a copy of which has signed since approves nothing', async () => {
    await db().tx(tx => tx.run(sql`update signing_keys set counter = 1000`))
    await page.goto('/console/accounts/aluguel')
    await page.getByRole('button', { name: 'Aprovar com passkey' }).click()
    await page.getByText('O contador desta passkey não avançou').waitFor()
    await db().tx(tx => tx.run(sql`update signing_keys set counter = 0`))
    expect((await account('aluguel')).state).toBe('awaiting')
  })

  test('is not needed: a code approves too, which counts for less', async () => {
    await page.goto('/console/accounts/aluguel')
    const approve = page.locator('form', { has: page.getByRole('button', { name: 'Aprovar esta conta' }) })
    await approve.getByLabel('Código do autenticador').fill(codeOf(installation, carla.secret))
    await approve.getByRole('button', { name: 'Aprovar esta conta' }).click()
    await page.getByText('por carla (confirmada por código)').waitFor()
  })

  test('lets payouts go, for the reasons that were shown', async () => {
    await stopAll(db(), 'um aviso', 'maria')
    await later()
    await page.goto('/console/stop')
    await page.getByLabel('Motivo').fill('conferido')
    await page.getByRole('button', { name: 'Liberar repasses com passkey' }).click()
    await page.getByText('Os repasses seguem normalmente.').waitFor()
    expect(await db().all(sql`select act, proof from statements where act = 'payouts.go'`)).toEqual([
      { act: 'payouts.go', proof: 'passkey' },
    ])
    expect(await checkBooks(db(), installation.running.app.world)).toEqual([])
  })

  test('signs an approval, and the terms of a schedule, that were only said, one by one', async () => {
    await add('dita', '9')
    await approveAccount(db(), 'dita', 'chico')
    const rule = {
      cron: '0 0 1 1 *',
      timeZone: 'UTC',
      startsAt: undefined,
      endsAt: undefined,
      dueInMs: 86_400_000,
      roster: undefined,
    }
    const asks = {
      countLow: 1,
      countHigh: 1,
      unitsLow: 100n,
      unitsHigh: 100n,
      commissionBp: 0n,
      minPayoutUnits: 0n,
      catchUp: 'all',
    } as const
    await addSchedule(
      db(),
      installation.running.app.world,
      { ...rule, ...asks, name: 'ditos', rail: 'starkbank', payTo: 'dita' },
      'maria',
    )
    await later()
    const card = (name: string) =>
      page.locator('section.card', { has: page.getByRole('link', { name, exact: true }) })
    for (const name of ['dita', 'ditos']) {
      await page.goto('/console/accounts/sign')
      await card(name).getByRole('button', { name: 'Assinar com passkey' }).click()
      await page.getByText('1 assinatura foi registrada.').waitFor()
      expect(await card(name).count()).toBe(0)
    }
    expect(await approvalOf(db(), await account('dita'))).toEqual({ is: 'approved', proof: 'passkey' })
    expect(await judgeSchedule(db(), await needSchedule(db(), 'ditos'))).toEqual({
      is: 'approved',
      proof: 'passkey',
    })
  })

  test('that is retired is offered no more', async () => {
    await add('luz', '4')
    await page.goto('/console/me/keys')
    await page.getByRole('button', { name: 'Encerrar' }).click()
    await page.getByText('A chave está encerrada.').waitFor()
    await page.goto('/console/accounts/luz')
    await page.getByRole('button', { name: 'Aprovar esta conta' }).waitFor()
    expect(await page.getByRole('button', { name: 'Aprovar com passkey', includeHidden: true }).count()).toBe(
      0,
    )
    expect(await checkBooks(db(), installation.running.app.world)).toEqual([])
  })
})
