/** What an auditor is given: the exports of audit log and ledger with the anchors, checked by the program and by a tool that has none of its code. */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { seededRandom, systemClock, systemRandom } from '../src/base/clock.ts'
import { brl } from '../src/base/money.ts'
import { post } from '../src/ledger/ledger.ts'
import { openStore } from '../src/store/store.ts'
import { accountAdd, openTerminal, scheduleAdd } from './testbed/terminal.ts'
import { projectRoot } from './testbed/tree.ts'

const { at, env, repasse: bare } = openTerminal()
const anchors = at('anchors')
const repasse = (words: string[], more: Record<string, string> = {}) => bare(words, { AUDIT_ANCHOR_FILE: anchors, ...more })
const tool = (...words: string[]) =>
  spawnSync(process.execPath, [join(projectRoot, 'tools/verify-audit.mjs'), ...words], { encoding: 'utf8' })
const read = (name: string) => readFileSync(at(name), 'utf8')

beforeAll(async () => {
  expect((await repasse(accountAdd())).code).toBe(0)
  expect((await repasse(['account', 'approve', 'main', '--by', 'checker'])).code).toBe(0)
  expect((await repasse(scheduleAdd())).code).toBe(0)
  const world = { clock: systemClock, random: systemRandom }
  const store = await openStore(env.DATABASE_URL, world)
  await store.tx(async tx => {
    for (const [place, movement] of (['external out', 'external in', 'external in', 'external in'] as const).entries())
      await post(tx, world, { movement, source: `line ${place}`, amount: brl(BigInt(1_234 + place)), memo: `=a "memo", of line ${place}` })
  })
  await store.close()
  for (const name of ['second', 'third']) expect((await repasse(accountAdd({ name }))).code).toBe(0)
  writeFileSync(at('audit.jsonl'), (await repasse(['audit', 'export'])).out)
  writeFileSync(at('postings.csv'), (await repasse(['ledger', 'export', '--format', 'csv'])).out)
})

const lines = (name: string) => read(name).trimEnd().split('\n')
const written = (name: string, all: readonly string[]) => (writeFileSync(at(name), all.map(line => `${line}\n`).join('')), at(name))

test('each command anchors what it did, and the exports hold by the program and by the tool', async () => {
  expect(lines('anchors').length).toBeGreaterThanOrEqual(5)
  const verified = await bare(['audit', 'verify', at('audit.jsonl'), '--anchors', anchors])
  expect(verified.out).toMatch(new RegExp(`^OK: ${lines('audit.jsonl').length} records follow from each other`))
  expect(verified.code).toBe(0)
  expect(JSON.parse((await bare(['audit', 'verify', at('audit.jsonl'), '--json'])).out)).toMatchObject({ ok: true, anchored: 0 })
  const { status, stdout, stderr } = tool('--audit', at('audit.jsonl'), '--anchors', anchors, '--ledger', at('postings.csv'))
  expect([status, stderr]).toEqual([0, ''])
  expect(stdout).toContain('bank BRL: 2474\nexternal BRL: -2474\n')
  expect(tool('--ledger', at('postings.csv')).status).toBe(2)
  expect((await bare(['audit', 'verify', at('nothing')])).code).toBe(2)
})

test('the tool is short, and needs Node alone', () => {
  const text = readFileSync(join(projectRoot, 'tools/verify-audit.mjs'), 'utf8')
  expect(text.split('\n').length).toBeLessThanOrEqual(150)
  expect([...text.matchAll(/from '(.+)'/g)].map(([, name]) => name)).toEqual(['node:crypto', 'node:fs'])
})

/** The chain from `from` on as it would be had `change` been so from the beginning. */
function rewritten(all: readonly string[], from: number, change: (row: Record<string, string>) => void): string[] {
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
  'the log written anew': () => {
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
      if (ledger === undefined) expect((await bare(['audit', 'verify', log, '--anchors', kept])).code, `${name}, number ${count}`).toBe(1)
    }
  })
})

