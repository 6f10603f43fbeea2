/** Photos: what is taken, what of it is kept, and everything else that somebody might hand in. */
import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { chunk, png } from '../../test/testbed/photos.ts'
import { refusalText } from '../cli/refusals.ts'
import { maxPhotoBytes, readPhoto } from './photo.ts'

const ascii = (text: string) => Buffer.from(text, 'latin1')
const refusal = (bytes: Uint8Array): string => {
  const read = readPhoto(bytes)
  if (read.is !== 'photo') return refusalText(read)
  const { mediaType, width, height } = read.photo
  return `taken as ${mediaType} of ${width} × ${height}`
}
/** A photo that is taken. */
const taken = (bytes: Uint8Array) => {
  const read = readPhoto(bytes)
  if (read.is !== 'photo') throw new Error(refusalText(read))
  return { ...read.photo, digest: read.digest }
}

const segment = (marker: number, body: Buffer) => {
  const head = Buffer.from([0xff, marker, 0, 0])
  head.writeUInt16BE(body.length + 2, 2)
  return Buffer.concat([head, body])
}
const frame = (width: number, height: number) => {
  const body = Buffer.alloc(9)
  body.set([8, height >> 8, height & 255, width >> 8, width & 255, 1, 1, 0x11, 0])
  return segment(0xc0, body)
}
const scan = Buffer.concat([
  segment(0xda, Buffer.from([1, 1, 0, 0, 63, 0])),
  Buffer.from([0x12, 0xff, 0x00, 0x34, 0xff, 0xd0, 0x56]),
])
const jpeg = (width = 640, height = 480, more: Buffer[] = [], after = Buffer.alloc(0)) =>
  Buffer.concat([
    Buffer.from([0xff, 0xd8]),
    segment(0xe0, ascii('JFIF\0')),
    ...more,
    frame(width, height),
    scan,
    Buffer.from([0xff, 0xd9]),
    after,
  ])

const riff = (...chunks: [string, Buffer][]) => {
  const body = Buffer.concat(
    chunks.flatMap(([name, bytes]) => {
      const head = Buffer.alloc(8)
      head.write(name, 'latin1')
      head.writeUInt32LE(bytes.length, 4)
      return [head, bytes, Buffer.alloc(bytes.length & 1)]
    }),
  )
  const head = ascii('RIFF0000WEBP')
  head.writeUInt32LE(body.length + 4, 4)
  return Buffer.concat([head, body])
}
const lossy = Buffer.from([0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xf0, 0x00, 7])
const lossless = (() => {
  const body = Buffer.alloc(9)
  body[0] = 0x2f
  body.writeUInt32LE((320 - 1) | ((240 - 1) << 14), 1)
  return body
})()

describe('is taken', () => {
  test.each<[string, Buffer, string]>([
    ['a PNG', png(64, 48), 'taken as image/png of 64 × 48'],
    ['a JPEG', jpeg(), 'taken as image/jpeg of 640 × 480'],
    ['a lossy WebP', riff(['VP8 ', lossy]), 'taken as image/webp of 320 × 240'],
    ['a lossless WebP', riff(['VP8L', lossless]), 'taken as image/webp of 320 × 240'],
  ])('%s', (_, bytes, taken) => {
    expect(refusal(bytes)).toBe(taken)
  })

  test('is named by what is kept of it, and what is kept is taken again as it is', () => {
    const { digest, bytes } = taken(png(64, 48))
    expect(digest).toBe(createHash('sha256').update(bytes).digest('hex'))
    expect(Buffer.from(bytes).equals(png(64, 48))).toBe(true)
    for (const whole of [
      jpeg(640, 480, [segment(0xe1, ascii('Exif\0\0'))]),
      riff(
        ['VP8X', Buffer.from([0x0c, 0, 0, 0, 63, 1, 0, 239, 0, 0])],
        ['VP8 ', lossy],
        ['EXIF', ascii('x')],
      ),
    ]) {
      const once = taken(whole)
      expect(taken(once.bytes).digest).toBe(once.digest)
    }
  })
})

