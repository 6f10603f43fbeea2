/** The file of a kept clock: read whole or not at all. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { clockText, readClockFile } from './clockFile.ts'

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'repasse-clock-'))
  file = join(folder, 'clock')
})
afterEach(() => rmSync(folder, { recursive: true }))

test('what is written is read, again and again', () => {
  const [first, second] = [
    { nowMs: 1_795_259_945_123, uptimeMs: 0 },
    { nowMs: 1_795_346_345_124, uptimeMs: 77 },
  ]
  writeFileSync(file, clockText(first))
  const read = readClockFile(file)
  expect(read()).toEqual(first)
  writeFileSync(file, clockText(second))
  expect(read()).toEqual(second)
})

test.each([
  ['nothing', ''],
  ['half of a time', clockText({ nowMs: 1, uptimeMs: 2 }).slice(0, 30)],
  [
    'the first half of one time and the second of another',
    clockText({ nowMs: 1, uptimeMs: 2 }).slice(0, 17) + clockText({ nowMs: 3, uptimeMs: 4 }).slice(17),
  ],
])('a file that holds %s is not believed', (_, text) => {
  writeFileSync(file, text)
  expect(readClockFile(file)).toThrow('holds no time')
})

test('a file that is not there is said at once', () => {
  expect(() => readClockFile(join(folder, 'other'))).toThrow('ENOENT')
})
