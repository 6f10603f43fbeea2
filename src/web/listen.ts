/**
 * Where the server listens: a port, or a socket whose name the newest server takes over once it is ready, so
 * that a redeploy refuses nobody.
 */
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { get, type Server } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { basename, dirname, join } from 'node:path'
import { BadInput } from '../base/answer.ts'
import type { World } from '../base/world.ts'

const againMs = 500

export interface Listening {
  /** As a client would write it. */
  address: string
  /**
   * Before closing: the name goes back to the server it was taken from, where that one still answers. Where a
   * release is taken back just as it becomes ready, nobody meets a socket that is closed.
   */
  giveBack(): Promise<void>
}

/**
 * Listens on `host:port` or `unix:/path`. A socket is made under a name of its own beside `/path`, and
 * `/path` becomes a link to it when `ready` says so: who had the name before keeps what it accepted. Only we
 * and `group`, by default the folder's, may connect: whoever may is believed about where a request comes
 * from.
 */
export async function listenOn(
  server: Server,
  listen: string,
  ready: () => Promise<boolean>,
  { clock, log }: Pick<World, 'clock' | 'log'>,
  over: AbortSignal,
  group?: string,
): Promise<Listening> {
  if (!listen.startsWith('unix:')) {
    const [, host, port] = /^\[?(.+?)\]?:(\d+)$/.exec(listen)!
    await opened(server, () => server.listen(Number(port), host))
    const { address, family, port: taken } = server.address() as AddressInfo
    return {
      address: `http://${family === 'IPv6' ? `[${address}]` : address}:${taken}`,
      giveBack: () => Promise.resolve(),
    }
  }

  const path = listen.slice('unix:'.length)
  await removeDead(path)
  const own = `${path}.${randomBytes(4).toString('hex')}`
  await listenForGroup(server, own, group)
  if (statSync(dirname(path)).mode & 0o007)
    log.warn(
      { folder: dirname(path) },
      'every user of this machine may enter the socket’s folder: chmod o= on it',
    )
  const point = (socket: string) => {
    symlinkSync(socket, `${own}.link`)
    renameSync(`${own}.link`, path)
  }
  let before: string | undefined
  const take = () => {
    before = linkOf(path)
    point(basename(own))
  }
  if (await ready()) take()
  else {
    log.warn({ path }, 'not ready: the socket’s name is left to whoever has it')
    void (async () => {
      while (!over.aborted) {
        await clock.sleep(againMs, over)
        if (over.aborted || !(await ready())) continue
        // It may have been told to go while it was asked.
        if (over.aborted) return
        take()
        return log.info({ path }, 'ready: took the socket’s name')
      }
    })()
  }
  return {
    address: listen,
    async giveBack() {
      if (before === undefined || !(await mayAnswer(join(dirname(path), before)))) return
      if (linkOf(path) === basename(own)) point(before)
    },
  }
}

/**
 * Resolves once everybody who connected to the socket before is accepted, for we stand behind them in the
 * line and are answered. However long that takes: closing resets whoever still waits, and on a busy machine a
 * while is not always enough.
 */
export const lineIsHeard = (server: Server): Promise<void> =>
  new Promise(resolve => {
    const asked = get({ socketPath: server.address() as string, path: '/health', agent: false }, answer =>
      answer.resume().once('close', resolve),
    )
    asked.once('error', () => resolve())
  })

/**
 * To connect takes the right to write, which a new socket gives to us alone (umask 022); then the group gets
 * it, and nobody else.
 */
async function listenForGroup(server: Server, path: string, group: string | undefined): Promise<void> {
  await opened(server, () => server.listen(path))
  const gid = group === undefined ? statSync(dirname(path)).gid : groupId(group)
  try {
    chownSync(path, process.getuid!(), gid)
  } catch (error) {
    // Without a setting nginx may be of our own group; by name it was meant.
    if (group !== undefined)
      throw new BadInput('LISTEN_GROUP names a group that the user who runs this is no member of', {
        cause: error,
      })
  }
  chmodSync(path, 0o660)
}

/** By number or by name, as /etc/group has it. */
function groupId(group: string): number {
  if (/^\d{1,9}$/.test(group)) return Number(group)
  const row = readFileSync('/etc/group', 'utf8')
    .split('\n')
    .map(line => line.split(':'))
    .find(([name]) => name === group)
  if (!row) throw new BadInput('LISTEN_GROUP names a group that this machine does not have')
  return Number(row[2])
}

function opened(server: Server, listen: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.once('listening', () => (server.off('error', reject), resolve()))
    listen()
  })
}

/** Sockets of processes that were killed stay behind as files: nobody answers there. */
async function removeDead(path: string): Promise<void> {
  const ours = readdirSync(dirname(path)).filter(
    name =>
      name.startsWith(`${basename(path)}.`) && /^[0-9a-f]{8}$/.test(name.slice(basename(path).length + 1)),
  )
  for (const name of ours) {
    const file = join(dirname(path), name)
    if (!(await mayAnswer(file))) rmSync(file, { force: true })
  }
}

/** False only where nobody listens: a server whose line is full (EAGAIN) is busy, and not gone. */
const mayAnswer = (file: string): Promise<boolean> =>
  new Promise(resolve => {
    const socket = connect(file)
    socket.once('connect', () => (socket.destroy(), resolve(true)))
    socket.once('error', ({ code }: NodeJS.ErrnoException) =>
      resolve(code !== 'ECONNREFUSED' && code !== 'ENOENT'),
    )
  })

const linkOf = (path: string): string | undefined => {
  try {
    return readlinkSync(path)
  } catch {
    return undefined
  }
}
