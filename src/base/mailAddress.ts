/** Addresses of mail, checked where they come in. */
import { domainToASCII } from 'node:url'

/** RFC 5321, 4.5.3.1.3, less the angle brackets. */
export const maxEmailLength = 254

/**
 * The usual shape (RFC 5321's dot-string at a domain with a point), letters of ASCII alone: no quotes, no
 * comments, no blanks, so no header can be made of it.
 */
export const isAddress = (text: string): boolean => {
  if (text.length > maxEmailLength) return false
  const [local = '', domain = '', ...more] = text.split('@')
  return (
    more.length === 0 &&
    /^[a-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}$/i.test(local) &&
    !/^\.|\.\.|\.$/.test(local) &&
    /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/i.test(domain)
  )
}

/**
 * An address as mail servers know it: a domain with accents becomes what it is in the DNS,
 * `ana@padaria-são.com.br` being `ana@xn--padaria-so-n5a.com.br` there. Undefined where it is no address;
 * what stands before the @ has to be ASCII. (RFC 5891)
 */
export function asAddress(text: string): string | undefined {
  // In the DNS a domain is at least as long as with its accents.
  if (text.trim().length > maxEmailLength) return undefined
  const [, local = '', domain = ''] = /^([^@]+)@([\p{L}\p{M}\p{N}.-]+)$/u.exec(text.trim()) ?? []
  // What is ASCII already stays as it was typed, its capitals too.
  const plain = /^[a-z0-9.-]*$/i.test(domain) ? domain : domainToASCII(domain.normalize('NFC'))
  const address = `${local}@${plain}`
  return isAddress(address) ? address : undefined
}

/** Of an e-mail address what a mailbox is known by: in small letters, without what follows a plus. */
export const mailboxOf = (email: string): string => {
  const [name = '', host = ''] = (asAddress(email) ?? email).normalize('NFKC').toLowerCase().split('@')
  return `${name.split('+')[0]!}@${host}`
}

export interface Sender {
  /** May be empty. */
  name: string
  address: string
}

/** Reads `shop@example.com` or `The Shop <shop@example.com>`. Answers undefined for anything else. */
export function readSender(text: string): Sender | undefined {
  const [, name = '', address = text] = /^([^<>@"\p{Cc}]*)<([^<>]+)>$/u.exec(text.trim()) ?? []
  const plain = asAddress(address)
  return plain === undefined ? undefined : { name: name.trim(), address: plain }
}
