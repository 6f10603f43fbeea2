/** The command line as a person uses it, on a database of its own in a temporary folder; the bank is not asked. */
import { mkdtempSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock, systemRandom } from '../base/clock.ts'
import { invoiceMachine } from '../invoice/invoice.ts'
import { payoutMachine } from '../payout/payout.ts'
import { timetable } from '../jobs/jobs.ts'
import { openStore, sql } from '../store/store.ts'
import { inboxMachine } from '../webhooks/webhooks.ts'
import { program, runCli } from './cli.ts'
import { crashPoint } from './crash.ts'
import { eventStates } from './events.ts'
import { invoiceStates } from './invoices.ts'
import { payoutStates } from './payouts.ts'
import { jobNames } from './runs.ts'

const folder = mkdtempSync(join(tmpdir(), 'repasse-cli-'))
const at = (name: string) => join(folder, name)
const env = { DATABASE_URL: `sqlite:${at('house.db')}` }
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function repasse(words: string[], more: Record<string, string> = {}) {
  let out = ''
  let err = ''
  const outlet = { out: async (text: string) => void (out += text), err: (text: string) => void (err += text), colours: false }
  const code = await runCli(['node', 'repasse', ...words], { ...env, ...more }, outlet)
  return { code, out, err }
}

const account = (change: Record<string, string> = {}) =>
  flags(['account', 'add'], {
    name: 'main',
    holder: 'Stark Bank S.A.',
    'tax-id': '20.018.183/0001-80',
    bank: '20018183',
    branch: '0001',
    number: '6341320293482496',
    type: 'payment',
    by: 'maker',
    ...change,
  })
const trial = {
  name: 'trial',
  cron: '0 */3 * * *',
  'time-zone': 'America/Sao_Paulo',
  count: '8..12',
  amount: '20.00..1000.00',
  payers: 'random',
  'due-in': '2d',
  'pay-to': 'main',
  commission: '1.5%',
}
const schedule = (change: Record<string, string> = {}) => flags(['schedule', 'add'], { ...trial, ...change })
const flags = (words: string[], values: Record<string, string>) => [
  ...words,
  ...Object.entries(values)
    .filter(([, value]) => value !== '')
    .flatMap(([name, value]) => [`--${name}`, value]),
]

beforeAll(async () => {
  expect((await repasse(account())).code).toBe(0)
  expect((await repasse(schedule())).code).toBe(0)
})

describe('accounts', () => {
  test('the same bank account under a second name is added, and said to be known', async () => {
    const first = await repasse(account({ name: 'one', number: '12345-6', branch: '1' }))
    const twin = await repasse(account({ name: 'two', number: '00123456', branch: '0001' }))
    expect([first.err, twin.code]).toEqual(['', 0])
    expect(twin.err).toContain('the same bank account is known as one already')
  })

  test('who added an account cannot approve it, and someone else can, once', async () => {
    await repasse(account({ name: 'second' }))
    const own = await repasse(['account', 'approve', 'second', '--by', 'maker'])
    expect([own.code, own.out]).toEqual([2, ''])
    expect(own.err).toContain('--by maker added account "second"')
    expect((await repasse(['account', 'approve', 'second', '--by', 'checker'])).code).toBe(0)
    expect((await repasse(['account', 'approve', 'second', '--by', 'checker'])).err).toContain('already approved')
    const shown = JSON.parse((await repasse(['account', 'show', 'second', '--json'])).out) as { state: string; history: { to: string }[] }
    expect(shown.state).toBe('approved')
    expect(shown.history.map(({ to }) => to)).toEqual(['awaiting', 'approved'])
  })

  test.each([
    ['tax-id', '20.018.183/0001-81', 'check digits of a CNPJ'],
    ['bank', '99999999', 'no ISPB'],
    ['branch', 'one', 'not 1 to 5 digits'],
    ['number', '12a', 'not 1 to 20 digits'],
    ['type', 'gold', 'checking, payment, savings, salary'],
    ['name', 'two words', 'is not a name'],
  ])('--%s "%s" is refused by name, and nothing is added', async (flag, value, right) => {
    const { code, out, err } = await repasse(account({ name: 'bad', [flag]: value }))
    expect([code, out]).toEqual([2, ''])
    expect(err).toContain(`--${flag} "${value}"`)
    expect(err).toContain(right)
    expect((await repasse(['account', 'show', 'bad'])).code).toBe(2)
  })
})

