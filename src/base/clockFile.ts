/**
 * A time that one process keeps in a file and others read: for storms, in which many processes share a clock
 * that is not the machine's.
 */
import { openSync, readSync } from 'node:fs'
import type { Millis } from './world.ts'

export interface KeptTime {
  nowMs: Millis
  /** The same without what it was put forward by. */
  uptimeMs: Millis
}

const width = 16

/**
 * What the file holds, always of one length: the time, its uptime, and the time again, by which a reader
 * knows that it is whole.
 */
export const clockText = ({ nowMs, uptimeMs }: KeptTime): string =>
  [nowMs, uptimeMs, nowMs].map(ms => String(ms).padStart(width, '0')).join('\n')

/**
 * Answers a function that reads the file, which is opened once. Throws when it is not there, or holds
 * something else.
 */
export function readClockFile(file: string): () => KeptTime {
  const opened = openSync(file, 'r')
  const bytes = Buffer.alloc(3 * width + 2)
  return () => {
    for (let looks = 0; looks < 1_000; looks++) {
      readSync(opened, bytes, 0, bytes.length, 0)
      const [now, uptime, again] = bytes.toString('latin1').split('\n')
      if (now === again && /^\d{16}$/.test(now!) && /^\d{16}$/.test(uptime!))
        return { nowMs: Number(now), uptimeMs: Number(uptime) }
    }
    throw new Error(`${file} holds no time`)
  }
}
