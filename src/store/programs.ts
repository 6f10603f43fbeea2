/** PostgreSQL's own programs, which copy a database better than we could. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { BadInput } from '../base/answer.ts'
import type { Environment } from './contract.ts'
import { readEncryption } from './tls.ts'

/**
 * Runs `pg_dump` or `pg_restore` on the database at `url`, in the surroundings `env`: their PATH says where it is, their HOME where its
 * certificates are. The password goes by the environment, because other users of the machine can read arguments.
 */
export async function runOn(url: string, program: 'pg_dump' | 'pg_restore', args: string[], env: Environment): Promise<void> {
  const { plainUrl, forPrograms, trusted } = readEncryption(url)
  const { address, password } = withoutPassword(plainUrl)
  const folder = trusted && mkdtempSync(join(tmpdir(), 'repasse-authorities-'))
  try {
    const rootFile = folder && join(folder, 'authorities.pem')
    // Older programs cannot be told to trust whom the system does, so they are given the list.
    if (rootFile !== undefined) writeFileSync(rootFile, trusted!.join('\n'))
    const parameters = { ...forPrograms, ...(rootFile !== undefined && { sslrootcert: rootFile }) }
    await run(program, ['--dbname', withParameters(address, parameters), ...args], password === '' ? env : { ...env, PGPASSWORD: password })
  } finally {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
  }
}

const withParameters = (address: string, parameters: Record<string, string>): string =>
  Object.entries(parameters).reduce(
    (so, [name, value]) => `${so}${so.includes('?') ? '&' : '?'}${name}=${encodeURIComponent(value)}`,
    address,
  )

async function run(program: string, args: string[], env: Environment): Promise<void> {
  await promisify(execFile)(program, args, { env }).catch((error: NodeJS.ErrnoException & { stderr?: string }) => {
    if (error.code === 'ENOENT')
      throw new BadInput(`${program} is not on the PATH: install PostgreSQL’s client programs, of the server’s version or a newer one`)
    // The second line says which versions do not fit.
    const said = (error.stderr ?? '').trim().split('\n').slice(0, 2).join('; ')
    throw new Error(said || `${program} ended with ${error.code ?? 'no word'}`)
  })
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