describe('schedules', () => {
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
    const { code, out, err } = await repasse(schedule({ name: 'bad', [flag]: value }))
    expect([code, out]).toEqual([2, ''])
    expect(err).toContain(`--${flag}`)
    expect(err).toContain(right)
    expect(err).not.toContain('    at ')
    expect((await repasse(['schedule', 'show', 'bad'])).code).toBe(2)
  })

  test('all that is wrong and all that is missing is told at once', async () => {
    const { code, out, err } = await repasse(
      schedule({ name: '', cron: '60 * * * *', 'time-zone': 'Brazil', count: '0', amount: 'x', starts: 'now' }),
    )
    expect([code, out]).toEqual([2, ''])
    expect(err).toMatch(/^repasse: a flag is missing:\n {2}--name[^]*\n4 values cannot be:\n/)
    for (const part of ['--count "0"', '--amount "x"', '--cron: cron "60', '--time-zone']) expect(err).toContain(`  ${part}`)
    expect(err).toContain('repasse schedule add --help')
    const twice = await repasse(account({ name: 'bad', bank: '99999999', branch: 'one', number: '' }))
    expect(twice.err).toMatch(/--number <number>[^]*2 values cannot be:[^]*--bank "99999999"[^]*--branch "one"/)
  })

  test('a window that is over, or in which nothing is due, is refused', async () => {
    const over = await repasse(schedule({ name: 'bad', starts: '2020-11-21T00:00', ends: '2020-11-22T00:00' }))
    expect([over.code, over.err]).toEqual([2, expect.stringContaining('--ends 2020-11-22T03:00:00.000Z is past')])
    const empty = await repasse(schedule({ name: 'bad', cron: '0 12 * * *', starts: '2099-11-21T13:00', ends: '2099-11-22T12:00' }))
    expect([empty.code, empty.err]).toEqual([2, expect.stringContaining('--cron "0 12 * * *" is never due from')])
    expect((await repasse(['schedule', 'show', 'bad'])).code).toBe(2)
  })

  test('a nickname that --help names is a cron too', async () => {
    expect((await repasse(schedule({ name: 'daily', cron: '@daily' }))).code).toBe(0)
  })

  test('random payers are refused in production', async () => {
    const { code, err } = await repasse(schedule({ name: 'real' }), { STARKBANK_ENVIRONMENT: 'production' })
    expect(code).toBe(2)
    expect(err).toContain('--payers "random"')
  })

  test('a roster’s bad rows are told by line, and a good one brings its own count and amounts', async () => {
    writeFileSync(
      at('bad.csv'),
      'name,tax_id,amount,description\nAna,012.345.678-90,10.00,rent\nBia,012.345.678-91,10.00,rent\nCid,012.345.678-90,0,rent\n',
    )
    const bad = await repasse(schedule({ name: 'rent', payers: at('bad.csv'), count: '', amount: '' }))
    expect(bad.code).toBe(2)
    expect(bad.err).toMatch(/line 3: tax_id "012\.345\.678-91"[^]*line 4: amount "0"/)

    writeFileSync(at('good.csv'), 'name,tax_id,amount,description\nAna,012.345.678-90,10.00,rent\nBia,012.345.678-90,25.50,rent\n')
    const both = await repasse(schedule({ name: 'rent', payers: at('good.csv') }))
    expect(both.err).toContain('--count has no use with a roster')
    expect((await repasse(schedule({ name: 'rent', payers: at('good.csv'), count: '', amount: '' }))).code).toBe(0)
    const told = JSON.parse((await repasse(['schedule', 'run', 'rent', '--dry-run', '--json'])).out) as {
      asked: { amount: string }
      lines: unknown[]
    }
    expect([told.lines.length, told.asked.amount]).toEqual([2, '35.50'])
  })

  test('a roster is taken in, which add and show say, and a mended file is brought by `schedule payers`', async () => {
    const header = 'name,tax_id,amount,description\n'
    writeFileSync(at('gym.csv'), `${header}Ana,012.345.678-90,10.00,gym\n`)
    const added = await repasse(schedule({ name: 'gym', payers: at('gym.csv'), count: '', amount: '' }))
    expect(added.err).toContain(`taken in: 1 payer of ${at('gym.csv')}; editing the file changes nothing`)
    const shown = async () =>
      JSON.parse((await repasse(['schedule', 'show', 'gym', '--json'])).out) as { version: number; roster: Record<string, unknown> }
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
    expect((await repasse(['schedule', 'payers', 'gym', 'random'])).err).toMatch(/--count is needed[^]*--amount is needed/)
    const made = ['schedule', 'payers', 'gym', 'random', '--count', '3', '--amount', '5.00']
    expect((await repasse(made, { STARKBANK_ENVIRONMENT: 'production' })).err).toContain('refused in production')
    expect((await repasse(made)).out).toContain('asks 3 payers made up')
    expect(await shown()).toMatchObject({ version: 3, roster: null })
  })

  test.each(['README.md', 'docs/operating.md'])('the roster that %s shows is one', async page => {
    const text = readFileSync(fileURLToPath(new URL(`../../${page}`, import.meta.url)), 'utf8')
    writeFileSync(at('shown.csv'), /```csv\n([^]+?)```/.exec(text)![1]!)
    const added = await repasse(schedule({ name: `shown-${page.length}`, payers: at('shown.csv'), count: '', amount: '' }))
    expect([added.code, added.err]).toEqual([0, expect.stringContaining('2 payers')])
  })

  test('the next times are in its zone and in UTC, and a clock change is noted', async () => {
    await repasse(
      schedule({ name: 'gap', cron: '30 2 * * *', 'time-zone': 'America/New_York', starts: '2099-03-07T00:00', ends: '2099-03-10T00:00' }),
    )
    const due = JSON.parse((await repasse(['schedule', 'next', 'gap', '--count', '3', '--json'])).out) as {
      local: string
      utc: string
      note?: string
    }[]
    expect(due.map(({ utc }) => utc)).toEqual(['2099-03-07T07:30:00.000Z', '2099-03-08T07:00:00.000Z', '2099-03-09T06:30:00.000Z'])
    expect(due.map(({ note }) => note === undefined)).toEqual([true, false, true])

    const often = { cron: '*/15 2-3 * * *', 'time-zone': 'America/New_York', starts: '2099-03-08T00:00' }
    await repasse(schedule({ name: 'gaps', ...often }))
    expect((await repasse(['schedule', 'next', 'gaps', '--count', '1'])).out).toContain('the clock skips 4 times that were due')
  })

  test('a schedule that has ended has no table of next times, only the reason', async () => {
    const soon = new Date(systemClock.now() + 3_600_000).toISOString().slice(0, 16)
    await repasse(schedule({ name: 'ended', cron: '* * * * *', 'time-zone': 'Etc/UTC', ends: soon }))
    const store = await openStore(env.DATABASE_URL, { clock: systemClock, random: systemRandom })
    await store.tx(tx => tx.run(sql`update schedules set ends_at = '2026-01-01T00:00:00.000Z', next_at = null where name = 'ended'`))
    await store.close()
    const { code, out, err } = await repasse(['schedule', 'next', 'ended'])
    expect([code, out, err]).toEqual([0, '', 'nothing more is due: its window was over at 2026-01-01T00:00:00.000Z, --ends\n'])
    expect((await repasse(['schedule', 'next', 'ended', '--json'])).out).toBe('[]\n')
  })

  test('a dry run shows what would be held, and of a roster no chance', async () => {
    const mixed = { payers: at('good.csv'), count: '', amount: '', commission: '' }
    await repasse(schedule({ name: 'mixed', ...mixed, 'min-payout': '20.00' }))
    const { out, err } = await repasse(['schedule', 'run', 'mixed', '--dry-run'])
    expect(out).toMatch(/Ana.* held: R\$ 10\.00\n.*Bia.* R\$ 25\.50\nin all.* R\$ 25\.50\n$/)
    expect(err).toContain('1 of 2 would be held, below the schedule’s least payout of R$ 20.00')
    expect(err).not.toContain('Random')
    expect((await repasse(['schedule', 'run', 'trial', '--dry-run'])).err).toContain('Random payers differ each time')
  })

  test('a dry run leaves nothing behind, and a run leaves one slot', async () => {
    const slots = async () =>
      (JSON.parse((await repasse(['schedule', 'show', 'trial', '--json'])).out) as { slots: unknown[] }).slots.length
    const before = await slots()
    expect((await repasse(['schedule', 'run', 'trial', '--dry-run'])).out).toContain('in all')
    expect(await slots()).toBe(before)
    expect((await repasse(['schedule', 'run', 'trial'])).out).toContain('is due now')
    expect(await slots()).toBe(before + 1)
  })

  test('waiting for a run without a bank is refused before a slot is added', async () => {
    const { code, err } = await repasse(['schedule', 'run', 'gap', '--wait'])
    expect(code).toBe(2)
    expect(err).toContain('STARKBANK_PROJECT_ID')
    expect((JSON.parse((await repasse(['schedule', 'show', 'gap', '--json'])).out) as { slots: unknown[] }).slots).toEqual([])
  })

  test('pausing twice is refused, and resuming says what is next', async () => {
    expect((await repasse(['schedule', 'pause', 'rent', '--why', 'holiday'])).code).toBe(0)
    expect((await repasse(['schedule', 'pause', 'rent'])).code).toBe(2)
    expect((await repasse(['schedule', 'resume', 'rent'])).out).toContain('is active; next: 2')
  })
})

