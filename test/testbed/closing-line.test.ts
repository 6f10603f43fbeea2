/** The closing line decides whether a run counts as passed, so it is judged on real vitest runs of small made-up test files. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '../..')
// Inside node_modules, where the project's own run never looks for tests and `vitest` can be imported.
mkdirSync(join(root, 'node_modules/.cache'), { recursive: true })
const folder = mkdtempSync(join(root, 'node_modules/.cache/closing-line-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function closingLineOf(name: string, body: string): { line: string; status: number | null } {
  const home = join(folder, name)
  mkdirSync(home)
  writeFileSync(join(home, 'made-up.test.mjs'), `import { describe, test, expect, beforeAll } from 'vitest'\n${body}`)
  writeFileSync(join(home, 'vitest.config.mjs'), `export default { test: { include: ['*.test.mjs'] } }`)
  const file = join(home, 'line')
  writeFileSync(file, '')
  const { status } = spawnSync(
    process.execPath,
    [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--root', home, `--reporter=${join(root, 'test/testbed/closing-line.ts')}`],
    { cwd: home, env: { ...process.env, REPASSE_CLOSING_LINE: file, VITEST: undefined, VITEST_WORKER_ID: undefined } },
  )
  return { line: readFileSync(file, 'utf8'), status }
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
  expect(closingLineOf(name, body)).toEqual({ line, status })
})
