/** Reads the QR code that a page draws, from its drawing: what a phone would read of it. */
import decodeQr from 'qr/decode.js'

const dots = 4

/** The text of the one code in `html`; throws where there is none, or one that cannot be read. */
export function qrInPage(html: string): string {
  const [, box, path] =
    /<svg class="qr"[^>]*viewBox="0 0 (\d+) \d+"[^>]*>.*?<path[^>]* d="([^"]+)"/s.exec(html) ?? []
  if (box === undefined || path === undefined) throw new Error('the page shows no QR code')
  const size = Number(box) * dots
  const data = new Uint8Array(size * size * 4).fill(255)
  for (const [, x, y, wide] of path.matchAll(/M(\d+) (\d+)h(\d+)v1H\d+z/g))
    for (let row = Number(y) * dots; row < (Number(y) + 1) * dots; row++)
      for (let at = Number(x) * dots; at < (Number(x) + Number(wide)) * dots; at++)
        data.fill(0, (row * size + at) * 4, (row * size + at) * 4 + 3)
  return decodeQr({ width: size, height: size, data })
}
