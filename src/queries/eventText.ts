/**
 * An event's bytes as people read them: what they are as text, indented, and which end-to-end ids of Pix they
 * name.
 */

export const textOf = (raw: Uint8Array): string => Buffer.from(raw).toString('utf8')

/** Indented where that changes nothing a person would compare; else as it came. */
export function indented(raw: Uint8Array): string {
  const text = textOf(raw)
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text
  }
}

// oxlint-disable-next-line no-control-regex
const hiding = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

/** Signs that would hide or turn round what stands beside them, shown as a dot. */
export const tame = (text: string): string => text.replace(hiding, '·')

/**
 * `E` or `D`, the bank's ISPB, the minute, eleven characters: as the central bank makes them (Manual de
 * Padrões do Pix).
 */
export const endToEndIds = (raw: Uint8Array): string[] => [
  ...new Set(
    [
      ...Buffer.from(raw)
        .toString('latin1')
        .matchAll(/\b[ed]\d{8}20\d{10}[a-z0-9]{11}\b/gi),
    ].map(([id]) => `${id[0]!.toUpperCase()}${id.slice(1)}`),
  ),
]
