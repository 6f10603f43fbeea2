/** The table of roles, read as promises. */
import { expect, test } from 'vitest'
import { acts, approves, isHarmless, may, needsStepUp, roles, type Act } from './roles.ts'

const mayDo = (role: (typeof roles)[number]) => acts.filter(act => may(role, act))

test('who views changes nothing but what is their own', () => {
  expect(mayDo('viewer')).toEqual(['see', 'me', 'me.key'])
})

test('no role both adds an account and approves it, or holds a payout and releases it', () => {
  const pairs: [Act, Act][] = [
    ['account.add', 'account.approve'],
    ['payout.hold', 'payout.release'],
    ['schedule.add', 'account.approve'],
    ['schedule.run', 'payout.release'],
    ['user.add', 'account.approve'],
  ]
  for (const role of roles)
    for (const [one, other] of pairs)
      expect([role, may(role, one) && may(role, other)]).toEqual([role, false])
})

test('an admin moves no money, and nobody else decides who may', () => {
  const people = acts.filter(act => /^(user|session)\./.test(act))
  const others = [
    'account.object',
    'account.clear',
    'limits.object',
    'limits.clear',
    'payouts.stop',
    'event.replay',
    'proposal.refuse',
    'taxId.see',
    'payer.export',
    'payer.forget',
  ]
  expect(new Set(mayDo('admin'))).toEqual(new Set(['see', 'me', 'me.key', ...others, ...people]))
  for (const role of ['viewer', 'maker'] as const)
    for (const act of people) expect(may(role, act)).toBe(false)
  // A checker is the second person about people, and gives nobody anything alone.
  expect(people.filter(act => may('checker', act))).toEqual([
    'user.see',
    'user.object',
    'user.clear',
    'user.approve',
  ])
})

test('what asks a checker for a code is what somebody new waits for', () => {
  for (const act of mayDo('checker').filter(each => each !== 'me.key'))
    expect([act, approves(act)]).toEqual([
      act,
      needsStepUp(act) && !/^(account|limits)\.object$|^(user|account|limits)\.clear$/.test(act),
    ])
  for (const act of acts) if (isHarmless(act)) expect([act, approves(act)]).toEqual([act, false])
})

test('what lets money go asks for a fresh code, and stopping it does not', () => {
  const lets: Act[] = [
    'account.approve',
    'payout.release',
    'payout.retry',
    'payouts.go',
    'invoice.accept',
    'invoice.refund',
    'psbt.import',
  ]
  for (const act of lets) expect([act, needsStepUp(act)]).toEqual([act, true])
  expect(needsStepUp('payouts.stop')).toBe(false)
  for (const act of acts) expect(roles.some(role => may(role, act))).toBe(true)
})
