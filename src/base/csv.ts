/**
 * CSV for spreadsheets: what one would take for a formula is made text, and the separator is the reader's
 * country's.
 */

/**
 * How a spreadsheet reads: Brazilian ones take `;` and a decimal comma, because the comma is not free for
 * anything else.
 */
export interface CsvStyle {
  separator: ',' | ';'
  decimal: ',' | '.'
}
const usual: CsvStyle = { separator: ',', decimal: '.' }

/** One field. Our own amounts are numbers and stay so. */
export function csvCell(text: string, { separator, decimal }: CsvStyle = usual): string {
  const isNumber = decimal === '.' ? /^-?\d+(\.\d+)?$/.test(text) : /^-?\d+(,\d+)?$/.test(text)
  // What bears the sign already gets another, so that whoever reads it back takes away what was put there.
  const defused = /^'*[=+\-@]|^[\t\r]/.test(text) && !isNumber ? `'${text}` : text
  return /["\r\n]/.test(defused) || defused.includes(separator)
    ? `"${defused.replaceAll('"', '""')}"`
    : defused
}

/** A line of fields, ended as RFC 4180 ends it. */
export const csvLine = (fields: readonly string[], style: CsvStyle = usual): string =>
  `${fields.map(field => csvCell(field, style)).join(style.separator)}\r\n`
