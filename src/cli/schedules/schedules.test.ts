/** Schedules at the command line: what is refused, rosters, the next times, dry runs, pauses. */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from 'vitest'
import { accountAdd, openTerminal, scheduleAdd } from '../../../test/testbed/terminal.ts'
import { workbook } from '../../../test/testbed/workbook.ts'
import { systemClock, systemRandom } from '../../base/clock.ts'
import { openDb, sql } from '../../db/db.ts'

const { at, env, repasse } = openTerminal()

beforeAll(async () => {
  expect((await repasse(accountAdd())).code).toBe(0)
  expect((await repasse(scheduleAdd())).code).toBe(0)
})

test.each([
  ['cron', '0 25 * * *', 'hour "25" is not 0 to 23'],
  ['cron', '* * * * * *', '"* * * * * *" has 6 fields: write five'],
  ['cron', '0 0 *', '"0 0 *" has 3 fields: write five'],
  ['cron', '@often', '@often is not known'],
  ['time-zone', 'America/Sao_Paolo', 'did you mean America/Sao_Paulo?'],
  ['starts', '2026-13-01T00:00', '2026-13-01T00:00'],
  ['count', '12..8', '8..12'],
  ['amount', '0..1', '20.00..1000.00'],
  ['due-in', 'soon', '2d'],
  ['due-in', '366d', 'up to 365d'],
  ['amount', '1..99999999', 'up to 10000000.00'],
  ['commission', '101%', '1.5%'],
  ['catch-up', 'some', 'all, latest, none'],
  ['pay-to', 'nobody', 'repasse account add'],
  ['payers', 'nowhere.csv', 'ENOENT'],
])('--%s "%s" is refused by name with what would be right', async (flag, value, right) => {
  const { code, out, err } = await repasse(scheduleAdd({ name: 'bad', [flag]: value }))
  expect([code, out]).toEqual([2, ''])
  expect(err).toContain(`--${flag}`)
  expect(err).toContain(right)
  expect(err).not.toContain('    at ')
  expect((await repasse(['schedule', 'show', 'bad'])).code).toBe(2)
})

test('all that is wrong and all that is missing is told at once', async () => {
  const { code, out, err } = await repasse(
    scheduleAdd({
      name: '',
      cron: '60 * * * *',
      'time-zone': 'Brazil',
      count: '0',
      amount: 'x',
      starts: 'now',
    }),
  )
  expect([code, out]).toEqual([2, ''])
  expect(err).toMatch(/^repasse: a flag is missing:\n {2}--name[^]*\n4 values cannot be:\n/)
  for (const part of ['--count "0"', '--amount "x"', '--cron: cron "60', '--time-zone'])
    expect(err).toContain(`  ${part}`)
  expect(err).toContain('repasse schedule add --help')
  const twice = await repasse(accountAdd({ name: 'bad', bank: '99999999', branch: 'one', number: '' }))
  expect(twice.err).toMatch(/--number <number>[^]*2 values cannot be:[^]*--bank "99999999"[^]*--branch "one"/)
})

test('a window that is over, or in which nothing is due, is said: only runs by hand are left', async () => {
  const over = await repasse(
    scheduleAdd({ name: 'over', starts: '2020-11-21T00:00', ends: '2020-11-22T00:00' }),
  )
  expect([over.code, over.out]).toEqual([0, 'schedule over is active; next: none\n'])
  expect(over.err).toMatch(
    /is never due until --ends 2020-11-22T03:00:00.000Z, and it is .*"repasse schedule run over" issues a batch now/,
  )
  const empty = await repasse(
    scheduleAdd({ name: 'empty', cron: '0 12 * * *', starts: '2099-11-21T13:00', ends: '2099-11-22T12:00' }),
  )
  expect([empty.code, empty.err]).toEqual([
    0,
    expect.stringContaining('--cron "0 12 * * *" is never due until --ends 2099'),
  ])
})

test('a nickname that --help names is a cron too', async () => {
  expect((await repasse(scheduleAdd({ name: 'daily', cron: '@daily' }))).code).toBe(0)
})

test('random payers are refused in production', async () => {
  const { code, err } = await repasse(scheduleAdd({ name: 'real' }), { STARKBANK_ENVIRONMENT: 'production' })
  expect(code).toBe(2)
  expect(err).toContain('--payers "random"')
})

