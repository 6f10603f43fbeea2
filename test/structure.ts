/**
 * Figures of how src is built, for whoever changes the structure: node test/structure.ts. Nothing fails by
 * it; what must hold, the floors hold.
 */
import { posix } from 'node:path'
import { breaches, linesRefusingInWords, railsNamed, refusedInWords } from './testbed/floors.ts'
import { projectFiles, type SourceFile } from './testbed/tree.ts'

const isProduct = ({ path }: SourceFile) => /^src\/.*\.tsx?$/.test(path) && !/\.test\.tsx?$/.test(path)
/** Where SQL belongs: the rooms of the domain, and what is read for people and programs. */
const asksTheDatabase =
  /^src\/(?:db|ledger|approvals|rates|invoice|payout|chain|people|mail|shop|webhooks|schedule|reconcile|privacy|jobs|queries)\//
const widest = 110
const literal = /'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`/g
const isTooWide = (line: string) => line.length > widest && line.replace(literal, '').length > widest / 2

export interface Figures {
  files: number
  /** Lines of a file. */
  medianLines: number
  p90Lines: number
  longest: string
  ringsOfImports: number
  /** Lines that name a rail where the floors do not let them. */
  linesNamingRails: number
  /** Lines of acts that refuse by a sentence or name a flag, but for those that the floors let. */
  linesRefusingInWords: number
  sqlElsewhere: number
  /**
   * Sentences that logic reads: a `why` that is compared, searched or cut. That a person gave no reason at
   * all, and a word that is a code, are none.
   */
  sentencesCompared: number
  /** But for those that are one sentence, which nothing gains by being cut in two. */
  linesTooWide: number
}

/** As `path:line`. */
export const linesTooWide = (files: readonly SourceFile[]): string[] =>
  files
    .filter(isProduct)
    .flatMap(({ path, text }) =>
      text.split('\n').flatMap((line, at) => (isTooWide(line) ? `${path}:${at + 1}` : [])),
    )

/** The figures of these files; only what is shipped counts. */
export function figuresOf(files: readonly SourceFile[]): Figures {
  const product = files.filter(isProduct)
  const lengths = product.map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }))
  const sorted = lengths.toSorted((a, b) => a.lines - b.lines)
  const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)]?.lines ?? 0
  const longest = sorted.at(-1)
  const count = (some: readonly SourceFile[], what: RegExp) =>
    some.reduce((sum, { text }) => sum + [...text.matchAll(what)].length, 0)
  return {
    files: product.length,
    medianLines: at(0.5),
    p90Lines: at(0.9),
    longest: longest ? `${longest.path}, ${longest.lines} lines` : '',
    ringsOfImports: breaches(product).filter(found => found.includes('in a ring')).length,
    linesNamingRails: Object.values(railsNamed(files)).reduce((sum, lines) => sum + lines, 0),
    linesRefusingInWords: Object.entries(refusedInWords(files)).reduce(
      (sum, [path, lines]) => sum + lines - (linesRefusingInWords[path]?.lines ?? 0),
      0,
    ),
    sqlElsewhere: count(
      product.filter(({ path }) => !asksTheDatabase.test(path)),
      /\bsql`/g,
    ),
    sentencesCompared: count(
      product,
      /\b\w*[wW]hy\s*(?:===|!==)(?!\s*(?:undefined|null|''|'[a-z-]+'))|\bwhy\??\.(?:startsWith|endsWith|includes|split|match)\((?!undefined)|\bmessage\??\.(?:startsWith|endsWith|includes|match)\(|\bwhy(?:, '')?\)? (?:not )?like\b/g,
    ),
    linesTooWide: linesTooWide(files).length,
  }
}

if (process.argv[1] && posix.basename(process.argv[1]) === 'structure.ts')
  for (const [name, value] of Object.entries(figuresOf(projectFiles(/\.tsx?$/))))
    console.log(`${name.padEnd(20)} ${value}`)
