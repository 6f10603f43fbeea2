/** What a run shares is started once, when it is first asked for, and ended with it. */
import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { borrow, openBroker } from './broker.ts'

test('a server is started at the first question, once for all who ask, and stopped at the end', async () => {
  const did: string[] = []
  const broker = await openBroker({
    tea: async () => {
      did.push('start')
      return { address: { port: 7 }, stop: async () => void did.push('stop') }
    },
  })
  expect(did).toEqual([])
  const answers = await Promise.all([1, 2, 3].map(() => borrow('tea', broker.socket)))
  expect(answers).toEqual([{ port: 7 }, { port: 7 }, { port: 7 }])
  await broker.close()
  expect(did).toEqual(['start', 'stop'])
  expect(existsSync(broker.socket)).toBe(false)
})

test('a start that fails is said, and tried again', async () => {
  let tries = 0
  const broker = await openBroker({
    tea: async () => {
      if (++tries === 1) throw new Error('no water')
      return { address: tries, stop: async () => undefined }
    },
  })
  await expect(borrow('tea', broker.socket)).rejects.toThrow('no water')
  expect(await borrow('tea', broker.socket)).toBe(2)
  await expect(borrow('milk', broker.socket)).rejects.toThrow('nobody lends milk')
  await broker.close()
})

test('outside a run, and after it, nothing is lent', async () => {
  const broker = await openBroker({})
  await broker.close()
  expect(await borrow('tea', broker.socket)).toBeUndefined()
  expect(await borrow('tea', '')).toBeUndefined()
})