test('a roster’s bad rows are told by line, and a good one brings its own count and amounts', async () => {
  writeFileSync(
    at('bad.csv'),
    'name,tax_id,amount,description\nAna,012.345.678-90,10.00,rent\nBia,012.345.678-91,10.00,rent\nCid,012.345.678-90,0,rent\n',
  )
  const bad = await repasse(scheduleAdd({ name: 'rent', payers: at('bad.csv'), count: '', amount: '' }))
  expect(bad.code).toBe(2)
  expect(bad.err).toMatch(/line 3: tax_id "012\.345\.678-91"[^]*line 4: amount "0"/)

  writeFileSync(
    at('good.csv'),
    'name,tax_id,amount,description\nAna,012.345.678-90,10.00,rent\nBia,012.345.678-90,25.50,rent\n',
  )
  const both = await repasse(scheduleAdd({ name: 'rent', payers: at('good.csv') }))
  expect(both.err).toContain('--count has no use with a roster')
  expect(
    (await repasse(scheduleAdd({ name: 'rent', payers: at('good.csv'), count: '', amount: '' }))).code,
  ).toBe(0)
  const told = JSON.parse((await repasse(['schedule', 'run', 'rent', '--dry-run', '--json'])).out) as {
    asked: { amount: string }
    lines: unknown[]
  }
  expect([told.lines.length, told.asked.amount]).toEqual([2, '35.50'])
})

test('a roster is taken in, which add and show say, and a mended file is brought by `schedule payers`', async () => {
  const header = 'name,tax_id,amount,description\n'
  writeFileSync(at('gym.csv'), `${header}Ana,012.345.678-90,10.00,gym\n`)
  const added = await repasse(scheduleAdd({ name: 'gym', payers: at('gym.csv'), count: '', amount: '' }))
  expect(added.err).toContain(`taken in: 1 payer of ${at('gym.csv')}; editing the file changes nothing`)
  const shown = async () =>
    JSON.parse((await repasse(['schedule', 'show', 'gym', '--json'])).out) as {
      version: number
      roster: Record<string, unknown>
    }
  expect(await shown()).toMatchObject({ version: 1, roster: { rows: 1, file: at('gym.csv') } })
  expect((await repasse(['schedule', 'show', 'gym'])).out).toMatch(/payers +1 of .*gym\.csv, taken in 2/)

  writeFileSync(at('gym.csv'), `${header}Ana,012.345.678-90,10.00,gym\nBia,012.345.678-91,10.00,gym\n`)
  const bad = await repasse(['schedule', 'payers', 'gym', at('gym.csv')])
  expect([bad.code, bad.out]).toEqual([2, ''])
  expect(bad.err).toContain('line 3: tax_id "012.345.678-91"')
  expect(await shown()).toMatchObject({ version: 1, roster: { rows: 1 } })

  writeFileSync(at('gym.csv'), `${header}Ana,012.345.678-90,10.00,gym\nBia,012.345.678-90,25.50,gym\n`)
  const taken = await repasse(['schedule', 'payers', 'gym', at('gym.csv'), '--by', 'ana'])
  expect([taken.code, taken.out]).toEqual([0, expect.stringContaining('asks 2 payers')])
  expect(await shown()).toMatchObject({ version: 2, roster: { rows: 2, by: 'ana' } })
  expect((await repasse(['schedule', 'payers', 'gym', at('gym.csv')])).out).toContain('nothing was changed')
  expect((await repasse(['schedule', 'payers', 'gym', 'random'])).err).toMatch(
    /--count is needed[^]*--amount is needed/,
  )
  const made = ['schedule', 'payers', 'gym', 'random', '--count', '3', '--amount', '5.00']
  expect((await repasse(made, { STARKBANK_ENVIRONMENT: 'production' })).err).toContain(
    'refused in production',
  )
  expect((await repasse(made)).out).toContain('asks 3 payers made up')
  expect(await shown()).toMatchObject({ version: 3, roster: null })
})

