/** The key file while processes run: lines that are added, that leave, and another file in its place. */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { dataKey, keyLine } from '../base/cipher.ts'
import { openKeyFile } from './keyFile.ts'

const folder = mkdtempSync(join(tmpdir(), 'repasse-keyfile-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const secret = (byte: number) => new Uint8Array(32).fill(byte)
const [first, second, strange] = [1, 2, 9].map(byte => dataKey(secret(byte)).id) as [string, string, string]
const path = join(folder, 'keys')
const put = (...bytes: number[]) => {
  writeFileSync(`${path}.new`, bytes.map(byte => `${keyLine(secret(byte))}\n`).join(''), { mode: 0o600 })
  renameSync(`${path}.new`, path)
}

test('a key that has left the file is read with on; other keys alone are not taken, and nothing is written under them', () => {
  put(1)
  const keys = openKeyFile(path, { strict: true })
  put(1, 2)
  expect([keys.find(second)?.id, keys.newest?.id]).toEqual([second, second])

  // An older copy of the file was put back.
  put(1)
  expect(keys.find(strange)).toBeUndefined()
  expect([keys.newest?.id, keys.find(second)?.id, keys.all.map(({ id }) => id)]).toEqual([
    first,
    second,
    [first, second],
  ])

  put(9)
  expect(keys.find(strange)).toBeUndefined()
  expect([keys.newest?.id, keys.find(second)?.id]).toEqual([first, second])

  // The old line has left, as after `keys retire`.
  put(2)
  expect(keys.find(strange)).toBeUndefined()
  expect([keys.newest?.id, keys.find(first)?.id]).toEqual([second, first])
})
