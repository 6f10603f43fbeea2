/**
 * Who lives around the installation in the demonstration: payers of bitcoin and a miner, who take turns so
 * that no block comes between two steps.
 */
import { systemClock, systemRandom } from '../src/base/clock.ts'
import type { DemoChain } from './demoChain.ts'
import { makePayers, type Payers, type Request } from './demoPayers.ts'

export interface DemoActors {
  chain: DemoChain
  payers: Payers
  /** What the installation asked for, oldest first, as it was last read. */
  requests(): readonly Request[]
  /** Resolves when no block and no payment will come any more. */
  rest(): Promise<void>
  /** Rejects with what ended the actors before it was told to rest. */
  broken: Promise<never>
}

export interface ActorsPace {
  /** Between two blocks, at least. */
  blockMs: number
  /** Until a payer begins. */
  payDelayMs: [low: number, high: number]
  /** How long payers have, as `--due-in` takes it. */
  dueIn: string
}

const pauseMs = 250

/** Begins at once. `read` asks the installation for its requests. */
export function startActors(
  chain: DemoChain,
  { blockMs, payDelayMs }: Omit<ActorsPace, 'dueIn'>,
  read: () => Promise<readonly Request[]>,
): DemoActors {
  const payers = makePayers(chain, () => systemRandom.between(...payDelayMs))
  const over = new AbortController()
  let requests: readonly Request[] = []

  async function live(): Promise<void> {
    for (let nextBlock = 0; !over.signal.aborted;) {
      requests = await read()
      if (over.signal.aborted) return
      await payers.act(requests, systemClock.now())
      if (systemClock.now() >= nextBlock && !payers.busy()) {
        await chain.mine()
        nextBlock = systemClock.now() + blockMs
      }
      await systemClock.sleep(pauseMs, over.signal)
    }
  }

  const living = live()
  const ended = living.then(
    () => undefined,
    (fault: unknown) => fault,
  )
  const broken = new Promise<never>(
    (_, reject) => void living.catch(fault => (over.signal.aborted ? undefined : reject(fault))),
  )
  // Whoever does not wait for it hears of it by `rest`'s figures.
  broken.catch(() => undefined)
  return {
    ...{ chain, payers, broken, requests: () => requests },
    async rest() {
      over.abort()
      await ended
    },
  }
}
