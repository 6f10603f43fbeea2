/** A server of one thing, for a test of that thing over real HTTP. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import Koa, { type Middleware } from 'koa'

export interface SmallServer {
  /** `http://127.0.0.1:PORT`. */
  url: string
  port: number
  /** What a stream was told too late, or a middleware did not catch. */
  errors: string[]
  close(): Promise<void>
}

/** Answers everything with `middleware`, behind a `proxy` that names scheme and sender where that is said. */
export async function serveSmall(middleware: Middleware[], { proxy = false } = {}): Promise<SmallServer> {
  const app = new Koa({ proxy })
  app.silent = true
  const errors: string[] = []
  app.on('error', (error: Error) => errors.push(error.message))
  for (const each of middleware) app.use(each)
  const server = createServer(app.callback())
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    ...{ port, errors, url: `http://127.0.0.1:${port}` },
    close() {
      server.closeAllConnections()
      return new Promise(resolve => server.close(() => resolve()))
    },
  }
}
