/**
 * The command line as a person uses it, on a database of its own in a temporary folder; the bank is not
 * asked.
 */
import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { Decrypter, generateIdentity, identityToRecipient } from 'age-encryption'
import type { Command } from 'commander'
import { beforeAll, describe, expect, test } from 'vitest'
import { modesDuring } from '../../test/testbed/modes.ts'
import { accountAdd, openTerminal, scheduleAdd } from '../../test/testbed/terminal.ts'
import { nextNumbers } from '../chain/chain.ts'
import { because, told } from '../base/reasons.ts'
import { systemClock, systemRandom } from '../base/clock.ts'
import { timetable, type App } from '../jobs/jobs.ts'
import { stopPayouts } from '../payout/payout.ts'
import { openDb, sql, type Tx } from '../db/db.ts'
import { nouns, program, runCli } from './cli.ts'
import { crashPoint } from './crash.ts'
import { jobNames } from './runs.ts'

const { at, env, repasse } = openTerminal()

beforeAll(async () => {
  expect((await repasse(accountAdd())).code).toBe(0)
  expect((await repasse(scheduleAdd())).code).toBe(0)
})

describe('accounts', () => {
  test('the same bank account under a second name is added, and said to be known', async () => {
    const first = await repasse(accountAdd({ name: 'one', number: '12345-6', branch: '1' }))
    const twin = await repasse(accountAdd({ name: 'two', number: '00123456', branch: '0001' }))
    expect([first.err, twin.code]).toEqual(['', 0])
    expect(twin.err).toContain('the same bank account is known as one already')
  })

  test('who added an account cannot approve it, and someone else can, once', async () => {
    await repasse(accountAdd({ name: 'second' }))
    const own = await repasse(['account', 'approve', 'second', '--by', 'maker'])
    expect([own.code, own.out]).toEqual([2, ''])
    expect(own.err).toContain('--by maker added account "second"')
    expect((await repasse(['account', 'approve', 'second', '--by', 'checker'])).code).toBe(0)
    expect((await repasse(['account', 'approve', 'second', '--by', 'checker'])).err).toContain(
      'already approved',
    )
    const shown = JSON.parse((await repasse(['account', 'show', 'second', '--json'])).out) as {
      state: string
      history: { to: string }[]
    }
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
    const { code, out, err } = await repasse(accountAdd({ name: 'bad', [flag]: value }))
    expect([code, out]).toEqual([2, ''])
    expect(err).toContain(`--${flag} "${value}"`)
    expect(err).toContain(right)
    expect((await repasse(['account', 'show', 'bad'])).code).toBe(2)
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
    expect((await repasse(['payout', 'go', '--by', 'bia', '--why', 'mended'])).out).toContain(
      'ana had stopped them: ana: the first',
    )
  })

  test('what the program stopped for is not written over, and who lets it go is in the audit log with whose reason it was', async () => {
    const db = await openDb(env.DATABASE_URL, { clock: systemClock, random: systemRandom })
    const halted = 'pay_01k9zq3f5c8wxy2m7n4p6r8s0t: the bank paid 2 transfers under one key'
    try {
      await db.tx(tx => tx.run(sql`insert into settings (name, value) values ('hold', ${halted})`))
      const { code, err } = await repasse(['payout', 'stop', '--why', 'lunch', '--by', 'ana'])
      expect([code, err]).toEqual([2, expect.stringContaining(`by the program: ${halted}`)])
      // In a script nobody looks, and another reason may have come in the place of the one that was looked
      // at.
      expect(await repasse(['payout', 'go', '--why', 'the bank took one back', '--by', 'bia'])).toMatchObject(
        {
          code: 2,
          err: expect.stringContaining(`--seen "…"\n- ${halted}`),
        },
      )
      expect(
        (
          await repasse([
            'payout',
            'go',
            '--why',
            'the bank took one back',
            '--by',
            'bia',
            '--seen',
            'pay_01k9',
          ])
        ).code,
      ).toBe(0)
      const last = await db.one<{ actor: string; detail: string }>(
        sql`select actor, detail from audit order by seq desc limit 1`,
      )
      expect(last!.actor).toBe('bia')
      expect(JSON.parse(last!.detail)).toMatchObject({
        why: 'the bank took one back',
        held: halted,
        heldBy: 'the program',
      })
    } finally {
      await db.close()
    }
  })

  test('of several reasons each is let go by whoever looked at it, and what came since stays', async () => {
    const db = await openDb(env.DATABASE_URL, { clock: systemClock, random: systemRandom })
    const go = (...words: string[]) =>
      repasse(['payout', 'go', '--why', 'asked the bank', '--by', 'ana', ...words])
    try {
      for (const payout of ['pay_a', 'pay_b', 'pay_c'])
        await db.tx(tx =>
          stopPayouts(
            tx,
            because('payout-wrong', { payout, because: told(because('several-paid', { count: 2 })) }),
          ),
        )
      expect(await go()).toMatchObject({ code: 2, err: expect.stringContaining('stopped for 3 reasons') })
      expect(await go('--seen', 'pay_x')).toMatchObject({
        code: 2,
        err: expect.stringContaining('not stopped for that'),
      })
      const fits = await go('--seen', 'pay_a', 'the bank paid 2 transfers')
      expect(fits).toMatchObject({
        code: 2,
        err: expect.stringContaining('"the bank paid 2 transfers" fits 3 reasons'),
      })
      expect(fits.err).toMatch(/- pay_c: .*\n- pay_b: .*\n- pay_a: /)
      expect(await go('--seen', 'pay_a', 'pay_c')).toMatchObject({
        code: 1,
        err: expect.stringContaining('not named: pay_b: the bank paid'),
      })
      expect(await go('--seen', 'pay_b')).toMatchObject({
        code: 0,
        out: expect.stringContaining('pay_b: the bank paid'),
      })
    } finally {
      await db.close()
    }
  })

  test('at a terminal the reasons are shown, and only those that were shown go', async () => {
    const db = await openDb(env.DATABASE_URL, { clock: systemClock, random: systemRandom })
    const questions: string[] = []
    const odd = (payout: string) => because('said', { said: `${payout}: looks odd` })
    const go = async (answer: () => Promise<boolean>) => {
      const asking = {
        out: async () => undefined,
        err: () => undefined,
        colours: false,
        ask: (question: string) => (questions.push(question), answer()),
      }
      return runCli(
        ['node', 'repasse', 'payout', 'go', '--why', 'asked the bank', '--by', 'ana'],
        env,
        asking,
      )
    }
    const held = async () =>
      (await db.one<{ value: string }>(sql`select value from settings where name = 'hold'`))?.value
    try {
      for (const payout of ['pay_a', 'pay_b']) await db.tx(tx => stopPayouts(tx, odd(payout)))
      expect(await go(async () => false)).toBe(2)
      expect(questions).toEqual([
        'payouts are stopped for 2 reasons:\n- pay_b: looks odd\n- pay_a: looks odd\nLet them go?',
      ])
      const whileAsked = async () => (await db.tx(tx => stopPayouts(tx, odd('pay_c'))), true)
      expect([await go(whileAsked), await held()]).toEqual([1, 'pay_c: looks odd'])
      expect([await go(async () => true), await held()]).toEqual([0, undefined])
    } finally {
      await db.close()
    }
  })

  test.each(['payout stop', 'proposal approve pro_1', 'account approve main'])(
    '%s by a name of two alphabets is refused',
    async words => {
      const { code, err } = await repasse([
        ...words.split(' '),
        ...(words === 'payout stop' ? ['--why', 'x'] : []),
        '--by',
        '\u0430na',
      ])
      expect([code, err]).toEqual([
        2,
        expect.stringContaining('has \u0430 (U+0430), by which it may look like another name'),
      ])
    },
  )

  test.each(['payout stop', 'proposal approve pro_1', 'account approve main'])(
    '%s by a name with a blank that nobody sees is refused',
    async words => {
      const { code, err } = await repasse([
        ...words.split(' '),
        ...(words === 'payout stop' ? ['--why', 'x'] : []),
        '--by',
        'ana\u2800',
      ])
      expect([code, err]).toEqual([
        2,
        expect.stringContaining('has U+2800, which nobody sees: type it again'),
      ])
    },
  )

  test('what the books stop is not let go by a person', async () => {
    const db = await openDb(env.DATABASE_URL, { clock: systemClock, random: systemRandom })
    try {
      await db.tx(tx =>
        tx.run(sql`insert into settings (name, value) values ('books', 'a movement does not sum to zero')`),
      )
      const { code, err } = await repasse(['payout', 'go', '--why', 'never mind'])
      expect([code, err]).toEqual([1, expect.stringContaining('payouts stay stopped')])
      expect((await repasse(['status'])).out).toContain('a movement does not sum to zero')
      await db.tx(tx => tx.run(sql`delete from settings where name = 'books'`))
    } finally {
      await db.close()
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

  test('nobody else can read a copy while it is written, nor what it is restored from into [security A6]', async () => {
    const large = { DATABASE_URL: `sqlite:${at('large.db')}` }
    await repasse(['migrate'], large)
    const db = await openDb(large.DATABASE_URL, { clock: systemClock, random: systemRandom })
    await db
      .tx(tx =>
        tx.run(sql`insert into cursors (name, value) values ('filling', ${'much '.repeat(2_000_000)})`),
      )
      .finally(() => db.close())
    expect(
      await modesDuring(at('large.copy.partial'), () => repasse(['backup', at('large.copy')], large)),
    ).toEqual(['600'])
    // As who has brought it here may have left it.
    chmodSync(at('large.copy'), 0o644)
    const there = { DATABASE_URL: `sqlite:${at('large.restored.db')}` }
    expect(
      await modesDuring(at('large.restored.db.restoring'), () =>
        repasse(['restore', at('large.copy')], there),
      ),
    ).toEqual(['600'])
    expect(statSync(at('large.restored.db')).mode & 0o777).toBe(0o600)
  })

  test('an encrypted copy is for the holders of the keys alone, whole or not at all', async () => {
    const [first, second, other] = await Promise.all([
      generateIdentity(),
      generateIdentity(),
      generateIdentity(),
    ])
    const recipients = await Promise.all([first, second].map(identityToRecipient))
    const sealing = { BACKUP_RECIPIENTS: recipients.join(' ') }
    expect(await repasse(['backup', at('sealed.age')], sealing)).toMatchObject({ code: 0, err: '' })
    const bytes = readFileSync(at('sealed.age'))
    expect(bytes.subarray(0, 22).toString()).toBe('age-encryption.org/v1\n')
    expect([bytes.includes('Stark Bank'), bytes.includes('SQLite')]).toEqual([false, false])
    expect(statSync(at('sealed.age')).mode & 0o777).toBe(0o600)
    expect(readdirSync(at('.')).filter(name => /copying|partial/.test(name))).toEqual([])
    // Whoever has age needs nothing of ours.
    const decrypter = new Decrypter()
    decrypter.addIdentity(second)
    expect(
      Buffer.from(await decrypter.decrypt(bytes))
        .subarray(0, 15)
        .toString(),
    ).toBe('SQLite format 3')

    const keys = (name: string, key: string) => (
      writeFileSync(at(name), `# made today\n${key}\n`, { mode: 0o400 }),
      at(name)
    )
    const there = { DATABASE_URL: `sqlite:${at('sealed.db')}` }
    const refused: [file: string, words: string[], says: string][] = [
      ['sealed.age', [], 'is encrypted: --identity names'],
      ['sealed.age', ['--identity', at('no.key')], 'does not exist'],
      ['sealed.age', ['--identity', keys('other.key', other)], 'encrypted to another key'],
      ['sealed.age', ['--identity', keys('empty.key', '# nothing')], 'holds no secret key of age'],
      ['sealed.age', ['--identity', first], 'holds a private key'],
      ['cut.age', ['--identity', keys('first.key', first)], 'changed or cut off'],
      ['edited.age', ['--identity', at('first.key')], 'changed or cut off'],
      ['empty.db', ['--identity', at('first.key')], 'is not encrypted'],
    ]
    writeFileSync(at('cut.age'), bytes.subarray(0, 65_536 + 16 + 22))
    writeFileSync(at('edited.age'), bytes.with(bytes.length - 1, bytes.at(-1)! ^ 1))
    writeFileSync(at('empty.db'), 'SQLite format 3\0')
    for (const [file, words, says] of refused) {
      const { code, err } = await repasse(['restore', at(file), ...words], there)
      expect([code, err], file).toEqual([2, expect.stringContaining(says)])
      expect(err).not.toContain(first)
      expect(readdirSync(at('.')).filter(name => name.startsWith('sealed.db'))).toEqual([])
    }
    const decrypt = (file: string) =>
      repasse(['restore', at(file), '--identity', at('first.key'), '--decrypt-to', at('clear.db')], there)
    expect([
      (await decrypt('cut.age')).code,
      existsSync(at('clear.db')),
      existsSync(at('clear.db.partial')),
    ]).toEqual([2, false, false])
    expect((await decrypt('sealed.age')).code).toBe(0)
    expect([
      readFileSync(at('clear.db')).subarray(0, 15).toString(),
      statSync(at('clear.db')).mode & 0o777,
    ]).toEqual(['SQLite format 3', 0o600])
    expect((await decrypt('sealed.age')).err).toContain('exists already')
    expect((await repasse(['restore', at('sealed.age'), '--identity', at('first.key')], there)).code).toBe(0)
    expect((await repasse(['account', 'show', 'main'], there)).code).toBe(0)
    expect(
      (await repasse(['backup', at('none.age')], { BACKUP_RECIPIENTS: 'age1notakeyatall0000000000000' })).err,
    ).toContain('no age public key')
    expect((await repasse(['backup', at('none.age')], { BACKUP_RECIPIENTS: 'someone' })).err).toContain(
      'public keys of age',
    )
  })

  test('a restored installation has what was backed up and starts on hold', async () => {
    const there = { DATABASE_URL: `sqlite:${at('restored.db')}` }
    expect((await repasse(['backup', at('two.db')])).code).toBe(0)
    expect((await repasse(['restore', at('two.db')], there)).code).toBe(0)
    expect((await repasse(['account', 'show', 'main'], there)).code).toBe(0)
    const { stopped } = JSON.parse((await repasse(['status', '--json'], there)).out) as { stopped: string }
    expect(stopped).toContain('restored from')
    expect((await repasse(['ledger', 'check'], there)).code).toBe(0)

    expect((await repasse(['restore', at('two.db')], there)).err).toContain('--force')
    const numbers = async (act: (tx: Tx) => Promise<unknown>) => {
      const restored = await openDb(there.DATABASE_URL, { clock: systemClock, random: systemRandom })
      try {
        await restored.tx(act)
        return (await nextNumbers(restored)).receive
      } finally {
        await restored.close()
      }
    }
    expect(await numbers(tx => tx.run(sql`update chain_branches set next_index = 1030`))).toBe(1_030n)
    expect((await repasse(['restore', at('two.db'), '--force'], there)).code).toBe(0)
    // Addresses that were handed out in between are shown to nobody else.
    expect(await numbers(async () => undefined)).toBe(2_030n)
    expect(existsSync(at('restored.db.before-restore'))).toBe(true)
  })

  test('a database that someone has open is not replaced, and one that is no database neither', async () => {
    const there = { DATABASE_URL: `sqlite:${at('busy.db')}` }
    await repasse(['migrate'], there)
    await repasse(['backup', at('three.db')])
    const open = await openDb(there.DATABASE_URL, { clock: systemClock, random: systemRandom })
    try {
      await open.one(sql`select 1 as one from settings`)
      const { code, err } = await repasse(['restore', at('three.db'), '--force'], there)
      expect(code).toBe(2)
      expect(err).toContain('is in use')
    } finally {
      await open.close()
    }
    writeFileSync(at('text.db'), 'not a database at all')
    expect((await repasse(['restore', at('text.db'), '--force'], there)).err).toContain(
      'is not an SQLite database',
    )
    expect(existsSync(at('busy.db.before-restore'))).toBe(false)
  })

  test('a damaged backup is refused, and nothing takes its place', async () => {
    await repasse(['backup', at('four.db')])
    const bytes = readFileSync(at('four.db'))
    // A page in the middle, as a failing disk leaves it.
    writeFileSync(at('damaged.db'), bytes.fill(0xff, 40 * 4_096, 41 * 4_096))
    const { code, err } = await repasse(['restore', at('damaged.db')], {
      DATABASE_URL: `sqlite:${at('whole.db')}`,
    })
    expect([code, err]).toEqual([2, expect.stringContaining('the backup is damaged')])
    expect([existsSync(at('whole.db')), existsSync(at('whole.db.restoring'))]).toEqual([false, false])
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
      [
        '--name <name>',
        '--cron <expression>',
        '--time-zone <zone>',
        '--payers <who>',
        '--due-in <time>',
        '--pay-to <account>',
      ],
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
    const db = await openDb(url, { clock: systemClock, random: systemRandom })
    await db.tx(tx => tx.run(sql`insert into migrations values ('9999-later.sql', 'x', '2030-01-01')`))
    await db.close()
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

  test('a noun alone brings its own commands, and they are those of all', () => {
    const shell = { out: async () => undefined, err: () => undefined, colours: false, env, exitCode: 0 }
    const leaves = (command: Command): string[] => [
      command.helpInformation(),
      ...command.commands.flatMap(leaves),
    ]
    const all = program(shell).commands
    for (const noun of Object.keys(nouns)) {
      const own = program(shell, noun).commands
      expect(own.map(command => command.name())).toEqual([noun])
      expect(leaves(own[0]!)).toEqual(leaves(all.find(command => command.name() === noun)!))
    }
  })

  test('--version says which it is', async () => {
    expect(await repasse(['--version'])).toEqual({
      code: 0,
      out: expect.stringMatching(/^repasse \d+\.\d+\.\d+\n$/) as string,
      err: '',
    })
  })

  const everyRail = {
    rails: { starkbank: {}, bitcoin: {} },
    ...{ retention: {}, anchoring: {}, anchorTo: ['auditor@example.com'] },
    bitcoin: { pollSeconds: 1 },
    pollSeconds: 1,
    post: {},
  } as unknown as App
  test('the jobs that --job takes are those of the timetable, and issue', () => {
    expect([...jobNames].sort()).toEqual(['issue', ...timetable(everyRail).map(({ name }) => name)].sort())
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
