/**
 * Holds the tree tidy: what a reader should never meet fails, what deserves a second look is only printed.
 */
import { expect, test } from 'vitest'
import { faults, marks, unusedWords } from './testbed/tidy.ts'
import { projectFiles } from './testbed/tree.ts'

// Vectors are others' bytes, kept as they came.
const files = projectFiles(
  /\.(?:tsx?|js|mjs|sh|sql|md|json|jsonc|ya?ml|conf|html|css|svg|example)$|^(?:repasse|run|LICENSE|Dockerfile|\.\w+)$/,
).filter(file => !file.path.includes('/vectors/'))

test('nothing in the tree is what a reader should never meet', () => {
  expect(files.map(file => file.path)).toEqual(
    expect.arrayContaining(['dev-utils.sh', 'bin/repasse', 'package-lock.json', 'src/base/money.ts']),
  )
  expect(faults(files)).toEqual([])
  for (const mark of marks(files)) console.warn(`tidy: ${mark}`)
})

test('every word of the pages’ dictionaries is said', () => {
  expect(unusedWords(files)).toEqual([])
  const text = "const pt = {\n  said: 'x',\n  left: 'y',\n}\n"
  const page = { path: 'src/web/a/page.tsx', text: 'say.said' }
  expect(unusedWords([{ path: 'src/web/a/words.ts', text }, page])).toEqual([
    'src/web/a/words.ts: nothing says left',
  ])
})

const sentence = '/** A sentence. */\n'
test.each([
  ['blanks at the end of a line', 'docs/tour.md', 'one \ntwo\n', 'docs/tour.md:1: ends a line with blanks'],
  [
    'work left as a note',
    'src/web/web.ts',
    `${sentence}// TO${''}DO later\n`,
    'src/web/web.ts:2: leaves work as a note',
  ],
  [
    'a lonely test',
    'src/web/web.test.ts',
    `${sentence}test.each([1]).only('a', () => {})\ndescribe.on${''}ly('b')\n`,
    'web.test.ts:3: runs one test',
  ],
  [
    'a test that never runs',
    'src/web/web.test.ts',
    `${sentence}test.sk${''}ip('a', () => {})\n`,
    'holds a test that never runs',
  ],
  [
    'a sleep',
    'test/web.test.ts',
    `${sentence}await sle${''}ep(50)\n`,
    'test/web.test.ts:2: waits for a time',
  ],
  [
    'a sleep of a clock',
    'src/web/web.test.tsx',
    `${sentence}await world.clock.sle${''}ep(6_000)\n`,
    'waits for a time',
  ],
  [
    'a timer',
    'test/testbed/testInstallation.ts',
    `${sentence}await new Promise(done => set${''}Timeout(done, 100))\n`,
    'waits for a time',
  ],
  [
    'a timer by another name',
    'sim/bank.test.ts',
    `${sentence}import { set${''}Timeout as rest } from 'node:timers/promises'\n`,
    'waits for a time',
  ],
  [
    'a browser that waits',
    'test/web.test.ts',
    `${sentence}await page.waitFor${''}Timeout(10)\n`,
    'waits for a time',
  ],
  [
    'a poll without patience',
    'test/web.test.ts',
    `${sentence}await expect.po${''}ll(seen).toBe(1)\n`,
    'gives up after a second',
  ],
  [
    'a condition without patience',
    'src/web/web.test.ts',
    `${sentence}await vi.waitUn${''}til(() => seen)\n`,
    'gives up after a second',
  ],
  [
    'a folder of one machine',
    'docs/tour.md',
    `see /wor${''}k/main\n`,
    'names a folder of somebody’s machine',
  ],
  ['a registry', '.npmrc', `registry=https://regis${''}try.example.com/\n`, 'names a package registry'],
  ['a pinned download', 'package-lock.json', `{ "resol${''}ved": "" }\n`, 'pins packages to one registry'],
  [
    'a file that does not say what it is',
    'sim/bank.ts',
    `import './money.ts'\n`,
    'sim/bank.ts:1: does not begin with a sentence',
  ],
  ['a name that says nothing', 'src/web/string-utils.ts', sentence, 'the name does not say what is inside'],
  ['a word of before', 'docs/tour.md', 'it is asked an' + 'ew\n', 'has a word that the glossary'],
  [
    'a class that says nothing',
    'src/web/web.ts',
    `${sentence}class PayoutMan${''}ager {}\n`,
    'has a class whose name says nothing',
  ],
])('tidy sees %s', (_, path, text, why) => {
  expect(faults([{ path, text }])).toEqual([expect.stringContaining(why)])
})

test.each([
  ['a program with its first line', 'sim/bank.ts', `#!/usr/bin/env node\n${sentence}`],
  [
    'a test that skips for a reason',
    'src/web/web.test.ts',
    `${sentence}describe.skipIf(!postgresAvailable())('a', () => {})\n`,
  ],
  [
    'a clock for a test, and a pause that says why',
    'src/web/web.test.ts',
    `${sentence}const clock = { sleep: () => Promise.resolve() }\nawait systemClock.sle${''}ep(ms, signal)\nawait pause(5, 'a slow client')\n`,
  ],
  [
    'a name of before that is kept in files and settings',
    'docs/tour.md',
    "0001-house.sql, TRANSFER_FEE_BY='house'\n",
  ],
  ['a program that sleeps', 'sim/bank.ts', `${sentence}await systemClock.sle${''}ep(500)\n`],
  ['an address', 'docs/tour.md', `https://example.com/ro${''}ot/x and ../wor${''}k/x\n`],
])('tidy lets pass %s', (_, path, text) => {
  expect(faults([{ path, text }])).toEqual([])
})

test('long files and rooms without a file of their name are marked, not refused', () => {
  const found = marks([
    { path: 'src/payout/payout.ts', text: 'x\n'.repeat(401) },
    { path: 'src/jobs/ticker.ts', text: '' },
    { path: 'src/rails/rail.ts', text: '' },
  ])
  expect(found).toEqual([
    'src/payout/payout.ts is longer than 400 lines',
    'src/jobs has no file that bears its name',
  ])
})
