/** Small real pictures, made here: a PNG chunk by chunk, and what else tests put in and around one. */
import { crc32, deflateSync } from 'node:zlib'

export function chunk(name: string, body: Buffer): Buffer {
  const inner = Buffer.concat([Buffer.from(name, 'latin1'), body])
  const length = Buffer.alloc(4)
  length.writeUInt32BE(body.length)
  const sum = Buffer.alloc(4)
  sum.writeUInt32BE(crc32(inner))
  return Buffer.concat([length, inner, sum])
}

const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])

/**
 * A PNG of one colour, eight bits of red, green and blue; `more` chunks stand before its pixels. `head` says
 * another size than the pixels have.
 */
export function png(
  width: number,
  height: number,
  more: Buffer[] = [],
  head: [number, number] = [width, height],
): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(head[0], 0)
  header.writeUInt32BE(head[1], 4)
  header.set([8, 2, 0, 0, 0], 8)
  const line = Buffer.concat([Buffer.from([0]), Buffer.alloc(width * 3, Buffer.from([0x7a, 0x4b, 0x2a]))])
  const pixels = deflateSync(Buffer.concat(Array.from({ length: height }, () => line)))
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    ...more,
    chunk('IDAT', pixels),
    chunk('IEND', Buffer.alloc(0)),
  ])
}
