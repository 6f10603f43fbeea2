/** Notes what each server of a test file took to start, for the table at the end of a run. */

export interface Start {
  /** `postgres`, `bitcoind`, … */
  name: string
  seconds: number
}

const key = Symbol.for('repasse.starts')
// On the global object: a worker that runs several files loads this module once for each.
const starts: Start[] = ((globalThis as { [key]?: Start[] })[key] ??= [])

/** Starts what `start` starts, and notes how long that took, also when it failed. */
export async function timed<T>(name: string, start: () => Promise<T>): Promise<T> {
  const since = performance.now()
  try {
    return await start()
  } finally {
    starts.push({ name, seconds: (performance.now() - since) / 1_000 })
  }
}

/** What was noted since this was last asked. */
export const takeStarts = (): Start[] => starts.splice(0)
