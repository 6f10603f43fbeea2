/** The most Koa can do with a page: one text of so many bytes, the same for everyone. Tells its port. */
import type { AddressInfo } from 'node:net'
import Koa from 'koa'

const text = 'x'.repeat(Number(process.argv[2]))
const app = new Koa()
app.use(ctx => {
  ctx.type = 'text/html; charset=utf-8'
  ctx.body = text
})
const server = app.listen(0, '127.0.0.1', () =>
  process.send!({ port: (server.address() as AddressInfo).port }),
)
process.on('disconnect', () => process.exit(0))
