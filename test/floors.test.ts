/** Holds the floors: imports only go down, and what reaches past the world handed in lives in one file. */
import { expect, test } from 'vitest'
import { linesTooWide } from './structure.ts'
import {
  breaches,
  linesNamingRails,
  linesRefusingInWords,
  railsNamed,
  refusedInWords,
} from './testbed/floors.ts'
import { projectFiles } from './testbed/tree.ts'

test('imports only go down, never in a ring, and each primitive stays in its file', () => {
  const files = projectFiles(/\.tsx?$/)
  expect(files.map(file => file.path)).toContain('src/base/clock.ts')
  expect(breaches(files)).toEqual([])
})

// What is compiled lies elsewhere than its source, so an address relative to the file that writes it would
// lead astray.
test('base/place.ts alone knows where files are', () => {
  const byAddress = /import\.meta\.(?:dirname|filename|resolve)|new URL\([^)]*import\.meta/
  const files = projectFiles(/\.tsx?$/).filter(
    ({ path, text }) => /^src\/(?!.*\.test\.)/.test(path) && byAddress.test(text),
  )
  expect(files.map(({ path }) => path)).toEqual(['src/base/place.ts'])
})

// Which store is meant is handed in with the `Reader`, so no query names one.
test('db/inStore.ts alone names the store that a new database has', () => {
  const files = projectFiles(/\.tsx?$/).filter(
    ({ path, text }) => /^src\/(?!.*\.test\.)/.test(path) && text.includes('sto_default'),
  )
  expect(files.map(({ path }) => path)).toEqual(['src/db/inStore.ts'])
})

// A rail joins in one file, so the rest of the code asks for what it needs to know of a rail, and branches on
// no name.
test('no code names a rail outside rails/, its halves, the registry and the words', () => {
  expect(railsNamed(projectFiles(/\.tsx?$/))).toEqual(linesNamingRails)
})

test.each([
  ['a branch', 'src/shop/place.ts', `export const isPix = (rail: string) => rail === 'starkbank'`, 1],
  [
    'a condition in SQL',
    'src/shop/place.ts',
    "export const due = sql`select id from invoices\n where rail = 'bitcoin'`",
    1,
  ],
  ['a type', 'src/shop/order.ts', `export type Name =\n  | 'starkbank'\n  | 'bitcoin'`, 2],
  [
    'a comment',
    'src/shop/order.ts',
    `// 'bitcoin' is a rail\nexport const text = 'the bitcoin rail'`,
    undefined,
  ],
  ['a half', 'src/invoice/chain/request.ts', `export const rail = 'bitcoin'`, undefined],
  ['the registry', 'src/jobs/rails.ts', `export const rail = 'bitcoin'`, undefined],
  ['words', 'src/web/shop/words.ts', `export const rail = 'bitcoin'`, undefined],
  ['a unit test', 'src/shop/place.test.ts', `export const rail = 'bitcoin'`, undefined],
])('a rail named in %s is counted where it is not allowed', (_, path, text, lines) => {
  expect(railsNamed([{ path, text }])[path]).toBe(lines)
})

test('no line of src is wider than 110, but for those that are one sentence', () => {
  expect(linesTooWide(projectFiles(/\.tsx?$/))).toEqual([])
})

// An act that refuses in words speaks English on a Portuguese page, and of flags where there are none.
test('acts answer refusals as codes, and name no flag', () => {
  const allowed = Object.entries(linesRefusingInWords).map(([path, { lines }]) => [path, lines])
  expect(refusedInWords(projectFiles(/\.tsx?$/))).toEqual(Object.fromEntries(allowed))
})

test.each([
  ['a sentence', 'src/shop/order.ts', "throw new BadInput('no')\nrefuse({ is: 'no' })", 1],
  ['what somebody typed', 'src/shop/order.ts', "throw new BadAddress({ is: 'no' }, 'no')", 1],
  ['a flag in a template', 'src/shop/order.ts', 'export const why = `--name "${name}" is taken`', 1],
  ['a flag after words', 'src/shop/order.ts', `export const why = 'say it again with --force'`, 1],
  ['a comment', 'src/shop/order.ts', '// --name is a flag', undefined],
  ['the command line', 'src/cli/orders.ts', "throw new BadInput('--name is taken')", undefined],
])('%s is counted where an act may not refuse by it', (_, path, text, lines) => {
  expect(refusedInWords([{ path, text }])[path]).toBe(lines)
})