describe('payouts held as a whole', () => {
  test('stop is said by status, and go ends it, once', async () => {
    expect((await repasse(['payout', 'stop', '--why', 'the bank looks wrong', '--by', 'ana'])).code).toBe(0)
    expect((await repasse(['status'])).out).toContain('payouts are stopped: ana: the bank looks wrong')
    expect((await repasse(['payout', 'go', '--by', 'ana', '--why', 'it was right'])).code).toBe(0)
    expect((await repasse(['payout', 'go', '--why', 'again'])).code).toBe(2)
    expect((await repasse(['ledger', 'check'])).out).toMatch(/^OK/)
  })

  test('a second stop is refused and the first reason stands', async () => {
    expect((await repasse(['payout', 'stop', '--why', 'the first', '--by', 'ana'])).code).toBe(0)
    const { code, out, err } = await repasse(['payout', 'stop', '--why', 'the second', '--by', 'bia'])
    expect([code, out]).toEqual([2, ''])
    expect(err).toContain('stopped already, by ana: ana: the first')
    expect(err).toContain('repasse payout go --why')
    expect((await repasse(['status'])).out).toContain('payouts are stopped: ana: the first')
    expect((await repasse(['payout', 'go', '--by', 'bia', '--why', 'mended'])).out).toContain('ana had stopped them: ana: the first')
  })

  test('what the program stopped for is not written over, and who lets it go is in the audit log with whose reason it was', async () => {
    const store = await openStore(env.DATABASE_URL, { clock: systemClock, random: systemRandom })
    const halted = 'pay_01k9zq3f5c8wxy2m7n4p6r8s0t: the bank paid 2 transfers under one key'
    try {
      await store.tx(tx => tx.run(sql`insert into settings (name, value) values ('hold', ${halted})`))
      const { code, err } = await repasse(['payout', 'stop', '--why', 'lunch', '--by', 'ana'])
      expect([code, err]).toEqual([2, expect.stringContaining(`by the program: ${halted}`)])
      expect((await repasse(['payout', 'go', '--why', 'the bank took one back', '--by', 'bia'])).code).toBe(0)
      const last = await store.one<{ actor: string; detail: string }>(sql`select actor, detail from audit order by seq desc limit 1`)
      expect(last!.actor).toBe('bia')
      expect(JSON.parse(last!.detail)).toEqual({ why: 'the bank took one back', held: halted, heldBy: 'the program' })
    } finally {
      await store.close()
    }
  })

  test('what the books stop is not let go by a person', async () => {
    const store = await openStore(env.DATABASE_URL, { clock: systemClock, random: systemRandom })
    try {
      await store.tx(tx => tx.run(sql`insert into settings (name, value) values ('books', 'a movement does not sum to zero')`))
      const { code, err } = await repasse(['payout', 'go', '--why', 'never mind'])
      expect([code, err]).toEqual([1, expect.stringContaining('payouts stay stopped')])
      expect((await repasse(['status'])).out).toContain('a movement does not sum to zero')
      await store.tx(tx => tx.run(sql`delete from settings where name = 'books'`))
    } finally {
      await store.close()
    }
  })
})

