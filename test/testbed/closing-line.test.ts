/**
 * The closing line decides whether a run counts as passed, so it is judged on real vitest runs of small
 * made-up test files.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { Outcome } from '../run/outcome.ts'

const root = resolve(import.meta.dirname, '../..')
// Inside node_modules, where the project's own run never looks for tests and `vitest` can be imported.
mkdirSync(join(root, 'node_modules/.cache'), { recursive: true })
const folder = mkdtempSync(join(root, 'node_modules/.cache/closing-line-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function closingLineOf(
  name: string,
  body: string,
): { line: string; status: number | null; said: string; outcome: Outcome } {
  const home = join(folder, name)
  mkdirSync(home)
  writeFileSync(
    join(home, 'made-up.test.mjs'),
    `import { describe, test, expect, beforeAll } from 'vitest'\n${body}`,
  )
  writeFileSync(join(home, 'vitest.config.mjs'), `export default { test: { include: ['*.test.mjs'] } }`)
  const file = join(home, 'line')
  writeFileSync(file, '')
  const outcomeFile = join(home, 'outcome')
  const { status, stderr } = spawnSync(
    process.execPath,
    [
      join(root, 'node_modules/vitest/vitest.mjs'),
      'run',
      '--root',
      home,
      `--reporter=${join(root, 'test/testbed/closing-line.ts')}`,
    ],
    {
      cwd: home,
      encoding: 'utf8',
      env: {
        ...process.env,
        REPASSE_CLOSING_LINE: file,
        REPASSE_OUTCOME: outcomeFile,
        VITEST: undefined,
        VITEST_WORKER_ID: undefined,
      },
    },
  )
  return {
    line: readFileSync(file, 'utf8'),
    status,
    said: stderr,
    outcome: JSON.parse(readFileSync(outcomeFile, 'utf8')) as Outcome,
  }
}

test.each([
  ['passing', `test('a', () => {})\ntest('b', () => {})`, '2 passed, 0 failed', 0],
  ['failing', `test('a', () => {})\ntest('b', () => { throw new Error('no') })`, '1 passed, 1 failed', 1],
  ['skipping', `test('a', () => {})\ntest.skip('b', () => {})`, '1 passed, 0 failed, 1 skipped', 0],
  ['unloadable', `import './not-there.mjs'`, '0 passed, 1 failed', 1],
  [
    'broken-hook',
    `describe('d', () => { beforeAll(() => { throw new Error('no') })\ntest('a', () => {}) })`,
    '0 passed, 1 failed, 1 skipped',
    1,
  ],
  ['stray', `test('a', () => { Promise.reject(new Error('lost')) })`, '1 passed, 1 failed', 1],
] as const)('a run that is %s ends with a line that says so', (name, body, line, status) => {
  expect(closingLineOf(name, body)).toMatchObject({ line, status })
})

test('a title above 150 characters fails the run, named by its file and its beginning', () => {
  const title = 'x'.repeat(151)
  const { line, said } = closingLineOf(
    'long-title',
    `test('a', () => {})\ntest('${title}', () => {})\ntest('${'y'.repeat(150)}', () => {})`,
  )
  expect(line).toBe('3 passed, 1 failed')
  expect(said).toContain(`made-up.test.mjs: a title of 151 characters: ${'x'.repeat(80)}\n`)
})

test('which tests passed and failed is kept, with the first line of what went wrong', () => {
  const body = `describe('d', () => { test('a', () => {})\ntest('b', () => { throw new Error('no\\nmore') }) })\nPromise.reject(new Error('lost'))`
  const { outcome } = closingLineOf('kept', body)
  expect(outcome).toEqual({
    passed: [expect.stringMatching(/made-up\.test\.mjs > d > a$/)],
    failed: [
      { test: expect.stringMatching(/made-up\.test\.mjs > d > b$/) as string, error: 'no' },
      { test: 'an error nobody caught', error: 'lost' },
    ],
    skipped: 0,
  })
})