test('a roster as Excel in Brazil saves it is taken in, workbooks too, and what is exported is taken in again', async () => {
  const csv =
    'sep=;\r\nNome;CPF/CNPJ;Valor;Descrição;Vencimento;\r\nConceição;1234567890;R$ 1.234,56;Sala 3;31/12/2030;\r\n;;;;;\r\n'
  writeFileSync(at('brazil.csv'), Buffer.from(csv, 'latin1'))
  const sheet = [
    ['Nome', 'CPF/CNPJ', 'Valor', 'Descrição', 'Vencimento'],
    ['Conceição', { number: '1234567890' }, { number: '1234.56' }, 'Sala 3', { day: '2030-12-31' }],
  ]
  writeFileSync(at('brazil.xlsx'), workbook(sheet))
  const exported = async (name: string, ...more: string[]) =>
    (await repasse(['schedule', 'roster', name, ...more])).out
  const as = (name: string, payers: string) => repasse(scheduleAdd({ name, payers, count: '', amount: '' }))
  for (const file of ['brazil.csv', 'brazil.xlsx']) {
    expect(await as(file, at(file)), file).toMatchObject({ code: 0 })
    expect(await exported(file)).toBe(
      'name,tax_id,amount,description,due\r\nConceição,012.345.678-90,1234.56,Sala 3,2030-12-31\r\n',
    )
  }
  const brazilian = await exported('brazil.csv', '--brazilian')
  expect(brazilian).toBe(
    '\ufeffnome;cpf/cnpj;valor;descrição;vencimento\r\nConceição;012.345.678-90;1234,56;Sala 3;31/12/2030\r\n',
  )
  writeFileSync(at('again.csv'), brazilian)
  expect((await as('again', at('again.csv'))).code).toBe(0)
  expect(await exported('again', '--brazilian')).toBe(brazilian)
  expect((await repasse(['schedule', 'roster', 'trial'])).code).toBe(2)
})

test('the last day of the month can be said, and skipped months are', async () => {
  const on = (name: string, change: Record<string, string>) =>
    repasse(scheduleAdd({ name, cron: '', ...change }))
  const cronOf = async (name: string) =>
    (JSON.parse((await repasse(['schedule', 'show', name, '--json'])).out) as { cron: string }).cron
  expect((await on('month-end', { on: 'last-day' })).err).not.toContain('skips')
  expect(await cronOf('month-end')).toBe('0 9 L * *')
  expect((await on('salaries', { on: 'last-business-day', at: '08:30' })).code).toBe(0)
  expect(await cronOf('salaries')).toBe('30 8 LW * *')

  const skips = await on('skips', { on: '31' })
  expect([skips.code, skips.err]).toEqual([
    0,
    expect.stringContaining('0 9 31 * * skips the months that lack that day: "--on last-day"'),
  ])
  expect((await repasse(['schedule', 'next', 'skips'])).err).toContain('skips the months')
  expect((await repasse(['schedule', 'show', 'skips'])).out).toContain('skips the months')

  expect((await on('none', {})).err).toContain('--cron <expression>')
  expect((await on('none', { on: '32' })).err).toContain(
    '--on "32" is no day: write last-day, last-business-day, or 1 to 31',
  )
  expect((await on('none', { on: '1', at: '25:00' })).err).toContain('--at "25:00" is no time')
  expect((await on('none', { on: '1', cron: '@daily' })).err).toContain('--on is instead of --cron')
  expect((await repasse(scheduleAdd({ name: 'none', at: '09:00' }))).err).toContain('--at is for --on')
})

test('equal rows are named by line, and taken in only with a yes', async () => {
  const rows = 'Ana,12345678909,20.00,x\nBia,12345678909,20.00,x\nana,123.456.789-09,"20,00",x\n'
  writeFileSync(at('twice.csv'), `name,tax_id,amount,description\n${rows}`)
  const words = scheduleAdd({ name: 'twice', payers: at('twice.csv'), count: '', amount: '' })
  const { code, err } = await repasse(words)
  expect(code).toBe(2)
  expect(err).toContain('lines 2, 4: Ana, 123.456.789-09, R$ 20.00')
  expect(err).toContain('--allow-repeats')
  expect((await repasse([...words, '--allow-repeats'])).code).toBe(0)
  expect((await repasse(['schedule', 'payers', 'trial', at('twice.csv')])).code).toBe(2)
})

test.each(['README.md', 'docs/operating.md'])('the roster that %s shows is one', async page => {
  const text = readFileSync(fileURLToPath(new URL(`../../../${page}`, import.meta.url)), 'utf8')
  writeFileSync(at('shown.csv'), /```csv\n([^]+?)```/.exec(text)![1]!)
  const added = await repasse(
    scheduleAdd({ name: `shown-${page.length}`, payers: at('shown.csv'), count: '', amount: '' }),
  )
  expect([added.code, added.err]).toEqual([0, expect.stringContaining('2 payers')])
})

