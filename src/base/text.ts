/**
 * Text that both databases keep alike: SQLite takes a NUL and half a surrogate pair, PostgreSQL refuses the
 * one and the wire changes the other.
 */

/** `1 slot`, `2 slots`. */
export const some = (count: number | bigint, one: string, more = `${one}s`): string =>
  `${count} ${BigInt(count) === 1n ? one : more}`

/** Whether every database keeps this text as it is. */
export const isStorable = (text: string): boolean => !text.includes('\u0000') && text.isWellFormed()

/**
 * A provider's text with a replacement character where one stands that no database keeps: what it sent is in
 * the inbox, byte for byte.
 */
export const storable = (text: string): string =>
  isStorable(text) ? text : text.replaceAll('\u0000', '\ufffd').toWellFormed()
