/**
 * A failing test prints what was kept for it, once, also when its fixture was closed before; a passing one
 * prints nothing.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { recentLog } from './evidence.ts'
import { projectRoot } from './tree.ts'

// Inside node_modules, where the project's own run never looks for tests and `vitest` can be imported.
mkdirSync(join(projectRoot, 'node_modules/.cache'), { recursive: true })
const folder = mkdtempSync(join(projectRoot, 'node_modules/.cache/evidence-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function printedBy(name: string, body: string): string {
  const home = join(folder, name)
  mkdirSync(home)
  const module = JSON.stringify(join(projectRoot, 'test/testbed/evidence.ts'))
  writeFileSync(
    join(home, 'made-up.test.mjs'),
    `import { afterEach, test, expect } from 'vitest'\nimport { evidence } from ${module}\n${body}`,
  )
  writeFileSync(join(home, 'vitest.config.mjs'), `export default { test: { include: ['*.test.mjs'] } }`)
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [
      join(projectRoot, 'node_modules/vitest/vitest.mjs'),
      'run',
      '--root',
      home,
      '--reporter=json',
      '--disableConsoleIntercept',
    ],
    { cwd: home, encoding: 'utf8', env: { ...process.env, VITEST: undefined, VITEST_WORKER_ID: undefined } },
  )
  return stdout + stderr
}

test('what was kept is printed by the test that fails, though it was closed after it, and not again', () => {
  const body = `
    let over
    afterEach(() => over?.())
    test('good', () => { over = evidence.keep('an installation', () => ['of the good one']) })
    test('bad', () => { over = evidence.keep('an installation', () => ['seed 7', 'folder kept: somewhere']); expect(1).toBe(2) })
    test('good again', () => {})
    test("bad (again), isn't it?", () => { evidence.keep('another', () => { throw new Error('gone') }); expect(1).toBe(2) })`
  const out = printedBy('closed', body)
  expect(out).toContain('what there is of "bad"\n── an installation\n   seed 7\n   folder kept: somewhere\n')
  expect(out).toContain('what there is of "bad (again), isn\'t it?"\n── another\n   (Error: gone)\n')
  expect(out).toContain(String.raw`-t 'bad \(again\), isn'\''t it\?'`)
  expect(out).not.toContain('of the good one')
  expect(out.split('seed 7')).toHaveLength(2)
  expect(out).toMatch(/── again: \.\/dev-utils\.sh test \S*made-up\.test\.mjs -t 'bad'\n/)
})

test('whoever closes knows that the test has failed, while it runs down and from then on', () => {
  const body = `
    const seen = []
    afterEach(() => void seen.push(evidence.hasFailed()))
    test('good', () => {})
    test('bad', () => { expect(1).toBe(2) })
    test('after', () => { evidence.keep('seen', () => [JSON.stringify(seen)]); expect(1).toBe(2) })`
  expect(printedBy('knows', body)).toContain('── seen\n   [false,true,true]\n')
})

test('a log keeps its last lines, with what they are about', () => {
  const { log, recent } = recentLog(2)
  log.info({}, 'one')
  log.child({ run: 'run_1' }).warn({ units: 5n }, 'two')
  log.debug({}, 'never')
  log.error({ error: new Error('gone') }, 'three')
  expect(recent()).toEqual(['warn two {"run":"run_1","units":"5"}', 'error three {"error":"gone"}'])
})
