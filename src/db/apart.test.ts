/**
 * Rows worked on one by one: a fault of one is its own, the end of the database or the process is
 * everybody’s.
 */
import { expect, test } from 'vitest'
import { Crash } from '../base/world.ts'
import { eachApart, DbUnavailable, throwFirst } from './db.ts'

const failing = (error: unknown, seen: number[] = []) => ({
  seen,
  work: async (one: number) => {
    seen.push(one)
    if (one === 2) throw error
  },
})

test('one with which something fails keeps back no other, and the run can be shown as failed', async () => {
  const { seen, work } = failing(new Error('an odd row'))
  const faults = await eachApart([1, 2, 3], work)
  expect([seen, faults]).toEqual([[1, 2, 3], [{ of: 2, error: new Error('an odd row'), why: 'an odd row' }]])
  expect(() => throwFirst(faults)).toThrow('an odd row')
  expect(() => throwFirst([])).not.toThrow()
})

test.each([
  ['the database', new DbUnavailable('it is gone')],
  ['the process', new Crash('it is gone')],
])('where %s is gone, all of it ends', async (_, error) => {
  const { seen, work } = failing(error)
  await expect(eachApart([1, 2, 3], work)).rejects.toThrow('it is gone')
  expect(seen).toEqual([1, 2])
})
