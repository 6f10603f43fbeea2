/** The machines of invoices: late truth is an arrow, and what is over stays over. */
import { expect, test } from 'vitest'
import { mayMove, terminal, type StateOf } from '../base/machine.ts'
import { invoiceMachine, requestMachine } from './states.ts'

type State = StateOf<typeof invoiceMachine>

test.each<[why: string, from: State, to: State]>([
  ['a payer pays what had expired', 'expired', 'paid'],
  ['the bank credits what had expired', 'expired', 'credited'],
  ['a payer was faster than our cancellation', 'canceled', 'paid'],
  ['the bank credits what was canceled', 'canceled', 'credited'],
  ['what was canceled as a draft had been asked for', 'canceled', 'issued'],
  ['the bank tells of credit before it tells of payment', 'issued', 'credited'],
  ['what is overdue is paid', 'overdue', 'paid'],
  ['an event proves a draft to be at the bank', 'draft', 'issued'],
  ['an answer comes when nobody waits for it any more', 'unsure', 'issued'],
  ['the bank has no trace of it', 'unsure', 'draft'],
  ['money goes back after it was credited', 'credited', 'reversed'],
])('%s: %s becomes %s', (_, from, to) => expect(mayMove(invoiceMachine, from, to)).toBe(true))

test.each<[why: string, from: State, to: State]>([
  ['credited money is not asked for again', 'credited', 'draft'],
  ['credited money is not paid a second time', 'credited', 'paid'],
  ['what is at the bank is not asked for again', 'issued', 'draft'],
])('%s: %s never becomes %s', (_, from, to) => expect(mayMove(invoiceMachine, from, to)).toBe(false))

test('nothing leads out of what is over', () => {
  expect(terminal(invoiceMachine)).toEqual(['refused'])
  expect(terminal(requestMachine)).toEqual(['canceled', 'refused'])
})
