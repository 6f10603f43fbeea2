/**
 * A roster's file as text: CSV in UTF-8, UTF-16 or the Windows letters that Excel writes in Brazil, or a
 * workbook.
 */
import { BadInput } from './answer.ts'
import { isWorkbook, workbookToCsv } from './workbook.ts'

const oldWorkbook = [0xd0, 0xcf, 0x11, 0xe0]

/** Throws `BadInput` for what is neither text nor a workbook that can be read. */
export async function rosterText(bytes: Uint8Array): Promise<string> {
  if (isWorkbook(bytes)) return workbookToCsv(bytes)
  if (oldWorkbook.every((byte, place) => bytes[place] === byte))
    throw new BadInput(
      'this is a workbook of the old kind (.xls), or one with a password: save it as .xlsx or as CSV',
    )
  if (bytes[0] === 0xff && bytes[1] === 0xfe)
    return new TextDecoder('utf-16le', { ignoreBOM: true }).decode(bytes)
  if (bytes[0] === 0xfe && bytes[1] === 0xff)
    return new TextDecoder('utf-16be', { ignoreBOM: true }).decode(bytes)
  try {
    // The mark at its beginning stays, so that what is kept is the file to the letter.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    // Latin-1 is read as its superset too: letters alone differ from UTF-8, and no byte of it is refused.
    return new TextDecoder('windows-1252').decode(bytes)
  }
}
