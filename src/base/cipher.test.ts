/**
 * Encrypting one value and reading it again: what was changed, moved, cut, or is under a key that is not here
 * is unreadable.
 */
import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { dataKey, decrypt, encrypt, headOf, isMarked, keyLine, keysOf, readKeys, rowTag } from './cipher.ts'

const secretOf = (byte: number) => new Uint8Array(32).fill(byte)
const [first, second] = [dataKey(secretOf(1)), dataKey(secretOf(2))]
const keys = keysOf([second, first])
const name = 'Zélia 🧾 da Silva'
const writing = { key: first, column: 'invoices.payer_name', findable: false, random: randomBytes }

test('a text and bytes are read again under the key they name, whichever is the newest', () => {
  for (const key of [first, second]) {
    const text = encrypt(name, { ...writing, key })
    expect(text).toMatch(/^enc1:[0-9a-f]{8}:invoices\.payer_name:[\w-]+$/)
    expect(decrypt(text, keys.find, { column: 'invoices.payer_name' })).toEqual({ is: 'read', value: name })
    const bytes = encrypt(new Uint8Array([0, 255, 10]), { ...writing, key, column: 'inbox.raw' })
    expect(decrypt(bytes, keys.find)).toEqual({ is: 'read', value: Buffer.from([0, 255, 10]) })
    expect([isMarked(text), isMarked(bytes), isMarked('enc'), isMarked(new Uint8Array())]).toEqual([
      true,
      true,
      false,
      false,
    ])
  }
})

test('what is to be found again is encrypted alike, and otherwise in another column or under another key', () => {
  const alike = (more: Partial<typeof writing>) =>
    encrypt('529.982.247-25', { ...writing, findable: true, ...more })
  expect(alike({})).toBe(alike({}))
  expect(encrypt(name, writing)).not.toBe(encrypt(name, writing))
  const body = (text: string) => text.split(':')[3]
  expect(new Set([alike({}), alike({ key: second }), alike({ column: 'orders.email' })].map(body)).size).toBe(
    3,
  )
})

const sealed = encrypt(name, writing)
const flipped = (text: string, at: number) =>
  `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`
const [ours, theirs] = [rowTag(['inv_1']), rowTag(['inv_2'])]
const bound = encrypt(name, { ...writing, row: ours })
const bodyAt = headOf(first, writing.column).length

describe.each([
  [
    'under a key that is not here',
    sealed,
    keysOf([second]).find,
    undefined,
    { why: 'unknown key', keyId: first.id },
  ],
  ['moved into another column', sealed, keys.find, 'orders.name', { why: 'of another column' }],
  [
    'renamed to another column',
    sealed.replace('payer_name', 'description'),
    keys.find,
    'invoices.description',
    { why: 'altered' },
  ],
  [
    'said to be under another key',
    sealed.replace(first.id, second.id),
    keys.find,
    undefined,
    { why: 'altered' },
  ],
  ['with a bit of its nonce flipped', flipped(sealed, bodyAt), keys.find, undefined, { why: 'altered' }],
  ['with a bit of its text flipped', flipped(sealed, bodyAt + 20), keys.find, undefined, { why: 'altered' }],
  ['cut by a letter', sealed.slice(0, -2), keys.find, undefined, { why: 'altered' }],
  ['cut to its head', sealed.slice(0, bodyAt), keys.find, undefined, { why: 'altered' }],
  ['the mark alone', 'enc1:', keys.find, undefined, { why: 'altered' }],
] as const)('a value %s', (_, value, find, column, why) => {
  test('is unreadable', () =>
    expect(decrypt<string>(value, find, column === undefined ? undefined : { column })).toEqual({
      is: 'unreadable',
      ...why,
    }))
})

test.each([
  ['in its own row', bound, [ours], { is: 'read', value: name }],
  ['where several rows are beside each other', bound, [theirs, ours], { is: 'read', value: name }],
  ['of a column that is bound to none', sealed, [theirs], { is: 'read', value: name }],
  ['put onto another row', bound, [theirs], { is: 'unreadable', why: 'of another row' }],
  ['said to be of that row', bound.replace(ours, theirs), [theirs], { is: 'unreadable', why: 'altered' }],
  ['said to be of any row', bound.replace(`@${ours}`, ''), [theirs], { is: 'unreadable', why: 'altered' }],
] as const)('bound to a row, a value %s', (_, value, rows, answer) => {
  expect(decrypt<string>(value, keys.find, { column: writing.column, rows })).toEqual(answer)
})

test('a key file has its newest key last, and a line that is no key is named and not shown', () => {
  const [one, other] = [keyLine(secretOf(1)), keyLine(secretOf(2))]
  expect(readKeys(`# first\n${one}\n\n# second\r\n${other}\n`).map(({ id }) => id)).toEqual([
    second.id,
    first.id,
  ])
  const says = (text: string) => {
    try {
      return readKeys(text).length
    } catch (error) {
      return (error as Error).message
    }
  }
  expect(says(`${one}\nsecret`)).toMatch(/^line 2 is no key/)
  expect(says(`${one}\nsecret`)).not.toContain('secret')
  expect(says(`${one}\n${one}`)).toBe(`line 2 repeats key ${first.id}`)
  expect(says('# nothing\n')).toBe('it holds no key')
})
