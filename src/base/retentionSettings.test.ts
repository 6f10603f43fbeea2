/** Settings of how long what is personal is kept: what is refused, and why. */
import { expect, test } from 'vitest'
import { readConfig, retentionOf } from './config.ts'

const day = 86_400_000

test('each has a default, and may be for ever', () => {
  const { othersMs, payersMs, sessionsMs } = retentionOf(readConfig({}))
  expect([othersMs, payersMs, sessionsMs]).toEqual([0, 2_192 * day, 90 * day])
  const kept = retentionOf(
    readConfig({ RETAIN_PAYERS: 'forever', RETAIN_SESSIONS: 'keep', RETAIN_BUYERS: '90d' }),
  )
  expect([kept.payersMs, kept.sessionsMs, kept.buyersMs]).toEqual([undefined, undefined, 90 * day])
})

test.each([
  ['RETAIN_PAYERS', '1825d', 'five years'],
  ['RETAIN_BUYERS', '89d', 'given back for 90 days'],
  ['RETAIN_EVENTS', '0s', '90d or more'],
  ['RETAIN_SESSIONS', 'never', '1d or more, like 90d, or forever'],
  ['RETAIN_SESION', '90d', 'did you mean RETAIN_SESSIONS?'],
])('%s=%s is refused', (name, value, why) => expect(() => readConfig({ [name]: value })).toThrow(why))
