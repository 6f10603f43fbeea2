/**
 * What remains of the window in which a stalled worker asks twice: from the last look at its deadline until
 * its bytes are the kernel's.
 */
import { generateKeyPairSync } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { systemClock } from '../src/base/clock.ts'
import { deadlineIn, type Deadline } from '../src/base/deadline.ts'
import { callMs } from '../src/rails/rail.ts'
import type { InvoiceBody } from '../src/rails/starkbank/bank.ts'
import { sdkBank } from '../src/rails/starkbank/sdk.ts'
import type { BenchOptions, Figure } from './figure.ts'

/** A bank that takes whatever it is sent. */
async function openTaker(): Promise<{ url: string; close(): void }> {
  const take = (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { invoices } = JSON.parse(Buffer.concat(chunks).toString()) as { invoices: InvoiceBody[] }
      const made = invoices.map((invoice, at) => ({
        ...invoice,
        id: String(at + 1),
        status: 'created',
        created: '2026-11-21T03:00:00.000001+00:00',
      }))
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ message: '', invoices: made }))
    })
  }
  const server = createServer(take)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => (server.closeAllConnections(), server.close()),
  }
}

export async function window({ quick, tiny }: BenchOptions): Promise<Figure[]> {
  const calls = tiny ? 3 : quick ? 30 : 500
  const taker = await openTaker()
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
  const privateKeyPem = privateKey.export({ type: 'sec1', format: 'pem' }) as string
  const bank = sdkBank({
    environment: 'sandbox',
    projectId: '1',
    privateKeyPem,
    apiUrl: taker.url,
    clock: systemClock,
  })
  const body = {
    amount: 4000,
    name: 'Arya Stark',
    taxId: '012.345.678-90',
    due: '2026-11-23T03:00:00.000+00:00',
  }
  const bodies = Array.from({ length: 100 }, (_, at) => ({
    ...body,
    tags: [`inv_01m7z35846g3q8kj59r5yjp5${at}`, 'slo_01m7z35846g3q8kj59r5yjp5am'],
  }))
  const windows: number[] = []
  const sockets = new Set<Socket>()
  const onSocket = (message: unknown) => void sockets.add((message as { socket: Socket }).socket)
  subscribe('net.client.socket', onSocket)
  let unwritten = 0
  try {
    for (let call = 0; call < calls; call++) {
      const deadline = deadlineIn(callMs, systemClock)
      let looks = 0
      const watched: Deadline = {
        leftMs() {
          const left = deadline.leftMs()
          const lookedAt = performance.now()
          // The second look is at the connected socket, and Node writes to it in the same turn: what is
          // queued here runs right after.
          if (++looks === 2)
            process.nextTick(() => {
              windows.push(performance.now() - lookedAt)
              // What the kernel did not take at once leaves when it can, whoever looks.
              if ([...sockets].some(({ writableLength }) => writableLength > 0)) unwritten++
            })
          return left
        },
      }
      const answer = await bank.createInvoices(bodies, watched)
      if (answer.is !== 'done') throw new Error(`the bench's bank answered ${answer.is}: ${answer.why}`)
    }
  } finally {
    unsubscribe('net.client.socket', onSocket)
    bank.close()
    taker.close()
  }
  if (windows.length !== calls)
    throw new Error(`${calls} calls looked ${windows.length} times at a connected socket`)
  windows.sort((a, b) => a - b)
  const at = (share: number) => windows[Math.min(calls - 1, Math.floor(calls * share))]!
  const name = 'last look to the kernel, 100 invoices a call'
  return [
    { bench: 'window', name: `${name}: p50`, value: at(0.5), unit: 'ms' },
    { bench: 'window', name: `${name}: p99`, value: at(0.99), unit: 'ms' },
    {
      bench: 'window',
      name: 'calls that the kernel did not take whole at once',
      value: unwritten,
      unit: 'calls',
      target: { most: 0 },
    },
    { bench: 'window', name: `${name}: longest of ${calls}`, value: at(1), unit: 'ms' },
  ]
}
