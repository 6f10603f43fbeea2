/** Rosters as spreadsheets save them, good and bad. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BadInput } from './answer.ts'
import { randomPayer } from './payers.ts'
import { judgeRoster, readRoster, writeRoster, type RosterRow } from './roster.ts'
import { rosterText } from './rosterFile.ts'
import { seededRandom } from './clock.ts'

const header = 'name,tax_id,amount,description'
const ana = {
  name: 'Ana Conceição',
  taxId: '123.456.789-09',
  units: 123_456n,
  description: 'Mensalidade, março',
}
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
  const amount = (value: string) =>
    `amount "${value}" is not more than zero with at most two decimals, e.g. 1234.56 or 1.234,56`
  expect(() => readRoster(text)).toThrow(
    new BadInput(
      [
        'roster has 9 faults:',
        'line 2: tax_id "12345678900" fails the check digits of a CPF; compare it with the document',
        'line 4: amount "1.234" could be thousands or decimals; write 1234.00 or 1.234,00 for the one, 1.23 or 1,23 for the other',
        `line 6: ${amount('0')}`,
        'line 7: name "" is empty; write the payer\'s full name',
        'line 7: tax_id "123" is 3 characters without punctuation; a CPF is 11 digits, a CNPJ 12 digits or letters and 2 digits',
        'line 7: amount "10.001" could be thousands or decimals; write 1234.00 or 1.234,00 for the one, 1.23 or 1,23 for the other',
        'line 8: 3 fields instead of 4; a comma within a field needs quotation marks around it, an empty field its comma',
        'line 10: name "Jos\ufffd" has letters that cannot be read; save the file as UTF-8',
        `line 10: ${amount('-1')}`,
      ].join('\n'),
    ),
  )
})

describe('what is no roster is refused whole', () => {
  const right = `the header must be ${header}, in any order, or nome;cpf/cnpj;valor;descrição, and may have due or vencimento`
  test.each([
    ['an empty file', '', `roster is empty; its first line must be ${header}`],
    ['a file of empty lines', '\ufeff\n\n', `roster is empty; its first line must be ${header}`],
    [
      'a header alone',
      `${header}\n`,
      `roster has no rows after its header; write one payer a line under ${header}`,
    ],
    [
      'rows without a header',
      rows,
      'roster line 1: the header lacks name, tax_id, amount, description ' +
        'and has "ana conceição", "12345678909", "1234.56", "mensalidade, março" too many; ' +
        right,
    ],
    [
      'a column misspelled',
      'name,taxed,amount,description\n',
      `roster line 1: the header lacks tax_id and has "taxed" too many; ${right}`,
    ],
    ['a column too few', 'name,tax_id,amount\n', `roster line 1: the header lacks description; ${right}`],
    [
      'a column twice',
      'name,tax_id,amount,description,name\n',
      `roster line 1: the header has "name" too many; ${right}`,
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
    repeats: [],
  })
  expect(judgeRoster('name;tax_id\n', 'BRL').faults).toEqual([
    { is: 'header', line: 1, missing: ['amount', 'description'], extra: [] },
  ])
  expect(judgeRoster('', 'BRL').faults).toEqual([{ is: 'empty' }])
  expect(judgeRoster(`${header}\n${rows}`, 'BRL')).toEqual({ rows: [ana, stark], faults: [], repeats: [] })
})

describe('as Excel in Brazil writes it', () => {
  const brazilian = [
    'Nome;CPF/CNPJ;Valor (R$);Descrição;Vencimento;;',
    'Ana Conceição;12345678909;R$ 1.234,56;Mensalidade, março;05/12/2026;;',
    ';;;;;;',
    'Stark Bank S.A.;20018183000180; 20,00 ;;2026-12-31;;',
    ';;;;;;',
    '',
  ].join('\r\n')
  const read = [
    { ...ana, dueOn: '2026-12-05' },
    { ...stark, dueOn: '2026-12-31' },
  ]
  const latin1 = (text: string) => Buffer.from(text, 'latin1')

  test.each([
    ['UTF-8', Buffer.from(brazilian)],
    ['UTF-8 with its mark', Buffer.from(`\ufeff${brazilian}`)],
    ['Windows-1252', latin1(brazilian)],
    [
      'UTF-16 with its mark, as “Unicode text”',
      Buffer.from(`\ufeff${brazilian.replaceAll(';', '\t')}`, 'utf16le'),
    ],
    ['a line that names the separator', latin1(`sep=;\r\n${brazilian}`)],
    ['the same after a mark', Buffer.from(`\ufeffsep=;\r\n${brazilian}`)],
  ])('in %s', async (_, bytes) => {
    expect(readRoster(await rosterText(bytes))).toEqual(read)
  })

  test('letters that Latin-1 lacks and Windows-1252 has', async () => {
    const bytes = Buffer.concat([
      latin1('nome;cpf;valor;descrição\nAna;12345678909;10,00;Caf'),
      Buffer.from([0xe9, 0x20, 0x96, 0x20, 0x80, 0x0a]),
    ])
    expect(readRoster(await rosterText(bytes))[0]!.description).toBe('Café – €')
  })

  test('lines are the file’s, behind a line for the separator too', async () => {
    const text = await rosterText(latin1('sep=;\nnome;cpf;valor;descrição\n;;;\nAna;12345678909;x;\n'))
    expect(judgeRoster(text, 'BRL').faults).toEqual([{ is: 'amount', line: 4, value: 'x' }])
  })

  test.each([
    ['1234567809', 'tax id'],
    ['1234567890', '012.345.678-90'],
    ['18183000180', 'tax id'],
    ['191', 'tax id'],
    ['360305000104', '00.360.305/0001-04'],
    ['1,23457E+10', 'tax id'],
    ['12abc34501DE35', '12.ABC.345/01DE-35'],
    ['12.ABC.345/01DE-35', '12.ABC.345/01DE-35'],
  ])('of a number that may have lost its zeros, %s is %s', (text, is) => {
    const { rows, faults } = judgeRoster(`nome;cpf/cnpj;valor;descrição\nAna;${text};10,00;\n`, 'BRL')
    expect(rows[0]?.taxId ?? faults[0]!.is).toBe(is)
  })

  test.each([
    ['31/02/2026', undefined],
    ['2026-02-30', undefined],
    ['12/31/2026', undefined],
    ['31/12/26', undefined],
    ['1/2/2026', '2026-02-01'],
    ['29/02/2028', '2028-02-29'],
    ['01/12/2026 00:00', '2026-12-01'],
  ])('the day %s is %s', (text, day) => {
    const { rows, faults } = judgeRoster(
      `nome;cpf;valor;descrição;vencimento\nAna;12345678909;10,00;;${text}\n`,
      'BRL',
    )
    expect(rows[0]?.dueOn).toBe(day)
    if (day === undefined) expect(faults).toEqual([{ is: 'due', line: 2, value: text }])
  })

  test('on a chain nothing is due on a day', () => {
    const text =
      'nome;cpf;valor;descrição;vencimento\nAna;12345678909;0,0002;;31/12/2026\nAna;12345678909;0,0002;;\n'
    expect(judgeRoster(text, 'BTC', { mayBeDue: false }).faults).toEqual([
      { is: 'due on chain', line: 2, value: '31/12/2026' },
    ])
  })

  test('control characters are a fault of their line: PostgreSQL keeps no NUL', () => {
    const { faults } = judgeRoster('nome;cpf;valor;descrição\nA\u0000na;12345678909;10,00;x\u0007\n', 'BRL')
    expect(faults.map(({ is }) => is)).toEqual(['letters', 'letters'])
  })
})

test('rows that say the same are named, and no fault', () => {
  const text = `${header}\nAna,12345678909,10.00,x\nBia,12345678909,10.00,x\nana,123.456.789-09,"10,00",x\nAna,12345678909,10.00,y\n`
  const { faults, repeats } = judgeRoster(text, 'BRL')
  expect(faults).toEqual([])
  expect(repeats).toMatchObject([{ lines: [2, 4], row: { name: 'Ana', units: 1_000n } }])
})

test('what is exported is imported as it was, in either country’s way', () => {
  const printable = fc
    .string({ unit: fc.constantFrom(...'aÇé ;,"\'=+-@1.x\t'), maxLength: 12 })
    .map(text => text.trim())
  const row = fc.record({
    name: printable.filter(text => text !== ''),
    taxId: fc.nat(1_000).map(seed => randomPayer(seededRandom(seed)).taxId),
    units: fc.bigInt({ min: 1n, max: 10n ** 10n }),
    description: printable,
    dueOn: fc.option(
      fc
        .date({ min: new Date('2026-01-01'), max: new Date('2099-12-31'), noInvalidDate: true })
        .map(date => date.toISOString().slice(0, 10)),
      { nil: undefined },
    ),
  })
  const plain = (rows: RosterRow[]) =>
    rows.map(({ dueOn, ...rest }) => (dueOn === undefined ? rest : { ...rest, dueOn }))
  fc.assert(
    fc.property(
      fc.array(row, { minLength: 1, maxLength: 5 }),
      fc.constantFrom<'BRL' | 'BTC'>('BRL', 'BTC'),
      fc.boolean(),
      (rows, currency, brazilian) => {
        const style = brazilian
          ? ({ separator: ';', decimal: ',' } as const)
          : ({ separator: ',', decimal: '.' } as const)
        const text = writeRoster(plain(rows as RosterRow[]), currency, style)
        expect(readRoster(text, currency)).toEqual(plain(rows as RosterRow[]))
      },
    ),
    { numRuns: 300 },
  )
})
