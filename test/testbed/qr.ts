/** Reads a QR code as a phone does: from what is seen on the page, not from what the page was made of. */
import { inflateSync } from 'node:zlib'
import decodeQr from 'qr/decode.js'
import type { Locator } from 'playwright-core'

/** The text of the code that `element` shows; throws when none can be read there. */
export async function readQr(element: Locator): Promise<string> {
  return decodeQr(pixelsOf(await element.screenshot({ animations: 'disabled' })), { timeLimit: 5_000 })
}

/**
 * A PNG as a browser writes it: 8 bits a channel, red green blue and perhaps alpha, not interlaced (PNG,
 * third edition, 9.2).
 */
export function pixelsOf(png: Buffer): { width: number; height: number; data: Uint8Array } {
  const width = png.readUInt32BE(16)
  const height = png.readUInt32BE(20)
  const channels = png[25] === 6 ? 4 : 3
  const parts: Buffer[] = []
  for (let at = 8; at < png.length;) {
    const length = png.readUInt32BE(at)
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT') parts.push(png.subarray(at + 8, at + 8 + length))
    at += length + 12
  }
  const raw = inflateSync(Buffer.concat(parts))
  const stride = width * channels
  const data = new Uint8Array(width * height * 4)
  let above = new Uint8Array(stride)
  for (let row = 0; row < height; row++) {
    const filter = raw[row * (stride + 1)]!
    const line = Uint8Array.from(raw.subarray(row * (stride + 1) + 1, (row + 1) * (stride + 1)))
    for (let at = 0; at < stride; at++) {
      const left = at < channels ? 0 : line[at - channels]!
      const corner = at < channels ? 0 : above[at - channels]!
      line[at] = line[at]! + predicted(filter, left, above[at]!, corner)
    }
    for (let at = 0; at < width; at++)
      data.set([...line.subarray(at * channels, at * channels + 3), 255], (row * width + at) * 4)
    above = line
  }
  return { width, height, data }
}

function predicted(filter: number, left: number, above: number, corner: number): number {
  if (filter === 0) return 0
  if (filter === 1) return left
  if (filter === 2) return above
  if (filter === 3) return (left + above) >> 1
  const guess = left + above - corner
  const [fromLeft, fromAbove, fromCorner] = [
    Math.abs(guess - left),
    Math.abs(guess - above),
    Math.abs(guess - corner),
  ]
  if (fromLeft <= fromAbove && fromLeft <= fromCorner) return left
  return fromAbove <= fromCorner ? above : corner
}
