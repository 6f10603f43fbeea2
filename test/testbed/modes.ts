/**
 * Which modes a file has had from the moment it was there: looked at by a thread, because writing it may keep
 * this one busy.
 */
import { Worker } from 'node:worker_threads'

const look = `
  const { parentPort, workerData: { file, over } } = require('node:worker_threads'), { statSync } = require('node:fs')
  const seen = new Set()
  const isOver = new Int32Array(over)
  parentPort.postMessage('looking')
  // Until told, and never for longer than a minute.
  for (const until = Date.now() + 60_000; Atomics.load(isOver, 0) === 0 && Date.now() < until; Atomics.wait(isOver, 0, 0, 0.2)) {
    const found = statSync(file, { throwIfNoEntry: false })
    if (found) seen.add((found.mode & 0o777).toString(8))
  }
  parentPort.postMessage([...seen])`

/** Does `work`, and answers the modes, in octal, that `file` had meanwhile. */
export async function modesDuring(file: string, work: () => Promise<unknown>): Promise<string[]> {
  const over = new SharedArrayBuffer(4)
  const thread = new Worker(look, { eval: true, workerData: { file, over } })
  const next = () =>
    new Promise<string[]>((resolve, reject) => thread.once('message', resolve).once('error', reject))
  await next()
  try {
    await work()
  } finally {
    Atomics.store(new Int32Array(over), 0, 1)
  }
  return next()
}
