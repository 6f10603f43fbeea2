/**
 * Whose word about an address is believed: on a port nobody's by default, only of the peers that are named.
 */
import { request } from 'node:http'
import { expect, test } from 'vitest'
import { openMigrated } from '../../test/testbed/migrated.ts'
import { systemClock, systemRandom } from '../base/clock.ts'
import { silentLog } from '../base/log.ts'
import { readNetworks } from '../base/network.ts'
import { makeInbox } from '../webhooks/webhooks.ts'
import { trustedPeers } from './peers.ts'
import { serveWeb } from './server.ts'

const world = { clock: systemClock, random: systemRandom, log: silentLog, at: () => undefined }

/** What the program takes a visitor at `from` for, who claims to be somebody else. */
async function taken(trustedProxies: string[] | undefined, from = '127.0.0.1'): Promise<string> {
  const db = await openMigrated('sqlite::memory:', world)
  const parts = { db, inbox: makeInbox(db, world), clock: systemClock, log: silentLog, trustedProxies }
  const pages = () => [
    (ctx: { body: unknown; ip: string; protocol: string; host: string }) =>
      void (ctx.body = `${ctx.protocol} ${ctx.ip} ${ctx.host}`),
  ]
  const web = await serveWeb({ ...parts, pages: pages as never }, '127.0.0.1:0')
  try {
    return await new Promise((resolve, reject) => {
      const headers = {
        host: 'here',
        'x-forwarded-for': '10.9.9.9, 203.0.113.7',
        'x-forwarded-proto': 'https',
        'x-forwarded-host': 'elsewhere',
      }
      request(`${web.address}/who`, { localAddress: from, headers, agent: false }, answer => {
        let text = ''
        answer.setEncoding('utf8').on('data', (part: string) => (text += part))
        answer.on('end', () => resolve(text))
      })
        .on('error', reject)
        .end()
    })
  } finally {
    await web.close()
    await db.close()
  }
}

test.each([
  ['nobody is named', undefined, '127.0.0.1', 'http 127.0.0.1 here'],
  ['another is named', ['127.0.0.2', '10.0.0.0/8'], '127.0.0.1', 'http 127.0.0.1 here'],
  ['it is named', ['127.0.0.1'], '127.0.0.1', 'https 203.0.113.7 elsewhere'],
  ['its network is named', ['10.0.0.0/8', '127.0.0.0/30'], '127.0.0.2', 'https 203.0.113.7 elsewhere'],
])('a peer that claims another address, where %s [security A10]', async (_, trusted, from, is) => {
  expect(await taken(trusted, from)).toBe(is)
})

test('a peer of IPv4 is known at a listener of both families, and one without an address is nobody', () => {
  const isTrusted = trustedPeers(['10.0.0.0/8', 'fd00::/8'])
  expect(['::ffff:10.1.2.3', 'fd12::1', '10.255.0.1'].every(isTrusted)).toBe(true)
  expect(['::ffff:11.1.2.3', 'fe80::1', '11.0.0.1', undefined, 'junk'].some(isTrusted)).toBe(false)
})

test.each(['127.0.0.1', '127.0.0.1 10.0.0.0/8', 'fd00::/8,::1'])('the setting "%s" is taken', text =>
  expect(readNetworks(text)).toBeDefined(),
)
test.each(['', ' ', 'nginx', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/8/8', 'fd00::/129', '10.0.0'])(
  'the setting "%s" is not',
  text => expect(readNetworks(text)).toBeUndefined(),
)
