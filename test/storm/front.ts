/**
 * Stands where nginx stands: takes the bank's connections and hands each to one of the workers, whoever is
 * alive.
 */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import type { Random } from '../../src/base/world.ts'

export interface Front {
  url: string
  close(): Promise<void>
}

/** `ports` are the workers'. A connection to one that is gone is dropped, as the bank would find it. */
export async function openFront(ports: number[], random: Random): Promise<Front> {
  const open = new Set<Socket>()
  const server = createServer(taken => {
    const given = connect(ports[random.between(0, ports.length - 1)]!, '127.0.0.1')
    for (const [socket, other] of [
      [taken, given],
      [given, taken],
    ] as const) {
      open.add(socket)
      socket.on('error', () => undefined).once('close', () => (open.delete(socket), other.destroy()))
      socket.pipe(other)
    }
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        for (const socket of open) socket.destroy()
      }),
  }
}
