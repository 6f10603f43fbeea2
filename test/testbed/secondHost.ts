/**
 * A second host for the tests of a redeploy: a network of its own on this machine, with sshd and a Docker
 * engine that has nothing yet. Needs root.
 */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { timed } from './starts.ts'
import { projectRoot } from './tree.ts'

export interface SecondHost {
  /** What it is to this machine, and this machine to it. */
  address: string
  near: string
  sshPort: number
  /** The private key that enters, and the file in which the host's own key stands. */
  key: string
  knownHosts: string
  /** Where its files may be put; gone with it. */
  folder: string
  /** Runs `docker ARGS` there; answers what it printed. */
  docker(...args: string[]): string
  stop(): Promise<void>
}

const engine = join(projectRoot, '.tools/docker')

/**
 * Why there can be none beside an engine; undefined when there can, and always where servers are expected.
 */
export function whyNoHost(): string | undefined {
  if (process.env['REPASSE_REQUIRE_SERVERS'] === '1') return undefined
  const missing = ['/usr/sbin/sshd', '/usr/bin/ssh', '/usr/bin/rsync', '/usr/bin/git'].filter(
    program => !existsSync(program),
  )
  return missing.length === 0
    ? undefined
    : `${missing.join(', ')} is not here: apt-get install openssh-server openssh-client rsync git`
}

/**
 * Starts one; the programs of the engine must be there (openEngine brings them). It ends with this process,
 * however that ends.
 */
export const startSecondHost = (): Promise<SecondHost> => timed('second host', start)

async function start(): Promise<SecondHost> {
  const folder = mkdtempSync(join(tmpdir(), 'repasse-host-'))
  // A network of four addresses for each process, so that several at once do not meet.
  const place = (process.pid % 16_000) * 4
  const address = (last: number) => `172.27.${(place + last) >> 8}.${(place + last) & 255}`
  const [near, far] = [address(1), address(2)]

  const shell = spawn(join(import.meta.dirname, 'start-host.sh'), [folder, engine, near, far], {
    cwd: '/',
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let said = ''
  shell.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4_000)))
  await new Promise<void>((resolve, reject) => {
    createInterface({ input: shell.stdout }).once('line', () => resolve())
    shell.once('exit', code => reject(new Error(`the second host did not start (${code}): ${said}`)))
  })
  // Neither the process nor its pipes may keep a test run alive that has nothing else to do.
  shell.unref()
  for (const pipe of [shell.stdin, shell.stdout, shell.stderr]) (pipe as unknown as { unref(): void }).unref()

  return {
    ...{ address: far, near, sshPort: 2222, folder },
    key: join(folder, 'id'),
    knownHosts: join(folder, 'known-hosts'),
    docker(...args) {
      const { status, stdout, stderr } = spawnSync(
        join(engine, 'bin/docker'),
        ['-H', `unix://${folder}/docker.sock`, ...args],
        {
          encoding: 'utf8',
          env: { ...process.env, DOCKER_CONFIG: join(engine, 'config') },
        },
      )
      if (status !== 0)
        throw new Error(
          `docker ${args.join(' ')} ended with ${status} on the second host: ${stderr || stdout}`,
        )
      return stdout.trim()
    },
    stop: () =>
      new Promise(gone => {
        if (shell.exitCode !== null) return gone()
        shell.ref()
        shell.once('exit', () => gone())
        shell.stdin.end()
      }),
  }
}
