/** What is written into a column that may be encrypted, and in which row it is read again. */
import { expect, test } from 'vitest'
import { dataKey, keysOf, noKeys } from '../base/cipher.ts'
import { bindable, encrypted, encryptUnder, placesOf, revealing, unreadableText } from './encrypted.ts'
import { sql } from './sql.ts'

const random = { bytes: (count: number) => new Uint8Array(count) }
const key = dataKey(new Uint8Array(32))
const written = (text: string, keys = noKeys) =>
  bindable(sql`${encrypted('invoices.payer_name', 'inv_1', text)}`, keys, random).values[0]
const field = (name: string, column = name) => ({ name, table: 'invoices', column })

test('without a key a text is written as it is, and one that looks encrypted behind a blank, so that it is read as a text', () => {
  expect([written('Ana'), written('enc1:Ana'), written('')]).toEqual(['Ana', ' enc1:Ana', ''])
  expect(written('enc1:Ana', keysOf([key]))).toMatch(/^enc1:[0-9a-f]{8}:invoices\.payer_name@[\w-]{16}:/)
})

test('a value that is known in the clear is read in its own row alone', () => {
  const places = placesOf([field('id'), field('name', 'payer_name')])
  const reveal = revealing(keysOf([key]))
  const read = (id: string) => {
    const row = { id, name: encryptUnder(key, 'invoices.payer_name', ['inv_1'], 'Ana', random) }
    reveal([row], places)
    return row.name
  }
  expect(['inv_1', 'inv_2', 'inv_1'].map(read)).toEqual(['Ana', unreadableText, 'Ana'])
})

test('a statement that reads a value without its row is refused', () => {
  expect(() => placesOf([field('payer_name')])).toThrow(
    'a statement reads invoices.payer_name without invoices.id',
  )
  // One that is looked up by value, and one that is computed, are of no row that could be compared.
  expect(
    placesOf([field('payer_tax_id'), { name: 'most', table: null, column: null }]).map(({ rows }) => rows),
  ).toEqual([undefined, undefined])
})
