/**
 * The simulated node on a real port, its cookie in a file as Bitcoin Core leaves it. A thin shell; all it
 * knows is in chain.ts.
 */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock, systemRandom } from '../../src/base/clock.ts'
import type { Clock, Random } from '../../src/base/world.ts'
import { makeChain, type Chain, type ChainFaults, type ChainSettings } from './chain.ts'
import { control } from './control.ts'

export interface NodeServer {
  /** `http://127.0.0.1:PORT`, without credentials: those are in the cookie file. */
  url: string
  port: number
  /** Holds `user:password`; rewritten when the node goes up again. */
  cookieFile: string
  chain: Chain
  /** As `chain.rpc`, awaited: what a test asks of a real node in the same words. */
  // oxlint-disable-next-line typescript/no-explicit-any -- a test knows what it asked for
  rpc<T = any>(method: string, params?: unknown[], wallet?: string): Promise<T>
  /** Stops answering; open connections are cut, and a folder it made is removed. */
  close(): Promise<void>
}

export interface NodeServerOptions {
  /** 0 for any that is free. */
  port?: number
  host?: string
  /** Where the cookie goes; into a folder of its own where nothing is said. */
  cookieFile?: string | undefined
  /** A chain made elsewhere; its clock must run in real time. */
  chain?: Chain
  clock?: Clock
  random?: Random
  settings?: Partial<ChainSettings>
  faults?: Partial<ChainFaults>
}

export async function startNode(options: NodeServerOptions = {}): Promise<NodeServer> {
  const {
    port = 0,
    host = '127.0.0.1',
    clock = systemClock,
    random = systemRandom,
    settings = {},
    faults = {},
  } = options
  const chain = options.chain ?? makeChain({ clock, random, settings, faults })
  const folder = options.cookieFile === undefined ? mkdtempSync(join(tmpdir(), 'repasse-node-')) : undefined
  const cookieFile = options.cookieFile ?? join(folder!, '.cookie')
  const closing = new AbortController()
  // Whoever reads the file while it is written finds the old cookie or the new one, never half.
  const leave = (cookie: string) => {
    writeFileSync(`${cookieFile}.new`, cookie, { mode: 0o600 })
    renameSync(`${cookieFile}.new`, cookieFile)
  }
  leave(chain.cookie)
  chain.onCookie = leave

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request)
    const path = new URL(request.url ?? '/', 'http://node').pathname
    const method = request.method ?? 'GET'
    if (path.startsWith('/sim/')) {
      const { status, answer: told } = control(chain, method, path.slice('/sim/'.length), body)
      return void response
        .writeHead(status, { 'Content-Type': 'application/json' })
        .end(`${JSON.stringify(told)}\n`)
    }
    const answered = chain.handle({ method, path, authorization: request.headers.authorization, body })
    // The connection stays open without a word until the client loses patience or the node closes.
    if (answered.is === 'hang') return
    if (answered.afterMs > 0) await clock.sleep(answered.afterMs, closing.signal)
    if (answered.is === 'reset') return void request.socket.resetAndDestroy()
    response
      .writeHead(answered.status, { ...answered.headers, 'Content-Length': Buffer.byteLength(answered.body) })
      .end(answered.body)
  }

  // A client that went away while it was still sending is not waited for.
  const server = createServer(
    (request, response) => void answer(request, response).catch(() => response.destroy()),
  )
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve))

  const bound = (server.address() as AddressInfo).port
  return {
    url: `http://${host}:${bound}`,
    port: bound,
    cookieFile,
    chain,
    // oxlint-disable-next-line typescript/no-explicit-any -- a test knows what it asked for
    rpc: async <T = any>(method: string, params?: unknown[], wallet?: string) =>
      chain.rpc<T>(method, params, wallet),
    async close() {
      closing.abort()
      chain.onCookie = undefined
      server.closeAllConnections()
      await new Promise<void>(resolve => server.close(() => resolve()))
      if (folder === undefined) rmSync(cookieFile, { force: true })
      else rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}
