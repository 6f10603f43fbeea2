/**
 * Personal data and credentials are kept out of the log, and no error is logged whole: an SDK's bears headers
 * and keys.
 */
import { expect, test } from 'vitest'
import { projectFiles } from '../../test/testbed/tree.ts'
import { makeLog } from './log.ts'

function logged(write: (log: ReturnType<typeof makeLog>) => void): string {
  const lines: string[] = []
  write(makeLog('info', { write: (line: string) => void lines.push(line) }))
  return lines.join('')
}

const personal = {
  ...{
    taxId: '012.345.678-90',
    tax_id: '20.018.183/0001-80',
    accountNumber: '63413-2',
    number: '6341320293482496',
  },
  ...{
    privateKey: '-----BEGIN EC',
    cookie: 'console=abc',
    authorization: 'Basic abc',
    headers: { 'access-token': 'abc' },
    config: { a: 'abc' },
  },
}
const secrets = ['012.345', '20.018', '63413', 'BEGIN', 'abc']

test.each([
  ['on their own', personal],
  ['within another field', { account: personal }],
])('personal data and credentials are redacted %s [security 14]', (_, fields) => {
  const text = logged(log => log.info({ ...fields, order: 'ord_1' }, 'told'))
  for (const secret of secrets) expect(text).not.toContain(secret)
  expect(JSON.parse(text)).toMatchObject({ order: 'ord_1', msg: 'told' })
})

test('so they are in the fields of a child [security 14]', () => {
  const text = logged(log => log.child({ taxId: '012.345.678-90', job: 'x' }).warn({ why: 'late' }, 'told'))
  expect(text).not.toContain('012.345')
  expect(JSON.parse(text)).toMatchObject({ job: 'x', why: 'late' })
})

test('no error is logged whole [security 14]', () => {
  const whole =
    /\blog\.(?:debug|info|warn|error)\(\s*(?:\{[^}]*\b(?:err|error|cause)\b\s*[,}]|(?:err|error)\b)/
  const found = projectFiles(/\.tsx?$/).filter(
    ({ path, text }) => /^src\/(?!.*\.test\.)/.test(path) && whole.test(text),
  )
  expect(found.map(({ path }) => path)).toEqual([])
  expect('log.warn({ error, a }, "x")').toMatch(whole)
})
