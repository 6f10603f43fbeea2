/**
 * Where the shop of a demonstration asks the make-believe payer to pay: `POST /pay`, on a port of its own.
 */
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface PayerServer {
  /** What the installation is told as SIMULATE_URL. */
  url: string
  close(): Promise<void>
}

/** Who pays; each answers whether it was done, and a fault is told as one. */
export interface PayerHands {
  pix(brcode: string): boolean | Promise<boolean>
  /** Undefined where there is no chain. */
  coins: ((address: string, units: bigint) => unknown) | undefined
}

/**
 * Answers 200 when it was paid, 409 when it cannot be paid (any more), 400 to what it does not understand.
 */
export async function startPayerServer(hands: PayerHands, port = 0): Promise<PayerServer> {
  const server = createServer((request, response) => {
    const answer = (status: number, told: object) =>
      void response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(told))
    if (request.method !== 'POST' || request.url !== '/pay')
      return answer(404, { error: 'there is POST /pay' })
    bodyOf(request)
      .then(body => pay(hands, body))
      .then(
        paid => answer(paid ? 200 : 409, { paid }),
        (fault: unknown) => answer(400, { error: fault instanceof Error ? fault.message : String(fault) }),
      )
  })
  await new Promise<void>((resolve, reject) =>
    server.once('error', reject).listen(port, '127.0.0.1', resolve),
  )
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.closeAllConnections()
      return new Promise(resolve => server.close(() => resolve()))
    },
  }
}

async function pay({ pix, coins }: PayerHands, body: string): Promise<boolean> {
  const { brcode, address, units } = JSON.parse(body) as Record<string, unknown>
  if (typeof brcode === 'string') return pix(brcode)
  if (typeof address !== 'string' || typeof units !== 'string' || !/^[1-9]\d{0,15}$/.test(units))
    throw new Error('expected { brcode }, or { address, units } with satoshis as text')
  if (!coins) return false
  await coins(address, BigInt(units))
  return true
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  let length = 0
  for await (const part of request) {
    length += (part as Buffer).length
    if (length > 4_096) throw new Error('expected less than 4 kB')
    parts.push(part as Buffer)
  }
  return Buffer.concat(parts).toString('utf8')
}
