/**
 * The load, in a process of its own: prepared requests over 64 kept connections, one under way on each, by
 * plain sockets: only bare Koa is fast enough to wait for it.
 */
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { makeEvent } from './events.ts'

export interface Order {
  port: number
  /** It speaks TLS, with this one. */
  certificate?: string
  from: number
  count: number
}
export interface Measured {
  seconds: number
  p50Ms: number
  p99Ms: number
  /** Answers other than 200. */
  wrong: number
}

const connections = 64

const requestOf = (index: number): Buffer => {
  const { body, signature } = makeEvent(index)
  const head = `POST /webhooks/starkbank HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nDigital-Signature: ${signature}\r\nContent-Length: ${body.length}\r\n\r\n`
  return Buffer.concat([Buffer.from(head), body])
}

async function load({ port, certificate, from, count }: Order): Promise<Measured> {
  const requests = Array.from({ length: count }, (_, index) => requestOf(from + index))
  const waits: number[] = []
  let wrong = 0
  let next = 0
  const sockets = await Promise.all(Array.from({ length: connections }, () => open(port, certificate)))

  const startedAt = performance.now()
  await Promise.all(
    sockets.map(
      socket =>
        new Promise<void>((resolve, reject) => {
          let sentAt = 0
          let got = ''
          const send = () => {
            const request = requests[next++]
            if (!request) return resolve()
            sentAt = performance.now()
            socket.write(request)
          }
          socket.on('data', chunk => {
            got += chunk.toString('latin1')
            const end = got.indexOf('\r\n\r\n')
            if (end < 0 || got.length < end + 4 + Number(/content-length: (\d+)/i.exec(got)?.[1] ?? 0)) return
            if (!got.startsWith('HTTP/1.1 200')) wrong += 1
            waits.push(performance.now() - sentAt)
            got = ''
            send()
          })
          socket.once('error', reject)
          socket.once('close', () => reject(new Error('the receiver closed a connection')))
          send()
        }),
    ),
  )
  const seconds = (performance.now() - startedAt) / 1_000
  for (const socket of sockets) socket.removeAllListeners().destroy()
  waits.sort((a, b) => a - b)
  return { seconds, p50Ms: waits[waits.length >> 1]!, p99Ms: waits[Math.floor(waits.length * 0.99)]!, wrong }
}

const open = (port: number, ca: string | undefined): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket: Socket =
      ca === undefined
        ? connect({ port, host: '127.0.0.1', noDelay: true }, () => resolve(socket))
        : connectTls({ port, host: '127.0.0.1', servername: 'localhost', ca }, () => resolve(socket))
    socket.setNoDelay(true).once('error', reject)
  })

process.on('message', order => void load(order as Order).then(measured => process.send!(measured)))
process.on('disconnect', () => process.exit(0))
