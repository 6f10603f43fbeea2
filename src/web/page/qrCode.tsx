/**
 * A QR code as drawing in the page: black on a white tile in either theme, with the quiet border of four
 * modules that readers want.
 */
import encodeQR from 'qr'

/**
 * `text` is what a reader reads; `label` what is said of it to who cannot see it. (ISO/IEC 18004: the border
 * is four modules)
 */
export function QrCode({ text, label }: { text: string; label: string }) {
  const rows = encodeQR(text, 'raw', { border: 4, ecc: 'medium' })
  const size = rows.length
  return (
    <svg
      class="qr"
      role="img"
      aria-label={label}
      viewBox={`0 0 ${size} ${size}`}
      width="280"
      height="280"
      shape-rendering="crispEdges"
    >
      <rect width={size} height={size} fill="#fff" />
      <path fill="#000" d={drawn(rows)} />
    </svg>
  )
}

/** One stroke for each run of dark modules of a row. */
function drawn(rows: readonly (readonly boolean[])[]): string {
  let path = ''
  for (const [y, row] of rows.entries())
    for (let x = 0; x < row.length; x++) {
      if (!row[x]) continue
      const from = x
      while (row[x + 1]) x++
      path += `M${from} ${y}h${x + 1 - from}v1H${from}z`
    }
  return path
}
