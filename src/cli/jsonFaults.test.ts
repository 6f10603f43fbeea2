/**
 * With --json every failure is one line of JSON on stderr, with the exit code it always had, and stdout holds
 * answers alone.
 */
import { expect, test } from 'vitest'
import { openTerminal } from '../../test/testbed/terminal.ts'

const { at, repasse } = openTerminal()

const faultOf = (err: string) =>
  JSON.parse(err.trimEnd().split('\n').at(-1)!) as {
    error: { kind: string; message: string }
    exitCode: number
  }

test.each([
  {
    what: 'what is not there',
    words: ['invoice', 'show', 'inv_nothing', '--json'],
    kind: 'bad-input',
    code: 2,
    says: 'inv_nothing',
  },
  {
    what: 'an unknown flag',
    words: ['invoice', 'list', '--json', '--colour'],
    kind: 'bad-input',
    code: 2,
    says: "unknown option '--colour'",
  },
  {
    what: 'a flag without its value',
    words: ['invoice', 'list', '--limit', '--json'],
    kind: 'bad-input',
    code: 2,
    says: '--limit',
  },
  {
    what: 'an argument too many',
    words: ['schedule', 'show', 'a', 'b', '--json'],
    kind: 'bad-input',
    code: 2,
    says: 'too many arguments',
  },
  {
    what: 'a missing argument',
    words: ['schedule', 'show', '--json'],
    kind: 'bad-input',
    code: 2,
    says: "missing required argument 'name'",
  },
  {
    what: 'several wrong values',
    words: ['invoice', 'list', '--limit', 'x', '--state', 'y', '--json'],
    kind: 'bad-input',
    code: 2,
    says: '\n',
  },
  {
    what: 'an unknown command',
    words: ['invoices', 'list', '--json'],
    kind: 'bad-input',
    code: 2,
    says: "unknown command 'invoices'",
  },
])('$what', async ({ words, kind, code, says }) => {
  await repasse(['status'])
  const said = await repasse(words)
  expect([said.code, said.out]).toEqual([code, ''])
  // Nothing else stands beside it: a program may read all of stderr.
  expect(said.err.trimEnd().split('\n')).toHaveLength(1)
  expect(faultOf(said.err)).toEqual({
    error: { kind, message: expect.stringContaining(says) as string },
    exitCode: code,
  })
  const plain = await repasse(words.filter(word => word !== '--json'))
  if (plain.code !== 0) expect(plain.code).toBe(code)
})

test('a fault of the settings, and a database that cannot be opened', async () => {
  const faulty = await repasse(['status', '--json'], { LISTEN: 'nowhere' })
  expect([faulty.code, faulty.out]).toEqual([2, ''])
  expect(faultOf(faulty.err).error).toEqual({
    kind: 'bad-input',
    message: expect.stringContaining('LISTEN is set, and not shown') as string,
  })
  const shut = await repasse(['status', '--json'], { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' })
  expect([shut.code, shut.out]).toEqual([1, ''])
  expect(faultOf(shut.err)).toMatchObject({ error: { kind: 'failed' }, exitCode: 1 })
})

test('an answer that says what is wrong is the answer, and its exit code says the rest', async () => {
  const { code, out, err } = await repasse(['doctor', '--json'], {
    DATABASE_URL: `sqlite:${at('no/such/folder/repasse.db')}`,
  })
  expect(code).toBe(1)
  expect(JSON.parse(out)).toBeDefined()
  expect(err).not.toContain('"error":{')
})

test('what stands behind -- is no flag, and without --json people are told as ever', async () => {
  const { code, err } = await repasse(['schedule', 'show', '--', '--json'])
  expect([code, err]).toEqual([2, expect.stringMatching(/^repasse: /)])
})
