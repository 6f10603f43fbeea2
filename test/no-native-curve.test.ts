/**
 * Where secp256k1 has no native build: nothing falls back to its JavaScript curve. The bank's events are
 * OpenSSL's to verify, and Bitcoin is refused.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))

/**
 * What `program` prints in a process that cannot load the native half, with `elliptic` there for whoever
 * would take it.
 */
function withoutNative(program: string): unknown {
  const folder = mkdtempSync(join(tmpdir(), 'repasse-no-native-'))
  const hide = join(folder, 'hide.cjs')
  writeFileSync(
    hide,
    `const Module = require('node:module')
     const load = Module._load
     Module._load = (name, ...rest) => {
       if (/node-gyp-build|secp256k1\\/bindings/.test(name)) throw new Error('no native build')
       return load(name, ...rest)
     }`,
  )
  const file = join(folder, 'program.mjs')
  writeFileSync(file, program)
  return JSON.parse(
    execFileSync(process.execPath, ['--require', hide, file], { cwd: root, encoding: 'utf8' }),
  )
}

test('the bank’s events are verified by OpenSSL, the Bitcoin rail does not start, and elliptic is never loaded [security A14]', () => {
  const found = withoutNative(`
    import { createRequire } from 'node:module'
    const { provenBy } = await import('${root}src/rails/starkbank/verify.ts')
    const { connectBitcoin } = await import('${root}src/rails/bitcoin/bitcoin.ts')
    let refused
    try {
      connectBitcoin({ network: 'regtest', descriptor: 'tpub', rpcUrl: 'http://127.0.0.1:1' })
    } catch (error) {
      refused = error.message
    }
    const loaded = Object.keys(createRequire(import.meta.url).cache).filter(path => path.includes('elliptic'))
    console.log(JSON.stringify({ provenBy, refused, loaded }))`)
  expect(found).toEqual({
    provenBy: 'OpenSSL',
    refused: expect.stringMatching(/secp256k1 has no native build for .*-.*npm rebuild secp256k1/),
    loaded: [],
  })
})
