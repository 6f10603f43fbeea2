/**
 * What a change reaches: through imports, through programs and files that are named, nearest first, and no
 * more than two minutes of it.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { projectFiles } from '../testbed/tree.ts'
import { dependants, reach, touchesAll } from './graph.ts'
import { findNear, fit } from './near.ts'

const files = {
  'src/base/money.ts': `export const one = 1`,
  'src/shop/price.ts': `import { one } from '../base/money.ts'\nexport const price = one`,
  'src/shop/price.test.ts': `import { price } from './price.ts'`,
  'src/web/page.tsx': `import type { Price } from '../shop/price.ts'\nconst later = () => import('./late.ts')`,
  'src/web/late.ts': `export {}`,
  'src/web/page.test.tsx': `import './page.tsx'`,
  'sim/main.ts': `import './bank.ts'`,
  'sim/bank.ts': ``,
  'test/sim.test.ts': `spawn('node', [join(root, 'sim/main.ts')])`,
  'test/testbed/server.ts': `const program = join(import.meta.dirname, 'get-server.sh')`,
  'test/testbed/get-server.sh': `#!/bin/sh`,
  'test/server.test.ts': `import { server } from './testbed/server.ts'`,
  'test/nginx.test.ts': ``,
  'src/base/config.test.ts': ``,
  'test/store.test.ts': ``,
  'test/floors.test.ts': ``,
  'test/tidy.test.ts': ``,
}
const texts = (more: Record<string, string> = {}) =>
  Object.entries({ ...files, ...more }).map(([path, text]) => ({ path, text }))
const reached = (...changed: string[]) => reach(changed, dependants(texts()), path => path in files)

test.each([
  ['a test itself', 'test/nginx.test.ts', ['test/nginx.test.ts']],
  ['a file far below', 'src/base/money.ts', ['src/shop/price.test.ts', 'src/web/page.test.tsx']],
  ['a file that is imported late', 'src/web/late.ts', ['src/web/page.test.tsx']],
  ['a program that is started by its name', 'sim/bank.ts', ['test/sim.test.ts']],
  ['a script beside a fixture', 'test/testbed/get-server.sh', ['test/server.test.ts']],
  ['what a server is set up by', 'nginx/repasse/tls.conf', ['test/nginx.test.ts']],
  ['a migration', 'migrations/0007-more.sql', ['test/store.test.ts']],
  ['the example of settings', '.env.example', ['src/base/config.test.ts']],
  ['words for people', 'docs/tour.md', []],
])('%s reaches its tests', (_, changed, tests) => expect(reached(changed)).toEqual(tests))

test('the runner, the compiler and the packages touch everything', () => {
  const all = ['vitest.config.ts', 'tsconfig.json', 'package.json', 'package-lock.json', '.npmrc']
  expect(all.filter(path => !touchesAll(path))).toEqual([])
  expect(
    ['src/package.json', '.env.example', 'test/budget.json', 'src/vitest.config.ts'].filter(touchesAll),
  ).toEqual([])
})

test('the nearest come first, a test that was changed before all', () => {
  expect(reached('src/shop/price.ts', 'test/server.test.ts')).toEqual([
    'test/server.test.ts',
    'src/shop/price.test.ts',
    'src/web/page.test.tsx',
  ])
})

test('the graph of this project leads from money to its test at once, and from the bank that is simulated to stories', () => {
  const by = dependants(projectFiles(/\.tsx?$/))
  const of = (path: string) => reach([path], by, () => true)
  expect(of('src/base/money.ts')[0]).toMatch(/^src\/base\//)
  expect(of('src/base/money.ts')).toContain('test/orders.test.ts')
  expect(of('sim/bank.ts')).toEqual(
    expect.arrayContaining(['sim/bank.test.ts', 'test/story-shopper.test.ts']),
  )
})

describe('two minutes', () => {
  test('hold what fits, two at a time, and leave the rest with how long it would take', () => {
    const budget = { a: { seconds: 100 }, b: { seconds: 100 }, c: { seconds: 100 }, d: { seconds: 40 } }
    expect(fit(['a', 'b', 'c', 'd'], budget)).toEqual({
      taken: ['a', 'b', 'd'],
      left: ['c'],
      leftSeconds: 50,
    })
  })

  test('hold the nearest, however long it is, and nothing that takes longer than they are', () => {
    expect(fit(['a', 'b'], { a: { seconds: 300 }, b: { seconds: 1 } })).toEqual({
      taken: ['a'],
      left: ['b'],
      leftSeconds: 0.5,
    })
    expect(fit(['b', 'a'], { a: { seconds: 130 }, b: { seconds: 1 } })).toEqual({
      taken: ['b'],
      left: ['a'],
      leftSeconds: 65,
    })
  })

  test('hold files without a budget, which are short for all we know', () => {
    expect(fit(['a', 'b'], {})).toEqual({ taken: ['a', 'b'], left: [], leftSeconds: 0 })
  })
})

describe('in a repository', () => {
  const root = mkdtempSync(join(tmpdir(), 'repasse-near-'))
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@localhost', ...args], {
      cwd: root,
      encoding: 'utf8',
    })
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  beforeAll(() => {
    git('init', '--quiet', '--initial-branch=main')
    for (const { path, text } of texts()) write(path, text)
    git('add', '--all')
    git('commit', '--quiet', '--message=one')
  })
  afterAll(() => rmSync(root, { recursive: true, force: true }))
  const always = ['test/floors.test.ts', 'test/tidy.test.ts']

  test('nothing changed and no commit before: refused, with what to do', () => {
    expect(() => findNear(undefined, root)).toThrow(
      /no commit before the last one here: name a BASE.*or run everything with/,
    )
    expect(findNear('HEAD', root)).toMatchObject({
      base: 'HEAD',
      changed: [],
      files: always,
      left: [],
      isLastCommit: false,
    })
  })

  test('what is not committed counts, and so do what is new, what is gone, and both names of what moved', () => {
    write('test/new.test.ts', '')
    renameSync(join(root, 'src/web/late.ts'), join(root, 'src/web/later.ts'))
    const { changed, files: chosen } = findNear(undefined, root)
    expect(changed).toEqual(['src/web/late.ts', 'src/web/later.ts', 'test/new.test.ts'])
    expect(chosen).toEqual(['test/new.test.ts', 'src/web/page.test.tsx', ...always])
  })

  test('what was committed counts since the commit that is named, else since the branch left the shared one', () => {
    const rest = ['src/web/page.test.tsx', ...always]
    git('add', '--all')
    git('commit', '--quiet', '--message=two')
    expect(findNear(undefined, root)).toMatchObject({
      base: 'HEAD~1',
      isLastCommit: true,
      files: ['test/new.test.ts', ...rest],
    })
    git('update-ref', 'refs/remotes/origin/main', 'HEAD')
    expect(findNear(undefined, root)).toMatchObject({
      base: 'HEAD~1',
      isLastCommit: true,
      files: ['test/new.test.ts', ...rest],
    })
    expect(findNear('HEAD~1', root).changed).toContain('test/new.test.ts')
    git('update-ref', 'refs/remotes/origin/main', 'HEAD~1')
    const { changed, isLastCommit } = findNear(undefined, root)
    expect(changed).toContain('test/new.test.ts')
    expect(isLastCommit).toBe(false)
    expect(() => findNear('nowhere', root)).toThrow('--near nowhere: git knows no such commit')
  })

  test('the budget decides what is left for later', () => {
    write('test/budget.json', '{"src/web/page.test.tsx": {"seconds": 900}}')
    write('src/shop/price.ts', files['src/shop/price.ts'] + '\n')
    expect(findNear('HEAD', root)).toMatchObject({
      files: ['src/shop/price.test.ts', ...always],
      left: ['src/web/page.test.tsx'],
      leftSeconds: 450,
      touchAll: [],
    })
  })

  test('the packages touch everything: the nearest, then what is cheapest, and it says that this is a sample', () => {
    write('package.json', '{}')
    const found = findNear('HEAD', root)
    expect(found.touchAll).toEqual(['package.json'])
    expect(found.files[0]).toBe('src/shop/price.test.ts')
    expect(found.left).toEqual(['src/web/page.test.tsx'])
    expect([...found.files, ...found.left].toSorted()).toEqual(
      projectFiles(/\.test\.tsx?$/, root)
        .map(({ path }) => path)
        .toSorted(),
    )
  })

  test('an empty last commit is refused as well', () => {
    git('add', '--all')
    git('commit', '--quiet', '--message=three')
    git('commit', '--quiet', '--allow-empty', '--message=four')
    git('update-ref', '-d', 'refs/remotes/origin/main')
    expect(() => findNear(undefined, root)).toThrow('nothing in the last commit either')
  })
})
