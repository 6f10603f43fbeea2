/**
 * The console's schedules over real HTTP: the form with its preview, an edit, a pause, a trial run and a run,
 * as people do them without scripts.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sql } from '../src/db/db.ts'
import { consoleVisitor, type ConsoleVisitor } from './testbed/consoleVisitor.ts'
import { openPageInstallation, type PageInstallation } from './testbed/pageInstallation.ts'
import { until } from './testbed/until.ts'
import { trialAccountFlags } from './testbed/trial.ts'
import { workbook } from './testbed/workbook.ts'

let installation: PageInstallation
let maria: ConsoleVisitor
let vera: ConsoleVisitor
let emma: ConsoleVisitor
let account: string

beforeAll(async () => {
  // Two in the afternoon in São Paulo: its schedules are of the morning.
  installation = await openPageInstallation({ hour: 17 })
  // No act of these pages asks for a fresh code, so nobody waits for one.
  const arrives = async (...who: [string, 'maker' | 'viewer', string?]): Promise<ConsoleVisitor> => {
    const { post, upload, ...visitor } = await consoleVisitor(installation, ...who)
    return {
      ...visitor,
      post: (path, fields) => post(path, { code: '', ...fields }),
      upload: (path, fields, file) => upload(path, { code: '', ...fields }, file),
    }
  }
  maria = await arrives('maria', 'maker')
  vera = await arrives('vera', 'viewer')
  emma = await arrives('emma', 'maker', 'en')
})
afterAll(() => installation.close())

const roster =
  'name,tax_id,amount,description\nAna Conceição,123.456.789-09,20.00,Março\nBia Lima,123.456.789-09,30.50,\n'
const filled = (more: Record<string, string> = {}) => ({
  ...{
    name: 'aluguel',
    preset: 'daily',
    at: '09:00',
    zone: 'America/Sao_Paulo',
    rail: 'starkbank',
    currency: 'BRL',
  },
  ...{
    payers: 'roster',
    roster,
    due: '2',
    dueUnit: 'days',
    account,
    commission: '1,5',
    least: '',
    catchUp: 'all',
  },
  ...more,
})
const row = (name: string) =>
  installation.running.app.db.one<Record<string, unknown>>(sql`select * from schedules where name = ${name}`)
const faultsIn = (text: string) =>
  [...text.matchAll(/<p class="fault" id="([\w-]+)-fault">([^<]*)</g)].map(([, name, why]) => [name, why])

describe('before there is anything', () => {
  test('the list says what a schedule is, with one thing to do, and a viewer is not offered it', async () => {
    const mine = await maria.get('/console/schedules')
    expect(mine.status).toBe(200)
    expect(mine.text).toContain('Ainda não há agendamento')
    expect(mine.text).toContain('href="/console/schedules/new"')
    const theirs = await vera.get('/console/schedules')
    expect(theirs.text).not.toContain('href="/console/schedules/new"')
    expect((await vera.get('/console/schedules/new')).status).toBe(403)
    expect((await vera.post('/console/schedules/new', filled({ account: 'x' }))).status).toBe(403)
  })

  test('the form says that an account is needed, and leads to where one is added', async () => {
    const { text } = await maria.get('/console/schedules/new')
    expect(text).toContain('Não há conta de repasse')
    expect(text).toContain('href="/console/accounts/new"')
  })
})

describe('a new schedule', () => {
  beforeAll(async () => {
    await installation.repasse('account', 'add', ...trialAccountFlags)
    await installation.repasse('account', 'approve', 'main', '--by', 'bruno')
    account = (await installation.running.app.db.one<{ id: string }>(
      sql`select id from accounts where name = 'main'`,
    ))!.id
  })

  test('the preview shows the sentence and the next times before anything is written', async () => {
    const { status, text } = await maria.post(
      '/console/schedules/new',
      filled({ preset: 'weekdays', preview: '1' }),
    )
    expect(status).toBe(200)
    expect(text).toContain('Às 09:00, de segunda-feira a sexta-feira')
    expect([...text.matchAll(/<time datetime=/g)]).toHaveLength(5)
    expect(text).toContain('Nos próximos 13 meses o relógio não muda em America/Sao_Paulo')
    expect(text).toContain('Ana Conceição,123.456.789-09')
    expect(await row('aluguel')).toBeUndefined()
  })

  test('the part that the page’s module asks for is the same preview, alone, and changes nothing', async () => {
    const query = new URLSearchParams({ preset: 'cron', cron: '30 2 13 * 5', zone: 'America/New_York' })
    const { status, text } = await emma.get(`/console/schedules/preview?${query}`)
    expect(status).toBe(200)
    expect(text).toMatch(/^<section id="preview"/)
    expect(text).toContain('At 02:30, on day 13 of the month or every Friday: either one suffices')
    expect(text).toContain('Both day fields are set')
    const often = await emma.get(
      `/console/schedules/preview?${new URLSearchParams({ preset: 'cron', cron: '*/15 * * * *', zone: 'America/New_York' })}`,
    )
    expect(often.text).toMatch(/the clock skips from 02:00 to 03:00. The 4 slots between are one, at 03:00/)
    expect(often.text).toMatch(/The 4 slots between come the first time only. Then it rests for 1 h 15 min/)
  })

  test('what cannot be read yet is waited for, and odd questions are answered', async () => {
    for (const query of [
      '',
      '?preset=cron&cron=%3Cscript%3E&zone=UTC',
      '?preset=daily&preset=cron&at=9',
      '?preset=hours&every=7&zone=Mars',
    ]) {
      const { status, text } = await maria.get(`/console/schedules/preview${query}`)
      expect(status).toBe(200)
      expect(text).toContain('Preencha quando e o fuso')
      expect(text).not.toContain('<script')
    }
  })

  test('every fault is told at once, by its field and at the top, without a word of the command line', async () => {
    const { status, text } = await maria.post(
      '/console/schedules/new',
      filled({
        ...{
          name: 'a b',
          preset: 'cron',
          cron: '0 25 * * *',
          zone: 'America/Sao Paolo',
          starts: '2026-13-01T00:00',
        },
        ...{
          roster: 'name,tax_id,amount,description\nAna,11111111111,20.00,\nBia,123.456.789-09,1.234,\n',
          due: '0',
        },
        ...{ account: '', commission: '101', least: 'x' },
      }),
    )
    expect(status).toBe(400)
    const faults = Object.fromEntries(faultsIn(text))
    expect(Object.keys(faults).toSorted()).toEqual([
      'account',
      'commission',
      'cron',
      'due',
      'least',
      'name',
      'roster',
      'zone',
    ])
    expect(faults['cron']).toContain('O campo hora tem “25”')
    expect(faults['zone']).toContain('Seria America/Sao_Paulo?')
    expect(faults['roster']).toMatch(
      /^Linha 2: o CPF ou CNPJ não confere.*\nLinha 3: o valor pode ser milhar ou centavos/,
    )
    expect([...text.matchAll(/<a href="#(\w+)">/g)].map(([, name]) => name)).toEqual(
      expect.arrayContaining(['name', 'cron', 'zone', 'roster', 'due', 'account', 'commission', 'least']),
    )
    expect(text).not.toMatch(/(?<![\w"-])--[a-z]/)
    expect(await row('a b')).toBeUndefined()
  })

  test.each([
    [{ preset: 'cron', cron: '0 9 * *' }, 'cron', 'A expressão tem 4 campos'],
    [{ preset: 'cron', cron: '0 9 31 2 *' }, 'cron', 'Esse dia não existe'],
    [{ preset: 'cron', cron: '@fortnightly' }, 'cron', 'Use @hourly'],
    [{ preset: 'daily', at: '24:00' }, 'at', 'Escreva a hora'],
    [{ preset: 'monthly', day: '32' }, 'day', 'Escreva um dia'],
    [{ preset: 'hours', every: '5' }, 'every', 'Escolha uma das opções'],
    [{ preset: 'once' }, 'starts', 'Diga a partir de quando'],
    [{ preset: 'never' }, 'preset', 'Escolha quando'],
    [{ starts: '2030-01-02T00:00', ends: '2030-01-01T00:00' }, 'ends', 'O fim tem de ser depois'],
    [{ name: 'new' }, 'name', 'usado pelo console'],
    [{ roster: '' }, 'roster', 'Cole a lista'],
    [{ roster: 'name;tax_id;amount;description\n' }, 'roster', 'não tem pagadores'],
    [{ roster: 'name;tax_id;amount\n' }, 'roster', 'nome;cpf/cnpj;valor;descrição'],
    [{ currency: 'BTC' }, 'currency', 'No Pix os valores são em reais'],
    [{ payers: 'random', countLow: '0', low: '10' }, 'countLow', 'Escreva um número'],
    [{ payers: 'random', countLow: '5', countHigh: '4', low: '10' }, 'countHigh', 'O segundo número'],
    [{ payers: 'random', countLow: '1', low: '20,00', high: '10,00' }, 'high', 'O segundo valor'],
    [{ payers: 'random', countLow: '1', low: '10.000.000,01' }, 'low', 'Escreva um valor'],
  ])('%j is refused at %s', async (more, field, why) => {
    const { status, text } = await maria.post('/console/schedules/new', filled(more))
    expect(status).toBe(400)
    expect(Object.fromEntries(faultsIn(text))[field]).toContain(why)
  })

  test('it is added, and sent twice it is one', async () => {
    const sent = filled()
    const [first, second] = [
      await maria.post('/console/schedules/new', sent),
      await maria.post('/console/schedules/new', sent),
    ]
    expect([first.status, first.to]).toEqual([303, '/console/schedules/aluguel?said=saved'])
    expect([second.status, second.to]).toEqual([303, first.to])
    expect(await row('aluguel')).toMatchObject({
      ...{
        cron: '0 9 * * *',
        version: 1n,
        count_low: 2n,
        units_low: 2_000n,
        units_high: 3_050n,
        commission_bp: 150n,
        due_in_ms: 172_800_000n,
      },
      ...{ added_by: 'maria', account_id: account },
    })
    const other = await emma.post('/console/schedules/new', sent)
    expect(other.status).toBe(400)
    expect(Object.fromEntries(faultsIn(other.text))['name']).toContain('There is a schedule of this name')
  })

  test('a file is taken in instead of what was pasted, and its name is kept', async () => {
    const file = {
      field: 'rosterFile',
      name: 'C:\\rosters\\inquilinos.csv',
      bytes: Buffer.from(`\ufeff${roster}`),
    }
    const { status } = await maria.upload(
      '/console/schedules/new',
      filled({ name: 'inquilinos', roster: '' }),
      file,
    )
    expect(status).toBe(303)
    const { text } = await maria.get('/console/schedules/inquilinos')
    expect(text).toContain('2 pagadores da lista inquilinos.csv')
  })

  test('a workbook is taken in, and what was taken in can be had as a file that is taken in again', async () => {
    const bytes = workbook([
      ['nome', 'cpf/cnpj', 'valor', 'descrição', 'vencimento'],
      ['Ana Conceição', { number: '1234567890' }, { number: '1234.5' }, 'Sala 3', { day: '2030-02-01' }],
    ])
    const { status } = await maria.upload('/console/schedules/new', filled({ name: 'salas', roster: '' }), {
      field: 'rosterFile',
      name: 'salas.xlsx',
      bytes,
    })
    expect(status).toBe(303)
    expect((await maria.get('/console/schedules/salas/roster.csv')).text).toContain(';***.345.678-**;')
    const { text } = await maria.post('/console/schedules/salas/roster.csv')
    expect(text.replace('\ufeff', '')).toBe(
      'nome;cpf/cnpj;valor;descrição;vencimento\r\nAna Conceição;012.345.678-90;1234,50;Sala 3;01/02/2030\r\n',
    )
    const again = { field: 'rosterFile', name: 'salas.csv', bytes: Buffer.from(text) }
    expect(
      (await maria.upload('/console/schedules/new', filled({ name: 'salas-2', roster: '' }), again)).status,
    ).toBe(303)
    expect((await maria.post('/console/schedules/salas-2/roster.csv')).text).toBe(text)
    expect((await maria.get('/console/schedules/trial-not-there/roster.csv')).status).toBe(404)
  })

  test('equal rows are named, and asked for only with a yes; an edit does not ask again', async () => {
    const twice = `${roster}Ana,123.456.789-09,20.00,\nAna,123.456.789-09,"20,00",\n`
    const asked = await maria.post('/console/schedules/new', filled({ name: 'twice', roster: twice }))
    expect(asked.status).toBe(400)
    expect(Object.fromEntries(faultsIn(asked.text))['repeats']).toMatch(
      /^Linhas \d+ e \d+ são iguais: Ana, R\$\s20,00\.$/,
    )
    expect(asked.text).toContain('Cobrar também as linhas iguais')
    expect(
      (await maria.post('/console/schedules/new', filled({ name: 'twice', roster: twice, repeats: '1' })))
        .status,
    ).toBe(303)
    const edit = filled({ name: 'twice', roster: twice, due: '3', version: '1' })
    expect((await maria.post('/console/schedules/twice/edit', edit)).status).toBe(303)
  })

  test('a file that is too large, and one that is no text, are refused', async () => {
    const large = { field: 'rosterFile', name: 'x.csv', bytes: Buffer.alloc(1024 * 1024, 'a') }
    expect((await maria.upload('/console/schedules/new', filled({ name: 'large' }), large)).status).toBe(413)
    const bytes = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 0, 0, 0x22])
    const { status, text } = await maria.upload('/console/schedules/new', filled({ name: 'photo' }), {
      field: 'rosterFile',
      name: 'x.png',
      bytes,
    })
    expect(status).toBe(400)
    expect(faultsIn(text).map(([name]) => name)).toEqual(['roster'])
  })

  test('every three hours for a day, once, is eight slots', async () => {
    const more = {
      name: 'trial',
      preset: 'once',
      starts: '2030-01-01T00:00',
      payers: 'random',
      countLow: '8',
      countHigh: '12',
      low: '20',
      high: '1.000,00',
    }
    const preview = await maria.post('/console/schedules/new', filled({ ...more, preview: '1' }))
    expect(preview.text).toContain('8 disparos até o fim da janela')
    expect((await maria.post('/console/schedules/new', filled(more))).status).toBe(303)
    expect(await row('trial')).toMatchObject({
      cron: '0 */3 * * *',
      starts_at: '2030-01-01T03:00:00.000Z',
      ends_at: '2030-01-02T03:00:00.000Z',
    })
  })
})

