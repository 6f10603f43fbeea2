/**
 * Text that both databases keep alike: SQLite takes a NUL and half a surrogate pair, PostgreSQL refuses the
 * one and the wire changes the other.
 */

/** Whether every database keeps this text as it is. */
export const isStorable = (text: string): boolean => !text.includes('\u0000') && text.isWellFormed()

/**
 * A provider's text with a replacement character where one stands that no database keeps: what it sent is in
 * the inbox, byte for byte.
 */
export const storable = (text: string): string =>
  isStorable(text) ? text : text.replaceAll('\u0000', '\ufffd').toWellFormed()