test('after a restore the log is shorter than its anchors: said, stopped, and accepted by a person with a reason', async () => {
  expect((await repasse(['backup', at('old.db')])).code).toBe(0)
  expect((await repasse(accountAdd({ name: 'after' }))).code).toBe(0)
  const restored = await repasse(['restore', at('old.db'), '--force', '--by', 'ana'])
  expect(restored.code).toBe(0)
  expect(restored.err).toMatch(/a backup was restored at .*, and the audit log from record \d+ to \d+, anchored in .*, was not in it/)
  const check = await repasse(['ledger', 'check'])
  expect([check.code, check.out]).toEqual([1, expect.stringContaining('audit anchors: a backup was restored at')])
  await repasse(['payout', 'go', '--why', 'looked at', '--by', 'ana'])
  expect((await repasse(['status'])).out).toContain('payouts are stopped: audit anchors')
  // Elsewhere, where nobody has the anchors, nobody takes that back.
  expect((await bare(['ledger', 'check'])).code).toBe(1)

  expect((await repasse(['audit', 'accept'])).code).toBe(2)
  expect((await bare(['audit', 'accept', '--why', 'no file'])).err).toContain('AUDIT_ANCHOR_FILE')
  const accepted = await repasse(['audit', 'accept', '--why', 'the disk failed on Monday', '--by', 'ana'])
  expect([accepted.code, accepted.out]).toEqual([0, expect.stringContaining('accepted: a backup was restored')])
  expect((await repasse(['ledger', 'check'])).code).toBe(0)
  expect((await repasse(['status'])).out).not.toContain('payouts are stopped')
  expect((await repasse(['audit', 'accept', '--why', 'again'])).err).toContain('agree: there is nothing to accept')
  const after = written('after.jsonl', (await repasse(['audit', 'export'])).out.trimEnd().split('\n'))
  const { status, stdout } = tool('--audit', after, '--anchors', anchors)
  expect([status, stdout]).toEqual([0, expect.stringMatching(/accepted from record \d+ on, by ana: the disk failed on Monday/)])
})

test('where money is real the anchors are beside the database, and the doctor looks at them', async () => {
  const real = { DATABASE_URL: `sqlite:${at('real.db')}`, STARKBANK_ENVIRONMENT: 'production' }
  expect((await bare(accountAdd(), { ...real, SIGNED_APPROVALS: 'optional' })).code).toBe(0)
  expect(existsSync(at('real.db.anchors'))).toBe(true)
  const anchorsOf = async (more: Record<string, string> = {}) => {
    const checks = JSON.parse((await bare(['doctor', '--json'], { ...real, ...more })).out) as { check: string; is: string; says: string }[]
    return checks.filter(({ check }) => check === 'audit anchors').map(({ is, says }) => `${is}: ${says}`)
  }
  expect(await anchorsOf()).toEqual([expect.stringMatching(/^ok: .*real\.db\.anchors has record \d+ of/)])
  expect(await anchorsOf({ AUDIT_ANCHOR_FILE: 'none' })).toEqual([expect.stringMatching(/^warn: .*own log alone/)])
  chmodSync(at('real.db.anchors'), 0o644)
  expect(await anchorsOf()).toEqual([expect.stringMatching(/^warn: .*open to others \(mode 644\)/), expect.stringMatching(/^ok/)])
  const store = await openStore(real.DATABASE_URL, { clock: systemClock, random: systemRandom })
  await store.script(`drop trigger audit_stay; delete from audit where seq > 1`).finally(() => store.close())
  expect(await anchorsOf()).toEqual([expect.stringMatching(/^error: record 2 of the audit log, anchored in .*, is missing/)])
  // Elsewhere nobody is told to.
  expect(JSON.parse((await bare(['doctor', '--json'])).out)).not.toContainEqual(expect.objectContaining({ check: 'audit anchors' }))
})
