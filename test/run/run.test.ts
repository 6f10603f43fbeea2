/**
 * The run itself, on made-up test files: its last line, rounds beside busy loops, and what becomes of a
 * process that is left behind.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { projectRoot } from '../testbed/tree.ts'
import { until } from '../testbed/until.ts'
import { startBusyLoops, sumUp } from './calm.ts'

// Inside node_modules, where the project's own run never looks for tests and `vitest` can be imported.
mkdirSync(join(projectRoot, 'node_modules/.cache'), { recursive: true })
const folder = mkdtempSync(join(projectRoot, 'node_modules/.cache/run-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function runOf(
  name: string,
  body: string,
  words: string[] = [],
): { last: string; out: string; said: string; status: number | null } {
  const home = join(folder, name)
  mkdirSync(home)
  writeFileSync(
    join(home, 'made-up.test.mjs'),
    `import { test, expect } from 'vitest'\n${body.replaceAll('HOME', home)}`,
  )
  writeFileSync(join(home, 'vitest.config.mjs'), `export default { test: { include: ['*.test.mjs'] } }`)
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', join(projectRoot, 'test/run.ts'), `--root=${home}`, ...words],
    {
      encoding: 'utf8',
      env: {
        ...process.env,
        REPASSE_CLOSING_LINE: undefined,
        VITEST: undefined,
        VITEST_WORKER_ID: undefined,
      },
    },
  )
  return { last: stdout.trimEnd().split('\n').at(-1)!, out: stdout, said: stderr, status }
}

test('one that passes ends with its line, and well', () => {
  const { last, status } = runOf('passes', `test('a', () => {})`)
  expect([last, status]).toEqual(['1 passed, 0 failed', 0])
})

test('one in which nothing ran is no success', () => {
  const { last, status } = runOf('nothing', `test.sk${''}ip('a', () => {})`)
  expect([last, status]).toEqual(['0 passed, 0 failed, 1 skipped', 1])
})

test('one whose vitest is killed says that it failed', () => {
  const { last, status } = runOf(
    'killed',
    `test('a', async () => { process.kill(process.ppid, 'SIGKILL'); await new Promise(() => {}) })`,
  )
  expect([last, status]).toEqual(['0 passed, 1 failed', 1])
})

test('words that do not fit together are said, and nothing is run', () => {
  const { last, said, status } = runOf('words', `test('a', () => {})`, ['--times', '3'])
  expect([last, status]).toEqual(['0 passed, 1 failed', 1])
  expect(said).toContain('--times is for --calm')
})

test('a test that fails now and then is named with how often, and counts once; the others as they are', () => {
  const flaky = `import { existsSync, writeFileSync } from 'node:fs'
    test('steady', () => {})
    test('flaky', () => { if (existsSync('HOME/mark')) throw new Error('the second time\\nmore'); writeFileSync('HOME/mark', '') })`
  const { last, out, said, status } = runOf('flaky', flaky, ['--calm', '--times', '2'])
  expect([last, status]).toEqual(['1 passed, 1 failed', 1])
  expect(said).toContain('round 2 of 2, with 3 busy loops')
  expect(out).toMatch(
    /round 1 +\d+\.\d s {2}all passed\nround 2 +\d+\.\d s {2}1 failed\nfailed 1 of 2: .*made-up\.test\.mjs > flaky\n {4}the second time\n/,
  )
})

test('a round in which vitest died is a failure of its own', () => {
  const round = {
    count: { passed: 1, failed: 0, skipped: 0 },
    outcome: { passed: ['a'], failed: [], skipped: 0 },
    seconds: 1,
  }
  const { count, lines } = sumUp(
    [round, { count: { passed: 0, failed: 1, skipped: 0 }, outcome: undefined, seconds: 2 }],
    2,
  )
  expect(count).toEqual({ passed: 1, failed: 1, skipped: 0 })
  expect(lines.join('\n')).toContain('failed 1 of 2: vitest itself')
})

describe('calm does not pass', () => {
  const round = (passed: string[], skipped = 0) => ({
    count: { passed: passed.length, failed: 0, skipped },
    outcome: { passed, failed: [], skipped },
    seconds: 1,
  })
  const all = ['a.test.ts > one', 'a.test.ts > two', 'b.test.ts > one']

  test('with fewer rounds than were asked for, as after a signal between two', () => {
    const { count, lines } = sumUp([round(all)], 3)
    expect(count).toEqual({ passed: 3, failed: 1, skipped: 0 })
    expect(lines.slice(1)).toEqual(['failed 2 of 3: rounds that were not run', '    1 of 3 rounds were run'])
    expect(sumUp([], 5).count).toEqual({ passed: 0, failed: 1, skipped: 0 })
  })

  test('with a round in which nothing passed', () => {
    const { count, lines } = sumUp([round(all), round([], 3)], 2)
    expect(count).toEqual({ passed: 3, failed: 1, skipped: 3 })
    expect(lines[1]).toMatch(/nothing passed$/)
    expect(lines.slice(2)).toEqual(['failed 1 of 2: the run', '    no test passed in it'])
  })

  test('with a file that was wholly skipped in one round; one test of it may be, and a file that always is', () => {
    const { count, lines } = sumUp([round(all), round(all.slice(0, 2), 1)], 2)
    expect(count).toMatchObject({ failed: 1, skipped: 1 })
    expect(lines.slice(2)).toEqual([
      'failed 1 of 2: b.test.ts',
      '    wholly skipped, and run in another round',
    ])
    expect(sumUp([round(all), round(all.slice(1), 1)], 2).count).toEqual({ passed: 3, failed: 0, skipped: 1 })
  })

  test('when it is all there is: a file that is skipped each time', () => {
    const { last, out, status } = runOf('skips', `test.sk${''}ip('a', () => {})`, ['--calm', '--times', '1'])
    expect([last, status]).toEqual(['0 passed, 1 failed, 1 skipped', 1])
    expect(out).toContain('no test passed in it')
  })
})

test('a test file that is not there is named, and nothing is run', () => {
  const { last, said, status } = runOf('missing', `test('a', () => {})`, [
    'test/floors.test.ts',
    'test/flors.test.ts',
  ])
  expect([last, status]).toEqual(['0 passed, 1 failed', 1])
  expect(said).toContain('✗ no such test file: test/flors.test.ts')
  expect(said).not.toContain('vitest run')
})

test.skipIf(process.platform !== 'linux')(
  'a process that outlives its test is ended, named, and one failure',
  () => {
    const body = `import { spawn } from 'node:child_process'
    import { writeFileSync } from 'node:fs'
    test('a', () => {
      const child = spawn('sleep', ['300'], { detached: true, stdio: 'ignore' })
      child.unref()
      writeFileSync('HOME/pid', String(child.pid))
    })`
    const { last, said, status } = runOf('leaves', body)
    const pid = readFileSync(join(folder, 'leaves/pid'), 'utf8')
    expect([last, status]).toEqual(['1 passed, 1 failed', 1])
    expect(said).toContain(`left running by this run, ended now: ${pid} sleep 300`)
    expect(existsSync(`/proc/${pid}/stat`) && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))).toBe(
      false,
    )
  },
)

test('busy loops keep going, and end with whoever started them, also when that is killed', async () => {
  const program = `const { startBusyLoops } = await import(${JSON.stringify(join(import.meta.dirname, 'calm.ts'))})
    console.log(startBusyLoops(2).pids.join(' '))
    process.kill(process.pid, 'SIGKILL')`
  const { stdout } = spawnSync(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', program],
    {
      encoding: 'utf8',
    },
  )
  const pids = stdout.trim().split(' ').map(Number)
  expect(pids).toHaveLength(2)
  const isGone = (pid: number) => {
    try {
      return !process.kill(pid, 0)
    } catch {
      return true
    }
  }
  const isZombie = (pid: number) =>
    existsSync(`/proc/${pid}/stat`) && /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  await until(() => pids.every(pid => isGone(pid) || isZombie(pid)), 'the loops to end')
  const ours = startBusyLoops(1)
  expect(isGone(ours.pids[0]!)).toBe(false)
  ours.stop()
  await until(() => isGone(ours.pids[0]!), 'our own to end')
})
