/** What people may say of the bank's lines that are not ours: refusals are codes. */
import { expect, test } from 'vitest'
import { mayAcceptLine, mayBeRule, type ExternalRule } from './strangers.ts'

test.each([
  ['no line', undefined, 'line-unknown'],
  ['an accepted one', { state: 'accepted', why: 'the rent' }, 'line-decided'],
  ['an open one', { state: 'open', why: null }, undefined],
] as const)('%s is accepted or refused by a code', (_, line, code) => {
  expect(mayAcceptLine(line, '51')?.is).toBe(code)
})

const fee: ExternalRule = {
  ...{ direction: 'out', field: 'description', match: 'equals', text: 'Tarifa mensal' },
  ...{ maxUnits: 4_990n, period: 'month', periodUnits: 4_990n },
}
test.each([
  ['its text is blank', { text: ' ' }, 'rule-says-nothing'],
  ['a line may be of nothing', { maxUnits: 0n }, 'rule-amounts-wrong'],
  ['a line may be of more than a period', { periodUnits: 4_989n }, 'rule-amounts-wrong'],
  ['it says what it covers', {}, undefined],
] as const)('a rule is judged where %s', (_, change, code) => {
  expect(mayBeRule({ ...fee, ...change })?.is).toBe(code)
})
