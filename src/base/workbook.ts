/**
 * The first sheet of an `.xlsx` workbook as CSV, so that a roster is read in one way whatever program saved
 * it.
 */
import { inflateRawSync } from 'node:zlib'
import { BadInput } from './answer.ts'

/** A workbook is a ZIP: its first bytes. */
export const isWorkbook = (bytes: Uint8Array): boolean =>
  bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4

const unreadable = () =>
  new BadInput('the workbook cannot be read: save it again as .xlsx or as CSV, without a password')

/** Throws `BadInput` where it is no workbook, or one that grows beyond all measure when it is unpacked. */
export async function workbookToCsv(bytes: Uint8Array): Promise<string> {
  assertSmall(bytes)
  const { readSheet } = await import('read-excel-file/universal')
  let rows: (string | boolean | Date | null)[][]
  try {
    const { buffer, byteOffset, byteLength } = bytes
    // Numbers as they are written in it, for a float would lose digits of long ones.
    rows = await readSheet(buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer, 1, {
      parseNumber: text => text,
    })
  } catch {
    throw unreadable()
  }
  if (rows.length > maxRows)
    throw new BadInput(`the workbook has more than ${maxRows} rows in its first sheet`)
  return rows.map(row => `${row.map(cell => quoted(textOf(cell))).join(';')}\n`).join('')
}

const quoted = (text: string): string => (/[";\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)

function textOf(cell: string | boolean | Date | null): string {
  if (cell === null) return ''
  if (cell instanceof Date) return cell.toISOString().slice(0, 10)
  if (typeof cell === 'boolean') return `${cell}`
  // One line of CSV a row, so that a fault names the row of the sheet.
  return isNumber(cell) ? plainNumber(cell) : inOneLine(cell)
}

const isNumber = (text: string): boolean => /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text) && /[.e]/i.test(text)

const decimal = new Intl.NumberFormat('en', { useGrouping: false, maximumFractionDigits: 8 })

/**
 * As the sheet shows it: fifteen digits count there, what is behind them is the noise of binary fractions.
 */
function plainNumber(text: string): string {
  const shown = Number(Number(text).toPrecision(15))
  if (Number.isSafeInteger(shown)) return `${shown}`
  return Math.abs(shown) < 1e12 ? decimal.format(shown) : text
}

const maxRows = 20_000
const maxParts = 500
const maxUnpackedBytes = 48 * 1024 * 1024

/**
 * Unpacks every part within a bound, and throws away what comes out: what a directory says of its sizes may
 * be a lie, and the library that reads the sheet has no bound of its own. (APPNOTE 4.3, ZIP)
 */
function assertSmall(bytes: Uint8Array): void {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let left = maxUnpackedBytes
  let parts = 0
  for (const { method, data } of partsOf(view)) {
    if (++parts > maxParts) throw new BadInput(`the workbook has more than ${maxParts} parts`)
    if (method !== 0 && method !== 8) throw unreadable()
    try {
      left -= method === 0 ? data.length : inflateRawSync(data, { maxOutputLength: Math.max(1, left) }).length
    } catch (error) {
      if ((error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE') left = -1
      else throw unreadable()
    }
    if (left < 0)
      throw new BadInput(
        `the workbook unpacks to more than ${maxUnpackedBytes / 1024 / 1024} MB: leave only the roster in it`,
      )
  }
}

/** What the directory at the end lists: each part's way of packing and its packed bytes. */
function* partsOf(view: Buffer): Generator<{ method: number; data: Buffer }> {
  const end = view.lastIndexOf(Buffer.from([0x50, 0x4b, 5, 6]))
  if (end < 0 || end + 22 > view.length) throw unreadable()
  const count = view.readUInt16LE(end + 10)
  let at = view.readUInt32LE(end + 16)
  for (let part = 0; part < count; part++) {
    if (at + 46 > view.length || view.readUInt32LE(at) !== 0x02014b50) throw unreadable()
    const [method, packed, local] = [
      view.readUInt16LE(at + 10),
      view.readUInt32LE(at + 20),
      view.readUInt32LE(at + 42),
    ]
    if (local + 30 > view.length || view.readUInt32LE(local) !== 0x04034b50) throw unreadable()
    const start = local + 30 + view.readUInt16LE(local + 26) + view.readUInt16LE(local + 28)
    if (start + packed > view.length) throw unreadable()
    yield { method, data: view.subarray(start, start + packed) }
    at += 46 + view.readUInt16LE(at + 28) + view.readUInt16LE(at + 30) + view.readUInt16LE(at + 32)
  }
}

/** Each break of a line, with the blanks around it, is one blank. */
const inOneLine = (text: string): string => {
  const lines = text.split(/[\r\n]+/)
  return lines
    .map((line, at) => (at === 0 ? line.trimEnd() : at === lines.length - 1 ? line.trimStart() : line.trim()))
    .join(' ')
}
