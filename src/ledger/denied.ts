/**
 * Whether the bank takes our word for who and when we are: where it lately did not, nothing is claimed for
 * it, for the claim would be used up in vain.
 */
import type { Answer } from '../base/answer.ts'
import type { Log } from '../base/log.ts'
import { clockTrouble, type World } from '../base/world.ts'
import type { Db } from '../db/db.ts'
import { alarmOf, lowerAlarm, raiseAlarm } from './alarm.ts'

const name = 'bank credentials'

/**
 * What a rail tells of each change: why the bank does not know us, or undefined once it does. Throws nothing.
 */
export async function hearDenied(db: Db, log: Log, why: string | undefined): Promise<void> {
  try {
    if (why === undefined) {
      if (await lowerAlarm(db, name)) log.info({}, 'the bank knows us again')
    } else if (await raiseAlarm(db, name, why))
      log.error({ why }, 'the bank does not know us: nothing is asked of it until it does')
  } catch (error) {
    // The next answer says it again where this one was lost: whoever claims asks the bank before.
    log.warn(
      { why: error instanceof Error ? error.message : 'unknown' },
      'whether the bank knows us could not be written down',
    )
  }
}

/**
 * Whether the bank may be asked for something that counts: not while the clocks disagree. Where its last word
 * was that it does not know us, or where no other clock was heard since this process began, it is asked
 * something harmless first, and its answer decides.
 */
export async function bankMayBeAsked(
  db: Db,
  rail: { workspace(): Promise<Answer<string>> },
  { clock }: Pick<World, 'clock'>,
): Promise<boolean> {
  if (clockTrouble({ clock }) !== undefined) return false
  if (clock.isAlone?.() !== true && !(await alarmOf(db, name))) return true
  const answer = await rail.workspace()
  if (answer.is !== 'done') return false
  await lowerAlarm(db, name)
  return clockTrouble({ clock }) === undefined
}
