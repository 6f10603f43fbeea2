/**
 * The storm's clock: it runs with the processes it waits for, stands while the machine starves one, and goes
 * on while one is stopped.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { readClockFile } from '../../src/base/clockFile.ts'
import { readConfig } from '../../src/base/config.ts'
import { keepClock, progress, type KeptClock } from './clock.ts'

describe('the progress of one look', () => {
  test.each([
    ['nobody waited', 5, [], 5],
    ['a worker waited for a part of it', 5, [0, 2], 3],
    ['a worker waited for all of it', 5, [5], 0],
    ['the counts of two looks fell into one', 5, [9], 0],
    ['this process was late itself', 400, [], 10],
    ['both', 400, [395], 5],
  ])('%s', (_, passedMs, starvedMs, ran) => expect(progress(passedMs, starvedMs)).toBe(ran))
})

/** It stands still while this process or a child of it is starved, however long that is. */
const patience = { timeout: 240_000 }

describe('a kept clock', () => {
  const since = Date.parse('2026-11-21T03:00:00Z')
  let folder: string
  let kept: KeptClock
  let children: ChildProcess[]
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'repasse-clock-'))
    kept = keepClock(join(folder, 'clock'), 20, since)
    children = []
  })
  afterEach(() => {
    for (const child of children) child.kill('SIGKILL')
    kept.stop()
    rmSync(folder, { recursive: true })
  })
  const ran = () => kept.clock.uptimeMs!()
  const busy = (...command: string[]) => {
    const words = [...command, process.execPath, '-e', 'for(;;);']
    const child = spawn(words[0]!, words.slice(1), { stdio: 'ignore' })
    children.push(child)
    return child.pid!
  }

  test('begins when it is told to, never goes back, and is the same for whoever reads its file', async () => {
    const [, speed, file] = /^(\d+)x as in (.+)$/.exec(kept.setting)!
    expect(readConfig({ CLOCK: kept.setting }).CLOCK).toEqual({ speed: Number(speed), file })
    const read = readClockFile(file!)
    let last = read().nowMs
    expect(last).toBeGreaterThanOrEqual(since)
    await vi.waitUntil(() => {
      const now = read().nowMs
      expect(now).toBeGreaterThanOrEqual(last)
      last = now
      return now > since + 2_000
    }, patience)
    kept.skip(3_600_000)
    expect(read().nowMs - read().uptimeMs).toBe(since + 3_600_000)
  })

  test('goes on while a process is stopped: that is the program’s to bear', async () => {
    const pid = busy()
    kept.waitFor(pid)
    process.kill(pid, 'SIGSTOP')
    const before = ran()
    await vi.waitUntil(() => ran() > before + 2_000, patience)
  })

  test('goes on when a process that it waited for is gone', async () => {
    const pid = busy()
    kept.waitFor(pid)
    process.kill(pid, 'SIGKILL')
    const before = ran()
    await vi.waitUntil(() => ran() > before + 2_000, patience)
  })

  test.skipIf(!existsSync('/proc/self/schedstat') || spawnSync('taskset', ['-V']).status !== 0)(
    'stands still while a process has to wait for its processor',
    async () => {
      // Two that want one processor: each waits for half of the time, however idle the rest of the machine
      // is.
      const pid = busy('taskset', '-c', '0')
      busy('taskset', '-c', '0')
      kept.waitFor(pid)
      await vi.waitUntil(() => kept.stoodMs() > 300, patience)
    },
  )
})
