/** A new password of one's own: the old one and a fresh code are asked for, and every other session ends. */
import type { Millis, World } from '../base/world.ts'
import { audit } from '../ledger/ledger.ts'
import { sql, type Db } from '../db/db.ts'
import { hashPassword, isPassword, passwordFault, type PasswordFault } from './password.ts'
import { revokeAll, type Person } from './session.ts'
import { stepUp } from './signIn.ts'
import { findUser } from './user.ts'

export type PasswordChange =
  | { is: 'done' }
  | { is: 'refused' }
  | { is: 'weak'; why: PasswordFault }
  | { is: 'throttled'; untilMs: Millis }

/** `refused`: the old password or the code is wrong. */
export async function changePassword(
  db: Db,
  world: World,
  person: Person,
  { old, fresh, code }: { old: string; fresh: string; code: string },
): Promise<PasswordChange> {
  const why = passwordFault(fresh, person.name)
  if (why) return { is: 'weak', why }
  // The code first: guesses at it are counted, and so guesses at the password are.
  const stepped = await stepUp(db, world, person, code)
  if (stepped.is !== 'stepped up') return stepped
  const user = await findUser(db, person.id)
  if (!user || !(await isPassword(old, user.password))) return { is: 'refused' }
  const password = await hashPassword(fresh, world)
  return db.tx(async tx => {
    const written = await tx.run(sql`
      update users set password = ${password}, changed_at = ${await tx.now()}
      where id = ${user.id} and state = 'active' and password = ${user.password}`)
    if (written === 0) return { is: 'refused' }
    await revokeAll(tx, user.id, user.name, person.sessionId)
    await audit(tx, { actor: user.name, act: 'password changed', subject: user.id, detail: {} })
    return { is: 'done' }
  })
}
