/**
 * What an auditor is given: the exports of audit log and ledger with the anchors, checked by the program and
 * by a tool that has none of its code.
 */
import { spawnSync } from 'node:child_process'
import { createHash, generateKeyPairSync } from 'node:crypto'
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { seededRandom, systemClock, systemRandom } from '../src/base/clock.ts'
import { brl } from '../src/base/money.ts'
import { prepare, registerKey, state } from '../src/approvals/approvals.ts'
import { audit, post } from '../src/ledger/ledger.ts'
import { composeAnchorMail, type AnchorMailRow } from '../src/jobs/anchorMail.ts'
import { connectMail } from '../src/mail/mail.ts'
import { findUser } from '../src/people/people.ts'
import { openDb } from '../src/db/db.ts'
import { device } from './testbed/passkey.ts'
import { startSmtpSink } from './testbed/smtpSink.ts'
import { accountAdd, openTerminal, scheduleAdd } from './testbed/terminal.ts'
import { projectRoot } from './testbed/tree.ts'

const { at, env, repasse: bare } = openTerminal()
const anchors = at('anchors')
const repasse = (words: string[], more: Record<string, string> = {}) =>
  bare(words, { AUDIT_ANCHOR_FILE: anchors, ...more })
const tool = (...words: string[]) =>
  spawnSync(process.execPath, [join(projectRoot, 'tools/verify-audit.mjs'), ...words], { encoding: 'utf8' })
const read = (name: string) => readFileSync(at(name), 'utf8')

beforeAll(async () => {
  expect((await repasse(accountAdd())).code).toBe(0)
  expect((await repasse(['account', 'approve', 'main', '--by', 'checker'])).code).toBe(0)
  expect((await repasse(scheduleAdd())).code).toBe(0)
  const world = { clock: systemClock, random: systemRandom }
  const db = await openDb(env.DATABASE_URL, world)
  await db.tx(async tx => {
    for (const [place, movement] of (
      ['external out', 'external in', 'external in', 'external in'] as const
    ).entries())
      await post(tx, world, {
        movement,
        source: `line ${place}`,
        amount: brl(BigInt(1_234 + place)),
        memo: `=a "memo", of line ${place}`,
      })
  })
  await db.close()
  for (const name of ['second', 'third']) expect((await repasse(accountAdd({ name }))).code).toBe(0)
  writeFileSync(at('audit.jsonl'), (await repasse(['audit', 'export'])).out)
  writeFileSync(at('postings.csv'), (await repasse(['ledger', 'export', '--format', 'csv'])).out)
})

const lines = (name: string) => read(name).trimEnd().split('\n')
const written = (name: string, all: readonly string[]) => (
  writeFileSync(at(name), all.map(line => `${line}\n`).join('')),
  at(name)
)

test('each command anchors what it did, and the exports hold by the program and by the tool [security B2]', async () => {
  expect(lines('anchors').length).toBeGreaterThanOrEqual(5)
  const verified = await bare(['audit', 'verify', at('audit.jsonl'), '--anchors', anchors])
  expect(verified.out).toMatch(
    new RegExp(`^OK: ${lines('audit.jsonl').length} records follow from each other`),
  )
  expect(verified.code).toBe(0)
  expect(JSON.parse((await bare(['audit', 'verify', at('audit.jsonl'), '--json'])).out)).toMatchObject({
    ok: true,
    anchored: 0,
  })
  const { status, stdout, stderr } = tool(
    '--audit',
    at('audit.jsonl'),
    '--anchors',
    anchors,
    '--ledger',
    at('postings.csv'),
  )
  expect([status, stderr]).toEqual([0, ''])
  expect(stdout).toContain('bank BRL: 2474\nexternal BRL: -2474\n')
  expect(tool('--ledger', at('postings.csv')).status).toBe(2)
  expect((await bare(['audit', 'verify', at('nothing')])).code).toBe(2)
})

test('the tool is short, and needs Node alone [security B2]', () => {
  const text = readFileSync(join(projectRoot, 'tools/verify-audit.mjs'), 'utf8')
  // Characters: a narrower page has more lines and says no more.
  expect(text.length).toBeLessThanOrEqual(9_000)
  expect([...text.matchAll(/from '(.+)'/g)].map(([, name]) => name)).toEqual([
    'node:crypto',
    'node:fs',
    './verify-approvals.mjs',
  ])
  const beside = readFileSync(join(projectRoot, 'tools/verify-approvals.mjs'), 'utf8')
  expect(beside.length).toBeLessThanOrEqual(9_000)
  expect([...beside.matchAll(/from '(.+)'/g)].map(([, name]) => name)).toEqual(['node:crypto'])
})

