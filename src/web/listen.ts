/** Where the server listens: a port, or a socket whose name the newest server takes over once it is ready, so that a redeploy refuses nobody. */
import { randomBytes } from 'node:crypto'
import { chmodSync, readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { get, type Server } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { basename, dirname, join } from 'node:path'
import type { World } from '../base/world.ts'

const againMs = 500

/**
 * Listens on `host:port` or `unix:/path`, and answers the address as a client would write it. A socket is made under a name of its
 * own beside `/path`, and `/path` becomes a link to it when `ready` says so: who had the name before keeps what it accepted.
 */
export async function listenOn(
  server: Server,
  listen: string,
  ready: () => Promise<boolean>,
  { clock, log }: Pick<World, 'clock' | 'log'>,
  over: AbortSignal,
): Promise<string> {
  if (!listen.startsWith('unix:')) {
    const [, host, port] = /^\[?(.+?)\]?:(\d+)$/.exec(listen)!
    await opened(server, () => server.listen(Number(port), host))
    const { address, family, port: taken } = server.address() as AddressInfo
    return `http://${family === 'IPv6' ? `[${address}]` : address}:${taken}`
  }

  const path = listen.slice('unix:'.length)
  await removeDead(path)
  const own = `${path}.${randomBytes(4).toString('hex')}`
  await opened(server, () => server.listen(own))
  // nginx runs as another user and needs to write to the socket.
  chmodSync(own, 0o666)
  const take = () => {
    symlinkSync(basename(own), `${own}.link`)
    renameSync(`${own}.link`, path)
  }
  if (await ready()) take()
  else {
    log.warn({ path }, 'not ready: the socket’s name is left to whoever has it')
    void (async () => {
      while (!over.aborted) {
        await clock.sleep(againMs, over)
        if (over.aborted || !(await ready())) continue
        take()
        return log.info({ path }, 'ready: took the socket’s name')
      }
    })()
  }
  return listen
}

/**
 * Resolves once everybody who connected to the socket before is accepted, for we stand behind them in the line and are answered. However
 * long that takes: closing resets whoever still waits, and on a busy machine a while is not always enough.
 */
export const lineIsHeard = (server: Server): Promise<void> =>
  new Promise(resolve => {
    const asked = get({ socketPath: server.address() as string, path: '/health', agent: false }, answer =>
      answer.resume().once('close', resolve),
    )
    asked.once('error', () => resolve())
  })

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
    name => name.startsWith(`${basename(path)}.`) && /^[0-9a-f]{8}$/.test(name.slice(basename(path).length + 1)),
  )
  for (const name of ours) {
    const file = join(dirname(path), name)
    if (!(await answers(file))) rmSync(file, { force: true })
  }
}

const answers = (file: string): Promise<boolean> =>
  new Promise(resolve => {
    const socket = connect(file)
    socket.once('connect', () => (socket.destroy(), resolve(true)))
    socket.once('error', () => resolve(false))
  })
