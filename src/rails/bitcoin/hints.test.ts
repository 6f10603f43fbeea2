/**
 * Where no hint can come, that is said, and nothing else happens. The hints themselves are tested with a real
 * node, in node.test.ts.
 */
import { expect, test, vi } from 'vitest'
import { eventually } from '../../../test/testbed/eventually.ts'
import { silentLog } from '../../base/log.ts'
import { startHints } from './hints.ts'

test.each([
  [
    'the library is not installed',
    'tcp://127.0.0.1:1',
    () => Promise.reject(Object.assign(new Error('gone'), { code: 'ERR_MODULE_NOT_FOUND' })),
    'the package zeromq is not installed',
  ],
  ['the address is none', 'nonsense', () => import('zeromq'), 'no hints from the node'],
])('where %s, polling goes on alone', async (_, url, library, said) => {
  const warn = vi.fn()
  const close = startHints(url, () => expect.unreachable(), { ...silentLog, warn }, library)
  await eventually(() => warn.mock.calls).toEqual([[expect.anything(), expect.stringContaining(said)]])
  close()
})