/** The chain from `from` on as it would be had `change` been so from the beginning. */
function rewritten(
  all: readonly string[],
  from: number,
  change: (row: Record<string, string>) => void,
): string[] {
  let previous = from === 0 ? '0'.repeat(64) : (JSON.parse(all[from - 1]!) as { hash: string }).hash
  return all.map((line, place) => {
    if (place < from) return line
    const row = JSON.parse(line) as Record<string, string>
    if (place === from) change(row)
    const { seq, at: time, actor, act, subject, detail } = row
    const hash = createHash('sha256')
      .update(JSON.stringify([seq, time, actor, act, subject, detail, previous]))
      .digest('hex')
    const made = JSON.stringify({ ...row, previous, hash })
    previous = hash
    return made
  })
}

const random = seededRandom(11)
const somewhere = (all: readonly unknown[]) => random.between(0, all.length - 1)
/** One character, one line, or all of it from some line on. */
const attacks: Record<string, () => { audit?: string[]; anchors?: string[]; ledger?: string[] }> = {
  'a character of a record': () => ({ audit: lines('audit.jsonl').with(...edited('audit.jsonl')) }),
  'a record taken away': () => ({ audit: without('audit.jsonl') }),
  'records cut off': () => ({ audit: lines('audit.jsonl').slice(0, somewhere(lines('audit.jsonl'))) }),
  'the log rewritten': () => {
    const all = lines('audit.jsonl')
    return { audit: rewritten(all, somewhere(all), row => (row['actor'] = 'eve')) }
  },
  'two records in each other’s place': () => {
    const all = lines('audit.jsonl')
    const place = random.between(0, all.length - 2)
    return { audit: all.with(place, all[place + 1]!).with(place + 1, all[place]!) }
  },
  'a hash in the anchors': () => ({ anchors: lines('anchors').with(...edited('anchors', /[0-9a-f]{64}/)) }),
  'a line of the anchors taken away': () => {
    const all = lines('anchors')
    return { anchors: all.toSpliced(random.between(0, all.length - 2), 1) }
  },
  'an amount of the ledger': () => ({ ledger: changedRow(cells => cells.with(7, `${cells[7]!}1`)) }),
  'an account of the ledger': () => ({ ledger: changedRow(cells => cells.with(5, 'commission')) }),
  'a line of the ledger taken away': () => {
    const all = lines('postings.csv')
    return { ledger: all.toSpliced(random.between(1, all.length - 1), 1) }
  },
  'a transaction of the ledger taken away': () => {
    const all = lines('postings.csv')
    return { ledger: all.toSpliced(1 + 2 * random.between(0, (all.length - 1) / 2 - 1), 2) }
  },
}

const without = (name: string) => lines(name).toSpliced(random.between(0, lines(name).length - 2), 1)
function edited(name: string, only = /.+/): [place: number, line: string] {
  const place = somewhere(lines(name))
  const line = lines(name)[place]!
  const [found] = only.exec(line)!
  const from = line.indexOf(found)
  const spot = from + somewhere([...found])
  return [place, `${line.slice(0, spot)}${line[spot] === '7' ? '8' : '7'}${line.slice(spot + 1)}`]
}
function changedRow(change: (cells: string[]) => string[]): string[] {
  const all = lines('postings.csv')
  // Of a movement that is there once, the accounts are compared with nothing.
  const often = [...all.keys()].filter(row => all[row]!.includes(',external in,'))
  const place = often[somewhere(often)]!
  return all.with(place, change(all[place]!.split(',')).join(','))
}

describe('of random edits, cuts and rewrites', () => {
  test.each(Object.keys(attacks))('%s is noticed each time [security A4]', async name => {
    for (let count = 0; count < 5; count++) {
      const { audit, anchors: marks, ledger } = attacks[name]!()
      const [log, kept, books] = [
        written('edited.jsonl', audit ?? lines('audit.jsonl')),
        written('edited.anchors', marks ?? lines('anchors')),
        written('edited.csv', ledger ?? lines('postings.csv')),
      ]
      const { status, stderr } = tool('--audit', log, '--anchors', kept, '--ledger', books)
      expect([status, stderr], `${name}, number ${count}`).toEqual([1, expect.stringContaining('WRONG')])
      if (ledger === undefined)
        expect(
          (await bare(['audit', 'verify', log, '--anchors', kept])).code,
          `${name}, number ${count}`,
        ).toBe(1)
    }
  })
})

