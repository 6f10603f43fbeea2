/**
 * An admin finds out why a run failed, and has an event applied again that was given up, from what the
 * console's pages say alone.
 */
import Database from 'better-sqlite3'
import { join } from 'node:path'
import { writeFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Page } from 'playwright-core'
import { checkLedger } from '../src/ledger/ledger.ts'
import { sql } from '../src/db/db.ts'
import { axe, browserAvailable, openBrowser, visit, type Browser, type Visitor } from './testbed/browser.ts'
import { addTestPerson, carry, tokenOf } from './testbed/testPerson.ts'
import { openPageInstallation, type PageInstallation } from './testbed/pageInstallation.ts'
import { until } from './testbed/until.ts'
import { trialAccountFlags } from './testbed/trial.ts'

const minute = 60_000

describe.skipIf(!browserAvailable())('an admin', { timeout: 240_000 }, () => {
  let browser: Browser
  let installation: PageInstallation
  let carla: Visitor
  let page: Page

  beforeAll(async () => {
    browser = await openBrowser()
  })
  afterAll(() => browser?.close())
  beforeEach(async () => {
    installation = await openPageInstallation()
    await installation.repasse('account', 'add', ...trialAccountFlags)
    await installation.repasse('account', 'approve', 'main', '--by', 'checker')
    const roster = join(installation.folder, 'alunos.csv')
    writeFileSync(
      roster,
      'name,tax_id,amount,description\nBeatriz Nogueira,318.274.950-14,480.00,Mensalidade\n',
    )
    const when = ['--cron', '0 9 5 * *', '--time-zone', 'America/Sao_Paulo', '--due-in', '5d']
    await installation.repasse(
      'schedule',
      'add',
      '--name',
      'mensalidades',
      ...when,
      '--payers',
      roster,
      '--pay-to',
      'main',
      '--by',
      'maker',
    )
    const person = await addTestPerson(installation, 'carla', 'admin')
    carla = await visit(browser, installation.origin)
    page = carla.page
    await carry(carla.context, installation, await tokenOf(installation, person))
  })
  afterEach(async () => {
    expect.soft(carla.watched.faults).toEqual([])
    expect.soft(await installation.running.app.db.tx(checkLedger)).toEqual([])
    await carla.leave()
    await installation.close()
  })

  const heading = (name: string | RegExp) => page.getByRole('heading', { level: 1, name }).waitFor()
  const menu = (name: string) =>
    page.getByRole('navigation', { name: 'Páginas do console' }).getByRole('link', { name }).click()
  const invoice = async () => (await installation.ask<{ id: string; state: string }[]>('invoice', 'list'))[0]

  /**
   * As a disk does that fails on the one page where invoices are: the database refuses to write them down as
   * issued.
   */
  function breakDisk(): () => void {
    const database = new Database(join(installation.folder, 'repasse.db'))
    database.exec(
      `create trigger broken before update on invoices when new.state = 'issued' begin select raise(abort, 'disk I/O error'); end`,
    )
    return () => {
      database.exec('drop trigger broken')
      database.close()
    }
  }

  test('sees on the overview that a run failed, reads why in its log, and finds that nothing was lost', async () => {
    const mend = breakDisk()
    await installation.repasse('schedule', 'run', 'mensalidades', '--by', 'maker')
    await until(
      async () =>
        (await installation.ask<{ outcome: string }[]>('run', 'list')).some(
          ({ outcome }) => outcome === 'failed',
        ),
      'a run that failed',
    )

    await page.goto('/console')
    await heading('Visão geral')
    const failed = page.getByRole('region', { name: /falha/i })
    await failed
      .getByText(/disk I\/O error/)
      .first()
      .waitFor()
    await failed.getByRole('link', { name: /^run_/ }).first().click()
    await heading('Execução issue')
    await page.getByText('Falhou porque').waitFor()
    await page
      .getByText(/disk I\/O error/)
      .first()
      .waitFor()
    expect(await axe(page)).toEqual([])
    await page.getByRole('link', { name: 'só erros' }).click()
    await page.getByText('the job failed').first().waitFor()
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Baixar o registro (NDJSON)' }).click(),
    ])
    expect(file.suggestedFilename()).toMatch(/\.ndjson$/)

    // What became of the invoice that was being issued: nobody wrote down the answer, so the bank is asked,
    // not told again.
    const invoices = page.getByRole('link', { name: 'As cobranças deste disparo' })
    // The job that issues what is left may have taken the draft first: then its run failed, and is of no
    // slot.
    if ((await invoices.count()) === 0) {
      await page.goto('/console/runs?job=issue')
      await page.getByRole('link', { name: /^run_/ }).first().click()
    }
    await invoices.click()
    mend()
    await installation.skip(5 * minute)
    await until(async () => (await invoice())?.state === 'issued', 'the invoice as issued')
    await page.reload()
    await page.getByRole('table').getByText('emitida').waitFor()
    expect(installation.bank.invoices()).toHaveLength(1)
  })

  test('finds an event that was given up, sees what a replay would do, has it done, and the audit log says so', async () => {
    await installation.repasse('schedule', 'run', 'mensalidades', '--by', 'maker')
    const { id } = await until(async () => {
      const found = await invoice()
      return found?.state === 'issued' && found
    }, 'an issued invoice')
    // The bank says that it was paid, and then for two and a half hours not whether that is so.
    installation.bank.setFaults({ redirect: 1, only: '^GET /v2/invoice' })
    await installation.pay(id)
    const waiting = () =>
      installation.running.app.db.one<{ id: bigint }>(
        sql`select id from inbox where state = 'waiting' and kind = 'invoice.credited'`,
      )
    await until(waiting, 'an event that waits')
    // The tries between are the same again and again.
    await installation.running.app.db.tx(async tx =>
      tx.run(sql`update inbox set tries = 39, next_at = ${await tx.now()} where state = 'waiting'`),
    )
    await until(async () => (await waiting()) === undefined, 'an event that was given up')
    // It shows invoices again, and not yet its logs, by which a poll would find the credit without anybody's
    // help.
    installation.bank.setFaults({ redirect: 1, only: '^GET /v2/invoice/log' })

    await page.goto('/console')
    await page.getByRole('heading', { name: 'Requer ação' }).waitFor()
    await page.locator('main a[href^="/console/events/"]').first().click()
    await heading('Evento invoice.credited')
    await page.getByText('em quarentena').first().waitFor()
    await page
      .getByText(/o banco não confirmou/)
      .first()
      .waitFor()
    await page.getByText(/autêntica: estes bytes foram assinados/).waitFor()
    await page.getByText('Os bytes, como vieram').waitFor()
    expect(await axe(page)).toEqual([])

    await page.getByRole('link', { name: 'Ver o que reaplicar faria' }).click()
    await heading('Reaplicar o evento')
    await page.getByText('Lançaria').waitFor()
    await page.getByText('R$ 480,00').first().waitFor()
    // It was only rehearsed.
    expect((await invoice())?.state).not.toBe('credited')
    await page.getByRole('button', { name: 'Reaplicar agora' }).click()
    expect((await invoice())?.state).not.toBe('credited')
    await page.getByLabel('Motivo').fill('o banco voltou a responder')
    await page.getByRole('button', { name: 'Reaplicar agora' }).click()
    await until(async () => {
      const [payout] = await installation.ask<{ state: string }[]>('payout', 'list')
      return (await invoice())?.state === 'credited' && payout?.state === 'paid'
    }, 'a credited invoice, and its payout paid')
    await page.reload()
    await page.getByText('aplicado').first().waitFor()

    await menu('Auditoria')
    await page.getByText('o banco voltou a responder').first().waitFor()
    await page.getByText('carla').first().waitFor()
    await page
      .getByText(/íntegr/i)
      .first()
      .waitFor()
  })
})
