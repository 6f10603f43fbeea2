/**
 * A run leaves nothing behind: processes that bear its id are ended, what others own stays, and old folders
 * go.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { endLeftovers, endOrphans, removeOldFolders } from './leftovers.ts'
import { isRunAlive, ofRuns, ownId } from './processes.ts'

const children: ChildProcess[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

/** A process that would go on for ever; `deaf` to being asked to end. */
async function start(run: string, deaf = false): Promise<ChildProcess> {
  const program = `${deaf ? `process.on('SIGTERM', () => {})\n` : ''}console.log('here')\nsetInterval(() => {}, 1_000)`
  const child = spawn(process.execPath, ['-e', program], {
    env: { ...process.env, REPASSE_TEST_RUN: run },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  children.push(child)
  await once(child.stdout, 'data')
  return child
}
const endOf = (child: ChildProcess) => once(child, 'exit').then(([, signal]) => signal as string)

describe.skipIf(process.platform !== 'linux')('processes', () => {
  test('of a run are named and ended by their own pid, also one that will not, and one of a run within', async () => {
    const id = `test-${process.pid}-a`
    const [one, deaf, within] = [await start(id), await start(id, true), await start(`${id}.1234`)]
    const [other, ends] = [await start(`${id}b`), Promise.all([one, deaf, within].map(endOf))]
    const said = await endLeftovers(id, { graceMs: 50 })
    expect(said).toHaveLength(3)
    for (const { pid } of [one, deaf, within])
      expect(said).toContainEqual(expect.stringMatching(new RegExp(`^${pid} .*-e `)))
    expect(await ends).toEqual(['SIGTERM', 'SIGKILL', 'SIGTERM'])
    expect(other.exitCode).toBeNull()
    expect(ofRuns().some(({ pid }) => pid === other.pid)).toBe(true)
  })

  test('that end by themselves in time are nobody’s fault', async () => {
    const id = `test-${process.pid}-c`
    const child = await start(id)
    const ended = endLeftovers(id, { graceMs: 20_000 })
    child.kill()
    expect(await ended).toEqual([])
  })

  test('of a run whose own process is dead are ended by the next; those of a living one, or of who knows which, stay', async () => {
    expect(isRunAlive(ownId())).toBe(true)
    expect(isRunAlive(`${ownId()}.1234`)).toBe(true)
    expect(isRunAlive('4026531836-1-x-elsewhere')).not.toBe(true)
    expect(isRunAlive('elsewhere-1-2')).toBeUndefined()
    const dead = ownId().replace(/-\d+$/, '-1')
    expect(isRunAlive(dead)).toBe(false)
    const [orphan, living, unknown] = [
      await start(dead),
      await start(ownId()),
      await start(`test-${process.pid}-d`),
    ]
    const end = endOf(orphan)
    expect((await endOrphans()).filter(line => line.startsWith(`${orphan.pid} `))).toHaveLength(1)
    expect(await end).toBe('SIGTERM')
    expect([living.exitCode, unknown.exitCode, living.signalCode, unknown.signalCode]).toEqual([
      null,
      null,
      null,
      null,
    ])
  })
})

test('folders of tests that nobody wrote in for a day are removed, and others stay', () => {
  const root = mkdtempSync(join(tmpdir(), 'repasse-old-'))
  const make = (name: string, ageHours: number, inside = ageHours) => {
    mkdirSync(join(root, name))
    writeFileSync(join(root, name, 'file'), '')
    const at = (hours: number) => new Date(Date.now() - hours * 3_600_000)
    utimesSync(join(root, name, 'file'), at(inside), at(inside))
    utimesSync(join(root, name), at(ageHours), at(ageHours))
  }
  make('repasse-old', 25)
  make('repasse-young', 23)
  make('repasse-at-work', 25, 1)
  make('another-old', 25)
  try {
    expect(removeOldFolders(root)).toEqual(['repasse-old'])
    expect(
      ['repasse-old', 'repasse-young', 'repasse-at-work', 'another-old'].map(name =>
        existsSync(join(root, name)),
      ),
    ).toEqual([false, true, true, true])
  } finally {
    rmSync(root, { recursive: true })
  }
})