describe('a mail with an anchor', () => {
  /** As it goes over the wire, and as somebody copies it out of a window or an answer quotes it. */
  const mailed = async (): Promise<[how: string, text: string][]> => {
    const { seq, hash } = JSON.parse(lines('audit.jsonl').at(-1)!) as { seq: string; hash: string }
    const sink = await startSmtpSink()
    try {
      const from = { name: '', address: 'shop@example.com' }
      const mailer = connectMail({ url: `smtp://127.0.0.1:${sink.port}`, from, clock: systemClock })
      const row = {
        id: 'mail_1',
        address: 'auditor@example.com',
        seq: BigInt(seq),
        hash,
        transactions: 4n,
        at: '2026-11-29T12:00:00.000Z',
      }
      const letter = composeAnchorMail(row as unknown as AnchorMailRow, {
        shopName: 'Armazém Jatobá',
        publicUrl: 'https://pay.example.com',
      })
      expect((await mailer.send(letter)).is).toBe('done')
      return [
        ['sent', sink.taken[0]!.raw],
        ['read', letter.text],
        ['quoted', letter.text.replaceAll(/^/gm, '> ').replaceAll('\n', '\r\n')],
      ]
    } finally {
      await sink.close()
    }
  }

  test('is a witness as good as a line of the file, for the program and for the tool', async () => {
    for (const [how, text] of await mailed()) {
      writeFileSync(at('mail.eml'), text)
      const judged = async (audit: string, ...more: string[]) => {
        const { code, out } = await bare(['audit', 'verify', audit, '--anchors', at('mail.eml'), ...more])
        return [code, tool('--audit', audit, '--anchors', at('mail.eml'), ...more).status, out] as const
      }
      expect(await judged(at('audit.jsonl')), how).toEqual([
        0,
        0,
        expect.stringContaining('1 of them are anchored'),
      ])
      expect(await judged(at('audit.jsonl'), anchors), how).toEqual([0, 0, expect.stringContaining('OK')])
      const all = lines('audit.jsonl')
      expect((await judged(written('cut.jsonl', all.slice(0, -1)), anchors)).slice(0, 2), how).toEqual([1, 1])
      // Whoever can rewrite log and file cannot reach the mailbox.
      const forged = written(
        'forged.jsonl',
        rewritten(all, 2, row => (row['actor'] = 'eve')),
      )
      expect(await judged(forged), how).toEqual([
        1,
        1,
        expect.stringContaining('is not the one that was anchored'),
      ])
    }
  })

  test('a file that holds none is no witness', async () => {
    writeFileSync(at('mail.eml'), 'Hello\n')
    expect((await bare(['audit', 'verify', at('audit.jsonl'), '--anchors', at('mail.eml')])).code).toBe(1)
    expect(tool('--audit', at('audit.jsonl'), '--anchors', at('mail.eml')).status).toBe(1)
  })
})

