/**
 * After the storm: everything is let settle, the workers are asked to end, and the books are held against the
 * bank's.
 */
import { noFaults } from '../../sim/settings.ts'
import { instant } from '../../src/base/world.ts'
import { sql } from '../../src/db/db.ts'
import { settleInbox } from '../../src/webhooks/webhooks.ts'
import { audit } from '../simulation/oracle.ts'
import { allHeard, attend, nextDue } from '../simulation/settled.ts'
import { unlisted } from '../simulation/unlisted.ts'
import { startIn, type Stage } from './stage.ts'

const minute = 60_000
/**
 * On the storm's own clock. The bank's last delivery comes three minutes after its event, and an absence is
 * believed after three.
 */
const longestCalmMs = 60 * minute
/** Of the machine. */
const lookMs = 120

/** Answers what does not hold, as sentences; nothing is the proof. */
export async function calmAndAudit(stage: Stage, say: (line: string) => void): Promise<string[]> {
  const { bank, coins, places, db, app, command } = stage
  const found = await unlisted(db, instant(app.world.clock.now()))
  bank.setFaults(noFaults)
  bank.setSettings({ transferFailRate: 0, reversalRate: 0 })
  // What transfers cost must be coverable, or the last payouts wait for ever.
  bank.deposit(10_000_000)
  const serving = places.map(place => {
    const { promise, resolve } = Promise.withResolvers<unknown>()
    const worker = startIn(
      stage,
      place,
      undefined,
      line => line.includes('"msg":"repasse serves"') && resolve(undefined),
    )
    void worker.ended.then(resolve)
    return promise
  })
  for (const name of coins ? ['trial', 'coins'] : ['trial'])
    await command('schedule', 'pause', name, '--why', 'the storm is over')

  found.push(...(await settle(stage, say)))
  // Who is asked to end before it listens for that ends as anybody would.
  await Promise.all(serving)
  for (const { worker } of places) {
    await worker!.stop()
    const { code, signal } = await worker!.ended
    if (code !== 0) found.push(`a worker that was asked to end ended with ${code ?? signal}`)
  }

  // The last poll may have brought what was known already, a moment before its worker ended.
  await settleInbox(app)
  found.push(...(await audit(db, bank, app)), ...(await unlisted(db, instant(app.world.clock.now()))))
  if (coins) {
    const { faults, requests, credited, paid } = await coins.judge(db, app.world)
    found.push(...faults)
    say(`${requests} requests for bitcoin, ${credited} credited, ${paid} payouts in blocks`)
    if (paid === 0) found.push('no bitcoin was paid on, so nothing was shown of them')
  }
  if (db.engine === 'sqlite') {
    const looked = await db.one<{ integrity_check: string }>(sql`pragma integrity_check`)
    if (looked?.integrity_check !== 'ok') found.push(`the database is damaged: ${looked?.integrity_check}`)
  }
  return found
}

/** Waits until nothing is open here and nothing is under way there. */
async function settle(
  { db, bank, coins, world: { clock } }: Stage,
  say: (line: string) => void,
): Promise<string[]> {
  // Each turn mines a block at most, and while it waits the workers are awake twenty times a second: a look
  // costs less than the wait.
  const pause = () => clock.sleep(lookMs * (clock.speed ?? 1))
  for (const until = clock.now() + longestCalmMs; clock.now() < until; await pause()) {
    await attend(db)
    const isBuried = coins === undefined || (await coins.calmStep(db))
    const bankNext = bank.nextDueAt() ?? Infinity
    if (
      isBuried &&
      (await nextDue(db)) === undefined &&
      bankNext > clock.now() + 10 * minute &&
      (await allHeard(db, bank))
    ) {
      say(`settled at ${instant(clock.now())}`)
      return []
    }
  }
  return [`it did not settle: ${await nextDue(db)} is due at ${instant(clock.now())}`]
}
