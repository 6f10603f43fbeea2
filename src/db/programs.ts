/** PostgreSQL's own programs, which copy a database better than we could. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { BadInput } from '../base/answer.ts'
import type { Environment } from './contract.ts'
import { readEncryption } from './tls.ts'

/**
 * Runs `pg_dump` or `pg_restore` on the database at `url`, in the surroundings `env`: their PATH says where
 * it is, their HOME where its certificates are. The password goes by the environment, because other users of
 * the machine can read arguments. `pipes`: what it reads, and who takes what it writes.
 */
export async function runOn(
  url: string,
  program: 'pg_dump' | 'pg_restore',
  args: string[],
  env: Environment,
  pipes: Pipes = {},
): Promise<void> {
  const { plainUrl, forPrograms, trusted } = readEncryption(url)
  const { address, password } = withoutPassword(plainUrl)
  const folder = trusted && mkdtempSync(join(tmpdir(), 'repasse-authorities-'))
  try {
    const rootFile = folder && join(folder, 'authorities.pem')
    // Older programs cannot be told to trust whom the system does, so they are given the list.
    if (rootFile !== undefined) writeFileSync(rootFile, trusted!.join('\n'))
    const parameters = { ...forPrograms, ...(rootFile !== undefined && { sslrootcert: rootFile }) }
    const words = ['--dbname', withParameters(address, parameters), ...args]
    await run(program, words, password === '' ? env : { ...env, PGPASSWORD: password }, pipes)
  } finally {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
  }
}

const withParameters = (address: string, parameters: Record<string, string>): string =>
  Object.entries(parameters).reduce(
    (so, [name, value]) => `${so}${so.includes('?') ? '&' : '?'}${name}=${encodeURIComponent(value)}`,
    address,
  )

export interface Pipes {
  input?: AsyncIterable<Uint8Array>
  takes?: (output: Readable) => Promise<void>
}

async function run(
  program: string,
  args: string[],
  env: Environment,
  { input, takes }: Pipes,
): Promise<void> {
  const child = spawn(program, args, {
    env,
    stdio: [input ? 'pipe' : 'ignore', takes ? 'pipe' : 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (said = `${said}${text}`.slice(0, 4_000)))
  const ended = new Promise<void>((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'ENOENT'
          ? new BadInput(
              `${program} is not on the PATH: install PostgreSQL’s client programs, of the server’s version or a newer one`,
            )
          : error,
      ),
    )
    child.once('close', (code, signal) => {
      if (code === 0) return resolve()
      // The second line says which versions do not fit.
      const lines = said.trim().split('\n').slice(0, 2).join('; ')
      reject(new Error(lines || `${program} ended with ${code ?? signal ?? 'no word'}`))
    })
  })
  const feeding = input && child.stdin ? pipeline(input, child.stdin) : undefined
  const taking = takes && child.stdout ? takes(child.stdout) : undefined
  // Who cannot go on ends the program, which then undoes what it did.
  const piped = Promise.all([feeding, taking]).catch((error: unknown) => {
    child.kill()
    throw error
  })
  const [own, pipes] = await Promise.allSettled([ended, piped])
  if (pipes.status === 'rejected' && (own.status === 'fulfilled' || pipes.reason instanceof BadInput))
    throw pipes.reason
  if (own.status === 'rejected') throw own.reason
}

/** A password may stand before the host or among the parameters; both mean the same to the database. */
function withoutPassword(url: string): { address: string; password: string } {
  const address = new URL(url)
  const password = address.searchParams.get('password') ?? decodeURIComponent(address.password)
  address.password = ''
  if (address.searchParams.has('password')) {
    address.searchParams.delete('password')
    // Rewritten, a blank has become a plus, which the database's programs take for one.
    address.search = address.search.replaceAll('+', '%20')
  }
  return { address: address.href, password }
}