describe('editing', () => {
  const edit = (more: Record<string, string>) => {
    const { name: _, ...rest } = filled(more)
    return rest
  }
  test('the form shows what is there, and its next version is what was sent', async () => {
    const form = await maria.get('/console/schedules/aluguel/edit')
    expect(form.text).toContain('name="version" value="1"')
    expect(form.text).toMatch(/id="preset"[^>]*checked/)
    expect(form.text).toContain('value="09:00"')
    expect(form.text).toContain('value="1,50"')
    const sent = edit({ version: '1', at: '10:30' })
    expect((await maria.post('/console/schedules/aluguel/edit', sent)).to).toBe(
      '/console/schedules/aluguel?said=saved',
    )
    expect(await row('aluguel')).toMatchObject({ cron: '30 10 * * *', version: 2n })
    expect((await maria.post('/console/schedules/aluguel/edit', sent)).to).toBe(
      '/console/schedules/aluguel?said=same',
    )
    expect(await row('aluguel')).toMatchObject({ version: 2n })
    expect((await maria.get('/console/schedules/aluguel')).text).toContain(
      'versão 2, com mudança em horário, por maria',
    )
  })

  test('over another’s edit nothing is written, and both are shown; sent again from there it is', async () => {
    const { status, text } = await emma.post(
      '/console/schedules/aluguel/edit',
      edit({ version: '1', at: '11:00', commission: '2' }),
    )
    expect(status).toBe(409)
    expect(text).toContain('Somebody else saved version 2')
    expect(text).toMatch(/As it is now">10:30.*Yours">11:00/s)
    expect(text).toContain('name="version" value="2"')
    expect(await row('aluguel')).toMatchObject({ version: 2n, cron: '30 10 * * *' })
    expect(
      (
        await emma.post(
          '/console/schedules/aluguel/edit',
          edit({ version: '2', at: '11:00', commission: '2' }),
        )
      ).status,
    ).toBe(303)
    expect(await row('aluguel')).toMatchObject({ version: 3n, cron: '0 11 * * *', commission_bp: 200n })
  })

  test('neither its name nor its rail can be edited, and what is not there is not found', async () => {
    await maria.post('/console/schedules/aluguel/edit', {
      ...edit({ version: '3' }),
      name: 'other',
      rail: 'bitcoin',
    })
    expect(await row('aluguel')).toMatchObject({ rail: 'starkbank', version: 4n })
    expect(await row('other')).toBeUndefined()
    expect((await maria.get('/console/schedules/nowhere')).status).toBe(404)
    expect((await maria.post('/console/schedules/nowhere/edit', edit({}))).status).toBe(404)
    expect((await vera.get('/console/schedules/aluguel/edit')).status).toBe(403)
  })
})

