/**
 * A real nginx for the tests, in front of a socket, with the very configuration a server gets: only ports and
 * folders are put in.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { freePort } from '../../sim/port.ts'
import { evidence } from './evidence.ts'
import { projectRoot } from './tree.ts'
import { until } from './until.ts'

export interface Nginx {
  httpPort: number
  httpsPort: number
  /** Its self-signed certificate, PEM, for `localhost` and 127.0.0.1. */
  certificate: string
  /** What it wrote into its access log. */
  accessLog(): string
  /** The same of errors. */
  errorLog(): string
  /** Ends it; its folder is gone with it. */
  stop(): Promise<void>
}

export interface NginxOptions {
  program: string
  /** Where the program it stands before listens. */
  socket: string
  /** Instead of nginx/repasse/console-networks.conf. */
  consoleNetworks?: string
  /** Instead of the one in nginx/repasse/public-host.conf. */
  publicHost?: string
  /** Where people come to, where it had to be known before. */
  httpsPort?: number
}

/** Where the tests are root's, nginx runs as nobody of this group. */
const nogroup = 65_534

/**
 * Lets nginx's workers, who are another user, reach the socket of a server in `folder`, and nobody else: the
 * socket is of its folder's group.
 */
export function letNginxIn(folder: string): void {
  chownSync(folder, process.getuid!(), process.getuid!() === 0 ? nogroup : process.getgid!())
  chmodSync(folder, 0o750)
}

/** Debian's releases whose nginx we are written for: the oldest, and one of the stable line. */
export const nginxes = [
  { version: '1.22', suite: 'bookworm' },
  { version: '1.26', suite: 'trixie' },
] as const

/**
 * The nginx of that version, brought into .tools/ from Debian's packages where it is not there yet; undefined
 * where it cannot be had. A failure is remembered for an hour. Where servers are expected
 * (REPASSE_REQUIRE_SERVERS) it throws instead.
 */
export function bringNginx({ version, suite }: (typeof nginxes)[number]): string | undefined {
  const folder = join(projectRoot, '.tools', `nginx-${version}`)
  const program = join(folder, 'bin/nginx')
  if (existsSync(program)) return program
  const failed = join(folder, 'failed')
  const required = process.env['REPASSE_REQUIRE_SERVERS'] === '1'
  const anHourAgo = Date.now() - 3_600_000
  if (!required && existsSync(failed) && statSync(failed).mtimeMs > anHourAgo) return undefined
  mkdirSync(folder, { recursive: true })
  const script = resolve(import.meta.dirname, 'get-nginx.sh')
  const got = spawnSync(script, [folder, suite], { encoding: 'utf8', timeout: 180_000 })
  if (got.status === 0) return program
  writeFileSync(failed, got.stderr ?? '')
  if (required) throw new Error(`no nginx ${version} could be brought: ${(got.stderr ?? '').slice(-1_000)}`)
  return undefined
}

/** Starts it on free ports of 127.0.0.1. It ends with this process, however that ends. */
export async function startNginx({
  program,
  socket,
  consoleNetworks,
  publicHost,
  ...at
}: NginxOptions): Promise<Nginx> {
  const folder = mkdtempSync(join(tmpdir(), 'repasse-nginx-'))
  // Its workers are another user, as on a server.
  chmodSync(folder, 0o755)
  const [httpPort, httpsPort] = [await freePort(), at.httpsPort ?? (await freePort())]
  const certificate = writeCertificate(join(folder, 'certificates'))
  writeConfiguration(folder, { httpPort, httpsPort, socket, consoleNetworks, publicHost })

  const shell = spawn(
    '/bin/sh',
    ['-c', leash, 'leash', folder, program, '-p', folder, '-c', join(folder, 'nginx.conf')],
    {
      cwd: '/',
      stdio: ['pipe', 'ignore', 'pipe'],
    },
  )
  // Neither the process nor its pipes may keep a test run alive that has nothing else to do.
  shell.unref()
  let said = ''
  shell.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4_000)))
  for (const pipe of [shell.stdin, shell.stderr]) (pipe as unknown as { unref(): void }).unref()
  const stop = async () => {
    if (shell.exitCode === null && shell.signalCode === null) {
      const gone = new Promise(resolveGone => shell.once('exit', resolveGone))
      shell.ref()
      shell.stdin.end()
      await gone
    }
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await until(async () => shell.exitCode !== null || (await listens(httpsPort)), 'nginx listening')
    if (shell.exitCode !== null) throw new Error(`it ended with ${shell.exitCode}`)
  } catch (error) {
    await stop()
    throw new Error(`nginx did not start: ${said}`, { cause: error })
  }
  const read = (name: string) => readFileSync(join(folder, name), 'utf8')
  const over = evidence.keep(`nginx at 127.0.0.1:${httpsPort}`, () =>
    read('error.log').trimEnd().split('\n').slice(-20),
  )
  return {
    httpPort,
    httpsPort,
    certificate,
    accessLog: () => read('access.log'),
    errorLog: () => read('error.log'),
    stop: () => (over(), stop()),
  }
}

