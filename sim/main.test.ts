/**
 * The simulated bank as a program: what it prints, the key it makes, what it says to a wrong flag, and how it
 * ends.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, expect, test } from 'vitest'

const program = fileURLToPath(new URL('main.ts', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'bank-'))
const started: ChildProcess[] = []
afterAll(() => {
  for (const child of started) child.kill('SIGKILL')
  rmSync(folder, { recursive: true })
})

async function start(...flags: string[]) {
  const child = spawn(process.execPath, [program, '--port', '0', ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  started.push(child)
  const [line] = (await once(createInterface(child.stdout!), 'line')) as [string]
  return { child, ready: JSON.parse(line) as { url: string; workspaceId: string; projectId: string } }
}

test('it says where it listens, keeps the key it made when started again, and ends on SIGTERM', async () => {
  const key = join(folder, 'key.pem')
  const first = await start(
    '--write-project-key',
    key,
    '--starting-balance',
    '500',
    '--faults',
    '{"drop":0.5}',
    '--webhook',
    'http://127.0.0.1:9/',
  )
  const pem = readFileSync(key, 'utf8')
  expect(pem).toMatch(/^-----BEGIN EC PRIVATE KEY-----/)
  expect(statSync(key).mode & 0o777).toBe(0o400)
  expect(first.ready).toMatchObject({ workspaceId: '6010044957065216', projectId: '5656565656565656' })
  const state = (await (await fetch(`${first.ready.url}/sim/state`)).json()) as { balance: number }
  expect(state.balance).toBe(500)
  first.child.kill('SIGTERM')
  expect(await once(first.child, 'exit')).toEqual([0, null])

  await start('--write-project-key', key)
  expect(readFileSync(key, 'utf8')).toBe(pem)
})

test.each([
  [[], /name a key/],
  [['--pay-rate', 'often'], /--pay-rate must be a number/],
  [['--pay-delay-ms', '2s'], /--pay-delay-ms must be milliseconds/],
  [['--time-scale', '0'], /--time-scale must be more than 0/],
  [['--faults', '{"dorp":1}'], /--faults knows no dorp/],
  [['--skew-seconds', '-1'], /^--skew-seconds needs a value that does not begin with a dash \(--help.*\)\n$/],
  [['--bogus'], /^Unknown option '--bogus' \(--help.*\)\n$/],
  [['extra'], /^Unexpected argument 'extra'.*\n$/],
])('it exits 2 on %j and says what is wrong', async (flags, message) => {
  const key = flags.length > 0 ? ['--write-project-key', join(folder, 'other.pem')] : []
  const run = promisify(execFile)(process.execPath, [program, '--port', '0', ...key, ...flags])
  await expect(run).rejects.toMatchObject({ code: 2, stderr: expect.stringMatching(message) as string })
})

test.each([['demo.ts'], ['../test/storm/storm.ts'], ['../bench/bench.ts'], ['../test/simulation/replay.ts']])(
  '%s says in one line which flag it does not know, and exits 2',
  async file => {
    const run = promisify(execFile)(process.execPath, [
      fileURLToPath(new URL(file, import.meta.url)),
      '--bogus',
    ])
    await expect(run).rejects.toMatchObject({
      code: 2,
      stderr: "Unknown option '--bogus' (--help shows what it takes)\n",
    })
  },
)
