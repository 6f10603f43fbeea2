/** What node-cron says goes into our log: a plain line among JSON would be lost to whoever reads it. */
import cron from 'node-cron'
import { afterEach, expect, test, vi } from 'vitest'
import { makeLog } from '../base/log.ts'
import { cronLog } from './scheduler.ts'

afterEach(() => vi.restoreAllMocks())

test('a task that fails and a run that was missed are JSON lines, and nothing is written past the log [security A13]', async () => {
  const spies = (['log', 'info', 'warn', 'error', 'debug'] as const).map(name => vi.spyOn(console, name))
  const lines: string[] = []
  const logger = cronLog(makeLog('debug', { write: line => void lines.push(line) }))
  const fails = () => {
    throw new Error('the disk is full')
  }
  const task = cron.createTask('0 0 1 1 *', fails, { timezone: 'Etc/UTC', logger })
  await task.execute().catch(() => undefined)
  await task.destroy()
  logger.warn('missed execution')
  expect(lines.map(line => JSON.parse(line) as unknown)).toMatchObject([
    { from: 'node-cron', msg: 'the disk is full' },
    { from: 'node-cron', msg: 'missed execution' },
  ])
  for (const spy of spies) expect(spy).not.toHaveBeenCalled()
})
