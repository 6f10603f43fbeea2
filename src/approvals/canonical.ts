/**
 * Canonical JSON and its digest: one text for one content, whoever writes it. Keys are sorted and there are
 * no blanks (RFC 8785, without numbers).
 */
import { createHash } from 'node:crypto'

export type Content = { readonly [key: string]: string | null | Content }

export const canonical = (value: Content | string | null): string =>
  value === null || typeof value === 'string'
    ? JSON.stringify(value)
    : `{${Object.keys(value)
        .sort()
        .map(key => `${JSON.stringify(key)}:${canonical(value[key]!)}`)
        .join(',')}}`

/** SHA-256 in base64url. */
export const digest = (text: string | Uint8Array): string =>
  createHash('sha256').update(text).digest('base64url')
