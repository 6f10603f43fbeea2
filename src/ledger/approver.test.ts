/** The rule about who may approve, without a database. */
import { describe, expect, test } from 'vitest'
import { barOf, type ApproverStatus } from './ledger.ts'

const now = '2026-11-29T12:00:00.000Z'
const person = (name: string, more: Partial<ApproverStatus> = {}): ApproverStatus => ({
  name,
  approvesFrom: null,
  objection: undefined,
  behind: [name],
  edited: undefined,
  ...more,
})
const objection = { by: 'bruno', why: 'who is that', at: now }

const edited = { what: 'role', name: 'ana', row: 'checker' } as const

describe('somebody', () => {
  test.each<[string, ApproverStatus | undefined, string | undefined]>([
    ['of long ago approves', person('ana'), undefined],
    ['who is no person of the console approves', undefined, undefined],
    ['whose time has come approves', person('ana', { approvesFrom: now }), undefined],
    ['who is new waits', person('ana', { approvesFrom: '2026-11-29T12:00:00.001Z' }), 'waits'],
    ['whose row was edited does nothing', person('ana', { edited, objection }), 'edited'],
    [
      'who is objected to does not, whatever else',
      person('ana', { objection, approvesFrom: '2027-01-01T00:00:00.000Z' }),
      'objected',
    ],
  ])('%s', (_, approver, bar) => expect(barOf(approver, now)?.is).toBe(bar))
})

describe('what a maker made is approved', () => {
  test.each<[string, ApproverStatus | undefined, ApproverStatus | undefined, string | undefined]>([
    [
      'by whoever has nobody in common',
      person('ana', { behind: ['ana', 'carla'] }),
      person('bia', { behind: ['bia', 'dora'] }),
      undefined,
    ],
    [
      'not by whoever the same admin let in',
      person('ana', { behind: ['ana', 'carla'] }),
      person('bia', { behind: ['bia', 'carla'] }),
      'carla',
    ],
    ['not by whoever let them in', person('ana', { behind: ['ana', 'carla'] }), person('carla'), 'carla'],
    ['not by whom they let in', person('carla'), person('ana', { behind: ['ana', 'carla'] }), 'carla'],
    [
      'not across an admin between',
      person('ana', { behind: ['ana', 'carla'] }),
      person('bia', { behind: ['bia', 'eva', 'carla'] }),
      'carla',
    ],
    [
      'by anybody, where who made it is no person of the console',
      undefined,
      person('bia', { behind: ['bia', 'carla'] }),
      undefined,
    ],
  ])('%s', (_, maker, approver, giver) => {
    const bar = barOf(approver, now, maker)
    expect(bar?.is === 'one giver' ? bar.giver : bar).toBe(giver)
  })
})

test('what somebody made whose row was edited is approved by nobody', () => {
  expect(barOf(person('ana'), now, person('bia', { edited }))).toEqual({ is: 'edited', edited })
})