describe('pausing', () => {
  test('needs a reason, says it on the list, and is undone with another', async () => {
    const without = await maria.post('/console/schedules/aluguel/pause', { why: ' ' })
    expect(without.status).toBe(400)
    expect(faultsIn(without.text)).toEqual([['why', 'Diga o motivo.']])
    const why = 'férias <b>coletivas</b>'
    expect((await maria.post('/console/schedules/aluguel/pause', { why })).to).toBe(
      '/console/schedules/aluguel?said=paused',
    )
    expect((await maria.post('/console/schedules/aluguel/pause', { why })).status).toBe(303)
    const list = await vera.get('/console/schedules')
    expect(list.text).toContain('maria: férias &lt;b>coletivas&lt;/b>')
    expect(await row('aluguel')).toMatchObject({ state: 'paused' })
    expect((await vera.post('/console/schedules/aluguel/resume', { why: 'x' })).status).toBe(403)
    expect((await maria.post('/console/schedules/aluguel/resume', { why: 'de volta' })).to).toBe(
      '/console/schedules/aluguel?said=resumed',
    )
    const acts = await installation.running.app.db.all(
      sql`select act from audit where act like 'schedule %ed' and actor = 'maria'
        and act <> 'schedule added'`,
    )
    expect(acts.filter(({ act }) => act === 'schedule paused')).toHaveLength(1)
  })
})

