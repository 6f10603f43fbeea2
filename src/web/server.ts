/** The web server: the receiver's route, and whether we are alive and ready. */
import { createServer } from 'node:http'
import type { Socket } from 'node:net'
import Router from '@koa/router'
import Koa, { type Middleware } from 'koa'
import type { Log } from '../base/log.ts'
import type { Clock } from '../base/world.ts'
import type { Rail } from '../rails/rail.ts'
import type { Db } from '../db/db.ts'
import { receiver, type Inbox } from '../webhooks/webhooks.ts'
import { lineIsHeard, listenOn } from './listen.ts'
import { onlyFrom, trustedPeers } from './peers.ts'
import { readiness } from '../queries/status.ts'

export interface WebParts {
  db: Db
  /** The bank's, whose events come in here; absent where there is no bank. */
  rail?: Rail
  inbox: Inbox
  clock: Clock
  log: Log
  /** How long a rail may fail to answer before it is said. */
  silentMs?: number
  /** False once we were told to stop: who goes takes no socket’s name. */
  wanted?: () => boolean
  /** False while there is too little room on the disk to keep anything. */
  mayTake?: () => boolean
  /** Who may connect to the socket beside us; by default the group of its folder. */
  socketGroup?: string | undefined
  /**
   * Whose word about where a request comes from is believed on a port, as addresses and networks; nobody's by
   * default.
   */
  trustedProxies?: readonly string[] | undefined
  /**
   * The shop and the console; absent where only events are taken. `over` aborts when the server closes: what
   * streams ends then.
   */
  pages?: (over: AbortSignal) => Middleware[]
}

export interface Web {
  /** Where it listens, as a client would write it. */
  address: string
  /** Takes no new connection and waits for the open ones. */
  close(): Promise<void>
}

const requestTimeoutMs = 15_000
const lingerMs = 300
/** How long a connection on which nothing was asked yet is waited for at the end. */
const silentMs = 1_000

/** Serves on `host:port` or `unix:/path`. */
export async function serveWeb(parts: WebParts, listen: string): Promise<Web> {
  const over = new AbortController()
  const app = new Koa()
  app.silent = true
  // Behind a socket only nginx's group speaks to us, and nginx overwrites what a client claims to be. On a
  // port anyone may.
  const trusted = listen.startsWith('unix:') ? undefined : trustedPeers(parts.trustedProxies ?? [])
  app.proxy = true
  app.maxIpsCount = 1
  if (trusted) app.use(onlyFrom(trusted))
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
    const webhooks = receiver(parts.rail, parts.inbox, parts, parts.mayTake)
    app.use(webhooks.routes()).use(webhooks.allowedMethods())
  }
  const health = healthRoutes(parts)
  app.use(health.routes()).use(health.allowedMethods())
  for (const middleware of parts.pages?.(over.signal) ?? []) app.use(middleware)

  const server = createServer(
    {
      requestTimeout: requestTimeoutMs,
      headersTimeout: 10_000,
      keepAliveTimeout: 65_000,
      maxHeaderSize: 16 * 1024,
    },
    app.callback(),
  )
  const silent = new Set<Socket>()
  server.on('connection', socket => {
    silent.add(socket)
    socket.once('close', () => silent.delete(socket))
  })
  server.on('request', ({ socket }) => silent.delete(socket))
  const ready = async () => (await readiness(parts.db)).ready && (parts.wanted?.() ?? true)
  const { address, giveBack } = await listenOn(server, listen, ready, parts, over.signal, parts.socketGroup)
  return {
    address,
    async close() {
      over.abort()
      await giveBack()
      // Whoever connected before the name went to the next server may still wait to be accepted, and closing
      // would reset that.
      if (listen.startsWith('unix:')) {
        await parts.clock.sleep(lingerMs)
        await lineIsHeard(server)
      }
      const ended = new AbortController()
      const closed = new Promise<void>(resolve => {
        server.close(() => resolve())
        server.closeIdleConnections()
      })
      // Node times nobody out any more from here on, so a browser that connected ahead of need, or a request
      // that never ends, would hold us for ever.
      void (async () => {
        await parts.clock.sleep(silentMs, ended.signal)
        for (const socket of silent) socket.destroy()
        await parts.clock.sleep(requestTimeoutMs, ended.signal)
        server.closeAllConnections()
      })()
      await closed
      ended.abort()
    },
  }
}

function healthRoutes({ db, silentMs }: WebParts): Router {
  const router = new Router({ strict: true, sensitive: true })
  router.get('/health', ctx => {
    ctx.body = { alive: true }
  })
  router.get('/ready', async ctx => {
    const { ready, checks } = await readiness(db, silentMs)
    ctx.status = ready ? 200 : 503
    ctx.body = { ready, checks }
  })
  return router
}