describe('approvals', () => {
  type Line = Record<string, string | null>
  let rows: Line[]
  const verify = (log: string, statements: readonly Line[]) => {
    writeFileSync(at('tried.jsonl'), statements.map(row => `${JSON.stringify(row)}\n`).join(''))
    return tool('--audit', log, '--statements', at('tried.jsonl'))
  }

  beforeAll(async () => {
    const key = (name: string) => at(`${name}.pem`)
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
    writeFileSync(at('bank.pem'), privateKey.export({ type: 'sec1', format: 'pem' }), { mode: 0o400 })
    // Whoever approves a proposal may have to ask the bank, which is nowhere here.
    const bank = {
      STARKBANK_PROJECT_ID: '1',
      STARKBANK_WORKSPACE_ID: '2',
      STARKBANK_PRIVATE_KEY_FILE: at('bank.pem'),
      STARKBANK_API_URL: 'http://127.0.0.1:9',
    }
    const file = { DATABASE_URL: `sqlite:${at('signed.db')}`, ...bank }
    const run = async (...words: string[]) => {
      const { code, err } = await bare(words, file)
      expect(code, `${words.join(' ')}: ${err}`).toBe(0)
    }
    for (const [name, role] of Object.entries({ bia: 'maker', carla: 'checker' })) {
      await run('user', 'add', name, '--role', role, '--by', 'root')
      await run('user', 'key', name, '--out', key(name))
    }
    await run(...accountAdd({ by: 'bia' }), '--key', key('bia'))
    await run('account', 'approve', 'main', '--key', key('carla'))
    await run(...accountAdd({ name: 'second' }))
    await run('account', 'approve', 'second', '--by', 'checker')
    await run(...scheduleAdd(), '--by', 'bia', '--key', key('bia'))
    // The first lowers what may leave, the second is a proposal.
    for (const amount of ['1000.00', '2000.00'])
      await run(
        'limits',
        'set',
        '--asset',
        'BRL',
        '--per-day',
        amount,
        '--why',
        'as agreed',
        '--by',
        'bia',
        '--key',
        key('bia'),
      )
    const proposals = JSON.parse((await bare(['proposal', 'list', '--json'], file)).out) as { id: string }[]
    for (const { id } of proposals)
      await run('proposal', 'approve', id, '--by', 'carla', '--key', key('carla'))
    // Passkeys of each kind there is, as the console registers them.
    const db = await openDb(file.DATABASE_URL, { clock: systemClock, random: systemRandom })
    const user = (await findUser(db, 'carla'))!
    for (const algorithm of ['ES256', 'RS256', 'EdDSA'] as const) {
      const laptop = device(algorithm)
      await db.tx(async tx => {
        const more = { credentialId: algorithm, rp: 'pay.example.com', label: algorithm, proof: 'key' }
        const keyId = (await registerKey(
          tx,
          { user, kind: 'passkey', publicKey: laptop.publicKey, ...more },
          'carla',
        ))!
        const approving = {
          act: 'account.approve',
          subject: algorithm,
          content: { id: algorithm },
          by: 'carla',
        }
        const text = await prepare(tx, approving)
        const signature = JSON.stringify(laptop.sign(text))
        const stated = await state(tx, approving, { is: 'passkey', keyId, text, signature, counter: 1n })
        await audit(tx, { actor: 'carla', act: 'account approved', subject: algorithm, detail: stated })
      })
    }
    await db.close()
    writeFileSync(at('signed.jsonl'), (await bare(['audit', 'export'], file)).out)
    const { out } = await bare(['audit', 'statements'], file)
    rows = out
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line) as Line)
  })

  test('signed with key files and with passkeys of each kind, they hold without the program [security B2]', () => {
    const { status, stdout, stderr } = verify(at('signed.jsonl'), rows)
    expect([status, stderr]).toEqual([0, ''])
    expect(stdout).toContain('approvals: 3 by key, 1 by said, 3 by passkey\n')
  })

  const signed = (kind: string) => rows.findIndex(({ proof }) => proof === kind)
  const edited = (index: number, change: Line) => rows.with(index, { ...rows[index]!, ...change })
  test.each<[string, () => readonly Line[], string]>([
    ['a statement that is missing', () => rows.toSpliced(signed('key'), 1), 'its statement is missing'],
    [
      'another text',
      () => edited(signed('key'), { text: rows[signed('key')]!['text']!.replace('"by":"', '"by":"x') }),
      'its statement is missing',
    ],
    [
      'another content',
      () => edited(signed('passkey'), { content: '{}' }),
      'its content is not what was stated',
    ],
    ['a lesser proof', () => edited(signed('key'), { proof: 'said' }), 'how it was proven'],
    [
      'another key',
      () => edited(signed('key'), { key: rows.find(({ kind }) => kind === 'passkey')!['key']! }),
      'how it was proven',
    ],
    [
      'a signature of something else',
      () => edited(signed('key'), { signature: 'AAAA' }),
      'its signature is not good',
    ],
    [
      'an assertion of another',
      () =>
        edited(signed('passkey'), {
          signature: rows.findLast(({ proof }) => proof === 'passkey')!['signature']!,
        }),
      'its signature',
    ],
    ['no assertion', () => edited(signed('passkey'), { signature: 'null' }), 'its signature cannot be read'],
    [
      'a public key that is missing',
      () => rows.filter(({ publicKey }) => publicKey === undefined),
      'is missing, or is not the one that was registered',
    ],
    [
      'another public key',
      () =>
        rows.map(row => (row['publicKey'] === undefined ? row : { ...row, publicKey: device().publicKey })),
      'is not the one that was registered',
    ],
  ])('%s is noticed', (_, change, says) => {
    expect(verify(at('signed.jsonl'), change())).toMatchObject({
      status: 1,
      stderr: expect.stringContaining(says),
    })
  })

  test('one that somebody else acted on, or whose key was retired before, is noticed in a log whose hashes fit', () => {
    const all = lines('signed.jsonl')
    const place = all.findIndex(
      line => line.includes('\\"proof\\":\\"key\\"') && line.includes('"act":"account approved"'),
    )
    const other = written(
      'other.jsonl',
      rewritten(all, place, row => (row['actor'] = 'bia')),
    )
    expect(verify(other, rows)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('another act, person or installation'),
    })
    const registered = all.findIndex(
      line => line.includes('"act":"key registered"') && line.includes('carla'),
    )
    const retired = written(
      'retired.jsonl',
      rewritten(all, registered, row => (row['act'] = 'key retired')),
    )
    expect(verify(retired, rows)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('was not theirs then'),
    })
  })
})

