/**
 * JPEG, PNG and WebP as far as they must be read: walked part by part to their end, keeping only the parts
 * that make the picture.
 */
import { crc32 } from 'node:zlib'

export interface Picture {
  width: number
  height: number
  /** The same picture without comments, cameras and places. */
  bytes: Uint8Array
}

const bufferOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)

/**
 * Segments up to the end mark, and nothing after it (ISO/IEC 10918-1, Annex B). Undefined for what is no
 * JPEG, or a torn one.
 */
export function readJpeg(bytes: Uint8Array): Picture | undefined {
  const data = bufferOf(bytes)
  const kept = [data.subarray(0, 2)]
  let size: { width: number; height: number } | undefined
  let at = 2
  while (at + 4 <= data.length && data[at] === 0xff) {
    const marker = data[at + 1]!
    if (marker === 0xff) {
      at++
      continue
    }
    const end = at + 2 + data.readUInt16BE(at + 2)
    if (marker < 0xc0 || end > data.length || end < at + 4) return undefined
    if (isFrame(marker)) {
      if (end < at + 9) return undefined
      size = { height: data.readUInt16BE(at + 5), width: data.readUInt16BE(at + 7) }
    }
    if (!isTold(marker)) kept.push(data.subarray(at, end))
    at = end
    if (marker !== 0xda) continue
    // Coded data up to the next mark that is neither a stuffed zero nor a restart.
    const from = at
    while (
      at + 1 < data.length &&
      !(data[at] === 0xff && data[at + 1] !== 0 && !(data[at + 1]! >= 0xd0 && data[at + 1]! <= 0xd7))
    )
      at++
    if (at + 1 >= data.length) return undefined
    kept.push(data.subarray(from, at))
    if (data[at + 1] !== 0xd9) continue
    kept.push(data.subarray(at, at + 2))
    return size && at + 2 === data.length ? { ...size, bytes: Buffer.concat(kept) } : undefined
  }
  return undefined
}

/** SOF0 to SOF15, which say how large the picture is; three of these marks mean something else. */
const isFrame = (marker: number) => marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)
/**
 * Comments and applications' parts, apart from JFIF (0), the colour profile (2) and Adobe's colour transform
 * (14).
 */
const isTold = (marker: number) =>
  marker === 0xfe || (marker >= 0xe0 && marker <= 0xef && ![0xe0, 0xe2, 0xee].includes(marker))

/**
 * Chunks of PNG that make the picture (W3C PNG, third edition, 11); text, times and cameras are not among
 * them.
 */
const pngKept = new Set([
  'IHDR',
  'PLTE',
  'IDAT',
  'IEND',
  'tRNS',
  'gAMA',
  'cHRM',
  'sRGB',
  'iCCP',
  'sBIT',
  'bKGD',
  'pHYs',
  'cICP',
])

export function readPng(bytes: Uint8Array): Picture | undefined {
  const data = bufferOf(bytes)
  const kept = [data.subarray(0, 8)]
  let size: { width: number; height: number } | undefined
  let hasPixels = false
  for (let at = 8; at + 12 <= data.length;) {
    const end = at + 12 + data.readUInt32BE(at)
    const name = data.toString('latin1', at + 4, at + 8)
    if (end > data.length || crc32(data.subarray(at + 4, end - 4)) !== data.readUInt32BE(end - 4))
      return undefined
    if ((name === 'IHDR') !== (at === 8)) return undefined
    if (name === 'IHDR') size = { width: data.readUInt32BE(at + 8), height: data.readUInt32BE(at + 12) }
    if (name === 'IDAT') hasPixels = true
    if (pngKept.has(name)) kept.push(data.subarray(at, end))
    if (name === 'IEND')
      return size && hasPixels && end === data.length ? { ...size, bytes: Buffer.concat(kept) } : undefined
    at = end
  }
  return undefined
}

/** RIFF with one picture in it (WebP Container Specification); an animation is no photo. */
export function readWebp(bytes: Uint8Array): Picture | undefined {
  const data = bufferOf(bytes)
  if (data.length < 20 || data.readUInt32LE(4) + 8 !== data.length) return undefined
  const kept: Buffer[] = []
  let size: { width: number; height: number } | undefined
  for (let at = 12; at < data.length;) {
    if (at + 8 > data.length) return undefined
    const length = data.readUInt32LE(at + 4)
    const end = at + 8 + length + (length & 1)
    if (end > data.length) return undefined
    const name = data.toString('latin1', at, at + 4)
    const body = data.subarray(at + 8, at + 8 + length)
    if (name === 'ANIM' || name === 'ANMF') return undefined
    if (name === 'VP8 ' || name === 'VP8L') {
      if (size) return undefined
      size = name === 'VP8 ' ? lossySize(body) : losslessSize(body)
      if (!size) return undefined
    }
    if (webpKept.has(name))
      kept.push(name === 'VP8X' ? withoutTold(data.subarray(at, end)) : data.subarray(at, end))
    at = end
  }
  if (!size) return undefined
  const body = Buffer.concat(kept)
  const head = Buffer.from('RIFF0000WEBP', 'latin1')
  head.writeUInt32LE(body.length + 4, 4)
  return { ...size, bytes: Buffer.concat([head, body]) }
}

const webpKept = new Set(['VP8X', 'VP8 ', 'VP8L', 'ALPH', 'ICCP'])

/** A key frame's start code and 14 bits for each side (RFC 6386, 9.1). */
const lossySize = (body: Buffer) =>
  body.length >= 10 && (body[0]! & 1) === 0 && body.readUIntBE(3, 3) === 0x9d012a
    ? { width: body.readUInt16LE(6) & 0x3fff, height: body.readUInt16LE(8) & 0x3fff }
    : undefined

const losslessSize = (body: Buffer) => {
  if (body.length < 5 || body[0] !== 0x2f) return undefined
  const bits = body.readUInt32LE(1)
  return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 }
}

/** The flags of an extended file that say it has Exif or XMP, which are gone. */
function withoutTold(chunk: Buffer): Buffer {
  const copy = Buffer.from(chunk)
  if (copy.length > 8) copy[8] = copy[8]! & ~0b0000_1100
  return copy
}
