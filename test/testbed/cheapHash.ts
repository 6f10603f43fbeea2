/**
 * Runs before each test file, in its worker: argon2id with its smallest parameters, so that a password costs
 * a fraction of a millisecond instead of thirty. The text that is kept names the real ones. Where the hash
 * itself is the subject, nothing is changed.
 */
import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import { expect } from 'vitest'

const key = Symbol.for('repasse.argon2')
const worker = globalThis as { [key]?: typeof crypto.argon2 }
// A worker that runs several files has it replaced once only.
const real = (worker[key] ??= crypto.argon2)

const cheap: typeof crypto.argon2 = (algorithm, parameters, then) =>
  real(algorithm, { ...parameters, memory: 8 * parameters.parallelism, passes: 1 }, then)

const isSubject = expect.getState().testPath?.endsWith('/src/people/password.test.ts') === true
crypto.argon2 = isSubject ? real : cheap
syncBuiltinESMExports()
