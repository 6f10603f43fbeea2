/** Rosters as spreadsheets save them, good and bad. */
import { describe, expect, test } from 'vitest'
import { BadInput } from './answer.ts'
import { judgeRoster, readRoster } from './roster.ts'

const header = 'name,tax_id,amount,description'
const ana = { name: 'Ana Conceição', taxId: '123.456.789-09', units: 123_456n, description: 'Mensalidade, março' }
const stark = { name: 'Stark Bank S.A.', taxId: '20.018.183/0001-80', units: 2_000n, description: '' }
const rows = 'Ana Conceição,12345678909,1234.56,"Mensalidade, março"\nStark Bank S.A.,20.018.183/0001-80,20,'

describe('a roster is read', () => {
  test.each([
    ['as written', `${header}\n${rows}\n`],
    ['with a byte order mark and Windows line ends', `\ufeff${header}\n${rows}\n`.replaceAll('\n', '\r\n')],
    ['with mixed line ends', `${header}\r\n${rows}`],
    [
      'with spaces, blank lines and capitals in the header',
      ` Name , TAX_ID,amount,Description\n\n${rows.replaceAll(',20,', ' , 20 , ')}\n\n`,
    ],
    [
      'with its columns in another order',
      [
        'description,amount,name,tax_id',
        '"Mensalidade, março",1234.56,Ana Conceição,123.456.789-09',
        ',20.00,Stark Bank S.A.,20018183000180',
      ].join('\n'),
    ],
  ])('%s', (_, text) => expect(readRoster(text)).toEqual([ana, stark]))
})

test('every fault is told at once, each with its line, field, value and what would be right', () => {
  const text = [
    header,
    'Ana,12345678900,10.00,',
    '',
    'Bia,12345678909,1.234,x',
    '"two\nlines",12345678909,0,',
    ',123,10.001,',
    'Caio,12345678909,5.00',
    'Davi,12345678909,5.00,',
    'Jos\ufffd,12345678909,-1,',
  ].join('\n')
  const amount = (value: string) => `amount "${value}" is not more than zero with at most two decimals, e.g. 1234.56 or 1.234,56`
  expect(() => readRoster(text)).toThrow(
    new BadInput(
      [
        'roster has 9 faults:',
        'line 2: tax_id "12345678900" fails the check digits of a CPF; compare it with the document',
        `line 4: ${amount('1.234')}`,
        `line 6: ${amount('0')}`,
        'line 7: name "" is empty; write the payer\'s full name',
        'line 7: tax_id "123" is 3 characters without punctuation; a CPF is 11 digits, a CNPJ 12 digits or letters and 2 digits',
        `line 7: ${amount('10.001')}`,
        'line 8: 3 fields instead of 4; a comma within a field needs quotation marks around it, an empty field its comma',
        'line 10: name "Jos\ufffd" has letters that cannot be read; save the file as UTF-8',
        `line 10: ${amount('-1')}`,
      ].join('\n'),
    ),
  )
})

describe('what is no roster is refused whole', () => {
  const right = `the header must be ${header}, in any order`
  test.each([
    ['an empty file', '', `roster is empty; its first line must be ${header}`],
    ['a file of empty lines', '\ufeff\n\n', `roster is empty; its first line must be ${header}`],
    ['a header alone', `${header}\n`, `roster has no rows after its header; write one payer a line under ${header}`],
    [
      'rows without a header',
      rows,
      'roster line 1: the header lacks name, tax_id, amount, description ' +
        'and has "ana conceição", "12345678909", "1234.56", "mensalidade, março" too many; ' +
        right,
    ],
    ['a column misspelled', 'name,taxid,amount,description\n', `roster line 1: the header lacks tax_id and has "taxid" too many; ${right}`],
    ['a column too few', 'name,tax_id,amount\n', `roster line 1: the header lacks description; ${right}`],
    ['a column twice', 'name,tax_id,amount,description,name\n', `roster line 1: the header has "name" too many; ${right}`],
    [
      'columns parted by semicolons',
      'name;tax_id;amount;description\n',
      `roster line 1: columns are parted by ";", not by commas; ${right}`,
    ],
    [
      'a quotation mark that is not closed',
      `${header}\n"Ana,12345678909,1.00,\n`,
      'roster line 2: a quotation mark is not closed or stands within a field; quote a whole field and write "" for one within',
    ],
  ])('%s', (_, text, why) => expect(() => readRoster(text)).toThrow(new BadInput(why)))
})

test('of bitcoin, amounts are BTC or satoshis marked as such, and a fault says so', () => {
  const text = 'name,tax_id,amount,description\nAna,123.456.789-09,0.0002,\nBia,123.456.789-09,30000sats,\n'
  expect(readRoster(text, 'BTC').map(({ units }) => units)).toEqual([20_000n, 30_000n])
  expect(() => readRoster(text.replace('0.0002', '0.000000001'), 'BTC')).toThrow(
    'line 2: amount "0.000000001" is not more than zero in BTC with at most eight decimals, e.g. 0.0002, or in satoshis, e.g. 20000sats',
  )
})

test('faults are answered as values too, for whoever says them in another language', () => {
  expect(judgeRoster(`${header}\nAna,1,0,x\n,12345678909,1.00,\nBia,2\n`, 'BRL')).toEqual({
    rows: [],
    faults: [
      { is: 'tax id', line: 2, value: '1' },
      { is: 'amount', line: 2, value: '0' },
      { is: 'no name', line: 3, value: '' },
      { is: 'width', line: 4, fields: 2, expected: 4 },
    ],
  })
  expect(judgeRoster('name;tax_id\n', 'BRL').faults).toEqual([{ is: 'separator', line: 1, value: ';' }])
  expect(judgeRoster('', 'BRL').faults).toEqual([{ is: 'empty' }])
  expect(judgeRoster(`${header}\n${rows}`, 'BRL')).toEqual({ rows: [ana, stark], faults: [] })
})
