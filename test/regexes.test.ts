/**
 * No regular expression of the program takes long over anything: each is given 16 kB of what it is made of,
 * and of what texts from outside are made of, and may use 50 ms of processor. One that backtracks over a run
 * of characters takes several times that.
 */
import { expect, test } from 'vitest'
import { projectFiles } from './testbed/tree.ts'

/** What grows faster than any power shows in the shortest, and is not given the others. */
const sizes = [26, 200, 2_000, 16 * 1_024]
const maxMs = 50

// Where an expression may begin in TypeScript; what is found so and is none does not compile, or is harmless.
const literal =
  /(?<=(?:[(,=:[!&|?{};>]|return|=>|\n)\s*)\/(?![*/])((?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+)\/([dgimsuvy]*)/g

interface Found {
  path: string
  expression: RegExp
}

function expressionsOf(path: string, text: string): Found[] {
  return [...text.matchAll(literal)].flatMap(([, source, flags]) => {
    try {
      return [{ path, expression: new RegExp(source!, flags) }]
    } catch {
      return []
    }
  })
}

/** Runs of each character it names, alone and in pairs, with an end that it does not expect. */
function worstFor({ source }: RegExp, bytes: number): string[] {
  const named = source.replaceAll(
    /\\[pP]\{[^}]*\}|\\u\{?[0-9a-f]+\}?|\\x[0-9a-f]{2}|\\[a-zA-Z]|\{\d+,?\d*\}/gi,
    '',
  )
  const characters = [...new Set([...' \na0.-', ...named.replaceAll('\\', '')])]
  const literals = source.split(/[^A-Za-z0-9 @:;,=#<>"'-]+/).filter(part => part.length > 1)
  const alone = characters.map(character => character.repeat(bytes))
  // Pairs of what stands beside each other in it, as a letter and a point do in a host's name.
  const pairs = characters.slice(0, -1).map((first, at) => (first + characters[at + 1]!).repeat(bytes / 2))
  return [...alone, ...pairs, ...literals.map(part => part.repeat(Math.ceil(bytes / part.length)))].map(
    text => `${text}\u0001`,
  )
}

/** Of processor, for all of them together: what is linear takes some milliseconds. */
function spentMs({ expression }: Found): number {
  const before = process.cpuUsage()
  const spent = () => process.cpuUsage(before).user / 1_000
  for (const text of sizes.flatMap(bytes => worstFor(expression, bytes))) {
    // As a replacement does it: from every place.
    if (expression.global) text.replace(expression, '')
    else expression.test(text)
    expression.lastIndex = 0
    if (spent() > maxMs) break
  }
  return spent()
}

const slow = (all: readonly Found[]) =>
  // What took long is tried again: a collection of garbage may have come between.
  all
    .filter(each => [1, 2, 3, 4].every(() => spentMs(each) > maxMs))
    .map(({ path, expression }) => `${path}: ${expression.source}`)

test('16 kB of the worst kind take no expression of src 50 ms [security A1]', () => {
  const all = projectFiles(/\.tsx?$/)
    .filter(({ path }) => path.startsWith('src/') && !/\.test\.tsx?$|\.d\.ts$/.test(path))
    .flatMap(({ path, text }) => expressionsOf(path, text))
  expect(all.length).toBeGreaterThan(250)
  expect(slow(all)).toEqual([])
})

test.each([
  ['a run at the end', '/-+$/'],
  ['blanks around line ends', String.raw`/\s*[\r\n]+\s*/g`],
  ['an address in a text', String.raw`/[^\s@]+@[^\s@]+/g`],
  ['an agent that is nothing but blanks', String.raw`/(?:Version\/)?\s*\s*\s*(\d+).*Safari/`],
  ['groups within groups', '/^(?:a+)+$/'],
])('one that backtracks is found: %s', (_, written) => {
  expect(slow(expressionsOf('src/x.ts', `text.replace(${written}, '')`))).toHaveLength(1)
})
