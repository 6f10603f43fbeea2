/**
 * Orders that are repeated under their own key: what a worker learns of a claim that it no longer has is not
 * written down.
 */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openTestInstallation, type TestInstallation } from '../../../test/testbed/testInstallation.ts'
import { done, refused, unsure, type Answer } from '../../base/answer.ts'
import { absenceMs, type ProviderPayout, type Rail } from '../../rails/rail.ts'
import { sql } from '../../db/db.ts'
import { resolvePayouts, sendPayouts } from '../payout.ts'

let installation: TestInstallation
beforeEach(async () => {
  installation = await openTestInstallation()
  installation.bank.pay(installation.atBank.id)
  installation.pass(5_000)
  await installation.hear(installation.event('invoice.credited'))
})
afterEach(() => installation.close())

/** A rail at whose bank no order is ever seen, and whose orders are answered by `pay`. */
const railOf = (pay: () => Promise<Answer<ProviderPayout[]>>): Rail => ({
  ...installation.app.rails.starkbank!,
  findPayouts: async () => done([]),
  pay,
})
const resolve = (pay: () => Promise<Answer<ProviderPayout[]>>) =>
  resolvePayouts(installation.db, railOf(pay), installation.app.world)
const attempt = async () =>
  (await installation.db.one<{ state: string }>(sql`select state from attempts`))!.state
const unexpected = () => Promise.reject(new Error('nobody was to be asked'))

test.each<[string, Answer<ProviderPayout[]>]>([
  ['too late to be sent', refused('too late to ask the bank: nothing was sent', true)],
  ['without an answer', unsure('timeout')],
])('an order repeated %s leaves alone who repeats it by then', async (_, late) => {
  await sendPayouts(
    installation.db,
    railOf(async () => unsure('timeout')),
    installation.app.world,
  )
  installation.pass(absenceMs)
  await resolve(unexpected)
  installation.pass(absenceMs)

  const [asking, mayAnswer] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  let other: Promise<number> | undefined
  await resolve(async () => {
    // This worker is stopped in its call, until another has found nothing twice and orders again itself.
    installation.pass(absenceMs)
    await resolve(unexpected)
    installation.pass(absenceMs)
    other = resolve(async () => {
      asking.resolve()
      await mayAnswer.promise
      return unsure('timeout')
    })
    await asking.promise
    return late
  })
  expect(await attempt()).toBe('sending')
  mayAnswer.resolve()
  await other
  expect(await attempt()).toBe('unsure')
})
