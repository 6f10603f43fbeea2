/**
 * The nightly check of all the books, in a thread with a connection of its own that can only read: at a
 * million invoices it takes longer than anybody may wait here.
 */
import { Worker } from 'node:worker_threads'
import { programModule } from '../base/place.ts'
import type { CheckBeside, Whole } from './bank.ts'

export interface Beside {
  check: CheckBeside
  /** Ends what is at work, which then answers undefined. */
  close(): void
}

/** What is checked, and the file with the keys that its values are encrypted under. */
export interface Checked {
  databaseUrl: string
  keyFile?: string | undefined
}

/** Undefined where no other connection sees the database. */
export function checkingBeside(checked: Checked): Beside | undefined {
  if (checked.databaseUrl === 'sqlite::memory:') return undefined
  const threads = new Set<Worker>()
  return {
    check: () =>
      new Promise<Whole | undefined>((resolve, reject) => {
        const thread = new Worker(programModule('reconcile/checkThread'), { workerData: checked })
        threads.add(thread)
        thread.once('message', (whole: Whole) => resolve(whole))
        thread.once('error', reject)
        thread.once('exit', () => {
          resolve(undefined)
          threads.delete(thread)
        })
      }),
    close() {
      for (const thread of threads) void thread.terminate()
    },
  }
}
