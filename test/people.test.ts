/**
 * People on the console, as stories: in a browser without scripts, from an invitation to the last session
 * ended; and every page of theirs on both databases.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { audit } from '../src/ledger/ledger.ts'
import { codeAt, stepAt } from '../src/people/totp.ts'
import { sql } from '../src/db/db.ts'
import { csrfOf, openAsker, type Asker } from './testbed/asker.ts'
import {
  axe,
  browserAvailable,
  layout,
  openBrowser,
  phone,
  visit,
  type Browser,
  type Page,
} from './testbed/browser.ts'
import { addTestPerson, codeOf, tokenOf, type TestPerson } from './testbed/testPerson.ts'
import { openPageInstallation, type PageInstallation } from './testbed/pageInstallation.ts'
import { postgresAvailable, startPostgres, type Postgres } from './testbed/postgres.ts'
import { readQr } from './testbed/qr.ts'

const password = 'um pé de jabuticaba'

describe.skipIf(!browserAvailable())(
  browserAvailable() ? 'in a browser' : 'no browser is to be had on this machine',
  () => {
    let installation: PageInstallation
    let browser: Browser
    beforeAll(async () => {
      installation = await openPageInstallation()
      browser = await openBrowser()
    })
    afterAll(async () => {
      await browser?.close()
      await installation?.close()
    })

    /** Follows an invitation to its end and signs in; answers the authenticator's secret. */
    async function join(page: Page, link: string, name: string): Promise<string> {
      await page.goto(link)
      await page.getByRole('button', { name: /^(Começar|Begin)$/ }).click()
      const secret = new URL(await readQr(page.getByRole('img'))).searchParams.get('secret')!
      const show = () => codeAt(secret, stepAt(installation.clock.now()))
      await page.getByLabel(/^(Nova senha|New password)/).fill(password)
      await page.getByLabel(/^(A senha outra vez|The password again)/).fill(password)
      await page.getByLabel(/^(Código que|Code that)/).fill(show())
      await page.getByRole('button', { name: /^(Concluir|Finish)/ }).click()
      await page.getByText(/Tudo pronto|All set/).waitFor()
      await installation.skip(30_000)
      await page.getByLabel(/^(Nome|Name)/).fill(name)
      await page.getByLabel(/^(Senha|Password)/).fill(password)
      await page.getByLabel(/^(Código do|Code of)/).fill(show())
      await page.getByRole('button', { name: /^(Entrar|Sign in)/ }).click()
      await page.waitForURL('**/console')
      await page.goto('/console/me')
      await page.getByRole('button', { name: /^(Sair|Sign out)/ }).waitFor()
      return secret
    }

    test('the first admin comes in by the link, invites another person on a phone, and sends them away again; all without scripts', async () => {
      const boss = await visit(browser, installation.origin, { javaScript: false })
      const secret = await join(
        boss.page,
        (await installation.repasse('user', 'add', 'carla', '--role', 'admin', '--by', 'boss')).trim(),
        'carla',
      )

      await boss.page.getByRole('link', { name: 'Pessoas' }).click()
      await boss.page.getByLabel('Nome').fill('ana')
      await boss.page.getByLabel('Papel').selectOption('viewer')
      await boss.page.getByLabel('Idioma das páginas').selectOption('en')
      await boss.page.getByRole('button', { name: 'Convidar' }).click()
      const link = await boss.page.locator('code').innerText()
      expect(link).toMatch(new RegExp(`^${installation.origin}/console/welcome/[\\w-]{43}$`))

      const ana = await visit(browser, installation.origin, {
        javaScript: false,
        device: phone,
        language: 'en',
      })
      await join(ana.page, link, 'ana')
      expect(await ana.page.getByRole('link', { name: 'People' }).count()).toBe(0)
      await ana.page.goto('/console/people')
      expect(await ana.page.getByRole('heading', { level: 1 }).innerText()).not.toBe('People')

      // Past the five minutes of her sign-in, Carla is asked for a code before she gives a role.
      await installation.skip(6 * 60_000)
      await boss.page.goto('/console/people')
      await boss.page.getByRole('link', { name: 'ana', exact: true }).click()
      expect(await boss.page.getByRole('button', { name: 'Mudar o papel' }).count()).toBe(0)
      await boss.page
        .getByLabel('Código do autenticador')
        .fill(codeAt(secret, stepAt(installation.clock.now())))
      await boss.page.getByRole('button', { name: 'Confirmar' }).click()
      // More than a viewer is for a second person to approve, so nothing has changed yet.
      await boss.page.getByLabel('Papel').selectOption('maker')
      await boss.page.getByRole('button', { name: 'Mudar o papel' }).click()
      await boss.page.getByText('outra pessoa precisa aprová-la').waitFor()
      await boss.page.getByRole('link', { name: 'ana', exact: true }).click()
      await ana.page.goto('/console/me')
      expect(await ana.page.getByText('viewer: sees everything').count()).toBe(1)

      await boss.page.getByRole('button', { name: 'Encerrar 127.0.0.1' }).click()
      await ana.page.goto('/console/me')
      expect(await ana.page.getByRole('heading', { level: 1 }).innerText()).toBe('Sign in')
      await boss.page.getByRole('button', { name: 'Remover' }).click()
      await boss.page.getByRole('row', { name: /^ana .*removida/ }).waitFor()

      await boss.page.getByRole('link', { name: 'Auditoria' }).click()
      expect(await boss.page.getByText('A cadeia inteira está íntegra').count()).toBe(1)
      const told = await boss.page.getByRole('row').allInnerTexts()
      for (const act of [
        'pessoa removida',
        'sessão encerrada',
        'proposta feita',
        'entrou',
        'convite aceito',
        'pessoa convidada',
      ])
        expect([act, told.some(row => row.includes(act))]).toEqual([act, true])
      expect([boss.watched.faults, ana.watched.faults]).toEqual([[], []])
      await boss.leave()
      await ana.leave()
    })

    test.each(['light', 'dark'] as const)(
      'every page of people is whole for everyone in the %s',
      async theme => {
        const name = `admin-${theme}`
        const admin = await addTestPerson(installation, name, 'admin')
        const { id } = (await installation.ask<{ id: string; name: string }[]>('user', 'list')).find(
          user => user.name === 'carla',
        )!
        const invited = new URL(
          (
            await installation.repasse('user', 'add', `new-${theme}`, '--role', 'viewer', '--by', 'boss')
          ).trim(),
        ).pathname
        for (const look of [
          theme === 'light' ? { theme } : ({ theme, device: phone, language: 'en' } as const),
        ]) {
          const visitor = await visit(browser, installation.origin, look)
          const judge = async (path: string) => {
            await visitor.page.goto(path)
            expect([path, await axe(visitor.page), await layout(visitor.page)]).toEqual([path, [], []])
            expect([path, visitor.watched.bytes() < 50_000]).toEqual([path, true])
          }
          for (const path of ['/console/sign-in', invited, '/console/welcome/none']) await judge(path)
          const token = await tokenOf(installation, admin)
          await visitor.context.addCookies([{ name: 'console', value: token, url: installation.origin }])
          const inner = [
            '/console/me',
            '/console/people',
            `/console/people/${id}`,
            '/console/step-up',
            '/console/audit',
            '/console/audit?actor=nobody',
          ]
          for (const path of inner) await judge(path)
          // The same without a fresh code.
          await installation.skip(6 * 60_000)
          for (const path of inner) await judge(path)
          expect(visitor.watched.faults).toEqual([])
          await visitor.leave()
        }
      },
      300_000,
    )
  },
)