describe('backup and restore', () => {
  test('a backup is for its owner’s eyes and never written over a file', async () => {
    expect((await repasse(['backup', at('one.db')])).code).toBe(0)
    expect(statSync(at('one.db')).mode & 0o777).toBe(0o600)
    expect((await repasse(['backup', at('one.db')])).err).toContain('exists already')
    expect(existsSync(at('one.db.partial'))).toBe(false)
  })

  test('a restored house has what was backed up and starts on hold', async () => {
    const there = { DATABASE_URL: `sqlite:${at('restored.db')}` }
    expect((await repasse(['backup', at('two.db')])).code).toBe(0)
    expect((await repasse(['restore', at('two.db')], there)).code).toBe(0)
    expect((await repasse(['account', 'show', 'main'], there)).code).toBe(0)
    const { stopped } = JSON.parse((await repasse(['status', '--json'], there)).out) as { stopped: string }
    expect(stopped).toContain('restored from')
    expect((await repasse(['ledger', 'check'], there)).code).toBe(0)

    expect((await repasse(['restore', at('two.db')], there)).err).toContain('--force')
    expect((await repasse(['restore', at('two.db'), '--force'], there)).code).toBe(0)
    expect(existsSync(at('restored.db.before-restore'))).toBe(true)
  })

  test('a database that someone has open is not replaced, and one that is no database neither', async () => {
    const there = { DATABASE_URL: `sqlite:${at('busy.db')}` }
    await repasse(['migrate'], there)
    await repasse(['backup', at('three.db')])
    const open = await openStore(there.DATABASE_URL, { clock: systemClock, random: systemRandom })
    try {
      await open.one(sql`select 1 as one from settings`)
      const { code, err } = await repasse(['restore', at('three.db'), '--force'], there)
      expect(code).toBe(2)
      expect(err).toContain('is in use')
    } finally {
      await open.close()
    }
    writeFileSync(at('text.db'), 'not a database at all')
    expect((await repasse(['restore', at('text.db'), '--force'], there)).err).toContain('is not an SQLite database')
    expect(existsSync(at('busy.db.before-restore'))).toBe(false)
  })
})

