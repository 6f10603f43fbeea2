/** Fields that a spreadsheet would run, split or misread. */
import { expect, test } from 'vitest'
import { csvLine, type CsvStyle } from './csv.ts'

const brazilian: CsvStyle = { separator: ';', decimal: ',' }

test.each([
  [['inv_1', '1234,56', '-0,50'], 'inv_1;1234,56;-0,50\r\n'],
  [['=1+1', '+55', '-x', '@cmd', '\tx'], `'=1+1;'+55;'-x;'@cmd;'\tx\r\n`],
  // A point is no decimal there, so a number with one is text.
  [['-0.50', 'a;b', 'a,b', 'say "no"'], `'-0.50;"a;b";a,b;"say ""no"""\r\n`],
  [['a\nb', 'a\rb', ''], '"a\nb";"a\rb";\r\n'],
])('%j is one line for a Brazilian spreadsheet [security csv]', (fields, line) => {
  expect(csvLine(fields, brazilian)).toBe(line)
})

test('elsewhere a comma parts the fields and a point the cents', () => {
  expect(csvLine(['-1234.56', '-1,5', 'a;b', 'a,b'])).toBe(`-1234.56,"'-1,5",a;b,"a,b"\r\n`)
})
