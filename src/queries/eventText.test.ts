/**
 * Bytes as people read them: nothing hides what stands beside it, and what is no JSON is shown as it came.
 */
import { expect, test } from 'vitest'
import { endToEndIds, indented, tame } from './eventText.ts'

test.each([
  ['a\u0000b\u001bc', 'a·b·c'],
  ['paid \u202eLRB 001', 'paid ·LRB 001'],
  ['um\tdois\ntrês', 'um\tdois\ntrês'],
  ['\u0085\u200f\u2066', '···'],
])('%j is shown as %j', (text, shown) => {
  expect(tame(text)).toBe(shown)
})

test('JSON is indented, anything else is as it came, also bytes that are no text', () => {
  expect(indented(Buffer.from('{"a":[1]}'))).toBe('{\n  "a": [\n    1\n  ]\n}')
  expect(indented(Buffer.from('not json {'))).toBe('not json {')
  expect(indented(Buffer.from([0xff, 0xfe]))).toBe('\ufffd\ufffd')
})

test('end-to-end ids are found whatever their letters, each once, and what only looks like one is not', () => {
  const id = 'E34471744202611212334c25ce175209'
  const raw = Buffer.from(
    JSON.stringify({
      tags: [id.toLowerCase(), 'inv_x'],
      endToEndId: id,
      other: `x${id}`,
      short: id.slice(0, -1),
    }),
  )
  expect(endToEndIds(raw)).toEqual([id])
  expect(endToEndIds(Buffer.from('{"id":"D12345678202601010000abcdefghijk"}'))).toEqual([
    'D12345678202601010000abcdefghijk',
  ])
  expect(endToEndIds(Buffer.from('{}'))).toEqual([])
})
