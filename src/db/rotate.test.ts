/** Keys that a database may need, written down while a process runs. */
import { expect, test } from 'vitest'
import { openMigrated } from '../../test/testbed/migrated.ts'
import { eventually } from '../../test/testbed/eventually.ts'
import { dataKey, keysOf } from '../base/cipher.ts'
import { silentLog } from '../base/log.ts'
import { systemClock, systemRandom } from '../base/clock.ts'
import { followKeys, knownKeys, useKeys } from './rotate.ts'

const [first, second] = [1, 2].map(byte => dataKey(new Uint8Array(32).fill(byte)))

test('a key that comes into the file while a process runs is written down, and the next start needs it', async () => {
  const db = await openMigrated('sqlite::memory:', { clock: systemClock, random: systemRandom }, systemClock)
  let keys = keysOf([first!])
  await useKeys(db, keys)
  const followed = {
    ...keys,
    get newest() {
      return keys.newest
    },
    find: (id: string) => keys.find(id),
  }
  let wake: () => void = () => undefined
  const sleep = (_: number, signal?: AbortSignal) =>
    new Promise<void>(resolve => {
      wake = resolve
      signal?.addEventListener('abort', () => resolve())
    })
  const leave = followKeys(db, followed, { clock: { ...systemClock, sleep }, log: silentLog })
  keys = keysOf([second!, first!])
  wake()
  await eventually(async () => (await knownKeys(db)).map(({ id }) => id).toSorted()).toEqual(
    [first!.id, second!.id].toSorted(),
  )
  leave()
  await expect(useKeys(db, keysOf([first!]))).rejects.toThrow(second!.id)
  await db.close()
})
