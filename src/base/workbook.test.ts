/** Rosters kept as workbooks, and what is no workbook or far too much of one. */
import { deflateRawSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { workbook, workbookParts, zipOf } from '../../test/testbed/workbook.ts'
import { judgeRoster, readRoster } from './roster.ts'
import { rosterText } from './rosterFile.ts'

const titles = ['Nome', 'CPF/CNPJ', 'Valor', 'Descrição', 'Vencimento', undefined]

describe('a workbook', () => {
  test('with numbers, days, empty rows and columns is read as its sheet shows it', async () => {
    const bytes = workbook([
      titles,
      [
        'Ana; "a" Conceição',
        { number: '12345678909' },
        { number: '1234.5600000000001' },
        'Março\nde 2026',
        { day: '2026-12-05' },
      ],
      [],
      ['Bia', { number: '1234567890' }, { number: '1.2E3' }, undefined, undefined, undefined],
      ['Caio', '20.018.183/0001-80', 'R$ 1.234,56', '=SOMA(1)', '31/12/2026'],
    ])
    expect(readRoster(await rosterText(bytes))).toEqual([
      {
        name: 'Ana; "a" Conceição',
        taxId: '123.456.789-09',
        units: 123_456n,
        description: 'Março de 2026',
        dueOn: '2026-12-05',
      },
      { name: 'Bia', taxId: '012.345.678-90', units: 120_000n, description: '' },
      {
        name: 'Caio',
        taxId: '20.018.183/0001-80',
        units: 123_456n,
        description: '=SOMA(1)',
        dueOn: '2026-12-31',
      },
    ])
  })

  test('names faults by the row of its sheet', async () => {
    const bytes = workbook([
      titles,
      [],
      ['Ana', '123.456.789-09', { number: '12.345' }, 'x', undefined],
      ['', '1', { number: '-2' }],
    ])
    const { faults } = judgeRoster(await rosterText(bytes), 'BRL')
    expect(faults.map(fault => ('line' in fault ? [fault.line, fault.is] : fault.is))).toEqual([
      [3, 'ambiguous amount'],
      [4, 'no name'],
      [4, 'tax id'],
      [4, 'amount'],
    ])
  })
})

const parts = workbookParts([titles])
describe('what is refused', () => {
  test.each([
    ['a ZIP without a sheet', zipOf([{ name: 'x', data: 'x' }])],
    ['a workbook cut off', workbook([titles]).subarray(0, 300)],
    ['a workbook with a part that cannot be unpacked', brokenPart()],
    [
      'a workbook whose XML ends early',
      zipOf(parts.map(part => (/sheet1/.test(part.name) ? { ...part, data: '<worksheet><sheet' } : part))),
    ],
  ])('%s', async (_, bytes) => {
    await expect(rosterText(bytes).then(text => readRoster(text))).rejects.toMatchObject({ name: 'BadInput' })
  })

  test.each([
    ['says its size', undefined],
    ['says it is small', 100],
  ])('a bomb that %s', async (_, claims) => {
    const bomb = {
      name: 'xl/worksheets/sheet2.xml',
      data: Buffer.alloc(60 * 1024 * 1024),
      ...(claims !== undefined && { claims }),
    }
    const bytes = zipOf([...parts, bomb])
    expect(bytes.length).toBeLessThan(100_000)
    await expect(rosterText(bytes)).rejects.toThrow('unpacks to more than 48 MB')
  })

  test('many small parts', async () => {
    const many = Array.from({ length: 600 }, (_, number) => ({ name: `p${number}`, data: '' }))
    await expect(rosterText(zipOf([...parts, ...many]))).rejects.toThrow('more than 500 parts')
  })

  test('the old kind, and what has a password', async () => {
    await expect(rosterText(Buffer.from([0xd0, 0xcf, 0x11, 0xe0, 0xa1]))).rejects.toThrow(
      'save it as .xlsx or as CSV',
    )
  })
})

function brokenPart(): Buffer {
  const bytes = zipOf(parts)
  const packed = deflateRawSync(Buffer.from(parts[0]!.data))
  bytes.fill(0xff, bytes.indexOf(packed), bytes.indexOf(packed) + packed.length)
  return bytes
}