describe('loses what is no picture', () => {
  const secret = ascii('Exif\0\0 taken at -23.55,-46.63 <script>alert(1)</script> <?php')
  test.each<[string, Buffer]>([
    ['a PNG’s text', png(64, 48, [chunk('tEXt', secret), chunk('eXIf', secret), chunk('prVt', secret)])],
    [
      'a JPEG’s camera, place and comment',
      jpeg(640, 480, [segment(0xe1, secret), segment(0xfe, secret), segment(0xed, secret)]),
    ],
    [
      'a WebP’s camera and place',
      riff(
        ['VP8X', Buffer.from([0x0c, 0, 0, 0, 63, 1, 0, 239, 0, 0])],
        ['VP8 ', lossy],
        ['EXIF', secret],
        ['XMP ', secret],
        ['JUNK', secret],
      ),
    ],
  ])('%s', (_, bytes) => {
    expect(bytes.includes('<script>')).toBe(true)
    expect(Buffer.from(taken(bytes).bytes).includes('<script>')).toBe(false)
  })

  test('a WebP does not say that it has what it lost', () => {
    const flags = (bytes: Uint8Array) => bytes[Buffer.from(bytes).indexOf('VP8X') + 8]
    const whole = riff(
      ['VP8X', Buffer.from([0x3c, 0, 0, 0, 63, 1, 0, 239, 0, 0])],
      ['VP8 ', lossy],
      ['EXIF', secret],
    )
    expect([flags(whole), flags(taken(whole).bytes)]).toEqual([0x3c, 0x30])
  })

  test('the colours’ own parts stay', () => {
    const kept = (bytes: Uint8Array, part: string) => Buffer.from(bytes).includes(part)
    expect(kept(taken(png(64, 48, [chunk('gAMA', Buffer.from([0, 0, 0xb1, 0x8f]))])).bytes, 'gAMA')).toBe(
      true,
    )
    expect(kept(taken(jpeg(64, 48, [segment(0xe2, ascii('ICC_PROFILE\0'))])).bytes, 'ICC_PROFILE')).toBe(true)
    expect(kept(taken(riff(['ICCP', ascii('profile!')], ['VP8 ', lossy])).bytes, 'profile!')).toBe(true)
  })
})

describe('is refused', () => {
  const broken = (bytes: Buffer, at: number) => {
    const copy = Buffer.from(bytes)
    copy[at] = copy[at]! ^ 0xff
    return copy
  }
  const none = 'begins like a'
  test.each<[string, Uint8Array, string]>([
    ['nothing', Buffer.alloc(0), 'is no JPEG, PNG or WebP by its bytes'],
    ['a page', ascii('<!doctype html><script>alert(1)</script>'), 'is no JPEG, PNG or WebP'],
    [
      'a drawing that may hold scripts',
      ascii('<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>'),
      'is no JPEG, PNG or WebP',
    ],
    ['a GIF', ascii('GIF89a\u0001\u0000\u0001\u0000'), 'is no JPEG, PNG or WebP'],
    ['a PDF', ascii('%PDF-1.7'), 'is no JPEG, PNG or WebP'],
    ['a JPEG’s beginning alone', Buffer.from([0xff, 0xd8, 0xff]), none],
    ['a PNG’s beginning alone', png(64, 48).subarray(0, 8), none],
    ['a torn PNG', png(64, 48).subarray(0, -5), none],
    ['a PNG with a wrong sum', broken(png(64, 48), 20), none],
    [
      'a PNG without pixels',
      Buffer.concat([png(64, 48).subarray(0, 33), chunk('IEND', Buffer.alloc(0))]),
      none,
    ],
    ['a PNG and a page', Buffer.concat([png(64, 48), ascii('<html>')]), none],
    ['a JPEG and an archive', jpeg(640, 480, [], ascii('PK\u0003\u0004')), none],
    ['a torn JPEG', jpeg().subarray(0, -2), none],
    [
      'a JPEG that names a length beyond its end',
      Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0xff, 0xff, 0, 0]),
      none,
    ],
    [
      'a JPEG without a size',
      Buffer.concat([Buffer.from([0xff, 0xd8]), scan, Buffer.from([0xff, 0xd9])]),
      none,
    ],
    ['a WebP of another length', Buffer.concat([riff(['VP8 ', lossy]), ascii('more')]), none],
    ['an animation', riff(['VP8X', Buffer.alloc(10)], ['ANIM', Buffer.alloc(6)], ['VP8 ', lossy]), none],
    ['two pictures in one WebP', riff(['VP8 ', lossy], ['VP8L', lossless]), none],
    ['a WebP without a picture', riff(['ICCP', ascii('profile!')]), none],
    ['a WebP whose part is longer than it', Buffer.from(riff(['VP8 ', lossy])).fill(0xff, 16, 19), none],
    ['a speck', png(8, 8), 'is 8 × 8 pixels'],
    [
      'a picture that unpacks to more than a phone holds',
      png(16, 16, [], [7_000, 7_000]),
      'is 7000 × 7000 pixels',
    ],
    ['a picture of no width', png(16, 16, [], [0, 16]), 'is 0 × 16 pixels'],
    ['more bytes than may be', Buffer.alloc(maxPhotoBytes + 1), 'kB, and may have 512'],
  ])('%s', (_, bytes, right) => {
    expect(refusal(bytes)).toContain(right)
  })

  test('cut anywhere, or with any byte of its frame changed, it throws nothing unforeseen', () => {
    for (const whole of [
      png(64, 48),
      jpeg(),
      riff(['VP8X', Buffer.alloc(10)], ['VP8 ', lossy], ['EXIF', ascii('abc')]),
    ]) {
      for (let end = 0; end < whole.length; end++)
        expect(refusal(whole.subarray(0, end))).toMatch(/^the photo /)
      for (let at = 0; at < Math.min(whole.length, 120); at++)
        expect(refusal(broken(whole, at))).toMatch(/^(the photo |taken as )/)
    }
  })

  test('the sums of the pictures made here are those of PNG', () => {
    expect(crc32(ascii('IEND'))).toBe(0xae426082)
  })
})
