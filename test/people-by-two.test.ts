/**
 * What one person alone must not become, as attacks on the console over real HTTP: maker and checker at once,
 * by inviting two people or by resetting one; and somebody else, by having seen their link. At fe329ae each
 * of them got through.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { auditChain } from '../src/ledger/ledger.ts'
import { asStored, sql, type Row } from '../src/db/db.ts'
import { openAsker } from './testbed/asker.ts'
import { consoleVisitor, visitorOf, type ConsoleVisitor, type Shown } from './testbed/consoleVisitor.ts'
import { acceptAs, codeOf } from './testbed/testPerson.ts'
import { openPageInstallation, type PageInstallation } from './testbed/pageInstallation.ts'
import { postgresAvailable, startPostgres, type Postgres } from './testbed/postgres.ts'
import { trialAccount } from './testbed/trial.ts'
import { until } from './testbed/until.ts'

const linkIn = ({ text }: Shown) => /<code class="mono">(http[^<]+\/console\/welcome\/[^<]+)</.exec(text)?.[1]
const seenIn = ({ text }: Shown) => /name="seen" value="([^"]+)"/.exec(text)?.[1] ?? ''
const day = 24 * 3_600_000

describe.each([
  { engine: 'sqlite', there: true },
  { engine: 'postgres', there: postgresAvailable() },
])('on $engine', ({ engine, there }) => {
  describe.skipIf(!there)(there ? 'one person' : 'which is not to be had on this machine', () => {
    let server: Postgres | undefined
    const installations: PageInstallation[] = []
    beforeAll(async () => {
      if (engine === 'postgres') server = await startPostgres({ durable: false })
    })
    afterAll(async () => {
      for (const installation of installations) await installation.close()
      await server?.stop()
    })
    const open = async (env: Record<string, string> = {}) => {
      const installation = await openPageInstallation({
        env: { ...env, ...(server && { DATABASE_URL: await server.migratedDatabase() }) },
      })
      installations.push(installation)
      return installation
    }

    describe('with others there', () => {
      let installation: PageInstallation
      let carla: ConsoleVisitor
      let bruno: ConsoleVisitor
      beforeAll(async () => {
        installation = await open()
        carla = await consoleVisitor(installation, 'carla', 'admin', 'en')
        bruno = await consoleVisitor(installation, 'bruno@example.com', 'checker', 'en')
      }, 300_000)
      const rows = (text: ReturnType<typeof sql>) => installation.running.app.db.all<Row>(text)
      const user = async (name: string) => (await rows(sql`select * from users where name = ${name}`))[0]
      const idOf = async (name: string) => String((await user(name))!['id'])
      const person = async (name: string) => `/console/people/${await idOf(name)}`
      const invite = (name: string, role: string) =>
        carla.post('/console/people', { name, role, language: 'en' })
      const approve = async (by: ConsoleVisitor, path: string, verb = 'approve-person') =>
        by.post(`${path}/${verb}`, { seen: seenIn(await by.get(path)) })
      const byCode = async ({ person }: ConsoleVisitor, ...words: string[]) => {
        await installation.skip(30_000)
        return installation.repasse(
          ...words,
          '--by',
          person.name,
          '--code',
          codeOf(installation, person.secret),
        )
      }
      /**
       * Carla invites somebody, Bruno approves it, and Carla makes the link and follows it, as the attacker
       * would.
       */
      async function puppet(name: string, role: string): Promise<ConsoleVisitor> {
        const { to } = await invite(name, role)
        expect((await approve(bruno, to)).to).toBe(`${to}?said=approved`)
        const link = linkIn(await carla.post(`${await person(name)}/reset`))!
        return visitorOf(installation, await acceptAs(installation, name, link))
      }
      const addAccount = (by: ConsoleVisitor, name: string) =>
        by.post('/console/accounts/new', { kind: 'bank', destination: '', ...trialAccount, name })
      const approveAccount = async (by: ConsoleVisitor, name: string) =>
        by.post(`/console/accounts/${name}/approve`, {
          seen: seenIn(await bruno.get(`/console/accounts/${name}`)),
        })

      test.each(['maker', 'checker', 'admin'])(
        'gives nobody the role of %s alone, and sees no link [security A2]',
        async role => {
          const asked = await invite(`puppet-${role}`, role)
          expect([asked.status, linkIn(asked)]).toEqual([303, undefined])
          expect(asked.to).toMatch(/^\/console\/proposals\/pro_/)
          expect(await user(`puppet-${role}`)).toBeUndefined()
          expect((await approve(carla, asked.to)).text).toContain('someone else has to approve it')
          expect((await approve(carla, asked.to, 'approve')).status).toBe(403)
          expect(await user(`puppet-${role}`)).toBeUndefined()
          // A viewer is theirs to invite; what that viewer may become is not.
          const viewer = linkIn(await invite(`viewer-${role}`, 'viewer'))!
          await acceptAs(installation, `viewer-${role}`, viewer)
          const raised = await carla.post(`${await person(`viewer-${role}`)}/role`, { role })
          expect(raised.to).toMatch(/^\/console\/proposals\//)
          expect((await user(`viewer-${role}`))!['role']).toBe('viewer')
        },
      )

      test('resets no checker alone: password, authenticator and session stay [security A2]', async () => {
        const asked = await carla.post(`${await person('bruno@example.com')}/reset`)
        expect([asked.status, linkIn(asked)]).toEqual([303, undefined])
        expect((await user('bruno@example.com'))!['state']).toBe('active')
        expect((await bruno.get('/console/accounts')).status).toBe(200)
        // Nor does he approve what is about himself.
        expect((await approve(bruno, asked.to)).text).toContain('cannot approve what is about themselves')
        expect((await user('bruno@example.com'))!['state']).toBe('active')
        expect((await bruno.post(`${asked.to}/refuse`, { why: 'I lost nothing' })).to).toContain(
          'said=refused',
        )
      })

      test('obeys no role that was written into the database past the program, and says why', async () => {
        const vera = await visitorOf(
          installation,
          await acceptAs(installation, 'vera', linkIn(await invite('vera', 'viewer'))!),
        )
        expect((await addAccount(bruno, 'hers')).status).toBe(403)
        await installation.running.app.db.tx(tx =>
          tx.run(sql`update users set role = 'maker' where name = 'vera'`),
        )
        const refused = await addAccount(vera, 'hers')
        expect([
          refused.status,
          refused.text.includes('vera has the role maker, and nobody gave it to them'),
        ]).toEqual([400, true])
        expect(await rows(sql`select id from accounts where name = 'hers'`)).toEqual([])
        await installation.running.app.db.tx(tx =>
          tx.run(sql`update users set role = 'viewer' where name = 'vera'`),
        )
      })

      test('who invited maker and checker, each with an approval, gets nothing approved by the one for the other [security A2]', async () => {
        const [maker, checker] = [await puppet('front', 'maker'), await puppet('back', 'checker')]
        expect((await addAccount(maker, 'thiefs')).to).toContain('said=added')
        const refused = await approveAccount(checker, 'thiefs')
        expect([refused.status, refused.text.includes('carla invited or reset both of you')]).toEqual([
          409,
          true,
        ])
        await expect(byCode(checker, 'account', 'approve', 'thiefs')).rejects.toThrow(
          /carla is behind both.*"repasse user reset"/,
        )
        // Somebody else approves the very same, who was never in her hand.
        expect((await approveAccount(bruno, 'thiefs')).to).toContain('said=approved')
      })

      test('an admin of their own making does not help: who is behind the second is behind the third [security A2]', async () => {
        const second = await puppet('second', 'admin')
        const asked = await second.post('/console/people', { name: 'third', role: 'checker', language: 'en' })
        const path = asked.to
        expect((await approve(carla, path)).text).toContain('invited or reset both of you')
        expect((await approve(bruno, path)).to).toContain('said=approved')
        const third = await visitorOf(
          installation,
          await acceptAs(installation, 'third', linkIn(await second.post(`${await person('third')}/reset`))!),
        )
        await addAccount(await puppet('fourth', 'maker'), 'fourths')
        await expect(byCode(third, 'account', 'approve', 'fourths')).rejects.toThrow('carla is behind both')
      })

      test('what access was given to whom is written to every checker and admin [security A2]', async () => {
        const { to } = await invite('told', 'maker')
        await approve(bruno, to)
        const letter = await until(
          () => installation.letters.find(each => each.subject.includes('told is given access')),
          'a letter',
        )
        expect(letter.to).toEqual(['bruno@example.com'])
        expect(letter.text).toContain(
          'told is given access to the console as maker, by carla, approved by bruno@example.com.',
        )
        expect(letter.text).toContain(`/console/people/${await idOf('told')}`)
      })

      test('an account is written about to everybody concerned, and whoever follows the link objects to it with a code', async () => {
        const maker = await consoleVisitor(installation, 'maker@example.com', 'maker', 'pt-BR')
        await addAccount(maker, 'unasked')
        expect((await approveAccount(bruno, 'unasked')).to).toContain('said=approved')
        const said = (subject: string, to: string) =>
          until(
            () => installation.letters.find(each => each.subject.includes(subject) && each.to.includes(to)),
            subject,
          )
        const added = await said('payout account unasked', 'bruno@example.com')
        expect(added.text).toContain('was added by maker@example.com, and awaits approval.')
        const approved = await said('a conta de repasse unasked foi aprovada', 'maker@example.com')
        expect(approved.text).toContain('com a aprovação de bruno@example.com: repasses podem ir para lá.')
        const path = /\/console\/accounts\/acc_[^#\s]+/.exec(approved.text)![0]
        expect((await maker.get(path)).text).toContain(`action="/console/accounts/unasked/object"`)

        await installation.skip(5 * 60_000 + 1_000)
        expect((await maker.post(`${path}/object`, { why: 'ninguém pediu', code: '' })).status).toBe(400)
        expect((await maker.post(`${path}/object`, { why: '' })).status).toBe(400)
        expect((await maker.post(`${path}/object`, { why: 'ninguém pediu' })).to).toContain('said=objected')
        expect((await maker.get(path)).text).toContain('Até que duas pessoas a encerrem')
        expect((await said('objection to payout account unasked', 'bruno@example.com')).text).toContain(
          'Reason: ninguém pediu',
        )
        expect((await bruno.get('/console')).text).toContain('There is an objection to payout account')
        // A maker clears nothing, and nobody alone does.
        expect((await maker.post(`${path}/clear`, { why: 'deixa' })).status).toBe(403)
        const clearing = await carla.post(`${path}/clear`, { why: 'he asked for it by telephone' })
        expect((await approve(carla, clearing.to, 'approve')).status).toBe(403)
        expect((await bruno.get(path)).text).toContain('maker@example.com objects')
        expect((await approve(bruno, clearing.to, 'approve')).to).toContain('said=approved')
        expect((await bruno.get(path)).text).not.toContain('maker@example.com objects')
        const acts = await rows(sql`select act from audit where act like 'account obj%' order by seq`)
        expect(acts.map(({ act }) => act)).toEqual(['account objected', 'account objection cleared'])
      })

      test('limits are written about to checkers and admins, and whoever follows the link objects to them', async () => {
        const maker = await consoleVisitor(installation, 'mara', 'maker', 'pt-BR')
        const seen = (text: string) => /name="seen" value="([^"]*)"/.exec(text)![1]!
        const page = '/console/limits?of=installation%20BRL'
        const set = async (day: string) =>
          maker.post('/console/limits', {
            of: 'installation BRL',
            seen: seen((await maker.get(page)).text),
            payout: '',
            hour: '',
            day,
            why: 'mais',
          })
        await set('50.000,00')
        expect((await approve(bruno, (await set('80.000,00')).to, 'approve')).to).toContain('said=approved')
        const letter = await until(
          () => installation.letters.find(each => each.subject.includes('in reais were changed')),
          'a letter',
        )
        expect(letter.text).toContain('Within a day: 50,000.00 BRL → 80,000.00 BRL')
        expect(letter.text).toContain('/console/limits?of=installation%20BRL#objection')

        expect((await maker.get(page)).text).toContain('action="/console/limits/object"')
        expect((await carla.post('/console/limits/object', { of: 'installation BRL', why: '' })).status).toBe(
          400,
        )
        expect((await carla.post('/console/limits/object', { of: 'nobody', why: 'x' })).status).toBe(404)
        expect(
          (await carla.post('/console/limits/object', { of: 'installation BRL', why: 'not decided' })).to,
        ).toContain('said=objected')
        expect((await maker.get('/console/limits')).text).toContain(
          'Objeção de carla aos limites de toda a instalação, em reais',
        )
        expect((await maker.get('/console/limits')).text).toContain('50.000,00')
        expect((await bruno.get('/console')).text).toContain('There is an objection to the limits of')
        const refused = await set('90.000,00')
        expect([refused.status, refused.text.includes('Há uma objeção de carla')]).toEqual([409, true])
        expect(
          (await maker.post('/console/limits/clear', { of: 'installation BRL', why: 'deixa' })).status,
        ).toBe(403)
        const clearing = await carla.post('/console/limits/clear', {
          of: 'installation BRL',
          why: 'it was decided',
        })
        expect((await approve(bruno, clearing.to, 'approve')).to).toContain('said=approved')
        expect((await bruno.get(page)).text).not.toContain('carla objects')
      })

      test('somebody objected to approves and proposes nothing until two others clear it', async () => {
        const checker = await consoleVisitor(installation, 'dora', 'checker', 'en')
        const maker = await consoleVisitor(installation, 'maria', 'maker', 'en')
        await addAccount(maker, 'doubted')
        for (const name of ['dora', 'maria'])
          expect((await bruno.post(`${await person(name)}/object`, { why: 'nobody knows her' })).status).toBe(
            303,
          )
        const refused = await approveAccount(checker, 'doubted')
        expect([refused.status, refused.text.includes('bruno@example.com objects to you')]).toEqual([
          400,
          true,
        ])
        expect((await addAccount(maker, 'more')).text).toContain('objects to you')
        await expect(byCode(checker, 'account', 'approve', 'doubted')).rejects.toThrow('objects to dora')
        // Stopping stays everybody's.
        expect((await maker.post('/console/stop', { why: 'I see something' })).status).toBe(303)
        expect(
          (await checker.post('/console/stop/go', { why: 'go', seen: 'x' })).status,
        ).toBeGreaterThanOrEqual(400)
        await installation.repasse('payout', 'go', '--why', 'it was nothing', '--by', 'root')

        expect((await bruno.get('/console')).text).toContain('There is an objection to')
        const clearing = await carla.post(`${await person('dora')}/clear`, { why: 'she began on Monday' })
        expect((await approve(carla, clearing.to)).text).toContain('someone else has to approve it')
        expect((await approve(bruno, clearing.to)).to).toContain('said=approved')
        expect((await approveAccount(checker, 'doubted')).to).toContain('said=approved')
        expect(await auditChain(installation.running.app.db)).toEqual([])
      })

      test('a link that a program looked at is unharmed; the secret is shown once, to the browser that began [security A5]', async () => {
        const path = new URL(linkIn(await invite('looked-at', 'viewer'))!).pathname
        const preview = openAsker(installation.origin)
        for (const look of [
          await preview.get(path),
          await preview.get(path),
          await openAsker(installation.origin).get(path),
        ])
          expect([look.status, /<code|otpauth|<svg(?! class="(?:i|mark)")/.test(look.body)]).toEqual([
            200,
            false,
          ])
        expect(
          await rows(
            asStored(
              sql`select totp_secret, browser_hash from invitations where closed_at is null
                and browser_hash is null`,
            ),
          ),
        ).toContainEqual({
          totp_secret: '',
          browser_hash: null,
        })

        const own = openAsker(installation.origin)
        await own.get(path)
        const secretIn = (body: string) =>
          /<code class="mono">([A-Z2-7 ]+)</.exec(body)?.[1]?.replaceAll(' ', '')
        const secret = secretIn((await own.post(path, {})).body)!
        // Pressed twice it is pressed once.
        expect(secretIn((await own.post(path, {})).body)).toBe(secret)
        await installation.skip(60_000)
        for (const later of [await own.get(path), await own.post(path, {})])
          expect(later.body).not.toContain(secret.slice(0, 4))
        const password = 'um pé de jabuticaba'
        expect(
          (await own.post(path, { password, again: password, code: codeOf(installation, secret) })).to,
        ).toBe('/console/sign-in?ready')
      })

      test('who had seen the link and comes with it too withdraws it, and whoever made it is told [security A5]', async () => {
        const { to } = await invite('meant', 'maker')
        await approve(bruno, to)
        const path = new URL(linkIn(await carla.post(`${await person('meant')}/reset`))!).pathname
        const [thief, own] = [openAsker(installation.origin), openAsker(installation.origin)]
        for (const each of [thief, own]) await each.get(path)
        const secret = /<code class="mono">([A-Z2-7 ]+)</
          .exec((await thief.post(path, {})).body)![1]!
          .replaceAll(' ', '')
        // Looking tells whoever it was meant for, and changes nothing yet.
        expect((await own.get(path)).body).toContain('was opened in another browser already')
        expect((await own.post(path, {})).status).toBe(410)
        const password = 'um pé de jabuticaba'
        expect(
          (await thief.post(path, { password, again: password, code: codeOf(installation, secret) })).status,
        ).toBe(410)
        expect((await user('meant'))!['state']).toBe('invited')
        const acts = await rows(
          sql`select actor, act from audit where subject = ${await idOf('meant')} order by seq desc limit 1`,
        )
        expect(acts).toEqual([{ actor: 'somebody', act: 'invitation opened twice' }])
        await until(
          () => installation.letters.find(each => each.subject.includes('was opened in two browsers')),
          'a letter about it',
        )
        expect((await carla.get('/console')).text).toContain('was opened in two browsers and is withdrawn')
        // Another link ends it.
        await carla.post(`${await person('meant')}/reset`)
        expect((await carla.get('/console')).text).not.toContain('was opened in two browsers')
      })

      test('a code sent from another browser withdraws the link as well [security A5]', async () => {
        const path = new URL(linkIn(await invite('sent', 'viewer'))!).pathname
        const [own, thief] = [openAsker(installation.origin), openAsker(installation.origin)]
        for (const each of [own, thief]) await each.get(path)
        const secret = /<code class="mono">([A-Z2-7 ]+)</
          .exec((await own.post(path, {})).body)![1]!
          .replaceAll(' ', '')
        const password = 'um pé de jabuticaba'
        const form = { password, again: password, code: codeOf(installation, secret) }
        expect((await thief.post(path, form)).status).toBe(410)
        expect((await own.post(path, form)).status).toBe(410)
        expect((await openAsker(installation.origin).post(path, form)).status).toBe(410)
      })
    })

    test('who is new, or has another role, approves nothing for a day; then they do [security A2]', async () => {
      const installation = await open({ COOLING_OFF: '1d' })
      const maria = await consoleVisitor(installation, 'maria', 'maker', 'en')
      const chico = await consoleVisitor(installation, 'chico', 'checker', 'en')
      await maria.post('/console/accounts/new', {
        kind: 'bank',
        destination: '',
        ...trialAccount,
        name: 'main',
      })
      const page = await chico.get('/console/accounts/main')
      expect([page.text.includes('you can approve from'), seenIn(page)]).toEqual([true, ''])
      for (const path of [
        '/console/accounts/main/approve',
        '/console/proposals/pro_x/approve',
        '/console/stop/go',
        '/console/payouts/x/release',
      ]) {
        const refused = await chico.post(path, { seen: 'x', why: 'x' })
        expect([path, refused.status, refused.text.includes('you can approve from')]).toEqual([
          path,
          400,
          true,
        ])
      }
      const byCode = async (...words: string[]) => {
        await installation.skip(30_000)
        return installation.repasse(
          ...words,
          '--by',
          'chico',
          '--code',
          codeOf(installation, chico.person.secret),
        )
      }
      await expect(byCode('account', 'approve', 'main')).rejects.toThrow('chico may not approve before')
      expect((await maria.get('/console')).text).toContain('Object if that is not right.')

      await installation.skip(day)
      await byCode('account', 'approve', 'main')
      expect((await installation.ask<{ state: string }[]>('account', 'list'))[0]!.state).toBe('approved')
      await installation.repasse('user', 'role', 'chico', 'admin', '--by', 'root')
      await installation.repasse('user', 'role', 'chico', 'checker', '--by', 'root')
      const later = await (
        await visitorOf(installation, chico.person)
      ).post('/console/stop/go', { why: 'x', seen: 'x' })
      expect([later.status, later.text.includes('you can approve from')]).toEqual([400, true])
    })
  })
})
