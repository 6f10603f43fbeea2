/**
 * The console's lists and details on both databases: each filter, page after page, the same as a file, and
 * every link of every page.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sql } from '../src/db/db.ts'
import { consoleVisitor, type ConsoleVisitor } from './testbed/consoleVisitor.ts'
import { openPageInstallation, type PageInstallation } from './testbed/pageInstallation.ts'
import { until } from './testbed/until.ts'
import { postgresAvailable, startPostgres, type Postgres } from './testbed/postgres.ts'
import { trialAccountFlags } from './testbed/trial.ts'

const many = 60
// What a spreadsheet would run, and what a page would, as a payer's name; the numbers are theirs by their
// check digits alone.
const odd = `name,tax_id,amount,description
"=HYPERLINK(""http://x"")",318.274.950-14,480.00,Mensalidade
"<img src=x onerror=alert(1)>",529.641.873-55,12.34,"a;b ""c"""
`

interface Listed {
  id: string
  state: string
  payer: string
  units: string
  providerId: string
}

describe.each(['SQLite', 'PostgreSQL'])('on %s', engine => {
  const there = engine === 'SQLite' || postgresAvailable()
  describe.skipIf(!there)(
    there ? 'the lists' : 'no PostgreSQL is to be had on this machine, so the lists',
    () => {
      let server: Postgres | undefined
      let installation: PageInstallation
      let vera: ConsoleVisitor
      let paid: Listed
      let payout: { id: string; attempts: { externalId: string; providerId: string }[] }

      beforeAll(async () => {
        server = engine === 'PostgreSQL' ? await startPostgres({ durable: false }) : undefined
        installation = await openPageInstallation(
          server && { env: { DATABASE_URL: await server.migratedDatabase() } },
        )
        const { repasse, ask, folder } = installation
        await repasse('account', 'add', ...trialAccountFlags)
        await repasse('account', 'approve', 'main', '--by', 'bruno')
        const zone = [
          '--time-zone',
          'America/Sao_Paulo',
          '--due-in',
          '2d',
          '--pay-to',
          'main',
          '--commission',
          '1.5%',
        ]
        await repasse(
          'schedule',
          'add',
          '--name',
          'clube',
          '--cron',
          '0 9 1 1 *',
          '--payers',
          'random',
          '--count',
          `${many}`,
          '--amount',
          '20..30',
          ...zone,
        )
        writeFileSync(join(folder, 'odd.csv'), odd)
        await repasse(
          'schedule',
          'add',
          '--name',
          'avulsas',
          '--cron',
          '0 9 1 1 *',
          '--payers',
          join(folder, 'odd.csv'),
          ...zone,
        )
        await repasse('schedule', 'run', 'clube')
        await repasse('schedule', 'run', 'avulsas')
        const issued = await until(
          async () => {
            const rows = await ask<Listed[]>('invoice', 'list', '--limit', '500')
            return rows.length === many + 2 && rows.every(({ state }) => state === 'issued') && rows
          },
          'every invoice being issued',
          { withinMs: 60_000 },
        )
        paid = issued.find(({ units }) => units === '48000')!
        await installation.pay(paid.id)
        payout = await until(
          async () => {
            const [row] = await ask<{ id: string; state: string }[]>('payout', 'list')
            return row?.state === 'paid' && ask<typeof payout>('payout', 'show', row.id)
          },
          'its payout',
          { withinMs: 60_000 },
        )
        vera = await consoleVisitor(installation, 'vera', 'viewer')
      }, 300_000)
      afterAll(async () => {
        await installation?.close()
        await server?.stop()
      })

      const idsOf = (text: string, kind: string) => [
        ...new Set(
          [
            ...text.matchAll(
              new RegExp(
                `<th scope="row"[^>]*><a class="mono id" href="/console/${kind}/[^"]+">([^<]+)</a>`,
                'g',
              ),
            ),
          ].map(([, id]) => id!),
        ),
      ]
      const invoices = async (query: string) =>
        idsOf((await vera.get(`/console/invoices${query}`)).text, 'invoices')
      const payouts = async (query: string) =>
        idsOf((await vera.get(`/console/payouts${query}`)).text, 'payouts')

      test('page after page shows every row once, newest first, and ends', async () => {
        const seen: string[] = []
        for (let query = ''; ;) {
          const { text } = await vera.get(`/console/invoices${query}`)
          seen.push(...idsOf(text, 'invoices'))
          const next = /<a rel="next" href="\/console\/invoices(\?[^"]+)"/.exec(text)?.[1]
          if (next === undefined) break
          query = next.replaceAll('&amp;', '&')
        }
        const all = await installation.running.app.db.all<{ id: string }>(
          sql`select id from invoices order by added_at desc, id desc`,
        )
        expect(seen).toEqual(all.map(({ id }) => id))
        expect(seen).toHaveLength(many + 2)
      })

      test('a page of fifty rows weighs no more than 38 kB, so that with its styles it stays below 50', async () => {
        for (const list of ['invoices', 'events', 'runs'])
          expect((await vera.get(`/console/${list}`)).text.length).toBeLessThan(38_000)
      })

      test('along one schedule the pages meet every row once too', async () => {
        const first = await vera.get('/console/invoices?schedule=clube')
        const next = /<a rel="next" href="\/console\/invoices(\?[^"]+)"/
          .exec(first.text)![1]!
          .replaceAll('&amp;', '&')
        const second = await vera.get(`/console/invoices${next}`)
        expect(second.text).not.toContain('rel="next"')
        const seen = [...idsOf(first.text, 'invoices'), ...idsOf(second.text, 'invoices')]
        expect(new Set(seen).size).toBe(many)
        expect(seen).toHaveLength(many)
      })

      test('each filter shows what it says, two of them what both say, and nothing is said where nothing is', async () => {
        expect(await invoices('?state=credited')).toEqual([paid.id])
        expect(await invoices('?state=credited&account=main&rail=starkbank&schedule=avulsas')).toEqual([
          paid.id,
        ])
        expect(await invoices('?rail=bitcoin')).toEqual([])
        expect(await invoices('?account=nobody')).toEqual([])
        expect(await invoices('?schedule=avulsas')).toHaveLength(2)
        const today = new Intl.DateTimeFormat('sv-SE', { timeZone: 'America/Sao_Paulo' }).format(
          installation.clock.now(),
        )
        expect(await invoices(`?schedule=avulsas&from=${today}&to=${today}`)).toHaveLength(2)
        expect(await invoices('?to=2020-01-01')).toEqual([])
        expect((await vera.get('/console/invoices?state=refused')).text).toContain(
          'Nada aqui com estes filtros.',
        )
      })

      test.each([
        ['invoices', 'account', 'mian', 'an account', 'conta de repasse', 'main'],
        ['invoices', 'schedule', 'avulsa', 'a schedule', 'agendamento', 'avulsas'],
        ['invoices', 'slot', 'slo_none', 'a slot', 'disparo', undefined],
        ['invoices', 'order', 'ord_none', 'an order', 'pedido', undefined],
        ['payouts', 'account', 'nobody', 'an account', 'conta de repasse', undefined],
        ['payouts', 'invoice', 'inv_none', 'an invoice', 'cobrança', undefined],
        ['runs', 'schedule', 'clubes', 'a schedule', 'agendamento', 'clube'],
        ['audit', 'actor', 'veraa', 'a person', 'pessoa', 'vera'],
      ])(
        '%s: a filter by %s that names nothing says so, and what may be meant',
        async (list, name, written, thing, coisa, near) => {
          const page = (await vera.get(`/console/${list}?${name}=${written}`)).text
          expect(page).toContain(`Aqui não há ${coisa}`)
          expect(page).toContain(near === undefined ? 'Confira o filtro' : `Você quis dizer “${near}”?`)
          const noun = list === 'audit' ? list : list.slice(0, -1)
          const said = await installation.repasse(noun, 'list', `--${name}`, written).catch(String)
          expect(said).toContain(`ended with 2: repasse: --${name} "${written}" is not ${thing}`)
          expect(said.includes(`did you mean "${near}"?`)).toBe(near !== undefined)
        },
      )

      test('a filter that cannot be read is said beside its field, and shows no row', async () => {
        for (const [query, words] of [
          ['?from=2026-02-30', 'Esta data não existe'],
          ['?to=hoje', 'Esta data não existe'],
          ['?state=frozen', 'Esta opção não existe'],
          ['?rail=carrier-pigeon', 'Esta opção não existe'],
        ] as const) {
          const { status, text } = await vera.get(`/console/invoices${query}`)
          expect(status).toBe(200)
          expect(text).toContain(words)
          expect(idsOf(text, 'invoices')).toEqual([])
          expect((await vera.get(`/console/invoices.csv${query}`)).status).toBe(400)
        }
        for (const after of [
          'x',
          '2026-01-01T00:00:00.000Z',
          "2026-01-01T00:00:00.000Z~x'",
          '~',
          '2026-01-01T00:00:00.000Z~a~b',
        ])
          expect((await vera.get(`/console/invoices?after=${encodeURIComponent(after)}`)).status).toBe(400)
      })

      test('one box finds an invoice by whatever belongs to it', async () => {
        const { externalId, providerId } = payout.attempts[0]!
        const slot = (await installation.running.app.db.one<{ slot_id: string }>(
          sql`select slot_id from invoices where id = ${paid.id}`,
        ))!.slot_id
        const page = (await vera.get(`/console/invoices/${paid.id}`)).text
        const endToEnd = /E34471744\d{12}\w{11}/.exec(page)![0]
        for (const q of [
          paid.id,
          paid.id.toUpperCase(),
          paid.providerId,
          payout.id,
          externalId,
          providerId,
          '480,00',
          'R$ 480,00',
          '480.00',
          '31827495014',
          endToEnd,
          endToEnd.toLowerCase(),
        ])
          expect([q, await invoices(`?q=${encodeURIComponent(q)}`)]).toEqual([q, [paid.id]])
        expect(await invoices(`?q=${slot}`)).toHaveLength(2)
        for (const q of [
          'nothing of ours',
          '0',
          '99999999',
          "' or 1=1 --",
          '%',
          'E34471744202001010000abcdefghijk',
        ])
          expect([q, await invoices(`?q=${encodeURIComponent(q)}`)]).toEqual([q, []])
        for (const q of [payout.id, paid.id, externalId, providerId, endToEnd])
          expect([q, await payouts(`?q=${q}`)]).toEqual([q, [payout.id]])

        const leads = async (any: string) =>
          (await vera.get(`/console/search?any=${encodeURIComponent(any)}`)).to
        expect(await leads(paid.providerId)).toBe(`/console/invoices/${paid.id}`)
        expect(await leads(externalId)).toBe(`/console/payouts/${payout.id}`)
        expect(await leads('main')).toBe('/console/accounts/main')
        for (const any of ['31827495014', 'R$ 480,00'])
          expect(await leads(any)).toBe(`/console/invoices/${paid.id}`)
        expect(await leads(endToEnd)).toMatch(/^(\/console\/events\/\d+)?$/)
        expect((await vera.get('/console/search?any=nothing')).text).toContain('Nada foi encontrado')
      })

      test('a file holds every row of its filters, as a Brazilian spreadsheet reads it, with nothing it would run', async () => {
        // As text the mark in front would be taken for none.
        const file = async (path: string) =>
          Buffer.from(await (await vera.fetch(`/console/${path}`)).arrayBuffer()).toString('utf8')
        const text = await file('invoices.csv')
        expect(text.startsWith('\ufeffIdentificador;')).toBe(true)
        const lines = text.trimEnd().split('\r\n')
        expect(lines).toHaveLength(many + 3)
        const line = lines.find(each => each.includes(paid.id))!
        expect(line).toContain(';480,00;BRL;')
        expect(line).toContain(`"'=HYPERLINK(""http://x"")"`)
        expect(text).toContain('"a;b ""c"""')
        expect((await file('invoices.csv?state=credited')).trimEnd().split('\r\n')).toHaveLength(2)
        expect(await file('invoices.csv?lang=en')).toContain(',480.00,BRL,')
        for (const list of ['payouts', 'events', 'runs', 'bitcoin'])
          expect((await file(`${list}.csv`)).startsWith('\ufeff')).toBe(true)
      })

      test('when a payout was paid is in the list, its file, the command and --json alike', async () => {
        const [row] = await installation.ask<{ paidAt: string; history?: unknown }[]>('payout', 'list')
        const { at } = (await installation.running.app.db.one<{ at: string }>(
          sql`select at from transitions where subject = ${payout.id} and to_state = 'paid'`,
        ))!
        expect(row!.paidAt).toBe(at)
        expect(await installation.repasse('payout', 'list')).toMatch(
          new RegExp(`PAID \\(UTC\\)[^]*${at}  paid`),
        )
        const { text } = await vera.get('/console/payouts')
        expect(text).toContain('Pago em')
        expect(text.split(`datetime="${at}"`).length).toBeGreaterThan(1)
        const file = (await vera.get('/console/payouts.csv')).text.trimEnd().split('\r\n')
        const place = file[0]!.split(';').indexOf('Pago em')
        expect(file[1]!.split(';')[place]).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/)
      })

      test('a CPF is masked until it is asked for, and whoever takes it away is written down; it is still searched for whole', async () => {
        const [cpf, masked] = ['318.274.950-14', '***.274.950-**']
        const caio = await consoleVisitor(installation, 'caio', 'checker')
        const page = await caio.get(`/console/invoices/${paid.id}`)
        expect([page.text.includes(cpf), page.text.includes(masked)]).toEqual([false, true])
        expect((await vera.post(`/console/invoices/${paid.id}/tax-id`)).status).toBe(403)
        expect((await caio.post(`/console/invoices/${paid.id}/tax-id`)).text).toContain(cpf)

        expect((await caio.get('/console/invoices.csv?state=credited')).text).toContain(masked)
        const whole = (await caio.post('/console/invoices.csv?state=credited')).text
        expect([whole.includes(cpf), whole.trimEnd().split('\r\n').length]).toEqual([true, 2])
        // The same again is no news, and more rows are.
        await caio.post('/console/invoices.csv?state=credited')
        await caio.post('/console/invoices.csv')
        // The bytes of an event: the page masks them, a link takes nobody to them, and whoever asks is
        // written down.
        const told = await installation.running.app.db.one<{ id: bigint; event_id: string }>(
          sql`select id, event_id from inbox where event_id in (select ref from transitions
            where subject = ${paid.id}) order by id limit 1`,
        )
        const event = `/console/events/${told!.id}`
        for (const see of [vera, caio]) {
          const { text } = await see.get(event)
          expect([text.includes(cpf), text.includes(masked), text.includes(`${event}/raw`)]).toEqual([
            false,
            true,
            see === caio,
          ])
          expect(await see.get(`${event}/raw`)).toMatchObject({ status: 302, to: event })
        }
        for (const what of ['tax-id', 'raw']) {
          expect((await vera.post(`${event}/${what}`)).status).toBe(403)
          expect((await caio.post(`${event}/${what}`)).text).toContain(cpf)
        }
        const acts = await installation.running.app.db.all<{ act: string; subject: string; detail: string }>(
          sql`select act, subject, detail from audit where actor = 'caio' and act like 'tax id%'
            order by seq`,
        )
        const detail = (rows: number): unknown => expect.objectContaining({ rows: `${rows}` })
        expect(acts.map(each => [each.act, each.subject, JSON.parse(each.detail)])).toEqual([
          ['tax id shown', paid.id, expect.anything()],
          ['tax ids exported', 'invoices', detail(1)],
          ['tax ids exported', 'invoices', detail(many + 2)],
          ['tax id shown', told!.event_id, expect.anything()],
        ])
        expect(JSON.stringify(acts)).not.toContain('318')

        const max = await consoleVisitor(installation, 'max', 'maker')
        expect((await max.get('/console/schedules/avulsas/edit')).text).toContain(cpf)
        // The command line does so by itself, once an hour.
        for (const words of [
          'invoice show --json',
          'event show --json',
          'event show --raw',
          'event show',
        ].map(each => each.split(' ')))
          expect(
            await installation.repasse(...words, words[0] === 'event' ? told!.event_id : paid.id),
          ).toContain(cpf)
        await installation.ask('schedule', 'run', 'avulsas', '--dry-run')
        const others = await installation.running.app.db.all<{ subject: string }>(
          sql`select subject from audit where actor not in ('caio') and act like 'tax id%'
            and subject not in ('invoices') order by seq`,
        )
        expect(others.map(({ subject }) => subject)).toEqual([
          'roster of avulsas',
          paid.id,
          told!.event_id,
          'roster of avulsas',
        ])
        for (const typed of [cpf, '31827495014'])
          expect((await caio.get(`/console/invoices?q=${typed}`)).text).toContain(paid.id)
      })

      test('an admin forgets a payer on the page of an invoice, and hands out what is held', async () => {
        const rita = await consoleVisitor(installation, 'rita', 'admin')
        const at = `/console/invoices/${paid.id}`
        expect((await rita.get(at)).text).toContain('Dados pessoais')
        const file = JSON.parse((await rita.post(`${at}/export-payer`)).text) as {
          invoices: unknown[]
          taxId: string
        }
        expect([file.taxId, file.invoices.length]).toEqual(['318.274.950-14', 1])
        const refused = await rita.post(`${at}/forget-payer`, { why: 'a pedido' })
        expect([refused.status, /lista de pagadores de avulsas/.test(refused.text)]).toEqual([400, true])
        expect((await vera.post(`${at}/forget-payer`, { why: 'a pedido' })).status).toBe(403)
      })

      test('what a payer is called is text on every page that names them', async () => {
        const { text } = await vera.get('/console/invoices?schedule=avulsas')
        expect(text).toContain('&lt;img src=x onerror=alert(1)>')
        expect(text).not.toContain('<img')
      })

      test('every link of every page leads to a page', async () => {
        const seen = new Set<string>()
        const from = new Map<string, string>()
        const queue = ['/console']
        while (queue.length > 0) {
          const path = queue.shift()!
          const { status, text, to, type } = await vera.get(path)
          expect(`${path} (from ${from.get(path) ?? 'the start'}): ${status}`).toMatch(
            to === '' ? /: 200$/ : /: 30\d$/,
          )
          const inner = type.startsWith('text/html')
            ? [...text.matchAll(/href="(\/console[^"#]*)"/g)].map(([, href]) =>
                href!.replaceAll('&amp;', '&'),
              )
            : []
          for (const href of to.startsWith('/console') ? [to] : inner) {
            // Of the many alike some are enough.
            const kind = href
              .replace(/\/(?:inv|pay|run|txn|slo)_\w+/, '/*')
              .replace(/\/events\/\d+/, '/events/*')
              .replace(/=.*/, '=')
            const alike = [...from.keys()].filter(each => each.startsWith(kind.split('*')[0]!)).length
            if (seen.has(href) || (kind.includes('*') && alike > 12)) continue
            seen.add(href)
            from.set(href, path)
            queue.push(href)
          }
        }
        const kinds = [
          'invoices/inv_',
          'payouts/pay_',
          'events/',
          'runs/run_',
          'postings/txn_',
          'schedules/clube',
          'accounts/main',
        ]
        for (const kind of kinds)
          expect([kind, [...seen].some(path => path.startsWith(`/console/${kind}`))]).toEqual([kind, true])
      }, 300_000)

      test('what is not there is not found, whatever its id looks like', async () => {
        for (const path of [
          'invoices/inv_x',
          'payouts/x',
          'events/0',
          'events/x',
          'events/99999999999999999999',
          'runs/x',
          'runs/x/tail',
          'runs/x/log.ndjson',
          'postings/x',
          'bitcoin/x',
          'events/x/raw',
        ])
          expect([path, (await vera.get(`/console/${path}`)).status]).toEqual([path, 404])
      })
    },
  )
})
