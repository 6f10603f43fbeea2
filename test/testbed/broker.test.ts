/** What a run shares is started once, when it is first asked for, and ended with it. */
import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
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

test('one that cannot be started, or stopped, keeps no other from being stopped, nor the folder from being removed', async () => {
  const stopped: string[] = []
  const boiling = Promise.withResolvers<never>()
  const lend = (name: string) => async () => ({ address: name, stop: async () => void stopped.push(name) })
  const stuck = async () => ({ address: 'stuck', stop: () => Promise.reject(new Error('the lid is stuck')) })
  const open = () => openBroker({ soup: () => boiling.promise, tea: lend('tea'), milk: lend('milk'), stuck })
  const [broker, other] = [await open(), await open()]

  // Still being started when the run ends: it is the first in line, and fails then.
  const soup = borrow('soup', broker.socket).catch(() => undefined)
  for (const name of ['tea', 'milk']) await borrow(name, broker.socket)
  const closed = broker.close()
  boiling.reject(new Error('no fire'))
  await closed
  await soup
  expect(stopped).toEqual(['tea', 'milk'])
  expect(existsSync(dirname(broker.socket))).toBe(false)

  for (const name of ['stuck', 'tea']) await borrow(name, other.socket)
  await expect(other.close()).rejects.toThrow('the lid is stuck')
  expect(stopped).toEqual(['tea', 'milk', 'tea'])
  expect(existsSync(dirname(other.socket))).toBe(false)
})

test('outside a run, and after it, nothing is lent', async () => {
  const broker = await openBroker({})
  await broker.close()
  expect(await borrow('tea', broker.socket)).toBeUndefined()
  expect(await borrow('tea', '')).toBeUndefined()
})
