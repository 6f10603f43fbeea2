/**
 * The proving thread: judges one job after another with the very `prove` of the main thread, and tells now
 * and then that there are verdicts.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { judgingEnd } from './proofRing.ts'
import { prove, readPublicKey, type PublicKey } from './verify.ts'

// A message costs as much as half a proof, and what is told together is committed together.
const tellEvery = 16

const keys = new Map<string, PublicKey>()
const keyOf = (pem: string): PublicKey => {
  const known = keys.get(pem)
  if (known) return known
  const key = readPublicKey(pem)
  keys.set(pem, key)
  return key
}

const judgeNext = judgingEnd(workerData as SharedArrayBuffer, (raw, signature, pem) =>
  prove(raw, signature, keyOf(pem)),
)
// Ready: from now on jobs may be posted.
parentPort!.postMessage(null)
for (let untold = 1; ; untold++) {
  if (!judgeNext() && untold < tellEvery) continue
  parentPort!.postMessage(null)
  untold = 0
}
