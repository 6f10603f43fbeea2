/**
 * A real Docker engine for the tests, with BuildKit, Compose and stand-ins for the images that docker/ names.
 * Needs root, on Debian and its kin.
 */
import { execFile, spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { timed } from './starts.ts'
import { projectRoot } from './tree.ts'

export interface Engine {
  /** Where containers publish their ports. */
  address: string
  /** What this machine is to containers. */
  hostAddress: string
  /**
   * `docker ARGS` in the project's root; answers what it printed, and throws with its last words when it
   * fails.
   */
  docker(args: string[], env?: Record<string, string>): Promise<string>
  /** The same, whatever comes of it. */
  tries(
    args: string[],
    env?: Record<string, string>,
  ): Promise<{ code: number; stdout: string; stderr: string }>
  /**
   * Lets go of it; it ends with its last user. Containers and volumes are for whoever made them to remove.
   */
  close(): Promise<void>
}

const folder = join(projectRoot, '.tools/docker')
const script = (name: string) => join(import.meta.dirname, name)

/**
 * Why there can be no engine here, in a few words; undefined when there can. Where servers are expected
 * (REPASSE_REQUIRE_SERVERS) there always can, so that the tests run, and fail saying what is missing.
 */
export function whyNoEngine(): string | undefined {
  if (process.env['REPASSE_REQUIRE_SERVERS'] === '1') return undefined
  if (process.platform !== 'linux' || spawnSync('apt-get', ['--version']).status !== 0)
    return 'only where there is Debian’s apt'
  if (process.getuid?.() !== 0) return 'only root can start one'
  return undefined
}

/**
 * Brings it into .tools/ (400 MB, ten seconds; the images another minute) unless it is there, and joins it or
 * starts it.
 */
export const openEngine = (): Promise<Engine> => timed('docker engine', joinEngine)

async function joinEngine(): Promise<Engine> {
  await run(script('get-docker.sh'), [folder])
  const said = await run(script('start-dockerd.sh'), [folder, 'join', String(process.pid)])
  const settings = Object.fromEntries(
    [...said.matchAll(/(DOCKER_\w+)=(\S+)/g)].map(([, name, value]) => [name!, value!]),
  )
  const surroundings = {
    ...process.env,
    ...baseImages(),
    ...settings,
    PATH: `${folder}/client:${process.env['PATH']}`,
  }
  const leave = leash()

  const tries: Engine['tries'] = async (args, env = {}) => {
    const options = { cwd: projectRoot, env: { ...surroundings, ...env }, maxBuffer: 64 * 1024 * 1024 }
    try {
      const { stdout, stderr } = await promisify(execFile)('docker', args, options)
      return { code: 0, stdout, stderr }
    } catch (error) {
      const { code, stdout, stderr, message } = error as {
        code: unknown
        stdout?: string
        stderr?: string
        message: string
      }
      return { code: typeof code === 'number' ? code : 1, stdout: stdout ?? '', stderr: stderr || message }
    }
  }
  const docker: Engine['docker'] = async (args, env) => {
    const { code, stdout, stderr } = await tries(args, env)
    if (code !== 0)
      throw new Error(`docker ${args.join(' ')} ended with ${code}: ${(stderr || stdout).slice(-2_000)}`)
    return stdout
  }
  try {
    await run(script('make-base-images.sh'), [join(projectRoot, '.tools/images')], surroundings)
  } catch (fault) {
    await leave()
    throw fault
  }
  // As start-dockerd.sh lays them out.
  return { address: '172.28.255.2', hostAddress: '172.28.255.1', docker, tries, close: leave }
}

async function run(program: string, args: string[], env: NodeJS.ProcessEnv = process.env): Promise<string> {
  try {
    return (await promisify(execFile)(program, args, { env, maxBuffer: 16 * 1024 * 1024 })).stdout
  } catch (error) {
    const { stderr = '', message } = error as { stderr?: string; message: string }
    throw new Error(`${program} failed: ${(stderr || message).slice(-2_000)}`, { cause: error })
  }
}

// The shell holds a pipe from us: when we are gone, killed or not, it closes, and the engine is left in our
// name.
const orders = `
trap '' INT TERM HUP
read -r _
"$1" "$2" leave "$3"`

function leash(): () => Promise<void> {
  const shell = spawn(
    '/bin/sh',
    ['-c', orders, 'leash', script('start-dockerd.sh'), folder, String(process.pid)],
    {
      cwd: '/',
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    },
  )
  // Neither the process nor its pipe may keep a test run alive that has nothing else to do.
  shell.unref()
  const pipe = shell.stdin as unknown as { unref(): void }
  pipe.unref()
  return () =>
    new Promise(gone => {
      if (shell.exitCode !== null) return gone()
      shell.ref()
      shell.once('exit', () => gone())
      shell.stdin.end()
    })
}

/**
 * What docker/Dockerfile starts from, by the name of its argument; without the digests, which the tests'
 * stand-ins do not have.
 */
export const baseImages = (): Record<'NODE_IMAGE' | 'NGINX_IMAGE' | 'POSTGRES_IMAGE', string> =>
  Object.fromEntries(
    [
      ...readFileSync(join(projectRoot, 'docker/Dockerfile'), 'utf8').matchAll(
        /^ARG ([A-Z]+_IMAGE)=([^@\n]*)/gm,
      ),
    ].map(([, name, image]) => [name, image]),
  ) as ReturnType<typeof baseImages>
