/** The checking thread: opens the database to read, checks all the books, says what it suspects, and ends. */
import { parentPort, workerData } from 'node:worker_threads'
import { systemClock, systemRandom } from '../base/clock.ts'
import { checkLedger } from '../ledger/ledger.ts'
import { openStore } from '../store/store.ts'

const store = await openStore(workerData as string, { clock: systemClock, random: systemRandom, readOnly: true })
try {
  parentPort!.postMessage(await checkLedger(store))
} finally {
  await store.close()
}
