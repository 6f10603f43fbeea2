/**
 * Events settled through the real SDK at the pace the bank is asked at: by lists of ids, and one by one, in
 * turns.
 */
import { fork } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { systemClock, systemRandom } from '../src/base/clock.ts'
import { silentLog } from '../src/base/log.ts'
import type { World } from '../src/base/world.ts'
import type { Rail } from '../src/rails/rail.ts'
import { usualPace } from '../src/rails/starkbank/pace.ts'
import { sdkBank } from '../src/rails/starkbank/sdk.ts'
import { starkbankRail } from '../src/rails/starkbank/starkbank.ts'
import { migrate } from '../src/db/migrate.ts'
import { openDb, sql } from '../src/db/db.ts'
import { makeInbox, settleInbox } from '../src/webhooks/webhooks.ts'
import { creditOf, writeIssued } from './credits.ts'
import { workspaceId } from './events.ts'
import { median, type BenchOptions, type Figure } from './figure.ts'
import { timed } from './installation.ts'

const world: World = { clock: systemClock, random: systemRandom, log: silentLog, at: () => undefined }
const terms = { transferFeeBy: 'receiver', transferFeeUnits: 0n } as const
const bench = 'pace'

export async function pace({ quick, tiny, say }: BenchOptions): Promise<Figure[]> {
  const [many, few, rounds] = tiny ? [200, 20, 1] : quick ? [2_000, 200, 1] : [5_000, 400, 3]
  const server = fork(fileURLToPath(new URL('bankServer.ts', import.meta.url)))
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
  try {
    const [{ port }] = (await once(server, 'message')) as [{ port: number }]
    const bank = sdkBank({
      ...{
        environment: 'sandbox',
        projectId: '5656565656565656',
        clock: systemClock,
        apiUrl: `http://127.0.0.1:${port}`,
      },
      privateKeyPem: privateKey.export({ type: 'sec1', format: 'pem' }).toString(),
    })
    // As long as a burst lasts there is no pace, so there is none here.
    const steady = { ...usualPace, burst: 1 }
    const together = starkbankRail({ bank, workspaceId, ...world, pace: steady })
    const alone: Rail = { ...together }
    delete alone.readInvoices
    const results = { together: [] as number[], alone: [] as number[] }
    for (let round = 1; round <= rounds; round++)
      for (const [name, rail, count] of [
        ['together', together, many] as const,
        ['alone', alone, few] as const,
      ]) {
        const perSecond = count / (await settle(rail, count))
        results[name].push(perSecond)
        say(`  round ${round} of ${rounds}: ${count} events ${name}: ${perSecond.toFixed(0)}/s`)
      }
    bank.close()
    const [byIds, oneByOne] = [median(results.together), median(results.alone)]
    return [
      {
        bench,
        name: `settled at ${usualPace.perSecond} calls/s, a hundred a call`,
        value: byIds,
        unit: '/s',
      },
      { bench, name: `settled at ${usualPace.perSecond} calls/s, one by one`, value: oneByOne, unit: '/s' },
      {
        bench,
        name: 'together against one by one',
        value: byIds / oneByOne,
        unit: '×',
        target: { least: 5 },
      },
    ]
  } finally {
    server.kill()
  }
}

/** Seconds from the first claim until every event is settled. */
async function settle(rail: Rail, count: number): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'repasse-pace-'))
  const db = await openDb(`sqlite:${join(folder, 'repasse.db')}`, world)
  try {
    await migrate(db, world.clock)
    await writeIssued(db, world, count)
    const inbox = makeInbox(db, world)
    const keep = (number: number) => {
      const { body, signature } = creditOf(number)
      return inbox.keep({
        rail: 'starkbank',
        eventId: `bench-${number}`,
        raw: body,
        via: 'push',
        signature,
        keyId: 'bench',
      })
    }
    await Promise.all(Array.from({ length: count }, (_, number) => keep(number)))
    const [seconds] = await timed(() => settleInbox({ db, rails: { starkbank: rail }, world, terms }))
    const row = await db.one<{ count: bigint }>(
      sql`select count(*) as count from invoices where state = 'credited'`,
    )
    if (Number(row!.count) !== count) throw new Error(`${count} were to be credited, ${row!.count} are`)
    return seconds
  } finally {
    await db.close()
    rmSync(folder, { recursive: true, force: true })
  }
}
