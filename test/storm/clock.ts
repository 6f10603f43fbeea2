/**
 * The time of a storm: runs fast, is shared by every process through a file, and stands still while the
 * machine starves them, so that three seconds of a busy machine do not become a minute in which a healthy
 * worker seems dead.
 */
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'
import { monotonicMs, sharedClock } from '../../src/base/clock.ts'
import { clockText, readClockFile } from '../../src/base/clockFile.ts'
import type { Clock, Millis } from '../../src/base/world.ts'

export interface KeptClock {
  clock: Clock
  /** For `CLOCK` of other processes. */
  setting: string
  /** Puts it forward for everybody. */
  skip(ms: Millis): void
  /** Lets it wait for this process when that one wants to run and is not given a processor. */
  waitFor(pid: number): void
  /** The machine's milliseconds in which it stood still since it was made. */
  stoodMs(): Millis
  stop(): void
}

const tickMs = 5

export function keepClock(file: string, speed: number, since: Millis): KeptClock {
  let [ranMs, skippedMs, stoodMs] = [0, 0, 0]
  const opened = openSync(file, 'w+')
  const write = () => {
    // In one call, and over what is there: a reader that meets it half written sees two different halves, and
    // looks again.
    writeSync(
      opened,
      clockText({ nowMs: Math.floor(since + ranMs + skippedMs), uptimeMs: Math.floor(ranMs) }),
      0,
    )
  }
  write()

  const pids = new Map<number, number>()
  let last = monotonicMs()
  const timer = setInterval(() => {
    const passedMs = monotonicMs() - last
    last += passedMs
    const progressMs = progress(passedMs, [...pids.keys()].map(starvedSinceMs))
    stoodMs += passedMs - progressMs
    ranMs += progressMs * speed
    write()
  }, tickMs)

  /**
   * How long `pid` has waited for a processor since the last look; a process that is stopped, or waits for
   * something else, does not.
   */
  function starvedSinceMs(pid: number): Millis {
    const waitedMs = waitedForProcessor(pid)
    if (waitedMs === undefined) return pids.delete(pid) ? 0 : 0
    const sinceMs = waitedMs - (pids.get(pid) ?? waitedMs)
    pids.set(pid, waitedMs)
    return sinceMs
  }

  return {
    clock: sharedClock(speed, readClockFile(file)),
    setting: `${speed}x as in ${file}`,
    skip(ms) {
      skippedMs += ms
      write()
    },
    waitFor: pid => void pids.set(pid, waitedForProcessor(pid) ?? 0),
    stoodMs: () => stoodMs,
    stop() {
      clearInterval(timer)
      closeSync(opened)
    },
  }
}

/**
 * How much of `passedMs` the slowest had: less what anyone waited for a processor, and no more than two ticks
 * where this process was late itself.
 */
export function progress(passedMs: Millis, starvedMs: readonly Millis[]): Millis {
  const ownMs = Math.min(passedMs, 2 * tickMs)
  return Math.max(0, Math.min(ownMs, passedMs - Math.max(0, ...starvedMs)))
}

/**
 * The kernel's count for the main thread (proc(5), schedstat); undefined where there is none, or the process
 * is gone.
 */
function waitedForProcessor(pid: number): Millis | undefined {
  try {
    return Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[1]) / 1e6
  } catch {
    return undefined
  }
}
