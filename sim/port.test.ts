// A port that is asked for is one caller's, and none that an outgoing connection could be given.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { freePort } from './port.ts'

const listening = (where: number | string) =>
  new Promise<() => Promise<void>>((up, failed) => {
    const server = createServer()
    server.once('error', failed)
    server.listen(typeof where === 'number' ? { port: where, host: '127.0.0.1' } : { path: where }, () =>
      up(() => new Promise(closed => void server.close(() => closed()))),
    )
  })

it('can be listened on twice in a row', async () => {
  const port = await freePort()
  for (let turn = 0; turn < 2; turn++) await (await listening(port))()
})

it('is told to one caller only', async () => {
  const ports = await Promise.all(Array.from({ length: 300 }, () => freePort()))
  expect(new Set(ports).size).toBe(300)
})

it.skipIf(process.platform !== 'linux')(
  'is kept from other processes while this one lives, and free again once its keeper is gone',
  async () => {
    const mine = await Promise.all(Array.from({ length: 300 }, () => freePort()))
    const asked = `import { freePort } from ${JSON.stringify(fileURLToPath(new URL('port.ts', import.meta.url)))}
    const ports = await Promise.all(Array.from({ length: 300 }, () => freePort()))
    console.log(JSON.stringify(ports))`
    const theirs: unknown = JSON.parse(
      execFileSync(process.execPath, ['--input-type=module', '-e', asked], { encoding: 'utf8' }),
    )
    expect(theirs).toHaveLength(300)
    expect(mine.filter(port => (theirs as number[]).includes(port))).toEqual([])
    const keeps = async (port: number) =>
      await listening(`\0repasse-port-${port}`).then(
        close => close().then(() => false),
        () => true,
      )
    expect(await Promise.all(mine.map(keeps))).not.toContain(false)
    expect(await Promise.all((theirs as number[]).map(keeps))).not.toContain(true)
  },
)

it.skipIf(process.platform !== 'linux')(
  'is none that the kernel gives to an outgoing connection',
  async () => {
    const range = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split(/\s+/).map(Number)
    const ports = await Promise.all(Array.from({ length: 100 }, () => freePort()))
    expect(ports.filter(port => port >= range[0]! && port <= range[1]!)).toEqual([])
  },
)