describe('running', () => {
  test('the trial run shows each invoice, its sums and what would be paid on, and writes nothing', async () => {
    const { text } = await vera.get('/console/schedules/aluguel/dry-run')
    expect(text).toContain('Ana Conceição')
    expect(text).toContain('***.456.789-**')
    expect(text).toMatch(/Cobrado<\/dt><dd>R\$\s50,50/)
    expect(text).toMatch(/Comissão<\/dt><dd>R\$\s0,76/)
    expect(text).toMatch(/Repassado<\/dt><dd>R\$\s49,74/)
    expect(text).toContain('2 transferências para main')
    expect(await installation.running.app.db.all(sql`select id from invoices`)).toEqual([])
    expect(await installation.running.app.db.all(sql`select id from slots`)).toEqual([])
  })

  test('a run now is confirmed with a reason, and the page sent twice is one slot', async () => {
    const page = await maria.get('/console/schedules/aluguel/run')
    expect(page.text).toContain('2 cobranças')
    const at = /name="at" value="([^"]+)"/.exec(page.text)![1]!
    expect((await maria.post('/console/schedules/aluguel/run', { at, why: '' })).status).toBe(400)
    const send = () => maria.post('/console/schedules/aluguel/run', { at, why: 'a pedido da Ana' })
    const [first, second] = [await send(), await send()]
    expect([first.to, second.to]).toEqual([
      '/console/schedules/aluguel?said=ran',
      '/console/schedules/aluguel?said=ran',
    ])
    const slots = await installation.running.app.db.all<{ cause: string; id: string }>(
      sql`select id, cause from slots`,
    )
    expect(slots).toHaveLength(1)
    const detail = await installation.running.app.db.one<{ detail: string }>(
      sql`select detail from audit where act = 'schedule run'`,
    )
    expect(JSON.parse(detail!.detail)).toEqual({
      channel: 'console',
      schedule: 'aluguel',
      why: 'a pedido da Ana',
    })
  })

  test('a page that is old, from the future or made up asks for nothing', async () => {
    for (const at of [
      '',
      'yesterday',
      '2020-01-01T00:00:00.000Z',
      '2090-01-01T00:00:00.000Z',
      '2026-99-99T00:00:00.000Z',
    ]) {
      const { status, text } = await maria.post('/console/schedules/aluguel/run', { at, why: 'x' })
      expect(status).toBe(400)
      expect(text).toContain('Esta página é antiga')
    }
    expect(await installation.running.app.db.all(sql`select id from slots`)).toHaveLength(1)
  })

  test('the run shows as a bar, and on the page of its schedule leads to itself, in words too', async () => {
    await until(
      async () =>
        (await installation.running.app.db.one(sql`select id from slots where state = 'done'`)) !== undefined,
      'the slot is done',
    )
    const list = await vera.get('/console/schedules')
    expect(list.text).toContain('Último disparo: 1 concluído')
    expect(list.text).toMatch(/<g class="slot good"><path d="[^"]+"><\/path><text [^>]*>✓</)
    const one = await vera.get('/console/schedules/aluguel')
    expect(one.text).toMatch(
      /<a href="\/console\/runs\/run_\w+" class="slot good" aria-label="[^"]*concluído · [\d,]+ s · 2 cobranças, R\$\s50,50 · à mão"/,
    )
    expect(one.text).toMatch(/href="\/console\/invoices\?slot=slo_\w+"/)
    expect(one.text).not.toContain('schedules/aluguel/run"')
  })
})

test('every page says all of it in English as well', async () => {
  for (const path of ['', '/new', '/aluguel', '/aluguel/edit', '/aluguel/dry-run', '/aluguel/run']) {
    const { status, text } = await emma.get(`/console/schedules${path}`)
    expect(status).toBe(200)
    expect(text).toContain('<html lang="en">')
    expect(text).not.toMatch(/Agendamento|Disparo|cobrança|Próxim|Repasse </)
  }
})
