/** A person confirms with a code of their authenticator, without a session: at the command line. */
import type { World } from '../base/world.ts'
import type { Db } from '../db/db.ts'
import { takeStep, type StepUpAnswer } from './signIn.ts'
import { forgive, takeGuess } from './throttle.ts'
import { matchingStep } from './totp.ts'
import type { UserRow } from './row.ts'

export type CodeAnswer = Exclude<StepUpAnswer, { is: 'stepped up' }> | { is: 'confirmed' }

/**
 * A code works once, wherever it is shown; wrong ones slow down whoever guesses here, and nobody who signs
 * in.
 */
export async function confirmByCode(db: Db, world: World, user: UserRow, code: string): Promise<CodeAnswer> {
  const subject = `command line:${user.id}`
  const guess = await takeGuess(db, [subject])
  if (guess.is === 'throttled') return guess
  if (user.state !== 'active' || user.totp_secret === null) return { is: 'refused' }
  const step = matchingStep(user.totp_secret, code, world.clock.now(), Number(user.totp_step))
  if (step === undefined) return { is: 'refused' }
  return db.tx(async tx => {
    if (!(await takeStep(tx, user, step))) return { is: 'refused' }
    await forgive(tx, subject)
    return { is: 'confirmed' }
  })
}
