/** A worker that stalled: what it has looked at, or claimed, is too old to order by. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openTestInstallation, type TestInstallation } from '../../../test/testbed/testInstallation.ts'
import { unsure } from '../../base/answer.ts'
import { sql } from '../../db/db.ts'
import { callMs } from '../../rails/rail.ts'
import { sendPayouts } from '../payout.ts'
import { beginLook, isFresh, isUnchanged } from './look.ts'

let installation: TestInstallation
beforeEach(async () => {
  installation = await openTestInstallation()
  installation.bank.pay(installation.atBank.id)
  installation.pass(5_000)
  await installation.hear(installation.event('invoice.credited'))
})
afterEach(() => installation.close())

/** How often the bank was asked to pay by a worker that stalls for so long after it has claimed. */
async function askedAfter(stallMs: number): Promise<number> {
  const { db, app } = installation
  let asked = 0
  const pay = async () => {
    asked += 1
    return unsure('timeout')
  }
  const at = async (point: string) => {
    if (point === 'payouts claimed') installation.pass(stallMs)
  }
  await sendPayouts(db, { ...app.rails.starkbank!, pay }, { ...app.world, at })
  return asked
}

test('an order is asked for until its claim has run out, and not after', async () => {
  expect(await askedAfter(callMs)).toBe(0)
  const [order] = await installation.db.all<{ state: string }>(sql`select state from attempts`)
  expect(order!.state).not.toBe('sent')
})

test('an order is asked for a moment before its claim runs out', async () => {
  expect(await askedAfter(callMs - 1)).toBe(1)
})

test('what was looked at is good until a call would have ended, and while nobody has ordered since', async () => {
  const { db, app } = installation
  const { id } = (await installation.payout())!
  const look = await beginLook(db, app.world, id)
  installation.pass(callMs - 1)
  expect(await isFresh(db, look)).toBe(true)
  installation.pass(1)
  expect([await isFresh(db, look), await isUnchanged(db, look)]).toEqual([false, true])

  const second = await beginLook(db, app.world, id)
  expect(await askedAfter(0)).toBe(1)
  expect([await isFresh(db, second), await isUnchanged(db, second)]).toEqual([false, false])
})
