/**
 * What `bin/build` makes of src: a few files with the packages in them, because Node takes longer to find and
 * link 800 modules than to run them.
 */
import { defineConfig } from 'rolldown'

/**
 * Compiled for a machine; and what must be one with what `starkbank` itself requires, or loads by a path of
 * its own.
 */
const asInstalled = /^(?:better-sqlite3|pg-native|secp256k1|starkbank|zeromq)(?:\/|$)/

export default defineConfig({
  // Programs and threads are started by these names, and the demonstration asks the command line within its
  // own process.
  input: {
    main: 'src/main.ts',
    'cli/cli': 'src/cli/cli.ts',
    'reconcile/checkThread': 'src/reconcile/checkThread.ts',
    'rails/starkbank/provingThread': 'src/rails/starkbank/provingThread.ts',
  },
  platform: 'node',
  tsconfig: 'tsconfig.json',
  external: asInstalled,
  // `depd`, of Koa, makes functions of the right length by it.
  checks: { eval: false },
  output: {
    format: 'esm',
    entryFileNames: '[name].js',
    // As far below dist as src/base is below src: `base/place.ts` finds the program's files from either.
    chunkFileNames: 'chunks/[name].js',
    sourcemap: true,
    codeSplitting: { groups: [{ name: 'place', test: /src\/base\/place\.ts$/ }] },
  },
})
