/**
 * `node test/screens.ts [FOLDER]`: a picture of every page into docs/screens. Pages are TSX, which Node does
 * not run, so it goes through the tests' own runner.
 */
import { resolve } from 'node:path'
import { createViteServer } from 'vitest/node'
import type { takeScreens } from './testbed/screens.ts'

const root = resolve(import.meta.dirname, '..')
const folder = resolve(process.argv[2] ?? resolve(root, 'docs/screens'))
const server = await createViteServer({
  root,
  configFile: false,
  logLevel: 'error',
  server: { middlewareMode: true, ws: false, watch: null },
})
try {
  const { takeScreens: take } = (await server.ssrLoadModule('/test/testbed/screens.ts')) as {
    takeScreens: typeof takeScreens
  }
  await take(folder, line => process.stdout.write(`${line}\n`))
} finally {
  await server.close()
}