describe.each([
  { engine: 'sqlite', there: true },
  { engine: 'postgres', there: postgresAvailable() },
])('on $engine', ({ engine, there }) => {
  describe.skipIf(!there)(there ? 'the pages of people' : 'which is not to be had on this machine', () => {
    let server: Postgres | undefined
    let installation: PageInstallation
    let admin: TestPerson
    let as: Asker
    let csrf: string
    beforeAll(async () => {
      if (engine === 'postgres') server = await startPostgres({ durable: false })
      installation = await openPageInstallation(
        server ? { env: { DATABASE_URL: await server.migratedDatabase() } } : {},
      )
      admin = await addTestPerson(installation, 'carla', 'admin', 'en')
      as = openAsker(installation.origin)
      as.cookies.set('console', await tokenOf(installation, admin))
      csrf = csrfOf((await as.get('/console/me')).body)
    })
    afterAll(async () => {
      await installation?.close()
      await server?.stop()
    })

    const acts = (body: string) => [...body.matchAll(/data-label="Act">([^<]*)</g)].map(match => match[1])

    test('the audit log goes page by page, newest first, and no act is left out or told twice', async () => {
      const { db } = installation.running.app
      for (let number = 0; number < 120; number++)
        await db.tx(tx =>
          audit(tx, {
            actor: number % 2 ? 'odd' : 'even',
            act: `act ${number}`,
            subject: `thing ${number % 3}`,
            detail: {},
          }),
        )
      const found: (string | undefined)[] = []
      let path: string | undefined = '/console/audit'
      for (let pages = 0; path !== undefined && pages < 9; pages++) {
        const { body, status } = await as.get(path)
        expect(status).toBe(200)
        found.push(...acts(body))
        path = /rel="next" href="([^"]+)"/.exec(body)?.[1]?.replaceAll('&amp;', '&')
      }
      expect(found.slice(0, 120)).toEqual(Array.from({ length: 120 }, (_, number) => `act ${119 - number}`))
      expect(found).toHaveLength(
        Number((await db.one<{ n: bigint }>(sql`select count(*) as n from audit`))!.n),
      )

      const filtered = acts((await as.get('/console/audit?actor=odd&subject=thing+0')).body)
      expect(filtered).toEqual(Array.from({ length: 20 }, (_, number) => `act ${117 - 6 * number}`))
      expect(acts((await as.get('/console/audit?act=act+7')).body)).toEqual(['act 7'])
      for (const wrong of [
        'after=x',
        'after=-1',
        'after=99999999999999999999',
        'act=none',
        "actor='",
        'actor=a&actor=b',
        'subject=%ff%fe',
      ])
        expect([wrong, (await as.get(`/console/audit?${wrong}`)).status]).toEqual([wrong, 200])
      // No database keeps a zero in a text, so none is asked for one.
      for (const path of [
        '/console/audit?subject=%00',
        '/console/audit?act=x%00y',
        '/console/people/%00',
        '/products/%00',
        '/?lang=%00',
      ])
        expect([path, (await as.get(path)).status]).toEqual([path, 400])
    })

    test('somebody is invited, changed, kept out and sent away, and every refusal is told on the page', async () => {
      const add = (name: string, more = {}) =>
        as.post('/console/people', { csrf, name, role: 'viewer', language: 'en', ...more })
      const invited = await add('Bia')
      expect(invited.status).toBe(200)
      const link = /<code class="mono">([^<]+)</.exec(invited.body)![1]!
      expect((await add('bia')).body).toContain('This name is, or was, somebody’s')
      expect((await add('CarIa')).body).toContain('This name reads like carla: choose another')
      expect((await add('not a name')).body).toContain('This is not a name')
      expect((await add('cao', { role: 'owner' })).status).toBe(400)

      const welcome = new URL(link).pathname
      const own = openAsker(installation.origin)
      await own.get(welcome)
      const secret = /<code class="mono">([A-Z2-7 ]+)</
        .exec((await own.post(welcome, {})).body)![1]!
        .replaceAll(' ', '')
      const bia = { name: 'bia', password, secret }
      const accepted = await own.post(welcome, {
        password,
        again: password,
        code: codeOf(installation, secret),
      })
      expect(accepted.to).toBe('/console/sign-in?ready')
      const hers = openAsker(installation.origin)
      hers.cookies.set('console', await tokenOf(installation, bia))
      expect((await hers.get('/console/me')).status).toBe(200)

      const { id } = (await installation.ask<{ id: string; name: string }[]>('user', 'list')).find(
        ({ name }) => name === 'Bia',
      )!
      const does = async (verb: string, more = {}) =>
        (await as.post(`/console/people/${id}/${verb}`, { csrf, ...more })).status
      // More than a viewer takes another person, who refuses it here; the same asked twice is one proposal.
      const asked = await as.post(`/console/people/${id}/role`, { csrf, role: 'checker' })
      expect(asked.to).toMatch(/^\/console\/proposals\/pro_/)
      expect((await as.post(`/console/people/${id}/role`, { csrf, role: 'checker' })).to).toBe(asked.to)
      expect((await as.post(`${asked.to}/refuse`, { csrf, why: 'no' })).to).toContain('said=withdrawn')
      expect(await does('role', { role: 'viewer' })).toBe(303)
      expect(await does('role', { role: 'owner' })).toBe(400)
      expect(await does('lock')).toBe(303)
      expect((await hers.get('/console/me')).status).toBe(302)
      expect([await does('lock'), await does('unlock'), await does('unlock')]).toEqual([303, 303, 303])
      const again = await as.post(`/console/people/${id}/reset`, { csrf })
      expect(again.body).toContain('/console/welcome/')
      expect([
        await does('remove'),
        await does('remove'),
        await does('reset'),
        await does('role', { role: 'maker' }),
      ]).toEqual([303, 303, 400, 400])
      expect((await as.get(`/console/people/${id}`)).body).toContain('removed')
      expect((await as.get('/console/people')).body).toContain('Bia')
    })

    test('nobody changes their own role, locks or removes themselves, or ends a session that is another’s by its id', async () => {
      const { id } = (await installation.ask<{ id: string; name: string }[]>('user', 'list')).find(
        ({ name }) => name === 'carla',
      )!
      for (const verb of ['role', 'reset', 'lock', 'unlock', 'remove']) {
        const answer = await as.post(`/console/people/${id}/${verb}`, { csrf, role: 'maker' })
        expect([verb, answer.status]).toEqual([verb, 400])
        expect(answer.body).toContain('for another admin')
      }
      const other = await addTestPerson(installation, 'dora', 'viewer', 'en')
      const hers = openAsker(installation.origin)
      hers.cookies.set('console', await tokenOf(installation, other))
      const own = csrfOf((await hers.get('/console/me')).body)
      const mine = await installation.ask<{ id: string; open: boolean }[]>('user', 'sessions', 'carla')
      expect((await hers.post(`/console/me/sessions/${mine[0]!.id}/end`, { csrf: own })).status).toBe(400)
      expect((await as.get('/console/me')).status).toBe(200)
    })

    test('one’s own page changes language and password, and ends the other sessions', async () => {
      const eva = await addTestPerson(installation, 'eva', 'viewer', 'en')
      const [one, two] = [openAsker(installation.origin), openAsker(installation.origin)]
      for (const each of [one, two]) each.cookies.set('console', await tokenOf(installation, eva))
      const own = csrfOf((await one.get('/console/me')).body)
      expect((await one.post('/console/me/language', { csrf: own, language: 'pt-BR' })).to).toBe(
        '/console/me?saved',
      )
      expect((await one.get('/console/me')).body).toContain('Minha conta')
      expect((await one.post('/console/me/language', { csrf: own, language: 'fr' })).status).toBe(400)

      await installation.skip(30_000)
      const change = async (more: Record<string, string>) =>
        one.post('/console/me/password', {
          csrf: own,
          old: eva.password,
          password,
          again: password,
          code: codeOf(installation, eva.secret),
          ...more,
        })
      expect((await change({ again: 'other' })).body).toContain('As duas senhas são diferentes')
      expect((await change({ password: 'curta', again: 'curta' })).body).toContain('A senha é curta')
      expect((await change({ code: '000000' })).body).toContain('não confere')
      expect((await two.get('/console/me')).status).toBe(200)
      expect((await change({})).to).toBe('/console/me?changed')
      expect([(await one.get('/console/me')).status, (await two.get('/console/me')).status]).toEqual([
        200, 302,
      ])
    })
  })
})

describe('a chain that does not hold', () => {
  test('is told where it breaks, and the rows are still shown', async () => {
    const installation = await openPageInstallation()
    try {
      const { db } = installation.running.app
      const admin = await addTestPerson(installation, 'carla', 'admin', 'en')
      const as = openAsker(installation.origin)
      as.cookies.set('console', await tokenOf(installation, admin))
      expect((await as.get('/console/audit')).body).toContain('The whole chain is intact, up to no. 3.')
      for (const name of ['audit_kept', 'audit_stay']) await db.script(`drop trigger ${name}`)
      await db.tx(tx => tx.run(sql`update audit set actor = 'nobody' where seq = 2`))
      const changed = await as.get('/console/audit')
      expect(changed.body).toContain('The chain breaks: record no. 2 was changed.')
      expect(changed.body).toContain('broken here')
      await db.tx(tx => tx.run(sql`delete from audit where seq = 2`))
      expect((await as.get('/console/audit')).body).toContain('The chain breaks: record no. 2 is missing.')
      expect((await as.get('/console/audit')).status).toBe(200)
    } finally {
      await installation.close()
    }
  })
})
