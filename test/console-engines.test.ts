/**
 * Schedules, accounts and products through the console's pages on PostgreSQL: every query of theirs is asked
 * there too.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sql } from '../src/db/db.ts'
import { consoleVisitor, type ConsoleVisitor } from './testbed/consoleVisitor.ts'
import { openPageInstallation, type PageInstallation } from './testbed/pageInstallation.ts'
import { until } from './testbed/until.ts'
import { postgresAvailable, startPostgres, type Postgres } from './testbed/postgres.ts'
import { trialAccount } from './testbed/trial.ts'

const there = postgresAvailable()
describe.skipIf(!there)(there ? 'on PostgreSQL' : 'PostgreSQL is not to be had on this machine', () => {
  let server: Postgres
  let installation: PageInstallation
  let maria: ConsoleVisitor
  let chico: ConsoleVisitor

  beforeAll(async () => {
    server = await startPostgres({ durable: false })
    // Two in the afternoon in São Paulo: its schedule is of the morning.
    installation = await openPageInstallation({
      hour: 17,
      env: { DATABASE_URL: await server.migratedDatabase() },
    })
    maria = await consoleVisitor(installation, 'maria', 'maker')
    chico = await consoleVisitor(installation, 'chico', 'checker')
  }, 300_000)
  afterAll(async () => {
    await installation?.close()
    await server?.stop()
  })

  test('from an account that two people made to a payout that waits for nobody', async () => {
    const { db } = installation.running.app
    const added = await maria.post('/console/accounts/new', { name: 'main', kind: 'bank', ...trialAccount })
    expect(added.status).toBe(303)
    const account = (await db.one<{ id: string }>(sql`select id from accounts`))!.id
    const schedule = {
      ...{
        name: 'aluguel',
        preset: 'daily',
        at: '09:00',
        zone: 'America/Sao_Paulo',
        rail: 'starkbank',
        currency: 'BRL',
        payers: 'roster',
      },
      ...{
        roster: 'name,tax_id,amount,description\nAna,123.456.789-09,20.00,\n',
        due: '2',
        dueUnit: 'days',
        account,
        catchUp: 'all',
      },
    }
    expect((await maria.post('/console/schedules/new', schedule)).status).toBe(303)
    expect(
      (await maria.post('/console/schedules/aluguel/edit', { ...schedule, at: '10:00', version: '1' }))
        .status,
    ).toBe(303)
    expect(
      (await maria.post('/console/schedules/aluguel/edit', { ...schedule, at: '11:00', version: '1' }))
        .status,
    ).toBe(409)
    const at = /name="at" value="([^"]+)"/.exec((await maria.get('/console/schedules/aluguel/run')).text)![1]!
    expect((await maria.post('/console/schedules/aluguel/run', { at, why: 'um teste' })).status).toBe(303)
    await until(
      async () => (await db.one(sql`select id from slots where state = 'done'`)) !== undefined,
      'the slot is done',
    )

    const invoice = (await db.one<{ id: string }>(sql`select id from invoices`))!.id
    await installation.pay(invoice)
    await until(
      async () => (await db.one(sql`select id from payouts where state = 'owed'`)) !== undefined,
      'the payout is owed',
    )
    const page = await chico.get('/console/accounts/main')
    expect(page.text).toMatch(/href="\/console\/payouts\?account=main&amp;state=owed">1</)
    expect(
      (
        await chico.post('/console/accounts/main/approve', {
          seen: /name="seen" value="([^"]+)"/.exec(page.text)![1]!,
        })
      ).status,
    ).toBe(303)
    await until(
      async () => (await db.one(sql`select id from payouts where state = 'paid'`)) !== undefined,
      'the payout is paid',
    )
    expect((await chico.get('/console/accounts/main')).text).toMatch(/href="\/console\/payouts\/pay_\w+"/)

    expect(
      (
        await maria.post('/console/products/new', {
          name: 'Café',
          price: '39,90',
          stock: '3',
          description: '',
        })
      ).status,
    ).toBe(303)
    for (const path of [
      'schedules',
      'schedules/aluguel',
      'schedules/aluguel/edit',
      'schedules/aluguel/dry-run',
      'accounts',
      'products',
    ])
      expect((await maria.get(`/console/${path}`)).status).toBe(200)
    expect((await maria.get('/console/schedules')).text).toContain('Último disparo: 1 concluído')
  })
})
