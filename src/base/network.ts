/** Addresses of the internet, compared: the one place that says which of them are one visitor's. */
import { isIPv4, isIPv6 } from 'node:net'

/**
 * What an address counts as: of IPv6 its /64, which is what one household is given and may change within at
 * will; an IPv4 address as itself, also where it is written as one of IPv6. What is no address counts as what
 * it is.
 */
export function networkOf(address: string): string {
  const plain = mapped(address.split('%')[0]!.toLowerCase())
  if (!plain.includes(':')) return plain
  const [head = '', tail] = plain.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const all =
    tail === undefined
      ? left
      : [...left, ...Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0'), ...right]
  return `${all
    .slice(0, 4)
    .map(part => part.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`
}

/** Whether two addresses are one visitor's. */
export const sameNetwork = (one: string, other: string): boolean => networkOf(one) === networkOf(other)

/**
 * Addresses and networks as a person lists them, with blanks or commas between; undefined where one of them
 * is none.
 */
export function readNetworks(text: string): string[] | undefined {
  const found = text.split(/[\s,]+/).filter(part => part !== '')
  const isOne = (part: string) => {
    const [address = '', prefix, more] = part.split('/')
    const most = isIPv4(address) ? 32 : isIPv6(address) ? 128 : undefined
    if (most === undefined || more !== undefined) return false
    return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= most)
  }
  return found.length > 0 && found.every(isOne) ? found : undefined
}

/** `::ffff:203.0.113.7`, and the same in hexadecimal, is `203.0.113.7` (RFC 4291 §2.5.5.2). */
function mapped(address: string): string {
  const [, dotted, high, low] =
    /^(?:0{0,4}:){1,5}:?ffff:(?:(\d{1,3}(?:\.\d{1,3}){3})|([0-9a-f]{1,4}):([0-9a-f]{1,4}))$/.exec(address) ??
    []
  if (dotted !== undefined) return dotted
  if (high === undefined) return address
  const bits = Number.parseInt(high, 16) * 65_536 + Number.parseInt(low!, 16)
  return [24, 16, 8, 0].map(shift => Math.floor(bits / 2 ** shift) % 256).join('.')
}
