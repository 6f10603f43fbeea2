/** The web server: the receiver's route, and whether we are alive and ready. */
import { chmodSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import Router from '@koa/router'
import Koa from 'koa'
import type { Log } from '../base/log.ts'
import type { Rail } from '../rails/rail.ts'
import type { Store } from '../store/store.ts'
import { receiver, type Inbox } from '../webhooks/webhooks.ts'
import { readiness } from './status.ts'

export interface WebParts {
  store: Store
  /** The bank's, whose events come in here; absent where there is no bank. */
  rail?: Rail
  inbox: Inbox
  log: Log
  /** False while there is too little room on the disk to keep anything. */
  mayTake?: () => boolean
}

export interface Web {
  /** Where it listens, as a client would write it. */
  address: string
  /** Takes no new connection and waits for the open ones. */
  close(): Promise<void>
}

const requestTimeoutMs = 15_000

/** Serves on `host:port` or `unix:/path`. */
export async function serveWeb(parts: WebParts, listen: string): Promise<Web> {
  const app = new Koa()
  app.silent = true
  app.on('error', (error: Error & { code?: string }) => {
    if (error.code !== 'ERR_STREAM_PREMATURE_CLOSE' && error.code !== 'ECONNRESET')
      parts.log.error({ why: error.message }, 'a request failed')
  })
  // Nobody's browser asks here, so OPTIONS is a method like any other that is not served.
  app.use(async (ctx, next) => {
    await next()
    if (ctx.method === 'OPTIONS' && ctx.status === 200) ctx.status = 405
  })
  if (parts.rail) {
    const door = receiver(parts.rail, parts.inbox, parts, parts.mayTake)
    app.use(door.routes()).use(door.allowedMethods())
  }
  const health = healthRoutes(parts)
  app.use(health.routes()).use(health.allowedMethods())

  const server = createServer(
    { requestTimeout: requestTimeoutMs, headersTimeout: 10_000, keepAliveTimeout: 65_000, maxHeaderSize: 16 * 1024 },
    app.callback(),
  )
  await listenOn(server, listen)
  return {
    address: addressOf(server, listen),
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeIdleConnections()
      }),
  }
}

function healthRoutes({ store }: WebParts): Router {
  const router = new Router({ strict: true, sensitive: true })
  router.get('/health', ctx => {
    ctx.body = { alive: true }
  })
  router.get('/ready', async ctx => {
    const { ready, checks } = await readiness(store)
    ctx.status = ready ? 200 : 503
    ctx.body = { ready, checks }
  })
  return router
}

function listenOn(server: Server, listen: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    if (listen.startsWith('unix:')) {
      const path = listen.slice('unix:'.length)
      rmSync(path, { force: true })
      // nginx runs as another user and needs to write to the socket.
      server.listen(path, () => (chmodSync(path, 0o666), resolve()))
    } else {
      const [, host, port] = /^\[?(.+?)\]?:(\d+)$/.exec(listen)!
      server.listen(Number(port), host, resolve)
    }
  })
}

function addressOf(server: Server, listen: string): string {
  const address = server.address() as AddressInfo | string | null
  return typeof address === 'object' && address !== null
    ? `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`
    : listen
}
