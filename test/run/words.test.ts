/** What may be said after `./dev-utils.sh test`. */
import { expect, test } from 'vitest'
import { readWords } from './words.ts'

test.each([
  ['nothing', [], { rest: [] }],
  [
    'files and flags of vitest',
    ['test/orders.test.ts', '-t', 'Pix'],
    { rest: ['test/orders.test.ts', '-t', 'Pix'] },
  ],
  ['a line of a file', ['test/orders.test.ts:12'], { rest: ['test/orders.test.ts:12'] }],
  ['a title that ends like a file', ['-t', 'of a.test.ts'], { rest: ['-t', 'of a.test.ts'] }],
  ['a flag of vitest with a value', ['--bail=1'], { rest: ['--bail=1'] }],
  ['calm of all', ['--calm'], { rounds: 5, rest: [] }],
  ['calm of files', ['--calm', 'a', 'b'], { rounds: 5, rest: ['a', 'b'] }],
  ['calm, so often', ['a', '--times', '12', '--calm'], { rounds: 12, rest: ['a'] }],
  ['calm, so often, with =', ['--calm', '--times=2'], { rounds: 2, rest: [] }],
  ['near', ['--near'], { near: { base: undefined }, rest: [] }],
  ['near since a commit', ['--near', 'main~3'], { near: { base: 'main~3' }, rest: [] }],
  ['near since a commit, with =', ['--near=v1', '--bail=1'], { near: { base: 'v1' }, rest: ['--bail=1'] }],
  [
    'near, again and again',
    ['--near', '--calm', '--times', '3'],
    { rounds: 3, near: { base: undefined }, rest: [] },
  ],
] as const)('%s is understood', (_, words, asked) => expect(readWords(words)).toEqual(asked))

test('each test file that is not there is named, and no part of a name will do', () => {
  const words = [
    'test/orders.test.ts',
    'test/oders.test.ts',
    'orders.test.ts',
    'src/web/no.test.tsx:3',
    '--calm',
  ]
  expect(() => readWords(words)).toThrow(
    'no such test file: test/oders.test.ts, orders.test.ts, src/web/no.test.tsx:3',
  )
})

test.each([
  ['no number of times', ['--calm', '--times'], '--times ""'],
  ['no times at all', ['--calm', '--times', '0'], '--times "0"'],
  ['times that are none', ['--calm', '--times=often'], '--times "often"'],
  ['times without calm', ['--times', '3'], '--times is for --calm'],
  ['near with files', ['--near', 'HEAD', 'test/orders.test.ts'], '--near chooses the files itself'],
])('%s is refused with what would be right', (_, words, says) => {
  expect(() => readWords(words)).toThrow(says)
  expect(() => readWords(words)).toThrow('--near [BASE]')
})
