/**
 * A bank over HTTP, in a process of its own, that has every invoice asked about as paid: for what is measured
 * with the real SDK. Tells its port.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { publicKeyPem, scatter } from './events.ts'

const at = '2026-11-21T03:00:00.123456+00:00'
const calls: Record<string, number> = {}
let made = 0

/** Every invoice of these benches is of R$ 100.00, so nothing must be kept. */
const invoice = (id: string) => ({
  ...{
    id,
    status: 'paid',
    amount: 10_000,
    nominalAmount: 10_000,
    fee: 50,
    tags: [],
    brcode: '',
    link: '',
    created: at,
    updated: at,
  },
})

function answer(method: string, path: string, query: URLSearchParams, body: string): object {
  const [noun, id] = path.replace('/v2/', '').split('/')
  calls[`${method} ${noun}`] = (calls[`${method} ${noun}`] ?? 0) + 1
  switch (`${method} ${noun}`) {
    case 'GET public-key':
      return { cursor: null, publicKeys: [{ content: publicKeyPem }] }
    case 'GET invoice':
      if (id === 'log') return { cursor: null, logs: [] }
      return id
        ? { invoice: invoice(id) }
        : { cursor: null, invoices: (query.get('ids') ?? '').split(',').filter(Boolean).map(invoice) }
    case 'POST transfer':
      return {
        message: 'made',
        transfers: (JSON.parse(body) as { transfers: object[] }).transfers.map(order => ({
          ...order,
          ...{ id: scatter(made++), status: 'created', fee: 0, created: at, updated: at },
        })),
      }
    case 'GET transfer':
      return { cursor: null, [id === 'log' ? 'logs' : 'transfers']: [] }
    case 'GET event':
      return { cursor: null, events: [] }
    case 'GET transaction':
      return { cursor: null, transactions: [] }
    case 'GET balance':
      return { cursor: null, balances: [{ id: '1', amount: 0, currency: 'BRL', updated: at }] }
    default:
      return { errors: [] }
  }
}

const server = createServer((request, response) => {
  const parts: Buffer[] = []
  request.on('data', (part: Buffer) => parts.push(part))
  request.on('end', () => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://bank')
    const text = JSON.stringify(
      answer(request.method ?? 'GET', pathname, searchParams, Buffer.concat(parts).toString()),
    )
    response.writeHead(200, { 'content-type': 'application/json' }).end(text)
  })
})
process.on('message', () => process.send!({ calls }))
process.on('disconnect', () => process.exit(0))
server.listen(0, '127.0.0.1', () => process.send!({ port: (server.address() as AddressInfo).port }))
