/** The checking thread: opens the database to read, checks all the books, says what it suspects, and ends. */
import { parentPort, workerData } from 'node:worker_threads'
import { noKeys } from '../base/cipher.ts'
import { systemClock, systemRandom } from '../base/clock.ts'
import { openKeyFile } from '../db/keyFile.ts'
import { openDb } from '../db/db.ts'
import { followSealed } from '../db/rotate.ts'
import { checkWhole } from './bank.ts'
import type { Checked } from './checkBeside.ts'

const { databaseUrl, keyFile } = workerData as Checked
// What is encrypted is among what was stated: without its keys every roster would be one that somebody
// changed.
const keys = keyFile === undefined ? noKeys : openKeyFile(keyFile, { strict: false })
const db = await openDb(databaseUrl, { clock: systemClock, random: systemRandom, keys, readOnly: true })
await followSealed(db, keys)
try {
  parentPort!.postMessage(await checkWhole(db))
} finally {
  await db.close()
}
