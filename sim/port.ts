/** A port to listen on, again and again: a program that is killed and started again finds it free. */
import { randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer, type ListenOptions } from 'node:net'

const firstPort = 10_240
const tries = 1_000

/**
 * A port of 127.0.0.1 that nobody listens on just now. It is kept for this process until the process ends, so
 * that no other caller is told the same one, and it lies outside the range the kernel gives to outgoing
 * connections: one of those, made while the program that was told this port is between two lives, would keep
 * it from listening again.
 */
export async function freePort(): Promise<number> {
  const end = endOfPorts()
  for (let turn = 0; turn < tries; turn++) {
    const port = randomInt(firstPort, end)
    if ((await isKept(port)) && (await isFree(port))) return port
  }
  throw new Error(`no free port of ${tries} tried between ${firstPort} and ${end - 1}`)
}

/**
 * The first port that outgoing connections may get: 32768, unless the machine says otherwise and leaves room
 * below it.
 */
function endOfPorts(): number {
  let first = Number.NaN
  try {
    first = Number.parseInt(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8'), 10)
  } catch {
    // Not Linux: the usual range there begins higher.
  }
  return first >= firstPort + tries ? first : 32_768
}

/**
 * Keeps the port's name, in Linux's abstract sockets, which end with their process however it ends. Elsewhere
 * nothing is kept.
 */
const isKept = (port: number): Promise<boolean> =>
  process.platform === 'linux'
    ? listens({ path: `\0repasse-port-${port}` }, 'until this process ends')
    : Promise.resolve(true)

const isFree = (port: number): Promise<boolean> => listens({ host: '127.0.0.1', port }, 'for a moment')

/** Whether a server could listen there. */
function listens(where: ListenOptions, how: 'for a moment' | 'until this process ends'): Promise<boolean> {
  return new Promise((found, failed) => {
    const server = createServer()
    server.once('error', (fault: NodeJS.ErrnoException) =>
      fault.code === 'EADDRINUSE' ? found(false) : failed(fault),
    )
    server.listen({ ...where, exclusive: true }, () => {
      if (how === 'for a moment') server.close(() => found(true))
      else {
        server.unref()
        found(true)
      }
    })
  })
}
