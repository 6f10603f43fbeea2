/** The project's own files, as the floors and tidy tests read them. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, resolve, sep } from 'node:path'

export interface SourceFile {
  /** From the project's root, with slashes: `src/base/money.ts`. */
  path: string
  text: string
}

export const projectRoot = resolve(import.meta.dirname, '../..')

// What is brought, made or local to one machine, and so is in no clone.
const notOurs = new Set(['node_modules', '.tools', '.git', 'data', 'dist', '.env', '.env.deploy'])

/** Every file of ours that has one of the endings, in the order of its path. */
export function projectFiles(endings: RegExp, root = projectRoot): SourceFile[] {
  const paths: string[] = []
  const walk = (folder: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      // A build under way stands beside dist.
      if (notOurs.has(entry.name) || entry.name.startsWith('dist.')) continue
      const path = join(folder, entry.name)
      if (entry.isDirectory()) walk(path)
      else if (entry.isFile() && endings.test(entry.name)) paths.push(path)
    }
  }
  walk(root)
  return paths
    .sort()
    .map(path => ({ path: relative(root, path).split(sep).join('/'), text: readFileSync(path, 'utf8') }))
}
