/**
 * The simulated node as a program: what it prints, that it mines by itself, what it says to a wrong flag, and
 * how it ends.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, expect, test } from 'vitest'
import { eventually } from '../../test/testbed/eventually.ts'

const program = fileURLToPath(new URL('main.ts', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'node-'))
const started: ChildProcess[] = []
afterAll(() => {
  for (const child of started) child.kill('SIGKILL')
  rmSync(folder, { recursive: true })
})

test('it says where it listens and who pays, mines by itself, and ends on SIGTERM with its cookie', async () => {
  const cookieFile = join(folder, 'cookie')
  const flags = [
    '--port',
    '0',
    '--premined',
    '0',
    '--cookie-file',
    cookieFile,
    '--block-seconds',
    '1',
    '--fee-rate',
    '4000',
  ]
  const child = spawn(process.execPath, [program, ...flags], { stdio: ['ignore', 'pipe', 'inherit'] })
  started.push(child)
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
  const ready = JSON.parse(line) as { url: string; cookieFile: string; payer: string }
  expect(ready).toMatchObject({ cookieFile, payer: expect.stringMatching(/^bcrt1q/) })
  const ask = async (method: string, params: unknown[] = []) => {
    const authorization = `Basic ${Buffer.from(readFileSync(cookieFile, 'utf8')).toString('base64')}`
    const answer = await fetch(ready.url, {
      method: 'POST',
      headers: { authorization },
      body: JSON.stringify({ id: 1, method, params }),
    })
    return ((await answer.json()) as { result: unknown }).result
  }
  expect(await ask('estimatesmartfee', [6])).toEqual({ feerate: 0.00004, blocks: 6 })
  await eventually(() => ask('getblockcount')).toBeGreaterThan(0)
  child.kill('SIGTERM')
  const [code] = (await once(child, 'exit')) as [number]
  expect([code, existsSync(cookieFile)]).toEqual([0, false])
})

test.each([
  [['--network', 'moon'], '--network must be one of main, testnet4, signet, regtest, not moon'],
  [['--fee-rate', 'high'], '--fee-rate must be an integer, 0 or more, not high'],
  [['--faults', '{'], '--faults must be JSON, not {'],
  [['--faults', '{"lose":1}'], '--faults knows no lose'],
  [['--nosuch'], "Unknown option '--nosuch'"],
])('%j is refused in one line', async (flags, said) => {
  const { code, stderr } = (await promisify(execFile)(process.execPath, [program, ...flags]).catch(
    fault => fault,
  )) as {
    code: number
    stderr: string
  }
  expect(code).toBe(2)
  expect(stderr).toContain(said)
  expect(stderr.trim().split('\n')).toHaveLength(1)
})
