/**
 * What the files of one run share: servers that the main process starts when a file first asks for one, and
 * ends with itself.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Lent<Address = unknown> {
  /** What a worker needs to reach it; goes as JSON. */
  address: Address
  stop(): Promise<void>
}
export interface Broker {
  /** The UNIX socket at which workers ask: in `REPASSE_BROKER` of their environment. */
  socket: string
  close(): Promise<void>
}

/** Starts nothing yet. A start that failed is tried again for whoever asks next. */
export async function openBroker(makers: Record<string, () => Promise<Lent>>): Promise<Broker> {
  const folder = mkdtempSync(join(tmpdir(), 'repasse-broker-'))
  const socket = join(folder, 'socket')
  const lent = new Map<string, Promise<Lent>>()
  const lend = (name: string): Promise<Lent> => {
    const made =
      lent.get(name) ?? (makers[name] ?? (() => Promise.reject(new Error(`nobody lends ${name}`))))()
    lent.set(name, made)
    made.catch(() => lent.delete(name))
    return made
  }
  const server = createServer((asked, answer) => {
    lend(asked.url!.slice(1)).then(
      ({ address }) => answer.end(JSON.stringify(address)),
      (error: unknown) => answer.writeHead(500).end(error instanceof Error ? error.message : String(error)),
    )
  })
  // Neither this nor what it lends keeps a run alive that has nothing else to do.
  server.unref()
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(socket, resolve))
  return {
    socket,
    async close() {
      server.close()
      server.closeAllConnections()
      // One that could not be started was told to whoever asked, and leaves nothing to stop.
      const ends = [...lent.values()].map(made =>
        made.then(
          ({ stop }) => stop(),
          () => undefined,
        ),
      )
      const ended = await Promise.allSettled(ends)
      rmSync(folder, { recursive: true, force: true })
      const faults = ended.flatMap(end => (end.status === 'rejected' ? [end.reason as unknown] : []))
      if (faults.length > 0) throw new AggregateError(faults, `not stopped: ${faults.map(String).join('; ')}`)
    },
  }
}

/** The address of the run's server of this name; undefined outside a run, where whoever asks starts one. */
export async function borrow<Address>(
  name: string,
  socket = process.env['REPASSE_BROKER'],
): Promise<Address | undefined> {
  if (!socket) return undefined
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException) =>
      // The run whose environment we have is over.
      error.code === 'ENOENT' || error.code === 'ECONNREFUSED' ? resolve(undefined) : reject(error)
    const asked = request({ socketPath: socket, path: `/${name}`, agent: false }, answer => {
      let text = ''
      answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      answer.once('end', () =>
        answer.statusCode === 200 ? resolve(JSON.parse(text) as Address) : reject(new Error(text)),
      )
    })
    asked.once('error', failed).end()
  })
}