describe('codes and shapes', () => {
  test.each([
    [['nonsense']],
    [['account', 'lsit']],
    [['account']],
    [['account', 'add']],
    [['invoice', 'list', '--state', 'lost']],
    [['invoice', 'show', 'nope']],
    [['run', 'list', '--limit', '0']],
    [['run', 'list', '--job', 'bogus']],
    [['ledger', 'export', '--format', 'xls']],
    [['account', 'list', 'extra']],
  ])('%j is bad input: exit 2, the reason on stderr, nothing on stdout', async words => {
    const { code, out, err } = await repasse(words)
    expect([code, out]).toEqual([2, ''])
    expect(err).not.toBe('')
  })

  test.each([
    [
      ['account', 'add', '--name', 'x', '--bank', '341'],
      ['--holder <name>', '--tax-id <id>', '--branch <number>', '--number <number>', '--type <type>'],
    ],
    [
      ['schedule', 'add'],
      ['--name <name>', '--cron <expression>', '--time-zone <zone>', '--payers <who>', '--due-in <time>', '--pay-to <account>'],
    ],
    [
      ['schedule', 'add', '--payers', 'random', '--due-in', '2d', '--name', 'x', '--pay-to', 'main'],
      ['--cron <expression>', '--time-zone <zone>', '--count <range>', '--amount <range>'],
    ],
    [['payout', 'stop'], ['--why <words>']],
    [['payout', 'go'], ['--why <words>']],
    [['ledger', 'export'], ['--format <format>']],
  ])('%j names all that is missing at once, each with what would be right', async (words, missing) => {
    const { code, out, err } = await repasse(words)
    expect([code, out]).toEqual([2, ''])
    const lines = [...err.matchAll(/^ {2}(--.*?): (.+)$/gm)]
    expect(lines.map(([, flag]) => flag)).toEqual(missing)
    expect(err).toContain(`repasse ${words.slice(0, 2).join(' ')} --help`)
  })

  test.each([
    [['account', 'list']],
    [['schedule', 'list']],
    [['invoice', 'list']],
    [['payout', 'list']],
    [['event', 'list']],
    [['run', 'list']],
    [['ledger', 'balances']],
    [['ledger', 'check']],
    [['status']],
    [['schedule', 'next', 'trial']],
    [['schedule', 'show', 'trial']],
  ])('%j --json is JSON', async words => {
    const { code, out } = await repasse([...words, '--json'])
    expect(code).toBe(0)
    expect(() => JSON.parse(out) as unknown).not.toThrow()
  })

  test('the doctor answers 1 where something is wrong, and says what to run', async () => {
    const { code, out } = await repasse(['doctor'])
    expect(code).toBe(1)
    expect(out).toMatch(/error key file[^]*openssl ecparam/)
    const broken = await repasse(['doctor', '--json'], { LISTEN: 'nowhere' })
    expect(broken.code).toBe(1)
    expect(JSON.parse(broken.out)).toMatchObject([{ check: 'configuration', is: 'error' }])
  })

  test('a configuration with faults is bad input for every other command', async () => {
    const { code, err } = await repasse(['status'], { LISTEN: 'nowhere', ROLES: 'boss' })
    expect(code).toBe(2)
    expect(err).toMatch(/2 faults[^]*LISTEN[^]*ROLES/)
  })

  test('a database of an unknown version is left as it is', async () => {
    const url = `sqlite:${at('newer.db')}`
    await repasse(['migrate'], { DATABASE_URL: url })
    const store = await openStore(url, { clock: systemClock, random: systemRandom })
    await store.tx(tx => tx.run(sql`insert into migrations values ('9999-later.sql', 'x', '2030-01-01')`))
    await store.close()
    const { code, err } = await repasse(['account', 'list'], { DATABASE_URL: url })
    expect(code).toBe(2)
    expect(err).toContain('9999-later.sql')
    expect((await repasse(['doctor'], { DATABASE_URL: url })).code).toBe(1)
  })

  test('every command tells what it takes, with an example', async () => {
    const names: string[][] = []
    const walk = (command: Command, trail: string[]) => {
      names.push(trail)
      for (const inner of command.commands) walk(inner, [...trail, inner.name()])
    }
    walk(program({ out: async () => undefined, err: () => undefined, colours: false, env, exitCode: 0 }), [])
    expect(names.length).toBeGreaterThan(40)
    for (const words of names) {
      const { code, out } = await repasse([...words, '--help'])
      expect([words.join(' '), code]).toEqual([words.join(' '), 0])
      expect(out).toContain(`Example:\n  repasse ${words.slice(0, 1).join(' ')}`)
    }
  })

  test('--version says which it is', async () => {
    expect(await repasse(['--version'])).toEqual({ code: 0, out: expect.stringMatching(/^repasse \d+\.\d+\.\d+\n$/) as string, err: '' })
  })

  test('the jobs that --job takes are those of the timetable, and issue', () => {
    expect([...jobNames].sort()).toEqual(['issue', ...timetable(1).map(({ name }) => name)].sort())
  })

  test('the states that flags take are those of the machines', () => {
    expect([...invoiceStates].sort()).toEqual(Object.keys(invoiceMachine).sort())
    expect([...payoutStates].sort()).toEqual(Object.keys(payoutMachine).sort())
    expect([...eventStates].sort()).toEqual(Object.keys(inboxMachine).sort())
  })
})

describe('CRASH_AT', () => {
  test('ends the process at its points and nowhere else', () => {
    let ends = 0
    const at = crashPoint('payouts asked for:1,slot claimed:0.5', { next: () => 0.4 }, () => void (ends += 1))
    for (const name of ['payouts asked for', 'slot claimed', 'events kept']) void at(name)
    expect(ends).toBe(2)
    const everywhere = crashPoint('*:0.01', { next: () => 0.4 }, () => void (ends += 1))
    void everywhere('events kept')
    expect(ends).toBe(2)
    expect(() => crashPoint('events kept')).toThrow('CRASH_AT')
  })
})
