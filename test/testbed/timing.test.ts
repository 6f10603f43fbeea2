/** What the tables of a run say, and when a file is over its budget. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { compare, readBudget, writeBudget } from './budget.ts'
import { longestFirst } from './longestFirst.ts'
import { parseStat, processorSeconds, sumOfTree } from './processor.ts'
import { takeStarts, timed } from './starts.ts'
import { fileTable, report, startTable } from './timing.ts'

test('a process is read whatever its name is', () => {
  const line = '4711 (a) b (c) S 42 4711 4711 0 -1 4194560 1 2 3 4 150 25 1000 325 20 0 1 0 99 0 0'
  expect(parseStat(line)).toEqual({ parent: 42, seconds: 15 })
})

test('the sum has every descendant once and nobody else', () => {
  const times = new Map([
    [1, { parent: 0, seconds: 100 }],
    [10, { parent: 1, seconds: 1 }],
    [11, { parent: 10, seconds: 2 }],
    [12, { parent: 11, seconds: 4 }],
    [20, { parent: 1, seconds: 50 }],
  ])
  expect(sumOfTree(10, times)).toBe(7)
  expect(sumOfTree(99, times)).toBe(0)
})

const busy =
  'let n = 0; while (process.cpuUsage().user < 3e5) for (let i = 0; i < 1e6; i++) n += i; console.log(n); process.stdin.read()'

test.skipIf(processorSeconds() === undefined)(
  'what a child computes counts while it runs and after it ended',
  async () => {
    const before = processorSeconds()!
    const child = spawn(process.execPath, ['-e', busy])
    await once(child.stdout, 'data')
    expect(processorSeconds()! - before).toBeGreaterThan(0.25)
    child.stdin.end()
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(processorSeconds()! - before).toBeGreaterThan(0.25)
  },
)

test('the dearest file comes first, and the sum has those not shown', () => {
  const files = [
    { path: 'a.test.ts', seconds: 9, cpu: 1, expects: 4 },
    { path: 'b.test.ts', seconds: 2, cpu: 3.25, expects: 1_200 },
    { path: 'c.test.ts', seconds: 1, cpu: 0.5, expects: 0 },
  ]
  expect(fileTable(files, 2)).toEqual([
    ' seconds     cpu  expects  file',
    '     2.0     3.3     1200  b.test.ts',
    '     9.0     1.0        4  a.test.ts',
    '    12.0     4.8     1204  all 3 files',
  ])
})

test('without /proc the table has seconds alone', () => {
  const files = [
    { path: 'a.test.ts', seconds: 1, expects: 1 },
    { path: 'b.test.ts', seconds: 2, expects: 1 },
  ]
  expect(fileTable(files)).toEqual([
    ' seconds     cpu  expects  file',
    '     2.0       -        1  b.test.ts',
    '     1.0       -        1  a.test.ts',
    '     3.0       -        2  all 2 files',
  ])
})

test('the report names the slowest tests and the servers', () => {
  const tests = [
    { path: 'a.test.ts', title: 'quick', seconds: 0.1 },
    { path: 'a.test.ts', title: 'slow', seconds: 3 },
  ]
  const starts = [
    { name: 'postgres', seconds: 1 },
    { name: 'bitcoind', seconds: 5 },
    { name: 'postgres', seconds: 2 },
  ]
  const said = report({
    files: [{ path: 'a.test.ts', seconds: 4, cpu: 2, expects: 3 }],
    tests,
    starts,
    whole: { seconds: 5, cpu: 3, machine: 4 },
  })
  expect(said.filter(line => /slow$|quick$| x |whole/.test(line))).toEqual([
    '     5.0     3.0  the whole run',
    '       -     4.0  the whole machine meanwhile',
    '     3.0       -  a.test.ts: slow',
    '     0.1       -  a.test.ts: quick',
    '     5.0       -  1 x bitcoind',
    '     3.0       -  2 x postgres',
  ])
  expect(startTable([])).toEqual([])
})

test('a start is noted once, also one that failed', async () => {
  const others = takeStarts()
  expect(await timed('good', async () => 7)).toBe(7)
  await expect(timed('bad', () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(takeStarts().map(({ name }) => name)).toEqual(['good', 'bad'])
  expect(takeStarts()).toEqual([])
  expect(others).toEqual([])
})

test('a file is over budget past half as much again and two seconds', () => {
  const budget = { 'a.test.ts': { seconds: 10, cpu: 4 }, 'b.test.ts': { seconds: 1 } }
  const judge = (path: string, seconds: number, cpu?: number) =>
    compare([{ path, seconds, ...(cpu !== undefined && { cpu }) }], budget)
  expect(judge('a.test.ts', 17, 8)).toEqual([])
  expect(judge('a.test.ts', 17.1, 8)).toEqual(['Over budget: a.test.ts took 17.1 s instead of 10'])
  expect(judge('a.test.ts', 20, 9)).toEqual([
    'Over budget: a.test.ts took 20.0 s instead of 10 and 9.0 s of processor instead of 4',
  ])
  expect(judge('b.test.ts', 3.5, 99)).toEqual([])
  expect(judge('new.test.ts', 99)).toEqual([])
})

test('a budget is written in the order of paths, rounded, and read again', () => {
  const text = writeBudget({ 'b.test.ts': { seconds: 1.26, cpu: 0.04 }, 'a.test.ts': { seconds: 2 } })
  expect(text).toBe('{\n  "a.test.ts": { "seconds": 2 },\n  "b.test.ts": { "seconds": 1.3, "cpu": 0 }\n}\n')
  expect(readBudget(text)).toEqual({ 'a.test.ts': { seconds: 2 }, 'b.test.ts': { seconds: 1.3, cpu: 0 } })
})

test('the longest file is run first, and before it what no budget knows', () => {
  const budget = { 'a.test.ts': { seconds: 1 }, 'b.test.ts': { seconds: 9 }, 'c.test.ts': { seconds: 1 } }
  expect(longestFirst(['a.test.ts', 'c.test.ts', 'new.test.ts', 'b.test.ts'], budget)).toEqual([
    'new.test.ts',
    'b.test.ts',
    'a.test.ts',
    'c.test.ts',
  ])
})
