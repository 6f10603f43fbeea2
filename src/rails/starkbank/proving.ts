/**
 * Where signatures are proven: where they arrive, or, while a burst lasts, in a thread beside. Either way by
 * the same `prove`.
 */
import { Worker } from 'node:worker_threads'
import type { Log } from '../../base/log.ts'
import { programModule } from '../../base/place.ts'
import type { Clock, Millis } from '../../base/world.ts'
import { postingEnd, type Job } from './proofRing.ts'
import { prove, type Prover, type PublicKey } from './verify.ts'

export interface Proving {
  prove(raw: Uint8Array, signature: Uint8Array, key: PublicKey): boolean | Promise<boolean>
  close(): void
}

export const provingHere: Proving = { prove, close: () => undefined }

// Below this the thread would cost more in waking than it takes off.
const burstCount = 32
const burstMs: Millis = 100

/**
 * Proves beside once `burst` proofs were wanted within a tenth of a second; the thread is started by the
 * first such burst.
 */
export function provingBeside({
  clock,
  log,
  burst = burstCount,
}: {
  clock: Clock
  log: Log
  burst?: number
}): Proving {
  let beside: Beside | undefined
  let over = false
  let since: Millis = 0
  let count = 0

  const isBurst = () => {
    const now = clock.now()
    // A clock set back begins again, too.
    if (now < since || now - since > burstMs) [since, count] = [now, 0]
    return ++count > burst
  }

  return {
    prove(raw, signature, key) {
      if (over || !isBurst()) return prove(raw, signature, key)
      beside ??= startThread(log)
      // No room there is the ordinary case under load: the two threads share the work.
      return beside.prove({ raw, signature, key }) ?? prove(raw, signature, key)
    },
    close() {
      over = true
      beside?.close()
    },
  }
}

interface Beside {
  /** Undefined when the thread cannot take it: not yet ready, full, gone. */
  prove(job: Job): Promise<boolean> | undefined
  close(): void
}

function startThread(log: Log): Beside {
  const ring = postingEnd()
  const open: (Job & { answer: (genuine: ReturnType<Prover> | Promise<boolean>) => void })[] = []
  let is: 'starting' | 'ready' | 'closing' | 'gone' = 'starting'

  const thread = new Worker(programModule('rails/starkbank/provingThread'), { workerData: ring.memory })
  thread.unref()
  thread.on('message', () => {
    if (is === 'starting') is = 'ready'
    if (is !== 'ready') return
    for (let genuine = ring.take(); genuine !== undefined; genuine = ring.take())
      open.shift()!.answer(genuine)
  })
  thread.on('error', error => gone(error.message))
  thread.on('exit', () => gone('it ended'))

  /**
   * What it had not answered is proven here; it is not started again, so that a fault that repeats costs
   * nothing.
   */
  function gone(why: string): void {
    if (is !== 'gone' && is !== 'closing')
      log.error({ why }, 'the proving thread is gone: signatures are proven where they arrive')
    is = 'gone'
    for (const { raw, signature, key, answer } of open.splice(0))
      answer(new Promise(resolve => resolve(prove(raw, signature, key))))
  }

  return {
    prove(job) {
      if (is !== 'ready' || !ring.post(job)) return undefined
      return new Promise(resolve => open.push({ ...job, answer: resolve }))
    },
    close() {
      if (is !== 'gone') is = 'closing'
      void thread.terminate()
    },
  }
}
