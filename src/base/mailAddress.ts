/** Addresses of mail, checked where they come in. */

/** RFC 5321, 4.5.3.1.3, less the angle brackets. */
export const mostEmailLength = 254

/**
 * The usual shape (RFC 5321's dot-string at a domain with a point), letters of ASCII alone: no quotes, no comments, no blanks, so no
 * header can be made of it.
 */
export const isAddress = (text: string): boolean => {
  const [, local] =
    /^([a-z0-9!#$%&'*+/=?^_`{|}~.-]+)@((?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9])$/i.exec(text) ?? []
  return local !== undefined && local.length <= 64 && text.length <= mostEmailLength && !/^\.|\.\.|\.$/.test(local)
}

export interface Sender {
  /** May be empty. */
  name: string
  address: string
}

/** Reads `shop@example.com` or `The Shop <shop@example.com>`. Answers undefined for anything else. */
export function readSender(text: string): Sender | undefined {
  const [, name = '', address = text] = /^([^<>@"\p{Cc}]*)<([^<>]+)>$/u.exec(text.trim()) ?? []
  return isAddress(address.trim()) ? { name: name.trim(), address: address.trim() } : undefined
}
