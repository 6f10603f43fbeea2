/** What is written into a column that may be encrypted. */
import { expect, test } from 'vitest'
import { dataKey, keysOf, noKeys } from '../base/cipher.ts'
import { bindable, encrypted } from './encrypted.ts'
import { sql } from './sql.ts'

const random = { bytes: (count: number) => new Uint8Array(count) }
const written = (text: string, keys = noKeys) => bindable(sql`${encrypted('invoices.payer_name', 'inv_1', text)}`, keys, random).values[0]

test('without a key a text is written as it is, and one that looks encrypted behind a blank, so that it is read as a text', () => {
  expect([written('Ana'), written('enc1:Ana'), written('')]).toEqual(['Ana', ' enc1:Ana', ''])
  expect(written('enc1:Ana', keysOf([dataKey(new Uint8Array(32))]))).toMatch(/^enc1:[0-9a-f]{8}:invoices\.payer_name@[\w-]{16}:/)
})
