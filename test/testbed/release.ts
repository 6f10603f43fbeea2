/**
 * The project as a checkout of its own, where a test makes releases, good and bad, and sends them to a second
 * host.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { projectRoot } from './tree.ts'
import type { SecondHost } from './secondHost.ts'

export interface Checkout {
  folder: string
  /** Changes a file, commits it, and answers the release's tag. */
  commit(path: string, change: (text: string) => string): string
  /** Goes back to a release that was committed. */
  checkout(tag: string): void
  /** `./dev-utils.sh ARGS` there. */
  start(...args: string[]): Running
  run(...args: string[]): Promise<Ended>
  /** The same, with more in its environment. */
  runWith(more: Record<string, string>, ...args: string[]): Promise<Ended>
  remove(): void
}

export interface Running {
  process: ChildProcess
  /** All it has said, on both outputs. */
  said(): string
  ended: Promise<Ended>
}

export interface Ended {
  code: number | null
  said: string
}

/**
 * A copy of what git has or could have of this tree. `engine` is the environment in which `docker` builds.
 */
export function openCheckout(engine: Record<string, string>): Checkout {
  const folder = mkdtempSync(join(tmpdir(), 'repasse-release-'))
  const git = (cwd: string, ...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(
      'git',
      ['-c', 'user.name=test', '-c', 'user.email=test@localhost', ...args],
      {
        cwd,
        encoding: 'utf8',
        maxBuffer: 64 * 1024 * 1024,
      },
    )
    if (status !== 0) throw new Error(`git ${args.join(' ')} ended with ${status}: ${stderr}`)
    return stdout.trim()
  }
  // Only what a release is made of: the rest makes no difference to it.
  const parts = [
    'bin',
    'docker',
    'infra',
    'migrations',
    'nginx',
    'src',
    'dev-utils.sh',
    'rolldown.config.ts',
    '.npmrc',
    '.dockerignore',
    '.gitignore',
  ]
  const files = git(
    projectRoot,
    'ls-files',
    '-z',
    '--cached',
    '--others',
    '--exclude-standard',
    '--',
    ...parts,
    '*.json',
  )
  for (const file of new Set(files.split('\0').filter(name => name !== ''))) {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    cpSync(join(projectRoot, file), join(folder, file), { verbatimSymlinks: true })
  }
  git(folder, 'init', '--quiet')
  git(folder, 'add', '--all')
  git(folder, 'commit', '--quiet', '--message', 'the first release')
  const tag = () => git(folder, 'rev-parse', '--short=12', 'HEAD')

  const startWith = (more: Record<string, string>, args: string[]): Running => {
    // A process group of its own, as a terminal gives it, so that Ctrl-C can be played.
    const child = spawn('./dev-utils.sh', args, {
      cwd: folder,
      env: { ...process.env, ...engine, ...more },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let said = ''
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (said += text))
    const ended = new Promise<Ended>(resolve => child.once('close', code => resolve({ code, said })))
    return { process: child, said: () => said, ended }
  }
  return {
    folder,
    commit(path, change) {
      const file = join(folder, path)
      const before = readFileSync(file, { encoding: 'utf8', flag: 'a+' })
      const after = change(before)
      if (after === before)
        throw new Error(`${path} is no more what this test thinks: nothing in it was changed`)
      writeFileSync(file, after)
      git(folder, 'add', '--all')
      git(folder, 'commit', '--quiet', '--message', `a change of ${path}`)
      return tag()
    },
    checkout: release => void git(folder, 'checkout', '--quiet', release),
    start: (...args) => startWith({}, args),
    run: (...args) => startWith({}, args).ended,
    runWith: (more, ...args) => startWith(more, args).ended,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** Tells the checkout where to go, and gives the host what is its own: settings and the bank's key. */
export function furnish(checkout: Checkout, host: SecondHost, settings: Record<string, string>): void {
  const path = join(host.folder, 'srv')
  mkdirSync(path)
  const lines = (values: Record<string, string>) =>
    Object.entries(values)
      .map(([name, value]) => `${name}=${value}\n`)
      .join('')
  writeFileSync(join(path, '.env'), lines(settings))
  const key = spawnSync('openssl', ['ecparam', '-name', 'secp256k1', '-genkey', '-noout'], {
    encoding: 'utf8',
  })
  writeFileSync(join(path, 'private-key.pem'), key.stdout, { mode: 0o400 })
  spawnSync('chown', ['1000', join(path, 'private-key.pem')])
  appendFileSync(
    join(checkout.folder, '.env.deploy'),
    lines({
      DEPLOY_HOST: host.address,
      DEPLOY_PORT: String(host.sshPort),
      DEPLOY_KEY: host.key,
      DEPLOY_KNOWN_HOSTS: host.knownHosts,
      DEPLOY_PATH: path,
      DEPLOY_READY_SECONDS: '60',
    }),
  )
}