test('after a restore the log is shorter than its anchors: said, stopped, and accepted by a person with a reason', async () => {
  expect((await repasse(['backup', at('old.db')])).code).toBe(0)
  expect((await repasse(accountAdd({ name: 'after' }))).code).toBe(0)
  const restored = await repasse(['restore', at('old.db'), '--force', '--by', 'ana'])
  expect(restored.code).toBe(0)
  expect(restored.err).toMatch(
    /a backup was restored at .*, and the audit log from record \d+ to \d+, anchored in .*, was not in it/,
  )
  const check = await repasse(['ledger', 'check'])
  expect([check.code, check.out]).toEqual([
    1,
    expect.stringContaining('audit anchors: a backup was restored at'),
  ])
  await repasse(['payout', 'go', '--why', 'looked at', '--by', 'ana'])
  expect((await repasse(['status'])).out).toContain('payouts are stopped: audit anchors')
  // Elsewhere, where nobody has the anchors, nobody takes that back.
  expect((await bare(['ledger', 'check'])).code).toBe(1)

  expect((await repasse(['audit', 'accept'])).code).toBe(2)
  expect((await bare(['audit', 'accept', '--why', 'no file'])).err).toContain('AUDIT_ANCHOR_FILE')
  const accepted = await repasse(['audit', 'accept', '--why', 'the disk failed on Monday', '--by', 'ana'])
  expect([accepted.code, accepted.out]).toEqual([
    0,
    expect.stringContaining('accepted: a backup was restored'),
  ])
  expect((await repasse(['ledger', 'check'])).code).toBe(0)
  expect((await repasse(['status'])).out).not.toContain('payouts are stopped')
  expect((await repasse(['audit', 'accept', '--why', 'again'])).err).toContain(
    'agree: there is nothing to accept',
  )
  const after = written('after.jsonl', (await repasse(['audit', 'export'])).out.trimEnd().split('\n'))
  const { status, stdout } = tool('--audit', after, '--anchors', anchors)
  expect([status, stdout]).toEqual([
    0,
    expect.stringMatching(/accepted from record \d+ on, by ana: the disk failed on Monday/),
  ])
})

test('where money is real the anchors are beside the database, and the doctor looks at them', async () => {
  const real = { DATABASE_URL: `sqlite:${at('real.db')}`, STARKBANK_ENVIRONMENT: 'production' }
  expect((await bare(accountAdd(), { ...real, SIGNED_APPROVALS: 'optional' })).code).toBe(0)
  expect(existsSync(at('real.db.anchors'))).toBe(true)
  const anchorsOf = async (more: Record<string, string> = {}) => {
    const checks = JSON.parse((await bare(['doctor', '--json'], { ...real, ...more })).out) as {
      check: string
      is: string
      says: string
    }[]
    return checks.filter(({ check }) => check === 'audit anchors').map(({ is, says }) => `${is}: ${says}`)
  }
  expect(await anchorsOf()).toEqual([expect.stringMatching(/^ok: .*real\.db\.anchors has record \d+ of/)])
  expect(await anchorsOf({ AUDIT_ANCHOR_FILE: 'none' })).toEqual([
    expect.stringMatching(/^warn: .*own log alone/),
  ])
  chmodSync(at('real.db.anchors'), 0o644)
  expect(await anchorsOf()).toEqual([
    expect.stringMatching(/^warn: .*open to others \(mode 644\)/),
    expect.stringMatching(/^ok/),
  ])
  const db = await openDb(real.DATABASE_URL, { clock: systemClock, random: systemRandom })
  await db.script(`drop trigger audit_stay; delete from audit where seq > 1`).finally(() => db.close())
  expect(await anchorsOf()).toEqual([
    expect.stringMatching(/^error: record 2 of the audit log, anchored in .*, is missing/),
  ])
  // Elsewhere nobody is told to.
  expect(JSON.parse((await bare(['doctor', '--json'])).out)).not.toContainEqual(
    expect.objectContaining({ check: 'audit anchors' }),
  )
})