/**
 * What `nginx -t` says of the configuration in the project, with other networks for the console where some
 * are given; undefined when it is well.
 */
export async function judgeConfiguration(
  program: string,
  consoleNetworks?: string,
): Promise<string | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'repasse-nginx-'))
  try {
    writeCertificate(join(folder, 'certificates'))
    const ports = { httpPort: await freePort(), httpsPort: await freePort() }
    writeConfiguration(folder, {
      ...ports,
      socket: join(folder, 'web.sock'),
      consoleNetworks,
      publicHost: undefined,
    })
    const { status, stderr } = spawnSync(
      program,
      ['-t', '-q', '-p', folder, '-c', join(folder, 'nginx.conf')],
      { encoding: 'utf8' },
    )
    // 1.22 knows only the way of which 1.25 and later warn.
    const found = stderr.replace(/^.*\[warn\].*"listen \.\.\. http2" directive is deprecated.*\n/gm, '')
    return status === 0 && found === '' ? undefined : stderr
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

// The shell holds a pipe from us: when we are gone, killed or not, it closes, and the server is stopped by
// its own pid.
const leash = `
exec 3<&0
folder=$1; shift
"$@" </dev/null 3<&- & server=$!
{ read -r _; kill -TERM $server; } <&3 2>/dev/null & watcher=$!
exec 3<&-
wait $server; status=$?
kill $watcher 2>/dev/null
rm -rf "$folder"
exit $status`

function writeCertificate(folder: string): string {
  mkdirSync(folder, { recursive: true })
  const [key, certificate] = [join(folder, 'privkey.pem'), join(folder, 'fullchain.pem')]
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
  execFileSync('openssl', ['req', ...kind, ...subject, '-keyout', key, '-out', certificate], {
    stdio: 'ignore',
  })
  return readFileSync(certificate, 'utf8')
}

type Places = Pick<NginxOptions, 'socket'> &
  Record<'httpPort' | 'httpsPort', number> &
  Record<'consoleNetworks' | 'publicHost', string | undefined>

/**
 * nginx/ as it stands, with this machine's ports and folders in the place of a server's; each must be found.
 */
function writeConfiguration(
  folder: string,
  { httpPort, httpsPort, socket, consoleNetworks, publicHost }: Places,
): void {
  const ours = join(projectRoot, 'nginx')
  mkdirSync(join(folder, 'repasse'))
  for (const name of readdirSync(join(ours, 'repasse')))
    writeFileSync(
      join(folder, 'repasse', name),
      readFileSync(join(ours, 'repasse', name), 'utf8').replaceAll('/etc/nginx/', `${folder}/`),
    )
  const hostFile = join(folder, 'repasse/public-host.conf')
  if (publicHost !== undefined)
    writeFileSync(hostFile, readFileSync(hostFile, 'utf8').replace('localhost', publicHost))
  if (consoleNetworks !== undefined)
    writeFileSync(join(folder, 'repasse/console-networks.conf'), consoleNetworks)

  let text = readFileSync(join(ours, 'repasse.conf'), 'utf8')
  const put = (what: RegExp, instead: string) => {
    if (!what.test(text)) throw new Error(`nginx/repasse.conf has no ${what.source}`)
    text = text.replaceAll(what, instead)
  }
  put(/^ *listen \[::\].*\n/gm, '')
  put(/listen 80;/g, `listen 127.0.0.1:${httpPort};`)
  put(/listen 443 /g, `listen 127.0.0.1:${httpsPort} `)
  put(/unix:\/run\/repasse\/web\.sock/g, `unix:${socket}`)
  put(/\/(?:etc|var\/log)\/nginx\//g, `${folder}/`)
  put(/\/var\/lib\/repasse\//g, `${folder}/`)
  writeFileSync(join(folder, 'repasse.conf'), text)

  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    kind => `${kind}_temp_path ${folder}/${kind};`,
  )
  const user = process.getuid?.() === 0 ? 'user nobody nogroup;' : ''
  writeFileSync(
    join(folder, 'nginx.conf'),
    `${user} daemon off; worker_processes 1; pid ${folder}/nginx.pid; error_log ${folder}/error.log notice;
events { worker_connections 1024; }
http { ${temporary.join(' ')} types { text/html html; } include repasse.conf; }
`,
  )
}

const listens = (port: number): Promise<boolean> =>
  new Promise(answer => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => (socket.destroy(), answer(true)))
    socket.once('error', () => answer(false))
  })
