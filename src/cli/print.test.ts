/** Tables line up, money stays exact, and text of others cannot act on a terminal or in a spreadsheet. */
import { expect, test } from 'vitest'
import { csvCell, json, moneyOf, paint, formatReais, sheet, table } from './print.ts'

test('columns are as wide as their widest cell, and figures end where their head ends', () => {
  expect(
    table(
      ['NAME', '>AMOUNT'],
      [
        ['ana', '1.00'],
        ['joão', '1000.00'],
      ],
    ),
  ).toBe('NAME   AMOUNT\nana      1.00\njoão  1000.00\n')
})

test('a table without rows is its heads', () => {
  expect(table(['A', 'B'], [])).toBe('A  B\n')
})

test('control characters and turned-round text are shown as a dot', () => {
  expect(table(['PAYER'], [['a\u001b[2Jb\u202ec\nd']])).toBe('PAYER\na·[2Jb·c·d\n')
  expect(sheet([['why', 'x\r\ny']])).toBe('why  x··y\n')
})

test('what is not known is left out of a sheet', () => {
  expect(
    sheet([
      ['a', '1'],
      ['longer', null],
      ['bb', undefined],
    ]),
  ).toBe('a  1\n')
})

test('JSON carries money as decimals and as whole units, beyond what a JSON number holds', () => {
  const amount = JSON.parse(json(moneyOf(9_007_199_254_740_993n))) as unknown
  expect(amount).toEqual({ amount: '90071992547409.93', units: '9007199254740993', asset: 'BRL' })
  expect(json({ count: 3n })).toBe('{\n  "count": "3"\n}\n')
})

test.each([
  ['plain', 'plain'],
  ['a,b', '"a,b"'],
  ['say "x"', '"say ""x"""'],
  ['=1+1', "'=1+1"],
  ['@cmd', "'@cmd"],
  ['-12.50', '-12.50'],
  ['-1+cmd|x', "'-1+cmd|x"],
  ['=a,b', '"\'=a,b"'],
])('the CSV cell of %s is %s', (text, cell) => {
  expect(csvCell(text)).toBe(cell)
})

test.each([
  [6803n, 'R$ 68.03'],
  [-6803n, '-R$ 68.03'],
  [0n, 'R$ 0.00'],
])('%d cents are %s', (units, text) => {
  expect(formatReais(units)).toBe(text)
})

test('without colours nothing is painted', () => {
  expect(paint({ colours: false }, 'red', 'no')).toBe('no')
  expect(paint({ colours: true }, 'red', 'no')).toBe('\u001b[31mno\u001b[39m')
})