test('the next times are in its zone and in UTC, and a clock change is noted', async () => {
  await repasse(
    scheduleAdd({
      name: 'gap',
      cron: '30 2 * * *',
      'time-zone': 'America/New_York',
      starts: '2099-03-07T00:00',
      ends: '2099-03-10T00:00',
    }),
  )
  const due = JSON.parse((await repasse(['schedule', 'next', 'gap', '--count', '3', '--json'])).out) as {
    local: string
    utc: string
    note?: string
  }[]
  expect(due.map(({ utc }) => utc)).toEqual([
    '2099-03-07T07:30:00.000Z',
    '2099-03-08T07:00:00.000Z',
    '2099-03-09T06:30:00.000Z',
  ])
  expect(due.map(({ note }) => note === undefined)).toEqual([true, false, true])

  const often = { cron: '*/15 2-3 * * *', 'time-zone': 'America/New_York', starts: '2099-03-08T00:00' }
  await repasse(scheduleAdd({ name: 'gaps', ...often }))
  expect((await repasse(['schedule', 'next', 'gaps', '--count', '1'])).out).toContain(
    'the clock skips 4 times that were due',
  )
})

test('a schedule that has ended has no table of next times, only the reason', async () => {
  const soon = new Date(systemClock.now() + 3_600_000).toISOString().slice(0, 16)
  await repasse(scheduleAdd({ name: 'ended', cron: '* * * * *', 'time-zone': 'Etc/UTC', ends: soon }))
  const db = await openDb(env.DATABASE_URL, { clock: systemClock, random: systemRandom })
  await db.tx(tx =>
    tx.run(
      sql`update schedules set ends_at = '2026-01-01T00:00:00.000Z', next_at = null where name = 'ended'`,
    ),
  )
  await db.close()
  const { code, out, err } = await repasse(['schedule', 'next', 'ended'])
  expect([code, out, err]).toEqual([
    0,
    '',
    'nothing more is due: its window was over at 2026-01-01T00:00:00.000Z, --ends\n',
  ])
  expect((await repasse(['schedule', 'next', 'ended', '--json'])).out).toBe('[]\n')
})

test('a dry run shows what would be held, and of a roster no chance', async () => {
  const mixed = { payers: at('good.csv'), count: '', amount: '', commission: '' }
  await repasse(scheduleAdd({ name: 'mixed', ...mixed, 'min-payout': '20.00' }))
  const { out, err } = await repasse(['schedule', 'run', 'mixed', '--dry-run'])
  expect(out).toMatch(/Ana.* held: R\$ 10\.00\n.*Bia.* R\$ 25\.50\nin all.* R\$ 25\.50\n$/)
  expect(err).toContain('1 of 2 would be held, below the schedule’s least payout of R$ 20.00')
  expect(err).not.toContain('Random')
  expect((await repasse(['schedule', 'run', 'trial', '--dry-run'])).err).toContain(
    'Random payers differ each time',
  )
})

test('a dry run leaves nothing behind, and a run leaves one slot', async () => {
  const slots = async () =>
    (JSON.parse((await repasse(['schedule', 'show', 'trial', '--json'])).out) as { slots: unknown[] }).slots
      .length
  const before = await slots()
  expect((await repasse(['schedule', 'run', 'trial', '--dry-run'])).out).toContain('in all')
  expect(await slots()).toBe(before)
  const first = await repasse(['schedule', 'run', 'trial'])
  expect(first).toMatchObject({ code: 0, out: expect.stringContaining('is due now'), err: '' })
  expect(await slots()).toBe(before + 1)
  const [, slot] = /slot (\S+) is due now/.exec(first.out)!
  expect((await repasse(['schedule', 'run', 'trial'])).err).toBe(
    `slot ${slot} of trial was added by hand too and has not ended: both will be issued, so each payer is asked twice\n`,
  )
})

test('waiting for a run without a bank is refused before a slot is added', async () => {
  const { code, err } = await repasse(['schedule', 'run', 'gap', '--wait'])
  expect(code).toBe(2)
  expect(err).toContain('STARKBANK_PROJECT_ID')
  expect(
    (JSON.parse((await repasse(['schedule', 'show', 'gap', '--json'])).out) as { slots: unknown[] }).slots,
  ).toEqual([])
})

test('pausing twice is refused, and resuming says what is next', async () => {
  expect((await repasse(['schedule', 'pause', 'rent', '--why', 'holiday'])).code).toBe(0)
  expect((await repasse(['schedule', 'pause', 'rent'])).code).toBe(2)
  expect((await repasse(['schedule', 'resume', 'rent'])).out).toContain('is active; next: 2')
})
