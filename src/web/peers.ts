/**
 * Who may say where a request came from: a header of that kind is believed from the peers that are
 * configured, and dropped from all others.
 */
import { BlockList, isIPv4 } from 'node:net'
import type { Middleware } from 'koa'

/** `networks` as `readNetworks` leaves them: addresses, or networks with the length of their prefix. */
export function trustedPeers(networks: readonly string[]): (address: string | undefined) => boolean {
  const list = new BlockList()
  for (const network of networks) {
    const [address, prefix] = network.split('/') as [string, string?]
    const family = isIPv4(address) ? 'ipv4' : 'ipv6'
    list.addSubnet(address, prefix === undefined ? (family === 'ipv4' ? 32 : 128) : Number(prefix), family)
  }
  return address => {
    if (address === undefined) return false
    // A listener of both families names who came by IPv4 in the other's way.
    const plain = address.replace(/^::ffff:(?=\d+\.)/, '')
    return list.check(plain, isIPv4(plain) ? 'ipv4' : 'ipv6')
  }
}

/** All that Koa reads of them. */
const forwarded = ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host'] as const

export const onlyFrom =
  (isTrusted: (address: string | undefined) => boolean): Middleware =>
  (ctx, next) => {
    if (!isTrusted(ctx.req.socket.remoteAddress)) for (const name of forwarded) delete ctx.req.headers[name]
    return next()
  }
