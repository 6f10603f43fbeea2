/**
 * Which files lead to which: imports of TypeScript, programs and files named by a path, and what is read by
 * the folder.
 */
import { posix } from 'node:path'
import type { SourceFile } from '../testbed/tree.ts'

const source = /^(?:src|sim|test|bench)\/.*\.tsx?$/
export const isTest = (path: string): boolean => /\.test\.tsx?$/.test(path)

/**
 * Files that nobody imports, and who judges them. A test that opens a database reads every migration, which
 * would be nearly all of them: a migration is judged by those that migrate for its own sake, and the rest
 * meets it in a whole run.
 */
const judges: readonly [RegExp, readonly string[]][] = [
  [/^migrations\//, ['test/store.test.ts', 'test/upgrade.test.ts', 'test/copies.test.ts']],
  [/^nginx\//, ['test/nginx.test.ts', 'test/https.test.ts']],
  [/^docker\//, ['test/compose.test.ts']],
  [/^infra\/|^\.env\.deploy\.example$/, ['test/devutils.test.ts', 'test/redeploy.test.ts']],
  [/^\.env\.example$/, ['src/base/config.test.ts']],
  [/^dev-utils\.sh$/, ['test/devutils.test.ts']],
  [/^bin\/|^rolldown\.config\.ts$/, ['test/serve.test.ts', 'test/devutils.test.ts']],
  [/^src\/web\/(?:styles|client)\//, ['test/pages.test.ts']],
]

/** What every test runs by: the runner's settings, the compiler's, and the packages. */
export const touchesAll = (path: string): boolean =>
  /^(?:vitest\.config\.ts|tsconfig[\w.-]*\.json|package(?:-lock)?\.json|\.npmrc)$/.test(path)

const imports = /\b(?:from|import)\s*\(?\s*['"](\.[^'"\n]+)['"]/g
// `sim/main.ts` in a text, or `./postgres.ts` beside the file: how a test names the program it starts.
const names = /['"`/]((?:\.{1,2}\/)*[\w-]+(?:\/[\w.-]+)*\.(?:tsx?|mjs|sh|json|sql|ya?ml|conf|css))\b/g

/**
 * From each file to those that lead to it: what may break when it changes. Files that are gone keep their
 * edges.
 */
export function dependants(files: readonly SourceFile[]): Map<string, Set<string>> {
  const known = new Set(files.map(({ path }) => path))
  const found = new Map<string, Set<string>>()
  const add = (of: string, by: string) => {
    if (of === by) return
    const those = found.get(of) ?? new Set()
    found.set(of, those.add(by))
  }
  for (const { path, text } of files) {
    if (!source.test(path)) continue
    for (const [, target] of text.matchAll(imports)) add(posix.join(posix.dirname(path), target!), path)
    for (const [, target] of text.matchAll(names)) {
      for (const named of [target!, posix.join(posix.dirname(path), target!)])
        if (known.has(named)) add(named, path)
    }
  }
  return found
}

/** The tests that the changed files reach, nearest first; those as far are in the order of their paths. */
export function reach(
  changed: readonly string[],
  by: ReadonlyMap<string, ReadonlySet<string>>,
  exists: (path: string) => boolean,
): string[] {
  const distance = new Map<string, number>()
  let frontier = [...new Set(changed)]
  for (const path of frontier) distance.set(path, 0)
  for (let steps = 1; frontier.length > 0; steps++) {
    const next: string[] = []
    for (const path of frontier) {
      const judging =
        steps === 1 ? judges.filter(([about]) => about.test(path)).flatMap(([, tests]) => tests) : []
      for (const other of [...(by.get(path) ?? []), ...judging]) {
        if (distance.has(other)) continue
        distance.set(other, steps)
        next.push(other)
      }
    }
    frontier = next
  }
  return [...distance]
    .filter(([path]) => isTest(path) && exists(path))
    .toSorted(([a, far], [b, further]) => far - further || (a < b ? -1 : 1))
    .map(([path]) => path)
}
