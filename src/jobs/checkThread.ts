/** The checking thread: opens the database to read, checks all the books, says what it suspects, and ends. */
import { parentPort, workerData } from 'node:worker_threads'
import { systemClock, systemRandom } from '../base/clock.ts'
import { openStore } from '../store/store.ts'
import { checkWhole } from './books.ts'

const store = await openStore(workerData as string, { clock: systemClock, random: systemRandom, readOnly: true })
try {
  parentPort!.postMessage(await checkWhole(store))
} finally {
  await store.close()
}