// The clock with its breaches allowed stands among the made-up files, so that an exemption that is lost shows
// too.
test.each([
  ['a room above', 'src/db/db.ts', `import { pay } from '../payout/payout.ts'`, 'db may import only base'],
  [
    'a neighbour',
    'src/invoice/invoice.ts',
    `import { pay } from '../payout/payout.ts'`,
    'and imports src/payout/payout.ts',
  ],
  [
    'a type of a neighbour',
    'src/payout/payout.ts',
    `import type { Draft } from '../invoice/invoice.ts'`,
    'and imports src/invoice/invoice.ts',
  ],
  [
    'a dynamic import',
    'src/ledger/ledger.ts',
    `export const web = () => import('../web/web.ts')`,
    'ledger may import only base, db',
  ],
  ['a re-export', 'src/base/all.ts', `export * from '../db/db.ts'`, 'base may import only itself'],
  [
    'an imported type',
    'src/base/all.ts',
    `export type S = import('../db/db.ts').Db`,
    'base may import only itself',
  ],
  [
    'a rail with a database',
    'src/rails/starkbank/bank.ts',
    `import '../../db/db.ts'`,
    'rails may import only base',
  ],
  [
    'a rail with a neighbour',
    'src/rails/bitcoin/node.ts',
    `import '../starkbank/bank.ts'`,
    'a rail sees only base, rail.ts and chain.ts',
  ],
  [
    'a room nobody gave a floor',
    'src/attic/attic.ts',
    `import '../base/money.ts'`,
    'attic is no room of src',
  ],
  [
    'the simulator in the product',
    'src/main.ts',
    `import '../sim/bank.ts'`,
    'src never imports what is beside it',
  ],
  [
    'the product in the demonstration',
    'sim/demoWorker.ts',
    `import '../src/payout/payout.ts'`,
    'sim may import only src/base',
  ],
  [
    'the product in the simulator',
    'sim/bank.ts',
    `import '../src/rails/rail.ts'`,
    'sim may import only src/base',
  ],
  [
    'a database outside its room',
    'src/web/web.ts',
    `import Database from 'better-sqlite3'`,
    'the package better-sqlite3 belongs to src/db/',
  ],
  [
    'a key ring outside the rail',
    'src/chain/chain.ts',
    `import { Psbt } from 'bitcoinjs-lib'`,
    'the package bitcoinjs-lib belongs to src/rails/bitcoin/',
  ],
  [
    'a rate that asks a rail',
    'src/rates/rates.ts',
    `import '../rails/chain.ts'`,
    'rates may import only base, db',
  ],
  [
    'the present time',
    'src/jobs/jobs.ts',
    `export const now = Date.now()`,
    'Date.now belongs to src/base/clock.ts',
  ],
  [
    'the present time unsaid',
    'src/jobs/jobs.ts',
    `export const now = new Date()`,
    'new Date() belongs to src/base/clock.ts',
  ],
  [
    'the present time as text',
    'src/jobs/jobs.ts',
    `export const now = Date(0)`,
    'new Date() belongs to src/base/clock.ts',
  ],
  [
    'a timer called',
    'src/web/web.ts',
    `set${''}Timeout(() => {}, 1)`,
    'setTimeout belongs to src/base/clock.ts',
  ],
  [
    'a timer handed on',
    'src/web/web.ts',
    `export const wait = { timer: globalThis.setInterval }`,
    'setInterval belongs to src/base/clock.ts',
  ],
  [
    'a timer as a promise',
    'src/web/web.ts',
    `import { scheduler } from 'node:timers/promises'`,
    'node:timers/promises belongs to no file',
  ],
  [
    'an immediate',
    'src/webhooks/settle.ts',
    `setImmediate(() => {})`,
    'setImmediate belongs to src/webhooks/inbox.ts, src/base/clock.ts',
  ],
  [
    'chance',
    'src/invoice/invoice.ts',
    `export const dice = Math['random']`,
    'Math.random belongs to src/base/clock.ts',
  ],
  [
    'the environment',
    'src/base/config.ts',
    `export const { LISTEN } = globalThis.process.env`,
    'process.env belongs to src/main.ts',
  ],
  [
    'a float of money',
    'src/web/web.ts',
    `export const price = (units: bigint) => (Number(units) / 100).toFixed(2)`,
    'toFixed belongs to src/base/money.ts',
  ],
])('the floors see %s', (_, path, text, why) => {
  const found = breaches([
    { path: 'src/base/clock.ts', text: `export const now = Date.now; set${''}Timeout(now, 0)` },
    { path, text },
  ])
  expect(found).toEqual([expect.stringContaining(why)])
  expect(found[0]).toMatch(`${path}: `)
})

test('the floors see a ring of imports, and one of types', () => {
  const ring = (last: string) =>
    breaches([
      { path: 'src/jobs/one.ts', text: `import { two } from './two.ts'` },
      { path: 'src/jobs/two.ts', text: `import './three.ts'` },
      { path: 'src/jobs/three.ts', text: last },
    ])
  const seen = [
    'src/jobs/one.ts: imports go in a ring: src/jobs/one.ts -> src/jobs/two.ts -> src/jobs/three.ts -> src/jobs/one.ts',
  ]
  expect(ring(`import { one } from './one.ts'`)).toEqual(seen)
  expect(ring(`import type { One } from './one.ts'`)).toEqual(seen)
  expect(ring(`export const one = 1`)).toEqual([])
})

test.each([
  [
    'down',
    'src/payout/payout.ts',
    `import { newId } from '../base/id.ts'\nimport type { Rail } from '../rails/rail.ts'`,
  ],
  [
    'within a rail',
    'src/rails/starkbank/bank.ts',
    `import 'starkbank'\nimport './wire.ts'\nimport '../rail.ts'`,
  ],
  [
    'within a rail of a chain',
    'src/rails/bitcoin/bitcoin.ts',
    `import '@scure/btc-signer'\nimport type { Tx } from '../chain.ts'`,
  ],
  ['to the rates', 'src/chain/chain.ts', `import { goodRate } from '../rates/rates.ts'`],
  ['from the builder', 'src/main.ts', `import './web/web.ts'\nexport const env = process.env`],
  [
    'in a unit test',
    'src/db/db.test.ts',
    `import '../../test/testbed/postgres.ts'\nset${''}Timeout(() => {}, Date.now())`,
  ],
  [
    'in words',
    'src/jobs/jobs.ts',
    `// Date.now() is not called here\nexport const text = 'Math.random'\nexport const day = new Date(0)`,
  ],
])('the floors let pass what goes %s', (_, path, text) => {
  expect(breaches([{ path, text }])).toEqual([])
})
