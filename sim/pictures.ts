/**
 * Small photos for products that do not exist: drawn by arithmetic and packed as PNG, so that they are
 * nobody's.
 */
import { crc32, deflateSync } from 'node:zlib'

export type Colour = readonly [red: number, green: number, blue: number]
/**
 * Which colour a point has; undefined leaves what is below. Both coordinates are 0 to 1, the origin above on
 * the left.
 */
export type Shape = (x: number, y: number) => Colour | undefined

/** Every picture: the last shape that covers a point is seen. */
export function drawn(shapes: readonly Shape[], width = 480, height = 360): Buffer {
  const rows = Buffer.alloc((width * 3 + 1) * height)
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const sum = [0, 0, 0]
      // Four looks at each point smooth the edges.
      for (const [dx, dy] of corners) {
        const colour = seen(shapes, (x + dx) / width, (y + dy) / height)
        for (const channel of [0, 1, 2] as const) sum[channel]! += colour[channel]
      }
      for (const channel of [0, 1, 2] as const)
        rows[y * (width * 3 + 1) + 1 + x * 3 + channel] = Math.round(sum[channel]! / corners.length)
    }
  return png(width, height, rows)
}

const corners = [
  [0.25, 0.25],
  [0.75, 0.25],
  [0.25, 0.75],
  [0.75, 0.75],
] as const

const seen = (shapes: readonly Shape[], x: number, y: number): Colour => {
  for (const shape of shapes.toReversed()) {
    const colour = shape(x, y)
    if (colour) return colour
  }
  return [255, 255, 255]
}

/** PNG, 8 bits a channel, without filters or transparency. (W3C, Portable Network Graphics) */
function png(width: number, height: number, rows: Buffer): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, 2, 0, 0, 0], 8)
  const chunks = [
    ['IHDR', header],
    ['IDAT', deflateSync(rows, { level: 9 })],
    ['IEND', Buffer.alloc(0)],
  ] as const
  return Buffer.concat([
    Buffer.from('\u0089PNG\r\n\u001a\n', 'latin1'),
    ...chunks.map(([name, data]) => chunk(name, data)),
  ])
}

function chunk(name: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(name, 'latin1'), data])
  const ends = Buffer.alloc(8)
  ends.writeUInt32BE(data.length, 0)
  ends.writeUInt32BE(crc32(body), 4)
  return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)])
}

const ground =
  (colour: Colour): Shape =>
  () =>
    colour
const box =
  (left: number, top: number, right: number, bottom: number, colour: Colour): Shape =>
  (x, y) =>
    x >= left && x <= right && y >= top && y <= bottom ? colour : undefined
/** `x` is stretched so that it is round in a picture of four to three. */
const disc =
  (cx: number, cy: number, radius: number, colour: Colour): Shape =>
  (x, y) =>
    ((x - cx) * 4) ** 2 + ((y - cy) * 3) ** 2 <= (radius * 4) ** 2 ? colour : undefined

const [paper, dark, cream, green, red, blue, wood]: Colour[] = [
  [250, 248, 242],
  [52, 40, 34],
  [236, 222, 198],
  [36, 110, 92],
  [176, 62, 48],
  [44, 82, 130],
  [196, 160, 118],
] as [Colour, Colour, Colour, Colour, Colour, Colour, Colour]
const table = (colour: Colour): Shape[] => [ground(colour), box(0, 0.78, 1, 1, wood!)]

/** By product. */
export const pictures = {
  coffee: () =>
    drawn([
      ...table([222, 232, 226]),
      box(0.34, 0.22, 0.66, 0.86, dark!),
      box(0.34, 0.22, 0.66, 0.29, [78, 62, 54]),
      box(0.39, 0.42, 0.61, 0.7, cream!),
      disc(0.5, 0.52, 0.055, green!),
      box(0.43, 0.63, 0.57, 0.65, dark!),
    ]),
  mug: () =>
    drawn([
      ...table([238, 228, 216]),
      disc(0.68, 0.56, 0.12, green!),
      disc(0.68, 0.56, 0.075, [238, 228, 216]),
      box(0.34, 0.34, 0.66, 0.84, green!),
      box(0.34, 0.34, 0.66, 0.38, [24, 82, 68]),
      disc(0.5, 0.6, 0.06, cream!),
    ]),
  notebook: () =>
    drawn([
      ...table([214, 224, 238]),
      box(0.3, 0.16, 0.7, 0.88, blue!),
      box(0.3, 0.16, 0.35, 0.88, [28, 54, 92]),
      box(0.42, 0.3, 0.64, 0.44, paper!),
      box(0.45, 0.35, 0.61, 0.365, blue!),
      box(0.45, 0.39, 0.56, 0.405, blue!),
      box(0.6, 0.16, 0.625, 0.94, red!),
    ]),
  stickers: () =>
    drawn([
      ...table([236, 234, 226]),
      disc(0.32, 0.42, 0.13, paper!),
      disc(0.32, 0.42, 0.11, red!),
      disc(0.66, 0.38, 0.13, paper!),
      disc(0.66, 0.38, 0.11, blue!),
      disc(0.5, 0.62, 0.13, paper!),
      disc(0.5, 0.62, 0.11, green!),
      disc(0.5, 0.62, 0.05, cream!),
    ]),
} as const satisfies Record<string, () => Buffer>
