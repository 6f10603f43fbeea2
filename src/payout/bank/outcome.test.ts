/** What became of an order, decided from all the bank shows under its key. */
import { describe, expect, test } from 'vitest'
import { shareOf } from '../../base/money.ts'
import type { ProviderPayout } from '../../rails/rail.ts'
import { netOf } from '../net.ts'
import { decide } from './outcome.ts'

const account = { bank: '20018183', branch: '0001', number: '6341320293482496' }
const transfer = (
  providerId: string,
  status: ProviderPayout['status'],
  more: Partial<ProviderPayout> = {},
): ProviderPayout => ({
  providerId,
  externalId: 'pay_x-1',
  invoiceId: undefined,
  lineIds: [],
  status,
  units: 1000n,
  feeUnits: 0n,
  to: { taxId: '', ...account },
  createdAt: '2026-11-21T00:00:00.000Z',
  ...more,
})
const ask = (found: ProviderPayout[], errors: string[] = []) =>
  decide({ externalId: 'pay_x-1', found, errors }, { units: 1000n, account })

describe('one key, several transfers', () => {
  test.each([
    ['nothing in sight', [], [], 'unknown'],
    ['one under way', [transfer('1', 'processing')], [], 'live'],
    ['one paid', [transfer('1', 'success')], [], 'success'],
    [
      'the double failed, the first is under way',
      [transfer('1', 'created'), transfer('2', 'failed')],
      ['Duplicated transfer'],
      'live',
    ],
    [
      'the double failed, the first was paid',
      [transfer('1', 'success'), transfer('2', 'failed')],
      ['Duplicated transfer'],
      'success',
    ],
    [
      'the double failed, the first is not in sight',
      [transfer('2', 'failed')],
      ['Duplicated transfer'],
      'hidden',
    ],
    [
      'all failed',
      [transfer('1', 'failed'), transfer('2', 'failed')],
      ['Receiver bank internal error'],
      'dead',
    ],
    ['two paid', [transfer('1', 'success'), transfer('2', 'success')], [], 'wrong'],
    ['another amount', [transfer('1', 'success', { units: 1001n })], [], 'wrong'],
    [
      'another receiver',
      [transfer('1', 'created', { to: { taxId: '', ...account, number: '1' } })],
      [],
      'wrong',
    ],
    [
      'the receiver as the bank writes it',
      [transfer('1', 'success', { to: { taxId: '', ...account, branch: '1' } })],
      [],
      'success',
    ],
    ['a status this installation does not know', [transfer('1', 'unknown')], [], 'unknown'],
  ] as const)('%s: %s', (_name, found, errors, is) => {
    expect(ask([...found], [...errors]).is).toBe(is)
  })

  test('the old and the new words for a lack of balance mean waiting', () => {
    for (const error of ['invalidbalance', 'invalidBalance', 'Insufficient balance'])
      expect(ask([transfer('1', 'failed')], [error])).toMatchObject({
        is: 'dead',
        reason: 'insufficient balance',
      })
    expect(ask([transfer('1', 'failed')], ['Receiver bank internal error'])).toMatchObject({
      reason: 'failed',
    })
    expect(ask([transfer('1', 'canceled')])).toMatchObject({ reason: 'canceled' })
  })
})

describe('net', () => {
  test.each([
    // paid, bank fee, commission bp, by, transfer fee, net
    [10_000n, 50n, 150n, 'receiver', 0n, 9_800n],
    [10_000n, 50n, 150n, 'receiver', 200n, 9_600n],
    [10_000n, 50n, 150n, 'house', 200n, 9_800n],
    [3_333n, 0n, 150n, 'house', 0n, 3_283n],
    [40n, 50n, 0n, 'house', 0n, -10n],
  ] as const)(
    '%d less fee %d, %d bp, transfer fee by %s of %d leaves %d',
    (paid, fee, bp, by, transferFeeUnits, net) => {
      const result = netOf(paid, fee, bp, { transferFeeBy: by, transferFeeUnits })
      expect(result.net).toBe(net)
      expect(result.net + result.commission + result.withheld + fee).toBe(paid)
      expect(result.commission).toBe(shareOf(paid, bp))
    },
  )
})
